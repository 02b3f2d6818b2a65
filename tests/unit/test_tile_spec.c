/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Tests of lib/recipe/tile_spec through whole recipes: what follows from the layout, what is refused and where. */
#include "recipe/tile_spec.h"

#include "expect_problems.h"
#include "recipe_text.h"
#include "unit_main.h"

#include <errno.h>

static const struct {
    const char *name, *text;
    struct tile_spec spec;
} good[] = {
    { "dz", "[Output a]\nFormat=dz\n", { 254, 1, FORMAT_JPEG } },
    { "google", "[Output a]\nFormat=google\n", { 256, 0, FORMAT_JPEG } },
    { "iiif3", "[Output a]\nFormat=iiif3\n", { 512, 0, FORMAT_JPEG } },
    { "all three keys",
      "[Output a]\nFormat=dz\nTileSize=64\nOverlap=0\nTileFormat=webp\n",
      { 64, 0, FORMAT_WEBP } },
    { "empty values",
      "[Output a]\nFormat=dz\nTileSize=64\nTileSize=\nOverlap=7\nOverlap=\nTileFormat=png\nTileFormat=\n",
      { 254, 1, FORMAT_JPEG } },
    { "an overlap of nothing where there is none",
      "[Output a]\nFormat=google\nOverlap=0\n",
      { 256, 0, FORMAT_JPEG } },
    { "beside a picture", "[Output a]\nFormat=jpeg dz\nQuality=dz:70 jpeg:80\n", { 254, 1, FORMAT_JPEG } },
    { "no tiles", "[Output a]\nFormat=jpeg\n", { 0, 0, FORMAT_JPEG } },
};

static void check(const char *name, const struct tile_spec *spec, const struct tile_spec *wanted)
{
    ck_assert_msg(spec->size == wanted->size && spec->overlap == wanted->overlap &&
                      spec->format == wanted->format,
                  "%s: %u, %u, %s", name, spec->size, spec->overlap, format_info(spec->format)->name);
}

START_TEST(tiles_are_as_asked_for_or_as_their_layout_has_them)
{
    struct recipe *recipe = recipe_of_text(good[_i].text), *again;
    char *text = recipe_format(recipe);

    check(good[_i].name, &recipe->outputs[0].tiles, &good[_i].spec);
    again = recipe_of_text(text);
    check(good[_i].name, &again->outputs[0].tiles, &good[_i].spec);
    ck_assert_uint_eq(again->hash, recipe->hash);
    free(text);
    recipe_free(again);
    recipe_free(recipe);
}
END_TEST

static const struct {
    const char *name, *text, *wanted;
} bad[] = {
    { "too small", "[Output a]\nFormat=dz\nTileSize=63\n",
      "t:3:10: TileSize=63: give pixels, from 64 to 4096" },
    { "too large", "[Output a]\nFormat=dz\nTileSize=4097\n", "TileSize=4097: give pixels" },
    { "too much overlap", "[Output a]\nFormat=dz\nOverlap=17\n",
      "t:3:9: Overlap=17: give pixels, from 0 to 16" },
    { "no format of tiles", "[Output a]\nFormat=dz\nTileFormat=dz\n",
      "t:3:12: TileFormat=dz: give jpeg, png or webp" },
    { "an overlap of google", "[Output a]\nFormat=google\nOverlap=1\n",
      "t:3:9: Overlap=: tiles of google cannot" },
    { "png of iiif3", "[Output a]\nFormat=iiif3\nTileFormat=png\n",
      "t:3:12: TileFormat=: tiles of iiif3 are always" },
    { "a size of no tiles", "[Output a]\nFormat=jpeg\nTileSize=64\n",
      "t:3:10: TileSize=: no format in Format= has" },
    { "an overlap of no tiles", "[Output a]\nFormat=jpeg\nOverlap=0\n",
      "t:3:9: Overlap=: no format in Format= has" },
    { "a format of no tiles", "[Output a]\nFormat=jpeg\nTileFormat=png\n",
      "TileFormat=: no format in Format= has" },
    { "two layouts under one name", "[Output a]\nFormat=dz google\n",
      "would both be called \"picture.zip\": give each output a Name= of its own" },
};

START_TEST(bad_tiles_are_refused_where_they_stand)
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

UNIT_MAIN("tile_spec", UNIT_ROWS(tiles_are_as_asked_for_or_as_their_layout_has_them, good),
          UNIT_ROWS(bad_tiles_are_refused_where_they_stand, bad))
