/* SPDX-License-Identifier: GPL-2.0-or-later */
/* absolute - see absolute.h. */
#include "ctl/absolute.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Takes the last component from @path, which has @length bytes. Returns what is left. */
static size_t without_last(const char *path, size_t length)
{
    while (length > 0 && path[length - 1] != '/')
        length--;
    return length > 1 ? length - 1 : 0; /* without the slash */
}

static bool is(const char *component, size_t length, const char *name)
{
    return length == strlen(name) && memcmp(component, name, length) == 0;
}

int clean_path(const char *path, char **ret)
{
    bool absolute = *path == '/';
    char *clean = malloc(strlen(path) + 2);
    size_t used = 0;

    if (!clean)
        return -ENOMEM;
    for (path += strspn(path, "/"); *path; path += strspn(path, "/")) {
        size_t length = strcspn(path, "/");

        if (is(path, length, "..")) {
            if (used == 0 && !absolute)
                break;
            used = without_last(clean, used);
        } else if (!is(path, length, ".")) {
            if (used > 0 || absolute)
                clean[used++] = '/';
            memcpy(clean + used, path, length);
            used += length;
        }
        path += length;
    }
    if (*path || used == 0) {
        free(clean);
        return -EINVAL;
    }

    clean[used] = '\0';
    *ret = clean;
    return 0;
}

int absolute_path(const char *path, char **ret)
{
    char *directory, *whole;
    int n;

    if (*path == '/')
        return clean_path(path, ret);

    directory = get_current_dir_name(); /* $PWD, if that is right */
    if (!directory)
        return -errno;
    n = asprintf(&whole, "%s/%s", directory, path);
    free(directory);
    if (n < 0)
        return -ENOMEM;
    n = *path ? clean_path(whole, ret) : -EINVAL;
    free(whole);
    return n;
}
