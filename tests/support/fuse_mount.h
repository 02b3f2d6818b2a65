/* SPDX-License-Identifier: GPL-2.0-or-later */
/* fuse_mount - a FUSE file system (fuse_mirror.c) on a directory, that can stop answering.
 *
 * It is mounted in a mount namespace of the test's own process, and its server ends with the test, so nothing is left
 * whatever happens. Only where that is permitted (root, /dev/fuse): a test begins with
 * `if (!fuse_mount_open(…)) return;`. */
#ifndef DARKROOM_TESTS_FUSE_MOUNT_H
#define DARKROOM_TESTS_FUSE_MOUNT_H

#include <check.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

struct fuse_mount {
    pid_t server;
    int lifeline; /* as long as it is open the server stays */
    char mount_point[128];
};

__attribute__((noreturn)) static inline void fuse_mount_serve(const char *source, const char *mount_point,
                                                              int said, int lifeline)
{
    prctl(PR_SET_PDEATHSIG, SIGKILL); /* it may be stopped, and would see no end of its standard input */
    dup2(said, STDOUT_FILENO);
    dup2(lifeline, STDIN_FILENO);
    execl(DARKROOM_FUSE_MIRROR, "fuse-mirror", source, mount_point, "same-inodes", (char *)NULL);
    _exit(127);
}

/* Shows the directory @source at @mount_point. False, with a word about it, when that may not be. */
static inline bool fuse_mount_open(struct fuse_mount *mounted, const char *source, const char *mount_point)
{
    char said[16] = "";
    int ends[2], lifeline[2];

    snprintf(mounted->mount_point, sizeof mounted->mount_point, "%s", mount_point);
    ck_assert_int_eq(pipe2(ends, O_CLOEXEC), 0);
    ck_assert_int_eq(pipe2(lifeline, O_CLOEXEC), 0);
    if (access("/dev/fuse", R_OK | W_OK) < 0 || unshare(CLONE_NEWNS) < 0 ||
        mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0)
        goto skipped;
    mounted->server = fork();
    ck_assert_int_ge(mounted->server, 0);
    if (mounted->server == 0)
        fuse_mount_serve(source, mount_point, ends[1], lifeline[0]);
    close(ends[1]);
    close(lifeline[0]);
    mounted->lifeline = lifeline[1];
    if (read(ends[0], said, sizeof said - 1) <= 0) {
        close(ends[0]);
        waitpid(mounted->server, NULL, 0);
        goto skipped;
    }
    close(ends[0]);
    return true;
skipped:
    fprintf(stderr, "skipped: a FUSE file system cannot be mounted here\n");
    return false;
}

/* It does not answer any more. Nothing may be under way in it: a request that it has taken keeps whoever waits for it
 * from ending, whatever kills him. */
static inline void fuse_mount_stop(const struct fuse_mount *mounted)
{
    siginfo_t stopped;

    ck_assert_int_eq(kill(mounted->server, SIGSTOP), 0);
    ck_assert_int_eq(waitid(P_PID, (id_t)mounted->server, &stopped, WSTOPPED), 0);
}

static inline void fuse_mount_go_on(const struct fuse_mount *mounted)
{
    ck_assert_int_eq(kill(mounted->server, SIGCONT), 0);
}

static inline void fuse_mount_close(const struct fuse_mount *mounted)
{
    ck_assert_msg(umount2(mounted->mount_point, MNT_DETACH) == 0, "%s: %m", mounted->mount_point);
    ck_assert_int_eq(waitpid(mounted->server, NULL, 0), mounted->server);
    close(mounted->lifeline);
}

#endif
