/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Tests of lib/recipe/manifest_spec through whole recipes: what [Manifest] means, what is refused and where, its
 * canonical text, and its name. */
#include "recipe/manifest_spec.h"

#include "expect_problems.h"
#include "recipe/naming.h"
#include "recipe_text.h"
#include "unit_main.h"

#include <errno.h>

#define OUTPUT "[Output a]\nFormat=png\n"

static const struct {
    const char *name, *text, *name_template;
    unsigned include, across, down;
} good[] = {
    { "the section alone asks for all", "[Manifest]\n", "{dir}/{stem}.json", MANIFEST_ALL, 4, 3 },
    { "a name of its own", "[Manifest]\nName={dir}/{name}.{ext}\n", "{dir}/{name}.{ext}", MANIFEST_ALL, 4,
      3 },
    { "some of what may be told", "[Manifest]\nInclude=hash srcset\n", "{dir}/{stem}.json",
      MANIFEST_HASH | MANIFEST_SRCSET, 4, 3 },
    { "none of it", "[Manifest]\nInclude=none\n", "{dir}/{stem}.json", 0, 4, 3 },
    { "several lines add up", "[Manifest]\nInclude=hash\nInclude=colour\n", "{dir}/{stem}.json",
      MANIFEST_HASH | MANIFEST_COLOUR, 4, 3 },
    { "an empty value puts the defaults back",
      "[Manifest]\nName={stem}.x\nName=\nInclude=hash\nInclude=\nBlurHash=1x1\nBlurHash=\n",
      "{dir}/{stem}.json", MANIFEST_ALL, 4, 3 },
    { "other components", "[Manifest]\nInclude=blurhash\nBlurHash=3x9\n", "{dir}/{stem}.json",
      MANIFEST_BLURHASH, 3, 9 },
    { "without a section there is none", "", NULL, 0, 0, 0 },
};

static void check(const char *name, const struct recipe *recipe, size_t row)
{
    const struct manifest_spec *spec = &recipe->manifest;

    if (!good[row].name_template)
        ck_assert_msg(!spec->name_template, "%s", name);
    else
        ck_assert_msg(spec->name_template && strcmp(spec->name_template, good[row].name_template) == 0, "%s",
                      name);
    ck_assert_msg(spec->include == good[row].include, "%s: %x", name, spec->include);
    ck_assert_msg(spec->blurhash.across == good[row].across && spec->blurhash.down == good[row].down,
                  "%s: %ux%u", name, spec->blurhash.across, spec->blurhash.down);
}

START_TEST(a_manifest_is_asked_for_by_its_section_and_read_back_from_its_canonical_text)
{
    char *text;
    struct recipe *recipe, *again;

    ck_assert_int_gt(asprintf(&text, "%s%s", good[_i].text, OUTPUT), 0);
    recipe = recipe_of_text(text);
    check(good[_i].name, recipe, (size_t)_i);
    free(text);

    text = recipe_format(recipe);
    again = recipe_of_text(text);
    check(good[_i].name, again, (size_t)_i);
    ck_assert_uint_eq(again->hash, recipe->hash);
    free(text);
    recipe_free(again);
    recipe_free(recipe);
}
END_TEST

START_TEST(what_is_asked_of_the_manifest_counts_for_the_recipes_hash)
{
    struct recipe *none = recipe_of_text(OUTPUT), *all = recipe_of_text("[Manifest]\n" OUTPUT);
    struct recipe *some = recipe_of_text("[Manifest]\nInclude=hash\n" OUTPUT);

    ck_assert_uint_ne(none->hash, all->hash);
    ck_assert_uint_ne(some->hash, all->hash);
    recipe_free(none);
    recipe_free(all);
    recipe_free(some);
}
END_TEST

