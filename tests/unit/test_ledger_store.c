/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Taking, ends, transactions and the history of the ledger, on a real database. */
#include "base/cleanup.h"
#include "ledger_fixture.h"
#include "unit_main.h"

#include <errno.h>

/* ---- taking ---- */

START_TEST(the_oldest_jobs_come_first_as_many_as_asked)
{
    setup();
    for (uint64_t i = 0; i < 10; i++) {
        char name[16];

        snprintf(name, sizeof name, "%c.jpg", (char)('z' - i));
        arrive(name, i + 1);
    }
    ck_assert_int_eq(take(3), 3);
    ck_assert_int_eq(take(0), 0);
    ck_assert_int_eq(take(100), 7);
    for (uint64_t i = 0; i < 10; i++) {
        struct job *job = pop();

        ck_assert_uint_eq(job->version.inode, i + 1);
        ck_assert_int_eq(job->state, JOB_OPENING);
        ck_assert_ptr_eq(job->folder, &hot.conf[0]);
        job_free(job);
    }
    ck_assert_int_eq(take(100), 0);
    ck_assert_uint_eq(next_us, USEC_INFINITY);
    teardown();
}
END_TEST

START_TEST(transient_failures_are_remembered_until_another_version_comes)
{
    struct job *job;

    setup();
    arrive("a.jpg", 1);
    job = take_one();
    ck_assert_uint_eq(job->retries, 0);
    job->retries = 3;
    release(job);
    job = take_one();
    ck_assert_uint_eq(job->retries, 3);
    ck_assert_uint_eq(job->attempts, 0);
    release(job);
    arrive("a.jpg", 2);
    job = take_one();
    ck_assert_uint_eq(job->retries, 0);
    job_free(job);
    teardown();
}
END_TEST

START_TEST(a_folder_gets_its_own_jobs_only)
{
    setup();
    arrive_in(0, "a.jpg", 1);
    arrive_in(1, "b.jpg", 2);
    ck_assert_int_eq(take_from(1, false, 10, NOW), 1);
    ck_assert_str_eq(TAILQ_FIRST(&jobs)->path, "b.jpg");
    ck_assert_uint_eq(TAILQ_FIRST(&jobs)->slot, 1);
    teardown();
}
END_TEST

START_TEST(a_delayed_job_is_due_when_its_time_has_come)
{
    struct job *job;

    setup();
    arrive("a.jpg", 1);
    arrive("b.jpg", 2);
    ck_assert_int_eq(take(1), 1);
    job = pop();
    job->attempts = 1;
    job->delay_us = 5 * USEC_PER_SEC;
    error_set(&job->failure, 0, CLASS_CRASH, STAGE_DECODE, "it crashed");
    release(job);
    ck_assert_uint_eq(queued(false), 2);

    job_free(take_one()); /* b, which is younger, meanwhile */
    ck_assert_uint_eq(next_us, NOW + 5 * USEC_PER_SEC);
    ck_assert_int_eq(take_from(0, false, 10, NOW + 5 * USEC_PER_SEC - 1), 0);
    ck_assert_uint_eq(next_us, NOW + 5 * USEC_PER_SEC);
    ck_assert_int_eq(take_from(0, false, 10, NOW + 5 * USEC_PER_SEC), 1);
    job = pop();
    ck_assert_str_eq(job->path, "a.jpg");
    ck_assert_uint_eq(job->attempts, 1);
    ck_assert_uint_eq(next_us, USEC_INFINITY);
    job_free(job);
    teardown();
}
END_TEST

START_TEST(outputs_are_planned_when_a_job_is_taken)
{
    struct job *job;

    setup();
    arrive("d/a.jpg", 1);
    job = take_one();
    ck_assert_uint_eq(job->output_count, 2);
    ck_assert_str_eq(job->outputs[0].path, "d/a.10.png");
    ck_assert_uint_eq(job->outputs[0].rendition, 0);
    ck_assert_str_eq(job->outputs[1].path, "d/a.20.png");
    ck_assert_uint_eq(job->outputs[1].rendition, 1);
    ck_assert_uint_eq(job->outputs[0].before.inode, 0);
    ck_assert(!job->outputs[0].made);
    job_free(job);
    teardown();
}
END_TEST

