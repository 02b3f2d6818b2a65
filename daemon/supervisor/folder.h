/* SPDX-License-Identifier: GPL-2.0-or-later */
/* folder - a hot folder as the event loop sees it: its jobs in flight, by stage, and what its threads told.
 *
 * Data and the two functions that move a job between stages; who is served next is dispatch's, what follows on
 * what is job_flow's. Event loop's thread. */
#ifndef DARKROOM_SUPERVISOR_FOLDER_H
#define DARKROOM_SUPERVISOR_FOLDER_H

#include "supervisor/job.h"
#include "supervisor/ledger.h"
#include "supervisor/watcher.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <systemd/sd-event.h>

struct supervisor;

struct folder {
    struct supervisor *supervisor;
    size_t slot;
    char *name;
    const struct folder_conf *conf; /* of the current configuration */
    struct watcher *watcher;
    sd_event_source *news_source;
    struct watcher_news news;
    uint64_t held_since_us; /* monotonic; 0: neither held nor lost */

    struct job_list ready;  /* taken from the ledger, not opened yet; JOB_QUEUED */
    struct job_list opened; /* with their source, waiting for a worker; JOB_OPENING */
    size_t ready_count, opened_count;
    size_t counts[JOB_STATE_COUNT]; /* jobs in flight by state */
    size_t in_flight;               /* all of them, whoever owns them now */
    uint64_t publishing_bytes;      /* finished pictures in memory */

    uint64_t taken;                        /* jobs that have come from the ledger */
    bool taking, taking_suspects, resumed; /* requests under way; what an unclean end left was asked for */
    bool exhausted;                        /* the queue had no more that was due … */
    uint64_t exhausted_added;              /* … when the ledger's count of additions was this */
    uint64_t due_us; /* realtime: when a retry of its is due; USEC_INFINITY: none known */

    bool leaving;   /* no longer configured: finishes what is in flight, then ends */
    bool stop_sent; /* its watcher was told to end */
    bool ended;     /* it has, or was given up */
};

/* NULL when memory is out. */
struct folder *folder_new(struct supervisor *supervisor, size_t slot, const struct folder_conf *conf);
/* Its watcher must have ended. Accepts NULL. */
void folder_free(struct folder *folder);

/* How many of its files are not in the ledger yet: those that settle, and arrivals that are on their way there. */
uint64_t folder_waiting(const struct folder *folder);

/* How many of its jobs are in the queue, on their way from there, or back there any moment. */
uint64_t folder_queued(const struct folder *folder);

/* A job comes into flight, changes its state while it is, and leaves it. */
void folder_enter_job(struct folder *folder, struct job *job, enum job_state state);
void folder_set_state(struct folder *folder, struct job *job, enum job_state state);
void folder_leave_job(struct folder *folder, struct job *job);

/* The queues of the two stages in which jobs wait in the loop. */
void folder_push_ready(struct folder *folder, struct job *job);
struct job *folder_pop_ready(struct folder *folder);
void folder_push_opened(struct folder *folder, struct job *job, bool first);
struct job *folder_pop_opened(struct folder *folder);

/* Sends a request on @job to its watcher. */
void folder_request(struct folder *folder, enum watcher_op op, struct job *job);

#endif
