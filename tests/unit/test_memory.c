/* SPDX-License-Identifier: GPL-2.0-or-later */
/* How much memory: the machine's, under the limits of control groups. */
#include "base/memory.h"

#include "unit_main.h"

#include <unistd.h>

#define MACHINE (8ULL << 30)

static const struct {
    const char *limit;
    uint64_t wanted;
} limits[] = {
    { "max\n", MACHINE },
    { "1073741824\n", 1ULL << 30 },
    { "9223372036854771712\n", MACHINE },
    { "17179869184\n", MACHINE },
    { "", MACHINE },
    { "0\n", MACHINE },
    { "none of that\n", MACHINE },
};

START_TEST(a_limit_counts_when_it_is_one)
{
    ck_assert_uint_eq(memory_under_limit(MACHINE, limits[_i].limit), limits[_i].wanted);
}
END_TEST

START_TEST(there_is_some_and_no_more_than_the_machine_has)
{
    uint64_t machine = (uint64_t)sysconf(_SC_PHYS_PAGES) * (uint64_t)sysconf(_SC_PAGESIZE);

    ck_assert_uint_gt(memory_usable(), 0);
    ck_assert_uint_le(memory_usable(), machine);
}
END_TEST

UNIT_MAIN("memory", UNIT_ROWS(a_limit_counts_when_it_is_one, limits),
          UNIT_TEST(there_is_some_and_no_more_than_the_machine_has))
