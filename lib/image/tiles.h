/* SPDX-License-Identifier: GPL-2.0-or-later */
/* tiles - a picture as a pyramid of deep-zoom tiles in one zip, in three layouts:
 *
 *   dz      tiles.dzi, tiles_files/LEVEL/COLUMN_ROW.jpg: Microsoft's Deep Zoom; every level down to one pixel
 *   google  ZOOM/ROW/COLUMN.jpg: Google Maps; down to one tile; every tile is full, white or transparent at the edges
 *   iiif3   info.json, REGION/SIZE/0/default.jpg: IIIF Image API 3.0, level 0, static; down to one tile
 *
 * Each level has half the size of the one before, rounded up. libvips' own dzsave is not used: its zips hold the time
 * of day. The same picture makes the same bytes. */
#ifndef DARKROOM_IMAGE_TILES_H
#define DARKROOM_IMAGE_TILES_H

#include "image/engine.h"
#include "recipe/tile_spec.h"

#include <stddef.h>

/* Makes the archive of @image, which is in memory, in @layout (a format with tiles). The caller frees *@ret (free()).
 * 0, or -errno with @error. */
int tiles_make(VipsImage *image, enum format layout, const struct tile_spec *spec, unsigned quality,
               void **ret, size_t *ret_size, struct error *error);

/* Reads the archive in @data back: it is whole, its description tells @width × @height, and it has as many tiles as
 * those make, the last of which is one. 0, or -errno with @error. */
int tiles_check(const void *data, size_t size, enum format layout, const struct tile_spec *spec,
                uint32_t width, uint32_t height, struct error *error);

#endif
