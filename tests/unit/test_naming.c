/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Output names: templates that are refused, and what names come out of sources that mean harm. */
#include "recipe/naming.h"

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/text.h"
#include "unit_main.h"

#include <errno.h>
#include <string.h>

static const struct {
    const char *name_template, *problem;
    size_t offset;
} templates[] = {
    { "{stem}", NULL, 0 },
    { "{name}", NULL, 0 },
    { "{dir}/{stem}-{width}x{height}.{ext}", NULL, 0 },
    { "{date}/{stem}.{ext}", NULL, 0 },
    { "a//{stem}", NULL, 0 },
    { "{{{stem}}}", NULL, 0 },
    { "...{stem}", NULL, 0 },
    { "{stem}..", NULL, 0 },
    { "", "{stem} or {name} is missing", 0 },
    { "x-{width}.{ext}", "{stem} or {name} is missing", 0 },
    { "{{stem}}.{ext}", "{stem} or {name} is missing", 0 },
    { "/srv/{stem}", "starts with \"/\"", 0 },
    { "{stem}/", "ends with \"/\"", 6 },
    { "../{stem}", "\"..\" cannot be in a name", 0 },
    { "{dir}/../{stem}", "\"..\" cannot be in a name", 6 },
    { "{stem}/..", "\"..\" cannot be in a name", 7 },
    { "./{stem}", "\"..\" cannot be in a name", 0 },
    { "{stem", "without \"}\"", 0 },
    { "a{stem}-{", "without \"}\"", 8 },
    { "{stem}-{a{b}}", "without \"}\"", 7 },
    { "{stem}}", "without \"{\"", 6 },
    { "{stem}-{Width}", "unknown field", 7 },
    { "{stem}-{}", "unknown field", 7 },
    { "{stem}-{ stem }", "unknown field", 7 },
    { "{stem}-{page}", NULL, 0 },
    { "{stem}{-page}", NULL, 0 },
    { "{stem}-{pages}", "unknown field", 7 },
    { "{-page}", "{stem} or {name} is missing", 0 },
};

START_TEST(a_template_is_checked_with_place)
{
    const char *problem = NULL;
    size_t offset = 0;
    int r = naming_check(templates[_i].name_template, &problem, &offset);

    ck_assert_msg(r == (templates[_i].problem ? -EINVAL : 0), "%s: %s", templates[_i].name_template,
                  problem ?: "good");
    if (!templates[_i].problem)
        return;
    ck_assert_msg(strstr(problem, templates[_i].problem), "%s: %s", templates[_i].name_template, problem);
    ck_assert_uint_eq(offset, templates[_i].offset);
}
END_TEST

START_TEST(an_endless_template_is_refused)
{
    char name_template[5000];
    const char *problem;
    size_t offset;

    memset(name_template, 'a', sizeof name_template);
    memcpy(name_template, "{stem}", 6);
    name_template[sizeof name_template - 1] = '\0';
    ck_assert_int_eq(naming_check(name_template, &problem, &offset), -EINVAL);
    ck_assert_str_eq(problem, "the name is too long");
}
END_TEST

START_TEST(fields_in_use_are_known)
{
    ck_assert(naming_uses("{dir}/{stem}-{width}.{ext}", "width"));
    ck_assert(!naming_uses("{dir}/{stem}-{width}.{ext}", "height"));
    ck_assert(!naming_uses("{stem}-{{width}}", "width"));
}
END_TEST

/* A recipe of one rendition, 640 pixels wide, as WebP. */
static struct recipe *recipe_with(const char *name_template)
{
    struct recipe *recipe = calloc(1, sizeof *recipe);

    recipe->output_count = recipe->rendition_count = 1;
    recipe->outputs[0].name_template = strdup(name_template);
    recipe->renditions[0] = (struct rendition){ .format = FORMAT_WEBP, .width = 640, .height = 480 };
    return recipe;
}

