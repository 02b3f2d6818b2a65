/* SPDX-License-Identifier: GPL-2.0-or-later */
/* gif_blocks - metadata in GIF, which has places for XMP and for comments alone. */
#ifndef DARKROOM_IMAGE_GIF_BLOCKS_H
#define DARKROOM_IMAGE_GIF_BLOCKS_H

#include "image/attachments.h"

/* Makes a copy of the GIF in @gif, which an encoder of ours wrote, with the XMP of @attachments, and as a comment what
 * their EXIF says of the copyright, or if it does not, of the artist. The caller frees *@ret. 0, -ENOMEM, or -EBADMSG
 * when it is no GIF. */
int gif_blocks_attach(const void *gif, size_t size, const struct attachments *attachments, void **ret,
                      size_t *ret_size);

/* Finds the XMP packet of the GIF in @data, whose bytes these are: 0 bytes when there is none. */
struct attachment gif_blocks_find_xmp(const void *data, size_t size);

#endif
