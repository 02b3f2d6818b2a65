/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Tests of lib/image/steps: what each operation makes of pixels. Expected colours are computed from what the operations
 * are defined by (W3C Filter Effects, ITU-R BT.709, sRGB), by hand or in double here, not by libvips. */
#include "image/steps.h"

#include "base/cleanup.h"
#include "image/alpha.h"
#include "image/convert.h"
#include "pictures.h"
#include "recipes.h"
#include "unit_main.h"

#include <math.h>
#include <string.h>

/* Once a test, whatever it makes first. */
static void start(void)
{
    static bool started;

    if (!started)
        picture_start();
    started = true;
}

/* ---- files that recipes name ---- */

enum { LOGO_WIDTH = 40, LOGO_HEIGHT = 20 };

/* A red picture, with or without alpha, as PNG; the caller frees with g_free(). */
static void *red_png(int alpha, size_t *ret_size)
{
    _cleanup_image_ VipsImage *image = NULL, *black = NULL, *typed = NULL;
    double colour[] = { 255, 0, 0, alpha };
    void *data;

    ck_assert_int_eq(vips_black(&black, LOGO_WIDTH, LOGO_HEIGHT, "bands", 4, NULL), 0);
    ck_assert_int_eq(vips_linear(black, &image, (double[]){ 1, 1, 1, 1 }, colour, 4, "uchar", TRUE, NULL), 0);
    ck_assert_int_eq(vips_copy(image, &typed, "interpretation", VIPS_INTERPRETATION_sRGB, NULL), 0);
    ck_assert_int_eq(vips_pngsave_buffer(typed, &data, ret_size, NULL), 0);
    return data;
}

/* Left half white, right half black. */
static void *half_png(size_t *ret_size)
{
    uint8_t pixels[] = { 255, 0 };
    _cleanup_image_ VipsImage *image =
        vips_image_new_from_memory_copy(pixels, sizeof pixels, 2, 1, 1, VIPS_FORMAT_UCHAR);
    _cleanup_image_ VipsImage *large = NULL, *typed = NULL;
    void *data;

    ck_assert_int_eq(vips_zoom(image, &large, 32, 32, NULL), 0);
    ck_assert_int_eq(vips_copy(large, &typed, "interpretation", VIPS_INTERPRETATION_B_W, NULL), 0);
    ck_assert_int_eq(vips_pngsave_buffer(typed, &data, ret_size, NULL), 0);
    return data;
}

static int read_file(const char *path, void **ret, size_t *ret_size)
{
    gsize size;
    gchar *data;

    if (!g_file_get_contents(path, &data, &size, NULL))
        return -ENOENT;
    *ret = malloc(size);
    memcpy(*ret, data, size);
    *ret_size = size;
    g_free(data);
    return 0;
}

static int read_sample(void *context, enum file_kind kind, const char *name, void **ret, size_t *ret_size,
                       char *problem, size_t problem_size)
{
    void *png;

    (void)context;
    (void)problem;
    (void)problem_size;
    if (kind == FILE_FONT)
        return read_file("/usr/share/fonts/truetype/dejavu/DejaVuSans.ttf", ret, ret_size);
    png = strcmp(name, "/half") == 0 ? half_png(ret_size)
                                     : red_png(strcmp(name, "/faint") == 0 ? 128 : 255, ret_size);
    *ret = malloc(*ret_size);
    memcpy(*ret, png, *ret_size);
    g_free(png);
    return 0;
}

static const struct asset_reader reader = { .read = read_sample };

static struct recipe *recipe_with(const char *steps)
{
    _cleanup_(problems_release) struct problems problems = { 0 };
    _cleanup_(ini_release) struct ini ini = { 0 };
    struct recipe *recipe = NULL;
    char *text;
    int r;

    ck_assert_int_gt(asprintf(&text, "[Recipe]\nStep=%s\n[Output a]\nFormat=png\n", steps), 0);
    r = ini_add_text(&ini, "f", text, strlen(text), &problems);
    if (r == 0)
        r = recipe_parse(&ini, "test", &reader, &problems, &recipe);
    ck_assert_msg(r == 0, "%s: %s", steps, problems.count > 0 ? problems.list[0].text : "?");
    free(text);
    return recipe;
}

/* Does @steps to @in, whose reference is taken over; what comes out is of the size that was foreseen. */
static VipsImage *do_steps(const char *steps, VipsImage *in)
{
    _cleanup_recipe_ struct recipe *recipe = recipe_with(steps);
    const struct step_subject subject = { .recipe = recipe, .path = "album/cat.jpg", .page = 1 };
    struct shape shape = { { (uint32_t)in->Xsize, (uint32_t)vips_image_get_page_height(in) }, 1 };
    struct error error = { .class = CLASS_NONE };
    VipsImage *memory;

    shape = steps_shape(&recipe->steps, shape);
    ck_assert_msg(steps_apply(&recipe->steps, &subject, &in, &error) == 0, "%s: %s", steps, error.text);
    memory = vips_image_copy_memory(in);
    ck_assert_msg(memory != NULL, "%s: %s", steps, vips_error_buffer());
    g_object_unref(in);
    if (steps_are_foreseen(&recipe->steps)) {
        ck_assert_int_eq(memory->Xsize, (int)shape.extent.width);
        ck_assert_int_eq(vips_image_get_page_height(memory), (int)shape.extent.height);
    }
    return memory;
}

/* ---- pictures ---- */

static VipsImage *typed(VipsImage *image, VipsInterpretation type)
{
    VipsImage *copy;

    ck_assert_int_eq(vips_copy(image, &copy, "interpretation", type, NULL), 0);
    g_object_unref(image);
    return copy;
}

