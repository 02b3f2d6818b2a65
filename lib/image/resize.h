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

/* Where in @in the @part is that is most worth seeing, as @gravity, one of what is in the picture, has it. 0 or -1. */
int resize_find_part(VipsImage *in, struct extent part, enum gravity gravity, uint32_t *ret_left,
                     uint32_t *ret_top);

/* The same for the window of @placement, which is then where it is for good; nothing where that is known. @in is in
 * memory. */
int resize_find_window(VipsImage *in, struct natural_size natural, struct placement *placement);

/* Lays @in, a window in RGB or grey, on the canvas of @placement, which is of @colour (ink.h: transparent or coloured
 * as need be). 0 or -1 with libvips' error. */
int resize_pad(VipsImage *in, const struct placement *placement, const struct colour *colour,
               VipsImage **ret);

#endif
