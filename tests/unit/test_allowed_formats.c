/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Tests of the formats that a folder has to allow, against the programs that are the field's for each; of what they
 * refuse; and of what they must not reach. */
#include "exr_file.h"
#include "outside_picture.h"
#include "pdf.h"
#include "rendering.h"
#include "scratch.h"
#include "unit_main.h"

#include "base/cleanup.h"
#include "base/clock.h"

#include <math.h>
#include <stdio.h>

enum { DENSITY = 144, ALIKE_DB = 50 };

#define PNG_OF(width) "[Output a]\nWidth=" #width "\nFormat=png\n"
#define AS_IT_IS "[Output a]\nFormat=png\n"
#define SVG(size, rest)                                                                                      \
    "<svg xmlns=\"http://www.w3.org/2000/svg\" xmlns:xlink=\"http://www.w3.org/1999/xlink\" " size ">" rest  \
    "</svg>"

static const char drawing[] =
    SVG("width=\"120\" height=\"60\"",
        "<rect x=\"3\" y=\"5\" width=\"110\" height=\"50\" rx=\"12\" fill=\"#08f\" fill-opacity=\"0.6\"/>"
        "<circle cx=\"90\" cy=\"30\" r=\"17\" stroke=\"#830\" fill=\"none\" stroke-width=\"3\"/>"
        "<text x=\"10\" y=\"40\" font-size=\"30\" font-family=\"sans-serif\">Abg</text>");

static const struct pdf_page three[] = { { 200, 100 }, { 100, 200 }, { 150, 150 } };

static const unsigned allowances[] = { ALLOW_SVG, ALLOW_PDF, ALLOW_JP2, ALLOW_EXR };

static struct stored stored_text(const char *text)
{
    return stored_copy(text, strlen(text));
}

static struct stored stored_pdf(const struct pdf_page *pages, size_t count, bool locked)
{
    struct pdf pdf;

    pdf_make(&pdf, pages, count, locked);
    return stored_copy(pdf.bytes, pdf.size);
}

static int try(const char *recipe_text, const struct stored *source, const struct render_options *more,
               struct rendered *ret, struct error *error)
{
    _cleanup_recipe_ struct recipe *recipe = recipe_of_text(recipe_text);
    struct render_options options = rendering_plenty;

    rendering_start();
    ck_assert_msg(engine_allow(ALLOW_ALL, error) == 0, "%s", error->text);
    options.fail_on = FAIL_ON_TRUNCATED;
    options.density = DENSITY;
    options.portion_us = UNIT_TIMEOUT_S * USEC_PER_SEC;
    options.allowed = more->allowed;
    options.pages = more->pages;
    if (more->max_pixels > 0)
        options.max_pixels = more->max_pixels;
    if (more->max_memory_bytes > 0)
        options.max_memory_bytes = more->max_memory_bytes;
    *ret = (struct rendered){ 0 };
    return render(recipe, source->data, source->size, &options, ret, error);
}

static const struct render_options all_allowed = { .allowed = ALLOW_ALL };

static struct raster make(const char *recipe_text, const struct stored *source)
{
    _cleanup_stored_ struct stored file = { NULL, 0 };
    struct rendered rendered;
    struct raster raster;
    struct error error;

    ck_assert_msg(try(recipe_text, source, &all_allowed, &rendered, &error) == 0, "%s", error.text);
    ck_assert_uint_eq(rendered.output_count, 1);
    file = rendering_file(&rendered, 0);
    raster = picture_decode(&file, NULL);
    rendered_release(&rendered);
    return raster;
}

static void expect_failure(const struct stored *source, const struct render_options *options,
                           const char *says)
{
    struct rendered rendered;
    struct error error = { 0 };

    ck_assert_int_lt(try(AS_IT_IS, source, options, &rendered, &error), 0);
    ck_assert_int_eq(error.class, CLASS_PERMANENT);
    ck_assert_msg(strstr(error.text, says), "\"%s\" is not in \"%s\"", says, error.text);
    rendered_release(&rendered);
}

/* ---- pixels ---- */

START_TEST(a_drawing_is_as_others_draw_it_in_every_size)
{
    static const struct {
        const char *recipe;
        int width;
    } sizes[] = { { AS_IT_IS, 120 }, { PNG_OF(600), 600 } };
    _cleanup_stored_ struct stored svg = stored_text(drawing);

    for (size_t i = 0; i < ARRAY_SIZE(sizes); i++) {
        _cleanup_raster_ struct raster ours = make(sizes[i].recipe, &svg);
        _cleanup_raster_ struct raster theirs = outside_draw_svg(&svg, sizes[i].width);

        ck_assert_int_eq(ours.width, sizes[i].width);
        ck_assert_int_eq(ours.height, sizes[i].width / 2);
        ck_assert(ours.alpha && theirs.alpha);
        ck_assert_double_gt(raster_psnr(&ours, &theirs), ALIKE_DB);
    }
}
END_TEST

