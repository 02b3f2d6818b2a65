/* SPDX-License-Identifier: GPL-2.0-or-later */
/* ink - the colours that recipes name, which are those of sRGB, as values of a picture's pixels. */
#ifndef DARKROOM_IMAGE_INK_H
#define DARKROOM_IMAGE_INK_H

#include "image/engine.h"
#include "recipe/value.h"

enum { INK_VALUES_MAX = 4 };

struct ink {
    double values[INK_VALUES_MAX]; /* one a band, alpha last */
    int count;
};

/* What is seen of @colour on white paper: opaque. */
struct colour ink_on_white(const struct colour *colour);

extern const struct colour colour_white, colour_black, colour_transparent;

/* Makes @in, grey or RGB, one that can have @colour: in three colours where that is one, with an alpha channel where it
 * is not opaque. 0 or -1 with libvips' error. */
int ink_prepare(VipsImage *in, const struct colour *colour, VipsImage **ret);

/* @colour in the profile and depth of @like, which ink_prepare() made. 0 or -1 with libvips' error. */
int ink_of(const struct colour *colour, VipsImage *like, struct ink *ret);

#endif
