/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Tests of lib/image/render: whole jobs on pixels, on pictures made here. */
#include "image/render.h"

#include "base/cleanup.h"
#include "base/fd_io.h"
#include "pictures.h"
#include "recipe_text.h"
#include "unit_main.h"

#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>

enum { PLENTY = 1 << 30, LEAK_ROUNDS = 50 };

/* A recipe, its result, and what it was made of. */
struct attempt {
    struct recipe *recipe;
    struct rendered rendered;
    struct error error;
    int result;
};

static struct render_options options(enum fail_on fail_on, uint64_t max_pixels)
{
    return (struct render_options){ .fail_on = fail_on,
                                    .max_pixels = max_pixels,
                                    .max_memory_bytes = UINT64_MAX,
                                    .memory_grant_bytes = UINT64_MAX };
}

static void render_with(struct attempt *attempt, const char *recipe, const struct bytes *source,
                        struct render_options how)
{
    memset(attempt, 0, sizeof *attempt);
    attempt->recipe = recipe_of_text(recipe);
    attempt->result =
        render(attempt->recipe, source->data, source->size, &how, &attempt->rendered, &attempt->error);
}

static void attempt_release(struct attempt *attempt)
{
    rendered_release(&attempt->rendered);
    recipe_free(attempt->recipe);
}

/* Renders what must succeed; frees the source. */
static void render_all(struct attempt *attempt, const char *recipe, struct bytes source)
{
    render_with(attempt, recipe, &source, options(FAIL_ON_WARNING, PLENTY));
    ck_assert_msg(attempt->result == 0, "%s", attempt->error.text);
    bytes_release(&source);
}

/* Decodes an output into memory. */
static VipsImage *output(const struct attempt *attempt, size_t index)
{
    struct bytes bytes;
    VipsImage *image, *copy;

    ck_assert_uint_lt(index, attempt->rendered.output_count);
    bytes = picture_read(attempt->rendered.outputs[index].encoded.fd);
    image = picture_open(bytes.data, bytes.size);
    copy = vips_image_copy_memory(image);
    ck_assert_ptr_nonnull(copy);
    g_object_unref(image);
    bytes_release(&bytes);
    return copy;
}

/* An encoder, instead of libvips' own, that may lose all after the first few bytes, or the last row. */
static enum { LOSES_NOTHING, LOSES_BYTES, LOSES_A_ROW } encoder;
enum { BYTES_LEFT = 30 }; /* of the header's 33 */

int vips_pngsave_buffer(VipsImage *image, void **data, size_t *size, ...)
{
    _cleanup_image_ VipsImage *less = NULL;
    VipsArea *area = NULL;
    va_list options;
    int r;

    vips_must(vips_crop(image, &less, 0, 0, image->Xsize, image->Ysize - (encoder == LOSES_A_ROW), NULL));
    va_start(options, size);
    r = vips_call_split("pngsave_buffer", options, less, &area);
    va_end(options);
    if (!area)
        return r;

    *size = encoder == LOSES_BYTES ? BYTES_LEFT : area->length;
    *data = g_memdup2(area->data, *size);
    vips_area_unref(area);
    return r;
}

static struct bytes file_of(VipsImage *image, enum format format)
{
    struct bytes bytes = picture_save(image, format, NULL);

    g_object_unref(image);
    return bytes;
}

/* ---- sizes ---- */

START_TEST(a_width_is_made_in_every_format)
{
    struct attempt attempt;

    render_all(&attempt, "[Output a]\nWidth=30\nFormat=jpeg png webp\n",
               picture_file(120, 80, 3, (enum format)_i));
    ck_assert_uint_eq(attempt.rendered.output_count, 3);
    ck_assert_int_eq(attempt.rendered.source_format, _i);
    ck_assert_uint_eq(attempt.rendered.source_width, 120);
    ck_assert_uint_eq(attempt.rendered.source_height, 80);

    for (size_t i = 0; i < 3; i++) {
        const struct rendered_output *made = &attempt.rendered.outputs[i];
        _cleanup_image_ VipsImage *image = output(&attempt, i);

        ck_assert_uint_eq(made->rendition, i);
        ck_assert_uint_eq(made->encoded.width, 30);
        ck_assert_uint_eq(made->encoded.height, 20);
        ck_assert_int_eq(image->Xsize, 30);
        ck_assert_int_eq(image->Ysize, 20);
        ck_assert_int_eq(image->Bands, 3);
        ck_assert_int_eq(fd_check_sealed(made->encoded.fd, made->encoded.bytes), 0);
        assert_pixel(image, 15, 10, 0, 255 * 15.5 / 30, 6);
        assert_pixel(image, 15, 10, 1, 255 * 10.5 / 20, 6);
    }
    attempt_release(&attempt);
}
END_TEST

START_TEST(sizes_beyond_the_picture_are_skipped)
{
    struct attempt attempt;

    render_all(&attempt, "[Output a]\nWidth=30 60 500\nFormat=png\n", picture_file(120, 80, 3, FORMAT_PNG));
    ck_assert_uint_eq(attempt.rendered.output_count, 2);
    ck_assert_uint_eq(attempt.rendered.outputs[1].rendition, 1);
    ck_assert_uint_eq(attempt.rendered.outputs[1].encoded.width, 60);
    attempt_release(&attempt);
}
END_TEST

