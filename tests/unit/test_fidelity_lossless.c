/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Tests of Lossless=yes: jpegtran says what a turned JPEG is, and pixels are the same to the last bit. */
#include "jpegtran.h"
#include "rendering.h"
#include "unit_main.h"

#include "base/cleanup.h"
#include "image/engine.h"

#include <math.h>

enum { WIDTH = 64, HEIGHT = 48, ODD_WIDTH = 61, ODD_HEIGHT = 45, ORIENTATIONS = 8, EXIF_BYTES = 26 };

static const char lossless[] = "[Recipe]\nStep=auto-orient\n[Output a]\nFormat=jpeg\nLossless=yes\n";

static struct stored make(int width, int height, int orientation, int quality)
{
    _cleanup_raster_ struct raster raster = raster_paint(width, height, 3, false, raster_detail);
    uint8_t exif[EXIF_BYTES + 1] = "II*\0\x08\0\0\0\x01\0\x12\x01\x03\0\x01\0\0\0\0\0\0\0\0\0\0\0";
    struct coding coding = { .format = FORMAT_JPEG, .quality = quality };

    exif[18] = (uint8_t)orientation;
    if (orientation > 0)
        coding.blocks.exif = (struct stored){ exif, EXIF_BYTES };
    return picture_encode(&raster, &coding);
}

static struct stored make_lossless(const char *recipe, const struct stored *source)
{
    struct rendered rendered;
    struct stored file;

    rendering_make(recipe, source, &rendered);
    ck_assert_uint_eq(rendered.output_count, 1);
    file = rendering_file(&rendered, 0);
    rendered_release(&rendered);
    return file;
}

static void assert_same_pixels(const struct stored *a, const struct stored *b)
{
    _cleanup_raster_ struct raster one = picture_decode(a, NULL), other = picture_decode(b, NULL);

    ck_assert_int_eq(one.width, other.width);
    ck_assert_int_eq(one.height, other.height);
    ck_assert(raster_difference(&one, &other) == 0);
}

static int orientation_of(const struct stored *file)
{
    _cleanup_blocks_ struct blocks blocks = { 0 };
    _cleanup_raster_ struct raster raster = picture_decode(file, &blocks);
    const uint8_t *exif = blocks.exif.data;

    if (blocks.exif.size < EXIF_BYTES)
        return 1;
    ck_assert_uint_eq(exif[10] | exif[11] << 8, 0x0112);
    return exif[18];
}

START_TEST(a_turned_jpeg_is_jpegtrans)
{
    int orientation = 2 + _i % (ORIENTATIONS - 1);
    _cleanup_stored_ struct stored source = make(WIDTH, HEIGHT, orientation, _i < ORIENTATIONS - 1 ? 0 : 80);
    const char *const options[] = { "-perfect", jpegtran_turns[orientation][0],
                                    jpegtran_turns[orientation][1], NULL };
    _cleanup_stored_ struct stored made = make_lossless(lossless, &source),
                                   wanted = jpegtran(&source, options);
    _cleanup_raster_ struct raster stored = picture_decode(&source, NULL), got = picture_decode(&made, NULL),
                                   upright = raster_upright(&stored, orientation);

    assert_same_pixels(&made, &wanted);
    ck_assert_int_eq(orientation_of(&made), 1);
    ck_assert(raster_difference(&upright, &got) < 0.1); /* turned the right way */
}
END_TEST

/* Nothing is trimmed and nothing is coded anew: who looks at it turns it. */
START_TEST(what_cannot_be_turned_exactly_says_how_it_is_to_be_turned)
{
    int orientation = _i + 1;
    bool exact = orientation == 1 || orientation == 5;
    _cleanup_stored_ struct stored source = make(ODD_WIDTH, ODD_HEIGHT, orientation, 80);
    _cleanup_stored_ struct stored made = make_lossless(lossless, &source);

    ck_assert_int_eq(orientation_of(&made), exact ? 1 : orientation);
    if (orientation != 5)
        assert_same_pixels(&made, &source);
}
END_TEST

