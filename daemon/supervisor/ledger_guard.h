/* SPDX-License-Identifier: GPL-2.0-or-later */
/* ledger_guard - notices that the files of the ledger in use are not those that the next start would find: somebody
 * deleted them, or moved them or their directory away. SQLite goes on with files that have no name any more, without a
 * complaint. Event loop's thread. */
#ifndef DARKROOM_SUPERVISOR_LEDGER_GUARD_H
#define DARKROOM_SUPERVISOR_LEDGER_GUARD_H

#include <stdbool.h>
#include <sys/types.h>
#include <systemd/sd-event.h>

struct supervisor;

enum { LEDGER_FILES = 2 }; /* the database and its write-ahead log */

struct ledger_guard {
    sd_event_source *source;
    struct ledger_file {
        char *path; /* owned */
        dev_t device;
        ino_t inode;
    } files[LEDGER_FILES];
    const char *missing; /* the path of the first that is not there; NULL: all are */
};

/* When the ledger is open. A machine without inotify instances left goes without a guard, and the log says so. 0 or
 * -ENOMEM. */
int ledger_guard_start(struct supervisor *supervisor);

void ledger_guard_release(struct ledger_guard *guard);

#endif
