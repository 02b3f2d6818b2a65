/* SPDX-License-Identifier: GPL-2.0-or-later */
/* png_chunks - leaves out of a PNG what its pixels do not need, before libpng sees it; and metadata in PNG.
 *
 * libpng allocates what a chunk claims to hold before it looks whether the file has that much, and inflates
 * compressed text whatever it grows to: a file of 100 bytes costs 1 GB. The one text that outputs may keep, XMP, is
 * looked for here, within bounds. Pure. */
#ifndef DARKROOM_IMAGE_PNG_CHUNKS_H
#define DARKROOM_IMAGE_PNG_CHUNKS_H

#include "image/attachments.h"

#include <stdbool.h>
#include <stddef.h>

/* Makes a copy of the PNG in @data with its critical chunks and those that colours, transparency, resolution and
 * EXIF are in. Where a chunk but IDAT claims more than the file has, the copy ends. When there is nothing to
 * leave out *@ret_copy is NULL; else the caller frees it. 0 or -ENOMEM. */
int png_chunks_reduce(const void *data, size_t size, void **ret_copy, size_t *ret_size);

/* The type of the @index-th kind of chunk that is kept besides the critical ones; NULL after the last. */
const char *png_chunks_kept(size_t index);
/* Finds the XMP packet of the PNG in @data. When there is none, or one of more than @max bytes, *@ret is NULL; else the
 * caller frees it. 0 or -ENOMEM. */
int png_chunks_find_xmp(const void *data, size_t size, size_t max, void **ret, size_t *ret_size);

/* Does the PNG in @data say how many pixels there are to a length? */
bool png_chunks_say_density(const void *data, size_t size);

/* Makes a copy of the PNG in @png, which an encoder of ours wrote, with @attachments but for IPTC, which PNG does not
 * have; the density is the encoder's, and is taken out where it is not known. The caller frees *@ret. 0 or -ENOMEM. */
int png_chunks_attach(const void *png, size_t size, const struct attachments *attachments, void **ret,
                      size_t *ret_size);

#endif
