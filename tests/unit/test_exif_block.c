/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Tests of lib/image/exif_block: blocks of both byte orders, and hostile ones. ExifTool's word on good ones is in
 * test_fidelity_metadata. */
#include "image/exif_block.h"

#include "base/cleanup.h"
#include "recipe/recipe.h"
#include "unit_main.h"

#include <stdbool.h>
#include <string.h>

enum { BLOCK_BYTES = 512, NOTE_AT = 300, NOTE_BYTES = 21, TYPE_SHORT = 3, TYPE_LONG = 4, TYPE_ASCII = 2 };

static const char note[NOTE_BYTES + 1] = "a note that stays put";

struct block {
    unsigned char bytes[BLOCK_BYTES];
    bool big_endian;
};

static void put(struct block *block, size_t at, uint32_t value, size_t size)
{
    for (size_t i = 0; i < size; i++)
        block->bytes[at + (block->big_endian ? size - 1 - i : i)] = (unsigned char)(value >> (8 * i));
}

static uint32_t get(const struct block *block, size_t at, size_t size)
{
    uint32_t value = 0;

    for (size_t i = 0; i < size; i++)
        value = value << 8 | block->bytes[at + (block->big_endian ? i : size - 1 - i)];
    return value;
}

static size_t put_entry(struct block *block, size_t at, uint16_t tag, uint16_t type, uint32_t count,
                        uint32_t value)
{
    put(block, at, tag, 2);
    put(block, at + 2, type, 2);
    put(block, at + 4, count, 4);
    put(block, at + 8, value, type == TYPE_SHORT && count == 1 ? 2 : 4);
    return at + 12;
}

/* IFD0 at 8, EXIF at 100 with a maker note at 300, GPS at 200. */
static struct block make(bool big_endian)
{
    struct block block = { .big_endian = big_endian };
    size_t at;

    memcpy(block.bytes, big_endian ? "MM\0*" : "II*", 4);
    put(&block, 4, 8, 4);

    put(&block, 8, 5, 2);
    at = put_entry(&block, 10, 0x0112, TYPE_SHORT, 1, 6);
    at = put_entry(&block, at, 0x013b, TYPE_ASCII, 7, 400);
    at = put_entry(&block, at, 0x8769, TYPE_LONG, 1, 100);
    at = put_entry(&block, at, 0x8825, TYPE_LONG, 1, 200);
    put_entry(&block, at, 0xfde8, 7, 6, 420);
    memcpy(block.bytes + 400, "artist", 7);
    memcpy(block.bytes + 420, "\0own\xff\x01", 6);

    put(&block, 100, 3, 2);
    at = put_entry(&block, 102, 0x927c, 7, NOTE_BYTES, NOTE_AT);
    at = put_entry(&block, at, 0xa002, TYPE_LONG, 1, 4000);
    put_entry(&block, at, 0xa003, TYPE_LONG, 1, 3000);
    memcpy(block.bytes + NOTE_AT, note, NOTE_BYTES);

    put(&block, 200, 1, 2);
    put_entry(&block, 202, 0x0012, TYPE_ASCII, 6, 440);
    memcpy(block.bytes + 440, "WGS84", 6);
    return block;
}

static const struct exif_wish plain = {
    .keep = METADATA_ALL, .orientation = 1, .width = 40, .height = 70000
};

static struct block reduce(const struct block *block, const struct exif_wish *wish)
{
    struct block reduced = { .big_endian = block->big_endian };
    _cleanup_free_ void *bytes = NULL;
    size_t size;

    ck_assert_int_eq(exif_block_reduce(block->bytes, BLOCK_BYTES, wish, &bytes, &size), 0);
    ck_assert_ptr_nonnull(bytes);
    ck_assert_uint_le(size, BLOCK_BYTES);
    memcpy(reduced.bytes, bytes, size);
    return reduced;
}

/* Where the entry of @tag in the directory at @directory stands, or 0. */
static size_t find(const struct block *block, size_t directory, uint16_t tag)
{
    for (size_t i = 0; i < get(block, directory, 2); i++)
        if (get(block, directory + 2 + 12 * i, 2) == tag)
            return directory + 2 + 12 * i;
    return 0;
}

static size_t offset_of(const struct block *block, size_t directory, uint16_t tag)
{
    size_t entry = find(block, directory, tag);

    ck_assert_uint_gt(entry, 0);
    return get(block, entry + 8, 4);
}

