/* SPDX-License-Identifier: GPL-2.0-or-later */
/* pixels_image - between pixels in a buffer and libvips' pictures: a buffer as a picture, with the header of another;
 * and the buffer that a picture's pixels are in. */
#ifndef DARKROOM_IMAGE_PIXELS_IMAGE_H
#define DARKROOM_IMAGE_PIXELS_IMAGE_H

#include "base/pages.h"
#include "image/engine.h"
#include "image/geometry.h"

#include <stdbool.h>
#include <stddef.h>

/* Makes a picture in memory of @pixels, @bands bytes for each pixel of @extent, grey or RGB with or without alpha,
 * with the metadata and the resolution of @header. They are the picture's, and @pixels none, where that goes well. 0 or
 * -1 with libvips' error. */
int pixels_image(struct pages *pixels, struct extent extent, unsigned bands, VipsImage *header,
                 VipsImage **ret);

/* Where all pixels of a picture are. */
struct pixels {
    const unsigned char *data; /* the first row's */
    size_t stride;             /* bytes from row to row */
    VipsRegion *region;        /* what holds them */
};

/* True when @image is, or may be a view of, what is in memory. Of any other that can be read in any order its first and
 * its last row may be asked for. */
bool pixels_are_near(VipsImage *image);

/* Finds the pixels of @image, which is read as a whole where they are not all in one place. 0, and the caller releases
 * @ret, or -1 with libvips' error. */
int pixels_find(VipsImage *image, struct pixels *ret);

void pixels_release(struct pixels *pixels);

#endif
