/* SPDX-License-Identifier: GPL-2.0-or-later */
/* rename_new - a rename that replaces nothing, on file systems too that do not know RENAME_NOREPLACE (NFS). */
#ifndef DARKROOM_SUPERVISOR_RENAME_NEW_H
#define DARKROOM_SUPERVISOR_RENAME_NEW_H

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

static inline bool rename_new_is_done(int from_directory, const char *from, int to_directory, const char *to)
{
    struct stat left, right;

    return fstatat(from_directory, from, &left, AT_SYMLINK_NOFOLLOW) == 0 &&
           fstatat(to_directory, to, &right, AT_SYMLINK_NOFOLLOW) == 0 && left.st_dev == right.st_dev &&
           left.st_ino == right.st_ino;
}

/* Renames a file; one that has the new name already stays: -EEXIST. Can be done again after a crash. 0 or -errno. */
static inline int rename_new(int from_directory, const char *from, int to_directory, const char *to)
{
    if (renameat2(from_directory, from, to_directory, to, RENAME_NOREPLACE) == 0)
        return 0;
    if (errno != EINVAL)
        return -errno;

    /* A second name and then not the first any more; the crash in between leaves both. */
    if (linkat(from_directory, from, to_directory, to, 0) < 0 &&
        (errno != EEXIST || !rename_new_is_done(from_directory, from, to_directory, to)))
        return -errno;
    return unlinkat(from_directory, from, 0) < 0 ? -errno : 0;
}

#endif
