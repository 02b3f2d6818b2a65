/* SPDX-License-Identifier: GPL-2.0-or-later */
/* mount_table - see mount_table.h. A file's mount is found by its number (statx(2), STATX_MNT_ID), never by
 * comparing names: a mount point may be covered by another mount and still be in the table. */
#include "supervisor/mount_table.h"

#include "base/cleanup.h"
#include "base/text.h"

#include <errno.h>
#include <fcntl.h>
#include <libmount/libmount.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define MOUNTINFO "/proc/self/mountinfo"

struct mount_table {
    struct libmnt_table *mounts;
};

int mount_table_read(struct mount_table **ret)
{
    struct mount_table *table = calloc(1, sizeof *table);

    if (!table)
        return -ENOMEM;
    errno = 0;
    table->mounts = mnt_new_table_from_file(MOUNTINFO);
    if (!table->mounts) {
        free(table);
        return errno > 0 ? -errno : -EIO;
    }
    *ret = table;
    return 0;
}

void mount_table_free(struct mount_table *table)
{
    if (!table)
        return;
    mnt_unref_table(table->mounts);
    free(table);
}

/* The next mount, or NULL at the end. */
static struct libmnt_fs *next_mount(const struct mount_table *table, struct libmnt_iter *position)
{
    struct libmnt_fs *fs;

    return mnt_table_next_fs(table->mounts, position, &fs) == 0 ? fs : NULL;
}

static struct mount describe(struct libmnt_fs *fs)
{
    return (struct mount){
        .id = mnt_fs_get_id(fs),
        .device = mnt_fs_get_devno(fs),
        .point = mnt_fs_get_target(fs) ?: "/",
        .root = mnt_fs_get_root(fs) ?: "/",
        .type = mnt_fs_get_fstype(fs) ?: "?",
    };
}

static void free_position(struct libmnt_iter **position)
{
    mnt_free_iter(*position);
}

bool mount_table_of(const struct mount_table *table, int fd, struct mount *ret)
{
    _cleanup_(free_position) struct libmnt_iter *position = mnt_new_iter(MNT_ITER_BACKWARD);
    struct libmnt_fs *fs;
    struct statx st;

    if (!position || statx(fd, "", AT_EMPTY_PATH, STATX_MNT_ID, &st) < 0 || !(st.stx_mask & STATX_MNT_ID))
        return false;
    while ((fs = next_mount(table, position)))
        if ((uint64_t)mnt_fs_get_id(fs) == st.stx_mnt_id) {
            *ret = describe(fs);
            return true;
        }
    return false;
}

/* The mount that is seen at @path, or NULL. */
static struct libmnt_fs *mount_at(const struct mount_table *table, const char *path)
{
    _cleanup_(free_position) struct libmnt_iter *position = mnt_new_iter(MNT_ITER_BACKWARD);
    struct libmnt_fs *fs;

    while (position && (fs = next_mount(table, position)))
        if (strcmp(describe(fs).point, path) == 0)
            return fs;
    return NULL;
}

bool mount_table_has_point(const struct mount_table *table, const char *path)
{
    return mount_at(table, path) != NULL;
}

bool mount_table_may_hang(const struct mount_table *table, const char *path, struct mount *ret)
{
    struct libmnt_fs *fs = mount_at(table, path);

    if (!fs)
        return false;
    *ret = describe(fs);
    return mnt_fs_is_netfs(fs) == 1 || strncmp(ret->type, "fuse", strlen("fuse")) == 0 ||
           strcmp(ret->type, "autofs") == 0;
}

void mount_table_below(const struct mount_table *table, const char *path,
                       void (*each)(void *context, const struct mount *mount), void *context)
{
    _cleanup_(free_position) struct libmnt_iter *position = mnt_new_iter(MNT_ITER_FORWARD);
    struct libmnt_fs *fs;

    while (position && (fs = next_mount(table, position))) {
        struct mount mount = describe(fs);

        if (text_is_path_inside(mount.point, path) && strcmp(mount.point, path) != 0)
            each(context, &mount);
    }
}

char *mount_table_path_of(int fd)
{
    char link[64], path[PATH_MAX];
    ssize_t length;

    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    length = readlink(link, path, sizeof path);
    if (length <= 0 || (size_t)length >= sizeof path || path[0] != '/')
        return NULL;
    return strndup(path, (size_t)length);
}

int mount_table_open_hint(void)
{
    int fd = open(MOUNTINFO, O_RDONLY | O_CLOEXEC);

    return fd < 0 ? -errno : fd;
}
