/* SPDX-License-Identifier: GPL-2.0-or-later */
/* colour_reference - see colour_reference.h. */
#include "colour_reference.h"

#include "base/cleanup.h"
#include "delta_e.h"

#include <check.h>
#include <lcms2.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { INKS = RASTER_CMYK, INK_GRID = 7, LAB_BANDS = 3 };
enum { DATE_AT = 24, DATE_BYTES = 12 }; /* in a profile's header */

static const cmsUInt32Number exact = cmsFLAGS_NOOPTIMIZE | cmsFLAGS_NOCACHE;

/* x, y and 1 (a cmsCIExyY's last) of white D65 and the primaries. */
static const cmsCIExyY d65 = { 0.3127, 0.3290, 1 };
static const cmsCIExyYTRIPLE primaries[] = {
    [SPACE_SRGB] = { { 0.64, 0.33, 1 }, { 0.30, 0.60, 1 }, { 0.15, 0.06, 1 } },
    [SPACE_P3] = { { 0.680, 0.320, 1 }, { 0.265, 0.690, 1 }, { 0.150, 0.060, 1 } },
    [SPACE_ADOBE_RGB] = { { 0.64, 0.33, 1 }, { 0.21, 0.71, 1 }, { 0.15, 0.06, 1 } },
};

/* As littleCMS counts the parameters of its curve of type 4: gamma, a, b, c, d. */
static const double srgb_curve[] = { 2.4, 1 / 1.055, 0.055 / 1.055, 1 / 12.92, 0.04045 };
static const double adobe_gamma = 2 + 51.0 / 256, grey_gamma = 1.8;

/* ---- profiles ---- */

static cmsHPROFILE make_rgb(enum space space)
{
    cmsToneCurve *curve = space == SPACE_ADOBE_RGB ? cmsBuildGamma(NULL, adobe_gamma)
                                                   : cmsBuildParametricToneCurve(NULL, 4, srgb_curve);
    cmsToneCurve *curves[] = { curve, curve, curve };
    cmsHPROFILE profile = cmsCreateRGBProfile(&d65, &primaries[space], curves);

    cmsFreeToneCurve(curve);
    return profile;
}

static cmsHPROFILE make_grey(enum space space)
{
    cmsToneCurve *curve = space == SPACE_GREY_18 ? cmsBuildGamma(NULL, grey_gamma)
                                                 : cmsBuildParametricToneCurve(NULL, 4, srgb_curve);
    cmsHPROFILE profile = cmsCreateGrayProfile(cmsD50_xyY(), curve);

    cmsFreeToneCurve(curve);
    return profile;
}

/* Inks take lightness away, and turn to their hue. */
static cmsInt32Number print(const cmsUInt16Number *in, cmsUInt16Number *out, void *data)
{
    static const struct lab paper = { 94, 0, 3 }, ink[INKS] = {
        { -38, -36, -48 },
        { -44, 72, -6 },
        { -6, -5, 90 },
        { -80, 0, 0 },
    };
    double dry = 1;
    cmsCIELab lab = { paper.l, paper.a, paper.b };

    (void)data;
    for (int i = 0; i < INKS; i++) {
        double part = in[i] / 65535.0 * dry;

        lab.L += ink[i].l * part;
        lab.a += ink[i].a * part;
        lab.b += ink[i].b * part;
        dry *= 1 - 0.45 * in[i] / 65535.0;
    }
    cmsFloat2LabEncodedV2(out, &lab);
    return TRUE;
}