/* ---- ends ---- */

START_TEST(ends_are_counted_over_restarts)
{
    static const enum job_state ends[] = { JOB_DONE,      JOB_DONE,       JOB_FAILED,
                                           JOB_CANCELLED, JOB_SUPERSEDED, JOB_VANISHED };
    uint32_t instance;

    setup();
    instance = ledger_store_instance(store);
    ck_assert_uint_ne(instance, 0);
    for (size_t i = 0; i < ARRAY_SIZE(ends); i++) {
        char name[16];

        snprintf(name, sizeof name, "%zu.jpg", i);
        arrive(name, i + 1);
        finish(take_one(), ends[i]);
    }
    for (int i = 0; i < 2; i++) {
        ck_assert_uint_eq(ledger_store_count(store, JOB_DONE), 2);
        ck_assert_uint_eq(ledger_store_count(store, JOB_FAILED), 1);
        ck_assert_uint_eq(ledger_store_count(store, JOB_CANCELLED), 1);
        ck_assert_uint_eq(ledger_store_count(store, JOB_SUPERSEDED), 1);
        ck_assert_uint_eq(ledger_store_count(store, JOB_VANISHED), 1);
        ck_assert_uint_eq(ledger_store_count(store, JOB_QUEUED), 0);
        reopen();
    }
    ck_assert_uint_eq(ledger_store_instance(store), instance);
    teardown();
}
END_TEST

START_TEST(a_forgotten_version_arrives_again)
{
    struct job *job;

    setup();
    arrive("a.jpg", 1);
    job = take_one();
    ck_assert_int_eq(finish_as(job, JOB_VANISHED, false, true), 0);
    job_free(job);
    ck_assert_int_eq(arrive("a.jpg", 1), 1);
    teardown();
}
END_TEST

START_TEST(a_follow_up_is_not_forgotten_with_the_version_before)
{
    struct job *job;

    setup();
    arrive("a.jpg", 1);
    job = take_one();
    arrive("a.jpg", 2);
    ck_assert_int_eq(finish_as(job, JOB_VANISHED, false, true), 1);
    job_free(job);
    ck_assert_int_eq(arrive("a.jpg", 2), 0);
    teardown();
}
END_TEST

START_TEST(the_same_file_moved_in_again_after_its_original_was_dealt_with_is_new)
{
    struct job *job;

    setup();
    hot.conf[0].originals = ORIGINALS_ARCHIVE;
    arrive("a.jpg", 1);
    job = take_one();
    finish_as(job, JOB_DONE, true, false);
    ck_assert_int_eq(arrive("a.jpg", 1), 0);
    begin();
    ck_assert_int_eq(ledger_store_original_done(store, job, true), 0);
    commit();
    job_free(job);
    ck_assert_int_eq(arrive("a.jpg", 1), 1);
    teardown();
}
END_TEST

/* With Originals=keep and Failed= a file that failed was tried again at every scan. */
START_TEST(a_failed_file_that_was_kept_stays_failed)
{
    struct job *job;

    setup();
    arrive("a.jpg", 1);
    job = take_one();
    finish_as(job, JOB_FAILED, true, false);
    begin();
    ck_assert_int_eq(ledger_store_original_done(store, job, false), 0);
    commit();
    job_free(job);
    ck_assert_int_eq(arrive("a.jpg", 1), 0);
    teardown();
}
END_TEST

