/* SPDX-License-Identifier: GPL-2.0-or-later */
/* loop_priority - see loop_priority.h; sched(7). */
#include "supervisor/loop_priority.h"

#include <errno.h>
#include <sched.h>
#include <sys/resource.h>

/* With SCHED_RESET_ON_FORK what this thread makes gets the usual policy and a nice value of 0, whatever there was
 * before: so only a thread that has just those may be raised. */
int loop_priority_raise(void)
{
    const struct sched_param lowest = { .sched_priority = sched_get_priority_min(SCHED_RR) };

    if (sched_getscheduler(0) != SCHED_OTHER || getpriority(PRIO_PROCESS, 0) != 0)
        return -EALREADY;
    return sched_setscheduler(0, SCHED_RR | SCHED_RESET_ON_FORK, &lowest) < 0 ? -errno : 0;
}
