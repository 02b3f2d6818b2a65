/* SPDX-License-Identifier: GPL-2.0-or-later */
/* memory_bound - see memory_bound.h; RLIMIT_DATA in getrlimit(2): private memory that can be written. Finished
 * pictures, which are shared, and code are not counted. */
#include "memory_bound.h"

#include "base/cleanup.h"
#include "base/pages.h"

#include <errno.h>
#include <fcntl.h>
#include <malloc.h>
#include <stdio.h>
#include <sys/resource.h>
#include <unistd.h>

enum { STATM_BYTES = 256 };

/* The sixth number: private memory that can be written, with stacks, in pages. */
static int read_bytes(int statm, uint64_t *ret)
{
    char text[STATM_BYTES];
    unsigned long pages;
    ssize_t n = pread(statm, text, sizeof text - 1, 0);

    if (n < 0)
        return -errno;
    text[n] = '\0';
    if (sscanf(text, "%*u %*u %*u %*u %*u %lu", &pages) != 1)
        return -EIO;
    *ret = pages * (uint64_t)sysconf(_SC_PAGESIZE);
    return 0;
}

int memory_bound_init(struct memory_bound *ret, struct error *error)
{
    _cleanup_close_ int statm = open("/proc/self/statm", O_RDONLY | O_CLOEXEC);
    int r = statm < 0 ? -errno : read_bytes(statm, &ret->base_bytes);

    if (r < 0)
        return error_set_errno(error, -r, STAGE_NONE, "cannot read /proc/self/statm");
    ret->statm = take_fd(&statm);
    return 0;
}

/* What the process has now, with what is kept for the next job; as it began, where that cannot be told. */
static uint64_t present_bytes(const struct memory_bound *bound)
{
    uint64_t bytes;

    return read_bytes(bound->statm, &bytes) == 0 ? bytes : bound->base_bytes;
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

void memory_give_back(void)
{
    pages_trim();
    malloc_trim(0);
}

void memory_bound_set(const struct memory_bound *bound, uint64_t bytes)
{
    uint64_t most;

    memory_give_back();
    if (__builtin_add_overflow(present_bytes(bound) + MEMORY_BOUND_SLACK_BYTES, bytes, &most))
        most = RLIM_INFINITY;
    limit(most);
}

void memory_bound_lift(void)
{
    limit(RLIM_INFINITY);
}

static bool is_above(const struct memory_bound *bound)
{
    return present_bytes(bound) > bound->base_bytes + MEMORY_BOUND_GROWTH_BYTES;
}

bool memory_bound_has_grown(const struct memory_bound *bound)
{
    if (!is_above(bound))
        return false;
    memory_give_back();
    return is_above(bound);
}
