/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The grammar of configuration files: what is read, what is refused and where, and drop-ins. */
#include "conf/ini.h"

#include "expect_problems.h"
#include "scratch.h"
#include "unit_main.h"

#include <errno.h>
#include <stdbool.h>
#include <sys/stat.h>

/* The sections and entries of @ini as "[Type name]Key=Value;…", to compare. */
static char *flatten(const struct ini *ini)
{
    char *text = NULL;
    size_t size;
    FILE *stream = open_memstream(&text, &size);

    for (size_t i = 0; i < ini->section_count; i++) {
        const struct ini_section *section = &ini->sections[i];

        fprintf(stream, "[%s%s%s]", section->type, section->name ? " " : "", section->name ?: "");
        for (size_t j = 0; j < section->entry_count; j++)
            fprintf(stream, "%s=%s;", section->entries[j].key, section->entries[j].value);
    }
    fclose(stream);
    return text;
}

static const struct {
    const char *name, *text, *wanted;
} good[] = {
    { "an empty text has no sections", "", "" },
    { "a section may be empty", "[A]", "[A]" },
    { "keys and values are trimmed", "[A]\n \t Key \t=\t some value \t\n", "[A]Key=some value;" },
    { "a value may be empty", "[A]\nKey=\n", "[A]Key=;" },
    { "a value may have equals signs", "[A]\nKey=a=b\n", "[A]Key=a=b;" },
    { "the last line needs no newline", "[A]\nKey=v", "[A]Key=v;" },
    { "comments start with # or ;, after blanks too", "# c\n[A]\n  ; c\nK=v\n\t# K=w\n", "[A]K=v;" },
    { "a comment after a value is part of it", "[A]\nK=v # c\n", "[A]K=v # c;" },
    { "carriage returns at the end are dropped", "[A]\r\nK=v\r\n\r\n", "[A]K=v;" },
    { "a byte order mark is skipped", "\xEF\xBB\xBF[A]\nK=v\n", "[A]K=v;" },
    { "a section may have a name", "[Output   srcset ]\nK=v\n", "[Output srcset]K=v;" },
    { "sections of the same name are one", "[A]\nK=1\n[B]\n[A]\nK=2\n", "[A]K=1;K=2;[B]" },
    { "sections of different names are several", "[A x]\n[A y]\n[A]\n", "[A x][A y][A]" },
    { "a backslash continues a line, as one space", "[A]\nK=a\\\nb\n", "[A]K=a b;" },
    { "a comment in a continued line is skipped", "[A]\nK=a\\\n# c\\\n;d\nb\nL=x\n", "[A]K=a b;L=x;" },
    { "two backslashes at the end are just that", "[A]\nK=a\\\\\nL=b\n", "[A]K=a\\\\;L=b;" },
    { "an empty line ends a continued one", "[A]\nK=a\\\n\nL=b\n", "[A]K=a;L=b;" },
    { "the end of the text ends a continued line", "[A]\nK=a\\", "[A]K=a;" },
    { "a backslash before a blank continues nothing", "[A]\nK=a\\ \nL=b\n", "[A]K=a\\;L=b;" },
    { "a comment does not continue", "# c\\\n[A]\n# d\\\nK=v\n", "[A]K=v;" },
    { "a key may be on a line before its value", "[A]\nK= \\\n  v\n", "[A]K=v;" },
    { "UTF-8 is kept", "[A]\nK=Größe \xF0\x9F\x93\xB7\n", "[A]K=Größe \xF0\x9F\x93\xB7;" },
    { "percent signs are text", "[A]\nK=%s%n\n", "[A]K=%s%n;" },
};

START_TEST(a_good_text_is_read)
{
    _cleanup_(ini_release) struct ini ini = { 0 };
    _cleanup_(problems_release) struct problems problems = { 0 };
    _cleanup_free_ char *got = NULL;

    ck_assert_int_eq(ini_add_text(&ini, "f", good[_i].text, strlen(good[_i].text), &problems), 0);
    expect_no_problem(good[_i].name, &problems);
    got = flatten(&ini);
    ck_assert_msg(strcmp(got, good[_i].wanted) == 0, "%s: wanted %s, got %s", good[_i].name, good[_i].wanted,
                  got);
}
END_TEST