/* One colour, 8 or 16 bits; as many values as bands. */
static VipsImage *plain(int width, int height, int bands, bool deep, const double *values)
{
    size_t count = (size_t)width * (size_t)height * (size_t)bands;
    uint16_t *samples = malloc(count * 2);
    VipsImage *image;

    start();
    for (size_t i = 0; i < count; i++)
        if (deep)
            samples[i] = (uint16_t)(values[i % (size_t)bands] * 257);
        else
            ((uint8_t *)samples)[i] = (uint8_t)values[i % (size_t)bands];
    image = vips_image_new_from_memory_copy(samples, count * (deep ? 2 : 1), width, height, bands,
                                            deep ? VIPS_FORMAT_USHORT : VIPS_FORMAT_UCHAR);
    free(samples);
    if (bands <= 2)
        return typed(image, deep ? VIPS_INTERPRETATION_GREY16 : VIPS_INTERPRETATION_B_W);
    return typed(image, deep ? VIPS_INTERPRETATION_RGB16 : VIPS_INTERPRETATION_sRGB);
}

static VipsImage *rgb(int width, int height, double red, double green, double blue)
{
    return plain(width, height, 3, false, (double[]){ red, green, blue });
}

/* Each pixel says where it is: red its column, green its row. */
static VipsImage *map(int width, int height)
{
    uint8_t *pixels = malloc((size_t)(width * height * 3));
    VipsImage *image;

    start();
    for (int y = 0; y < height; y++)
        for (int x = 0; x < width; x++) {
            pixels[(y * width + x) * 3] = (uint8_t)x;
            pixels[(y * width + x) * 3 + 1] = (uint8_t)y;
            pixels[(y * width + x) * 3 + 2] = 0;
        }
    image = vips_image_new_from_memory_copy(pixels, (size_t)(width * height * 3), width, height, 3,
                                            VIPS_FORMAT_UCHAR);
    free(pixels);
    return typed(image, VIPS_INTERPRETATION_sRGB);
}

static double sample(VipsImage *image, int x, int y, int band)
{
    double *values, value;
    int count;

    ck_assert_int_eq(vips_getpoint(image, &values, &count, x, y, NULL), 0);
    ck_assert_int_lt(band, count);
    value = values[band];
    g_free(values);
    return value;
}

static void expect_pixel(const char *what, VipsImage *image, int x, int y, const int *wanted, int bands,
                         int within)
{
    for (int i = 0; i < bands; i++) {
        double scale = image->BandFmt == VIPS_FORMAT_USHORT ? 257 : 1, got = sample(image, x, y, i) / scale;

        ck_assert_msg(fabs(got - wanted[i]) <= within + 0.5 * (scale > 1),
                      "%s: channel %d at %d, %d is %g, not %d", what, i, x, y, got, wanted[i]);
    }
}

/* ---- colours ---- */

/* Of red 200, green 100, blue 50. */
static const struct {
    const char *step;
    int wanted[3];
} colours[] = {
    { "brightness 100%", { 200, 100, 50 } },
    { "brightness 50%", { 100, 50, 25 } },
    { "brightness 200%", { 255, 200, 100 } },
    { "brightness 0", { 0, 0, 0 } },
    { "contrast 150%", { 236, 86, 11 } },
    { "contrast 0", { 128, 128, 128 } },
    { "contrast 1000%", { 255, 0, 0 } },
    { "saturation 0", { 118, 118, 118 } },
    { "saturation 100%", { 200, 100, 50 } },
    { "sepia", { 165, 147, 114 } },
    { "sepia 0", { 200, 100, 50 } },
    { "hue 0", { 200, 100, 50 } },
    { "hue 360", { 200, 100, 50 } },
    { "hue 180", { 35, 135, 185 } },
    { "gamma 2", { 226, 160, 113 } },
    { "gamma 0.5", { 157, 39, 10 } },
    { "invert", { 55, 155, 205 } },
    { "tint red", { 236, 0, 0 } },
    { "tint red amount=0", { 200, 100, 50 } },
    { "tint red amount=50%", { 218, 50, 25 } },
    { "duotone black white", { 118, 118, 118 } },
    { "duotone #400000 #4000ff", { 64, 0, 118 } },
    { "flatten red", { 200, 100, 50 } },
};

START_TEST(a_colour_becomes_what_the_definition_says)
{
    _cleanup_image_ VipsImage *image = do_steps(colours[_i].step, rgb(8, 8, 200, 100, 50));

    ck_assert_int_eq(image->Bands, 3);
    ck_assert_int_eq(image->BandFmt, VIPS_FORMAT_UCHAR);
    ck_assert_int_eq(image->Type, VIPS_INTERPRETATION_sRGB);
    expect_pixel(colours[_i].step, image, 3, 3, colours[_i].wanted, 3, 1);
}
END_TEST

START_TEST(deep_pictures_and_alpha_stay_so)
{
    _cleanup_image_ VipsImage *image =
        do_steps(colours[_i].step, plain(8, 8, 4, true, (double[]){ 200, 100, 50, 99 }));
    bool flattened = strncmp(colours[_i].step, "flatten", 7) == 0;

    ck_assert_int_eq(image->BandFmt, VIPS_FORMAT_USHORT);
    ck_assert_int_eq(image->Type, VIPS_INTERPRETATION_RGB16);
    ck_assert_int_eq(image->Bands, flattened ? 3 : 4);
    if (flattened)
        return;
    expect_pixel(colours[_i].step, image, 3, 3, colours[_i].wanted, 3, 1);
    ck_assert_double_eq(sample(image, 3, 3, 3), 99 * 257);
}
END_TEST

/* A grey of the same luminance: sRGB's tones (IEC 61966-2-1), and Y of its colours as ICC profiles have it, for D50. */
static double grey_of(double red, double green, double blue)
{
    static const double weights[] = { 0.2225, 0.7169, 0.0606 };
    double values[] = { red, green, blue }, light = 0;

    for (int i = 0; i < 3; i++) {
        double v = values[i] / 255;

        light += weights[i] * (v <= 0.04045 ? v / 12.92 : pow((v + 0.055) / 1.055, 2.4));
    }
    return 255 * (light <= 0.0031308 ? 12.92 * light : 1.055 * pow(light, 1 / 2.4) - 0.055);
}

