/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Once more, in the ledger: which jobs may be retried, what is forgotten of a folder, and that a chunk is a chunk. */
#include "supervisor/ledger_again.h"

#include "base/clock.h"
#include "hot_folders.h"
#include "supervisor/again.h"
#include "supervisor/ledger_sql.h"
#include "unit_main.h"

#define NOW (1700000000 * USEC_PER_SEC)

static struct hot_folders hot;
static struct ledger_store *store;
static struct again *again;

static void setup(void)
{
    struct error error;

    hot_open(&hot, 2, HOT_RECIPE);
    ck_assert_msg(ledger_store_open(hot.ledger, &store, &error) == 0, "%s", error.text);
}

static void teardown(void)
{
    again_free(again);
    again = NULL;
    ledger_store_close(store);
    hot_close(&hot);
}

static void begin(void)
{
    ck_assert_msg(ledger_store_begin(store) == 0, "%s", ledger_store_text(store));
}

static void commit(void)
{
    ck_assert_msg(ledger_store_commit(store) == 0, "%s", ledger_store_text(store));
}

static int arrive(size_t slot, const char *path, int64_t number)
{
    struct version version = {
        .device = 1, .inode = (uint64_t)number, .size = number, .mtime_ns = 5, .ctime_ns = 6
    };
    int r;

    begin();
    r = ledger_store_arrival(store, hot.conf[slot].name, path, &version, true, NOW, NULL);
    commit();
    return r;
}

/* Takes the one job that is due in the folder. */
static struct job *take(size_t slot)
{
    struct job_list jobs = TAILQ_HEAD_INITIALIZER(jobs);
    uint64_t added, next_us;
    struct job *job;

    begin();
    ck_assert_int_eq(
        ledger_store_take(store, hot.config, slot, &hot.conf[slot], false, 10, NOW, &jobs, &added, &next_us),
        1);
    commit();
    job = TAILQ_FIRST(&jobs);
    return job;
}

/* 1: another job follows. */
static int finish(struct job *job, enum job_state state, bool pending)
{
    bool forget = state == JOB_VANISHED;
    int r;

    job->state = state;
    if (state == JOB_FAILED)
        error_set(&job->failure, 0, CLASS_CRASH, STAGE_RENDER, "it crashed");
    job->attempts = state == JOB_FAILED ? 3 : 0;
    begin();
    job->original = pending ? ORIGINAL_PENDING : ORIGINAL_SETTLED;
    r = ledger_store_finish(store, job, forget, NOW);
    commit();
    job_free(job);
    return r;
}

/* A file of folder 0 whose job, with the number that it returns, has ended as @state. */
static uint64_t ended(const char *path, enum job_state state, bool pending)
{
    struct job *job;
    uint64_t id;

    ck_assert_int_eq(arrive(0, path, 7), 1);
    job = take(0);
    id = job->id;
    finish(job, state, pending);
    return id;
}

static void ask(enum again_what what, uint64_t job, size_t slot)
{
    again_free(again);
    again = calloc(1, sizeof *again);
    *again = (struct again){ .what = what, .job = job, .config = config_ref(hot.config) };
    if (slot < hot.config->folder_count)
        again->folder = &hot.conf[slot];
}

static void chunk(void)
{
    begin();
    ck_assert_msg(ledger_store_again(store, again, NOW) == 0, "%s", ledger_store_text(store));
    commit();
}

static enum again_verdict retry(uint64_t job)
{
    enum again_verdict verdict = AGAIN_OK;

    ask(AGAIN_RETRY_JOB, job, FOLDERS_MAX);
    chunk();
    while (again->verdicts[verdict] == 0)
        verdict++;
    return verdict;
}

/* ---- one job ---- */

