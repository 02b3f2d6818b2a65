/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The mutex between threads that are not equally urgent. */
#include "base/lock.h"

#include "base/cleanup.h"
#include "unit_main.h"

#include <sched.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

static pthread_mutex_t lock;
static atomic_int urgent; /* the thread's number, once it is about to wait */

/* The state and the priority that the kernel goes by: 0 and more is usual, less is real-time. proc(5). */
static long priority_of(int thread, char *ret_state)
{
    char path[64], text[512];
    _cleanup_file_ FILE *file = NULL;
    long priority;

    snprintf(path, sizeof path, "/proc/self/task/%d/stat", thread);
    file = fopen(path, "re");
    ck_assert_ptr_nonnull(file);
    text[fread(text, 1, sizeof text - 1, file)] = '\0';
    ck_assert_int_eq(sscanf(strrchr(text, ')'),
                            ") %c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %*u %*u %*d %*d %ld", ret_state,
                            &priority),
                     2);
    return priority;
}

static void *wait_urgently(void *unused)
{
    const struct sched_param lowest = { .sched_priority = 1 };

    (void)unused;
    if (sched_setscheduler(0, SCHED_RR, &lowest) < 0) {
        urgent = -1;
        return NULL;
    }
    urgent = gettid();
    pthread_mutex_lock(&lock);
    pthread_mutex_unlock(&lock);
    return NULL;
}

START_TEST(who_holds_a_lock_is_as_urgent_as_who_waits_for_it)
{
    pthread_t thread;
    char state = 'R';

    lock_init(&lock);
    pthread_mutex_lock(&lock);
    ck_assert_int_eq(pthread_create(&thread, NULL, wait_urgently, NULL), 0);
    while (urgent == 0)
        sched_yield();
    if (urgent < 0)
        puts("skipped: nobody may be urgent here");
    if (urgent > 0) {
        while (priority_of(urgent, &state) >= 0 || state != 'S')
            sched_yield();
        ck_assert_int_lt(priority_of(gettid(), &state), 0);
    }
    pthread_mutex_unlock(&lock);
    ck_assert_int_ge(priority_of(gettid(), &state), 0);
    ck_assert_int_eq(pthread_join(thread, NULL), 0);
    pthread_mutex_destroy(&lock);
}
END_TEST

UNIT_MAIN("lock", UNIT_TEST(who_holds_a_lock_is_as_urgent_as_who_waits_for_it))