START_TEST(grey_has_the_luminance_of_the_colour)
{
    static const double samples[][3] = {
        { 200, 100, 50 }, { 255, 255, 255 }, { 0, 0, 255 }, { 1, 2, 3 }, { 90, 90, 90 }
    };
    const double *c = samples[_i % 5];
    bool deep = _i >= 5;
    double four[] = { c[0], c[1], c[2], 70 };
    _cleanup_image_ VipsImage *image = do_steps("grey", plain(4, 4, 4, deep, four));
    double scale = deep ? 257 : 1;

    ck_assert_int_eq(image->Bands, 2);
    ck_assert_double_le(fabs(sample(image, 1, 1, 0) / scale - grey_of(c[0], c[1], c[2])), deep ? 0.2 : 1);
    ck_assert_double_eq(sample(image, 1, 1, 1), 70 * scale);
}
END_TEST

START_TEST(a_grey_picture_gets_colours_where_a_step_has_them)
{
    static const char *const steps[] = { "sepia", "border 2 red", "tint red", "watermark /red", "hue 10" };
    _cleanup_image_ VipsImage *image = do_steps(steps[_i], plain(100, 100, 1, false, (double[]){ 90 }));

    ck_assert_int_eq(convert_colours(image), 3);
}
END_TEST

START_TEST(a_grey_picture_stays_grey_where_it_can)
{
    static const char *const steps[] = { "border 2 white", "sharpen", "blur 2",
                                         "brightness 120", "grey",    "extend 2:1" };
    _cleanup_image_ VipsImage *image = do_steps(steps[_i], plain(100, 100, 1, false, (double[]){ 90 }));

    ck_assert_int_eq(image->Bands, 1);
}
END_TEST

/* Two tones, a tenth of the picture each way from the middle. */
static VipsImage *two_tones(double dark, double light)
{
    _cleanup_image_ VipsImage *left = rgb(50, 100, dark, dark, dark),
                              *right = rgb(50, 100, light, light, light);
    VipsImage *image;

    ck_assert_int_eq(vips_join(left, right, &image, VIPS_DIRECTION_HORIZONTAL, NULL), 0);
    return image;
}

START_TEST(normalise_stretches_from_black_to_white)
{
    _cleanup_image_ VipsImage *image = do_steps("normalise", two_tones(80, 160));
    _cleanup_image_ VipsImage *flat = do_steps("normalise", rgb(20, 20, 70, 80, 90));

    expect_pixel("dark", image, 10, 10, (int[]){ 0, 0, 0 }, 3, 0);
    expect_pixel("light", image, 90, 10, (int[]){ 255, 255, 255 }, 3, 0);
    expect_pixel("one colour", flat, 10, 10, (int[]){ 70, 80, 90 }, 3, 0);
}
END_TEST

START_TEST(auto_level_takes_a_cast_away)
{
    _cleanup_image_ VipsImage *left = rgb(50, 100, 50, 60, 90), *right = rgb(50, 100, 180, 200, 250),
                              *both = NULL, *image = NULL;

    ck_assert_int_eq(vips_join(left, right, &both, VIPS_DIRECTION_HORIZONTAL, NULL), 0);
    image = do_steps("auto-level", g_object_ref(both));
    expect_pixel("dark", image, 10, 10, (int[]){ 0, 0, 0 }, 3, 0);
    expect_pixel("light", image, 90, 10, (int[]){ 255, 255, 255 }, 3, 0);
}
END_TEST

/* ---- sizes and places ---- */

/* Of a picture of 120 × 80. Where @x, @y are given, the pixel there was at @from_x, @from_y. */
static const struct {
    const char *step;
    int width, height, x, y, from_x, from_y;
} places[] = {
    { "flip", 120, 80, 0, 0, 0, 79 },
    { "flop", 120, 80, 0, 0, 119, 0 },
    { "rotate 0", 120, 80, 5, 6, 5, 6 },
    { "rotate 90", 80, 120, 79, 0, 0, 0 },
    { "rotate -270", 80, 120, 79, 0, 0, 0 },
    { "rotate 180", 120, 80, 0, 0, 119, 79 },
    { "rotate 270", 80, 120, 0, 0, 119, 0 },
    { "rotate -90", 80, 120, 0, 0, 119, 0 },
    { "rotate 360", 120, 80, 5, 6, 5, 6 },
    { "rotate 45", 142, 142, 71, 71, 60, 40 },
    { "rotate 30 background=white", 144, 130, 72, 65, 60, 40 },
    { "crop 60x40", 60, 40, 0, 0, 30, 20 },
    { "crop 60x40 gravity=north-west", 60, 40, 0, 0, 0, 0 },
    { "crop 60x40 gravity=south-east", 60, 40, 59, 39, 119, 79 },
    { "crop 60x40 gravity=east", 60, 40, 0, 0, 60, 20 },
    { "crop 60x40 gravity=north-west x=10 y=5", 60, 40, 0, 0, 10, 5 },
    { "crop 60x40 gravity=south-east x=10 y=5", 60, 40, 59, 39, 109, 74 },
    { "crop 60x40 gravity=north-west x=1000", 60, 40, 0, 0, 60, 0 },
    { "crop 50%", 60, 40, 0, 0, 30, 20 },
    { "crop 1:1", 80, 80, 0, 0, 20, 0 },
    { "crop 3:1", 120, 40, 0, 0, 0, 20 },
    { "crop 1000x1000", 120, 80, 7, 7, 7, 7 },
    { "crop 100:1", 120, 1, 0, 0, 0, 39 },
    { "extend 1:1", 120, 120, 0, 20, 0, 0 },
    { "extend 200x100", 200, 100, 40, 10, 0, 0 },
    { "extend 10x10", 120, 80, 0, 0, 0, 0 },
    { "extend 2:1 gravity=west", 160, 80, 0, 0, 0, 0 },
    { "extend 2:1 gravity=east with=mirror", 160, 80, 40, 0, 0, 0 },
    { "extend 2:1 gravity=east with=mirror", 160, 80, 39, 0, 0, 0 },
    { "extend 2:1 with=blur", 160, 80, 20, 0, 0, 0 },
    { "border 5", 130, 90, 5, 5, 0, 0 },
    { "border 10%", 136, 96, 8, 8, 0, 0 },
    { "frame 4 mat=3 line=1", 136, 96, 8, 8, 0, 0 },
    { "resize 60x", 60, 40, -1, 0, 0, 0 },
    { "resize 50%", 60, 40, -1, 0, 0, 0 },
    { "resize 240x", 120, 80, 3, 3, 3, 3 },
    { "resize 240x enlarge=yes", 240, 160, -1, 0, 0, 0 },
    { "resize 60x60 fit=cover", 60, 60, -1, 0, 0, 0 },
    { "resize 60x60 fit=contain", 60, 60, -1, 0, 0, 0 },
    { "resize 60x60 fit=outside", 90, 60, -1, 0, 0, 0 },
    { "resize 60x60 fit=fill", 60, 60, -1, 0, 0, 0 },
    { "resize 10x60 fit=cover gravity=attention", 10, 60, -1, 0, 0, 0 },
    { "pixelate 10", 120, 80, -1, 0, 0, 0 },
    { "round-corners 10", 120, 80, 60, 40, 60, 40 },
    { "mask ellipse", 120, 80, 60, 40, 60, 40 },
    { "watermark /red", 120, 80, 3, 3, 3, 3 },
    { "text x", 120, 80, 3, 3, 3, 3 },
    { "density 300", 120, 80, 3, 3, 3, 3 },
};

