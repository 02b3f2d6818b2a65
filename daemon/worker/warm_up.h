/* SPDX-License-Identifier: GPL-2.0-or-later */
/* warm_up - the first work of a worker, in a thread without paths.
 *
 * Libraries start their threads when they work for the first time, and Landlock is inherited from thread to
 * thread only: so that first time happens in a thread that is in it already. The thread stays until the sandbox
 * around all is closed, because one that was just ending then would be in no filter, and could not be told from
 * one that escaped it. */
#ifndef DARKROOM_WORKER_WARM_UP_H
#define DARKROOM_WORKER_WARM_UP_H

#include "base/error.h"

#include <pthread.h>
#include <stdbool.h>

struct warm_up {
    bool sandboxed;
    unsigned allowed;
    const char *const *readable;
    pthread_t thread;
    pthread_barrier_t done, leave;
    struct error error;
    int result;
};

/* Runs the self-test in a new thread, with the @allowed formats, and waits until it is done. If @sandboxed it
 * has no paths but those below @readable (NULL after the last; valid until warm_up_end()). 0, and
 * warm_up_end() is to be called; or -errno with @error, and there is no way but out of the process. */
int warm_up_begin(struct warm_up *warm_up, bool sandboxed, unsigned allowed, const char *const *readable,
                  struct error *error);

/* Lets the thread leave. */
void warm_up_end(struct warm_up *warm_up);

#endif
