/* SPDX-License-Identifier: GPL-2.0-or-later */
/* profile - see profile.h. Those with names are written in ICC version 4: their curves are formulas, exact and
 * short. */
#include "image/profile.h"

#include "base/cleanup.h"
#include "image/profile_link.h"

#include <errno.h>
#include <lcms2.h>
#include <stdlib.h>
#include <string.h>

static const double PROFILE_VERSION = 4.3;

enum {
    CREATED_AT = 24, /* in a profile's header; ICC.1:2010, 7.2 */
    CREATED_BYTES = 12,
    PCS_CHANNELS = 3, /* XYZ or Lab */
};

/* What littleCMS would set to the time of making. */
static const unsigned char created[CREATED_BYTES] = { 2026 >> 8, 2026 & 0xff, 0, 1, 0, 1 };

/* As littleCMS counts the parameters of this type: gamma, a, b, c, d; IEC 61966-2-1. */
enum { CURVE_OF_SRGB = 4, CURVE_OF_GAMMA = 1 };
static const double srgb_tones[] = { 2.4, 1 / 1.055, 0.055 / 1.055, 1 / 12.92, 0.04045 };
static const double adobe_tones[] = { 563 / 256.0 };

static const cmsCIExyY d65 = { 0.3127, 0.3290, 1 };

static const struct space {
    const char *description, *grey_description;
    cmsCIExyYTRIPLE primaries; /* x, y and 1, of red, green and blue */
    int curve;
    const double *tones;
} spaces[PROFILE_CHOICE_COUNT] = {
    [PROFILE_SRGB] = { "sRGB",
                       "Grey with the tones of sRGB",
                       { { 0.64, 0.33, 1 }, { 0.30, 0.60, 1 }, { 0.15, 0.06, 1 } },
                       CURVE_OF_SRGB,
                       srgb_tones },
    [PROFILE_P3] = { "Display P3",
                     "Grey with the tones of Display P3",
                     { { 0.680, 0.320, 1 }, { 0.265, 0.690, 1 }, { 0.150, 0.060, 1 } },
                     CURVE_OF_SRGB,
                     srgb_tones },
    /* The name itself is Adobe's. */
    [PROFILE_ADOBE_RGB] = { "Compatible with Adobe RGB (1998)",
                            "Grey of gamma 2.2",
                            { { 0.64, 0.33, 1 }, { 0.21, 0.71, 1 }, { 0.15, 0.06, 1 } },
                            CURVE_OF_GAMMA,
                            adobe_tones },
};

static bool write_text(cmsContext context, cmsHPROFILE profile, cmsTagSignature tag, const char *text)
{
    cmsMLU *strings = cmsMLUalloc(context, 1);
    bool written = strings && cmsMLUsetASCII(strings, "en", "US", text) && cmsWriteTag(profile, tag, strings);

    cmsMLUfree(strings);
    return written;
}

static cmsHPROFILE create(cmsContext context, const struct space *space, bool grey)
{
    cmsToneCurve *curve = cmsBuildParametricToneCurve(context, space->curve, space->tones);
    cmsToneCurve *curves[] = { curve, curve, curve };
    cmsHPROFILE profile;

    if (!curve)
        return NULL;
    profile = grey ? cmsCreateGrayProfileTHR(context, cmsD50_xyY(), curve)
                   : cmsCreateRGBProfileTHR(context, &d65, &space->primaries, curves);
    cmsFreeToneCurve(curve);
    return profile;
}

static bool label(cmsContext context, cmsHPROFILE profile, const char *description)
{
    cmsSetProfileVersion(profile, PROFILE_VERSION);
    cmsSetHeaderRenderingIntent(profile, INTENT_RELATIVE_COLORIMETRIC);
    return write_text(context, profile, cmsSigProfileDescriptionTag, description) &&
           write_text(context, profile, cmsSigCopyrightTag, "No copyright, use freely");
}

static int write_out(cmsHPROFILE profile, struct profile *ret)
{
    cmsUInt32Number size = 0;
    unsigned char *data;

    if (!cmsSaveProfileToMem(profile, NULL, &size))
        return -1;
    data = malloc(size);
    if (!data || !cmsSaveProfileToMem(profile, data, &size)) {
        free(data);
        return -1;
    }
    memcpy(data + CREATED_AT, created, sizeof created);
    *ret = (struct profile){ data, size, data };
    return 0;
}

