/* SPDX-License-Identifier: GPL-2.0-or-later */
/* small_disk - a tmpfs of a few kilobytes on a directory, to run out of space on or to be another file system.
 *
 * It is mounted in a mount namespace of the test's own process, so nothing of it is left whatever happens.
 * Only where that is permitted (root): a test begins with `if (!small_disk_mount(…)) return;`. */
#ifndef DARKROOM_TESTS_SMALL_DISK_H
#define DARKROOM_TESTS_SMALL_DISK_H

#include <check.h>
#include <fcntl.h>
#include <sched.h>
#include <stdbool.h>
#include <stdio.h>
#include <sys/mount.h>
#include <unistd.h>

/* Mounts a tmpfs with @options ("size=64k") on @directory. False, with a word about it, when that may not be. */
static inline bool small_disk_mount(const char *directory, const char *options)
{
    if (unshare(CLONE_NEWNS) == 0 && mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0 &&
        mount("tmpfs", directory, "tmpfs", 0, options) == 0)
        return true;
    fprintf(stderr, "skipped: a tmpfs cannot be mounted here: %m\n");
    return false;
}

/* Fills @directory with a file called @name until nothing more goes in. */
static inline void small_disk_fill(const char *directory, const char *name)
{
    static const char block[4096];
    char path[256];
    int fd;

    snprintf(path, sizeof path, "%s/%s", directory, name);
    fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
    ck_assert_int_ge(fd, 0);
    while (write(fd, block, sizeof block) > 0)
        ;
    close(fd);
}

#endif
