/* SPDX-License-Identifier: GPL-2.0-or-later */
/* webp_chunks - what the chunks of a WebP file say that libwebp's users are not told. */
#ifndef DARKROOM_IMAGE_WEBP_CHUNKS_H
#define DARKROOM_IMAGE_WEBP_CHUNKS_H

#include <stdbool.h>
#include <stddef.h>

/* True when the first picture in @data is coded without loss, which has to be decoded as a whole; also when none is
 * found. */
bool webp_chunks_is_lossless(const void *data, size_t size);

#endif