int profile_make(enum profile_choice choice, bool grey, struct profile *ret)
{
    const struct space *space = &spaces[choice];
    cmsContext context = cmsCreateContext(NULL, NULL);
    cmsHPROFILE profile = context ? create(context, space, grey) : NULL;
    int r = -1;

    if (profile && label(context, profile, grey ? space->grey_description : space->description))
        r = write_out(profile, ret);
    if (r != 0)
        vips_error("darkroom", "no memory for the profile \"%s\"", space->description);

    if (profile)
        cmsCloseProfile(profile);
    if (context)
        cmsDeleteContext(context);
    return r;
}

/* libvips keeps it compressed. */
static int load_inks(struct profile *ret)
{
    VipsBlob *blob = NULL;
    const void *data;
    size_t size;

    if (vips_profile_load("cmyk", &blob, NULL) != 0)
        return -1;
    data = vips_blob_get(blob, &size);
    ret->owned = g_memdup2(data, size);
    ret->data = ret->owned;
    ret->size = size;
    vips_area_unref(VIPS_AREA(blob));
    return 0;
}

int profile_assumed(unsigned colours, struct profile *ret)
{
    return colours == COLOURS_CMYK ? load_inks(ret)
                                   : profile_make(PROFILE_SRGB, colours == COLOURS_GREY, ret);
}

void profile_release(struct profile *profile)
{
    free(profile->owned);
    *profile = (struct profile){ 0 };
}

/* ---- profiles of others ---- */

/* Classes that describe what a device's colours are; the others are recipes for changing them. */
static bool is_of_device(cmsProfileClassSignature class)
{
    return class == cmsSigInputClass || class == cmsSigDisplayClass || class == cmsSigOutputClass ||
           class == cmsSigColorSpaceClass;
}

static unsigned count_colours(cmsColorSpaceSignature space)
{
    switch (space) {
    case cmsSigGrayData:
        return COLOURS_GREY;
    case cmsSigRgbData:
        return COLOURS_RGB;
    case cmsSigCmykData:
        return COLOURS_CMYK;
    default:
        return 0;
    }
}

static bool can_read(cmsHPROFILE profile, const cmsTagSignature *tags, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (!cmsReadTag(profile, tags[i]))
            return false;
    return true;
}

static bool has_table(cmsHPROFILE profile, unsigned colours)
{
    const cmsPipeline *table = cmsReadTag(profile, cmsSigAToB0Tag);

    return table && cmsPipelineInputChannels(table) == colours &&
           cmsPipelineOutputChannels(table) == PCS_CHANNELS;
}

/* Tables, if it has some, else curves and a matrix. */
static bool has_colours(cmsHPROFILE profile, unsigned colours)
{
    static const cmsTagSignature grey[] = { cmsSigGrayTRCTag };
    static const cmsTagSignature matrix[] = { cmsSigRedColorantTag,  cmsSigGreenColorantTag,
                                              cmsSigBlueColorantTag, cmsSigRedTRCTag,
                                              cmsSigGreenTRCTag,     cmsSigBlueTRCTag };

    if (cmsIsTag(profile, cmsSigAToB0Tag) || colours == COLOURS_CMYK)
        return has_table(profile, colours);
    return colours == COLOURS_GREY ? can_read(profile, grey, ARRAY_SIZE(grey))
                                   : can_read(profile, matrix, ARRAY_SIZE(matrix));
}

unsigned profile_colours(const struct profile *profile)
{
    cmsHPROFILE opened = NULL;
    unsigned colours = 0;

    if (profile->size <= PROFILE_SIZE_MAX)
        opened = cmsOpenProfileFromMem(profile->data, (cmsUInt32Number)profile->size);
    if (!opened)
        return 0;
    if (is_of_device(cmsGetDeviceClass(opened)))
        colours = count_colours(cmsGetColorSpace(opened));
    if (!has_colours(opened, colours))
        colours = 0;
    cmsCloseProfile(opened);
    return colours;
}

int profile_check(const void *data, size_t size, struct error *error)
{
    struct profile profile = { .data = data, .size = size };
    _cleanup_link_ struct profile_link link = { 0 };

    if (size > PROFILE_SIZE_MAX)
        return error_set(error, EINVAL, CLASS_PERMANENT, STAGE_NONE,
                         "a profile has at most %d MB, this file has %zu bytes", PROFILE_SIZE_MAX >> 20,
                         size);
    if (profile_colours(&profile) == 0)
        return error_set(error, EINVAL, CLASS_PERMANENT, STAGE_NONE,
                         "not an ICC profile of a device with grey, RGB or CMYK, or it is damaged");
    if (profile_link_to(&profile, &link) != 0)
        return error_set(error, EINVAL, CLASS_PERMANENT, STAGE_NONE,
                         "colours cannot be converted to this profile: it is for input only");
    return 0;
}
