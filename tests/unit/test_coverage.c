/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which directories are watched and which are polled; the limits are those of a user namespace of the test's own. */
#include "supervisor/coverage.h"

#include "base/cleanup.h"
#include "base/log.h"
#include "hot_folders.h"
#include "inotify_limit.h"
#include "unit_main.h"

#include <errno.h>
#include <sys/statfs.h>
#include <sys/syscall.h>

/* Instead of libc's, so that it can fail. */
static bool statfs_fails;

int fstatfs(int fd, struct statfs *ret)
{
    if (statfs_fails) {
        errno = EIO;
        return -1;
    }
    return (int)syscall(SYS_fstatfs, fd, ret);
}

static struct hot_folders hot;
static struct coverage *coverage;
static struct kernel_settings kernel;
static char logged[2000];
static size_t log_lines;

static void note_log(int level, uint64_t job, const char *text)
{
    (void)level, (void)job;
    log_lines++;
    snprintf(logged, sizeof logged, "%s", text);
}

static void setup(bool once)
{
    log_setup(note_log, LOG_NOTICE);
    kernel = (struct kernel_settings){ .max_user_watches = 1234, .max_user_instances = 56 };
    hot_open(&hot, 1, HOT_RECIPE);
    coverage = coverage_new("f0", &kernel, once);
    coverage_start(coverage, &hot.conf[0]);
    for (const char *const *name = (const char *const[]){ "a", "a/b", "c", NULL }; *name; name++)
        ck_assert_int_eq(mkdir(hot_path(hot.in[0], *name), 0755), 0);
}

static void teardown(void)
{
    coverage_free(coverage);
    hot_close(&hot);
}

static bool meet(const char *path, enum walk walk)
{
    _cleanup_close_ int fd = open(hot_path(hot.in[0], path), O_PATH | O_DIRECTORY | O_CLOEXEC);

    ck_assert_int_ge(fd, 0);
    return coverage_meet(coverage, path, fd, walk);
}

static void walk_all(void)
{
    coverage_begin_all(coverage);
    ck_assert(meet("", WALK_ALL));
    ck_assert(meet("a", WALK_ALL));
    ck_assert(meet("a/b", WALK_ALL));
    ck_assert(meet("c", WALK_ALL));
    coverage_end_all(coverage);
}

static const char *reason(void)
{
    static char buffer[WATCHER_REASON_MAX];

    return coverage_reason(coverage, buffer, sizeof buffer);
}

START_TEST(local_directories_are_watched)
{
    setup(false);
    walk_all();
    ck_assert_int_eq(coverage_watch(coverage), FOLDER_INOTIFY);
    ck_assert_uint_eq(poll_set_count(coverage_polled(coverage)), 0);
    ck_assert_uint_eq(watch_tree_count(coverage_tree(coverage)), 4);
    ck_assert_str_eq(reason(), "");
    ck_assert_uint_eq(log_lines, 0);
    ck_assert(!meet("a", WALK_POLL)); /* nothing to look for there */
    teardown();
}
END_TEST

START_TEST(polling_may_be_chosen)
{
    setup(false);
    hot.conf[0].watch = WATCH_POLL;
    walk_all();
    ck_assert_int_eq(coverage_watch(coverage), FOLDER_POLL);
    ck_assert_uint_eq(poll_set_count(coverage_polled(coverage)), 1);
    ck_assert_ptr_null(coverage_tree(coverage));
    ck_assert(meet("a", WALK_POLL));
    ck_assert_str_eq(reason(), "");
    teardown();
}
END_TEST

START_TEST(one_walk_needs_neither)
{
    setup(true);
    walk_all();
    ck_assert_ptr_null(coverage_tree(coverage));
    ck_assert_uint_eq(poll_set_count(coverage_polled(coverage)), 0);
    teardown();
}
END_TEST

