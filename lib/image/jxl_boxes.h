/* SPDX-License-Identifier: GPL-2.0-or-later */
/* jxl_boxes - metadata in JPEG XL, whose container has boxes for EXIF and XMP beside the one for the codestream. */
#ifndef DARKROOM_IMAGE_JXL_BOXES_H
#define DARKROOM_IMAGE_JXL_BOXES_H

#include "image/attachments.h"

/* Makes a copy of the JPEG XL in @jxl, a codestream or a container, which an encoder of ours wrote, with EXIF and XMP
 * of @attachments; the profile is in the codestream, and the encoder's. What needs no container has none. The caller
 * frees *@ret. 0, -ENOMEM, or -EBADMSG when it is no JPEG XL. */
int jxl_boxes_attach(const void *jxl, size_t size, const struct attachments *attachments, void **ret,
                     size_t *ret_size);

/* What a file has, in memory of its own. */
struct jxl_boxes {
    struct {
        void *data; /* NULL: there is none */
        size_t size;
    } exif, xmp; /* from its TIFF header on; a packet */
};

/* Reads what is in the boxes of the JPEG XL in @data, compressed or not, but none of more than @max bytes.
 * jxl_boxes_release() frees it in every case. 0 or -ENOMEM. */
int jxl_boxes_read(const void *data, size_t size, size_t max, struct jxl_boxes *ret);
void jxl_boxes_release(struct jxl_boxes *boxes);

#endif
