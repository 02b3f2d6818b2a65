/* SPDX-License-Identifier: GPL-2.0-or-later */
/* memory_bound - how much memory a job may take at all, and whether it has given it back. What pictures take is
 * estimated from their headers (image/estimate.h) and kept to by their readers; what stands in a drawing is told by
 * nothing but reading it, so there the kernel keeps to it: what is asked for beyond is not there, and the library that
 * asked gives up, or the process. */
#ifndef DARKROOM_WORKER_MEMORY_BOUND_H
#define DARKROOM_WORKER_MEMORY_BOUND_H

#include "base/error.h"

#include <stdbool.h>
#include <stdint.h>

/* What a job may take beyond: an estimate is of what is used, a bound is of what is asked for. */
enum { MEMORY_BOUND_SLACK_BYTES = 128 << 20 };

/* A process that keeps so much more than it began with has grown. After thousands of ordinary pictures it is 20 MB, and
 * what is kept for the next one; a drawing of a million elements leaves a gigabyte. A sanitizer keeps what is free for a
 * while, to see who still uses it. */
#ifdef DARKROOM_SANITIZED
enum { MEMORY_BOUND_GROWTH_BYTES = 1 << 30 };
#else
enum { MEMORY_BOUND_GROWTH_BYTES = 128 << 20 };
#endif

struct memory_bound {
    int statm;           /* /proc/self/statm; the process keeps it */
    uint64_t base_bytes; /* that the process has had before its first job */
};

/* Looks how much the process has, once it has worked. Needs /proc, so before the sandbox closes. 0 or -errno with
 * @error. */
int memory_bound_init(struct memory_bound *ret, struct error *error);

/* Gives the system what malloc() and pages.h keep for the next job. Between jobs. */
void memory_give_back(void);

/* Lets the process have @bytes, and the slack, beyond what it has now. It is done to the whole process. */
void memory_bound_set(const struct memory_bound *bound, uint64_t bytes);

/* Lets it have as much as there is. */
void memory_bound_lift(void);

/* True when the process has grown, and does not give back what is free. Between jobs. */
bool memory_bound_has_grown(const struct memory_bound *bound);

#endif
