/* SPDX-License-Identifier: GPL-2.0-or-later */
/* blurhash_text - how a BlurHash is written (https://blurha.sh, "Algorithm.md" of its authors): a string of digits in
 * base 83, of which one tells the number of components, one the largest amplitude, four the mean colour and two each
 * of the other components. Whoever makes one and whoever checks one that came over the wire share this. */
#ifndef DARKROOM_RECIPE_BLURHASH_TEXT_H
#define DARKROOM_RECIPE_BLURHASH_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    BLURHASH_BASE = 83,
    BLURHASH_SIDE_MAX = 9,                                               /* components across or down */
    BLURHASH_LENGTH_MAX = 4 + 2 * BLURHASH_SIDE_MAX * BLURHASH_SIDE_MAX, /* bytes, without the NUL */
};

/* How many waves a picture is told by; 1 to BLURHASH_SIDE_MAX each. */
struct blurhash_components {
    uint8_t across, down;
};

/* How long the hash is, without its NUL. */
size_t blurhash_length(struct blurhash_components components);

/* The digit that a hash of so many components begins with. */
unsigned blurhash_size_digit(struct blurhash_components components);

/* Writes the lowest @count digits of @value, the most significant first, without a NUL. Returns the place after
 * them. */
char *blurhash_write(char *text, unsigned value, unsigned count);

/* True when the @size bytes at @text are a hash of so many components, a NUL, and NULs to their end. */
bool blurhash_is_well_formed(const char *text, size_t size, struct blurhash_components components);

#endif
