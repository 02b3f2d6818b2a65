/* SPDX-License-Identifier: GPL-2.0-or-later */
/* jpeg_coefficients - JPEGs worked on without decoding them: what their pixels are coded as moves, and stays the same.
 *
 * On failure libvips' error says what the library said. */
#ifndef DARKROOM_IMAGE_JPEG_COEFFICIENTS_H
#define DARKROOM_IMAGE_JPEG_COEFFICIENTS_H

#include <stddef.h>

/* Turns the JPEG in @jpeg upright, which EXIF @orientation (2 to 8) is said of. The caller frees *@ret, which has no
 * metadata. 0, or -1 when it cannot be turned exactly: a side that would come first ends within a block. */
int jpeg_coefficients_turn(const void *jpeg, size_t size, int orientation, void **ret, size_t *ret_size);

/* Codes the JPEG in @jpeg anew, with the codes that are best for it, and progressive if it was. The caller frees *@ret,
 * which has no metadata but the density. 0 or -1. */
int jpeg_coefficients_recode(const void *jpeg, size_t size, void **ret, size_t *ret_size);

#endif
