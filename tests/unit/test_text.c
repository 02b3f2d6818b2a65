/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Escaping of names, and numbers, times, sizes and modes from text. */
#include "base/text.h"

#include "base/cleanup.h"
#include "base/clock.h"
#include "unit_main.h"

#include <errno.h>
#include <string.h>

static const struct {
    const char *name, *bytes, *wanted;
} escapes[] = {
    { "plain text stays", "a b.jpg", "a b.jpg" },
    { "UTF-8 stays", "Größe \xF0\x9F\x93\xB7", "Größe \xF0\x9F\x93\xB7" },
    { "a newline", "a\nb", "a\\x0ab" },
    { "a backslash, so that it can be told from an escape", "a\\x0a", "a\\x5cx0a" },
    { "an escape sequence", "\x1B[31m", "\\x1b[31m" },
    { "delete", "\x7F", "\\x7f" },
    { "invalid UTF-8", "\xFF\xC3(", "\\xff\\xc3(" },
    { "a character cut short", "a\xE2\x82", "a\\xe2\\x82" },
    { "an overlong slash", "\xC0\xAF", "\\xc0\\xaf" },
    { "a surrogate", "\xED\xA0\x80", "\\xed\\xa0\\x80" },
    { "beyond Unicode", "\xF4\x90\x80\x80", "\\xf4\\x90\\x80\\x80" },
    { "a C1 control",
      "\xC2\x9B"
      "31m",
      "\\xc2\\x9b31m" },
    { "a right-to-left override", "a\xE2\x80\xAEgpj.exe", "a\\xe2\\x80\\xaegpj.exe" },
    { "a right-to-left mark", "\xE2\x80\x8F", "\\xe2\\x80\\x8f" },
    { "an isolate", "\xE2\x81\xA6", "\\xe2\\x81\\xa6" },
    { "an Arabic letter mark", "\xD8\x9C", "\\xd8\\x9c" },
    { "a line separator", "\xE2\x80\xA8", "\\xe2\\x80\\xa8" },
    { "a format", "%s%n", "%s%n" },
    { "nothing", "", "" },
};

START_TEST(a_name_is_escaped)
{
    char buffer[128];

    ck_assert_ptr_eq(text_escape(escapes[_i].bytes, buffer, sizeof buffer), buffer);
    ck_assert_msg(strcmp(buffer, escapes[_i].wanted) == 0, "%s: %s", escapes[_i].name, buffer);
    ck_assert(text_is_utf8(buffer, strlen(buffer)));
}
END_TEST

static const struct {
    const char *bytes;
    size_t size;
    const char *wanted;
} cuts[] = {
    { "abc", 4, "abc" },    { "abc", 3, "ab" }, { "abc", 1, "" },  { "a\n", 5, "a" },
    { "a\n", 6, "a\\x0a" }, { "aä", 3, "a" },   { "aä", 4, "aä" }, { "\xE2\x80\xAE", 12, "" },
};

START_TEST(an_escaped_name_is_cut_between_characters)
{
    _cleanup_free_ char *buffer = malloc(cuts[_i].size);

    ck_assert_str_eq(text_escape(cuts[_i].bytes, buffer, cuts[_i].size), cuts[_i].wanted);
}
END_TEST

START_TEST(the_longest_path_fits_the_largest_buffer)
{
    static char path[4096], buffer[TEXT_ESCAPED_MAX];

    memset(path, 0xFF, sizeof path - 1);
    ck_assert_uint_eq(strlen(text_escape(path, buffer, sizeof buffer)), 4 * (sizeof path - 1));
}
END_TEST

static const struct {
    const char *bytes;
    size_t length;
    bool utf8;
} utf8_texts[] = {
    { "", 0, true },
    { "abc", 3, true },
    { "a\0b", 3, false },
    { "\xC3\xA4", 2, true },
    { "\xC3\xA4", 1, false },
    { "\x80", 1, false },
    { "\xC1\xBF", 2, false },
    { "\xE0\x9F\xBF", 3, false },
    { "\xE0\xA0\x80", 3, true },
    { "\xED\x9F\xBF", 3, true },
    { "\xED\xA0\x80", 3, false },
    { "\xF0\x8F\xBF\xBF", 4, false },
    { "\xF0\x90\x80\x80", 4, true },
    { "\xF4\x8F\xBF\xBF", 4, true },
    { "\xF4\x90\x80\x80", 4, false },
    { "\xF5\x80\x80\x80", 4, false },
};

START_TEST(utf8_is_told_from_other_bytes)
{
    ck_assert(text_is_utf8(utf8_texts[_i].bytes, utf8_texts[_i].length) == utf8_texts[_i].utf8);
}
END_TEST