START_TEST(a_picture_is_as_large_and_lies_where_it_should)
{
    _cleanup_image_ VipsImage *image = do_steps(places[_i].step, map(120, 80));
    int within = strchr(places[_i].step, '4') || strstr(places[_i].step, "30 ") ? 1 : 0;

    ck_assert_int_eq(image->Xsize, places[_i].width);
    ck_assert_int_eq(image->Ysize, places[_i].height);
    if (places[_i].x >= 0)
        expect_pixel(places[_i].step, image, places[_i].x, places[_i].y,
                     (int[]){ places[_i].from_x, places[_i].from_y }, 2, within);
}
END_TEST

/* A turn and its opposite: what was in the middle is there again. */
START_TEST(a_free_turn_is_about_the_middle)
{
    _cleanup_image_ VipsImage *image = do_steps("rotate 17\nStep=rotate -17\nStep=crop 60x40", map(121, 81));

    for (int y = 5; y < 35; y += 10)
        for (int x = 5; x < 55; x += 10)
            expect_pixel(
                "there and back", image, x, y,
                (int[]){ (int)sample(image, 30, 20, 0) + x - 30, (int)sample(image, 30, 20, 1) + y - 20 }, 2,
                1);
    ck_assert_double_le(fabs(sample(image, 30, 20, 0) - 60), 1);
    ck_assert_double_le(fabs(sample(image, 30, 20, 1) - 40), 1);
}
END_TEST

START_TEST(corners_of_a_free_turn_are_transparent_or_of_the_background)
{
    _cleanup_image_ VipsImage *clear = do_steps("rotate 45", rgb(50, 50, 200, 100, 50));
    _cleanup_image_ VipsImage *blue = do_steps("rotate 45 background=blue", rgb(50, 50, 200, 100, 50));

    ck_assert_int_eq(clear->Bands, 4);
    ck_assert_double_eq(sample(clear, 0, 0, 3), 0);
    ck_assert_double_eq(sample(clear, clear->Xsize / 2, clear->Ysize / 2, 3), 255);
    ck_assert_int_eq(blue->Bands, 3);
    expect_pixel("corner", blue, 0, 0, (int[]){ 0, 0, 255 }, 3, 0);
    expect_pixel("middle", blue, blue->Xsize / 2, blue->Ysize / 2, (int[]){ 200, 100, 50 }, 3, 0);
}
END_TEST

START_TEST(grounds_have_their_colours)
{
    _cleanup_image_ VipsImage *border = do_steps("border 5 red", map(20, 20));
    _cleanup_image_ VipsImage *frame =
        do_steps("frame 4 red mat=3 mat-colour=blue line=2 line-colour=lime", map(20, 20));
    _cleanup_image_ VipsImage *flat =
        do_steps("flatten #0000ff", plain(4, 4, 4, false, (double[]){ 200, 100, 50, 0 }));
    _cleanup_image_ VipsImage *half =
        do_steps("flatten #0000ff", plain(4, 4, 4, false, (double[]){ 200, 100, 50, 51 }));

    expect_pixel("border", border, 4, 4, (int[]){ 255, 0, 0 }, 3, 0);
    expect_pixel("frame", frame, 3, 3, (int[]){ 255, 0, 0 }, 3, 0);
    expect_pixel("mat", frame, 6, 6, (int[]){ 0, 0, 255 }, 3, 0);
    expect_pixel("line", frame, 8, 8, (int[]){ 0, 255, 0 }, 3, 0);
    expect_pixel("behind", flat, 1, 1, (int[]){ 0, 0, 255 }, 3, 0);
    expect_pixel("seen through", half, 1, 1, (int[]){ 40, 20, 214 }, 3, 1);
}
END_TEST

START_TEST(trim_finds_what_a_border_was_put_around)
{
    static const char *const borders[] = { "border 7 white", "border 7 #102030", "border 7 transparent" };
    char steps[80];
    _cleanup_image_ VipsImage *image = NULL, *margin = NULL, *clear = NULL, *plain_picture = NULL;

    snprintf(steps, sizeof steps, "%s\nStep=trim", borders[_i]);
    image = do_steps(steps, rgb(60, 40, 0, 200, 0));
    ck_assert_int_eq(image->Xsize, 60);
    ck_assert_int_eq(image->Ysize, 40);

    snprintf(steps, sizeof steps, "%s\nStep=trim margin=3", borders[_i]);
    margin = do_steps(steps, rgb(60, 40, 0, 200, 0));
    ck_assert_int_eq(margin->Xsize, 66);

    clear = do_steps("border 7 white\nStep=trim", plain(60, 40, 4, false, (double[]){ 0, 200, 0, 255 }));
    ck_assert_int_eq(clear->Xsize, 60);

    plain_picture = do_steps("trim", rgb(60, 40, 0, 200, 0));
    ck_assert_int_eq(plain_picture->Xsize, 60);
}
END_TEST

