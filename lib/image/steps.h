/* SPDX-License-Identifier: GPL-2.0-or-later */
/* steps - a recipe's Step= lines, applied to the decoded picture in their order. One row an operation. */
#ifndef DARKROOM_IMAGE_STEPS_H
#define DARKROOM_IMAGE_STEPS_H

#include "image/source.h"
#include "recipe/recipe.h"

/* The size that @source has after the steps of @recipe. */
struct extent steps_extent(const struct recipe *recipe, const struct source *source);

/* True when a step needs the picture's rows in another order than they are decoded in. */
bool steps_need_memory(const struct recipe *recipe, const struct source *source);

/* Applies the steps to *@image, which they replace. 0 or -errno with @error. */
int steps_apply(const struct recipe *recipe, VipsImage **image, struct error *error);

#endif