START_TEST(a_picture_is_never_enlarged)
{
    struct attempt attempt;

    render_all(&attempt, "[Output a]\nWidth=500\nFormat=png\n", picture_file(120, 80, 3, FORMAT_JPEG));
    ck_assert_uint_eq(attempt.rendered.outputs[0].encoded.width, 120);
    ck_assert_uint_eq(attempt.rendered.outputs[0].encoded.height, 80);
    attempt_release(&attempt);
}
END_TEST

static const struct {
    const char *fit;
    int width, height;
} fits[] = {
    { "inside", 30, 20 },  { "outside", 45, 30 }, { "cover", 30, 30 },
    { "contain", 30, 30 }, { "fill", 30, 30 },
};

START_TEST(a_box_is_met_exactly)
{
    struct attempt attempt;
    char recipe[200];

    snprintf(recipe, sizeof recipe, "[Output a]\nWidth=30\nHeight=30\nFit=%s\nFormat=jpeg png webp\n",
             fits[_i].fit);
    render_all(&attempt, recipe, picture_file(120, 80, 3, FORMAT_PNG));
    for (size_t i = 0; i < 3; i++) {
        ck_assert_uint_eq(attempt.rendered.outputs[i].encoded.width, (unsigned)fits[_i].width);
        ck_assert_uint_eq(attempt.rendered.outputs[i].encoded.height, (unsigned)fits[_i].height);
    }
    attempt_release(&attempt);
}
END_TEST

START_TEST(cover_keeps_the_middle)
{
    struct attempt attempt;
    _cleanup_image_ VipsImage *image = NULL;

    render_all(&attempt, "[Output a]\nWidth=40\nHeight=40\nFit=cover\nFormat=png\n",
               picture_file(120, 80, 3, FORMAT_PNG));
    image = output(&attempt, 0);
    assert_pixel(image, 0, 20, 0, 255 * 10.5 / 60, 4);
    assert_pixel(image, 39, 20, 0, 255 * 49.5 / 60, 4);
    attempt_release(&attempt);
}
END_TEST

START_TEST(contain_pads_white_or_transparent)
{
    static const int bands[] = { 3, 4, 4 };
    struct attempt attempt;

    render_all(&attempt, "[Output a]\nWidth=30\nHeight=30\nFit=contain\nFormat=jpeg png webp\n",
               picture_file(120, 80, 3, FORMAT_PNG));
    for (size_t i = 0; i < 3; i++) {
        _cleanup_image_ VipsImage *image = output(&attempt, i);

        ck_assert_int_eq(image->Bands, bands[i]);
        assert_pixel(image, 15, 1, bands[i] - 1, bands[i] == 4 ? 0 : 255, bands[i] == 4 ? 0 : 4);
        assert_pixel(image, 15, 15, 0, 255 * 15.5 / 30, 8);
        if (bands[i] == 4)
            assert_pixel(image, 15, 15, 3, 255, 0);
    }
    attempt_release(&attempt);
}
END_TEST

/* What cannot be transparent is what is seen of it on white. */
static const struct {
    const char *background;
    double red, green, alpha;
} backgrounds[] = {
    { "transparent", 255, 255, 0 },
    { "#ff000080", 255, 127, 128 },
    { "#ff0000", 255, 0, 255 },
};

START_TEST(a_background_is_on_white_where_the_format_is_not_transparent)
{
    _cleanup_free_ char *recipe = NULL;
    struct attempt attempt;

    ck_assert_int_gt(asprintf(&recipe,
                              "[Output a]\nWidth=30\nHeight=30\nFit=contain\nBackground=%s\n"
                              "Format=jpeg png\nSubsampling=444\n",
                              backgrounds[_i].background),
                     0);
    render_all(&attempt, recipe, picture_file(120, 80, 3, FORMAT_PNG));
    for (size_t i = 0; i < 2; i++) {
        _cleanup_image_ VipsImage *image = output(&attempt, i);

        if (image->Bands == 4) {
            assert_pixel(image, 15, 0, 3, backgrounds[_i].alpha, 0);
            continue;
        }
        assert_pixel(image, 15, 0, 0, backgrounds[_i].red, 8);
        assert_pixel(image, 15, 0, 1, i == 0 ? backgrounds[_i].green : 0, 8);
    }
    attempt_release(&attempt);
}
END_TEST

/* ---- orientation ---- */

/* Where the corners of the stored picture go: what is at the upright picture's top left and top right, as red
 * and green of the stored gradient (red grows to the right, green downwards). */
static const struct {
    double left_red, left_green, right_red, right_green;
    bool swapped;
} upright[] = {
    [1] = { 0, 0, 255, 0, false },     [2] = { 255, 0, 0, 0, false },    [3] = { 255, 255, 0, 255, false },
    [4] = { 0, 255, 255, 255, false }, [5] = { 0, 0, 0, 255, true },     [6] = { 0, 255, 0, 0, true },
    [7] = { 255, 255, 255, 0, true },  [8] = { 255, 0, 255, 255, true },
};

static struct bytes turned_file(int orientation, enum format format)
{
    VipsImage *image = picture_make(60, 40, 3);

