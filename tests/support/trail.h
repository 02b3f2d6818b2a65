/* SPDX-License-Identifier: GPL-2.0-or-later */
/* trail - what a test's program flushed, named and removed below a directory, in the order it did.
 *
 *     trail_start(hot.scratch.path);
 *     …
 *     ck_assert_str_eq(trail_text, "flush out0/.a.tmp\nname out0/a.png\nflush out0\n");
 *
 * fsync() and unlinkat() are the ones below instead of libc's; a renameat2() of the test's own calls trail_add()
 * itself. Only what went well is noted. For one file of a program: it defines them. */
#ifndef DARKROOM_TESTS_TRAIL_H
#define DARKROOM_TESTS_TRAIL_H

#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

static char trail_text[4096];
static char trail_root[PATH_MAX]; /* with the slash; empty: nothing is noted */

static inline void trail_start(const char *root)
{
    trail_text[0] = '\0';
    snprintf(trail_root, sizeof trail_root, "%s/", root);
}

/* Adds a line: @deed, and what it was done to: @fd, or @name in the directory @fd. */
static inline void trail_add(const char *deed, int fd, const char *name)
{
    size_t used = strlen(trail_text), root = strlen(trail_root);
    char link[32], path[PATH_MAX] = "";

    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    if (root == 0 || readlink(link, path, sizeof path - 1) <= 0 || strncmp(path, trail_root, root) != 0)
        return;
    snprintf(trail_text + used, sizeof trail_text - used, "%s %s%s%s\n", deed, path + root, name ? "/" : "",
             name ? name : "");
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
