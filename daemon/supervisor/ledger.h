/* SPDX-License-Identifier: GPL-2.0-or-later */
/* ledger - the thread that owns the database, and how the others talk to it.
 *
 *   watcher threads → ledger   arrivals (bounded; a watcher waits when it is full) and calls (it waits for the
 *                              answer, of an intent not at once); both through one channel, so they keep their order
 *   event loop → ledger        requests; the loop never has more under way than LEDGER_REQUESTS_MAX
 *   ledger → event loop        replies, through the channel given to ledger_start(), and the news cell
 *
 * The ledger waits for nobody. It takes all that lies in its channels, up to a limit, as one transaction;
 * answers go out after the commit. When the commit fails (a full disk) the same batch is tried again every
 * second and the news say why: nothing is dispatched or published meanwhile, because nobody gets an answer. */
#ifndef DARKROOM_SUPERVISOR_LEDGER_H
#define DARKROOM_SUPERVISOR_LEDGER_H

#include "base/channel.h"
#include "base/cell.h"
#include "supervisor/ledger_again.h"
#include "supervisor/reply.h"

#include <stdbool.h>
#include <stdint.h>

enum {
    LEDGER_REQUESTS_MAX = 65536, /* from the loop, under way at once; see dispatch.c */
    LEDGER_ARRIVALS_MAX = 512,
    LEDGER_BATCH_MAX = 512,           /* arrivals, requests a transaction */
    LEDGER_ARRIVALS_AWAITED_MAX = 64, /* arrivals in a transaction that somebody waits for */
    LEDGER_TEXT_MAX = 200,
};

struct ledger;
struct ledger_intent;

enum ledger_op {
    LEDGER_TAKE,         /* fills request->take; replies REPLY_TAKEN */
    LEDGER_STARTED,      /* a worker is about to start this suspect; replies REPLY_STARTED with the job */
    LEDGER_PAGES,        /* names for all pages of the job; replies REPLY_PAGED with it */
    LEDGER_CAME_THROUGH, /* the worker survived this suspect; no reply */
    LEDGER_FINISH, /* the job ended as job->state and job->original say; replies REPLY_RECORDED with the job */
    LEDGER_UNCHANGED,     /* the job had nothing to do; replies REPLY_RELEASED with it */
    LEDGER_RELEASE,       /* back to the queue; replies REPLY_RELEASED with the job */
    LEDGER_LEFT,          /* what is left to do for this job, the folder's next start finds; no reply */
    LEDGER_ORIGINAL_DONE, /* replies REPLY_ORIGINAL_RECORDED with the job */
    LEDGER_LIST,          /* replies REPLY_LISTED with the query */
    LEDGER_PURGE, /* forgets some jobs that ended before before_us; replies REPLY_PURGED with their count */
    LEDGER_PLAN,  /* names for job->plan, reserved for nobody; replies REPLY_PLANNED with the job */
    LEDGER_AGAIN, /* a chunk; replies REPLY_AGAIN with it */
};

struct ledger_request {
    enum ledger_op op;
    struct job *job;         /* all but TAKE, LIST and AGAIN */
    uint64_t job_id;         /* CAME_THROUGH, LEFT: the job itself is with somebody else by then */
    struct take *take;       /* TAKE; owned by the ledger until the reply */
    struct job_query *query; /* LIST; the same */
    uint64_t before_us;      /* PURGE; realtime */
    size_t count;            /* PURGE: the answer */
    struct again *again;     /* AGAIN; the same */
    bool forget_version;     /* FINISH, ORIGINAL_DONE: whatever comes next is a new version */
};

/* Asks for work of one folder. The loop frees it, and config_unref()s. */
struct take {
    struct config *config;
    size_t slot;
    const struct folder_conf *folder;
    bool suspects; /* these only, instead of all others */
    bool resume;   /* what an unclean end left half-done, instead of queued jobs */
    size_t limit;
    struct job_list jobs; /* the answer */
    size_t count;
    uint64_t next_us; /* realtime: when the next retry is due; USEC_INFINITY: none */
    uint64_t added;   /* the folder's count in the news, as it was when the queue was looked at */
};

