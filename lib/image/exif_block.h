/* SPDX-License-Identifier: GPL-2.0-or-later */
/* exif_block - an EXIF block without what an output does not keep.
 *
 * A block is a small TIFF file: directories of entries (IFD0, EXIF, GPS, interoperability), whose values stand in
 * them or elsewhere in the block. The reduced block has the wanted entries with their types and values as they were,
 * closely packed. A maker note, whose inside may count from the start of the block, stays where it was.
 *
 * What describes the pixels is the engine's to say: the orientation and the dimensions are set, how pixels are stored
 * is left out, and so is the thumbnail (IFD1), which shows the picture as it was. Pure; any bytes may be given. */
#ifndef DARKROOM_IMAGE_EXIF_BLOCK_H
#define DARKROOM_IMAGE_EXIF_BLOCK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What JPEG has room for. Of a larger block the maker note is left out, then all but the copyright. */
enum { EXIF_BLOCK_BYTES_MAX = 65533 - 6 };

/* What a picture's block is to have. */
struct exif_wish {
    unsigned keep;          /* METADATA_* */
    int orientation;        /* 1 to 8; upright (1) needs no entry */
    uint32_t width, height; /* of the picture */
    bool recoloured;        /* its colours were converted to sRGB */
};

/* Reduces the block of @size bytes at @data, with or without the "Exif\0\0" that JPEG puts before it; without any
 * (0 bytes), or if it is no EXIF, one is made if the orientation needs it. Entries that are damaged are left out. When
 * nothing is to be kept *@ret is NULL; else the caller frees it (it begins with the TIFF header). 0, or -ENOMEM. */
int exif_block_reduce(const void *data, size_t size, const struct exif_wish *wish, void **ret,
                      size_t *ret_size);

#endif
