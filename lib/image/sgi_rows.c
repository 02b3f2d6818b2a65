/* SPDX-License-Identifier: GPL-2.0-or-later */
/* sgi_rows - see sgi_rows.h; The SGI Image File Format 1.00. A packed picture has a table of where each row of each
 * channel starts, and one of how long each is, in bytes. */
#include "image/sgi_rows.h"

#include "base/big_endian.h"

#include <stdint.h>

enum {
    STORAGE_AT = 2,
    ROWS_AT = 8,
    CHANNELS_AT = 10,
    TABLES_AT = 512,
    ENTRY_BYTES = 4,
    PACKED = 1,
};

bool sgi_rows_are_there(const void *data, size_t size)
{
    const uint8_t *file = data, *starts = file + TABLES_AT;
    size_t count, table;

    if (size < TABLES_AT)
        return false;
    if (file[STORAGE_AT] != PACKED)
        return true;

    count = big_endian_read(file + ROWS_AT, 2) * big_endian_read(file + CHANNELS_AT, 2);
    table = count * ENTRY_BYTES;
    if (size - TABLES_AT < 2 * table)
        return false;
    for (const uint8_t *start = starts; start < starts + table; start += ENTRY_BYTES)
        if ((uint64_t)big_endian_read(start, ENTRY_BYTES) + big_endian_read(start + table, ENTRY_BYTES) >
            size)
            return false;
    return true;
}