/* What the event loop knows of the ledger; the newest counts. */
struct ledger_news {
    uint64_t sequence;                /* grows with every commit that changed something */
    uint64_t counts[JOB_STATE_COUNT]; /* end states since the ledger began */
    struct ledger_folder_news {
        uint64_t queued, suspects;           /* suspects are not in @queued */
        uint64_t arrivals;                   /* handled since the start */
        uint64_t added;                      /* times that jobs came into the queue */
        uint64_t taken;                      /* jobs that were handed out to the loop */
        uint64_t done_before, failed_before; /* arrivals of files that stay as they are */
    } folders[FOLDERS_MAX];                  /* by slot */
    bool failing;
    char text[LEDGER_TEXT_MAX];
    const char
        *missing; /* where a file of it was and is not any more; valid until ledger_free(); NULL: none */
};

/* What a run does about files that it knows already. */
struct ledger_policy {
    unsigned redo;     /* REDO_*: these are done anew */
    bool tells_failed; /* those that stay failed are said to be so */
};

/* Opens the database in @path (blocks; before the loop starts) and starts the thread. Replies go to @replies.
 * 0, or -errno with @error. */
int ledger_start(const char *path, const struct ledger_policy *policy, struct channel *replies,
                 struct ledger **ret, struct error *error);

/* Ends the thread after all that was sent and closes the database. The event loop's thread, when every watcher is
 * gone or given up; calls of those fail with -EPIPE from now on. */
void ledger_stop(struct ledger *ledger);

/* Frees a stopped ledger, when no watcher is left that could still call it. Accepts NULL. */
void ledger_free(struct ledger *ledger);

/* Event loop: sends a request; never waits. */
void ledger_send(struct ledger *ledger, const struct ledger_request *request);

/* Event loop: the descriptor that says that there are news, and the news. */
int ledger_news_fd(const struct ledger *ledger);
void ledger_read_news(struct ledger *ledger, struct ledger_news *ret);

/* Any thread. */
uint32_t ledger_instance(const struct ledger *ledger);

/* Watcher threads: a settled file, or (version->size -1) one that was seen to go; @found: it was there already when the
 * folder was walked over for the first time. Waits for room. 0, or -EPIPE at shut-down. */
int ledger_arrival(struct ledger *ledger, size_t slot, const char *folder, const char *path,
                   const struct version *version, bool found);

/* Watcher threads: counts @folder's queue into the news, and names each output of which the last run may have
 * left a temporary file. @each runs in the ledger's thread, perhaps twice for one output: it only takes notes.
 * Waits for the answer. 0, -EPIPE at shut-down, or what @each returned. */
int ledger_enter_folder(struct ledger *ledger, size_t slot, const char *folder,
                        int (*each)(void *context, const char *output_path, uint64_t job, uint32_t place),
                        void *context);

/* Watcher threads: all that the first walk over @folder found has arrived; what comes now is new, see claim.h. Waits
 * for the answer. 0 or -EPIPE. */
int ledger_scanned(struct ledger *ledger, const char *folder);

/* Watcher threads: reserves @path, relative to Output, for @output of @job instead of its present name. Waits for
 * the answer. 0, -EEXIST when it belongs to another source, or -EPIPE. */
int ledger_move_output(struct ledger *ledger, const struct job *job, const struct job_output *output,
                       const char *path);
/* Watcher threads: fills in what is known of @folder's directory anchor->path (see anchor.h), and notes it.
 * Wait for the answer. 0 or -EPIPE. */
int ledger_recall_anchor(struct ledger *ledger, const char *folder, struct anchor *anchor);
int ledger_remember_anchor(struct ledger *ledger, const char *folder, const struct anchor *anchor);

/* Watcher threads: has the intent of publishing @jobs made durable, which the thread learns of later; until then the
 * jobs and the array belong to the ledger. Waits for room. NULL at shut-down, or without memory. */
struct ledger_intent *ledger_intent_send(struct ledger *ledger, struct job *const *jobs, size_t count);

/* Watcher threads: waits until it is, and frees @intent. 0 or -EPIPE; accepts NULL for that. */
int ledger_intent_wait(struct ledger_intent *intent);

/* Watcher threads: could @job, which is a plan's, reserve @path (relative to Output)? Nothing is reserved. Waits for
 * the answer. 0, -EEXIST when it belongs to another source, or -EPIPE. */
int ledger_may_have(struct ledger *ledger, const struct job *job, const char *path);

#endif