START_TEST(a_picture_of_few_pixels_can_be_trimmed)
{
    static const int sizes[][2] = { { 1, 1 }, { 2, 2 }, { 500, 2 } };
    _cleanup_image_ VipsImage *image = do_steps("trim", rgb(sizes[_i][0], sizes[_i][1], 1, 2, 3));

    ck_assert_int_eq(image->Xsize, sizes[_i][0]);
    ck_assert_int_eq(image->Ysize, sizes[_i][1]);
}
END_TEST

START_TEST(what_draws_the_eye_is_in_the_part_that_is_cut_out)
{
    static const char *const steps[] = { "crop 40x40 gravity=attention", "crop 40x40 gravity=entropy",
                                         "resize 40x40 fit=cover gravity=attention" };
    _cleanup_image_ VipsImage *grey = rgb(200, 40, 100, 100, 100), *eye = NULL, *noise = NULL, *with = NULL,
                              *image, *red = NULL;
    double most;

    ck_assert_int_eq(vips_gaussnoise(&noise, 20, 20, "mean", 128.0, "sigma", 90.0, "seed", 1, NULL), 0);
    ck_assert_int_eq(vips_bandjoin((VipsImage *[]){ noise, noise, noise }, &eye, 3, NULL), 0);
    ck_assert_int_eq(
        vips_linear(eye, &red, (double[]){ 1, 0.1, 0.1 }, (double[]){ 60, 0, 0 }, 3, "uchar", TRUE, NULL), 0);
    ck_assert_int_eq(vips_insert(grey, red, &with, 165, 10, NULL), 0);
    image = do_steps(steps[_i], typed(g_object_ref(with), VIPS_INTERPRETATION_sRGB));
    ck_assert_int_eq(image->Xsize, 40);
    ck_assert_int_eq(vips_max(image, &most, NULL), 0);
    ck_assert_double_gt(most, 200);
    g_object_unref(image);
    image = NULL;
}
END_TEST

/* ---- detail ---- */

START_TEST(a_blur_is_as_wide_as_it_is_asked_for)
{
    static const struct {
        const char *step;
        double sigma;
    } blurs[] = { { "blur 2", 2 }, { "blur 5", 5 }, { "blur 20", 20 }, { "blur 10%", 20 } };
    double sum = 0, square = 0;
    _cleanup_image_ VipsImage *black = plain(201, 201, 1, true, (double[]){ 0 }), *dot = NULL, *with = NULL,
                              *image = NULL;

    /* A block of 5 × 5 white pixels; its own variance is 2. */
    dot = plain(5, 5, 1, true, (double[]){ 255 });
    ck_assert_int_eq(vips_insert(black, dot, &with, 98, 98, NULL), 0);
    image = do_steps(blurs[_i].step, typed(g_object_ref(with), VIPS_INTERPRETATION_GREY16));
    for (int x = 0; x < 201; x++) {
        double row = 0;

        for (int y = 0; y < 201; y++)
            row += ((const uint16_t *)VIPS_IMAGE_ADDR(image, 0, y))[x];
        sum += row;
        square += row * (x - 100) * (x - 100);
    }
    ck_assert_double_le(fabs(sum / (25 * 65535.0) - 1), 0.05);
    ck_assert_double_le(fabs(sqrt(square / sum - 2) / blurs[_i].sigma - 1), 0.06);
}
END_TEST

START_TEST(hidden_colours_do_not_bleed_from_a_blur)
{
    _cleanup_image_ VipsImage *hidden = plain(20, 40, 4, false, (double[]){ 0, 255, 0, 0 }),
                              *seen = plain(20, 40, 4, false, (double[]){ 255, 0, 0, 255 }), *both = NULL,
                              *image = NULL;

    ck_assert_int_eq(vips_join(hidden, seen, &both, VIPS_DIRECTION_HORIZONTAL, NULL), 0);
    image = do_steps("blur 3", g_object_ref(both));
    for (int x = 15; x < 40; x++)
        if (sample(image, x, 20, 3) > 4)
            expect_pixel("edge", image, x, 20, (int[]){ 255, 0, 0 }, 3, 8);
}
END_TEST

/* Left half hidden and black, right half seen and light. */
static VipsImage *cut_out(void)
{
    _cleanup_image_ VipsImage *hidden = plain(33, 60, 4, false, (double[]){ 0, 0, 0, 0 }),
                              *seen = plain(33, 60, 4, false, (double[]){ 200, 180, 160, 255 });
    VipsImage *both;

    ck_assert_int_eq(vips_join(hidden, seen, &both, VIPS_DIRECTION_HORIZONTAL, NULL), 0);
    return typed(both, VIPS_INTERPRETATION_sRGB);
}

START_TEST(what_is_hidden_makes_no_fringes)
{
    static const char *const steps[] = { "sharpen 2 200", "median 2", "pixelate 10", "blur 3", "resize 50%" };
    _cleanup_image_ VipsImage *image = do_steps(steps[_i], cut_out());

    for (int x = 0; x < image->Xsize; x++)
        if (sample(image, x, image->Ysize / 2, 3) > 8)
            expect_pixel(steps[_i], image, x, image->Ysize / 2, (int[]){ 200, 180, 160 }, 3, 3);
}
END_TEST

START_TEST(sharpen_leaves_flat_parts_and_makes_edges_steeper)
{
    _cleanup_image_ VipsImage *image = do_steps("sharpen 2 100", two_tones(100, 150));
    _cleanup_image_ VipsImage *spared = do_steps("sharpen 2 100 threshold=30", two_tones(100, 150));

    expect_pixel("flat", image, 10, 50, (int[]){ 100, 100, 100 }, 3, 0);
    expect_pixel("flat", image, 90, 50, (int[]){ 150, 150, 150 }, 3, 0);
    ck_assert_double_lt(sample(image, 49, 50, 0), 90);
    ck_assert_double_gt(sample(image, 50, 50, 0), 160);
    expect_pixel("spared", spared, 49, 50, (int[]){ 100, 100, 100 }, 3, 0);
}
END_TEST

