/* SPDX-License-Identifier: GPL-2.0-or-later */
/* How files come in that were there, are written, moved or deleted: by way of the intake that has the arrivals. */
#include "supervisor/arrivals.h"

#include "intake_stand.h"
#include "unit_main.h"

/* The next walk has begun and ended since it was asked first. */
static bool a_walk_is_over(void)
{
    static uint64_t next;
    uint64_t now = monotonic_us(), due = intake_next_us(intake, now);

    if (next == 0)
        next = due;
    if (due <= now || due == next)
        return false;
    next = 0;
    return true;
}

/* The job at the head of the queue was found by the first walk under this ledger, or not. */
static void expect_next(const char *path, bool adopt)
{
    struct take request = { .config = hot.config, .folder = &hot.conf[0], .limit = 1 };
    struct reply reply;
    struct job *job;

    ledger_send(ledger, &(struct ledger_request){ .op = LEDGER_TAKE, .take = &request });
    hot_await(channel_fd(&replies));
    ck_assert(channel_receive(&replies, &reply));
    job = TAILQ_FIRST(&request.jobs);
    ck_assert_ptr_nonnull(job);
    ck_assert_str_eq(job->path, path);
    ck_assert_msg(job->adopt == adopt, "%s", path);
    job_free(job);
}

/* When a ledger was lost, those with a long Settle= still to pass came in as new ones: a conflict each, or a number. */
START_TEST(what_settles_after_the_first_walk_was_there_before_it)
{
    setup();
    hot.conf[0].settle_us = 2 * USEC_PER_SEC;
    hot_write(hot.in[0], "a.jpg", "x");
    enter(false);
    run_until(is_scanned);
    hot_write(hot.in[0], "b.jpg", "x");
    run_until(two_are_queued);
    expect_next("a.jpg", true);
    expect_next("b.jpg", false);
    teardown();
}
END_TEST

/* The daemon was stopped before they had settled. */
START_TEST(what_has_not_settled_at_a_stop_was_there_before_the_next_first_walk)
{
    setup();
    hot.conf[0].settle_us = 3600 * USEC_PER_SEC;
    hot_write(hot.in[0], "a.jpg", "x");
    enter(false);
    run_until(is_scanned);
    intake_free(intake);
    hot.conf[0].settle_us = 0;
    enter(false);
    ck_assert_uint_eq(queued(), 1);
    expect_next("a.jpg", true);
    hot_write(hot.in[0], "b.jpg", "x");
    ck_assert_uint_eq(queued(), 1);
    expect_next("b.jpg", false);
    teardown();
}
END_TEST

static bool none_waits(void)
{
    return watcher_news().waiting == 0;
}

/* The last of them was deleted, and all that came while the daemon was down was taken for old. */
START_TEST(what_the_first_walk_found_is_over_when_the_rest_of_it_is_deleted)
{
    char path[PATH_MAX];

    setup();
    hot.conf[0].settle_us = 3600 * USEC_PER_SEC;
    hot_write(hot.in[0], "a.jpg", "x");
    enter(false);
    run_until(is_scanned);
    snprintf(path, sizeof path, "%s/a.jpg", hot.in[0]);
    ck_assert_int_eq(unlink(path), 0);
    run_until(none_waits);
    intake_free(intake);
    hot.conf[0].settle_us = 0;
    hot_write(hot.in[0], "b.jpg", "x");
    enter(false);
    run_until(one_is_queued);
    expect_next("b.jpg", false);
    teardown();
}
END_TEST

/* A root that was lost for a moment: all that waited is found again. */
START_TEST(what_a_lost_root_hid_before_it_had_settled_was_there_before)
{
    setup();
    hot.conf[0].settle_us = 2 * USEC_PER_SEC;
    hot_write(hot.in[0], "a.jpg", "x");
    enter(false);
    run_until(is_scanned);
    move("in0", "away");
    run_until(is_lost);
    move("away", "in0");
    run_until(one_is_queued);
    expect_next("a.jpg", true);
    hot_write(hot.in[0], "b.jpg", "x");
    run_until(one_is_queued);
    expect_next("b.jpg", false);
    teardown();
}
END_TEST

