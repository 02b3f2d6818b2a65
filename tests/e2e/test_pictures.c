/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Pictures come in, and what the recipe says comes out. */
#include "daemon_harness.h"
#include "painter.h"
#include "witness.h"

#include <sys/stat.h>

enum { MANY = 300, SIDE_MIN = 20, SIDE_STEP = 7, SIDES = 40 };

START_TEST(a_photograph_comes_out_as_the_recipe_says)
{
    struct harness h;

    harness_open(&h);
    harness_configure(
        &h, "",
        "[Recipe]\nDescription=For tests\nStep=auto-orient\n"
        "[Output wide]\nName={stem}-{width}.{ext}\nWidth=320 64\nFormat=jpeg png\n"
        "[Output square]\nName=squares/{stem}.{ext}\nWidth=50\nHeight=50\nFit=cover\nFormat=jpeg\n"
        "[Output box]\nName=boxes/{stem}.{ext}\nWidth=60\nHeight=60\nFormat=png\n");
    harness_start(&h);
    harness_drop(&h, "photo.jpg", 1200, 800, 1);
    harness_await_ends(&h, 1, 0);

    harness_expect_picture(&h, "out/photo-320.jpg", 320, 213);
    harness_expect_picture(&h, "out/photo-320.png", 320, 213);
    harness_expect_picture(&h, "out/photo-64.jpg", 64, 43);
    harness_expect_picture(&h, "out/photo-64.png", 64, 43);
    harness_expect_picture(&h, "out/squares/photo.jpg", 50, 50);
    harness_expect_picture(&h, "out/boxes/photo.png", 60, 40);
    ck_assert_uint_eq(harness_count(&h, "out"), 6);
    harness_close(&h);
}
END_TEST

START_TEST(the_job_lists_its_outputs_with_their_sizes)
{
    struct harness h;
    json_t *job;

    harness_open(&h);
    harness_configure(&h, "", HARNESS_RECIPE_SINGLE);
    harness_start(&h);
    harness_drop(&h, "a.png", 48, 96, 1);
    harness_await_ends(&h, 1, 0);

    job = harness_job_of(&h, "a.png");
    ck_assert_ptr_nonnull(job);
    ck_assert_str_eq(harness_string(job, "state"), "done");
    ck_assert_str_eq(harness_string(job, "outputs.0.path"), harness_path(&h, "out/a.png"));
    ck_assert_int_eq(harness_number(job, "outputs.0.width"), 24);
    ck_assert_int_eq(harness_number(job, "outputs.0.height"), 48);
    ck_assert_int_gt(harness_number(job, "outputs.0.bytes"), 0);
    json_decref(job);
    harness_close(&h);
}
END_TEST

static void drop_many(const struct harness *h, int count)
{
    for (int i = 0; i < count; i++) {
        char name[32];

        snprintf(name, sizeof name, "%04d.%s", i, i % 5 == 0 ? "png" : "jpg");
        harness_drop(h, name, SIDE_MIN + i % SIDES * SIDE_STEP, SIDE_MIN + i % (SIDES - 3) * SIDE_STEP,
                     (unsigned)i);
    }
}

START_TEST(many_files_all_come_out_once)
{
    struct harness h;
    struct witness witness;

    harness_open(&h);
    harness_configure(&h, "", HARNESS_RECIPE_SINGLE);
    witness_open(&witness, harness_path(&h, "out"));
    harness_start(&h);
    drop_many(&h, MANY);
    harness_await_ends(&h, MANY, 0);

    witness_expect_once(&witness, MANY);
    ck_assert_uint_eq(harness_count(&h, "out"), MANY);
    witness_close(&witness);
    harness_close(&h);
}
END_TEST

START_TEST(files_that_are_there_at_the_start_are_done)
{
    enum { COUNT = 40 };
    struct harness h;

    harness_open(&h);
    harness_configure(&h, "", HARNESS_RECIPE_SINGLE);
    drop_many(&h, COUNT);
    harness_start(&h);
    harness_await_ends(&h, COUNT, 0);
    ck_assert_uint_eq(harness_count(&h, "out"), COUNT);
    harness_close(&h);
}
END_TEST

static void make_directory(const struct harness *h, const char *path)
{
    ck_assert_msg(mkdir(harness_path(h, "%s", path), 0755) == 0, "%s: %m", path);
}

