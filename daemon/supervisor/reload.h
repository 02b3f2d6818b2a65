/* SPDX-License-Identifier: GPL-2.0-or-later */
/* reload - generations of the configuration, and how one takes the place of another.
 *
 *   supervisor_reload() ─► load (an errand's thread) ─► prove (one worker of the new generation) ─► swap
 *
 * Whatever goes wrong on the way changes nothing; the swap is one function. Event loop's thread. */
#ifndef DARKROOM_SUPERVISOR_RELOAD_H
#define DARKROOM_SUPERVISOR_RELOAD_H

#include "supervisor/config.h"
#include "supervisor/http.h"
#include "supervisor/pool.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct supervisor;

/* A reload under way, or none. */
struct reload {
    bool active, again;            /* again: another was asked for meanwhile */
    struct config *config;         /* loaded, being proven by a worker */
    struct request_list waiters;   /* who asked for this one … */
    struct request_list following; /* … and for the other one */
};

void reload_init(struct reload *reload);

/* Begins a reload; @waiter (may be NULL) is answered when it has worked or failed. While one is under way, another one
 * follows, as the files may have been changed after they were read. */
void supervisor_reload(struct supervisor *supervisor, struct request *waiter);

/* A stop ends a reload wherever it is. */
void reload_cancel(struct supervisor *supervisor);

/* Numbers a generation of @config and writes its recipes for the workers. 0 or -errno. */
int reload_make_generation(struct supervisor *supervisor, const struct config *config,
                           struct pool_generation *ret);

/* How many workers @config is for, and the memory that they share (bytes). */
size_t reload_worker_count(const struct config *config);
uint64_t reload_memory_budget(const struct config *config);

/* For pool_handler; @context is the supervisor. */
void reload_worker_ready(void *context, uint64_t generation);
void reload_worker_refused(void *context, uint64_t generation, const char *text);

#endif
