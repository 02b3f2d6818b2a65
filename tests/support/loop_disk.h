/* SPDX-License-Identifier: GPL-2.0-or-later */
/* loop_disk - an ext4 on a file in memory, whose power can be cut (see kill_switch.h): what was not made durable is
 * gone after the next mount. It writes nothing by itself (commit=300).
 *
 * Everything is mounted in a mount namespace of the test's own process, so nothing of it is left whatever happens. Only
 * where that is permitted (root) and there are loop devices: a test begins with `if (!loop_disk_open(…)) return;`. */
#ifndef DARKROOM_TESTS_LOOP_DISK_H
#define DARKROOM_TESTS_LOOP_DISK_H

#include <check.h>
#include <fcntl.h>
#include <sched.h>
#include <spawn.h>
#include <stdbool.h>
#include <stdio.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

enum { LOOP_DISK_BYTES = 24 << 20, LOOP_PATH_MAX = 128 };

struct loop_disk {
    char memory[LOOP_PATH_MAX];      /* a tmpfs … */
    char file[LOOP_PATH_MAX];        /* for the disk's file */
    char mount_point[LOOP_PATH_MAX]; /* the disk */
};

static inline bool loop_disk_run(const char *const *command)
{
    int status = -1;
    pid_t pid;

    return posix_spawnp(&pid, command[0], NULL, NULL, (char *const *)command, environ) == 0 &&
           waitpid(pid, &status, 0) == pid && status == 0;
}

static inline bool loop_disk_mount(const struct loop_disk *disk)
{
    return loop_disk_run(
        (const char *const[]){ "mount", "-o", "loop,commit=300", disk->file, disk->mount_point, NULL });
}

static inline bool loop_disk_format(const struct loop_disk *disk)
{
    int fd = open(disk->file, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
    bool sized = fd >= 0 && ftruncate(fd, LOOP_DISK_BYTES) == 0;

    close(fd);
    return sized &&
           loop_disk_run((const char *const[]){ "mkfs.ext4", "-q", "-F", "-J", "size=4", disk->file, NULL });
}

/* Makes the directories @directory/memory and @directory/disk and mounts on them. False, with a word about it, when
 * that may not be. */
static inline bool loop_disk_open(struct loop_disk *disk, const char *directory)
{
    snprintf(disk->memory, sizeof disk->memory, "%s/memory", directory);
    snprintf(disk->mount_point, sizeof disk->mount_point, "%s/disk", directory);
    ck_assert_int_eq(mkdir(disk->memory, 0700), 0);
    ck_assert_int_eq(mkdir(disk->mount_point, 0755), 0);
    snprintf(disk->file, sizeof disk->file, "%s/memory/disk", directory);
    if (unshare(CLONE_NEWNS) == 0 && mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0 &&
        mount("tmpfs", disk->memory, "tmpfs", 0, "size=32m") == 0 && loop_disk_format(disk) &&
        loop_disk_mount(disk))
        return true;
    umount2(disk->memory, MNT_DETACH);
    fprintf(stderr, "skipped: an ext4 on a loop device cannot be mounted here\n");
    return false;
}

/* Everything so far is durable. */
static inline void loop_disk_sync(const struct loop_disk *disk)
{
    int fd = open(disk->mount_point, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

    ck_assert_int_ge(fd, 0);
    ck_assert_int_eq(syncfs(fd), 0);
    close(fd);
}

/* The power is back: the disk is as it was when it was cut. */
static inline void loop_disk_remount(const struct loop_disk *disk)
{
    ck_assert_msg(umount(disk->mount_point) == 0, "%s: %m", disk->mount_point);
    ck_assert(loop_disk_mount(disk));
}

static inline void loop_disk_close(const struct loop_disk *disk)
{
    ck_assert_msg(umount(disk->mount_point) == 0, "%s: %m", disk->mount_point);
    ck_assert_msg(umount(disk->memory) == 0, "%s: %m", disk->memory);
}

#endif
