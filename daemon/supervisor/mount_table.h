/* SPDX-License-Identifier: GPL-2.0-or-later */
/* mount_table - what is mounted where, as /proc/self/mountinfo said at one moment; read by libmount.
 *
 * A snapshot: one thread at a time uses it. mount_table_open_hint() gives what tells that it is out of date. */
#ifndef DARKROOM_SUPERVISOR_MOUNT_TABLE_H
#define DARKROOM_SUPERVISOR_MOUNT_TABLE_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

struct mount_table;

/* One mount; the strings are the table's. */
struct mount {
    int id;
    dev_t device;      /* of the file system; on some (btrfs) stat(2) gives its directories others */
    const char *point; /* where it is mounted */
    const char *root;  /* which of the file system's directories is seen there */
    const char *type;  /* "ext4" */
};

/* 0 or -errno. */
int mount_table_read(struct mount_table **ret);
/* Accepts NULL. */
void mount_table_free(struct mount_table *table);

/* The mount that the open file @fd (O_PATH will do) was reached through. False when that is not known. */
bool mount_table_of(const struct mount_table *table, int fd, struct mount *ret);

/* Is something mounted at the directory @path (absolute, without links)? */
bool mount_table_has_point(const struct mount_table *table, const char *path);

/* Is what is mounted at @path (absolute, without links) of a kind that stops answering when a server, a daemon or an
 * automounter does: of the network, FUSE, autofs? Then @ret is that mount. */
bool mount_table_may_hang(const struct mount_table *table, const char *path, struct mount *ret);

/* Calls @each with every mount whose mount point is below the directory @path, but not @path itself. */
void mount_table_below(const struct mount_table *table, const char *path,
                       void (*each)(void *context, const struct mount *mount), void *context);

/* The absolute path, without links, of the open directory @fd as it is now. Returns a string that the caller
 * frees, or NULL. */
char *mount_table_path_of(int fd);

/* A descriptor on which poll(2) says POLLPRI after the table has changed, once for each poller; or -errno. */
int mount_table_open_hint(void);

#endif
