/* SPDX-License-Identifier: GPL-2.0-or-later */
/* ledger_sql - see ledger_sql.h. The statements are one table, checked when the ledger is opened. */
#include "supervisor/ledger_sql.h"

#include "base/cleanup.h"
#include "supervisor/ledger_schema.h"

#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define VERSION_COLUMNS "device, inode, size, mtime_ns, ctime_ns"
#define RETRY_COLUMNS                                                                                        \
    "job.id, job.source, job.state, job.original_pending, source.job, source.size, job.folder, source.path"
#define ROW_COLUMNS                                                                                          \
    "job.id, job.folder, source.path, job.state, job.attempts, job.class, job.stage, job.message,"           \
    " job.queued_us, coalesce(job.finished_us, 0), coalesce(job.duration_us, 0)"

#define LIST_JOBS(from, condition)                                                                           \
    "SELECT " ROW_COLUMNS " FROM " from " JOIN source ON source.id = job.source WHERE " condition            \
    " AND (?1 = 0 OR job.id < ?1) AND (?3 = '' OR job.folder = ?3) ORDER BY job.id DESC LIMIT ?4"

static const char *const statements[SQL_STATEMENT_COUNT] = {
    [SQL_FIND_SOURCE] =
        "SELECT source.id, source.device, source.inode, source.size, source.mtime_ns, source.ctime_ns,"
        " job.id, job.state, coalesce(source.outcome, 0), coalesce(source.content_hash, 0),"
        " coalesce(job.original_pending, 0), source.gone"
        " FROM source LEFT JOIN job ON job.id = source.job"
        " WHERE source.folder = ?1 AND source.path = ?2",
    [SQL_ADD_SOURCE] =
        "INSERT INTO source (folder, path, " VERSION_COLUMNS ") VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
    [SQL_SET_SOURCE_VERSION] =
        "UPDATE source SET device = ?2, inode = ?3, size = ?4, mtime_ns = ?5, ctime_ns = ?6, gone = 0"
        " WHERE id = ?1",
    [SQL_SET_SOURCE_GONE] = "UPDATE source SET gone = ?3 WHERE folder = ?1 AND path = ?2",
    [SQL_SET_SOURCE_JOB] = "UPDATE source SET job = ?2, again_recipe = NULL WHERE id = ?1",
    [SQL_SET_SOURCE_OUTCOME] =
        "UPDATE source SET outcome = ?2, content_hash = ?3, recipe_hash = ?4, again_recipe = NULL"
        " WHERE id = ?1",
    /* Unless a newer version has its own job by now. */
    [SQL_FORGET_SOURCE_VERSION] =
        "UPDATE source SET size = -1 WHERE id = (SELECT source FROM job WHERE id = ?1)"
        " AND job = ?1",
    [SQL_GET_SOURCE_OF_JOB] =
        "SELECT source.id, source.device, source.inode, source.size, source.mtime_ns,"
        " source.ctime_ns, source.again_recipe, source.outcome FROM job JOIN source ON source.id = job.source"
        " WHERE job.id = ?1",
    [SQL_ADD_JOB] = "INSERT INTO job (source, folder, state, " VERSION_COLUMNS ", queued_us, verify, adopt)"
                    " SELECT id, folder, 0, " VERSION_COLUMNS ", ?2, ?3,"
                    " ?4 AND job IS NULL AND NOT EXISTS (SELECT 1 FROM folder WHERE name = source.folder)"
                    " FROM source WHERE id = ?1",
    [SQL_ADD_FOLDER] = "INSERT OR IGNORE INTO folder (name) VALUES (?1)",
    [SQL_SET_JOB_VERSION] =
        "UPDATE job SET (" VERSION_COLUMNS ") ="
        " (SELECT " VERSION_COLUMNS " FROM source WHERE source.id = job.source),"
        " attempts = 0, retries = 0, not_before_us = 0, verify = verify AND ?2 WHERE id = ?1",
    [SQL_DROP_JOB] = "DELETE FROM job WHERE id = ?1",
    [SQL_RESTORE_SOURCE_JOB] = "UPDATE source SET job ="
                               " (SELECT max(id) FROM job WHERE job.source = source.id AND job.id <> ?2)"
                               " WHERE id = ?1 AND job = ?2",
    [SQL_RESTORE_OUTPUTS_JOB] = "UPDATE output SET job = coalesce((SELECT job FROM source WHERE id = ?1), 0)"
                                " WHERE job = ?2",
    [SQL_LET_DUE] = "UPDATE job SET not_before_us = 0 WHERE id IN (SELECT id FROM job"
                    " WHERE folder = ?1 AND suspect = ?2 AND state = 0 AND not_before_us > 0"
                    " AND not_before_us <= ?3 ORDER BY not_before_us LIMIT ?4)",
    [SQL_TAKE_JOBS] =
        "SELECT job.id, source.path, job.device, job.inode, job.size, job.mtime_ns, job.ctime_ns,"
        " job.attempts, source.id, job.retries, job.adopt, CASE WHEN job.verify THEN "
        "coalesce(source.content_hash, 0) "
        "ELSE 0 END"
        " FROM job JOIN source ON source.id = job.source"
        " WHERE job.folder = ?1 AND job.suspect = ?2 AND job.state = 0 AND job.not_before_us = 0"
        " ORDER BY job.id LIMIT ?3",
    [SQL_NEXT_DUE] = "SELECT not_before_us FROM job"
                     " WHERE folder = ?1 AND suspect = ?2 AND state = 0 AND not_before_us > ?3"
                     " ORDER BY not_before_us LIMIT 1",
    [SQL_HAND_OUT] = "UPDATE job SET state = 1, session = ?2 WHERE id = ?1",
    [SQL_RESUME_JOBS] =
        "SELECT job.id, source.path, job.device, job.inode, job.size, job.mtime_ns, job.ctime_ns,"
        " job.attempts, source.id, job.state, job.class, job.stage, job.message, job.original_pending"
        " FROM job JOIN source ON source.id = job.source"
        " WHERE job.folder = ?1 AND job.session <> ?2"
        " AND job.id IN (SELECT id FROM job"
        " WHERE folder = ?1 AND state IN (1, 2, 3) AND state = 3 UNION" /* as in the index */
        " SELECT id FROM job WHERE folder = ?1 AND original_pending > 0) LIMIT ?3",
    [SQL_SET_SESSION] = "UPDATE job SET session = ?2 WHERE id = ?1",
    [SQL_SET_STARTED] = "UPDATE job SET started = ?2 WHERE id = ?1",
    [SQL_SET_PUBLISHING] = "UPDATE job SET state = 3, started = 0, original_pending = ?2 WHERE id = ?1",
    [SQL_FINISH_JOB] = "UPDATE job SET state = ?2, class = ?3, stage = ?4, message = ?5, attempts = ?6,"
                       " original_pending = ?7, finished_us = ?8, duration_us = ?9, cpu_us = ?10,"
                       " suspect = 0, started = 0 WHERE id = ?1",
    [SQL_RELEASE_JOB] = "UPDATE job SET state = 0, attempts = ?2, not_before_us = ?3, class = ?4, stage = ?5,"
                        " message = ?6, suspect = ?7, retries = ?8, started = 0, original_pending = 0"
                        " WHERE id = ?1",
    [SQL_ORIGINAL_DONE] = "UPDATE job SET original_pending = 0 WHERE id = ?1",
    [SQL_COUNT_QUEUED] = "SELECT count(*) FROM job WHERE folder = ?1 AND state = 0 AND suspect = ?2",
    [SQL_OUTPUTS_OF_SOURCE] =
        "SELECT path, inode, size, mtime_ns, stranger FROM output WHERE source = ?1 ORDER BY path",
    [SQL_OUTPUTS_OF_JOB] = "SELECT path, rendition, inode, size, mtime_ns, width, height FROM output"
                           " WHERE job = ?1 ORDER BY rendition",
    [SQL_RESERVE_OUTPUT] =
        "INSERT INTO output (path, source, job, rendition) VALUES (?1, ?2, ?3, ?4)"
        " ON CONFLICT (path) DO UPDATE SET job = excluded.job, rendition = excluded.rendition"
        " WHERE output.source = excluded.source",
    [SQL_OWNER_OF_OUTPUT] =
        "SELECT source.folder, source.path, source.id, source.size = -1 OR source.gone,"
        " job.id IS NULL OR job.state > 3, coalesce(job.original_pending, 0)"
        " FROM output JOIN source ON source.id = output.source LEFT JOIN job ON job.id = source.job"
        " WHERE output.path = ?1",
    [SQL_TAKE_OVER_OUTPUT] = "UPDATE output SET source = ?2, job = ?3, rendition = ?4, inode = 0, size = 0,"
                             " mtime_ns = 0, stranger = ?5 WHERE path = ?1",
    /* As in job.h: the pictures for which it was to go are another source's to replace by now. */
    [SQL_SPARE_ORIGINAL] = "UPDATE job SET original_pending = 2 WHERE state = 4 AND original_pending = 1"
                           " AND id = (SELECT job FROM source WHERE id = ?1)",
    /* Unless another source has the name by now. */
    [SQL_SET_OUTPUT_PUBLISHED] =
        "UPDATE output SET inode = ?2, size = ?3, mtime_ns = ?4, width = ?5, height = ?6, stranger = 0"
        " WHERE path = ?1 AND source = (SELECT source FROM job WHERE id = ?7)",
    /* Whoever publishes last has the name (Existing=overwrite). */
    [SQL_ANNOUNCE_OUTPUT] =
        "INSERT INTO output (path, source, job, rendition, width, height)"
        " VALUES (?1, (SELECT source FROM job WHERE id = ?2), ?2, ?3, ?4, ?5)"
        " ON CONFLICT (path) DO UPDATE SET source = excluded.source, job = excluded.job,"
        " rendition = excluded.rendition, width = excluded.width, height = excluded.height,"
        " inode = iif(source = excluded.source, inode, 0), size = iif(source = excluded.source, size, 0),"
        " mtime_ns = iif(source = excluded.source, mtime_ns, 0),"
        " stranger = iif(source = excluded.source, stranger, 1)",
    [SQL_ANNOUNCE_NOTHING] = "UPDATE output SET rendition = ?2 WHERE job = ?1",
    [SQL_ANNOUNCE_REMOVAL] = "UPDATE output SET job = ?2, rendition = ?3"
                             " WHERE path = ?1 AND source = (SELECT source FROM job WHERE id = ?2)",
    [SQL_DROP_OUTPUT] =
        "DELETE FROM output WHERE path = ?1 AND source = (SELECT source FROM job WHERE id = ?2)",
    [SQL_DROP_RESERVATION] = "DELETE FROM output WHERE path = ?1 AND job = ?2 AND inode = 0",
    [SQL_DROP_UNMADE_OUTPUTS] = "DELETE FROM output WHERE job = ?1 AND inode = 0",
    [SQL_LEFTOVERS] =
        "SELECT output.path, output.job, output.rendition FROM output JOIN job ON job.id = output.job"
        " WHERE job.folder = ?1 AND job.suspect = 1 AND job.state = 0",
    [SQL_SET_COUNTER] = "INSERT INTO counter (name, value) VALUES (?1, ?2)"
                        " ON CONFLICT (name) DO UPDATE SET value = excluded.value",
    [SQL_GET_COUNTER] = "SELECT value FROM counter WHERE name = ?1",
    /* The newest job of a failed file stays: a retry needs it. */
    [SQL_OLDEST_ENDED] =
        "SELECT id, source FROM (SELECT id, source, finished_us FROM job"
        " WHERE state = ?1 AND state > 3 AND original_pending = 0 AND (state <> 5 OR NOT EXISTS"
        " (SELECT 1 FROM source WHERE source.id = job.source AND source.job = job.id AND size >= 0))"
        " ORDER BY id LIMIT ?3) WHERE finished_us < ?2",
    [SQL_DROP_SOURCE] = "DELETE FROM source WHERE id = ?1 AND size = -1"
                        " AND NOT EXISTS (SELECT 1 FROM job WHERE source = ?1)"
                        " AND NOT EXISTS (SELECT 1 FROM output WHERE source = ?1)",
    [SQL_LIST_JOBS] = LIST_JOBS("job", "(?2 < 0 OR job.state = ?2)"),
    /* As in the indexes: the only failed one among a million is found at once. */
    [SQL_LIST_OPEN_JOBS] = LIST_JOBS("job INDEXED BY job_open", "job.state IN (1, 2, 3) AND ?2 = 1"),
    [SQL_LIST_ENDED_JOBS] = LIST_JOBS("job", "job.state > 3 AND job.state = ?2"),
    [SQL_GET_FAILURE] = "SELECT coalesce(message, '') FROM job WHERE id = ?1",
    [SQL_RETRY_JOB] = "SELECT " RETRY_COLUMNS " FROM job JOIN source ON source.id = job.source"
                      " WHERE job.id = ?1",
    [SQL_RETRY_FAILED] = "SELECT " RETRY_COLUMNS " FROM job JOIN source ON source.id = job.source"
                         " WHERE job.state > 3 AND job.state = 5" /* as in the index job_end */
                         " AND job.id > ?1 AND job.id <= ?2 ORDER BY job.id LIMIT ?3",
    [SQL_NEWEST_JOB] = "SELECT max(id) FROM job",
    [SQL_SOURCES_OF_FOLDER] =
        "SELECT source.id, source.path, source.size, source.outcome, job.state, job.original_pending"
        " FROM source LEFT JOIN job ON job.id = source.job"
        " WHERE source.folder = ?1 AND source.path > ?2 ORDER BY source.path LIMIT ?3",
    [SQL_FORGET_SOURCE] = "UPDATE source SET size = -1 WHERE id = ?1",
    [SQL_SET_SOURCE_AGAIN] = "UPDATE source SET again_recipe = ?2 WHERE id = ?1",
    [SQL_GET_JOB] = "SELECT " ROW_COLUMNS " FROM job JOIN source ON source.id = job.source WHERE job.id = ?1",
    [SQL_GET_ANCHOR] = "SELECT mount_point, device, inode FROM anchor WHERE folder = ?1 AND path = ?2",
    [SQL_SET_ANCHOR] = "INSERT OR REPLACE INTO anchor (folder, path, mount_point, device, inode)"
                       " VALUES (?1, ?2, ?3, ?4, ?5)",
};

