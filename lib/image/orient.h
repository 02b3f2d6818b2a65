/* SPDX-License-Identifier: GPL-2.0-or-later */
/* orient - the step auto-orient: turns a picture as its EXIF orientation says, and drops the tag. */
#ifndef DARKROOM_IMAGE_ORIENT_H
#define DARKROOM_IMAGE_ORIENT_H

#include "image/engine.h"
#include "image/geometry.h"

/* What @shape becomes: upright. */
struct shape orient_shape(struct shape shape);

/* True when turning @shape needs its rows in another order than they are stored in. */
bool orient_needs_memory(struct shape shape);

/* Turns @in, which is in memory where that is needed. 0 or -1 with libvips' error. */
int orient_apply(VipsImage *in, VipsImage **ret);

#endif
