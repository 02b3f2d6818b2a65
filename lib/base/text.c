/* SPDX-License-Identifier: GPL-2.0-or-later */
/* text - see text.h. */
#include "base/text.h"

#include "base/cleanup.h"
#include "base/clock.h"

#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

/* The length of the well-formed UTF-8 sequence at @bytes, or 0 (Unicode 15, table 3-7). */
static size_t utf8_sequence(const unsigned char *bytes, size_t left)
{
    unsigned char lead = bytes[0];
    size_t length = lead < 0x80   ? 1
                    : lead < 0xC2 ? 0
                    : lead < 0xE0 ? 2
                    : lead < 0xF0 ? 3
                    : lead < 0xF5 ? 4
                                  : 0;

    if (length == 0 || length > left)
        return 0;
    for (size_t i = 1; i < length; i++)
        if ((bytes[i] & 0xC0) != 0x80)
            return 0;

    if (lead == 0xE0 && bytes[1] < 0xA0)
        return 0; /* overlong */
    if (lead == 0xED && bytes[1] >= 0xA0)
        return 0; /* a surrogate */
    if (lead == 0xF0 && bytes[1] < 0x90)
        return 0; /* overlong */
    if (lead == 0xF4 && bytes[1] >= 0x90)
        return 0; /* above U+10FFFF */
    return length;
}

bool text_is_utf8(const char *bytes, size_t length)
{
    const unsigned char *next = (const unsigned char *)bytes;

    while (length > 0) {
        size_t sequence = utf8_sequence(next, length);

        if (sequence == 0 || *next == 0)
            return false;
        next += sequence;
        length -= sequence;
    }
    return true;
}

/* C0 and C1 controls and the bidirectional marks, which could make a terminal show another name. */
static bool is_unsafe(const unsigned char *bytes, size_t length)
{
    if (length == 1)
        return bytes[0] < 0x20 || bytes[0] == 0x7F || bytes[0] == '\\';
    if (length == 2)
        return (bytes[0] == 0xC2 && bytes[1] < 0xA0) || (bytes[0] == 0xD8 && bytes[1] == 0x9C);
    if (length == 3 && bytes[0] == 0xE2)
        return (bytes[1] == 0x80 && bytes[2] >= 0x8E && bytes[2] <= 0x8F) ||
               (bytes[1] == 0x80 && bytes[2] >= 0xA8 && bytes[2] <= 0xAE) ||
               (bytes[1] == 0x81 && bytes[2] >= 0xA6 && bytes[2] <= 0xA9);
    return false;
}

const char *text_escape(const char *bytes, char *buffer, size_t size)
{
    const unsigned char *next = (const unsigned char *)bytes;
    size_t left = strlen(bytes);
    size_t used = 0;

    while (left > 0) {
        size_t sequence = utf8_sequence(next, left);
        bool plain = sequence > 0 && !is_unsafe(next, sequence);
        size_t length = sequence > 0 ? sequence : 1;
        size_t needed = plain ? length : 4 * length;

        if (used + needed >= size)
            break;
        if (plain)
            memcpy(buffer + used, next, length);
        else
            for (size_t i = 0; i < length; i++)
                snprintf(buffer + used + 4 * i, 5, "\\x%02x", next[i]);
        used += needed;
        next += length;
        left -= length;
    }
    buffer[used] = '\0';
    return buffer;
}

void text_drop_cut_character(char *text)
{
    size_t length = strlen(text);

    for (size_t tail = 1; tail <= 4 && tail <= length; tail++)
        if (((unsigned char)text[length - tail] & 0xC0) != 0x80) {
            if (!text_is_utf8(text + length - tail, tail))
                text[length - tail] = '\0';
            return;
        }
}

void text_copy_cut(const char *text, char *buffer, size_t size)
{
    size_t length = strnlen(text, size - 1);
    bool cut = text[length] != '\0';

    memcpy(buffer, text, length);
    memset(buffer + length, 0, size - length);
    if (cut)
        text_drop_cut_character(buffer);
}

bool text_is_path_inside(const char *path, const char *directory)
{
    size_t length = strcmp(directory, "/") == 0 ? 0 : strlen(directory);

    return length == 0 ||
           (strncmp(path, directory, length) == 0 && (path[length] == '/' || path[length] == '\0'));
}

int text_parse_unsigned(const char *text, uint64_t min, uint64_t max, uint64_t *ret)
{
    uint64_t value = 0;

    if (*text == '\0')
        return -EINVAL;
    for (; *text; text++) {
        if (!isdigit((unsigned char)*text))
            return -EINVAL;
        if (__builtin_mul_overflow(value, 10, &value) ||
            __builtin_add_overflow(value, (uint64_t)(*text - '0'), &value))
            return -ERANGE;
    }
    if (value < min || value > max)
        return -ERANGE;

    *ret = value;
    return 0;
}

static const struct {
    const char *name;
    uint64_t us;
} duration_units[] = {
    { "us", 1 },
    { "ms", USEC_PER_MSEC },
    { "s", USEC_PER_SEC },
    { "sec", USEC_PER_SEC },
    { "m", 60 * USEC_PER_SEC },
    { "min", 60 * USEC_PER_SEC },
    { "h", 3600 * USEC_PER_SEC },
    { "d", 86400 * USEC_PER_SEC },
    { "", USEC_PER_SEC },
};

