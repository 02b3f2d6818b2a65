/* SPDX-License-Identifier: GPL-2.0-or-later */
/* recipes_view - the recipes that there are, as people and programs see them. */
#ifndef DARKROOM_CTL_RECIPES_VIEW_H
#define DARKROOM_CTL_RECIPES_VIEW_H

#include "ctl/screen.h"
#include "recipe/catalogue.h"

#include <jansson.h>

/* Prints a line for each recipe; there is one. 0 or -ENOMEM. */
int recipes_view_print(const struct catalogue *catalogue, const struct screen *screen);

/* The same as JSON, a list; NULL when memory is out. Bytes that are not UTF-8 are escaped. */
json_t *recipes_view_json(const struct catalogue *catalogue);

#endif