START_TEST(without_a_step_nothing_is_turned)
{
    _cleanup_stored_ struct stored source = make(WIDTH, HEIGHT, 6, 80);
    _cleanup_stored_ struct stored made =
        make_lossless("[Output a]\nFormat=jpeg\nLossless=yes\nMetadata=none\n", &source);

    ck_assert_int_eq(orientation_of(&made), 6);
    assert_same_pixels(&made, &source);
}
END_TEST

static bool has_marker(const struct stored *file, uint8_t marker)
{
    const uint8_t wanted[] = { 0xff, marker };

    return memmem(file->data, file->size, wanted, sizeof wanted) != NULL;
}

START_TEST(a_jpeg_is_no_larger_afterwards_and_progressive_only_if_it_was)
{
    static const char *const codings[][2] = { { "-optimize", NULL }, { "-progressive", NULL } };
    _cleanup_stored_ struct stored plain = make(256, 256, 0, 80);
    _cleanup_stored_ struct stored source = jpegtran(&plain, codings[_i]);
    _cleanup_stored_ struct stored made = make_lossless(lossless, &source);

    assert_same_pixels(&made, &source);
    ck_assert_uint_le(made.size, source.size);
    ck_assert_int_eq(has_marker(&made, 0xc2), _i);
    ck_assert_int_eq(has_marker(&made, 0xc0), !_i);
}
END_TEST

START_TEST(a_profile_stays_whatever_is_asked_for)
{
    static uint8_t profile[3000];
    _cleanup_raster_ struct raster raster = raster_paint(WIDTH, HEIGHT, 3, false, raster_slopes),
                                   decoded = { 0 };
    struct coding coding = { .format = FORMAT_JPEG, .blocks.icc = { profile, sizeof profile } };
    _cleanup_stored_ struct stored source = picture_encode(&raster, &coding);
    _cleanup_stored_ struct stored made =
        make_lossless("[Output a]\nFormat=jpeg\nLossless=yes\nMetadata=none\n", &source);
    _cleanup_blocks_ struct blocks blocks = { 0 };

    decoded = picture_decode(&made, &blocks);
    ck_assert_uint_eq(blocks.icc.size, sizeof profile);
    ck_assert_mem_eq(blocks.icc.data, profile, sizeof profile);
}
END_TEST

static const int tiny[][2] = { { 1, 1 }, { 13, 7 }, { 7, 13 }, { 8, 8 } };

/* Of which a decoder cannot leave out as much as of others. */
START_TEST(a_tiny_jpeg_stays_what_it_is)
{
    _cleanup_stored_ struct stored source = make(tiny[_i][0], tiny[_i][1], 1, 80);
    _cleanup_stored_ struct stored made = make_lossless(lossless, &source);

    assert_same_pixels(&made, &source);
}
END_TEST

START_TEST(other_outputs_are_made_of_what_is_decoded)
{
    _cleanup_stored_ struct stored source = make(WIDTH, HEIGHT, 6, 80),
                                   coded = make_lossless(lossless, &source);
    _cleanup_stored_ struct stored png = { 0 }, jpeg = { 0 };
    _cleanup_raster_ struct raster decoded = { 0 }, turned = { 0 };
    struct rendered rendered;

    rendering_make("[Recipe]\nStep=auto-orient\n[Output a]\nFormat=png jpeg\nLossless=yes\n", &source,
                   &rendered);
    ck_assert_uint_eq(rendered.output_count, 2);
    png = rendering_file(&rendered, 0);
    jpeg = rendering_file(&rendered, 1);
    rendered_release(&rendered);
    ck_assert_uint_eq(jpeg.size, coded.size);
    ck_assert_mem_eq(jpeg.data, coded.data, coded.size);
    decoded = picture_decode(&png, NULL);
    turned = picture_decode(&jpeg, NULL);
    ck_assert(raster_difference(&decoded, &turned) < 0.02); /* decoders round before a turn, or after it */
}
END_TEST

