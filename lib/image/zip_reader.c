/* SPDX-License-Identifier: GPL-2.0-or-later */
/* zip_reader - see zip_reader.h. Offsets are those of APPNOTE.TXT's records, see zip_writer.c. */
#include "image/zip_reader.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>
#include <zlib.h>

enum {
    LOCAL_HEADER = 0x04034b50,
    DIRECTORY_HEADER = 0x02014b50,
    DIRECTORY_END = 0x06054b50,
    DIRECTORY_LOCATOR_64 = 0x07064b50,
    DIRECTORY_END_64 = 0x06064b50,
    LOCAL_BYTES = 30,
    HEADER_BYTES = 46,
    END_BYTES = 22,
    LOCATOR_64_BYTES = 20,
    END_64_BYTES = 56,
};

struct archive {
    const unsigned char *data;
    size_t size;
    uint64_t members, at; /* as its end says; @at: of the directory's next header */
};

struct member {
    const char *name;
    size_t name_length, size;
    const unsigned char *bytes;
};

static uint64_t number_at(const struct archive *archive, uint64_t at, unsigned bytes)
{
    uint64_t value = 0;

    for (unsigned i = bytes; i > 0; i--)
        value = value << 8 | archive->data[at + i - 1];
    return value;
}

static bool holds(const struct archive *archive, uint64_t at, uint64_t bytes)
{
    return at <= archive->size && bytes <= archive->size - at;
}

static bool has_record(const struct archive *archive, uint64_t at, uint64_t bytes, uint32_t signature)
{
    return holds(archive, at, bytes) && number_at(archive, at, 4) == signature;
}

/* The 64-bit end stands before the plain one, whose numbers are all ones where they do not count. */
static int open_end_64(struct archive *archive, uint64_t end)
{
    uint64_t locator = end - LOCATOR_64_BYTES, at;

    if (end < LOCATOR_64_BYTES || !has_record(archive, locator, LOCATOR_64_BYTES, DIRECTORY_LOCATOR_64))
        return -EBADMSG;
    at = number_at(archive, locator + 8, 8);
    if (!has_record(archive, at, END_64_BYTES, DIRECTORY_END_64))
        return -EBADMSG;
    archive->members = number_at(archive, at + 32, 8);
    archive->at = number_at(archive, at + 48, 8);
    return 0;
}

static int open_archive(const void *data, size_t size, struct archive *ret)
{
    uint64_t end = size - END_BYTES;

    *ret = (struct archive){ .data = data, .size = size };
    if (size < END_BYTES || !has_record(ret, end, END_BYTES, DIRECTORY_END))
        return -EBADMSG;
    ret->members = number_at(ret, end + 10, 2);
    ret->at = number_at(ret, end + 16, 4);
    return ret->members == UINT16_MAX || ret->at == UINT32_MAX ? open_end_64(ret, end) : 0;
}

/* Reads the next header of the directory, and goes on to the one after. */
static int next_member(struct archive *archive, struct member *ret)
{
    uint64_t at = archive->at, local, length;

    if (!has_record(archive, at, HEADER_BYTES, DIRECTORY_HEADER))
        return -EBADMSG;
    length = number_at(archive, at + 28, 2);
    local = number_at(archive, at + 42, 4);
    ret->size = number_at(archive, at + 24, 4);
    if (!holds(archive, at + HEADER_BYTES, length) ||
        !has_record(archive, local, LOCAL_BYTES, LOCAL_HEADER) ||
        !holds(archive, local + LOCAL_BYTES + length, ret->size))
        return -EBADMSG;

    ret->name = (const char *)archive->data + at + HEADER_BYTES;
    ret->name_length = length;
    ret->bytes = archive->data + local + LOCAL_BYTES + length;
    if (memcmp(archive->data + local + LOCAL_BYTES, ret->name, length) != 0 ||
        crc32_z(0, ret->bytes, ret->size) != number_at(archive, at + 16, 4))
        return -EBADMSG;
    archive->at = at + HEADER_BYTES + length;
    return 0;
}

int64_t zip_reader_count(const void *data, size_t size)
{
    struct archive archive;
    struct member member;
    int r = open_archive(data, size, &archive);

    for (uint64_t i = 0; r == 0 && i < archive.members; i++)
        r = next_member(&archive, &member);
    return r < 0 ? r : (int64_t)archive.members;
}

int zip_reader_find(const void *data, size_t size, const char *name, const void **ret, size_t *ret_size)
{
    struct archive archive;
    struct member member;
    int r = open_archive(data, size, &archive);

    for (uint64_t i = 0; r == 0 && i < archive.members; i++) {
        r = next_member(&archive, &member);
        if (r < 0)
            return r;
        if (member.name_length != strlen(name) || memcmp(member.name, name, member.name_length) != 0)
            continue;
        *ret = member.bytes;
        *ret_size = member.size;
        return 0;
    }
    return r < 0 ? r : -ENOENT;
}
