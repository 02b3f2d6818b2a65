/* SPDX-License-Identifier: GPL-2.0-or-later */
/* mix - see mix.h. */
#include "image/mix.h"

#include "image/alpha.h"
#include "image/depth.h"

static int recombine(VipsImage *colours, const double *values, int channels, VipsImage **ret)
{
    _cleanup_image_ VipsImage *matrix = NULL, *mixed = NULL;

    matrix = vips_image_new_matrix_from_array(MIX_CHANNELS, channels, values, MIX_CHANNELS * channels);
    if (!matrix || vips_recomb(colours, &mixed, matrix, NULL) != 0)
        return -1;
    return depth_round(mixed, colours->BandFmt, ret);
}

int mix_apply(VipsImage *in, const struct mix *mix, VipsImage **ret)
{
    _cleanup_image_ VipsImage *colours = NULL, *alpha = NULL, *mixed = NULL, *typed = NULL;

    if (alpha_split(in, &colours, &alpha) != 0 ||
        recombine(colours, &mix->rows[0][0], MIX_CHANNELS, &mixed) != 0 ||
        vips_copy(mixed, &typed, "interpretation", in->Type, NULL) != 0)
        return -1;
    return alpha_join(typed, alpha, ret);
}

int mix_luma(VipsImage *in, VipsImage **ret)
{
    static const double luma[MIX_CHANNELS] = { 0.2126, 0.7152, 0.0722 };
    _cleanup_image_ VipsImage *colours = NULL, *alpha = NULL, *mixed = NULL;
    VipsInterpretation type = depth_of(in) == DEPTH_16 ? VIPS_INTERPRETATION_GREY16 : VIPS_INTERPRETATION_B_W;

    if (alpha_split(in, &colours, &alpha) != 0)
        return -1;
    if (colours->Bands == 1)
        return vips_copy(colours, ret, NULL);
    if (recombine(colours, luma, 1, &mixed) != 0)
        return -1;
    return vips_copy(mixed, ret, "interpretation", type, NULL);
}