#define BLURRED                                                                                              \
    SVG("width=\"400\" height=\"400\"",                                                                      \
        "<filter id=\"f\"><feGaussianBlur stdDeviation=\"3\"/></filter><circle cx=\"200\" cy=\"200\" "       \
        "r=\"150\" fill=\"#c40\" fill-opacity=\"0.7\" filter=\"url(#f)\"/>")

START_TEST(a_drawing_with_a_filter_is_as_others_draw_it)
{
    _cleanup_stored_ struct stored svg = stored_text(BLURRED);
    _cleanup_raster_ struct raster ours = make(PNG_OF(1000), &svg);
    _cleanup_raster_ struct raster theirs = outside_draw_svg(&svg, 1000);

    ck_assert(ours.width == 1000 && ours.height == 1000 && ours.alpha);
    ck_assert_double_gt(raster_psnr(&ours, &theirs), ALIKE_DB);
}
END_TEST

/* With filters they are drawn in another way. */
START_TEST(every_drawing_has_72_pixels_an_inch)
{
    static const char *const texts[] = { drawing, BLURRED };

    for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
        _cleanup_stored_ struct stored svg = stored_text(texts[i]), file = { NULL, 0 };
        _cleanup_image_ VipsImage *image = NULL;
        struct rendered rendered;
        struct error error;

        ck_assert_int_eq(try(AS_IT_IS, &svg, &all_allowed, &rendered, &error), 0);
        file = rendering_file(&rendered, 0);
        ck_assert_int_eq(vips_pngload_buffer(file.data, file.size, &image, NULL), 0);
        ck_assert_double_eq_tol(vips_image_get_xres(image) * 25.4, 72, 0.1);
        ck_assert_double_eq_tol(vips_image_get_yres(image) * 25.4, 72, 0.1);
        rendered_release(&rendered);
    }
}
END_TEST

static uint64_t processor_us(void)
{
    struct timespec now;

    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
    return timespec_us(&now);
}

static uint64_t make_us(const char *recipe_text, const struct stored *source)
{
    uint64_t before_us = processor_us();
    struct rendered rendered;
    struct error error;

    ck_assert_msg(try(recipe_text, source, &all_allowed, &rendered, &error) == 0, "%s", error.text);
    rendered_release(&rendered);
    return processor_us() - before_us;
}

/* A filter is done to all of it: where it is drawn in parts, four times the parts take four times as long each. */
START_TEST(a_filter_is_done_once_however_large_the_drawing)
{
    _cleanup_stored_ struct stored svg = stored_text(BLURRED);
    uint64_t one_us = make_us("[Output a]\nWidth=1900\nFormat=jpeg\n", &svg);
    uint64_t four_us = make_us("[Output a]\nWidth=3800\nFormat=jpeg\n", &svg);

    ck_assert_msg(four_us < 8 * one_us, "%llu µs, and %llu µs for four times the pixels",
                  (unsigned long long)one_us, (unsigned long long)four_us);
}
END_TEST

START_TEST(a_page_is_as_others_draw_it_in_every_size)
{
    static const struct {
        const char *recipe;
        int width;
    } sizes[] = { { AS_IT_IS, 400 }, { PNG_OF(1000), 1000 } };
    _cleanup_stored_ struct stored pdf = stored_pdf(three, 1, false);

    for (size_t i = 0; i < ARRAY_SIZE(sizes); i++) {
        _cleanup_raster_ struct raster ours = make(sizes[i].recipe, &pdf);
        _cleanup_raster_ struct raster theirs = outside_draw_page(&pdf, 1, sizes[i].width);

        ck_assert_int_eq(ours.width, sizes[i].width);
        ck_assert_int_eq(ours.height, sizes[i].width / 2);
        ck_assert(!ours.alpha);
        ck_assert_double_gt(raster_psnr(&ours, &theirs), ALIKE_DB);
    }
}
END_TEST