static cmsHPROFILE make_inks(void)
{
    cmsHPROFILE profile = cmsCreateProfilePlaceholder(NULL);
    cmsPipeline *pipeline = cmsPipelineAlloc(NULL, INKS, LAB_BANDS);
    cmsStage *table = cmsStageAllocCLut16bit(NULL, INK_GRID, INKS, LAB_BANDS, NULL);

    cmsSetProfileVersion(profile, 2.1);
    cmsSetDeviceClass(profile, cmsSigOutputClass);
    cmsSetColorSpace(profile, cmsSigCmykData);
    cmsSetPCS(profile, cmsSigLabData);
    ck_assert(cmsStageSampleCLut16bit(table, print, NULL, 0));
    ck_assert(cmsPipelineInsertStage(pipeline, cmsAT_END, table));
    ck_assert(cmsWriteTag(profile, cmsSigAToB0Tag, pipeline));
    ck_assert(cmsWriteTag(profile, cmsSigMediaWhitePointTag, cmsD50_XYZ()));
    cmsPipelineFree(pipeline);
    return profile;
}

/* Sees as much light as there is, a bit yellowish. */
static cmsInt32Number scan(const cmsUInt16Number *in, cmsUInt16Number *out, void *data)
{
    double red = in[0] / 65535.0, green = in[1] / 65535.0, blue = in[2] / 65535.0;
    cmsCIELab lab = { 30 * red + 60 * green + 10 * blue, 80 * (red - green), 80 * (green - blue) + 2 };

    (void)data;
    cmsFloat2LabEncodedV2(out, &lab);
    return TRUE;
}

static cmsHPROFILE make_scanner(void)
{
    cmsHPROFILE profile = cmsCreateProfilePlaceholder(NULL);
    cmsPipeline *pipeline = cmsPipelineAlloc(NULL, LAB_BANDS, LAB_BANDS);
    cmsStage *table = cmsStageAllocCLut16bit(NULL, INK_GRID, LAB_BANDS, LAB_BANDS, NULL);

    cmsSetProfileVersion(profile, 2.1);
    cmsSetDeviceClass(profile, cmsSigInputClass);
    cmsSetColorSpace(profile, cmsSigRgbData);
    cmsSetPCS(profile, cmsSigLabData);
    ck_assert(cmsStageSampleCLut16bit(table, scan, NULL, 0));
    ck_assert(cmsPipelineInsertStage(pipeline, cmsAT_END, table));
    ck_assert(cmsWriteTag(profile, cmsSigAToB0Tag, pipeline));
    ck_assert(cmsWriteTag(profile, cmsSigMediaWhitePointTag, cmsD50_XYZ()));
    cmsPipelineFree(pipeline);
    return profile;
}

static cmsHPROFILE make(enum space space)
{
    switch (space) {
    case SPACE_SCANNER:
        return make_scanner();
    case SPACE_INKS:
        return make_inks();
    case SPACE_GREY_18:
    case SPACE_GREY_SRGB:
        return make_grey(space);
    default:
        return make_rgb(space);
    }
}

struct stored space_profile(enum space space)
{
    cmsHPROFILE profile = make(space);
    cmsUInt32Number size = 0;
    struct stored bytes;

    ck_assert_ptr_nonnull(profile);
    ck_assert(cmsSaveProfileToMem(profile, NULL, &size));
    bytes = (struct stored){ malloc(size), size };
    ck_assert_ptr_nonnull(bytes.data);
    ck_assert(cmsSaveProfileToMem(profile, bytes.data, &size));
    memset(bytes.data + DATE_AT, 0, DATE_BYTES); /* the same bytes at any time */
    cmsCloseProfile(profile);
    return bytes;
}

/* ---- transforms ---- */

static cmsHPROFILE open_profile(const struct stored *bytes)
{
    cmsHPROFILE profile = cmsOpenProfileFromMem(bytes->data, (cmsUInt32Number)bytes->size);

    ck_assert_ptr_nonnull(profile);
    return profile;
}

static int colours_of(cmsHPROFILE profile)
{
    return (int)cmsChannelsOf(cmsGetColorSpace(profile));
}

/* Ink is counted to 100 in double precision. */
static double unit_of(int colours)
{
    return colours == RASTER_CMYK ? 100 : 1;
}

static cmsUInt32Number pixels_in_double(int colours)
{
    return FLOAT_SH(1) | CHANNELS_SH((unsigned)colours) | BYTES_SH(0) |
           COLORSPACE_SH(colours == RASTER_GREY  ? PT_GRAY
                         : colours == RASTER_RGB ? PT_RGB
                                                 : PT_CMYK);
}