/* The newer version was forgotten when the older one's original had been dealt with, and made twice. */
START_TEST(a_newer_version_is_not_forgotten_with_the_older_ones_original)
{
    struct job *job, *newer;

    setup();
    hot.conf[0].originals = ORIGINALS_ARCHIVE;
    arrive("a.jpg", 1);
    job = take_one();
    finish_as(job, JOB_DONE, true, false);
    ck_assert_int_eq(arrive("a.jpg", 2), 1);
    newer = take_one();
    begin();
    ck_assert_int_eq(ledger_store_original_done(store, job, true), 0);
    commit();
    finish(newer, JOB_DONE);
    ck_assert_int_eq(arrive("a.jpg", 2), 0);
    job_free(job);
    teardown();
}
END_TEST

/* ---- transactions ---- */

START_TEST(a_rollback_undoes_counts_and_rows)
{
    struct job *job;
    struct version v = version(2);

    setup();
    arrive("a.jpg", 1);
    job = take_one();
    begin();
    job->state = JOB_FAILED;
    ck_assert_int_eq(ledger_store_finish(store, job, false, NOW), 0);
    ck_assert_int_eq(ledger_store_arrival(store, "f0", "b.jpg", &v, true, NOW, NULL), 1);
    ck_assert_uint_eq(ledger_store_count(store, JOB_FAILED), 1);
    ledger_store_rollback(store);
    ck_assert_uint_eq(ledger_store_count(store, JOB_FAILED), 0);
    ck_assert_uint_eq(queued(false), 0);
    ck_assert_int_eq(number("SELECT state FROM job"), JOB_OPENING);
    finish(job, JOB_FAILED);
    ck_assert_uint_eq(ledger_store_count(store, JOB_FAILED), 1);
    ledger_store_rollback(store); /* without a transaction: nothing */
    ck_assert_uint_eq(ledger_store_count(store, JOB_FAILED), 1);
    teardown();
}
END_TEST

START_TEST(a_taken_job_that_was_rolled_back_can_be_taken_again)
{
    setup();
    arrive("a.jpg", 1);
    begin();
    ck_assert_int_eq(
        ledger_store_take(store, hot.config, 0, &hot.conf[0], false, 10, NOW, &jobs, &added, &next_us), 1);
    ledger_store_rollback(store);
    free_jobs();
    ck_assert_int_eq(take(10), 1);
    ck_assert_int_eq(TAILQ_FIRST(&jobs)->state, JOB_OPENING);
    teardown();
}
END_TEST

START_TEST(a_failing_statement_says_why)
{
    struct version v = version(1);

    setup();
    begin();
    ck_assert_int_eq(sql_run(store, "PRAGMA query_only = ON"), 0);
    ck_assert_int_eq(ledger_store_arrival(store, "f0", "a.jpg", &v, true, NOW, NULL), -EIO);
    ck_assert_msg(strstr(ledger_store_text(store), "readonly"), "%s", ledger_store_text(store));
    ledger_store_rollback(store);
    ck_assert_msg(strstr(ledger_store_text(store), "readonly"), "%s", ledger_store_text(store));
    ck_assert_int_eq(sql_run(store, "PRAGMA query_only = OFF"), 0);
    ck_assert_int_eq(arrive("a.jpg", 1), 1);
    teardown();
}
END_TEST

/* The jobs that had been read before the failure were lost with their memory. */
START_TEST(a_resume_that_fails_gives_no_jobs)
{
    struct job *job;

    setup();
    arrive("a.jpg", 1);
    job = take_one();
    intend(job);
    job_free(job);
    reopen();
    begin();
    ck_assert_int_eq(sql_run(store, "PRAGMA query_only = ON"), 0);
    ck_assert_int_lt(ledger_store_resume(store, hot.config, 0, &hot.conf[0], &jobs), 0);
    ck_assert(TAILQ_EMPTY(&jobs));
    ledger_store_rollback(store);
    ck_assert_int_eq(sql_run(store, "PRAGMA query_only = OFF"), 0);
    ck_assert_int_eq(resume(), 1);
    teardown();
}
END_TEST

