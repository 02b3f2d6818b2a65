/* SPDX-License-Identifier: GPL-2.0-or-later */
/* When a file has settled. Times are given: T0 monotonic, R0 on the wall. */
#include "supervisor/settle.h"

#include "unit_main.h"

#include <errno.h>
#include <stdio.h>

#define SETTLE (2 * USEC_PER_SEC)
#define T0 (1000 * USEC_PER_SEC)
#define R0 (1700000000 * USEC_PER_SEC)
#define R0_NS ((int64_t)(R0 * NSEC_PER_USEC))

static struct settle *settle;

static void setup(uint64_t settle_us)
{
    settle = settle_new(settle_us);
    ck_assert_ptr_nonnull(settle);
}

/* A file of @size bytes last changed @ago_us before R0 (negative: after). */
static struct version changed(int64_t size, int64_t ago_us)
{
    int64_t time = R0_NS - ago_us * (int64_t)NSEC_PER_USEC;

    return (struct version){ .inode = 1, .size = size, .mtime_ns = time, .ctime_ns = time };
}

/* The path that is due at T0 + @after_us, or NULL. */
static const char *due(uint64_t after_us)
{
    struct settle_file file;

    return settle_due(settle, T0 + after_us, &file) ? file.path : NULL;
}

static enum settle_verdict look(const char *path, const struct version *version, uint64_t after_us)
{
    return settle_look(settle, path, version, T0 + after_us, R0 + after_us);
}

START_TEST(a_touched_file_is_due_after_the_settle_time)
{
    setup(SETTLE);
    ck_assert_uint_eq(settle_next_us(settle), USEC_INFINITY);
    ck_assert_int_eq(settle_touch(settle, "a", T0, 0), 0);
    ck_assert(settle_has(settle, "a"));
    ck_assert_uint_eq(settle_count(settle), 1);
    ck_assert_uint_eq(settle_next_us(settle), T0 + SETTLE);
    ck_assert_ptr_null(due(SETTLE - 1));
    ck_assert_str_eq(due(SETTLE), "a");
    settle_free(settle);
}
END_TEST

/* Contract, rule 2: visible with its age. */
START_TEST(the_age_is_that_of_the_file_first_seen)
{
    setup(SETTLE);
    ck_assert_uint_eq(settle_oldest_us(settle), 0);
    settle_touch(settle, "a", T0, 0);
    settle_touch(settle, "b", T0 + 5, 0);
    settle_touch(settle, "a", T0 + 9, 0);
    ck_assert_uint_eq(settle_oldest_us(settle), T0);
    settle_forget(settle, "a");
    ck_assert_uint_eq(settle_oldest_us(settle), T0 + 5);
    settle_forget(settle, "b");
    ck_assert_uint_eq(settle_oldest_us(settle), 0);
    settle_free(settle);
}
END_TEST

/* Contract, rule 1: vfat and polled mounts. It never settled while its inode kept changing. */
START_TEST(a_file_whose_inode_changes_by_itself_settles_by_size_and_mtime)
{
    struct version first = changed(5, -1000000000), second = first;

    setup(SETTLE); /* an mtime in our future: only two equal looks help */
    second.inode = 77;
    settle_touch(settle, "a", T0, 0);
    first = version_coarse(first);
    second = version_coarse(second);
    ck_assert_int_eq(look("a", &first, SETTLE), SETTLE_WAIT);
    ck_assert_int_eq(look("a", &second, 2 * SETTLE), SETTLE_READY);
    settle_free(settle);
}
END_TEST

START_TEST(every_event_arms_the_timer_again)
{
    setup(SETTLE);
    for (uint64_t i = 0; i < 10; i++) {
        settle_touch(settle, "a", T0 + i * USEC_PER_SEC, 0);
        ck_assert_ptr_null(due(i * USEC_PER_SEC + SETTLE - 1));
    }
    ck_assert_uint_eq(settle_count(settle), 1);
    ck_assert_str_eq(due(9 * USEC_PER_SEC + SETTLE), "a");
    settle_free(settle);
}
END_TEST

START_TEST(a_file_that_is_old_at_first_sight_has_settled)
{
    struct version old = changed(1, 10 * (int64_t)USEC_PER_SEC);

    setup(SETTLE);
    ck_assert(settle_is_old(settle, &old, R0));
    settle_touch(settle, "a", T0, T0);
    ck_assert_int_eq(look("a", &old, 0), SETTLE_READY);
    ck_assert(!settle_has(settle, "a"));
    ck_assert_uint_eq(settle_count(settle), 0);
    settle_free(settle);
}
END_TEST

