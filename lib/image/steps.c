/* SPDX-License-Identifier: GPL-2.0-or-later */
/* steps - see steps.h. */
#include "image/steps.h"

#include "image/colour.h"
#include "image/frames.h"
#include "image/step_kind.h"
#include "recipe/op_table.h"

#include <math.h>
#include <stdio.h>

static const struct step_kind *const kinds[OP_COUNT] = {
    [OP_AUTO_ORIENT] = &step_auto_orient,
    [OP_RESIZE] = &step_resize,
    [OP_CROP] = &step_crop,
    [OP_ROTATE] = &step_rotate,
    [OP_FLIP] = &step_flip,
    [OP_FLOP] = &step_flop,
    [OP_TRIM] = &step_trim,
    [OP_EXTEND] = &step_extend,
    [OP_BORDER] = &step_border,
    [OP_FRAME] = &step_frame,
    [OP_ROUND_CORNERS] = &step_round_corners,
    [OP_MASK] = &step_mask,
    [OP_FLATTEN] = &step_flatten,
    [OP_SHARPEN] = &step_sharpen,
    [OP_BLUR] = &step_blur,
    [OP_MEDIAN] = &step_median,
    [OP_PIXELATE] = &step_pixelate,
    [OP_GREY] = &step_grey,
    [OP_SEPIA] = &step_sepia,
    [OP_TINT] = &step_tint,
    [OP_DUOTONE] = &step_duotone,
    [OP_BRIGHTNESS] = &step_brightness,
    [OP_CONTRAST] = &step_contrast,
    [OP_SATURATION] = &step_saturation,
    [OP_HUE] = &step_hue,
    [OP_GAMMA] = &step_gamma,
    [OP_NORMALISE] = &step_normalise,
    [OP_AUTO_LEVEL] = &step_auto_level,
    [OP_INVERT] = &step_invert,
    [OP_WATERMARK] = &step_watermark,
    [OP_TEXT] = &step_text,
    [OP_PROFILE] = &step_profile,
    [OP_DEPTH] = &step_depth,
    [OP_DENSITY] = &step_density,
};

static const struct step_kind *kind_at(const struct step_list *steps, size_t index)
{
    return kinds[steps->list[index].op];
}

static struct shape shape_after(const struct step_list *steps, size_t index, struct shape before)
{
    const struct step_kind *kind = kind_at(steps, index);

    return kind->shape ? kind->shape(&steps->list[index], before) : before;
}

struct shape steps_shape(const struct step_list *steps, struct shape before)
{
    for (size_t i = 0; i < steps->count; i++)
        before = shape_after(steps, i, before);
    return before;
}

uint64_t steps_largest_area(const struct step_list *steps, struct shape before)
{
    uint64_t largest = extent_area(before.extent);

    for (size_t i = 0; i < steps->count; i++) {
        before = shape_after(steps, i, before);
        if (extent_area(before.extent) > largest)
            largest = extent_area(before.extent);
    }
    return largest;
}

bool steps_are_work(const struct step_list *steps)
{
    for (size_t i = 0; i < steps->count; i++)
        if (steps->list[i].op != OP_AUTO_ORIENT)
            return true;
    return false;
}

unsigned steps_pictures_held(const struct step_list *steps)
{
    unsigned count = steps_are_work(steps) ? 1 : 0;

    for (size_t i = 0; i < steps->count; i++) {
        const struct step_kind *kind = kind_at(steps, i);

        count += kind->keeps || (kind->looks && kind->looks(&steps->list[i]));
    }
    return count;
}

/* What is not opaque among the colours that a step fills with, and shapes that are cut out. */
static bool adds_alpha(const struct step *step)
{
    const struct op_info *info = op_info(step->op);

    if (step->op == OP_MASK || step->op == OP_ROUND_CORNERS)
        return true;
    if (step->op == OP_TEXT || step->op == OP_WATERMARK)
        return false; /* their colours are laid over the picture */
    for (size_t i = 0; i < info->arg_count; i++)
        if (info->args[i].rule.kind == VALUE_COLOUR &&
            ((const struct colour *)((const char *)step + info->args[i].offset))->alpha < UINT8_MAX)
            return true;
    return false;
}

bool steps_add_alpha(const struct step_list *steps)
{
    for (size_t i = 0; i < steps->count; i++)
        if (adds_alpha(&steps->list[i]))
            return true;
    return false;
}

bool steps_need_memory(const struct step_list *steps, struct shape before)
{
    for (size_t i = 0; i < steps->count; i++) {
        const struct step_kind *kind = kind_at(steps, i);

        if (!kind->streams || !kind->streams(&steps->list[i], before))
            return true;
        before = shape_after(steps, i, before);
    }
    return false;
}

bool steps_are_scale_free(const struct step_list *steps)
{
    for (size_t i = 0; i < steps->count; i++)
        if (!kind_at(steps, i)->scale_free || !kind_at(steps, i)->scale_free(&steps->list[i]))
            return false;
    return true;
}

