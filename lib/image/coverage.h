/* SPDX-License-Identifier: GPL-2.0-or-later */
/* coverage - how much of each pixel lies inside a shape that is as large as the picture. */
#ifndef DARKROOM_IMAGE_COVERAGE_H
#define DARKROOM_IMAGE_COVERAGE_H

#include "image/engine.h"

#include <stdbool.h>

enum coverage_shape {
    COVERAGE_ROUNDED, /* all but the corners */
    COVERAGE_ELLIPSE,
    COVERAGE_CIRCLE,  /* in the middle */
    COVERAGE_DIAMOND, /* from the middle of each side to that of the next */
};

struct coverage {
    enum coverage_shape shape;
    double radius; /* pixels, of the corners; at most half of the shorter side counts */
    bool invert;   /* all else */
};

/* One channel of 8 bits: 255 inside, 0 outside, and what is between on the edge. NULL with libvips' error when memory is
 * out. The caller unreferences. */
VipsImage *coverage_make(const struct coverage *coverage, int width, int height);

#endif
