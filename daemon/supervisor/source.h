/* SPDX-License-Identifier: GPL-2.0-or-later */
/* source - a job's source file: opening it, and whether it still is the version that the job is about.
 *
 * Called by the folder's watcher thread; may block on its mount. */
#ifndef DARKROOM_SUPERVISOR_SOURCE_H
#define DARKROOM_SUPERVISOR_SOURCE_H

#include "supervisor/job.h"
#include "supervisor/kernel_settings.h"
#include "supervisor/reply.h"

/* "a named pipe" and the like, for what is not a regular file. */
const char *source_type_name(mode_t mode);

enum { SOURCE_COPY_BYTES_MAX = 256 << 20 }; /* a larger one is read by its worker where it is */

/* Opens job->path below @root for reading into job->source_fd; from a network or FUSE file system a copy of it, in
 * sealed memory. OK, SUPERSEDED when it is another version than
 * the job's, VANISHED, or FAILED and RETRY with job->failure (a link, a pipe, no permission, too large …). */
enum verdict source_open(struct job *job, int root, const struct kernel_settings *kernel);

/* Fills job->version with that of the file at job->path below @root. OK, VANISHED, or FAILED and RETRY as above. */
enum verdict source_look(struct job *job, int root);

/* After an outcome: is the source below @root still the job's version? OK, SUPERSEDED or VANISHED (RETRY when
 * that cannot be told now). */
enum verdict source_compare(struct job *job, int root);

/* Is somebody still writing to it? It is open for writing (fcntl(2), F_SETLEASE; where that tells), or was
 * last written to less than @grace_us ago. */
bool source_is_being_written(const struct job *job, int root, uint64_t grace_us);

#endif
