/* SPDX-License-Identifier: GPL-2.0-or-later */
/* jpeg_entropy - a JPEG of whose codes hardly any is needed: at an eighth of its size, or at a quarter with the lowest
 * frequencies alone. */
#ifndef DARKROOM_IMAGE_JPEG_ENTROPY_H
#define DARKROOM_IMAGE_JPEG_ENTROPY_H

#include "image/planes.h"

/* Decodes @jpeg into @planes, which have room for the picture at the scale of @points samples to a block of eight,
 * across and down:
 *
 * 1: the mean of the block, which is what TurboJPEG makes of it with the accurate DCT.
 * 2: DC and half a wave across, down and both: a picture at a quarter that has all of what an eighth could show and no
 *    more, so that it is one to be made smaller still, by two or nearly. A mean of a quarter would take some of that
 *    away and add what should not be there, and is a third of a decoder's work.
 *
 * In a last row or column that only rounding makes are the samples that the file has there.
 *
 * 0; -ENOTSUP, with anything in the planes, for what is not sequential, in one scan, with Huffman's codes, grey or
 * YCbCr with one chroma for one, two or four lumas; and for a picture that libjpeg would have anything to say of, if
 * it has had nothing to say of the header; or -ENOMEM. */
int jpeg_entropy_decode(const void *jpeg, size_t size, unsigned points, const struct planes *planes);

#endif
