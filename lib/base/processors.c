/* SPDX-License-Identifier: GPL-2.0-or-later */
/* processors - see processors.h; cgroups(7), Documentation/admin-guide/cgroup-v2.rst (cpu.max),
 * Documentation/scheduler/sched-bwc.rst (cpu.cfs_quota_us). */
#include "base/processors.h"

#include "base/cleanup.h"

#include <sched.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

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

/* One line of the file at @directory/@name. */
static bool read_line(const char *directory, const char *name, char *line, int size)
{
    char path[4096 + 64];
    _cleanup_file_ FILE *file = NULL;

    snprintf(path, sizeof path, "%s/%s", directory, name);
    file = fopen(path, "re");
    return file && fgets(line, size, file);
}

/* The quota of one cgroup directory, v2 or v1. */
static unsigned under_directory(unsigned available, const char *directory)
{
    char line[128];
    long long quota = 0, period = 0;

    if (read_line(directory, "cpu.max", line, sizeof line)) {
        if (sscanf(line, "%lld %lld", &quota, &period) == 2)
            return processors_under_quota(available, quota, period);
        return available;
    }
    if (read_line(directory, "cpu.cfs_quota_us", line, sizeof line) && sscanf(line, "%lld", &quota) == 1 &&
        read_line(directory, "cpu.cfs_period_us", line, sizeof line) && sscanf(line, "%lld", &period) == 1)
        return processors_under_quota(available, quota, period);
    return available;
}

/* Every ancestor's quota counts: @path is walked up to the hierarchy's root. */
static unsigned under_hierarchy(unsigned available, const char *mount, char *path)
{
    char directory[4096];

    for (;;) {
        char *slash = strrchr(path, '/');

        snprintf(directory, sizeof directory, "%s%s", mount, path);
        available = under_directory(available, directory);
        if (!slash)
            return available;
        *slash = '\0';
    }
}

unsigned processors_usable(void)
{
    unsigned available = from_affinity();
    _cleanup_file_ FILE *file = fopen("/proc/self/cgroup", "re");
    char line[4096];

    /* "0::/path" is v2; "N:cpu,cpuacct:/path" is v1's cpu controller. */
    while (file && fgets(line, sizeof line, file)) {
        char *controllers = strchr(line, ':');
        char *path = controllers ? strchr(controllers + 1, ':') : NULL;

        if (!path)
            continue;
        *controllers++ = '\0';
        *path++ = '\0';
        path[strcspn(path, "\n")] = '\0';

        if (*controllers == '\0')
            available = under_hierarchy(available, "/sys/fs/cgroup", path);
        else if (strstr(controllers, "cpu") && !strstr(controllers, "cpuset"))
            available = under_hierarchy(available, "/sys/fs/cgroup/cpu", path);
    }
    return available;
}