START_TEST(age_is_counted_from_the_later_of_mtime_and_ctime)
{
    struct version version = changed(1, 10 * (int64_t)USEC_PER_SEC);

    setup(SETTLE);
    version.ctime_ns = R0_NS; /* a copy that kept its mtime: cp -p, rsync -t */
    ck_assert(!settle_is_old(settle, &version, R0));
    ck_assert(!settle_is_old(settle, &version, R0 + SETTLE - 1));
    ck_assert(settle_is_old(settle, &version, R0 + SETTLE));
    settle_free(settle);
}
END_TEST

START_TEST(an_mtime_in_the_future_settles_when_it_was_seen_twice)
{
    struct version version = changed(1, -3600 * (int64_t)USEC_PER_SEC);

    setup(SETTLE);
    ck_assert(!settle_is_old(settle, &version, R0));
    settle_touch(settle, "a", T0, 0);
    ck_assert_int_eq(look("a", &version, SETTLE), SETTLE_WAIT);
    ck_assert_ptr_null(due(2 * SETTLE - 1));
    ck_assert_str_eq(due(2 * SETTLE), "a");
    ck_assert_int_eq(look("a", &version, 2 * SETTLE), SETTLE_READY);
    settle_free(settle);
}
END_TEST

/* Each scan looked at it twice again: 33,000 of them kept others from ever being looked at. */
START_TEST(an_mtime_in_the_future_says_nothing_when_the_ctime_is_old)
{
    struct version version = changed(1, -3600 * (int64_t)USEC_PER_SEC);

    setup(SETTLE);
    version.ctime_ns = R0_NS;
    ck_assert(!settle_is_old(settle, &version, R0 + SETTLE - 1));
    ck_assert(settle_is_old(settle, &version, R0 + SETTLE));
    version.ctime_ns = 0; /* not known: a file system without one */
    ck_assert(!settle_is_old(settle, &version, R0 + SETTLE));
    settle_free(settle);
}
END_TEST

START_TEST(a_file_that_grew_between_two_looks_waits_on)
{
    setup(SETTLE);
    settle_touch(settle, "a", T0, 0);
    for (int64_t i = 1; i < 6; i++) {
        struct version version = changed(i, -3600 * (int64_t)USEC_PER_SEC);

        ck_assert_int_eq(look("a", &version, (uint64_t)i * SETTLE), SETTLE_WAIT);
    }
    ck_assert(settle_has(settle, "a"));
    settle_free(settle);
}
END_TEST

/* As a scanner does that writes a page anew. */
START_TEST(a_file_of_the_same_size_that_was_written_between_two_looks_waits_on)
{
    setup(SETTLE);
    settle_touch(settle, "a", T0, 0);
    for (int64_t i = 1; i < 6; i++) {
        struct version version = changed(1, -(3600 + i) * (int64_t)USEC_PER_SEC);

        ck_assert_int_eq(look("a", &version, (uint64_t)i * SETTLE), SETTLE_WAIT);
    }
    settle_free(settle);
}
END_TEST

START_TEST(an_event_between_two_equal_looks_makes_the_first_count_no_more)
{
    struct version version = changed(1, -3600 * (int64_t)USEC_PER_SEC);

    setup(SETTLE);
    settle_touch(settle, "a", T0, 0);
    ck_assert_int_eq(look("a", &version, SETTLE), SETTLE_WAIT);
    settle_touch(settle, "a", T0 + SETTLE + 1, 0);
    ck_assert_int_eq(look("a", &version, 2 * SETTLE + 1), SETTLE_WAIT);
    ck_assert_int_eq(look("a", &version, 3 * SETTLE + 1), SETTLE_READY);
    settle_free(settle);
}
END_TEST

START_TEST(without_a_settle_time_a_look_is_enough)
{
    struct version version = changed(1, -3600 * (int64_t)USEC_PER_SEC);

    setup(0);
    settle_touch(settle, "a", T0, 0);
    ck_assert_str_eq(due(0), "a");
    ck_assert_int_eq(look("a", &version, 0), SETTLE_READY);
    settle_free(settle);
}
END_TEST

START_TEST(a_due_time_that_is_given_counts_instead)
{
    setup(SETTLE);
    settle_touch(settle, "a", T0, T0 + 10);
    ck_assert_uint_eq(settle_next_us(settle), T0 + 10);
    settle_touch(settle, "a", T0 + 5, T0 + 7); /* sooner is possible too: it was closed */
    ck_assert_uint_eq(settle_next_us(settle), T0 + 7);
    settle_free(settle);
}
END_TEST