static char *name_of(const char *name_template, const char *path, int64_t mtime_ns, int *ret_result)
{
    struct recipe *recipe = recipe_with(name_template);
    char *name = NULL;

    *ret_result = naming_output(recipe, 0, path, mtime_ns, &name);
    recipe_free(recipe);
    return name;
}

static const struct {
    const char *name_template, *path, *wanted; /* NULL: nothing is left */
} names[] = {
    { "{dir}/{stem}-{width}.{ext}", "a.jpg", "a-640.webp" },
    { "{dir}/{stem}-{width}.{ext}", "x/y/a.jpg", "x/y/a-640.webp" },
    { "{stem}-{width}x{height}", "a.jpg", "a-640x480" },
    { "{dir}-{stem}", "x/y/a.jpg", "x/y-a" },
    { "{name}.{ext}", "a.jpg", "a.jpg.webp" },
    { "{{{stem}}}", "a.jpg", "{a}" },
    { "//{dir}//x//{stem}", "a.jpg", "x/a" },
    { "{stem}.{ext}", "a", "a.webp" },
    { "{stem}.{ext}", "a.b.c", "a.b.webp" },
    { "{stem}.{ext}", ".jpg", ".jpg.webp" },
    { "{stem}.{ext}", "a.", "a.webp" },
    /* Names are bytes, and nothing in them is expanded. */
    { "{stem}.{ext}", "{width}.jpg", "{width}.webp" },
    { "{stem}.{ext}", "{{.jpg", "{{.webp" },
    { "{stem}.{ext}", "%s%n.jpg", "%s%n.webp" },
    { "{stem}.{ext}", "a[Q=1].jpg", "a[Q=1].webp" },
    { "{stem}.{ext}", "-rf.jpg", "-rf.webp" },
    { "{stem}.{ext}", "a\nb.jpg", "a\nb.webp" },
    { "{dir}/{stem}.{ext}", "\xFF\xFE/\xC3.jpg", "\xFF\xFE/\xC3.webp" },
    /* What would lead elsewhere, or be taken for ours, does not. */
    { "{stem}", "...jpg", "_.." },
    { "{stem}", "..jpg", "_." },
    { "{stem}/{name}", "...jpg", "_../...jpg" },
    { "{dir}/{stem}", "../a.jpg", "_../a" },
    { "{dir}/{stem}", "x/../../a.jpg", "x/_../_../a" },
    { "{dir}/{stem}", "/etc/a.jpg", "etc/a" },
    { "{dir}/{stem}", ".../a.jpg", ".../a" },
    { "{dir}/{stem}", ".darkroom-x/.darkroom-1.jpg", "_.darkroom-x/_.darkroom-1" },
    { ".darkroom-{stem}", "a.jpg", "_.darkroom-a" },
    { "{dir}/{stem}", ".darkroom/a.jpg", ".darkroom/a" },
    { "{stem}", "", NULL },
    { "{stem}", "x/", NULL },
};

START_TEST(a_name_comes_out_safe)
{
    int r;
    _cleanup_free_ char *name = name_of(names[_i].name_template, names[_i].path, 0, &r);

    ck_assert_msg(r == (names[_i].wanted ? 0 : -EINVAL), "%s of %s", names[_i].name_template, names[_i].path);
    if (names[_i].wanted)
        ck_assert_str_eq(name, names[_i].wanted);
}
END_TEST

static const struct {
    const char *name_template, *wanted;
    struct naming_page page;
} pages[] = {
    { "{stem}{-page}.{ext}", "a.webp", { 1, 1 } },     { "{stem}{-page}.{ext}", "a-1.webp", { 1, 2 } },
    { "{stem}{-page}.{ext}", "a-09.webp", { 9, 10 } }, { "{stem}{-page}.{ext}", "a-10.webp", { 10, 10 } },
    { "{stem}-{page}.{ext}", "a-1.webp", { 1, 1 } },   { "{stem}/{page}", "a/7", { 7, 9 } },
    { "{stem}/{page}", "a/0007", { 7, 1000 } },        { "{stem}.{ext}", "a.webp", { 7, 9 } },
};

