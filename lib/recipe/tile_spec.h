/* SPDX-License-Identifier: GPL-2.0-or-later */
/* tile_spec - how an output of deep-zoom tiles is cut: TileSize=, Overlap= and TileFormat= of an [Output]. */
#ifndef DARKROOM_RECIPE_TILE_SPEC_H
#define DARKROOM_RECIPE_TILE_SPEC_H

#include "conf/conf_table.h"
#include "recipe/format.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

enum {
    TILE_SIZE_MIN = 64, /* pixels; smaller ones are more overhead than picture */
    TILE_SIZE_MAX = 4096,
    TILE_OVERLAP_MAX = 16,
};

struct tile_spec {
    uint32_t size;    /* pixels, of a tile's side without its overlap; 0: the output has no tiles */
    uint32_t overlap; /* pixels that it has of each of its neighbours */
    enum format format;
};

/* The same as it is written: what is not given follows from the layout. */
struct tile_draft {
    uint32_t size; /* 0: not given */
    uint32_t overlap;
    enum format format;
    bool overlap_given, format_given;
    struct ini_place size_place, overlap_place, format_place;
};

/* Parsers of the three keys; their field is a struct tile_draft. */
conf_parser tile_spec_parse_size, tile_spec_parse_overlap, tile_spec_parse_format;

/* Settles what @draft means for an output in the @count formats @formats. 0, or -EINVAL with a problem when none of
 * them has tiles, or the layout cannot have them so. */
int tile_spec_settle(const struct tile_draft *draft, const enum format *formats, size_t count,
                     struct problems *problems, struct tile_spec *ret);

/* The keys in their canonical form; nothing for an output without tiles. */
void tile_spec_format(const struct tile_spec *spec, FILE *stream);

#endif
