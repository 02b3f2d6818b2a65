/* SPDX-License-Identifier: GPL-2.0-or-later */
/* profile_link - see profile_link.h. */
#include "image/profile_link.h"

#include "image/depth.h"

/* Has macros of the same names and values as enum intent: after our own. */
#include <lcms2.h>

const struct profile_manner profile_manner_usual = { .intent = INTENT_RELATIVE, .black_point = true };

static cmsUInt32Number pixel_type(cmsHPROFILE profile, struct profile_pixels pixels)
{
    cmsColorSpaceSignature space = cmsGetColorSpace(profile);

    return COLORSPACE_SH((cmsUInt32Number)_cmsLCMScolorSpace(space)) | CHANNELS_SH(cmsChannelsOf(space)) |
           EXTRA_SH(pixels.extra) | BYTES_SH(pixels.bits == DEPTH_16 ? 2 : 1);
}

/* From matrix to matrix with 8 bits littleCMS' short cut is exact to a level. All others replace the way by a grid of a
 * few points. */
static cmsUInt32Number flags_for(cmsHPROFILE from, cmsHPROFILE to, const struct profile_manner *manner,
                                 struct profile_pixels pixels)
{
    cmsUInt32Number flags = cmsFLAGS_COPY_ALPHA;

    if (manner->black_point && manner->intent != INTENT_ABSOLUTE)
        flags |= cmsFLAGS_BLACKPOINTCOMPENSATION;
    if (pixels.bits != DEPTH_8 || !cmsIsMatrixShaper(from) || !cmsIsMatrixShaper(to))
        flags |= cmsFLAGS_NOOPTIMIZE;
    return flags;
}

static cmsHPROFILE open_profile(cmsContext context, const struct profile *profile)
{
    return cmsOpenProfileFromMemTHR(context, profile->data, (cmsUInt32Number)profile->size);
}

static int link_profiles(cmsHPROFILE from, cmsHPROFILE to, const struct profile_manner *manner,
                         struct profile_pixels pixels, struct profile_link *link)
{
    if (!from || !to)
        return -1;
    link->transform =
        cmsCreateTransformTHR(link->context, from, pixel_type(from, pixels), to, pixel_type(to, pixels),
                              manner->intent, flags_for(from, to, manner, pixels));
    return link->transform ? 0 : -1;
}

int profile_link_open(const struct profile *from, const struct profile *to,
                      const struct profile_manner *manner, struct profile_pixels pixels,
                      struct profile_link *ret)
{
    struct profile_link link = { .context = cmsCreateContext(NULL, NULL) };
    cmsHPROFILE opened_from, opened_to;
    int r;

    if (!link.context)
        return -1;

    opened_from = open_profile(link.context, from);
    opened_to = open_profile(link.context, to);
    r = link_profiles(opened_from, opened_to, manner, pixels, &link);
    if (opened_from)
        cmsCloseProfile(opened_from);
    if (opened_to)
        cmsCloseProfile(opened_to);

    if (r != 0)
        profile_link_close(&link);
    else
        *ret = link;
    return r;
}

int profile_link_to(const struct profile *to, struct profile_link *ret)
{
    _cleanup_profile_ struct profile srgb = { 0 };
    struct profile_pixels pixels = { .bits = DEPTH_16 };

    if (profile_make(PROFILE_SRGB, false, &srgb) != 0)
        return -1;
    return profile_link_open(&srgb, to, &profile_manner_usual, pixels, ret);
}

void profile_link_run(const struct profile_link *link, const void *from, void *to, size_t count)
{
    cmsDoTransform(link->transform, from, to, (cmsUInt32Number)count);
}

void profile_link_close(struct profile_link *link)
{
    if (link->transform)
        cmsDeleteTransform(link->transform);
    if (link->context)
        cmsDeleteContext(link->context);
    *link = (struct profile_link){ 0 };
}
