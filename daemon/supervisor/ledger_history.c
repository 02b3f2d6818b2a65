/* SPDX-License-Identifier: GPL-2.0-or-later */
/* ledger_history - forgets jobs that ended long ago; see ledger_store.h. */
#include "supervisor/ledger_sql.h"

#include <errno.h>

struct ended {
    int64_t job, source;
};

static int forget(struct ledger_store *store, const struct ended *ended, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (sql_finish(store, sql_start(store, SQL_DROP_JOB, "i", ended[i].job)) < 0 ||
            sql_finish(store, sql_start(store, SQL_DROP_SOURCE, "i", ended[i].source)) < 0)
            return -EIO;
    return (int)count;
}

/* Jobs end about in the order of their numbers, so the oldest of a state are the ones to look at, and few. */
static int purge_state(struct ledger_store *store, enum job_state state, uint64_t before_us)
{
    sqlite3_stmt *statement =
        sql_start(store, SQL_OLDEST_ENDED, "iii", (int64_t)state, (int64_t)before_us, (int64_t)PURGE_BATCH);
    struct ended ended[PURGE_BATCH];
    size_t count = 0;
    int r = 0;

    while (count < PURGE_BATCH && (r = sql_step(store, statement)) > 0)
        ended[count++] =
            (struct ended){ sqlite3_column_int64(statement, 0), sqlite3_column_int64(statement, 1) };
    sqlite3_reset(statement);
    return r < 0 ? r : forget(store, ended, count);
}

int ledger_store_purge(struct ledger_store *store, uint64_t before_us)
{
    int purged = 0;

    for (enum job_state state = JOB_DONE; state < JOB_STATE_COUNT; state++) {
        int r = purge_state(store, state, before_us);

        if (r < 0)
            return r;
        purged += r;
    }
    return purged;
}
