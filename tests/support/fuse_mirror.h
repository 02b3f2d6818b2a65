/* SPDX-License-Identifier: GPL-2.0-or-later */
/* fuse_mirror - shows a directory at another place through FUSE; see fuse_mirror.c.
 *
 *     if (!mounts_private() || !fuse_mirror_mount("/tmp/x/real", "/tmp/x/shown"))
 *         …                                             skipped
 *     …
 *     umount("/tmp/x/shown");                           ends the server, too
 *
 * The server is nobody's child, so that waiting for all children does not wait for it; it ends with the test. */
#ifndef DARKROOM_TESTS_FUSE_MIRROR_H
#define DARKROOM_TESTS_FUSE_MIRROR_H

#include <check.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

static inline void fuse_mirror_serve(const char *source, const char *point, int ready, int lifeline)
{
    setsid();
    if (dup2(ready, STDOUT_FILENO) < 0 || dup2(lifeline, STDIN_FILENO) < 0)
        _exit(1);
    close_range(3, ~0U, 0);
    execl(DARKROOM_FUSE_MIRROR, "fuse-mirror", source, point, (char *)NULL);
    _exit(1);
}

/* False, with a word about it, where FUSE is not to be had. */
static inline bool fuse_mirror_mount(const char *source, const char *point)
{
    int ready[2], lifeline[2]; /* the end of the latter that is ours stays open until the test ends */
    bool mounted;
    char byte;
    pid_t child;

    ck_assert_int_eq(pipe2(ready, O_CLOEXEC), 0);
    ck_assert_int_eq(pipe2(lifeline, O_CLOEXEC), 0);
    prctl(PR_SET_CHILD_SUBREAPER, 0);
    child = fork();
    ck_assert_int_ge(child, 0);
    if (child == 0) {
        if (fork() == 0)
            fuse_mirror_serve(source, point, ready[1], lifeline[0]);
        _exit(0);
    }
    waitpid(child, NULL, 0);
    prctl(PR_SET_CHILD_SUBREAPER, 1);
    close(ready[1]);
    close(lifeline[0]);
    mounted = read(ready[0], &byte, 1) == 1;
    close(ready[0]);
    if (!mounted)
        fprintf(stderr, "skipped: FUSE cannot be mounted here\n");
    return mounted;
}

#endif
