/* SPDX-License-Identifier: GPL-2.0-or-later */
/* psd_rows - whether the flattened picture of a PSD or PSB is all there. ImageMagick makes one of the layers where it
 * is not, which may take any amount of memory, and does not tell. */
#ifndef DARKROOM_IMAGE_PSD_ROWS_H
#define DARKROOM_IMAGE_PSD_ROWS_H

#include <stdbool.h>
#include <stddef.h>

/* True when the rows of the flattened picture that the header tells of are within the @size bytes at @data, or when
 * they are packed in a way that does not tell before it is unpacked (ZIP). */
bool psd_rows_are_there(const void *data, size_t size);

#endif
