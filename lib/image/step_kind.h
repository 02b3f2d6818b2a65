/* SPDX-License-Identifier: GPL-2.0-or-later */
/* step_kind - what the engine knows of an operation: one row each, in the files step_*.c, put together in steps.c.
 *
 * A step is told from the header how large its picture will be; what it has to know of the pixels it finds out once, in
 * the first frame, so that an animation does not flicker; then it is done to each frame. */
#ifndef DARKROOM_IMAGE_STEP_KIND_H
#define DARKROOM_IMAGE_STEP_KIND_H

#include "image/geometry.h"
#include "image/steps.h"

enum { STEP_CHANNELS = 3 };

/* What a step found out. */
struct settled {
    struct area area;
    double low[STEP_CHANNELS], high[STEP_CHANNELS]; /* of each channel, 0 to 1 */
    VipsImage *overlay;                             /* in memory; owned */
};

/* A step at work on a picture. */
struct step_work {
    const struct step *step;
    const struct step_subject *subject;
    struct settled settled;
};

/* What a picture has to be before the step. */
enum step_wants {
    WANTS_ANY,    /* inks, too */
    WANTS_COLOUR, /* grey or RGB */
    WANTS_RGB,
};

struct step_kind {
    /* The size that it makes of a picture of @before's; NULL: the same. */
    struct shape (*shape)(const struct step *step, struct shape before);
    /* Does it work from top to bottom, row by row? NULL: no. */
    bool (*streams)(const struct step *step, struct shape before);
    /* Is what it makes of a smaller picture the same, but smaller? NULL: no. */
    bool (*scale_free)(const struct step *step);
    /* Of steps that only turn and mirror: how, as the EXIF orientation that is made upright in this way. */
    int (*turn)(const struct step *step, struct shape before);
    /* Of steps that only cut: what is left, where that is known without looking at pixels. */
    struct area (*part)(const struct step *step, struct extent before);
    bool unforeseen; /* its size depends on pixels, and is never more than shape() says */
    enum step_wants wants;
    /* Finds out what apply() has to know of the first frame; NULL: nothing. */
    int (*settle)(const struct step_work *work, VipsImage *frame, struct settled *ret);
    /* Does it look at pixels for that, which are then in memory? NULL: no. */
    bool (*looks)(const struct step *step);
    bool keeps; /* what it found out is a picture of the frame's size */
    /* settle() and apply() return 0, or -1 with libvips' error. */
    int (*apply)(const struct step_work *work, VipsImage *in, VipsImage **ret);
};

/* For rows whose answer does not depend on anything. */
bool step_always(const struct step *step);
bool step_always_streams(const struct step *step, struct shape before);

extern const struct step_kind step_auto_orient, step_resize, step_crop, step_rotate, step_flip, step_flop,
    step_trim, step_extend, step_border, step_frame, step_round_corners, step_mask, step_flatten,
    step_sharpen, step_blur, step_median, step_pixelate, step_grey, step_sepia, step_tint, step_duotone,
    step_brightness, step_contrast, step_saturation, step_hue, step_gamma, step_normalise, step_auto_level,
    step_invert, step_watermark, step_text, step_profile, step_depth, step_density;

/* The size of @image. */
static inline struct extent extent_of(const VipsImage *image)
{
    return (struct extent){ (uint32_t)image->Xsize, (uint32_t)image->Ysize };
}

/* @length of a picture of @extent, in whole pixels; at least 1 where it is not 0. */
uint32_t step_pixels(const struct length *length, enum length_of of, struct extent extent);

#endif
