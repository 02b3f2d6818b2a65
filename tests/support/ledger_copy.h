/* SPDX-License-Identifier: GPL-2.0-or-later */
/* ledger_copy - a copy of a daemon's ledger, to be asked: what its rows say while it is locked, and what an end of the
 * daemon has left, without a change to that. */
#ifndef DARKROOM_TESTS_LEDGER_COPY_H
#define DARKROOM_TESTS_LEDGER_COPY_H

#include <sqlite3.h>
#include <stdint.h>

/* Copies the @ledger (the path of a ledger.db), which is empty when there is none; while the daemon runs its ledger may
 * not be written to. Ends with sqlite3_close(). A test in which the ledger cannot be read has failed. */
sqlite3 *ledger_copy_open(const char *ledger);

/* The number that @sql asks for. */
int64_t ledger_copy_number(sqlite3 *copy, const char *sql);

/* The same of a copy for this question only. */
int64_t ledger_copy_ask(const char *ledger, const char *sql);

#endif
