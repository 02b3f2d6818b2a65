/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Values of arguments: what is read, what it is written as, what is refused. */
#include "recipe/value.h"

#include "unit_main.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static const char *const words[] = { "one", "two", NULL };

static const struct value_rule number = { .kind = VALUE_NUMBER, .min = -10, .max = 1000, .unit = "%" },
                               boolean = { .kind = VALUE_BOOLEAN },
                               choice = { .kind = VALUE_CHOICE, .choices = words },
                               colour = { .kind = VALUE_COLOUR },
                               length = { .kind = VALUE_LENGTH, .min = 0, .max = 65500 },
                               sides = { .kind = VALUE_SIZE,
                                         .min = 0.01,
                                         .max = 65500,
                                         .forms = SIZE_SIDES | SIZE_FREE_SIDE | SIZE_PERCENT },
                               any_size = { .kind = VALUE_SIZE,
                                            .min = 0.01,
                                            .max = 65500,
                                            .forms = SIZE_SIDES | SIZE_PERCENT | SIZE_RATIO },
                               text = { .kind = VALUE_TEXT, .min = 1, .max = 8 },
                               file = {
                                   .kind = VALUE_FILE, .max = 100, .file = FILE_PROFILE, .choices = words
                               };

union any {
    double number;
    bool boolean;
    int choice;
    struct colour colour;
    struct length length;
    struct size_value size;
    char *text;
    struct file_value file;
};

static char *canonical(const struct value_rule *rule, const union any *value)
{
    char *text_of = NULL;
    size_t size;
    FILE *stream = open_memstream(&text_of, &size);

    value_format(rule, value, stream);
    fclose(stream);
    return text_of;
}

static const struct {
    const struct value_rule *rule;
    const char *text, *canonical;
} good[] = {
    { &number, "5", "5%" },
    { &number, "5%", "5%" },
    { &number, "-10", "-10%" },
    { &number, "0.5", "0.5%" },
    { &number, "000.500", "0.5%" },
    { &number, "-0.000001", "-0.000001%" },
    { &number, "999.999999", "999.999999%" },
    { &boolean, "TRUE", "yes" },
    { &boolean, "off", "no" },
    { &choice, "two", "two" },
    { &colour, "white", "#ffffff" },
    { &colour, "transparent", "#00000000" },
    { &colour, "#fff", "#ffffff" },
    { &colour, "#1a2B3c", "#1a2b3c" },
    { &colour, "#1234", "#11223344" },
    { &colour, "#12345678", "#12345678" },
    { &colour, "#123456ff", "#123456" },
    { &length, "12", "12px" },
    { &length, "12px", "12px" },
    { &length, "2.5%", "2.5%" },
    { &sides, "800x600", "800x600" },
    { &sides, "800x", "800x" },
    { &sides, "x600", "x600" },
    { &sides, "50%", "50%x50%" },
    { &sides, "50%x10", "50%x10" },
    { &any_size, "3:2", "3:2" },
    { &any_size, "1.91:1", "1.91:1" },
    { &text, "a b", "a b" },
    { &file, "two", "two" },
    { &file, "/a.icc", "/a.icc" },
};

START_TEST(what_is_read_is_written_in_its_canonical_form)
{
    union any value = { 0 }, again = { 0 };
    char wanted[200] = "";
    char *got, *got_again;

    ck_assert_msg(value_parse(good[_i].rule, good[_i].text, &value, wanted, sizeof wanted) == 0,
                  "%s: give %s", good[_i].text, wanted);
    got = canonical(good[_i].rule, &value);
    ck_assert_str_eq(got, good[_i].canonical);

    ck_assert_int_eq(value_parse(good[_i].rule, got, &again, wanted, sizeof wanted), 0);
    got_again = canonical(good[_i].rule, &again);
    ck_assert_str_eq(got_again, got);
    value_release(good[_i].rule, &value);
    value_release(good[_i].rule, &again);
    free(got);
    free(got_again);
}
END_TEST

