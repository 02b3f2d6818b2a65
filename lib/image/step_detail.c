/* SPDX-License-Identifier: GPL-2.0-or-later */
/* step_detail - the steps that work on a pixel's neighbours: sharpen, blur, median, pixelate. */
#include "image/alpha.h"
#include "image/blur.h"
#include "image/depth.h"
#include "image/step_kind.h"

#include <math.h>

/* ---- blur ---- */

static int apply_blur(const struct step_work *work, VipsImage *in, VipsImage **ret)
{
    double sigma = value_pixels(&work->step->blur.radius, OF_SHORTER_SIDE, in->Xsize, in->Ysize);

    return blur_gaussian(in, sigma, ret);
}

const struct step_kind step_blur = { .wants = WANTS_COLOUR, .apply = apply_blur };

/* ---- sharpen ---- */

/* What the differences are that are added: @amount of those that are more than @threshold. */
static int clear_differences(VipsImage *difference, double threshold, double amount, VipsImage **ret)
{
    _cleanup_image_ VipsImage *size = NULL, *large = NULL, *grown = NULL, *nothing = NULL;

    if (vips_abs(difference, &size, NULL) != 0 || vips_more_const1(size, &large, threshold, NULL) != 0 ||
        vips_linear1(difference, &grown, amount, 0, NULL) != 0 ||
        vips_linear1(difference, &nothing, 0, 0, NULL) != 0)
        return -1;
    return vips_ifthenelse(large, grown, nothing, ret, NULL);
}

/* Adds to @colours what makes their edges clearer than @blurred. */
static int unsharp_mask(const struct step *step, VipsImage *colours, VipsImage *blurred, VipsImage **ret)
{
    double threshold = step->sharpen.threshold / 100 * alpha_max(colours);
    _cleanup_image_ VipsImage *difference = NULL, *added = NULL, *sum = NULL, *rounded = NULL;

    if (vips_subtract(colours, blurred, &difference, NULL) != 0 ||
        clear_differences(difference, threshold, step->sharpen.amount / 100, &added) != 0 ||
        vips_add(colours, added, &sum, NULL) != 0 || depth_round(sum, colours->BandFmt, &rounded) != 0)
        return -1;
    return vips_copy(rounded, ret, "interpretation", colours->Type, NULL);
}

/* What is blurred is what is seen, or there would be an edge where the picture ends. */
static int apply_sharpen(const struct step_work *work, VipsImage *in, VipsImage **ret)
{
    _cleanup_image_ VipsImage *blurred = NULL, *soft = NULL, *soft_alpha = NULL, *colours = NULL,
                              *alpha = NULL, *sharp = NULL;

    if (blur_gaussian(in, work->step->sharpen.radius, &blurred) != 0 ||
        alpha_split(blurred, &soft, &soft_alpha) != 0 || alpha_split(in, &colours, &alpha) != 0 ||
        unsharp_mask(work->step, colours, soft, &sharp) != 0)
        return -1;
    return alpha_join(sharp, alpha, ret);
}

const struct step_kind step_sharpen = { .wants = WANTS_COLOUR, .apply = apply_sharpen };

/* ---- median ---- */

/* Where nothing is seen, the colours of what is seen beside it. */
static int fill_hidden(VipsImage *in, double radius, VipsImage **ret)
{
    _cleanup_image_ VipsImage *colours = NULL, *alpha = NULL, *blurred = NULL, *soft = NULL,
                              *soft_alpha = NULL, *hidden = NULL;

    if (alpha_split(in, &colours, &alpha) != 0)
        return -1;
    if (!alpha)
        return vips_copy(colours, ret, NULL);
    if (blur_gaussian(in, radius, &blurred) != 0 || alpha_split(blurred, &soft, &soft_alpha) != 0 ||
        vips_equal_const1(alpha, &hidden, 0, NULL) != 0)
        return -1;
    return vips_ifthenelse(hidden, soft, colours, ret, NULL);
}

