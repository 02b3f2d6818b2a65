/* SPDX-License-Identifier: GPL-2.0-or-later */
/* pixels_image - pixels that we decoded ourselves as one of libvips' pictures, under the header that libvips read. */
#ifndef DARKROOM_IMAGE_PIXELS_IMAGE_H
#define DARKROOM_IMAGE_PIXELS_IMAGE_H

#include "image/engine.h"
#include "image/geometry.h"

/* Makes a picture in memory of *@pixels, @bands bytes for each pixel of @extent, grey or RGB with or without alpha, with
 * the metadata and the resolution of @header. The buffer is from malloc(); the picture's, and *@pixels NULL, where that
 * goes well. 0 or -1 with libvips' error. */
int pixels_image(unsigned char **pixels, struct extent extent, unsigned bands, VipsImage *header,
                 VipsImage **ret);

#endif
