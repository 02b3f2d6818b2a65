/* SPDX-License-Identifier: GPL-2.0-or-later */
/* snapshot - what status shows, as JSON, made from the event loop's own state in one go. */
#ifndef DARKROOM_SUPERVISOR_SNAPSHOT_H
#define DARKROOM_SUPERVISOR_SNAPSHOT_H

#include <jansson.h>

struct job_row;
struct problems;
struct supervisor;

/* The object of GET /v1/status. NULL when memory is out. */
json_t *snapshot_status(const struct supervisor *supervisor);

/* The object of one job. NULL when memory is out. */
json_t *snapshot_job(const struct job_row *row);

/* The array of what is wrong with a configuration: {"where", "text"}. */
json_t *snapshot_problems(const struct problems *problems);

/* Puts a name that may be any bytes into @object: readable under @key, and when it is not UTF-8 whole under
 * KEY_b64 as well. */
void snapshot_set_bytes(json_t *object, const char *key, const char *bytes);

#endif