#define TEXT(literal) literal, sizeof(literal) - 1

static const struct {
    const char *name, *text;
    size_t size;
    const char *problem;
    const char *kept; /* what is read all the same */
} bad[] = {
    { "text before the first section", TEXT("\n K=v\n[A]\n"), "f:2:2: text before the first section", "[A]" },
    { "a lone bracket", TEXT("[A]\n["), "f:2:1: a section header ends with", "[A]" },
    { "an empty header", TEXT("[]\n[A]"), "f:1:1: the section header is empty", "[A]" },
    { "a blank header", TEXT("[ \t]\n"), "f:1:1: the section header is empty", "" },
    { "text after a header", TEXT("[A] x\n"), "f:1:1: a section header ends with", "" },
    { "brackets in a header", TEXT("[[A]]\n"), "f:1:1: a section header is", "" },
    { "a name of two words", TEXT("[A b c]\n"), "f:1:1: a section's name is one word", "" },
    { "what follows a bad header is skipped with it", TEXT("[A\nK=v\nnonsense\n[B]\nL=w\n"),
      "f:1:1:", "[B]L=w;" },
    { "no equals sign", TEXT("[A]\n  K v\nL=w\n"), "f:2:3: \"=\" is missing", "[A]L=w;" },
    { "no key", TEXT("[A]\n =v\n"), "f:2:2: the key before \"=\" is missing", "[A]" },
    { "a NUL byte", TEXT("[A]\nK=a\0b\nL=w\n"), "f:2:4: a NUL byte", "[A]L=w;" },
    { "a NUL byte in a comment", TEXT("#\0\n[A]\n"), "f:1:2: a NUL byte", "[A]" },
    { "Latin-1",
      TEXT("[A]\nK=ä\nL=Gr\xF6\xDF"
           "e\n"),
      "f:3:5: byte \\xf6 is not UTF-8", "[A]K=ä;" },
    { "an overlong slash", TEXT("[A]\nK=\xC0\xAF\n"), "f:2:3: byte \\xc0 is not UTF-8", "[A]" },
    { "a surrogate", TEXT("[A]\nK=\xED\xA0\x80\n"), "f:2:3: byte \\xed is not UTF-8", "[A]" },
    { "UTF-16", TEXT("\xFF\xFE[\0A\0]\0"), "f:1:1: byte \\xff is not UTF-8", "" },
    { "a bad byte in a continued line drops all of it", TEXT("[A]\nK=a\\\n\xFF\nL=w\n"),
      "f:3:1:", "[A]L=w;" },
};

START_TEST(a_bad_line_is_refused_with_its_place_and_the_rest_is_read)
{
    _cleanup_(ini_release) struct ini ini = { 0 };
    _cleanup_(problems_release) struct problems problems = { 0 };
    _cleanup_free_ char *got = NULL;

    ck_assert_int_eq(ini_add_text(&ini, "f", bad[_i].text, bad[_i].size, &problems), -EINVAL);
    expect_problem(bad[_i].name, &problems, bad[_i].problem);
    got = flatten(&ini);
    ck_assert_msg(strcmp(got, bad[_i].kept) == 0, "%s: wanted %s, got %s", bad[_i].name, bad[_i].kept, got);
}
END_TEST

START_TEST(every_problem_is_shown_in_one_run)
{
    static const char text[] = "x\n[A]\nnonsense\n=v\n[\n";
    _cleanup_(ini_release) struct ini ini = { 0 };
    _cleanup_(problems_release) struct problems problems = { 0 };

    ck_assert_int_eq(ini_add_text(&ini, "f", text, strlen(text), &problems), -EINVAL);
    ck_assert_uint_eq(problems.count, 4);
}
END_TEST

