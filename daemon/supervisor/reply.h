/* SPDX-License-Identifier: GPL-2.0-or-later */
/* reply - what the event loop gets back from the ledger and the watcher threads, through one channel.
 *
 * Every reply answers one request of the loop's, which bounds how many can be under way: REPLIES_MAX. */
#ifndef DARKROOM_SUPERVISOR_REPLY_H
#define DARKROOM_SUPERVISOR_REPLY_H

#include <stddef.h>

struct job;
struct take;
struct job_query;
struct again;

enum { REPLIES_MAX = 65536 }; /* see dispatch.c; memory is used only for as many as there ever are at once */

enum reply_kind {
    /* from the ledger */
    REPLY_TAKEN,
    REPLY_STARTED,
    REPLY_PAGED,
    REPLY_RECORDED,
    REPLY_RELEASED,
    REPLY_ORIGINAL_RECORDED,
    REPLY_LISTED,
    REPLY_PURGED,
    REPLY_PLANNED,
    REPLY_AGAIN,
    /* from a watcher */
    REPLY_LOOKED,
    REPLY_OPENED,
    REPLY_CLAIMED,
    REPLY_PUBLISHED,
    REPLY_EXAMINED,
    REPLY_ORIGINAL_HANDLED,
    REPLY_WATCHER_ENDED,
    REPLY_KIND_COUNT
};

/* How a request on a job came out; job->failure has the details of FAILED and RETRY. */
enum verdict {
    VERDICT_OK,
    VERDICT_FAILED,     /* as job->failure says */
    VERDICT_RETRY,      /* a transient failure: back to the queue with a delay */
    VERDICT_SUPERSEDED, /* the source is another version now; it will arrive again */
    VERDICT_AWAITED,    /* the source is still being written: it waits to settle again */
    VERDICT_SETTLED,    /* its outputs are there already: it is done */
    VERDICT_VANISHED,   /* the source is gone */
    VERDICT_RETURNED,   /* not done, because we shut down or the folder is lost: back to the queue */
    VERDICT_LEFT,       /* half published when we shut down: it stays as the ledger has it, to be resumed */
};

struct reply {
    enum reply_kind kind;
    enum verdict verdict;
    size_t slot; /* REPLY_WATCHER_ENDED */
    struct job *job;
    struct take *take;
    struct job_query *query;
    size_t count; /* REPLY_PURGED */
    struct again *again;
};

#endif
