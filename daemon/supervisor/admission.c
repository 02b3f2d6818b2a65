/* SPDX-License-Identifier: GPL-2.0-or-later */
/* admission - see admission.h. */
#include "supervisor/admission.h"

#include <assert.h>

enum { SOURCE_COPIES = 2 }; /* a worker holds the file, and may have to hold it once more, changed */

static uint64_t larger(uint64_t a, uint64_t b)
{
    return a > b ? a : b;
}

static bool fits(uint64_t used, uint64_t more, uint64_t budget)
{
    return used <= budget && more <= budget - used;
}

void admission_init(struct admission *admission)
{
    *admission = (struct admission){ 0 };
    TAILQ_INIT(&admission->parked);
}

void admission_configure(struct admission *admission, uint64_t budget_bytes, size_t workers)
{
    uint64_t share = budget_bytes / (workers ? workers : 1);

    admission->budget_bytes = budget_bytes;
    admission->default_grant_bytes = share < GRANT_DEFAULT_MAX ? share : GRANT_DEFAULT_MAX;
}

uint64_t admission_grant(const struct admission *admission, const struct job *job)
{
    uint64_t source = job->version.size > 0 ? SOURCE_COPIES * (uint64_t)job->version.size : 0;

    return larger(admission->default_grant_bytes, larger(job->needs_memory_bytes, source));
}

bool admission_is_large(const struct admission *admission, const struct job *job)
{
    return admission_grant(admission, job) > admission->default_grant_bytes;
}

void admission_park(struct admission *admission, struct job *job, uint64_t now_us)
{
    job->parked_us = now_us;
    if (job->suspect)
        TAILQ_INSERT_HEAD(&admission->parked, job, link);
    else
        TAILQ_INSERT_TAIL(&admission->parked, job, link);
    admission->parked_count++;
}

void admission_unpark(struct admission *admission, struct job *job)
{
    assert(admission->parked_count > 0);

    TAILQ_REMOVE(&admission->parked, job, link);
    admission->parked_count--;
}

void admission_job_left(struct admission *admission, const struct job *job, uint64_t now_us)
{
    if (job->memory_grant_bytes > admission->default_grant_bytes)
        admission->parked_ended_us = now_us;
}

/* A suspect's start is recorded: the shorter it waits, the less it can be blamed for what it did not do. */
uint64_t admission_patience_ends(const struct admission *admission)
{
    const struct job *first = TAILQ_FIRST(&admission->parked);

    if (!first)
        return USEC_INFINITY;
    if (first->suspect)
        return first->parked_us;
    return larger(first->parked_us, admission->parked_ended_us) + ADMISSION_PATIENCE_US;
}

bool admission_may_start(const struct admission *admission, const struct memory_use *use, uint64_t held_bytes,
                         uint64_t grant_bytes, uint64_t now_us)
{
    uint64_t more = grant_bytes > held_bytes ? grant_bytes - held_bytes : 0;
    const struct job *first = TAILQ_FIRST(&admission->parked);

    if (use->granted_bytes > 0 && !fits(use->granted_bytes, more, admission->budget_bytes))
        return false;
    if (now_us < admission_patience_ends(admission))
        return true;
    return fits(use->late_bytes + grant_bytes, admission_grant(admission, first), admission->budget_bytes);
}

struct job *admission_next(const struct admission *admission, const struct memory_use *use, uint64_t now_us)
{
    struct job *first = TAILQ_FIRST(&admission->parked), *job;

    if (!first)
        return NULL;
    if (use->granted_bytes == 0 ||
        fits(use->granted_bytes, admission_grant(admission, first), admission->budget_bytes))
        return first;

    for (job = TAILQ_NEXT(first, link); job; job = TAILQ_NEXT(job, link))
        if (admission_may_start(admission, use, 0, admission_grant(admission, job), now_us))
            return job;
    return NULL;
}
