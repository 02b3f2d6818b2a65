/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Keys from a table: each parser's values and refusals, hints, defaults put back. */
#include "conf/conf_table.h"

#include "base/clock.h"
#include "expect_problems.h"
#include "unit_main.h"

#include <errno.h>
#include <stdbool.h>

struct target {
    char *string, *path;
    struct conf_words words;
    bool boolean;
    uint64_t number, duration, size;
    unsigned mode;
    int choice;
};

static const char *const colours[] = { "red", "green", "blue", NULL };

#define KEY(key, member, ...)                                                                                \
    {                                                                                                        \
        .section = "Test", .name = key, .offset = offsetof(struct target, member), __VA_ARGS__               \
    }

static const struct conf_key table[] = {
    KEY("String", string, .parse = conf_parse_string),
    KEY("Path", path, .parse = conf_parse_path),
    KEY("Words", words, .parse = conf_parse_words),
    KEY("Boolean", boolean, .parse = conf_parse_boolean),
    KEY("Number", number, .parse = conf_parse_unsigned, .min = 1, .max = 100),
    KEY("Duration", duration, .parse = conf_parse_duration, .min = 100 * USEC_PER_MSEC,
        .max = 3600 * USEC_PER_SEC),
    KEY("Size", size, .parse = conf_parse_size, .min = 1, .max = 2ULL << 30),
    KEY("Mode", mode, .parse = conf_parse_mode, .min = 0, .max = 0777),
    KEY("Choice", choice, .parse = conf_parse_choice, .choices = colours),
    { .section = "Other", .name = "Elsewhere", .parse = conf_parse_string },
};

static const struct target defaults = {
    .boolean = true, .number = 7, .duration = 2 * USEC_PER_SEC, .size = 4096, .mode = 0644, .choice = 2
};

static void target_release(struct target *target)
{
    free(target->string);
    free(target->path);
    conf_words_release(&target->words);
}

static int apply(const char *text, struct target *target, struct problems *problems)
{
    _cleanup_(ini_release) struct ini ini = { 0 };

    ck_assert_int_eq(ini_add_text(&ini, "f", text, strlen(text), problems), 0);
    return conf_apply_file(&ini, table, ARRAY_SIZE(table), target, &defaults, problems);
}

static const struct {
    const char *name, *line, *problem;
} refusals[] = {
    { "a relative path", "Path=srv/in", "f:2:6: Path=srv/in: give an absolute path" },
    { "somebody else's home", "Path=~root/in", "give an absolute path" },
    { "a path that goes up", "Path=/srv/../etc", "without \"..\"" },
    { "a maybe", "Boolean=maybe", "f:2:9: Boolean=maybe: give yes or no" },
    { "a number that is too small", "Number=0", "f:2:8: Number=0: give a whole number from 1 to 100" },
    { "a number that is too large", "Number=101", "from 1 to 100" },
    { "a number that overflows", "Number=18446744073709551617", "from 1 to 100" },
    { "a negative number", "Number=-1", "from 1 to 100" },
    { "a word for a number", "Number=many", "from 1 to 100" },
    { "a time in an unknown unit", "Duration=2 parsecs", "give a time in us, ms, s, min, h or d" },
    { "a time that is too short", "Duration=99ms", "Duration=99ms: give a time from 100ms to 1h" },
    { "a time that is too long", "Duration=61min", "from 100ms to 1h" },
    { "a time that overflows", "Duration=99999999999999999999d", "from 100ms to 1h" },
    { "no size", "Size=huge", "give a size in bytes, or in K, M, G or T" },
    { "a size of nothing", "Size=0", "Size=0: give a size from 1 to 2G" },
    { "a size that is too large", "Size=3G", "from 1 to 2G" },
    { "a mode that is not octal", "Mode=0888", "give a mode in octal from 0000 to 0777" },
    { "a mode out of range", "Mode=4755", "from 0000 to 0777" },
    { "an unknown choice", "Choice=purple", "f:2:8: Choice=purple: use one of red, green, blue" },
    { "a choice in capitals", "Choice=RED", "use one of red, green, blue" },
    { "a value with control characters, shown escaped", "Choice=\x1B[31m", "Choice=\\x1b[31m: use one of" },
    { "a value with a format, shown as it is", "Choice=%s%n", "Choice=%s%n: use one of" },
    { "a misspelt key", "Numbr=1", "f:2:1: unknown key Numbr= in [Test], did you mean Number=?" },
    { "a key in the wrong case", "number=1", "did you mean Number=?" },
    { "a key of nothing we know", "Frobnicate=1", "f:2:1: unknown key Frobnicate= in [Test]\n" },
    { "a key of another section", "Elsewhere=1", "unknown key Elsewhere= in [Test]\n" },
    { "an endless key", "NumberNumberNumberNumberNumberNumberNumberNumberNumberNumberNumber=1",
      "unknown key NumberNumber" },
};

