/* SPDX-License-Identifier: GPL-2.0-or-later */
/* poll_set - the directories of a hot folder whose changes no event tells: they are looked through from time to time.
 *
 * Only the top-most are in it; what is below one is looked through with it. Paths are relative to the folder's
 * root, "" is the root. Each says why it is there. One watcher thread owns it. */
#ifndef DARKROOM_SUPERVISOR_POLL_SET_H
#define DARKROOM_SUPERVISOR_POLL_SET_H

#include <stdbool.h>
#include <stddef.h>

enum poll_why {
    POLL_NOT,     /* it is not polled */
    POLL_CHOICE,  /* Watch=poll, or a single walk */
    POLL_REMOTE,  /* a file system that inotify does not tell everything about */
    POLL_LIMITED, /* the limit of watches, or of inotify instances, is reached */
};

struct poll_set;

/* NULL when memory is out. */
struct poll_set *poll_set_new(void);
/* Accepts NULL. */
void poll_set_free(struct poll_set *set);

/* Adds @path, unless it is in the set or below a place that is; places below it stay (see poll_set_remove_below).
 * 0 or -ENOMEM. */
int poll_set_add(struct poll_set *set, const char *path, enum poll_why why);

/* Takes @path, and all below it, out. */
void poll_set_remove_below(struct poll_set *set, const char *path);

/* Takes @path alone out. */
void poll_set_remove(struct poll_set *set, const char *path);

/* Why @path is looked through: because of itself or of a directory above it. */
enum poll_why poll_set_covers(const struct poll_set *set, const char *path);

/* Calls @each with every place; it must not change the set. */
void poll_set_each(const struct poll_set *set,
                   void (*each)(void *context, const char *path, enum poll_why why), void *context);

/* How many places there are, and how many of them because of @why. */
size_t poll_set_count(const struct poll_set *set);
size_t poll_set_count_why(const struct poll_set *set, enum poll_why why);

#endif
