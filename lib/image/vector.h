/* SPDX-License-Identifier: GPL-2.0-or-later */
/* vector - how large a drawing is drawn. It has a size of its own, as photographs have, and is no worse in a larger
 * one: so none of a recipe's outputs has to do with less than it asks for. */
#ifndef DARKROOM_IMAGE_VECTOR_H
#define DARKROOM_IMAGE_VECTOR_H

#include "image/source.h"
#include "recipe/recipe.h"

/* Has @source drawn as large as the largest output of @recipe wants it, but not with more pixels than the folder
 * allows, nor than its filters are done with in time, and never smaller than it is by itself. Does nothing to what is no drawing, nor where a step of the recipe
 * counts pixels: those are of the drawing's own size. 0 or -errno with @error, as source_probe(). */
int vector_fit(struct source *source, const struct recipe *recipe, struct error *error);

/* Has a drawing that was enlarged drawn @factor times as large, below 1, but not smaller than it is by itself. 0 or
 * -errno with @error, as source_probe(). */
int vector_reduce(struct source *source, double factor, struct error *error);

#endif
