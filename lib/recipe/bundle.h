/* SPDX-License-Identifier: GPL-2.0-or-later */
/* bundle - all recipes of a configuration, and which formats its folders allow, in one memory file, as a worker gets
 * them before its sandbox closes.
 *
 * Workers have no paths, so recipes travel by descriptor: the supervisor writes the bundle once a
 * generation, every worker of it reads it at its start. A recipe's place in it is the ticket's number for it. */
#ifndef DARKROOM_RECIPE_BUNDLE_H
#define DARKROOM_RECIPE_BUNDLE_H

#include "recipe/recipe.h"

enum {
    BUNDLE_RECIPES_MAX = 1024,
    BUNDLE_BYTES_MAX = 256 << 20, /* with the files that recipes need */
};

/* Writes @count recipes, and ALLOW_* (conf/allowance.h), to a sealed memory file. A descriptor (O_CLOEXEC) or
 * -errno. */
int bundle_write(struct recipe *const *recipes, size_t count, unsigned allowed);

/* Reads the recipes of @fd (from its start, whatever its position; the descriptor stays the caller's).
 * The caller frees the recipes and the array with bundle_free(). 0, or -errno with @problems filled. */
int bundle_read(int fd, struct problems *problems, struct recipe ***ret_recipes, size_t *ret_count,
                unsigned *ret_allowed);

void bundle_free(struct recipe **recipes, size_t count);

#endif
