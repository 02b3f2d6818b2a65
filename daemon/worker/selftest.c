/* SPDX-License-Identifier: GPL-2.0-or-later */
/* selftest - see selftest.h. One row of the table is one kind of source; each goes through the same code as a
 * job, under a recipe that takes every path: turned, scaled, padded, with and without metadata. */
#include "selftest.h"

#include "base/cleanup.h"
#include "drawing_samples.h"
#include "exr_sample.h"
#include "heic_sample.h"
#include "image/render.h"
#include "image/typefaces.h"
#include "jp2_sample.h"
#include "magick_samples.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

enum { SIDE = 16, TURNED = 6, SAMPLE_DENSITY = 72 };

static const char usual_text[] = "[Recipe]\n"
                                 "Step=auto-orient\n"
                                 "[Output kept]\n"
                                 "Name={stem}-kept.{ext}\n"
                                 "Width=8\n"
                                 "Format=jpeg png webp tiff gif\n"
                                 "Metadata=icc copyright\n"
                                 "[Output bare]\n"
                                 "Name={stem}-bare.{ext}\n"
                                 "Width=12\n"
                                 "Height=9\n"
                                 "Fit=contain\n"
                                 "Format=png\n"
                                 "Metadata=none\n"
                                 "[Manifest]\n";

/* For what has its own decoder: the ways behind that are those of the first sample. */
static const char light_text[] = "[Output a]\nWidth=8\nFormat=png\n";

/* Encoders that take long to begin with: of one source, and only before the sandbox closes. */
static const char slow_text[] = "[Output a]\nFormat=avif jxl\nEffort=avif:0 jxl:3\n";

/* What libvips makes the samples with, the worker's savers, but for those that are here; the pixels are a ramp. None is
 * CMYK: that path makes the system calls of the others and loads nothing, and its profile takes more time than all of
 * these. */
static const struct sample {
    const char *name;
    enum format format;
    VipsInterpretation interpretation;
    VipsBandFormat band_format;
    int bands;
    const char *profile; /* built into libvips */
    bool proves;         /* one a format */
} samples[] = {
    { "a JPEG", FORMAT_JPEG, VIPS_INTERPRETATION_sRGB, VIPS_FORMAT_UCHAR, 3, "srgb", true },
    { "a grey JPEG", FORMAT_JPEG, VIPS_INTERPRETATION_B_W, VIPS_FORMAT_UCHAR, 1, NULL, false },
    { "a PNG", FORMAT_PNG, VIPS_INTERPRETATION_sRGB, VIPS_FORMAT_UCHAR, 4, "p3", true },
    { "a 16-bit PNG", FORMAT_PNG, VIPS_INTERPRETATION_RGB16, VIPS_FORMAT_USHORT, 3, NULL, false },
    { "a grey PNG", FORMAT_PNG, VIPS_INTERPRETATION_B_W, VIPS_FORMAT_UCHAR, 2, NULL, false },
    { "a TIFF", FORMAT_TIFF, VIPS_INTERPRETATION_sRGB, VIPS_FORMAT_UCHAR, 3, "srgb", true },
    { "a GIF", FORMAT_GIF, VIPS_INTERPRETATION_sRGB, VIPS_FORMAT_UCHAR, 4, NULL, true },
    { "a WebP", FORMAT_WEBP, VIPS_INTERPRETATION_sRGB, VIPS_FORMAT_UCHAR, 4, "srgb", true },
    { "an AVIF", FORMAT_AVIF, VIPS_INTERPRETATION_sRGB, VIPS_FORMAT_UCHAR, 4, NULL, true },
    { "a JPEG XL", FORMAT_JXL, VIPS_INTERPRETATION_sRGB, VIPS_FORMAT_UCHAR, 4, NULL, true },
    { .name = "a HEIC", .format = FORMAT_HEIC, .proves = true },
    { .name = "an SVG", .format = FORMAT_SVG, .proves = true },
    { .name = "a PDF", .format = FORMAT_PDF, .proves = true },
    { .name = "a JPEG 2000", .format = FORMAT_JP2, .proves = true },
    { .name = "an OpenEXR", .format = FORMAT_EXR, .proves = true },
    { .name = "a BMP", .format = FORMAT_BMP, .proves = true },
    { .name = "a PSD", .format = FORMAT_PSD, .proves = true },
    { .name = "a PNM", .format = FORMAT_PNM, .proves = true },
    { .name = "a PCX", .format = FORMAT_PCX, .proves = true },
    { .name = "an SGI", .format = FORMAT_SGI, .proves = true },
    { .name = "a DDS", .format = FORMAT_DDS, .proves = true },
    { .name = "a DPX", .format = FORMAT_DPX, .proves = true },
    { .name = "an HDR", .format = FORMAT_HDR, .proves = true },
};