START_TEST(every_page_is_drawn)
{
    static const struct render_options options = { .allowed = ALLOW_ALL, .pages = 3 };
    _cleanup_stored_ struct stored pdf = stored_pdf(three, 3, false);
    struct rendered rendered;
    struct error error;

    ck_assert_msg(try("[Output a]\nName={stem}{-page}.{ext}\nWidth=500\nFormat=png\n", &pdf, &options,
                      &rendered, &error) == 0,
                  "%s", error.text);
    ck_assert_uint_eq(rendered.output_count, 3);
    for (size_t i = 0; i < 3; i++) {
        _cleanup_stored_ struct stored file = rendering_file(&rendered, i);
        _cleanup_raster_ struct raster ours = picture_decode(&file, NULL);
        _cleanup_raster_ struct raster theirs = outside_draw_page(&pdf, (int)i + 1, 500);

        ck_assert_uint_eq(rendered.outputs[i].page, i + 1);
        ck_assert_double_gt(raster_psnr(&ours, &theirs), ALIKE_DB);
    }
    rendered_release(&rendered);
}
END_TEST

static const struct {
    bool alpha;
    int depth;
} jp2s[] = { { false, 8 }, { true, 8 }, { false, 16 }, { true, 16 } };

START_TEST(a_jpeg_2000_keeps_every_pixel)
{
    _cleanup_raster_ struct raster raster = raster_paint(61, 47, RASTER_RGB, jp2s[_i].alpha, raster_slopes);
    _cleanup_stored_ struct stored jp2 = { NULL, 0 };
    _cleanup_raster_ struct raster ours = { 0 };

    raster_quantise(&raster, jp2s[_i].depth);
    jp2 = outside_encode(&raster, FORMAT_JP2, jp2s[_i].depth);
    ours = make(AS_IT_IS, &jp2);
    ck_assert_double_eq(raster_difference(&ours, &raster), 0);
}
END_TEST

/* Halves have eleven bits. */
START_TEST(an_openexr_of_others_is_seen_as_they_see_it)
{
    _cleanup_raster_ struct raster raster = raster_paint(61, 47, RASTER_RGB, false, raster_slopes);
    _cleanup_stored_ struct stored exr = outside_encode(&raster, FORMAT_EXR, 16);
    _cleanup_raster_ struct raster ours = make(AS_IT_IS, &exr);

    ck_assert_int_eq(ours.colours, RASTER_RGB);
    ck_assert(!ours.alpha);
    ck_assert_double_gt(raster_psnr(&ours, &raster), 65);
}
END_TEST

/* What becomes of light, by IEC 61966-2-1; colours are multiplied by alpha in the file and are not in an output. */
static const struct {
    float light[4];
    double seen[4];
} lights[] = {
    { { 0, 0.5F, 1, 1 }, { 0, 0.735357, 1, 1 } },
    { { 0.002F, 0.18F, 0.0031308F, 1 }, { 0.02584, 0.461356, 0.04045, 1 } },
    { { 4, -1, 1e30F, 1 }, { 1, 0, 1, 1 } },
    { { NAN, INFINITY, -INFINITY, 1 }, { 0, 1, 0, 1 } },
    { { 0.25F, 0.09F, 0, 0.5F }, { 0.735357, 0.461356, 0, 0.5 } },
    { { 0.25F, 0.09F, 2, 0.5F }, { 0.735357, 0.461356, 1, 0.5 } },
};

START_TEST(light_becomes_srgb_and_what_is_brighter_than_white_is_white)
{
    float pixels[3 * 2 * EXR_CHANNELS];
    _cleanup_stored_ struct stored exr = { NULL, 0 };
    _cleanup_raster_ struct raster ours = { 0 };
    struct exr_file file;

    for (size_t i = 0; i < ARRAY_SIZE(lights); i++)
        memcpy(pixels + i * EXR_CHANNELS, lights[i].light, sizeof lights[i].light);
    exr_make(&file, -5, 7, 3, 2, pixels);
    exr = stored_copy(file.bytes, file.size);
    ours = make(AS_IT_IS, &exr);
    ck_assert(ours.width == 3 && ours.height == 2 && ours.alpha);
    for (size_t i = 0; i < ARRAY_SIZE(lights); i++)
        for (int band = 0; band < EXR_CHANNELS; band++)
            ck_assert_double_eq_tol(raster_at(&ours, (int)i % 3, (int)i / 3)[band], lights[i].seen[band],
                                    2e-5);
}
END_TEST

/* From a 4096th of white on, by less and more than what the curve's table has. */
START_TEST(light_of_all_amounts_is_seen_as_the_curve_has_it)
{
    enum { WIDTH = 997, DEEP = 65535 };
    float pixels[WIDTH * EXR_CHANNELS];
    _cleanup_stored_ struct stored exr = { NULL, 0 };
    _cleanup_raster_ struct raster ours = { 0 };
    static struct exr_file file;

    for (int i = 0; i < WIDTH * EXR_CHANNELS; i++)
        pixels[i] =
            i % EXR_CHANNELS == EXR_CHANNELS - 1 ? 1 : exp2f(-12 + 12 * (float)i / (WIDTH * EXR_CHANNELS));
    exr_make(&file, 0, 0, WIDTH, 1, pixels);
    exr = stored_copy(file.bytes, file.size);
    ours = make(AS_IT_IS, &exr);
    for (int i = 0; i < WIDTH * EXR_CHANNELS; i++) {
        double light = pixels[i],
               wanted = light <= 0.0031308 ? 12.92 * light : 1.055 * pow(light, 1 / 2.4) - 0.055;

        ck_assert_double_eq_tol(raster_at(&ours, i / EXR_CHANNELS, 0)[i % EXR_CHANNELS], wanted, 0.51 / DEEP);
    }
}
END_TEST

