/* SPDX-License-Identifier: GPL-2.0-or-later */
/* utf8 - see utf8.h. Widths are wcwidth's, so main() sets LC_CTYPE; in the C locale all are 1. */
#include "ctl/utf8.h"

#include <stdint.h>
#include <string.h>
#include <wchar.h>

/* The forms a character can have, by its length - 1. */
static const struct {
    unsigned char mask, lead;
    uint32_t min; /* what is below has a shorter form */
} forms[] = {
    { 0x80, 0x00, 0x0 },
    { 0xE0, 0xC0, 0x80 },
    { 0xF0, 0xE0, 0x800 },
    { 0xF8, 0xF0, 0x10000 },
};

static size_t form_of(unsigned char lead)
{
    size_t form = 0;

    while (form < sizeof(forms) / sizeof(forms[0]) && (lead & forms[form].mask) != forms[form].lead)
        form++;
    return form;
}

size_t utf8_decode(const char *bytes, size_t left, uint32_t *ret)
{
    size_t form = left > 0 ? form_of((unsigned char)bytes[0]) : SIZE_MAX;
    uint32_t value;

    if (form >= sizeof(forms) / sizeof(forms[0]) || form >= left)
        return 0;

    value = (unsigned char)bytes[0] & (unsigned char)~forms[form].mask;
    for (size_t i = 1; i <= form; i++) {
        unsigned char next = (unsigned char)bytes[i];

        if ((next & 0xC0) != 0x80)
            return 0;
        value = value << 6 | (next & 0x3F);
    }
    if (value < forms[form].min || value > 0x10FFFF || (value >= 0xD800 && value <= 0xDFFF))
        return 0;

    *ret = value;
    return form + 1;
}

/* Steps over the character at *@text; returns its columns. */
static size_t step(const char **text, size_t *left)
{
    uint32_t value;
    size_t length = utf8_decode(*text, *left, &value);
    int width = length > 0 ? wcwidth((wchar_t)value) : -1;

    if (length == 0)
        length = 1;
    *text += length;
    *left -= length;
    return width >= 0 ? (size_t)width : 1;
}

size_t utf8_width(const char *text)
{
    size_t left = strlen(text);
    size_t columns = 0;

    while (left > 0)
        columns += step(&text, &left);
    return columns;
}

size_t utf8_fit(const char *text, size_t columns)
{
    const char *next = text;
    size_t left = strlen(text);
    size_t used = 0, fits = 0;

    while (left > 0) {
        used += step(&next, &left);
        if (used > columns)
            break;
        fits = (size_t)(next - text);
    }
    return fits;
}
