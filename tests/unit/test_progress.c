/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "supervisor/progress.h"

#include "base/clock.h"
#include "unit_main.h"

#include <string.h>

static const struct row {
    struct progress_counts counts;
    unsigned columns;
    const char *wanted;
} rows[] = {
    { { 0, 0, 0, 0 }, 80, "[........................................] 0/0, 0.0/s" },
    { { 5, 0, 10, 10 * USEC_PER_SEC }, 60, "[################................] 5/10, 0.5/s, 10.0 s left" },
    { { 3, 1, 4, 2 * USEC_PER_SEC }, 80, "[########################################] 4/4, 1 failed, 2.0/s" },
    { { 5, 0, 10, 10 * USEC_PER_SEC }, 20, "5/10, 0.5/s, 10.0 s " },
    /* Files that come while it runs: more have ended than were known. */
    { { 9, 0, 4, 3 * USEC_PER_SEC }, 80, "[########################################] 9/4, 3.0/s" },
};

START_TEST(the_bar_says_how_far_it_has_come)
{
    char text[512];

    progress_text(&rows[_i].counts, rows[_i].columns, text, sizeof text);
    ck_assert_uint_le(strlen(text), rows[_i].columns);
    ck_assert_str_eq(text, rows[_i].wanted);
}
END_TEST

UNIT_MAIN("progress", UNIT_ROWS(the_bar_says_how_far_it_has_come, rows))
