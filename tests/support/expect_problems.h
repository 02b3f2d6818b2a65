/* SPDX-License-Identifier: GPL-2.0-or-later */
/* expect_problems - what a refused configuration has to say, as text: "FILE:LINE:COLUMN: MESSAGE" lines. */
#ifndef DARKROOM_TESTS_EXPECT_PROBLEMS_H
#define DARKROOM_TESTS_EXPECT_PROBLEMS_H

#include "base/cleanup.h"
#include "base/problems.h"

#include <check.h>
#include <string.h>

/* Exactly one problem, which contains @wanted; @name is the case's. */
static inline void expect_problem(const char *name, const struct problems *problems, const char *wanted)
{
    _cleanup_free_ char *text = problems_text(problems);

    ck_assert_msg(problems->count == 1 && strstr(text, wanted),
                  "%s: wanted one problem with \"%s\", got %zu:\n%s", name, wanted, problems->count, text);
}

static inline void expect_no_problem(const char *name, const struct problems *problems)
{
    _cleanup_free_ char *text = problems_text(problems);

    ck_assert_msg(problems->count == 0, "%s: wanted no problem, got:\n%s", name, text);
}

#endif