/* ---- files that are no ledger ---- */

START_TEST(a_newer_schema_is_refused_and_left_as_it_is)
{
    struct error error;

    setup();
    ck_assert_int_eq(sql_run(store, "PRAGMA user_version = 999"), 0);
    ledger_store_close(store);
    store = NULL;
    ck_assert_int_lt(ledger_store_open(hot.ledger, &store, &error), 0);
    ck_assert_ptr_null(store);
    ck_assert_msg(strstr(error.text, "newer") && strstr(error.text, "999"), "%s", error.text);
    ck_assert_int_eq(error.class, CLASS_ENVIRONMENT);
    teardown();
}
END_TEST

START_TEST(a_file_that_is_no_database_is_refused_and_left_as_it_is)
{
    struct error error;

    setup();
    ledger_store_close(store);
    store = NULL;
    hot_write(hot.scratch.path, "text",
              "this has been somebody's shopping list for quite some time now, keep it");
    snprintf(hot.ledger, sizeof hot.ledger, "%.60s/text", hot.scratch.path);
    ck_assert_int_lt(ledger_store_open(hot.ledger, &store, &error), 0);
    ck_assert_msg(strstr(error.text, "not a database"), "%s", error.text);
    ck_assert_int_eq(strncmp(hot_read(hot.scratch.path, "text"), "this has been", 13), 0);
    teardown();
}
END_TEST

START_TEST(a_place_where_no_file_can_be_is_refused)
{
    struct error error;

    setup();
    ledger_store_close(store);
    store = NULL;
    ck_assert_int_lt(ledger_store_open("/nonexistent/ledger.db", &store, &error), 0);
    ck_assert(error.text[0]);
    ck_assert_int_lt(ledger_store_open(hot.in[0], &store, NULL), 0);
    ledger_store_close(NULL);
    teardown();
}
END_TEST

static int purge(uint64_t before_us)
{
    int r;

    begin();
    r = ledger_store_purge(store, before_us);
    commit();
    return r;
}

START_TEST(purged_history_makes_no_file_new_again)
{
    setup();
    arrive("a.jpg", 1);
    finish(take_one(), JOB_DONE);
    arrive("b.jpg", 2);
    finish(take_one(), JOB_FAILED);
    arrive("c.jpg", 3);
    ck_assert_int_eq(purge(NOW), 0); /* they ended just now */
    ck_assert_int_eq(purge(NOW + 1), 1);
    ck_assert_int_eq(purge(NOW + 1), 0);
    /* What waits is no history; and without its job nobody could ask for a retry of a failed file. */
    ck_assert_int_eq(number("SELECT count(*) FROM job"), 2);
    ck_assert_int_eq(number("SELECT count(*) FROM job WHERE state = 5"), 1);

    ck_assert_int_eq(arrive("a.jpg", 1), 0);
    ck_assert_int_eq(arrive("b.jpg", 2), 0);
    ck_assert_int_eq(number("SELECT count(*) FROM output"), 2); /* still ours */
    ck_assert_uint_eq(ledger_store_count(store, JOB_DONE), 1);
    ck_assert_int_eq(arrive("a.jpg", 4), 1);

    teardown();
}
END_TEST

/* Its outputs were skipped (Existing=skip): nothing but its version says that it is done. */
START_TEST(a_purge_makes_no_file_new_that_made_nothing)
{
    struct job *job;

    setup();
    arrive("a.jpg", 1);
    job = take_one();
    for (size_t i = 0; i < job->output_count; i++)
        job->outputs[i].rendition = RENDITION_NONE;
    job->skipped = true;
    finish(job, JOB_DONE);
    ck_assert_int_eq(number("SELECT count(*) FROM output"), 0);
    ck_assert_int_eq(purge(NOW + 1), 1);
    ck_assert_int_eq(number("SELECT count(*) FROM job"), 0);
    ck_assert_int_eq(arrive("a.jpg", 1), 0);
    ck_assert_int_eq(arrive("a.jpg", 2), 1);
    teardown();
}
END_TEST

