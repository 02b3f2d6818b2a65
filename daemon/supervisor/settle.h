/* SPDX-License-Identifier: GPL-2.0-or-later */
/* settle - the files that are still changing, and when each of them is to be looked at again.
 *
 * A file is complete when it is quiet, not when it is closed: every event re-arms its timer; when that runs
 * out the file is looked at, and it has settled when what stat says of it is older than the settle time or
 * was the same a settle time ago. Pure policy: no files, no clock; one watcher thread owns it.
 *
 * A million files copied in at once all wait: more than SETTLE_FILES_MAX (some 200 bytes each and their paths) are
 * not taken, and are left for a later scan to find. */
#ifndef DARKROOM_SUPERVISOR_SETTLE_H
#define DARKROOM_SUPERVISOR_SETTLE_H

#include "supervisor/version.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct settle;

enum { SETTLE_FILES_MAX = 32768 };

enum settle_verdict {
    SETTLE_READY, /* it has settled and is no longer waited for */
    SETTLE_WAIT,  /* its timer was armed again */
};

struct settle_file {
    const char *path;  /* valid until the file is touched, looked at or forgotten */
    uint64_t since_us; /* when it was first seen */
    bool slow;         /* it has been waiting for long, and this is the first time that it is said */
};

/* Files quiet for @settle_us have settled. NULL when memory is out. */
struct settle *settle_new(uint64_t settle_us);
void settle_free(struct settle *settle);

/* Changes the settle time, for what is touched from now on. */
void settle_set_time(struct settle *settle, uint64_t settle_us);

/* Something happened to @path: look at it at @due_us (monotonic), or at now + settle time when @due_us is 0.
 * 0, -ENOMEM, or -ENOSPC for a new one when too many wait already. */
int settle_touch(struct settle *settle, const char *path, uint64_t now_us, uint64_t due_us);

/* Do not look at @path before @due_us, whatever happens to it until then but settle_lift(). As settle_touch(). */
int settle_hold(struct settle *settle, const char *path, uint64_t now_us, uint64_t due_us);

/* Whoever writes to @path says that it is finished: it is not held any longer. */
void settle_lift(struct settle *settle, const char *path);

/* True while @path is waited for. */
bool settle_has(const struct settle *settle, const char *path);

/* The file is gone. */
void settle_forget(struct settle *settle, const char *path);
/* All files whose path is @directory or below it are gone. "" is everything. */
void settle_forget_below(struct settle *settle, const char *directory);

/* The file to look at next, if one is due. */
bool settle_due(struct settle *settle, uint64_t now_us, struct settle_file *ret);

/* What the look at @path showed: @version at @realtime (CLOCK_REALTIME, us). SETTLE_READY forgets it. */
enum settle_verdict settle_look(struct settle *settle, const char *path, const struct version *version,
                                uint64_t now_us, uint64_t realtime);

/* True when a file last changed as @version says needs no waiting at @realtime. */
bool settle_is_old(const struct settle *settle, const struct version *version, uint64_t realtime);

/* When the next file is due (monotonic), or USEC_INFINITY. */
uint64_t settle_next_us(const struct settle *settle);

/* Since when the file that has waited longest waits (monotonic), or 0 when none does. */
uint64_t settle_oldest_us(const struct settle *settle);

/* How many files wait. */
size_t settle_count(const struct settle *settle);

#endif
