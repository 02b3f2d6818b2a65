/* SPDX-License-Identifier: GPL-2.0-or-later */
/* jpeg_coefficients - JPEGs worked on without decoding them: what their pixels are coded as moves, and stays the same.
 *
 * On failure libvips' error says what the library said. */
#ifndef DARKROOM_IMAGE_JPEG_COEFFICIENTS_H
#define DARKROOM_IMAGE_JPEG_COEFFICIENTS_H

#include "image/jpeg_move.h"

#include <stddef.h>

/* The size in pixels of the blocks that the JPEG in @jpeg is moved in: 8 × 8, or more where colours have less
 * resolution. 0, or -1 when TurboJPEG does not know how they are sampled, and cannot move them. */
int jpeg_coefficients_block(const void *jpeg, size_t size, struct extent *ret);

/* Moves the JPEG in @jpeg by @move, which was made for its size and its blocks. The caller frees *@ret, which has no
 * metadata. 0 or -1. */
int jpeg_coefficients_move(const void *jpeg, size_t size, const struct jpeg_move *move, void **ret,
                           size_t *ret_size);

/* Codes the JPEG in @jpeg anew, with the codes that are best for it, and progressive if it was. The caller frees *@ret,
 * which has no metadata but the density. 0 or -1. */
int jpeg_coefficients_recode(const void *jpeg, size_t size, void **ret, size_t *ret_size);

#endif