START_TEST(a_failed_job_is_queued_anew_without_attempts)
{
    struct job *job;
    uint64_t id;

    setup();
    id = ended("a.jpg", JOB_FAILED, false);
    ck_assert_int_eq(retry(id), AGAIN_OK);
    ck_assert_uint_eq(again->queued[0], 1);
    ck_assert_uint_ne(again->other, id);
    job = take(0);
    ck_assert_uint_eq(job->id, again->other);
    ck_assert_uint_eq(job->attempts, 0);
    ck_assert_int_eq(job->version.size, 7);
    job_free(job);
    teardown();
}
END_TEST

START_TEST(a_retry_that_makes_no_sense_has_its_verdict)
{
    struct job *job;
    uint64_t id;

    setup();
    ck_assert_int_eq(retry(99), AGAIN_NO_JOB);
    ck_assert_int_eq(retry(ended("done.jpg", JOB_DONE, false)), AGAIN_DONE);
    ck_assert_int_eq(retry(ended("vanished.jpg", JOB_VANISHED, false)), AGAIN_GONE);
    ck_assert_int_eq(retry(ended("superseded.jpg", JOB_SUPERSEDED, false)), AGAIN_GONE);
    ck_assert_int_eq(retry(ended("pending.jpg", JOB_FAILED, true)), AGAIN_ORIGINAL);

    id = ended("newer.jpg", JOB_FAILED, false);
    ck_assert_int_eq(arrive(0, "newer.jpg", 8), 1);
    ck_assert_int_eq(retry(id), AGAIN_NEWER);
    ck_assert_uint_eq(again->other, id + 1);
    ck_assert_int_eq(retry(id + 1), AGAIN_UNDER_WAY);
    job = take(0);
    ck_assert_int_eq(retry(id + 1), AGAIN_UNDER_WAY);
    finish(job, JOB_CANCELLED, false);
    ck_assert_int_eq(retry(id + 1), AGAIN_OK);
    teardown();
}
END_TEST

START_TEST(an_original_that_was_moved_aside_is_known_to_be)
{
    struct job *job;

    setup();
    hot.conf[0].originals = ORIGINALS_DELETE;
    hot.conf[0].failed = strdup("/failed");
    ck_assert_int_eq(arrive(0, "a.jpg", 7), 1);
    job = take(0);
    job->state = JOB_FAILED;
    begin();
    job->original = ORIGINAL_PENDING;
    ck_assert_int_eq(ledger_store_finish(store, job, false, NOW), 0);
    ck_assert_int_eq(ledger_store_original_done(store, job, true), 0);
    commit();
    ck_assert_int_eq(retry(job->id), AGAIN_MOVED);
    ck_assert_str_eq(again->path, "a.jpg");
    ck_assert_ptr_eq(again->job_folder, &hot.conf[0]);
    job_free(job);
    teardown();
}
END_TEST

START_TEST(a_job_of_a_folder_that_is_gone_is_not_queued)
{
    uint64_t id;

    setup();
    id = ended("a.jpg", JOB_FAILED, false);
    hot.conf[0].name[0] = 'x';
    ck_assert_int_eq(retry(id), AGAIN_UNCONFIGURED);
    ck_assert_ptr_null(again->job_folder);
    teardown();
}
END_TEST

/* A commit that fails is tried again, with the same question. */
START_TEST(a_chunk_that_was_rolled_back_counts_once)
{
    uint64_t id;

    setup();
    id = ended("a.jpg", JOB_FAILED, false);
    ask(AGAIN_RETRY_JOB, id, FOLDERS_MAX);
    begin();
    ck_assert_int_eq(ledger_store_again(store, again, NOW), 0);
    ledger_store_rollback(store);
    chunk();
    ck_assert_uint_eq(again->verdicts[AGAIN_OK], 1);
    ck_assert_uint_eq(again->queued[0], 1);
    job_free(take(0));
    teardown();
}
END_TEST

/* ---- all that failed ---- */

enum { MANY = AGAIN_CHUNK + AGAIN_CHUNK / 2 };

static void ended_many(enum job_state state)
{
    char path[32];

    for (int i = 0; i < MANY; i++) {
        snprintf(path, sizeof path, "%05d.jpg", i);
        ended(path, state, false);
    }
}

