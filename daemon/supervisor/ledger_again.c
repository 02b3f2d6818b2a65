/* SPDX-License-Identifier: GPL-2.0-or-later */
/* ledger_again - see ledger_again.h. Rows are read first and changed after, so that no index is changed under the
 * statement that reads it. */
#include "supervisor/ledger_again.h"

#include "base/cleanup.h"
#include "supervisor/ledger_sql.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* A job with its source, as SQL_RETRY_JOB and SQL_RETRY_FAILED give it. */
struct row {
    uint64_t id;
    int64_t source;
    enum job_state state;
    bool pending;
    uint64_t newest; /* the source's newest job */
    bool is_there;   /* as far as is known, the source has a version */
    size_t folder;   /* its number in the configuration; FOLDERS_MAX: none */
};

static size_t folder_number(const struct again *again, const unsigned char *name)
{
    for (size_t i = 0; name && i < again->config->folder_count; i++)
        if (strcmp(again->config->folders[i].name, (const char *)name) == 0)
            return i;
    return FOLDERS_MAX;
}

static struct row read_row(const struct again *again, sqlite3_stmt *statement)
{
    return (struct row){
        .id = (uint64_t)sqlite3_column_int64(statement, 0),
        .source = sqlite3_column_int64(statement, 1),
        .state = (enum job_state)sqlite3_column_int(statement, 2),
        .pending = sqlite3_column_int(statement, 3) != 0,
        .newest = (uint64_t)sqlite3_column_int64(statement, 4),
        .is_there = sqlite3_column_int64(statement, 5) >= 0,
        .folder = folder_number(again, sqlite3_column_text(statement, 6)),
    };
}

static bool moves_failed(const struct folder_conf *folder)
{
    return folder->originals != ORIGINALS_KEEP && folder->failed;
}

static enum again_verdict judge(const struct again *again, const struct row *row)
{
    if (!job_state_is_end(row->state))
        return AGAIN_UNDER_WAY;
    if (row->newest != row->id)
        return AGAIN_NEWER;
    if (row->state == JOB_DONE)
        return AGAIN_DONE;
    if (row->folder == FOLDERS_MAX)
        return AGAIN_UNCONFIGURED;
    if (row->pending)
        return AGAIN_ORIGINAL;
    if (row->state == JOB_VANISHED || row->state == JOB_SUPERSEDED)
        return AGAIN_GONE;
    if (row->is_there)
        return AGAIN_OK;
    return moves_failed(&again->config->folders[row->folder]) ? AGAIN_MOVED : AGAIN_GONE;
}

/* ---- retries ---- */

static int queue(struct ledger_store *store, struct again *again, const struct row *row, uint64_t now_us)
{
    int r = ledger_add_job(store, row->source, false, now_us);

    if (r < 0)
        return r;
    again->other = (uint64_t)sqlite3_last_insert_rowid(store->database);
    again->queued[row->folder]++;
    return 0;
}

static int retry_job(struct ledger_store *store, struct again *again, uint64_t now_us)
{
    sqlite3_stmt *statement = sql_start(store, SQL_RETRY_JOB, "i", (int64_t)again->job);
    enum again_verdict verdict;
    struct row row;
    int r = sql_step(store, statement);

    if (r < 0)
        return r;
    if (r == 0) {
        again->verdicts[AGAIN_NO_JOB]++;
        return 0;
    }
    row = read_row(again, statement);
    again->path = sql_column_string(statement, 7);
    sqlite3_reset(statement);
    if (!again->path)
        return -ENOMEM;

    verdict = judge(again, &row);
    again->verdicts[verdict]++;
    again->other = row.newest;
    again->job_folder = row.folder < FOLDERS_MAX ? &again->config->folders[row.folder] : NULL;
    return verdict == AGAIN_OK ? queue(store, again, &row, now_us) : 0;
}

/* Those that are not this folder's count as looked at, so that a chunk is bounded whatever the ledger holds. */
static bool is_wanted(const struct again *again, const struct row *row)
{
    return !again->folder ||
           (row->folder < FOLDERS_MAX && &again->config->folders[row->folder] == again->folder);
}

