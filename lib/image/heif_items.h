/* SPDX-License-Identifier: GPL-2.0-or-later */
/* heif_items - metadata in AVIF, whose file lists what is in it: a profile is a property of the picture, EXIF and XMP
 * are items that describe it. */
#ifndef DARKROOM_IMAGE_HEIF_ITEMS_H
#define DARKROOM_IMAGE_HEIF_ITEMS_H

#include "image/attachments.h"

/* Makes a copy of the AVIF in @avif, of one picture, which an encoder of ours wrote without any metadata, with
 * @attachments but for IPTC and the density, which AVIF does not have. The caller frees *@ret. 0, -ENOMEM, or -EBADMSG
 * when it is not as libheif writes it. */
int heif_items_attach(const void *avif, size_t size, const struct attachments *attachments, void **ret,
                      size_t *ret_size);

#endif
