/* SPDX-License-Identifier: GPL-2.0-or-later */
/* ledger_sql - the ledger's database handle and its prepared statements; shared by the ledger_*.c files only.
 *
 *     stmt = sql_start(store, SQL_FIND_SOURCE, "tb", folder, path);
 *     while ((r = sql_step(store, stmt)) > 0) … sqlite3_column_…(stmt, 0) …
 *
 * A statement that has been stepped to its end, or failed, is reset by sql_step(); one left early is reset with
 * sqlite3_reset(). */
#ifndef DARKROOM_SUPERVISOR_LEDGER_SQL_H
#define DARKROOM_SUPERVISOR_LEDGER_SQL_H

#include "supervisor/ledger_store.h"

#include <sqlite3.h>

enum sql {
    SQL_FIND_SOURCE,
    SQL_ADD_SOURCE,
    SQL_SET_SOURCE_VERSION,
    SQL_SET_SOURCE_GONE,
    SQL_SET_SOURCE_JOB,
    SQL_SET_SOURCE_OUTCOME,
    SQL_FORGET_SOURCE_VERSION,
    SQL_GET_SOURCE_OF_JOB,
    SQL_ADD_JOB,
    SQL_ADD_FOLDER,
    SQL_SET_JOB_VERSION,
    SQL_DROP_JOB,
    SQL_RESTORE_SOURCE_JOB,
    SQL_RESTORE_OUTPUTS_JOB,
    SQL_LET_DUE,
    SQL_TAKE_JOBS,
    SQL_NEXT_DUE,
    SQL_HAND_OUT,
    SQL_RESUME_JOBS,
    SQL_SET_SESSION,
    SQL_SET_STARTED,
    SQL_SET_PUBLISHING,
    SQL_FINISH_JOB,
    SQL_RELEASE_JOB,
    SQL_ORIGINAL_DONE,
    SQL_COUNT_QUEUED,
    SQL_OUTPUTS_OF_SOURCE,
    SQL_OUTPUTS_OF_JOB,
    SQL_RESERVE_OUTPUT,
    SQL_OWNER_OF_OUTPUT,
    SQL_TAKE_OVER_OUTPUT,
    SQL_SPARE_ORIGINAL,
    SQL_SET_OUTPUT_PUBLISHED,
    SQL_ANNOUNCE_OUTPUT,
    SQL_ANNOUNCE_NOTHING,
    SQL_ANNOUNCE_REMOVAL,
    SQL_DROP_OUTPUT,
    SQL_DROP_RESERVATION,
    SQL_DROP_UNMADE_OUTPUTS,
    SQL_LEFTOVERS,
    SQL_SET_COUNTER,
    SQL_GET_COUNTER,
    SQL_OLDEST_ENDED,
    SQL_DROP_SOURCE,
    SQL_GET_FAILURE,
    SQL_RETRY_JOB,
    SQL_RETRY_FAILED,
    SQL_NEWEST_JOB,
    SQL_SOURCES_OF_FOLDER,
    SQL_FORGET_SOURCE,
    SQL_SET_SOURCE_AGAIN,
    SQL_LIST_JOBS,
    SQL_LIST_OPEN_JOBS,
    SQL_LIST_ENDED_JOBS,
    SQL_GET_JOB,
    SQL_GET_ANCHOR,
    SQL_SET_ANCHOR,
    SQL_STATEMENT_COUNT
};

struct ledger_store {
    sqlite3 *database;
    sqlite3_stmt *statements[SQL_STATEMENT_COUNT];
    uint64_t counts[JOB_STATE_COUNT];         /* as in the open transaction */
    uint64_t durable_counts[JOB_STATE_COUNT]; /* as last committed */
    int64_t session;
    uint32_t instance;
    unsigned redo;      /* REDO_* of this run … */
    uint64_t redo_upto; /* … for jobs up to this one, which are of earlier ones */
    char text[300];
};

/* Opens the database, migrates it and prepares every statement. 0, or -errno with @error. */
int sql_open(struct ledger_store *store, const char *path, struct error *error);
void sql_close(struct ledger_store *store);

/* Runs SQL text without results. 0 or -EIO. */
int sql_run(struct ledger_store *store, const char *text);

/* Binds the arguments to the statement: types has a letter each: t text, b path (a string, as BLOB), i int64_t. */
sqlite3_stmt *sql_start(struct ledger_store *store, enum sql which, const char *types, ...);

/* 1: a row; 0: the end; -EIO: failed. */
int sql_step(struct ledger_store *store, sqlite3_stmt *statement);

/* Runs a statement that gives no rows, or of which nobody wants them. 0 or -EIO. */
int sql_finish(struct ledger_store *store, sqlite3_stmt *statement);

/* A BLOB or TEXT column as a string; the caller frees. NULL when it is NULL or memory is out. */
char *sql_column_string(sqlite3_stmt *statement, int column);

/* Five columns from @first on, as they stand in source and job. */
struct version sql_column_version(sqlite3_stmt *statement, int first);

/* Adds the source that nobody knew yet; its id is the last inserted row's. 0 or -EIO. */
int ledger_add_source(struct ledger_store *store, const char *folder, const char *path,
                      const struct version *version);

/* Queues a job for what is known of @source; @verify: unless its content is the known one (ledger_store.c). 1 or
 * -EIO. */
int ledger_add_job(struct ledger_store *store, int64_t source, bool verify, uint64_t now_us);

/* The largest number of a job; 0: there is none. 0 or -EIO. */
int ledger_newest_job(struct ledger_store *store, uint64_t *ret);

#endif