START_TEST(values_of_all_types_stay_as_they_were)
{
    struct block block = make(_i == 1), reduced = reduce(&block, &plain);
    size_t gps = offset_of(&reduced, 8, 0x8825);

    ck_assert_mem_eq(reduced.bytes + offset_of(&reduced, 8, 0x013b), "artist", 7);
    ck_assert_mem_eq(reduced.bytes + offset_of(&reduced, 8, 0xfde8), "\0own\xff\x01", 6);
    ck_assert_uint_eq(get(&reduced, find(&reduced, 8, 0xfde8) + 2, 2), 7);
    ck_assert_mem_eq(reduced.bytes + offset_of(&reduced, gps, 0x0012), "WGS84", 6);
}
END_TEST

START_TEST(a_maker_note_stays_where_it_was)
{
    struct block block = make(_i == 1), reduced = reduce(&block, &plain);
    size_t exif = offset_of(&reduced, 8, 0x8769);

    ck_assert_uint_eq(offset_of(&reduced, exif, 0x927c), NOTE_AT);
    ck_assert_mem_eq(reduced.bytes + NOTE_AT, note, NOTE_BYTES);
}
END_TEST

START_TEST(a_maker_note_stays_with_all_only)
{
    struct exif_wish wish = plain;
    struct block block = make(false), reduced;

    wish.keep &= ~(unsigned)METADATA_OTHER;
    reduced = reduce(&block, &wish);
    ck_assert_uint_eq(find(&reduced, offset_of(&reduced, 8, 0x8769), 0x927c), 0);
    ck_assert_ptr_null(memmem(reduced.bytes, BLOCK_BYTES, "note", 4));
}
END_TEST

START_TEST(dimensions_are_those_of_the_picture)
{
    struct block block = make(_i == 1), reduced = reduce(&block, &plain);
    size_t exif = offset_of(&reduced, 8, 0x8769);
    size_t width = find(&reduced, exif, 0xa002), height = find(&reduced, exif, 0xa003);

    ck_assert_uint_eq(get(&reduced, width + 2, 2), TYPE_SHORT);
    ck_assert_uint_eq(get(&reduced, width + 8, 2), 40);
    ck_assert_uint_eq(get(&reduced, height + 2, 2), TYPE_LONG);
    ck_assert_uint_eq(get(&reduced, height + 8, 4), 70000);
}
END_TEST

START_TEST(the_orientation_is_the_pictures)
{
    struct exif_wish wish = plain;
    struct block block = make(_i == 1), reduced = reduce(&block, &wish);

    ck_assert_uint_eq(find(&reduced, 8, 0x0112), 0);
    wish.orientation = 8;
    reduced = reduce(&block, &wish);
    ck_assert_uint_eq(get(&reduced, find(&reduced, 8, 0x0112) + 8, 2), 8);
}
END_TEST

START_TEST(an_orientation_makes_a_block)
{
    const struct exif_wish wish = { .orientation = 3 };
    static const char *const nothings[] = { "", "Exif", "no EXIF at all", "II*\0\xff\xff\xff\xff" };
    static const size_t sizes[] = { 0, 4, 14, 8 };

    for (size_t i = 0; i < ARRAY_SIZE(nothings); i++) {
        struct block made = { .big_endian = false };
        _cleanup_free_ void *bytes = NULL;
        size_t size;

        ck_assert_int_eq(exif_block_reduce(nothings[i], sizes[i], &wish, &bytes, &size), 0);
        ck_assert_uint_eq(size, 26);
        memcpy(made.bytes, bytes, size);
        made.big_endian = made.bytes[0] == 'M';
        ck_assert_uint_eq(get(&made, find(&made, 8, 0x0112) + 8, 2), 3);
    }
}
END_TEST

/* ---- hostile ones ---- */

