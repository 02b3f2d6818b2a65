/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Tests of lib/image/convert: pictures of every kind to profiles of every kind, in every manner, as littleCMS does it
 * in double precision. */
#include "image/convert.h"

#include "colour_reference.h"
#include "image/ink.h"
#include "pictures.h"
#include "raster_image.h"
#include "unit_main.h"

#include "base/cleanup.h"

enum { SIDE = 16 };

static const double DELTA_E_MAX = 1;

/* ---- to a profile ---- */

static struct stored inks_of_libvips(void)
{
    _cleanup_profile_ struct profile inks = { 0 };

    vips_must(profile_assumed(COLOURS_CMYK, &inks));
    return stored_copy(inks.data, inks.size);
}

enum { INKS_WITH_A_WAY_BACK = -1 };

static struct stored profile_of(int space)
{
    return space == INKS_WITH_A_WAY_BACK ? inks_of_libvips() : space_profile((enum space)space);
}

static const struct {
    const char *name;
    int from, from_colours, to, to_colours; /* enum space */
    int bits;
    bool alpha;
} ways[] = {
    { "P3 to sRGB", SPACE_P3, RASTER_RGB, SPACE_SRGB, RASTER_RGB, 8, false },
    { "P3 to sRGB, 16 bits and alpha", SPACE_P3, RASTER_RGB, SPACE_SRGB, RASTER_RGB, 16, true },
    { "sRGB to Adobe RGB with alpha", SPACE_SRGB, RASTER_RGB, SPACE_ADOBE_RGB, RASTER_RGB, 8, true },
    { "grey to P3 with alpha", SPACE_GREY_18, RASTER_GREY, SPACE_P3, RASTER_RGB, 8, true },
    { "grey to P3, 16 bits", SPACE_GREY_18, RASTER_GREY, SPACE_P3, RASTER_RGB, 16, false },
    { "Adobe RGB to grey", SPACE_ADOBE_RGB, RASTER_RGB, SPACE_GREY_18, RASTER_GREY, 8, true },
    { "inks to P3", SPACE_INKS, RASTER_CMYK, SPACE_P3, RASTER_RGB, 8, false },
    { "inks to Adobe RGB, 16 bits and alpha", SPACE_INKS, RASTER_CMYK, SPACE_ADOBE_RGB, RASTER_RGB, 16,
      true },
    { "sRGB to inks with alpha", SPACE_SRGB, RASTER_RGB, INKS_WITH_A_WAY_BACK, RASTER_CMYK, 8, true },
    { "inks to inks", SPACE_INKS, RASTER_CMYK, INKS_WITH_A_WAY_BACK, RASTER_CMYK, 8, false },
    { "grey to inks, 16 bits", SPACE_GREY_18, RASTER_GREY, INKS_WITH_A_WAY_BACK, RASTER_CMYK, 16, false },
};

enum { INTENTS = 4, CASES = ARRAY_SIZE(ways) * INTENTS };

static void expect_profile(VipsImage *image, const struct stored *profile)
{
    const void *data;
    size_t size;

    vips_must(vips_image_get_blob(image, VIPS_META_ICC_NAME, &data, &size));
    ck_assert_uint_eq(size, profile->size);
    ck_assert_mem_eq(data, profile->data, size);
}

static void expect_alpha(const struct raster *got, const struct raster *wanted)
{
    ck_assert_int_eq(got->alpha, wanted->alpha);
    for (int i = 0; got->alpha && i < got->width * got->height; i++)
        ck_assert_double_eq_tol(got->samples[i * raster_bands(got) + got->colours],
                                wanted->samples[i * raster_bands(wanted) + wanted->colours], 1e-9);
}

START_TEST(colours_become_what_littlecms_makes_of_them)
{
    int way = _i / INTENTS, intent = _i % INTENTS;
    struct profile_manner manner = { (enum intent)intent, true };
    _cleanup_raster_ struct raster source =
        raster_paint(SIDE, SIDE, ways[way].from_colours, ways[way].alpha, raster_slopes);
    _cleanup_raster_ struct raster wanted = { 0 }, got = { 0 };
    _cleanup_stored_ struct stored from = { NULL, 0 }, to = { NULL, 0 };
    _cleanup_image_ VipsImage *in = NULL;
    VipsImage *out = NULL;
    double largest;

    picture_start();
    raster_quantise(&source, ways[way].bits);
    from = profile_of(ways[way].from);
    to = profile_of(ways[way].to);
    in = image_of_raster(&source, ways[way].bits, &from);
    wanted = to_profile(&source, &from, &to, (unsigned)intent);
    vips_must(convert_to(in, &(struct profile){ .data = to.data, .size = to.size }, &manner, &out));
    ck_assert_int_eq(out->BandFmt, in->BandFmt);
    expect_profile(out, &to);
    got = raster_of_image(out, ways[way].to_colours);
    largest = raster_delta_e(&got, &wanted, &to);
    ck_assert_msg(largest <= DELTA_E_MAX, "%s, intent %d: a CIEDE2000 of %g", ways[way].name, intent,
                  largest);
    expect_alpha(&got, &wanted);
}
END_TEST

