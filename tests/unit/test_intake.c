/* SPDX-License-Identifier: GPL-2.0-or-later */
/* How files of a hot folder come in: the thread's loop is the test's own, the ledger is a real one. */
#include "supervisor/intake.h"

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/log.h"
#include "hot_folders.h"
#include "inotify_limit.h"
#include "mounts.h"
#include "overflow.h"
#include "supervisor/publish.h"
#include "supervisor/settle.h"
#include "supervisor/unreadable.h"
#include "unit_main.h"

#include <dirent.h>
#include <dlfcn.h>
#include <errno.h>
#include <linux/capability.h>
#include <linux/magic.h>
#include <sched.h>
#include <stdatomic.h>
#include <sys/statfs.h>
#include <sys/syscall.h>

enum { MANY_CLOSED = UNREADABLE_MAX + 10 }; /* directories */

#define HOUR_US (3600 * USEC_PER_SEC)

/* Instead of libc's, so that hours pass at once: on one clock or the other. */
static atomic_uint_fast64_t monotonic_passed_us, realtime_passed_us;

int clock_gettime(clockid_t clock, struct timespec *ret)
{
    static int (*_Atomic libc)(clockid_t, struct timespec *);
    uint64_t passed_us = 0;
    int r;

    if (!libc)
        libc = (int (*)(clockid_t, struct timespec *))dlsym(RTLD_NEXT, "clock_gettime");
    r = libc(clock, ret);

    if (clock == CLOCK_MONOTONIC)
        passed_us = atomic_load(&monotonic_passed_us);
    else if (clock == CLOCK_REALTIME)
        passed_us = atomic_load(&realtime_passed_us);
    ret->tv_sec += (time_t)(passed_us / USEC_PER_SEC);
    ret->tv_nsec += (long)(passed_us % USEC_PER_SEC * NSEC_PER_USEC);
    if (ret->tv_nsec >= NSEC_PER_SEC) {
        ret->tv_sec++;
        ret->tv_nsec -= NSEC_PER_SEC;
    }
    return r;
}

/* Instead of libc's, so that a file system can be of any type. */
static uint32_t magic; /* 0: what it is */

int fstatfs(int fd, struct statfs *ret)
{
    int r = (int)syscall(SYS_fstatfs, fd, ret);

    if (magic)
        ret->f_type = magic;
    return r;
}

/* Instead of libc's, so that the file system can hang, fail, or take its time when a directory is read. */
static int hang_ms;
static bool bad_fails;        /* directories called "bad" */
static uint64_t read_took_us; /* each time; nobody waits for it */

static bool is_called_bad(int fd)
{
    char link[64], path[PATH_MAX];
    ssize_t length;

    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    length = readlink(link, path, sizeof path);
    return length > 4 && memcmp(path + length - 4, "/bad", 4) == 0;
}

struct dirent *readdir(DIR *directory)
{
    static struct dirent *(*libc)(DIR *);

    if (!libc)
        libc = (struct dirent * (*)(DIR *)) dlsym(RTLD_NEXT, "readdir");
    if (hang_ms > 0)
        poll(NULL, 0, hang_ms);
    hang_ms = 0;
    atomic_fetch_add(&monotonic_passed_us, read_took_us);
    if (bad_fails && is_called_bad(dirfd(directory))) {
        errno = EIO;
        return NULL;
    }
    return libc(directory);
}

static struct hot_folders hot;
static const struct kernel_settings kernel = { .max_user_watches = 8192, .protected_hardlinks = true };
static struct channel replies;
static struct ledger *ledger;
static struct intake *intake;
static struct ledger_news news;

static atomic_int slow_files; /* in the log */

static void silent(int level, uint64_t job, const char *text)
{
    (void)level, (void)job;
    if (strstr(text, "keeps changing"))
        atomic_fetch_add(&slow_files, 1);
}

static void start_ledger(void)
{
    struct error error;

    ck_assert_int_eq(channel_init(&replies, sizeof(struct reply), REPLIES_MAX), 0);
    ck_assert_msg(ledger_start(hot.ledger, &replies, &ledger, &error) == 0, "%s", error.text);
}

static void stop_ledger(void)
{
    ledger_stop(ledger);
    ledger_free(ledger);
    channel_release(&replies);
}

