/* SPDX-License-Identifier: GPL-2.0-or-later */
/* svg_expansion - how much more an SVG says than stands in it: its DOCTYPE can declare texts (entities) that are
 * referred to by name, many times and within each other, and attributes that each element has unsaid. */
#ifndef DARKROOM_IMAGE_SVG_EXPANSION_H
#define DARKROOM_IMAGE_SVG_EXPANSION_H

#include "base/error.h"

#include <stddef.h>
#include <stdint.h>

enum {
    SVG_EXPANSION_FREE = 1 << 20, /* bytes that any file may come to with what it declares … */
    SVG_EXPANSION_MAX = 2,        /* … and above that, how many times its size */
};

/* Reads the SVG in @data, unless it has no DOCTYPE and no encoding that could hide one. 0, or -errno with @error when it
 * comes to more than that, is no XML, or is not to be read in the encoding that it names. @ret_elements has how many
 * elements there are with those that are declared, or 0 where nothing can be. One thread at a time. */
int svg_expansion_check(const void *data, size_t size, uint64_t *ret_elements, struct error *error);

#endif