    picture_set_orientation(image, orientation);
    return file_of(image, format);
}

START_TEST(every_orientation_is_made_upright)
{
    struct attempt attempt;
    _cleanup_image_ VipsImage *image = NULL;

    render_all(&attempt, "[Recipe]\nStep=auto-orient\n[Output a]\nFormat=png\n", turned_file(_i, FORMAT_PNG));
    image = output(&attempt, 0);
    ck_assert_int_eq(image->Xsize, upright[_i].swapped ? 40 : 60);
    ck_assert_int_eq(vips_image_get_orientation(image), 1);
    assert_pixel(image, 0, 0, 0, upright[_i].left_red, 0);
    assert_pixel(image, 0, 0, 1, upright[_i].left_green, 0);
    assert_pixel(image, image->Xsize - 1, 0, 0, upright[_i].right_red, 0);
    assert_pixel(image, image->Xsize - 1, 0, 1, upright[_i].right_green, 0);
    attempt_release(&attempt);
}
END_TEST

START_TEST(sizes_are_those_of_the_upright_picture)
{
    struct attempt attempt;

    render_all(&attempt, "[Recipe]\nStep=auto-orient\n[Output a]\nWidth=20 50\nFormat=png\n",
               turned_file(6, FORMAT_JPEG));
    ck_assert_uint_eq(attempt.rendered.output_count, 1);
    ck_assert_uint_eq(attempt.rendered.outputs[0].encoded.width, 20);
    ck_assert_uint_eq(attempt.rendered.outputs[0].encoded.height, 30);
    ck_assert_uint_eq(attempt.rendered.source_width, 60);
    attempt_release(&attempt);
}
END_TEST

START_TEST(without_the_step_the_tag_survives_in_every_format)
{
    struct attempt attempt;

    render_all(&attempt, "[Output a]\nWidth=30\nFormat=jpeg png webp\nMetadata=none\n",
               turned_file(6, (enum format)_i));
    for (size_t i = 0; i < 3; i++) {
        _cleanup_image_ VipsImage *image = output(&attempt, i);

        ck_assert_int_eq(image->Xsize, 30);
        ck_assert_int_eq(vips_image_get_orientation(image), 6);
    }
    attempt_release(&attempt);
}
END_TEST

/* ---- channels ---- */

START_TEST(grey_stays_grey_where_the_format_has_it)
{
    static const int bands[] = { 1, 1, 3 };
    struct attempt attempt;

    render_all(&attempt, "[Output a]\nWidth=30\nFormat=jpeg png webp\n", picture_file(60, 40, 1, FORMAT_PNG));
    for (size_t i = 0; i < 3; i++) {
        _cleanup_image_ VipsImage *image = output(&attempt, i);

        ck_assert_int_eq(image->Bands, bands[i]);
        assert_pixel(image, 15, 10, 0, 255 * 15.5 / 30, 6);
    }
    attempt_release(&attempt);
}
END_TEST

/* Left half opaque red, right half transparent, and green where nobody sees it. */
static struct bytes half_transparent(enum format format)
{
    enum { WIDTH = 64, HEIGHT = 32 };
    unsigned char pixels[WIDTH * HEIGHT * 4];
    VipsImage *image;

    for (size_t i = 0; i < WIDTH * HEIGHT; i++) {
        bool left = i % WIDTH < WIDTH / 2;

        memcpy(pixels + 4 * i, left ? "\xff\0\0\xff" : "\0\xff\0\0", 4);
    }
    image = vips_image_new_from_memory_copy(pixels, sizeof pixels, WIDTH, HEIGHT, 4, VIPS_FORMAT_UCHAR);
    image->Type = VIPS_INTERPRETATION_sRGB;
    return file_of(image, format);
}

START_TEST(hidden_colours_do_not_bleed)
{
    struct attempt attempt;
    _cleanup_image_ VipsImage *png = NULL, *jpeg = NULL;

    render_all(&attempt, "[Output a]\nWidth=15\nFormat=png jpeg\nQuality=jpeg:95\n",
               half_transparent((enum format)_i));
    png = output(&attempt, 0);
    jpeg = output(&attempt, 1);

    ck_assert_int_eq(png->Bands, 4);
    assert_pixel(png, 0, 4, 3, 255, 0);
    assert_pixel(png, 14, 4, 3, 0, 0);
    assert_pixel(png, 7, 4, 0, 255, 3);
    assert_pixel(png, 7, 4, 1, 0, 3);

    ck_assert_int_eq(jpeg->Bands, 3);
    assert_pixel(jpeg, 1, 4, 0, 255, 12);
    assert_pixel(jpeg, 1, 4, 1, 0, 24);
    for (int band = 0; band < 3; band++)
        assert_pixel(jpeg, 14, 6, band, 255, 8);
    attempt_release(&attempt);
}
END_TEST

