/* SPDX-License-Identifier: GPL-2.0-or-later */
/* ledger_store - what the ledger does to its database, a statement or a few each; no threads in here.
 *
 * All functions but open and close are called inside a transaction (ledger_store_begin). They return 0 or
 * more, or -EIO after ledger_store_text() was set; the caller rolls back then and tries the lot again. Counts
 * in memory follow the transaction: rolled back with it.
 *
 * SQLite in WAL mode with synchronous=FULL: when ledger_store_commit() returns, a power cut changes nothing. */
#ifndef DARKROOM_SUPERVISOR_LEDGER_STORE_H
#define DARKROOM_SUPERVISOR_LEDGER_STORE_H

#include "supervisor/anchor.h"
#include "supervisor/job.h"
#include "supervisor/version.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct ledger_store;

/* Opens or makes the database at @path and recovers from the last run: jobs that were handed out then are
 * back in the queue as suspects. 0, or -errno with @error (not a database, a newer version, a full disk). */
int ledger_store_open(const char *path, struct ledger_store **ret, struct error *error);
/* Accepts NULL. */
void ledger_store_close(struct ledger_store *store);

int ledger_store_begin(struct ledger_store *store);
int ledger_store_commit(struct ledger_store *store);
void ledger_store_rollback(struct ledger_store *store);

/* What went wrong last, for people. Valid until the next call. */
const char *ledger_store_text(const struct ledger_store *store);

/* This ledger's number, random at its birth: part of temporary names, so two daemons never meet. */
uint32_t ledger_store_instance(const struct ledger_store *store);

/* Jobs in each end state since the ledger began. */
uint64_t ledger_store_count(const struct ledger_store *store, enum job_state state);

/* How many jobs of @folder wait in the queue; suspects are not in *@ret_queued. */
int ledger_store_queued(struct ledger_store *store, const char *folder, uint64_t *ret_queued,
                        uint64_t *ret_suspects);

/* What is done anew in this run when its file is found, though nothing about it has changed. */
enum { REDO_DONE = 1 << 0, REDO_FAILED = 1 << 1 };

/* @redo: REDO_* joined; none at first. What ends from now on is not done once more. 0 or -EIO. */
int ledger_store_set_redo(struct ledger_store *store, unsigned redo);

/* How the newest version of a file ended that is known already. */
struct standing {
    enum job_state state; /* JOB_DONE or JOB_FAILED; any other: it is new, or under way */
    uint64_t job;         /* 0: it is forgotten */
};

/* A file is there and settled. Returns 1 when that made a new job, 0 when it is known already (or its queued
 * job was brought up to date, or its running one will be followed by another). Where only the inode or ctime of
 * a file with an outcome is another (chmod, a card in another reader), its content decides: the new job is to
 * verify that (job->known_hash), and ends with ledger_store_unchanged() if it is the same. @found: it was there when
 * the folder was walked over for the first time; if this ledger takes the place of one that was lost, it had outputs
 * (job->adopt). @ret_standing (may be NULL): of a file that stays as it is. */
int ledger_store_arrival(struct ledger_store *store, const char *folder, const char *path,
                         const struct version *version, bool found, uint64_t now_us,
                         struct standing *ret_standing);

/* Why @job failed; the caller frees *@ret. 0, -EIO or -ENOMEM. */
int ledger_store_failure(struct ledger_store *store, uint64_t job, char **ret);

/* The file was seen to go. Its version stays known (it may come back), but its outputs' names are to be had by others
 * where nothing is any more. */
int ledger_store_gone(struct ledger_store *store, const char *folder, const char *path);

/* All that the first walk over @folder found has arrived: whatever is found by another one is new. */
int ledger_store_scanned(struct ledger_store *store, const char *folder);

/* Takes up to @limit due jobs of @folder from the queue, oldest first; suspects, or all others. Output names
 * are planned and reserved here: a clash makes the job JOB_FAILED at once (it is recorded already), and may bring
 * a newer version into the queue: *@ret_added says how many. Appends to @jobs and returns how many. Fewer than
 * @limit: *@ret_next_us (realtime) is when the next retry is due, or USEC_INFINITY. What it costs does not depend
 * on the length of the queue. */
int ledger_store_take(struct ledger_store *store, struct config *config, size_t slot,
                      const struct folder_conf *folder, bool suspects, size_t limit, uint64_t now_us,
                      struct job_list *jobs, uint64_t *ret_added, uint64_t *ret_next_us);

/* Appends the jobs of @folder that an unclean end left half-published or with an original to deal with
 * (job->resume says which), each once a session. Returns how many. */
int ledger_store_resume(struct ledger_store *store, struct config *config, size_t slot,
                        const struct folder_conf *folder, struct job_list *jobs);