/* The darkest that inks have is black with compensation, and what they really are without. */
START_TEST(the_black_point_is_compensated_when_asked_for)
{
    static const struct profile_manner with = { INTENT_RELATIVE, true }, without = { INTENT_RELATIVE, false };
    _cleanup_raster_ struct raster darkest = raster_make(1, 1, RASTER_CMYK, false), black = { 0 },
                                   dark = { 0 };
    _cleanup_image_ VipsImage *in = NULL;
    VipsImage *compensated = NULL, *plain = NULL;

    picture_start();
    for (int i = 0; i < RASTER_CMYK; i++)
        darkest.samples[i] = 1;
    in = image_of_raster(&darkest, 8, NULL);
    vips_must(convert_to_choice(in, PROFILE_SRGB, &with, &compensated));
    vips_must(convert_to_choice(in, PROFILE_SRGB, &without, &plain));
    black = raster_of_image(compensated, RASTER_RGB);
    dark = raster_of_image(plain, RASTER_RGB);
    ck_assert_double_le(black.samples[1], 3 / 255.0);
    ck_assert_double_ge(dark.samples[1], black.samples[1] + 10 / 255.0);
}
END_TEST

START_TEST(grey_stays_grey_in_a_profile_with_a_name)
{
    _cleanup_raster_ struct raster source = raster_paint(SIDE, SIDE, RASTER_GREY, true, raster_slopes),
                                   got = { 0 };
    _cleanup_raster_ struct raster wanted = { 0 };
    _cleanup_stored_ struct stored from = space_profile(SPACE_GREY_18),
                                   tones = space_profile(SPACE_GREY_SRGB);
    _cleanup_image_ VipsImage *in = NULL;
    VipsImage *out = NULL;

    picture_start();
    raster_quantise(&source, 8);
    in = image_of_raster(&source, 8, &from);
    vips_must(convert_to_choice(in, PROFILE_P3, &profile_manner_usual, &out));
    ck_assert_int_eq(out->Type, VIPS_INTERPRETATION_B_W);
    got = raster_of_image(out, RASTER_GREY);
    wanted = to_profile(&source, &from, &tones, INTENT_RELATIVE); /* P3 has the tones of sRGB */
    ck_assert_double_le(raster_difference(&got, &wanted), 0.6 / 255);
}
END_TEST

START_TEST(what_is_in_the_profile_already_is_not_touched)
{
    _cleanup_raster_ struct raster source = raster_paint(SIDE, SIDE, RASTER_RGB, false, raster_slopes),
                                   got = { 0 };
    _cleanup_image_ VipsImage *in = NULL;
    VipsImage *out = NULL;

    picture_start();
    raster_quantise(&source, 8);
    in = image_of_raster(&source, 8, NULL);
    vips_must(convert_to_choice(in, PROFILE_SRGB, &profile_manner_usual, &out));
    got = raster_of_image(out, RASTER_RGB);
    ck_assert_double_eq(raster_difference(&got, &source), 0);
}
END_TEST

/* Neither is it read as what it is not. */
START_TEST(what_is_no_picture_of_8_or_16_bits_is_refused)
{
    _cleanup_image_ VipsImage *picture = NULL, *precise = NULL, *few = NULL, *out = NULL;

    picture_start();
    picture = picture_make(SIDE, SIDE, 3);
    vips_must(vips_cast_float(picture, &precise, NULL));
    vips_must(vips_extract_band(picture, &few, 0, "n", 2, NULL));
    few->Type = VIPS_INTERPRETATION_sRGB;
    ck_assert_int_ne(convert_to_choice(precise, PROFILE_P3, &profile_manner_usual, &out), 0);
    ck_assert_int_ne(convert_to_choice(few, PROFILE_P3, &profile_manner_usual, &out), 0);
}
END_TEST

/* Such a picture cannot have a border of its own colours. */
START_TEST(a_picture_of_a_scanner_gets_colours_in_srgb)
{
    static const struct colour red = { 255, 0, 0, 255 };
    _cleanup_stored_ struct stored scanner = space_profile(SPACE_SCANNER);
    _cleanup_image_ VipsImage *picture = NULL, *prepared = NULL;
    struct ink ink;

    picture_start();
    picture = picture_make(SIDE, SIDE, 3);
    picture->Type = VIPS_INTERPRETATION_sRGB;
    vips_image_set_blob_copy(picture, VIPS_META_ICC_NAME, scanner.data, scanner.size);
    ck_assert(convert_has_profile(picture));
    vips_must(ink_prepare(picture, &red, &prepared));
    ck_assert_int_eq((int)vips_image_get_typeof(prepared, VIPS_META_ICC_NAME), 0);
    vips_must(ink_of(&red, prepared, &ink));
    ck_assert_double_eq(ink.values[0], 255);
    ck_assert_double_eq(ink.values[1], 0);
}
END_TEST

int main(void)
{
    const struct unit_test tests[] = {
        { colours_become_what_littlecms_makes_of_them, CASES },
        UNIT_TEST(the_black_point_is_compensated_when_asked_for),
        UNIT_TEST(grey_stays_grey_in_a_profile_with_a_name),
        UNIT_TEST(what_is_in_the_profile_already_is_not_touched),
        UNIT_TEST(what_is_no_picture_of_8_or_16_bits_is_refused),
        UNIT_TEST(a_picture_of_a_scanner_gets_colours_in_srgb),
    };

    return unit_main("convert", tests, ARRAY_SIZE(tests));
}
