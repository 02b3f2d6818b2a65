/* SPDX-License-Identifier: GPL-2.0-or-later */
/* step_colour - the steps that give each pixel another colour, by what colour it has.
 *
 * What brightness, contrast, saturation, hue and sepia mean is what they mean in a browser: W3C, Filter Effects Module
 * Level 1, chapters 9 and 13.1. */
#include "base/cleanup.h"
#include "image/alpha.h"
#include "image/colour.h"
#include "image/curve.h"
#include "image/depth.h"
#include "image/ink.h"
#include "image/mix.h"
#include "image/step_kind.h"

#include <math.h>
#include <stdlib.h>

#define POINTWISE .streams = step_always_streams, .scale_free = step_always

static double fraction(double percent)
{
    return percent / 100;
}

/* ---- curves ---- */

static double brighten(double x, int channel, const void *context)
{
    const struct step *step = context;

    (void)channel;
    return x * fraction(step->amount.amount);
}

static double contrast(double x, int channel, const void *context)
{
    static const double middle = 0.5;
    const struct step *step = context;

    (void)channel;
    return (x - middle) * fraction(step->amount.amount) + middle;
}

static double gamma_curve(double x, int channel, const void *context)
{
    const struct step *step = context;

    (void)channel;
    return pow(x, 1 / step->amount.amount);
}

static double invert(double x, int channel, const void *context)
{
    (void)channel;
    (void)context;
    return 1 - x;
}

static int apply_brightness(const struct step_work *work, VipsImage *in, VipsImage **ret)
{
    return curve_apply(in, brighten, work->step, ret);
}

static int apply_contrast(const struct step_work *work, VipsImage *in, VipsImage **ret)
{
    return curve_apply(in, contrast, work->step, ret);
}

static int apply_gamma(const struct step_work *work, VipsImage *in, VipsImage **ret)
{
    return curve_apply(in, gamma_curve, work->step, ret);
}

static int apply_invert(const struct step_work *work, VipsImage *in, VipsImage **ret)
{
    return curve_apply(in, invert, work->step, ret);
}

const struct step_kind step_brightness = { POINTWISE, .wants = WANTS_COLOUR, .apply = apply_brightness };
const struct step_kind step_contrast = { POINTWISE, .wants = WANTS_COLOUR, .apply = apply_contrast };
const struct step_kind step_gamma = { POINTWISE, .wants = WANTS_COLOUR, .apply = apply_gamma };
const struct step_kind step_invert = { POINTWISE, .wants = WANTS_COLOUR, .apply = apply_invert };

/* ---- stretching ---- */

/* How many pixels have each value. */
struct counts {
    VipsImage *image; /* one row, bands of unsigned int */
    const unsigned *list;
    int values, bands;
};

static void counts_release(struct counts *counts)
{
    image_unrefp(&counts->image);
}

static int count_values(VipsImage *in, struct counts *ret)
{
    _cleanup_image_ VipsImage *histogram = NULL, *whole = NULL;

    if (vips_hist_find(in, &histogram, NULL) != 0 || vips_cast_uint(histogram, &whole, NULL) != 0)
        return -1;
    ret->image = vips_image_copy_memory(whole);
    if (!ret->image)
        return -1;
    ret->list = (const unsigned *)VIPS_IMAGE_ADDR(ret->image, 0, 0);
    ret->values = ret->image->Xsize;
    ret->bands = ret->image->Bands;
    return 0;
}

/* Which value at most @part of the pixels is below (or, from the other end, above). */
static int end_of(const struct counts *counts, int band, double part, bool upper)
{
    double all = 0, passed = 0;
    int last = counts->values - 1;

    for (int i = 0; i < counts->values; i++)
        all += counts->list[i * counts->bands + band];
    for (int i = 0; i < last; i++) {
        int value = upper ? last - i : i;

        passed += counts->list[value * counts->bands + band];
        if (passed > part * all)
            return value;
    }
    return upper ? 0 : last;
}

