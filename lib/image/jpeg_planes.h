/* SPDX-License-Identifier: GPL-2.0-or-later */
/* jpeg_planes - a JPEG to its planes and back: without the way through RGB, which costs time and colour. */
#ifndef DARKROOM_IMAGE_JPEG_PLANES_H
#define DARKROOM_IMAGE_JPEG_PLANES_H

#include "image/planes.h"
#include "recipe/encoding.h"

/* Decodes @jpeg, made smaller by @shrink (1, 2, 4 or 8) by the decoder, into @ret, which holds nothing. The planes are
 * as the file has them, with its ratio of chroma to luma. Of a picture that is to be made smaller still, by two or
 * nearly, @low frequencies are enough (jpeg_entropy.h), which is faster. 0; -ENOTSUP for whatever is not grey or YCbCr
 * of 8 bits in one of the usual ratios, and for a picture that a decoder has anything to say of: libvips then decides
 * what is to be said; or -ENOMEM. */
int jpeg_planes_decode(const void *jpeg, size_t size, unsigned shrink, bool low, struct planes *ret);

/* How many bytes the planes take that jpeg_planes_decode() makes of a picture of @extent with @count planes, at most.
 */
uint64_t jpeg_planes_bytes(struct extent extent, unsigned shrink, size_t count);

/* Writes @planes, which planes_make() made, as @encoding says, but for the subsampling, which is theirs; samples right
 * of their rows are overwritten. The accurate DCT, optimal codes, no metadata. 0, and the caller frees *@ret_data with
 * free(); -ENOMEM; or -EIO when libjpeg refuses, with libvips' error. */
int jpeg_planes_encode(const struct planes *planes, const struct encoding *encoding, void **ret_data,
                       size_t *ret_size);

/* True when a JPEG that is stored as @encoding says has half the chroma. */
bool jpeg_planes_halves(const struct encoding *encoding);

#endif
