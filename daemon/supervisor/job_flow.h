/* SPDX-License-Identifier: GPL-2.0-or-later */
/* job_flow - what follows on what in the life of a job: each answer, result or loss leads to its next step.
 *
 *   TAKEN ─► (dispatch) open ─► OPENED ─► (dispatch) worker ─► result ─► publish ─► PUBLISHED ─► record ─►
 *   RECORDED ─► original ─► ORIGINAL_HANDLED ─► record ─► ORIGINAL_RECORDED
 *   any failure ─► examine ─► EXAMINED ─► record;   anything that is to be tried again ─► release ─► RELEASED
 *
 * Blame. Only a job that a worker had started can be blamed for the worker's end. Jobs that were handed out when
 * the daemon itself ended uncleanly are suspects: they run one at a time and never wait in a mailbox; that one
 * is started is recorded before, that it came through after, and only an end in between counts as an attempt.
 *
 * Memory. A job that a worker hands back is not begun: it keeps its source and waits in the supervisor's admission
 * until there is room for what it needs. That burns no attempt, and a suspect stays one.
 *
 * Event loop's thread. */
#ifndef DARKROOM_SUPERVISOR_JOB_FLOW_H
#define DARKROOM_SUPERVISOR_JOB_FLOW_H

#include "supervisor/pool.h"
#include "supervisor/reply.h"

struct folder;
struct supervisor;

/* A reply on a job from the ledger or a watcher. */
void job_flow_reply(struct supervisor *supervisor, const struct reply *reply);

/* For pool_handler; @context is the supervisor. */
void job_flow_result(void *context, struct job *job, const struct result_message *result, int *fds);
void job_flow_lost(void *context, struct job *job, const struct error *why);

/* Jobs of @folder that wait in the loop go back to the queue: it is held or lost, and a suspect among them would
 * keep those of all other folders waiting. */
void job_flow_release_folder(struct supervisor *supervisor, struct folder *folder);

/* The same for every folder: at a stop, and when a new generation takes over. */
void job_flow_release_waiting(struct supervisor *supervisor);

#endif