START_TEST(files_that_were_there_before_come_in)
{
    setup();
    make_directory("d");
    hot_write(hot.in[0], "a.jpg", "x");
    hot_write(hot.in[0], "d/b.png", "x");
    hot_write(hot.in[0], "text.txt", "x");
    enter(false);
    ck_assert_uint_eq(queued(), 2);
    ck_assert(is_scanned());
    ck_assert_uint_eq(watcher_news().arrivals, 2);
    ck_assert_int_eq(watcher_news().watch, FOLDER_INOTIFY);
    teardown();
}
END_TEST

START_TEST(without_settle_a_file_renamed_in_comes_in_at_once)
{
    setup();
    hot_write(hot.scratch.path, "a.jpg", "x");
    enter(false);
    run_until(is_idle);
    move("a.jpg", "in0/a.jpg");
    turn();
    ck_assert_uint_eq(news.folders[0].queued, 1);
    ck_assert_uint_eq(watcher_news().waiting, 0);
    teardown();
}
END_TEST

START_TEST(a_temporary_name_is_no_arrival_but_its_rename_is)
{
    setup();
    enter(false);
    run_until(is_idle);
    hot_write(hot.in[0], ".a.jpg.Xy12", "x");
    hot_write(hot.in[0], "b.jpg.part", "x");
    turn();
    ck_assert_uint_eq(watcher_news().waiting, 0);
    move("in0/.a.jpg.Xy12", "in0/a.jpg");
    move("in0/b.jpg.part", "in0/b.jpg");
    ck_assert_uint_eq(queued(), 2);
    teardown();
}
END_TEST

static const uint64_t settle_times[] = { 0, 300000 };

START_TEST(a_file_written_slowly_comes_in_once_and_whole)
{
    struct job *job;
    char path[PATH_MAX];
    int fd;

    setup();
    hot.conf[0].settle_us = settle_times[_i];
    enter(false);
    run_until(is_idle);
    snprintf(path, sizeof path, "%s/a.jpg", hot.in[0]);
    fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0644);
    for (int i = 0; i < 50; i++) {
        ck_assert_int_eq(write(fd, "piece", 5), 5);
        turn();
        ck_assert_uint_eq(watcher_news().waiting, 1);
        ck_assert_uint_eq(watcher_news().arrivals, 0);
    }
    close(fd);
    ck_assert_uint_eq(queued(), 1);
    ck_assert_uint_eq(watcher_news().arrivals, 1);
    job = take("a.jpg");
    ck_assert_int_eq(job->version.size, 250);
    job_free(job);
    teardown();
}
END_TEST

/* Contract, rule 2. */
START_TEST(a_file_that_is_written_to_for_long_is_told_once_and_never_given_up)
{
    setup();
    hot.conf[0].settle_us = HOUR_US;
    hot.conf[0].rescan_us = 24 * HOUR_US;
    enter(false);
    run_until(is_idle);
    for (int i = 0; i < 4; i++) {
        hot_write(hot.in[0], "a.jpg", &"more"[i]);
        turn();
        atomic_fetch_add(&monotonic_passed_us, HOUR_US);
        turn();
        ck_assert_uint_eq(watcher_news().waiting, 1);
        ck_assert_uint_eq(watcher_news().arrivals, 0);
        ck_assert_int_eq(atomic_load(&slow_files), 1);
    }
    atomic_fetch_add(&monotonic_passed_us, HOUR_US);
    turn();
    ck_assert_uint_eq(watcher_news().waiting, 0);
    ck_assert_uint_eq(watcher_news().arrivals, 1);
    teardown();
}
END_TEST

START_TEST(a_file_that_is_old_at_first_sight_does_not_wait)
{
    setup();
    hot.conf[0].settle_us = HOUR_US;
    hot_write(hot.in[0], "a.jpg", "x");
    enter(false);
    run_until(is_scanned);
    ck_assert_uint_eq(watcher_news().waiting, 1);
    intake_free(intake);
    atomic_fetch_add(&realtime_passed_us, HOUR_US);
    enter(false);
    run_until(is_scanned);
    ck_assert_uint_eq(watcher_news().waiting, 0);
    ck_assert_uint_eq(watcher_news().arrivals, 1);
    teardown();
}
END_TEST