/* Finds the ends of each band of @in; one band stands for all. What has one value only stays. */
static int find_ends(VipsImage *in, double clip, struct settled *ret)
{
    _cleanup_(counts_release) struct counts counts = { 0 };
    double max = alpha_max(in);

    if (count_values(in, &counts) != 0)
        return -1;
    for (int i = 0; i < STEP_CHANNELS; i++) {
        int band = i < counts.bands ? i : 0;

        ret->low[i] = end_of(&counts, band, clip, false) / max;
        ret->high[i] = end_of(&counts, band, clip, true) / max;
        if (ret->low[i] >= ret->high[i]) {
            ret->low[i] = 0;
            ret->high[i] = 1;
        }
    }
    return 0;
}

static int settle_normalise(const struct step_work *work, VipsImage *frame, struct settled *ret)
{
    _cleanup_image_ VipsImage *luma = NULL;

    if (mix_luma(frame, &luma) != 0)
        return -1;
    return find_ends(luma, fraction(work->step->stretch.clip), ret);
}

static int settle_auto_level(const struct step_work *work, VipsImage *frame, struct settled *ret)
{
    _cleanup_image_ VipsImage *colours = NULL, *alpha = NULL;

    if (alpha_split(frame, &colours, &alpha) != 0)
        return -1;
    return find_ends(colours, fraction(work->step->stretch.clip), ret);
}

static double stretch(double x, int channel, const void *context)
{
    const struct settled *settled = context;

    return (x - settled->low[channel]) / (settled->high[channel] - settled->low[channel]);
}

static int apply_stretch(const struct step_work *work, VipsImage *in, VipsImage **ret)
{
    return curve_apply(in, stretch, &work->settled, ret);
}

const struct step_kind step_normalise = {
    .scale_free = step_always,
    .wants = WANTS_COLOUR,
    .settle = settle_normalise,
    .looks = step_always,
    .apply = apply_stretch,
};

const struct step_kind step_auto_level = {
    .scale_free = step_always,
    .wants = WANTS_COLOUR,
    .settle = settle_auto_level,
    .looks = step_always,
    .apply = apply_stretch,
};

/* ---- mixing ---- */

static struct mix saturation_mix(double s)
{
    return (struct mix){ {
        { 0.213 + 0.787 * s, 0.715 - 0.715 * s, 0.072 - 0.072 * s },
        { 0.213 - 0.213 * s, 0.715 + 0.285 * s, 0.072 - 0.072 * s },
        { 0.213 - 0.213 * s, 0.715 - 0.715 * s, 0.072 + 0.928 * s },
    } };
}

static struct mix hue_mix(double degrees)
{
    double angle = degrees * M_PI / 180, c = cos(angle), s = sin(angle);

    return (struct mix){ {
        { 0.213 + c * 0.787 - s * 0.213, 0.715 - c * 0.715 - s * 0.715, 0.072 - c * 0.072 + s * 0.928 },
        { 0.213 - c * 0.213 + s * 0.143, 0.715 + c * 0.285 + s * 0.140, 0.072 - c * 0.072 - s * 0.283 },
        { 0.213 - c * 0.213 - s * 0.787, 0.715 - c * 0.715 + s * 0.715, 0.072 + c * 0.928 + s * 0.072 },
    } };
}

static struct mix sepia_mix(double amount)
{
    double rest = 1 - amount;

    return (struct mix){ {
        { 0.393 + 0.607 * rest, 0.769 - 0.769 * rest, 0.189 - 0.189 * rest },
        { 0.349 - 0.349 * rest, 0.686 + 0.314 * rest, 0.168 - 0.168 * rest },
        { 0.272 - 0.272 * rest, 0.534 - 0.534 * rest, 0.131 + 0.869 * rest },
    } };
}

static int apply_saturation(const struct step_work *work, VipsImage *in, VipsImage **ret)
{
    struct mix mix = saturation_mix(fraction(work->step->amount.amount));

    return mix_apply(in, &mix, ret);
}

static int apply_hue(const struct step_work *work, VipsImage *in, VipsImage **ret)
{
    struct mix mix = hue_mix(work->step->amount.amount);

    return mix_apply(in, &mix, ret);
}

