/* SPDX-License-Identifier: GPL-2.0-or-later */
/* iptc_block - see iptc_block.h; IPTC-NAA Information Interchange Model 4, and Adobe's "Image Resource Blocks".
 *
 * A resource: "8BIM", its number, a name (its length, padded to an even number with that), its size, its bytes (padded
 * to an even number). A dataset: 0x1c, its record, its number, its size, its bytes. All numbers are big-endian. */
#include "image/iptc_block.h"

#include "base/big_endian.h"
#include "base/cleanup.h"
#include "recipe/recipe.h"

#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

static const char signature[] = "Photoshop 3.0"; /* with its NUL */
static const char resource_type[] = "8BIM";

enum {
    RESOURCE_TYPE_BYTES = 4,
    RESOURCE_RECORD = 0x0404,
    RESOURCE_FRAME = 12, /* of one with an empty name, besides its bytes */
    RESOURCE_NAME_AT = 6,
    DATASET_MARK = 0x1c,
    DATASET_FRAME = 5,
    DATASET_LONG = 0x8000, /* of a size: that many bytes of size follow, which nobody writes */
};

struct span {
    const unsigned char *bytes;
    size_t size;
};

static size_t even(size_t bytes)
{
    return bytes + bytes % 2;
}

/* Takes the resource at the front of @rest off it. False when there is none that is whole. */
static bool next_resource(struct span *rest, unsigned *ret_number, struct span *ret)
{
    size_t size_at, size;

    if (rest->size < RESOURCE_FRAME || memcmp(rest->bytes, resource_type, RESOURCE_TYPE_BYTES) != 0)
        return false;
    size_at = RESOURCE_NAME_AT + even((size_t)1 + rest->bytes[RESOURCE_NAME_AT]);
    if (rest->size < size_at + 4)
        return false;
    size = big_endian_read(rest->bytes + size_at, 4);
    if (size > rest->size - size_at - 4)
        return false;

    *ret_number = (unsigned)big_endian_read(rest->bytes + RESOURCE_TYPE_BYTES, 2);
    *ret = (struct span){ rest->bytes + size_at + 4, size };
    size = size_at + 4 + even(size);
    size = size < rest->size ? size : rest->size;
    rest->bytes += size;
    rest->size -= size;
    return true;
}

static struct span find_record(struct span data)
{
    struct span resource;
    unsigned number;

    if (data.size < sizeof signature || memcmp(data.bytes, signature, sizeof signature) != 0)
        return data;
    data.bytes += sizeof signature;
    data.size -= sizeof signature;
    while (next_resource(&data, &number, &resource))
        if (number == RESOURCE_RECORD)
            return resource;
    return (struct span){ NULL, 0 };
}

/* Datasets by record and number, first to last; what keeps them, METADATA_*. */
static const struct {
    unsigned char record, first, last;
    unsigned wanted;
} rules[] = {
    { 1, 90, 90, METADATA_IPTC | METADATA_COPYRIGHT },   /* how the texts are coded */
    { 2, 0, 0, METADATA_IPTC | METADATA_COPYRIGHT },     /* the record's version */
    { 2, 80, 80, METADATA_IPTC | METADATA_COPYRIGHT },   /* By-line */
    { 2, 110, 110, METADATA_IPTC | METADATA_COPYRIGHT }, /* Credit */
    { 2, 116, 116, METADATA_IPTC | METADATA_COPYRIGHT }, /* Copyright Notice */
    { 2, 200, 202, 0 },                                  /* the preview */
    { 7, 0, 255, 0 },                                    /* of a picture that is in the record itself */
    { 8, 0, 255, 0 },
    { 9, 0, 255, 0 },
};

enum { RECORD_ENVELOPE = 1 };

static unsigned wanted_by(unsigned char record, unsigned char number)
{
    for (size_t i = 0; i < ARRAY_SIZE(rules); i++)
        if (rules[i].record == record && number >= rules[i].first && number <= rules[i].last)
            return rules[i].wanted;
    return METADATA_IPTC;
}

/* True when the dataset says something by itself. */
static bool tells(unsigned char record, unsigned char number)
{
    return record > RECORD_ENVELOPE && number > 0;
}

/* Copies the wanted datasets to @to. Returns how many bytes they are; 0 when none of them tells anything. */
static size_t copy_datasets(struct span record, unsigned keep, unsigned char *to)
{
    size_t used = 0, at = 0;
    bool any = false;

    while (record.size - at >= DATASET_FRAME && record.bytes[at] == DATASET_MARK) {
        const unsigned char *from = record.bytes + at;
        size_t size = big_endian_read(from + 3, 2);

        if (size >= DATASET_LONG || size > record.size - at - DATASET_FRAME)
            break;
        size += DATASET_FRAME;
        if (wanted_by(from[1], from[2]) & keep) {
            memcpy(to + used, from, size);
            used += size;
            any = any || tells(from[1], from[2]);
        }
        at += size;
    }
    return any ? used : 0;
}

int iptc_block_reduce(const void *data, size_t size, unsigned keep, void **ret, size_t *ret_size)
{
    struct span record = find_record((struct span){ data, size });
    _cleanup_free_ unsigned char *to = NULL;

    *ret = NULL;
    *ret_size = 0;
    if (!(keep & (METADATA_IPTC | METADATA_COPYRIGHT)) || record.size == 0 ||
        record.size > IPTC_BLOCK_BYTES_MAX)
        return 0;

    to = malloc(record.size);
    if (!to)
        return -ENOMEM;
    *ret_size = copy_datasets(record, keep, to);
    if (*ret_size > 0)
        *ret = take_ptr(to);
    return 0;
}

int iptc_block_wrap(const void *data, size_t size, void **ret, size_t *ret_size)
{
    size_t wrapped = sizeof signature + RESOURCE_FRAME + even(size);
    unsigned char *to = calloc(1, wrapped), *at = to;

    if (!to)
        return -ENOMEM;
    memcpy(at, signature, sizeof signature);
    at += sizeof signature;
    memcpy(at, resource_type, RESOURCE_TYPE_BYTES);
    at[RESOURCE_TYPE_BYTES] = RESOURCE_RECORD >> 8;
    at[RESOURCE_TYPE_BYTES + 1] = RESOURCE_RECORD & 0xff;
    for (size_t i = 0; i < 4; i++)
        at[RESOURCE_FRAME - 4 + i] = (unsigned char)(size >> (24 - 8 * i));
    memcpy(at + RESOURCE_FRAME, data, size);
    *ret = to;
    *ret_size = wrapped;
    return 0;
}
