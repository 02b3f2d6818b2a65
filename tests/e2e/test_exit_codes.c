/* SPDX-License-Identifier: GPL-2.0-or-later */
/* How darkroomd ends: sysexits, and what --drain says of the work. */
#include "daemon_harness.h"
#include "small_disk.h"

#include <string.h>
#include <sys/stat.h>
#include <sysexits.h>

/* The three directories as options. */
struct places {
    char config[PATH_MAX], state[PATH_MAX], run[PATH_MAX];
};

static struct places places_of(const struct harness *h)
{
    struct places places;

    snprintf(places.config, sizeof places.config, "--config=%s/config", h->root);
    snprintf(places.state, sizeof places.state, "--state=%s/state", h->root);
    snprintf(places.run, sizeof places.run, "--runtime=%s/run", h->root);
    return places;
}

static int run_daemon(const struct harness *h, const char *option, const char **ret_output)
{
    struct places places = places_of(h);

    return HARNESS_RUN(h, ret_output, "darkroomd", places.config, places.state, places.run, option);
}

static const struct {
    const char *file, *text, *place;
} wrong[] = {
    { "config/folders/web.folder", "[Folder]\nPath=/a\nOutput=/b\nRecipe=web\nSettle=never\n",
      "config/folders/web.folder:5:8" },
    { "config/folders/web.folder", "[Folder]\nPath=/a\n  Colour=blue\n", "config/folders/web.folder:3:" },
    { "config/recipes/web.recipe", "[Recipe]\nStep=explode\n[Output a]\nFormat=png\n",
      "config/recipes/web.recipe:2:6" },
    { "config/darkroom.conf", "[Daemon]\nWorkers=none\n", "config/darkroom.conf:2:9" },
};

START_TEST(a_wrong_configuration_is_told_with_its_place)
{
    struct harness h;
    const char *output;

    harness_open(&h);
    harness_configure(&h, "", HARNESS_RECIPE_SINGLE);
    harness_write(&h, wrong[_i].file, "%s", wrong[_i].text);
    ck_assert_int_eq(run_daemon(&h, "--check", &output), EX_CONFIG);
    ck_assert_msg(strstr(output, wrong[_i].place), "no \"%s\" in:\n%s", wrong[_i].place, output);
    ck_assert_int_eq(run_daemon(&h, "--workers=1", &output), EX_CONFIG);
    ck_assert_msg(strstr(output, wrong[_i].place), "no \"%s\" in:\n%s", wrong[_i].place, output);
    harness_close(&h);
}
END_TEST

START_TEST(a_right_configuration_is_checked_and_options_are)
{
    struct harness h;

    harness_open(&h);
    harness_configure(&h, "", HARNESS_RECIPE_SINGLE);
    ck_assert_int_eq(run_daemon(&h, "--check", NULL), EX_OK);
    ck_assert_int_eq(run_daemon(&h, "--colour", NULL), EX_USAGE);
    ck_assert_int_eq(run_daemon(&h, "--workers=0", NULL), EX_USAGE);
    ck_assert_int_eq(run_daemon(&h, "--retry", NULL), EX_USAGE);
    ck_assert_int_eq(run_daemon(&h, "--version", NULL), EX_OK);
    harness_close(&h);
}
END_TEST

START_TEST(a_second_daemon_with_the_same_state_gives_up)
{
    struct harness h;
    const char *output;

    harness_open(&h);
    harness_configure(&h, "", HARNESS_RECIPE_SINGLE);
    harness_start(&h);
    ck_assert_int_eq(run_daemon(&h, "--workers=1", &output), EX_UNAVAILABLE);
    ck_assert_uint_gt(strlen(output), 0);

    /* The first is none the worse for it. */
    harness_drop(&h, "a.jpg", 48, 48, 1);
    harness_await_ends(&h, 1, 0);
    harness_close(&h);
}
END_TEST