START_TEST(a_page_has_as_many_digits_as_the_number_of_pages)
{
    struct recipe *recipe = recipe_with(pages[_i].name_template);
    _cleanup_free_ char *name = NULL;

    ck_assert_int_eq(naming_output_page(recipe, 0, "a.tif", 0, pages[_i].page, &name), 0);
    ck_assert_str_eq(name, pages[_i].wanted);
    recipe_free(recipe);
}
END_TEST

START_TEST(a_rendition_has_pages_when_its_name_tells_them_apart)
{
    static const struct {
        const char *name_template;
        bool has;
    } cases[] = { { "{stem}-{page}", true },
                  { "{stem}{-page}", true },
                  { "{stem}", false },
                  { "{stem}-{{page}}", false } };

    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        struct recipe *recipe = recipe_with(cases[i].name_template);

        ck_assert_msg(naming_has_pages(recipe, 0) == cases[i].has, "%s", cases[i].name_template);
        ck_assert_uint_eq(naming_count_paged(recipe), cases[i].has);
        recipe_free(recipe);
    }
}
END_TEST

static const struct {
    int64_t mtime_ns;
    const char *wanted;
} dates[] = {
    { 0, "1970-01-01-a" },
    { -1, "1969-12-31-a" },
    { 86400 * NSEC_PER_SEC - 1, "1970-01-01-a" },
    { 951782400 * NSEC_PER_SEC, "2000-02-29-a" },
    { INT64_MAX, "2262-04-11-a" },
    { INT64_MIN, "1677-09-21-a" },
};

START_TEST(a_date_is_that_of_the_source_in_utc)
{
    int r;
    _cleanup_free_ char *name = NULL;

    setenv("TZ", "Pacific/Auckland", 1);
    name = name_of("{date}-{stem}", "a.jpg", dates[_i].mtime_ns, &r);
    ck_assert_str_eq(name, dates[_i].wanted);
}
END_TEST

static const struct {
    const char *name;
    const char *unit; /* repeated @count times, and then ".jpg" */
    size_t count;
    size_t wanted; /* length */
} lengths[] = {
    { "as long as may be", "a", 250, 255 },
    { "one byte longer", "a", 251, 255 },
    { "much longer", "a", 4000, 255 },
    { "characters of two bytes, cut between them", "\xC3\xA4", 126, 254 },
    { "characters of three bytes, cut between them", "\xE2\x82\xAC", 84, 254 },
    { "characters of four bytes, cut between them", "\xF0\x9F\x93\xB7", 63, 254 },
    { "bytes that are no characters", "\xBF", 251, 255 },
};

/* "{stem}.{ext}" of lengths[@row], whose last unit is replaced by @last. */
static char *long_name(int row, const char *last)
{
    _cleanup_free_ char *path = NULL;
    size_t size;
    FILE *stream = open_memstream(&path, &size);
    int r;

    for (size_t i = 0; i + 1 < lengths[row].count; i++)
        fputs(lengths[row].unit, stream);
    fputs(last, stream);
    fputs(".jpg", stream);
    fclose(stream);
    return name_of("{dir}/{stem}.{ext}", path, 0, &r);
}

START_TEST(a_name_that_is_too_long_is_cut_and_keeps_its_extension)
{
    _cleanup_free_ char *name = long_name(_i, lengths[_i].unit);
    bool utf8 = text_is_utf8(lengths[_i].unit, strlen(lengths[_i].unit));

    ck_assert_msg(strlen(name) == lengths[_i].wanted, "%s: %zu bytes", lengths[_i].name, strlen(name));
    ck_assert_str_eq(name + strlen(name) - 5, ".webp");
    ck_assert_msg(text_is_utf8(name, strlen(name)) == utf8, "%s: a character was cut", lengths[_i].name);
}
END_TEST