static int apply_median(const struct step_work *work, VipsImage *in, VipsImage **ret)
{
    int side = 2 * (int)lround(work->step->median.radius) + 1;
    _cleanup_image_ VipsImage *filled = NULL, *middle = NULL, *typed = NULL, *colours = NULL, *alpha = NULL;

    if (in->Xsize < side || in->Ysize < side)
        return vips_copy(in, ret, NULL);
    if (fill_hidden(in, work->step->median.radius, &filled) != 0 ||
        vips_median(filled, &middle, side, NULL) != 0 || alpha_split(in, &colours, &alpha) != 0 ||
        vips_copy(middle, &typed, "interpretation", in->Type, NULL) != 0)
        return -1;
    return alpha_join(typed, alpha, ret);
}

const struct step_kind step_median = { .wants = WANTS_COLOUR, .apply = apply_median };

/* ---- pixelate ---- */

static uint32_t smaller(uint32_t a, uint32_t b)
{
    return a < b ? a : b;
}

/* The region, inside the picture; where it would lie beside it, its last row or column. */
static struct area region_of(const struct step *step, struct extent extent)
{
    struct area area = {
        .left = smaller(step_pixels(&step->pixelate.x, OF_WIDTH, extent), extent.width - 1),
        .top = smaller(step_pixels(&step->pixelate.y, OF_HEIGHT, extent), extent.height - 1),
    };

    area.extent.width =
        smaller(step_pixels(&step->pixelate.width, OF_WIDTH, extent), extent.width - area.left);
    area.extent.height =
        smaller(step_pixels(&step->pixelate.height, OF_HEIGHT, extent), extent.height - area.top);
    return area;
}

/* The mean of each square, whose colours weigh as much as they are seen. */
static int mean_of_squares(VipsImage *in, int side, VipsImage **ret)
{
    _cleanup_image_ VipsImage *weighted = NULL, *mean = NULL, *plain = NULL;

    if (!vips_image_hasalpha(in))
        return vips_shrink(in, ret, side, side, NULL);
    if (vips_premultiply(in, &weighted, "max_alpha", alpha_max(in), NULL) != 0 ||
        vips_shrink(weighted, &mean, side, side, NULL) != 0 ||
        vips_unpremultiply(mean, &plain, "max_alpha", alpha_max(in), NULL) != 0)
        return -1;
    return depth_round(plain, in->BandFmt, ret);
}

/* Those at the far edges are of what there is. */
static int make_squares(VipsImage *in, int side, VipsImage **ret)
{
    _cleanup_image_ VipsImage *whole = NULL, *small = NULL, *large = NULL;
    int across = (in->Xsize + side - 1) / side, down = (in->Ysize + side - 1) / side;

    if (vips_embed(in, &whole, 0, 0, across * side, down * side, "extend", VIPS_EXTEND_COPY, NULL) != 0 ||
        mean_of_squares(whole, side, &small) != 0 || vips_zoom(small, &large, side, side, NULL) != 0)
        return -1;
    return vips_extract_area(large, ret, 0, 0, in->Xsize, in->Ysize, NULL);
}

static int apply_pixelate(const struct step_work *work, VipsImage *in, VipsImage **ret)
{
    struct area area = region_of(work->step, extent_of(in));
    uint32_t shorter = smaller(area.extent.width, area.extent.height);
    uint32_t side = smaller(step_pixels(&work->step->pixelate.size, OF_SHORTER_SIDE, extent_of(in)),
                            shorter > 0 ? shorter : 1);
    _cleanup_image_ VipsImage *region = NULL, *squares = NULL;

    if (vips_extract_area(in, &region, (int)area.left, (int)area.top, (int)area.extent.width,
                          (int)area.extent.height, NULL) != 0 ||
        make_squares(region, (int)side, &squares) != 0)
        return -1;
    return vips_insert(in, squares, ret, (int)area.left, (int)area.top, NULL);
}

const struct step_kind step_pixelate = { .wants = WANTS_COLOUR, .apply = apply_pixelate };