START_TEST(sixteen_bits_stay_in_a_png_only)
{
    static const VipsBandFormat formats[] = { VIPS_FORMAT_USHORT, VIPS_FORMAT_UCHAR, VIPS_FORMAT_UCHAR };
    struct attempt attempt;
    char recipe[100];

    snprintf(recipe, sizeof recipe, "[Output a]\nWidth=30\nFormat=png jpeg webp\n");
    render_all(&attempt, recipe, file_of(picture_make_deep(60, 40, _i), FORMAT_PNG));
    for (size_t i = 0; i < 3; i++) {
        _cleanup_image_ VipsImage *image = output(&attempt, i);
        double max = formats[i] == VIPS_FORMAT_USHORT ? 65535 : 255;

        ck_assert_int_eq(image->BandFmt, formats[i]);
        if (_i == 1 || _i == 3)
            assert_pixel(image, 15, 10, 0, max * 15.5 / 30, max / 40);
    }
    attempt_release(&attempt);
}
END_TEST

START_TEST(cmyk_becomes_srgb)
{
    unsigned char pixels[16 * 16 * 4];
    struct attempt attempt;
    VipsImage *image;

    /* Magenta ink only: reddish purple, not green. */
    for (size_t i = 0; i < sizeof pixels; i++)
        pixels[i] = i % 4 == 1 ? 255 : 0;
    image = vips_image_new_from_memory_copy(pixels, sizeof pixels, 16, 16, 4, VIPS_FORMAT_UCHAR);
    image->Type = VIPS_INTERPRETATION_CMYK;

    render_all(&attempt, "[Output a]\nWidth=8\nFormat=jpeg png webp\n", file_of(image, FORMAT_JPEG));
    for (size_t i = 0; i < 3; i++) {
        _cleanup_image_ VipsImage *made = output(&attempt, i);

        ck_assert_int_eq(made->Bands, 3);
        ck_assert_double_gt(picture_pixel(made, 4, 4, 0), 180);
        ck_assert_double_lt(picture_pixel(made, 4, 4, 1), 100);
    }
    attempt_release(&attempt);
}
END_TEST

/* ---- profiles ---- */

/* A pure P3 green: in sRGB it is out of range; without its profile it would look like any green. */
static struct bytes p3_file(enum format format, bool deep)
{
    _cleanup_image_ VipsImage *image = deep ? picture_make_deep(32, 32, 3) : picture_make(32, 32, 3);

    return picture_save(image, format, "p3");
}

static bool has_profile(VipsImage *image)
{
    return vips_image_get_typeof(image, VIPS_META_ICC_NAME) != 0;
}

START_TEST(a_profile_is_kept_with_its_pixels)
{
    struct attempt attempt;

    render_all(&attempt, "[Output a]\nFormat=png jpeg webp\nQuality=95\nMetadata=icc\n",
               p3_file(FORMAT_PNG, _i));
    for (size_t i = 0; i < 3; i++) {
        _cleanup_image_ VipsImage *image = output(&attempt, i);
        double scale = image->BandFmt == VIPS_FORMAT_USHORT ? 257 : 1;

        ck_assert(has_profile(image));
        assert_pixel(image, 8, 24, 0, scale * 65, scale * 8);
    }
    attempt_release(&attempt);
}
END_TEST

START_TEST(a_profile_is_applied_before_it_is_dropped)
{
    struct attempt attempt;

    render_all(&attempt, "[Output a]\nFormat=png jpeg webp\nQuality=95\nMetadata=none\n",
               p3_file(FORMAT_PNG, _i));
    for (size_t i = 0; i < 3; i++) {
        _cleanup_image_ VipsImage *image = output(&attempt, i);
        double scale = image->BandFmt == VIPS_FORMAT_USHORT ? 257 : 1;

        ck_assert(!has_profile(image));
        /* Red 65, green 197 in P3 is outside of sRGB: its red goes to 0. */
        ck_assert_double_lt(picture_pixel(image, 8, 24, 0), scale * 30);
        assert_pixel(image, 8, 24, 1, scale * 199, scale * 8);
    }
    attempt_release(&attempt);
}
END_TEST

START_TEST(alpha_survives_the_change_of_a_profile)
{
    _cleanup_image_ VipsImage *source = picture_make(32, 32, 4);
    _cleanup_image_ VipsImage *image = NULL;
    struct attempt attempt;

    render_all(&attempt, "[Output a]\nFormat=png\nMetadata=none\n", picture_save(source, FORMAT_PNG, "p3"));
    image = output(&attempt, 0);
    ck_assert_int_eq(image->Bands, 4);
    assert_pixel(image, 31, 0, 3, 128, 1);
    attempt_release(&attempt);
}
END_TEST

START_TEST(a_profile_that_does_not_fit_is_no_profile)
{
    VipsImage *source = picture_make(32, 32, 3);
    struct attempt attempt;

    vips_image_set_blob_copy(source, VIPS_META_ICC_NAME, "nonsense", 8);
    render_all(&attempt,
               _i == 0 ? "[Output a]\nFormat=png\nMetadata=none\n" : "[Output a]\nFormat=jpeg webp\n",
               file_of(source, FORMAT_JPEG));
    for (size_t i = 0; i < attempt.rendered.output_count; i++) {
        _cleanup_image_ VipsImage *image = output(&attempt, i);

        ck_assert(!has_profile(image));
    }
    attempt_release(&attempt);
}
END_TEST

/* ---- failures ---- */

static struct bytes cut(struct bytes bytes)
{
    bytes.size = bytes.size * 6 / 10;
    return bytes;
}

