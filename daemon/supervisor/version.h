/* SPDX-License-Identifier: GPL-2.0-or-later */
/* version - which version of a source file it is: what stat(2) says of it. */
#ifndef DARKROOM_SUPERVISOR_VERSION_H
#define DARKROOM_SUPERVISOR_VERSION_H

#include "base/clock.h"

#include <stdbool.h>
#include <stdint.h>
#include <sys/stat.h>

struct version {
    uint64_t device, inode; /* inode 0: only size and mtime are known */
    int64_t size;           /* bytes; -1: there is no file */
    int64_t mtime_ns, ctime_ns;
};

static inline struct version version_of(const struct stat *st)
{
    return (struct version){
        .device = st->st_dev,
        .inode = st->st_ino,
        .size = st->st_size,
        .mtime_ns = timespec_ns(&st->st_mtim),
        .ctime_ns = timespec_ns(&st->st_ctim),
    };
}

/* On file systems whose inodes and ctimes do not last (fs_kind.h) only size and mtime count: inode 0 says so. */
static inline struct version version_coarse(struct version version)
{
    version.inode = 0;
    version.ctime_ns = 0;
    return version;
}

/* As version_equal(), after a rename of ours, which changes the ctime. */
static inline bool version_equal_renamed(const struct version *a, const struct version *b)
{
    bool coarse = a->inode == 0 || b->inode == 0;

    return a->size == b->size && a->mtime_ns == b->mtime_ns && (coarse || a->inode == b->inode);
}

/* The device's number is left out: it may change with every mount of the same disk. */
static inline bool version_equal(const struct version *a, const struct version *b)
{
    bool coarse = a->inode == 0 || b->inode == 0;

    return version_equal_renamed(a, b) && (coarse || a->ctime_ns == b->ctime_ns);
}

#endif
