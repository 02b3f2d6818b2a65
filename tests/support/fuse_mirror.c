/* SPDX-License-Identifier: GPL-2.0-or-later */
/* fuse-mirror SOURCE MOUNTPOINT - shows the directory SOURCE at MOUNTPOINT through FUSE: a file system whose changes
 * inotify does not tell, when they are made in SOURCE, and whose inodes are new after each mount.
 *
 * Writes a byte to descriptor 3 when it is mounted, and ends with the unmount, or when descriptor 4 tells that the
 * test has. */
#define FUSE_USE_VERSION 31

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <fuse.h>
#include <limits.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { READY_FD = 3, LIFELINE_FD = 4 };

static int source; /* the directory; FUSE's operations have no argument of ours */

/* What FUSE calls "/a/b" below @source. */
static const char *relative(const char *path)
{
    return path[1] ? path + 1 : ".";
}

static int result(int r)
{
    return r < 0 ? -errno : 0;
}

static void *mirror_init(struct fuse_conn_info *connection, struct fuse_config *config)
{
    (void)connection;
    config->attr_timeout = config->entry_timeout = config->negative_timeout = 0;
    config->nullpath_ok = 0;
    if (write(READY_FD, "", 1) != 1)
        abort();
    close(READY_FD);
    return NULL;
}

static int mirror_getattr(const char *path, struct stat *st, struct fuse_file_info *info)
{
    (void)info;
    return result(fstatat(source, relative(path), st, AT_SYMLINK_NOFOLLOW));
}

static int mirror_readdir(const char *path, void *buffer, fuse_fill_dir_t fill, off_t offset,
                          struct fuse_file_info *info, enum fuse_readdir_flags flags)
{
    int fd = openat(source, relative(path), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *directory = fd < 0 ? NULL : fdopendir(fd);
    struct dirent *entry;

    (void)offset, (void)info, (void)flags;
    if (!directory)
        return -errno;
    while ((entry = readdir(directory)))
        fill(buffer, entry->d_name, NULL, 0, 0);
    closedir(directory);
    return 0;
}

static int open_file(const char *path, int flags, mode_t mode, struct fuse_file_info *info)
{
    int fd = openat(source, relative(path), flags | O_CLOEXEC, mode);

    info->fh = (uint64_t)fd;
    return result(fd);
}

static int mirror_open(const char *path, struct fuse_file_info *info)
{
    return open_file(path, info->flags, 0, info);
}

static int mirror_create(const char *path, mode_t mode, struct fuse_file_info *info)
{
    return open_file(path, info->flags | O_CREAT, mode, info);
}

static int mirror_read(const char *path, char *buffer, size_t size, off_t offset, struct fuse_file_info *info)
{
    ssize_t n = pread((int)info->fh, buffer, size, offset);

    (void)path;
    return n < 0 ? -errno : (int)n;
}

static int mirror_write(const char *path, const char *buffer, size_t size, off_t offset,
                        struct fuse_file_info *info)
{
    ssize_t n = pwrite((int)info->fh, buffer, size, offset);

    (void)path;
    return n < 0 ? -errno : (int)n;
}

static int mirror_release(const char *path, struct fuse_file_info *info)
{
    (void)path;
    close((int)info->fh);
    return 0;
}

static int mirror_fsync(const char *path, int data_only, struct fuse_file_info *info)
{
    (void)path, (void)data_only;
    return result(fsync((int)info->fh));
}

static int mirror_unlink(const char *path)
{
    return result(unlinkat(source, relative(path), 0));
}

static int mirror_mkdir(const char *path, mode_t mode)
{
    return result(mkdirat(source, relative(path), mode));
}

static int mirror_rename(const char *from, const char *to, unsigned flags)
{
    return result(renameat2(source, relative(from), source, relative(to), flags));
}

static int mirror_chmod(const char *path, mode_t mode, struct fuse_file_info *info)
{
    (void)info;
    return result(fchmodat(source, relative(path), mode, 0));
}

static int mirror_utimens(const char *path, const struct timespec times[2], struct fuse_file_info *info)
{
    (void)info;
    return result(utimensat(source, relative(path), times, AT_SYMLINK_NOFOLLOW));
}

static const struct fuse_operations operations = {
    .init = mirror_init,
    .getattr = mirror_getattr,
    .readdir = mirror_readdir,
    .open = mirror_open,
    .create = mirror_create,
    .read = mirror_read,
    .write = mirror_write,
    .release = mirror_release,
    .fsync = mirror_fsync,
    .unlink = mirror_unlink,
    .mkdir = mirror_mkdir,
    .rename = mirror_rename,
    .chmod = mirror_chmod,
    .utimens = mirror_utimens,
};

static void *await_end(void *argument)
{
    char byte;

    while (read(LIFELINE_FD, &byte, 1) > 0)
        ;
    _exit(argument ? EXIT_FAILURE : EXIT_SUCCESS);
}

int main(int argc, char **argv)
{
    char single[] = "-s", foreground[] = "-f";
    char *arguments[] = { argv[0], single, foreground, argc > 2 ? argv[2] : NULL, NULL };
    pthread_t thread;

    if (argc != 3) {
        fprintf(stderr, "usage: fuse-mirror SOURCE MOUNTPOINT\n");
        return EXIT_FAILURE;
    }
    source = open(argv[1], O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (source < 0 || pthread_create(&thread, NULL, await_end, NULL) != 0) {
        perror(argv[1]);
        return EXIT_FAILURE;
    }
    return fuse_main(4, arguments, &operations, NULL);
}