static const struct {
    enum format format;
    enum fail_on fail_on;
    bool fails;
} truncations[] = {
    { FORMAT_JPEG, FAIL_ON_NONE, false }, { FORMAT_JPEG, FAIL_ON_TRUNCATED, true },
    { FORMAT_JPEG, FAIL_ON_ERROR, true }, { FORMAT_JPEG, FAIL_ON_WARNING, true },
    { FORMAT_PNG, FAIL_ON_NONE, false },  { FORMAT_PNG, FAIL_ON_TRUNCATED, true },
    { FORMAT_PNG, FAIL_ON_ERROR, true },  { FORMAT_PNG, FAIL_ON_WARNING, true },
    { FORMAT_WEBP, FAIL_ON_NONE, true },  { FORMAT_WEBP, FAIL_ON_TRUNCATED, true },
    { FORMAT_WEBP, FAIL_ON_ERROR, true }, { FORMAT_WEBP, FAIL_ON_WARNING, true },
};

START_TEST(a_truncated_picture_fails_as_the_folder_says)
{
    static const char *const recipes[] = { "[Output a]\nWidth=30\nFormat=png\n",
                                           "[Output a]\nWidth=30 200\nFormat=jpeg\n" };
    struct bytes source = cut(picture_file(300, 200, 3, truncations[_i].format));

    for (size_t i = 0; i < ARRAY_SIZE(recipes); i++) {
        struct attempt attempt;

        render_with(&attempt, recipes[i], &source, options(truncations[_i].fail_on, PLENTY));
        ck_assert_msg((attempt.result < 0) == truncations[_i].fails, "%s", attempt.error.text);
        if (truncations[_i].fails) {
            ck_assert_int_eq(attempt.error.class, CLASS_PERMANENT);
            ck_assert_int_eq(attempt.error.stage,
                             truncations[_i].format == FORMAT_WEBP ? STAGE_PROBE : STAGE_DECODE);
            if (truncations[_i].format != FORMAT_WEBP)
                ck_assert_msg(strstr(attempt.error.text, "truncated"), "%s", attempt.error.text);
            ck_assert_uint_eq(attempt.rendered.source_width, truncations[_i].format == FORMAT_WEBP ? 0 : 300);
        }
        attempt_release(&attempt);
    }
    bytes_release(&source);
}
END_TEST

/* Bytes between two segments of a JPEG that belong to neither. */
static void put_between(struct bytes *jpeg)
{
    char *scan = memmem(jpeg->data, jpeg->size, "\xff\xda", 2), *grown;
    size_t before;

    ck_assert_ptr_nonnull(scan);
    before = (size_t)(scan - (char *)jpeg->data);
    grown = g_malloc0(jpeg->size + 4);
    memcpy(grown, jpeg->data, before);
    memcpy(grown + before + 4, scan, jpeg->size - before);
    g_free(jpeg->data);
    *jpeg = (struct bytes){ grown, jpeg->size + 4 };
}

static void change_a_bit(struct bytes *bytes)
{
    ((char *)bytes->data)[bytes->size / 2] ^= 1;
}

static const struct {
    const char *name;
    enum format format;
    void (*spoil)(struct bytes *bytes);
    bool fails[FAIL_ON_WARNING + 1];
} spoilt[] = {
    { "a warning", FORMAT_JPEG, put_between, { [FAIL_ON_WARNING] = true } },
    { "an error",
      FORMAT_PNG,
      change_a_bit,
      { [FAIL_ON_TRUNCATED] = true, [FAIL_ON_ERROR] = true, [FAIL_ON_WARNING] = true } },
};

START_TEST(a_spoilt_picture_fails_as_the_folder_says)
{
    struct bytes source = picture_file(300, 200, 3, spoilt[_i].format);

    spoilt[_i].spoil(&source);
    for (int fail_on = FAIL_ON_NONE; fail_on <= FAIL_ON_WARNING; fail_on++) {
        struct attempt attempt;

        render_with(&attempt, "[Output a]\nWidth=30\nFormat=png\n", &source,
                    options((enum fail_on)fail_on, PLENTY));
        ck_assert_msg((attempt.result < 0) == spoilt[_i].fails[fail_on], "%s, %d: %s", spoilt[_i].name,
                      fail_on, attempt.result < 0 ? attempt.error.text : "does not fail");
        if (attempt.result < 0)
            ck_assert_int_eq(attempt.error.class, CLASS_PERMANENT);
        attempt_release(&attempt);
    }
    bytes_release(&source);
}
END_TEST

START_TEST(what_was_encoded_is_read_back_before_it_is_an_output)
{
    static const char *const says[] = {
        [LOSES_BYTES] = "cannot be read back", [LOSES_A_ROW] = "reads back as 30 × 19 instead of 30 × 20"
    };
    struct bytes source = picture_file(60, 40, 3, FORMAT_JPEG);
    struct attempt attempt;

    encoder = _i;
    render_with(&attempt, "[Output a]\nWidth=30\nFormat=png\nProgressive=yes\n", &source,
                options(FAIL_ON_TRUNCATED, PLENTY));
    ck_assert_int_lt(attempt.result, 0);
    ck_assert_int_eq(attempt.error.class, CLASS_PERMANENT);
    ck_assert_int_eq(attempt.error.stage, STAGE_CHECK);
    ck_assert_msg(strstr(attempt.error.text, says[_i]), "%s", attempt.error.text);
    ck_assert_uint_eq(attempt.rendered.output_count, 0);
    encoder = LOSES_NOTHING;
    attempt_release(&attempt);
    bytes_release(&source);
}
END_TEST