START_TEST(failed_jobs_are_tried_chunk_by_chunk_and_only_those_that_were_there)
{
    struct job *job;
    uint64_t newest;

    setup();
    sql_run(store, "PRAGMA synchronous = OFF");
    ended("done.jpg", JOB_DONE, false);
    ended_many(JOB_FAILED);
    ask(AGAIN_RETRY_FAILED, 0, 0);
    chunk();
    ck_assert(again->more);
    ck_assert_uint_eq(again->queued[0], AGAIN_CHUNK);
    newest = again->upto;

    /* The first of them fails again, in between. */
    begin();
    ck_assert_int_eq(sql_run(store, "UPDATE job SET not_before_us = 9e18 WHERE state = 0 AND id <>"
                                    " (SELECT min(id) FROM job WHERE state = 0)"),
                     0);
    commit();
    job = take(0);
    ck_assert_uint_gt(job->id, newest);
    finish(job, JOB_FAILED, false);

    again->after = again->next_after;
    chunk();
    ck_assert(!again->more);
    ck_assert_uint_eq(again->queued[0], MANY - AGAIN_CHUNK);
    teardown();
}
END_TEST

START_TEST(another_folders_failures_are_left_alone)
{
    setup();
    ended("a.jpg", JOB_FAILED, false);
    ask(AGAIN_RETRY_FAILED, 0, 1);
    chunk();
    ck_assert_uint_eq(again->queued[0] + again->queued[1], 0);
    ck_assert(!again->more);
    ask(AGAIN_RETRY_FAILED, 0, FOLDERS_MAX);
    chunk();
    ck_assert_uint_eq(again->queued[0], 1);
    teardown();
}
END_TEST

/* ---- a folder that is made again ---- */

START_TEST(what_is_done_is_forgotten_and_arrives_as_new)
{
    setup();
    ended("done.jpg", JOB_DONE, false);
    ended("failed.jpg", JOB_FAILED, false);
    ended("pending.jpg", JOB_DONE, true);
    ended("vanished.jpg", JOB_VANISHED, false);
    ask(AGAIN_FORGET_DONE, 0, 0);
    chunk();
    ck_assert_uint_eq(again->verdicts[AGAIN_OK], 1);
    ck_assert_uint_eq(again->verdicts[AGAIN_UNDER_WAY], 0);
    ck_assert(!again->more);
    ck_assert_int_eq(arrive(0, "done.jpg", 7), 1);
    ck_assert_int_eq(arrive(0, "failed.jpg", 7), 0);
    ck_assert_int_eq(arrive(0, "pending.jpg", 7), 0);
    ck_assert_int_eq(arrive(0, "done.jpg", 7), 0); /* once */
    teardown();
}
END_TEST

START_TEST(a_folder_is_forgotten_chunk_by_chunk_and_no_other_is)
{
    setup();
    sql_run(store, "PRAGMA synchronous = OFF");
    ended_many(JOB_DONE);
    ck_assert_int_eq(arrive(1, "other.jpg", 7), 1);
    finish(take(1), JOB_DONE, false);
    ask(AGAIN_FORGET_DONE, 0, 0);
    chunk();
    ck_assert(again->more);
    ck_assert_uint_eq(again->verdicts[AGAIN_OK], AGAIN_CHUNK);
    again->after_path = again->next_path;
    again->next_path = NULL;
    chunk();
    ck_assert(!again->more);
    ck_assert_uint_eq(again->verdicts[AGAIN_OK], MANY - AGAIN_CHUNK);
    ck_assert_int_eq(arrive(1, "other.jpg", 7), 0);
    ck_assert_int_eq(arrive(0, "00000.jpg", 7), 1);
    teardown();
}
END_TEST

static const struct {
    const char *sentence;
    bool changed; /* the recipe, meanwhile */
    enum job_state state;
    int follows;
} under_way[] = {
    { "with the old recipe: it is made again", true, JOB_DONE, 1 },
    { "with this recipe: it is not", false, JOB_DONE, 0 },
    { "failed: it stays so", true, JOB_FAILED, 0 },
};

