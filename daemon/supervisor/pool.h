/* SPDX-License-Identifier: GPL-2.0-or-later */
/* pool - the workers, and which job each of them holds.
 *
 * A worker is STARTING, IDLE, BUSY or LEAVING. It holds at most two jobs: the one it runs and the one already in
 * its mailbox. attach() and detach() are the only functions that change who holds what, so after a crash the
 * lost job is worker->running: nothing has to be searched for.
 *
 * Workers belong to a generation of the configuration. A new generation is proven by one worker that loads
 * everything before it replaces the old one, whose workers finish what they hold and leave.
 *
 * All functions are called from the event loop's thread; handlers run in it too. */
#ifndef DARKROOM_SUPERVISOR_POOL_H
#define DARKROOM_SUPERVISOR_POOL_H

#include "supervisor/admission.h"
#include "supervisor/job.h"
#include "supervisor/nursery.h"
#include "supervisor/pool_spawn.h"
#include "wire/worker_link.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/queue.h>
#include <systemd/sd-event.h>

enum worker_state { WORKER_STARTING, WORKER_IDLE, WORKER_BUSY, WORKER_LEAVING };

/* "starting", … as in JSON. */
const char *worker_state_name(enum worker_state state);

struct pool;

struct worker {
    struct pool *pool;
    struct spawned process;
    uint64_t generation;
    enum worker_state state;
    struct job *running, *prefetched;
    uint64_t granted_us;                 /* monotonic: when it was last given a job */
    uint64_t jobs_done, rss_bytes;       /* rss_bytes: its peak, as it last said */
    uint32_t landlock_abi, system_calls; /* as its hello said */
    bool killed;                         /* we did; one of these says why: */
    bool timed_out;                      /* at a job's deadline */
    bool misbehaved;                     /* for what it sent */
    sd_event_source *link_source, *deadline_source;
    uint64_t deadline_us; /* of the job that runs, or of the hello; monotonic; USEC_INFINITY: none */
    uint64_t armed_us;    /* when deadline_source goes off: then or earlier */
    TAILQ_ENTRY(worker) link;
};

TAILQ_HEAD(worker_list, worker);

/* What the pool tells; jobs are detached and the callee's from then on. */
struct pool_handler {
    /* A checked result; the callee takes what it wants of @fds and sets those to -1. */
    void (*result)(void *context, struct job *job, const struct result_message *result, int *fds);
    /* The worker is gone. @why->class is CLASS_NONE when it had not started on @job. */
    void (*lost)(void *context, struct job *job, const struct error *why);
    /* A worker got ready, or one that was to prove the next generation refused it (@text). */
    void (*ready)(void *context, uint64_t generation);
    void (*refused)(void *context, uint64_t generation, const char *text);
    /* A worker has come, is late, is to leave, or is gone. */
    void (*changed)(void *context);
    void *context;
};

struct pool_generation {
    uint64_t number;
    int bundle; /* owned */
    size_t workers;
    uint64_t worker_jobs; /* after these a worker is replaced */
};

struct pool {
    sd_event *event;
    struct nursery *nursery;
    struct pool_handler handler;
    struct pool_generation current, next; /* number 0: none */
    uint64_t on_order; /* the generation of the worker that the nursery is about to start; 0: none */
    bool proving;      /* the worker that is to prove the next generation was ordered */
    struct worker_list workers;
    bool stopping;
    unsigned failures;       /* workers in a row that died before or on their first job */
    unsigned start_failures; /* … and those that never got ready */
    char trouble[400];       /* why the last of them did; "" when all is well */
    bool is_late;            /* what is on order has not started for long */
    sd_event_source *respawn_source, *late_source;
};

/* Prepares an empty pool; @program is copied. 0 or -errno. */
int pool_init(struct pool *pool, sd_event *event, const char *program, const struct pool_handler *handler);

/* Kills and reaps what is left, frees. No job may be held any more (pool_stop, or pool_kill and its exits). False when
 * a process is left that can be neither started nor ended. */
bool pool_release(struct pool *pool);

/* The first generation: starts its workers. @bundle becomes the pool's. */
void pool_start(struct pool *pool, const struct pool_generation *generation);

/* Starts one worker of @generation: ready() or refused() follows, perhaps at once. @bundle becomes the pool's. */
void pool_prove(struct pool *pool, const struct pool_generation *generation);

/* After ready(): the proven generation takes over; workers of the old one leave. */
void pool_swap(struct pool *pool);

/* After refused(): forgets the next generation. */
void pool_forget_next(struct pool *pool);

/* A worker that can start a job at once, or NULL. */
struct worker *pool_idle_worker(struct pool *pool);

/* A worker that runs a small job and could have a second one in its mailbox, or NULL. */
struct worker *pool_prefetch_worker(struct pool *pool);

/* Hands @job to @worker, with @grant_bytes of memory: attaches it, then sends its source and ticket. The job is
 * attached before the send, so a worker that dies in between still names it. 0, or -errno and the job is detached
 * again: -EAGAIN when a busy worker's mailbox or link is full, -ENOMEM, -ENOBUFS or -ETOOMANYREFS when the machine is
 * short of something (nothing was sent, the worker is as it was); after any other, it is given nothing more: it is
 * killed, or, when it runs a job, leaves after that. */
int pool_assign(struct worker *worker, struct job *job, uint64_t grant_bytes);

/* True for what pool_assign() returns when the machine is short of something. */
bool pool_is_shortage(int r);

/* What @worker has been granted: a worker that holds two jobs works them one after the other. */
uint64_t worker_grant_bytes(const struct worker *worker);

/* What all workers have been granted, and how much of it since @since_us. */
struct memory_use pool_memory_use(const struct pool *pool, uint64_t since_us);

/* How many workers are ready for work or at it. */
size_t pool_ready_count(const struct pool *pool);

/* How many jobs workers hold. */
size_t pool_held_count(const struct pool *pool);

/* Every worker finishes what it holds and leaves; none is started any more. */
void pool_stop(struct pool *pool);

/* SIGKILL to every worker. Their jobs come back through lost(). */
void pool_kill(struct pool *pool);

/* Leaves the workers behind that are left though they were killed: their jobs come back through lost(), and none of
 * these is blamed. */
void pool_leave(struct pool *pool);

/* Why workers do not start, for people; "" when they do. Valid until the pool changes. */
const char *pool_trouble(const struct pool *pool);

/* True when there is no worker left, and none on order. */
bool pool_is_empty(const struct pool *pool);

enum { PREFETCH_BYTES_MAX = 1 << 20 }; /* of a source that may be prefetched, or prefetched behind */

#endif
