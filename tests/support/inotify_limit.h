/* SPDX-License-Identifier: GPL-2.0-or-later */
/* inotify_limit - limits of inotify for this process and its children alone, in a user namespace of their own: those
 * of the machine are everybody's. */
#ifndef DARKROOM_TESTS_INOTIFY_LIMIT_H
#define DARKROOM_TESTS_INOTIFY_LIMIT_H

#include <fcntl.h>
#include <sched.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static inline bool inotify_limit_write(const char *path, const char *text)
{
    int fd = open(path, O_WRONLY | O_CLOEXEC);
    bool written = fd >= 0 && write(fd, text, strlen(text)) == (ssize_t)strlen(text);

    if (fd >= 0)
        close(fd);
    return written;
}

/* Changes the limit called @name ("max_inotify_watches", "max_inotify_instances") of our namespace. */
static inline bool inotify_limit_set(const char *name, const char *value)
{
    char path[64];

    snprintf(path, sizeof path, "/proc/sys/user/%s", name);
    return inotify_limit_write(path, value);
}

/* Goes into a namespace with that limit. False, with a word about it, when that may not be. */
static inline bool inotify_limit_own(const char *name, const char *value)
{
    char map[32];

    snprintf(map, sizeof map, "0 %u 1", geteuid());
    if (unshare(CLONE_NEWUSER) == 0 && inotify_limit_write("/proc/self/uid_map", map) &&
        inotify_limit_set(name, value))
        return true;
    fprintf(stderr, "skipped: no user namespace with a limit of its own\n");
    return false;
}

#endif
