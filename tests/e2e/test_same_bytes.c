/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The same pictures and the same recipe make the same bytes: on every run, whoever works on them and in whatever
 * order. */
#include "colour_reference.h"
#include "daemon_harness.h"

#include "base/cleanup.h"

#include <fcntl.h>
#include <unistd.h>

enum { SPACE_NONE = -1, PHOTOGRAPHS = 20, RENDITIONS = 6, SIDE = 90 };

static const char recipe[] =
    "[Recipe]\nStep=auto-orient\n"
    "[Output kept]\nName={stem}-{width}-{name}.{ext}\nWidth=20 64\nFormat=jpeg png\nMetadata=icc copyright\n"
    "[Output plain]\nName={stem}-plain-{name}.{ext}\nWidth=48\nHeight=48\nFit=contain\nFormat=jpeg png\n"
    "Metadata=none\n";

/* Colours that have to be converted, and depth: whatever might hang on what was done before. */
static const struct {
    const char *name;
    int space; /* enum space */
    int colours;
    bool alpha;
    struct coding coding;
} coloured[] = {
    { "inks.jpg", SPACE_INKS, RASTER_CMYK, false, { .format = FORMAT_JPEG } },
    { "bare.jpg", SPACE_NONE, RASTER_CMYK, false, { .format = FORMAT_JPEG } },
    { "deep.png", SPACE_P3, RASTER_RGB, true, { .format = FORMAT_PNG, .depth = 16 } },
    { "adobe.webp", SPACE_ADOBE_RGB, RASTER_RGB, true, { .format = FORMAT_WEBP } },
    { "grey.png", SPACE_GREY_18, RASTER_GREY, false, { .format = FORMAT_PNG } },
};

enum { PICTURES = PHOTOGRAPHS + ARRAY_SIZE(coloured) };

static void drop_coloured(const struct harness *h)
{
    for (size_t i = 0; i < ARRAY_SIZE(coloured); i++) {
        _cleanup_raster_ struct raster raster =
            raster_paint(SIDE, SIDE, coloured[i].colours, coloured[i].alpha, raster_detail);
        _cleanup_stored_ struct stored profile = { NULL, 0 }, file = { NULL, 0 };
        struct coding coding = coloured[i].coding;

        if (coloured[i].space != SPACE_NONE)
            coding.blocks.icc = profile = space_profile((enum space)coloured[i].space);
        file = picture_encode(&raster, &coding);
        harness_drop_bytes(h, coloured[i].name, file.data, file.size);
    }
}

/* One by one in one order, or all at once in the other. */
static void make_all(struct harness *h, const char *workers, bool backwards)
{
    harness_open(h);
    harness_configure(h, "", recipe);
    harness_configure_daemon(h, workers);
    if (!backwards)
        harness_start(h);
    drop_coloured(h);
    for (int i = 0; i < PHOTOGRAPHS; i++) {
        int number = backwards ? PHOTOGRAPHS - 1 - i : i;
        char name[32];

        snprintf(name, sizeof name, "%02d.%s", number, number % 5 == 0 ? "png" : "jpg");
        harness_drop(h, name, SIDE + number, SIDE + 3 * number, (unsigned)number);
    }
    if (backwards)
        harness_start(h);
    harness_await_ends(h, PICTURES, 0);
    ck_assert_uint_eq(harness_count(h, "out"), PICTURES * RENDITIONS);
}

static struct stored read_file(const char *path)
{
    _cleanup_close_ int fd = open(path, O_RDONLY | O_CLOEXEC);

    ck_assert_msg(fd >= 0, "%s: %m", path);
    return stored_read(fd);
}

static void expect_same(const struct harness *a, const struct harness *b)
{
    _cleanup_dir_ DIR *directory = opendir(harness_path(a, "out"));
    const struct dirent *entry;

    ck_assert_msg(directory != NULL, "%m");
    while ((entry = readdir(directory))) {
        _cleanup_stored_ struct stored one = { NULL, 0 }, other = { NULL, 0 };

        if (entry->d_type != DT_REG)
            continue;
        one = read_file(harness_path(a, "out/%s", entry->d_name));
        other = read_file(harness_path(b, "out/%s", entry->d_name));
        ck_assert_msg(one.size == other.size && memcmp(one.data, other.data, one.size) == 0, "%s differs",
                      entry->d_name);
    }
}

START_TEST(one_worker_makes_the_same_bytes_as_four)
{
    struct harness one, four;

    make_all(&one, "Workers=1\n", false);
    make_all(&four, "Workers=4\n", true);
    expect_same(&one, &four);
    harness_close(&one);
    harness_close(&four);
}
END_TEST

HARNESS_MAIN("same_bytes", UNIT_TEST(one_worker_makes_the_same_bytes_as_four))
