/* SPDX-License-Identifier: GPL-2.0-or-later */
/* svg_whole - an SVG drawn in one go.
 *
 * libvips has it drawn a part at a time, and a filter is done to the whole for each part: what takes a second takes a
 * minute where there are many. */
#ifndef DARKROOM_IMAGE_SVG_WHOLE_H
#define DARKROOM_IMAGE_SVG_WHOLE_H

#include "image/engine.h"

#include <stdbool.h>
#include <stddef.h>

/* False for sides that the library draws in parts only. */
bool svg_whole_can(int width, int height);

/* Draws the SVG in @data, which is not needed any more then, in the size that libvips has told: RGBA, as libvips draws
 * it. 0 or -1 with libvips' error. */
int svg_whole_draw(const void *data, size_t size, int width, int height, VipsImage **ret);

#endif
