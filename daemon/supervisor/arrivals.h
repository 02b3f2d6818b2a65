/* SPDX-License-Identifier: GPL-2.0-or-later */
/* arrivals - the files seen in a hot folder, from the first sign of them to the ledger.
 *
 * Each waits until it has settled, is looked at, and is told to the ledger. What is no regular file is refused, with a
 * line in the log and a count. Owned by the folder's watcher thread.
 *
 * Where a function returns an int it is 0; -ENOSPC: no more files can wait, and a later walk has to find this one; or
 * another -errno: it was left out just now, and is to be looked for again soon. */
#ifndef DARKROOM_SUPERVISOR_ARRIVALS_H
#define DARKROOM_SUPERVISOR_ARRIVALS_H

#include "conf/folder_conf.h"
#include "supervisor/coverage.h"
#include "supervisor/ledger.h"
#include "supervisor/watcher.h"

#include <stdbool.h>
#include <stdint.h>
#include <sys/stat.h>

struct arrivals;

/* @name (the folder's), @conf (but see arrivals_configure), @ledger and @coverage must outlive it. NULL: no memory. */
struct arrivals *arrivals_new(size_t slot, const char *name, const struct folder_conf *conf,
                              struct ledger *ledger, struct coverage *coverage);
/* Accepts NULL. */
void arrivals_free(struct arrivals *arrivals);

/* New settings, for what is seen from now on. */
void arrivals_configure(struct arrivals *arrivals, const struct folder_conf *conf);

/* A walk has found a file, in the directory that the coverage met last. */
int arrivals_found(struct arrivals *arrivals, const char *path, const struct stat *st);

/* Somebody writes to @path, or has finished that. */
int arrivals_touched(struct arrivals *arrivals, const char *path);
int arrivals_finished(struct arrivals *arrivals, const char *path);

/* We found ourselves that @path has changed; and it is not to be looked at for @wait_us whatever happens to it. */
int arrivals_again(struct arrivals *arrivals, const char *path);
int arrivals_hold(struct arrivals *arrivals, const char *path, uint64_t wait_us);

/* @path is gone: a file that was seen to go, or all below a directory ("" is everything) of which nothing is known any
 * more. */
void arrivals_gone(struct arrivals *arrivals, const char *path);
void arrivals_forget_below(struct arrivals *arrivals, const char *directory);

/* @path will not be taken. */
void arrivals_refuse(struct arrivals *arrivals, const char *path, const char *why);

/* The directory of the file @path does not let it be looked at: it is forgotten until somebody sees it again. */
typedef void arrivals_unseen(void *context, const char *path, int errnum);

/* When a file is due to be looked at (monotonic), or USEC_INFINITY; and looks at those that are, for a while. */
uint64_t arrivals_next_us(const struct arrivals *arrivals);
int arrivals_look(struct arrivals *arrivals, int root, arrivals_unseen *unseen, void *context);

/* A whole walk has ended that left nothing out. What the first one found was there before the folder was; see
 * ledger_scanned(). */
void arrivals_walk_ended(struct arrivals *arrivals);

/* True when so many wait that there is no room for a walk's. */
bool arrivals_are_many(const struct arrivals *arrivals);

/* Fills in its part of the news. */
void arrivals_news(const struct arrivals *arrivals, struct watcher_news *news);

#endif
