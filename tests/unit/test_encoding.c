/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Tests of lib/recipe/encoding through whole recipes: what each format has, by itself and as asked for, what is refused
 * and where. */
#include "recipe/encoding.h"

#include "expect_problems.h"
#include "recipe_text.h"
#include "unit_main.h"

#include <errno.h>

static const struct {
    const char *text, *lines; /* of the canonical text, in this order */
} good[] = {
    { "Format=jpeg\n", "Quality=jpeg:82\nLossless=jpeg:no\nProgressive=jpeg:no\nSubsampling=jpeg:auto\n" },
    { "Format=png\n", "Effort=png:7\nProgressive=png:no\nCompression=png:6\nPalette=png:no\nColours=png:"
                      "256\nDither=png:100\n" },
    { "Format=webp\n", "Quality=webp:75\nLossless=webp:no\nEffort=webp:4\n" },
    { "Format=avif\n", "Quality=avif:60\nEffort=avif:4\nSubsampling=avif:auto\n" },
    { "Format=jxl\n", "Quality=jxl:82\nLossless=jxl:no\nEffort=jxl:7\n" },
    { "Format=tiff\n", "Quality=tiff:82\nCompression=tiff:deflate\n" },
    { "Format=gif\n", "Effort=gif:7\nProgressive=gif:no\nColours=gif:256\nDither=gif:100\n" },
    { "Format=dz\n", "Quality=dz:82\n" },
    { "Format=webp jpeg jxl\nEffort=3 webp:6\n", "Effort=webp:6 jxl:3\n" },
    { "Format=webp jxl\nLossless=yes webp:near\n", "Lossless=webp:near jxl:yes\n" },
    { "Format=webp jpeg\nLossless=yes\n", "Lossless=webp:yes jpeg:yes\n" },
    { "Format=webp jpeg\nLossless=webp:yes\nWidth=9\n", "Lossless=webp:yes jpeg:no\n" },
    { "Format=webp jpeg\nLossless=yes jpeg:no\nMaxBytes=1M\nStep=grey\n", "Lossless=webp:yes jpeg:no\n" },
    { "Format=jpeg avif\nSubsampling=444\n", "Subsampling=jpeg:444 avif:444\n" },
    { "Format=jpeg png gif\nProgressive=yes png:no\n", "Progressive=jpeg:yes png:no gif:yes\n" },
    { "Format=png tiff\nCompression=9 tiff:lzw\n", "Compression=png:9 tiff:lzw\n" },
    { "Format=png\nColours=16\n", "Palette=png:yes\nColours=png:16\n" },
    { "Format=png gif\nColours=png:4\nPalette=no\n", "Palette=png:no\nColours=png:4 gif:256\n" },
    { "Format=gif\nColours=8\nDither=0\n", "Colours=gif:8\nDither=gif:0\n" },
    { "Format=jpeg\nMaxBytes=200K\n", "MaxBytes=204800\n" },
    { "Format=png jpeg\nMaxBytes=200K\n", "MaxBytes=204800\n" },
    { "Format=webp\nLossless=near\nMaxBytes=200K\n", "MaxBytes=204800\n" },
    { "Format=tiff\nCompression=jpeg\nMaxBytes=200K\n", "MaxBytes=204800\n" },
    { "Format=jpeg\nQuality=jpeg:5\nQuality=jpeg:6 7\n", "Quality=jpeg:6\n" },
    { "Format=jpeg\nQuality=jpg:5\nQuality=\n", "Quality=jpeg:82\n" },
};

START_TEST(options_are_as_asked_for_or_usual)
{
    struct recipe *recipe, *again;
    char text[300], *canonical;

    snprintf(text, sizeof text, "[Output a]\n%s", good[_i].text);
    recipe = recipe_of_text(text);
    canonical = recipe_format(recipe);
    ck_assert_msg(strstr(canonical, good[_i].lines), "\"%s\" is not in \"%s\"", good[_i].lines, canonical);
    again = recipe_of_text(canonical);
    ck_assert_uint_eq(again->hash, recipe->hash);
    free(canonical);
    recipe_free(again);
    recipe_free(recipe);
}
END_TEST

