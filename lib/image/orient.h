/* SPDX-License-Identifier: GPL-2.0-or-later */
/* orient - the step auto-orient: turns a picture as its EXIF orientation says, and drops the tag. */
#ifndef DARKROOM_IMAGE_ORIENT_H
#define DARKROOM_IMAGE_ORIENT_H

#include "image/engine.h"
#include "image/geometry.h"

/* A picture's size, and what has still to be done to see it upright. */
struct shape {
    struct extent extent;
    int orientation; /* 1 to 8; 1: nothing */
};

/* What @shape becomes: upright. */
struct shape orient_shape(struct shape shape);

/* True when turning @shape needs its rows in another order than they are stored in. */
bool orient_needs_memory(struct shape shape);

/* Turns @in, which is in memory. 0 or -errno with @error. */
int orient_apply(VipsImage *in, VipsImage **ret, struct error *error);

#endif