/* ---- limits ---- */

START_TEST(a_drawing_grows_no_further_than_the_folder_allows)
{
    static const struct render_options options = { .allowed = ALLOW_SVG, .max_pixels = 120 * 60 * 4 };
    _cleanup_stored_ struct stored svg = stored_text(drawing);
    struct rendered rendered;
    struct error error;

    ck_assert_msg(try(PNG_OF(6000), &svg, &options, &rendered, &error) == 0, "%s", error.text);
    ck_assert_uint_eq(rendered.output_count, 1);
    ck_assert_uint_gt(rendered.outputs[0].encoded.width, 230);
    ck_assert_uint_le(rendered.outputs[0].encoded.width, 240);
    rendered_release(&rendered);
}
END_TEST

START_TEST(a_drawing_with_many_filters_grows_less)
{
    GString *text = g_string_new("<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"40\" height=\"40\">");
    _cleanup_stored_ struct stored svg = { NULL, 0 };
    _cleanup_raster_ struct raster ours = { 0 };

    for (int i = 0; i < 1000; i++)
        g_string_append(text, "<g filter=\"none\"/>");
    g_string_append(text, "</svg>");
    svg = stored_copy(text->str, text->len);
    g_string_free(text, TRUE);
    ours = make(PNG_OF(2000), &svg);
    ck_assert_int_gt(ours.width, 310);
    ck_assert_int_le(ours.width, 316);
}
END_TEST

/* All but the last three count pixels; sharpen and median have a radius in pixels that is no length. */
static const struct {
    const char *recipe;
    uint32_t width, height;
} counted[] = {
    { "[Recipe]\nStep=resize 100x100\n" PNG_OF(200), 100, 100 },
    { "[Recipe]\nStep=crop 300x300\n" PNG_OF(600), 300, 300 },
    { "[Recipe]\nStep=border 10\n" PNG_OF(2000), 532, 532 },
    { "[Recipe]\nStep=blur 2\n" PNG_OF(600), 512, 512 },
    { "[Recipe]\nStep=crop 50%\nStep=rotate 90\n" PNG_OF(600), 600, 600 },
    { "[Recipe]\nStep=sharpen\n" PNG_OF(600), 600, 600 },
    { "[Recipe]\nStep=median 2px\n" PNG_OF(600), 600, 600 },
};

START_TEST(steps_that_count_pixels_are_done_to_a_drawing_in_its_own_size)
{
    _cleanup_stored_ struct stored svg =
        stored_text(SVG("width=\"512\" height=\"512\"", "<circle cx=\"256\" cy=\"256\" r=\"200\"/>"));
    _cleanup_raster_ struct raster ours = make(counted[_i].recipe, &svg);

    ck_assert_int_eq(ours.width, (int)counted[_i].width);
    ck_assert_int_eq(ours.height, (int)counted[_i].height);
}
END_TEST

/* The cut is the middle of what others draw in that size. */
START_TEST(a_cut_of_pixels_is_cut_from_the_drawings_own_size)
{
    _cleanup_stored_ struct stored svg = stored_text(drawing);
    _cleanup_raster_ struct raster ours = make("[Recipe]\nStep=crop 40x30\n" PNG_OF(400), &svg);
    _cleanup_raster_ struct raster theirs = outside_draw_svg(&svg, 120);

    ck_assert(ours.width == 40 && ours.height == 30);
    for (int y = 0; y < ours.height; y++)
        for (int x = 0; x < ours.width; x++)
            ck_assert_double_eq_tol(raster_at(&ours, x, y)[ours.colours],
                                    raster_at(&theirs, x + 40, y + 15)[theirs.colours], 0.02);
}
END_TEST

START_TEST(a_narrow_drawing_is_not_rounded_beyond_the_limit)
{
    static const struct render_options options = { .allowed = ALLOW_SVG, .max_pixels = 60000 };
    _cleanup_stored_ struct stored svg = stored_text(SVG("width=\"1\" height=\"40000\"", ""));
    struct rendered rendered;
    struct error error;

    ck_assert_msg(try(PNG_OF(600), &svg, &options, &rendered, &error) == 0, "%s", error.text);
    ck_assert_uint_eq(rendered.outputs[0].encoded.width, 1);
    rendered_release(&rendered);
}
END_TEST