static const struct {
    const char *text, *wanted;
} bad[] = {
    { "Format=png\nLossless=yes\n",
      "t:3:10: Lossless=: no format in Format= has one; there is one of webp, jxl, jpeg" },
    { "Format=jpeg png\nLossless=png:yes\n",
      "t:3:10: Lossless=: png has none: take it out; there is one of webp" },
    { "Format=webp jpeg\nLossless=near\n", "t:3:10: Lossless=near: jpeg has no, yes" },
    { "Format=jpeg\nLossless=webp:yes\n", "t:3:10: Lossless=: webp is not in Format=" },
    { "Format=jxl\nLossless=near\n", "t:3:10: Lossless=near: jxl has no, yes" },
    { "Format=webp\nLossless=maybe\n", "t:3:10: Lossless=maybe: webp has no, yes, near" },
    { "Format=webp jxl\nEffort=2\n", "t:3:8: Effort=2: jxl has 3 to 9" },
    { "Format=webp\nEffort=webp:7\n", "t:3:8: Effort=7: webp has 0 to 6" },
    { "Format=png\nColours=8\n", "t:3:9: Colours=8: png has 2, 4, 16, 256" },
    { "Format=gif\nColours=257\n", "t:3:9: Colours=257: gif has 2, 4, 8, 16, 32, 64, 128, 256" },
    { "Format=png tiff\nCompression=lzw\n", "t:3:13: Compression=lzw: png has 0 to 9" },
    { "Format=jpeg\nSubsampling=422\n", "t:3:13: Subsampling=422: jpeg has auto, 420, 444" },
    { "Format=dz\nMaxBytes=1M\n", "t:3:10: MaxBytes=: dz has as many bytes as its tiles" },
    { "Format=png gif tiff\nMaxBytes=1M\n", "t:3:10: MaxBytes=: there is no quality to lower" },
    { "MaxBytes=1M\nFormat=webp jxl\nLossless=yes\n", "t:2:10: MaxBytes=: there is no quality to lower" },
    { "Format=jpeg webp\nQuality=jpeg:50 webp:5 jpg:60\n",
      "t:3:24: Quality=: the value of jpeg is given twice" },
    { "Format=jpeg webp\nQuality=50 jpeg:5 \\\n 60\n",
      "t:4:2: Quality=: the value of all formats is given twice" },
    { "Format=jpeg\nMaxBytes=many\n", "t:3:10: MaxBytes=many: give a size in bytes" },
    { "Format=jpeg\nProgressive=heic:yes\n", "t:3:13: Progressive=: unknown format \"heic\"" },
    { "Format=jpeg\nProgressive=yes-and-much-more-than-any-value\n", "t:3:13: Progressive=" },
};

START_TEST(bad_options_are_refused_where_they_stand)
{
    struct problems problems = { 0 };
    struct ini ini = { 0 };
    struct recipe *recipe = NULL;
    char text[300];

    snprintf(text, sizeof text, "[Output a]\n%s", bad[_i].text);
    ck_assert_int_eq(ini_add_text(&ini, "t", text, strlen(text), &problems), 0);
    ck_assert_int_eq(recipe_parse(&ini, "test", NULL, &problems, &recipe), -EINVAL);
    expect_problem(bad[_i].text, &problems, bad[_i].wanted);
    problems_release(&problems);
    ini_release(&ini);
}
END_TEST

START_TEST(what_a_file_holds_depends_on_how_it_is_stored)
{
    struct encoding png = encoding_usual(FORMAT_PNG), tiff = encoding_usual(FORMAT_TIFF),
                    jpeg = encoding_usual(FORMAT_JPEG);

    ck_assert_uint_eq(encoding_holds(FORMAT_PNG, &png), format_info(FORMAT_PNG)->holds);
    png.values[ENCODING_PALETTE] = 1;
    ck_assert(!(encoding_holds(FORMAT_PNG, &png) & FORMAT_HOLDS_DEEP));
    ck_assert(!encoding_is_lossy(FORMAT_TIFF, &tiff));
    tiff.values[ENCODING_COMPRESSION] = TIFF_JPEG;
    ck_assert(!(encoding_holds(FORMAT_TIFF, &tiff) & (FORMAT_HOLDS_DEEP | FORMAT_HOLDS_ALPHA)));
    ck_assert(encoding_is_lossy(FORMAT_TIFF, &tiff));
    jpeg.values[ENCODING_LOSSLESS] = LOSSLESS_YES; /* of other sources than JPEGs it is not */
    ck_assert(encoding_is_lossy(FORMAT_JPEG, &jpeg));
}
END_TEST

UNIT_MAIN("encoding", UNIT_ROWS(options_are_as_asked_for_or_usual, good),
          UNIT_ROWS(bad_options_are_refused_where_they_stand, bad),
          UNIT_TEST(what_a_file_holds_depends_on_how_it_is_stored))