static int duration_unit(const char *name, size_t length, uint64_t *ret_us)
{
    for (size_t i = 0; i < ARRAY_SIZE(duration_units); i++)
        if (strlen(duration_units[i].name) == length && memcmp(duration_units[i].name, name, length) == 0) {
            *ret_us = duration_units[i].us;
            return 0;
        }
    return -EINVAL;
}

/* Reads "12.5" as a number of @ret_fraction-ths: the digits in @ret_value, ten to the decimals in @ret_scale. */
static int parse_decimal(const char **text, uint64_t *ret_value, uint64_t *ret_scale)
{
    uint64_t value = 0, scale = 1;
    bool fraction = false, any = false;

    for (; isdigit((unsigned char)**text) || (**text == '.' && !fraction); (*text)++) {
        if (**text == '.') {
            fraction = true;
            continue;
        }
        any = true;
        if (scale > 100000 || __builtin_mul_overflow(value, 10, &value) ||
            __builtin_add_overflow(value, (uint64_t)(**text - '0'), &value))
            return -ERANGE;
        if (fraction)
            scale *= 10;
    }
    if (!any)
        return -EINVAL;

    *ret_value = value;
    *ret_scale = scale;
    return 0;
}

int text_parse_duration_us(const char *text, uint64_t *ret_us)
{
    uint64_t total = 0;
    bool first = true;

    if (*text == '\0')
        return -EINVAL;
    while (*text) {
        uint64_t value, scale, unit, part;
        size_t name;
        int r;

        r = parse_decimal(&text, &value, &scale);
        if (r < 0)
            return r;

        name = strspn(text, "abcdefghijklmnopqrstuvwxyz");
        r = duration_unit(text, name, &unit);
        if (r < 0)
            return r;
        text += name;
        if (name == 0 && !(first && *text == '\0'))
            return -EINVAL; /* seconds without a unit stand alone */
        first = false;

        if (__builtin_mul_overflow(value, unit, &part) || __builtin_add_overflow(total, part / scale, &total))
            return -ERANGE;
        text += strspn(text, " ");
    }

    *ret_us = total;
    return 0;
}

int text_parse_size_bytes(const char *text, uint64_t *ret_bytes)
{
    static const char units[] = "KMGT";
    uint64_t value, scale, bytes;
    unsigned shift = 0;
    int r;

    r = parse_decimal(&text, &value, &scale);
    if (r < 0)
        return r;

    if (*text) {
        const char *unit = strchr(units, toupper((unsigned char)*text));

        if (!unit || !*unit || (text[1] != '\0' && strcmp(text + 1, "B") != 0 && strcmp(text + 1, "iB") != 0))
            return -EINVAL;
        shift = 10 * (unsigned)(unit - units + 1);
    }
    if (__builtin_mul_overflow(value, 1ULL << shift, &bytes))
        return -ERANGE;

    *ret_bytes = bytes / scale;
    return 0;
}

int text_parse_boolean(const char *text, bool *ret)
{
    static const struct {
        const char *name;
        bool value;
    } names[] = {
        { "yes", true }, { "true", true },   { "on", true },   { "1", true },
        { "no", false }, { "false", false }, { "off", false }, { "0", false },
    };

    for (size_t i = 0; i < ARRAY_SIZE(names); i++)
        if (strcasecmp(text, names[i].name) == 0) {
            *ret = names[i].value;
            return 0;
        }
    return -EINVAL;
}

int text_parse_mode(const char *text, unsigned *ret)
{
    unsigned mode = 0;

    if (*text == '\0' || strlen(text) > 5)
        return -EINVAL;
    for (; *text; text++) {
        if (*text < '0' || *text > '7')
            return -EINVAL;
        mode = mode * 8 + (unsigned)(*text - '0');
    }
    if (mode > 07777)
        return -EINVAL;

    *ret = mode;
    return 0;
}

const char *text_format_duration(uint64_t us, char *buffer, size_t size)
{
    uint64_t seconds = us / USEC_PER_SEC;

    if (us < 10 * USEC_PER_MSEC)
        snprintf(buffer, size, "%.1f ms", (double)us / 1000);
    else if (us < USEC_PER_SEC)
        snprintf(buffer, size, "%" PRIu64 " ms", (uint64_t)(us / USEC_PER_MSEC));
    else if (seconds < 60)
        snprintf(buffer, size, "%.1f s", (double)us / (double)USEC_PER_SEC);
    else if (seconds < 3600)
        snprintf(buffer, size, "%" PRIu64 " min %" PRIu64 " s", seconds / 60, seconds % 60);
    else
        snprintf(buffer, size, "%" PRIu64 " h %" PRIu64 " min", seconds / 3600, seconds % 3600 / 60);
    return buffer;
}

const char *text_format_size(uint64_t bytes, char *buffer, size_t size)
{
    static const char *const units[] = { "kB", "MB", "GB", "TB" };
    double value = (double)bytes;
    size_t unit = 0;

    if (bytes < 1000) {
        snprintf(buffer, size, "%" PRIu64 " B", bytes);
        return buffer;
    }
    for (value /= 1000; value >= 999.95 && unit + 1 < ARRAY_SIZE(units); unit++)
        value /= 1000;
    snprintf(buffer, size, "%.1f %s", value, units[unit]);
    return buffer;
}
