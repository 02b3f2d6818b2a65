/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which directories are polled: the top-most ones only. */
#include "supervisor/poll_set.h"

#include "unit_main.h"

#include <stdio.h>
#include <string.h>

static struct poll_set *set;
static char listed[200];

static void list(void *context, const char *path, enum poll_why why)
{
    (void)context, (void)why;
    snprintf(listed + strlen(listed), sizeof listed - strlen(listed), "[%s]", path);
}

static const char *all(void)
{
    listed[0] = '\0';
    poll_set_each(set, list, NULL);
    return listed;
}

START_TEST(what_is_below_a_place_is_covered_and_not_added)
{
    set = poll_set_new();
    ck_assert_int_eq(poll_set_covers(set, "a/b"), POLL_NOT);
    ck_assert_int_eq(poll_set_add(set, "a", POLL_REMOTE), 0);
    ck_assert_int_eq(poll_set_add(set, "a/b", POLL_LIMITED), 0);
    ck_assert_int_eq(poll_set_add(set, "ab", POLL_LIMITED), 0);
    ck_assert_str_eq(all(), "[a][ab]");
    ck_assert_int_eq(poll_set_covers(set, "a/b/c"), POLL_REMOTE);
    ck_assert_int_eq(poll_set_covers(set, "ab"), POLL_LIMITED);
    ck_assert_int_eq(poll_set_covers(set, "abc"), POLL_NOT);
    ck_assert_int_eq(poll_set_covers(set, ""), POLL_NOT);
    ck_assert_uint_eq(poll_set_count(set), 2);
    ck_assert_uint_eq(poll_set_count_why(set, POLL_LIMITED), 1);
    poll_set_free(set);
}
END_TEST

START_TEST(the_root_covers_everything)
{
    set = poll_set_new();
    ck_assert_int_eq(poll_set_add(set, "", POLL_CHOICE), 0);
    ck_assert_int_eq(poll_set_covers(set, "a/b"), POLL_CHOICE);
    poll_set_remove(set, "a");
    ck_assert_str_eq(all(), "[]");
    poll_set_remove(set, "");
    ck_assert_uint_eq(poll_set_count(set), 0);
    ck_assert_str_eq(all(), "");
    poll_set_free(set);
}
END_TEST

START_TEST(a_directory_that_goes_takes_what_is_below_it_along)
{
    set = poll_set_new();
    poll_set_add(set, "a/b", POLL_LIMITED);
    poll_set_add(set, "a/c/d", POLL_LIMITED);
    poll_set_add(set, "a-b", POLL_LIMITED); /* before "a/" in the order of bytes */
    poll_set_add(set, "a0", POLL_LIMITED);  /* and behind it */
    poll_set_add(set, "b", POLL_LIMITED);
    poll_set_remove_below(set, "a");
    ck_assert_str_eq(all(), "[a-b][a0][b]");
    ck_assert_uint_eq(poll_set_count_why(set, POLL_LIMITED), 3);
    poll_set_remove_below(set, "");
    ck_assert_uint_eq(poll_set_count(set), 0);
    poll_set_remove_below(set, "");
    poll_set_free(set);
    poll_set_free(NULL);
}
END_TEST

UNIT_MAIN("poll_set", UNIT_TEST(what_is_below_a_place_is_covered_and_not_added),
          UNIT_TEST(the_root_covers_everything),
          UNIT_TEST(a_directory_that_goes_takes_what_is_below_it_along))
