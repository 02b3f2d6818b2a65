/* SPDX-License-Identifier: GPL-2.0-or-later */
/* curve - a function of each channel's value, put into a table once and looked up for each pixel. */
#ifndef DARKROOM_IMAGE_CURVE_H
#define DARKROOM_IMAGE_CURVE_H

#include "image/engine.h"

/* What the value @x (0 to 1) of colour @channel becomes; what is beyond 0 and 1 is cut off. */
typedef double curve_function(double x, int channel, const void *context);

/* Gives every colour of @in, grey or RGB of 8 or 16 bits, the value that @function says; alpha stays. 0 or -1 with
 * libvips' error. */
int curve_apply(VipsImage *in, curve_function *function, const void *context, VipsImage **ret);

/* Makes @channels (1 or 3) channels of the one of @in, grey without alpha. The same otherwise. */
int curve_spread(VipsImage *in, int channels, curve_function *function, const void *context, VipsImage **ret);

#endif
