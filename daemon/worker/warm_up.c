/* SPDX-License-Identifier: GPL-2.0-or-later */
/* warm_up - see warm_up.h. */
#include "warm_up.h"

#include "landlock.h"
#include "selftest.h"

enum { BOTH_THREADS = 2 };

static int work(const struct warm_up *warm_up, struct error *error)
{
    unsigned abi;
    int r;

    r = warm_up->sandboxed ? landlock_forbid_paths(warm_up->readable, &abi, error) : 0;
    if (r < 0)
        return r;
    return selftest_run(SELFTEST_WARM_UP, warm_up->allowed, error);
}

static void *warm_up_main(void *argument)
{
    struct warm_up *warm_up = argument;

    warm_up->result = work(warm_up, &warm_up->error);
    pthread_barrier_wait(&warm_up->done);
    pthread_barrier_wait(&warm_up->leave);
    return NULL;
}

int warm_up_begin(struct warm_up *warm_up, bool sandboxed, unsigned allowed, const char *const *readable,
                  struct error *error)
{
    int errnum;

    warm_up->sandboxed = sandboxed;
    warm_up->allowed = allowed;
    warm_up->readable = readable;
    pthread_barrier_init(&warm_up->done, NULL, BOTH_THREADS);
    pthread_barrier_init(&warm_up->leave, NULL, BOTH_THREADS);

    errnum = pthread_create(&warm_up->thread, NULL, warm_up_main, warm_up);
    if (errnum != 0)
        return error_set_errno(error, errnum, STAGE_NONE, "cannot start a thread");

    pthread_barrier_wait(&warm_up->done);
    if (warm_up->result < 0)
        *error = warm_up->error;
    return warm_up->result;
}

void warm_up_end(struct warm_up *warm_up)
{
    pthread_barrier_wait(&warm_up->leave);
    pthread_join(warm_up->thread, NULL);
    pthread_barrier_destroy(&warm_up->leave);
    pthread_barrier_destroy(&warm_up->done);
}
