/* SPDX-License-Identifier: GPL-2.0-or-later */
/* fuse-mirror SOURCE MOUNT_POINT [same-inodes] - shows the directory SOURCE at MOUNT_POINT through FUSE: a file system
 * whose changes inotify does not tell when they are made in SOURCE, and whose inodes are new after each mount, unless
 * they are to be SOURCE's. A test that stops it (SIGSTOP) has a file system that does not answer, and one that it can
 * cure (SIGCONT). Nothing is cached, so every look arrives here. One thread.
 *
 * Says "mounted" on its standard output when it is, and ends with the unmount, or when its standard input does. */
#define FUSE_USE_VERSION 35

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <fuse.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>
#include <unistd.h>

static int source_fd;      /* FUSE's operations have no argument of ours */
static ino_t inode_offset; /* to those of the source: another one for each mount */

/* FUSE's paths are absolute. */
static const char *below(const char *path)
{
    return path[1] ? path + 1 : ".";
}

static int result(long r)
{
    return r < 0 ? -errno : 0;
}

static void *on_init(struct fuse_conn_info *connection, struct fuse_config *config)
{
    (void)connection;
    config->use_ino = true;
    config->entry_timeout = config->attr_timeout = config->negative_timeout = 0;
    puts("mounted");
    fflush(stdout);
    return NULL;
}

static int on_getattr(const char *path, struct stat *st, struct fuse_file_info *file)
{
    int r =
        result(file ? fstat((int)file->fh, st) : fstatat(source_fd, below(path), st, AT_SYMLINK_NOFOLLOW));

    st->st_ino += inode_offset;
    return r;
}

static int on_readdir(const char *path, void *buffer, fuse_fill_dir_t fill, off_t offset,
                      struct fuse_file_info *file, enum fuse_readdir_flags flags)
{
    int fd = openat(source_fd, below(path), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *directory = fd < 0 ? NULL : fdopendir(fd);
    struct dirent *entry;

    (void)offset, (void)file, (void)flags;
    if (!directory)
        return -errno;
    while ((entry = readdir(directory))) {
        struct stat st = { .st_ino = entry->d_ino + inode_offset, .st_mode = DTTOIF(entry->d_type) };

        if (fill(buffer, entry->d_name, &st, 0, 0) != 0)
            break;
    }
    closedir(directory);
    return 0;
}

static int keep_fd(int fd, struct fuse_file_info *file)
{
    file->fh = (uint64_t)fd;
    return fd < 0 ? -errno : 0;
}

static int on_open(const char *path, struct fuse_file_info *file)
{
    return keep_fd(openat(source_fd, below(path), file->flags | O_CLOEXEC), file);
}

static int on_create(const char *path, mode_t mode, struct fuse_file_info *file)
{
    return keep_fd(openat(source_fd, below(path), file->flags | O_CREAT | O_CLOEXEC, mode), file);
}

static int on_release(const char *path, struct fuse_file_info *file)
{
    (void)path;
    return result(close((int)file->fh));
}

static int on_read(const char *path, char *buffer, size_t size, off_t offset, struct fuse_file_info *file)
{
    ssize_t n = pread((int)file->fh, buffer, size, offset);

    (void)path;
    return n < 0 ? -errno : (int)n;
}

static int on_write(const char *path, const char *data, size_t size, off_t offset,
                    struct fuse_file_info *file)
{
    ssize_t n = pwrite((int)file->fh, data, size, offset);

    (void)path;
    return n < 0 ? -errno : (int)n;
}

static int on_fsync(const char *path, int only_data, struct fuse_file_info *file)
{
    (void)path, (void)only_data;
    return result(fsync((int)file->fh));
}

static int on_fsyncdir(const char *path, int only_data, struct fuse_file_info *file)
{
    int fd = openat(source_fd, below(path), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    int r = result(fd < 0 ? fd : fsync(fd));

    (void)only_data, (void)file;
    close(fd);
    return r;
}

static int on_rename(const char *from, const char *to, unsigned flags)
{
    return result(syscall(SYS_renameat2, source_fd, below(from), source_fd, below(to), flags));
}

static int on_unlink(const char *path)
{
    return result(unlinkat(source_fd, below(path), 0));
}

static int on_mkdir(const char *path, mode_t mode)
{
    return result(mkdirat(source_fd, below(path), mode));
}

static int on_rmdir(const char *path)
{
    return result(unlinkat(source_fd, below(path), AT_REMOVEDIR));
}

static int on_chmod(const char *path, mode_t mode, struct fuse_file_info *file)
{
    (void)file;
    return result(fchmodat(source_fd, below(path), mode, 0));
}

static int on_chown(const char *path, uid_t uid, gid_t gid, struct fuse_file_info *file)
{
    (void)file;
    return result(fchownat(source_fd, below(path), uid, gid, AT_SYMLINK_NOFOLLOW));
}

static int on_truncate(const char *path, off_t size, struct fuse_file_info *file)
{
    int fd = file ? (int)file->fh : openat(source_fd, below(path), O_WRONLY | O_CLOEXEC);
    int r = result(fd < 0 ? fd : ftruncate(fd, size));

    if (!file && fd >= 0)
        close(fd);
    return r;
}

static int on_utimens(const char *path, const struct timespec times[2], struct fuse_file_info *file)
{
    (void)file;
    return result(utimensat(source_fd, below(path), times, AT_SYMLINK_NOFOLLOW));
}

static int on_statfs(const char *path, struct statvfs *st)
{
    (void)path;
    return result(fstatvfs(source_fd, st));
}

static void *await_end(void *argument)
{
    char byte;

    while (read(STDIN_FILENO, &byte, 1) > 0)
        ;
    _exit(argument ? EXIT_FAILURE : EXIT_SUCCESS);
}

int main(int argc, char **argv)
{
    static const struct fuse_operations operations = {
        .init = on_init,
        .getattr = on_getattr,
        .readdir = on_readdir,
        .open = on_open,
        .create = on_create,
        .release = on_release,
        .read = on_read,
        .write = on_write,
        .fsync = on_fsync,
        .rename = on_rename,
        .fsyncdir = on_fsyncdir,
        .unlink = on_unlink,
        .mkdir = on_mkdir,
        .rmdir = on_rmdir,
        .chmod = on_chmod,
        .chown = on_chown,
        .truncate = on_truncate,
        .utimens = on_utimens,
        .statfs = on_statfs,
    };
    char *arguments[] = { argv[0], (char *)"-f", (char *)"-s", argc > 2 ? argv[2] : NULL, NULL };
    pthread_t thread;

    if (argc < 3) {
        fprintf(stderr, "usage: fuse-mirror SOURCE MOUNT_POINT [same-inodes]\n");
        return 2;
    }
    if (argc <= 3 || strcmp(argv[3], "same-inodes") != 0)
        inode_offset = (ino_t)getpid() << 32;
    source_fd = open(argv[1], O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (source_fd < 0 || pthread_create(&thread, NULL, await_end, NULL) != 0) {
        perror(argv[1]);
        return 1;
    }
    umask(0);
    return fuse_main(4, arguments, &operations, NULL);
}