/* "[A]\nK=" and @value_length bytes. */
static char *long_text(size_t value_length, size_t *ret_size)
{
    char *text = malloc(6 + value_length);

    memcpy(text, "[A]\nK=", 6);
    memset(text + 6, 'v', value_length);
    *ret_size = 6 + value_length;
    return text;
}

static const struct {
    const char *name;
    size_t value_length;
    const char *problem; /* NULL: it is read */
} lengths[] = {
    { "a line as long as may be", INI_LINE_BYTES_MAX - 2, NULL },
    { "a line that is one byte longer", INI_LINE_BYTES_MAX - 1, "f:2:1: the line is too long" },
    { "a text that is too large", INI_FILE_BYTES_MAX, "f: the file is too large" },
};

START_TEST(lengths_are_limited)
{
    _cleanup_(ini_release) struct ini ini = { 0 };
    _cleanup_(problems_release) struct problems problems = { 0 };
    size_t size;
    _cleanup_free_ char *text = long_text(lengths[_i].value_length, &size);
    int r = ini_add_text(&ini, "f", text, size, &problems);

    ck_assert_int_eq(r, lengths[_i].problem ? -EINVAL : 0);
    if (lengths[_i].problem)
        expect_problem(lengths[_i].name, &problems, lengths[_i].problem);
    else
        ck_assert_uint_eq(strlen(ini.sections[0].entries[0].value), lengths[_i].value_length);
}
END_TEST

START_TEST(a_line_continued_for_ever_is_refused_once)
{
    _cleanup_(ini_release) struct ini ini = { 0 };
    _cleanup_(problems_release) struct problems problems = { 0 };
    _cleanup_free_ char *text = malloc(INI_FILE_BYTES_MAX);

    for (size_t i = 0; i < INI_FILE_BYTES_MAX; i += 2)
        memcpy(text + i, "\\\n", 2);
    ck_assert_int_eq(ini_add_text(&ini, "f", text, INI_FILE_BYTES_MAX, &problems), -EINVAL);
    expect_problem("a file of backslashes", &problems, "the line is too long");
}
END_TEST

START_TEST(the_number_of_sections_is_limited)
{
    _cleanup_(ini_release) struct ini ini = { 0 };
    _cleanup_(problems_release) struct problems problems = { 0 };

    for (unsigned i = 0; i < INI_SECTIONS_MAX + 1; i++) {
        char text[32];

        snprintf(text, sizeof text, "[S%u]\nK=v\n", i);
        ck_assert_int_eq(ini_add_text(&ini, "f", text, strlen(text), &problems),
                         i < INI_SECTIONS_MAX ? 0 : -EINVAL);
    }
    expect_problem("one section more", &problems, "f:1:1: too many sections");
}
END_TEST

START_TEST(places_of_keys_values_and_words_are_exact)
{
    static const char text[] = "[A]\n  Width =  320 \\\n# c\n   640 bad\\\nx\n";
    static const struct ini_place wanted[] = { { .line = 2, .column = 12 },
                                               { .line = 4, .column = 4 },
                                               { .line = 4, .column = 8 },
                                               { .line = 5, .column = 1 } };
    _cleanup_(ini_release) struct ini ini = { 0 };
    _cleanup_(problems_release) struct problems problems = { 0 };
    const struct ini_entry *entry;
    struct ini_word word = { 0 };
    size_t count = 0;

    ck_assert_int_eq(ini_add_text(&ini, "f", text, strlen(text), &problems), 0);
    entry = &ini.sections[0].entries[0];
    ck_assert_uint_eq(ini.sections[0].place.line, 1);
    ck_assert_uint_eq(entry->key_place.line, 2);
    ck_assert_uint_eq(entry->key_place.column, 3);

    while (ini_next_word(entry, &word)) {
        ck_assert_uint_lt(count, ARRAY_SIZE(wanted));
        ck_assert_msg(word.place.line == wanted[count].line && word.place.column == wanted[count].column,
                      "word \"%s\" is said to be at %u:%u", word.text, word.place.line, word.place.column);
        count++;
    }
    ck_assert_uint_eq(count, ARRAY_SIZE(wanted));
}
END_TEST

