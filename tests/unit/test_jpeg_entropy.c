/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Tests of lib/image/jpeg_entropy: its planes are TurboJPEG's, or of libjpeg's coefficients, or it makes none.
 *
 * The files of DARKROOM_CORPORA, or of shared/corpora beside the source tree, are tried as well, where they are. */
#include "image/jpeg_entropy.h"

#include "base/cleanup.h"
#include "base/fd_io.h"
#include "low_planes.h"
#include "turbo_planes.h"
#include "unit_main.h"

#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>

#include <jpeglib.h>

enum { SIDE_MAX = 40, FILE_BYTES_MAX = 64 << 20 };

/* The short form takes a part of what is tried; DARKROOM_FULL=1 all. */
static unsigned part_of(unsigned count, unsigned part)
{
    return getenv("DARKROOM_FULL") ? count : count / part;
}

static int step(void)
{
    return getenv("DARKROOM_FULL") ? 1 : 3;
}

/* ---- files ---- */

enum content { NOISE, SLOPES, EXTREMES, SPARSE, CONTENTS };

struct wish {
    int width, height;
    int across, down;  /* lumas to a chroma; 0: grey */
    int quality;       /* 0: 90 */
    unsigned interval; /* MCUs between restarts, or 0 */
    bool optimal, progressive, apart;
    enum content content;
};

struct file {
    unsigned char *data;
    unsigned long size;
};

static void file_release(struct file *file)
{
    free(file->data);
}

#define _cleanup_file_of_ _cleanup_(file_release)

static uint32_t random_next(uint32_t *state)
{
    *state ^= *state << 13;
    *state ^= *state >> 17;
    *state ^= *state << 5;
    return *state;
}

static unsigned char paint(enum content content, int x, int y, int band, uint32_t *state)
{
    switch (content) {
    case NOISE:
        return (unsigned char)random_next(state);
    case SLOPES:
        return (unsigned char)(x * 3 + y * 2 + band * 50);
    case EXTREMES:
        return random_next(state) % 2 ? UINT8_MAX : 0;
    default:
        return random_next(state) % 50 == 0 ? UINT8_MAX : 100;
    }
}

static void write_rows(struct jpeg_compress_struct *coder, enum content content)
{
    _cleanup_free_ unsigned char *row = malloc(coder->image_width * PLANES_COLOUR);
    unsigned char *rows[1] = { row };
    uint32_t state = 12345 + coder->image_width * 7 + coder->image_height;

    for (JDIMENSION y = 0; y < coder->image_height; y++) {
        for (JDIMENSION i = 0; i < coder->image_width * PLANES_COLOUR; i++)
            row[i] = paint(content, (int)i / PLANES_COLOUR, (int)y, (int)i % PLANES_COLOUR, &state);
        jpeg_write_scanlines(coder, rows, 1);
    }
}

/* Each component in a scan of its own. */
static void set_apart(struct jpeg_compress_struct *coder)
{
    static const jpeg_scan_info scans[] = { { 1, { 0 }, 0, 63, 0, 0 },
                                            { 1, { 1 }, 0, 63, 0, 0 },
                                            { 1, { 2 }, 0, 63, 0, 0 } };

    coder->scan_info = scans;
    coder->num_scans = ARRAY_SIZE(scans);
}

static struct file encode(const struct wish *wish)
{
    struct jpeg_compress_struct coder;
    struct jpeg_error_mgr errors;
    struct file file = { NULL, 0 };

    coder.err = jpeg_std_error(&errors);
    jpeg_create_compress(&coder);
    jpeg_mem_dest(&coder, &file.data, &file.size);
    coder.image_width = (JDIMENSION)wish->width;
    coder.image_height = (JDIMENSION)wish->height;
    coder.input_components = PLANES_COLOUR;
    coder.in_color_space = JCS_RGB;
    jpeg_set_defaults(&coder);
    jpeg_set_quality(&coder, wish->quality > 0 ? wish->quality : 90, TRUE);
    if (wish->across == 0)
        jpeg_set_colorspace(&coder, JCS_GRAYSCALE);
    coder.comp_info[0].h_samp_factor = wish->across > 0 ? wish->across : 1;
    coder.comp_info[0].v_samp_factor = wish->across > 0 ? wish->down : 1;
    coder.restart_interval = wish->interval;
    coder.optimize_coding = wish->optimal;
    if (wish->progressive)
        jpeg_simple_progression(&coder);
    if (wish->apart)
        set_apart(&coder);
    jpeg_start_compress(&coder, TRUE);
    write_rows(&coder, wish->content);
    jpeg_finish_compress(&coder);
    jpeg_destroy_compress(&coder);
    return file;
}

