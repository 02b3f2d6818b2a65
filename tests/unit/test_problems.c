/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The list of problems: refusal in one statement, the text, the limit. */
#include "base/problems.h"

#include "base/cleanup.h"
#include "unit_main.h"

#include <errno.h>
#include <string.h>

START_TEST(problems_are_shown_in_order)
{
    _cleanup_(problems_release) struct problems problems = { 0 };
    _cleanup_free_ char *text = NULL;

    ck_assert_int_eq(problems_add(&problems, "f:1:2", "no %s", "good"), -EINVAL);
    ck_assert_int_eq(problems_add(&problems, "g", "%d%%", 5), -EINVAL);
    text = problems_text(&problems);
    ck_assert_str_eq(text, "f:1:2: no good\ng: 5%\n");
}
END_TEST

START_TEST(no_problems_are_an_empty_text)
{
    struct problems problems = { 0 };
    _cleanup_free_ char *text = problems_text(&problems);

    ck_assert_str_eq(text, "");
}
END_TEST

START_TEST(what_nobody_would_read_is_dropped)
{
    _cleanup_(problems_release) struct problems problems = { 0 };

    for (int i = 0; i < PROBLEMS_MAX + 5; i++)
        ck_assert_int_eq(problems_add(&problems, "f", "%d", i), -EINVAL);
    ck_assert_uint_eq(problems.count, PROBLEMS_MAX);
    ck_assert_str_eq(problems.list[PROBLEMS_MAX - 1].text, "999");
}
END_TEST

START_TEST(a_released_list_can_be_used_again)
{
    struct problems problems = { 0 };

    problems_add(&problems, "f", "x");
    problems_release(&problems);
    ck_assert_uint_eq(problems.count, 0);
    problems_add(&problems, "f", "y");
    ck_assert_str_eq(problems.list[0].text, "y");
    problems_release(&problems);
    problems_release(&problems);
}
END_TEST

UNIT_MAIN("problems", UNIT_TEST(problems_are_shown_in_order), UNIT_TEST(no_problems_are_an_empty_text),
          UNIT_TEST(what_nobody_would_read_is_dropped), UNIT_TEST(a_released_list_can_be_used_again))
