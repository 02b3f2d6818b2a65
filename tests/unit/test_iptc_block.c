/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Tests of lib/image/iptc_block: resources and records, byte for byte. */
#include "image/iptc_block.h"

#include "base/cleanup.h"
#include "recipe/recipe.h"
#include "unit_main.h"

#include <string.h>

#define CODING "\x1c\x01\x5a\0\x03\x1b%G"
#define VERSION "\x1c\x02\0\0\x02\0\x04"
#define TITLE "\x1c\x02\x05\0\x05title"
#define BYLINE "\x1c\x02\x50\0\x02me"
#define CITY "\x1c\x02\x5a\0\x04Rome"
#define NOTICE "\x1c\x02\x74\0\x04mine"
#define PREVIEW "\x1c\x02\xca\0\x06pixels"
#define BYTES(text) (text), sizeof(text) - 1

#define THUMBNAIL "8BIM\x04\x0c\0\0\0\0\0\x05pixel\0"
#define RECORD_OF(size) "8BIM\x04\x04\0\0\0\0\0" size

static const struct {
    const char *what, *data;
    size_t size;
    unsigned keep;
    const char *left;
    size_t left_size;
} records[] = {
    { "all stays but the preview", BYTES(VERSION TITLE PREVIEW CITY), METADATA_IPTC,
      BYTES(VERSION TITLE CITY) },
    { "of the rights, what they need", BYTES(CODING VERSION TITLE BYLINE CITY NOTICE), METADATA_COPYRIGHT,
      BYTES(CODING VERSION BYLINE NOTICE) },
    { "no rights, no record", BYTES(CODING VERSION TITLE), METADATA_COPYRIGHT, NULL, 0 },
    { "nothing is asked for", BYTES(TITLE BYLINE), METADATA_XMP | METADATA_GPS, NULL, 0 },
    { "a resource among others", BYTES("Photoshop 3.0\0" THUMBNAIL RECORD_OF("\x07") BYLINE "\0" THUMBNAIL),
      METADATA_IPTC, BYTES(BYLINE) },
    { "a resource with a name",
      BYTES("Photoshop 3.0\0"
            "8BIM\x04\x04\x02he\0\0\0\0\x0a" TITLE),
      METADATA_IPTC, BYTES(TITLE) },
    { "no record among the resources", BYTES("Photoshop 3.0\0" THUMBNAIL), METADATA_IPTC, NULL, 0 },
    { "a resource that is cut off", BYTES("Photoshop 3.0\0" RECORD_OF("\x0b") TITLE), METADATA_IPTC, NULL,
      0 },
    { "a resource out of the world",
      BYTES("Photoshop 3.0\0"
            "8BIM\x04\x04\0\0\xff\xff\xff\xff"),
      METADATA_IPTC, NULL, 0 },
    { "a dataset that is cut off", BYTES(TITLE "\x1c\x02\x05\0\x05titl"), METADATA_IPTC, BYTES(TITLE) },
    { "a dataset with a long size", BYTES(TITLE "\x1c\x02\x05\x80\x04\0\0\0\1x"), METADATA_IPTC,
      BYTES(TITLE) },
    { "what is no dataset", BYTES(TITLE "x" TITLE), METADATA_IPTC, BYTES(TITLE) },
    { "nothing", "", 0, METADATA_IPTC, NULL, 0 },
};

START_TEST(a_record_is_reduced)
{
    _cleanup_free_ void *left = NULL;
    size_t size;

    ck_assert_int_eq(iptc_block_reduce(records[_i].data, records[_i].size, records[_i].keep, &left, &size),
                     0);
    ck_assert_msg(size == records[_i].left_size, "%s: %zu bytes", records[_i].what, size);
    ck_assert_int_eq(left != NULL, size > 0);
    if (left)
        ck_assert_msg(memcmp(left, records[_i].left, size) == 0, "%s", records[_i].what);
}
END_TEST

START_TEST(what_is_cut_off_does_no_harm)
{
    for (size_t size = 0; size < records[_i].size; size++) {
        _cleanup_free_ char *exact = malloc(size);
        _cleanup_free_ void *left = NULL;
        size_t left_size;

        memcpy(exact, records[_i].data, size);
        ck_assert_int_eq(iptc_block_reduce(exact, size, METADATA_IPTC, &left, &left_size), 0);
        ck_assert_uint_le(left_size, size);
    }
}
END_TEST

START_TEST(a_wrapped_record_is_found_again)
{
    _cleanup_free_ void *wrapped = NULL, *record = NULL;
    size_t wrapped_size, size;

    ck_assert_int_eq(iptc_block_wrap(BYTES(BYLINE), &wrapped, &wrapped_size), 0);
    ck_assert_uint_eq(wrapped_size, 14 + 12 + 8);
    ck_assert_int_eq(iptc_block_reduce(wrapped, wrapped_size, METADATA_IPTC, &record, &size), 0);
    ck_assert_uint_eq(size, sizeof BYLINE - 1);
    ck_assert_mem_eq(record, BYLINE, size);
}
END_TEST

START_TEST(a_record_without_end_is_none)
{
    size_t count = IPTC_BLOCK_BYTES_MAX / (sizeof BYLINE - 1) + 1, size = count * (sizeof BYLINE - 1);
    _cleanup_free_ char *record = malloc(size);
    _cleanup_free_ void *left = NULL;
    size_t left_size;

    for (size_t i = 0; i < count; i++)
        memcpy(record + i * (sizeof BYLINE - 1), BYLINE, sizeof BYLINE - 1);
    ck_assert_int_eq(iptc_block_reduce(record, size, METADATA_IPTC, &left, &left_size), 0);
    ck_assert_ptr_null(left);
}
END_TEST

UNIT_MAIN("iptc_block", UNIT_ROWS(a_record_is_reduced, records),
          UNIT_ROWS(what_is_cut_off_does_no_harm, records), UNIT_TEST(a_wrapped_record_is_found_again),
          UNIT_TEST(a_record_without_end_is_none))
