/* SPDX-License-Identifier: GPL-2.0-or-later */
/* blurhash_text - see blurhash_text.h. */
#include "recipe/blurhash_text.h"

#include <string.h>

static const char digits[BLURHASH_BASE + 1] =
    "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz#$%*+,-.:;=?@[]^_{|}~";

size_t blurhash_length(struct blurhash_components components)
{
    return 4 + 2 * (size_t)components.across * components.down;
}

unsigned blurhash_size_digit(struct blurhash_components components)
{
    return (components.across - 1U) + (components.down - 1U) * BLURHASH_SIDE_MAX;
}

char *blurhash_write(char *text, unsigned value, unsigned count)
{
    for (unsigned i = count; i > 0; i--) {
        text[i - 1] = digits[value % BLURHASH_BASE];
        value /= BLURHASH_BASE;
    }
    return text + count;
}

bool blurhash_is_well_formed(const char *text, size_t size, struct blurhash_components components)
{
    size_t length = blurhash_length(components);

    if (length >= size || text[0] != digits[blurhash_size_digit(components)])
        return false;
    for (size_t i = 0; i < length; i++)
        if (!memchr(digits, text[i], BLURHASH_BASE))
            return false;
    for (size_t i = length; i < size; i++)
        if (text[i] != '\0')
            return false;
    return true;
}
