/* SPDX-License-Identifier: GPL-2.0-or-later */
/* step_geometry - the steps that say which pixels there are: auto-orient, resize, crop, rotate, flip, flop, trim. */
#include "base/cleanup.h"
#include "image/alpha.h"
#include "image/blend.h"
#include "image/colour.h"
#include "image/ink.h"
#include "image/orient.h"
#include "image/resize.h"
#include "image/step_kind.h"

#include <math.h>

static struct shape with_extent(struct shape shape, struct extent extent)
{
    shape.extent = extent;
    return shape;
}

static int cut(VipsImage *in, const struct area *area, VipsImage **ret)
{
    return vips_extract_area(in, ret, (int)area->left, (int)area->top, (int)area->extent.width,
                             (int)area->extent.height, NULL);
}

static uint32_t smaller(uint32_t a, uint32_t b)
{
    return a < b ? a : b;
}

/* ---- auto-orient ---- */

static struct shape orient(const struct step *step, struct shape before)
{
    (void)step;
    return orient_shape(before);
}

static bool orient_streams(const struct step *step, struct shape before)
{
    (void)step;
    return !orient_needs_memory(before);
}

static int orient_turn(const struct step *step, struct shape before)
{
    (void)step;
    return before.orientation;
}

static int apply_orient(const struct step_work *work, VipsImage *in, VipsImage **ret)
{
    (void)work;
    return orient_apply(in, ret);
}

const struct step_kind step_auto_orient = {
    .shape = orient,
    .streams = orient_streams,
    .scale_free = step_always,
    .turn = orient_turn,
    .apply = apply_orient,
};

/* ---- resize ---- */

/* The side in pixels; 0: free. */
static uint32_t side_of(const struct length *side, uint32_t whole)
{
    double pixels = side->percent ? side->amount / 100 * whole : side->amount;

    if (side->amount == 0)
        return 0;
    return pixels < 1 ? 1 : pixels > UINT16_MAX ? UINT16_MAX : (uint32_t)lround(pixels);
}

static struct placement place(const struct step *step, struct extent extent)
{
    const struct box box = {
        .fit = (enum fit)step->resize.fit,
        .width = side_of(&step->resize.size.width, extent.width),
        .height = side_of(&step->resize.size.height, extent.height),
        .gravity = (enum gravity)step->resize.gravity,
        .enlarge = step->resize.enlarge,
    };

    return geometry_place(extent, &box);
}

static struct shape resize_shape(const struct step *step, struct shape before)
{
    return with_extent(before, place(step, before.extent).canvas);
}

static int settle_resize(const struct step_work *work, VipsImage *frame, struct settled *ret)
{
    struct placement placement = place(work->step, extent_of(frame));

    if (resize_find_window(frame, natural_size_of(frame), &placement) != 0)
        return -1;
    ret->area = (struct area){ placement.left, placement.top, placement.window };
    return 0;
}

static int apply_resize(const struct step_work *work, VipsImage *in, VipsImage **ret)
{
    struct placement placement = place(work->step, extent_of(in));
    _cleanup_image_ VipsImage *scaled = NULL;

    placement.left = work->settled.area.left;
    placement.top = work->settled.area.top;
    if (resize_scale(in, natural_size_of(in), &placement, &scaled) != 0)
        return -1;
    return resize_pad(scaled, &placement, &work->step->resize.background, ret);
}

static bool resize_looks(const struct step *step)
{
    return step->resize.fit == FIT_COVER && step->resize.gravity >= GRAVITY_POINTS;
}

const struct step_kind step_resize = {
    .shape = resize_shape,
    .wants = WANTS_COLOUR,
    .looks = resize_looks,
    .settle = settle_resize,
    .apply = apply_resize,
};

/* ---- crop ---- */

static struct extent crop_extent(const struct step *step, struct extent extent)
{
    const struct size_value *size = &step->crop.size;

    if (size->ratio)
        return geometry_largest_part(extent, size->width.amount, size->height.amount);
    return (struct extent){ smaller(step_pixels(&size->width, OF_WIDTH, extent), extent.width),
                            smaller(step_pixels(&size->height, OF_HEIGHT, extent), extent.height) };
}

/* @from is from where the gravity is, 0 to @room. */
static uint32_t shifted(uint32_t from, uint32_t shift, uint32_t room)
{
    if (from == room && room > 0)
        return room - smaller(shift, room);
    return smaller(from + shift, room);
}

static struct area crop_area(const struct step *step, struct extent extent)
{
    struct extent part = crop_extent(step, extent);
    uint32_t across = extent.width - part.width, down = extent.height - part.height;
    enum gravity gravity = (enum gravity)step->crop.gravity;

