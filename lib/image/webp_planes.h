/* SPDX-License-Identifier: GPL-2.0-or-later */
/* webp_planes - planes as a lossy WebP, which has YCbCr 4:2:0 in the limited range. */
#ifndef DARKROOM_IMAGE_WEBP_PLANES_H
#define DARKROOM_IMAGE_WEBP_PLANES_H

#include "image/planes.h"
#include "recipe/encoding.h"

/* Writes @planes, which are grey or halved, as @encoding says, without metadata. 0, and the caller frees *@ret_data
 * with free(); -ENOMEM; or -EIO when libwebp refuses, with libvips' error. */
int webp_planes_encode(const struct planes *planes, const struct encoding *encoding, void **ret_data,
                       size_t *ret_size);

#endif