static const struct {
    const char *name, *text, *wanted;
} bad[] = {
    { "a name of the section", "[Manifest x]\n" OUTPUT, "t:1:1: the section is just [Manifest]" },
    { "an unknown key", "[Manifest]\nNmae={stem}.json\n" OUTPUT, "t:2:1: unknown key Nmae" },
    { "an unknown part", "[Manifest]\nInclude=hash sizes\n" OUTPUT, "t:2:14: Include=sizes: give any of" },
    { "none among others", "[Manifest]\nInclude=hash none\n" OUTPUT, "t:2:14: Include=none: give any of" },
    { "a name for all pictures", "[Manifest]\nName=manifest.json\n" OUTPUT,
      "t:2:6: Name=: {stem} or {name} is" },
    { "a name that leads elsewhere", "[Manifest]\nName=../{stem}.json\n" OUTPUT,
      "t:2:6: Name=: \".\" and \"..\"" },
    { "a width", "[Manifest]\nName={stem}-{width}.json\n" OUTPUT,
      "t:2:6: Name=: {width} is of single outputs" },
    { "a height", "[Manifest]\nName={stem}-{height}.json\n" OUTPUT, "Name=: {height} is of single" },
    { "a page", "[Manifest]\nName={stem}-{page}.json\n" OUTPUT, "Name=: {page} is of single" },
    { "a page after a dash", "[Manifest]\nName={stem}{-page}.json\n" OUTPUT, "Name=: {-page} is of single" },
    { "components without a number", "[Manifest]\nBlurHash=4\n" OUTPUT,
      "t:2:10: BlurHash=4: give components" },
    { "too many components", "[Manifest]\nBlurHash=4x10\n" OUTPUT, "BlurHash=4x10: give components" },
    { "no components", "[Manifest]\nBlurHash=0x3\n" OUTPUT, "BlurHash=0x3: give components" },
    { "an output's name", OUTPUT "[Manifest]\nName={dir}/{stem}.png\n",
      "t:4:6: [Output a] png and [Manifest] would both be called \"picture.png\": give the manifest a "
      "Name=" },
    { "the name of some page",
      "[Output a]\nFormat=png\nName={stem}{-page}.json\n[Manifest]\nName={stem}-3.json\n",
      "t:5:6: [Output a] png and [Manifest] would both be called \"picture-3.json\"" },
    { "the default name, which is an output's", "[Output a]\nFormat=png\nName={stem}.json\n[Manifest]\n",
      "t:4:1: [Output a] png and [Manifest] would both be called \"picture.json\"" },
};

START_TEST(a_bad_manifest_is_refused_where_it_stands)
{
    struct problems problems = { 0 };
    struct ini ini = { 0 };
    struct recipe *recipe = NULL;

    ck_assert_int_eq(ini_add_text(&ini, "t", bad[_i].text, strlen(bad[_i].text), &problems), 0);
    ck_assert_int_eq(recipe_parse(&ini, "test", NULL, &problems, &recipe), -EINVAL);
    expect_problem(bad[_i].name, &problems, bad[_i].wanted);
    problems_release(&problems);
    ini_release(&ini);
}
END_TEST

START_TEST(a_name_is_made_as_those_of_outputs_are)
{
    struct recipe *recipe = recipe_of_text("[Manifest]\nName={dir}/{name}-{date}.{ext}\n" OUTPUT);
    char *name = NULL;

    ck_assert_int_eq(naming_output(recipe, RENDITION_MANIFEST, "a/b/c.jpg", 0, &name), 0);
    ck_assert_str_eq(name, "a/b/c.jpg-1970-01-01.json");
    free(name);
    recipe_free(recipe);
}
END_TEST

UNIT_MAIN("manifest_spec",
          UNIT_ROWS(a_manifest_is_asked_for_by_its_section_and_read_back_from_its_canonical_text, good),
          UNIT_TEST(what_is_asked_of_the_manifest_counts_for_the_recipes_hash),
          UNIT_ROWS(a_bad_manifest_is_refused_where_it_stands, bad),
          UNIT_TEST(a_name_is_made_as_those_of_outputs_are))
