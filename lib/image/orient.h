/* SPDX-License-Identifier: GPL-2.0-or-later */
/* orient - EXIF's orientations, which are the ways to turn and mirror a picture, and the step auto-orient: turns a
 * picture as its orientation says, and drops the tag. */
#ifndef DARKROOM_IMAGE_ORIENT_H
#define DARKROOM_IMAGE_ORIENT_H

#include "image/engine.h"
#include "image/geometry.h"

enum { ORIENTATION_UPRIGHT = 1, ORIENTATION_END = 9 };

/* Where the sides of an upright picture were before it was turned. */
struct orient_sides {
    bool swapped;     /* its width was the height */
    bool from_right;  /* what was to the right is to the left now, or at the top */
    bool from_bottom; /* what was at the bottom is at the top now, or to the left */
};

struct orient_sides orient_sides(int orientation);

/* The orientation that is made upright by what makes @first upright and then what makes @second upright. */
int orient_then(int first, int second);

/* What @shape becomes: upright. */
struct shape orient_shape(struct shape shape);

/* True when turning @shape needs its rows in another order than they are stored in. */
bool orient_needs_memory(struct shape shape);

/* Turns @in, which is in memory where that is needed. 0 or -1 with libvips' error. */
int orient_apply(VipsImage *in, VipsImage **ret);

#endif
