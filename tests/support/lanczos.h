/* SPDX-License-Identifier: GPL-2.0-or-later */
/* lanczos - the reference for resized pictures: Lanczos3 over the whole picture, in double precision.
 *
 * The kernel is sinc(x) sinc(x/3) for |x| < 3, stretched by the scale when the picture gets smaller, its weights
 * normalised; pixels are squares whose middles are sampled, and edges go on for ever. */
#ifndef DARKROOM_TESTS_LANCZOS_H
#define DARKROOM_TESTS_LANCZOS_H

#include "raster.h"

/* Colours are weighted by their alpha before and freed from it after; where nothing is seen they are 0. Samples are not
 * clipped. The caller releases the result. */
struct raster lanczos_resize(const struct raster *raster, int width, int height);

#endif
