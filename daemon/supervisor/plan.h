/* SPDX-License-Identifier: GPL-2.0-or-later */
/* plan - a job that is only asked about: which outputs a file would make, and where.
 *
 *   plan_start ─► watcher LOOK ─► ledger PLAN ─► watcher OPEN ─► (dispatch) worker ─► watcher CLAIM ─► answer
 *
 * A document (see ticket.h) comes by there twice, the second time with its number of pages.
 *
 * It goes the way of a real job through the same threads and checks, so that what is said is what would happen,
 * but it is on none of its folder's lists: it has no row in the ledger, reserves no name, counts no attempt, and
 * nobody is blamed for how it ends. Whatever stands in its way ends it with an answer.
 *
 * Event loop's thread, but for plan_look_at_names() and plan_free(). */
#ifndef DARKROOM_SUPERVISOR_PLAN_H
#define DARKROOM_SUPERVISOR_PLAN_H

#include "supervisor/job.h"
#include "supervisor/reply.h"
#include "wire/ticket.h"

#include <stdbool.h>
#include <stdint.h>

struct folder;
struct request;
struct supervisor;
struct worker;

enum {
    PLANS_MAX = 16,       /* under way at once … */
    PLANS_FOLDER_MAX = 4, /* … and of one folder: one that hangs leaves some to the others */
};

/* Whose name it is. */
enum plan_owner {
    PLAN_FREE,   /* nobody's */
    PLAN_OURS,   /* an earlier version of this source made what is there, and it is as we left it */
    PLAN_SOURCE, /* another source's: made, or reserved by its job */
    PLAN_OTHER,  /* something is there that is not ours, or not as we left it */
    PLAN_OWNER_COUNT
};

/* What the ledger and the disk say of the name of the output at the same place in job->outputs. */
struct plan_name {
    enum plan_owner owner;
    bool is_file;        /* PLAN_OTHER: a regular file, which Existing=overwrite would overwrite */
    char *folder, *path; /* of PLAN_SOURCE; owned */
};

struct plan {
    struct request *request; /* who asked; NULL: nobody waits any more */
    struct plan_name *names; /* as many as job->outputs, from the ledger on */
    size_t name_count;
    struct error conflict; /* of the names: it does not end the plan, people want to see it all */
    uint32_t source_width, source_height, source_pages; /* 0: not known */
    uint32_t left_frames;                               /* as in the result */
};

/* Accepts NULL. Any thread. */
void plan_free(struct plan *plan);

/* Forgets the names: the ledger begins anew. Accepts NULL. */
void plan_drop_names(struct plan *plan);

/* Answers @request with the plan of the file @path: absolute, or relative to the folder called @folder (NULL: the
 * one it is below). Later, or at once when there is no need to look at the file. */
void plan_start(struct supervisor *supervisor, struct request *request, const char *folder, const char *path);

/* Nobody waits for the plan of @request any more (its time is over). */
void plan_forget(struct request *request);

/* Watcher's thread: what is there under the names that job->outputs have now. */
void plan_look_at_names(struct job *job);

/* A reply on a plan's job, a worker's result, and a worker's end. */
void plan_reply(struct supervisor *supervisor, const struct reply *reply);
void plan_result(struct supervisor *supervisor, struct job *job, const struct result_message *result);
void plan_lost(struct supervisor *supervisor, struct job *job, const struct error *why);

/* The memory that the next plan is to be granted; 0: there is none. */
uint64_t plan_next_grant(const struct supervisor *supervisor);

/* Hands the next plan to @worker, which is idle. 1, 0 when there is none, or -errno (it waits for another worker). */
int plan_assign(struct supervisor *supervisor, struct worker *worker);

/* Ends the plans of @folder (NULL: of all) that wait for a worker: the folder is lost, the configuration another one,
 * or we stop. Those that are elsewhere end when they come by. */
void plan_release(struct supervisor *supervisor, struct folder *folder);

#endif
