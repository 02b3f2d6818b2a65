/* SPDX-License-Identifier: GPL-2.0-or-later */
/* memory_bound - how much memory a job may take at all. What pictures take is estimated from their headers
 * (image/estimate.h) and kept to by their readers; what stands in a drawing is told by nothing but reading it, so there
 * the kernel keeps to it: what is asked for beyond is not there, and the library that asked gives up, or the process. */
#ifndef DARKROOM_WORKER_MEMORY_BOUND_H
#define DARKROOM_WORKER_MEMORY_BOUND_H

#include "base/error.h"

#include <stdint.h>

/* What a job may take beyond: an estimate is of what is used, a bound is of what is asked for. */
enum { MEMORY_BOUND_SLACK_BYTES = 128 << 20 };

struct memory_bound {
    uint64_t base_bytes; /* that the process has without a job */
};

/* Looks how much the process has, once it has worked. Needs /proc, so before the sandbox closes. 0 or -errno with
 * @error. */
int memory_bound_init(struct memory_bound *ret, struct error *error);

/* Lets the process have @bytes, and the slack, beyond what it had. It is done to the whole process. */
void memory_bound_set(const struct memory_bound *bound, uint64_t bytes);

/* Lets it have as much as there is. */
void memory_bound_lift(void);

#endif
