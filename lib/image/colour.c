/* SPDX-License-Identifier: GPL-2.0-or-later */
/* colour - see colour.h. Alpha is taken off before profiles are applied and put back after: it is no colour. */
#include "image/colour.h"

#include "image/alpha.h"

enum { BITS_8 = 8, BITS_16 = 16 };

static bool is_deep(const VipsImage *image)
{
    return image->BandFmt == VIPS_FORMAT_USHORT;
}

static bool is_grey(const VipsImage *image)
{
    return image->Type == VIPS_INTERPRETATION_B_W || image->Type == VIPS_INTERPRETATION_GREY16;
}

static bool is_rgb(const VipsImage *image)
{
    return image->Type == VIPS_INTERPRETATION_sRGB || image->Type == VIPS_INTERPRETATION_RGB16;
}

static bool has_profile(VipsImage *image)
{
    const void *data;
    size_t size;

    return vips_image_get_typeof(image, VIPS_META_ICC_NAME) != 0 &&
           vips_image_get_blob(image, VIPS_META_ICC_NAME, &data, &size) == 0 &&
           vips_icc_is_compatible_profile(image, data, size);
}

/* By its profile, or what stands in for one. */
static int to_srgb(VipsImage *in, VipsImage **ret)
{
    return vips_icc_transform(in, ret, "srgb", "embedded", TRUE, "input_profile",
                              in->Type == VIPS_INTERPRETATION_CMYK ? "cmyk" : "srgb", "depth",
                              is_deep(in) ? BITS_16 : BITS_8, NULL);
}

/* Grey through sRGB has three equal bands. */
static int to_srgb_grey(VipsImage *in, VipsImage **ret)
{
    _cleanup_image_ VipsImage *srgb = NULL, *band = NULL;

    if (to_srgb(in, &srgb) != 0 || vips_extract_band(srgb, &band, 1, NULL) != 0)
        return -1;
    return vips_copy(band, ret, "interpretation", in->Type, NULL);
}

static int drop_profile(VipsImage *in, VipsImage **ret)
{
    if (vips_copy(in, ret, NULL) != 0)
        return -1;
    vips_image_remove(*ret, VIPS_META_ICC_NAME);
    return 0;
}

/* What the recipe wants of the profile of grey or RGB @in; the result has one only if that describes it. */
static int settle_profile(VipsImage *in, enum format format, unsigned metadata, VipsImage **ret)
{
    _cleanup_image_ VipsImage *converted = NULL;
    bool grey_for_rgb = is_grey(in) && format == FORMAT_WEBP;

    if (!has_profile(in))
        return drop_profile(in, ret);
    if ((metadata & METADATA_ICC) && !grey_for_rgb)
        return vips_copy(in, ret, NULL);

    if ((is_grey(in) ? to_srgb_grey(in, &converted) : to_srgb(in, &converted)) != 0)
        return -1;
    return drop_profile(converted, ret);
}

/* The interpretation whose pixels @format stores for @image. */
static VipsInterpretation stored_interpretation(const VipsImage *image, enum format format)
{
    if (format == FORMAT_WEBP)
        return VIPS_INTERPRETATION_sRGB;
    if (format == FORMAT_PNG)
        return image->Type;
    return is_grey(image) ? VIPS_INTERPRETATION_B_W : VIPS_INTERPRETATION_sRGB;
}

static int settle_depth(VipsImage *in, enum format format, VipsImage **ret)
{
    VipsInterpretation stored = stored_interpretation(in, format);

    if (in->Type == stored)
        return vips_copy(in, ret, NULL);
    return vips_colourspace(in, ret, stored, NULL);
}

int colour_convert(VipsImage *in, enum format format, unsigned metadata, VipsImage **ret)
{
    _cleanup_image_ VipsImage *colours = NULL, *alpha = NULL, *settled = NULL, *joined = NULL, *stored = NULL;

    if (alpha_split(in, &colours, &alpha) != 0 || settle_profile(colours, format, metadata, &settled) != 0 ||
        alpha_join(settled, alpha, &joined) != 0 || settle_depth(joined, format, &stored) != 0)
        return -1;

    return format == FORMAT_JPEG ? alpha_flatten(stored, ret) : vips_copy(stored, ret, NULL);
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