static void setup(void)
{
    log_setup(silent, LOG_NOTICE);
    hot_open(&hot, 1, HOT_RECIPE);
    start_ledger();
}

static void enter(bool once)
{
    intake = intake_new(0, "f0", &hot.conf[0], ledger, &kernel, once);
    ck_assert_ptr_nonnull(intake);
    intake_enter(intake);
}

static void teardown(void)
{
    intake_free(intake);
    stop_ledger();
    hot_close(&hot);
    atomic_store(&monotonic_passed_us, 0); /* Check has a clock as well, which stops at an hour */
}

static struct watcher_news watcher_news(void)
{
    struct watcher_news watcher = { 0 };

    intake_news(intake, &watcher);
    return watcher;
}

/* All that the ledger was told is in the news. */
static void read_news(void)
{
    ck_assert_int_eq(ledger_intent(ledger, NULL, 0), 0);
    ledger_read_news(ledger, &news);
}

static void turn(void)
{
    intake_read_events(intake);
    intake_step(intake);
    read_news();
}

/* Turns as a watcher's thread does, until @done() says so. */
static void run_until(bool (*done)(void))
{
    uint64_t deadline = monotonic_us() + HOT_AWAIT_MS * USEC_PER_MSEC;

    for (turn(); !done(); turn()) {
        struct pollfd fd = { .fd = intake_event_fd(intake), .events = POLLIN };
        uint64_t now = monotonic_us(), next = intake_next_us(intake, now);
        uint64_t wait = next < deadline ? (next > now ? next - now : 0) : deadline - now;

        ck_assert_msg(now < deadline, "it did not happen");
        poll(&fd, 1, (int)(wait / USEC_PER_MSEC) + (wait > 0));
    }
}

static bool is_scanned(void)
{
    return watcher_news().scanned;
}

/* Nothing is to be read, to be walked or waits. */
static bool is_idle(void)
{
    struct pollfd fd = { .fd = intake_event_fd(intake), .events = POLLIN };

    return poll(&fd, 1, 0) == 0 && watcher_news().waiting == 0 && intake_next_us(intake, 1) != 1;
}

/* How many files came in, and are queued. */
static uint64_t queued(void)
{
    run_until(is_idle);
    return news.folders[0].queued;
}

static bool has_no_reason(void)
{
    return watcher_news().reason[0] == '\0';
}

static bool two_are_refused(void)
{
    return watcher_news().refused == 2;
}

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

static bool is_lost(void)
{
    return watcher_news().state == FOLDER_LOST;
}

static bool is_ok(void)
{
    return watcher_news().state == FOLDER_OK;
}

static bool one_is_waiting(void)
{
    return watcher_news().waiting == 1;
}

static bool one_is_queued(void)
{
    return news.folders[0].queued == 1;
}

static bool one_of_each_is_queued(void)
{
    return news.folders[0].queued == MANY_CLOSED;
}

/* The job that waits for @path, taken from the queue. */
static struct job *take(const char *path)
{
    struct take request = { .config = hot.config, .folder = &hot.conf[0], .limit = 1000 };
    struct job *found = NULL, *job;
    struct reply reply;