START_TEST(directories_are_watched_also_new_ones)
{
    struct harness h;

    harness_open(&h);
    harness_configure(&h, "", HARNESS_RECIPE_SINGLE);
    make_directory(&h, "in/old");
    harness_drop(&h, "old/a.jpg", 48, 48, 1);
    harness_start(&h);
    harness_await_ends(&h, 1, 0);

    make_directory(&h, "in/x");
    make_directory(&h, "in/x/y");
    make_directory(&h, "in/x/y/z");
    harness_drop(&h, "x/y/z/b.jpg", 48, 48, 2);
    harness_drop(&h, "x/c.jpg", 48, 48, 3);
    harness_await_ends(&h, 3, 0);

    /* A whole tree comes in by one rename, and goes on being watched under its place. */
    make_directory(&h, "tree");
    make_directory(&h, "tree/deep");
    painter_paint(harness_path(&h, "tree/deep/d.jpg"), 48, 48, 4);
    ck_assert_int_eq(rename(harness_path(&h, "tree"), harness_path(&h, "in/tree")), 0);
    harness_await_ends(&h, 4, 0);
    harness_drop(&h, "tree/deep/e.jpg", 48, 48, 5);
    harness_await_ends(&h, 5, 0);

    harness_expect_picture(&h, "out/old/a.png", 24, 24);
    harness_expect_picture(&h, "out/x/y/z/b.png", 24, 24);
    harness_expect_picture(&h, "out/x/c.png", 24, 24);
    harness_expect_picture(&h, "out/tree/deep/d.png", 24, 24);
    harness_expect_picture(&h, "out/tree/deep/e.png", 24, 24);
    harness_close(&h);
}
END_TEST

START_TEST(a_folder_given_by_options_needs_no_configuration)
{
    struct harness h;
    char watch[PATH_MAX], output[PATH_MAX], recipe[PATH_MAX], state[PATH_MAX], run[PATH_MAX];
    const char *const arguments[] = { watch, output, recipe, state, run, "--settle=0", "--workers=1", NULL };

    harness_open(&h);
    harness_write(&h, "my.recipe", "%s", HARNESS_RECIPE_SINGLE);
    snprintf(watch, sizeof watch, "--watch=%s", harness_path(&h, "in"));
    snprintf(output, sizeof output, "--output=%s", harness_path(&h, "out"));
    snprintf(recipe, sizeof recipe, "--recipe=%s", harness_path(&h, "my.recipe"));
    snprintf(state, sizeof state, "--state=%s", harness_path(&h, "state"));
    snprintf(run, sizeof run, "--runtime=%s", harness_path(&h, "run"));
    harness_spawn(&h, arguments);
    harness_await_ready(&h);
    harness_drop(&h, "a.jpg", 48, 24, 1);
    harness_await_ends(&h, 1, 0);
    harness_expect_picture(&h, "out/a.png", 24, 12);
    harness_close(&h);
}
END_TEST

/* What one folder makes another takes in; the configuration is no loop. */
START_TEST(a_picture_goes_through_a_chain_of_folders)
{
    struct harness h;

    harness_open(&h);
    harness_configure(&h, "", HARNESS_RECIPE_SINGLE);
    ck_assert_int_eq(mkdir(harness_path(&h, "out2"), 0755), 0);
    harness_write(&h, "config/recipes/small.recipe",
                  "[Recipe]\n[Output a]\nName={stem}.small.{ext}\nWidth=12\nFormat=png\n");
    harness_write(&h, "config/folders/next.folder", "[Folder]\nPath=%s\nOutput=%s\nRecipe=small\nSettle=0\n",
                  harness_path(&h, "out"), harness_path(&h, "out2"));
    harness_start(&h);
    harness_drop(&h, "a.jpg", 48, 48, 1);
    harness_await_ends(&h, 2, 0);
    harness_expect_picture(&h, "out/a.png", 24, 24);
    harness_expect_picture(&h, "out2/a.small.png", 12, 12);
    ck_assert_uint_eq(harness_count(&h, "out") + harness_count(&h, "out2"), 2);
    harness_close(&h);
}
END_TEST

HARNESS_MAIN("pictures", UNIT_TEST(a_photograph_comes_out_as_the_recipe_says),
             UNIT_TEST(the_job_lists_its_outputs_with_their_sizes), UNIT_TEST(many_files_all_come_out_once),
             UNIT_TEST(files_that_are_there_at_the_start_are_done),
             UNIT_TEST(directories_are_watched_also_new_ones),
             UNIT_TEST(a_picture_goes_through_a_chain_of_folders),
             UNIT_TEST(a_folder_given_by_options_needs_no_configuration))
