/* SPDX-License-Identifier: GPL-2.0-or-later */
/* ledger_copy - see ledger_copy.h. */
#include "ledger_copy.h"

#include "base/cleanup.h"
#include "base/fd_io.h"

#include <check.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

static void copy_file(const char *from, const char *directory, const char *name)
{
    _cleanup_close_ int source = open(from, O_RDONLY | O_CLOEXEC);
    _cleanup_close_ int copy = -1;
    char to[PATH_MAX];
    struct stat st;

    if (source < 0)
        return;
    snprintf(to, sizeof to, "%s/%s", directory, name);
    copy = open(to, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    ck_assert_int_ge(copy, 0);
    ck_assert_int_eq(fstat(source, &st), 0);
    ck_assert_int_eq(fd_copy(source, copy, (uint64_t)st.st_size), 0);
}

/* A killed daemon leaves its last commits in the log beside the database; reading them would change it. */
sqlite3 *ledger_copy_open(const char *ledger)
{
    static const char *const names[] = { "ledger.db", "ledger.db-wal", "ledger.db-shm" };
    char directory[] = "/tmp/darkroom-ledger-XXXXXX", path[PATH_MAX];
    sqlite3 *copy;
    int r;

    ck_assert_ptr_nonnull(mkdtemp(directory));
    copy_file(ledger, directory, names[0]);
    snprintf(path, sizeof path, "%s-wal", ledger);
    copy_file(path, directory, names[1]);

    snprintf(path, sizeof path, "%s/%s", directory, names[0]);
    /* A daemon that was killed early has not made one yet. */
    r = sqlite3_open_v2(path, &copy, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE, NULL);
    if (r == SQLITE_OK)
        r = sqlite3_exec(copy, "PRAGMA integrity_check", NULL, NULL, NULL);
    ck_assert_msg(r == SQLITE_OK, "%s: %s", ledger, sqlite3_errmsg(copy));
    for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
        snprintf(path, sizeof path, "%s/%s", directory, names[i]);
        unlink(path);
    }
    rmdir(directory);
    return copy;
}

int64_t ledger_copy_number(sqlite3 *copy, const char *sql)
{
    sqlite3_stmt *statement = NULL;
    int64_t number;

    ck_assert_msg(sqlite3_prepare_v2(copy, sql, -1, &statement, NULL) == SQLITE_OK, "%s: %s", sql,
                  sqlite3_errmsg(copy));
    ck_assert_int_eq(sqlite3_step(statement), SQLITE_ROW);
    number = sqlite3_column_int64(statement, 0);
    sqlite3_finalize(statement);
    return number;
}

int64_t ledger_copy_ask(const char *ledger, const char *sql)
{
    sqlite3 *copy = ledger_copy_open(ledger);
    int64_t number = ledger_copy_number(copy, sql);

    sqlite3_close(copy);
    return number;
}
