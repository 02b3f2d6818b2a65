/* SPDX-License-Identifier: GPL-2.0-or-later */
/* png_chunks - see png_chunks.h; PNG specification, chunk layout: length, type, data, CRC. */
#include "image/png_chunks.h"

#include "base/cleanup.h"

#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

enum {
    SIGNATURE_BYTES = 8,
    TYPE_BYTES = 4,
    FRAME_BYTES = 12,       /* of a chunk besides its data */
    ANCILLARY_BIT = 1 << 5, /* of the type's first letter: a small one */
};

static const char kept_types[][TYPE_BYTES + 1] = {
    "tRNS", "iCCP", "sRGB", "gAMA", "cHRM", "sBIT", "pHYs", "eXIf",
};

struct chunk {
    const unsigned char *start;
    size_t bytes; /* with its frame; what the file has of it */
    bool kept;
};

static uint32_t read_length(const unsigned char *bytes)
{
    return (uint32_t)bytes[0] << 24 | (uint32_t)bytes[1] << 16 | (uint32_t)bytes[2] << 8 | bytes[3];
}

static bool is_type(const unsigned char *type, const char *name)
{
    return memcmp(type, name, TYPE_BYTES) == 0;
}

static bool is_kept_type(const unsigned char *type)
{
    if (!(type[0] & ANCILLARY_BIT))
        return true;
    for (size_t i = 0; i < ARRAY_SIZE(kept_types); i++)
        if (is_type(type, kept_types[i]))
            return true;
    return false;
}

/* The chunk at @start, with @left bytes of file from there on. Pixels that are cut off are the decoder's to
 * judge; any other chunk that is ends the file. */
static struct chunk chunk_at(const unsigned char *start, size_t left)
{
    struct chunk chunk = { .start = start, .bytes = left, .kept = false };
    const unsigned char *type = start + sizeof(uint32_t);
    size_t claimed;

    if (left < FRAME_BYTES)
        return chunk;

    claimed = (size_t)read_length(start) + FRAME_BYTES;
    if (claimed > left) {
        chunk.kept = is_type(type, "IDAT");
        return chunk;
    }
    return (struct chunk){ start, claimed, is_kept_type(type) };
}

/* Copies the kept chunks to @to, if there is one; returns how many bytes they are. */
static size_t copy_kept(const unsigned char *data, size_t size, unsigned char *to)
{
    size_t at = SIGNATURE_BYTES, used = SIGNATURE_BYTES;

    if (to)
        memcpy(to, data, SIGNATURE_BYTES);
    while (at < size) {
        struct chunk chunk = chunk_at(data + at, size - at);

        if (chunk.kept && to)
            memcpy(to + used, chunk.start, chunk.bytes);
        used += chunk.kept ? chunk.bytes : 0;
        at += chunk.bytes;
    }
    return used;
}

int png_chunks_reduce(const void *data, size_t size, void **ret_copy, size_t *ret_size)
{
    size_t kept = size < SIGNATURE_BYTES ? size : copy_kept(data, size, NULL);
    unsigned char *copy;

    *ret_copy = NULL;
    if (kept == size)
        return 0;

    copy = malloc(kept);
    if (!copy)
        return -ENOMEM;

    copy_kept(data, size, copy);
    *ret_copy = copy;
    *ret_size = kept;
    return 0;
}

const char *png_chunks_kept(size_t index)
{
    return index < ARRAY_SIZE(kept_types) ? kept_types[index] : NULL;
}