START_TEST(a_picture_over_the_limit_is_not_decoded)
{
    struct bytes source = picture_file(120, 80, 3, FORMAT_PNG);
    struct attempt attempt;

    render_with(&attempt, "[Output a]\nWidth=30\nFormat=png\n", &source, options(FAIL_ON_TRUNCATED, 9599));
    ck_assert_int_eq(attempt.result, -EFBIG);
    ck_assert_int_eq(attempt.error.stage, STAGE_LIMITS);
    ck_assert_uint_eq(attempt.rendered.source_width, 120);
    ck_assert_uint_eq(attempt.rendered.output_count, 0);
    attempt_release(&attempt);
    bytes_release(&source);
}
END_TEST

START_TEST(a_picture_that_would_need_too_much_memory_is_refused_with_both_numbers)
{
    struct bytes source = picture_file(4000, 3000, 3, FORMAT_PNG);
    struct render_options how = options(FAIL_ON_TRUNCATED, PLENTY);
    struct attempt attempt;

    how.max_memory_bytes = 32 << 20;
    render_with(&attempt, "[Output a]\nWidth=30 60\nFormat=png\n", &source, how);
    ck_assert_int_eq(attempt.result, -EFBIG);
    ck_assert_int_eq(attempt.error.class, CLASS_PERMANENT);
    ck_assert_int_eq(attempt.error.stage, STAGE_LIMITS);
    ck_assert_ptr_nonnull(
        strstr(attempt.error.text, "more than the 32 MB that MaxMemory= of the folder allows"));
    ck_assert_ptr_nonnull(strstr(attempt.error.text, "it would need "));
    ck_assert_uint_eq(attempt.rendered.output_count, 0);
    attempt_release(&attempt);
    bytes_release(&source);
}
END_TEST

START_TEST(a_picture_that_needs_more_than_its_grant_is_not_begun)
{
    struct bytes source = picture_file(4000, 3000, 3, FORMAT_PNG);
    struct render_options how = options(FAIL_ON_TRUNCATED, PLENTY);
    struct attempt attempt;
    uint64_t needs;

    how.memory_grant_bytes = 32 << 20;
    render_with(&attempt, "[Output a]\nWidth=30 60\nFormat=png\n", &source, how);
    needs = attempt.rendered.needs_memory_bytes;
    ck_assert_int_eq(attempt.result, 0);
    ck_assert_uint_gt(needs, 4000 * 3000 * 3);
    ck_assert_uint_eq(attempt.rendered.output_count, 0);
    attempt_release(&attempt);

    how.memory_grant_bytes = needs;
    render_with(&attempt, "[Output a]\nWidth=30 60\nFormat=png\n", &source, how);
    ck_assert_int_eq(attempt.result, 0);
    ck_assert_uint_eq(attempt.rendered.needs_memory_bytes, 0);
    ck_assert_uint_eq(attempt.rendered.output_count, 2);
    attempt_release(&attempt);
    bytes_release(&source);
}
END_TEST

/* Of an animation only the first frame is decoded, and only that counts. */
START_TEST(frames_that_are_not_decoded_do_not_count_against_the_limit)
{
    _cleanup_image_ VipsImage *strip = picture_make(100, 1000, 3);
    struct bytes source = { NULL, 0 };
    struct attempt attempt;

    vips_image_set_int(strip, VIPS_META_PAGE_HEIGHT, 100);
    vips_must(vips_webpsave_buffer(strip, &source.data, &source.size, NULL));
    render_with(&attempt, "[Output a]\nWidth=30\nFormat=png\n", &source, options(FAIL_ON_TRUNCATED, 10000));
    ck_assert_msg(attempt.result == 0, "%s", attempt.error.text);
    ck_assert_uint_eq(attempt.rendered.source_height, 100);
    attempt_release(&attempt);
    bytes_release(&source);
}
END_TEST

START_TEST(a_picture_too_wide_for_webp_is_refused_with_a_remedy)
{
    struct bytes source = picture_file(16400, 2, 3, FORMAT_PNG);
    struct attempt attempt;

    render_with(&attempt, "[Output a]\nFormat=webp\n", &source, options(FAIL_ON_TRUNCATED, PLENTY));
    ck_assert_int_lt(attempt.result, 0);
    ck_assert_int_eq(attempt.error.class, CLASS_PERMANENT);
    ck_assert_int_eq(attempt.error.stage, STAGE_ENCODE);
    ck_assert_msg(strstr(attempt.error.text, "webp pictures are at most 16383 pixels"), "%s",
                  attempt.error.text);
    ck_assert_ptr_nonnull(strstr(attempt.error.text, "16400 × 2"));
    attempt_release(&attempt);
    bytes_release(&source);
}
END_TEST

/* ---- plans ---- */