static const struct {
    const char *text;
    uint64_t min, max;
    int result;
    uint64_t value;
} numbers[] = {
    { "0", 0, 10, 0, 0 },
    { "10", 0, 10, 0, 10 },
    { "007", 0, 10, 0, 7 },
    { "18446744073709551615", 0, UINT64_MAX, 0, UINT64_MAX },
    { "18446744073709551616", 0, UINT64_MAX, -ERANGE, 0 },
    { "99999999999999999999999", 0, UINT64_MAX, -ERANGE, 0 },
    { "11", 0, 10, -ERANGE, 0 },
    { "1", 2, 10, -ERANGE, 0 },
    { "", 0, 10, -EINVAL, 0 },
    { "-1", 0, 10, -EINVAL, 0 },
    { "+1", 0, 10, -EINVAL, 0 },
    { " 1", 0, 10, -EINVAL, 0 },
    { "1 ", 0, 10, -EINVAL, 0 },
    { "0x1", 0, 10, -EINVAL, 0 },
    { "1.0", 0, 10, -EINVAL, 0 },
    { "\xD9\xA1", 0, 10, -EINVAL, 0 },
};

START_TEST(a_number_is_digits_in_range)
{
    uint64_t value = 4711;

    ck_assert_int_eq(text_parse_unsigned(numbers[_i].text, numbers[_i].min, numbers[_i].max, &value),
                     numbers[_i].result);
    ck_assert_uint_eq(value, numbers[_i].result < 0 ? 4711 : numbers[_i].value);
}
END_TEST

static const struct {
    const char *text;
    int result;
    uint64_t value;
} durations[] = {
    { "0", 0, 0 },
    { "2", 0, 2000000 },
    { "2s", 0, 2000000 },
    { "2sec", 0, 2000000 },
    { "500ms", 0, 500000 },
    { "250us", 0, 250 },
    { "1min 30s", 0, 90000000 },
    { "1min30s", 0, 90000000 },
    { "2h", 0, 7200000000 },
    { "1d", 0, 86400000000 },
    { "1.5s", 0, 1500000 },
    { "0.25", 0, 250000 },
    { "10000000000us", 0, 10000000000 },
    { "1000000000000us", 0, 1000000000000 },
    { "", -EINVAL, 0 },
    { "s", -EINVAL, 0 },
    { ".", -EINVAL, 0 },
    { "-1s", -EINVAL, 0 },
    { "2 parsecs", -EINVAL, 0 },
    { "2S", -EINVAL, 0 },
    { "1 30", -EINVAL, 0 },
    { "1 30s", -EINVAL, 0 },
    { "1min 30", -EINVAL, 0 },
    { "0s 5", -EINVAL, 0 },
    { "1.5.2", -EINVAL, 0 },
    { "1s,", -EINVAL, 0 },
    { "1.00000000001s", -ERANGE, 0 },
    { "213503983d", -ERANGE, 0 },
    { "99999999999999999999s", -ERANGE, 0 },
    { "18446744073709551615us 1us", -ERANGE, 0 },
};

START_TEST(a_time_has_units)
{
    uint64_t value = 4711;

    ck_assert_int_eq(text_parse_duration_us(durations[_i].text, &value), durations[_i].result);
    ck_assert_uint_eq(value, durations[_i].result < 0 ? 4711 : durations[_i].value);
}
END_TEST

static const struct {
    const char *text;
    int result;
    uint64_t value;
} sizes[] = {
    { "0", 0, 0 },
    { "1", 0, 1 },
    { "1K", 0, 1024 },
    { "1kB", 0, 1024 },
    { "64MiB", 0, 64 << 20 },
    { "2G", 0, 2ULL << 30 },
    { "1T", 0, 1ULL << 40 },
    { "1.5K", 0, 1536 },
    { "1099511627776", 0, 1ULL << 40 },
    { "", -EINVAL, 0 },
    { "K", -EINVAL, 0 },
    { "1X", -EINVAL, 0 },
    { "1KX", -EINVAL, 0 },
    { "1 K", -EINVAL, 0 },
    { "-1", -EINVAL, 0 },
    { "18446744073709551616", -ERANGE, 0 },
    { "16777216T", -ERANGE, 0 },
};

START_TEST(a_size_is_in_powers_of_1024)
{
    uint64_t value = 4711;

    ck_assert_int_eq(text_parse_size_bytes(sizes[_i].text, &value), sizes[_i].result);
    ck_assert_uint_eq(value, sizes[_i].result < 0 ? 4711 : sizes[_i].value);
}
END_TEST

static const struct {
    const char *text;
    int result;
    bool value;
} booleans[] = {
    { "yes", 0, true },    { "TRUE", 0, true },    { "on", 0, true },         { "1", 0, true },
    { "no", 0, false },    { "False", 0, false },  { "off", 0, false },       { "0", 0, false },
    { "", -EINVAL, true }, { "2", -EINVAL, true }, { "yes ", -EINVAL, true }, { "y", -EINVAL, true },
};

START_TEST(a_boolean_is_yes_or_no)
{
    bool value = !booleans[_i].value;

    ck_assert_int_eq(text_parse_boolean(booleans[_i].text, &value), booleans[_i].result);
    ck_assert(value == (booleans[_i].result < 0 ? !booleans[_i].value : booleans[_i].value));
}
END_TEST

