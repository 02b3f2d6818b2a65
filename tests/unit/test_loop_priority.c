/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Whose event loop comes before all others, and what of it comes after. */
#include "supervisor/loop_priority.h"

#include "base/cleanup.h"
#include "unit_main.h"

#include <errno.h>
#include <grp.h>
#include <pthread.h>
#include <sched.h>
#include <stdint.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

enum { NOBODY = 65534 };

static void be_nice(void)
{
    ck_assert_int_ne(nice(1), -1);
}

static void be_batch(void)
{
    ck_assert_int_eq(sched_setscheduler(0, SCHED_BATCH, &(struct sched_param){ 0 }), 0);
}

static void be_nobody_who_may_not(void)
{
    const struct rlimit none = { 0, 0 };

    ck_assert_int_eq(setrlimit(RLIMIT_RTPRIO, &none), 0);
    if (geteuid() == 0)
        ck_assert(setgroups(0, NULL) == 0 && setuid(NOBODY) == 0);
}

/* As the service; where root may not raise a limit, it is root who may. */
static void be_nobody_who_may(void)
{
    const struct rlimit one = { 1, 1 };

    if (geteuid() == 0 && setrlimit(RLIMIT_RTPRIO, &one) == 0)
        ck_assert(setgroups(0, NULL) == 0 && setuid(NOBODY) == 0);
}

static const struct {
    void (*be)(void);
    int result, policy;
} askers[] = {
    { be_nice, -EALREADY, SCHED_OTHER },
    { be_batch, -EALREADY, SCHED_BATCH },
    { be_nobody_who_may_not, -EPERM, SCHED_OTHER },
    { be_nobody_who_may, 0, SCHED_RR | SCHED_RESET_ON_FORK },
};

static void *policy_here(void *unused)
{
    (void)unused;
    return (void *)(intptr_t)sched_getscheduler(0);
}

static int policy_of_a_thread(void)
{
    pthread_t thread;
    void *policy;

    ck_assert_int_eq(pthread_create(&thread, NULL, policy_here, NULL), 0);
    ck_assert_int_eq(pthread_join(thread, &policy), 0);
    return (int)(intptr_t)policy;
}

static int policy_of_a_process(void)
{
    int status;
    pid_t child = fork();

    if (child == 0)
        _exit(sched_getscheduler(0));
    ck_assert_int_eq(waitpid(child, &status, 0), child);
    return WEXITSTATUS(status);
}

START_TEST(a_loop_comes_first_where_it_may_and_nothing_that_it_makes_does)
{
    int r;

    if (getpriority(PRIO_PROCESS, 0) != 0)
        return; /* somebody has chosen a priority for the tests */
    askers[_i].be();
    r = loop_priority_raise();
    if (askers[_i].result == 0 && r == -EPERM)
        return; /* this user may not */
    ck_assert_int_eq(r, askers[_i].result);
    ck_assert_int_eq(sched_getscheduler(0), askers[_i].policy);
    if (r == 0) {
        ck_assert_int_eq(policy_of_a_thread(), SCHED_OTHER);
        ck_assert_int_eq(policy_of_a_process(), SCHED_OTHER);
    }
}
END_TEST

UNIT_MAIN("loop_priority", UNIT_ROWS(a_loop_comes_first_where_it_may_and_nothing_that_it_makes_does, askers))