static int retry_failed(struct ledger_store *store, struct again *again, uint64_t now_us)
{
    _cleanup_free_ struct row *rows = calloc(AGAIN_CHUNK, sizeof *rows);
    sqlite3_stmt *statement;
    size_t count = 0;
    int r;

    if (!rows)
        return -ENOMEM;
    if (again->upto == 0 && ledger_newest_job(store, &again->upto) < 0)
        return -EIO;
    statement = sql_start(store, SQL_RETRY_FAILED, "iii", (int64_t)again->after, (int64_t)again->upto,
                          (int64_t)AGAIN_CHUNK);
    while ((r = sql_step(store, statement)) > 0)
        rows[count++] = read_row(again, statement);

    for (size_t i = 0; r == 0 && i < count; i++) {
        enum again_verdict verdict = judge(again, &rows[i]);

        again->next_after = rows[i].id;
        if (!is_wanted(again, &rows[i]))
            continue;
        again->verdicts[verdict]++;
        if (verdict == AGAIN_OK)
            r = queue(store, again, &rows[i], now_us);
    }
    again->more = count == AGAIN_CHUNK;
    return r;
}

/* ---- a folder's sources ---- */

/* A source, as SQL_SOURCES_OF_FOLDER gives it. */
struct source_row {
    int64_t id;
    bool is_done, is_under_way, is_queued;
};

static struct source_row read_source(sqlite3_stmt *statement)
{
    bool has_job = sqlite3_column_type(statement, 4) != SQLITE_NULL;
    enum job_state state = has_job ? (enum job_state)sqlite3_column_int(statement, 4) : JOB_DONE;
    bool pending = sqlite3_column_int(statement, 5) != 0;

    return (struct source_row){
        .id = sqlite3_column_int64(statement, 0),
        .is_done = sqlite3_column_int64(statement, 2) >= 0 && sqlite3_column_int(statement, 3) == JOB_DONE &&
                   state == JOB_DONE && !pending,
        .is_under_way = !job_state_is_end(state),
        .is_queued = state == JOB_QUEUED,
    };
}

/* What is handed out goes on, and is made once more after, if it was with another recipe. What is queued is made with
 * the new recipe anyway, unless it finds the content that was made with the old one. The end of the job sees to
 * both. */
static int forget(struct ledger_store *store, struct again *again, const struct source_row *source)
{
    uint64_t recipe = again->config->recipes[config_recipe_of(again->config, again->folder)]->hash;

    if (source->is_done) {
        again->verdicts[AGAIN_OK]++;
        return sql_finish(store, sql_start(store, SQL_FORGET_SOURCE, "i", source->id));
    }
    if (source->is_under_way) {
        again->verdicts[AGAIN_UNDER_WAY] += !source->is_queued;
        return sql_finish(store, sql_start(store, SQL_SET_SOURCE_AGAIN, "ii", source->id, (int64_t)recipe));
    }
    return 0;
}

static int forget_done(struct ledger_store *store, struct again *again)
{
    _cleanup_free_ struct source_row *sources = calloc(AGAIN_CHUNK, sizeof *sources);
    sqlite3_stmt *statement;
    size_t count = 0;
    int r;

    if (!sources)
        return -ENOMEM;
    statement = sql_start(store, SQL_SOURCES_OF_FOLDER, "tbi", again->folder->name, again->after_path ?: "",
                          (int64_t)AGAIN_CHUNK);
    while ((r = sql_step(store, statement)) > 0) {
        sources[count++] = read_source(statement);
        if (count < AGAIN_CHUNK)
            continue;
        again->next_path = sql_column_string(statement, 1);
        sqlite3_reset(statement);
        r = again->next_path ? 0 : -ENOMEM;
        break;
    }

    for (size_t i = 0; r == 0 && i < count; i++)
        r = forget(store, again, &sources[i]);
    again->more = count == AGAIN_CHUNK;
    return r;
}

int ledger_store_again(struct ledger_store *store, struct again *again, uint64_t now_us)
{
    memset(again->verdicts, 0, sizeof again->verdicts);
    memset(again->queued, 0, sizeof again->queued);
    again->more = false;
    free(take_ptr(again->next_path));
    free(take_ptr(again->path));

    switch (again->what) {
    case AGAIN_RETRY_JOB:
        return retry_job(store, again, now_us);
    case AGAIN_RETRY_FAILED:
        return retry_failed(store, again, now_us);
    case AGAIN_FORGET_DONE:
        return forget_done(store, again);
    }
    abort();
}
