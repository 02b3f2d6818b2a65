/* SPDX-License-Identifier: GPL-2.0-or-later */
/* png_decode - PNGs of 8 bits a sample, by libdeflate and at once: twice as fast as libpng.
 *
 * It takes what is right in every way. Whatever is not (a chunk that is cut off or does not fit its checksum, pixels
 * too few or too many, a kind of PNG that is rare) is left to libpng: what is said of it, and what is made of it all
 * the same, is libpng's to decide. */
#ifndef DARKROOM_IMAGE_PNG_DECODE_H
#define DARKROOM_IMAGE_PNG_DECODE_H

#include "base/pages.h"
#include "image/engine.h"

#include <stdbool.h>
#include <stddef.h>

/* A larger picture is not held as a whole: libpng reads it row by row. */
enum { PNG_DECODE_PIXELS_MAX = 16 << 20 };

/* True when the header of the PNG in @data is one that png_decode_image() takes: grey or RGB of 8 bits, with or
 * without alpha, not interlaced and not too large. Reads its first bytes only. */
bool png_decode_can(const void *data, size_t size);

/* True when nothing stands between the pixels of such a PNG and its end: only then there is nothing that libpng could
 * still warn of. */
bool png_decode_ends_with_pixels(const void *data, size_t size);

/* Decodes the PNG in @data into a picture in memory with the metadata of @header, which libvips has read from it. 0; -1
 * with libvips' error; or 1 when it is left to libpng. */
int png_decode_image(const void *data, size_t size, VipsImage *header, VipsImage **ret);

/* The pixels alone, which the caller gives back: rows below each other, without gaps. 0, -ENOMEM, or -EBADMSG when it is
 * left to libpng. Pure. */
int png_decode_pixels(const void *data, size_t size, struct pages *ret);

#endif