START_TEST(median_takes_a_speck_away_and_keeps_edges)
{
    _cleanup_image_ VipsImage *tones = two_tones(50, 150), *speck = rgb(1, 1, 255, 0, 255), *with = NULL,
                              *image = NULL;

    ck_assert_int_eq(vips_insert(tones, speck, &with, 20, 20, NULL), 0);
    image = do_steps("median 1", g_object_ref(with));
    expect_pixel("speck", image, 20, 20, (int[]){ 50, 50, 50 }, 3, 0);
    expect_pixel("edge", image, 49, 50, (int[]){ 50, 50, 50 }, 3, 0);
    expect_pixel("edge", image, 50, 50, (int[]){ 150, 150, 150 }, 3, 0);
}
END_TEST

START_TEST(pixelate_makes_squares_of_their_mean_inside_the_region_only)
{
    _cleanup_image_ VipsImage *image = do_steps("pixelate 10 x=20 y=20 width=35 height=20", map(120, 80));

    expect_pixel("before", image, 19, 25, (int[]){ 19, 25 }, 2, 0);
    expect_pixel("first square", image, 20, 20, (int[]){ 25, 25 }, 2, 1);
    expect_pixel("first square", image, 29, 29, (int[]){ 25, 25 }, 2, 1);
    expect_pixel("second square", image, 30, 20, (int[]){ 35, 25 }, 2, 1);
    expect_pixel("behind", image, 55, 25, (int[]){ 55, 25 }, 2, 0);
    expect_pixel("below", image, 25, 40, (int[]){ 25, 40 }, 2, 0);
}
END_TEST

/* ---- shapes ---- */

static double seen_part(VipsImage *image)
{
    _cleanup_image_ VipsImage *alpha = NULL;
    double mean;

    ck_assert_int_eq(vips_extract_band(image, &alpha, image->Bands - 1, NULL), 0);
    ck_assert_int_eq(vips_avg(alpha, &mean, NULL), 0);
    return mean / alpha_max(image);
}

/* What part of a picture of 200 × 100 is seen, by the areas of the shapes. */
static const struct {
    const char *step;
    double part;
} shapes[] = {
    { "round-corners 10", 1 - (4 - M_PI) * 100 / 20000 },
    { "round-corners 50%", 1 - (4 - M_PI) * 2500 / 20000 },
    { "round-corners 1000%", 1 - (4 - M_PI) * 2500 / 20000 },
    { "mask ellipse", M_PI / 4 },
    { "mask circle", M_PI * 2500 / 20000 },
    { "mask diamond", 0.5 },
    { "mask ellipse invert=yes", 1 - M_PI / 4 },
    { "mask /half", 0.5 },
    { "mask /half invert=yes", 0.5 },
};

START_TEST(a_shape_covers_its_area)
{
    _cleanup_image_ VipsImage *image = do_steps(shapes[_i].step, rgb(200, 100, 1, 2, 3));
    _cleanup_image_ VipsImage *deep =
        do_steps(shapes[_i].step, plain(200, 100, 4, true, (double[]){ 1, 2, 3, 255 }));

    ck_assert_int_eq(image->Bands, 4);
    ck_assert_msg(fabs(seen_part(image) - shapes[_i].part) < 0.003, "%s: %g is seen, not %g", shapes[_i].step,
                  seen_part(image), shapes[_i].part);
    ck_assert_double_le(fabs(seen_part(deep) - shapes[_i].part), 0.003);
    expect_pixel("colours", image, 100, 50, (int[]){ 1, 2, 3 }, 3, 0);
}
END_TEST

START_TEST(a_mask_takes_from_what_was_seen_before)
{
    _cleanup_image_ VipsImage *image =
        do_steps("mask /half", plain(200, 100, 4, false, (double[]){ 1, 2, 3, 128 }));

    ck_assert_double_eq(sample(image, 20, 50, 3), 128);
    ck_assert_double_eq(sample(image, 180, 50, 3), 0);
}
END_TEST

/* ---- overlays ---- */

/* On a blue picture of 200 × 100, the watermark's 40 × 20 pixels with a margin of 2: one pixel in it and one beside. */
static const struct {
    const char *step;
    int in_x, in_y, beside_x, beside_y;
} overlays[] = {
    { "watermark /red", 158, 78, 157, 78 },
    { "watermark /red gravity=north-west", 2, 2, 1, 2 },
    { "watermark /red gravity=north-west", 41, 21, 42, 21 },
    { "watermark /red gravity=centre", 80, 40, 79, 40 },
    { "watermark /red gravity=north", 80, 2, 80, 1 },
    { "watermark /red gravity=north-west width=10%", 21, 11, 22, 11 },
    { "watermark /red gravity=north-west width=20px margin=0", 0, 0, 20, 0 },
    { "watermark /red gravity=north-west width=50%", 101, 51, 102, 51 },
    { "watermark /red gravity=north-west width=500%", 193, 97, 194, 97 },
    { "watermark /red gravity=north-west angle=90", 2, 41, 22, 2 },
    { "watermark /red tile=yes margin=10", 30, 15, 3, 3 },
    { "watermark /red tile=yes margin=10", 80, 45, 52, 3 },
    { "watermark /red margin=300 gravity=north-west", 30, 30, 24, 24 },
};

START_TEST(a_watermark_lies_where_it_should)
{
    _cleanup_image_ VipsImage *image = do_steps(overlays[_i].step, rgb(200, 100, 0, 0, 255));

    expect_pixel(overlays[_i].step, image, overlays[_i].in_x, overlays[_i].in_y, (int[]){ 255, 0, 0 }, 3, 0);
    expect_pixel(overlays[_i].step, image, overlays[_i].beside_x, overlays[_i].beside_y, (int[]){ 0, 0, 255 },
                 3, 0);
}
END_TEST

