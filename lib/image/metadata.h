/* SPDX-License-Identifier: GPL-2.0-or-later */
/* metadata - what an output keeps to know about its picture. Everything that is not asked for goes.
 *
 * Kept on request: the colour profile, and EXIF's Copyright and Artist, byte for byte. Kept always: an
 * orientation that has not been applied, because without it the picture is another one. */
#ifndef DARKROOM_IMAGE_METADATA_H
#define DARKROOM_IMAGE_METADATA_H

#include "image/engine.h"
#include "recipe/recipe.h"

/* A copy of @in with no other metadata than @keep (METADATA_*) asks for. 0 or -1 with libvips' error. */
int metadata_reduce(VipsImage *in, unsigned keep, VipsImage **ret);

/* True when @image has metadata to store; else it is saved without the EXIF that libvips would make up (but for
 * WebP, where libvips 8.14 cannot be told not to). */
bool metadata_is_any(VipsImage *image);

#endif