/* Of formats that nothing here makes files of. */
static const struct {
    const void *bytes;
    size_t size;
} sample_files[FORMAT_COUNT] = {
    [FORMAT_HEIC] = { heic_sample, sizeof heic_sample },
    [FORMAT_SVG] = { svg_sample, sizeof svg_sample - 1 },
    [FORMAT_PDF] = { pdf_sample, sizeof pdf_sample - 1 },
    [FORMAT_JP2] = { jp2_sample, sizeof jp2_sample },
    [FORMAT_EXR] = { exr_sample, sizeof exr_sample },
    [FORMAT_BMP] = { bmp_sample, sizeof bmp_sample },
    [FORMAT_PSD] = { psd_sample, sizeof psd_sample },
    [FORMAT_PNM] = { pnm_sample, sizeof pnm_sample },
    [FORMAT_PCX] = { pcx_sample, sizeof pcx_sample },
    [FORMAT_SGI] = { sgi_sample, sizeof sgi_sample },
    [FORMAT_DDS] = { dds_sample, sizeof dds_sample },
    [FORMAT_DPX] = { dpx_sample, sizeof dpx_sample },
    [FORMAT_HDR] = { hdr_sample, sizeof hdr_sample },
};

static int make_ramp(const struct sample *sample, VipsImage **ret)
{
    _cleanup_image_ VipsImage *ramp = NULL, *one = NULL, *typed = NULL;
    double factor = sample->band_format == VIPS_FORMAT_USHORT ? 65535 : 255;
    VipsImage *bands[4];

    if (vips_grey(&ramp, SIDE, SIDE, NULL) != 0 || vips_linear1(ramp, &one, factor, 0, NULL) != 0)
        return -1;

    for (size_t i = 0; i < ARRAY_SIZE(bands); i++)
        bands[i] = one;
    if (vips_bandjoin(bands, &typed, sample->bands, NULL) != 0)
        return -1;
    return vips_cast(typed, ret, sample->band_format, NULL);
}

static int save(VipsImage *image, const struct sample *sample, void **ret_data, size_t *ret_size)
{
    switch (sample->format) {
    case FORMAT_JPEG:
        return vips_jpegsave_buffer(image, ret_data, ret_size, "profile", sample->profile, NULL);
    case FORMAT_PNG:
        return vips_pngsave_buffer(image, ret_data, ret_size, "profile", sample->profile, NULL);
    case FORMAT_TIFF:
        return vips_tiffsave_buffer(image, ret_data, ret_size, "compression",
                                    VIPS_FOREIGN_TIFF_COMPRESSION_DEFLATE, "profile", sample->profile, NULL);
    case FORMAT_AVIF:
        return vips_heifsave_buffer(image, ret_data, ret_size, "compression",
                                    VIPS_FOREIGN_HEIF_COMPRESSION_AV1, "bitdepth", 8, "effort", 0, NULL);
    case FORMAT_JXL:
        return vips_jxlsave_buffer(image, ret_data, ret_size, "effort", 3, NULL);
    case FORMAT_GIF:
        return vips_gifsave_buffer(image, ret_data, ret_size, NULL);
    default:
        return vips_webpsave_buffer(image, ret_data, ret_size, "profile", sample->profile, NULL);
    }
}