static int sql_failed(struct ledger_store *store)
{
    snprintf(store->text, sizeof store->text, "%s", sqlite3_errmsg(store->database));
    return -EIO;
}

int sql_run(struct ledger_store *store, const char *text)
{
    return sqlite3_exec(store->database, text, NULL, NULL, NULL) == SQLITE_OK ? 0 : sql_failed(store);
}

sqlite3_stmt *sql_start(struct ledger_store *store, enum sql which, const char *types, ...)
{
    sqlite3_stmt *statement = store->statements[which];
    va_list args;

    va_start(args, types);
    for (int i = 0; types[i]; i++) {
        const char *text;

        switch (types[i]) {
        case 't':
            sqlite3_bind_text(statement, i + 1, va_arg(args, const char *), -1, SQLITE_TRANSIENT);
            break;
        case 'b':
            text = va_arg(args, const char *);
            sqlite3_bind_blob(statement, i + 1, text, (int)strlen(text), SQLITE_TRANSIENT);
            break;
        default:
            sqlite3_bind_int64(statement, i + 1, va_arg(args, int64_t));
        }
    }
    va_end(args);
    return statement;
}

int sql_step(struct ledger_store *store, sqlite3_stmt *statement)
{
    int r = sqlite3_step(statement);

    if (r == SQLITE_ROW)
        return 1;
    if (r != SQLITE_DONE)
        sql_failed(store);
    sqlite3_reset(statement);
    return r == SQLITE_DONE ? 0 : -EIO;
}

