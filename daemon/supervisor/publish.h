/* SPDX-License-Identifier: GPL-2.0-or-later */
/* publish - finished pictures from memory into a folder's Output, a batch of jobs at a time, durably.
 *
 * In this order, each for the whole batch, because that is what facts.md measured fastest:
 *   write under a temporary name · start write-back · fsync · fsync the directories · intent (ledger) ·
 *   rename · fsync the directories.
 * Up to the intent a job can be given up without a trace; from the intent on it rolls forward: whatever
 * happens, its outputs come out under their names, by this function or by its next run after a crash.
 * Temporary names follow from ledger, job and the output's place in it, so they can be found again without a search.
 *
 * Called by the folder's watcher thread; blocks on the output's file system and on the ledger. */
#ifndef DARKROOM_SUPERVISOR_PUBLISH_H
#define DARKROOM_SUPERVISOR_PUBLISH_H

#include "supervisor/anchor.h"
#include "supervisor/job.h"
#include "supervisor/reply.h"

#include <stddef.h>
#include <stdint.h>

enum {
    PUBLISH_BATCH_MAX = 32,          /* jobs */
    PUBLISH_BATCH_OUTPUTS_MAX = 256, /* files, each with an open descriptor; one job may have more of them */
};

struct publish_context {
    const struct folder_conf *conf;
    struct anchor *output; /* of conf->output: nothing is written while its disk is not there */
    int source_root;       /* Path, for claim.h */
    uint32_t instance;     /* the ledger's */
    /* Makes the intent of @jobs durable. 0, or -EPIPE when that can't be had any more (we shut down). */
    int (*intent)(void *user, struct job *const *jobs, size_t count);
    /* See claim.h. */
    int (*move)(void *user, const struct job *job, const struct job_output *output, const char *path);
    /* Is the source still the one? May be NULL for "yes". */
    enum verdict (*compare)(void *user, struct job *job);
    void *user;
};

/* Publishes @jobs (at most PUBLISH_BATCH_MAX). verdicts[i]: OK; SUPERSEDED or VANISHED (nothing was left
 * behind); FAILED with a conflict or another failure of its own; RETRY with job->failure when the environment
 * is sick (nothing was left behind, the pictures are still in memory: hold the folder and call again);
 * RETURNED when the intent could not be had. */
void publish_jobs(const struct publish_context *context, struct job *const *jobs, enum verdict *verdicts,
                  size_t count);

/* Completes a job whose intent is durable (job->resume): renames what still has its temporary name. OK;
 * RETURNED when neither name exists for an output, or it was announced for another Output (it has to be made again);
 * RETRY as above. */
enum verdict publish_resume(const struct publish_context *context, struct job *job);

enum { PUBLISH_TEMPORARY_MAX = 64 };

/* The temporary name, without directory, of the output at @place (job.h) of @job. Returns @buffer. */
const char *publish_temporary(uint32_t instance, uint64_t job, uint32_t place, char *buffer, size_t size);

/* Removes the temporary file of one output that was given up; @output is absolute. 0 or -errno. */
int publish_sweep(uint32_t instance, const char *output, uint64_t job, uint32_t place);

#endif
