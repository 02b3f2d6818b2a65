/* SPDX-License-Identifier: GPL-2.0-or-later */
/* scratch - a directory of one's own for a test that needs real files, gone with its contents afterwards. */
#ifndef DARKROOM_TESTS_SCRATCH_H
#define DARKROOM_TESTS_SCRATCH_H

#include <check.h>
#include <fcntl.h>
#include <ftw.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define _cleanup_scratch_ __attribute__((cleanup(scratch_remove)))

struct scratch {
    char path[64];
};

static inline struct scratch scratch_make(void)
{
    struct scratch scratch = { .path = "/tmp/darkroom-unit-XXXXXX" };

    ck_assert_ptr_nonnull(mkdtemp(scratch.path));
    return scratch;
}

static inline int scratch_remove_entry(const char *path, const struct stat *st, int type, struct FTW *walk)
{
    (void)st, (void)type, (void)walk;
    return remove(path);
}

static inline void scratch_remove(struct scratch *scratch)
{
    nftw(scratch->path, scratch_remove_entry, 16, FTW_DEPTH | FTW_PHYS);
}

/* Writes @size bytes of @data to the file called @name in @scratch, whose path it returns (in @ret_path). */
static inline const char *scratch_write(const struct scratch *scratch, const char *name, const void *data,
                                        size_t size, char ret_path[PATH_MAX])
{
    int fd;

    snprintf(ret_path, PATH_MAX, "%s/%s", scratch->path, name);
    fd = open(ret_path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    ck_assert_int_ge(fd, 0);
    ck_assert_int_eq(write(fd, data, size), (ssize_t)size);
    close(fd);
    return ret_path;
}

#endif
