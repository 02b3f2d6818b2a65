/* SPDX-License-Identifier: GPL-2.0-or-later */
/* claim - may a job's outputs have their names? What lies there already, and what Existing= says to that.
 *
 * Names are reserved in the ledger when a job is taken, which settles it between our own sources; but what is to be
 * overwritten stays another source's until that is announced, see publish.h. This is about the file system: a file
 * that the ledger knows to be ours, and that is as we left it, is not in the way; of any other file Existing= decides.
 * It is asked twice: before any work is done, of all outputs that may come, and before publishing, of those that were
 * made.
 *
 * Called by the folder's watcher thread; blocks on the output's file system and on the ledger. */
#ifndef DARKROOM_SUPERVISOR_CLAIM_H
#define DARKROOM_SUPERVISOR_CLAIM_H

#include "supervisor/job.h"
#include "supervisor/reply.h"

#include <stdbool.h>

enum { CLAIM_NUMBERS_MAX = 10000 }; /* names that Existing=number tries */

struct claim_context {
    const struct folder_conf *conf;
    int root, source_root; /* Output and Path */
    /* Reserves @path in the ledger for @output of @job instead of its present one. 0, -EEXIST when it belongs to
     * another source, or another -errno. */
    int (*move)(void *user, const struct job *job, const struct job_output *output, const char *path);
    void *user;
};

/* Looks at the names of @job's outputs: of those that were made (@made), else of all that are planned. OK: they
 * may be made, or published (some may be marked as adopted or not to be made any more); SETTLED: what is wanted is
 * there, nothing is left to make; FAILED with a conflict; RETRY when the environment is sick. */
enum verdict claim_outputs(const struct claim_context *context, struct job *job, bool made);

/* True when @job has to be asked about before it is published; for all others publishing itself finds out. */
bool claim_is_asked(const struct job *job);

/* 1 when @name in @directory is the file that we left there, 0 when it is another one or none, or -errno. */
int claim_is_ours(int directory, const char *name, const struct published *published);

/* Fails @job: something is in the way of the output at @path; @why: "it is …", why Existing= has no way
 * past it, or NULL. Returns VERDICT_FAILED. */
enum verdict claim_conflict(struct job *job, int errnum, const char *path, const char *why);

#endif
