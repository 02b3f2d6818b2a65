/* SPDX-License-Identifier: GPL-2.0-or-later */
/* ledger_guard - see ledger_guard.h. */
#include "supervisor/ledger_guard.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

static const char *const suffixes[LEDGER_FILES] = { "", "-wal" };

static int note_file(struct ledger_file *file, const char *path, const char *suffix)
{
    struct stat st;

    if (asprintf(&file->path, "%s%s", path, suffix) < 0) {
        file->path = NULL;
        return -ENOMEM;
    }
    if (stat(file->path, &st) < 0)
        return 0; /* gone already: it will never be the one in use */
    file->device = st.st_dev;
    file->inode = st.st_ino;
    return 0;
}

int ledger_guard_init(struct ledger_guard *guard, const char *path)
{
    int r = 0;

    *guard = (struct ledger_guard){ 0 };
    for (size_t i = 0; i < LEDGER_FILES && r == 0; i++)
        r = note_file(&guard->files[i], path, suffixes[i]);
    return r;
}

void ledger_guard_release(struct ledger_guard *guard)
{
    for (size_t i = 0; i < LEDGER_FILES; i++)
        free(guard->files[i].path);
}

static int is_there(const struct ledger_file *file)
{
    struct stat st;

    return stat(file->path, &st) == 0 && st.st_dev == file->device && st.st_ino == file->inode;
}

const char *ledger_guard_missing(const struct ledger_guard *guard)
{
    for (size_t i = 0; i < LEDGER_FILES; i++)
        if (!is_there(&guard->files[i]))
            return guard->files[i].path;
    return NULL;
}