START_TEST(a_long_word_is_cut_in_its_copy_only)
{
    _cleanup_(ini_release) struct ini ini = { 0 };
    _cleanup_(problems_release) struct problems problems = { 0 };
    struct ini_word word = { 0 };
    size_t size;
    _cleanup_free_ char *text = long_text(500, &size);

    ck_assert_int_eq(ini_add_text(&ini, "f", text, size, &problems), 0);
    ck_assert(ini_next_word(&ini.sections[0].entries[0], &word));
    ck_assert_uint_eq(word.length, 500);
    ck_assert_uint_eq(strlen(word.text), INI_WORD_BYTES_MAX - 1);
    ck_assert(!ini_next_word(&ini.sections[0].entries[0], &word));
}
END_TEST

START_TEST(the_last_of_several_entries_is_found)
{
    static const char text[] = "[A]\nK=1\nK=2\n[A x]\n";
    _cleanup_(ini_release) struct ini ini = { 0 };
    _cleanup_(problems_release) struct problems problems = { 0 };

    ck_assert_int_eq(ini_add_text(&ini, "f", text, strlen(text), &problems), 0);
    ck_assert_str_eq(ini_find_entry(ini_find(&ini, "A", NULL), "K")->value, "2");
    ck_assert_ptr_null(ini_find_entry(ini_find(&ini, "A", "x"), "K"));
    ck_assert_ptr_null(ini_find(&ini, "A", "y"));
    ck_assert_ptr_null(ini_find(&ini, "B", NULL));
}
END_TEST

static void write_text(const struct scratch *scratch, const char *name, const char *text)
{
    char path[PATH_MAX];

    scratch_write(scratch, name, text, strlen(text), path);
}

/* Reads f.conf of @scratch. */
static int add_main_file(struct ini *ini, const struct scratch *scratch, struct problems *problems)
{
    char path[PATH_MAX];

    snprintf(path, sizeof path, "%s/f.conf", scratch->path);
    return ini_add_file(ini, path, problems);
}

static void make_drop_in_directory(const struct scratch *scratch)
{
    char path[PATH_MAX];

    snprintf(path, sizeof path, "%s/f.conf.d", scratch->path);
    ck_assert_int_eq(mkdir(path, 0700), 0);
}

START_TEST(drop_ins_are_read_after_the_main_file_by_name)
{
    _cleanup_scratch_ struct scratch scratch = scratch_make();
    _cleanup_(ini_release) struct ini ini = { 0 };
    _cleanup_(problems_release) struct problems problems = { 0 };
    _cleanup_free_ char *got = NULL;

    make_drop_in_directory(&scratch);
    write_text(&scratch, "f.conf", "[A]\nK=main\n");
    write_text(&scratch, "f.conf.d/20.conf", "[A]\nK=20\n");
    write_text(&scratch, "f.conf.d/10.conf", "[B]\n[A]\nK=10\n");
    write_text(&scratch, "f.conf.d/15.conf~", "[A]\nK=backup\n");
    write_text(&scratch, "f.conf.d/.16.conf", "[A]\nK=hidden\n");
    write_text(&scratch, "f.conf.d/conf", "[A]\nK=other\n");

    ck_assert_int_eq(add_main_file(&ini, &scratch, &problems), 0);
    got = flatten(&ini);
    ck_assert_str_eq(got, "[A]K=main;K=10;K=20;[B]");
}
END_TEST