/* One number of a good block that is a lie. */
static const struct {
    const char *what;
    size_t at, size;
    uint32_t lie;
} lies[] = {
    { "the first directory is the header", 4, 4, 0 },
    { "the first directory is beyond the end", 4, 4, BLOCK_BYTES },
    { "the first directory is at the end", 4, 4, BLOCK_BYTES - 1 },
    { "the first directory is out of the world", 4, 4, UINT32_MAX },
    { "more entries than there is room", 8, 2, UINT16_MAX },
    { "no entries", 8, 2, 0 },
    { "a value is beyond the end", 10 + 12 + 8, 4, BLOCK_BYTES - 3 },
    { "a value is out of the world", 10 + 12 + 8, 4, UINT32_MAX },
    { "a value of four thousand million", 10 + 12 + 4, 4, UINT32_MAX },
    { "a size that does not fit 32 bits", 10 + 12, 4, 0x013b000c },
    { "a value of no type", 10 + 12 + 2, 2, 0 },
    { "a value of an unknown type", 10 + 12 + 2, 2, 77 },
    { "EXIF is IFD0", 10 + 2 * 12 + 8, 4, 8 },
    { "EXIF is GPS", 10 + 2 * 12 + 8, 4, 200 },
    { "GPS is IFD0", 10 + 3 * 12 + 8, 4, 8 },
    { "the directory goes on with itself", 10 + 5 * 12, 4, 8 },
    { "the maker note is the header", 102 + 8, 4, 0 },
    { "the maker note is over IFD0", 102 + 8, 4, 8 },
    { "the maker note is over EXIF", 102 + 8, 4, 101 },
    { "the maker note is at the end", 102 + 8, 4, BLOCK_BYTES - NOTE_BYTES },
    { "the maker note is all", 102 + 4, 4, BLOCK_BYTES - NOTE_AT },
};

/* Without a sanitizer, what is written beyond its room is not seen for sure. */
static void try_all(const void *bytes, size_t size)
{
    for (unsigned keep = 0; keep <= METADATA_ALL; keep++) {
        struct exif_wish wish = { .keep = keep, .orientation = 1 + (int)keep % 8, .recoloured = keep % 2 };
        _cleanup_free_ void *exact = malloc(size), *reduced = NULL;
        size_t reduced_size;

        memcpy(exact, bytes, size);
        ck_assert_int_eq(exif_block_reduce(exact, size, &wish, &reduced, &reduced_size), 0);
        ck_assert_uint_le(reduced_size, EXIF_BLOCK_BYTES_MAX);
        ck_assert(wish.orientation == 1 || reduced);
    }
}

START_TEST(a_lie_does_no_harm)
{
    for (int big_endian = 0; big_endian < 2; big_endian++) {
        struct block block = make(big_endian);

        put(&block, lies[_i].at, lies[_i].lie, lies[_i].size);
        try_all(block.bytes, BLOCK_BYTES);
    }
}
END_TEST

START_TEST(a_block_that_is_cut_off_does_no_harm)
{
    struct block block = make(false);

    for (size_t size = 1; size < BLOCK_BYTES; size++)
        try_all(block.bytes, size);
}
END_TEST

/* 5000 entries that share a value of 60,000 bytes would come to 300 MB. */
START_TEST(entries_that_share_a_large_value_do_not_multiply_it)
{
    enum { ENTRIES = 5000, SIZE = 8 + 2 + ENTRIES * 12 + 4 };
    _cleanup_free_ unsigned char *bytes = calloc(1, SIZE);
    const struct exif_wish wish = { .keep = METADATA_ALL, .orientation = 6 };
    _cleanup_free_ void *reduced = NULL;
    size_t reduced_size;

    ck_assert_ptr_nonnull(bytes);
    memcpy(bytes, "II*\0\x08\0\0\0\x88\x13", 10);
    for (size_t i = 0; i < ENTRIES; i++)
        memcpy(bytes + 10 + i * 12, "\x10\xfe\x07\0\x60\xea\0\0\0\0\0\0", 12);
    ck_assert_int_eq(exif_block_reduce(bytes, SIZE, &wish, &reduced, &reduced_size), 0);
    ck_assert_uint_eq(reduced_size, 26);
}
END_TEST

static const int orders[] = { 0, 1 };

UNIT_MAIN("exif_block", UNIT_ROWS(values_of_all_types_stay_as_they_were, orders),
          UNIT_ROWS(a_maker_note_stays_where_it_was, orders), UNIT_TEST(a_maker_note_stays_with_all_only),
          UNIT_ROWS(dimensions_are_those_of_the_picture, orders),
          UNIT_ROWS(the_orientation_is_the_pictures, orders), UNIT_TEST(an_orientation_makes_a_block),
          UNIT_ROWS(a_lie_does_no_harm, lies), UNIT_TEST(a_block_that_is_cut_off_does_no_harm),
          UNIT_TEST(entries_that_share_a_large_value_do_not_multiply_it))