START_TEST(a_purge_leaves_what_is_not_over_and_forgets_files_that_left_nothing)
{
    struct job *job;

    setup();
    arrive("pending.jpg", 1);
    job = take_one();
    finish_as(job, JOB_DONE, true, false); /* its original is not archived yet */
    job_free(job);
    arrive("gone.jpg", 2);
    job = take_one();
    finish_as(job, JOB_VANISHED, false, true);
    job_free(job);
    ck_assert_int_eq(purge(NOW + 1), 1);
    ck_assert_int_eq(number("SELECT count(*) FROM job"), 1);
    ck_assert_int_eq(number("SELECT count(*) FROM source WHERE CAST(path AS TEXT) = 'gone.jpg'"), 0);
    ck_assert_int_eq(number("SELECT count(*) FROM source WHERE CAST(path AS TEXT) = 'pending.jpg'"), 1);
    teardown();
}
END_TEST

START_TEST(a_long_history_is_purged_in_portions)
{
    setup();
    for (int i = 0; i < PURGE_BATCH + 10; i++) {
        char name[32];

        snprintf(name, sizeof name, "%d.jpg", i);
        arrive(name, (uint64_t)i + 1);
        finish(take_one(), JOB_DONE);
    }
    ck_assert_int_eq(purge(NOW + 1), PURGE_BATCH);
    ck_assert_int_eq(purge(NOW + 1), 10);
    teardown();
}
END_TEST

START_TEST(a_retry_that_is_due_comes_before_those_that_arrived_after_it)
{
    struct job *job;

    setup();
    arrive("a.jpg", 1);
    job = take_one();
    job->delay_us = 5 * USEC_PER_SEC;
    release(job);
    arrive("b.jpg", 2);
    arrive("c.jpg", 3);
    ck_assert_int_eq(take_from(0, false, 1, NOW), 1);
    job = pop();
    ck_assert_str_eq(job->path, "b.jpg");
    ck_assert_uint_eq(next_us, NOW + 5 * USEC_PER_SEC);
    job_free(job);
    ck_assert_int_eq(take_from(0, false, 1, NOW + 5 * USEC_PER_SEC), 1);
    job = pop();
    ck_assert_str_eq(job->path, "a.jpg");
    ck_assert_uint_eq(next_us, USEC_INFINITY);
    job_free(job);
    teardown();
}
END_TEST

/* The whole queue was counted again after every clash, for the sake of this. */
START_TEST(a_clash_says_that_it_brought_a_newer_version_into_the_queue)
{
    struct job *job;

    setup_recipe(HOT_RECIPE_SINGLE);
    arrive("b.png", 1);
    job = take_one();
    arrive("b.png", 2); /* while the first is in flight */
    job->delay_us = 5 * USEC_PER_SEC;
    release(job);
    hot.conf[0].existing = EXISTING_OVERWRITE;
    arrive("b.jpg", 3);
    job = take_one();
    job->outputs[0].made = true;
    intend(job);
    job_free(job);
    hot.conf[0].existing = EXISTING_FAIL;
    ck_assert_uint_eq(added, 0);
    ck_assert_int_eq(take_from(0, false, 10, NOW + 5 * USEC_PER_SEC), 1);
    job = pop();
    ck_assert_int_eq(job->state, JOB_FAILED);
    ck_assert_uint_eq(added, 1);
    ck_assert_uint_eq(queued(false), 1);
    job_free(job);
    teardown();
}
END_TEST

/* SQLite's own count of what it did since the last call. */
static int work_done(void)
{
    int steps = 0;

    for (size_t i = 0; i < SQL_STATEMENT_COUNT; i++)
        steps += sqlite3_stmt_status(store->statements[i], SQLITE_STMTSTATUS_VM_STEP, 1);
    return steps;
}

