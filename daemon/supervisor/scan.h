/* SPDX-License-Identifier: GPL-2.0-or-later */
/* scan - a walk over a hot folder in small steps, so that its thread serves requests in between.
 *
 * Directories are told before what is in them: whoever watches them first and lists them after misses
 * nothing. Links are not followed; nothing outside the root is ever opened. One watcher thread owns it. */
#ifndef DARKROOM_SUPERVISOR_SCAN_H
#define DARKROOM_SUPERVISOR_SCAN_H

#include "conf/folder_conf.h"

#include <stdbool.h>
#include <stddef.h>
#include <sys/stat.h>

struct scan;

/* Why a directory is walked; those below it are walked for the same reason. */
enum walk {
    WALK_ALL,  /* the folder is compared as a whole */
    WALK_NEW,  /* it is new here */
    WALK_POLL, /* no event tells what happens in it */
};

struct scan_handler {
    /* A directory is about to be listed; @fd is it. False: neither it nor what is below it is to be walked. */
    bool (*directory)(void *context, const char *path, int fd, enum walk walk);
    /* A regular file that the folder accepts. */
    void (*file)(void *context, const char *path, const struct stat *st);
    /* Something with a name that the folder accepts that is neither a file nor a directory. */
    void (*other)(void *context, const char *path, const struct stat *st, enum walk walk);
    /* The directory @path cannot be read, or not to its end, or is gone (ENOENT). ENOMEM: @path, or its last component,
     * was left out. */
    void (*failed)(void *context, const char *path, int errnum);
    /* Something in the directory @path cannot be looked at. */
    void (*unseen)(void *context, const char *path, int errnum);
    void *context;
};

/* NULL when memory is out. */
struct scan *scan_new(const struct scan_handler *handler);
void scan_free(struct scan *scan);

/* Asks for a walk over @path and, if the folder is recursive, all below it. WALK_ALL, of "", takes the place of
 * all others; those that are asked for while it is under way go before what is left of it. 0 or -ENOMEM. */
int scan_request(struct scan *scan, const char *path, enum walk walk);

/* Forgets every walk that was asked for. */
void scan_cancel(struct scan *scan);

/* True while there is something to walk. */
bool scan_pending(const struct scan *scan);

/* True while something of that is for another reason than WALK_ALL. */
bool scan_urgent(const struct scan *scan);

/* Goes on for about @entries directory entries below @root. */
void scan_step(struct scan *scan, int root, const struct folder_conf *conf, size_t entries);

#endif
