/* SPDX-License-Identifier: GPL-2.0-or-later */
/* ledger_fixture - an open ledger of two folders, and the steps of a job's life in it, each in its own transaction. */
#ifndef DARKROOM_TESTS_LEDGER_FIXTURE_H
#define DARKROOM_TESTS_LEDGER_FIXTURE_H

#include "hot_folders.h"
#include "supervisor/ledger_sql.h"
#include "supervisor/ledger_store.h"

#include <check.h>

#define NOW (1700000000 * USEC_PER_SEC)

static struct hot_folders hot;
static struct ledger_store *store;
static struct job_list jobs;
static uint64_t next_us, added;

static inline void open_store(void)
{
    struct error error;

    ck_assert_msg(ledger_store_open(hot.ledger, &store, &error) == 0, "%s", error.text);
}

/* Closes and opens: for the ledger no other than an unclean end, which is what it did not have time for. */
static inline void reopen(void)
{
    ledger_store_close(store);
    open_store();
}

static inline void setup_recipe(const char *recipe)
{
    hot_open(&hot, 2, recipe);
    TAILQ_INIT(&jobs);
    open_store();
}

static inline void setup(void)
{
    setup_recipe(HOT_RECIPE);
}

static inline void free_jobs(void)
{
    struct job *job;

    while ((job = TAILQ_FIRST(&jobs))) {
        TAILQ_REMOVE(&jobs, job, link);
        job_free(job);
    }
}

static inline void teardown(void)
{
    free_jobs();
    ledger_store_close(store);
    hot_close(&hot);
}

static inline void begin(void)
{
    ck_assert_msg(ledger_store_begin(store) == 0, "%s", ledger_store_text(store));
}

static inline void commit(void)
{
    ck_assert_msg(ledger_store_commit(store) == 0, "%s", ledger_store_text(store));
}

static inline struct version version(uint64_t number)
{
    return (struct version){
        .device = 1, .inode = number, .size = (int64_t)number, .mtime_ns = 5, .ctime_ns = 6
    };
}

static inline int arrive_in(size_t slot, const char *path, uint64_t number)
{
    struct version v = version(number);
    int r;

    begin();
    r = ledger_store_arrival(store, hot.conf[slot].name, path, &v, true, NOW, NULL);
    commit();
    return r;
}

static inline int arrive(const char *path, uint64_t number)
{
    return arrive_in(0, path, number);
}

static inline int take_from(size_t slot, bool suspects, size_t limit, uint64_t now_us)
{
    int r;

    begin();
    r = ledger_store_take(store, hot.config, slot, &hot.conf[slot], suspects, limit, now_us, &jobs, &added,
                          &next_us);
    commit();
    ck_assert_msg(r >= 0, "%s", ledger_store_text(store));
    return r;
}

static inline int take(size_t limit)
{
    return take_from(0, false, limit, NOW);
}

static inline struct job *pop(void)
{
    struct job *job = TAILQ_FIRST(&jobs);

    ck_assert_ptr_nonnull(job);
    TAILQ_REMOVE(&jobs, job, link);
    return job;
}

/* The one job that is due. */
static inline struct job *take_one(void)
{
    ck_assert_int_eq(take(10), 1);
    return pop();
}

/* The job ends as @state; its outputs, if that is done, were made. 1: another one follows. */
static inline int finish_as(struct job *job, enum job_state state, bool pending, bool forget)
{
    int r;

    job->state = state;
    for (size_t i = 0; state == JOB_DONE && i < job->output_count; i++)
        if (job->outputs[i].rendition != RENDITION_NONE) {
            job->outputs[i].made = true;
            job->outputs[i].after =
                (struct published){ .inode = 100 * job->id + i, .size = 7, .mtime_ns = 8 };
            job->outputs[i].width = 10;
            job->outputs[i].height = 5;
        }
    begin();
    job->original = pending ? ORIGINAL_PENDING : ORIGINAL_SETTLED;
    r = ledger_store_finish(store, job, forget, NOW);
    commit();
    return r;
}

static inline int finish(struct job *job, enum job_state state)
{
    int r = finish_as(job, state, false, false);

    job_free(job);
    return r;
}

static inline void release(struct job *job)
{
    begin();
    ck_assert_int_eq(ledger_store_release(store, job, NOW), 0);
    commit();
    job_free(job);
}

static inline void intend(struct job *job)
{
    begin();
    ck_assert_int_eq(ledger_store_intent(store, job), 0);
    commit();
}

static inline int resume(void)
{
    int r;

    begin();
    r = ledger_store_resume(store, hot.config, 0, &hot.conf[0], &jobs);
    commit();
    return r;
}

static inline void set_started(struct job *job, bool started)
{
    begin();
    ck_assert_int_eq(ledger_store_started(store, job->id, started), 0);
    commit();
}

static inline uint64_t queued(bool suspects)
{
    uint64_t count = 0, suspect_count = 0;

    begin();
    ck_assert_int_eq(ledger_store_queued(store, "f0", &count, &suspect_count), 0);
    commit();
    return suspects ? suspect_count : count;
}

/* The number that @sql gives. */
static inline int64_t number(const char *sql)
{
    sqlite3_stmt *statement = NULL;
    int64_t value;

    ck_assert_msg(sqlite3_prepare_v2(store->database, sql, -1, &statement, NULL) == SQLITE_OK, "%s: %s", sql,
                  sqlite3_errmsg(store->database));
    ck_assert_int_eq(sqlite3_step(statement), SQLITE_ROW);
    value = sqlite3_column_int64(statement, 0);
    sqlite3_finalize(statement);
    return value;
}

#endif
