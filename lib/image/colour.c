/* SPDX-License-Identifier: GPL-2.0-or-later */
/* colour - see colour.h. */
#include "image/colour.h"

#include "image/alpha.h"
#include "image/convert.h"
#include "image/depth.h"
#include "image/ink.h"

static bool is_grey(const VipsImage *image)
{
    return image->Type == VIPS_INTERPRETATION_B_W || image->Type == VIPS_INTERPRETATION_GREY16;
}

static bool is_rgb(const VipsImage *image)
{
    return image->Type == VIPS_INTERPRETATION_sRGB || image->Type == VIPS_INTERPRETATION_RGB16;
}

static int to_srgb(VipsImage *in, VipsImage **ret)
{
    return convert_to_choice(in, PROFILE_SRGB, &profile_manner_usual, ret);
}

static int drop_profile(VipsImage *in, VipsImage **ret)
{
    if (vips_copy(in, ret, NULL) != 0)
        return -1;
    vips_image_remove(*ret, VIPS_META_ICC_NAME);
    return 0;
}

/* What the recipe wants of the profile of grey or RGB @in; the result has one only if that describes it. */
static int settle_profile(VipsImage *in, unsigned holds, unsigned metadata, VipsImage **ret)
{
    _cleanup_image_ VipsImage *converted = NULL;
    bool grey_for_rgb = is_grey(in) && !(holds & FORMAT_HOLDS_GREY);

    if (!convert_has_profile(in))
        return drop_profile(in, ret);
    if ((metadata & METADATA_ICC) && (holds & FORMAT_HOLDS_PROFILE) && !grey_for_rgb)
        return vips_copy(in, ret, NULL);

    if (to_srgb(in, &converted) != 0)
        return -1;
    return drop_profile(converted, ret);
}

/* Grey with the tones of sRGB, without a profile that says so. */
static int plain_grey(VipsImage *in, VipsImage **ret)
{
    _cleanup_image_ VipsImage *converted = NULL;

    if (convert_has_profile(in) && to_srgb(in, &converted) != 0)
        return -1;
    return drop_profile(converted ?: in, ret);
}

static bool can_be_converted_to(VipsImage *in)
{
    _cleanup_link_ struct profile_link link = { 0 };
    struct profile embedded = { 0 };

    return convert_embedded(in, &embedded) && profile_link_to(&embedded, &link) == 0;
}

int colour_to_usable(VipsImage *in, VipsImage **ret)
{
    _cleanup_image_ VipsImage *srgb = NULL;

    if (!convert_has_profile(in) || can_be_converted_to(in))
        return vips_copy(in, ret, NULL);
    vips_error_clear();
    return to_srgb(in, &srgb) != 0 ? -1 : drop_profile(srgb, ret);
}

int colour_to_three(VipsImage *in, VipsImage **ret)
{
    _cleanup_image_ VipsImage *grey = NULL, *tone = NULL, *alpha = NULL, *three = NULL, *typed = NULL;
    VipsInterpretation type;

    if (!is_grey(in))
        return vips_copy(in, ret, NULL);
    type = depth_of(in) == DEPTH_16 ? VIPS_INTERPRETATION_RGB16 : VIPS_INTERPRETATION_sRGB;
    if (plain_grey(in, &grey) != 0 || alpha_split(grey, &tone, &alpha) != 0)
        return -1;
    if (vips_bandjoin((VipsImage *[]){ tone, tone, tone }, &three, 3, NULL) != 0 ||
        vips_copy(three, &typed, "interpretation", type, NULL) != 0)
        return -1;
    return alpha_join(typed, alpha, ret);
}

int colour_to_grey(VipsImage *in, VipsImage **ret)
{
    _cleanup_profile_ struct profile grey = { 0 };
    _cleanup_image_ VipsImage *converted = NULL;

    if (is_grey(in))
        return vips_copy(in, ret, NULL);
    if (profile_make(PROFILE_SRGB, true, &grey) != 0 ||
        convert_to(in, &grey, &profile_manner_usual, &converted) != 0)
        return -1;
    return drop_profile(converted, ret);
}

static int settle_depth(VipsImage *in, unsigned holds, VipsImage **ret)
{
    return (holds & FORMAT_HOLDS_DEEP) ? vips_copy(in, ret, NULL) : depth_set(in, DEPTH_8, ret);
}

int colour_flatten(VipsImage *in, const struct colour *background, VipsImage **ret)
{
    const struct colour opaque = ink_on_white(background);
    _cleanup_image_ VipsImage *prepared = NULL;
    struct ink ink;

    if (!vips_image_hasalpha(in))
        return vips_copy(in, ret, NULL);
    if (ink_prepare(in, &opaque, &prepared) != 0 || ink_of(&opaque, prepared, &ink) != 0)
        return -1;
    return alpha_flatten(prepared, ink.values, ret);
}

static int settle_bands(VipsImage *in, unsigned holds, const struct colour *background, VipsImage **ret)
{
    if (is_grey(in) && !(holds & FORMAT_HOLDS_GREY))
        return vips_colourspace(in, ret, VIPS_INTERPRETATION_sRGB, NULL);
    return (holds & FORMAT_HOLDS_ALPHA) ? vips_copy(in, ret, NULL) : colour_flatten(in, background, ret);
}

int colour_convert(VipsImage *in, unsigned holds, unsigned metadata, const struct colour *background,
                   VipsImage **ret)
{
    _cleanup_image_ VipsImage *settled = NULL, *stored = NULL;

    if (settle_profile(in, holds, metadata, &settled) != 0 || settle_depth(settled, holds, &stored) != 0)
        return -1;
    return settle_bands(stored, holds, background, ret);
}

int colour_to_rgb(VipsImage *in, VipsImage **ret)
{
    _cleanup_image_ VipsImage *srgb = NULL;

    if (is_grey(in) || is_rgb(in))
        return vips_copy(in, ret, NULL);

    if (in->Type != VIPS_INTERPRETATION_CMYK) {
        vips_error("darkroom", "%s with %d channels is not supported",
                   vips_enum_nick(VIPS_TYPE_INTERPRETATION, (int)in->Type), in->Bands);
        return -1;
    }
    if (to_srgb(in, &srgb) != 0)
        return -1;
    return drop_profile(srgb, ret);
}
