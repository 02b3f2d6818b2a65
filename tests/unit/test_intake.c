/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The intake of a hot folder: its root, the mounts on and below it, and what it is asked from outside. The thread's
 * loop is the test's own, the ledger is a real one. */
#include "supervisor/intake.h"

#include "base/cleanup.h"
#include "intake_stand.h"
#include "mounts.h"
#include "supervisor/publish.h"
#include "unit_main.h"

/* ---- the root ---- */

START_TEST(a_lost_root_says_so_and_its_return_repeats_nothing)
{
    setup();
    hot_write(hot.in[0], "a.jpg", "x");
    enter(false);
    ck_assert_uint_eq(queued(), 1);
    finish("a.jpg");

    hot.conf[0].settle_us = 0;
    move("in0", "away");
    run_until(is_lost);
    ck_assert_msg(strstr(watcher_news().reason, hot.in[0]), "%s", watcher_news().reason);
    ck_assert_int_eq(intake_event_fd(intake), -1);
    hot_write(hot.scratch.path, "away/b.jpg", "x");
    move("away", "in0");
    run_until(is_ok);
    ck_assert_uint_eq(queued(), 1);
    job_free(take("b.jpg"));
    hot_write(hot.in[0], "c.jpg", "x");
    turn();
    ck_assert_uint_eq(queued(), 1); /* it is watched again */
    teardown();
}
END_TEST

/* Only the next reconcile noticed it. */
START_TEST(a_directory_above_the_root_that_is_moved_away_loses_the_folder_at_once)
{
    static char path[PATH_MAX];
    char *configured;

    setup();
    configured = hot.conf[0].path;
    make_directory("up");
    make_directory("up/in");
    snprintf(path, sizeof path, "%s/up/in", hot.in[0]);
    hot.conf[0].path = path;
    hot_write(hot.in[0], "up/in/a.jpg", "x");
    enter(false);
    ck_assert_uint_eq(queued(), 1);
    move("in0/up", "in0/away");
    turn();
    ck_assert(is_lost());
    make_directory("up");
    make_directory("up/in");
    hot_write(hot.in[0], "up/in/b.jpg", "x");
    run_until(is_ok);
    ck_assert_uint_eq(queued(), 2);
    job_free(take("b.jpg"));
    hot.conf[0].path = configured;
    teardown();
}
END_TEST

START_TEST(a_root_that_is_missing_at_the_start_is_waited_for)
{
    setup();
    ck_assert_int_eq(rmdir(hot.in[0]), 0);
    enter(false);
    ck_assert(is_lost());
    ck_assert(!is_scanned());
    ck_assert(!hot_exists(hot.scratch.path, "in0")); /* never made by us */
    ck_assert_int_eq(mkdir(hot.in[0], 0755), 0);
    hot_write(hot.in[0], "a.jpg", "x");
    run_until(is_ok);
    ck_assert_uint_eq(queued(), 1);
    teardown();
}
END_TEST

START_TEST(another_directory_under_the_roots_name_is_noticed_by_the_next_scan)
{
    setup();
    hot.conf[0].watch = WATCH_POLL;
    hot.conf[0].poll_us = 50 * USEC_PER_MSEC;
    enter(false);
    run_until(is_scanned);
    move("in0", "away");
    ck_assert_int_eq(mkdir(hot.in[0], 0755), 0);
    hot_write(hot.in[0], "new.jpg", "x");
    run_until(one_is_queued);
    ck_assert(is_ok());
    teardown();
}
END_TEST

/* ---- mounts ---- */

/* As the watcher's thread does when the descriptor says so. */
static void look_at_mounts(void)
{
    struct pollfd hint = { .fd = intake_mount_fd(intake), .events = POLLPRI };

    ck_assert_int_eq(poll(&hint, 1, HOT_AWAIT_MS), 1);
    intake_mounts_changed(intake);
}

/* Contract, rule 7. The empty directory below was scanned, and everything that waited vanished. */
START_TEST(a_root_that_is_unmounted_is_lost_at_once_and_any_disk_brings_it_back)
{
    setup();
    if (mounts_private()) {
        mounts_tmpfs(&hot.scratch, "in0");
        hot_write(hot.in[0], "a.jpg", "x");
        enter(false);
        ck_assert_uint_eq(queued(), 1);
        mounts_unmount(&hot.scratch, "in0"); /* nothing is held open */
        look_at_mounts();
        run_until(is_lost);
        ck_assert_msg(strstr(watcher_news().reason, "the file system that was mounted at"), "%s",
                      watcher_news().reason);
        hot_write(hot.in[0], "below.jpg", "x"); /* on the disk below */
        ck_assert_int_lt(intake_open_root(intake), 0);
        intake_step(intake);
        ck_assert(is_lost());
        mounts_tmpfs(&hot.scratch, "in0"); /* another card */
        hot_write(hot.in[0], "b.jpg", "x");
        look_at_mounts();
        run_until(is_ok);
        ck_assert_uint_eq(queued(), 2);
        job_free(take("b.jpg"));
        mounts_unmount(&hot.scratch, "in0");
    }
    teardown();
}
END_TEST