int sql_finish(struct ledger_store *store, sqlite3_stmt *statement)
{
    int r;

    do
        r = sql_step(store, statement);
    while (r > 0);
    return r;
}

char *sql_column_string(sqlite3_stmt *statement, int column)
{
    const void *bytes = sqlite3_column_blob(statement, column);

    return bytes ? strndup(bytes, (size_t)sqlite3_column_bytes(statement, column)) : NULL;
}

struct version sql_column_version(sqlite3_stmt *statement, int first)
{
    return (struct version){
        .device = (uint64_t)sqlite3_column_int64(statement, first),
        .inode = (uint64_t)sqlite3_column_int64(statement, first + 1),
        .size = sqlite3_column_int64(statement, first + 2),
        .mtime_ns = sqlite3_column_int64(statement, first + 3),
        .ctime_ns = sqlite3_column_int64(statement, first + 4),
    };
}

static int user_version(struct ledger_store *store, int *ret)
{
    sqlite3_stmt *statement = NULL;
    int r = -EIO;

    if (sqlite3_prepare_v2(store->database, "PRAGMA user_version", -1, &statement, NULL) == SQLITE_OK &&
        sqlite3_step(statement) == SQLITE_ROW) {
        *ret = sqlite3_column_int(statement, 0);
        r = 0;
    }
    if (r < 0)
        sql_failed(store);
    sqlite3_finalize(statement);
    return r;
}

