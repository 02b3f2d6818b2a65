/* SPDX-License-Identifier: GPL-2.0-or-later */
/* report - answers and failures that commands have in common. */
#ifndef DARKROOM_CTL_REPORT_H
#define DARKROOM_CTL_REPORT_H

#include "ctl/ctl.h"

#include <jansson.h>

/* Says on stderr what libdarkroom's @error (negative errno) of the last call was, with a remedy if there is
 * one. Returns CTL_FAILED. */
int report_failure(const struct ctl *ctl, int error);

/* The same for what went wrong in darkroomctl itself. */
int report_own_failure(const char *what, int error);

/* Prints the answer @json as it is and frees it. Returns CTL_DONE. */
int report_json(const struct ctl *ctl, char *json);

/* Prints and releases @json of our own; NULL: memory is out. Returns an exit code. */
int report_own_json(const struct ctl *ctl, json_t *json);

/* Parses and frees the answer @json, which libdarkroom has found to be JSON. NULL when memory is out. */
json_t *report_parse(char *json);

/* Prints @problems ([{"where":…,"text":…}]) as "WHERE: TEXT", a line each. */
void report_problems(const json_t *problems, FILE *file);

#endif