START_TEST(a_folder_entered_without_its_disk_is_lost)
{
    setup();
    if (mounts_private()) {
        mounts_tmpfs(&hot.scratch, "in0");
        enter(false);
        run_until(is_scanned);
        intake_free(intake);
        stop_ledger();
        mounts_unmount(&hot.scratch, "in0");
        hot_write(hot.in[0], "below.jpg", "x");
        start_ledger();
        enter(false);
        ck_assert(is_lost());
        mounts_tmpfs(&hot.scratch, "in0");
        look_at_mounts();
        run_until(is_ok);
        ck_assert_uint_eq(queued(), 0);
        mounts_unmount(&hot.scratch, "in0");
    } else {
        enter(false);
    }
    teardown();
}
END_TEST

static bool four_are_queued(void)
{
    return news.folders[0].queued == 4;
}

START_TEST(a_disk_mounted_below_the_root_comes_in_and_is_watched)
{
    setup();
    make_directory("card");
    hot_write(hot.in[0], "card/below.jpg", "x");
    enter(false);
    ck_assert_uint_eq(queued(), 1);
    if (mounts_private()) {
        intake_free(intake); /* it would hear of the mounts of the old namespace */
        enter(false);
        ck_assert_uint_eq(queued(), 1);
        mounts_tmpfs(&hot.scratch, "in0/card");
        hot_write(hot.in[0], "card/a.jpg", "x");
        look_at_mounts();
        run_until(two_are_queued);
        hot_write(hot.in[0], "card/b.jpg", "x");
        turn();
        ck_assert_uint_eq(queued(), 3);
        mounts_unmount(&hot.scratch, "in0/card");
        hot_write(hot.in[0], "card/c.jpg", "x"); /* the directory below */
        look_at_mounts();
        run_until(four_are_queued);
        hot_write(hot.in[0], "card/d.jpg", "x"); /* it is watched again */
        turn();
        ck_assert_uint_eq(queued(), 5);
    }
    teardown();
}
END_TEST

/* ---- asked from outside ---- */

START_TEST(a_held_file_comes_in_when_its_time_is_over)
{
    uint64_t held;

    setup();
    enter(false);
    run_until(is_idle);
    hot_write(hot.in[0], "a.jpg", "x");
    ck_assert_uint_eq(queued(), 1);
    held = monotonic_us();
    intake_hold(intake, "a.jpg", 200 * USEC_PER_MSEC);
    turn();
    ck_assert_uint_eq(watcher_news().waiting, 1);
    ck_assert_uint_eq(watcher_news().arrivals, 1);
    run_until(is_idle);
    ck_assert_uint_eq(watcher_news().arrivals, 2);
    ck_assert_uint_ge(monotonic_us(), held + 199 * USEC_PER_MSEC);
    teardown();
}
END_TEST

START_TEST(a_touched_file_is_looked_at_again)
{
    setup();
    hot_write(hot.in[0], "a.jpg", "x");
    enter(false);
    ck_assert_uint_eq(queued(), 1);
    job_free(take("a.jpg"));
    intake_touch(intake, "a.jpg");
    intake_touch(intake, "gone.jpg");
    run_until(is_idle);
    ck_assert_uint_eq(watcher_news().arrivals, 2);
    teardown();
}
END_TEST

START_TEST(a_quiet_intake_takes_nothing_in)
{
    setup();
    hot.conf[0].settle_us = 60 * USEC_PER_SEC;
    hot_write(hot.in[0], "a.jpg", "x");
    enter(false);
    run_until(is_scanned);
    intake_quiesce(intake);
    hot_write(hot.in[0], "b.jpg", "x");
    intake_touch(intake, "b.jpg");
    intake_hold(intake, "b.jpg", 1);
    turn();
    ck_assert_uint_eq(watcher_news().waiting, 0);
    ck_assert_uint_eq(news.folders[0].queued, 0);
    ck_assert_uint_eq(intake_next_us(intake, monotonic_us()), USEC_INFINITY);
    ck_assert_int_eq(intake_event_fd(intake), -1);
    teardown();
}
END_TEST

