/* SPDX-License-Identifier: GPL-2.0-or-later */
/* mounts - directories, links and mounts below a test's scratch directory, in a mount namespace of its own.
 *
 *     struct scratch scratch = scratch_make();
 *     if (!mounts_private()) return;               a test begins so: not everybody may mount
 *     mounts_directory(&scratch, "disk");
 *     mounts_tmpfs(&scratch, "disk");
 */
#ifndef DARKROOM_TESTS_MOUNTS_H
#define DARKROOM_TESTS_MOUNTS_H

#include "scratch.h"

#include <errno.h>
#include <sched.h>
#include <stdbool.h>
#include <sys/mount.h>
#include <sys/stat.h>

/* False, with a word about it, when nothing may be mounted here. */
static inline bool mounts_private(void)
{
    if (unshare(CLONE_NEWNS) == 0 && mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0)
        return true;
    fprintf(stderr, "skipped: nothing can be mounted here: %m\n");
    return false;
}

/* "SCRATCH/name", or SCRATCH itself for ""; valid for the next seven calls. */
static inline const char *mounts_path(const struct scratch *scratch, const char *name)
{
    static char paths[8][PATH_MAX];
    static unsigned next;
    char *path = paths[next++ % 8];

    snprintf(path, PATH_MAX, "%s%s%s", scratch->path, *name ? "/" : "", name);
    return path;
}

static inline void mounts_directory(const struct scratch *scratch, const char *name)
{
    ck_assert_msg(mkdir(mounts_path(scratch, name), 0755) == 0, "%s: %m", name);
}

static inline void mounts_file(const struct scratch *scratch, const char *name)
{
    char path[PATH_MAX];

    scratch_write(scratch, name, "x", 1, path);
}

static inline void mounts_tmpfs(const struct scratch *scratch, const char *name)
{
    ck_assert_msg(mount("tmpfs", mounts_path(scratch, name), "tmpfs", 0, "size=1m") == 0, "%s: %m", name);
}

static inline void mounts_bind(const struct scratch *scratch, const char *from, const char *to)
{
    ck_assert_msg(mount(mounts_path(scratch, from), mounts_path(scratch, to), NULL, MS_BIND, NULL) == 0,
                  "%s on %s: %m", from, to);
}

static inline void mounts_unmount(const struct scratch *scratch, const char *name)
{
    ck_assert_msg(umount(mounts_path(scratch, name)) == 0, "%s: %m", name);
}

#endif
