/* SPDX-License-Identifier: GPL-2.0-or-later */
/* mounts_below - which mounts there were below a directory, to see which have come and gone since. */
#ifndef DARKROOM_SUPERVISOR_MOUNTS_BELOW_H
#define DARKROOM_SUPERVISOR_MOUNTS_BELOW_H

#include <stddef.h>

struct mounts_below {
    size_t count;
    struct mount_below {
        int id;
        char *path; /* of the mount point, relative to the directory */
    } * list;
};

/* What is mounted below the open directory @root now; nothing when that cannot be told. */
struct mounts_below mounts_below_read(int root);
void mounts_below_release(struct mounts_below *mounts);

/* Calls @each for every place where another directory is @after than was @before. */
void mounts_below_compare(const struct mounts_below *before, const struct mounts_below *after,
                          void (*each)(void *context, const char *path), void *context);

#endif