START_TEST(a_drawing_grows_no_further_than_memory_allows)
{
    static const struct render_options options = { .allowed = ALLOW_SVG, .max_memory_bytes = 64 << 20 };
    _cleanup_stored_ struct stored svg = stored_text(SVG("width=\"512\" height=\"512\"", ""));
    struct rendered rendered;
    struct error error;

    ck_assert_msg(try(PNG_OF(20000), &svg, &options, &rendered, &error) == 0, "%s", error.text);
    ck_assert_uint_gt(rendered.outputs[0].encoded.width, 600);
    ck_assert_uint_lt(rendered.outputs[0].encoded.width, 2000);
    rendered_release(&rendered);
}
END_TEST

START_TEST(giants_are_refused_by_their_headers)
{
    static const struct pdf_page wall = { 14400, 14400 };
    static const struct render_options options = { .allowed = ALLOW_ALL, .max_pixels = 500000000 };
    _cleanup_stored_ struct stored pdf = stored_pdf(&wall, 1, false);
    _cleanup_stored_ struct stored large = stored_text(SVG("width=\"30000\" height=\"30000\"", ""));
    _cleanup_stored_ struct stored endless = stored_text(SVG("width=\"1e9\" height=\"1e9\"", ""));

    expect_failure(&pdf, &options,
                   "28800 × 28800 are 829440000 pixels, more than the 500000000 that MaxPixels=");
    expect_failure(&large, &options, "MaxPixels=");
    expect_failure(&endless, &options,
                   "svg: the drawing is larger than can be counted: it needs a smaller width and height");
}
END_TEST

static const char *const no_sizes[] = {
    SVG("", ""), SVG("width=\"0\" height=\"5\"", "<rect width=\"9\" height=\"9\"/>"),
    SVG("width=\"0.2\" height=\"0.2\"", "<rect width=\"9\" height=\"9\"/>")
};

START_TEST(a_drawing_without_a_size_is_told_what_it_needs)
{
    _cleanup_stored_ struct stored svg = stored_text(no_sizes[_i]);

    expect_failure(
        &svg, &all_allowed,
        "svg: the drawing has no size, or less than a pixel: it needs a width and height, or a viewBox");
}
END_TEST

START_TEST(an_openexr_of_channels_without_end_is_refused)
{
    static struct exr_file file;
    _cleanup_stored_ struct stored exr = { NULL, 0 };

    exr_make_tile(&file, 1, 1, 1100, EXR_HALF);
    exr = stored_copy(file.bytes, file.size);
    expect_failure(&exr, &all_allowed, "it has 1104 channels; files of up to 1024 are read");
}
END_TEST

START_TEST(what_is_not_allowed_is_named)
{
    struct {
        struct stored file;
        const char *says;
    } files[] = {
        { stored_text(drawing),
          "its format is svg, which this folder does not take; AllowFormats=svg would" },
        { stored_pdf(three, 1, false),
          "its format is pdf, which this folder does not take; AllowFormats=pdf" },
        { stored_copy("\xFF\x4F\xFF\x51", 4), "its format is jp2, which this folder does not take" },
        { stored_copy("\x76\x2F\x31\x01", 4), "its format is exr, which this folder does not take" },
    };

    for (size_t i = 0; i < ARRAY_SIZE(files); i++) {
        struct render_options others = { .allowed = ALLOW_ALL & ~allowances[i] };

        expect_failure(&files[i].file, &others, files[i].says);
        stored_release(&files[i].file);
    }
}
END_TEST

START_TEST(broken_and_locked_files_say_why)
{
    _cleanup_raster_ struct raster raster = raster_paint(61, 47, RASTER_RGB, false, raster_detail);
    _cleanup_stored_ struct stored jp2 = outside_encode(&raster, FORMAT_JP2, 8);
    _cleanup_stored_ struct stored exr = outside_encode(&raster, FORMAT_EXR, 16);
    _cleanup_stored_ struct stored svg = stored_text(drawing), locked = stored_pdf(three, 1, true);
    _cleanup_stored_ struct stored pdf = stored_pdf(three, 3, false);

    expect_failure(&locked, &all_allowed, "Document is encrypted");
    jp2.size /= 2;
    expect_failure(&jp2, &all_allowed, "the picture cannot be decoded");
    exr.size -= 100;
    expect_failure(&exr, &all_allowed, "the picture cannot be decoded");
    exr.size = 200;
    expect_failure(&exr, &all_allowed, "the picture's header cannot be read");
    svg.size /= 2;
    expect_failure(&svg, &all_allowed, "XML parse error");
    pdf.size -= 20;
    expect_failure(&pdf, &all_allowed, "truncated: the end of the document is missing");
}
END_TEST