    return (struct area){
        .left = shifted(geometry_left(gravity, across), step_pixels(&step->crop.x, OF_WIDTH, extent), across),
        .top = shifted(geometry_top(gravity, down), step_pixels(&step->crop.y, OF_HEIGHT, extent), down),
        .extent = part,
    };
}

static struct shape crop_shape(const struct step *step, struct shape before)
{
    return with_extent(before, crop_extent(step, before.extent));
}

static bool crop_looks(const struct step *step)
{
    return step->crop.gravity >= GRAVITY_POINTS;
}

static bool crop_streams(const struct step *step, struct shape before)
{
    (void)before;
    return !crop_looks(step);
}

static bool is_relative(const struct length *length)
{
    return length->percent || length->amount == 0;
}

static bool crop_is_scale_free(const struct step *step)
{
    const struct size_value *size = &step->crop.size;

    return (size->ratio || (size->width.percent && size->height.percent)) && is_relative(&step->crop.x) &&
           is_relative(&step->crop.y);
}

static int apply_crop(const struct step_work *work, VipsImage *in, VipsImage **ret)
{
    struct area area = crop_area(work->step, extent_of(in));

    if (crop_looks(work->step))
        area = work->settled.area;
    return cut(in, &area, ret);
}

static int settle_crop(const struct step_work *work, VipsImage *frame, struct settled *ret)
{
    ret->area = crop_area(work->step, extent_of(frame));
    if (!crop_looks(work->step))
        return 0;
    return resize_find_part(frame, ret->area.extent, (enum gravity)work->step->crop.gravity, &ret->area.left,
                            &ret->area.top);
}

const struct step_kind step_crop = {
    .shape = crop_shape,
    .streams = crop_streams,
    .scale_free = crop_is_scale_free,
    .part = crop_area,
    .looks = crop_looks,
    .settle = settle_crop,
    .apply = apply_crop,
};

/* ---- rotate ---- */

enum { QUARTERS = 4 };

static struct extent rotated(struct extent extent, double degrees)
{
    static const double hair = 1e-6; /* what a computed corner may stick out */
    double angle = degrees * M_PI / 180, c = fabs(cos(angle)), s = fabs(sin(angle));

    return (struct extent){ (uint32_t)ceil(extent.width * c + extent.height * s - hair),
                            (uint32_t)ceil(extent.width * s + extent.height * c - hair) };
}

static struct shape rotate_shape(const struct step *step, struct shape before)
{
    int quarters = step_quarters(step);
    struct extent turned = { before.extent.height, before.extent.width };

    if (quarters < 0)
        return with_extent(before, rotated(before.extent, step->rotate.angle));
    return quarters % 2 == 1 ? with_extent(before, turned) : before;
}

static bool rotate_is_scale_free(const struct step *step)
{
    return step_quarters(step) >= 0;
}

static int rotate_turn(const struct step *step, struct shape before)
{
    static const int turns[QUARTERS] = { 1, 6, 3, 8 };
    int quarters = step_quarters(step);

    (void)before;
    return quarters < 0 ? 1 : turns[quarters];
}

/* About the middles of pixels' grids. */
static int rotate_freely(VipsImage *in, double degrees, VipsImage **ret)
{
    double angle = degrees * M_PI / 180, c = cos(angle), s = sin(angle);
    struct extent out = rotated(extent_of(in), degrees);
    VipsArrayInt *area = vips_array_int_newv(4, 0, 0, (int)out.width, (int)out.height);
    VipsInterpolate *interpolate = vips_interpolate_new("bicubic");
    _cleanup_image_ VipsImage *with_alpha = NULL, *turned = NULL;
    int r = alpha_ensure(in, &with_alpha);

    if (r == 0)
        r = vips_affine(with_alpha, &turned, c, -s, s, c, "oarea", area, "interpolate", interpolate, "idx",
                        -(in->Xsize - 1) / 2.0, "idy", -(in->Ysize - 1) / 2.0, "odx", (out.width - 1) / 2.0,
                        "ody", (out.height - 1) / 2.0, "extend", VIPS_EXTEND_BACKGROUND, NULL);
    if (r == 0)
        r = vips_cast(turned, ret, in->BandFmt, NULL);
    g_object_unref(interpolate);
    vips_area_unref(VIPS_AREA(area));
    return r;
}