static int apply_sepia(const struct step_work *work, VipsImage *in, VipsImage **ret)
{
    struct mix mix = sepia_mix(fraction(work->step->amount.amount));

    return mix_apply(in, &mix, ret);
}

const struct step_kind step_saturation = { POINTWISE, .wants = WANTS_RGB, .apply = apply_saturation };
const struct step_kind step_hue = { POINTWISE, .wants = WANTS_RGB, .apply = apply_hue };
const struct step_kind step_sepia = { POINTWISE, .wants = WANTS_RGB, .apply = apply_sepia };

/* ---- tones ---- */

static int apply_grey(const struct step_work *work, VipsImage *in, VipsImage **ret)
{
    _cleanup_image_ VipsImage *colours = NULL, *alpha = NULL, *grey = NULL;

    (void)work;
    if (alpha_split(in, &colours, &alpha) != 0 || colour_to_grey(colours, &grey) != 0)
        return -1;
    return alpha_join(grey, alpha, ret);
}

const struct step_kind step_grey = { POINTWISE, .wants = WANTS_COLOUR, .apply = apply_grey };

/* Colours for black, for the middle and for white; values from 0 to 1. */
struct ramp {
    double dark[STEP_CHANNELS], middle[STEP_CHANNELS], light[STEP_CHANNELS];
};

static double along(double x, int channel, const void *context)
{
    const struct ramp *ramp = context;
    double dark = ramp->dark[channel], middle = ramp->middle[channel], light = ramp->light[channel];

    return x < 0.5 ? dark + (middle - dark) * 2 * x : middle + (light - middle) * (2 * x - 1);
}

static int end_values(const struct colour *colour, VipsImage *like, double *ret)
{
    struct ink ink;

    if (ink_of(colour, like, &ink) != 0)
        return -1;
    for (int i = 0; i < STEP_CHANNELS; i++)
        ret[i] = ink.values[i] / alpha_max(like);
    return 0;
}

/* @amount (0 to 1) of the ramp, by the luma of @in, and the rest of @in. */
static int lay_ramp(VipsImage *in, const struct ramp *ramp, double amount, VipsImage **ret)
{
    _cleanup_image_ VipsImage *colours = NULL, *alpha = NULL, *luma = NULL, *tones = NULL, *part = NULL,
                              *rest = NULL, *sum = NULL, *rounded = NULL, *typed = NULL;

    if (alpha_split(in, &colours, &alpha) != 0 || mix_luma(colours, &luma) != 0 ||
        curve_spread(luma, STEP_CHANNELS, along, ramp, &tones) != 0 ||
        vips_linear1(tones, &part, amount, 0, NULL) != 0 ||
        vips_linear1(colours, &rest, 1 - amount, 0, NULL) != 0 || vips_add(rest, part, &sum, NULL) != 0 ||
        depth_round(sum, in->BandFmt, &rounded) != 0 ||
        vips_copy(rounded, &typed, "interpretation", in->Type, NULL) != 0)
        return -1;
    return alpha_join(typed, alpha, ret);
}

static int apply_tint(const struct step_work *work, VipsImage *in, VipsImage **ret)
{
    struct ramp ramp;

    if (end_values(&colour_black, in, ramp.dark) != 0 ||
        end_values(&work->step->tint.colour, in, ramp.middle) != 0 ||
        end_values(&colour_white, in, ramp.light) != 0)
        return -1;
    return lay_ramp(in, &ramp, fraction(work->step->tint.amount), ret);
}

static int apply_duotone(const struct step_work *work, VipsImage *in, VipsImage **ret)
{
    struct ramp ramp;

    if (end_values(&work->step->duotone.dark, in, ramp.dark) != 0 ||
        end_values(&work->step->duotone.light, in, ramp.light) != 0)
        return -1;
    for (int i = 0; i < STEP_CHANNELS; i++)
        ramp.middle[i] = (ramp.dark[i] + ramp.light[i]) / 2;
    return lay_ramp(in, &ramp, 1, ret);
}

const struct step_kind step_tint = { POINTWISE, .wants = WANTS_RGB, .apply = apply_tint };
const struct step_kind step_duotone = { POINTWISE, .wants = WANTS_RGB, .apply = apply_duotone };