/* Contract, rule 9. */
START_TEST(past_the_watch_limit_the_topmost_rest_is_polled_until_the_limit_is_raised)
{
    if (!inotify_limit_own("max_inotify_watches", "2"))
        return;
    setup(false);
    walk_all();
    ck_assert_int_eq(coverage_watch(coverage), FOLDER_MIXED);
    ck_assert_int_eq(poll_set_covers(coverage_polled(coverage), "a/b"), POLL_LIMITED);
    ck_assert_int_eq(poll_set_covers(coverage_polled(coverage), "a"), POLL_NOT);
    ck_assert_str_eq(reason(),
                     "fs.inotify.max_user_watches (1234) is reached: 2 of 4 directories are watched, "
                     "the rest is polled");
    ck_assert_uint_eq(log_lines, 1);
    ck_assert_msg(strstr(logged, "of 4 directories only 2 are watched") &&
                      strstr(logged, "the limit is 1234") &&
                      strstr(logged, "sysctl fs.inotify.max_user_watches=8192"),
                  "%s", logged);
    walk_all();
    ck_assert_uint_eq(log_lines, 1); /* once */

    ck_assert(inotify_limit_set("max_inotify_watches", "100"));
    ck_assert(meet("c", WALK_POLL)); /* polling tries nothing */
    ck_assert_int_eq(poll_set_covers(coverage_polled(coverage), "c"), POLL_LIMITED);
    ck_assert_int_eq(mkdir(hot_path(hot.in[0], "a/b/d"), 0755), 0);
    ck_assert(meet("a/b/d", WALK_ALL)); /* nor does any walk below what is polled */
    ck_assert(!watch_tree_has(coverage_tree(coverage), "a/b/d"));
    ck_assert_int_eq(coverage_watch(coverage), FOLDER_MIXED);
    walk_all();
    ck_assert_int_eq(coverage_watch(coverage), FOLDER_INOTIFY);
    ck_assert_str_eq(reason(), "");
    ck_assert_uint_eq(log_lines, 2);
    teardown();
}
END_TEST

static const struct {
    int limit;
    const char *advice;
} advices[] = {
    { 0, "=8192" }, /* not known */
    { 8190, "=8192" },
    { 8191, "=16384" },
    { 500000, "=524288" },
};

/* Two of four are watched. */
START_TEST(the_limit_that_is_advised_is_the_next_power_of_two_with_room_for_the_rest)
{
    const char *end;

    if (!inotify_limit_own("max_inotify_watches", "2"))
        return;
    setup(false);
    kernel.max_user_watches = advices[_i].limit;
    walk_all();
    end = strrchr(logged, '=');
    ck_assert_msg(end && strcmp(end, advices[_i].advice) == 0, "%s", logged);
    teardown();
}
END_TEST

START_TEST(without_an_instance_all_is_polled_until_there_is_one)
{
    if (!inotify_limit_own("max_inotify_instances", "0"))
        return;
    setup(false);
    walk_all();
    ck_assert_int_eq(coverage_watch(coverage), FOLDER_POLL);
    ck_assert_int_eq(poll_set_covers(coverage_polled(coverage), "c"), POLL_LIMITED);
    ck_assert_uint_eq(poll_set_count(coverage_polled(coverage)), 1);
    ck_assert_str_eq(reason(), "fs.inotify.max_user_instances (56) is reached: all of it is polled");
    ck_assert_uint_eq(log_lines, 1);
    ck_assert_msg(strstr(logged, "fs.inotify.max_user_instances=112"), "%s", logged);
    walk_all();
    ck_assert_uint_eq(log_lines, 1);
    ck_assert(inotify_limit_set("max_inotify_instances", "10"));
    walk_all();
    ck_assert_int_eq(coverage_watch(coverage), FOLDER_INOTIFY);
    ck_assert_str_eq(reason(), "");
    teardown();
}
END_TEST

START_TEST(what_was_mounted_over_is_met_anew)
{
    setup(false);
    walk_all();
    coverage_forget(coverage, "a");
    ck_assert_uint_eq(watch_tree_count(coverage_tree(coverage)), 2);
    ck_assert(meet("a", WALK_NEW));
    ck_assert(meet("a/b", WALK_NEW));
    ck_assert_uint_eq(watch_tree_count(coverage_tree(coverage)), 4);
    teardown();
}
END_TEST

/* All of a local folder was polled until the next start. */
START_TEST(a_file_system_that_could_not_be_told_once_is_asked_again)
{
    setup(false);
    statfs_fails = true;
    walk_all();
    ck_assert_int_eq(coverage_watch(coverage), FOLDER_POLL);
    statfs_fails = false;
    walk_all();
    ck_assert_int_ne(coverage_watch(coverage), FOLDER_POLL);
    teardown();
}
END_TEST

UNIT_MAIN("coverage", UNIT_TEST(a_file_system_that_could_not_be_told_once_is_asked_again),
          UNIT_TEST(local_directories_are_watched), UNIT_TEST(polling_may_be_chosen),
          UNIT_TEST(one_walk_needs_neither),
          UNIT_TEST(past_the_watch_limit_the_topmost_rest_is_polled_until_the_limit_is_raised),
          UNIT_ROWS(the_limit_that_is_advised_is_the_next_power_of_two_with_room_for_the_rest, advices),
          UNIT_TEST(without_an_instance_all_is_polled_until_there_is_one),
          UNIT_TEST(what_was_mounted_over_is_met_anew))