    ledger_send(ledger, &(struct ledger_request){ .op = LEDGER_TAKE, .take = &request });
    hot_await(channel_fd(&replies));
    ck_assert(channel_receive(&replies, &reply));
    while ((job = TAILQ_FIRST(&request.jobs))) {
        TAILQ_REMOVE(&request.jobs, job, link);
        if (!found && strcmp(job->path, path) == 0)
            found = job;
        else
            job_free(job);
    }
    ck_assert_msg(found, "%s did not come in", path);
    return found;
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

/* The job that waits for @path is done. */
static void finish(const char *path)
{
    struct job *job = take(path);
    struct reply reply;

    job->state = JOB_DONE;
    ledger_send(ledger, &(struct ledger_request){ .op = LEDGER_FINISH, .job = job });
    hot_await(channel_fd(&replies));
    channel_receive(&replies, &reply);
    job_free(job);
}

static void make_directory(const char *name)
{
    char path[PATH_MAX];

    snprintf(path, sizeof path, "%s/%s", hot.in[0], name);
    ck_assert_msg(mkdir(path, 0755) == 0, "%s: %m", path);
}

/* Renames below the scratch directory. */
static void move(const char *from, const char *to)
{
    char old[PATH_MAX], new[PATH_MAX];

    snprintf(old, sizeof old, "%s/%s", hot.scratch.path, from);
    snprintf(new, sizeof new, "%s/%s", hot.scratch.path, to);
    ck_assert_msg(rename(old, new) == 0, "%s to %s: %m", from, to);
}

static bool two_are_queued(void)
{
    return news.folders[0].queued == 2;
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

/* Root reads everything but for these. */
static bool drop_capabilities(void)
{
    struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
    struct __user_cap_data_struct data[2];

    if (syscall(SYS_capget, &header, data) < 0)
        return false;
    data[0].effective &= ~(1U << CAP_DAC_OVERRIDE | 1U << CAP_DAC_READ_SEARCH);
    return syscall(SYS_capset, &header, data) == 0;
}

START_TEST(a_directory_that_cannot_be_read_is_told_in_the_reason)
{
    setup();
    ck_assert(drop_capabilities());
    hot.conf[0].rescan_us = 100 * USEC_PER_MSEC;
    make_directory("private");
    hot_write(hot.in[0], "a.jpg", "x");
    ck_assert_int_eq(chmod(hot_path(hot.in[0], "private"), 0), 0);
    enter(false);
    run_until(is_scanned);
    ck_assert(is_ok());
    ck_assert_str_eq(watcher_news().reason, "private cannot be read: Permission denied");
    ck_assert_int_eq(chmod(hot_path(hot.in[0], "private"), 0755), 0);
    run_until(has_no_reason);
    ck_assert_uint_eq(news.folders[0].queued, 1);
    teardown();
}
END_TEST

static bool has_a_reason(void)
{
    return watcher_news().reason[0] != '\0';
}

/* As a directory that root copies here: nobody else may read it before all is in it; or what is there is seen, and not
 * what it is. */
static const mode_t closed[] = { 0, 0200, 0400 };

/* The directory itself, or one above it. */
static const char *const closed_later[] = { "private", "" };

/* It used to come in with the next reconcile. */
START_TEST(a_directory_that_could_not_be_read_comes_in_when_it_can)
{
    setup();
    ck_assert(drop_capabilities());
    hot.conf[0].rescan_us = HOUR_US;
    enter(false);
    run_until(is_scanned);
    make_directory("private");
    hot_write(hot.in[0], "private/a.jpg", "x");
    ck_assert_int_eq(chmod(hot_path(hot.in[0], "private"), closed[_i]), 0);
    run_until(has_a_reason);
    ck_assert_str_eq(watcher_news().reason, "private cannot be read: Permission denied");
    ck_assert_uint_eq(queued(), 0);
    ck_assert_int_eq(chmod(hot_path(hot.in[0], "private"), 0755), 0);
    run_until(one_is_queued);
    run_until(has_no_reason);
    hot_write(hot.in[0], "private/b.jpg", "x"); /* it is watched */
    run_until(two_are_queued);
    teardown();
}
END_TEST

/* The file was dropped without a word, and came in with the next reconcile. */
START_TEST(a_directory_that_is_closed_before_its_file_has_settled_comes_in_when_it_is_opened)
{
    const char *directory = closed_later[_i];

    setup();
    ck_assert(drop_capabilities());
    hot.conf[0].rescan_us = 3 * HOUR_US;
    hot.conf[0].settle_us = HOUR_US;
    enter(false);
    run_until(is_scanned);
    make_directory("private");
    run_until(is_idle);
    hot_write(hot.in[0], "private/a.jpg", "x");
    run_until(one_is_waiting);
    ck_assert_int_eq(chmod(hot_path(hot.in[0], directory), 0), 0);
    atomic_fetch_add(&monotonic_passed_us, HOUR_US);
    atomic_fetch_add(&realtime_passed_us, HOUR_US);
    run_until(has_a_reason);
    ck_assert_msg(strstr(watcher_news().reason, "cannot be read: Permission denied"), "%s",
                  watcher_news().reason);
    ck_assert_uint_eq(queued(), 0);
    ck_assert_int_eq(chmod(hot_path(hot.in[0], directory), 0755), 0);
    run_until(has_no_reason);
    run_until(one_is_queued);
    teardown();
}
END_TEST

START_TEST(a_directory_that_cannot_be_read_is_not_told_of_when_it_is_gone)
{
    setup();
    ck_assert(drop_capabilities());
    hot.conf[0].rescan_us = HOUR_US;
    enter(false);
    run_until(is_scanned);
    make_directory("private");
    ck_assert_int_eq(chmod(hot_path(hot.in[0], "private"), 0), 0);
    run_until(has_a_reason);
    ck_assert_int_eq(rmdir(hot_path(hot.in[0], "private")), 0);
    run_until(has_no_reason);
    teardown();
}
END_TEST

/* More than are known by name. */
START_TEST(any_number_of_directories_that_could_not_be_read_come_in)
{
    char name[32];

    setup();
    ck_assert(drop_capabilities());
    hot.conf[0].rescan_us = HOUR_US;
    for (int i = 0; i < MANY_CLOSED; i++) {
        snprintf(name, sizeof name, "d%d", i);
        make_directory(name);
        hot_write(hot_path(hot.in[0], name), "a.jpg", "x");
        ck_assert_int_eq(chmod(hot_path(hot.in[0], name), 0), 0);
    }
    enter(false);
    run_until(is_scanned);
    for (int i = 0; i < MANY_CLOSED; i++) {
        snprintf(name, sizeof name, "d%d", i);
        ck_assert_int_eq(chmod(hot_path(hot.in[0], name), 0755), 0);
    }
    run_until(one_of_each_is_queued);
    run_until(has_no_reason);
    teardown();
}
END_TEST

/* Each touch was a walk over everything that told all links again. */
START_TEST(a_directory_that_cannot_be_read_makes_no_walks_over_others)
{
    setup();
    ck_assert(drop_capabilities());
    hot.conf[0].rescan_us = HOUR_US;
    make_directory("private");
    ck_assert_int_eq(chmod(hot_path(hot.in[0], "private"), 0), 0);
    ck_assert_int_eq(symlink("/nowhere", hot_path(hot.in[0], "link.jpg")), 0);
    ck_assert_int_eq(symlink("/nowhere", hot_path(hot.in[0], "other.jpg")), 0);
    enter(false);
    run_until(two_are_refused);
    run_until(is_idle);
    for (int i = 0; i < 20; i++)
        ck_assert_int_eq(chmod(hot.in[0], 0755), 0);
    run_until(is_idle);
    ck_assert(two_are_refused());
    teardown();
}
END_TEST

START_TEST(what_cannot_be_read_in_a_polled_place_is_not_told_of_when_it_is_gone)
{
    setup();
    ck_assert(drop_capabilities());
    hot.conf[0].rescan_us = HOUR_US;
    hot.conf[0].watch = WATCH_POLL;
    hot.conf[0].poll_us = 50 * USEC_PER_MSEC;
    make_directory("private");
    ck_assert_int_eq(chmod(hot_path(hot.in[0], "private"), 0), 0);
    enter(false);
    run_until(has_a_reason);
    ck_assert_int_eq(rmdir(hot_path(hot.in[0], "private")), 0);
    run_until(has_no_reason);
    teardown();
}
END_TEST

/* ---- scanning again ---- */

START_TEST(a_polled_folder_finds_files_without_events)
{
    setup();
    hot.conf[0].watch = WATCH_POLL;
    hot.conf[0].poll_us = 50 * USEC_PER_MSEC;
    enter(false);
    run_until(is_scanned);
    ck_assert_int_eq(intake_event_fd(intake), -1);
    ck_assert_int_eq(watcher_news().watch, FOLDER_POLL);
    hot_write(hot.in[0], "a.jpg", "x");
    run_until(one_is_queued);
    teardown();
}
END_TEST

/* Contract, rule 1: where inodes and ctimes do not last, each of them that changed by itself made a job. */
static const struct {
    uint32_t magic;
    uint64_t jobs;
} kinds[] = { { FUSE_SUPER_MAGIC, 0 }, { TMPFS_MAGIC, 1 } };

START_TEST(a_polled_file_that_has_another_inode_comes_in_again_only_where_inodes_last)
{
    struct timespec times[2] = { { .tv_nsec = UTIME_OMIT }, { .tv_sec = time(NULL) - 1000 } };

    setup();
    magic = kinds[_i].magic;
    hot.conf[0].watch = WATCH_POLL;
    hot_write(hot.in[0], "a.jpg", "x");
    hot_write(hot.scratch.path, "other", "x");
    ck_assert_int_eq(utimensat(AT_FDCWD, hot_path(hot.in[0], "a.jpg"), times, 0), 0);
    ck_assert_int_eq(utimensat(AT_FDCWD, hot_path(hot.scratch.path, "other"), times, 0), 0);
    enter(false);
    ck_assert_uint_eq(queued(), 1);
    finish("a.jpg");
    move("other", "in0/a.jpg");
    intake_rescan(intake);
    ck_assert_uint_eq(queued(), kinds[_i].jobs);
    ck_assert_uint_eq(watcher_news().arrivals, 2);
    teardown();
}
END_TEST

START_TEST(a_drained_folder_is_walked_once)
{
    setup();
    hot_write(hot.in[0], "a.jpg", "x");
    enter(true);
    ck_assert_uint_eq(queued(), 1);
    ck_assert_int_eq(intake_event_fd(intake), -1);
    hot_write(hot.in[0], "b.jpg", "x");
    ck_assert_uint_eq(intake_next_us(intake, monotonic_us()), USEC_INFINITY);
    turn();
    ck_assert_uint_eq(news.folders[0].queued, 1);
    teardown();
}
END_TEST

/* A new directory every few minutes put the reconciling walk off for ever. */
START_TEST(new_directories_do_not_put_the_next_scan_off)
{
    uint64_t next;

    setup();
    enter(false);
    run_until(is_idle);
    next = intake_next_us(intake, monotonic_us());
    ck_assert_uint_lt(next, USEC_INFINITY);
    make_directory("new");
    hot_write(hot.in[0], "new/a.jpg", "x");
    ck_assert_uint_eq(queued(), 1);
    ck_assert_uint_eq(intake_next_us(intake, monotonic_us()), next);
    teardown();
}
END_TEST

START_TEST(a_rescan_finds_what_no_event_told)
{
    setup();
    hot.conf[0].rescan_us = 100 * USEC_PER_MSEC;
    enter(false);
    run_until(is_idle);
    hot_write(hot.in[0], "a.jpg", "x");
    /* The event is not read: only the walk can find it. */
    for (uint64_t deadline = monotonic_us() + 20 * USEC_PER_SEC; news.folders[0].queued == 0; read_news()) {
        uint64_t now = monotonic_us(), next = intake_next_us(intake, now);

        ck_assert_uint_lt(now, deadline);
        if (next > now)
            poll(NULL, 0, (int)((next - now) / USEC_PER_MSEC) + 1);
        intake_step(intake);
    }
    teardown();
}
END_TEST

START_TEST(lost_events_lose_no_files)
{
    struct timespec times[2] = { { .tv_nsec = UTIME_OMIT }, { .tv_sec = time(NULL) - 3600 } };
    _cleanup_close_ int in = -1;

    setup();
    hot_write(hot.in[0], "a.jpg", "x");
    hot_write(hot.in[0], "b.jpg", "x");
    enter(false);
    run_until(is_idle);
    in = open(hot.in[0], O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (overflow_queue(in, "a.jpg", "b.jpg")) {
        for (int i = 0; i < 300; i++) {
            char name[32];

            snprintf(name, sizeof name, "%d.jpg", i);
            hot_write(hot.in[0], name, "x");
        }
        make_directory("d");
        hot_write(hot.in[0], "d/a.jpg", "x");
        hot_write(hot.in[0], "old.jpg", "x"); /* as of a copy that keeps the time */
        ck_assert_int_eq(utimensat(in, "old.jpg", times, 0), 0);
        ck_assert_uint_eq(queued(), 304);
        ck_assert_uint_eq(watcher_news().overflows, 1);
    }
    teardown();
}
END_TEST

static void write_many(size_t count)
{
    _cleanup_close_ int in = open(hot.in[0], O_RDONLY | O_DIRECTORY | O_CLOEXEC);

    for (size_t i = 0; i < count; i++) {
        char name[32];
        int fd;

        snprintf(name, sizeof name, "%zu.jpg", i);
        fd = openat(in, name, O_WRONLY | O_CREAT | O_CLOEXEC, 0644);
        ck_assert_int_ge(fd, 0);
        close(fd);
    }
}

enum { TOO_MANY = SETTLE_FILES_MAX + 1000 };

static bool too_many_are_queued(void)
{
    struct watcher_news watcher = watcher_news();

    ck_assert_uint_le(watcher.waiting, SETTLE_FILES_MAX);
    /* "The first walk is over" is what --drain waits for: one that left files out does not count. */
    ck_assert(!watcher.scanned || watcher.arrivals + watcher.waiting >= TOO_MANY);
    return news.folders[0].queued == TOO_MANY;
}

/* All of them waited in memory at once, however many they were. */
START_TEST(more_files_than_may_wait_at_once_all_come_in)
{
    setup();
    hot.conf[0].settle_us = 2 * USEC_PER_SEC;
    write_many(TOO_MANY);
    enter(true); /* without events: the walk alone has to see to it */
    run_until(too_many_are_queued);
    teardown();
}
END_TEST

/* It used all the time that there is until it was over, and rested afterwards. */
START_TEST(the_reconcile_takes_its_twentieth_in_small_pieces)
{
    enum { COUNT = 400, STEPS = 6 };

    setup();
    write_many(COUNT);
    enter(false);
    run_until(is_scanned);
    read_took_us = USEC_PER_MSEC;
    for (int i = 0; i < STEPS; i++) {
        uint64_t arrivals = watcher_news().arrivals, began, took, passed_us, next;

        began = monotonic_us();
        next = intake_next_us(intake, began);
        if (next > began)
            atomic_fetch_add(&monotonic_passed_us, next - began);
        passed_us = atomic_load(&monotonic_passed_us);
        began = monotonic_us();
        intake_step(intake);
        took = atomic_load(&monotonic_passed_us) - passed_us; /* at least: the rest of it is this machine's */
        ck_assert_uint_gt(watcher_news().arrivals, arrivals); /* it was at work … */
        ck_assert_uint_gt(took, 0);
        ck_assert_uint_lt(took, 100 * USEC_PER_MSEC); /* … in a small piece … */
        next = intake_next_us(intake, monotonic_us());
        ck_assert_uint_ge(next, began + 20 * took); /* … and rests */
    }
    teardown();
}
END_TEST

static bool three_are_queued(void)
{
    return news.folders[0].queued == 3;
}

static bool is_watched_again(void)
{
    return watcher_news().watch == FOLDER_INOTIFY;
}

/* Contract, rule 9. */
START_TEST(past_the_watch_limit_the_rest_is_polled_until_the_limit_is_raised)
{
    uint64_t now, next;

    if (!inotify_limit_own("max_inotify_watches", "2"))
        return;
    setup();
    hot.conf[0].poll_us = HOUR_US;
    hot.conf[0].rescan_us = 2 * HOUR_US;
    make_directory("a");
    make_directory("b");
    make_directory("c");
    enter(false);
    run_until(is_scanned);
    ck_assert_int_eq(watcher_news().watch, FOLDER_MIXED);
    ck_assert_int_eq(watcher_news().state, FOLDER_OK);
    ck_assert_msg(strstr(watcher_news().reason, "max_user_watches"), "%s", watcher_news().reason);
    now = monotonic_us();
    next = intake_next_us(intake, now);
    ck_assert_uint_gt(next, now + hot.conf[0].poll_us / 2); /* it does not spin */
    hot_write(hot.in[0], "a/x.jpg", "x");
    hot_write(hot.in[0], "b/x.jpg", "x");
    hot_write(hot.in[0], "c/x.jpg", "x");
    atomic_fetch_add(&monotonic_passed_us, HOUR_US);
    run_until(three_are_queued);

    ck_assert(inotify_limit_set("max_inotify_watches", "100"));
    atomic_fetch_add(&monotonic_passed_us, HOUR_US);
    run_until(is_watched_again);
    ck_assert_str_eq(watcher_news().reason, "");
    teardown();
}
END_TEST

/* Contract, rule 8: nothing but the polled part is walked. */
START_TEST(only_what_is_not_watched_is_polled)
{
    if (!inotify_limit_own("max_inotify_watches", "1"))
        return;
    setup();
    hot.conf[0].poll_us = 50 * USEC_PER_MSEC;
    make_directory("a");
    enter(false);
    run_until(is_scanned);
    ck_assert_int_eq(watcher_news().watch, FOLDER_MIXED);
    hot_write(hot.in[0], "unseen.jpg", "x"); /* its event is not read */
    hot_write(hot.in[0], "a/x.jpg", "x");
    for (uint64_t deadline = monotonic_us() + 20 * USEC_PER_SEC; news.folders[0].queued == 0; read_news()) {
        uint64_t now = monotonic_us(), next = intake_next_us(intake, now);

        ck_assert_uint_lt(now, deadline);
        if (next > now)
            poll(NULL, 0, (int)((next - now) / USEC_PER_MSEC) + 1);
        intake_step(intake);
    }
    ck_assert_uint_eq(watcher_news().arrivals, 1);
    job_free(take("a/x.jpg"));
    teardown();
}
END_TEST

/* ---- file systems that hang or fail ---- */

enum { HANG_MS = 600 };

/* The rest was 19 times, the next look 20 times as long as the hang. */
START_TEST(a_hang_of_the_file_system_is_not_counted_as_work_that_asks_for_a_rest)
{
    uint64_t now;

    setup();
    hot.conf[0].watch = WATCH_POLL;
    hot.conf[0].poll_us = 50 * USEC_PER_MSEC;
    hang_ms = HANG_MS;
    enter(false);
    run_until(is_scanned);
    now = monotonic_us();
    ck_assert_uint_lt(intake_next_us(intake, now), now + HANG_MS * USEC_PER_MSEC * 5);
    hot_write(hot.in[0], "a.jpg", "x");
    run_until(one_is_queued);
    teardown();
}
END_TEST

/* The loop was told to go round at once for ever, because a place was to be polled that no poll ever began for. */
START_TEST(places_are_polled_without_spinning_while_a_directory_cannot_be_read)
{
    uint64_t now, end;
    int turns = 0;

    setup();
    hot.conf[0].watch = WATCH_POLL;
    hot.conf[0].poll_us = 50 * USEC_PER_MSEC;
    make_directory("bad");
    bad_fails = true;
    enter(false);
    run_until(is_idle);
    hot_write(hot.in[0], "a.jpg", "x");
    for (now = monotonic_us(), end = now + 500 * USEC_PER_MSEC; now < end; now = monotonic_us(), turns++) {
        uint64_t next = intake_next_us(intake, now);

        poll(NULL, 0, next > now ? (int)(((next < end ? next : end) - now) / USEC_PER_MSEC) + 1 : 0);
        turn();
    }
    ck_assert(!is_scanned());
    ck_assert_uint_eq(news.folders[0].queued, 1);
    ck_assert_int_lt(turns, 200);
    bad_fails = false;
    run_until(is_scanned);
    teardown();
}
END_TEST

static uint64_t all_files;

static bool all_are_queued(void)
{
    return news.folders[0].queued == all_files;
}

/* Writes @name to a polled place while the reconcile rests. True when it came in before that has ended; on a busy machine
 * it may end too early. */
static bool comes_in_during_a_rest(const char *name)
{
    uint64_t rests_until_us;

    hang_ms = HANG_MS; /* so that the rest is a long one, of 1.9 s */
    while (hang_ms > 0)
        turn();
    rests_until_us = monotonic_us() + 1500 * USEC_PER_MSEC;
    hot_write(hot.in[0], name, "x");
    all_files++;
    atomic_fetch_add(&monotonic_passed_us, hot.conf[0].poll_us);
    run_until(all_are_queued);
    return monotonic_us() < rests_until_us;
}

/* It waited for a walk that rests for 19 twentieths of the time. */
START_TEST(polled_places_are_looked_through_while_a_reconcile_rests)
{
    const char *const names[] = { "a/1.jpg", "a/2.jpg", "a/3.jpg", "a/4.jpg", "a/5.jpg" };
    bool came_in = false;

    if (!inotify_limit_own("max_inotify_watches", "1"))
        return;
    setup();
    all_files = 700;
    hot.conf[0].poll_us = 200 * USEC_PER_MSEC;
    hot.conf[0].rescan_us = USEC_PER_MSEC;
    make_directory("a");
    write_many(all_files);
    enter(false);
    run_until(is_scanned);
    ck_assert_int_eq(watcher_news().watch, FOLDER_MIXED);
    ck_assert_uint_eq(watcher_news().waiting, 0);
    for (size_t i = 0; i < ARRAY_SIZE(names) && !came_in; i++)
        came_in = comes_in_during_a_rest(names[i]);
    ck_assert(came_in);
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

UNIT_MAIN("intake", UNIT_TEST(files_that_were_there_before_come_in),
          UNIT_TEST(what_settles_after_the_first_walk_was_there_before_it),
          UNIT_TEST(what_has_not_settled_at_a_stop_was_there_before_the_next_first_walk),
          UNIT_TEST(what_the_first_walk_found_is_over_when_the_rest_of_it_is_deleted),
          UNIT_TEST(what_a_lost_root_hid_before_it_had_settled_was_there_before),
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
          UNIT_TEST(a_folder_that_is_not_recursive_takes_its_own_files_only),
          UNIT_TEST(a_lost_root_says_so_and_its_return_repeats_nothing),
          UNIT_TEST(a_directory_above_the_root_that_is_moved_away_loses_the_folder_at_once),
          UNIT_TEST(a_root_that_is_missing_at_the_start_is_waited_for),
          UNIT_TEST(another_directory_under_the_roots_name_is_noticed_by_the_next_scan),
          UNIT_TEST(a_root_that_is_unmounted_is_lost_at_once_and_any_disk_brings_it_back),
          UNIT_TEST(a_folder_entered_without_its_disk_is_lost),
          UNIT_TEST(a_disk_mounted_below_the_root_comes_in_and_is_watched),
          UNIT_TEST(a_directory_that_cannot_be_read_is_told_in_the_reason),
          UNIT_ROWS(a_directory_that_could_not_be_read_comes_in_when_it_can, closed),
          UNIT_ROWS(a_directory_that_is_closed_before_its_file_has_settled_comes_in_when_it_is_opened,
                    closed_later),
          UNIT_TEST(a_directory_that_cannot_be_read_is_not_told_of_when_it_is_gone),
          UNIT_TEST(any_number_of_directories_that_could_not_be_read_come_in),
          UNIT_TEST(a_directory_that_cannot_be_read_makes_no_walks_over_others),
          UNIT_TEST(what_cannot_be_read_in_a_polled_place_is_not_told_of_when_it_is_gone),
          UNIT_ROWS(a_polled_file_that_has_another_inode_comes_in_again_only_where_inodes_last, kinds),
          UNIT_TEST(a_polled_folder_finds_files_without_events), UNIT_TEST(a_drained_folder_is_walked_once),
          UNIT_TEST(new_directories_do_not_put_the_next_scan_off),
          UNIT_TEST(a_rescan_finds_what_no_event_told), UNIT_TEST(lost_events_lose_no_files),
          UNIT_TEST(more_files_than_may_wait_at_once_all_come_in),
          UNIT_TEST(the_reconcile_takes_its_twentieth_in_small_pieces),
          UNIT_TEST(past_the_watch_limit_the_rest_is_polled_until_the_limit_is_raised),
          UNIT_TEST(only_what_is_not_watched_is_polled),
          UNIT_TEST(a_hang_of_the_file_system_is_not_counted_as_work_that_asks_for_a_rest),
          UNIT_TEST(places_are_polled_without_spinning_while_a_directory_cannot_be_read),
          UNIT_TEST(polled_places_are_looked_through_while_a_reconcile_rests),
          UNIT_TEST(a_held_file_comes_in_when_its_time_is_over), UNIT_TEST(a_touched_file_is_looked_at_again),
          UNIT_TEST(a_quiet_intake_takes_nothing_in), UNIT_TEST(new_settings_walk_over_everything_again),
          UNIT_TEST(settings_that_change_nothing_of_the_intake_leave_waiting_files_alone),
          UNIT_TEST(a_directory_renamed_to_an_ignored_name_is_not_watched_any_more),
          UNIT_TEST(what_an_unclean_end_left_in_output_is_swept))