/* Brings an older (or empty) database up to date, each step with its version in one transaction. */
static int migrate(struct ledger_store *store, struct error *error)
{
    int version = 0;
    int r;

    r = user_version(store, &version);
    if (r < 0)
        return r;
    if (version > (int)ARRAY_SIZE(ledger_migrations))
        return error_set(
            error, EINVAL, CLASS_ENVIRONMENT, STAGE_NONE,
            "it is from a newer darkroomd (schema %d, this one knows %zu); install that version again",
            version, ARRAY_SIZE(ledger_migrations));

    for (; version < (int)ARRAY_SIZE(ledger_migrations); version++) {
        _cleanup_free_ char *text = NULL;

        if (asprintf(&text, "BEGIN IMMEDIATE; %s PRAGMA user_version = %d; COMMIT",
                     ledger_migrations[version], version + 1) < 0)
            return -ENOMEM;
        r = sql_run(store, text);
        if (r < 0)
            return r;
    }
    return 0;
}

static int prepare_all(struct ledger_store *store)
{
    for (size_t i = 0; i < SQL_STATEMENT_COUNT; i++)
        if (sqlite3_prepare_v3(store->database, statements[i], -1, SQLITE_PREPARE_PERSISTENT,
                               &store->statements[i], NULL) != SQLITE_OK)
            return sql_failed(store);
    return 0;
}

