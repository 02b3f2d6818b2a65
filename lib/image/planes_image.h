/* SPDX-License-Identifier: GPL-2.0-or-later */
/* planes_image - planes as one of libvips' pictures, for everything that needs pixels of colours. */
#ifndef DARKROOM_IMAGE_PLANES_IMAGE_H
#define DARKROOM_IMAGE_PLANES_IMAGE_H

#include "image/engine.h"
#include "image/planes.h"

/* Makes a picture in memory of @planes, which are not halved: grey or RGB, with the metadata of @header and its
 * orientation as @orientation. 0 or -1 with libvips' error. */
int planes_to_image(const struct planes *planes, VipsImage *header, int orientation, VipsImage **ret);

#endif
