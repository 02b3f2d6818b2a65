/* SPDX-License-Identifier: GPL-2.0-or-later */
/* exr - OpenEXR pictures from memory, as libvips has a loader for files only.
 *
 * Their pixels are light: linear, of any amount, multiplied by alpha. They become what other pictures are: sRGB of 16
 * bits, what is brighter than white as white, alpha apart. */
#ifndef DARKROOM_IMAGE_EXR_H
#define DARKROOM_IMAGE_EXR_H

#include "image/engine.h"

#include <stddef.h>
#include <stdint.h>

/* Opens the first part of @data, which must outlive *@ret: what lies in its data window, of the channels R, G, B or Y,
 * and A; of tiles the largest level. It is decoded as a whole when pixels are asked for. 0 or -1 with libvips'
 * error. */
int exr_open(const void *data, size_t size, VipsImage **ret);

/* How much memory decoding @data takes beside the picture, told from its header: a chunk of it, which may be all of it,
 * in all channels. On the large side; 0 when exr_open() would not open it. */
uint64_t exr_decoder_bytes(const void *data, size_t size);

#endif
