/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Tests of Lossless=yes: jpegtran says what a turned JPEG is, and pixels are the same to the last bit. */
#include "outside_tool.h"
#include "rendering.h"
#include "scratch.h"
#include "unit_main.h"

#include "base/cleanup.h"
#include "image/engine.h"

#include <math.h>

enum { WIDTH = 64, HEIGHT = 48, ODD_WIDTH = 61, ODD_HEIGHT = 45, ORIENTATIONS = 8, EXIF_BYTES = 26 };

static const char lossless[] = "[Recipe]\nStep=auto-orient\n[Output a]\nFormat=jpeg\nLossless=yes\n";

/* As jpegtran calls what brings an orientation upright. */
static const char *const turns[ORIENTATIONS + 1][2] = {
    [2] = { "-flip", "horizontal" }, [3] = { "-rotate", "180" }, [4] = { "-flip", "vertical" },
    [5] = { "-transpose", NULL },    [6] = { "-rotate", "90" },  [7] = { "-transverse", NULL },
    [8] = { "-rotate", "270" },
};

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

/* What jpegtran makes of @source with the NULL-terminated @options. */
static struct stored tran(const struct stored *source, const char *const *options)
{
    _cleanup_(scratch_remove) struct scratch scratch = scratch_make();
    char from[PATH_MAX], to[PATH_MAX];
    const char *arguments[12] = { "jpegtran", "-copy", "all" };
    size_t count = 3;
    struct outside_tool tool;
    struct stored stored;
    int fd;

    for (; *options; options++)
        arguments[count++] = *options;
    arguments[count++] = "-outfile";
    arguments[count++] = scratch_write(&scratch, "to.jpg", "", 0, to);
    arguments[count++] = scratch_write(&scratch, "from.jpg", source->data, source->size, from);
    outside_tool_start(&tool, arguments);
    outside_tool_end(&tool, "jpegtran");
    fd = open(to, O_RDONLY | O_CLOEXEC);
    stored = stored_read(fd);
    close(fd);
    return stored;
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
    const char *const options[] = { "-perfect", turns[orientation][0], turns[orientation][1], NULL };
    _cleanup_stored_ struct stored made = make_lossless(lossless, &source), wanted = tran(&source, options);
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
    _cleanup_stored_ struct stored source = tran(&plain, codings[_i]);
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
          UNIT_TEST(a_profile_stays_whatever_is_asked_for),
          UNIT_TEST(other_outputs_are_made_of_what_is_decoded),
          UNIT_TEST(a_source_that_is_no_jpeg_is_encoded),
          UNIT_ROWS(a_truncated_jpeg_is_judged_by_fail_on, strictness),
          UNIT_ROWS(a_damaged_jpeg_does_no_harm, seven), UNIT_TEST(it_asks_for_memory_first))