/* Of 71 × 53 pixels in blocks of 8. */
static const char *const moves[] = {
    "Step=crop 3:4 gravity=west\nStep=flop\n",
    "Step=crop 50% gravity=north-west\nStep=rotate 180\n",
    "Step=auto-orient\nStep=crop 1:1 gravity=east x=10%\n",
    "Step=rotate -90\nStep=flop\nStep=crop 60%x40% gravity=south x=3 y=5\n",
    "Step=crop 400x30 gravity=south\n",
    "Step=crop 64x48 gravity=north-west\nStep=rotate -270\nStep=crop 10x10\n",
};

/* What stays of the first blocks is more; the rest is what the same steps do to the decoded picture. */
START_TEST(steps_mean_the_same_as_for_what_is_decoded)
{
    enum { BLOCK = 8 };
    _cleanup_stored_ struct stored source = make(71, 53, 5, 0), png = { 0 }, jpeg = { 0 };
    _cleanup_raster_ struct raster decoded = { 0 }, coded = { 0 };
    struct rendered rendered;
    char recipe[256];
    int across, down;

    snprintf(recipe, sizeof recipe, "[Recipe]\n%s[Output a]\nFormat=png jpeg\nLossless=yes\n", moves[_i]);
    rendering_make(recipe, &source, &rendered);
    ck_assert_uint_eq(rendered.output_count, 2);
    png = rendering_file(&rendered, 0);
    jpeg = rendering_file(&rendered, 1);
    rendered_release(&rendered);
    decoded = picture_decode(&png, NULL);
    coded = picture_decode(&jpeg, NULL);

    across = coded.width - decoded.width;
    down = coded.height - decoded.height;
    ck_assert_msg(across >= 0 && across < BLOCK && down >= 0 && down < BLOCK, "%d × %d", across, down);
    for (int y = 0; y < decoded.height; y++)
        for (int x = 0; x < decoded.width; x++)
            for (int band = 0; band < RASTER_RGB; band++)
                ck_assert(fabs(raster_at(&decoded, x, y)[band] -
                               raster_at(&coded, across + x, down + y)[band]) < 0.02);
}
END_TEST

START_TEST(a_sampling_without_a_name_is_told_to_be_turned_but_not_cut)
{
    _cleanup_raster_ struct raster raster = raster_paint(WIDTH, HEIGHT, RASTER_RGB, false, raster_detail);
    struct coding coding = { .format = FORMAT_JPEG, .quality = 80, .sampling = { 3, 1 } };
    _cleanup_stored_ struct stored source = picture_encode(&raster, &coding);
    _cleanup_stored_ struct stored made =
        make_lossless("[Recipe]\nStep=rotate 180\n[Output a]\nFormat=jpeg\nLossless=yes\n", &source);
    struct rendered rendered;
    struct error error;

    assert_same_pixels(&made, &source);
    ck_assert_int_eq(orientation_of(&made), 3);
    ck_assert_int_lt(rendering_try("[Output a]\nFormat=jpeg\nLossless=yes\nStep=crop 1:1\n", &source,
                                   FAIL_ON_NONE, &rendered, &error),
                     0);
    ck_assert_int_eq(error.class, CLASS_PERMANENT);
    ck_assert_msg(strstr(error.text, "take out Lossless=") && strstr(error.text, "subsampling"), "%s",
                  error.text);
    rendered_release(&rendered);
}
END_TEST

START_TEST(a_source_that_is_no_jpeg_is_encoded)
{
    _cleanup_raster_ struct raster raster = raster_paint(WIDTH, HEIGHT, 3, false, raster_slopes),
                                   made = { 0 };
    _cleanup_stored_ struct stored source = picture_encode(&raster, &(struct coding){ .format = FORMAT_PNG });

    made = rendering_single(lossless, &source);
    ck_assert_int_eq(made.width, WIDTH);
    ck_assert(raster_psnr(&raster, &made) > 30);
}
END_TEST

