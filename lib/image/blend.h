/* SPDX-License-Identifier: GPL-2.0-or-later */
/* blend - one picture over another, each seen as its alpha says (Porter and Duff's "over", colours not multiplied by
 * alpha). */
#ifndef DARKROOM_IMAGE_BLEND_H
#define DARKROOM_IMAGE_BLEND_H

#include "image/engine.h"
#include "recipe/value.h"

/* @over, which has an alpha channel, on @base with its corner at @left, @top, which may lie outside of it. Both have as
 * many colours, of 8 or 16 bits; what is had has an alpha channel where @base has. 0 or -1 with libvips' error. */
int blend_over(VipsImage *base, VipsImage *over, int left, int top, VipsImage **ret);

/* @in, grey or RGB with alpha, on a ground of @colour: without alpha where that is opaque. 0 or -1. */
int blend_on_colour(VipsImage *in, const struct colour *colour, VipsImage **ret);

#endif
