/* SPDX-License-Identifier: GPL-2.0-or-later */
/* step_ground - the steps that put something around a picture or behind it: extend, border, frame, flatten. */
#include "base/cleanup.h"
#include "image/blend.h"
#include "image/blur.h"
#include "image/colour.h"
#include "image/ink.h"
#include "image/resize.h"
#include "image/step_kind.h"

static uint32_t add_sides(uint32_t length, uint32_t side)
{
    uint64_t sum = (uint64_t)length + 2 * (uint64_t)side;

    return sum < UINT32_MAX ? (uint32_t)sum : UINT32_MAX;
}

static struct extent around(struct extent extent, uint32_t side)
{
    return (struct extent){ add_sides(extent.width, side), add_sides(extent.height, side) };
}

/* ---- extend ---- */

static uint32_t larger_side(const struct length *side, uint32_t whole)
{
    double pixels = side->percent ? side->amount / 100 * whole : side->amount;

    return pixels > whole ? (uint32_t)pixels : whole;
}

static struct extent canvas_of(const struct step *step, struct extent extent)
{
    const struct size_value *size = &step->extend.size;

    if (size->ratio)
        return geometry_smallest_room(extent, size->width.amount, size->height.amount);
    return (struct extent){ larger_side(&size->width, extent.width),
                            larger_side(&size->height, extent.height) };
}

static struct placement place(const struct step *step, struct extent extent)
{
    struct extent canvas = canvas_of(step, extent);
    enum gravity gravity = (enum gravity)step->extend.gravity;

    return (struct placement){
        .scaled = extent,
        .window = extent,
        .canvas = canvas,
        .canvas_left = geometry_left(gravity, canvas.width - extent.width),
        .canvas_top = geometry_top(gravity, canvas.height - extent.height),
    };
}

static struct shape extend_shape(const struct step *step, struct shape before)
{
    before.extent = canvas_of(step, before.extent);
    return before;
}

static int extend_by_colour(VipsImage *in, const struct step *step, const struct placement *placement,
                            VipsImage **ret)
{
    return resize_pad(in, placement, &step->extend.colour, ret);
}

static int extend_by_mirror(VipsImage *in, const struct step *step, const struct placement *placement,
                            VipsImage **ret)
{
    (void)step;
    return vips_embed(in, ret, (int)placement->canvas_left, (int)placement->canvas_top,
                      (int)placement->canvas.width, (int)placement->canvas.height, "extend",
                      VIPS_EXTEND_MIRROR, NULL);
}

/* The picture itself, as large as covers the canvas, so blurred that it leads no eye away. */
static int blurred_ground(VipsImage *in, const struct placement *placement, VipsImage **ret)
{
    static const double sigma_part = 0.04; /* of the shorter side */
    const struct box box = { .fit = FIT_COVER,
                             .width = placement->canvas.width,
                             .height = placement->canvas.height,
                             .enlarge = true };
    struct placement cover = geometry_place(extent_of(in), &box);
    double shorter = box.width < box.height ? box.width : box.height;
    _cleanup_image_ VipsImage *covering = NULL;

    if (resize_scale(in, natural_size_of(in), &cover, &covering) != 0)
        return -1;
    return blur_gaussian(covering, sigma_part * shorter, ret);
}

static int extend_by_blur(VipsImage *in, const struct step *step, const struct placement *placement,
                          VipsImage **ret)
{
    _cleanup_image_ VipsImage *ground = NULL;

    (void)step;
    if (blurred_ground(in, placement, &ground) != 0)
        return -1;
    if (!vips_image_hasalpha(in))
        return vips_insert(ground, in, ret, (int)placement->canvas_left, (int)placement->canvas_top, NULL);
    return blend_over(ground, in, (int)placement->canvas_left, (int)placement->canvas_top, ret);
}

static int apply_extend(const struct step_work *work, VipsImage *in, VipsImage **ret)
{
    static int (*const fillers[])(VipsImage *, const struct step *, const struct placement *,
                                  VipsImage **) = {
        [FILLING_COLOUR] = extend_by_colour,
        [FILLING_MIRROR] = extend_by_mirror,
        [FILLING_BLUR] = extend_by_blur,
    };
    struct placement placement = place(work->step, extent_of(in));

    return fillers[work->step->extend.with](in, work->step, &placement, ret);
}

const struct step_kind step_extend = { .shape = extend_shape, .wants = WANTS_COLOUR, .apply = apply_extend };

/* ---- border and frame ---- */

static int surround(VipsImage *in, uint32_t side, const struct colour *colour, VipsImage **ret)
{
    const struct placement placement = {
        .canvas = around(extent_of(in), side),
        .canvas_left = side,
        .canvas_top = side,
    };

    return resize_pad(in, &placement, colour, ret);
}

static struct shape border_shape(const struct step *step, struct shape before)
{
    before.extent = around(before.extent, step_pixels(&step->border.width, OF_SHORTER_SIDE, before.extent));
    return before;
}

static int apply_border(const struct step_work *work, VipsImage *in, VipsImage **ret)
{
    uint32_t side = step_pixels(&work->step->border.width, OF_SHORTER_SIDE, extent_of(in));

    return surround(in, side, &work->step->border.colour, ret);
}

const struct step_kind step_border = { .shape = border_shape, .wants = WANTS_COLOUR, .apply = apply_border };

/* From the picture outwards. */
struct rings {
    struct {
        uint32_t side;
        const struct colour *colour;
    } list[3];
};

static struct rings rings_of(const struct step *step, struct extent extent)
{
    return (struct rings){ {
        { step_pixels(&step->frame.line, OF_SHORTER_SIDE, extent), &step->frame.line_colour },
        { step_pixels(&step->frame.mat, OF_SHORTER_SIDE, extent), &step->frame.mat_colour },
        { step_pixels(&step->frame.width, OF_SHORTER_SIDE, extent), &step->frame.colour },
    } };
}

static struct shape frame_shape(const struct step *step, struct shape before)
{
    struct rings rings = rings_of(step, before.extent);

    for (size_t i = 0; i < ARRAY_SIZE(rings.list); i++)
        before.extent = around(before.extent, rings.list[i].side);
    return before;
}

static int apply_frame(const struct step_work *work, VipsImage *in, VipsImage **ret)
{
    struct rings rings = rings_of(work->step, extent_of(in));
    _cleanup_image_ VipsImage *image = NULL;

    if (vips_copy(in, &image, NULL) != 0)
        return -1;
    for (size_t i = 0; i < ARRAY_SIZE(rings.list); i++) {
        VipsImage *more = NULL;

        if (surround(image, rings.list[i].side, rings.list[i].colour, &more) != 0)
            return -1;
        image_replace(&image, more);
    }
    *ret = take_ptr(image);
    return 0;
}

const struct step_kind step_frame = { .shape = frame_shape, .wants = WANTS_COLOUR, .apply = apply_frame };

/* ---- flatten ---- */

static int apply_flatten(const struct step_work *work, VipsImage *in, VipsImage **ret)
{
    return colour_flatten(in, &work->step->flatten.background, ret);
}

const struct step_kind step_flatten = {
    .streams = step_always_streams,
    .scale_free = step_always,
    .wants = WANTS_COLOUR,
    .apply = apply_flatten,
};