/* ---- what an SVG must not reach; here there is no sandbox that would keep it from that ---- */

static const char *const escapes[] = {
    "<image xlink:href=\"file://%s\" width=\"16\" height=\"16\"/>",
    "<image xlink:href=\"%s\" width=\"16\" height=\"16\"/>",
    "<image href=\"file://%s\" width=\"16\" height=\"16\"/>",
    "<image xlink:href=\"http://127.0.0.1:9%s\" width=\"16\" height=\"16\"/>",
    "<use xlink:href=\"file://%s#a\"/>",
    "<style>@import url(\"file://%s\");</style>",
    "<style>rect { fill: url(\"file://%s#a\"); }</style><rect width=\"0\" height=\"16\"/>",
    "<xi:include xmlns:xi=\"http://www.w3.org/2001/XInclude\" href=\"file://%s\" parse=\"text\"/>",
    ("<text y=\"14\"><xi:include xmlns:xi=\"http://www.w3.org/2001/XInclude\" href=\"%s\" "
     "parse=\"text\"/></text>"),
};

static double most_alpha(const struct raster *raster)
{
    double most = 0;

    for (int y = 0; y < raster->height; y++)
        for (int x = 0; x < raster->width; x++)
            if (raster_at(raster, x, y)[raster->colours] > most)
                most = raster_at(raster, x, y)[raster->colours];
    return most;
}

START_TEST(an_svg_reaches_no_other_file)
{
    static const char red[] =
        SVG("id=\"a\" width=\"16\" height=\"16\"", "<rect width=\"16\" height=\"16\" fill=\"red\"/>");
    _cleanup_scratch_ struct scratch scratch = scratch_make();
    char path[PATH_MAX], inner[2 * PATH_MAX], text[3 * PATH_MAX];
    _cleanup_stored_ struct stored svg = { NULL, 0 };
    _cleanup_raster_ struct raster raster = { 0 };

    scratch_write(&scratch, "red.svg", red, strlen(red), path);
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
    snprintf(inner, sizeof inner, escapes[_i], path);
#pragma GCC diagnostic pop
    snprintf(text, sizeof text, SVG("width=\"16\" height=\"16\"", "%s"), inner);
    svg = stored_text(text);
    raster = make(AS_IT_IS, &svg);
    ck_assert(raster.alpha);
    ck_assert_double_eq(most_alpha(&raster), 0);
}
END_TEST

/* So that the above is not for want of pictures in drawings. */
START_TEST(a_picture_inside_the_svg_is_shown)
{
    _cleanup_stored_ struct stored svg = stored_text(
        SVG("width=\"16\" height=\"16\"",
            "<image width=\"16\" height=\"16\" xlink:href=\"data:image/svg+xml,%3Csvg "
            "xmlns='http://www.w3.org/2000/svg' "
            "width='16' height='16'%3E%3Crect width='16' height='16' fill='red'/%3E%3C/svg%3E\"/>"));
    _cleanup_raster_ struct raster raster = make(AS_IT_IS, &svg);

    ck_assert_double_eq(most_alpha(&raster), 1);
}
END_TEST

START_TEST(an_entity_of_another_file_is_none)
{
    _cleanup_stored_ struct stored svg =
        stored_text("<!DOCTYPE svg [<!ENTITY e SYSTEM \"file:///etc/passwd\">]>" SVG(
            "width=\"16\" height=\"16\"", "<text y=\"14\">&e;</text>"));

    expect_failure(&svg, &all_allowed, "Entity 'e' not defined");
}
END_TEST

/* ---- what an SVG may declare ---- */

static void repeat(FILE *stream, const char *text, int times)
{
    for (int i = 0; i < times; i++)
        fputs(text, stream);
}

struct laughs {
    const char *before, *word, *between, *reference, *after;
    int words, references;
};

static struct stored stored_laughs(const struct laughs *laughs)
{
    struct stored stored;
    size_t size;
    char *text;
    FILE *stream = open_memstream(&text, &size);

    fputs(laughs->before, stream);
    repeat(stream, laughs->word, laughs->words);
    fputs(laughs->between, stream);
    repeat(stream, laughs->reference, laughs->references);
    fputs(laughs->after, stream);
    fclose(stream);
    stored = stored_copy(text, size);
    free(text);
    return stored;
}

#define OPEN "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"9\" height=\"9\">"
#define NESTED(name, of)                                                                                     \
    "<!ENTITY " name " '&" of ";&" of ";&" of ";&" of ";&" of ";&" of ";&" of ";&" of ";'>"

