/* SPDX-License-Identifier: GPL-2.0-or-later */
/* lookup - see lookup.h. Open addressing with linear probing. What is taken out leaves no mark: the items behind
 * it move up, so that a table which files run through for months stays as fast as a new one. */
#include "base/lookup.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <xxhash.h>

enum { CAPACITY_MIN = 16 };

void lookup_init(struct lookup *lookup, const struct lookup_kind *kind)
{
    *lookup = (struct lookup){ .kind = kind };
}

void lookup_release(struct lookup *lookup)
{
    free(lookup->slots);
    *lookup = (struct lookup){ .kind = lookup->kind };
}

uint64_t lookup_hash_bytes(const void *bytes, size_t size, uint64_t seed)
{
    return XXH3_64bits_withSeed(bytes, size, seed);
}

static size_t home_of(const struct lookup *lookup, const void *item)
{
    return (size_t)lookup->kind->hash(item) & (lookup->capacity - 1);
}

static size_t after(const struct lookup *lookup, size_t slot)
{
    return (slot + 1) & (lookup->capacity - 1);
}

static void place(struct lookup *lookup, void *item)
{
    size_t slot = home_of(lookup, item);

    while (lookup->slots[slot])
        slot = after(lookup, slot);
    lookup->slots[slot] = item;
}

static int resize(struct lookup *lookup, size_t capacity)
{
    struct lookup bigger = { .kind = lookup->kind, .capacity = capacity, .count = lookup->count };

    bigger.slots = calloc(capacity, sizeof *bigger.slots);
    if (!bigger.slots)
        return -ENOMEM;
    for (size_t i = 0; i < lookup->capacity; i++)
        if (lookup->slots[i])
            place(&bigger, lookup->slots[i]);
    free(lookup->slots);
    *lookup = bigger;
    return 0;
}

void *lookup_find(const struct lookup *lookup, const void *key)
{
    if (lookup->count == 0)
        return NULL;
    for (size_t slot = home_of(lookup, key); lookup->slots[slot]; slot = after(lookup, slot))
        if (lookup->kind->same(lookup->slots[slot], key))
            return lookup->slots[slot];
    return NULL;
}

int lookup_add(struct lookup *lookup, void *item)
{
    /* At most three quarters full: beyond that, runs of taken slots grow quickly. */
    if (lookup->count + 1 > lookup->capacity / 4 * 3) {
        int r = resize(lookup, lookup->capacity ? lookup->capacity * 2 : CAPACITY_MIN);

        if (r < 0)
            return r;
    }
    place(lookup, item);
    lookup->count++;
    return 0;
}

/* Fills the gap at @gap with whatever would not be found any more across it. */
static void close_gap(struct lookup *lookup, size_t gap)
{
    size_t mask = lookup->capacity - 1;

    for (size_t slot = after(lookup, gap); lookup->slots[slot]; slot = after(lookup, slot)) {
        size_t home = home_of(lookup, lookup->slots[slot]);

        if (((slot - home) & mask) < ((slot - gap) & mask))
            continue; /* its home lies behind the gap */
        lookup->slots[gap] = lookup->slots[slot];
        gap = slot;
    }
    lookup->slots[gap] = NULL;
}

void lookup_remove(struct lookup *lookup, const void *item)
{
    size_t slot;

    if (lookup->count == 0)
        return;
    for (slot = home_of(lookup, item); lookup->slots[slot] != item; slot = after(lookup, slot))
        if (!lookup->slots[slot])
            return;
    close_gap(lookup, slot);
    lookup->count--;

    /* What a burst needed is given back after it. Without memory for a smaller table the large one stays. */
    if (lookup->capacity > CAPACITY_MIN && lookup->count < lookup->capacity / 8)
        resize(lookup, lookup->capacity / 2);
}
