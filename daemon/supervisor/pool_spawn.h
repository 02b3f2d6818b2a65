/* SPDX-License-Identifier: GPL-2.0-or-later */
/* pool_spawn - starts a worker process: its descriptors, its environment, its end of mailbox and link.
 *
 * Mechanism only. posix_spawn(3) runs nothing of ours between fork and exec, so it is safe beside threads. */
#ifndef DARKROOM_SUPERVISOR_POOL_SPAWN_H
#define DARKROOM_SUPERVISOR_POOL_SPAWN_H

#include "base/clock.h"
#include "base/error.h"

#include <mqueue.h>
#include <stdint.h>
#include <sys/types.h>

/* How long a worker may take to load, warm up and test itself, on a busy machine. */
#define WORKER_HELLO_TIMEOUT_US (60 * USEC_PER_SEC)

/* Our side of a worker; all O_CLOEXEC. */
struct spawned {
    pid_t pid;
    int pidfd, link;
    mqd_t mailbox;
};

/* Starts @program for @generation with the recipes of @bundle (stays the caller's) and waits until it runs. The caller
 * releases *@ret and reaps the process. 0, or -errno with @error. Any thread; the process dies with it. */
int pool_spawn(const char *program, uint64_t generation, int bundle, struct spawned *ret,
               struct error *error);

/* SIGKILL; nothing when the process is reaped already. */
void spawned_kill(const struct spawned *process);

/* Closes our side. */
void spawned_release(struct spawned *process);

#endif
