/* SPDX-License-Identifier: GPL-2.0-or-later */
/* exr - OpenEXR pictures from memory, as libvips has a loader for files only.
 *
 * Their pixels are light: linear, of any amount, multiplied by alpha. They become what other pictures are: sRGB of 16
 * bits, what is brighter than white as white, alpha apart. */
#ifndef DARKROOM_IMAGE_EXR_H
#define DARKROOM_IMAGE_EXR_H

#include "image/engine.h"

#include <stddef.h>

/* Opens the first part of @data, which must outlive *@ret: what lies in its data window, of the channels R, G, B or Y,
 * and A; of tiles the largest level. It is decoded as a whole when pixels are asked for. 0 or -1 with libvips'
 * error. */
int exr_open(const void *data, size_t size, VipsImage **ret);

#endif
