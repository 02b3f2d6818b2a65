/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The database below the ledger: how it is opened, bound and read. */
#include "supervisor/ledger_sql.h"

#include "base/cleanup.h"
#include "scratch.h"
#include "unit_main.h"

#include <errno.h>

static struct scratch scratch;
static struct ledger_store store;
static char path[128];

static void setup(void)
{
    struct error error = { 0 };

    scratch = scratch_make();
    snprintf(path, sizeof path, "%s/ledger.db", scratch.path);
    store = (struct ledger_store){ 0 };
    ck_assert_msg(sql_open(&store, path, &error) == 0, "%s", error.text);
}

static void teardown(void)
{
    sql_close(&store);
    scratch_remove(&scratch);
}

static int64_t pragma(const char *text)
{
    sqlite3_stmt *statement = NULL;
    int64_t value = -1;

    ck_assert_int_eq(sqlite3_prepare_v2(store.database, text, -1, &statement, NULL), SQLITE_OK);
    if (sqlite3_step(statement) == SQLITE_ROW)
        value = sqlite3_column_int64(statement, 0);
    sqlite3_finalize(statement);
    return value;
}

START_TEST(a_commit_survives_a_power_cut)
{
    sqlite3_stmt *statement = NULL;

    setup();
    ck_assert_int_eq(pragma("PRAGMA synchronous"), 2); /* FULL */
    ck_assert_int_eq(sqlite3_prepare_v2(store.database, "PRAGMA journal_mode", -1, &statement, NULL),
                     SQLITE_OK);
    ck_assert_int_eq(sqlite3_step(statement), SQLITE_ROW);
    ck_assert_str_eq((const char *)sqlite3_column_text(statement, 0), "wal");
    sqlite3_finalize(statement);
    teardown();
}
END_TEST

START_TEST(a_new_database_has_the_newest_schema_and_opening_again_keeps_it)
{
    setup();
    ck_assert_int_ge(pragma("PRAGMA user_version"), 1);
    ck_assert_int_eq(sql_finish(&store, sql_start(&store, SQL_SET_COUNTER, "ti", "x", (int64_t)-5)), 0);
    sql_close(&store);
    store = (struct ledger_store){ 0 };
    ck_assert_int_eq(sql_open(&store, path, NULL), 0);
    ck_assert_int_eq(sql_step(&store, sql_start(&store, SQL_GET_COUNTER, "t", "x")), 1);
    ck_assert_int_eq(sqlite3_column_int64(store.statements[SQL_GET_COUNTER], 0), -5);
    teardown();
}
END_TEST

START_TEST(every_statement_is_prepared)
{
    setup();
    for (size_t i = 0; i < SQL_STATEMENT_COUNT; i++)
        ck_assert_msg(store.statements[i], "statement %zu", i);
    teardown();
}
END_TEST

START_TEST(a_statement_can_be_started_again_and_again)
{
    setup();
    for (int64_t i = 0; i < 10; i++) {
        ck_assert_int_eq(sql_finish(&store, sql_start(&store, SQL_SET_COUNTER, "ti", "x", i)), 0);
        ck_assert_int_eq(sql_step(&store, sql_start(&store, SQL_GET_COUNTER, "t", "x")), 1);
        ck_assert_int_eq(sqlite3_column_int64(store.statements[SQL_GET_COUNTER], 0), i);
        ck_assert_int_eq(sql_step(&store, store.statements[SQL_GET_COUNTER]), 0);
    }
    ck_assert_int_eq(sql_step(&store, sql_start(&store, SQL_GET_COUNTER, "t", "y")), 0);
    teardown();
}
END_TEST

static const char *const byte_strings[] = { "",    "a", "\xff\xfe", "line\nbreak", "'; DROP TABLE job; --",
                                            "%s?1" };

START_TEST(paths_are_kept_byte_for_byte)
{
    _cleanup_free_ char *read_back = NULL;
    sqlite3_stmt *statement;

    setup();
    ck_assert_int_eq(sql_finish(&store, sql_start(&store, SQL_ADD_SOURCE, "tbiiiii", "f", byte_strings[_i],
                                                  (int64_t)1, INT64_MAX, (int64_t)-1, INT64_MIN, (int64_t)0)),
                     0);
    ck_assert_int_eq(sqlite3_prepare_v2(store.database, "SELECT path FROM source", -1, &statement, NULL),
                     SQLITE_OK);
    ck_assert_int_eq(sql_step(&store, statement), 1);
    ck_assert_int_eq(sqlite3_column_type(statement, 0), SQLITE_BLOB);
    ck_assert_int_eq(sqlite3_column_bytes(statement, 0), (int)strlen(byte_strings[_i]));
    read_back = sql_column_string(statement, 0);
    ck_assert(*byte_strings[_i] == '\0' || strcmp(read_back, byte_strings[_i]) == 0);
    sqlite3_finalize(statement);

    statement = sql_start(&store, SQL_FIND_SOURCE, "tb", "f", byte_strings[_i]);
    ck_assert_int_eq(sql_step(&store, statement), 1);
    ck_assert(sql_column_version(statement, 1).device == 1 &&
              sql_column_version(statement, 1).inode == INT64_MAX);
    ck_assert(sql_column_version(statement, 1).size == -1 &&
              sql_column_version(statement, 1).mtime_ns == INT64_MIN);
    teardown();
}
END_TEST

