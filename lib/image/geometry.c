/* SPDX-License-Identifier: GPL-2.0-or-later */
/* geometry - see geometry.h. Whole numbers, but for ratios: sides are below 2^32 and boxes below 2^16, so every product
 * here, doubled, fits 64 bits. */
#include "image/geometry.h"

#include <math.h>

enum { SHRINK_MARGIN = 2 };

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

    if (box->enlarge)
        return false;
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

/* Of how many halves of the room something lies from the left and from the top. */
static const struct {
    unsigned left, top;
} halves[GRAVITY_COUNT] = {
    [GRAVITY_CENTRE] = { 1, 1 },     [GRAVITY_NORTH] = { 1, 0 },      [GRAVITY_NORTH_EAST] = { 2, 0 },
    [GRAVITY_EAST] = { 2, 1 },       [GRAVITY_SOUTH_EAST] = { 2, 2 }, [GRAVITY_SOUTH] = { 1, 2 },
    [GRAVITY_SOUTH_WEST] = { 0, 2 }, [GRAVITY_WEST] = { 0, 1 },       [GRAVITY_NORTH_WEST] = { 0, 0 },
    [GRAVITY_ATTENTION] = { 1, 1 },  [GRAVITY_ENTROPY] = { 1, 1 },
};

static uint32_t part(unsigned count, uint32_t room)
{
    return count == 2 ? room : count * (room / 2);
}

uint32_t geometry_left(enum gravity gravity, uint32_t room)
{
    return part(halves[gravity].left, room);
}

uint32_t geometry_top(enum gravity gravity, uint32_t room)
{
    return part(halves[gravity].top, room);
}

static struct placement cut(struct extent scaled, struct extent window, enum gravity gravity)
{
    return (struct placement){
        .scaled = scaled,
        .left = geometry_left(gravity, scaled.width - window.width),
        .top = geometry_top(gravity, scaled.height - window.height),
        .window = window,
        .canvas = window,
        .gravity = gravity >= GRAVITY_POINTS ? gravity : GRAVITY_CENTRE,
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
        return cut(source, natural_window(source, box), box->gravity);
    return cut(scale_outside(source, box), (struct extent){ box->width, box->height }, box->gravity);
}

static struct placement place_contain(struct extent source, const struct box *box)
{
    struct placement placement = whole(geometry_exceeds(source, box) ? source : scale_inside(source, box));

    placement.canvas = (struct extent){ box->width, box->height };
    placement.canvas_left = geometry_left(box->gravity, box->width - placement.window.width);
    placement.canvas_top = geometry_top(box->gravity, box->height - placement.window.height);
    return placement;
}

static uint32_t smaller(uint32_t a, uint32_t b)
{
    return a < b ? a : b;
}

static struct placement place_fill(struct extent source, const struct box *box)
{
    if (box->enlarge)
        return whole((struct extent){ box->width, box->height });
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

static uint32_t rounded(double length)
{
    return length < 1 ? 1 : length >= UINT32_MAX ? UINT32_MAX : (uint32_t)lround(length);
}

struct extent geometry_largest_part(struct extent source, double across, double down)
{
    if (source.width * down > source.height * across)
        return (struct extent){ smaller(rounded(source.height * across / down), source.width),
                                source.height };
    return (struct extent){ source.width, smaller(rounded(source.width * down / across), source.height) };
}

struct extent geometry_smallest_room(struct extent source, double across, double down)
{
    struct extent room = source;

    if (source.width * down > source.height * across)
        room.height = rounded(source.width * down / across);
    else
        room.width = rounded(source.height * across / down);
    return room;
}

bool placement_same_window(const struct placement *a, const struct placement *b)
{
    return extent_equal(a->scaled, b->scaled) && extent_equal(a->window, b->window) && a->left == b->left &&
           a->top == b->top && a->gravity == b->gravity;
}

bool geometry_leaves(struct extent source, unsigned shrink, struct extent scaled, double margin)
{
    return source.width / shrink >= margin * scaled.width && source.height / shrink >= margin * scaled.height;
}

unsigned geometry_shrink_on_load(struct extent source, struct extent largest)
{
    unsigned shrink = GEOMETRY_SHRINK_MAX;

    while (shrink > 1 && !geometry_leaves(source, shrink, largest, SHRINK_MARGIN))
        shrink /= 2;
    return shrink;
}
