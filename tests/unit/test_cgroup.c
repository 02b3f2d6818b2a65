/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The control groups of this process, whichever hierarchy the machine has. */
#include "base/cgroup.h"

#include "scratch.h"
#include "unit_main.h"

#include <string.h>

struct visits {
    int count;
    char first[PATH_MAX], last[PATH_MAX];
};

static void note(const char *directory, void *context)
{
    struct visits *visits = context;

    if (visits->count++ == 0)
        snprintf(visits->first, sizeof visits->first, "%s", directory);
    snprintf(visits->last, sizeof visits->last, "%s", directory);
}

START_TEST(a_walk_ends_at_the_root_of_the_hierarchy)
{
    struct visits visits = { 0 };

    cgroup_walk("memory", note, &visits);
    if (visits.count == 0)
        return; /* no control groups here */
    ck_assert_str_eq(strncmp(visits.first, "/sys/fs/cgroup", 14) == 0 ? "" : visits.first, "");
    ck_assert(strcmp(visits.last, "/sys/fs/cgroup") == 0 ||
              strcmp(visits.last, "/sys/fs/cgroup/memory") == 0);
}
END_TEST

START_TEST(a_name_that_only_begins_like_a_controller_is_another)
{
    struct visits cpu = { 0 }, part = { 0 };

    cgroup_walk("cpu", note, &cpu);
    cgroup_walk("cp", note, &part);
    ck_assert_int_le(part.count, cpu.count);
    ck_assert_ptr_null(strstr(part.first, "/cp/"));
    ck_assert_ptr_null(strstr(cpu.first, "/cpuset"));
}
END_TEST

START_TEST(a_line_is_read_or_is_not_there)
{
    _cleanup_scratch_ struct scratch scratch = scratch_make();
    char path[PATH_MAX], line[16];

    scratch_write(&scratch, "memory.max", "1048576\nmore\n", 13, path);
    ck_assert(cgroup_read_line(scratch.path, "memory.max", line, sizeof line));
    ck_assert_str_eq(line, "1048576\n");
    ck_assert(!cgroup_read_line(scratch.path, "memory.limit_in_bytes", line, sizeof line));
}
END_TEST

UNIT_MAIN("cgroup", UNIT_TEST(a_walk_ends_at_the_root_of_the_hierarchy),
          UNIT_TEST(a_name_that_only_begins_like_a_controller_is_another),
          UNIT_TEST(a_line_is_read_or_is_not_there))
