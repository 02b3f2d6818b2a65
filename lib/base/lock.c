/* SPDX-License-Identifier: GPL-2.0-or-later */
/* lock - see lock.h; pthread_mutexattr_setprotocol(3posix), Documentation/locking/pi-futex.rst. */
#include "base/lock.h"

#include <stdlib.h>

/* Where the kernel does not know such mutexes a usual one is as safe, if not as quick. */
void lock_init(pthread_mutex_t *lock)
{
    pthread_mutexattr_t attributes;

    if (pthread_mutexattr_init(&attributes) != 0)
        abort();
    pthread_mutexattr_setprotocol(&attributes, PTHREAD_PRIO_INHERIT);
    if (pthread_mutex_init(lock, &attributes) != 0 && pthread_mutex_init(lock, NULL) != 0)
        abort();
    pthread_mutexattr_destroy(&attributes);
}
