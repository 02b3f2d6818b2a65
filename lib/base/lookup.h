/* SPDX-License-Identifier: GPL-2.0-or-later */
/* lookup - finds structs by a key that they carry themselves: a hash table of pointers to them.
 *
 * A slot takes 8 bytes; there are 1⅓ to 2⅔ of them an item while it grows, and at most 8 after it shrank. It owns
 * nothing but its slots, and finds in constant time however many items there are. An item must not change its key
 * while it is in here. One thread at a time. */
#ifndef DARKROOM_BASE_LOOKUP_H
#define DARKROOM_BASE_LOOKUP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What the items are. A key is an item of which only the key is set, as for tfind(3). */
struct lookup_kind {
    uint64_t (*hash)(const void *item);
    bool (*same)(const void *item, const void *key);
};

struct lookup {
    const struct lookup_kind *kind;
    void **slots;    /* NULL: free */
    size_t capacity; /* a power of two, or 0 */
    size_t count;
};

/* An empty one; nothing is allocated before the first item. @kind must outlive it. */
void lookup_init(struct lookup *lookup, const struct lookup_kind *kind);

/* Frees the slots, not the items. */
void lookup_release(struct lookup *lookup);

/* The item with the key of @key, or NULL. */
void *lookup_find(const struct lookup *lookup, const void *key);

/* Adds @item, whose key is not in here yet. 0 or -ENOMEM. */
int lookup_add(struct lookup *lookup, void *item);

/* Takes out @item itself, if it is in here. */
void lookup_remove(struct lookup *lookup, const void *item);

/* A hash for keys that are bytes; @seed is anything else that belongs to the key. */
uint64_t lookup_hash_bytes(const void *bytes, size_t size, uint64_t seed);

#endif
