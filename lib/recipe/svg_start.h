/* SPDX-License-Identifier: GPL-2.0-or-later */
/* svg_start - tells an SVG by how it starts: XML has no magic bytes. */
#ifndef DARKROOM_RECIPE_SVG_START_H
#define DARKROOM_RECIPE_SVG_START_H

#include <stdbool.h>
#include <stddef.h>

/* True when the first element of @bytes, @size of them, is an svg. In UTF-8 or another superset of ASCII; compressed
 * ones are none. */
bool svg_start_is(const void *bytes, size_t size);

#endif