START_TEST(drain_ends_with_0_when_all_is_done)
{
    struct harness h;
    const char *output;

    harness_open(&h);
    harness_configure(&h, "", HARNESS_RECIPE_SINGLE);
    harness_drop(&h, "a.jpg", 48, 48, 1);
    harness_drop(&h, "b.png", 48, 48, 2);
    ck_assert_int_eq(run_daemon(&h, "--drain", &output), 0);
    ck_assert_msg(strstr(output, "2 done, 0 failed"), "%s", output);
    ck_assert_uint_eq(harness_count(&h, "out"), 2);

    /* There is nothing to do the second time. */
    ck_assert_int_eq(run_daemon(&h, "--drain", &output), 0);
    ck_assert_msg(strstr(output, "0 done, 0 failed"), "%s", output);
    harness_close(&h);
}
END_TEST

/* It is over before the workers are ready, and they are not blamed for that. */
START_TEST(drain_of_an_empty_folder_ends_with_0)
{
    const char *output;
    struct harness h;

    harness_open(&h);
    harness_configure(&h, "", HARNESS_RECIPE_SINGLE);
    ck_assert_int_eq(run_daemon(&h, "--drain", &output), 0);
    ck_assert_msg(!strstr(output, "killing"), "%s", output);
    harness_close(&h);
}
END_TEST

START_TEST(drain_ends_with_1_when_some_failed)
{
    struct harness h;

    harness_open(&h);
    harness_configure(&h, "", HARNESS_RECIPE_SINGLE);
    harness_drop(&h, "a.jpg", 48, 48, 1);
    harness_drop_bytes(&h, "b.jpg", "no picture", 10);
    ck_assert_int_eq(run_daemon(&h, "--drain", NULL), 1);
    ck_assert_uint_eq(harness_count(&h, "out"), 1);
    harness_close(&h);
}
END_TEST

static int drain_with(const struct harness *h, const char *option, const char **ret_output)
{
    struct places places = places_of(h);

    return HARNESS_RUN(h, ret_output, "darkroomd", places.config, places.state, places.run, "--drain",
                       option);
}

/* The next drain had said that all was well, and nothing but a running daemon could be asked for more. */
START_TEST(what_failed_stays_failed_until_a_drain_retries_it)
{
    struct harness h;
    const char *output;

    harness_open(&h);
    harness_configure(&h, "", HARNESS_RECIPE_SINGLE);
    harness_drop(&h, "a.jpg", 48, 48, 1);
    harness_drop(&h, "b.jpg", 48, 48, 1);
    harness_write(&h, "out/b.png", "in the way");
    ck_assert_int_eq(run_daemon(&h, "--drain", NULL), 1);

    ck_assert_int_eq(run_daemon(&h, "--drain", &output), 1);
    ck_assert_msg(strstr(output, "web/b.jpg failed before: "), "%s", output);
    ck_assert_msg(strstr(output, "1 done before; --again"), "%s", output);
    ck_assert_msg(strstr(output, "1 failed before; --retry"), "%s", output);

    unlink(harness_path(&h, "out/b.png"));
    ck_assert_int_eq(drain_with(&h, "--retry", &output), 0);
    ck_assert_msg(strstr(output, "1 done, 0 failed"), "%s", output);
    ck_assert_msg(strstr(output, "1 done before; --again"), "%s", output);
    ck_assert_msg(!strstr(output, "failed before"), "%s", output);
    ck_assert_uint_eq(harness_count(&h, "out"), 2);
    harness_close(&h);
}
END_TEST

START_TEST(what_is_done_is_made_anew_by_a_drain_that_says_so)
{
    struct harness h;
    const char *output;

    harness_open(&h);
    harness_configure(&h, "", HARNESS_RECIPE_SINGLE);
    harness_drop(&h, "a.jpg", 48, 48, 1);
    harness_drop_bytes(&h, "b.jpg", "no picture", 10);
    ck_assert_int_eq(run_daemon(&h, "--drain", NULL), 1);
    unlink(harness_path(&h, "out/a.png"));
    ck_assert_int_eq(run_daemon(&h, "--drain", NULL), 1);
    ck_assert_uint_eq(harness_count(&h, "out"), 0);

    ck_assert_int_eq(drain_with(&h, "--again", &output), 1);
    ck_assert_msg(strstr(output, "1 done, 0 failed"), "%s", output);
    ck_assert_msg(strstr(output, "1 failed before; --retry"), "%s", output);
    ck_assert_uint_eq(harness_count(&h, "out"), 1);
    harness_close(&h);
}
END_TEST

