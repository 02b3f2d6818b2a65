/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Names and sentences on their way to a terminal. */
#include "ctl/escape.h"

#include "base/cleanup.h"

#include <check.h>
#include <string.h>

static const struct {
    const char *sentence, *bytes, *name;
    const char *text; /* NULL: the same as @name */
} cases[] = {
    { "plain names stay", "a b.jpg", "a b.jpg", NULL },
    { "an empty name stays", "", "", NULL },
    { "letters of all lengths stay", "é€😀", "é€😀", NULL },
    { "a newline does not break the line", "a\nb", "a\\x0ab", NULL },
    { "an escape sequence does not reach the terminal", "\033[31mred", "\\x1b[31mred", NULL },
    { "DEL is a control character", "\177", "\\x7f", NULL },
    { "C1 controls are controls in two bytes", "\xc2\x9b", "\\xc2\\x9b", NULL },
    { "a no-break space is text", "\xc2\xa0", "\xc2\xa0", NULL },
    { "text that runs backwards is shown", "a\xe2\x80\xaegpj.exe", "a\\xe2\\x80\\xaegpj.exe", NULL },
    { "isolates are shown", "\xe2\x81\xa6", "\\xe2\\x81\\xa6", NULL },
    { "a line separator is shown", "\xe2\x80\xa8", "\\xe2\\x80\\xa8", NULL },
    { "Latin-1 is not UTF-8", "caf\xe9", "caf\\xe9", NULL },
    { "a lone continuation byte is shown", "\x80", "\\x80", NULL },
    { "a cut character is shown", "\xe2\x82", "\\xe2\\x82", NULL },
    { "an overlong slash is shown", "\xc0\xaf", "\\xc0\\xaf", NULL },
    { "an overlong NUL is shown", "\xe0\x80\x80", "\\xe0\\x80\\x80", NULL },
    { "surrogates are not characters", "\xed\xa0\x80", "\\xed\\xa0\\x80", NULL },
    { "nothing is above U+10FFFF", "\xf4\x90\x80\x80", "\\xf4\\x90\\x80\\x80", NULL },
    { "0xFF is never UTF-8", "\xff", "\\xff", NULL },
    { "backslashes are escaped in names only", "\\x41", "\\x5cx41", "\\x41" },
    { "a percent sign means nothing", "%s%n", "%s%n", NULL },
};

START_TEST(each_name_is_safe_to_show)
{
    _cleanup_free_ char *escaped = escape_name(cases[_i].bytes, strlen(cases[_i].bytes));

    ck_assert_msg(strcmp(escaped, cases[_i].name) == 0, "%s: %s", cases[_i].sentence, escaped);
}
END_TEST

START_TEST(each_sentence_is_safe_to_show)
{
    _cleanup_free_ char *escaped = escape_text(cases[_i].bytes);
    const char *expected = cases[_i].text ? cases[_i].text : cases[_i].name;

    ck_assert_msg(strcmp(escaped, expected) == 0, "%s: %s", cases[_i].sentence, escaped);
}
END_TEST

START_TEST(a_nul_within_a_name_is_shown)
{
    _cleanup_free_ char *escaped = escape_name("a\0b", 3);

    ck_assert_str_eq(escaped, "a\\x00b");
}
END_TEST

START_TEST(a_character_is_not_read_past_the_end)
{
    _cleanup_free_ char *escaped = escape_name("\xe2\x82\xac", 2);

    ck_assert_str_eq(escaped, "\\xe2\\x82");
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("ctl_escape");
    TCase *tests = tcase_create("escape");
    SRunner *runner;
    int failed;

    tcase_add_loop_test(tests, each_name_is_safe_to_show, 0, ARRAY_SIZE(cases));
    tcase_add_loop_test(tests, each_sentence_is_safe_to_show, 0, ARRAY_SIZE(cases));
    tcase_add_test(tests, a_nul_within_a_name_is_shown);
    tcase_add_test(tests, a_character_is_not_read_past_the_end);
    suite_add_tcase(suite, tests);
    runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
