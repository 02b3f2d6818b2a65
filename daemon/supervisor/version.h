/* SPDX-License-Identifier: GPL-2.0-or-later */
/* version - which version of a source file it is: what stat(2) says of it. */
#ifndef DARKROOM_SUPERVISOR_VERSION_H
#define DARKROOM_SUPERVISOR_VERSION_H

#include "base/clock.h"

#include <stdbool.h>
#include <stdint.h>
#include <sys/stat.h>

struct version {
    uint64_t device, inode;
    int64_t size; /* bytes; -1: there is no file */
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

/* The device's number is left out: it may change with every mount of the same disk. */
static inline bool version_equal(const struct version *a, const struct version *b)
{
    return a->inode == b->inode && a->size == b->size && a->mtime_ns == b->mtime_ns &&
           a->ctime_ns == b->ctime_ns;
}

/* As version_equal(), after a rename of ours, which changes the ctime. */
static inline bool version_equal_renamed(const struct version *a, const struct version *b)
{
    return a->inode == b->inode && a->size == b->size && a->mtime_ns == b->mtime_ns;
}

#endif
