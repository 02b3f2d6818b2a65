/* SPDX-License-Identifier: GPL-2.0-or-later */
/* formats_view - the picture formats, as people and programs see them. */
#ifndef DARKROOM_CTL_FORMATS_VIEW_H
#define DARKROOM_CTL_FORMATS_VIEW_H

#include "ctl/screen.h"
#include "recipe/format.h"

#include <jansson.h>

/* Prints a line for each format. 0 or -ENOMEM. */
int formats_view_print(const struct screen *screen);

/* All about @format; NULL when memory is out. */
json_t *formats_view_json(enum format format);

#endif
