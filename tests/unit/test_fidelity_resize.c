/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Tests of how good resized pictures are: against Lanczos3 of the whole picture in double precision, no worse than what
 * vipsthumbnail makes of the same file with the same quality, but for 0.1 dB. */
#include "lanczos.h"
#include "rendering.h"
#include "scratch.h"
#include "unit_main.h"

#include "base/cleanup.h"
#include "base/fd_io.h"

#include <fcntl.h>
#include <spawn.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

static const double WORSE_MOST_DB = 0.1;

/* Painted here, with more detail than a photograph has; landscapes, painted too; and with DARKROOM_FULL photographs,
 * where they are installed (package mate-backgrounds). */
static const char *const sources[] = {
    NULL,
    DARKROOM_SAMPLES "/mountains.jpg",
    DARKROOM_SAMPLES "/dunes.jpg",
    "/usr/share/backgrounds/mate/nature/Aqua.jpg",
    "/usr/share/backgrounds/mate/nature/Garden.jpg",
};

enum { ALWAYS = 3 }; /* of them */
enum { PAINTED_WIDTH = 901, PAINTED_HEIGHT = 603, PAINTED_QUALITY = 95 };

/* Parts of the source's width in thousandths: nearly all, half and hardly less, where the decoder begins to help, …,
 * less than an eighth; and where it helps more because the file is coarse. */
static const struct {
    int thousandths, quality;
} resizes[] = { { 800, 95 }, { 500, 85 }, { 249, 95 }, { 180, 85 }, { 110, 95 },
                { 384, 85 }, { 192, 80 }, { 62, 80 },  { 62, 95 } };

enum { SOURCES = ARRAY_SIZE(sources), CASES = SOURCES * ARRAY_SIZE(resizes) };

static struct stored painted_file(void)
{
    _cleanup_raster_ struct raster painted =
        raster_paint(PAINTED_WIDTH, PAINTED_HEIGHT, RASTER_RGB, false, raster_detail);

    return picture_encode(&painted, &(struct coding){ .format = FORMAT_JPEG, .quality = PAINTED_QUALITY });
}

static struct stored fetch(const char *path)
{
    _cleanup_close_ int fd = open(path, O_RDONLY | O_CLOEXEC);

    ck_assert_msg(fd >= 0, "%s: %m", path);
    return stored_read(fd);
}

static void run(char *const *arguments)
{
    pid_t pid;
    int status, errnum = posix_spawnp(&pid, arguments[0], NULL, NULL, arguments, environ);

    ck_assert_msg(errnum == 0, "%s (package libvips-tools): %s", arguments[0], strerror(errnum));
    ck_assert_int_eq(waitpid(pid, &status, 0), pid);
    ck_assert_int_eq(status, 0);
}

/* What vipsthumbnail makes of @source, @width wide. */
static struct raster thumbnail(const struct stored *source, int width, int quality)
{
    _cleanup_scratch_ struct scratch scratch = scratch_make();
    _cleanup_stored_ struct stored file = { NULL, 0 };
    char in[PATH_MAX], out[PATH_MAX], output[PATH_MAX], size[16];
    char *arguments[] = { (char *)"vipsthumbnail", in, (char *)"--size", size, (char *)"-o", output, NULL };

    scratch_write(&scratch, "in.jpg", source->data, source->size, in);
    snprintf(out, sizeof out, "%s/out.jpg", scratch.path);
    snprintf(output, sizeof output, "%s/out.jpg[Q=%d,optimize_coding,strip]", scratch.path, quality);
    snprintf(size, sizeof size, "%dx", width);
    run(arguments);
    file = fetch(out);
    return picture_decode(&file, NULL);
}

static struct raster ours(const struct stored *source, int width, int quality)
{
    char recipe[100];

    snprintf(recipe, sizeof recipe, "[Output a]\nWidth=%d\nFormat=jpeg\nQuality=%d\n", width, quality);
    return rendering_single(recipe, source);
}

static void tell(const char *path, int width, double ours_db, double theirs_db)
{
    if (rendering_tells_figures())
        printf("%s to %d: %.2f dB, vipsthumbnail %.2f dB\n", path ? path : "painted", width, ours_db,
               theirs_db);
}

START_TEST(a_resized_picture_is_as_good_as_its_peers)
{
    const char *path = sources[_i % SOURCES];
    int part = resizes[_i / SOURCES].thousandths, quality = resizes[_i / SOURCES].quality;
    _cleanup_stored_ struct stored file = { NULL, 0 };
    _cleanup_raster_ struct raster source = { 0 }, got = { 0 }, peer = { 0 }, wanted = { 0 };
    double ours_db, theirs_db;

    if (_i % SOURCES >= ALWAYS && (!getenv("DARKROOM_FULL") || access(path, R_OK) != 0))
        return;
    file = path ? fetch(path) : painted_file();
    source = picture_decode(&file, NULL);
    got = ours(&file, source.width * part / 1000, quality);
    peer = thumbnail(&file, source.width * part / 1000, quality);
    wanted = lanczos_resize(&source, got.width, got.height);
    ours_db = raster_psnr(&got, &wanted);
    theirs_db = raster_psnr(&peer, &wanted);
    tell(path, got.width, ours_db, theirs_db);
    ck_assert_msg(ours_db >= theirs_db - WORSE_MOST_DB, "%s to %d: %.2f dB, vipsthumbnail %.2f dB",
                  path ? path : "painted", got.width, ours_db, theirs_db);
}
END_TEST

/* Without a decoder's help, and without a loss: how far the resampling itself is from the reference. */
START_TEST(resampling_is_close_to_the_reference)
{
    static const double least_db = 35;
    static const int widths[] = { 450, 200, 90 };
    _cleanup_raster_ struct raster source = raster_paint(600, 400, RASTER_RGB, false, raster_detail);
    _cleanup_stored_ struct stored file = { NULL, 0 };

    raster_quantise(&source, 8);
    file = picture_encode(&source, &(struct coding){ .format = FORMAT_PNG });
    for (size_t i = 0; i < ARRAY_SIZE(widths); i++) {
        _cleanup_raster_ struct raster got = { 0 }, wanted = { 0 };
        char recipe[100];

        snprintf(recipe, sizeof recipe, "[Output a]\nWidth=%d\nFormat=png\n", widths[i]);
        got = rendering_single(recipe, &file);
        wanted = lanczos_resize(&source, got.width, got.height);
        ck_assert_double_ge(raster_psnr(&got, &wanted), least_db);
    }
}
END_TEST

int main(void)
{
    const struct unit_test tests[] = { { a_resized_picture_is_as_good_as_its_peers, CASES },
                                       { resampling_is_close_to_the_reference, 1 } };

    return unit_main("fidelity_resize", tests, ARRAY_SIZE(tests));
}
