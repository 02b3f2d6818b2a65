/* SPDX-License-Identifier: GPL-2.0-or-later */
/* memory - see memory.h; Documentation/admin-guide/cgroup-v2.rst (memory.max),
 * Documentation/admin-guide/cgroup-v1/memory.rst (memory.limit_in_bytes, which is huge where there is none). */
#include "base/memory.h"

#include "base/cgroup.h"
#include "base/cleanup.h"

#include <inttypes.h>
#include <stdio.h>
#include <unistd.h>

#define FALLBACK_BYTES (1ULL << 30) /* of a machine that does not say */

uint64_t memory_under_limit(uint64_t available, const char *limit)
{
    uint64_t bytes;

    if (sscanf(limit, "%" SCNu64, &bytes) != 1 || bytes == 0)
        return available;
    return bytes < available ? bytes : available;
}

static void apply_limits(const char *directory, void *context)
{
    static const char *const files[] = { "memory.max", "memory.limit_in_bytes" };
    uint64_t *available = context;
    char line[128];

    for (size_t i = 0; i < ARRAY_SIZE(files); i++)
        if (cgroup_read_line(directory, files[i], line, sizeof line))
            *available = memory_under_limit(*available, line);
}

uint64_t memory_usable(void)
{
    long pages = sysconf(_SC_PHYS_PAGES), page = sysconf(_SC_PAGESIZE);
    uint64_t available = pages > 0 && page > 0 ? (uint64_t)pages * (uint64_t)page : FALLBACK_BYTES;

    cgroup_walk("memory", apply_limits, &available);
    return available;
}