/* What is in it was left out, and was said to be done. */
START_TEST(drain_ends_with_75_when_a_directory_cannot_be_read)
{
    struct places places;
    struct harness h;

    harness_open(&h);
    harness_configure(&h, "", HARNESS_RECIPE_SINGLE);
    harness_drop(&h, "a.jpg", 48, 48, 1);
    ck_assert_int_eq(mkdir(harness_path(&h, "in/private"), 0), 0);
    harness_give_up_privilege(&h);
    places = places_of(&h);
    harness_spawn(&h, (const char *const[]){ places.config, places.state, places.run, "--drain", NULL });
    ck_assert_int_eq(harness_await_exit(&h), EX_TEMPFAIL);
    ck_assert_uint_eq(harness_count(&h, "out"), 1);
    ck_assert_ptr_nonnull(
        strstr(harness_read(&h, "log"), "was not finished: private cannot be read: Permission denied"));
    ck_assert_int_eq(chmod(harness_path(&h, "in/private"), 0755), 0);
    harness_close(&h);
}
END_TEST

START_TEST(drain_ends_with_75_when_it_is_interrupted)
{
    struct places places;
    struct harness h;

    harness_open(&h);
    harness_configure(&h, "Settle=24h\n", HARNESS_RECIPE_SINGLE);
    harness_drop(&h, "a.jpg", 48, 48, 1);
    places = places_of(&h);
    harness_spawn(&h, (const char *const[]){ places.config, places.state, places.run, "--drain", NULL });
    harness_await_ready(&h);
    harness_await_jobs(&h, "waiting", 1);
    ck_assert_int_eq(harness_stop(&h), EX_TEMPFAIL);
    ck_assert_ptr_nonnull(strstr(harness_read(&h, "log"), "interrupted: 0 of 1 done, 0 failed"));
    harness_close(&h);
}
END_TEST

/* It never ended: the outcome is durable, and the original was tried again for ever. */
START_TEST(drain_ends_with_75_when_the_archive_is_not_there)
{
    struct harness h;
    char more[PATH_MAX];

    harness_open(&h);
    snprintf(more, sizeof more, "Originals=archive\nArchive=%s\n", harness_path(&h, "archive"));
    harness_configure(&h, more, HARNESS_RECIPE_SINGLE);
    ck_assert_int_eq(rmdir(harness_path(&h, "archive")), 0);
    harness_drop(&h, "a.jpg", 48, 48, 1);
    ck_assert_int_eq(run_daemon(&h, "--drain", NULL), EX_TEMPFAIL);
    ck_assert(harness_exists(&h, "out/a.png"));
    harness_close(&h);
}
END_TEST

START_TEST(drain_ends_with_75_when_the_output_is_not_there)
{
    struct harness h;

    harness_open(&h);
    harness_configure(&h, "", HARNESS_RECIPE_SINGLE);
    harness_drop(&h, "a.jpg", 48, 48, 1);
    ck_assert_int_eq(rmdir(harness_path(&h, "out")), 0);
    ck_assert_int_eq(run_daemon(&h, "--drain", NULL), EX_TEMPFAIL);
    ck_assert(!harness_exists(&h, "out"));

    ck_assert_int_eq(mkdir(harness_path(&h, "out"), 0755), 0);
    ck_assert_int_eq(run_daemon(&h, "--drain", NULL), 0);
    harness_expect_picture(&h, "out/a.png", 24, 24);
    harness_close(&h);
}
END_TEST

START_TEST(drain_ends_with_75_when_the_output_cannot_be_written)
{
    struct harness h;

    harness_open(&h);
    harness_configure(&h, "", HARNESS_RECIPE_SINGLE);
    harness_drop(&h, "a.jpg", 48, 48, 1);
    if (small_disk_mount(harness_path(&h, "out"), "size=64k")) {
        ck_assert_int_eq(mount(NULL, harness_path(&h, "out"), NULL, MS_REMOUNT | MS_RDONLY | MS_BIND, NULL),
                         0);
        ck_assert_int_eq(run_daemon(&h, "--drain", NULL), EX_TEMPFAIL);
        ck_assert_int_eq(mount(NULL, harness_path(&h, "out"), NULL, MS_REMOUNT | MS_BIND, NULL), 0);
        ck_assert_int_eq(run_daemon(&h, "--drain", NULL), 0);
    }
    harness_close(&h);
}
END_TEST

