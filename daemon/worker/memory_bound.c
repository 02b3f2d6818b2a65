/* SPDX-License-Identifier: GPL-2.0-or-later */
/* memory_bound - see memory_bound.h; RLIMIT_DATA in getrlimit(2): private memory that can be written. Finished pictures,
 * which are shared, and code are not counted. */
#include "memory_bound.h"

#include "base/cleanup.h"

#include <errno.h>
#include <stdio.h>
#include <sys/resource.h>
#include <unistd.h>

/* The sixth number: private memory with stacks, in pages. */
static int read_pages(FILE *statm, uint64_t *ret)
{
    unsigned long pages;

    if (fscanf(statm, "%*u %*u %*u %*u %*u %lu", &pages) != 1)
        return -EIO;
    *ret = pages;
    return 0;
}

int memory_bound_init(struct memory_bound *ret, struct error *error)
{
    FILE *statm = fopen("/proc/self/statm", "re");
    uint64_t pages = 0;
    int r = statm ? read_pages(statm, &pages) : -errno;

    if (statm)
        fclose(statm);
    if (r < 0)
        return error_set_errno(error, -r, STAGE_NONE, "cannot read /proc/self/statm");
    ret->base_bytes = pages * (uint64_t)sysconf(_SC_PAGESIZE);
    return 0;
}

/* Only a privileged process could raise the hard limit again, so that stays. */
static void limit(uint64_t bytes)
{
    struct rlimit data;

    if (getrlimit(RLIMIT_DATA, &data) < 0)
        return;
    data.rlim_cur = bytes < data.rlim_max ? bytes : data.rlim_max;
    setrlimit(RLIMIT_DATA, &data);
}

void memory_bound_set(const struct memory_bound *bound, uint64_t bytes)
{
    uint64_t most;

    if (__builtin_add_overflow(bound->base_bytes + MEMORY_BOUND_SLACK_BYTES, bytes, &most))
        most = RLIM_INFINITY;
    limit(most);
}

void memory_bound_lift(void)
{
    limit(RLIM_INFINITY);
}