START_TEST(names_that_differ_only_where_they_are_cut_stay_apart)
{
    _cleanup_free_ char *one = long_name(2, "a"), *other = long_name(2, "b");

    ck_assert_str_ne(one, other);
    ck_assert_int_eq(strncmp(one, other, 240), 0);
}
END_TEST

START_TEST(directories_and_prefixed_names_are_cut_too)
{
    char path[600] = ".darkroom-";
    _cleanup_free_ char *name = NULL;
    int r;

    memset(path + 10, 'a', 245);
    memcpy(path + 255, "/a.jpg", 7);
    name = name_of("{dir}/{stem}", path, 0, &r);
    ck_assert_uint_eq(strcspn(name, "/"), 255);
    ck_assert_int_eq(strncmp(name, "_.darkroom-", 11), 0);
    ck_assert_str_eq(name + 255, "/a");
}
END_TEST

START_TEST(an_extension_that_is_none_is_not_kept)
{
    char path[300] = "a.";
    _cleanup_free_ char *name = NULL;
    int r;

    memset(path + 2, 'b', 290);
    name = name_of("{name}", path, 0, &r);
    ck_assert_uint_eq(strlen(name), 255);
    ck_assert_int_eq(name[255 - 9], '-');
}
END_TEST

static const struct {
    const char *path;
    unsigned number;
    const char *wanted;
} numbered[] = {
    { "a.png", 0, "a.png" },
    { "a.png", 1, "a-1.png" },
    { "x/y/a.png", 12, "x/y/a-12.png" },
    { "a", 2, "a-2" },
    { ".a", 2, ".a-2" },
    { "a.b.c", 3, "a.b-3.c" },
    { "x.y/a", 1, "x.y/a-1" },
    { "-", 1, "--1" },
    { "Mr. John Ronald Reuel", 1, "Mr. John Ronald Reuel-1" },
};

START_TEST(a_number_comes_before_the_extension)
{
    _cleanup_free_ char *path = naming_numbered(numbered[_i].path, numbered[_i].number);

    ck_assert_str_eq(path, numbered[_i].wanted);
}
END_TEST

START_TEST(a_long_name_keeps_what_is_put_behind_it)
{
    char name[256], one[256], two[256], other[256];

    memset(name, 'n', 255);
    memcpy(name + 251, ".jpg", 5);
    ck_assert_uint_eq(strlen(naming_number(name, 1, one)), 255);
    ck_assert_uint_eq(strlen(naming_number(name, 2, two)), 255);
    ck_assert_str_eq(one + 249, "-1.jpg");
    ck_assert_str_eq(two + 249, "-2.jpg");

    /* Names that differ only where they are cut stay apart. */
    naming_append(name, 255, ".error.json", one);
    name[250] = 'm';
    naming_append(name, 255, ".error.json", other);
    ck_assert_uint_eq(strlen(one), 255);
    ck_assert_str_eq(one + 244, ".error.json");
    ck_assert_str_ne(one, other);
}
END_TEST

UNIT_MAIN("naming", UNIT_ROWS(a_template_is_checked_with_place, templates),
          UNIT_TEST(an_endless_template_is_refused), UNIT_TEST(fields_in_use_are_known),
          UNIT_ROWS(a_name_comes_out_safe, names),
          UNIT_ROWS(a_page_has_as_many_digits_as_the_number_of_pages, pages),
          UNIT_TEST(a_rendition_has_pages_when_its_name_tells_them_apart),
          UNIT_ROWS(a_date_is_that_of_the_source_in_utc, dates),
          UNIT_ROWS(a_name_that_is_too_long_is_cut_and_keeps_its_extension, lengths),
          UNIT_TEST(names_that_differ_only_where_they_are_cut_stay_apart),
          UNIT_TEST(directories_and_prefixed_names_are_cut_too),
          UNIT_TEST(an_extension_that_is_none_is_not_kept),
          UNIT_ROWS(a_number_comes_before_the_extension, numbered),
          UNIT_TEST(a_long_name_keeps_what_is_put_behind_it))