/* ---- what is expected ---- */

/* In a block of its own size, so that a sanitizer sees a read behind its end. */
static struct file copy_of(const unsigned char *data, size_t size)
{
    struct file copy = { malloc(size), size };

    ck_assert(copy.data || size == 0);
    memcpy(copy.data, data, size);
    return copy;
}

/* What should come out: an eighth is TurboJPEG's, and low frequencies are those of libjpeg's coefficients. In both
 * cases TurboJPEG has nothing to say of the file. */
static void make_wanted(const struct turbo_picture *picture, unsigned points, struct planes *planes)
{
    ck_assert_msg(turbo_decode(picture, TURBO_BLOCK / points, planes), "TurboJPEG: %s", tjGetErrorStr());
    if (points > 1)
        ck_assert_msg(low_planes(picture->jpeg, picture->size, planes), "libjpeg reads no coefficients");
}

/* True when it is decoded. */
static bool try_points(const struct turbo_picture *picture, unsigned points)
{
    _cleanup_(planes_release) struct planes own = { .count = 0 }, wanted = { .count = 0 };
    unsigned shrink = TURBO_BLOCK / points;
    int r;

    ck_assert(turbo_make_planes(picture, shrink, 0, &own) && turbo_make_planes(picture, shrink, 1, &wanted));
    r = jpeg_entropy_decode(picture->jpeg, picture->size, points, &own);
    if (r < 0) {
        ck_assert_int_eq(r, -ENOTSUP);
        return false;
    }
    make_wanted(picture, points, &wanted);
    ck_assert_msg(turbo_same_planes(picture, shrink, &own, &wanted), "%d × %d, sampling %d, %u points",
                  picture->width, picture->height, picture->sampling, points);
    return true;
}

/* Whatever is decoded is right. True when it is decoded at both scales. */
static bool try(const struct file *file)
{
    struct turbo_picture picture;
    bool mean, low;

    if (!turbo_read_header(file->data, file->size, &picture) || !turbo_can_shrink(&picture))
        return false;
    mean = try_points(&picture, 1);
    low = try_points(&picture, 2);
    return mean && low;
}

static void expect_decoded(const struct wish *wish)
{
    _cleanup_file_of_ struct file file = encode(wish);

    ck_assert_msg(try(&file), "%d × %d of quality %d, content %d, %d × %d sampling, interval %u", wish->width,
                  wish->height, wish->quality, wish->content, wish->across, wish->down, wish->interval);
}

static const struct {
    int across, down;
} samplings[] = { { 0, 0 }, { 1, 1 }, { 2, 1 }, { 1, 2 }, { 2, 2 } };

START_TEST(every_size_is_decoded)
{
    struct wish wish = { .across = samplings[_i].across, .down = samplings[_i].down, .content = SPARSE };

    for (wish.width = 1; wish.width <= SIDE_MAX; wish.width += step())
        for (wish.height = wish.width < TURBO_BLOCK ? TURBO_BLOCK : 1; wish.height <= SIDE_MAX;
             wish.height += step())
            expect_decoded(&wish);
}
END_TEST

START_TEST(every_quality_and_content_is_decoded)
{
    struct wish wish = {
        .width = 67, .height = 45, .across = samplings[_i].across, .down = samplings[_i].down
    };

    for (wish.quality = 1; wish.quality <= 100; wish.quality += step())
        for (wish.content = 0; wish.content < CONTENTS; wish.content++) {
            wish.optimal = !wish.optimal;
            expect_decoded(&wish);
        }
}
END_TEST

START_TEST(restarts_are_heeded)
{
    static const unsigned intervals[] = { 1, 2, 3, 7, 8, 30, 1000 };
    struct wish wish = {
        .width = 130, .height = 99, .across = samplings[_i].across, .down = samplings[_i].down
    };

    for (size_t i = 0; i < ARRAY_SIZE(intervals); i++)
        for (wish.content = 0; wish.content < CONTENTS; wish.content++) {
            wish.interval = intervals[i];
            expect_decoded(&wish);
        }
}
END_TEST

