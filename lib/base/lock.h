/* SPDX-License-Identifier: GPL-2.0-or-later */
/* lock - a mutex between threads that are not equally urgent. */
#ifndef DARKROOM_BASE_LOCK_H
#define DARKROOM_BASE_LOCK_H

#include <pthread.h>

/* Makes @lock. Whoever holds it runs with the priority of the most urgent thread that waits for it
 * (PTHREAD_PRIO_INHERIT): else the event loop would wait for a core as long as the thread does that holds it.
 * To be destroyed with pthread_mutex_destroy(). Any thread. */
void lock_init(pthread_mutex_t *lock);

#endif
