/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Whose turn it is. */
#include "supervisor/turns.h"

#include "unit_main.h"

#include <stdlib.h>
#include <string.h>

enum { MOST = 4, ROUNDS = 1000 };

#define START_US (1000 * USEC_PER_SEC)

/* Lets @count of @turns have @rounds turns, one every @step_us, and counts them. */
static void serve(struct turn *turns, size_t count, unsigned rounds, uint64_t step_us, unsigned *ret_served)
{
    uint64_t now = START_US;
    size_t after = 0;

    memset(ret_served, 0, count * sizeof *ret_served);
    for (unsigned i = 0; i < rounds; i++) {
        size_t next = turns_next(turns, count, after, now);

        ck_assert_uint_lt(next, count);
        ck_assert(turns[next].ready);
        ret_served[next]++;
        turns[next].since_us = now;
        after = (next + 1) % count;
        now += step_us;
    }
}

START_TEST(nobody_is_next_when_none_is_ready)
{
    struct turn turns[MOST] = { 0 };

    ck_assert_uint_eq(turns_next(turns, MOST, 2, START_US), MOST);
    ck_assert_uint_eq(turns_next(turns, 0, 0, START_US), 0);
}
END_TEST

START_TEST(equals_take_turns)
{
    struct turn turns[MOST];
    unsigned served[MOST];

    for (size_t i = 0; i < MOST; i++)
        turns[i] = (struct turn){ true, PRIORITY_NORMAL, START_US };
    serve(turns, MOST, ROUNDS, 10, served);
    for (size_t i = 0; i < MOST; i++)
        ck_assert_uint_eq(served[i], ROUNDS / MOST);
}
END_TEST

START_TEST(one_that_becomes_ready_waits_for_no_more_than_a_turn_of_each_other)
{
    struct turn turns[] = { { true, PRIORITY_NORMAL, START_US },
                            { true, PRIORITY_NORMAL, START_US },
                            { true, PRIORITY_NORMAL, START_US } };
    size_t after = 2; /* the others have been at it */

    for (int i = 0; i < 2; i++) {
        size_t next = turns_next(turns, 3, after, START_US);

        if (next == 1)
            return;
        after = (next + 1) % 3;
    }
    ck_assert_uint_eq(turns_next(turns, 3, after, START_US), 1);
}
END_TEST

START_TEST(a_higher_class_goes_first)
{
    struct turn turns[] = { { true, PRIORITY_LOW, START_US },
                            { true, PRIORITY_HIGH, START_US },
                            { true, PRIORITY_NORMAL, START_US },
                            { false, PRIORITY_HIGH, 0 } };
    unsigned served[4];

    serve(turns, 4, ROUNDS, 10, served);
    ck_assert_uint_eq(served[1], ROUNDS);

    turns[1].ready = false;
    serve(turns, 4, ROUNDS, 10, served);
    ck_assert_uint_eq(served[2], ROUNDS);
}
END_TEST

/* A turn takes a tenth of TURN_AGE_US here: low reaches high after 20 of them, and has its turn within one more of
 * each other. */
START_TEST(who_is_passed_over_for_long_has_a_turn_all_the_same)
{
    struct turn turns[] = { { true, PRIORITY_LOW, START_US },
                            { true, PRIORITY_HIGH, START_US },
                            { true, PRIORITY_NORMAL, START_US } };
    unsigned served[3];

    serve(turns, 3, ROUNDS, TURN_AGE_US / 10, served);
    ck_assert_uint_ge(served[0], ROUNDS / 23);
    ck_assert_uint_ge(served[2], ROUNDS / 13);
    ck_assert_uint_gt(served[1], ROUNDS / 2);
    ck_assert_uint_lt(served[0], served[2]);
}
END_TEST

START_TEST(a_clock_that_is_behind_raises_nobody)
{
    struct turn turns[] = { { true, PRIORITY_LOW, START_US + TURN_AGE_US },
                            { true, PRIORITY_NORMAL, START_US } };

    ck_assert_uint_eq(turns_next(turns, 2, 0, START_US), 1);
}
END_TEST

UNIT_MAIN("turns", UNIT_TEST(nobody_is_next_when_none_is_ready), UNIT_TEST(equals_take_turns),
          UNIT_TEST(one_that_becomes_ready_waits_for_no_more_than_a_turn_of_each_other),
          UNIT_TEST(a_higher_class_goes_first),
          UNIT_TEST(who_is_passed_over_for_long_has_a_turn_all_the_same),
          UNIT_TEST(a_clock_that_is_behind_raises_nobody))
