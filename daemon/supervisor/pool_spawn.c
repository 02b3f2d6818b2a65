/* SPDX-License-Identifier: GPL-2.0-or-later */
/* pool_spawn - see pool_spawn.h. Every descriptor of ours is O_CLOEXEC; a child's are listed here by number. */
#include "supervisor/pool_spawn.h"

#include "base/cleanup.h"
#include "wire/mailbox.h"
#include "wire/ticket.h"
#include "wire/worker_link.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <sys/pidfd.h>
#include <sys/wait.h>
#include <unistd.h>

/* The child's numbers are small; ours are moved out of their way first, so none is overwritten before its turn. */
enum { FIRST_FREE_FD = 16 };

/* What the engine's libraries are to do, see facts.md; nothing of our own environment gets through. */
static char *const worker_environment[] = {
    (char *)"VIPS_NOVECTOR=1",
    (char *)"ORC_CODE=emulate",
    (char *)"VIPSHOME=/nonexistent",
    (char *)"TZ=UTC",
    (char *)"LC_ALL=C.UTF-8",
    (char *)"VIPS_DISC_THRESHOLD=1000000g",
    NULL,
};

static int out_of_the_way(int *fd)
{
    int moved = fcntl(*fd, F_DUPFD_CLOEXEC, FIRST_FREE_FD);

    if (moved < 0)
        return -errno;
    close_fd(*fd);
    *fd = moved;
    return 0;
}

static int add_descriptors(posix_spawn_file_actions_t *actions, int link, int mailbox, int bundle)
{
    const struct {
        int ours, theirs;
    } map[] = {
        { link, WORKER_FD_LINK },
        { mailbox, WORKER_FD_MAILBOX },
        { bundle, WORKER_FD_BUNDLE },
    };
    int r = posix_spawn_file_actions_addopen(actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);

    if (r == 0)
        r = posix_spawn_file_actions_addopen(actions, STDOUT_FILENO, "/dev/null", O_WRONLY, 0);
    for (size_t i = 0; i < ARRAY_SIZE(map) && r == 0; i++)
        r = posix_spawn_file_actions_adddup2(actions, map[i].ours, map[i].theirs);
    if (r == 0)
        r = posix_spawn_file_actions_addclosefrom_np(actions, WORKER_FD_END);
    return -r;
}

/* No signal is blocked or ignored in the child, whatever they are in ours. */
static int set_signals(posix_spawnattr_t *attributes)
{
    sigset_t none, all;
    int r;

    sigemptyset(&none);
    sigfillset(&all);
    r = posix_spawnattr_setsigmask(attributes, &none);
    if (r == 0)
        r = posix_spawnattr_setsigdefault(attributes, &all);
    if (r == 0)
        r = posix_spawnattr_setflags(attributes, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
    return -r;
}

static int start(const char *program, uint64_t generation, int link, int mailbox, int bundle, pid_t *ret)
{
    posix_spawn_file_actions_t actions;
    posix_spawnattr_t attributes;
    char argument[48];
    char *const arguments[] = { (char *)"darkroom-worker", argument, NULL };
    int r;

    snprintf(argument, sizeof argument, "--generation=%" PRIu64, generation);
    r = -posix_spawn_file_actions_init(&actions);
    if (r < 0)
        return r;
    r = -posix_spawnattr_init(&attributes);
    if (r < 0)
        goto out;

    r = add_descriptors(&actions, link, mailbox, bundle);
    if (r == 0)
        r = set_signals(&attributes);
    if (r == 0)
        r = -posix_spawn(ret, program, &actions, &attributes, arguments, worker_environment);

    posix_spawnattr_destroy(&attributes);
out:
    posix_spawn_file_actions_destroy(&actions);
    return r;
}

int pool_spawn(const char *program, uint64_t generation, int bundle, struct spawned *ret, struct error *error)
{
    _cleanup_close_ int link = -1, their_link = -1, mailbox = -1, their_mailbox = -1;
    _cleanup_close_ int their_bundle = fcntl(bundle, F_DUPFD_CLOEXEC, FIRST_FREE_FD);
    int pidfd, r;
    pid_t pid;

    if (their_bundle < 0)
        return error_set_errno(error, errno, STAGE_NONE, "cannot start a worker");
    r = worker_link_open(&link, &their_link);
    if (r < 0)
        return error_set_errno(error, -r, STAGE_NONE, "cannot make a worker's socket pair");
    r = mailbox_open(&mailbox, &their_mailbox, error);
    if (r < 0)
        return r;
    r = out_of_the_way(&their_link);
    if (r == 0)
        r = out_of_the_way(&their_mailbox);
    if (r == 0)
        r = start(program, generation, their_link, their_mailbox, their_bundle, &pid);
    if (r < 0)
        return error_set_errno(error, -r, STAGE_NONE, "cannot start %s", program);

    /* The child is not reaped yet, so its number is still its own. */
    pidfd = pidfd_open(pid, 0);
    if (pidfd < 0) {
        r = -errno;
        kill(pid, SIGKILL);
        waitid(P_PID, (id_t)pid, &(siginfo_t){ 0 }, WEXITED);
        return error_set_errno(error, -r, STAGE_NONE, "cannot watch a worker");
    }

    *ret =
        (struct spawned){ .pid = pid, .pidfd = pidfd, .link = take_fd(&link), .mailbox = take_fd(&mailbox) };
    return 0;
}

void spawned_kill(const struct spawned *process)
{
    pidfd_send_signal(process->pidfd, SIGKILL, NULL, 0);
}

void spawned_release(struct spawned *process)
{
    close_fd(process->pidfd);
    close_fd(process->link);
    mq_close(process->mailbox);
}
