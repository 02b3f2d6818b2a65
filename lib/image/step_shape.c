/* SPDX-License-Identifier: GPL-2.0-or-later */
/* step_shape - the steps that say which part of a picture is seen: round-corners, mask. */
#include "base/cleanup.h"
#include "image/alpha.h"
#include "image/asset_picture.h"
#include "image/coverage.h"
#include "image/depth.h"
#include "image/mix.h"
#include "image/resize.h"
#include "image/step_kind.h"

enum { FULL = 255 };

/* Leaves of each pixel of @in as much as @seen, one channel of 8 bits and the same size, says. */
static int see_through(VipsImage *in, VipsImage *seen, VipsImage **ret)
{
    _cleanup_image_ VipsImage *with_alpha = NULL, *colours = NULL, *alpha = NULL, *product = NULL,
                              *less = NULL, *rounded = NULL;

    if (alpha_ensure(in, &with_alpha) != 0 || alpha_split(with_alpha, &colours, &alpha) != 0 ||
        vips_multiply(alpha, seen, &product, NULL) != 0 ||
        vips_linear1(product, &less, 1.0 / FULL, 0, NULL) != 0 ||
        depth_round(less, in->BandFmt, &rounded) != 0)
        return -1;
    return alpha_join(colours, rounded, ret);
}

static int settle_coverage(const struct coverage *coverage, VipsImage *frame, struct settled *ret)
{
    ret->overlay = coverage_make(coverage, frame->Xsize, frame->Ysize);
    return ret->overlay ? 0 : -1;
}

static int apply_coverage(const struct step_work *work, VipsImage *in, VipsImage **ret)
{
    return see_through(in, work->settled.overlay, ret);
}

/* ---- round-corners ---- */

static int settle_round_corners(const struct step_work *work, VipsImage *frame, struct settled *ret)
{
    const struct coverage coverage = {
        .shape = COVERAGE_ROUNDED,
        .radius =
            value_pixels(&work->step->round_corners.radius, OF_SHORTER_SIDE, frame->Xsize, frame->Ysize),
    };

    return settle_coverage(&coverage, frame, ret);
}

const struct step_kind step_round_corners = {
    .wants = WANTS_COLOUR,
    .keeps = true,
    .settle = settle_round_corners,
    .apply = apply_coverage,
};

/* ---- mask ---- */

/* What is white and opaque of the mask's picture, as large as the frame. */
static int seen_of_picture(const struct step_work *work, VipsImage *frame, VipsImage **ret)
{
    const struct placement fill = { .scaled = extent_of(frame), .window = extent_of(frame) };
    _cleanup_image_ VipsImage *picture = NULL, *flat = NULL, *scaled = NULL, *black = NULL;

    if (asset_picture_open(work->subject->recipe, &work->step->mask.shape, &picture) != 0 ||
        resize_scale(picture, natural_size_of(picture), &fill, &scaled) != 0)
        return -1;
    if (alpha_flatten(scaled, (double[STEP_CHANNELS]){ 0 }, &flat) != 0 || mix_luma(flat, &black) != 0)
        return -1;
    return depth_set(black, DEPTH_8, ret);
}

static int mask_by_picture(const struct step_work *work, VipsImage *frame, struct settled *ret)
{
    _cleanup_image_ VipsImage *seen = NULL, *wanted = NULL;

    if (seen_of_picture(work, frame, &seen) != 0 ||
        (work->step->mask.invert ? vips_invert(seen, &wanted, NULL) : vips_copy(seen, &wanted, NULL)) != 0)
        return -1;
    ret->overlay = vips_image_copy_memory(wanted);
    return ret->overlay ? 0 : -1;
}

static int settle_mask(const struct step_work *work, VipsImage *frame, struct settled *ret)
{
    static const enum coverage_shape shapes[] = {
        [MASK_ELLIPSE] = COVERAGE_ELLIPSE,
        [MASK_CIRCLE] = COVERAGE_CIRCLE,
        [MASK_DIAMOND] = COVERAGE_DIAMOND,
    };
    struct coverage coverage = { .invert = work->step->mask.invert };

    if (work->step->mask.shape.word < 0)
        return mask_by_picture(work, frame, ret);
    coverage.shape = shapes[work->step->mask.shape.word];
    return settle_coverage(&coverage, frame, ret);
}

const struct step_kind step_mask = {
    .wants = WANTS_COLOUR, .keeps = true, .settle = settle_mask, .apply = apply_coverage
};
