/* SPDX-License-Identifier: GPL-2.0-or-later */
/* geometry - see geometry.h. Whole numbers only: sides are below 2^32 and boxes below 2^16, so every product
 * here, doubled, fits 64 bits. */
#include "image/geometry.h"

enum {
    SHRINK_ON_LOAD_MAX = 8, /* what libjpeg's DCT scaling offers */
    SHRINK_MARGIN = 2,
};

/* @length × @numerator / @denominator, rounded to nearest, at least 1. */
static uint32_t scale(uint32_t length, uint32_t numerator, uint32_t denominator)
{
    uint64_t twice = 2 * (uint64_t)length * numerator + denominator;
    uint64_t scaled = twice / (2 * (uint64_t)denominator);

    if (scaled == 0)
        return 1;
    return scaled < UINT32_MAX ? (uint32_t)scaled : UINT32_MAX;
}

static struct extent scale_to_width(struct extent source, uint32_t width)
{
    return (struct extent){ width, scale(source.height, width, source.width) };
}

static struct extent scale_to_height(struct extent source, uint32_t height)
{
    return (struct extent){ scale(source.width, height, source.height), height };
}

/* Is width / source.width the smaller of the two ratios? */
static bool width_is_tighter(struct extent source, const struct box *box)
{
    return (uint64_t)box->width * source.height <= (uint64_t)box->height * source.width;
}

static struct extent scale_inside(struct extent source, const struct box *box)
{
    return width_is_tighter(source, box) ? scale_to_width(source, box->width)
                                         : scale_to_height(source, box->height);
}

static struct extent scale_outside(struct extent source, const struct box *box)
{
    return width_is_tighter(source, box) ? scale_to_height(source, box->height)
                                         : scale_to_width(source, box->width);
}

static bool has_both_sides(const struct box *box)
{
    return box->width > 0 && box->height > 0;
}

/* With one side or none given, every fit means the same. */
static struct extent scale_to_one_side(struct extent source, const struct box *box)
{
    if (box->width > 0)
        return scale_to_width(source, box->width);
    if (box->height > 0)
        return scale_to_height(source, box->height);
    return source;
}

struct extent geometry_asked(struct extent source, const struct box *box)
{
    if (!has_both_sides(box))
        return scale_to_one_side(source, box);

    switch (box->fit) {
    case FIT_INSIDE:
        return scale_inside(source, box);
    case FIT_OUTSIDE:
        return scale_outside(source, box);
    default:
        return (struct extent){ box->width, box->height };
    }
}

bool geometry_exceeds(struct extent source, const struct box *box)
{
    bool too_wide = box->width > source.width, too_high = box->height > source.height;

    if (!has_both_sides(box))
        return too_wide || too_high;
    if (box->fit == FIT_INSIDE || box->fit == FIT_CONTAIN)
        return too_wide && too_high;
    return too_wide || too_high;
}

static struct placement whole(struct extent scaled)
{
    return (struct placement){ .scaled = scaled, .window = scaled, .canvas = scaled };
}

/* The middle of @scaled. */
static struct placement cut(struct extent scaled, struct extent window)
{
    return (struct placement){
        .scaled = scaled,
        .left = (scaled.width - window.width) / 2,
        .top = (scaled.height - window.height) / 2,
        .window = window,
        .canvas = window,
    };
}

/* The largest part of @source with the proportions of @box. */
static struct extent natural_window(struct extent source, const struct box *box)
{
    struct extent window = source;

    if (width_is_tighter(source, box))
        window.width = scale(box->width, source.height, box->height);
    else
        window.height = scale(box->height, source.width, box->width);
    return window;
}

static struct placement place_cover(struct extent source, const struct box *box)
{
    if (geometry_exceeds(source, box))
        return cut(source, natural_window(source, box));
    return cut(scale_outside(source, box), (struct extent){ box->width, box->height });
}

static struct placement place_contain(struct extent source, const struct box *box)
{
    struct placement placement = whole(geometry_exceeds(source, box) ? source : scale_inside(source, box));

    placement.canvas = (struct extent){ box->width, box->height };
    return placement;
}

static uint32_t smaller(uint32_t a, uint32_t b)
{
    return a < b ? a : b;
}

static struct placement place_fill(struct extent source, const struct box *box)
{
    return whole((struct extent){ smaller(box->width, source.width), smaller(box->height, source.height) });
}

struct placement geometry_place(struct extent source, const struct box *box)
{
    if (has_both_sides(box) && box->fit == FIT_COVER)
        return place_cover(source, box);
    if (has_both_sides(box) && box->fit == FIT_CONTAIN)
        return place_contain(source, box);
    if (has_both_sides(box) && box->fit == FIT_FILL)
        return place_fill(source, box);
    return whole(geometry_exceeds(source, box) ? source : geometry_asked(source, box));
}

bool placement_same_window(const struct placement *a, const struct placement *b)
{
    return extent_equal(a->scaled, b->scaled) && extent_equal(a->window, b->window) && a->left == b->left &&
           a->top == b->top;
}

unsigned geometry_shrink_on_load(struct extent source, struct extent largest)
{
    unsigned shrink = SHRINK_ON_LOAD_MAX;

    while (shrink > 1 && (source.width / shrink < (uint64_t)SHRINK_MARGIN * largest.width ||
                          source.height / shrink < (uint64_t)SHRINK_MARGIN * largest.height))
        shrink /= 2;
    return shrink;
}
