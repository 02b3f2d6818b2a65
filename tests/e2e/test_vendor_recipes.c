/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The recipes that come with Darkroom: each is right, and makes what it says. */
#include "daemon_harness.h"

#include "base/cleanup.h"
#include "document.h"

#include <dirent.h>
#include <string.h>

enum { OUTPUTS_MAX = 8, PAGES = 3 };

/* Of a picture of 1700 x 2000 pixels; without a width: a manifest, or a zip. And how many files there are of a document
 * of three pages of 400 x 400. */
static const struct {
    const char *recipe;
    struct output {
        const char *name;
        int width, height;
    } outputs[OUTPUTS_MAX];
    size_t of_document;
} rows[] = {
    { "web",
      { { "a-320.webp", 320, 376 },
        { "a-320.jpg", 320, 376 },
        { "a-640.webp", 640, 753 },
        { "a-640.jpg", 640, 753 },
        { "a-1280.webp", 1280, 1506 },
        { "a-1280.jpg", 1280, 1506 } },
      2 * PAGES },
    { "avif",
      { { "a-480.avif", 480, 565 },
        { "a-480.jpg", 480, 565 },
        { "a-960.avif", 960, 1129 },
        { "a-960.jpg", 960, 1129 },
        { "a.json", 0, 0 } },
      2 * PAGES + 1 },
    { "thumbnail", { { "a.jpg", 240, 240 } }, 1 },
    { "social",
      { { "a-square.jpg", 1080, 1080 },
        { "a-portrait.jpg", 1080, 1350 },
        { "a-story.jpg", 1080, 1920 },
        { "a-landscape.jpg", 1600, 900 },
        { "a-preview.jpg", 1200, 630 } },
      5 },
    { "print", { { "a-print.jpg", 1700, 2000 } }, PAGES },
    { "archive", { { "a.png", 1700, 2000 } }, PAGES },
    { "iiif", { { "a.zip", 0, 0 }, { "a-thumbnail.jpg", 340, 400 } }, 2 * PAGES },
};

/* darkroomd with one folder and the vendor's recipe number @row; @option is the last of its options. */
static int run_daemon(const struct harness *h, int row, const char *option, const char **ret_output)
{
    char recipe[PATH_MAX];

    snprintf(recipe, sizeof recipe, DARKROOM_RECIPES "/%s.recipe", rows[row].recipe);
    return HARNESS_RUN(h, ret_output, "darkroomd", "--watch", harness_path(h, "in"), "--output",
                       harness_path(h, "out"), "--config", harness_path(h, "config"), "--state",
                       harness_path(h, "state"), "--runtime", harness_path(h, "run"), "--settle", "0",
                       "--workers", "1", "--recipe", recipe, option);
}

/* A zip is looked at and taken away: what is left has to be pictures. */
static void expect_output(const struct harness *h, const struct output *output)
{
    char path[PATH_MAX];

    snprintf(path, sizeof path, "out/%s", output->name);
    if (output->width > 0) {
        harness_expect_picture(h, path, output->width, output->height);
        return;
    }
    ck_assert(harness_exists(h, path));
    if (!strstr(path, ".zip"))
        return; /* harness_close() reads it */
    ck_assert_int_eq(strncmp(harness_read(h, path), "PK\3\4", 4), 0);
    ck_assert_int_eq(unlink(harness_path(h, "%s", path)), 0);
}

START_TEST(each_makes_what_it_says)
{
    const struct output *outputs = rows[_i].outputs;
    const char *text;
    struct harness h;
    size_t count = 0;

    harness_open(&h);
    ck_assert_msg(run_daemon(&h, _i, "--check", &text) == 0, "%s", text);
    harness_drop(&h, "a.jpg", 1700, 2000, 1);
    ck_assert_msg(run_daemon(&h, _i, "--drain", &text) == 0, "%s", text);

    while (count < OUTPUTS_MAX && outputs[count].name)
        count++;
    ck_assert_uint_eq(harness_count(&h, "out"), count);
    for (size_t i = 0; i < count; i++)
        expect_output(&h, &outputs[i]);
    harness_close(&h);
}
END_TEST

/* Nothing is enlarged, and there is something for everybody. */
START_TEST(each_makes_something_of_a_small_picture)
{
    const char *text;
    struct harness h;

    harness_open(&h);
    harness_drop(&h, "a.png", 40, 30, 1);
    ck_assert_msg(run_daemon(&h, _i, "--drain", &text) == 0, "%s", text);
    ck_assert_uint_gt(harness_count(&h, "out"), 0);
    if (harness_exists(&h, "out/a.zip"))
        ck_assert_int_eq(unlink(harness_path(&h, "out/a.zip")), 0);
    harness_close(&h);
}
END_TEST

/* harness_close() takes what is left for pictures. */
static void take_zips(const struct harness *h)
{
    for (int page = 1; page <= PAGES; page++)
        unlink(harness_path(h, "out/a-%d.zip", page));
}

START_TEST(each_makes_what_it_says_of_a_document)
{
    struct document document = document_make_plain(PAGES, 400, 7);
    const char *text;
    struct harness h;

    harness_open(&h);
    harness_drop_bytes(&h, "a.tif", document.bytes, document.size);
    document_release(&document);
    ck_assert_msg(run_daemon(&h, _i, "--drain", &text) == 0, "%s", text);
    ck_assert_uint_eq(harness_count(&h, "out"), rows[_i].of_document);
    take_zips(&h);
    harness_close(&h);
}
END_TEST

static bool has_row(const char *file)
{
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        size_t length = strlen(rows[i].recipe);

        if (strncmp(file, rows[i].recipe, length) == 0 && strcmp(file + length, ".recipe") == 0)
            return true;
    }
    return false;
}

START_TEST(each_is_tested_here)
{
    _cleanup_dir_ DIR *directory = opendir(DARKROOM_RECIPES);
    const struct dirent *entry;
    size_t count = 0;

    ck_assert_ptr_nonnull(directory);
    while ((entry = readdir(directory)))
        if (entry->d_name[0] != '.') {
            ck_assert_msg(has_row(entry->d_name), "%s is not tested", entry->d_name);
            count++;
        }
    ck_assert_uint_eq(count, ARRAY_SIZE(rows));
}
END_TEST

HARNESS_MAIN("vendor_recipes", UNIT_ROWS(each_makes_what_it_says, rows),
             UNIT_ROWS(each_makes_something_of_a_small_picture, rows),
             UNIT_ROWS(each_makes_what_it_says_of_a_document, rows), UNIT_TEST(each_is_tested_here))
