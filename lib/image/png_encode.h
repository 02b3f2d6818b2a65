/* SPDX-License-Identifier: GPL-2.0-or-later */
/* png_encode - PNGs of 8 bits a sample, by libdeflate: several times as fast as libpng at the same size.
 *
 * Rows are filtered by the smallest sum of absolute differences, unless a sample of them says that the picture is
 * smaller as it is, as drawings and screenshots are. A file follows from the pixels and the encoding alone. */
#ifndef DARKROOM_IMAGE_PNG_ENCODE_H
#define DARKROOM_IMAGE_PNG_ENCODE_H

#include "image/engine.h"
#include "recipe/encoding.h"

#include <stdbool.h>
#include <stddef.h>

/* A larger picture's rows would be held too long: it is libpng's. */
enum { PNG_ENCODE_BYTES_MAX = 64 << 20 };

/* True when @image can be written so: grey or RGB of 8 bits, with or without alpha, neither interlaced nor with a
 * palette. */
bool png_encode_can(const VipsImage *image, const struct encoding *encoding);

/* Writes @image as a file that tells its resolution and has no other metadata. The caller frees *@ret_data. 0 or -1
 * with libvips' error. */
int png_encode_image(VipsImage *image, const struct encoding *encoding, void **ret_data, size_t *ret_size);

#endif
