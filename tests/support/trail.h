/* SPDX-License-Identifier: GPL-2.0-or-later */
/* trail - what a test's program flushed, named and removed below a directory, in the order it did.
 *
 *     trail_start(hot.scratch.path);
 *     …
 *     ck_assert_str_eq(trail_text, "flush out0/.a.tmp\nname out0/a.png\nflush out0\n");
 *
 * fsync() and unlinkat() are the ones below instead of libc's; a renameat2() of the test's own calls trail_add() itself.
 * Only what went well is noted. */
#ifndef DARKROOM_TESTS_TRAIL_H
#define DARKROOM_TESTS_TRAIL_H

#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

static char trail_text[4096];
static size_t trail_root; /* the length of its path, with the slash; 0: nothing is noted */

static inline void trail_start(const char *root)
{
    trail_text[0] = '\0';
    trail_root = strlen(root) + 1;
}

/* Adds a line: @deed, and what it was done to: @fd, or @name in the directory @fd. */
static inline void trail_add(const char *deed, int fd, const char *name)
{
    size_t used = strlen(trail_text);
    char link[32], path[PATH_MAX] = "";

    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    if (trail_root == 0 || readlink(link, path, sizeof path - 1) <= (ssize_t)trail_root)
        return;
    snprintf(trail_text + used, sizeof trail_text - used, "%s %s%s%s\n", deed, path + trail_root,
             name ? "/" : "", name ? name : "");
}

int fsync(int fd)
{
    int r = (int)syscall(SYS_fsync, fd);

    if (r == 0)
        trail_add("flush", fd, NULL);
    return r;
}

int unlinkat(int directory, const char *name, int flags)
{
    int r = (int)syscall(SYS_unlinkat, directory, name, flags);

    if (r == 0)
        trail_add("remove", directory, name);
    return r;
}

#endif
