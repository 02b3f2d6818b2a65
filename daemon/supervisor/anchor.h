/* SPDX-License-Identifier: GPL-2.0-or-later */
/* anchor - a configured directory, the mount that it belongs to, and whether what is there now is what it was.
 *
 * When a disk is unmounted, the path of a directory on it may still be there: it is an empty directory of the disk
 * below, to be neither scanned nor written to. So an anchor knows where the file system was mounted, and refuses
 * to open the directory while nothing is mounted there and the path leads to an outer mount. Whatever is mounted
 * there later will do: a card may be swapped.
 *
 * Nothing is held open in between, so that an idle daemon does not keep a disk busy. One watcher thread owns it;
 * opening may block on a hung mount. */
#ifndef DARKROOM_SUPERVISOR_ANCHOR_H
#define DARKROOM_SUPERVISOR_ANCHOR_H

#include "base/error.h"

#include <stdbool.h>
#include <stdint.h>

struct anchor {
    char *path; /* as configured; NULL: none */
    bool tied;  /* RequiresMount=: the directory is nothing without its mount */

    /* What it was when it was opened last, by us or by an earlier run: ledger_recall_anchor(). */
    char *mount_point; /* "" or NULL: not known */
    uint64_t device, inode;

    unsigned changes; /* how often it was found to be another directory than before */
    bool unsaved;     /* it has changed since the ledger was told */
};

/* Makes @anchor one of @path (absolute; copied) of which nothing is known yet, unless it is that already; the old
 * one is forgotten. True when it is new: recall it from the ledger. Without memory its path is NULL. */
bool anchor_set(struct anchor *anchor, const char *path, bool tied);
void anchor_release(struct anchor *anchor);

/* Opens the directory (O_PATH). A descriptor, or -errno with @error, which a person can act upon: -ENOMEDIUM when
 * its file system is not mounted. anchor->changes tells whether it is another directory than at the last call. */
int anchor_open(struct anchor *anchor, struct error *error);

#endif
