/* SPDX-License-Identifier: GPL-2.0-or-later */
/* jpeg_codes - see jpeg_codes.h. Codes of one length follow one another, and those of the next come after them. */
#include "image/jpeg_codes.h"

#include "base/cleanup.h"

enum {
    DC_VALUE_BITS_MAX = 11,
    AC_VALUE_BITS_MAX = 10,
    DC_SYMBOL_MAX = 15, /* even of one that is not used */
    RUN_OF_ZEROS = 15,  /* the only one without a value */
};

static struct jpeg_symbol symbol_of(const struct jpeg_codes *codes, size_t index, unsigned code_bits)
{
    unsigned symbol = codes->table->huffval[index], run = symbol >> 4, value_bits = symbol & 15;
    struct jpeg_symbol none = { .bits = 0 }, ret = { (uint8_t)(code_bits + value_bits), (uint8_t)code_bits,
                                                     (uint8_t)value_bits, (uint8_t)(run + 1) };

    if (codes->dc)
        return symbol <= DC_VALUE_BITS_MAX ? ret : none;
    if (value_bits > AC_VALUE_BITS_MAX || (value_bits == 0 && run > 0 && run != RUN_OF_ZEROS))
        return none;
    if (symbol == 0)
        ret.step = JPEG_BLOCK_END;
    return ret;
}

static bool assign_codes(struct jpeg_codes *codes)
{
    unsigned code = 0, count = 0;

    for (unsigned bits = 1; bits <= JPEG_CODE_BITS_MAX; bits++) {
        codes->firsts[bits] = (int)code - (int)count;
        code += codes->table->bits[bits];
        count += codes->table->bits[bits];
        if (count > ARRAY_SIZE(codes->table->huffval) || code >= 1U << bits) /* none is all ones */
            return false;
        codes->ends[bits] = code << (JPEG_CODE_BITS_MAX - bits);
        code <<= 1;
    }
    for (unsigned i = 0; codes->dc && i < count; i++)
        if (codes->table->huffval[i] > DC_SYMBOL_MAX)
            return false;
    return true;
}

struct jpeg_symbol jpeg_codes_find(const struct jpeg_codes *codes, uint64_t word)
{
    uint32_t head = (uint32_t)(word >> (64 - JPEG_CODE_BITS_MAX));

    for (unsigned bits = 1; bits <= JPEG_CODE_BITS_MAX; bits++)
        if (head < codes->ends[bits]) {
            int code = (int)(head >> (JPEG_CODE_BITS_MAX - bits));

            return symbol_of(codes, (size_t)(code - codes->firsts[bits]), bits);
        }
    return (struct jpeg_symbol){ .bits = 0 };
}

static void make_symbols(struct jpeg_codes *codes)
{
    size_t index = 0, at = 0;

    for (unsigned bits = 1; bits <= JPEG_LOOK_BITS; bits++)
        for (unsigned i = 0; i < codes->table->bits[bits]; i++, index++) {
            struct jpeg_symbol symbol = symbol_of(codes, index, bits);

            for (unsigned more = 0; more < 1U << (JPEG_LOOK_BITS - bits); more++)
                codes->symbols[at++] = symbol;
        }
}

static struct jpeg_skip make_skip(const struct jpeg_codes *codes, uint64_t word)
{
    struct jpeg_skip skip = { 0, 0 };

    while (skip.bits < JPEG_SKIP_BITS && skip.step < DCTSIZE2) {
        struct jpeg_symbol next = codes->symbols[word << skip.bits >> (64 - JPEG_LOOK_BITS)];

        if (next.bits == 0 || skip.bits + next.code_bits > JPEG_SKIP_BITS)
            break;
        skip.bits = (uint8_t)(skip.bits + next.bits);
        skip.step = (uint8_t)(skip.step + next.step);
    }
    return skip;
}

bool jpeg_codes_make(struct jpeg_codes *codes, const JHUFF_TBL *table, bool dc)
{
    codes->table = table;
    codes->dc = dc;
    if (!table || !assign_codes(codes))
        return false;
    make_symbols(codes);
    for (uint64_t i = 0; !dc && i < ARRAY_SIZE(codes->skips); i++)
        codes->skips[i] = make_skip(codes, i << (64 - JPEG_SKIP_BITS));
    return true;
}
