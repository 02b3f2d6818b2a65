/* SPDX-License-Identifier: GPL-2.0-or-later */
/* resize - see resize.h. */
#include "image/resize.h"

#include "image/alpha.h"

static double ratio(uint32_t to, int from)
{
    return (double)to / from;
}

static int scale(VipsImage *in, struct extent to, VipsImage **ret)
{
    return vips_resize(in, ret, ratio(to.width, in->Xsize), "vscale", ratio(to.height, in->Ysize), "kernel",
                       VIPS_KERNEL_LANCZOS3, NULL);
}

/* Averages colours by how much of them is seen: or the hidden colour of transparent pixels would bleed. */
static int scale_with_alpha(VipsImage *in, struct extent to, VipsImage **ret)
{
    _cleanup_image_ VipsImage *weighted = NULL, *scaled = NULL, *plain = NULL, *rounded = NULL;
    double max = alpha_max(in);

    if (vips_premultiply(in, &weighted, "max_alpha", max, NULL) != 0 || scale(weighted, to, &scaled) != 0 ||
        vips_unpremultiply(scaled, &plain, "max_alpha", max, NULL) != 0 ||
        vips_rint(plain, &rounded, NULL) != 0)
        return -1;
    return vips_cast(rounded, ret, in->BandFmt, NULL);
}

static bool is_size(const VipsImage *image, struct extent extent)
{
    return image->Xsize == (int)extent.width && image->Ysize == (int)extent.height;
}

static int scale_any(VipsImage *in, struct extent to, VipsImage **ret)
{
    if (is_size(in, to))
        return vips_copy(in, ret, NULL);
    if (vips_image_hasalpha(in))
        return scale_with_alpha(in, to, ret);
    return scale(in, to, ret);
}

int resize_scale(VipsImage *in, const struct placement *placement, VipsImage **ret)
{
    _cleanup_image_ VipsImage *scaled = NULL;

    if (scale_any(in, placement->scaled, &scaled) != 0)
        return -1;
    if (!is_size(scaled, placement->scaled)) {
        vips_error("darkroom", "resampling made %d × %d of %u × %u", scaled->Xsize, scaled->Ysize,
                   placement->scaled.width, placement->scaled.height);
        return -1;
    }
    return vips_extract_area(scaled, ret, (int)placement->left, (int)placement->top,
                             (int)placement->window.width, (int)placement->window.height, NULL);
}

static int embed(VipsImage *in, struct extent canvas, VipsExtend extend, VipsImage **ret)
{
    return vips_embed(in, ret, ((int)canvas.width - in->Xsize) / 2, ((int)canvas.height - in->Ysize) / 2,
                      (int)canvas.width, (int)canvas.height, "extend", extend, NULL);
}

int resize_pad(VipsImage *in, struct extent canvas, bool transparent, VipsImage **ret)
{
    _cleanup_image_ VipsImage *with_alpha = NULL;

    if (is_size(in, canvas))
        return vips_copy(in, ret, NULL);
    if (!transparent)
        return embed(in, canvas, VIPS_EXTEND_WHITE, ret);

    if (alpha_ensure(in, &with_alpha) != 0)
        return -1;
    return embed(with_alpha, canvas, VIPS_EXTEND_BLACK, ret);
}