START_TEST(a_tree_made_and_filled_at_once_comes_in_whole)
{
    setup();
    enter(false);
    run_until(is_idle);
    for (int i = 0; i < 10; i++) {
        char name[64];

        snprintf(name, sizeof name, "a%d", i);
        make_directory(name);
        snprintf(name, sizeof name, "a%d/b", i);
        make_directory(name);
        snprintf(name, sizeof name, "a%d/b/c", i);
        make_directory(name);
        snprintf(name, sizeof name, "a%d/b/c/x.jpg", i);
        hot_write(hot.in[0], name, "x");
    }
    ck_assert_uint_eq(queued(), 10);
    hot_write(hot.in[0], "a3/b/c/later.jpg", "x"); /* it is watched now */
    turn();
    ck_assert_uint_eq(queued(), 11);
    teardown();
}
END_TEST

START_TEST(a_directory_moved_in_comes_in_and_is_watched)
{
    setup();
    make_directory("d");
    hot_write(hot.in[0], "d/a.jpg", "x");
    move("in0/d", "d");
    enter(false);
    ck_assert_uint_eq(queued(), 0);
    move("d", "in0/d");
    ck_assert_uint_eq(queued(), 1);
    hot_write(hot.in[0], "d/b.jpg", "x");
    turn();
    ck_assert_uint_eq(queued(), 2);
    teardown();
}
END_TEST

START_TEST(files_wait_under_the_new_path_of_their_directory)
{
    setup();
    hot.conf[0].settle_us = 300000;
    make_directory("d");
    enter(false);
    run_until(is_idle);
    hot_write(hot.in[0], "d/x.jpg", "x");
    turn();
    ck_assert_uint_eq(watcher_news().waiting, 1);
    move("in0/d", "in0/e");
    ck_assert_uint_eq(queued(), 1);
    job_free(take("e/x.jpg"));
    hot_write(hot.in[0], "e/y.jpg", "x");
    turn();
    ck_assert_uint_eq(queued(), 1);
    teardown();
}
END_TEST

/* The whole folder was lost for a second. */
START_TEST(a_directory_moved_out_disturbs_nobody_else)
{
    setup();
    hot.conf[0].settle_us = 300000;
    make_directory("d");
    hot_write(hot.in[0], "d/x.jpg", "x");
    hot_write(hot.in[0], "x.jpg", "x");
    enter(false);
    run_until(is_scanned);
    ck_assert_uint_eq(watcher_news().waiting, 2);
    move("in0/d", "d");
    hot_write(hot.scratch.path, "d/x.jpg", "more");
    turn();
    ck_assert(is_ok());
    ck_assert_uint_eq(watcher_news().waiting, 1);
    ck_assert_uint_eq(queued(), 1);
    job_free(take("x.jpg"));
    teardown();
}
END_TEST

START_TEST(a_deleted_file_is_waited_for_no_longer)
{
    char path[PATH_MAX];

    setup();
    hot.conf[0].settle_us = 60 * USEC_PER_SEC;
    enter(false);
    run_until(is_idle);
    hot_write(hot.in[0], "a.jpg", "x");
    turn();
    ck_assert_uint_eq(watcher_news().waiting, 1);
    ck_assert_uint_le(watcher_news().waiting_since_us, monotonic_us());
    ck_assert_uint_gt(watcher_news().waiting_since_us, 0);
    snprintf(path, sizeof path, "%s/a.jpg", hot.in[0]);
    unlink(path);
    turn();
    ck_assert_uint_eq(watcher_news().waiting, 0);
    ck_assert_uint_eq(watcher_news().waiting_since_us, 0);
    teardown();
}
END_TEST

