/* SPDX-License-Identifier: GPL-2.0-or-later */
/* mounts_below - see mounts_below.h. */
#include "supervisor/mounts_below.h"

#include "base/cleanup.h"
#include "supervisor/mount_table.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

void mounts_below_release(struct mounts_below *mounts)
{
    for (size_t i = 0; i < mounts->count; i++)
        free(mounts->list[i].path);
    free(mounts->list);
    *mounts = (struct mounts_below){ 0 };
}

struct listing {
    struct mounts_below *mounts;
    size_t skip; /* of the absolute paths */
};

static void list_mount(void *context, const struct mount *mount)
{
    const struct listing *listing = context;
    struct mounts_below *mounts = listing->mounts;
    struct mount_below *list = reallocarray(mounts->list, mounts->count + 1, sizeof *list);

    if (!list)
        return;
    mounts->list = list;
    list[mounts->count] =
        (struct mount_below){ .id = mount->id, .path = strdup(mount->point + listing->skip) };
    if (list[mounts->count].path)
        mounts->count++;
}

static void free_table(struct mount_table **table)
{
    mount_table_free(*table);
}

struct mounts_below mounts_below_read(int root)
{
    _cleanup_(free_table) struct mount_table *table = NULL;
    _cleanup_free_ char *path = mount_table_path_of(root);
    struct mounts_below mounts = { 0 };
    struct listing listing = { .mounts = &mounts };

    if (path && mount_table_read(&table) == 0) {
        listing.skip = strlen(path) + (path[1] != '\0');
        mount_table_below(table, path, list_mount, &listing);
    }
    return mounts;
}

static bool has_mount(const struct mounts_below *mounts, const struct mount_below *mount)
{
    for (size_t i = 0; i < mounts->count; i++)
        if (mounts->list[i].id == mount->id && strcmp(mounts->list[i].path, mount->path) == 0)
            return true;
    return false;
}

void mounts_below_compare(const struct mounts_below *before, const struct mounts_below *after,
                          void (*each)(void *context, const char *path), void *context)
{
    for (size_t i = 0; i < before->count; i++)
        if (!has_mount(after, &before->list[i]))
            each(context, before->list[i].path);
    for (size_t i = 0; i < after->count; i++)
        if (!has_mount(before, &after->list[i]))
            each(context, after->list[i].path);
}
