/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Listings of jobs: order, filters, pages, and what a row tells. */
#include "supervisor/ledger_store.h"

#include "base/cleanup.h"
#include "hot_folders.h"
#include "supervisor/ledger_sql.h"
#include "unit_main.h"

#define NOW (1700000000 * USEC_PER_SEC)

static struct hot_folders hot;
static struct ledger_store *store;

static void arrive(size_t slot, const char *path)
{
    struct version version = { .inode = 1, .size = 1 };

    ck_assert_int_eq(ledger_store_begin(store), 0);
    ck_assert_int_eq(ledger_store_arrival(store, hot.conf[slot].name, path, &version, true, NOW, NULL), 1);
    ck_assert_int_eq(ledger_store_commit(store), 0);
}

/* The oldest job of folder @slot ends as @state. */
static void end(size_t slot, enum job_state state)
{
    struct job_list jobs = TAILQ_HEAD_INITIALIZER(jobs);
    uint64_t added, next_us;
    struct job *job;

    ck_assert_int_eq(ledger_store_begin(store), 0);
    ck_assert_int_eq(
        ledger_store_take(store, hot.config, slot, &hot.conf[slot], false, 1, NOW, &jobs, &added, &next_us),
        1);
    job = TAILQ_FIRST(&jobs);
    job->state = state;
    job->attempts = 2;
    job->duration_us = 77;
    if (state == JOB_FAILED)
        error_set(&job->failure, 0, CLASS_PERMANENT, STAGE_DECODE, "it is \"broken\"");
    if (state == JOB_DONE) {
        job->outputs[0].made = true; /* the second was skipped */
        job->outputs[0].after = (struct published){ .inode = 3, .size = 1234, .mtime_ns = 4 };
        job->outputs[0].width = 10;
        job->outputs[0].height = 6;
    }
    ck_assert_int_eq(ledger_store_finish(store, job, false, NOW + 5), 0);
    ck_assert_int_eq(ledger_store_commit(store), 0);
    job_free(job);
}

/* 1 f0/a done, 2 f0/b failed, 3 f1/c done, 4 f0/d queued, 5 f1/e queued */
static void setup(void)
{
    hot_open(&hot, 2, HOT_RECIPE);
    ck_assert_int_eq(ledger_store_open(hot.ledger, &store, NULL), 0);
    arrive(0, "a.jpg");
    end(0, JOB_DONE);
    arrive(0, "b.jpg");
    end(0, JOB_FAILED);
    arrive(1, "c.jpg");
    end(1, JOB_DONE);
    arrive(0, "d\n\xff.jpg");
    arrive(1, "e.jpg");
}

static void teardown(void)
{
    ledger_store_close(store);
    hot_close(&hot);
}

static void list(struct job_query *query)
{
    ck_assert_int_eq(ledger_store_begin(store), 0);
    ck_assert_int_eq(ledger_store_list(store, query), 0);
    ck_assert_int_eq(ledger_store_commit(store), 0);
}

static const struct {
    const char *name;
    struct job_query query;
    uint64_t ids[6];
    bool more;
} queries[] = {
    { "all, newest first", { .state = -1, .limit = 100 }, { 5, 4, 3, 2, 1 }, false },
    { "a page", { .state = -1, .limit = 2 }, { 5, 4 }, true },
    { "the next page", { .state = -1, .limit = 2, .before = 4 }, { 3, 2 }, true },
    { "beyond the last page", { .state = -1, .limit = 2, .before = 1 }, { 0 }, false },
    { "nothing asked", { .state = -1, .limit = 0 }, { 0 }, true },
    { "the last page, which is full", { .state = -1, .limit = 2, .before = 3 }, { 2, 1 }, false },
    { "one state", { .state = JOB_DONE, .limit = 100 }, { 3, 1 }, false },
    { "queued, which is 0", { .state = JOB_QUEUED, .limit = 100 }, { 5, 4 }, false },
    { "a state nobody is in", { .state = JOB_CANCELLED, .limit = 100 }, { 0 }, false },
    { "one folder", { .state = -1, .limit = 100, .folder = "f0" }, { 4, 2, 1 }, false },
    { "a folder that is not", { .state = -1, .limit = 100, .folder = "f" }, { 0 }, false },
    { "folder, state and page",
      { .state = JOB_DONE, .limit = 1, .folder = "f1", .before = 5 },
      { 3 },
      false },
    { "one job", { .id = 2, .state = -1 }, { 2 }, false },
    { "a job that is not", { .id = 99, .state = -1 }, { 0 }, false },
    { "more than may be asked", { .state = -1, .limit = SIZE_MAX / 4 }, { 5, 4, 3, 2, 1 }, false },
};

