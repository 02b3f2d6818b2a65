/* SPDX-License-Identifier: GPL-2.0-or-later */
/* anchor - see anchor.h. The same device and inode are the same directory, and nothing else is asked then: the
 * mount table is read only when something changed. */
#include "supervisor/anchor.h"

#include "base/cleanup.h"
#include "base/text.h"
#include "supervisor/fs_kind.h"
#include "supervisor/mount_table.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

enum { SHOWN_BYTES = 240 }; /* of a path in a message */

void anchor_release(struct anchor *anchor)
{
    free(anchor->path);
    free(anchor->mount_point);
    *anchor = (struct anchor){ 0 };
}

bool anchor_set(struct anchor *anchor, const char *path, bool tied)
{
    if (anchor->path && strcmp(anchor->path, path) == 0) {
        anchor->tied = tied;
        return false;
    }
    anchor_release(anchor);
    anchor->path = strdup(path);
    anchor->tied = tied;
    return true;
}

static void free_table(struct mount_table **table)
{
    mount_table_free(*table);
}

static bool is_tied(const struct anchor *anchor)
{
    return anchor->tied && anchor->mount_point && *anchor->mount_point;
}

static int mount_is_gone(const struct anchor *anchor, struct error *error)
{
    char point[SHOWN_BYTES];

    return error_set(error, ENOMEDIUM, CLASS_ENVIRONMENT, STAGE_NONE,
                     "the file system that was mounted at %s is not there; if it no longer should be, set "
                     "RequiresMount=no and reload",
                     text_escape(anchor->mount_point, point, sizeof point));
}

/* The directory cannot be opened: perhaps because its file system went. */
static int cannot_open(const struct anchor *anchor, int errnum, struct error *error)
{
    _cleanup_(free_table) struct mount_table *table = NULL;
    char path[SHOWN_BYTES];

    if ((errnum == ENOENT || errnum == ENOTDIR) && is_tied(anchor) && mount_table_read(&table) == 0 &&
        !mount_table_has_point(table, anchor->mount_point))
        return mount_is_gone(anchor, error);
    error_set_errno(error, errnum, STAGE_NONE, "cannot open %s",
                    text_escape(anchor->path, path, sizeof path));
    return -errnum;
}

/* On file systems that hand out inodes anew a directory is what it was as long as its device is. */
static bool is_same(const struct anchor *anchor, int fd, const struct stat *st)
{
    return anchor->inode != 0 && anchor->device == st->st_dev &&
           (anchor->inode == st->st_ino || fs_kind_of(fd)->coarse);
}

static bool lost_point(const struct anchor *anchor, const struct mount_table *table)
{
    return is_tied(anchor) && !mount_table_has_point(table, anchor->mount_point);
}

/* The place was reached through @mount: is that one around the mount that we know, and nothing mounted there? */
static bool lost_mount(const struct anchor *anchor, const struct mount_table *table,
                       const struct mount *mount)
{
    return lost_point(anchor, table) && strcmp(anchor->mount_point, mount->point) != 0 &&
           text_is_path_inside(anchor->mount_point, mount->point);
}

static int adopt(struct anchor *anchor, const struct stat *st, const char *mount_point)
{
    char *copy = strdup(mount_point);

    if (!copy)
        return -ENOMEM;
    free(anchor->mount_point);
    anchor->mount_point = copy;
    anchor->device = st->st_dev;
    anchor->inode = st->st_ino;
    anchor->changes++;
    anchor->unsaved = true;
    return 0;
}

/* Where there is no mount table to be had, what is there is taken for what it was. In a chroot the place's own mount
 * may not be in it. */
static int judge(struct anchor *anchor, int fd, const struct stat *st, struct error *error)
{
    _cleanup_(free_table) struct mount_table *table = NULL;
    struct mount mount = { .point = "" };

    if (mount_table_read(&table) == 0 &&
        (mount_table_of(table, fd, &mount) ? lost_mount(anchor, table, &mount) : lost_point(anchor, table)))
        return mount_is_gone(anchor, error);
    return adopt(anchor, st, mount.point) < 0
               ? error_set(error, ENOMEM, CLASS_ENVIRONMENT, STAGE_NONE, "out of memory")
               : 0;
}

int anchor_open(struct anchor *anchor, struct error *error)
{
    _cleanup_close_ int fd = -1;
    struct stat st;
    int r;

    if (!anchor->path)
        return error_set(error, ENOMEM, CLASS_ENVIRONMENT, STAGE_NONE, "out of memory");
    fd = open(anchor->path, O_PATH | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0 || fstat(fd, &st) < 0)
        return cannot_open(anchor, errno, error);
    if (is_same(anchor, fd, &st))
        return take_fd(&fd);

    r = judge(anchor, fd, &st, error);
    return r < 0 ? r : take_fd(&fd);
}