/* Larger than what is looked at at once. */
START_TEST(a_large_picture_is_decoded)
{
    struct wish wish = { .width = 701,
                         .height = 501,
                         .across = samplings[_i].across,
                         .down = samplings[_i].down,
                         .quality = 100 };

    for (wish.content = 0; wish.content < CONTENTS; wish.content++)
        for (wish.interval = 0; wish.interval <= 1000; wish.interval += 500)
            expect_decoded(&wish);
}
END_TEST

static const struct wish unusual[] = {
    { .width = 60, .height = 60, .across = 2, .down = 2, .progressive = true },
    { .width = 60, .height = 60, .progressive = true },
    { .width = 60, .height = 60, .across = 2, .down = 2, .apart = true },
    { .width = 60, .height = 60, .across = 4, .down = 1 },
    { .width = 60, .height = 60, .across = 1, .down = 4 },
};

START_TEST(the_unusual_is_left_to_others)
{
    _cleanup_file_of_ struct file file = encode(&unusual[_i]);

    ck_assert(!try(&file));
}
END_TEST

START_TEST(what_follows_the_end_does_not_matter)
{
    const struct wish wish = { .width = 60, .height = 60, .across = 2, .down = 2 };
    _cleanup_file_of_ struct file file = encode(&wish);
    _cleanup_file_of_ struct file longer = { malloc(file.size + 100), file.size + 100 };

    memset(longer.data, 0xff, longer.size);
    memcpy(longer.data, file.data, file.size);
    ck_assert(try(&longer));
}
END_TEST

/* ---- damage ---- */

static const struct wish whole[] = {
    { .width = 50, .height = 41, .across = 2, .down = 2 },
    { .width = 50, .height = 41, .across = 1, .down = 1, .interval = 3, .quality = 50 },
    { .width = 70, .height = 70, .across = 2, .down = 1, .content = SPARSE },
    { .width = 70, .height = 70, .content = SLOPES, .interval = 5, .quality = 100 },
    { .width = 64, .height = 64, .across = 1, .down = 2, .content = EXTREMES, .quality = 3 },
};

START_TEST(a_truncated_file_is_left_to_others)
{
    _cleanup_file_of_ struct file file = encode(&whole[_i]);

    for (size_t size = 2; size < file.size; size += (size_t)step()) {
        _cleanup_file_of_ struct file part = copy_of(file.data, size);

        ck_assert(!try(&part));
    }
}
END_TEST

START_TEST(a_damaged_file_is_decoded_as_by_turbojpeg_or_left_to_it)
{
    enum { TRIES = 6000, FLIPS_MAX = 3 };
    _cleanup_file_of_ struct file file = encode(&whole[_i]);
    uint32_t state = 99;

    for (unsigned i = 0; i < part_of(TRIES, 10); i++) {
        _cleanup_file_of_ struct file damaged = copy_of(file.data, file.size);

        for (unsigned flips = 1 + i % FLIPS_MAX; flips > 0; flips--)
            damaged.data[random_next(&state) % file.size] ^= (unsigned char)(1U << random_next(&state) % 8);
        try(&damaged);
    }
}
END_TEST

START_TEST(the_corpora_are_decoded_as_by_turbojpeg_or_left_to_it)
{
    const char *directory = getenv("DARKROOM_CORPORA") ?: DARKROOM_CORPORA_PATH;
    _cleanup_dir_ DIR *entries = opendir(directory);
    const struct dirent *entry;

    while (entries && (entry = readdir(entries)) != NULL) {
        _cleanup_close_ int fd = openat(dirfd(entries), entry->d_name, O_RDONLY | O_CLOEXEC);
        _cleanup_free_ char *data = NULL;
        struct file file;
        size_t size;

        if (fd < 0 || fd_read_file(fd, FILE_BYTES_MAX, &data, &size) < 0)
            continue;
        file = (struct file){ (unsigned char *)data, size };
        try(&file);
    }
}
END_TEST

UNIT_MAIN("jpeg_entropy", UNIT_ROWS(every_size_is_decoded, samplings),
          UNIT_ROWS(every_quality_and_content_is_decoded, samplings),
          UNIT_ROWS(restarts_are_heeded, samplings), UNIT_ROWS(a_large_picture_is_decoded, samplings),
          UNIT_ROWS(the_unusual_is_left_to_others, unusual), UNIT_TEST(what_follows_the_end_does_not_matter),
          UNIT_ROWS(a_truncated_file_is_left_to_others, whole),
          UNIT_ROWS(a_damaged_file_is_decoded_as_by_turbojpeg_or_left_to_it, whole),
          UNIT_TEST(the_corpora_are_decoded_as_by_turbojpeg_or_left_to_it))