/* Contract, rule 10: refused with a reason, counted, and not said again by every walk. */
START_TEST(links_and_pipes_are_refused_once)
{
    setup();
    hot.conf[0].rescan_us = 100 * USEC_PER_MSEC;
    hot_write(hot.scratch.path, "real.jpg", "x");
    ck_assert_int_eq(mkfifo(hot_path(hot.in[0], "before.jpg"), 0644), 0);
    ck_assert_int_eq(mkfifo(hot_path(hot.in[0], "no-picture"), 0644), 0);
    enter(false);
    run_until(is_idle);
    ck_assert_uint_eq(watcher_news().refused, 1);
    ck_assert_int_eq(symlink("../real.jpg", hot_path(hot.in[0], "link.jpg")), 0);
    run_until(is_idle);
    ck_assert_uint_eq(watcher_news().refused, 2); /* by its event */
    ck_assert_int_eq(mkfifo(hot_path(hot.scratch.path, "moved.jpg"), 0644), 0);
    make_directory("d");
    move("moved.jpg", "in0/d/moved.jpg");
    move("in0/d", "d");
    run_until(is_idle);
    move("d", "in0/e");
    run_until(is_idle);
    ck_assert_uint_eq(watcher_news().refused, 3); /* in a new directory */
    for (int i = 0; i < 3; i++)
        run_until(a_walk_is_over);
    ck_assert_uint_eq(watcher_news().refused, 3);
    ck_assert_uint_eq(news.folders[0].queued, 0);
    ck_assert_uint_eq(watcher_news().arrivals, 0);
    teardown();
}
END_TEST

START_TEST(where_no_event_tells_links_and_pipes_are_refused_once_too)
{
    setup();
    hot.conf[0].watch = WATCH_POLL;
    hot.conf[0].poll_us = 50 * USEC_PER_MSEC;
    ck_assert_int_eq(mkfifo(hot_path(hot.in[0], "before.jpg"), 0644), 0);
    enter(false);
    run_until(is_scanned);
    ck_assert_int_eq(mkfifo(hot_path(hot.in[0], "pipe.jpg"), 0644), 0);
    run_until(two_are_refused);
    for (int i = 0; i < 3; i++)
        run_until(a_walk_is_over);
    ck_assert_uint_eq(watcher_news().refused, 2);
    teardown();
}
END_TEST

START_TEST(a_folder_that_is_not_recursive_takes_its_own_files_only)
{
    setup();
    hot.conf[0].recursive = false;
    make_directory("d");
    hot_write(hot.in[0], "d/a.jpg", "x");
    enter(false);
    run_until(is_idle);
    make_directory("e");
    hot_write(hot.in[0], "e/a.jpg", "x");
    hot_write(hot.in[0], "a.jpg", "x");
    ck_assert_uint_eq(queued(), 1);
    teardown();
}
END_TEST

UNIT_MAIN("arrivals", UNIT_TEST(what_settles_after_the_first_walk_was_there_before_it),
          UNIT_TEST(what_has_not_settled_at_a_stop_was_there_before_the_next_first_walk),
          UNIT_TEST(what_the_first_walk_found_is_over_when_the_rest_of_it_is_deleted),
          UNIT_TEST(what_a_lost_root_hid_before_it_had_settled_was_there_before),
          UNIT_TEST(files_that_were_there_before_come_in),
          UNIT_TEST(without_settle_a_file_renamed_in_comes_in_at_once),
          UNIT_TEST(a_temporary_name_is_no_arrival_but_its_rename_is),
          UNIT_ROWS(a_file_written_slowly_comes_in_once_and_whole, settle_times),
          UNIT_TEST(a_file_that_is_written_to_for_long_is_told_once_and_never_given_up),
          UNIT_TEST(a_file_that_is_old_at_first_sight_does_not_wait),
          UNIT_TEST(a_tree_made_and_filled_at_once_comes_in_whole),
          UNIT_TEST(a_directory_moved_in_comes_in_and_is_watched),
          UNIT_TEST(files_wait_under_the_new_path_of_their_directory),
          UNIT_TEST(a_directory_moved_out_disturbs_nobody_else),
          UNIT_TEST(a_deleted_file_is_waited_for_no_longer), UNIT_TEST(links_and_pipes_are_refused_once),
          UNIT_TEST(where_no_event_tells_links_and_pipes_are_refused_once_too),
          UNIT_TEST(a_folder_that_is_not_recursive_takes_its_own_files_only))
