/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The cell between threads: the newest value, one wake-up for many changes. */
#include "base/cell.h"

#include "base/cleanup.h"
#include "unit_main.h"

#include <poll.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

enum { CHANGES = 20000 };

/* Two halves that are always equal: a torn copy shows. */
struct state {
    uint64_t one, other;
};

static struct cell make_cell(void)
{
    struct cell cell;

    ck_assert_int_eq(cell_init(&cell, sizeof(struct state)), 0);
    return cell;
}

static bool is_readable(const struct cell *cell, int timeout_ms)
{
    struct pollfd poll_fd = { .fd = cell_fd(cell), .events = POLLIN };

    return poll(&poll_fd, 1, timeout_ms) == 1;
}

START_TEST(a_cell_is_zero_at_first_and_says_nothing)
{
    _cleanup_(cell_release) struct cell cell = make_cell();
    struct state state = { 1, 1 };

    ck_assert(!is_readable(&cell, 0));
    cell_read(&cell, &state);
    ck_assert_uint_eq(state.one, 0);
    ck_assert_uint_eq(state.other, 0);
}
END_TEST

START_TEST(many_changes_are_one_wake_up_with_the_newest_value)
{
    _cleanup_(cell_release) struct cell cell = make_cell();
    struct state state;

    for (uint64_t i = 1; i <= 3; i++)
        cell_write(&cell, &(struct state){ i, i });
    ck_assert(is_readable(&cell, 0));
    cell_read(&cell, &state);
    ck_assert_uint_eq(state.one, 3);
    ck_assert(!is_readable(&cell, 0));
}
END_TEST

START_TEST(the_same_value_again_wakes_nobody)
{
    _cleanup_(cell_release) struct cell cell = make_cell();
    struct state state;

    cell_write(&cell, &(struct state){ 0 });
    ck_assert(!is_readable(&cell, 0));
    cell_write(&cell, &(struct state){ 1, 1 });
    cell_read(&cell, &state);
    cell_write(&cell, &(struct state){ 1, 1 });
    ck_assert(!is_readable(&cell, 0));
}
END_TEST

static void *write_many(void *argument)
{
    for (uint64_t i = 1; i <= CHANGES; i++)
        cell_write(argument, &(struct state){ i, i });
    return NULL;
}

START_TEST(values_are_whole_never_go_back_and_the_last_one_arrives)
{
    _cleanup_(cell_release) struct cell cell = make_cell();
    struct state state = { 0 };
    uint64_t before = 0;
    pthread_t thread;

    ck_assert_int_eq(pthread_create(&thread, NULL, write_many, &cell), 0);
    while (state.one < CHANGES) {
        ck_assert_msg(is_readable(&cell, 30000), "no wake-up after %lu", (unsigned long)state.one);
        cell_read(&cell, &state);
        ck_assert_uint_eq(state.one, state.other);
        ck_assert_uint_ge(state.one, before);
        before = state.one;
    }
    ck_assert_int_eq(pthread_join(thread, NULL), 0);
    ck_assert(!is_readable(&cell, 0));
}
END_TEST

START_TEST(a_cell_that_was_never_made_can_be_released)
{
    struct cell cell = { 0 };

    cell_release(&cell);
    cell_release(&cell);
}
END_TEST

UNIT_MAIN("cell", UNIT_TEST(a_cell_is_zero_at_first_and_says_nothing),
          UNIT_TEST(many_changes_are_one_wake_up_with_the_newest_value),
          UNIT_TEST(the_same_value_again_wakes_nobody),
          UNIT_TEST(values_are_whole_never_go_back_and_the_last_one_arrives),
          UNIT_TEST(a_cell_that_was_never_made_can_be_released))