static const struct laughs many_laughs[] = {
    { "<!DOCTYPE svg [<!ENTITY a '", "<g/>", "'>]>" OPEN, "&a;", "</svg>", 1000, 900 },
    { "<!DOCTYPE svg [<!-- ' ]> --><!ENTITY % p '<!ENTITY a \"", "x", "\">'>%p;]>" OPEN, "&a;", "</svg>",
      4000, 900 },
    { "<!DOCTYPE svg [<!ENTITY a '", "x", "'>" NESTED("b", "a") NESTED("c", "b") NESTED("d", "c") "]>" OPEN,
      "&d;", "</svg>", 1000, 20 },
    { "<!DOCTYPE svg [<!ENTITY a '", "x", "'>]>" OPEN, "<g id='&a;'/>", "</svg>", 4000, 900 },
    { "<?xml version=\"1.0\" encoding=\"HZ\"?><!-- --~\n><!DOC~\nTYPE svg [<!ENTITY a '", "<g/>",
      "'>]><!-- -->" OPEN, "&a;", "</svg>", 1000, 900 },
    { "\xEF\xBB\xBF<?xml version=\"1.0\" \n encoding = 'hz' ?><!-- --~\n><!DOC~\nTYPE svg "
      "[<!ENTITY a '",
      "<g/>", "'>]><!-- -->" OPEN, "&a;", "</svg>", 1000, 900 },
    { "<?xml version=\"1.0\" encoding=\"UTF-7\"?><!-- --+AD4-+ADw-!DOCTYPE svg [+ADw-!ENTITY a '",
      "+ADw-g/+AD4-", "'+AD4-]+AD4-<!-- -->" OPEN, "&a;", "</svg>", 1000, 900 },
    { "<!DOCTYPE svg [<!ATTLIST g a CDATA '", "x", "'>]>" OPEN, "<g/>", "</svg>", 4000, 900 },
};

START_TEST(an_svg_that_says_much_more_than_stands_in_it_is_refused_unread)
{
    _cleanup_stored_ struct stored svg = stored_laughs(&many_laughs[_i]);

    expect_failure(&svg, &all_allowed, "what its DOCTYPE declares makes it more than 2 times as long");
}
END_TEST

/* The letter's width tells that it was read. */
static const struct {
    const char *before, *letter;
} encodings[] = {
    { "<?xml version=\"1.0\" encoding=\"UTF8\"?>", "\xC3\x86" },
    { "<?xml version=\"1.0\" encoding=\"ISO-8859-1\"?>", "\xC6" },
    { "<?xml version=\"1.0\" encoding=\"windows-1252\"?>", "\xC6" },
    { "<?xml version=\"1.0\" encoding=\"windows-1252\"?><!DOCTYPE svg [<!ENTITY b 'c'>]>", "\xC6" },
    { "<?xml version=\"1.0\" encoding=\"macintosh\"?><!DOCTYPE svg [<!ENTITY b '\x80'>]>", "\xAE" },
    { "<?xml version=\"1.0\" encoding=\"EUC-JP\"?><!DOCTYPE svg [<!ENTITY b '\xB4\xC1'>]>", "\x8F\xA9\xA1" },
};

START_TEST(an_svg_in_an_old_encoding_is_drawn)
{
    static const char drawn[] =
        "%s" SVG("width=\"40\" height=\"30\"", "<text y=\"25\" font-size=\"30\">%s</text>");
    char text[600], plain[600];
    _cleanup_stored_ struct stored svg = { NULL, 0 }, usual = { NULL, 0 };
    _cleanup_raster_ struct raster ours = { 0 }, wanted = { 0 };

    snprintf(text, sizeof text, drawn, encodings[_i].before, encodings[_i].letter);
    snprintf(plain, sizeof plain, drawn, "", "\xC3\x86");
    svg = stored_text(text);
    usual = stored_text(plain);
    ours = make(AS_IT_IS, &svg);
    wanted = make(AS_IT_IS, &usual);
    ck_assert_double_eq(most_alpha(&wanted), 1);
    ck_assert_double_eq(raster_difference(&ours, &wanted), 0);
}
END_TEST

static const char *const unread[] = {
    "<?xml version=\"1.0\" encoding=\"NOBODY-KNOWS\"?>",
    "<?xml version=\"1.0\" encoding=\"Shift_JIS\"?><!-- \x81 -->",
    "<?xml version=\"1.0\" encoding=\"a-name-of-more-characters-than-any-encoding-has\"?>",
};

