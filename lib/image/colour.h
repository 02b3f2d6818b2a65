/* SPDX-License-Identifier: GPL-2.0-or-later */
/* colour - brings a picture into the colours that an output's format can hold.
 *
 * Out comes grey or RGB, 8 bits deep (16 of a 16-bit picture where the file holds that), with alpha where it can;
 * either in the picture's own colour space, with its profile, or in sRGB without one that matters. A profile
 * that does not fit its picture is no profile. Grey stays grey, but for WebP, which has none. */
#ifndef DARKROOM_IMAGE_COLOUR_H
#define DARKROOM_IMAGE_COLOUR_H

#include "image/engine.h"
#include "recipe/recipe.h"

/* Brings @in, if it is neither grey nor RGB but CMYK, to sRGB (without a profile: that is what one without is
 * taken for). Slow to begin with: once a size, not once an output. 0 or -1 with libvips' error. */
int colour_to_rgb(VipsImage *in, VipsImage **ret);

/* Brings grey or RGB @in to sRGB where its own profile is one that no colour can be converted to (a scanner's, for input
 * only); else it stays. 0 or -1 with libvips' error. */
int colour_to_usable(VipsImage *in, VipsImage **ret);

/* Brings grey or RGB @in to RGB, in its own profile, or in sRGB where that is of grey. 0 or -1 with libvips' error. */
int colour_to_three(VipsImage *in, VipsImage **ret);

/* Brings grey or RGB @in to grey with the tones of sRGB and the luminance that its profile says. 0 or -1. */
int colour_to_grey(VipsImage *in, VipsImage **ret);

/* Grey or RGB @in without its alpha channel, seen before @background, which is taken as opaque. 0 or -1. */
int colour_flatten(VipsImage *in, const struct colour *background, VipsImage **ret);

/* Converts grey or RGB @in for an output that holds @holds (FORMAT_HOLDS_*), with @metadata (METADATA_*);
 * @background is seen through it where that has no alpha. 0 or -1 with libvips' error. */
int colour_convert(VipsImage *in, unsigned holds, unsigned metadata, const struct colour *background,
                   VipsImage **ret);

#endif
