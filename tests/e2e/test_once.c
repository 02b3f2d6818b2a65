/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One result a version: nothing is done twice, a new version is done again, and nobody's file is overwritten. */
#include "daemon_harness.h"
#include "base/cleanup.h"
#include "base/fd_io.h"
#include "painter.h"
#include "witness.h"

#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/stat.h>

START_TEST(an_overwritten_source_gives_a_new_output)
{
    struct harness h;

    harness_open(&h);
    harness_configure(&h, "", HARNESS_RECIPE_SINGLE);
    harness_start(&h);
    harness_drop(&h, "a.jpg", 48, 48, 1);
    harness_await_ends(&h, 1, 0);
    harness_expect_picture(&h, "out/a.png", 24, 24);
    harness_drop(&h, "a.jpg", 48, 96, 2);
    harness_await_ends(&h, 2, 0);
    harness_expect_picture(&h, "out/a.png", 24, 48);
    harness_close(&h);
}
END_TEST

/* Written in place, under its own name, by somebody who knows no temporary names. */
START_TEST(a_file_written_in_place_makes_one_job)
{
    struct harness h;

    harness_open(&h);
    harness_configure(&h, "Settle=300ms\n", HARNESS_RECIPE_SINGLE);
    harness_start(&h);
    painter_paint(harness_path(&h, "in/a.jpg"), 1000, 800, 1);
    ck_assert_int_eq(chmod(harness_path(&h, "in/a.jpg"), 0600), 0);
    ck_assert_int_eq(chmod(harness_path(&h, "in/a.jpg"), 0644), 0);
    harness_await_ends(&h, 1, 0);
    harness_drop(&h, "b.jpg", 48, 48, 1);
    harness_await_ends(&h, 2, 0);
    harness_close(&h);
}
END_TEST

START_TEST(a_polled_folder_does_each_file_once)
{
    struct harness h;

    harness_open(&h);
    harness_configure(&h, "Watch=poll\nPollInterval=100ms\n", HARNESS_RECIPE_SINGLE);
    harness_start(&h);
    harness_drop(&h, "a.jpg", 48, 48, 1);
    harness_await_ends(&h, 1, 0);
    harness_drop(&h, "b.jpg", 48, 48, 1);
    harness_await_ends(&h, 2, 0);
    harness_close(&h);
}
END_TEST

START_TEST(a_restart_repeats_nothing)
{
    enum { COUNT = 10, RESTARTS = 3 };
    struct witness witness;
    struct harness h;

    harness_open(&h);
    harness_configure(&h, "", HARNESS_RECIPE);
    witness_open(&witness, harness_path(&h, "out"));
    for (int i = 0; i < COUNT; i++) {
        char name[32];

        snprintf(name, sizeof name, "%d.jpg", i);
        harness_drop(&h, name, 48, 48, (unsigned)i);
    }
    for (int i = 0; i < RESTARTS; i++) {
        harness_start(&h);
        harness_await_ends(&h, COUNT + i, 0);
        /* This one shows that the scan is over and found nothing else. */
        harness_drop(&h, i == 0 ? "x.jpg" : i == 1 ? "y.jpg" : "z.jpg", 48, 48, 1);
        harness_await_ends(&h, COUNT + i + 1, 0);
        ck_assert_int_eq(harness_stop(&h), 0);
    }
    witness_expect_once(&witness, (COUNT + RESTARTS) * 4);
    witness_close(&witness);
    harness_close(&h);
}
END_TEST

/* What changes nothing of a file but its ctime (and, copied back by a tool, its inode) makes no job. */
static void change_mode(struct harness *h)
{
    ck_assert_int_eq(chmod(harness_path(h, "in/a.jpg"), 0600), 0);
}

static void move_out_and_in(struct harness *h)
{
    ck_assert_int_eq(rename(harness_path(h, "in/a.jpg"), harness_path(h, "a.jpg")), 0);
    ck_assert_int_eq(rename(harness_path(h, "a.jpg"), harness_path(h, "in/a.jpg")), 0);
}

/* Puts another file in the place of in/a.jpg, with these bytes (NULL: its own) and its times. */
static void replace(const struct harness *h, const char *text)
{
    _cleanup_close_ int from = open(harness_path(h, "in/a.jpg"), O_RDONLY | O_CLOEXEC);
    _cleanup_close_ int to = open(harness_path(h, "a.jpg"), O_WRONLY | O_CREAT | O_CLOEXEC, 0644);
    struct stat st;

    ck_assert_int_eq(fstat(from, &st), 0);
    ck_assert_int_eq(text ? fd_write_all(to, text, strlen(text)) : fd_copy(from, to, (uint64_t)st.st_size),
                     0);
    ck_assert_int_eq(futimens(to, (struct timespec[2]){ st.st_atim, st.st_mtim }), 0);
    ck_assert_int_eq(rename(harness_path(h, "a.jpg"), harness_path(h, "in/a.jpg")), 0);
}

static void copy_back(struct harness *h)
{
    replace(h, NULL);
}

static void change_mode_while_stopped(struct harness *h)
{
    ck_assert_int_eq(harness_stop(h), 0);
    change_mode(h);
    harness_start(h);
}

