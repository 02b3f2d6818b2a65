/* SPDX-License-Identifier: GPL-2.0-or-later */
/* jobs_view - a list of jobs for people. */
#ifndef DARKROOM_CTL_JOBS_VIEW_H
#define DARKROOM_CTL_JOBS_VIEW_H

#include "ctl/screen.h"

#include <jansson.h>
#include <time.h>

/* Prints the jobs of @answer, a line each, with their ages at @now. 0 or -ENOMEM. */
int jobs_view_print(const json_t *answer, time_t now, const struct screen *screen);

#endif