START_TEST(a_query_gives_what_it_asks_for)
{
    struct job_query query = queries[_i].query;
    size_t count = 0;

    setup();
    list(&query);
    while (queries[_i].ids[count])
        count++;
    ck_assert_msg(query.more == queries[_i].more, "%s: more", queries[_i].name);
    ck_assert_msg(query.row_count == count, "%s: %zu rows", queries[_i].name, query.row_count);
    for (size_t i = 0; i < count; i++)
        ck_assert_msg(query.rows[i].id == queries[_i].ids[i], "%s: row %zu is %d", queries[_i].name, i,
                      (int)query.rows[i].id);
    job_query_release(&query);
    ck_assert_ptr_null(query.rows);
    teardown();
}
END_TEST

START_TEST(a_row_tells_the_whole_story)
{
    struct job_query query = { .state = -1, .limit = 100 };
    char path[PATH_MAX];
    const struct job_row *row;

    setup();
    list(&query);

    row = &query.rows[4]; /* 1 */
    ck_assert_str_eq(row->folder, "f0");
    ck_assert_str_eq(row->path, "a.jpg");
    ck_assert_int_eq(row->state, JOB_DONE);
    ck_assert_uint_eq(row->queued_us, NOW);
    ck_assert_uint_eq(row->finished_us, NOW + 5);
    ck_assert_uint_eq(row->duration_us, 77);
    ck_assert_uint_eq(row->output_count, 1);
    snprintf(path, sizeof path, "%s/a.10.png", hot.out[0]);
    ck_assert_str_eq(row->outputs[0].path, path);
    ck_assert_uint_eq(row->outputs[0].bytes, 1234);
    ck_assert_uint_eq(row->outputs[0].width, 10);
    ck_assert_uint_eq(row->outputs[0].height, 6);

    row = &query.rows[3]; /* 2 */
    ck_assert_int_eq(row->state, JOB_FAILED);
    ck_assert_uint_eq(row->attempts, 2);
    ck_assert_int_eq(row->class, CLASS_PERMANENT);
    ck_assert_int_eq(row->stage, STAGE_DECODE);
    ck_assert_str_eq(row->message, "it is \"broken\"");
    ck_assert_uint_eq(row->output_count, 0);

    row = &query.rows[1]; /* 4 */
    ck_assert_str_eq(row->path, "d\n\xff.jpg");
    ck_assert_uint_eq(row->finished_us, 0);
    ck_assert_uint_eq(row->duration_us, 0);
    job_query_release(&query);
    teardown();
}
END_TEST

START_TEST(an_answered_query_can_be_asked_again)
{
    struct job_query query = { .state = -1, .limit = 3 };

    setup();
    for (int i = 0; i < 3; i++) { /* as when a batch had to be tried again */
        list(&query);
        ck_assert_uint_eq(query.row_count, 3);
    }
    job_query_release(&query);
    job_query_release(&query);
    teardown();
}
END_TEST

/* Gives each of the two jobs that are done half as many outputs as a listing has room for, and one more. */
static void have_made_documents(void)
{
    char sql[400];

    snprintf(sql, sizeof sql,
             "WITH RECURSIVE page (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM page WHERE n <= %d)"
             " INSERT INTO output (path, source, job, rendition, inode)"
             " SELECT CAST('/p' || job.id || '/' || n AS BLOB), job.source, job.id, n * 64, 1"
             " FROM page JOIN job WHERE job.state = 4",
             JOB_LIST_OUTPUTS_MAX / 2);
    ck_assert_int_eq(sql_run(store, sql), 0);
}

START_TEST(a_listing_with_very_many_outputs_ends_early_and_goes_on_where_it_ended)
{
    struct job_query query = { .state = -1, .limit = 10 };

    setup();
    have_made_documents();
    list(&query); /* the oldest is the last that has room */
    ck_assert_uint_eq(query.row_count, 5);
    ck_assert(!query.more);

    ck_assert_int_eq(sql_run(store, "UPDATE output SET job = 3"), 0);
    list(&query);
    ck_assert_uint_eq(query.row_count, 3);
    ck_assert_uint_eq(query.rows[2].id, 3);
    ck_assert(query.more);

    query.before = 3;
    list(&query);
    ck_assert_uint_eq(query.row_count, 2);
    ck_assert(!query.more);
    job_query_release(&query);
    teardown();
}
END_TEST

UNIT_MAIN("ledger_list", UNIT_ROWS(a_query_gives_what_it_asks_for, queries),
          UNIT_TEST(a_row_tells_the_whole_story), UNIT_TEST(an_answered_query_can_be_asked_again),
          UNIT_TEST(a_listing_with_very_many_outputs_ends_early_and_goes_on_where_it_ended))
