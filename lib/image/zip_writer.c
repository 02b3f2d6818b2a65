/* SPDX-License-Identifier: GPL-2.0-or-later */
/* zip_writer - see zip_writer.h. Section numbers are APPNOTE.TXT's, version 6.3.10. */
#include "image/zip_writer.h"

#include "base/cleanup.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

enum {
    LOCAL_HEADER = 0x04034b50,         /* 4.3.7 */
    DIRECTORY_HEADER = 0x02014b50,     /* 4.3.12 */
    DIRECTORY_END = 0x06054b50,        /* 4.3.16 */
    DIRECTORY_END_64 = 0x06064b50,     /* 4.3.14 */
    DIRECTORY_LOCATOR_64 = 0x07064b50, /* 4.3.15 */
    DIRECTORY_END_64_REST = 44,        /* bytes that follow its size */
    VERSION = 20,                      /* 4.4.3: directories in names */
    VERSION_64 = 45,
    NAMES_ARE_UTF8 = 1 << 11,  /* 4.4.4 */
    FIRST_DATE = (1 << 5) | 1, /* 4.4.6: 1980-01-01 */
    NAME_BYTES_MAX = UINT16_MAX,
    ROOM_FIRST = 64 << 10,
    ROOM_GROWTH = 4,  /* by this part of it */
    NUMBERS_MAX = 16, /* of a record */
};

/* A number of a record and how many bytes it has. */
struct number {
    uint64_t value;
    unsigned bytes;
};

static int make_room(unsigned char **bytes, size_t *room, size_t needed)
{
    size_t wanted = *room ?: ROOM_FIRST;
    unsigned char *more;

    if (needed <= *room)
        return 0;
    while (wanted < needed)
        wanted += wanted / ROOM_GROWTH; /* the kernel moves large ones without a copy */
    more = realloc(*bytes, wanted);
    if (!more)
        return -ENOMEM;
    *bytes = more;
    *room = wanted;
    return 0;
}

static int append(unsigned char **bytes, size_t *size, size_t *room, const void *data, size_t length)
{
    int r;

    if (length == 0)
        return 0; /* of nothing, which may be NULL */
    r = make_room(bytes, room, *size + length);
    if (r < 0)
        return r;
    memcpy(*bytes + *size, data, length);
    *size += length;
    return 0;
}

static int add_bytes(struct zip_writer *writer, const void *data, size_t size)
{
    return append(&writer->bytes, &writer->size, &writer->room, data, size);
}

static int add_to_directory(struct zip_writer *writer, const void *data, size_t size)
{
    return append(&writer->directory, &writer->directory_size, &writer->directory_room, data, size);
}

/* Lays @count numbers out, the least significant byte first. Returns how many bytes. */
static size_t lay_out(const struct number *numbers, size_t count, unsigned char *ret)
{
    size_t size = 0;

    for (size_t i = 0; i < count; i++)
        for (unsigned j = 0; j < numbers[i].bytes; j++)
            ret[size++] = (unsigned char)(numbers[i].value >> (8 * j));
    return size;
}

static int add_local(struct zip_writer *writer, const char *name, uint32_t crc, const void *data, size_t size)
{
    size_t length = strlen(name);
    struct number header[] = { { LOCAL_HEADER, 4 },
                               { VERSION, 2 },
                               { NAMES_ARE_UTF8, 2 },
                               { 0, 2 },
                               { 0, 2 },
                               { FIRST_DATE, 2 },
                               { crc, 4 },
                               { size, 4 },
                               { size, 4 },
                               { length, 2 },
                               { 0, 2 } };
    unsigned char bytes[NUMBERS_MAX * sizeof(uint64_t)];
    int r = add_bytes(writer, bytes, lay_out(header, ARRAY_SIZE(header), bytes));

    if (r == 0)
        r = add_bytes(writer, name, length);
    return r < 0 ? r : add_bytes(writer, data, size);
}

static int add_member(struct zip_writer *writer, const char *name, uint32_t crc, size_t size, size_t at)
{
    size_t length = strlen(name);
    struct number header[] = { { DIRECTORY_HEADER, 4 },
                               { VERSION, 2 },
                               { VERSION, 2 },
                               { NAMES_ARE_UTF8, 2 },
                               { 0, 2 },
                               { 0, 2 },
                               { FIRST_DATE, 2 },
                               { crc, 4 },
                               { size, 4 },
                               { size, 4 },
                               { length, 2 },
                               { 0, 2 + 2 + 2 + 2 },
                               { 0, 4 },
                               { at, 4 } };
    unsigned char bytes[NUMBERS_MAX * sizeof(uint64_t)];
    int r = add_to_directory(writer, bytes, lay_out(header, ARRAY_SIZE(header), bytes));

    return r < 0 ? r : add_to_directory(writer, name, length);
}

int zip_writer_add(struct zip_writer *writer, const char *name, const void *data, size_t size)
{
    size_t at = writer->size;
    uint32_t crc = (uint32_t)crc32_z(0, data, size);
    int r;

    if (at > UINT32_MAX || size > UINT32_MAX || strlen(name) > NAME_BYTES_MAX)
        return -EFBIG;
    r = add_local(writer, name, crc, data, size);
    if (r == 0)
        r = add_member(writer, name, crc, size, at);
    writer->members += r == 0;
    return r;
}

/* Where there are more members, or where they end later, than the plain record can tell. */
static int add_end_64(struct zip_writer *writer, size_t directory_at, size_t directory_size)
{
    size_t at = writer->size;
    struct number record[] = { { DIRECTORY_END_64, 4 },
                               { DIRECTORY_END_64_REST, 8 },
                               { VERSION_64, 2 },
                               { VERSION_64, 2 },
                               { 0, 4 },
                               { 0, 4 },
                               { writer->members, 8 },
                               { writer->members, 8 },
                               { directory_size, 8 },
                               { directory_at, 8 },
                               { DIRECTORY_LOCATOR_64, 4 },
                               { 0, 4 },
                               { at, 8 },
                               { 1, 4 } };
    unsigned char bytes[NUMBERS_MAX * sizeof(uint64_t)];

    return add_bytes(writer, bytes, lay_out(record, ARRAY_SIZE(record), bytes));
}

static uint64_t at_most(uint64_t value, uint64_t most)
{
    return value < most ? value : most;
}

static int add_end(struct zip_writer *writer)
{
    size_t at = writer->size, size = writer->directory_size;
    bool plain = writer->members < UINT16_MAX && at < UINT32_MAX && size < UINT32_MAX;
    uint64_t members = at_most(writer->members, UINT16_MAX);
    struct number record[] = { { DIRECTORY_END, 4 },
                               { 0, 2 },
                               { 0, 2 },
                               { members, 2 },
                               { members, 2 },
                               { at_most(size, UINT32_MAX), 4 },
                               { at_most(at, UINT32_MAX), 4 },
                               { 0, 2 } };
    unsigned char bytes[NUMBERS_MAX * sizeof(uint64_t)];
    int r = add_bytes(writer, writer->directory, size);

    if (r == 0 && !plain)
        r = add_end_64(writer, at, size);
    return r < 0 ? r : add_bytes(writer, bytes, lay_out(record, ARRAY_SIZE(record), bytes));
}

int zip_writer_finish(struct zip_writer *writer, void **ret, size_t *ret_size)
{
    int r = add_end(writer);

    if (r < 0)
        return r;
    *ret_size = writer->size;
    *ret = take_ptr(writer->bytes);
    return 0;
}

void zip_writer_release(struct zip_writer *writer)
{
    free(writer->bytes);
    free(writer->directory);
    *writer = (struct zip_writer){ 0 };
}
