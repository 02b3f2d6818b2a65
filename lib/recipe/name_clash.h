/* SPDX-License-Identifier: GPL-2.0-or-later */
/* name_clash - no two renditions of one source may get one name, nor one the name of a directory that another is in:
 * told when a recipe is read, by making their names for a few sources. */
#ifndef DARKROOM_RECIPE_NAME_CLASH_H
#define DARKROOM_RECIPE_NAME_CLASH_H

#include "recipe/recipe.h"

/* A recipe that is being read, and where its names stand: Name= of each output, or its section; the manifest's. */
struct clash_check {
    const struct recipe *recipe;
    struct problems *problems;
    struct ini_place name_places[RECIPE_OUTPUTS_MAX];
    struct ini_place manifest_place;
};

/* 0, or -EINVAL with a problem for the first clash (the others have the same reason), or -ENOMEM. */
int name_clash_check(const struct clash_check *check);

#endif
