/* SPDX-License-Identifier: GPL-2.0-or-later */
/* ledger_names - the names of outputs: planned and reserved before any work is done, and what is planned only to be
 * told. For the ledger_*.c files, inside a transaction; see ledger_store.h for what fails how. */
#ifndef DARKROOM_SUPERVISOR_LEDGER_NAMES_H
#define DARKROOM_SUPERVISOR_LEDGER_NAMES_H

#include "supervisor/ledger_sql.h"

/* The absolute path under which the output at @path of @folder is known. The caller frees; NULL when memory is out. */
char *ledger_absolute_output(const struct folder_conf *folder, const char *path);

/* The part of @absolute below the folder's Output, or NULL when it is from an Output= that is no more. */
const char *ledger_below_output(const struct folder_conf *folder, const char *absolute);

/* Gives @job its outputs, of which it reserves the names, and what was published for its @source before. 0 also when
 * it cannot have them: job->state is JOB_FAILED then, and job->failure says why. */
int ledger_plan_outputs(struct ledger_store *store, struct job *job, int64_t source);

/* The same, when it is known of how many pages @job->pages the source is; what had been reserved without that
 * is given back. */
int ledger_plan_pages(struct ledger_store *store, struct job *job, int64_t source);

/* 1: the name is @source's now, for the output at @place (job.h); 0: it belongs to another source. */
int ledger_reserve(struct ledger_store *store, const struct job *job, int64_t source, uint32_t place,
                   const char *path);

/* The same, but a source that is gone has no name any more. */
int ledger_inherit(struct ledger_store *store, const struct job *job, int64_t source, uint32_t place,
                   const char *path);

#endif
