/* SPDX-License-Identifier: GPL-2.0-or-later */
/* nursery - the thread that starts worker processes and reaps them, so that the event loop waits for neither.
 *
 * A start takes until the new process runs its program (vfork(2)), for which it needs a core. Reaping is no matter of
 * microseconds either: with its threads the kernel takes the process out of /proc, spins while somebody else is at that
 * too, and lets nobody of lower priority go first (shrink_dcache_parent() in fs/dcache.c). The loop, which has
 * real-time priority, span there for 950 ms, until the kernel's throttle for such threads ended it.
 *
 * It is one thread for all of them, which ends after the last: a worker dies with the thread that started it
 * (PR_SET_PDEATHSIG). It sends to the loop, which never waits for it but in nursery_free(). While a
 * start hangs, because the program does, nobody is reaped: a worker that dies meanwhile keeps its job. */
#ifndef DARKROOM_SUPERVISOR_NURSERY_H
#define DARKROOM_SUPERVISOR_NURSERY_H

#include "base/error.h"
#include "supervisor/pool_spawn.h"

#include <signal.h>
#include <stdint.h>
#include <sys/types.h>
#include <systemd/sd-event.h>

struct nursery;

/* What it tells, in the loop's thread and in the order in which it happened. */
struct nursery_handler {
    /* What was ordered: the process is the callee's, or there is none. */
    void (*started)(void *context, uint64_t generation, struct spawned *process);
    void (*failed)(void *context, uint64_t generation, const struct error *error);
    /* A process has ended and is reaped: its number may be another one's already. */
    void (*ended)(void *context, pid_t pid, const siginfo_t *end);
    void *context;
};

/* Starts the thread, for workers that run @program (copied: a thread that hangs keeps it). 0 or -errno. */
int nursery_new(sd_event *event, const char *program, const struct nursery_handler *handler,
                struct nursery **ret);

/* Waits until all its processes have ended, which is for the caller to see to, and tells no more. False when one did
 * not, for two seconds: its thread is left behind then, with what it uses. Accepts NULL. */
bool nursery_free(struct nursery *nursery);

/* Orders a worker for @generation, with the recipes of @bundle (stays the caller's); started() or failed() follows.
 * Only one at a time may be on order. 0 or -errno. */
int nursery_order(struct nursery *nursery, uint64_t generation, int bundle);

#endif
