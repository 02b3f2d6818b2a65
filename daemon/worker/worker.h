/* SPDX-License-Identifier: GPL-2.0-or-later */
/* worker - the worker's loop: a ticket and a source in, a result and sealed memory files out.
 *
 * Tickets are worked one after the other, in order. A job that fails is a result like any other. The loop ends
 * when the supervisor has closed its side of the link and the mailbox is empty. */
#ifndef DARKROOM_WORKER_WORKER_H
#define DARKROOM_WORKER_WORKER_H

#include "memory_bound.h"
#include "recipe/recipe.h"
#include "wire/mailbox.h"

#include <stdbool.h>

struct worker {
    int link;
    mqd_t mailbox;
    uint64_t generation;
    unsigned allowed;        /* ALLOW_* of all folders, as in the bundle: what there are readers for */
    struct recipe **recipes; /* as in the bundle; not owned */
    size_t recipe_count;
    struct memory_bound memory_bound;
    uint64_t least_grant_bytes; /* of all tickets so far; 0: none */
};

/* True when the supervisor will send nothing more. */
bool worker_is_alone(const struct worker *worker);

/* Works until there is no supervisor, or a job has left the process with more than it should keep. 0, or -errno when
 * the wire brought something that is not ours. */
int worker_run(struct worker *worker);

#endif