START_TEST(a_held_file_is_left_alone_whatever_happens_to_it)
{
    setup(SETTLE);
    ck_assert_int_eq(settle_hold(settle, "a", T0, T0 + 60 * USEC_PER_SEC), 0);
    ck_assert(settle_has(settle, "a"));
    settle_touch(settle, "a", T0 + 1, 0);
    settle_touch(settle, "a", T0 + 2, T0 + 3);
    ck_assert_ptr_null(due(60 * USEC_PER_SEC - 1));
    ck_assert_str_eq(due(60 * USEC_PER_SEC), "a");
    settle_touch(settle, "a", T0 + 59 * USEC_PER_SEC, 0); /* but a later event counts as ever */
    ck_assert_uint_eq(settle_next_us(settle), T0 + 61 * USEC_PER_SEC);
    settle_free(settle);
}
END_TEST

/* An upload that goes on after it stalled was left alone for the rest of a minute when it was complete. */
START_TEST(a_held_file_that_is_finished_is_looked_at_after_the_settle_time)
{
    setup(SETTLE);
    settle_hold(settle, "a", T0, T0 + 60 * USEC_PER_SEC);
    settle_touch(settle, "a", T0 + USEC_PER_SEC, 0);
    ck_assert_uint_eq(settle_next_us(settle), T0 + 60 * USEC_PER_SEC);
    settle_lift(settle, "a");
    settle_touch(settle, "a", T0 + USEC_PER_SEC, 0);
    ck_assert_uint_eq(settle_next_us(settle), T0 + USEC_PER_SEC + SETTLE);
    settle_lift(settle, "unknown");
    settle_free(settle);
}
END_TEST

START_TEST(a_waiting_file_can_be_held)
{
    setup(SETTLE);
    settle_touch(settle, "a", T0, 0);
    settle_touch(settle, "b", T0, 0);
    settle_hold(settle, "a", T0, T0 + 60 * USEC_PER_SEC);
    ck_assert_uint_eq(settle_count(settle), 2);
    ck_assert_str_eq(due(SETTLE), "b");
    settle_forget(settle, "b");
    ck_assert_ptr_null(due(SETTLE));
    settle_free(settle);
}
END_TEST

START_TEST(files_come_in_the_order_in_which_they_are_due)
{
    static const struct {
        const char *path;
        uint64_t due;
    } touches[] = { { "c", 30 }, { "a", 10 }, { "e", 50 }, { "b", 20 }, { "d", 40 }, { "a2", 10 } };
    static const char *const wanted[] = { "a", "a2", "b", "c", "d", "e" };

    setup(SETTLE);
    for (size_t i = 0; i < sizeof touches / sizeof *touches; i++)
        settle_touch(settle, touches[i].path, T0, T0 + touches[i].due);
    for (size_t i = 0; i < sizeof wanted / sizeof *wanted; i++) {
        ck_assert_str_eq(due(100), wanted[i]);
        settle_forget(settle, wanted[i]);
    }
    ck_assert_ptr_null(due(100));
    ck_assert_uint_eq(settle_next_us(settle), USEC_INFINITY);
    settle_free(settle);
}
END_TEST

static const struct {
    const char *directory;
    size_t left;
    const char *gone, *kept;
} forgotten[] = {
    { "d", 3, "d/e/x", "d-2/x" }, { "d/e", 5, "d/e/x", "d/x" }, { "d/x", 5, "d/x", "d/e/x" },
    { "", 0, "a", NULL },         { "nothing", 6, NULL, "a" },  { "d/", 6, NULL, "d/x" },
};

START_TEST(what_is_below_a_directory_is_forgotten_with_it)
{
    static const char *const paths[] = { "a", "d", "d/x", "d/e/x", "d-2/x", "dd" };

    setup(SETTLE);
    for (size_t i = 0; i < sizeof paths / sizeof *paths; i++)
        settle_touch(settle, paths[i], T0, 0);
    settle_forget_below(settle, forgotten[_i].directory);
    ck_assert_uint_eq(settle_count(settle), forgotten[_i].left);
    ck_assert(!forgotten[_i].gone || !settle_has(settle, forgotten[_i].gone));
    ck_assert(!forgotten[_i].kept || settle_has(settle, forgotten[_i].kept));
    settle_free(settle);
}
END_TEST

