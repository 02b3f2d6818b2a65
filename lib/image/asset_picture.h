/* SPDX-License-Identifier: GPL-2.0-or-later */
/* asset_picture - the files that a recipe needs, as the engine uses them. */
#ifndef DARKROOM_IMAGE_ASSET_PICTURE_H
#define DARKROOM_IMAGE_ASSET_PICTURE_H

#include "image/engine.h"
#include "recipe/recipe.h"

enum { ASSET_PIXELS_MAX = 16 << 20 }; /* of a picture that is laid over others, and of a mask */

/* The picture that @file names, upright, in RGB of 8 bits without a profile, with alpha, in memory. 0 or -1 with
 * libvips' error. */
int asset_picture_open(const struct recipe *recipe, const struct file_value *file, VipsImage **ret);

/* How many bytes the largest picture among the files of @recipe takes while it is opened and used: one is at a time. */
uint64_t asset_picture_bytes(const struct recipe *recipe);

/* Looks whether all files of @recipe are what they are used as, and its fonts have the letters of its words. 0, or
 * -errno with @error (class environment). */
int asset_check(const struct recipe *recipe, struct error *error);

#endif