START_TEST(an_svg_that_cannot_be_read_in_its_encoding_says_so)
{
    char text[600];
    _cleanup_stored_ struct stored svg = { NULL, 0 };

    snprintf(text, sizeof text, "%s%s", unread[_i], SVG("width=\"16\" height=\"16\"", ""));
    svg = stored_text(text);
    expect_failure(&svg, &all_allowed, "save it as UTF-8");
}
END_TEST

/* As Illustrator writes them: name spaces, and a style for many paths. */
START_TEST(an_svg_with_entities_for_name_spaces_and_styles_is_drawn)
{
    static const struct laughs laughs = {
        "<?xml version=\"1.0\" encoding=\"iso-8859-1\"?>"
        "<!DOCTYPE svg PUBLIC \"-//W3C//DTD SVG 1.0//EN\" "
        "\"http://www.w3.org/TR/2001/REC-SVG-20010904/DTD/svg10.dtd\" [\n"
        "<!ENTITY ns_extend \"http://ns.adobe.com/Extensibility/1.0/\">\n"
        "<!ENTITY ns_ai \"http://ns.adobe.com/AdobeIllustrator/10.0/\">\n"
        "<!ENTITY ns_svg \"http://www.w3.org/2000/svg\">\n"
        "<!ENTITY ns_xlink \"http://www.w3.org/1999/xlink\">\n"
        "<!ENTITY st0 \"fill-rule:evenodd;clip-rule:evenodd;stroke:none;stroke-width:2;fill:#0000FF",
        ";",
        "\">\n]><svg xmlns:x=\"&ns_extend;\" xmlns:i=\"&ns_ai;\" xmlns=\"&ns_svg;\" "
        "xmlns:xlink=\"&ns_xlink;\" width=\"16\" height=\"16\">",
        "<path i:knockout=\"Off\" style=\"&st0;\" d=\"M0,0 L16,0 L16,16 L0,16 z M4.125,3.5 L4.5,4.5 L3.75,4 "
        "z\"/>\n",
        "</svg>",
        1,
        3000
    };
    _cleanup_stored_ struct stored svg = stored_laughs(&laughs);
    _cleanup_raster_ struct raster raster = make(AS_IT_IS, &svg);

    ck_assert_double_eq(raster_at(&raster, 8, 8)[2], 1);
    ck_assert_double_eq(most_alpha(&raster), 1);
}
END_TEST

UNIT_MAIN("allowed_formats", UNIT_TEST(a_drawing_is_as_others_draw_it_in_every_size),
          UNIT_TEST(a_drawing_with_a_filter_is_as_others_draw_it),
          UNIT_TEST(every_drawing_has_72_pixels_an_inch),
          UNIT_TEST(a_filter_is_done_once_however_large_the_drawing),
          UNIT_TEST(a_drawing_with_many_filters_grows_less),
          UNIT_TEST(a_page_is_as_others_draw_it_in_every_size), UNIT_TEST(every_page_is_drawn),
          UNIT_ROWS(a_jpeg_2000_keeps_every_pixel, jp2s),
          UNIT_TEST(an_openexr_of_others_is_seen_as_they_see_it),
          UNIT_TEST(light_becomes_srgb_and_what_is_brighter_than_white_is_white),
          UNIT_TEST(a_drawing_grows_no_further_than_the_folder_allows),
          UNIT_ROWS(steps_that_count_pixels_are_done_to_a_drawing_in_its_own_size, counted),
          UNIT_TEST(a_cut_of_pixels_is_cut_from_the_drawings_own_size),
          UNIT_TEST(a_narrow_drawing_is_not_rounded_beyond_the_limit),
          UNIT_TEST(a_drawing_grows_no_further_than_memory_allows),

          UNIT_TEST(giants_are_refused_by_their_headers),
          UNIT_ROWS(a_drawing_without_a_size_is_told_what_it_needs, no_sizes),
          UNIT_TEST(light_of_all_amounts_is_seen_as_the_curve_has_it),
          UNIT_TEST(an_openexr_of_channels_without_end_is_refused), UNIT_TEST(what_is_not_allowed_is_named),
          UNIT_TEST(broken_and_locked_files_say_why), UNIT_ROWS(an_svg_reaches_no_other_file, escapes),
          UNIT_TEST(a_picture_inside_the_svg_is_shown), UNIT_TEST(an_entity_of_another_file_is_none),
          UNIT_ROWS(an_svg_that_says_much_more_than_stands_in_it_is_refused_unread, many_laughs),
          UNIT_ROWS(an_svg_in_an_old_encoding_is_drawn, encodings),
          UNIT_ROWS(an_svg_that_cannot_be_read_in_its_encoding_says_so, unread),
          UNIT_TEST(an_svg_with_entities_for_name_spaces_and_styles_is_drawn))
