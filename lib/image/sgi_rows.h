/* SPDX-License-Identifier: GPL-2.0-or-later */
/* sgi_rows - whether a packed SGI picture is all there, which ImageMagick does not tell. */
#ifndef DARKROOM_IMAGE_SGI_ROWS_H
#define DARKROOM_IMAGE_SGI_ROWS_H

#include <stdbool.h>
#include <stddef.h>

/* True when the rows that the header of an SGI picture tells of are within the @size bytes at @data, or when they are
 * not packed. */
bool sgi_rows_are_there(const void *data, size_t size);

#endif
