/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Has a process grown? malloc() decides that as much as its user: what is free goes back if it is the heap's end. */
#include "memory_bound.h"

#include "unit_main.h"

#include <malloc.h>
#include <stdlib.h>

enum { PIECES = 2000, PIECE_BYTES = 100 << 10 }; /* small enough for the heap, and 200 MB of it */

static void *pieces[PIECES];

static void take_pieces(void)
{
    for (size_t i = 0; i < PIECES; i++) {
        pieces[i] = malloc(PIECE_BYTES);
        ck_assert_ptr_nonnull(pieces[i]);
    }
}

static void free_pieces(void)
{
    for (size_t i = 0; i < PIECES; i++)
        free(pieces[i]);
}

START_TEST(what_holds_the_end_of_the_heap_keeps_all_of_it)
{
    struct memory_bound bound;
    struct error error;
    void *pin;

    mallopt(M_MMAP_THRESHOLD, 2 * PIECE_BYTES);
    ck_assert_int_eq(memory_bound_init(&bound, &error), 0);
    ck_assert(!memory_bound_has_grown(&bound));
    take_pieces();
    pin = malloc(PIECE_BYTES);
    ck_assert_ptr_nonnull(pin);
    ck_assert_msg(memory_bound_has_grown(&bound), "200 MB are in use");
    free_pieces();
    ck_assert_msg(memory_bound_has_grown(&bound), "200 MB lie below what is in use");
    free(pin);
    ck_assert_msg(!memory_bound_has_grown(&bound), "nothing is in use any more");
}
END_TEST

UNIT_MAIN("memory_bound", UNIT_TEST(what_holds_the_end_of_the_heap_keeps_all_of_it))
