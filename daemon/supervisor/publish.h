/* SPDX-License-Identifier: GPL-2.0-or-later */
/* publish - finished pictures from memory into a folder's Output, a batch of jobs at a time, durably.
 *
 * In this order, each for the whole batch, because that is what facts.md measured fastest:
 *   write under a temporary name · start write-back                 publish_write()
 *   fsync · fsync the directories                                   publish_flush()
 *   intent (ledger)                                                 publish_announce()
 *   rename                                                          publish_name()
 *   fsync the directories                                           publish_end()
 * Up to the intent a job can be given up without a trace; from the intent on it rolls forward: whatever
 * happens, its outputs come out under their names, by these functions or by publish_resume() after a crash.
 * They are apart so that the next batch can be written while the intent of this one gets durable.
 * Temporary names follow from ledger, job and the output's place in it, so they can be found again without a search.
 *
 * Called by the folder's watcher thread; blocks on the output's file system and, where names have to be found, on the
 * ledger. */
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
    uint32_t instance; /* the ledger's */

    /* Until the batch is written. Output is that of conf->output: nothing is written while its disk is not there. */
    struct anchor *output;
    int source_root; /* Path, for claim.h */
    /* See claim.h. */
    int (*move)(void *user, const struct job *job, const struct job_output *output, const char *path);
    /* Is the source still the one? May be NULL for "yes". */
    enum verdict (*compare)(void *user, struct job *job);
    void *user;
};

/* Jobs on their way together. */
struct publish_batch {
    struct job *jobs[PUBLISH_BATCH_MAX];
    enum verdict verdicts[PUBLISH_BATCH_MAX]; /* by job; OK while it is on */
    size_t count;

    /* publish.c's own. */
    bool announced[PUBLISH_BATCH_MAX]; /* by job: its intent is durable */
    struct publish_context context;
    int root;
    struct parcel *parcels; /* one for each file that is made or removed */
    size_t parcel_count;
};

/* Begins with batch->jobs and batch->count, and nothing else. The verdict on a job is, when publish_end() is through:
 * OK; SUPERSEDED or VANISHED (nothing was left behind); FAILED with a conflict or another failure of its own; RETRY
 * with job->failure when the environment is sick (nothing was left behind, the pictures are still in memory: hold the
 * folder and call again); RETURNED when the intent could not be had, or a picture has to be made once more. */
void publish_write(struct publish_batch *batch, const struct publish_context *context);
void publish_flush(struct publish_batch *batch);

/* The jobs that are still on, whose intent is to be made durable now: into @jobs, which holds PUBLISH_BATCH_MAX.
 * Returns their number; with 0 there is nothing to announce. */
size_t publish_announce(const struct publish_batch *batch, struct job **jobs);

/* @intent: 0, or -errno when it can't be had any more (we shut down): then nothing gets its name. */
void publish_name(struct publish_batch *batch, int intent);
void publish_end(struct publish_batch *batch);

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
