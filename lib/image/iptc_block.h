/* SPDX-License-Identifier: GPL-2.0-or-later */
/* iptc_block - an IPTC record (IIM) without the datasets that an output does not keep.
 *
 * JPEG has it in a resource of Photoshop's, among others, of which one is a picture; no others are kept, and of the
 * record not its preview. Pure; any bytes may be given. */
#ifndef DARKROOM_IMAGE_IPTC_BLOCK_H
#define DARKROOM_IMAGE_IPTC_BLOCK_H

#include <stddef.h>

enum { IPTC_BLOCK_BYTES_MAX = 1 << 20 }; /* of a record, which is of short texts; a larger one is none */

/* Reduces what is at @data, resources of Photoshop ("Photoshop 3.0") or a record alone, to what @keep (METADATA_*)
 * asks for: all of the record, or the datasets that say whose picture it is. When nothing is to be kept *@ret is NULL;
 * else the caller frees it: a record alone. 0, or -ENOMEM. */
int iptc_block_reduce(const void *data, size_t size, unsigned keep, void **ret, size_t *ret_size);

/* Wraps the record at @data, of @size bytes, as the resource that JPEG wants. As above. */
int iptc_block_wrap(const void *data, size_t size, void **ret, size_t *ret_size);

#endif
