/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Tests of the colours that come out of render(): what an output without a profile shows is what littleCMS makes of the
 * source in double precision, at full size, to within a CIEDE2000 of 1 in every pixel. */
#include "colour_reference.h"
#include "rendering.h"
#include "unit_main.h"

#include "base/cleanup.h"

enum { SIDE = 40 };

static const double DELTA_E_MAX = 1;

static const char to_png[] = "[Output a]\nFormat=png\nMetadata=none\n";

static struct raster paint(int colours, bool alpha, int depth)
{
    struct raster raster = raster_paint(SIDE, SIDE, colours, alpha, raster_slopes);

    raster_quantise(&raster, depth);
    return raster;
}

/* What a file of one band is, in a picture of three. */
static struct raster in_three_bands(const struct raster *grey)
{
    struct raster rgb = raster_make(grey->width, grey->height, RASTER_RGB, grey->alpha);

    for (int y = 0; y < grey->height; y++)
        for (int x = 0; x < grey->width; x++)
            for (int band = 0; band < raster_bands(&rgb); band++)
                raster_at(&rgb, x, y)[band] = raster_at(grey, x, y)[band < RASTER_RGB ? 0 : 1];
    return rgb;
}

static void expect_alpha(const struct raster *got, const struct raster *wanted, double tolerance)
{
    for (int y = 0; y < got->height && got->alpha; y++)
        for (int x = 0; x < got->width; x++)
            ck_assert_double_eq_tol(raster_at(got, x, y)[got->colours],
                                    raster_at(wanted, x, y)[wanted->colours], tolerance);
}

static void expect_colours(const char *what, const struct raster *got, const struct raster *wanted,
                           double most)
{
    double largest = raster_delta_e(got, wanted, NULL);

    if (rendering_tells_figures())
        printf("%s: CIEDE2000 %.2f\n", what, largest);
    ck_assert_msg(largest <= most, "%s: a CIEDE2000 of %g", what, largest);
}

/* ---- with a profile ---- */

static const struct {
    const char *name;
    enum space space;
    int colours, depth;
    bool alpha;
} tagged[] = {
    { "sRGB", SPACE_SRGB, RASTER_RGB, 8, false },
    { "P3", SPACE_P3, RASTER_RGB, 8, false },
    { "Adobe RGB", SPACE_ADOBE_RGB, RASTER_RGB, 8, false },
    { "P3 with alpha", SPACE_P3, RASTER_RGB, 8, true },
    { "P3, 16 bits", SPACE_P3, RASTER_RGB, 16, false },
    { "Adobe RGB, 16 bits with alpha", SPACE_ADOBE_RGB, RASTER_RGB, 16, true },
    { "grey of gamma 1.8", SPACE_GREY_18, RASTER_GREY, 8, false },
    { "grey of gamma 1.8, 16 bits with alpha", SPACE_GREY_18, RASTER_GREY, 16, true },
};

START_TEST(a_profile_is_applied_as_littlecms_does)
{
    _cleanup_stored_ struct stored profile = space_profile(tagged[_i].space), file = { NULL, 0 };
    _cleanup_raster_ struct raster source = paint(tagged[_i].colours, tagged[_i].alpha, tagged[_i].depth);
    _cleanup_raster_ struct raster wanted = to_srgb(&source, &profile), got = { 0 }, shown = { 0 };

    file = picture_encode(
        &source, &(struct coding){ .format = FORMAT_PNG, .depth = tagged[_i].depth, .blocks.icc = profile });
    got = rendering_single(to_png, &file);
    ck_assert_int_eq(got.colours, tagged[_i].colours);
    ck_assert_int_eq(got.alpha, tagged[_i].alpha);
    shown = got.colours == RASTER_GREY ? in_three_bands(&got) : raster_copy(&got);
    expect_colours(tagged[_i].name, &shown, &wanted, DELTA_E_MAX);
    expect_alpha(&shown, &wanted, 1e-9);
}
END_TEST

/* 16 bits are there for more than eight would give: a tenth of what is allowed above. */
START_TEST(a_profile_is_applied_to_16_bits_with_their_precision)
{
    _cleanup_stored_ struct stored profile = space_profile(SPACE_ADOBE_RGB), file = { NULL, 0 };
    _cleanup_raster_ struct raster source = paint(RASTER_RGB, false, 16);
    _cleanup_raster_ struct raster wanted = to_srgb(&source, &profile), got = { 0 };

    file =
        picture_encode(&source, &(struct coding){ .format = FORMAT_PNG, .depth = 16, .blocks.icc = profile });
    got = rendering_single(to_png, &file);
    expect_colours("Adobe RGB", &got, &wanted, DELTA_E_MAX / 10);
}
END_TEST

