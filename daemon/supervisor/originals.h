/* SPDX-License-Identifier: GPL-2.0-or-later */
/* originals - what becomes of a source file after its job's outcome is durable: archive, delete, move to the
 * failed folder, or nothing.
 *
 * The file is first renamed to a private dot-name beside it and compared with the job's version, so that a new
 * version that arrives meanwhile is never the one that is moved; archive and failed folders are never
 * overwritten, names are numbered; to another file system it is copied, flushed, compared and only then
 * unlinked. Every step can be done again after a crash.
 *
 * Called by the folder's watcher thread; blocks. */
#ifndef DARKROOM_SUPERVISOR_ORIGINALS_H
#define DARKROOM_SUPERVISOR_ORIGINALS_H

#include "supervisor/job.h"
#include "supervisor/reply.h"

#include <stdbool.h>
#include <stdint.h>

/* What is to be done with the original of @job if it ends as @end, where its folder is configured as job->folder says.
 * Not for a job that an earlier run has announced: of its outputs it is not known which were only found. Any thread. */
enum job_original originals_pending(const struct job *job, enum job_state end);

/* Why the original of @job, which is done, is not archived or deleted as configured, for people; NULL: it is, or it is
 * not to be. Any thread. */
const char *originals_reason(const struct job *job);

/* Where it is configured so by now, does the file of job->original stay where it is? Any thread. */
bool originals_stays(const struct job *job);

/* Deals with the original of @job, as job->folder says by now: if it is to stay, and was on its way, it is put back. OK
 * (also when it is gone or another version by now: then it is left alone); RETRY with @error: nothing was lost, call
 * again later. */
enum verdict originals_handle(struct job *job, uint32_t instance, struct error *error);

#endif
