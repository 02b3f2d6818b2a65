/* SPDX-License-Identifier: GPL-2.0-or-later */
/* drawing - what can be told of a drawing's (format.h) cost from its file, without drawing it. */
#ifndef DARKROOM_IMAGE_DRAWING_H
#define DARKROOM_IMAGE_DRAWING_H

#include "recipe/format.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* How much memory what stands in the drawing takes while it is drawn, beside its own pixels: an SVG's elements, the
 * largest picture in either. A guess, on the large side for what programs write; 0 of what is no drawing. Of an SVG's
 * elements there are at least @elements (what it declares may have some, too). */
uint64_t drawing_content_bytes(enum format format, const void *data, size_t size, uint64_t elements);

/* True when an SVG may have filters, each of which works on copies of the whole. */
bool drawing_has_filters(const void *data, size_t size);

/* How many times an SVG asks for a filter: each is done to the whole. A guess, as a style sheet's can be for many
 * elements. */
unsigned drawing_filter_uses(const void *data, size_t size);

/* How many pictures of its size are held while it is drawn; 0 of what is no drawing. */
unsigned drawing_surfaces(enum format format, const void *data, size_t size);

#endif
