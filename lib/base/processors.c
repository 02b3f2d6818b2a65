/* SPDX-License-Identifier: GPL-2.0-or-later */
/* processors - see processors.h; cgroups(7), Documentation/admin-guide/cgroup-v2.rst (cpu.max),
 * Documentation/scheduler/sched-bwc.rst (cpu.cfs_quota_us). */
#include "base/processors.h"

#include "base/cgroup.h"
#include "base/cleanup.h"

#include <sched.h>
#include <stdio.h>
#include <stdlib.h>

unsigned processors_under_quota(unsigned available, long long quota_us, long long period_us)
{
    long long whole;

    if (quota_us <= 0 || period_us <= 0)
        return available;
    whole = quota_us / period_us + (quota_us % period_us ? 1 : 0);
    return whole < (long long)available ? (unsigned)whole : available;
}

static unsigned from_affinity(void)
{
    /* As large as the kernel's mask may be: a smaller one is refused on big machines. */
    enum { MOST_CPUS = 8192 };
    _cleanup_free_ cpu_set_t *set = CPU_ALLOC(MOST_CPUS);
    int count;

    if (!set || sched_getaffinity(0, CPU_ALLOC_SIZE(MOST_CPUS), set) < 0)
        return 1;
    count = CPU_COUNT_S(CPU_ALLOC_SIZE(MOST_CPUS), set);
    return count > 0 ? (unsigned)count : 1;
}

/* The quota of one cgroup directory, v2 or v1. */
static void apply_quota(const char *directory, void *context)
{
    unsigned *available = context;
    char line[128];
    long long quota = 0, period = 0;

    if (cgroup_read_line(directory, "cpu.max", line, sizeof line)) {
        if (sscanf(line, "%lld %lld", &quota, &period) == 2)
            *available = processors_under_quota(*available, quota, period);
        return;
    }
    if (cgroup_read_line(directory, "cpu.cfs_quota_us", line, sizeof line) &&
        sscanf(line, "%lld", &quota) == 1 &&
        cgroup_read_line(directory, "cpu.cfs_period_us", line, sizeof line) &&
        sscanf(line, "%lld", &period) == 1)
        *available = processors_under_quota(*available, quota, period);
}

unsigned processors_usable(void)
{
    unsigned available = from_affinity();

    cgroup_walk("cpu", apply_quota, &available);
    return available;
}
