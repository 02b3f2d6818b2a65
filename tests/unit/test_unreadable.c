/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What of a folder cannot be read: told once, and for as long as it is so. */
#include "supervisor/unreadable.h"

#include "unit_main.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

static struct unreadable unreadable;

static const char *reason(void)
{
    static char text[200];

    return unreadable_reason(&unreadable, text, sizeof text);
}

static bool note(const char *path)
{
    return unreadable_note(&unreadable, path, EACCES);
}

START_TEST(what_cannot_be_read_is_news_once)
{
    ck_assert_str_eq(reason(), "");
    ck_assert(note("b"));
    ck_assert(!note("b"));
    ck_assert_str_eq(reason(), "b cannot be read: Permission denied");
    ck_assert(note("a"));
    ck_assert(note("c"));
    ck_assert_str_eq(reason(), "3 directories cannot be read, for instance a: Permission denied");
    ck_assert(!note("c"));
    unreadable_release(&unreadable);
    ck_assert_str_eq(reason(), "");
}
END_TEST

/* One that can be opened, but not read to its end, would be told each time. */
START_TEST(what_fails_again_in_the_walk_that_met_it_is_no_news)
{
    ck_assert(note("a"));
    unreadable_end(&unreadable);
    unreadable_met(&unreadable, "a");
    ck_assert(!note("a"));
    unreadable_end(&unreadable);
    ck_assert_str_eq(reason(), "a cannot be read: Permission denied");
    unreadable_met(&unreadable, "a");
    ck_assert_str_ne(reason(), ""); /* the walk is not over */
    unreadable_end(&unreadable);
    ck_assert_str_eq(reason(), "");
    ck_assert(note("a"));
    unreadable_release(&unreadable);
}
END_TEST

START_TEST(what_a_walk_over_everything_does_not_fail_at_is_forgotten)
{
    note("a");
    note("b");
    unreadable_begin(&unreadable, "");
    note("b");
    unreadable_end(&unreadable);
    ck_assert_str_eq(reason(), "b cannot be read: Permission denied");
    unreadable_release(&unreadable);
}
END_TEST

START_TEST(what_a_walk_over_a_part_does_not_fail_at_is_forgotten_there)
{
    note("a/b");
    note("a/c");
    note("b");
    unreadable_begin(&unreadable, "a");
    note("a/c");
    unreadable_end(&unreadable);
    ck_assert_uint_eq(unreadable.count, 2);
    ck_assert_str_eq(unreadable.places[0].path, "a/c");
    ck_assert_str_eq(unreadable.places[1].path, "b");
    unreadable_release(&unreadable);
}
END_TEST

START_TEST(what_is_gone_is_forgotten_with_all_below_it)
{
    note("a");
    note("a/b");
    note("a/b/c");
    note("a-");
    note("ab");
    unreadable_gone(&unreadable, "a");
    ck_assert_uint_eq(unreadable.count, 2);
    ck_assert_str_eq(unreadable.places[0].path, "a-");
    ck_assert_str_eq(unreadable.places[1].path, "ab");
    unreadable_release(&unreadable);
}
END_TEST

static char touched[100];

static void list(void *context, const char *path)
{
    (void)context;
    snprintf(touched + strlen(touched), sizeof touched - strlen(touched), "[%s]", path);
}

static const char *touch(const char *path)
{
    touched[0] = '\0';
    unreadable_touch(&unreadable, path, list, NULL);
    return touched;
}

/* However often something above them changes. */
START_TEST(what_is_touched_is_to_be_walked_over_once)
{
    note("a/b");
    note("a/c");
    note("ab");
    ck_assert_str_eq(touch("a/b/d"), "");
    ck_assert_str_eq(touch("a"), "[a/b][a/c]");
    ck_assert_str_eq(touch("a"), "");
    ck_assert_str_eq(touch(""), "[ab]");
    note("a/b"); /* it was walked over */
    ck_assert_str_eq(touch(""), "[a/b]");
    unreadable_met(&unreadable, "a/c");
    ck_assert_str_eq(touch("a/c"), "[a/c]");
    unreadable_release(&unreadable);
}
END_TEST

START_TEST(past_the_limit_it_is_known_that_there_are_more)
{
    char path[16];

    for (int i = 0; i <= UNREADABLE_MAX; i++) {
        snprintf(path, sizeof path, "d%04d", UNREADABLE_MAX - i);
        ck_assert(note(path) == (i < UNREADABLE_MAX));
    }
    ck_assert_str_eq(reason(),
                     "more than 1000 directories cannot be read, for instance d0001: Permission denied");
    ck_assert(!unreadable_end(&unreadable));
    unreadable_begin(&unreadable, "d0001");
    ck_assert(unreadable_end(&unreadable)); /* where one can be read, others may be */
    unreadable_gone(&unreadable, "");
    ck_assert_str_eq(reason(), "some directories cannot be read");

    unreadable_begin(&unreadable, "");
    note("d0001");
    ck_assert(!unreadable_end(&unreadable));
    ck_assert_str_eq(reason(), "d0001 cannot be read: Permission denied");
    unreadable_release(&unreadable);
}
END_TEST

START_TEST(a_name_is_shown_safely_and_as_far_as_there_is_room)
{
    char path[400];

    note("a\033[31m");
    ck_assert_str_eq(reason(), "a\\x1b[31m cannot be read: Permission denied");
    unreadable_release(&unreadable);
    memset(path, 'x', sizeof path - 1);
    path[sizeof path - 1] = '\0';
    note(path);
    ck_assert_ptr_nonnull(strstr(reason(), "x cannot be read: Permission denied"));
    unreadable_release(&unreadable);
}
END_TEST

UNIT_MAIN("unreadable", UNIT_TEST(what_cannot_be_read_is_news_once),
          UNIT_TEST(what_fails_again_in_the_walk_that_met_it_is_no_news),
          UNIT_TEST(what_a_walk_over_everything_does_not_fail_at_is_forgotten),
          UNIT_TEST(what_a_walk_over_a_part_does_not_fail_at_is_forgotten_there),
          UNIT_TEST(what_is_gone_is_forgotten_with_all_below_it),
          UNIT_TEST(what_is_touched_is_to_be_walked_over_once),
          UNIT_TEST(past_the_limit_it_is_known_that_there_are_more),
          UNIT_TEST(a_name_is_shown_safely_and_as_far_as_there_is_room))