START_TEST(a_row_that_breaks_the_rules_is_refused_with_the_reason)
{
    setup();
    for (int i = 0; i < 2; i++) {
        int r = sql_finish(&store, sql_start(&store, SQL_ADD_SOURCE, "tbiiiii", "f", "a", (int64_t)1,
                                             (int64_t)1, (int64_t)1, (int64_t)1, (int64_t)1));

        ck_assert_int_eq(r, i == 0 ? 0 : -EIO);
    }
    ck_assert_msg(strstr(store.text, "UNIQUE"), "%s", store.text);
    ck_assert_int_eq(sql_run(&store, "nonsense"), -EIO);
    ck_assert_msg(strstr(store.text, "nonsense"), "%s", store.text);
    teardown();
}
END_TEST

START_TEST(a_second_daemon_on_one_ledger_is_refused)
{
    struct ledger_store second = { 0 };
    struct error error;

    setup();
    ck_assert_int_eq(sql_finish(&store, sql_start(&store, SQL_SET_COUNTER, "ti", "x", (int64_t)1)), 0);
    ck_assert_int_lt(sql_open(&second, path, &error), 0);
    ck_assert_msg(strstr(error.text, "locked"), "%s", error.text);
    sql_close(&second);
    teardown();
}
END_TEST

/* What an index is for: none of these walks over the whole history. */
static const struct {
    enum sql sql;
    const char *plan;
} plans[] = {
    { SQL_LET_DUE, "COVERING INDEX job_queue (folder=? AND suspect=? AND state=? AND not_before_us>?" },
    { SQL_TAKE_JOBS, "job_queue (folder=? AND suspect=? AND state=? AND not_before_us=?)" },
    { SQL_NEXT_DUE, "COVERING INDEX job_queue (folder=? AND suspect=? AND state=? AND not_before_us>?)" },
    { SQL_COUNT_QUEUED, "COVERING INDEX job_queue" },
    { SQL_LIST_ENDED_JOBS, "job_end (state=?" },
    { SQL_LIST_OPEN_JOBS, "job_open" },
    { SQL_OUTPUTS_OF_JOB, "output_job" },
    { SQL_OUTPUTS_OF_SOURCE, "output_source" },
    { SQL_FIND_SOURCE, "sqlite_autoindex_source" },
    { SQL_DROP_UNMADE_OUTPUTS, "output_job" },
    { SQL_RESUME_JOBS, "job_open" },
    { SQL_RESUME_JOBS, "job_original" },
    { SQL_LEFTOVERS, "job_queue" },
};

START_TEST(a_statement_of_every_day_uses_its_index)
{
    sqlite3_stmt *statement = NULL;
    _cleanup_free_ char *text = NULL;
    char plan[4096] = "";

    setup();
    ck_assert_int_ge(asprintf(&text, "EXPLAIN QUERY PLAN %s", sqlite3_sql(store.statements[plans[_i].sql])),
                     0);
    ck_assert_int_eq(sqlite3_prepare_v2(store.database, text, -1, &statement, NULL), SQLITE_OK);
    while (sqlite3_step(statement) == SQLITE_ROW)
        snprintf(plan + strlen(plan), sizeof plan - strlen(plan), "%s\n", sqlite3_column_text(statement, 3));
    sqlite3_finalize(statement);
    ck_assert_msg(strstr(plan, plans[_i].plan), "%s:\n%s", text, plan);
    ck_assert_msg(!strstr(plan, "SCAN job\n") && !strstr(plan, "SCAN output\n"), "%s:\n%s", text, plan);
    teardown();
}
END_TEST

UNIT_MAIN("ledger_sql", UNIT_TEST(a_commit_survives_a_power_cut),
          UNIT_TEST(a_new_database_has_the_newest_schema_and_opening_again_keeps_it),
          UNIT_TEST(every_statement_is_prepared), UNIT_TEST(a_statement_can_be_started_again_and_again),
          UNIT_ROWS(paths_are_kept_byte_for_byte, byte_strings),
          UNIT_TEST(a_row_that_breaks_the_rules_is_refused_with_the_reason),
          UNIT_TEST(a_second_daemon_on_one_ledger_is_refused),
          UNIT_ROWS(a_statement_of_every_day_uses_its_index, plans))