/* Contract, rules 7 and 21: the empty directory below a mount point fills the wrong disk. */
START_TEST(drain_ends_with_75_when_the_outputs_disk_is_not_mounted_any_more)
{
    struct harness h;

    harness_open(&h);
    harness_configure(&h, "", HARNESS_RECIPE_SINGLE);
    harness_drop(&h, "a.jpg", 48, 48, 1);
    if (small_disk_mount(harness_path(&h, "out"), "size=64k")) {
        ck_assert_int_eq(run_daemon(&h, "--drain", NULL), 0);
        ck_assert_int_eq(umount(harness_path(&h, "out")), 0);
        harness_drop(&h, "b.jpg", 48, 48, 2);
        ck_assert_int_eq(run_daemon(&h, "--drain", NULL), EX_TEMPFAIL);
        ck_assert_uint_eq(harness_count(&h, "out"), 0);
        ck_assert_int_eq(mount("tmpfs", harness_path(&h, "out"), "tmpfs", 0, "size=64k"), 0); /* another */
        ck_assert_int_eq(run_daemon(&h, "--drain", NULL), 0);
        harness_expect_picture(&h, "out/b.png", 24, 24);
        ck_assert_int_eq(umount(harness_path(&h, "out")), 0);

        /* It is not meant to be a disk any more. */
        harness_drop(&h, "c.jpg", 48, 48, 3);
        harness_configure(&h, "RequiresMount=no\n", HARNESS_RECIPE_SINGLE);
        ck_assert_int_eq(run_daemon(&h, "--drain", NULL), 0);
        harness_expect_picture(&h, "out/c.png", 24, 24);
        harness_configure(&h, "", HARNESS_RECIPE_SINGLE);
        harness_drop(&h, "d.jpg", 48, 48, 4);
        ck_assert_int_eq(run_daemon(&h, "--drain", NULL), 0);
    }
    harness_close(&h);
}
END_TEST

START_TEST(drain_ends_with_75_when_the_folder_is_lost)
{
    struct harness h;

    harness_open(&h);
    harness_configure(&h, "", HARNESS_RECIPE_SINGLE);
    ck_assert_int_eq(rmdir(harness_path(&h, "in")), 0);
    ck_assert_int_eq(run_daemon(&h, "--drain", NULL), EX_TEMPFAIL);
    harness_close(&h);
}
END_TEST

HARNESS_MAIN("exit_codes", UNIT_ROWS(a_wrong_configuration_is_told_with_its_place, wrong),
             UNIT_TEST(a_right_configuration_is_checked_and_options_are),
             UNIT_TEST(a_second_daemon_with_the_same_state_gives_up),
             UNIT_TEST(drain_ends_with_0_when_all_is_done), UNIT_TEST(drain_of_an_empty_folder_ends_with_0),
             UNIT_TEST(drain_ends_with_1_when_some_failed),
             UNIT_TEST(what_failed_stays_failed_until_a_drain_retries_it),
             UNIT_TEST(what_is_done_is_made_anew_by_a_drain_that_says_so),
             UNIT_TEST(drain_ends_with_75_when_a_directory_cannot_be_read),
             UNIT_TEST(drain_ends_with_75_when_it_is_interrupted),
             UNIT_TEST(drain_ends_with_75_when_the_archive_is_not_there),
             UNIT_TEST(drain_ends_with_75_when_the_output_is_not_there),
             UNIT_TEST(drain_ends_with_75_when_the_output_cannot_be_written),
             UNIT_TEST(drain_ends_with_75_when_the_outputs_disk_is_not_mounted_any_more),
             UNIT_TEST(drain_ends_with_75_when_the_folder_is_lost))