START_TEST(a_watermark_is_seen_as_much_as_its_alpha_and_opacity_say)
{
    _cleanup_image_ VipsImage *half = do_steps("watermark /red opacity=50%", rgb(200, 100, 0, 0, 255));
    _cleanup_image_ VipsImage *faint = do_steps("watermark /faint opacity=50%", rgb(200, 100, 0, 0, 255));
    _cleanup_image_ VipsImage *none = do_steps("watermark /red opacity=0", rgb(200, 100, 0, 0, 255));
    _cleanup_image_ VipsImage *clear =
        do_steps("watermark /red opacity=50%", plain(200, 100, 4, false, (double[]){ 0, 0, 255, 0 }));
    _cleanup_image_ VipsImage *deep =
        do_steps("watermark /red opacity=50%", plain(200, 100, 4, true, (double[]){ 0, 0, 255, 128 }));

    expect_pixel("half", half, 180, 88, (int[]){ 128, 0, 127 }, 3, 1);
    expect_pixel("a quarter", faint, 180, 88, (int[]){ 64, 0, 191 }, 3, 1);
    expect_pixel("nothing", none, 180, 88, (int[]){ 0, 0, 255 }, 3, 0);
    expect_pixel("on nothing", clear, 180, 88, (int[]){ 255, 0, 0, 128 }, 4, 1);
    /* 0.5 over 0.502 of blue: alpha 0.751, red 0.5 / 0.751. */
    expect_pixel("on half", deep, 180, 88, (int[]){ 170, 0, 85, 192 }, 4, 1);
}
END_TEST

static int count_inked(VipsImage *image, int left, int top, int width, int height)
{
    int count = 0;

    for (int y = top; y < top + height; y++)
        for (int x = left; x < left + width; x++)
            count += VIPS_IMAGE_ADDR(image, x, y)[0] > 200;
    return count;
}

START_TEST(text_is_written_where_it_should_be)
{
    _cleanup_image_ VipsImage *image =
        do_steps("text \"{stem} {page}\" size=20 background=transparent gravity=south-east margin=5",
                 rgb(300, 150, 0, 0, 0));
    _cleanup_image_ VipsImage *longer =
        do_steps("text \"{name} {dir} {page}\" size=20 background=transparent gravity=south-east margin=5",
                 rgb(300, 150, 0, 0, 0));

    ck_assert_int_gt(count_inked(image, 200, 100, 95, 45), 50);
    ck_assert_int_eq(count_inked(image, 0, 0, 300, 100), 0);
    ck_assert_int_eq(count_inked(image, 0, 100, 200, 50), 0);
    ck_assert_int_eq(count_inked(image, 295, 0, 5, 150), 0);
    ck_assert_int_gt(count_inked(longer, 0, 100, 295, 45), count_inked(image, 0, 100, 295, 45));
}
END_TEST

START_TEST(where_there_is_nothing_to_write_there_is_no_box)
{
    static const char *const texts[] = { "{exif:Artist}", " ", "{exif:Artist} {exif:Copyright}" };
    char steps[100];
    _cleanup_image_ VipsImage *image = NULL;
    double most;

    snprintf(steps, sizeof steps, "text \"%s\" background=white", texts[_i]);
    image = do_steps(steps, rgb(100, 80, 0, 0, 0));
    ck_assert_int_eq(vips_max(image, &most, NULL), 0);
    ck_assert_double_eq(most, 0);
}
END_TEST

START_TEST(hostile_text_is_written_all_the_same)
{
    static const char *const texts[] = { "\\n\\n\\n", "\xF0\x9F\x98\x80", "\xD7\xA9\xD7\x9C\xD7\x95\xD7\x9D",
                                         "{exif:Nothing}",
                                         "a\\nb\\nc\\nd\\ne\\nf\\ng\\nh\\ni\\nj\\nk\\nl\\nm\\nn\\no\\np\\nq\\"
                                         "nr\\ns\\nt\\nu\\nv\\nw\\nx\\ny\\nz" };
    char steps[400];
    VipsImage *image;

    snprintf(steps, sizeof steps, "text \"%s\" size=500%%", texts[_i]);
    image = do_steps(steps, rgb(30, 20, 0, 0, 0));
    g_object_unref(image);
}
END_TEST

/* ---- how pictures are stored ---- */

START_TEST(a_profile_is_converted_to_and_attached)
{
    /* sRGB's red and green in Display P3: CSS Color 4, 10.2. */
    _cleanup_image_ VipsImage *red = do_steps("profile display-p3", rgb(8, 8, 255, 0, 0));
    _cleanup_image_ VipsImage *green = do_steps("profile display-p3", rgb(8, 8, 0, 255, 0));
    _cleanup_image_ VipsImage *back =
        do_steps("profile display-p3\nStep=profile srgb", rgb(8, 8, 200, 100, 50));

    expect_pixel("red", red, 1, 1, (int[]){ 234, 51, 35 }, 3, 1);
    expect_pixel("green", green, 1, 1, (int[]){ 117, 251, 76 }, 3, 1);
    expect_pixel("and back", back, 1, 1, (int[]){ 200, 100, 50 }, 3, 1);
    ck_assert(vips_image_get_typeof(red, VIPS_META_ICC_NAME) != 0);
}
END_TEST

START_TEST(colours_of_steps_are_those_of_srgb_in_every_profile)
{
    _cleanup_image_ VipsImage *border =
        do_steps("profile display-p3\nStep=border 5 red", rgb(20, 20, 0, 0, 0));
    _cleanup_image_ VipsImage *mark =
        do_steps("profile display-p3\nStep=watermark /red", rgb(200, 100, 0, 0, 0));

    expect_pixel("border", border, 1, 1, (int[]){ 234, 51, 35 }, 3, 1);
    expect_pixel("watermark", mark, 180, 88, (int[]){ 234, 51, 35 }, 3, 1);
}
END_TEST