static const struct {
    const struct value_rule *rule;
    const char *text, *wanted;
} bad[] = {
    { &number, "", "a number from -10 to 1000 (%)" },
    { &number, "5px", "a number from -10" },
    { &number, "1e3", "a number from -10" },
    { &number, ".5", "a number from -10" },
    { &number, "5.", "a number from -10" },
    { &number, "0.0000001", "a number from -10" },
    { &number, "1000.000001", "a number from -10" },
    { &number, "99999999999999999999", "a number from -10" },
    { &number, "nan", "a number from -10" },
    { &number, " 5", "a number from -10" },
    { &boolean, "perhaps", "yes or no" },
    { &choice, "One", "one or two" },
    { &colour, "#12", "a colour, like #rrggbb" },
    { &colour, "#12345", "a colour" },
    { &colour, "#1234567", "a colour" },
    { &colour, "#123456789", "a colour" },
    { &colour, "#12345g", "a colour" },
    { &colour, "pinkish", "a colour" },
    { &length, "-1", "0 to 65500 pixels, or up to 1000 % of the shorter side" },
    { &length, "65501", "0 to 65500 pixels" },
    { &length, "1001%", "0 to 65500 pixels" },
    { &length, "5 %", "0 to 65500 pixels" },
    { &sides, "x", "a size like 800x600, 800x, x600, 50%" },
    { &sides, "0x5", "a size like" },
    { &sides, "5", "a size like" },
    { &sides, "5.5x5", "a size like" },
    { &sides, "3:2", "a size like" },
    { &sides, "800x600x", "a size like" },
    { &any_size, "800x", "a size like 800x600, 50%, 3:2" },
    { &any_size, "0:2", "a size like" },
    { &any_size, "1:101", "a size like" },
    { &any_size, "1:2:3", "a size like" },
    { &text, "", "text of 1 to 8 bytes" },
    { &text, "123456789", "text of 1 to 8 bytes" },
    { &file, "", "one or two, or the path of an ICC profile" },
};

START_TEST(what_is_no_value_is_refused_and_told_what_would_be_one)
{
    union any value = { 0 }, before = { 0 };
    char wanted[200] = "";

    ck_assert_msg(value_parse(bad[_i].rule, bad[_i].text, &value, wanted, sizeof wanted) == -EINVAL,
                  "\"%s\" was taken", bad[_i].text);
    ck_assert_msg(strncmp(wanted, bad[_i].wanted, strlen(bad[_i].wanted)) == 0, "\"%s\": give %s",
                  bad[_i].text, wanted);
    ck_assert_mem_eq(&value, &before, sizeof value);
}
END_TEST

START_TEST(a_file_may_be_one_of_the_words)
{
    union any value = { 0 };
    char wanted[200];

    ck_assert_int_eq(value_parse(&file, "two", &value, wanted, sizeof wanted), 0);
    ck_assert_int_eq(value.file.word, 1);
    ck_assert_int_eq(value_parse(&file, "/x", &value, wanted, sizeof wanted), 0);
    ck_assert_int_eq(value.file.word, -1);
    ck_assert_int_eq(value.file.asset, -1);
    value_release(&file, &value);
}
END_TEST

START_TEST(a_part_is_of_the_side_that_it_is_of)
{
    const struct length ten_percent = { 10, true }, ten = { 10, false };

    ck_assert_double_eq(value_pixels(&ten_percent, OF_SHORTER_SIDE, 300, 200), 20);
    ck_assert_double_eq(value_pixels(&ten_percent, OF_WIDTH, 300, 200), 30);
    ck_assert_double_eq(value_pixels(&ten_percent, OF_HEIGHT, 300, 200), 20);
    ck_assert_double_eq(value_pixels(&ten, OF_WIDTH, 300, 200), 10);
}
END_TEST

UNIT_MAIN("value", UNIT_ROWS(what_is_read_is_written_in_its_canonical_form, good),
          UNIT_ROWS(what_is_no_value_is_refused_and_told_what_would_be_one, bad),
          UNIT_TEST(a_file_may_be_one_of_the_words), UNIT_TEST(a_part_is_of_the_side_that_it_is_of))
