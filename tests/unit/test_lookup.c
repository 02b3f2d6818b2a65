/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The hash table: what was added is found, whatever came and went; work is counted, not timed. */
#include "base/lookup.h"

#include "unit_main.h"

enum { MANY = 100000 };

struct item {
    uint64_t key;
    uint64_t hash; /* as given, to make collisions */
};

static uint64_t compared; /* calls of same(): probes of taken slots */

static uint64_t hash(const void *item)
{
    return ((const struct item *)item)->hash;
}

static bool same(const void *item, const void *key)
{
    compared++;
    return ((const struct item *)item)->key == ((const struct item *)key)->key;
}

static const struct lookup_kind kind = { .hash = hash, .same = same };

static struct lookup lookup;

static struct item *make_items(size_t count)
{
    struct item *items = calloc(count, sizeof *items);

    ck_assert_ptr_nonnull(items);
    for (size_t i = 0; i < count; i++)
        items[i] = (struct item){ .key = i, .hash = lookup_hash_bytes(&i, sizeof i, 0) };
    lookup_init(&lookup, &kind);
    return items;
}

static void add_all(struct item *items, size_t count)
{
    for (size_t i = 0; i < count; i++)
        ck_assert_int_eq(lookup_add(&lookup, &items[i]), 0);
}

START_TEST(an_empty_one_has_nothing_and_needs_no_memory)
{
    struct item *items = make_items(1);

    ck_assert_ptr_null(lookup_find(&lookup, &items[0]));
    lookup_remove(&lookup, &items[0]);
    ck_assert_ptr_null(lookup.slots);
    lookup_release(&lookup);
    free(items);
}
END_TEST

START_TEST(what_was_added_is_found_until_it_is_taken_out)
{
    struct item *items = make_items(1000);

    add_all(items, 1000);
    ck_assert_uint_eq(lookup.count, 1000);
    for (size_t i = 0; i < 1000; i += 2)
        lookup_remove(&lookup, &items[i]);
    for (size_t i = 0; i < 1000; i++)
        ck_assert_ptr_eq(lookup_find(&lookup, &items[i]), i % 2 ? &items[i] : NULL);
    ck_assert_uint_eq(lookup.count, 500);
    lookup_release(&lookup);
    free(items);
}
END_TEST

/* All in two runs that meet and, in a table of 16, go around its end. */
START_TEST(items_that_collide_are_told_apart_whichever_is_taken_out_first)
{
    static const uint64_t homes[] = { 14, 14, 15, 14, 0, 15, 1, 0 };
    enum { COUNT = sizeof homes / sizeof homes[0] };

    for (size_t first = 0; first < COUNT; first++) {
        struct item *items = make_items(COUNT);

        for (size_t i = 0; i < COUNT; i++)
            items[i].hash = homes[i];
        add_all(items, COUNT);
        ck_assert_uint_eq(lookup.capacity, 16);
        for (size_t i = 0; i < COUNT; i++) {
            lookup_remove(&lookup, &items[(first + i * 3) % COUNT]);
            for (size_t j = 0; j < COUNT; j++) {
                bool gone = false;

                for (size_t k = 0; k <= i; k++)
                    gone |= (first + k * 3) % COUNT == j;
                ck_assert_ptr_eq(lookup_find(&lookup, &items[j]), gone ? NULL : &items[j]);
            }
        }
        lookup_release(&lookup);
        free(items);
    }
}
END_TEST

START_TEST(another_item_with_the_same_key_is_not_taken_out)
{
    struct item *items = make_items(2);

    items[1] = items[0];
    add_all(items, 1);
    lookup_remove(&lookup, &items[1]);
    ck_assert_ptr_eq(lookup_find(&lookup, &items[1]), &items[0]);
    lookup_release(&lookup);
    free(items);
}
END_TEST

static const size_t sizes[] = { 1000, 10000, MANY };

START_TEST(finding_takes_a_few_comparisons_however_many_there_are)
{
    size_t count = sizes[_i];
    struct item *items = make_items(count);

    add_all(items, count);
    compared = 0;
    for (size_t i = 0; i < count; i++)
        ck_assert_ptr_eq(lookup_find(&lookup, &items[i]), &items[i]);
    ck_assert_uint_lt(compared, count * 4);
    lookup_release(&lookup);
    free(items);
}
END_TEST

START_TEST(items_that_come_and_go_for_long_do_not_make_it_slower)
{
    enum { AT_ONCE = 1000 };
    struct item *items = make_items(MANY);

    add_all(items, AT_ONCE);
    for (size_t i = AT_ONCE; i < MANY; i++) {
        ck_assert_int_eq(lookup_add(&lookup, &items[i]), 0);
        lookup_remove(&lookup, &items[i - AT_ONCE]);
    }
    compared = 0;
    for (size_t i = MANY - AT_ONCE; i < MANY; i++)
        ck_assert_ptr_eq(lookup_find(&lookup, &items[i]), &items[i]);
    ck_assert_uint_lt(compared, AT_ONCE * 4);
    ck_assert_uint_le(lookup.capacity, AT_ONCE * 4);
    lookup_release(&lookup);
    free(items);
}
END_TEST

START_TEST(memory_goes_with_the_items_up_and_down)
{
    struct item *items = make_items(MANY);

    add_all(items, MANY);
    ck_assert_uint_le(lookup.capacity * 3, (size_t)MANY * 8);
    for (size_t i = 0; i < MANY - 10; i++)
        lookup_remove(&lookup, &items[i]);
    ck_assert_uint_le(lookup.capacity, 128);
    for (size_t i = MANY - 10; i < MANY; i++)
        ck_assert_ptr_eq(lookup_find(&lookup, &items[i]), &items[i]);
    lookup_release(&lookup);
    free(items);
}
END_TEST

UNIT_MAIN("lookup", UNIT_TEST(an_empty_one_has_nothing_and_needs_no_memory),
          UNIT_TEST(what_was_added_is_found_until_it_is_taken_out),
          UNIT_TEST(items_that_collide_are_told_apart_whichever_is_taken_out_first),
          UNIT_TEST(another_item_with_the_same_key_is_not_taken_out),
          UNIT_ROWS(finding_takes_a_few_comparisons_however_many_there_are, sizes),
          UNIT_TEST(items_that_come_and_go_for_long_do_not_make_it_slower),
          UNIT_TEST(memory_goes_with_the_items_up_and_down))
