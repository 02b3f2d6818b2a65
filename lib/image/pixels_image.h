/* SPDX-License-Identifier: GPL-2.0-or-later */
/* pixels_image - between pixels in a buffer and libvips' pictures: a buffer as a picture, with the header of another; and
 * the buffer that a picture's pixels are in. */
#ifndef DARKROOM_IMAGE_PIXELS_IMAGE_H
#define DARKROOM_IMAGE_PIXELS_IMAGE_H

#include "image/engine.h"
#include "image/geometry.h"

#include <stdbool.h>
#include <stddef.h>

/* Makes a picture in memory of *@pixels, @bands bytes for each pixel of @extent, grey or RGB with or without alpha, with
 * the metadata and the resolution of @header. The buffer is from malloc(); the picture's, and *@pixels NULL, where that
 * goes well. 0 or -1 with libvips' error. */
int pixels_image(unsigned char **pixels, struct extent extent, unsigned bands, VipsImage *header,
                 VipsImage **ret);

/* Where pixels are. */
struct pixels {
    const unsigned char *data; /* the first row's */
    size_t stride;             /* bytes from row to row */
};

/* True when all of @image is in memory, or shows what is, as a copy or a part does; then *@ret says where, for as long as
 * it lives. Of any other its first pixel may be asked for. Nothing is copied. */
bool pixels_find(VipsImage *image, struct pixels *ret);

#endif
