/* SPDX-License-Identifier: GPL-2.0-or-later */
/* blur - Gaussian blur of any width. */
#ifndef DARKROOM_IMAGE_BLUR_H
#define DARKROOM_IMAGE_BLUR_H

#include "image/engine.h"

enum { BLUR_SIGMA_MAX = 500 }; /* pixels; more is the same */

/* Blurs @in, grey or RGB of 8 or 16 bits, with a standard deviation of @sigma pixels; colours weigh as much as they are
 * seen. Depth and size stay. 0 or -1 with libvips' error. */
int blur_gaussian(VipsImage *in, double sigma, VipsImage **ret);

#endif
