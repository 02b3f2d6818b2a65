/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The command line of darkroomctl. */
#include "ctl/options.h"

#include "base/cleanup.h"

#include <check.h>
#include <errno.h>

static const struct option_row first_rows[] = {
    { "socket", "PATH", offsetof(struct options, socket), "where" },
    { "json", NULL, offsetof(struct options, json), "how" },
};
static const struct option_row second_rows[] = {
    { "state", "STATE", offsetof(struct options, state), "which" },
};
static const struct option_table tables[2] = { { first_rows, 2 }, { second_rows, 1 } };

static const struct {
    const char *sentence;
    const char *words[6];
    int taken; /* or -EINVAL */
    const char *socket, *state;
    bool json;
} cases[] = {
    { "no words are no options", { NULL }, 0, NULL, NULL, false },
    { "a command ends the options", { "status", "--json", NULL }, 0, NULL, NULL, false },
    { "a value stands behind an equals sign", { "--socket=/a=b", "x", NULL }, 1, "/a=b", NULL, false },
    { "or is the next word", { "--socket", "/a", "--json", NULL }, 3, "/a", NULL, true },
    { "a value may be empty", { "--socket=", NULL }, 1, "", NULL, false },
    { "a value may look like an option", { "--socket", "--json", NULL }, 2, "--json", NULL, false },
    { "the second table counts as well", { "--state=failed", "--json", NULL }, 2, NULL, "failed", true },
    { "the last of two wins", { "--state=a", "--state=b", NULL }, 2, NULL, "b", false },
    { "two dashes end the options", { "--json", "--", "--socket", NULL }, 2, NULL, NULL, true },
    { "an unknown option is refused", { "--jason", NULL }, -EINVAL, NULL, NULL, false },
    { "an abbreviation is unknown", { "--js", NULL }, -EINVAL, NULL, NULL, false },
    { "a letter is unknown", { "-j", NULL }, -EINVAL, NULL, NULL, false },
    { "a value that is missing is refused", { "--socket", NULL }, -EINVAL, NULL, NULL, false },
    { "a value too much is refused", { "--json=yes", NULL }, -EINVAL, NULL, NULL, false },
};

static void expect_text(const char *sentence, const char *text, const char *expected)
{
    ck_assert_msg((!text && !expected) || (text && expected && strcmp(text, expected) == 0), "%s: %s",
                  sentence, text ? text : "NULL");
}

START_TEST(each_line_is_understood)
{
    struct options options = { 0 };
    int taken = options_take(tables, (char *const *)cases[_i].words, "test", &options);

    ck_assert_msg(taken == cases[_i].taken, "%s: %d", cases[_i].sentence, taken);
    if (taken < 0)
        return;
    expect_text(cases[_i].sentence, options.socket, cases[_i].socket);
    expect_text(cases[_i].sentence, options.state, cases[_i].state);
    ck_assert_msg(options.json == cases[_i].json, "%s", cases[_i].sentence);
}
END_TEST

START_TEST(help_has_a_line_for_each_option)
{
    _cleanup_free_ char *text = NULL;
    size_t size;
    FILE *file = open_memstream(&text, &size);

    ck_assert_ptr_nonnull(file);
    options_print_help(&tables[0], file);
    fclose(file);
    ck_assert_str_eq(text, "  --socket=PATH     where\n"
                           "  --json            how\n");
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("ctl_options");
    TCase *tests = tcase_create("options");
    SRunner *runner;
    int failed;

    tcase_add_loop_test(tests, each_line_is_understood, 0, ARRAY_SIZE(cases));
    tcase_add_test(tests, help_has_a_line_for_each_option);
    suite_add_tcase(suite, tests);
    runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
