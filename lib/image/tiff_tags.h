/* SPDX-License-Identifier: GPL-2.0-or-later */
/* tiff_tags - metadata in TIFF, which has it as entries of its directories. */
#ifndef DARKROOM_IMAGE_TIFF_TAGS_H
#define DARKROOM_IMAGE_TIFF_TAGS_H

#include "image/attachments.h"

/* Makes a copy of the TIFF in @tiff, of one page, which an encoder of ours wrote, with @attachments; the density is the
 * encoder's, and has no unit where it is not known. A maker note stays where it was in its block. The caller frees
 * *@ret. 0, -ENOMEM, -EFBIG when the file would have more bytes than offsets can count, or -EBADMSG when it is no whole
 * TIFF. */
int tiff_tags_attach(const void *tiff, size_t size, const struct attachments *attachments, void **ret,
                     size_t *ret_size);

/* Finds the IPTC record of the TIFF in @data, of whatever type it is there, and however its bytes were swapped. When
 * there is none, or it is larger than IPTC_BLOCK_BYTES_MAX, *@ret is NULL; else the caller frees it. 0 or -ENOMEM. */
int tiff_tags_find_iptc(const void *data, size_t size, void **ret, size_t *ret_size);

#endif