START_TEST(new_settings_walk_over_everything_again)
{
    struct folder_conf other;

    setup();
    hot.conf[0].recursive = false;
    make_directory("d");
    hot_write(hot.in[0], "d/a.jpg", "x");
    enter(false);
    ck_assert_uint_eq(queued(), 0);
    other = hot.conf[0];
    other.recursive = true;
    intake_configure(intake, &other);
    ck_assert_uint_eq(queued(), 1);
    hot_write(hot.in[0], "d/b.jpg", "x");
    turn();
    ck_assert_uint_eq(queued(), 2);
    teardown();
}
END_TEST

/* Files began to wait anew, and those held came in, with each reload. */
START_TEST(settings_that_change_nothing_of_the_intake_leave_waiting_files_alone)
{
    struct folder_conf other;
    uint64_t since;

    setup();
    enter(false);
    run_until(is_idle);
    hot_write(hot.in[0], "a.jpg", "x");
    ck_assert_uint_eq(queued(), 1);
    intake_hold(intake, "a.jpg", 60 * USEC_PER_SEC);
    since = watcher_news().waiting_since_us;
    other = hot.conf[0];
    other.file_mode = 0600;
    intake_configure(intake, &other);
    turn();
    ck_assert_uint_eq(watcher_news().waiting, 1);
    ck_assert_uint_eq(watcher_news().waiting_since_us, since);
    ck_assert_uint_eq(watcher_news().arrivals, 1);
    hot_write(hot.in[0], "b.jpg", "x"); /* it is watched still */
    turn();
    run_until(two_are_queued);
    teardown();
}
END_TEST

/* The trash filled up with directories that used watches and told of files that nobody takes. */
START_TEST(a_directory_renamed_to_an_ignored_name_is_not_watched_any_more)
{
    setup();
    make_directory("d");
    make_directory("d/below");
    enter(false);
    run_until(is_scanned);
    run_until(is_idle);
    move("in0/d", "in0/.trash");
    run_until(is_idle);
    hot_write(hot.in[0], ".trash/below/a.jpg", "x");
    hot_write(hot.in[0], ".trash/b.jpg", "x");
    ck_assert_int_eq(poll(&(struct pollfd){ .fd = intake_event_fd(intake), .events = POLLIN }, 1, 0), 0);
    move("in0/.trash", "in0/e");
    ck_assert_uint_eq(queued(), 2);
    hot_write(hot.in[0], "e/below/c.jpg", "x");
    turn();
    ck_assert_uint_eq(queued(), 3);
    teardown();
}
END_TEST

START_TEST(what_an_unclean_end_left_in_output_is_swept)
{
    char temporary[PUBLISH_TEMPORARY_MAX];
    struct job *job;

    setup();
    hot_write(hot.in[0], "a.jpg", "x");
    enter(false);
    ck_assert_uint_eq(queued(), 1);
    job = take("a.jpg");
    publish_temporary(ledger_instance(ledger), job->id, 1, temporary, sizeof temporary);
    hot_write(hot.out[0], temporary, "half a picture");
    hot_write(hot.out[0], "a.10.png", "somebody's");
    job_free(job);
    intake_free(intake);
    stop_ledger();

    start_ledger();
    enter(false);
    ck_assert(!hot_exists(hot.out[0], temporary));
    ck_assert(hot_exists(hot.out[0], "a.10.png"));
    read_news();
    ck_assert_uint_eq(news.folders[0].suspects, 1);
    ck_assert_uint_eq(queued(), 0); /* the scan finds the same version: no second job */
    teardown();
}
END_TEST

UNIT_MAIN("intake", UNIT_TEST(a_lost_root_says_so_and_its_return_repeats_nothing),
          UNIT_TEST(a_directory_above_the_root_that_is_moved_away_loses_the_folder_at_once),
          UNIT_TEST(a_root_that_is_missing_at_the_start_is_waited_for),
          UNIT_TEST(another_directory_under_the_roots_name_is_noticed_by_the_next_scan),
          UNIT_TEST(a_root_that_is_unmounted_is_lost_at_once_and_any_disk_brings_it_back),
          UNIT_TEST(a_folder_entered_without_its_disk_is_lost),
          UNIT_TEST(a_disk_mounted_below_the_root_comes_in_and_is_watched),
          UNIT_TEST(a_held_file_comes_in_when_its_time_is_over), UNIT_TEST(a_touched_file_is_looked_at_again),
          UNIT_TEST(a_quiet_intake_takes_nothing_in), UNIT_TEST(new_settings_walk_over_everything_again),
          UNIT_TEST(settings_that_change_nothing_of_the_intake_leave_waiting_files_alone),
          UNIT_TEST(a_directory_renamed_to_an_ignored_name_is_not_watched_any_more),
          UNIT_TEST(what_an_unclean_end_left_in_output_is_swept))
