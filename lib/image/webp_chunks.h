/* SPDX-License-Identifier: GPL-2.0-or-later */
/* webp_chunks - what the chunks of a WebP file say that libwebp's users are not told; and metadata in WebP. */
#ifndef DARKROOM_IMAGE_WEBP_CHUNKS_H
#define DARKROOM_IMAGE_WEBP_CHUNKS_H

#include "image/attachments.h"

#include <stdbool.h>
#include <stddef.h>

/* True when the first picture in @data is coded without loss, which has to be decoded as a whole; also when none is
 * found. */
bool webp_chunks_is_lossless(const void *data, size_t size);

/* Gives the WebP in *@webp, which an encoder of ours wrote, the @attachments in place of what it has, but for IPTC and
 * the density, which WebP does not have. *@webp, which is freed with free(), is replaced. 0 or -ENOMEM. */
int webp_chunks_attach(void **webp, size_t *size, const struct attachments *attachments);

#endif