START_TEST(a_problem_in_a_drop_in_names_the_drop_in)
{
    _cleanup_scratch_ struct scratch scratch = scratch_make();
    _cleanup_(ini_release) struct ini ini = { 0 };
    _cleanup_(problems_release) struct problems problems = { 0 };

    make_drop_in_directory(&scratch);
    write_text(&scratch, "f.conf", "[A]\n");
    write_text(&scratch, "f.conf.d/10.conf", "[A]\nK\n");

    ck_assert_int_eq(add_main_file(&ini, &scratch, &problems), -EINVAL);
    expect_problem("a bad drop-in", &problems, "f.conf.d/10.conf:2:1: \"=\" is missing");
}
END_TEST

START_TEST(without_a_main_file_drop_ins_are_read_and_it_says_so)
{
    _cleanup_scratch_ struct scratch scratch = scratch_make();
    _cleanup_(ini_release) struct ini ini = { 0 };
    _cleanup_(problems_release) struct problems problems = { 0 };

    ck_assert_int_eq(add_main_file(&ini, &scratch, &problems), -ENOENT);
    make_drop_in_directory(&scratch);
    write_text(&scratch, "f.conf.d/10.conf", "[A]\nK=10\n");
    ck_assert_int_eq(add_main_file(&ini, &scratch, &problems), -ENOENT);
    expect_no_problem("no main file", &problems);
    ck_assert_ptr_nonnull(ini_find(&ini, "A", NULL));
}
END_TEST

START_TEST(a_file_that_cannot_be_read_is_a_problem_with_its_path)
{
    _cleanup_scratch_ struct scratch scratch = scratch_make();
    _cleanup_(ini_release) struct ini ini = { 0 };
    _cleanup_(problems_release) struct problems problems = { 0 };

    ck_assert_int_eq(ini_add_file(&ini, scratch.path, &problems), -EINVAL);
    expect_problem("a directory", &problems, scratch.path);
}
END_TEST

START_TEST(a_dangling_drop_in_is_a_problem)
{
    _cleanup_scratch_ struct scratch scratch = scratch_make();
    _cleanup_(ini_release) struct ini ini = { 0 };
    _cleanup_(problems_release) struct problems problems = { 0 };
    char link[PATH_MAX];

    make_drop_in_directory(&scratch);
    write_text(&scratch, "f.conf", "[A]\n");
    snprintf(link, sizeof link, "%s/f.conf.d/10.conf", scratch.path);
    ck_assert_int_eq(symlink("nowhere", link), 0);
    ck_assert_int_eq(add_main_file(&ini, &scratch, &problems), -EINVAL);
    expect_problem("a dangling link", &problems, "10.conf: cannot open: No such file");
}
END_TEST

START_TEST(a_file_without_end_is_refused)
{
    _cleanup_(ini_release) struct ini ini = { 0 };
    _cleanup_(problems_release) struct problems problems = { 0 };

    ck_assert_int_eq(ini_add_file(&ini, "/dev/zero", &problems), -EINVAL);
    expect_problem("/dev/zero", &problems, "/dev/zero: the file is too large");
}
END_TEST

UNIT_MAIN("ini", UNIT_ROWS(a_good_text_is_read, good),
          UNIT_ROWS(a_bad_line_is_refused_with_its_place_and_the_rest_is_read, bad),
          UNIT_TEST(every_problem_is_shown_in_one_run), UNIT_ROWS(lengths_are_limited, lengths),
          UNIT_TEST(a_line_continued_for_ever_is_refused_once), UNIT_TEST(the_number_of_sections_is_limited),
          UNIT_TEST(places_of_keys_values_and_words_are_exact),
          UNIT_TEST(a_long_word_is_cut_in_its_copy_only), UNIT_TEST(the_last_of_several_entries_is_found),
          UNIT_TEST(drop_ins_are_read_after_the_main_file_by_name),
          UNIT_TEST(a_problem_in_a_drop_in_names_the_drop_in),
          UNIT_TEST(without_a_main_file_drop_ins_are_read_and_it_says_so),
          UNIT_TEST(a_file_that_cannot_be_read_is_a_problem_with_its_path),
          UNIT_TEST(a_dangling_drop_in_is_a_problem), UNIT_TEST(a_file_without_end_is_refused))
