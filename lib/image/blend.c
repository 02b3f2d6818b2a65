/* SPDX-License-Identifier: GPL-2.0-or-later */
/* blend - see blend.h. Where the two meet is computed pixel by pixel, when it is asked for. */
#include "image/blend.h"

#include "base/cleanup.h"
#include "image/alpha.h"
#include "image/colour.h"
#include "image/depth.h"
#include "image/ink.h"

#include <stdlib.h>
#include <string.h>

enum { OPAQUE = 255 };

/* What the work on a region has to know; lives as long as the picture that comes out. */
struct blending {
    VipsImage *inputs[3]; /* base, over, NULL */
    VipsRect where;       /* of @over on @base */
    int colours;
    bool base_alpha;
    double max; /* an opaque pixel's alpha */
};

/* One pixel: @over on @base, written to @base. */
static void blend_values(const struct blending *blending, double *base, const double *over)
{
    int colours = blending->colours;
    double top = over[colours] / blending->max;
    double below = (blending->base_alpha ? base[colours] / blending->max : 1) * (1 - top), sum = top + below;

    for (int i = 0; i < colours && sum > 0; i++)
        base[i] = (over[i] * top + base[i] * below) / sum;
    if (blending->base_alpha)
        base[colours] = sum * blending->max;
}

static void load_8(const uint8_t *from, double *to, int count)
{
    for (int i = 0; i < count; i++)
        to[i] = from[i];
}

static void load_16(const uint16_t *from, double *to, int count)
{
    for (int i = 0; i < count; i++)
        to[i] = from[i];
}

static void blend_row(const struct blending *blending, bool deep, void *base, const void *over, int pixels)
{
    static const double half = 0.5;
    int over_bands = blending->colours + 1, base_bands = blending->colours + (blending->base_alpha ? 1 : 0);
    double below[INK_VALUES_MAX], top[INK_VALUES_MAX];

    for (int x = 0; x < pixels; x++) {
        if (deep) {
            load_16((const uint16_t *)over + x * over_bands, top, over_bands);
            load_16((const uint16_t *)base + x * base_bands, below, base_bands);
        } else {
            load_8((const uint8_t *)over + x * over_bands, top, over_bands);
            load_8((const uint8_t *)base + x * base_bands, below, base_bands);
        }
        if (top[blending->colours] == 0)
            continue;
        blend_values(blending, below, top);
        for (int i = 0; i < base_bands; i++)
            if (deep)
                ((uint16_t *)base)[x * base_bands + i] = (uint16_t)(below[i] + half);
            else
                ((uint8_t *)base)[x * base_bands + i] = (uint8_t)(below[i] + half);
    }
}

static int blend_region(VipsRegion *to, void *sequence, void *inputs, void *argument, gboolean *stop)
{
    VipsRegion **from = sequence;
    const struct blending *blending = argument;
    const VipsRect *area = &to->valid;
    VipsRect common, inside;

    (void)inputs;
    (void)stop;
    vips_rect_intersectrect(area, &blending->where, &common);
    if (vips_region_prepare(from[0], area) != 0)
        return -1;
    vips_region_copy(from[0], to, area, area->left, area->top);
    if (vips_rect_isempty(&common))
        return 0;

    inside = common;
    inside.left -= blending->where.left;
    inside.top -= blending->where.top;
    if (vips_region_prepare(from[1], &inside) != 0)
        return -1;
    for (int y = 0; y < common.height; y++)
        blend_row(blending, to->im->BandFmt == VIPS_FORMAT_USHORT,
                  VIPS_REGION_ADDR(to, common.left, common.top + y),
                  VIPS_REGION_ADDR(from[1], inside.left, inside.top + y), common.width);
    return 0;
}

static void release_blending(VipsImage *image, void *argument)
{
    struct blending *blending = argument;

    (void)image;
    g_object_unref(blending->inputs[0]);
    g_object_unref(blending->inputs[1]);
    free(blending);
}

static struct blending *attach(VipsImage *out, VipsImage *base, VipsImage *over, int left, int top)
{
    struct blending *blending = malloc(sizeof *blending);

    if (!blending) {
        vips_error("darkroom", "no memory to lay one picture over another");
        return NULL;
    }
    *blending = (struct blending){
        .inputs = { g_object_ref(base), g_object_ref(over), NULL },
        .where = { left, top, over->Xsize, over->Ysize },
        .colours = over->Bands - 1,
        .base_alpha = vips_image_hasalpha(base),
        .max = alpha_max(base),
    };
    g_signal_connect(out, "postclose", G_CALLBACK(release_blending), blending);
    return blending;
}

static bool are_alike(const VipsImage *base, VipsImage *over)
{
    int alpha = vips_image_hasalpha((VipsImage *)base) ? 1 : 0;

    return vips_image_hasalpha(over) && over->BandFmt == base->BandFmt &&
           base->Bands - alpha == over->Bands - 1 && over->Bands <= INK_VALUES_MAX;
}

int blend_over(VipsImage *base, VipsImage *over, int left, int top, VipsImage **ret)
{
    _cleanup_image_ VipsImage *out = vips_image_new();
    struct blending *blending;

    if (!are_alike(base, over)) {
        vips_error("darkroom", "pictures of different kinds cannot be laid over each other");
        return -1;
    }
    blending = attach(out, base, over, left, top);
    if (!blending || vips_image_pipeline_array(out, VIPS_DEMAND_STYLE_THINSTRIP, blending->inputs) != 0 ||
        vips_image_generate(out, vips_start_many, blend_region, vips_stop_many, blending->inputs, blending) !=
            0)
        return -1;
    *ret = take_ptr(out);
    return 0;
}

/* A picture of nothing but @colour, of the size and kind of @like. */
static int ground(VipsImage *like, const struct colour *colour, VipsImage **ret)
{
    _cleanup_image_ VipsImage *black = NULL, *plain = NULL, *typed = NULL;
    struct ink ink;

    if (ink_of(colour, like, &ink) != 0 ||
        vips_black(&black, like->Xsize, like->Ysize, "bands", like->Bands, NULL) != 0)
        return -1;
    if (vips_linear(black, &plain, (double[INK_VALUES_MAX]){ 0 }, ink.values, like->Bands, NULL) != 0 ||
        depth_round(plain, like->BandFmt, &typed) != 0)
        return -1;
    return vips_copy(typed, ret, "interpretation", like->Type, NULL);
}

int blend_on_colour(VipsImage *in, const struct colour *colour, VipsImage **ret)
{
    _cleanup_image_ VipsImage *prepared = NULL, *below = NULL;

    if (colour->alpha == 0 || !vips_image_hasalpha(in))
        return vips_copy(in, ret, NULL);
    if (colour->alpha == OPAQUE)
        return colour_flatten(in, colour, ret);
    if (ink_prepare(in, colour, &prepared) != 0 || ground(prepared, colour, &below) != 0)
        return -1;
    return blend_over(below, prepared, 0, 0, ret);
}