static int make_sample(const struct sample *sample, void **ret_data, size_t *ret_size)
{
    _cleanup_image_ VipsImage *ramp = NULL, *image = NULL;

    if (sample_files[sample->format].bytes) {
        *ret_size = sample_files[sample->format].size;
        *ret_data = g_memdup2(sample_files[sample->format].bytes, *ret_size);
        return 0;
    }
    if (make_ramp(sample, &ramp) != 0 ||
        vips_copy(ramp, &image, "interpretation", sample->interpretation, NULL) != 0)
        return -1;

    vips_image_set_int(image, VIPS_META_ORIENTATION, TURNED);
    vips_image_set_string(image, "exif-ifd0-Copyright", "nobody (nobody)");
    return save(image, sample, ret_data, ret_size);
}

static int failed(const struct sample *sample, struct error *error, const char *why)
{
    char text[sizeof error->text];

    snprintf(text, sizeof text, "%s", why);
    return error_set(error, ENOSYS, CLASS_ENVIRONMENT, STAGE_NONE, "the self-test with %s failed: %s",
                     sample->name, text);
}

static int render_sample(const struct sample *sample, const struct recipe *recipe, const void *data,
                         size_t size, struct error *error)
{
    const struct render_options options = { .fail_on = FAIL_ON_WARNING,
                                            .max_pixels = SIDE * SIDE,
                                            .allowed = format_info(sample->format)->allowance,
                                            .density = SAMPLE_DENSITY,
                                            .max_memory_bytes = UINT64_MAX,
                                            .memory_grant_bytes = UINT64_MAX };
    _cleanup_(rendered_release) struct rendered rendered = { 0 };
    struct error why;

    if (render(recipe, data, size, &options, &rendered, &why) < 0)
        return failed(sample, error, why.text);
    if (rendered.output_count != recipe->rendition_count)
        return failed(sample, error, "outputs are missing");
    return 0;
}

static int test_sample(const struct sample *sample, const struct recipe *recipe, struct error *error)
{
    void *data = NULL;
    size_t size = 0;
    struct error why;
    int r;

    if (make_sample(sample, &data, &size) != 0) {
        engine_error(&why, CLASS_ENVIRONMENT, STAGE_NONE, "it cannot be made");
        return failed(sample, error, why.text);
    }

    r = render_sample(sample, recipe, data, size, error);
    g_free(data);
    return r;
}

static int parse_recipe(const char *text, struct recipe **ret, struct error *error)
{
    struct problems problems = { 0 };
    struct ini ini = { 0 };
    int r;

    r = ini_add_text(&ini, "selftest", text, strlen(text), &problems);
    if (r == 0)
        r = recipe_parse(&ini, "selftest", NULL, &problems, ret);

    if (r < 0)
        error_set(error, -r, CLASS_ENVIRONMENT, STAGE_NONE, "the self-test's own recipe is refused: %s",
                  problems.count > 0 ? problems.list[0].text : "memory is out");
    problems_release(&problems);
    ini_release(&ini);
    return r;
}

/* Of the formats that need to be allowed, those that are. */
static bool is_read(const struct sample *sample, unsigned allowed)
{
    return (format_info(sample->format)->allowance & ~allowed) == 0;
}

static int test_usual(enum selftest kind, unsigned allowed, struct error *error)
{
    _cleanup_recipe_ struct recipe *usual = NULL, *light = NULL;
    int r;

    r = parse_recipe(usual_text, &usual, error);
    if (r == 0)
        r = parse_recipe(light_text, &light, error);
    if (r < 0)
        return r;

    for (size_t i = 0; i < ARRAY_SIZE(samples); i++) {
        if ((kind == SELFTEST_PROOF && !samples[i].proves) || !is_read(&samples[i], allowed))
            continue;
        r = test_sample(&samples[i], i > 0 ? light : usual, error);
        if (r < 0)
            return r;
    }
    return 0;
}

int selftest_run(enum selftest kind, unsigned allowed, struct error *error)
{
    _cleanup_recipe_ struct recipe *slow = NULL;
    int r;

    r = typefaces_check(allowed, error);
    if (r == 0)
        r = test_usual(kind, allowed, error);
    if (r < 0 || kind == SELFTEST_PROOF)
        return r;

    r = parse_recipe(slow_text, &slow, error);
    return r < 0 ? r : test_sample(&samples[0], slow, error);
}
