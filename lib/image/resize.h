/* SPDX-License-Identifier: GPL-2.0-or-later */
/* resize - scales and cuts a picture to a placement (Lanczos3), and pads it to its canvas. */
#ifndef DARKROOM_IMAGE_RESIZE_H
#define DARKROOM_IMAGE_RESIZE_H

#include "image/engine.h"
#include "image/geometry.h"

/* The size of a picture in pixels of its decoder, which may have left out what did not make a whole one. */
struct natural_size {
    double width, height;
};

/* Of a picture whose pixels are all there is. */
static inline struct natural_size natural_size_of(const VipsImage *image)
{
    return (struct natural_size){ image->Xsize, image->Ysize };
}

/* Scales all of @in, which is of @natural size or less than a pixel smaller, to exactly @placement's size, and cuts
 * the window out. Colours are weighted by their alpha. Reads @in once, from top to bottom. The band format stays. 0 or
 * -1 with libvips' error. */
int resize_scale(VipsImage *in, struct natural_size natural, const struct placement *placement,
                 VipsImage **ret);

/* Lays @in, a window in sRGB or grey, on the middle of @canvas: the rest is transparent (an alpha channel is
 * added when there is none) or white. 0 or -1 with libvips' error. */
int resize_pad(VipsImage *in, struct extent canvas, bool transparent, VipsImage **ret);

#endif