START_TEST(a_slow_file_is_said_to_be_slow_once_and_never_given_up)
{
    struct settle_file file;
    struct version version;
    uint64_t after = 0;
    int said = 0;

    setup(SETTLE);
    settle_touch(settle, "a", T0, T0);
    for (int64_t size = 0; size < 500; size++, after += SETTLE) {
        ck_assert(settle_due(settle, T0 + after, &file));
        ck_assert_uint_eq(file.since_us, T0);
        ck_assert_msg(!file.slow || after >= 300 * USEC_PER_SEC, "slow after %lu us", after);
        said += file.slow;
        version = changed(size, -(int64_t)after); /* just now */
        ck_assert_int_eq(look("a", &version, after), SETTLE_WAIT);
    }
    ck_assert_int_eq(said, 1);
    ck_assert_str_eq(due(after), "a");
    ck_assert_int_eq(look("a", &version, after), SETTLE_READY);
    settle_free(settle);
}
END_TEST

START_TEST(a_file_that_was_forgotten_is_not_ready)
{
    struct version old = changed(1, 10 * (int64_t)USEC_PER_SEC);

    setup(SETTLE);
    settle_forget(settle, "a");
    ck_assert_int_eq(look("a", &old, 0), SETTLE_WAIT);
    settle_free(settle);
    settle_free(NULL);
}
END_TEST

START_TEST(a_new_settle_time_is_for_what_is_touched_from_now_on)
{
    setup(SETTLE);
    settle_touch(settle, "a", T0, 0);
    settle_set_time(settle, 5 * SETTLE);
    settle_touch(settle, "b", T0, 0);
    ck_assert_str_eq(due(SETTLE), "a");
    settle_forget(settle, "a");
    ck_assert_ptr_null(due(5 * SETTLE - 1));
    ck_assert_str_eq(due(5 * SETTLE), "b");
    settle_free(settle);
}
END_TEST

START_TEST(more_files_than_there_is_room_for_are_left_to_a_later_scan)
{
    char path[32];

    setup(SETTLE);
    for (size_t i = 0; i < SETTLE_FILES_MAX; i++) {
        snprintf(path, sizeof path, "%zu", i);
        ck_assert_int_eq(settle_touch(settle, path, T0, 0), 0);
    }
    ck_assert_int_eq(settle_touch(settle, "more", T0, 0), -ENOSPC);
    ck_assert_int_eq(settle_hold(settle, "more", T0, T0 + 1), -ENOSPC);
    ck_assert(!settle_has(settle, "more"));
    ck_assert_uint_eq(settle_count(settle), SETTLE_FILES_MAX);
    ck_assert_int_eq(settle_touch(settle, "17", T0 + 1, 0), 0); /* of those that wait nothing is lost */
    settle_forget(settle, "0");
    ck_assert_int_eq(settle_touch(settle, "more", T0 + 1, 0), 0);
    settle_free(settle);
}
END_TEST

UNIT_MAIN("settle", UNIT_TEST(a_touched_file_is_due_after_the_settle_time),
          UNIT_TEST(the_age_is_that_of_the_file_first_seen),
          UNIT_TEST(a_file_whose_inode_changes_by_itself_settles_by_size_and_mtime),
          UNIT_TEST(every_event_arms_the_timer_again),
          UNIT_TEST(a_file_that_is_old_at_first_sight_has_settled),
          UNIT_TEST(age_is_counted_from_the_later_of_mtime_and_ctime),
          UNIT_TEST(an_mtime_in_the_future_settles_when_it_was_seen_twice),
          UNIT_TEST(an_mtime_in_the_future_says_nothing_when_the_ctime_is_old),
          UNIT_TEST(a_file_that_grew_between_two_looks_waits_on),
          UNIT_TEST(a_file_of_the_same_size_that_was_written_between_two_looks_waits_on),
          UNIT_TEST(an_event_between_two_equal_looks_makes_the_first_count_no_more),
          UNIT_TEST(without_a_settle_time_a_look_is_enough),
          UNIT_TEST(a_due_time_that_is_given_counts_instead),
          UNIT_TEST(a_held_file_is_left_alone_whatever_happens_to_it), UNIT_TEST(a_waiting_file_can_be_held),
          UNIT_TEST(a_held_file_that_is_finished_is_looked_at_after_the_settle_time),
          UNIT_TEST(files_come_in_the_order_in_which_they_are_due),
          UNIT_ROWS(what_is_below_a_directory_is_forgotten_with_it, forgotten),
          UNIT_TEST(a_slow_file_is_said_to_be_slow_once_and_never_given_up),
          UNIT_TEST(a_file_that_was_forgotten_is_not_ready),
          UNIT_TEST(a_new_settle_time_is_for_what_is_touched_from_now_on),
          UNIT_TEST(more_files_than_there_is_room_for_are_left_to_a_later_scan))
