/* SPDX-License-Identifier: GPL-2.0-or-later */
/* path_beneath - files below a root that cannot lead out of it: no symbolic links, no "..", no magic links.
 *
 * Paths are bytes, relative to @root, which is any directory descriptor (O_PATH will do). All may block on a
 * hung mount: watcher threads only. */
#ifndef DARKROOM_BASE_PATH_BENEATH_H
#define DARKROOM_BASE_PATH_BENEATH_H

#include <sys/stat.h>
#include <sys/types.h>

/* openat2(2) with RESOLVE_BENEATH, NO_SYMLINKS and NO_MAGICLINKS, and O_CLOEXEC. A descriptor or -errno. */
int path_open_beneath(int root, const char *path, int flags, mode_t mode);

/* Opens the directory that holds @path's last component (O_PATH) and points *@ret_name at that component,
 * inside @path; -EINVAL when it is empty, "." or "..". A descriptor or -errno. */
int path_open_parent(int root, const char *path, const char **ret_name);

/* What new directories get, whatever the umask; (uid_t)-1 and (gid_t)-1: ours. */
struct path_attributes {
    mode_t mode;
    uid_t uid;
    gid_t gid;
};

/* Makes the directories that lead to @path's last component, with @attributes, and opens the last of them as
 * path_open_parent() does (for reading: it can be fsynced). Each is there whole or, after an error or a crash, not
 * at all, and is fsynced into its parent. */
int path_make_parent(int root, const char *path, const struct path_attributes *attributes,
                     const char **ret_name);

/* Gives the file or directory @fd an owner, where one is asked for. 0 or -errno. */
int path_set_owner(int fd, uid_t uid, gid_t gid);

/* fstatat(2) of @path below @root without following links. 0 or -errno. */
int path_stat_beneath(int root, const char *path, struct stat *ret);

#endif
