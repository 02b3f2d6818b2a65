/* SPDX-License-Identifier: GPL-2.0-or-later */
/* ledger_anchor - where the file systems of a folder's directories were mounted, across restarts: a daemon that is
 * started with the disk unmounted has to know. See anchor.h. */
#include "base/cleanup.h"
#include "supervisor/anchor.h"
#include "supervisor/ledger_sql.h"

#include <errno.h>

int ledger_store_recall_anchor(struct ledger_store *store, const char *folder, struct anchor *anchor)
{
    sqlite3_stmt *statement = sql_start(store, SQL_GET_ANCHOR, "tb", folder, anchor->path);
    int r = sql_step(store, statement);

    if (r <= 0)
        return r;
    free(anchor->mount_point);
    anchor->mount_point = sql_column_string(statement, 0);
    anchor->device = (uint64_t)sqlite3_column_int64(statement, 1);
    anchor->inode = (uint64_t)sqlite3_column_int64(statement, 2);
    sqlite3_reset(statement);
    return 0;
}

int ledger_store_remember_anchor(struct ledger_store *store, const char *folder, const struct anchor *anchor)
{
    return sql_finish(store,
                      sql_start(store, SQL_SET_ANCHOR, "tbbii", folder, anchor->path,
                                anchor->mount_point ?: "", (int64_t)anchor->device, (int64_t)anchor->inode));
}
