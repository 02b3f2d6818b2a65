/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Tests of whether the flattened picture of a PSD is there, in files byte by byte. */
#include "unit_main.h"

#include "image/psd_rows.h"

#include <string.h>

#define BYTES(literal) literal, sizeof(literal) - 1
/* Of 9 × 2 pixels; then the sections, which are empty, or have what begins with their length. */
#define HEADER(version, channels, depth)                                                                     \
    "8BPS\0" version "\0\0\0\0\0\0\0" channels "\0\0\0\2\0\0\0\x09\0" depth "\0\1"
#define EMPTY "\0\0\0\0"
#define RAW "\0\0"
#define RUNS "\0\1"
#define NINE "123456789"

static const struct {
    const char *name, *bytes;
    size_t size; /* all of which are needed */
} whole[] = {
    { "rows as they are", BYTES(HEADER("\1", "\2", "\x08") EMPTY EMPTY EMPTY RAW NINE NINE NINE NINE) },
    { "rows of 16 bits", BYTES(HEADER("\1", "\1", "\x10") EMPTY EMPTY EMPTY RAW NINE NINE NINE NINE) },
    { "rows of bits", BYTES(HEADER("\1", "\1", "\1") EMPTY EMPTY EMPTY RAW "abcd") },
    { "behind sections", BYTES(HEADER("\1", "\1", "\x08") "\0\0\0\1a"
                                                          "\0\0\0\2ab"
                                                          "\0\0\0\3abc" RAW NINE NINE) },
    { "packed rows", BYTES(HEADER("\1", "\2", "\x08") EMPTY EMPTY EMPTY RUNS "\0\2\0\0\0\3\0\1"
                                                                             "abcdef") },
    { "packed rows of a PSB",
      BYTES(HEADER("\2", "\1", "\x08") EMPTY EMPTY "\0\0\0\0\0\0\0\1a" RUNS "\0\0\0\2\0\0\0\3"
                                                   "abcde") },
    { "what is packed otherwise", BYTES(HEADER("\1", "\1", "\x08") EMPTY EMPTY EMPTY "\0\2") },
};

START_TEST(rows_are_there_to_the_last_byte_and_not_without_it)
{
    ck_assert_msg(psd_rows_are_there(whole[_i].bytes, whole[_i].size), "%s", whole[_i].name);
    for (size_t size = 0; size < whole[_i].size; size++) {
        char *cut = malloc(size > 0 ? size : 1); /* a sanitizer sees what is read behind it */

        ck_assert_ptr_nonnull(cut);
        memcpy(cut, whole[_i].bytes, size);
        ck_assert_msg(!psd_rows_are_there(cut, size), "%s, cut to %zu", whole[_i].name, size);
        free(cut);
    }
}
END_TEST

START_TEST(rows_that_no_file_could_have_are_not_there)
{
    static const char endless[] =
        "8BPS\0\1\0\0\0\0\0\0\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\0\3" EMPTY EMPTY EMPTY;
    char file[sizeof endless - 1 + 2];

    memcpy(file, endless, sizeof endless - 1);
    memcpy(file + sizeof endless - 1, RAW, 2);
    ck_assert(!psd_rows_are_there(file, sizeof file));
    memcpy(file + sizeof endless - 1, RUNS, 2);
    ck_assert(!psd_rows_are_there(file, sizeof file));
}
END_TEST

UNIT_MAIN("psd_rows", UNIT_ROWS(rows_are_there_to_the_last_byte_and_not_without_it, whole),
          UNIT_TEST(rows_that_no_file_could_have_are_not_there))