static double clipped(double value)
{
    return value < 0 ? 0 : value > 1 ? 1 : value;
}

static void transform_pixel(cmsHTRANSFORM transform, const double *from, int from_colours, double *to,
                            int to_colours)
{
    double in[RASTER_CMYK], out[RASTER_CMYK];

    for (int band = 0; band < from_colours; band++)
        in[band] = from[band] * unit_of(from_colours);
    cmsDoTransform(transform, in, out, 1);
    for (int band = 0; band < to_colours; band++)
        to[band] = clipped(out[band] / unit_of(to_colours));
}

struct raster to_profile(const struct raster *raster, const struct stored *from, const struct stored *to,
                         unsigned intent)
{
    cmsHPROFILE in = open_profile(from), out = open_profile(to);
    cmsHTRANSFORM transform = cmsCreateTransform(
        in, pixels_in_double(colours_of(in)), out, pixels_in_double(colours_of(out)), intent,
        exact | (intent == INTENT_ABSOLUTE_COLORIMETRIC ? 0 : cmsFLAGS_BLACKPOINTCOMPENSATION));
    struct raster result = raster_make(raster->width, raster->height, colours_of(out), raster->alpha);

    ck_assert_ptr_nonnull(transform);
    ck_assert_int_eq(colours_of(in), raster->colours);
    for (int y = 0; y < raster->height; y++)
        for (int x = 0; x < raster->width; x++) {
            const double *pixel = raster_at(raster, x, y);

            transform_pixel(transform, pixel, raster->colours, raster_at(&result, x, y), result.colours);
            if (raster->alpha)
                raster_at(&result, x, y)[result.colours] = pixel[raster->colours];
        }
    cmsDeleteTransform(transform);
    cmsCloseProfile(in);
    cmsCloseProfile(out);
    return result;
}

struct raster to_srgb(const struct raster *raster, const struct stored *profile)
{
    _cleanup_stored_ struct stored srgb = space_profile(SPACE_SRGB);

    return to_profile(raster, profile, &srgb, INTENT_RELATIVE_COLORIMETRIC);
}

/* ---- differences ---- */

static struct lab lab_of(cmsHTRANSFORM transform, const double *pixel, int colours)
{
    double in[RASTER_CMYK];
    cmsCIELab lab;

    for (int band = 0; band < colours; band++)
        in[band] = pixel[band] * unit_of(colours);
    cmsDoTransform(transform, in, &lab, 1);
    return (struct lab){ lab.L, lab.a, lab.b };
}

static double largest_difference(cmsHTRANSFORM transform, const struct raster *a, const struct raster *b)
{
    double largest = 0;

    for (int y = 0; y < a->height; y++)
        for (int x = 0; x < a->width; x++) {
            struct lab one = lab_of(transform, raster_at(a, x, y), a->colours),
                       other = lab_of(transform, raster_at(b, x, y), b->colours);

            largest = fmax(largest, delta_e_2000(&one, &other));
        }
    return largest;
}

double raster_delta_e(const struct raster *a, const struct raster *b, const struct stored *profile)
{
    _cleanup_stored_ struct stored srgb = space_profile(SPACE_SRGB);
    cmsHPROFILE in = open_profile(profile ? profile : &srgb), lab = cmsCreateLab4Profile(NULL);
    cmsHTRANSFORM transform = cmsCreateTransform(in, pixels_in_double(a->colours), lab, TYPE_Lab_DBL,
                                                 INTENT_RELATIVE_COLORIMETRIC, exact);
    double largest;

    ck_assert_ptr_nonnull(transform);
    ck_assert_int_eq(a->width, b->width);
    ck_assert_int_eq(a->height, b->height);
    ck_assert_int_eq(a->colours, b->colours);
    largest = largest_difference(transform, a, b);
    cmsDeleteTransform(transform);
    cmsCloseProfile(in);
    cmsCloseProfile(lab);
    return largest;
}