/* The job, of which something is left to do, may be resumed again in this session. */
int ledger_store_leave(struct ledger_store *store, uint64_t job);

/* For a suspect: a worker is about to start it (true), or it came through (false). */
int ledger_store_started(struct ledger_store *store, uint64_t job, bool started);

/* The source of @job is a document of job->pages pages: plans and reserves the names of all its outputs, in place of
 * those that it was given when it was taken. 0, also when job->failure says why it cannot have them. */
int ledger_store_pages(struct ledger_store *store, struct job *job);

/* Reserves @path (relative to Output) for @output of @job instead of its present name. 1, or 0 when it belongs to
 * another source. */
int ledger_store_move_output(struct ledger_store *store, const struct job *job,
                             const struct job_output *output, const char *path);

/* All outputs of @job are finished under their temporary names: from now on publishing rolls forward, and what is to be
 * done then with its original is job->original. */
int ledger_store_intent(struct ledger_store *store, const struct job *job);

/* @job ended as job->state and job->original say. Returns 1 when a newer version of the source waits in the queue
 * now. */
int ledger_store_finish(struct ledger_store *store, const struct job *job, bool forget_version,
                        uint64_t now_us);

/* @job found the content that has its outcome already: it leaves no trace but the source's new version. Returns 1
 * when a newer version of the source waits in the queue now. */
int ledger_store_unchanged(struct ledger_store *store, const struct job *job, uint64_t now_us);

/* @job goes back to the queue, to be taken not before job->delay_us from now. */
int ledger_store_release(struct ledger_store *store, const struct job *job, uint64_t now_us);

/* The original of @job was dealt with; @forget_version: its source has no file any more. */
int ledger_store_original_done(struct ledger_store *store, const struct job *job, bool forget_version);

/* Temporary files that the last run may have left in @folder: for each, the absolute path of the output and
 * the job's number and the output's place are given to @each. Returns 0, or what @each returned. */
int ledger_store_leftovers(struct ledger_store *store, const char *folder,
                           int (*each)(void *context, const char *output_path, uint64_t job, uint32_t place),
                           void *context);

enum { PURGE_BATCH = 256 }; /* jobs of each end state that a call looks at */

/* Forgets jobs that ended before @before_us (realtime), of the oldest some; what it knows of files and outputs
 * stays, but for files that are gone and left no outputs. Returns how many. */
int ledger_store_purge(struct ledger_store *store, uint64_t before_us);
/* Plans the outputs of @job, which is a plan's, as ledger_store_take() would, and whose their names are; nothing of it
 * stays. 0, also when job->failure says why it cannot have any or job->plan->conflict what they clash with, or
 * -EIO, -ENOMEM. */
int ledger_store_plan(struct ledger_store *store, struct job *job);

/* Could @job, which is a plan's, reserve @path (relative to Output)? 1; 0 when it belongs to another source. */
int ledger_store_may_have(struct ledger_store *store, const struct job *job, const char *path);

/* What is known of @folder's directory anchor->path, from an earlier run or another configuration; nothing known:
 * @anchor stays as it is. */
int ledger_store_recall_anchor(struct ledger_store *store, const char *folder, struct anchor *anchor);
int ledger_store_remember_anchor(struct ledger_store *store, const char *folder, const struct anchor *anchor);

/* One row of a listing; strings owned. */
struct job_row {
    uint64_t id;
    char *folder, *path, *message;
    enum job_state state;
    unsigned attempts;
    enum error_class class;
    enum error_stage stage;
    uint64_t queued_us, finished_us, duration_us; /* 0: not yet */
    struct job_row_output {
        char *path;
        uint64_t bytes;
        uint32_t width, height;
    } * outputs;
    size_t output_count;
};

enum {
    JOB_LIST_MAX = 1000,          /* jobs of a listing, and … */
    JOB_LIST_OUTPUTS_MAX = 60000, /* … outputs: with more, it ends early, and says that there are more jobs */
};

struct job_query {
    uint64_t id;     /* this one only; 0: the newest that match */
    uint64_t before; /* older than this id; 0: from the newest */
    int state;       /* enum job_state, or -1 for any; JOB_OPENING: all that were taken and have not ended */
    char folder[80]; /* "" for any */
    size_t limit;    /* at most JOB_LIST_MAX */
    void *context;   /* of whoever asked, as is what follows: the state and the limit that were asked for */
    int live_state;
    size_t live_limit;
    struct job_row *rows; /* the answer, newest first */
    size_t row_count;
    bool more; /* there are older ones that match */
};

/* Answers @query. 0 or -EIO. */
int ledger_store_list(struct ledger_store *store, struct job_query *query);
void job_query_release(struct job_query *query);

#endif
