/* SPDX-License-Identifier: GPL-2.0-or-later */
/* depth - see depth.h. vips_colourspace() will not do: in libvips 8.14 it cuts the lower bits off, and makes 65280 of
 * white on the way back. */
#include "image/depth.h"

static const double WHITE_16_BY_WHITE_8 = 65535 / 255.0, HALF = 0.5;

unsigned depth_of(const VipsImage *image)
{
    return image->BandFmt == VIPS_FORMAT_USHORT ? DEPTH_16 : DEPTH_8;
}

static VipsInterpretation interpretation_of(const VipsImage *image, unsigned bits)
{
    switch (image->Type) {
    case VIPS_INTERPRETATION_B_W:
    case VIPS_INTERPRETATION_GREY16:
        return bits == DEPTH_16 ? VIPS_INTERPRETATION_GREY16 : VIPS_INTERPRETATION_B_W;
    case VIPS_INTERPRETATION_sRGB:
    case VIPS_INTERPRETATION_RGB16:
        return bits == DEPTH_16 ? VIPS_INTERPRETATION_RGB16 : VIPS_INTERPRETATION_sRGB;
    default:
        return image->Type;
    }
}

static int deepen(VipsImage *in, VipsImage **ret)
{
    _cleanup_image_ VipsImage *scaled = NULL;

    if (vips_linear1(in, &scaled, WHITE_16_BY_WHITE_8, 0, NULL) != 0)
        return -1;
    return vips_cast_ushort(scaled, ret, NULL);
}

/* What is more than a whole number is cut off, after the half has been added. */
static int flatten(VipsImage *in, VipsImage **ret)
{
    return vips_linear1(in, ret, 1 / WHITE_16_BY_WHITE_8, HALF, "uchar", TRUE, NULL);
}

int depth_set(VipsImage *in, unsigned bits, VipsImage **ret)
{
    _cleanup_image_ VipsImage *set = NULL;

    if (depth_of(in) == bits)
        return vips_copy(in, ret, NULL);
    if ((bits == DEPTH_16 ? deepen(in, &set) : flatten(in, &set)) != 0)
        return -1;
    return vips_copy(set, ret, "interpretation", interpretation_of(in, bits), NULL);
}

int depth_round(VipsImage *in, VipsBandFormat format, VipsImage **ret)
{
    _cleanup_image_ VipsImage *rounded = NULL;

    if (vips_rint(in, &rounded, NULL) != 0)
        return -1;
    return vips_cast(rounded, ret, format, NULL);
}
