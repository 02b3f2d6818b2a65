/* SPDX-License-Identifier: GPL-2.0-or-later */
/* jpeg_entropy - a JPEG at an eighth of its size, of whose codes hardly any is needed. */
#ifndef DARKROOM_IMAGE_JPEG_ENTROPY_H
#define DARKROOM_IMAGE_JPEG_ENTROPY_H

#include "image/planes.h"

/* Decodes @jpeg, made smaller by 8, into @planes, which have room for the picture at that scale. What the picture covers
 * is, sample by sample, what TurboJPEG makes of it with the accurate DCT; beyond, in a last row or column that only
 * rounding makes, are the samples that the file has there.
 *
 * 0; -ENOTSUP, with anything in the planes, for what is not sequential, in one scan, with Huffman's codes, grey or
 * YCbCr with one chroma for one, two or four lumas; and for a picture that libjpeg would have anything to say of, if it
 * has had nothing to say of the header; or -ENOMEM. */
int jpeg_entropy_decode(const void *jpeg, size_t size, const struct planes *planes);

#endif
