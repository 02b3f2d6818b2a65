/* SPDX-License-Identifier: GPL-2.0-or-later */
/* pixel_scale - resamples a picture whose pixels are in memory, band by band, as plane_scale.h does. */
#ifndef DARKROOM_IMAGE_PIXEL_SCALE_H
#define DARKROOM_IMAGE_PIXEL_SCALE_H

#include "image/engine.h"
#include "image/plane_scale.h"

#include <stdbool.h>

/* A larger picture's planes would take too much beside it. */
enum { PIXEL_SCALE_PIXELS_MAX = 16 << 20, PIXEL_SCALE_SIDE_MAX = 65535 };

/* True when a picture of @extent is not too large, rows of planes being as long as they have to be. */
bool pixel_scale_takes(struct extent extent);

/* True when pixel_scale() takes @in, to be scaled to @to: grey or RGB of 8 bits without alpha, in memory or a view of
 * such a picture, and not made larger. Of a picture that is not, rows may be asked for (pixels_image.h). */
bool pixel_scale_can(VipsImage *in, struct extent to);

/* Makes a picture in memory of @part of @in, with its metadata. 0 or -1 with libvips' error. */
int pixel_scale(VipsImage *in, const struct plane_part *part, struct extent to, VipsImage **ret);

#endif
