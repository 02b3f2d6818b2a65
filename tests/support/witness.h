/* SPDX-License-Identifier: GPL-2.0-or-later */
/* witness - what happened to the names in a directory while nobody looked: inotify's queue is the record, and is
 * read at the end, or now and then by witness_hear(). Only for one directory, and for fewer events between two readings
 * than a queue holds (16,384, unless somebody has lowered fs.inotify.max_queued_events for a test of his own: then what
 * was lost is said, and not missed). */
#ifndef DARKROOM_TESTS_WITNESS_H
#define DARKROOM_TESTS_WITNESS_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

struct witness {
    int fd;
    bool short_sighted; /* its queue is small */
    bool missed;        /* and was not large enough */
    json_t *arrivals;   /* how often each name that is not hidden has appeared */
};

void witness_open(struct witness *witness, const char *directory);

/* Reads what has happened so far. Every name that is not hidden has come by a rename, and has not gone or changed its
 * content; a test in which it is otherwise has failed. How often is in witness->arrivals, for audit.h. */
void witness_hear(struct witness *witness);

/* As witness_hear(); and each has come once, and there are @names of them. */
void witness_expect_once(struct witness *witness, size_t names);

void witness_close(struct witness *witness);

#endif