START_TEST(a_refusal_names_place_and_remedy)
{
    _cleanup_(target_release) struct target target = defaults;
    _cleanup_(problems_release) struct problems problems = { 0 };
    char text[512];

    snprintf(text, sizeof text, "[Test]\n%s\n", refusals[_i].line);
    ck_assert_int_eq(apply(text, &target, &problems), -EINVAL);
    expect_problem(refusals[_i].name, &problems, refusals[_i].problem);
}
END_TEST

static const struct {
    const char *name, *text, *problem;
} sections[] = {
    { "a misspelt section", "[Tset]\nNumber=1\n", "f:1:1: unknown section [Tset], did you mean [Test]?" },
    { "a section of nothing we know", "[Frobnicator]\n", "f:1:1: unknown section [Frobnicator]\n" },
    { "a section with a name", "[Test x]\nNumber=1\n", "f:1:1: the section is just [Test], without a name" },
};

START_TEST(a_section_that_is_not_in_the_table_is_refused_once)
{
    _cleanup_(target_release) struct target target = defaults;
    _cleanup_(problems_release) struct problems problems = { 0 };

    ck_assert_int_eq(apply(sections[_i].text, &target, &problems), -EINVAL);
    expect_problem(sections[_i].name, &problems, sections[_i].problem);
}
END_TEST

START_TEST(sections_can_be_checked_alone)
{
    static const char text[] = "[Test x]\n[Test]\n[Othr]\n";
    _cleanup_(ini_release) struct ini ini = { 0 };
    _cleanup_(problems_release) struct problems problems = { 0 };

    ck_assert_int_eq(ini_add_text(&ini, "f", text, strlen(text), &problems), 0);
    ck_assert_int_eq(conf_check_sections(&ini, table, ARRAY_SIZE(table), &problems), -EINVAL);
    expect_problem("only the type counts", &problems, "f:3:1: unknown section [Othr], did you mean [Other]?");
}
END_TEST

static const struct {
    const char *text, *cleaned;
} paths[] = {
    { "/srv/in", "/srv/in" },
    { "/srv/in/", "/srv/in" },
    { "//srv///in//", "/srv/in" },
    { "/./srv/./in/.", "/srv/in" },
    { "/", "/" },
    { "///", "/" },
    { "/.", "/" },
    { "/.hidden", "/.hidden" },
    { "/...", "/..." },
    { "/a b", "/a b" },
    { "~", "/home/me" },
    { "~/", "/home/me" },
    { "~/a//b", "/home/me/a/b" },
    { "/a~", "/a~" },
};

START_TEST(a_path_is_cleaned)
{
    _cleanup_(target_release) struct target target = defaults;
    _cleanup_(problems_release) struct problems problems = { 0 };
    char text[128];

    setenv("HOME", "/home/me/", 1);
    snprintf(text, sizeof text, "[Test]\nPath=%s\n", paths[_i].text);
    ck_assert_int_eq(apply(text, &target, &problems), 0);
    ck_assert_str_eq(target.path, paths[_i].cleaned);
}
END_TEST

START_TEST(without_a_home_a_path_below_it_is_refused)
{
    _cleanup_(target_release) struct target target = defaults;
    _cleanup_(problems_release) struct problems problems = { 0 };

    unsetenv("HOME");
    ck_assert_int_eq(apply("[Test]\nPath=~/in\n", &target, &problems), -EINVAL);
    expect_problem("no HOME", &problems, "HOME is not set");
}
END_TEST

START_TEST(an_endless_path_is_refused)
{
    _cleanup_(target_release) struct target target = defaults;
    _cleanup_(problems_release) struct problems problems = { 0 };
    char text[PATH_MAX + 32] = "[Test]\nPath=/";
    size_t used = strlen(text);

    memset(text + used, 'a', PATH_MAX);
    text[used + PATH_MAX] = '\0';
    ck_assert_int_eq(apply(text, &target, &problems), -EINVAL);
    expect_problem("PATH_MAX", &problems, "the path is too long");
}
END_TEST

