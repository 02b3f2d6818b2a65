/* SPDX-License-Identifier: GPL-2.0-or-later */
/* savers - libvips' saver of each format that can be an output's or a tile's: one row each. */
#ifndef DARKROOM_IMAGE_SAVERS_H
#define DARKROOM_IMAGE_SAVERS_H

#include "image/engine.h"
#include "recipe/encoding.h"

#include <stdbool.h>
#include <stddef.h>

/* Writes @image, which is in colours that encoding_holds(), as a file of @format, stored as @encoding says, and without
 * metadata when @strip. The caller frees *@ret_data with g_free(). 0 or -1 with libvips'
 * error. */
int saver_save(VipsImage *image, enum format format, const struct encoding *encoding, bool strip,
               void **ret_data, size_t *ret_size);

#endif
