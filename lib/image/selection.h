/* SPDX-License-Identifier: GPL-2.0-or-later */
/* selection - which renditions of a recipe a picture of a given size gets, and how each is placed.
 *
 * Of an output with several sizes, those larger than the picture are skipped; when nothing would be left, the
 * smallest is made at the picture's natural size, in every format asked for. Pure arithmetic. */
#ifndef DARKROOM_IMAGE_SELECTION_H
#define DARKROOM_IMAGE_SELECTION_H

#include "image/geometry.h"
#include "recipe/recipe.h"

#include <stddef.h>

struct selected {
    uint32_t rendition; /* number in the recipe */
    struct placement placement;
};

struct selection {
    struct selected list[RECIPE_RENDITIONS_MAX]; /* ascending by rendition */
    size_t count;
};

/* Fills @ret for a picture of @source's size, as it is after the recipe's steps. */
void selection_make(const struct recipe *recipe, struct extent source, struct selection *ret);

/* The largest width and the largest height that any rendition of @recipe would have a picture of @source's size scaled
 * to, if all could be enlarged. */
struct extent selection_wanted(const struct recipe *recipe, struct extent source);

/* The largest width and the largest height that any of @selection scales the picture to. */
struct extent selection_largest(const struct selection *selection);

/* True when all of @selection are made of one and the same scaled and cut picture, whatever is in it. */
bool selection_is_one_window(const struct selection *selection);

#endif
