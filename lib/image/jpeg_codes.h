/* SPDX-License-Identifier: GPL-2.0-or-later */
/* jpeg_codes - Huffman's codes of a sequential JPEG, ready to be looked up in the next bits of the file, which are the
 * highest of a word of 64.
 *
 * A code tells how many zeros come before a coefficient, and how many bits of its value follow. Here that is a step,
 * from a coefficient of the zigzag to the next, as which DC is the first. */
#ifndef DARKROOM_IMAGE_JPEG_CODES_H
#define DARKROOM_IMAGE_JPEG_CODES_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include <jpeglib.h>

enum {
    JPEG_CODE_BITS_MAX = 16,
    JPEG_SYMBOL_BITS_MAX = JPEG_CODE_BITS_MAX + 11, /* with its value */
    JPEG_BLOCK_END =
        160, /* a step: nothing follows. More than all others of two blocks, with 63 more still a byte */
    JPEG_LOOK_BITS = 11, /* of one code */
    JPEG_SKIP_BITS = 13, /* of several whose values do not matter */
};

/* A code and the bits behind it. */
struct jpeg_symbol {
    uint8_t bits; /* of both; 0: none that an encoder writes */
    uint8_t code_bits, value_bits;
    uint8_t step;
};

/* All whose codes are within JPEG_SKIP_BITS, up to the end of a block. */
struct jpeg_skip {
    uint8_t bits; /* 0: the first does not fit */
    uint8_t step;
};

struct jpeg_codes {
    const JHUFF_TBL *table; /* NULL: not made yet */
    bool dc;
    uint32_t
        ends[JPEG_CODE_BITS_MAX + 1];   /* of the codes of so many bits, followed by zeros up to the most */
    int firsts[JPEG_CODE_BITS_MAX + 1]; /* what such a code is more than the symbol's index */
    struct jpeg_symbol symbols[1 << JPEG_LOOK_BITS];
    struct jpeg_skip skips[1 << JPEG_SKIP_BITS]; /* of AC codes */
};

/* Makes @codes, which are all zeros, of @table, which has to stay. False when libjpeg would not take it. */
bool jpeg_codes_make(struct jpeg_codes *codes, const JHUFF_TBL *table, bool dc);

/* The first of @word, which is too long for the table. */
struct jpeg_symbol jpeg_codes_find(const struct jpeg_codes *codes, uint64_t word);

static inline struct jpeg_symbol jpeg_codes_look(const struct jpeg_codes *codes, uint64_t word)
{
    struct jpeg_symbol symbol = codes->symbols[word >> (64 - JPEG_LOOK_BITS)];

    return symbol.bits > 0 ? symbol : jpeg_codes_find(codes, word);
}

/* The value of @symbol, the first of @word: negative ones begin with a 0, and are counted from the lowest. Without a
 * branch, which a processor would guess wrongly half of the time. */
static inline int jpeg_codes_value(struct jpeg_symbol symbol, uint64_t word)
{
    uint64_t bits = word << symbol.code_bits, negative = (bits >> 63) - 1,
             value = bits >> 1 >> (63 - symbol.value_bits), lowest = (UINT64_C(1) << symbol.value_bits) - 1;

    return (int)value - (int)(negative & lowest);
}

#endif
