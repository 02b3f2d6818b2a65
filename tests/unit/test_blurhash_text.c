/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Tests of lib/recipe/blurhash_text: what a worker may say, and what it may not. */
#include "recipe/blurhash_text.h"

#include "unit_main.h"

#include <check.h>
#include <string.h>

enum { FIELD = 32 };

static const struct blurhash_components usual = { 4, 3 };

static const struct {
    const char *what;
    struct blurhash_components components;
    const char text[FIELD];
    bool good;
} texts[] = {
    { "a hash", { 4, 3 }, "LEHewR2}|gO,y@NPo2aMhYf+fQf*", true },
    { "the shortest", { 1, 1 }, "0027F4", true },
    { "of other components", { 3, 4 }, "LEHewR2}|gO,y@NPo2aMhYf+fQf*", false },
    { "too short", { 4, 3 }, "LEHewR2}|gO,y@NPo2aMhYf+fQf", false },
    { "too long", { 4, 3 }, "LEHewR2}|gO,y@NPo2aMhYf+fQf*0", false },
    { "nothing", { 4, 3 }, "", false },
    { "a quote in it", { 4, 3 }, "LEHewR2}|gO,y@NPo2aMhYf+fQf\"", false },
    { "a backslash in it", { 4, 3 }, "LEHewR\\}|gO,y@NPo2aMhYf+fQf*", false },
    { "a letter that is none of ASCII's", { 4, 3 }, "LEHewR\xC3\xA4|gO,y@NPo2aMhYf+fQf*", false },
    { "something behind its end", { 1, 1 }, "0027F4\0x", false },
};

START_TEST(only_a_hash_of_its_components_is_well_formed)
{
    ck_assert_msg(blurhash_is_well_formed(texts[_i].text, FIELD, texts[_i].components) == texts[_i].good,
                  "%s", texts[_i].what);
}
END_TEST

START_TEST(a_hash_that_fills_its_field_has_no_end)
{
    ck_assert(!blurhash_is_well_formed("LEHewR2}|gO,y@NPo2aMhYf+fQf*", 28, usual));
    ck_assert(blurhash_is_well_formed("LEHewR2}|gO,y@NPo2aMhYf+fQf*", 29, usual));
}
END_TEST

START_TEST(a_hash_of_most_components_has_the_greatest_length)
{
    struct blurhash_components most = { BLURHASH_SIDE_MAX, BLURHASH_SIDE_MAX };

    ck_assert_uint_eq(blurhash_length(most), BLURHASH_LENGTH_MAX);
    ck_assert_uint_eq(blurhash_length(usual), 28);
    ck_assert_uint_eq(blurhash_size_digit(most), 80);
}
END_TEST

START_TEST(numbers_are_written_with_the_most_significant_digit_first)
{
    char text[] = "????";

    ck_assert_ptr_eq(blurhash_write(text, 83 * 82 + 10, 3), text + 3);
    ck_assert_str_eq(text, "0~A?");
}
END_TEST

UNIT_MAIN("blurhash_text", UNIT_ROWS(only_a_hash_of_its_components_is_well_formed, texts),
          UNIT_TEST(a_hash_that_fills_its_field_has_no_end),
          UNIT_TEST(a_hash_of_most_components_has_the_greatest_length),
          UNIT_TEST(numbers_are_written_with_the_most_significant_digit_first))
