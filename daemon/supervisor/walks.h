/* SPDX-License-Identifier: GPL-2.0-or-later */
/* walks - when a hot folder is walked over, and how much of it: as a whole at the start, when files were missed and
 * from time to time (the reconcile), a directory when it is new, and again and again what no event tells of.
 *
 * A walk itself is scan.h; what it meets goes to the coverage and the arrivals. The reconcile never takes more than a
 * twentieth of the time. Owned by the folder's watcher thread. */
#ifndef DARKROOM_SUPERVISOR_WALKS_H
#define DARKROOM_SUPERVISOR_WALKS_H

#include "conf/folder_conf.h"
#include "supervisor/arrivals.h"
#include "supervisor/coverage.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct walks;

/* @name (the folder's), @conf (but see walks_configure), @coverage and @arrivals must outlive it. @once: one walk over
 * everything. NULL: no memory. */
struct walks *walks_new(const char *name, const struct folder_conf *conf, bool once,
                        struct coverage *coverage, struct arrivals *arrivals);
/* Accepts NULL. */
void walks_free(struct walks *walks);

/* New settings: what is due later by the old intervals than by these is due by these. */
void walks_configure(struct walks *walks, const struct folder_conf *conf);

/* Begins a walk over everything; one that is under way is given up. */
void walks_begin_all(struct walks *walks);

/* The directory @path is new, and somebody waits for what is in it. */
void walks_begin_new(struct walks *walks, const char *path);

/* The file @path cannot be looked at: its directory is one that cannot be read. */
void walks_unseen(struct walks *walks, const char *path, int errnum);

/* The attributes of the directory @path have changed: what could not be read, of it and below it, is looked at
 * again. */
void walks_touched(struct walks *walks, const char *path);

/* The directory @path was moved away or deleted. */
void walks_gone(struct walks *walks, const char *path);

/* Begins the walk that is due, if one is. */
void walks_begin_due(struct walks *walks, uint64_t now_us);

/* Forgets all that was to be walked. */
void walks_forget(struct walks *walks);

/* What became of a file that was seen, see arrivals.h: where it was left out, a walk has to find it. */
void walks_note(struct walks *walks, int r);

/* Events were lost: everything is walked over once more, when what is under way has ended. True when that was not so
 * already. */
bool walks_missed(struct walks *walks);

/* True while there is something to walk now. */
bool walks_pending(const struct walks *walks, uint64_t now_us);

/* Goes on for a turn. 0, or -errno when the root itself cannot be read. */
int walks_go_on(struct walks *walks, int root);

/* When there is something to begin or to go on with (monotonic; @now_us: at once), or USEC_INFINITY. */
uint64_t walks_next_us(const struct walks *walks, uint64_t now_us);

/* True when a walk over everything has ended that left nothing out. */
bool walks_are_whole(const struct walks *walks);

/* Which directories cannot be read, for people; "" when there are none. Returns @buffer. */
const char *walks_reason(const struct walks *walks, char *buffer, size_t size);

#endif