static const struct {
    const char *text;
    int result;
    unsigned value;
} modes[] = {
    { "0644", 0, 0644 },  { "755", 0, 0755 },     { "0", 0, 0 },           { "07777", 0, 07777 },
    { "", -EINVAL, 0 },   { "0888", -EINVAL, 0 }, { "10000", -EINVAL, 0 }, { "000644", -EINVAL, 0 },
    { "rw", -EINVAL, 0 }, { "-1", -EINVAL, 0 },
};

START_TEST(a_mode_is_octal)
{
    unsigned value = 4711;

    ck_assert_int_eq(text_parse_mode(modes[_i].text, &value), modes[_i].result);
    ck_assert_uint_eq(value, modes[_i].result < 0 ? 4711 : modes[_i].value);
}
END_TEST

static const struct {
    uint64_t us;
    const char *wanted;
} shown_durations[] = {
    { 0, "0.0 ms" },      { 2400, "2.4 ms" },          { 850000, "850 ms" },
    { 2400000, "2.4 s" }, { 200000000, "3 min 20 s" }, { 7500000000, "2 h 5 min" },
};

START_TEST(a_time_is_shown_for_people)
{
    char buffer[64];

    ck_assert_str_eq(text_format_duration(shown_durations[_i].us, buffer, sizeof buffer),
                     shown_durations[_i].wanted);
}
END_TEST

static const struct {
    uint64_t bytes;
    const char *wanted;
} shown_sizes[] = {
    { 0, "0 B" },
    { 999, "999 B" },
    { 1000, "1.0 kB" },
    { 1400000, "1.4 MB" },
    { 999940, "999.9 kB" },
    { 999950, "1.0 MB" },
    { 1500000000000, "1.5 TB" },
    { UINT64_MAX, "18446744.1 TB" },
};

START_TEST(a_size_is_shown_for_people)
{
    char buffer[64];

    ck_assert_str_eq(text_format_size(shown_sizes[_i].bytes, buffer, sizeof buffer), shown_sizes[_i].wanted);
}
END_TEST

static const struct {
    const char *path, *directory;
    bool inside;
} insides[] = {
    { "/a", "/a", true }, { "/a/b", "/a", true }, { "/ab", "/a", false }, { "/a", "/a/b", false },
    { "/a", "/", true },  { "/", "/", true },     { "a/b", "a", true },   { "ab", "a", false },
    { "a", "", true },    { "", "", true },       { "", "a", false },
};

START_TEST(a_path_is_inside_a_directory_by_whole_components)
{
    ck_assert_msg(text_is_path_inside(insides[_i].path, insides[_i].directory) == insides[_i].inside,
                  "%s in %s", insides[_i].path, insides[_i].directory);
}
END_TEST

START_TEST(a_copy_that_is_cut_ends_with_a_whole_character)
{
    char buffer[6] = "xxxxx";

    text_copy_cut("ab", buffer, sizeof buffer);
    ck_assert_mem_eq(buffer, "ab\0\0\0", sizeof buffer);
    text_copy_cut("abcd\u20ac", buffer, sizeof buffer);
    ck_assert_str_eq(buffer, "abcd");
    text_copy_cut("ab\u20ac", buffer, sizeof buffer);
    ck_assert_str_eq(buffer, "ab\u20ac");
}
END_TEST

START_TEST(a_cut_character_is_dropped_and_a_whole_one_is_not)
{
    char cut[] = "a\xe2\x82", whole[] = "a\xe2\x82\xac", empty[] = "";

    text_drop_cut_character(cut);
    text_drop_cut_character(whole);
    text_drop_cut_character(empty);
    ck_assert_str_eq(cut, "a");
    ck_assert_str_eq(whole, "a\xe2\x82\xac");
    ck_assert_str_eq(empty, "");
}
END_TEST

UNIT_MAIN("text", UNIT_TEST(a_copy_that_is_cut_ends_with_a_whole_character),
          UNIT_ROWS(a_path_is_inside_a_directory_by_whole_components, insides),
          UNIT_TEST(a_cut_character_is_dropped_and_a_whole_one_is_not), UNIT_ROWS(a_name_is_escaped, escapes),
          UNIT_ROWS(an_escaped_name_is_cut_between_characters, cuts),
          UNIT_TEST(the_longest_path_fits_the_largest_buffer),
          UNIT_ROWS(utf8_is_told_from_other_bytes, utf8_texts),
          UNIT_ROWS(a_number_is_digits_in_range, numbers), UNIT_ROWS(a_time_has_units, durations),
          UNIT_ROWS(a_size_is_in_powers_of_1024, sizes), UNIT_ROWS(a_boolean_is_yes_or_no, booleans),
          UNIT_ROWS(a_mode_is_octal, modes), UNIT_ROWS(a_time_is_shown_for_people, shown_durations),
          UNIT_ROWS(a_size_is_shown_for_people, shown_sizes))