static void arrive_many(size_t first, size_t count)
{
    begin();
    for (size_t i = first; i < first + count; i++) {
        struct version v = version(i + 1);
        char path[32];

        snprintf(path, sizeof path, "%zu.jpg", i);
        ck_assert_int_eq(ledger_store_arrival(store, hot.conf[0].name, path, &v, true, NOW, NULL), 1);
    }
    commit();
}

static int work_of_a_take(void)
{
    work_done();
    ck_assert_int_eq(take(16), 16);
    free_jobs();
    return work_done();
}

/* Each take looked through the whole queue for the next retry: six milliseconds a job in a queue of a million. */
START_TEST(a_take_costs_the_same_however_long_the_queue_is)
{
    int early, late;

    setup();
    arrive_many(0, 100);
    early = work_of_a_take();
    arrive_many(100, 20000);
    late = work_of_a_take();
    ck_assert_int_gt(early, 0);
    ck_assert_int_le(late, early + early / 10);
    teardown();
}
END_TEST

START_TEST(a_take_costs_the_same_however_many_are_to_be_tried_later)
{
    int early, late;

    setup();
    arrive_many(0, 100);
    early = work_of_a_take();
    arrive_many(100, 5000);
    begin();
    ck_assert_int_eq(sqlite3_exec(store->database, "UPDATE job SET not_before_us = 1 << 60 WHERE state = 0",
                                  NULL, NULL, NULL),
                     SQLITE_OK);
    commit();
    arrive_many(6000, 100);
    late = work_of_a_take();
    ck_assert_int_le(late, early + early / 10);
    teardown();
}
END_TEST

UNIT_MAIN("ledger_store", UNIT_TEST(the_oldest_jobs_come_first_as_many_as_asked),
          UNIT_TEST(transient_failures_are_remembered_until_another_version_comes),
          UNIT_TEST(a_folder_gets_its_own_jobs_only), UNIT_TEST(a_delayed_job_is_due_when_its_time_has_come),
          UNIT_TEST(outputs_are_planned_when_a_job_is_taken), UNIT_TEST(ends_are_counted_over_restarts),
          UNIT_TEST(a_forgotten_version_arrives_again),
          UNIT_TEST(a_follow_up_is_not_forgotten_with_the_version_before),
          UNIT_TEST(the_same_file_moved_in_again_after_its_original_was_dealt_with_is_new),
          UNIT_TEST(a_failed_file_that_was_kept_stays_failed),
          UNIT_TEST(a_newer_version_is_not_forgotten_with_the_older_ones_original),
          UNIT_TEST(a_rollback_undoes_counts_and_rows),
          UNIT_TEST(a_taken_job_that_was_rolled_back_can_be_taken_again),
          UNIT_TEST(a_failing_statement_says_why), UNIT_TEST(a_resume_that_fails_gives_no_jobs),
          UNIT_TEST(a_newer_schema_is_refused_and_left_as_it_is),
          UNIT_TEST(a_file_that_is_no_database_is_refused_and_left_as_it_is),
          UNIT_TEST(a_place_where_no_file_can_be_is_refused),
          UNIT_TEST(purged_history_makes_no_file_new_again),
          UNIT_TEST(a_purge_makes_no_file_new_that_made_nothing),
          UNIT_TEST(a_purge_leaves_what_is_not_over_and_forgets_files_that_left_nothing),
          UNIT_TEST(a_long_history_is_purged_in_portions),
          UNIT_TEST(a_retry_that_is_due_comes_before_those_that_arrived_after_it),
          UNIT_TEST(a_clash_says_that_it_brought_a_newer_version_into_the_queue),
          UNIT_TEST(a_take_costs_the_same_however_long_the_queue_is),
          UNIT_TEST(a_take_costs_the_same_however_many_are_to_be_tried_later))