/* WebP has no grey: the profile goes, whatever is asked for, and its tones are applied. */
START_TEST(a_grey_profile_is_applied_for_webp)
{
    _cleanup_stored_ struct stored profile = space_profile(SPACE_GREY_18), file = { NULL, 0 };
    _cleanup_raster_ struct raster source = raster_make(SIDE, SIDE, RASTER_GREY, false);
    _cleanup_raster_ struct raster wanted = { 0 }, got = { 0 };

    for (int i = 0; i < SIDE * SIDE; i++)
        source.samples[i] = 100 / 255.0; /* even: WebP loses nothing of it */
    wanted = to_srgb(&source, &profile);
    file = picture_encode(&source, &(struct coding){ .format = FORMAT_PNG, .blocks.icc = profile });
    got = rendering_single("[Output a]\nFormat=webp\nQuality=100\nMetadata=icc\n", &file);
    expect_colours("grey", &got, &wanted, DELTA_E_MAX);
}
END_TEST

/* ---- inks ---- */

/* What the engine takes for CMYK that does not say what it is: libvips' own profile. */
static struct stored usual_inks(void)
{
    struct stored profile;
    VipsBlob *blob = NULL;
    const void *data;
    size_t size;

    rendering_start();
    ck_assert_int_eq(vips_profile_load("cmyk", &blob, NULL), 0);
    data = vips_blob_get(blob, &size);
    profile = stored_copy(data, size);
    vips_area_unref(VIPS_AREA(blob));
    return profile;
}

static const struct {
    const char *name;
    bool tagged;
    enum ink_coding ink;
} inks[] = {
    { "inks with a profile", true, INK_CMYK },
    { "YCCK with a profile", true, INK_YCCK },
    { "inks without a profile", false, INK_CMYK },
    { "YCCK without a profile", false, INK_YCCK },
};

START_TEST(inks_are_shown_as_littlecms_does)
{
    _cleanup_stored_ struct stored profile = inks[_i].tagged ? space_profile(SPACE_INKS) : usual_inks();
    _cleanup_raster_ struct raster source = paint(RASTER_CMYK, false, 8), stored = { 0 }, wanted = { 0 },
                                   got = { 0 };
    _cleanup_stored_ struct stored file = { NULL, 0 };
    struct coding coding = { .ink = inks[_i].ink };

    if (inks[_i].tagged)
        coding.blocks.icc = profile;
    file = picture_encode(&source, &coding);
    stored = picture_decode(&file, NULL); /* not what the JPEG lost is looked at */
    wanted = to_srgb(&stored, &profile);
    got = rendering_single(to_png, &file);
    expect_colours(inks[_i].name, &got, &wanted, DELTA_E_MAX);
}
END_TEST

/* ---- profiles that are none ---- */

static void halve(struct stored *profile)
{
    profile->size /= 2;
}

/* Makes all that follows the directory of tags zeros. */
static void empty(struct stored *profile)
{
    enum { TAG_COUNT_AT = 128, TAGS_AT = 132, TAG_BYTES = 12 };
    size_t tags = profile->data[TAG_COUNT_AT + 3], from = TAGS_AT + tags * TAG_BYTES;

    memset(profile->data + from, 0, profile->size - from);
}

static void call_it_rgb(struct stored *profile)
{
    enum { SPACE_AT = 16, SPACE_BYTES = 4 };

    memcpy(profile->data + SPACE_AT, "RGB ", SPACE_BYTES);
}

static const struct {
    const char *name;
    enum space space;
    int colours; /* the picture's */
    void (*spoil)(struct stored *profile);
} unfit[] = {
    { "a grey profile in a coloured picture", SPACE_GREY_18, RASTER_RGB, NULL },
    { "a coloured profile in a grey picture", SPACE_P3, RASTER_GREY, NULL },
    { "inks in a coloured picture", SPACE_INKS, RASTER_RGB, NULL },
    { "half a profile", SPACE_P3, RASTER_RGB, halve },
    { "a profile without its curves", SPACE_P3, RASTER_RGB, empty },
    { "inks without their table", SPACE_INKS, RASTER_CMYK, empty },
    { "inks that are called RGB", SPACE_INKS, RASTER_RGB, call_it_rgb },
};

static const char *const keepers[] = { to_png, "[Output a]\nFormat=png\nMetadata=icc\n" };