/* ---- damage ---- */

static const struct {
    enum fail_on fail_on;
    bool fails;
} strictness[] = {
    { FAIL_ON_NONE, false },
    { FAIL_ON_TRUNCATED, true },
    { FAIL_ON_ERROR, true },
    { FAIL_ON_WARNING, true },
};

START_TEST(a_truncated_jpeg_is_judged_by_fail_on)
{
    _cleanup_stored_ struct stored source = make(WIDTH, HEIGHT, 3, 80);
    struct rendered rendered;
    struct error error;
    int r;

    source.size = source.size * 2 / 3;
    r = rendering_try(lossless, &source, strictness[_i].fail_on, &rendered, &error);
    ck_assert_msg((r < 0) == strictness[_i].fails, "%d: %s", r, r < 0 ? error.text : "");
    if (r < 0)
        ck_assert_int_eq(error.class, CLASS_PERMANENT);
    rendered_release(&rendered);
}
END_TEST

/* Sanitizers watch; coefficients that cannot be written fail. */
START_TEST(a_damaged_jpeg_does_no_harm)
{
    _cleanup_stored_ struct stored source = make(WIDTH, HEIGHT, 6, 80);

    for (size_t at = (size_t)_i; at < source.size; at += 7) {
        uint8_t was = source.data[at];
        struct rendered rendered;
        struct error error;

        source.data[at] ^= 0x55;
        rendering_try(lossless, &source, FAIL_ON_NONE, &rendered, &error);
        rendered_release(&rendered);
        source.data[at] = was;
    }
}
END_TEST

/* ---- memory ---- */

START_TEST(it_asks_for_memory_first)
{
    _cleanup_stored_ struct stored source = make(WIDTH, HEIGHT, 6, 80);
    _cleanup_recipe_ struct recipe *recipe = recipe_of_text(lossless);
    struct render_options options = { .max_pixels = UINT64_MAX,
                                      .max_memory_bytes = UINT64_MAX,
                                      .memory_grant_bytes = 1 };
    struct rendered rendered = { 0 };
    struct error error;

    rendering_start();
    ck_assert_int_eq(render(recipe, source.data, source.size, &options, &rendered, &error), 0);
    ck_assert_uint_eq(rendered.output_count, 0);
    ck_assert_uint_gt(rendered.needs_memory_bytes, WIDTH * HEIGHT * 3 * 2);
    rendered_release(&rendered);
}
END_TEST

static const char turn_rows[2 * (ORIENTATIONS - 1)], orientation_rows[ORIENTATIONS], two[2], seven[7];

UNIT_MAIN("fidelity_lossless", UNIT_ROWS(a_turned_jpeg_is_jpegtrans, turn_rows),
          UNIT_ROWS(what_cannot_be_turned_exactly_says_how_it_is_to_be_turned, orientation_rows),
          UNIT_TEST(without_a_step_nothing_is_turned),
          UNIT_ROWS(a_jpeg_is_no_larger_afterwards_and_progressive_only_if_it_was, two),
          UNIT_TEST(a_profile_stays_whatever_is_asked_for), UNIT_ROWS(a_tiny_jpeg_stays_what_it_is, tiny),
          UNIT_TEST(other_outputs_are_made_of_what_is_decoded),
          UNIT_ROWS(steps_mean_the_same_as_for_what_is_decoded, moves),
          UNIT_TEST(a_sampling_without_a_name_is_told_to_be_turned_but_not_cut),
          UNIT_TEST(a_source_that_is_no_jpeg_is_encoded),
          UNIT_ROWS(a_truncated_jpeg_is_judged_by_fail_on, strictness),
          UNIT_ROWS(a_damaged_jpeg_does_no_harm, seven), UNIT_TEST(it_asks_for_memory_first))
