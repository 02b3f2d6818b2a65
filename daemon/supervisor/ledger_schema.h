/* SPDX-License-Identifier: GPL-2.0-or-later */
/* ledger_schema - the tables of ledger.db. user_version says which of the migrations below it has seen.
 *
 * source   one row a (folder, path), for as long as we know the file: its newest version and how that ended.
 *          size is -1 when there is no file any more, or when whatever comes next is a new version. gone: the file
 *          was seen to go; its version stays known, in case that it comes back. again_recipe: it
 *          is to be made once more if the job that is under way was made with another recipe than this.
 * job      one row a version under one recipe. state: enum job_state. session: the run of the daemon that
 *          handed it out; suspect and started: see "Blame" in job_flow.h. original_pending: enum
 *          job_original. verify: see ledger_store_arrival().
 *          retries: transient failures since it was queued. adopt: see claim.h.
 * folder   the folders of which all has arrived that the first walk found.
 * output   one row a file that we made or are about to make, by absolute path: reserves names, and knows what
 *          is ours by inode, size and mtime (inode 0: not made yet). rendition: its place in the job, see job.h.
 *          stranger: as in job.h, until it is made.
 * anchor   one row a configured directory of a folder: where its file system was mounted, and which directory it was
 *          (device and inode 0: not known), when it was opened last.
 * counter  end states since the ledger began, and this ledger's instance and session numbers. */
#ifndef DARKROOM_SUPERVISOR_LEDGER_SCHEMA_H
#define DARKROOM_SUPERVISOR_LEDGER_SCHEMA_H

/* One element a version of the schema; run in order from user_version on. */
static const char *const ledger_migrations[] = {
    "CREATE TABLE source ("
    " id INTEGER PRIMARY KEY,"
    " folder TEXT NOT NULL,"
    " path BLOB NOT NULL,"
    " device INTEGER NOT NULL, inode INTEGER NOT NULL, size INTEGER NOT NULL,"
    " mtime_ns INTEGER NOT NULL, ctime_ns INTEGER NOT NULL,"
    " content_hash INTEGER, recipe_hash INTEGER,"
    " outcome INTEGER, job INTEGER,"
    " UNIQUE (folder, path)) STRICT;"

    "CREATE TABLE job ("
    " id INTEGER PRIMARY KEY AUTOINCREMENT,"
    " source INTEGER NOT NULL REFERENCES source (id),"
    " folder TEXT NOT NULL,"
    " state INTEGER NOT NULL,"
    " device INTEGER NOT NULL, inode INTEGER NOT NULL, size INTEGER NOT NULL,"
    " mtime_ns INTEGER NOT NULL, ctime_ns INTEGER NOT NULL,"
    " attempts INTEGER NOT NULL DEFAULT 0,"
    " suspect INTEGER NOT NULL DEFAULT 0, started INTEGER NOT NULL DEFAULT 0,"
    " session INTEGER NOT NULL DEFAULT 0,"
    " original_pending INTEGER NOT NULL DEFAULT 0,"
    " not_before_us INTEGER NOT NULL DEFAULT 0,"
    " class INTEGER NOT NULL DEFAULT 0, stage INTEGER NOT NULL DEFAULT 0, message TEXT,"
    " queued_us INTEGER NOT NULL, finished_us INTEGER,"
    " duration_us INTEGER, cpu_us INTEGER) STRICT;"

    "CREATE INDEX job_queue ON job (folder, suspect, id) WHERE state = 0;"
    "CREATE INDEX job_open ON job (folder, state) WHERE state IN (1, 2, 3);"
    "CREATE INDEX job_original ON job (folder) WHERE original_pending = 1;"
    "CREATE INDEX job_source ON job (source);"
    "CREATE INDEX job_end ON job (state, id) WHERE state > 3;"

    "CREATE TABLE output ("
    " path BLOB PRIMARY KEY,"
    " source INTEGER NOT NULL REFERENCES source (id),"
    " job INTEGER NOT NULL,"
    " rendition INTEGER NOT NULL,"
    " inode INTEGER NOT NULL DEFAULT 0, size INTEGER NOT NULL DEFAULT 0, mtime_ns INTEGER NOT NULL DEFAULT 0,"
    " width INTEGER NOT NULL DEFAULT 0, height INTEGER NOT NULL DEFAULT 0) STRICT, WITHOUT ROWID;"
    "CREATE INDEX output_source ON output (source);"
    "CREATE INDEX output_job ON output (job);"

    "CREATE TABLE counter (name TEXT PRIMARY KEY, value INTEGER NOT NULL) STRICT, WITHOUT ROWID;",

    "ALTER TABLE job ADD COLUMN verify INTEGER NOT NULL DEFAULT 0;"
    "ALTER TABLE job ADD COLUMN retries INTEGER NOT NULL DEFAULT 0;"
    "ALTER TABLE job ADD COLUMN adopt INTEGER NOT NULL DEFAULT 0;"
    "ALTER TABLE source ADD COLUMN gone INTEGER NOT NULL DEFAULT 0;"
    "CREATE TABLE folder (name TEXT PRIMARY KEY) STRICT, WITHOUT ROWID;"
    "CREATE TABLE anchor ("
    " folder TEXT NOT NULL,"
    " path BLOB NOT NULL,"
    " mount_point BLOB NOT NULL, device INTEGER NOT NULL, inode INTEGER NOT NULL,"
    " PRIMARY KEY (folder, path)) STRICT, WITHOUT ROWID;"
    /* The queue, in its order, is one run of this index, those that are to be tried later are another, in the order
     * in which they are due; and counting them reads nothing else. */
    "DROP INDEX job_queue;"
    "CREATE INDEX job_queue ON job (folder, suspect, state, not_before_us, id) WHERE state = 0;"
    "ALTER TABLE source ADD COLUMN again_recipe INTEGER;",

    "DROP INDEX job_original;"
    "CREATE INDEX job_original ON job (folder) WHERE original_pending > 0;",

    "ALTER TABLE output ADD COLUMN stranger INTEGER NOT NULL DEFAULT 0;",
};

#endif
