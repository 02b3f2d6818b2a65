/* SPDX-License-Identifier: GPL-2.0-or-later */
/* jpeg_segments - metadata in JPEG, which has it in segments of at most 64 KB before the pixels. */
#ifndef DARKROOM_IMAGE_JPEG_SEGMENTS_H
#define DARKROOM_IMAGE_JPEG_SEGMENTS_H

#include "image/attachments.h"

#include <stdbool.h>
#include <stddef.h>

/* What one segment has room for. A profile may take several. */
enum { JPEG_EXIF_BYTES_MAX = 65533 - 6, JPEG_XMP_BYTES_MAX = 65533 - 29, JPEG_IPTC_BYTES_MAX = 65533 - 28 };

/* Makes a copy of the JPEG in @jpeg, which an encoder of ours wrote, with @attachments, each within the limits above.
 * A JFIF header that is there stays in front of them; else one is written when the density is known. The caller
 * frees *@ret. 0, -ENOMEM, or -EMSGSIZE when a profile is too large. */
int jpeg_segments_attach(const void *jpeg, size_t size, const struct attachments *attachments, void **ret,
                         size_t *ret_size);

/* Does the JPEG in @jpeg say how many pixels there are to a length, beside what its EXIF says? */
bool jpeg_segments_say_density(const void *jpeg, size_t size);

#endif
