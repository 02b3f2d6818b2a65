/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The walks over a folder: what cannot be read, scanning again, polling, and file systems that hang or fail; by way of
 * the intake that has them. */
#include "supervisor/walks.h"

#include "base/cleanup.h"
#include "inotify_limit.h"
#include "intake_stand.h"
#include "overflow.h"
#include "supervisor/settle.h"
#include "supervisor/unreadable.h"
#include "unit_main.h"

#include <errno.h>
#include <linux/capability.h>
#include <linux/magic.h>
#include <sched.h>
#include <sys/statfs.h>
#include <sys/syscall.h>

enum { MANY_CLOSED = UNREADABLE_MAX + 10 }; /* directories */

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

/* ---- what cannot be read ---- */

static bool has_no_reason(void)
{
    return watcher_news().reason[0] == '\0';
}

static bool one_is_waiting(void)
{
    return watcher_news().waiting == 1;
}

static bool one_of_each_is_queued(void)
{
    return news.folders[0].queued == MANY_CLOSED;
}

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

/* Writes @name to a polled place while the reconcile rests. True when it came in before that has ended; on a busy
 * machine it may end too early. */
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

UNIT_MAIN("walks", UNIT_TEST(a_directory_that_cannot_be_read_is_told_in_the_reason),
          UNIT_ROWS(a_directory_that_could_not_be_read_comes_in_when_it_can, closed),
          UNIT_ROWS(a_directory_that_is_closed_before_its_file_has_settled_comes_in_when_it_is_opened,
                    closed_later),
          UNIT_TEST(a_directory_that_cannot_be_read_is_not_told_of_when_it_is_gone),
          UNIT_TEST(any_number_of_directories_that_could_not_be_read_come_in),
          UNIT_TEST(a_directory_that_cannot_be_read_makes_no_walks_over_others),
          UNIT_TEST(what_cannot_be_read_in_a_polled_place_is_not_told_of_when_it_is_gone),
          UNIT_TEST(a_polled_folder_finds_files_without_events),
          UNIT_ROWS(a_polled_file_that_has_another_inode_comes_in_again_only_where_inodes_last, kinds),
          UNIT_TEST(a_drained_folder_is_walked_once), UNIT_TEST(new_directories_do_not_put_the_next_scan_off),
          UNIT_TEST(a_rescan_finds_what_no_event_told), UNIT_TEST(lost_events_lose_no_files),
          UNIT_TEST(more_files_than_may_wait_at_once_all_come_in),
          UNIT_TEST(the_reconcile_takes_its_twentieth_in_small_pieces),
          UNIT_TEST(past_the_watch_limit_the_rest_is_polled_until_the_limit_is_raised),
          UNIT_TEST(only_what_is_not_watched_is_polled),
          UNIT_TEST(a_hang_of_the_file_system_is_not_counted_as_work_that_asks_for_a_rest),
          UNIT_TEST(places_are_polled_without_spinning_while_a_directory_cannot_be_read),
          UNIT_TEST(polled_places_are_looked_through_while_a_reconcile_rests))