static const struct {
    const char *sentence, *recipe;
    int width, height;
} plans[] = {
    { "widths above the source are skipped", "[Output a]\nWidth=20 40 5000\nFormat=jpeg png webp\n", 100,
      70 },
    { "nothing fits: the smallest at natural size", "[Output a]\nWidth=200 400\nFormat=jpeg png\n", 31, 70 },
    { "boxes of every fit",
      "[Output a]\nName=a-{stem}\nWidth=30\nHeight=30\nFit=contain\nFormat=png\n[Output b]\nName=b-{stem}\n"
      "Width=30\nHeight=30\nFit=cover\nFormat=png\n[Output c]\nName=c-{stem}\nWidth=30\nHeight=30\n"
      "Fit=outside\nFormat=png\n[Output d]\nName=d-{stem}\nWidth=33\nHeight=29\nFit=fill\nFormat=png\n",
      641, 427 },
    { "a part of a JPEG that is not decoded, turned",
      "[Recipe]\nStep=rotate 90\nStep=crop 1:1\n[Output a]\nFormat=jpeg\nLossless=yes\n", 320, 240 },
    { "one of which whole blocks stay, beside what is decoded",
      "[Output a]\nStep=flop\nStep=crop 50x60 gravity=east x=3\nFormat=jpeg png\nLossless=jpeg:yes\n", 192,
      144 },
    { "one that is told to be turned", "[Recipe]\nStep=rotate 90\n[Output a]\nFormat=jpeg\nLossless=yes\n",
      101, 77 },
    { "odd sizes that a decoder shrinks", "[Output a]\nWidth=13 77 101\nFormat=jpeg\n", 1637, 1091 },
};

/* What is planned is what is made, to the pixel. */
START_TEST(a_plan_says_what_is_made)
{
    struct bytes source = picture_file(plans[_i].width, plans[_i].height, 3, FORMAT_JPEG);
    struct render_options how = options(FAIL_ON_TRUNCATED, PLENTY);
    struct rendered planned = { 0 };
    struct attempt made;

    render_with(&made, plans[_i].recipe, &source, how);
    ck_assert_msg(made.result == 0, "%s", made.error.text);
    ck_assert_int_eq(render_plan(made.recipe, source.data, source.size, &how, &planned, &made.error), 0);
    ck_assert_uint_eq(planned.source_width, (unsigned)plans[_i].width);
    ck_assert_msg(planned.output_count == made.rendered.output_count, "%s", plans[_i].sentence);
    for (size_t i = 0; i < planned.output_count; i++) {
        const struct rendered_output *a = &planned.outputs[i], *b = &made.rendered.outputs[i];

        ck_assert_uint_eq(a->rendition, b->rendition);
        ck_assert_msg(a->encoded.width == b->encoded.width && a->encoded.height == b->encoded.height,
                      "%s: %u × %u instead of %u × %u", plans[_i].sentence, a->encoded.width,
                      a->encoded.height, b->encoded.width, b->encoded.height);
        ck_assert_int_eq(a->encoded.fd, -1);
        ck_assert_uint_eq(a->encoded.bytes, 0);
    }
    rendered_release(&planned);
    attempt_release(&made);
    bytes_release(&source);
}
END_TEST

START_TEST(a_plan_finds_what_no_format_can_hold)
{
    struct bytes source = picture_file(16400, 2, 3, FORMAT_PNG);
    struct render_options how = options(FAIL_ON_TRUNCATED, PLENTY);
    struct recipe *recipe = recipe_of_text("[Output a]\nFormat=webp\n");
    struct rendered planned = { 0 };
    struct error error;

    ck_assert_int_lt(render_plan(recipe, source.data, source.size, &how, &planned, &error), 0);
    ck_assert_int_eq(error.stage, STAGE_ENCODE);
    rendered_release(&planned);
    recipe_free(recipe);
    bytes_release(&source);
}
END_TEST

/* ---- the promise ---- */

static const char many_outputs[] =
    "[Recipe]\nStep=auto-orient\n[Output a]\nWidth=20 40\nFormat=jpeg png webp\n"
    "[Output b]\nName=b-{stem}-{width}.{ext}\nWidth=30\nHeight=30\nFit=contain\n"
    "Format=png\nMetadata=none\n";

START_TEST(the_same_picture_gives_the_same_bytes)
{
    struct attempt first, second;
    struct bytes source = turned_file(6, FORMAT_JPEG);

    render_with(&first, many_outputs, &source, options(FAIL_ON_TRUNCATED, PLENTY));
    render_with(&second, many_outputs, &source, options(FAIL_ON_TRUNCATED, PLENTY));
    ck_assert_uint_eq(first.rendered.output_count, 7);
    for (size_t i = 0; i < 7; i++) {
        struct bytes a = picture_read(first.rendered.outputs[i].encoded.fd);
        struct bytes b = picture_read(second.rendered.outputs[i].encoded.fd);

        ck_assert_uint_eq(a.size, b.size);
        ck_assert_mem_eq(a.data, b.data, a.size);
        /* No time of making either: years stand in EXIF dates. */
        ck_assert(!bytes_contain(&a, "20:"));
        bytes_release(&a);
        bytes_release(&b);
    }
    attempt_release(&first);
    attempt_release(&second);
    bytes_release(&source);
}
END_TEST

