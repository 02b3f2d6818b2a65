/* SPDX-License-Identifier: GPL-2.0-or-later */
/* jpeg_header - what a JPEG says before its pixels, for a tenth of the time that libvips takes to open it. */
#ifndef DARKROOM_IMAGE_JPEG_HEADER_H
#define DARKROOM_IMAGE_JPEG_HEADER_H

#include "image/attachments.h"
#include "image/geometry.h"

struct jpeg_header {
    struct extent extent;
    unsigned components; /* 1: grey, 3: YCbCr */
    unsigned coarseness; /* how many pixels to a sample of the coarsest component, across or down: 1, 2, 4 */
    bool multiscan;      /* progressive, say */
    int orientation;     /* EXIF's, 1 to 8 */
    struct attachments attachments;
    void *owned; /* their bytes */
};

/* Reads the header of the JPEG in @data into @ret, which jpeg_header_release() frees. 0; -ENOTSUP for what is not grey
 * or YCbCr of 8 bits, or when anything in it is unusual or damaged: libvips then says what it thinks of it; or
 * -ENOMEM. */
int jpeg_header_read(const void *data, size_t size, struct jpeg_header *ret);

void jpeg_header_release(struct jpeg_header *header);

#endif