/* Neither the job fails nor is the profile handed on: the picture is taken for what one without is. */
START_TEST(a_profile_that_cannot_be_used_is_no_profile)
{
    _cleanup_stored_ struct stored profile = space_profile(unfit[_i].space), file = { NULL, 0 };
    _cleanup_raster_ struct raster source = paint(unfit[_i].colours, false, 8);
    struct coding coding = { .format = unfit[_i].colours == RASTER_RGB ? FORMAT_WEBP : FORMAT_JPEG };

    if (unfit[_i].spoil)
        unfit[_i].spoil(&profile);
    coding.blocks.icc = profile;
    file = picture_encode(&source, &coding);

    for (size_t i = 0; i < ARRAY_SIZE(keepers); i++) {
        _cleanup_stored_ struct stored assumed =
            unfit[_i].colours == RASTER_CMYK ? usual_inks() : (struct stored){ NULL, 0 };
        _cleanup_raster_ struct raster stored = picture_decode(&file, NULL), wanted = { 0 }, got = { 0 };
        _cleanup_stored_ struct stored made = { NULL, 0 };
        _cleanup_blocks_ struct blocks blocks = { 0 };
        struct rendered rendered;

        wanted = assumed.data ? to_srgb(&stored, &assumed) : raster_copy(&stored);
        rendering_make(keepers[i], &file, &rendered);
        made = rendering_file(&rendered, 0);
        got = picture_decode(&made, &blocks);
        ck_assert_msg(blocks.icc.size == 0, "%s: it is kept", unfit[_i].name);
        if (assumed.data)
            expect_colours(unfit[_i].name, &got, &wanted, DELTA_E_MAX);
        else
            ck_assert_msg(raster_difference(&got, &wanted) == 0, "%s: colours change", unfit[_i].name);
        rendered_release(&rendered);
    }
}
END_TEST

/* ---- more bands than colours ---- */

static const int many[] = { 5, 9 }; /* bands; libjpeg has up to 10 */

static double red_and_more(double u, double v, int band)
{
    return band == 0 ? 0.8 : band < RASTER_RGB ? 0.4 : u * v;
}

/* libjpeg writes more than four bands, but does not know the others again when it reads. */
static void end_after_four_scans(struct stored *jpeg)
{
    enum { SCANS = 4, MARK_BYTES = 2 };
    uint8_t *at = jpeg->data;

    for (int i = 0; at && i <= SCANS; i++)
        at = memmem(at + 1, jpeg->size - (size_t)(at + 1 - jpeg->data), "\xff\xda", MARK_BYTES);
    if (!at)
        return;
    memcpy(at, "\xff\xd9", MARK_BYTES);
    jpeg->size = (size_t)(at - jpeg->data) + MARK_BYTES;
}

/* Nobody says what the others are: alpha, by no means. */
START_TEST(bands_that_are_no_colours_are_left_out)
{
    static const char recipe[] = "[Output a]\nWidth=20\nFormat=jpeg png\n";
    _cleanup_raster_ struct raster source = raster_paint(SIDE, SIDE, many[_i], false, red_and_more);
    _cleanup_stored_ struct stored file = picture_encode(&source, &(struct coding){ .format = FORMAT_JPEG });
    struct rendered rendered;
    struct error error;
    int r;

    end_after_four_scans(&file);
    r = rendering_try(recipe, &file, FAIL_ON_NONE, &rendered, &error);
    ck_assert_msg(r == 0, "%s", error.text);
    for (size_t i = 0; i < rendered.output_count; i++) {
        _cleanup_stored_ struct stored made = rendering_file(&rendered, i);
        _cleanup_raster_ struct raster got = picture_decode(&made, NULL);

        ck_assert_int_eq(got.colours, RASTER_RGB);
        ck_assert(!got.alpha);
        ck_assert_double_eq_tol(got.samples[0], 0.8, 3 / 255.0);
        ck_assert_double_eq_tol(got.samples[1], 0.4, 3 / 255.0);
    }
    rendered_release(&rendered);
}
END_TEST

/* ---- a profile that stays ---- */

START_TEST(a_profile_that_stays_changes_nothing)
{
    _cleanup_stored_ struct stored profile = space_profile(tagged[_i].space), file = { NULL, 0 },
                                   made = { NULL, 0 };
    _cleanup_raster_ struct raster source = paint(tagged[_i].colours, tagged[_i].alpha, tagged[_i].depth),
                                   got = { 0 };
    _cleanup_blocks_ struct blocks blocks = { 0 };
    struct rendered rendered;

    file = picture_encode(
        &source, &(struct coding){ .format = FORMAT_PNG, .depth = tagged[_i].depth, .blocks.icc = profile });
    rendering_make("[Output a]\nFormat=png\nMetadata=icc\n", &file, &rendered);
    made = rendering_file(&rendered, 0);
    got = picture_decode(&made, &blocks);
    ck_assert_double_eq(raster_difference(&got, &source), 0);
    ck_assert_uint_eq(blocks.icc.size, profile.size);
    ck_assert_mem_eq(blocks.icc.data, profile.data, profile.size);
    rendered_release(&rendered);
}
END_TEST

UNIT_MAIN("fidelity_colour", UNIT_ROWS(a_profile_is_applied_as_littlecms_does, tagged),
          UNIT_TEST(a_profile_is_applied_to_16_bits_with_their_precision),
          UNIT_TEST(a_grey_profile_is_applied_for_webp), UNIT_ROWS(inks_are_shown_as_littlecms_does, inks),
          UNIT_ROWS(a_profile_that_cannot_be_used_is_no_profile, unfit),
          UNIT_ROWS(bands_that_are_no_colours_are_left_out, many),
          UNIT_ROWS(a_profile_that_stays_changes_nothing, tagged))