static void render_once(const char *recipe, const struct bytes *source)
{
    struct attempt attempt;

    render_with(&attempt, recipe, source, options(FAIL_ON_TRUNCATED, PLENTY));
    attempt_release(&attempt);
}

static int open_descriptors(void)
{
    int open = 0;

    for (int fd = 0; fd < 256; fd++)
        open += fcntl(fd, F_GETFD) >= 0;
    return open;
}

START_TEST(jobs_leave_nothing_behind)
{
    struct bytes good = turned_file(6, FORMAT_JPEG), bad = cut(picture_file(300, 200, 3, FORMAT_PNG));
    int allocations, descriptors;

    render_once(many_outputs, &good);
    render_once(many_outputs, &bad);
    allocations = vips_tracked_get_allocs();
    descriptors = open_descriptors();

    for (int i = 0; i < LEAK_ROUNDS; i++) {
        render_once(many_outputs, &good);
        render_once(many_outputs, &bad);
    }
    /* A thread of libvips keeps a few buffers or not; a leak is one a job. */
    ck_assert_int_lt(vips_tracked_get_allocs(), allocations + LEAK_ROUNDS / 2);
    ck_assert_int_eq(open_descriptors(), descriptors);
    ck_assert_str_eq(vips_error_buffer(), "");
    bytes_release(&good);
    bytes_release(&bad);
}
END_TEST

static TCase *sizes(void)
{
    TCase *tests = tcase_create("sizes");

    tcase_add_loop_test(tests, a_width_is_made_in_every_format, 0, FORMAT_DZ);
    tcase_add_test(tests, sizes_beyond_the_picture_are_skipped);
    tcase_add_test(tests, a_picture_is_never_enlarged);
    tcase_add_loop_test(tests, a_box_is_met_exactly, 0, ARRAY_SIZE(fits));
    tcase_add_test(tests, cover_keeps_the_middle);
    tcase_add_test(tests, contain_pads_white_or_transparent);
    tcase_add_loop_test(tests, a_background_is_on_white_where_the_format_is_not_transparent, 0,
                        ARRAY_SIZE(backgrounds));
    tcase_add_loop_test(tests, every_orientation_is_made_upright, 1, 9);
    tcase_add_test(tests, sizes_are_those_of_the_upright_picture);
    tcase_add_loop_test(tests, without_the_step_the_tag_survives_in_every_format, 0, FORMAT_DZ);
    return tests;
}

static TCase *colours(void)
{
    TCase *tests = tcase_create("colours");

    tcase_add_test(tests, grey_stays_grey_where_the_format_has_it);
    tcase_add_loop_test(tests, hidden_colours_do_not_bleed, FORMAT_PNG, FORMAT_DZ);
    tcase_add_loop_test(tests, sixteen_bits_stay_in_a_png_only, 1, 5);
    tcase_add_test(tests, cmyk_becomes_srgb);
    tcase_add_loop_test(tests, a_profile_is_kept_with_its_pixels, 0, 2);
    tcase_add_loop_test(tests, a_profile_is_applied_before_it_is_dropped, 0, 2);
    tcase_add_test(tests, alpha_survives_the_change_of_a_profile);
    tcase_add_loop_test(tests, a_profile_that_does_not_fit_is_no_profile, 0, 2);
    return tests;
}

static TCase *promises(void)
{
    TCase *tests = tcase_create("promises");

    tcase_add_loop_test(tests, a_truncated_picture_fails_as_the_folder_says, 0, ARRAY_SIZE(truncations));
    tcase_add_loop_test(tests, a_spoilt_picture_fails_as_the_folder_says, 0, ARRAY_SIZE(spoilt));
    tcase_add_loop_test(tests, what_was_encoded_is_read_back_before_it_is_an_output, LOSES_BYTES,
                        LOSES_A_ROW + 1);
    tcase_add_test(tests, a_picture_over_the_limit_is_not_decoded);
    tcase_add_test(tests, a_picture_that_would_need_too_much_memory_is_refused_with_both_numbers);
    tcase_add_test(tests, a_picture_that_needs_more_than_its_grant_is_not_begun);
    tcase_add_test(tests, frames_that_are_not_decoded_do_not_count_against_the_limit);
    tcase_add_test(tests, a_picture_too_wide_for_webp_is_refused_with_a_remedy);
    tcase_add_test(tests, the_same_picture_gives_the_same_bytes);
    tcase_add_test(tests, jobs_leave_nothing_behind);
    tcase_add_loop_test(tests, a_plan_says_what_is_made, 0, ARRAY_SIZE(plans));
    tcase_add_test(tests, a_plan_finds_what_no_format_can_hold);
    return tests;
}

int main(void)
{
    TCase *cases[] = { sizes(), colours(), promises() };
    Suite *suite = suite_create("render");
    SRunner *runner = srunner_create(suite);
    int failed;

    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        tcase_set_timeout(cases[i], UNIT_TIMEOUT_S);
        tcase_add_checked_fixture(cases[i], picture_start, picture_stop);
        suite_add_tcase(suite, cases[i]);
    }

    srunner_run_all(runner, CK_NORMAL);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed > 0;
}
