/* SPDX-License-Identifier: GPL-2.0-or-later */
/* lock - see lock.h; pthread_mutexattr_setprotocol(3posix), Documentation/locking/pi-futex.rst. */
#include "base/lock.h"

#include <stdlib.h>

void lock_init(pthread_mutex_t *lock)
{
    pthread_mutexattr_t attributes;

    if (pthread_mutexattr_init(&attributes) != 0 ||
        pthread_mutexattr_setprotocol(&attributes, PTHREAD_PRIO_INHERIT) != 0 ||
        pthread_mutex_init(lock, &attributes) != 0)
        abort();
    pthread_mutexattr_destroy(&attributes);
}
