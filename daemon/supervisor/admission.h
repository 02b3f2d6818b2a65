/* SPDX-License-Identifier: GPL-2.0-or-later */
/* admission - which jobs may be in memory at the same time: grants against a budget.
 *
 * Every job a worker holds has a grant: the default one, or what it needs, when that is known to be more: from the
 * size of its file, or because a worker that looked at its header handed it back (see ticket.h). The default grants
 * of all workers together are within the budget, so jobs of that size never wait. One that needs more is parked
 * until its need fits what is left of the budget, or nothing else runs; one that needs more than the budget runs
 * alone, and nothing is begun beside it.
 *
 * Nobody starves. The job that has been parked longest is the *first*. For ADMISSION_PATIENCE_US others may overtake
 * it freely; after that what is begun has to fit beside the first (not beside what else still runs, or one long job
 * would keep small ones from the room that the first could not use yet): so it is its turn when those that ran
 * then have ended. Patience starts anew when a parked job has run, and parked jobs and others take turns at being
 * asked first: so a row of large pictures does not stop the small ones either.
 *
 * Policy on numbers and lists, without system calls; time is passed in. Event loop's thread. */
#ifndef DARKROOM_SUPERVISOR_ADMISSION_H
#define DARKROOM_SUPERVISOR_ADMISSION_H

#include "base/clock.h"
#include "supervisor/job.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define ADMISSION_PATIENCE_US USEC_PER_SEC

enum {
    GRANT_DEFAULT_MAX = 256 << 20, /* what nearly every picture needs less than */
    HAND_BACKS_MAX = 2,            /* of one job: a worker that asks for more again and again lies */
    PARKED_MAX = 16,               /* jobs of a folder: they keep their sources open */
};

struct admission {
    uint64_t budget_bytes, default_grant_bytes;
    struct job_list parked; /* in the order in which they came, suspects first */
    size_t parked_count;
    uint64_t parked_ended_us; /* when a job that had been parked last left its worker */
};

/* What workers hold, at the time of asking. */
struct memory_use {
    uint64_t granted_bytes;
    uint64_t late_bytes; /* of these, granted since admission_patience_ends() */
};

/* Nothing is parked, and the budget is 0. */
void admission_init(struct admission *admission);

/* Sets the budget that @workers share; jobs that are parked or held stay so. */
void admission_configure(struct admission *admission, uint64_t budget_bytes, size_t workers);

/* What @job would be granted. */
uint64_t admission_grant(const struct admission *admission, const struct job *job);

/* True when it has to be parked: its grant is not the default. */
bool admission_is_large(const struct admission *admission, const struct job *job);

void admission_park(struct admission *admission, struct job *job, uint64_t now_us);
void admission_unpark(struct admission *admission, struct job *job);

/* A job, large or not, has left its worker. */
void admission_job_left(struct admission *admission, const struct job *job, uint64_t now_us);

/* When the first parked job's patience ends or ended; USEC_INFINITY when none is parked. */
uint64_t admission_patience_ends(const struct admission *admission);

/* May a job that is not parked be given @grant_bytes by a worker that has granted @held_bytes already (0: it is
 * idle)? A worker works one job at a time, so it needs the larger of the two. */
bool admission_may_start(const struct admission *admission, const struct memory_use *use, uint64_t held_bytes,
                         uint64_t grant_bytes, uint64_t now_us);

/* The parked job that an idle worker may be given now, or NULL. It stays parked. */
struct job *admission_next(const struct admission *admission, const struct memory_use *use, uint64_t now_us);

#endif