START_TEST(what_is_under_way_is_made_again_after_if_it_has_to_be)
{
    struct job *job;

    setup();
    ck_assert_int_eq(arrive(0, "a.jpg", 7), 1);
    job = take(0);
    hot.config->recipes[0]->hash += under_way[_i].changed;
    ask(AGAIN_FORGET_DONE, 0, 0);
    chunk();
    hot.config->recipes[0]->hash -= under_way[_i].changed; /* the job's own */
    ck_assert_uint_eq(again->verdicts[AGAIN_UNDER_WAY], 1);
    ck_assert_int_eq(arrive(0, "a.jpg", 7), 0); /* the scan comes by before it ends */
    ck_assert_msg(finish(job, under_way[_i].state, false) == under_way[_i].follows, "%s",
                  under_way[_i].sentence);
    ck_assert_int_eq(arrive(0, "a.jpg", 7), 0); /* and after */
    if (under_way[_i].follows)
        ck_assert_int_eq(finish(take(0), JOB_DONE, false), 0); /* once */
    teardown();
}
END_TEST

START_TEST(what_is_queued_needs_nothing)
{
    setup();
    ck_assert_int_eq(arrive(0, "a.jpg", 7), 1);
    ask(AGAIN_FORGET_DONE, 0, 0);
    chunk();
    ck_assert_uint_eq(again->verdicts[AGAIN_OK] + again->verdicts[AGAIN_UNDER_WAY], 0);
    ck_assert_int_eq(finish(take(0), JOB_DONE, false), 0);
    teardown();
}
END_TEST

/* Only its ctime changed, so its content is looked at before it is worked on: that it is the known one is no answer to
 * a new recipe. */
START_TEST(what_is_queued_to_be_verified_is_made_again_though_its_content_is_known)
{
    struct version version = { .device = 1, .inode = 7, .size = 7, .mtime_ns = 5, .ctime_ns = 9 };
    struct job *job;

    setup();
    ck_assert_int_eq(arrive(0, "a.jpg", 7), 1);
    job = take(0);
    job->source_hash = 77;
    finish(job, JOB_DONE, false);
    begin();
    ck_assert_int_eq(ledger_store_arrival(store, hot.conf[0].name, "a.jpg", &version, true, NOW, NULL), 1);
    commit();
    ask(AGAIN_FORGET_DONE, 0, 0);
    chunk();

    job = take(0);
    ck_assert_uint_eq(job->known_hash, 77);
    begin();
    ck_assert_int_eq(ledger_store_unchanged(store, job, NOW), 1);
    commit();
    job_free(job);
    job = take(0);
    ck_assert_uint_eq(job->known_hash, 0);
    ck_assert_int_eq(finish(job, JOB_DONE, false), 0); /* once */
    teardown();
}
END_TEST

UNIT_MAIN("ledger_again", UNIT_TEST(a_failed_job_is_queued_anew_without_attempts),
          UNIT_TEST(a_retry_that_makes_no_sense_has_its_verdict),
          UNIT_TEST(an_original_that_was_moved_aside_is_known_to_be),
          UNIT_TEST(a_job_of_a_folder_that_is_gone_is_not_queued),
          UNIT_TEST(a_chunk_that_was_rolled_back_counts_once),
          UNIT_TEST(failed_jobs_are_tried_chunk_by_chunk_and_only_those_that_were_there),
          UNIT_TEST(another_folders_failures_are_left_alone),
          UNIT_TEST(what_is_done_is_forgotten_and_arrives_as_new),
          UNIT_TEST(a_folder_is_forgotten_chunk_by_chunk_and_no_other_is),
          UNIT_ROWS(what_is_under_way_is_made_again_after_if_it_has_to_be, under_way),
          UNIT_TEST(what_is_queued_needs_nothing),
          UNIT_TEST(what_is_queued_to_be_verified_is_made_again_though_its_content_is_known))