static int apply_rotate(const struct step_work *work, VipsImage *in, VipsImage **ret)
{
    static const VipsAngle angles[QUARTERS] = { VIPS_ANGLE_D0, VIPS_ANGLE_D90, VIPS_ANGLE_D180,
                                                VIPS_ANGLE_D270 };
    const struct colour *background = &work->step->rotate.background;
    _cleanup_image_ VipsImage *coloured = NULL, *turned = NULL;
    int quarters = step_quarters(work->step);

    if (quarters >= 0)
        return vips_rot(in, ret, angles[quarters], NULL);
    if (colour_to_rgb(in, &coloured) != 0 || rotate_freely(coloured, work->step->rotate.angle, &turned) != 0)
        return -1;
    return blend_on_colour(turned, background, ret);
}

const struct step_kind step_rotate = {
    .shape = rotate_shape,
    .scale_free = rotate_is_scale_free,
    .turn = rotate_turn,
    .apply = apply_rotate,
};

/* ---- flip and flop ---- */

static int flip_turn(const struct step *step, struct shape before)
{
    (void)step;
    (void)before;
    return 4;
}

static int flop_turn(const struct step *step, struct shape before)
{
    (void)step;
    (void)before;
    return 2;
}

static int apply_flip(const struct step_work *work, VipsImage *in, VipsImage **ret)
{
    (void)work;
    return vips_flip(in, ret, VIPS_DIRECTION_VERTICAL, NULL);
}

static int apply_flop(const struct step_work *work, VipsImage *in, VipsImage **ret)
{
    (void)work;
    return vips_flip(in, ret, VIPS_DIRECTION_HORIZONTAL, NULL);
}

const struct step_kind step_flip = { .scale_free = step_always, .turn = flip_turn, .apply = apply_flip };

const struct step_kind step_flop = {
    .streams = step_always_streams,
    .scale_free = step_always,
    .turn = flop_turn,
    .apply = apply_flop,
};

/* ---- trim ---- */

enum { LOOKED_AT = 3 }; /* pixels: libvips takes the middle of as many each way */

/* What the edges are looked for in, and what they are like. */
static int trim_sample(VipsImage *frame, VipsImage **ret, VipsArrayDouble **ret_edge)
{
    double *pixel = NULL;
    int count, r;

    if (vips_getpoint(frame, &pixel, &count, 0, 0, NULL) != 0)
        return -1;
    if (vips_image_hasalpha(frame) && pixel[count - 1] == 0) {
        *ret_edge = vips_array_double_newv(1, 0.0); /* whatever cannot be seen */
        r = vips_extract_band(frame, ret, count - 1, NULL);
    } else {
        /* What can be seen through is looked for on a ground of the same colour. */
        *ret_edge = vips_array_double_new(pixel, vips_image_hasalpha(frame) ? count - 1 : count);
        r = vips_copy(frame, ret, NULL);
    }
    g_free(pixel);
    return r;
}

static void widen(uint32_t *start, uint32_t *length, uint32_t by, uint32_t whole)
{
    uint32_t end = *start + *length;

    *start -= smaller(by, *start);
    *length = smaller(end + smaller(by, whole), whole) - *start;
}

/* Something that is of one colour has no edges. */
static int settle_trim(const struct step_work *work, VipsImage *frame, struct settled *ret)
{
    double threshold = work->step->trim.threshold / 100 * alpha_max(frame);
    struct extent whole = extent_of(frame);
    uint32_t margin = step_pixels(&work->step->trim.margin, OF_SHORTER_SIDE, whole);
    _cleanup_image_ VipsImage *sample = NULL;
    VipsArrayDouble *edge = NULL;
    int left = 0, top = 0, width = 0, height = 0, r;

    ret->area = (struct area){ 0, 0, whole };
    if (whole.width < LOOKED_AT || whole.height < LOOKED_AT)
        return 0;
    r = trim_sample(frame, &sample, &edge);
    if (r == 0)
        r = vips_find_trim(sample, &left, &top, &width, &height, "threshold", threshold, "background", edge,
                           NULL);
    if (edge)
        vips_area_unref(VIPS_AREA(edge));
    if (r != 0)
        return -1;

    if (width > 0 && height > 0)
        ret->area = (struct area){ (uint32_t)left, (uint32_t)top, { (uint32_t)width, (uint32_t)height } };
    widen(&ret->area.left, &ret->area.extent.width, margin, whole.width);
    widen(&ret->area.top, &ret->area.extent.height, margin, whole.height);
    return 0;
}

static int apply_trim(const struct step_work *work, VipsImage *in, VipsImage **ret)
{
    return cut(in, &work->settled.area, ret);
}

const struct step_kind step_trim = {
    .unforeseen = true,
    .wants = WANTS_COLOUR,
    .looks = step_always,
    .settle = settle_trim,
    .apply = apply_trim,
};
