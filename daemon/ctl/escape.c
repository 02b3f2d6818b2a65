/* SPDX-License-Identifier: GPL-2.0-or-later */
/* escape - see escape.h. */
#include "ctl/escape.h"

#include "ctl/utf8.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { ESCAPED_BYTES = 4 }; /* "\xNN" */

/* What a terminal may act upon. */
static const struct {
    uint32_t first, last;
} unsafe[] = {
    { 0x00, 0x1F },     { 0x7F, 0x9F },     /* C0, DEL, C1 */
    { 0x061C, 0x061C }, { 0x200E, 0x200F }, /* marks of direction */
    { 0x2028, 0x202E }, { 0x2066, 0x2069 }, /* separators of lines, embeddings, isolates */
};

static bool is_unsafe(uint32_t character)
{
    for (size_t i = 0; i < sizeof(unsafe) / sizeof(unsafe[0]); i++)
        if (character >= unsafe[i].first && character <= unsafe[i].last)
            return true;
    return false;
}

/* Writes @length bytes as escapes; returns where it stopped. */
static char *write_escaped(char *to, const char *from, size_t length)
{
    static const char digits[] = "0123456789abcdef";

    for (size_t i = 0; i < length; i++) {
        unsigned char byte = (unsigned char)from[i];

        *to++ = '\\';
        *to++ = 'x';
        *to++ = digits[byte >> 4];
        *to++ = digits[byte & 0xF];
    }
    return to;
}

static char *escape(const char *bytes, size_t size, bool backslash)
{
    char *escaped = size < SIZE_MAX / ESCAPED_BYTES ? malloc(size * ESCAPED_BYTES + 1) : NULL;
    char *to = escaped;

    if (!escaped)
        return NULL;
    while (size > 0) {
        uint32_t character = 0;
        size_t length = utf8_decode(bytes, size, &character);
        bool plain = length > 0 && !is_unsafe(character) && !(backslash && character == '\\');

        if (length == 0)
            length = 1;
        to = plain ? mempcpy(to, bytes, length) : write_escaped(to, bytes, length);
        bytes += length;
        size -= length;
    }
    *to = '\0';
    return escaped;
}

char *escape_name(const char *bytes, size_t size)
{
    return escape(bytes, size, true);
}

char *escape_text(const char *text)
{
    return escape(text, strlen(text), false);
}
