/* SPDX-License-Identifier: GPL-2.0-or-later */
/* base64 - see base64.h. */
#include "ctl/base64.h"

#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

static int digit_value(char digit, uint32_t *ret)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    const char *found = memchr(digits, digit, sizeof(digits) - 1);

    if (!found)
        return -EINVAL;
    *ret = (uint32_t)(found - digits);
    return 0;
}

/* Decodes four digits, the last @padding of which are "=". */
static int decode_group(const char *group, size_t padding, char *to)
{
    uint32_t value = 0;

    for (size_t i = 0; i < 4; i++) {
        uint32_t digit = 0;

        if (i < 4 - padding && digit_value(group[i], &digit) < 0)
            return -EINVAL;
        value = value << 6 | digit;
    }
    for (size_t i = 0; i < 3 - padding; i++)
        to[i] = (char)(value >> (16 - 8 * i));
    return 0;
}

int base64_decode(const char *text, char **ret, size_t *ret_size)
{
    size_t length = strlen(text);
    size_t padding = length >= 4 ? (size_t)(text[length - 1] == '=') + (text[length - 2] == '=') : 0;
    char *decoded;

    if (length % 4 != 0)
        return -EINVAL;
    decoded = malloc(length / 4 * 3 + 1);
    if (!decoded)
        return -ENOMEM;

    for (size_t i = 0; i < length; i += 4)
        if (decode_group(text + i, i + 4 == length ? padding : 0, decoded + i / 4 * 3) < 0) {
            free(decoded);
            return -EINVAL;
        }

    *ret_size = length / 4 * 3 - padding;
    decoded[*ret_size] = '\0';
    *ret = decoded;
    return 0;
}