static bool is_in_pixels(const struct length *length)
{
    return length->amount > 0 && !length->percent;
}

/* A place or a size in the picture. Numbers of pixels (sharpen's radius) are none. */
static bool counts_pixels(const struct op_arg *arg, const struct step *step)
{
    const void *value = (const char *)step + arg->offset;
    const struct size_value *size = value;

    if (arg->rule.kind == VALUE_LENGTH)
        return is_in_pixels(value);
    return arg->rule.kind == VALUE_SIZE && !size->ratio &&
           (is_in_pixels(&size->width) || is_in_pixels(&size->height));
}

static bool is_relative(const struct step *step)
{
    const struct op_info *info = op_info(step->op);

    for (size_t i = 0; i < info->arg_count; i++)
        if (counts_pixels(&info->args[i], step))
            return false;
    return true;
}

bool steps_are_relative(const struct step_list *steps)
{
    for (size_t i = 0; i < steps->count; i++)
        if (!is_relative(&steps->list[i]))
            return false;
    return true;
}

bool steps_are_foreseen(const struct step_list *steps)
{
    for (size_t i = 0; i < steps->count; i++)
        if (kind_at(steps, i)->unforeseen)
            return false;
    return true;
}

static void move_by(const struct step_list *steps, size_t index, struct move *move)
{
    const struct step_kind *kind = kind_at(steps, index);
    const struct step *step = &steps->list[index];
    struct shape before = move_shape(move);
    struct area part;

    if (kind->turn)
        move_turn(move, kind->turn(step, before));
    if (kind->part) {
        part = kind->part(step, before.extent);
        move_cut(move, &part);
    }
    move->orientation = shape_after(steps, index, before).orientation;
}

void steps_move(const struct step_list *steps, struct move *move)
{
    for (size_t i = 0; i < steps->count; i++)
        move_by(steps, i, move);
}

/* Work on a picture. */

static int prepare(const struct step_kind *kind, VipsImage *frame, VipsImage **ret)
{
    _cleanup_image_ VipsImage *coloured = NULL, *usable = NULL;

    if (kind->wants == WANTS_ANY)
        return vips_copy(frame, ret, NULL);
    if (colour_to_rgb(frame, &coloured) != 0)
        return -1;
    if (kind->wants == WANTS_COLOUR)
        return vips_copy(coloured, ret, NULL);
    return colour_to_usable(coloured, &usable) != 0 ? -1 : colour_to_three(usable, ret);
}

/* Where pixels are looked at, what was to be done before is done once. */
static int settle(struct step_work *work, const struct step_kind *kind, VipsImage **image)
{
    _cleanup_image_ VipsImage *first = NULL, *prepared = NULL;
    VipsImage *copy;

    if (!kind->settle)
        return 0;
    if (kind->looks && kind->looks(work->step)) {
        copy = vips_image_copy_memory(*image);
        if (!copy)
            return -1;
        image_replace(image, copy);
    }
    if (frames_first(*image, &first) != 0 || prepare(kind, first, &prepared) != 0)
        return -1;
    return kind->settle(work, prepared, &work->settled);
}

static int work_on(VipsImage *frame, const void *context, VipsImage **ret)
{
    const struct step_work *work = context;
    const struct step_kind *kind = kinds[work->step->op];
    _cleanup_image_ VipsImage *prepared = NULL;

    if (prepare(kind, frame, &prepared) != 0)
        return -1;
    return kind->apply(work, prepared, ret);
}

static int apply(struct step_work *work, VipsImage **image)
{
    VipsImage *after = NULL;

    if (settle(work, kinds[work->step->op], image) != 0 || frames_apply(*image, work_on, work, &after) != 0)
        return -1;
    image_replace(image, after);
    return 0;
}

static int apply_error(const struct step *step, struct error *error)
{
    char what[64];

    snprintf(what, sizeof what, "the step %s cannot be done", op_info(step->op)->name);
    return engine_error(error, CLASS_PERMANENT, STAGE_RENDER, what);
}

int steps_apply(const struct step_list *steps, const struct step_subject *subject, VipsImage **image,
                struct error *error)
{
    for (size_t i = 0; i < steps->count; i++) {
        struct step_work work = { .step = &steps->list[i], .subject = subject };
        int r = apply(&work, image);

        image_unrefp(&work.settled.overlay);
        if (r != 0)
            return apply_error(work.step, error);
    }
    return 0;
}

/* For the rows. */

bool step_always(const struct step *step)
{
    (void)step;
    return true;
}

bool step_always_streams(const struct step *step, struct shape before)
{
    (void)step;
    (void)before;
    return true;
}

uint32_t step_pixels(const struct length *length, enum length_of of, struct extent extent)
{
    double pixels = value_pixels(length, of, extent.width, extent.height);

    if (length->amount == 0)
        return 0;
    return pixels < 1 ? 1 : pixels > INT32_MAX ? INT32_MAX : (uint32_t)lround(pixels);
}