static void change_recipe_and_mode(struct harness *h)
{
    harness_write(h, "config/recipes/web.recipe", "[Recipe]\n[Output a]\nWidth=12\nFormat=png\n");
    harness_signal(h, SIGHUP);
    harness_await_ready(h);
    change_mode(h);
}

static void (*const idle_changes[])(struct harness *h) = { change_mode, move_out_and_in, copy_back,
                                                           change_mode_while_stopped,
                                                           change_recipe_and_mode };

START_TEST(a_file_that_has_the_content_that_it_had_makes_no_job)
{
    struct harness h;
    uint64_t inode;
    json_t *jobs;

    harness_open(&h);
    harness_configure(&h, "", HARNESS_RECIPE_SINGLE);
    harness_start(&h);
    harness_drop(&h, "a.jpg", 48, 48, 1);
    harness_await_ends(&h, 1, 0);
    inode = harness_inode(&h, "out/a.png");

    idle_changes[_i](&h);
    harness_drop(&h, "b.jpg", 48, 48, 2);
    harness_await_ends(&h, 2, 0);
    ck_assert_uint_eq(harness_inode(&h, "out/a.png"), inode);
    jobs = harness_jobs(&h, NULL);
    ck_assert_uint_eq(json_array_size(jobs), 2);
    json_decref(jobs);
    harness_close(&h);
}
END_TEST

START_TEST(new_content_under_the_same_size_and_mtime_is_a_new_job)
{
    static const char *const text[] = { "not a picture: one", "not a picture: two" };
    struct harness h;

    harness_open(&h);
    harness_configure(&h, "", HARNESS_RECIPE_SINGLE);
    harness_start(&h);
    harness_drop_bytes(&h, "a.jpg", text[0], strlen(text[0]));
    harness_await_ends(&h, 0, 1);

    replace(&h, text[1]);
    harness_await_ends(&h, 0, 2);
    harness_close(&h);
}
END_TEST

static bool has_no_history(struct harness *h)
{
    json_t *jobs = harness_jobs(h, NULL);
    bool none = json_array_size(jobs) == 0;

    json_decref(jobs);
    return none;
}

static bool asks_history(const json_t *status, void *context)
{
    (void)status;
    return has_no_history(context);
}

START_TEST(a_file_whose_job_was_forgotten_is_not_made_again)
{
    struct witness witness;
    struct harness h;

    harness_open(&h);
    harness_configure(&h, "", HARNESS_RECIPE_SINGLE);
    harness_configure_daemon(&h, "JobHistory=1s\n");
    witness_open(&witness, harness_path(&h, "out"));
    harness_start(&h);
    harness_drop(&h, "a.jpg", 48, 48, 1);
    harness_await_ends(&h, 1, 0);
    harness_await(&h, "the job is forgotten", asks_history, &h);
    ck_assert_int_eq(harness_number(h.status, "jobs.done"), 1);

    ck_assert_int_eq(harness_stop(&h), 0);
    harness_start(&h);
    change_mode(&h); /* and its content is still known */
    harness_drop(&h, "b.jpg", 48, 48, 2);
    harness_await_ends(&h, 2, 0);
    witness_expect_once(&witness, 2);
    witness_close(&witness);
    harness_close(&h);
}
END_TEST

START_TEST(an_output_that_somebody_removed_stays_removed)
{
    struct harness h;

    harness_open(&h);
    harness_configure(&h, "", HARNESS_RECIPE_SINGLE);
    harness_start(&h);
    harness_drop(&h, "a.jpg", 48, 48, 1);
    harness_await_ends(&h, 1, 0);
    ck_assert_int_eq(unlink(harness_path(&h, "out/a.png")), 0);
    ck_assert_int_eq(harness_stop(&h), 0);
    harness_start(&h);
    harness_drop(&h, "b.jpg", 48, 48, 1);
    harness_await_ends(&h, 2, 0);
    ck_assert(!harness_exists(&h, "out/a.png"));

    /* But a new version is made. */
    harness_drop(&h, "a.jpg", 48, 96, 2);
    harness_await_ends(&h, 3, 0);
    harness_expect_picture(&h, "out/a.png", 24, 48);
    harness_close(&h);
}
END_TEST

static void expect_conflict(struct harness *h, const char *path)
{
    json_t *job = harness_job_of(h, path);

    ck_assert_ptr_nonnull(job);
    ck_assert_str_eq(harness_string(job, "state"), "failed");
    ck_assert_str_eq(harness_string(job, "class"), "conflict");
    json_decref(job);
}

START_TEST(a_name_is_free_again_when_its_source_and_its_output_are_gone)
{
    struct harness h;

    harness_open(&h);
    harness_configure(&h, "", HARNESS_RECIPE_SINGLE);
    harness_start(&h);
    harness_drop(&h, "a.jpg", 48, 48, 1);
    harness_await_ends(&h, 1, 0);
    harness_drop(&h, "a.png", 48, 48, 2);
    harness_await_ends(&h, 1, 1);
    expect_conflict(&h, "a.png");
    ck_assert_int_eq(unlink(harness_path(&h, "in/a.jpg")), 0);
    ck_assert_int_eq(unlink(harness_path(&h, "out/a.png")), 0);
    harness_drop(&h, "a.png", 48, 96, 3);
    harness_await_ends(&h, 2, 1);
    harness_expect_picture(&h, "out/a.png", 24, 48);
    harness_close(&h);
}
END_TEST

