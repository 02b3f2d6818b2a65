/* SPDX-License-Identifier: GPL-2.0-or-later */
/* resize - see resize.h. */
#include "image/resize.h"

#include "image/alpha.h"
#include "image/depth.h"

struct factors {
    double across, down;
};

static int scale(VipsImage *in, struct factors by, VipsImage **ret)
{
    return vips_resize(in, ret, by.across, "vscale", by.down, "kernel", VIPS_KERNEL_LANCZOS3, NULL);
}

/* Floating point, rounded to @format; what the kernel overshoots is cut off. */
static int round_to(VipsImage *in, VipsBandFormat format, VipsImage **ret)
{
    _cleanup_image_ VipsImage *rounded = NULL;

    if (vips_rint(in, &rounded, NULL) != 0)
        return -1;
    return vips_cast(rounded, ret, format, NULL);
}

/* libvips resamples whole numbers with weights of 12 bits, which leaves less than 10 of 16. */
static int scale_deep(VipsImage *in, struct factors by, VipsImage **ret)
{
    _cleanup_image_ VipsImage *precise = NULL, *scaled = NULL;

    if (vips_cast_float(in, &precise, NULL) != 0 || scale(precise, by, &scaled) != 0)
        return -1;
    return round_to(scaled, in->BandFmt, ret);
}

/* Averages colours by how much of them is seen: or the hidden colour of transparent pixels would bleed. */
static int scale_with_alpha(VipsImage *in, struct factors by, VipsImage **ret)
{
    _cleanup_image_ VipsImage *weighted = NULL, *scaled = NULL, *plain = NULL;
    double max = alpha_max(in);

    if (vips_premultiply(in, &weighted, "max_alpha", max, NULL) != 0 || scale(weighted, by, &scaled) != 0 ||
        vips_unpremultiply(scaled, &plain, "max_alpha", max, NULL) != 0)
        return -1;
    return round_to(plain, in->BandFmt, ret);
}

static bool is_size(const VipsImage *image, struct extent extent)
{
    return image->Xsize == (int)extent.width && image->Ysize == (int)extent.height;
}

/* libvips rounds the size that follows from the factors. That is what is wanted also where something is missing: it is
 * less than a pixel of @in, and so less than half a pixel of a result that is half as large or less. */
static int scale_any(VipsImage *in, struct natural_size natural, struct extent to, VipsImage **ret)
{
    struct factors by = { to.width / natural.width, to.height / natural.height };

    if (is_size(in, to))
        return vips_copy(in, ret, NULL);
    if (vips_image_hasalpha(in))
        return scale_with_alpha(in, by, ret);
    if (depth_of(in) == DEPTH_16)
        return scale_deep(in, by, ret);
    return scale(in, by, ret);
}

int resize_scale(VipsImage *in, struct natural_size natural, const struct placement *placement,
                 VipsImage **ret)
{
    _cleanup_image_ VipsImage *scaled = NULL;

    if (scale_any(in, natural, placement->scaled, &scaled) != 0)
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
