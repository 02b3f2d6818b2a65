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

/* File systems keep times that 64 bits of nanoseconds do not reach; these are as far away as differences allow. */
static inline int64_t version_time_ns(const struct timespec *time)
{
    const int64_t limit = INT64_MAX / 2 / NSEC_PER_SEC; /* the years 1823 and 2116 */

    if (time->tv_sec >= limit || time->tv_sec <= -limit)
        return (time->tv_sec < 0 ? -limit : limit) * NSEC_PER_SEC;
    return timespec_ns(time);
}

static inline struct version version_of(const struct stat *st)
{
    return (struct version){
        .device = st->st_dev,
        .inode = st->st_ino,
        .size = st->st_size,
        .mtime_ns = version_time_ns(&st->st_mtim),
        .ctime_ns = version_time_ns(&st->st_ctim),
    };
}

/* The device's number is left out: it may change with every mount of the same disk. */
static inline bool version_equal(const struct version *a, const struct version *b)
{
    return a->inode == b->inode && a->size == b->size && a->mtime_ns == b->mtime_ns && a->ctime_ns == b->ctime_ns;
}

/* As version_equal(), after a rename of ours, which changes the ctime. */
static inline bool version_equal_renamed(const struct version *a, const struct version *b)
{
    return a->inode == b->inode && a->size == b->size && a->mtime_ns == b->mtime_ns;
}

#endif
