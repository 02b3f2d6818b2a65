/* SPDX-License-Identifier: GPL-2.0-or-later */
/* unit_main - the main() of a unit test: one suite from a list of tests, each of them once or once a table row.
 *
 *     UNIT_MAIN("ini", UNIT_ROWS(a_good_text_is_read, good_texts), UNIT_TEST(a_line_may_be_continued))
 *
 * A test of UNIT_ROWS finds the row's number in `_i`. Each runs in a process of its own unless CK_FORK=no; then the first
 * that fails is the last. */
#ifndef DARKROOM_TESTS_UNIT_MAIN_H
#define DARKROOM_TESTS_UNIT_MAIN_H

#include <check.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdlib.h>
#include <unistd.h>

enum { UNIT_TIMEOUT_S = 300 }; /* a test: it ends what hangs, on the slowest of machines with a sanitizer */

struct unit_test {
    const TTest *test;
    size_t rows;
};

#define UNIT_TEST(name) ((struct unit_test){ (name), 1 })
#define UNIT_ROWS(name, table) ((struct unit_test){ (name), sizeof(table) / sizeof((table)[0]) })

#define UNIT_MAIN(name, ...)                                                                                 \
    int main(void)                                                                                           \
    {                                                                                                        \
        const struct unit_test tests[] = { __VA_ARGS__ };                                                    \
                                                                                                             \
        return unit_main((name), tests, sizeof tests / sizeof tests[0]);                                     \
    }

static bool unit_main_has_ended;

/* A test that leaves has not passed. */
static inline void unit_main_expect_end(void)
{
    if (!unit_main_has_ended)
        _exit(EXIT_FAILURE);
}

/* Runs @tests, and @killed, each of which has to end by @signal (not with CK_FORK=no: that would be us). */
static inline int unit_main_signal(const char *name, const struct unit_test *tests, size_t count,
                                   const struct unit_test *killed, size_t killed_count, int signal)
{
    Suite *suite = suite_create(name);
    TCase *cases = tcase_create(name);
    SRunner *runner = srunner_create(suite);
    int failed;

    tcase_set_timeout(cases, UNIT_TIMEOUT_S);
    for (size_t i = 0; i < count; i++)
        tcase_add_loop_test(cases, tests[i].test, 0, (int)tests[i].rows);
    for (size_t i = 0; i < killed_count && srunner_fork_status(runner) == CK_FORK; i++)
        tcase_add_loop_test_raise_signal(cases, killed[i].test, signal, 0, (int)killed[i].rows);
    suite_add_tcase(suite, cases);

    if (srunner_fork_status(runner) == CK_NOFORK)
        atexit(unit_main_expect_end);
    srunner_run_all(runner, CK_NORMAL);
    unit_main_has_ended = true;
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed > 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}

static inline int unit_main(const char *name, const struct unit_test *tests, size_t count)
{
    return unit_main_signal(name, tests, count, NULL, 0, 0);
}

#endif
