/* SPDX-License-Identifier: GPL-2.0-or-later */
/* xmp_packet - an XMP packet (an RDF text in UTF-8) without the properties that an output does not keep.
 *
 * Properties are cut out of the text; what stays is as it was, byte for byte. Cut in any case are those that describe
 * how the source's pixels were stored, which the engine has changed, pictures of it (xmp:Thumbnails), what tells of
 * further data in its file, and the padding. Pure; any bytes may be given. */
#ifndef DARKROOM_IMAGE_XMP_PACKET_H
#define DARKROOM_IMAGE_XMP_PACKET_H

#include <stddef.h>

enum { XMP_PACKET_BYTES_MAX = 16 << 20 }; /* a larger one is none */

/* Reduces the packet of @size bytes at @data to what @keep (METADATA_*) asks for: METADATA_XMP keeps all properties,
 * but places only with METADATA_GPS; METADATA_COPYRIGHT those that say whose picture it is. Where nothing of it is to
 * be kept, or it is no such text (in another encoding, not well-formed, with a document type), *@ret is NULL; else the
 * caller frees it. 0, or -ENOMEM. */
int xmp_packet_reduce(const void *data, size_t size, unsigned keep, void **ret, size_t *ret_size);

/* The @index-th word that properties are known by: a namespace or a name. NULL after the last. */
const char *xmp_packet_word(size_t index);

#endif