START_TEST(two_sources_of_one_output_are_a_conflict)
{
    struct harness h;
    uint64_t inode;

    harness_open(&h);
    harness_configure(&h, "Originals=delete\n", HARNESS_RECIPE_SINGLE);
    harness_start(&h);
    harness_drop(&h, "a.jpg", 48, 48, 1);
    harness_await_ends(&h, 1, 0);
    inode = harness_inode(&h, "out/a.png");
    harness_drop(&h, "a.png", 48, 96, 2);
    harness_await_ends(&h, 1, 1);
    expect_conflict(&h, "a.png");
    ck_assert_uint_eq(harness_inode(&h, "out/a.png"), inode);
    ck_assert(harness_exists(&h, "in/a.png")); /* nothing moves */
    harness_close(&h);
}
END_TEST

START_TEST(somebody_elses_file_in_the_way_is_a_conflict)
{
    struct harness h;

    harness_open(&h);
    harness_configure(&h, "", HARNESS_RECIPE);
    painter_paint(harness_path(&h, "out/a.32.png"), 5, 5, 9);
    harness_start(&h);
    harness_drop(&h, "a.jpg", 48, 48, 1);
    harness_await_ends(&h, 0, 1);
    expect_conflict(&h, "a.jpg");
    harness_expect_picture(&h, "out/a.32.png", 5, 5);
    ck_assert_uint_eq(harness_count(&h, "out"), 1); /* all of a set, or none */
    harness_close(&h);
}
END_TEST

START_TEST(a_file_in_the_way_is_overwritten_when_that_is_wanted)
{
    struct harness h;

    harness_open(&h);
    harness_configure(&h, "Existing=overwrite\n", HARNESS_RECIPE_SINGLE);
    painter_paint(harness_path(&h, "out/a.png"), 5, 5, 9);
    harness_start(&h);
    harness_drop(&h, "a.jpg", 48, 48, 1);
    harness_await_ends(&h, 1, 0);
    harness_expect_picture(&h, "out/a.png", 24, 24);
    harness_close(&h);
}
END_TEST

START_TEST(a_version_that_changes_while_it_is_worked_on_is_superseded)
{
    struct harness h;

    harness_open(&h);
    harness_configure(&h, "", HARNESS_RECIPE_SINGLE);
    harness_start(&h);
    harness_freeze_workers(&h);
    harness_drop(&h, "a.jpg", 48, 48, 1);
    harness_await_jobs(&h, "running", 1);
    harness_drop(&h, "a.jpg", 48, 96, 2);
    harness_thaw_workers(&h);

    harness_await_ends(&h, 1, 0);
    ck_assert_int_eq(harness_number(h.status, "jobs.superseded"), 1);
    harness_expect_picture(&h, "out/a.png", 24, 48);
    harness_close(&h);
}
END_TEST

START_TEST(a_source_that_goes_while_it_is_worked_on_vanishes)
{
    struct harness h;

    harness_open(&h);
    harness_configure(&h, "", HARNESS_RECIPE_SINGLE);
    harness_start(&h);
    harness_freeze_workers(&h);
    harness_drop(&h, "a.jpg", 48, 48, 1);
    harness_await_jobs(&h, "running", 1);
    ck_assert_int_eq(unlink(harness_path(&h, "in/a.jpg")), 0);
    harness_thaw_workers(&h);
    harness_await_jobs(&h, "vanished", 1);
    ck_assert_uint_eq(harness_count(&h, "out"), 0);

    harness_drop(&h, "a.jpg", 48, 48, 1);
    harness_await_ends(&h, 1, 0);
    harness_close(&h);
}
END_TEST

HARNESS_MAIN("once", UNIT_TEST(an_overwritten_source_gives_a_new_output),
             UNIT_TEST(a_file_written_in_place_makes_one_job), UNIT_TEST(a_polled_folder_does_each_file_once),
             UNIT_TEST(a_restart_repeats_nothing),
             UNIT_ROWS(a_file_that_has_the_content_that_it_had_makes_no_job, idle_changes),
             UNIT_TEST(a_file_whose_job_was_forgotten_is_not_made_again),
             UNIT_TEST(new_content_under_the_same_size_and_mtime_is_a_new_job),
             UNIT_TEST(an_output_that_somebody_removed_stays_removed),
             UNIT_TEST(two_sources_of_one_output_are_a_conflict),
             UNIT_TEST(a_name_is_free_again_when_its_source_and_its_output_are_gone),
             UNIT_TEST(somebody_elses_file_in_the_way_is_a_conflict),
             UNIT_TEST(a_file_in_the_way_is_overwritten_when_that_is_wanted),
             UNIT_TEST(a_version_that_changes_while_it_is_worked_on_is_superseded),
             UNIT_TEST(a_source_that_goes_while_it_is_worked_on_vanishes))
