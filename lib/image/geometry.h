/* SPDX-License-Identifier: GPL-2.0-or-later */
/* geometry - how a picture is brought into Width × Height: pure arithmetic, the same on every machine.
 *
 * Nothing is enlarged unless the box asks for it: what would be is made at its natural size instead. Sizes are rounded
 * to the nearest pixel and are at least 1. */
#ifndef DARKROOM_IMAGE_GEOMETRY_H
#define DARKROOM_IMAGE_GEOMETRY_H

#include "recipe/recipe.h"

#include <stdbool.h>
#include <stdint.h>

enum { GEOMETRY_SHRINK_MAX = 8 }; /* what libjpeg's DCT scaling offers */

struct extent {
    uint32_t width, height;
};

/* A part of a picture. */
struct area {
    uint32_t left, top;
    struct extent extent;
};

/* What an output asks for; 0: free. */
struct box {
    enum fit fit;
    uint32_t width, height;
    enum gravity gravity; /* what stays of a cover, where a contain lies */
    bool enlarge;
};

/* From a picture to an output: scale all of it, keep a window, lay that on a canvas. */
struct placement {
    struct extent scaled;             /* the whole picture, scaled down */
    uint32_t left, top;               /* the window's corner in it */
    struct extent window;             /* what is kept */
    struct extent canvas;             /* the output */
    uint32_t canvas_left, canvas_top; /* the window's corner on it */
    enum gravity
        gravity; /* one of what is in the picture: the window's corner is still to be found; else centre */
};

/* A picture's size, and what has still to be done to see it upright. */
struct shape {
    struct extent extent;
    int orientation; /* EXIF's, 1 to 8; 1: nothing */
};

static inline bool extent_equal(struct extent a, struct extent b)
{
    return a.width == b.width && a.height == b.height;
}

static inline uint64_t extent_area(struct extent extent)
{
    return (uint64_t)extent.width * extent.height;
}

/* The size that @box asks for, enlarged or not: of the scaled picture, or of the box itself where the fit
 * makes outputs of exactly its size. */
struct extent geometry_asked(struct extent source, const struct box *box);

/* True when @box could only be had by enlarging. */
bool geometry_exceeds(struct extent source, const struct box *box);

/* How a picture of @source's size, which is not empty, is brought into @box without enlarging it. */
struct placement geometry_place(struct extent source, const struct box *box);

/* How far from the left, or the top, something lies that has @room to move. Gravities of what is in the picture are
 * the middle. */
uint32_t geometry_left(enum gravity gravity, uint32_t room);
uint32_t geometry_top(enum gravity gravity, uint32_t room);

/* The largest part of @source whose sides are as @across to @down, and the smallest extent with these that has room
 * for it. */
struct extent geometry_largest_part(struct extent source, double across, double down);
struct extent geometry_smallest_room(struct extent source, double across, double down);

/* True when both scale and cut the picture in the same way; their canvases may differ. */
bool placement_same_window(const struct placement *a, const struct placement *b);

/* True when @source, made smaller by @shrink, is at least @margin times @scaled in both directions. */
bool geometry_leaves(struct extent source, unsigned shrink, struct extent scaled, double margin);

/* By how much a decoder may shrink @source while it decodes (1, 2, 4 or 8), so that at least twice @largest in
 * both directions is left for the resampling that follows. */
unsigned geometry_shrink_on_load(struct extent source, struct extent largest);

#endif
