/* SPDX-License-Identifier: GPL-2.0-or-later */
/* again - doing again what has ended: jobs that are retried, and whole folders whose recipe has changed.
 *
 * Both go over the ledger in chunks, each a request of its own, so that a million rows stop nobody for longer than
 * one chunk takes. A chunk that is durable stays so, whatever comes after. Event loop's thread. */
#ifndef DARKROOM_SUPERVISOR_AGAIN_H
#define DARKROOM_SUPERVISOR_AGAIN_H

#include "supervisor/ledger_again.h"

struct control;
struct request;

/* Answers @request when job @id is queued anew, or with why it cannot be. */
void again_retry_job(struct control *control, struct request *request, uint64_t id);

/* Answers @request when all jobs that have failed, of @folder or (NULL) of all, are queued anew. */
void again_retry_failed(struct control *control, struct request *request, const struct folder_conf *folder);

/* Answers @request when the ledger has forgotten what is done in @folder, so that the scan, which begins then, makes
 * it anew. */
void again_make_folder(struct control *control, struct request *request, const struct folder_conf *folder);

/* Has all of @folder walked over now, and answers @request. */
void again_scan(struct control *control, struct request *request, const struct folder_conf *folder);

/* The ledger's answer on a chunk. */
void again_answered(struct control *control, struct again *again);

/* Accepts NULL. */
void again_free(struct again *again);

#endif
