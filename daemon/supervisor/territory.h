/* SPDX-License-Identifier: GPL-2.0-or-later */
/* territory - the places that a directory shows, whatever it is called: file systems and paths inside them.
 *
 * Two names lead to one directory through symbolic links, bind mounts, and mounts below a directory that show
 * another. A territory has the directory's own place and those of the mounts below it. A place that is not there
 * yet is judged by the deepest directory that is. Blocks on file systems, but not on those that may not answer, like
 * NFS and FUSE: in them paths are taken as they are written. */
#ifndef DARKROOM_SUPERVISOR_TERRITORY_H
#define DARKROOM_SUPERVISOR_TERRITORY_H

#include "conf/folder_conf.h"
#include "supervisor/mount_table.h"

#include <stdbool.h>

struct territory;

/* Of the directory @path (absolute, clean). @table: NULL when there is none, then only links are seen through.
 * @watched: it is the Path= of this folder: mounts that the folder leaves alone are none of it; or NULL.
 * NULL when memory is out. */
struct territory *territory_new(const struct mount_table *table, const char *path,
                                const struct folder_conf *watched);
/* Accepts NULL. */
void territory_free(struct territory *territory);

/* The path with links resolved. */
const char *territory_path(const struct territory *territory);

/* When the directory of @inner is that of @outer or in its territory: its path from there ("" when it is the
 * same). Otherwise NULL. */
const char *territory_inside(const struct territory *inner, const struct territory *outer);

/* Can a file be in both? */
bool territory_overlaps(const struct territory *a, const struct territory *b);

#endif
