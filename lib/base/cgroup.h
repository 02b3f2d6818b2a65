/* SPDX-License-Identifier: GPL-2.0-or-later */
/* cgroup - where the limits of this process's control groups stand. */
#ifndef DARKROOM_BASE_CGROUP_H
#define DARKROOM_BASE_CGROUP_H

#include <stdbool.h>
#include <stddef.h>

/* Calls @visit with the directory of each group of this process that may limit @controller ("cpu", "memory"): its
 * own, v2's and v1's, and every ancestor's up to the hierarchy's root. Some may not exist. Reads /proc. */
void cgroup_walk(const char *controller, void (*visit)(const char *directory, void *context), void *context);

/* Reads the first line of @directory/@name. False when there is none. */
bool cgroup_read_line(const char *directory, const char *name, char *line, size_t size);

#endif
