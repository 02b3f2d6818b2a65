/* SPDX-License-Identifier: GPL-2.0-or-later */
/* plan_view - the plan of a file for people. */
#ifndef DARKROOM_CTL_PLAN_VIEW_H
#define DARKROOM_CTL_PLAN_VIEW_H

#include "ctl/screen.h"

#include <jansson.h>

/* Prints what the file of @answer would make, a line each, or why it would not. 0 or -ENOMEM. */
int plan_view_print(const json_t *answer, const struct screen *screen);

#endif