START_TEST(values_arrive_in_their_fields)
{
    static const char text[] = "[Test]\nString=two words\nWords=a b\\\n c\nBoolean=off\nNumber=100\n"
                               "Duration=1min 30s\nSize=64K\nMode=0750\nChoice=green\n";
    _cleanup_(target_release) struct target target = defaults;
    _cleanup_(problems_release) struct problems problems = { 0 };

    ck_assert_int_eq(apply(text, &target, &problems), 0);
    ck_assert_str_eq(target.string, "two words");
    ck_assert_uint_eq(target.words.count, 3);
    ck_assert_str_eq(target.words.list[2], "c");
    ck_assert(!target.boolean);
    ck_assert_uint_eq(target.number, 100);
    ck_assert_uint_eq(target.duration, 90 * USEC_PER_SEC);
    ck_assert_uint_eq(target.size, 65536);
    ck_assert_uint_eq(target.mode, 0750);
    ck_assert_int_eq(target.choice, 1);
}
END_TEST

START_TEST(a_later_value_wins_and_a_list_grows)
{
    _cleanup_(target_release) struct target target = defaults;
    _cleanup_(problems_release) struct problems problems = { 0 };

    ck_assert_int_eq(
        apply("[Test]\nString=a\nString=b\nWords=a\nWords=b c\nNumber=1\nNumber=2\n", &target, &problems), 0);
    ck_assert_str_eq(target.string, "b");
    ck_assert_uint_eq(target.number, 2);
    ck_assert_uint_eq(target.words.count, 3);
}
END_TEST

START_TEST(an_empty_value_puts_the_default_back)
{
    static const char text[] =
        "[Test]\nString=a\nString=\nPath=/a\nPath=\nWords=a b\nWords=\nWords=c\n"
        "Boolean=no\nBoolean=\nNumber=1\nNumber=\nDuration=1h\nDuration=\nSize=1\nSize=\n"
        "Mode=0\nMode=\nChoice=red\nChoice=\n";
    _cleanup_(target_release) struct target target = defaults;
    _cleanup_(problems_release) struct problems problems = { 0 };

    ck_assert_int_eq(apply(text, &target, &problems), 0);
    ck_assert_ptr_null(target.string);
    ck_assert_ptr_null(target.path);
    ck_assert_uint_eq(target.words.count, 1);
    ck_assert_str_eq(target.words.list[0], "c");
    ck_assert(target.boolean);
    ck_assert_uint_eq(target.number, 7);
    ck_assert_uint_eq(target.duration, 2 * USEC_PER_SEC);
    ck_assert_uint_eq(target.size, 4096);
    ck_assert_uint_eq(target.mode, 0644);
    ck_assert_int_eq(target.choice, 2);
}
END_TEST

START_TEST(a_refused_value_leaves_its_field_and_the_others_are_read)
{
    _cleanup_(target_release) struct target target = defaults;
    _cleanup_(problems_release) struct problems problems = { 0 };

    ck_assert_int_eq(apply("[Test]\nNumber=0\nSize=no\nMode=0600\n", &target, &problems), -EINVAL);
    ck_assert_uint_eq(problems.count, 2);
    ck_assert_uint_eq(target.number, 7);
    ck_assert_uint_eq(target.size, 4096);
    ck_assert_uint_eq(target.mode, 0600);
}
END_TEST

UNIT_MAIN("conf_table", UNIT_ROWS(a_refusal_names_place_and_remedy, refusals),
          UNIT_ROWS(a_section_that_is_not_in_the_table_is_refused_once, sections),
          UNIT_TEST(sections_can_be_checked_alone), UNIT_ROWS(a_path_is_cleaned, paths),
          UNIT_TEST(without_a_home_a_path_below_it_is_refused), UNIT_TEST(an_endless_path_is_refused),
          UNIT_TEST(values_arrive_in_their_fields), UNIT_TEST(a_later_value_wins_and_a_list_grows),
          UNIT_TEST(an_empty_value_puts_the_default_back),
          UNIT_TEST(a_refused_value_leaves_its_field_and_the_others_are_read))
