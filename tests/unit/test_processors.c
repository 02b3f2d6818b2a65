/* SPDX-License-Identifier: GPL-2.0-or-later */
/* How many processors: quotas, and the affinity of this process. */
#include "base/processors.h"

#include "unit_main.h"

#include <limits.h>
#include <sched.h>

static const struct {
    unsigned available;
    long long quota_us, period_us;
    unsigned wanted;
} quotas[] = {
    { 8, 200000, 100000, 2 }, { 8, 150000, 100000, 2 },  { 8, 100000, 100000, 1 }, { 8, 1000, 100000, 1 },
    { 8, 800001, 100000, 8 }, { 8, 9000000, 100000, 8 }, { 8, LLONG_MAX, 1, 8 },   { 1, 200000, 100000, 1 },
    { 8, -1, 100000, 8 },     { 8, 0, 100000, 8 },       { 8, 100000, 0, 8 },      { 8, 100000, -1, 8 },
};

START_TEST(a_quota_is_rounded_up_and_never_adds_any)
{
    ck_assert_uint_eq(processors_under_quota(quotas[_i].available, quotas[_i].quota_us, quotas[_i].period_us),
                      quotas[_i].wanted);
}
END_TEST

START_TEST(there_is_at_least_one_and_no_more_than_the_affinity_allows)
{
    cpu_set_t set;
    int cpu = sched_getcpu();

    ck_assert_uint_ge(processors_usable(), 1);
    ck_assert_int_eq(sched_getaffinity(0, sizeof set, &set), 0);
    ck_assert_uint_le(processors_usable(), (unsigned)CPU_COUNT(&set));

    CPU_ZERO(&set);
    CPU_SET(cpu, &set);
    ck_assert_int_eq(sched_setaffinity(0, sizeof set, &set), 0);
    ck_assert_uint_eq(processors_usable(), 1);
}
END_TEST

UNIT_MAIN("processors", UNIT_ROWS(a_quota_is_rounded_up_and_never_adds_any, quotas),
          UNIT_TEST(there_is_at_least_one_and_no_more_than_the_affinity_allows))
