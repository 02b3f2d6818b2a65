/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Amounts as people say them. */
#include "ctl/human.h"

#include "base/cleanup.h"

#include <check.h>
#include <stdint.h>

static const struct {
    uint64_t bytes;
    const char *text;
} sizes[] = {
    { 0, "0 B" },         { 999, "999 B" },        { 1000, "1.0 kB" },           { 999949, "999.9 kB" },
    { 999950, "1.0 MB" }, { 31200000, "31.2 MB" }, { UINT64_MAX, "18446.7 PB" },
};

static const struct {
    uint64_t seconds;
    const char *text;
} durations[] = {
    { 0, "0 s" },          { 59, "59 s" },
    { 60, "1 min 0 s" },   { 200, "3 min 20 s" },
    { 3600, "1 h 0 min" }, { 86399, "23 h 59 min" },
    { 86400, "1 d 0 h" },  { UINT64_MAX, "213503982334601 d 7 h" },
};

static const struct {
    const char *timestamp, *text;
} ages[] = {
    { "2026-01-01T10:00:00.123Z", "0 s" },
    { "2026-01-01T09:59:15Z", "45 s" },
    { "2026-01-01T09:56:40.000Z", "3 min" },
    { "2026-01-01T00:00:00.000Z", "10 h" },
    { "2025-12-20T10:00:00.000Z", "12 d" },
    { "2027-01-01T10:00:00.000Z", "0 s" },
    { "2026-01-01", "-" },
    { "2026-01-01T10:00:00+02:00", "-" },
    { "yesterday", "-" },
    { "", "-" },
    { NULL, "-" },
};

enum { NOW = 1767261600 }; /* 2026-01-01T10:00:00Z */

START_TEST(sizes_are_said_in_powers_of_1000)
{
    ck_assert_str_eq(human_size(sizes[_i].bytes).text, sizes[_i].text);
}
END_TEST

START_TEST(durations_are_said_in_two_units)
{
    ck_assert_str_eq(human_duration(durations[_i].seconds).text, durations[_i].text);
}
END_TEST

START_TEST(ages_are_said_in_one_unit)
{
    ck_assert_str_eq(human_age(ages[_i].timestamp, NOW).text, ages[_i].text);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("ctl_human");
    TCase *tests = tcase_create("human");
    SRunner *runner;
    int failed;

    tcase_add_loop_test(tests, sizes_are_said_in_powers_of_1000, 0, ARRAY_SIZE(sizes));
    tcase_add_loop_test(tests, durations_are_said_in_two_units, 0, ARRAY_SIZE(durations));
    tcase_add_loop_test(tests, ages_are_said_in_one_unit, 0, ARRAY_SIZE(ages));
    suite_add_tcase(suite, tests);
    runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
