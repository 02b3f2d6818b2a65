/* SPDX-License-Identifier: GPL-2.0-or-later */
/* big_endian - numbers as most files' formats have them: the byte that counts most comes first. */
#ifndef DARKROOM_BASE_BIG_ENDIAN_H
#define DARKROOM_BASE_BIG_ENDIAN_H

#include <stddef.h>

/* The number of @bytes bytes, of at most those of a size_t, at @from. */
static inline size_t big_endian_read(const unsigned char *from, size_t bytes)
{
    size_t number = 0;

    for (size_t i = 0; i < bytes; i++)
        number = number << 8 | from[i];
    return number;
}

/* Writes the last @bytes bytes of @number to @to. */
static inline void big_endian_write(unsigned char *to, size_t number, size_t bytes)
{
    for (size_t i = 0; i < bytes; i++, number >>= 8)
        to[bytes - 1 - i] = (unsigned char)number;
}

#endif
