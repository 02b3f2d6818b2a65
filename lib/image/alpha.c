/* SPDX-License-Identifier: GPL-2.0-or-later */
/* alpha - see alpha.h. */
#include "image/alpha.h"

double alpha_max(const VipsImage *image)
{
    return image->BandFmt == VIPS_FORMAT_USHORT ? 65535 : 255;
}

int alpha_ensure(VipsImage *in, VipsImage **ret)
{
    if (vips_image_hasalpha(in))
        return vips_copy(in, ret, NULL);
    return vips_bandjoin_const1(in, ret, alpha_max(in), NULL);
}

int alpha_flatten(VipsImage *in, const double *background, VipsImage **ret)
{
    VipsArrayDouble *values;
    int r;

    if (!vips_image_hasalpha(in))
        return vips_copy(in, ret, NULL);

    values = vips_array_double_new(background, in->Bands - 1);
    r = vips_flatten(in, ret, "background", values, "max_alpha", alpha_max(in), NULL);
    vips_area_unref(VIPS_AREA(values));
    return r;
}

int alpha_split(VipsImage *in, VipsImage **ret_colours, VipsImage **ret_alpha)
{
    *ret_alpha = NULL;
    if (!vips_image_hasalpha(in))
        return vips_copy(in, ret_colours, NULL);

    if (vips_extract_band(in, ret_colours, 0, "n", in->Bands - 1, NULL) != 0)
        return -1;
    return vips_extract_band(in, ret_alpha, in->Bands - 1, NULL);
}

int alpha_join(VipsImage *colours, VipsImage *alpha, VipsImage **ret)
{
    if (!alpha)
        return vips_copy(colours, ret, NULL);
    return vips_bandjoin2(colours, alpha, ret, NULL);
}
