/* SPDX-License-Identifier: GPL-2.0-or-later */
/* ledger_guard - are the files of the ledger in use those that the next start would find? SQLite goes on without a
 * complaint with files that somebody deleted, or that he moved away, or a directory above them. The ledger's thread. */
#ifndef DARKROOM_SUPERVISOR_LEDGER_GUARD_H
#define DARKROOM_SUPERVISOR_LEDGER_GUARD_H

#include <sys/types.h>

enum { LEDGER_FILES = 2 }; /* the database and its write-ahead log */

struct ledger_guard {
    struct ledger_file {
        char *path; /* owned */
        dev_t device;
        ino_t inode;
    } files[LEDGER_FILES];
};

/* Notes the files of the database at @path, which is open. 0 or -ENOMEM; release it in either case. */
int ledger_guard_init(struct ledger_guard *guard, const char *path);
void ledger_guard_release(struct ledger_guard *guard);

/* The path of the first one that is not there, valid as long as @guard is; NULL: all are. */
const char *ledger_guard_missing(const struct ledger_guard *guard);

#endif