int sql_open(struct ledger_store *store, const char *path, struct error *error)
{
    int r;

    if (error)
        *error = (struct error){ 0 };
    /* One thread uses it at a time: no mutexes. */
    if (sqlite3_open_v2(path, &store->database,
                        SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX,
                        NULL) != SQLITE_OK) {
        r = sql_failed(store);
        goto fail;
    }

    /* A second connection of ours cannot be: the state directory is locked. */
    r = sql_run(store,
                "PRAGMA locking_mode = EXCLUSIVE; PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;"
                "PRAGMA wal_autocheckpoint = 2000; PRAGMA cache_size = -4096; PRAGMA temp_store = MEMORY;"
                "PRAGMA trusted_schema = OFF");
    if (r < 0)
        goto fail;
    r = migrate(store, error);
    if (r < 0)
        goto fail;
    r = prepare_all(store);
    if (r < 0)
        goto fail;
    return 0;

fail:
    if (error && error->class == CLASS_NONE)
        error_set(error, -r, CLASS_ENVIRONMENT, STAGE_NONE, "%s",
                  store->text[0] ? store->text : "out of memory");
    return r;
}

void sql_close(struct ledger_store *store)
{
    for (size_t i = 0; i < SQL_STATEMENT_COUNT; i++)
        sqlite3_finalize(store->statements[i]);
    sqlite3_close(store->database);
}
