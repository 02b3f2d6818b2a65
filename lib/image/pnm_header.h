/* SPDX-License-Identifier: GPL-2.0-or-later */
/* pnm_header - the header of PBM, PGM and PPM files (P1 to P6). ImageMagick 6 loses memory whenever it reads that
 * alone. */
#ifndef DARKROOM_IMAGE_PNM_HEADER_H
#define DARKROOM_IMAGE_PNM_HEADER_H

#include "image/engine.h"

#include <stddef.h>

/* *@ret gets the size, the bands and the depth that the header at @data tells of, and no pixels. 0 or -1 with libvips'
 * error. */
int pnm_header_open(const void *data, size_t size, VipsImage **ret);

#endif
