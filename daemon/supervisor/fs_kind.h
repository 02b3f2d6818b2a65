/* SPDX-License-Identifier: GPL-2.0-or-later */
/* fs_kind - what may be relied on in a file system of a type: that inotify tells everything, and that inodes
 * and ctimes last. Any thread. */
#ifndef DARKROOM_SUPERVISOR_FS_KIND_H
#define DARKROOM_SUPERVISOR_FS_KIND_H

#include <stdbool.h>
#include <stdint.h>

struct fs_kind {
    uint32_t magic;   /* statfs(2), f_type */
    const char *name; /* for people */
    bool remote;      /* others change it without inotify's knowledge: it has to be polled */
    bool
        coarse; /* a file may get another inode or ctime by itself: only size and mtime tell versions apart */
};

/* The row of a type; of one that is not in the table, a local one with inodes that last. Never NULL. */
const struct fs_kind *fs_kind_of_magic(uint32_t magic);

/* The same for what @fd (O_PATH will do) is on; may block on a hung mount. When it cannot be told, the worst. */
const struct fs_kind *fs_kind_of(int fd);

/* False for that: it may be told another time. */
bool fs_kind_is_known(const struct fs_kind *kind);

#endif
