/* SPDX-License-Identifier: GPL-2.0-or-later */
/* cgroup - see cgroup.h; cgroups(7). In a container the paths may be those of the host: then the directories do not
 * exist, and the hierarchy's root is the container's own group. */
#include "base/cgroup.h"

#include "base/cleanup.h"

#include <limits.h>
#include <stdio.h>
#include <string.h>

enum { NAME_MAX_BYTES = 64 };

bool cgroup_read_line(const char *directory, const char *name, char *line, size_t size)
{
    char path[PATH_MAX + NAME_MAX_BYTES];
    _cleanup_file_ FILE *file = NULL;

    snprintf(path, sizeof path, "%s/%s", directory, name);
    file = fopen(path, "re");
    return file && fgets(line, (int)size, file);
}

/* @path is cut component by component, up to the root. */
static void walk_up(const char *mount, char *path, void (*visit)(const char *, void *), void *context)
{
    char directory[PATH_MAX];

    for (;;) {
        char *slash = strrchr(path, '/');

        snprintf(directory, sizeof directory, "%s%s", mount, path);
        visit(directory, context);
        if (!slash)
            return;
        *slash = '\0';
    }
}

/* Is @controller one of the names in @list, "cpu,cpuacct"? */
static bool has_controller(const char *list, const char *controller)
{
    size_t length = strlen(controller);

    while (*list) {
        size_t end = strcspn(list, ",");

        if (end == length && strncmp(list, controller, length) == 0)
            return true;
        list += end + (list[end] == ',');
    }
    return false;
}

void cgroup_walk(const char *controller, void (*visit)(const char *directory, void *context), void *context)
{
    _cleanup_file_ FILE *file = fopen("/proc/self/cgroup", "re");
    char line[PATH_MAX], mount[NAME_MAX_BYTES];

    /* "0::/path" is v2; "N:cpu,cpuacct:/path" are v1's controllers. */
    while (file && fgets(line, sizeof line, file)) {
        char *controllers = strchr(line, ':');
        char *path = controllers ? strchr(controllers + 1, ':') : NULL;

        if (!path)
            continue;
        *controllers++ = '\0';
        *path++ = '\0';
        path[strcspn(path, "\n")] = '\0';

        snprintf(mount, sizeof mount, "/sys/fs/cgroup%s%s", *controllers ? "/" : "",
                 *controllers ? controller : "");
        if (*controllers == '\0' || has_controller(controllers, controller))
            walk_up(mount, path, visit, context);
    }
}
