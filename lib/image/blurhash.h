/* SPDX-License-Identifier: GPL-2.0-or-later */
/* blurhash - a picture's placeholder as a few characters: https://blurha.sh, "Algorithm.md" of its authors (Wolt).
 *
 * The picture is taken apart into across × down cosine waves of linear light, and their amplitudes are written
 * coarsely in base 83. */
#ifndef DARKROOM_IMAGE_BLURHASH_H
#define DARKROOM_IMAGE_BLURHASH_H

#include "recipe/blurhash_text.h"

#include <stdint.h>

/* Writes the hash of the @width × @height pixels at @rgb (sRGB, three bytes each, without padding; at least one)
 * to @ret: blurhash_length(components) characters and a NUL. */
void blurhash_encode(const uint8_t *rgb, unsigned width, unsigned height,
                     struct blurhash_components components, char *ret);

#endif
