/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Aligned columns, for people and for pipes. */
#include "ctl/table.h"

#include "base/cleanup.h"

#include <check.h>
#include <locale.h>

static const struct table_column columns[] = {
    { .title = "NAME", .width_max = 6 },
    { .title = "N", .right = true },
    { .title = "TEXT" },
};

struct row {
    const char *name, *number, *text;
};

/* The table of @rows as text; the caller frees. */
static char *print(const struct row *rows, size_t count, struct screen screen, enum style style)
{
    struct table table;
    char *text = NULL;
    size_t size;

    screen.file = open_memstream(&text, &size);
    ck_assert_ptr_nonnull(screen.file);
    table_init(&table, columns, ARRAY_SIZE(columns));
    for (size_t i = 0; i < count; i++) {
        table_add_name(&table, style, rows[i].name, strlen(rows[i].name));
        table_add_text(&table, STYLE_PLAIN, rows[i].number);
        table_add_text(&table, STYLE_PLAIN, rows[i].text);
    }
    ck_assert_int_eq(table_print(&table, &screen), 0);
    table_release(&table);
    fclose(screen.file);
    return text;
}

static const struct row rows[] = { { "a", "1", "x" }, { "long-name", "234", "" } };
static const struct screen pipe_screen = { 0 };
static const struct screen terminal = { .terminal = true };
static const struct screen colours = { .terminal = true, .colour = true };

START_TEST(columns_are_aligned_and_no_line_ends_in_filling)
{
    _cleanup_free_ char *text = print(rows, 2, pipe_screen, STYLE_BAD);

    ck_assert_str_eq(text, "NAME         N  TEXT\n"
                           "a            1  x\n"
                           "long-name  234  \n");
}
END_TEST

START_TEST(a_table_without_rows_has_its_titles)
{
    _cleanup_free_ char *text = print(NULL, 0, pipe_screen, STYLE_PLAIN);

    ck_assert_str_eq(text, "NAME  N  TEXT\n");
}
END_TEST

START_TEST(long_cells_are_cut_on_a_terminal)
{
    _cleanup_free_ char *text = print(rows, 2, terminal, STYLE_BAD);

    ck_assert_str_eq(text, "NAME      N  TEXT\n"
                           "a         1  x\n"
                           "long-…  234  \n");
}
END_TEST

START_TEST(colours_do_not_count_as_width)
{
    _cleanup_free_ char *text = print(rows, 1, colours, STYLE_BAD);

    ck_assert_str_eq(text, "\033[1mNAME\033[0m  \033[1mN\033[0m  \033[1mTEXT\033[0m\n"
                           "\033[1;31ma\033[0m     1  x\n");
}
END_TEST

START_TEST(cells_are_escaped)
{
    const struct row hostile = { "a\033[2J\n", "\x9b", "b\\\t" };
    _cleanup_free_ char *text = print(&hostile, 1, pipe_screen, STYLE_PLAIN);

    ck_assert_str_eq(text, "NAME             N  TEXT\n"
                           "a\\x1b[2J\\x0a  \\x9b  b\\\\x09\n");
}
END_TEST

START_TEST(wide_and_combining_characters_keep_columns_aligned)
{
    const struct row wide[] = { { "写真", "1", "x" }, { "e\xcc\x81", "2", "y" } };
    _cleanup_free_ char *text = NULL;

    if (!setlocale(LC_CTYPE, "C.UTF-8"))
        return;
    text = print(wide, 2, terminal, STYLE_PLAIN);
    ck_assert_str_eq(text, "NAME  N  TEXT\n"
                           "写真  1  x\n"
                           "e\xcc\x81     2  y\n");
}
END_TEST

START_TEST(a_wide_character_is_not_cut_in_half)
{
    const struct row wide = { "a写真写真", "1", "x" };
    _cleanup_free_ char *text = NULL;

    if (!setlocale(LC_CTYPE, "C.UTF-8"))
        return;
    text = print(&wide, 1, terminal, STYLE_PLAIN);
    ck_assert_str_eq(text, "NAME    N  TEXT\n"
                           "a写真…  1  x\n");
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("ctl_table");
    TCase *tests = tcase_create("table");
    SRunner *runner;
    int failed;

    tcase_add_test(tests, columns_are_aligned_and_no_line_ends_in_filling);
    tcase_add_test(tests, a_table_without_rows_has_its_titles);
    tcase_add_test(tests, long_cells_are_cut_on_a_terminal);
    tcase_add_test(tests, colours_do_not_count_as_width);
    tcase_add_test(tests, cells_are_escaped);
    tcase_add_test(tests, wide_and_combining_characters_keep_columns_aligned);
    tcase_add_test(tests, a_wide_character_is_not_cut_in_half);
    suite_add_tcase(suite, tests);
    runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
