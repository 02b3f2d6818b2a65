/* SPDX-License-Identifier: GPL-2.0-or-later */
/* data_url - see data_url.h. Only base64 is read, which is what programs write, with line ends as these are in XML. */
#include "image/data_url.h"

#include "base/big_endian.h"
#include "base/cleanup.h"

#include <glib.h>
#include <stdbool.h>
#include <string.h>

#define SCHEME "data:image/"
#define VECTOR_TYPE "svg"
#define CODING ";base64,"

enum {
    TYPE_BYTES_MAX = 200,
    HEADER_BYTES_MAX = 1 << 19, /* of base64, which a JPEG's metadata may fill */
    PIXEL_BYTES = 8,            /* gdk-pixbuf's, and cairo's */
};

/* ---- headers ---- */

static uint64_t bytes_of(uint64_t width, uint64_t height)
{
    uint64_t bytes;

    return __builtin_mul_overflow(width * height, PIXEL_BYTES, &bytes) ? UINT64_MAX : bytes;
}

static uint64_t png_bytes(const uint8_t *data, size_t size)
{
    return size < 24 ? 0 : bytes_of(big_endian_read(data + 16, 4), big_endian_read(data + 20, 4));
}

static uint64_t gif_bytes(const uint8_t *data, size_t size)
{
    return size < 10 ? 0 : bytes_of(data[6] | (uint32_t)data[7] << 8, data[8] | (uint32_t)data[9] << 8);
}

static bool begins_frame(uint8_t marker)
{
    return marker >= 0xC0 && marker <= 0xCF && marker != 0xC4 && marker != 0xC8 && marker != 0xCC;
}

static uint64_t jpeg_bytes(const uint8_t *data, size_t size)
{
    for (size_t at = 2; at + 9 <= size && data[at] == 0xFF; at += 2 + big_endian_read(data + at + 2, 2))
        if (begins_frame(data[at + 1]))
            return bytes_of(big_endian_read(data + at + 7, 2), big_endian_read(data + at + 5, 2));
    return 0;
}

static const struct {
    const char *mark;
    uint64_t (*bytes)(const uint8_t *data, size_t size);
} kinds[] = {
    { "\x89PNG", png_bytes },
    { "\xFF\xD8\xFF", jpeg_bytes },
    { "GIF8", gif_bytes },
};

static uint64_t decoded_bytes(const uint8_t *data, size_t size)
{
    for (size_t i = 0; i < ARRAY_SIZE(kinds); i++)
        if (size >= strlen(kinds[i].mark) && memcmp(data, kinds[i].mark, strlen(kinds[i].mark)) == 0)
            return kinds[i].bytes(data, size);
    return 0;
}

/* ---- URLs ---- */

/* Without line ends that are written as references ("&#10;"). Returns how much is left. */
static size_t drop_references(char *text, size_t size)
{
    size_t kept = 0;
    bool in_reference = false;

    for (size_t i = 0; i < size; i++) {
        in_reference |= text[i] == '&';
        if (!in_reference)
            text[kept++] = text[i];
        in_reference &= text[i] != ';';
    }
    return kept;
}

/* What @base64 stands for, which has @size bytes. */
static uint64_t picture_bytes(const char *base64, size_t size)
{
    size_t part = size < HEADER_BYTES_MAX ? size : HEADER_BYTES_MAX, decoded;
    char *text = g_try_malloc(part + 1);
    uint64_t bytes = 0;
    guint save = 0;
    int state = 0;

    if (!text)
        return 0;
    memcpy(text, base64, part);
    decoded = g_base64_decode_step(text, drop_references(text, part), (guchar *)text, &state, &save);
    bytes = decoded_bytes((const uint8_t *)text, decoded);
    g_free(text);
    return bytes;
}

static size_t url_length(const char *url, size_t size)
{
    size_t length = 0;

    while (length < size && url[length] && !strchr("\"'()<>", url[length]))
        length++;
    return length;
}

/* @url is behind the scheme. */
static void take(struct data_urls *urls, const char *url, size_t length)
{
    const char *coding =
        memmem(url, length < TYPE_BYTES_MAX ? length : TYPE_BYTES_MAX, CODING, strlen(CODING));
    uint64_t bytes;

    if (!coding || (length >= strlen(VECTOR_TYPE) && memcmp(url, VECTOR_TYPE, strlen(VECTOR_TYPE)) == 0))
        return;
    coding += strlen(CODING);
    bytes = picture_bytes(coding, length - (size_t)(coding - url));
    urls->bytes += length;
    if (bytes > urls->largest_bytes)
        urls->largest_bytes = bytes;
}

struct data_urls data_urls_find(const char *data, size_t size)
{
    struct data_urls urls = { 0 };
    const char *end = data + size, *at = data;

    while ((at = memmem(at, (size_t)(end - at), SCHEME, strlen(SCHEME)))) {
        size_t length;

        at += strlen(SCHEME);
        length = url_length(at, (size_t)(end - at));
        take(&urls, at, length);
        at += length;
    }
    return urls;
}
