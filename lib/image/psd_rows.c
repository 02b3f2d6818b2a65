/* SPDX-License-Identifier: GPL-2.0-or-later */
/* psd_rows - see psd_rows.h; Adobe Photoshop File Formats Specification: a header, three sections that begin with their
 * length, and the picture: how it is packed, and its rows, channel by channel. Packed rows have a table of their
 * lengths before them. */
#include "image/psd_rows.h"

#include "base/big_endian.h"

enum {
    VERSION_AT = 4,
    CHANNELS_AT = 12,
    ROWS_AT = 14,
    COLUMNS_AT = 18,
    DEPTH_AT = 22,
    HEADER_BYTES = 26,
    LARGE = 2, /* a PSB */
    BYTE_BITS = 8,
};

enum packing { PACKING_NONE, PACKING_RUNS };

struct rest {
    const unsigned char *at;
    size_t size;
};

/* False where there are fewer. */
static bool skip(struct rest *rest, size_t bytes)
{
    if (rest->size < bytes)
        return false;
    rest->at += bytes;
    rest->size -= bytes;
    return true;
}

static bool take(struct rest *rest, size_t bytes, size_t *ret)
{
    const unsigned char *from = rest->at;

    if (!skip(rest, bytes))
        return false;
    *ret = big_endian_read(from, bytes);
    return true;
}

static bool skip_section(struct rest *rest, size_t length_bytes)
{
    size_t length;

    return take(rest, length_bytes, &length) && skip(rest, length);
}

/* The @count lengths of @length_bytes each, and what they are the lengths of. */
static bool has_packed(struct rest *rest, size_t count, size_t length_bytes)
{
    struct rest lengths = *rest;
    size_t length;

    if (!skip(rest, count * length_bytes))
        return false;
    for (size_t i = 0; i < count; i++)
        if (!take(&lengths, length_bytes, &length) || !skip(rest, length))
            return false;
    return true;
}

bool psd_rows_are_there(const void *data, size_t size)
{
    const unsigned char *header = data;
    struct rest rest = { header, size };
    size_t packing, count, row_bits;
    bool large;

    if (!skip(&rest, HEADER_BYTES))
        return false;
    large = big_endian_read(header + VERSION_AT, 2) == LARGE;
    count = big_endian_read(header + CHANNELS_AT, 2) * big_endian_read(header + ROWS_AT, 4);
    row_bits = big_endian_read(header + COLUMNS_AT, 4) * big_endian_read(header + DEPTH_AT, 2);
    if (!skip_section(&rest, 4) || !skip_section(&rest, 4) || !skip_section(&rest, large ? 8 : 4) ||
        !take(&rest, 2, &packing))
        return false;

    if (packing == PACKING_NONE)
        return row_bits == 0 || count <= rest.size / ((row_bits + BYTE_BITS - 1) / BYTE_BITS);
    return packing != PACKING_RUNS || has_packed(&rest, count, large ? 4 : 2);
}
