/* SPDX-License-Identifier: GPL-2.0-or-later */
/* status_view - the daemon's status for people. */
#ifndef DARKROOM_CTL_STATUS_VIEW_H
#define DARKROOM_CTL_STATUS_VIEW_H

#include "ctl/screen.h"

#include <jansson.h>

/* Prints all of @status. 0 or -ENOMEM. */
int status_view_print(const json_t *status, const struct screen *screen);

/* Prints only its problems, a line each. */
void status_view_print_problems(const json_t *status, const struct screen *screen);

#endif