START_TEST(depth_and_density_are_set)
{
    _cleanup_image_ VipsImage *deep = do_steps("depth 16", rgb(8, 8, 255, 0, 7));
    _cleanup_image_ VipsImage *flat = do_steps("depth 8", plain(8, 8, 3, true, (double[]){ 255, 0, 7 }));
    _cleanup_image_ VipsImage *dense = do_steps("density 254", rgb(8, 8, 255, 0, 7));

    ck_assert_int_eq(deep->BandFmt, VIPS_FORMAT_USHORT);
    ck_assert_double_eq(sample(deep, 1, 1, 0), 65535);
    ck_assert_double_eq(sample(deep, 1, 1, 2), 7 * 257);
    ck_assert_int_eq(flat->BandFmt, VIPS_FORMAT_UCHAR);
    ck_assert_double_eq(sample(flat, 1, 1, 2), 7);
    ck_assert_double_eq_tol(dense->Xres, 10, 1e-9);
}
END_TEST

/* ---- animations ---- */

/* Two frames of 40 × 30: one dark, one light. */
static VipsImage *animation(void)
{
    _cleanup_image_ VipsImage *first = rgb(40, 30, 50, 60, 70), *second = rgb(40, 30, 150, 160, 170),
                              *both = NULL;
    VipsImage *image;

    ck_assert_int_eq(vips_join(first, second, &both, VIPS_DIRECTION_VERTICAL, NULL), 0);
    ck_assert_int_eq(vips_copy(both, &image, NULL), 0);
    vips_image_set_int(image, VIPS_META_PAGE_HEIGHT, 30);
    vips_image_set_int(image, VIPS_META_N_PAGES, 2);
    return image;
}

START_TEST(each_frame_of_an_animation_is_done)
{
    static const char *const steps[] = { "border 5", "blur 2",         "rotate 90",
                                         "crop 1:1", "watermark /red", "text x",
                                         "trim",     "mask circle",    "extend 2:1 with=blur",
                                         "normalise" };
    _cleanup_image_ VipsImage *image = do_steps(steps[_i], animation());

    ck_assert_int_eq(image->Ysize, 2 * vips_image_get_page_height(image));
    ck_assert_int_eq(vips_image_get_n_pages(image), 2);
}
END_TEST

START_TEST(frames_do_not_bleed_into_each_other)
{
    _cleanup_image_ VipsImage *image = do_steps("blur 5", animation());

    expect_pixel("end of the first", image, 20, 29, (int[]){ 50, 60, 70 }, 3, 0);
    expect_pixel("start of the second", image, 20, 30, (int[]){ 150, 160, 170 }, 3, 0);
}
END_TEST

/* ---- what is known before ---- */

static const struct {
    const char *step;
    bool scale_free, streams;
} known[] = {
    { "auto-orient", true, true },    { "crop 3:2", true, true },
    { "crop 50% x=10%", true, true }, { "crop 300x200", false, true },
    { "crop 3:2 x=10", false, true }, { "crop 3:2 gravity=attention", true, false },
    { "rotate 90", true, false },     { "rotate 91", false, false },
    { "flop", true, true },           { "flip", true, false },
    { "grey", true, true },           { "sharpen", false, false },
    { "normalise", true, false },     { "border 1%", false, false },
    { "trim", false, false },
};

START_TEST(it_is_known_what_a_decoder_may_do)
{
    _cleanup_recipe_ struct recipe *recipe = recipe_with(known[_i].step);

    ck_assert_int_eq(steps_are_scale_free(&recipe->steps), known[_i].scale_free);
    ck_assert_int_eq(steps_need_memory(&recipe->steps, (struct shape){ { 600, 400 }, 1 }),
                     !known[_i].streams);
}
END_TEST

static const int ten[10], six[6], five[5], four[4], three[3];

UNIT_MAIN("steps", UNIT_ROWS(a_colour_becomes_what_the_definition_says, colours),
          UNIT_ROWS(deep_pictures_and_alpha_stay_so, colours),
          UNIT_ROWS(grey_has_the_luminance_of_the_colour, ten),
          UNIT_ROWS(a_grey_picture_gets_colours_where_a_step_has_them, five),
          UNIT_ROWS(a_grey_picture_stays_grey_where_it_can, six),
          UNIT_TEST(normalise_stretches_from_black_to_white), UNIT_TEST(auto_level_takes_a_cast_away),
          UNIT_ROWS(a_picture_is_as_large_and_lies_where_it_should, places),
          UNIT_TEST(a_free_turn_is_about_the_middle),
          UNIT_TEST(corners_of_a_free_turn_are_transparent_or_of_the_background),
          UNIT_TEST(grounds_have_their_colours), UNIT_ROWS(trim_finds_what_a_border_was_put_around, three),
          UNIT_ROWS(a_picture_of_few_pixels_can_be_trimmed, three),
          UNIT_ROWS(what_draws_the_eye_is_in_the_part_that_is_cut_out, three),
          UNIT_ROWS(a_blur_is_as_wide_as_it_is_asked_for, four),
          UNIT_TEST(hidden_colours_do_not_bleed_from_a_blur),
          UNIT_ROWS(what_is_hidden_makes_no_fringes, five),
          UNIT_TEST(sharpen_leaves_flat_parts_and_makes_edges_steeper),
          UNIT_TEST(median_takes_a_speck_away_and_keeps_edges),
          UNIT_TEST(pixelate_makes_squares_of_their_mean_inside_the_region_only),
          UNIT_ROWS(a_shape_covers_its_area, shapes), UNIT_TEST(a_mask_takes_from_what_was_seen_before),
          UNIT_ROWS(a_watermark_lies_where_it_should, overlays),
          UNIT_TEST(a_watermark_is_seen_as_much_as_its_alpha_and_opacity_say),
          UNIT_TEST(text_is_written_where_it_should_be),
          UNIT_ROWS(where_there_is_nothing_to_write_there_is_no_box, three),
          UNIT_ROWS(hostile_text_is_written_all_the_same, five),
          UNIT_TEST(a_profile_is_converted_to_and_attached),
          UNIT_TEST(colours_of_steps_are_those_of_srgb_in_every_profile),
          UNIT_TEST(depth_and_density_are_set), UNIT_ROWS(each_frame_of_an_animation_is_done, ten),
          UNIT_TEST(frames_do_not_bleed_into_each_other), UNIT_ROWS(it_is_known_what_a_decoder_may_do, known))
