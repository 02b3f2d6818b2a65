/* SPDX-License-Identifier: GPL-2.0-or-later */
/* ledger_list - listings of jobs for people and programs; see ledger_store.h. */
#include "supervisor/ledger_sql.h"

#include "base/cleanup.h"

#include <errno.h>
#include <stdlib.h>

static void row_release(struct job_row *row)
{
    for (size_t i = 0; i < row->output_count; i++)
        free(row->outputs[i].path);
    free(row->outputs);
    free(row->folder);
    free(row->path);
    free(row->message);
}

/* All but the first @count. */
static void forget_rows(struct job_query *query, size_t count)
{
    for (size_t i = count; i < query->row_count; i++)
        row_release(&query->rows[i]);
    query->row_count = count;
}

void job_query_release(struct job_query *query)
{
    forget_rows(query, 0);
    free(query->rows);
    query->rows = NULL;
}

static int read_row(sqlite3_stmt *statement, struct job_row *row)
{
    *row = (struct job_row){
        .id = (uint64_t)sqlite3_column_int64(statement, 0),
        .folder = sql_column_string(statement, 1),
        .path = sql_column_string(statement, 2),
        .state = (enum job_state)sqlite3_column_int(statement, 3),
        .attempts = (unsigned)sqlite3_column_int64(statement, 4),
        .class = (enum error_class)sqlite3_column_int(statement, 5),
        .stage = (enum error_stage)sqlite3_column_int(statement, 6),
        .message = sql_column_string(statement, 7),
        .queued_us = (uint64_t)sqlite3_column_int64(statement, 8),
        .finished_us = (uint64_t)sqlite3_column_int64(statement, 9),
        .duration_us = (uint64_t)sqlite3_column_int64(statement, 10),
    };
    return row->folder && row->path ? 0 : -ENOMEM;
}

/* Room for one output more: the list doubles whenever its length is a power of two. */
static int make_room(struct job_row *row)
{
    size_t count = row->output_count;
    struct job_row_output *outputs;

    if ((count & (count - 1)) != 0)
        return 0;
    outputs = reallocarray(row->outputs, count > 0 ? 2 * count : 1, sizeof *outputs);
    if (!outputs)
        return -ENOMEM;
    row->outputs = outputs;
    return 0;
}

static int read_outputs(struct ledger_store *store, struct job_row *row)
{
    sqlite3_stmt *statement = sql_start(store, SQL_OUTPUTS_OF_JOB, "i", (int64_t)row->id);
    int r;

    while ((r = sql_step(store, statement)) > 0) {
        if (sqlite3_column_int64(statement, 2) == 0)
            continue; /* planned, not made */
        if (make_room(row) < 0) {
            sqlite3_reset(statement);
            return -ENOMEM;
        }
        row->outputs[row->output_count++] = (struct job_row_output){
            .path = sql_column_string(statement, 0),
            .bytes = (uint64_t)sqlite3_column_int64(statement, 3),
            .width = (uint32_t)sqlite3_column_int64(statement, 5),
            .height = (uint32_t)sqlite3_column_int64(statement, 6),
        };
    }
    return r;
}

/* Documents may have a thousand each. */
static int read_all_outputs(struct ledger_store *store, struct job_query *query)
{
    size_t outputs = 0;

    for (size_t i = 0; i < query->row_count; i++) {
        int r = read_outputs(store, &query->rows[i]);

        if (r < 0)
            return r;
        outputs += query->rows[i].output_count;
        if (outputs >= JOB_LIST_OUTPUTS_MAX && i + 1 < query->row_count) {
            forget_rows(query, i + 1);
            query->more = true;
        }
    }
    return 0;
}

static sqlite3_stmt *start(struct ledger_store *store, const struct job_query *query)
{
    enum sql which = query->state > JOB_PUBLISHING ? SQL_LIST_ENDED_JOBS
                     : query->state > JOB_QUEUED   ? SQL_LIST_OPEN_JOBS
                                                   : SQL_LIST_JOBS;

    if (query->id)
        return sql_start(store, SQL_GET_JOB, "i", (int64_t)query->id);
    return sql_start(store, which, "iiti", (int64_t)query->before, (int64_t)query->state, query->folder,
                     (int64_t)query->limit + 1);
}

int ledger_store_list(struct ledger_store *store, struct job_query *query)
{
    sqlite3_stmt *statement;
    int r = 0;

    query->more = false;
    if (query->limit > JOB_LIST_MAX)
        query->limit = JOB_LIST_MAX;
    job_query_release(query); /* a batch that failed is tried again */
    query->rows = calloc(query->limit + 1, sizeof *query->rows);
    if (!query->rows)
        return -ENOMEM;

    statement = start(store, query);
    while (r == 0 && (r = sql_step(store, statement)) > 0) {
        query->more = !query->id && query->row_count == query->limit;
        if (query->more)
            break;
        r = read_row(statement, &query->rows[query->row_count++]);
    }
    if (query->more)
        r = 0;
    sqlite3_reset(statement);

    return r < 0 ? r : read_all_outputs(store, query);
}
