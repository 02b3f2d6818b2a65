/* SPDX-License-Identifier: GPL-2.0-or-later */
/* path_beneath - see path_beneath.h; openat2(2) has no wrapper in glibc 2.36. */
#include "base/path_beneath.h"

#include "base/cleanup.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#define UNFINISHED ".darkroom-directory" /* the name of one that is being made */

enum { TRIES_MAX = 8 };

int path_open_beneath(int root, const char *path, int flags, mode_t mode)
{
    struct open_how how = {
        .flags = (uint64_t)(unsigned)flags | O_CLOEXEC,
        .mode = flags & O_CREAT ? mode : 0,
        .resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS,
    };
    long fd;

    do
        fd = syscall(SYS_openat2, root, path, &how, sizeof how);
    while (fd < 0 && errno == EINTR);
    return fd < 0 ? -errno : (int)fd;
}

/* Splits @path into the directory part ("" when there is none; the caller frees) and the last component, which
 * is checked here: it is used with *at() calls, which would follow ".." out of the root. 0 or -errno. */
static int split(const char *path, char **ret_parent, const char **ret_name)
{
    const char *slash = strrchr(path, '/');
    const char *name = slash ? slash + 1 : path;
    char *parent;

    if (path[0] == '/')
        return -EXDEV;
    if (*name == '\0' || strcmp(name, ".") == 0 || strcmp(name, "..") == 0)
        return -EINVAL;

    parent = slash ? strndup(path, (size_t)(slash - path)) : strdup("");
    if (!parent)
        return -ENOMEM;

    *ret_parent = parent;
    *ret_name = name;
    return 0;
}

int path_open_parent(int root, const char *path, const char **ret_name)
{
    _cleanup_free_ char *parent = NULL;
    int r;

    r = split(path, &parent, ret_name);
    if (r < 0)
        return r;
    return path_open_beneath(root, *parent ? parent : ".", O_PATH | O_DIRECTORY, 0);
}

int path_set_owner(int fd, uid_t uid, gid_t gid)
{
    if (uid == (uid_t)-1 && gid == (gid_t)-1)
        return 0;
    return fchown(fd, uid, gid) < 0 ? -errno : 0;
}

static int set_attributes(int fd, const struct path_attributes *attributes)
{
    int r = path_set_owner(fd, attributes->uid, attributes->gid);

    if (r < 0)
        return r;
    /* After the owner, which takes special bits away. */
    return fchmod(fd, attributes->mode) < 0 || fsync(fd) < 0 ? -errno : 0;
}

/* Where RENAME_NOREPLACE is not known a plain rename replaces at most an empty directory. */
static int rename_directory(int parent, const char *from, const char *to)
{
    if (renameat2(parent, from, parent, to, RENAME_NOREPLACE) == 0)
        return 0;
    if (errno == EINVAL && renameat(parent, from, parent, to) == 0)
        return 0;
    return errno == ENOTEMPTY ? -EEXIST : -errno;
}

/* What was renamed may be the other thread's, which will not find it any more. */
static int finish_other(int parent, const char *name, int ours, const struct path_attributes *attributes)
{
    _cleanup_close_ int fd = openat(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    struct stat mine, there;

    if (fd < 0 || fstat(fd, &there) < 0 || fstat(ours, &mine) < 0)
        return -errno;
    return there.st_ino == mine.st_ino ? 0 : set_attributes(fd, attributes);
}

/* One attempt. -EAGAIN: another thread made a directory in @parent at the same time and took ours for a left one. */
static int try_directory(int parent, const char *name, const struct path_attributes *attributes)
{
    _cleanup_close_ int fd = -1;
    int r;

    unlinkat(parent, UNFINISHED, AT_REMOVEDIR); /* left by a crash */
    if (mkdirat(parent, UNFINISHED, 0700) < 0)
        return errno == EEXIST ? -EAGAIN : -errno;

    fd = openat(parent, UNFINISHED, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    r = fd < 0 ? -errno : set_attributes(fd, attributes);
    if (r == 0)
        r = rename_directory(parent, UNFINISHED, name);
    if (r == 0)
        return finish_other(parent, name, fd, attributes);
    unlinkat(parent, UNFINISHED, AT_REMOVEDIR);
    return r == -ENOENT ? -EAGAIN : r;
}

/* Makes one directory; one that exists will do. It has its name only when its owner and mode are right: nobody would
 * set them after a crash. */
static int make_directory(int parent, const char *name, const struct path_attributes *attributes)
{
    int r = faccessat(parent, name, F_OK, AT_SYMLINK_NOFOLLOW) == 0 ? 0 : -EAGAIN;

    for (int i = 0; r == -EAGAIN && i < TRIES_MAX; i++)
        r = try_directory(parent, name, attributes);
    if (r < 0 && r != -EEXIST)
        return r;
    /* Also if it was there: whoever made it may not have got as far as this. */
    return fsync(parent) < 0 ? -errno : 0;
}

int path_make_parent(int root, const char *path, const struct path_attributes *attributes,
                     const char **ret_name)
{
    _cleanup_close_ int directory = -1;
    _cleanup_free_ char *parent = NULL;
    char *rest, *component;
    int r;

    r = split(path, &parent, ret_name);
    if (r < 0)
        return r;
    rest = parent;

    directory = path_open_beneath(root, *parent ? parent : ".", O_RDONLY | O_DIRECTORY, 0);
    if (directory >= 0 || directory != -ENOENT)
        return take_fd(&directory);

    directory = path_open_beneath(root, ".", O_RDONLY | O_DIRECTORY, 0);
    while (directory >= 0 && (component = strsep(&rest, "/"))) {
        int next;

        r = make_directory(directory, component, attributes);
        if (r < 0)
            return r;
        next = path_open_beneath(directory, component, O_RDONLY | O_DIRECTORY, 0);
        close_fd(directory);
        directory = next;
    }
    return take_fd(&directory);
}

static int stat_in(int directory, const char *name, struct stat *ret)
{
    return fstatat(directory, name, ret, AT_SYMLINK_NOFOLLOW) < 0 ? -errno : 0;
}

int path_stat_beneath(int root, const char *path, struct stat *ret)
{
    const char *name;
    _cleanup_close_ int parent = -1;

    if (!strchr(path, '/') && path[0] != '.') /* most are in the root itself */
        return path[0] ? stat_in(root, path, ret) : -EINVAL;
    parent = path_open_parent(root, path, &name);
    return parent < 0 ? parent : stat_in(parent, name, ret);
}
