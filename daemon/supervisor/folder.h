/* SPDX-License-Identifier: GPL-2.0-or-later */
/* folder - a hot folder as the event loop sees it: its jobs in flight, by stage, and what its threads told.
 *
 * Data and the two functions that move a job between stages; who is served next is dispatch's, what follows on
 * what is job_flow's. Event loop's thread. */
#ifndef DARKROOM_SUPERVISOR_FOLDER_H
#define DARKROOM_SUPERVISOR_FOLDER_H

#include "base/clock.h"
#include "supervisor/job.h"
#include "supervisor/ledger.h"
#include "supervisor/watcher.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <systemd/sd-event.h>

struct supervisor;

#define FOLDER_SICK_US (2 * USEC_PER_SEC)
#define FOLDER_HUNG_US (5 * USEC_PER_SEC) /* for so long its thread waits for one thing: then it is said */

/* A queue had no more that was due. */
struct lull {
    bool is;
    uint64_t added;    /* when the ledger's count of additions was this: more of them end it, as does … */
    uint64_t until_us; /* … the next retry; realtime; USEC_INFINITY: none known */
};

struct folder {
    struct supervisor *supervisor;
    size_t slot;
    char *name;
    const struct folder_conf *conf; /* of the current configuration */
    struct watcher *watcher;
    sd_event_source *news_source;
    struct watcher_news news;
    char hung_reason[WATCHER_REASON_MAX]; /* where folder_reason() says it */
    char sick_reason
        [WATCHER_REASON_MAX]; /* why a job could not be opened or worked on here and now; "": none */
    uint64_t sick_until_us;   /* realtime: then one job is tried, and shows whether that is over */
    uint64_t held_since_us;   /* monotonic; 0: neither held nor lost */

    struct job_list jobs;   /* in flight, by in_folder */
    struct job_list ready;  /* taken from the ledger, not opened yet; JOB_QUEUED */
    struct job_list opened; /* with their source, waiting for a worker; JOB_OPENING */
    size_t ready_count, opened_count;
    size_t parked_count; /* of JOB_OPENING: waiting for memory, in the supervisor's admission */
    uint64_t turn_us;    /* monotonic: since when it has opened jobs, or had its last turn with a worker */
    size_t counts[JOB_STATE_COUNT]; /* jobs in flight by state */
    size_t in_flight;               /* all of them, whoever owns them now */
    uint64_t publishing_bytes;      /* finished pictures in memory */

    uint64_t taken; /* jobs that have come from the ledger */
    size_t plans;   /* jobs that are only asked about; in none of the counts above */

    bool taking, taking_suspects, resumed; /* requests under way; what an unclean end left was asked for */
    struct lull lull, suspects_lull;       /* of its queue, and of its suspects' */
    bool has_suspect;                      /* one is in flight, as far as it has come */

    bool leaving;   /* no longer configured: finishes what is in flight, then ends */
    bool stop_sent; /* its watcher was told to end */
    bool ended;     /* it has, or was given up */
};

/* NULL when memory is out. */
struct folder *folder_new(struct supervisor *supervisor, size_t slot, const struct folder_conf *conf);
/* Its watcher must have ended. Accepts NULL. */
void folder_free(struct folder *folder);

/* What it is as a whole, and why; "" when it is well. A watch that is degraded has a reason, too. */
enum folder_state folder_state_now(const struct folder *folder);
const char *folder_reason(struct folder *folder);

/* The environment refused a job (no descriptors left, a codec that fails, an Output that is not there): the folder
 * is held for FOLDER_SICK_US, then a job is tried. True when it was well before. */
bool folder_fall_sick(struct folder *folder, const char *reason);
/* The environment let a job pass. True when it was sick before. Of both, who waits for another status is told. */
bool folder_recover(struct folder *folder);
/* The watcher's news have come, or the above has changed something. */
void folder_note_state(struct folder *folder);

/* May its files be worked on now? While it is sick only one, when its time has come. */
bool folder_may_work(const struct folder *folder);

/* How many of its files are not in the ledger yet: those that settle, and arrivals that are on their way there. */
uint64_t folder_waiting(const struct folder *folder);

/* How many of its jobs are in the queue, on their way from there, or back there any moment. */
uint64_t folder_queued(const struct folder *folder);

/* A job comes into flight, changes its state while it is, and leaves it. Who waits for another status is told. */
void folder_enter_job(struct folder *folder, struct job *job, enum job_state state);
void folder_set_state(struct folder *folder, struct job *job, enum job_state state);
void folder_leave_job(struct folder *folder, struct job *job);

/* The job in flight that has @id, or NULL. */
const struct job *folder_find_job(const struct folder *folder, uint64_t id);

/* The queues of the two stages in which jobs wait in the loop. */
void folder_push_ready(struct folder *folder, struct job *job);
struct job *folder_pop_ready(struct folder *folder);
void folder_push_opened(struct folder *folder, struct job *job, bool first);
struct job *folder_pop_opened(struct folder *folder);

/* Sends a request on @job to its watcher. */
void folder_request(struct folder *folder, enum watcher_op op, struct job *job);

#endif
