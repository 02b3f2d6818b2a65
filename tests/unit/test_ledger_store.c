/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The ledger's rules on a real database: duplicates, names, order, blame, and what an unclean end leaves. */
#include "supervisor/ledger_store.h"

#include "base/cleanup.h"
#include "base/text.h"
#include "hot_folders.h"
#include "supervisor/ledger_sql.h"
#include "supervisor/plan.h"
#include "unit_main.h"

#include <errno.h>
#include <sys/wait.h>

#define NOW (1700000000 * USEC_PER_SEC)

static struct hot_folders hot;
static struct ledger_store *store;
static struct job_list jobs;
static uint64_t next_us, added;

static void open_store(void)
{
    struct error error;

    ck_assert_msg(ledger_store_open(hot.ledger, &store, &error) == 0, "%s", error.text);
}

/* Closes and opens: for the ledger no other than an unclean end, which is what it did not have time for. */
static void reopen(void)
{
    ledger_store_close(store);
    open_store();
}

static void setup_recipe(const char *recipe)
{
    hot_open(&hot, 2, recipe);
    TAILQ_INIT(&jobs);
    open_store();
}

static void setup(void)
{
    setup_recipe(HOT_RECIPE);
}

static void free_jobs(void)
{
    struct job *job;

    while ((job = TAILQ_FIRST(&jobs))) {
        TAILQ_REMOVE(&jobs, job, link);
        job_free(job);
    }
}

static void teardown(void)
{
    free_jobs();
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

static struct version version(uint64_t number)
{
    return (struct version){
        .device = 1, .inode = number, .size = (int64_t)number, .mtime_ns = 5, .ctime_ns = 6
    };
}

static int arrive_in(size_t slot, const char *path, uint64_t number)
{
    struct version v = version(number);
    int r;

    begin();
    r = ledger_store_arrival(store, hot.conf[slot].name, path, &v, true, NOW);
    commit();
    return r;
}

static int arrive(const char *path, uint64_t number)
{
    return arrive_in(0, path, number);
}

static int take_from(size_t slot, bool suspects, size_t limit, uint64_t now_us)
{
    int r;

    begin();
    r = ledger_store_take(store, hot.config, slot, &hot.conf[slot], suspects, limit, now_us, &jobs, &added,
                          &next_us);
    commit();
    ck_assert_msg(r >= 0, "%s", ledger_store_text(store));
    return r;
}

static int take(size_t limit)
{
    return take_from(0, false, limit, NOW);
}

static struct job *pop(void)
{
    struct job *job = TAILQ_FIRST(&jobs);

    ck_assert_ptr_nonnull(job);
    TAILQ_REMOVE(&jobs, job, link);
    return job;
}

/* The one job that is due. */
static struct job *take_one(void)
{
    ck_assert_int_eq(take(10), 1);
    return pop();
}

/* The job ends as @state; its outputs, if that is done, were made. 1: another one follows. */
static int finish_as(struct job *job, enum job_state state, bool pending, bool forget)
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

static int finish(struct job *job, enum job_state state)
{
    int r = finish_as(job, state, false, false);

    job_free(job);
    return r;
}

static void release(struct job *job)
{
    begin();
    ck_assert_int_eq(ledger_store_release(store, job, NOW), 0);
    commit();
    job_free(job);
}

static void intend(struct job *job)
{
    begin();
    ck_assert_int_eq(ledger_store_intent(store, job), 0);
    commit();
}

static int resume(void)
{
    int r;

    begin();
    r = ledger_store_resume(store, hot.config, 0, &hot.conf[0], &jobs);
    commit();
    return r;
}

static void set_started(struct job *job, bool started)
{
    begin();
    ck_assert_int_eq(ledger_store_started(store, job->id, started), 0);
    commit();
}

static uint64_t queued(bool suspects)
{
    uint64_t count = 0, suspect_count = 0;

    begin();
    ck_assert_int_eq(ledger_store_queued(store, "f0", &count, &suspect_count), 0);
    commit();
    return suspects ? suspect_count : count;
}

/* The number that @sql gives. */
static int64_t number(const char *sql)
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

/* ---- plans ---- */

static struct job *plan(const char *path)
{
    struct job *job = job_new(UINT64_C(1) << 63, hot.config, 0, &hot.conf[0]);

    ck_assert_ptr_nonnull(job);
    job->path = strdup(path);
    job->plan = calloc(1, sizeof *job->plan);
    begin();
    ck_assert_int_eq(ledger_store_plan(store, job), 0);
    commit();
    return job;
}

static int64_t count_rows(void)
{
    return number("SELECT (SELECT count(*) FROM source) + (SELECT count(*) FROM job) +"
                  " (SELECT count(*) FROM output)");
}

START_TEST(a_plan_has_all_names_and_leaves_no_trace)
{
    struct job *job;

    setup();
    job = plan("sub/a.jpg");
    ck_assert_uint_eq(job->output_count, 2);
    ck_assert_str_eq(job->outputs[0].path, "sub/a.10.png");
    ck_assert_str_eq(job->outputs[1].path, "sub/a.20.png");
    ck_assert_uint_eq(job->plan->name_count, 2);
    ck_assert_int_eq(job->plan->names[0].owner, PLAN_FREE);
    begin();
    ck_assert_int_eq(ledger_store_plan(store, job), 0); /* as after a commit that failed */
    commit();
    ck_assert_uint_eq(job->output_count, 2);
    ck_assert_int_eq(count_rows(), 0);
    job_free(job);
    teardown();
}
END_TEST

START_TEST(a_plan_knows_what_its_own_source_made_and_what_others_have)
{
    struct job *job;
    int64_t rows;

    setup_recipe(HOT_RECIPE_SINGLE);
    arrive("a.jpg", 1);
    job = take_one(); /* reserved is taken */
    job_free(plan("a.jpg"));
    finish(job, JOB_DONE);
    rows = count_rows();

    job = plan("a.jpg");
    ck_assert_int_eq(job->plan->names[0].owner, PLAN_FREE); /* the disk decides whether it is ours */
    ck_assert_uint_ne(job->outputs[0].before.inode, 0);
    ck_assert_int_eq(ledger_store_may_have(store, job, "a.png"), 1);
    job_free(job);

    job = plan("a.gif");
    ck_assert_int_eq(job->plan->conflict.class, CLASS_CONFLICT);
    ck_assert_int_eq(job->failure.class, CLASS_NONE);
    ck_assert_uint_eq(job->output_count, 1);
    ck_assert_int_eq(job->plan->names[0].owner, PLAN_SOURCE);
    ck_assert_str_eq(job->plan->names[0].folder, "f0");
    ck_assert_str_eq(job->plan->names[0].path, "a.jpg");
    ck_assert_int_eq(ledger_store_may_have(store, job, "a.png"), 0);
    ck_assert_int_eq(ledger_store_may_have(store, job, "b.png"), 1);
    job_free(job);
    ck_assert_int_eq(count_rows(), rows);
    teardown();
}
END_TEST

START_TEST(a_plan_has_the_number_that_its_job_would_get)
{
    struct job *job;

    setup_recipe(HOT_RECIPE_SINGLE);
    hot.conf[0].existing = EXISTING_NUMBER;
    arrive("a.jpg", 1);
    finish(take_one(), JOB_DONE);
    for (int i = 0; i < 2; i++) {
        job = plan("a.gif");
        ck_assert_int_eq(job->plan->conflict.class, CLASS_NONE);
        ck_assert_str_eq(job->outputs[0].path, "a-1.png");
        ck_assert_uint_eq(job->outputs[0].number, 1);
        job_free(job);
    }
    arrive("a.gif", 2);
    job = take_one();
    ck_assert_str_eq(job->outputs[0].path, "a-1.png");
    job_free(job);
    teardown();
}
END_TEST

/* ---- arrivals ---- */

START_TEST(any_number_of_arrivals_of_one_version_make_one_job)
{
    setup();
    ck_assert_int_eq(arrive("a.jpg", 1), 1);
    for (int i = 0; i < 5; i++)
        ck_assert_int_eq(arrive("a.jpg", 1), 0);
    ck_assert_uint_eq(queued(false), 1);

    TAILQ_INIT(&jobs);
    ck_assert_int_eq(take(10), 1);
    ck_assert_int_eq(arrive("a.jpg", 1), 0); /* in flight */
    ck_assert_int_eq(finish(pop(), JOB_DONE), 0);
    ck_assert_int_eq(arrive("a.jpg", 1), 0); /* done */
    reopen();
    ck_assert_int_eq(arrive("a.jpg", 1), 0); /* after a restart */
    ck_assert_uint_eq(queued(false), 0);
    teardown();
}
END_TEST

START_TEST(folders_and_paths_are_told_apart)
{
    setup();
    ck_assert_int_eq(arrive_in(0, "a.jpg", 1), 1);
    ck_assert_int_eq(arrive_in(1, "a.jpg", 1), 1);
    ck_assert_int_eq(arrive_in(0, "A.jpg", 1), 1);
    ck_assert_int_eq(arrive_in(0, "a.jpg\n", 1), 1);
    ck_assert_int_eq(arrive_in(0, "\xff\xfe.jpg", 1), 1);
    ck_assert_int_eq(arrive_in(0, "\xff\xfd.jpg", 1), 1);
    ck_assert_int_eq(take(10), 5);
    teardown();
}
END_TEST

START_TEST(a_new_version_of_a_queued_file_takes_the_old_ones_place)
{
    struct job *job;

    setup();
    arrive("a.jpg", 1);
    ck_assert_int_eq(arrive("a.jpg", 2), 0);
    ck_assert_uint_eq(queued(false), 1);
    job = take_one();
    ck_assert_uint_eq(job->version.inode, 2);
    ck_assert_int_eq(finish(job, JOB_DONE), 0);
    ck_assert_int_eq(take(10), 0);
    teardown();
}
END_TEST

START_TEST(a_new_version_begins_with_no_attempts_and_at_once)
{
    struct job *job;

    setup();
    arrive("a.jpg", 1);
    job = take_one();
    job->attempts = 2;
    job->delay_us = 60 * USEC_PER_SEC;
    release(job);
    ck_assert_int_eq(take(10), 0);
    arrive("a.jpg", 2);
    job = take_one();
    ck_assert_uint_eq(job->attempts, 0);
    job_free(job);
    teardown();
}
END_TEST

START_TEST(a_new_version_of_a_file_in_flight_gets_its_job_when_that_ends)
{
    struct job *job;

    setup();
    arrive("a.jpg", 1);
    job = take_one();
    ck_assert_int_eq(arrive("a.jpg", 2), 0);
    ck_assert_int_eq(arrive("a.jpg", 3), 0);
    ck_assert_int_eq(take(10), 0);
    ck_assert_int_eq(finish(job, JOB_SUPERSEDED), 1);
    job = take_one();
    ck_assert_uint_eq(job->version.inode, 3);
    ck_assert_int_eq(finish(job, JOB_DONE), 0);
    ck_assert_int_eq(arrive("a.jpg", 3), 0);
    teardown();
}
END_TEST

START_TEST(a_new_version_of_a_finished_file_is_a_new_job)
{
    setup();
    arrive("a.jpg", 1);
    finish(take_one(), JOB_DONE);
    ck_assert_int_eq(arrive("a.jpg", 2), 1);
    finish(take_one(), JOB_FAILED);
    ck_assert_int_eq(arrive("a.jpg", 2), 0); /* failed stays failed until it changes */
    ck_assert_int_eq(arrive("a.jpg", 3), 1);
    teardown();
}
END_TEST

START_TEST(a_remount_makes_no_new_version)
{
    struct version v = version(1);

    setup();
    arrive("a.jpg", 1);
    finish(take_one(), JOB_DONE);
    v.device = 77;
    begin();
    ck_assert_int_eq(ledger_store_arrival(store, "f0", "a.jpg", &v, true, NOW), 0);
    commit();
    teardown();
}
END_TEST

static int arrive_as(const struct version *v)
{
    int r;

    begin();
    r = ledger_store_arrival(store, "f0", "a.jpg", v, true, NOW);
    commit();
    return r;
}

static int end_unchanged(struct job *job)
{
    int r;

    begin();
    r = ledger_store_unchanged(store, job, NOW);
    commit();
    job_free(job);
    return r;
}

/* A job that ended as @state and whose worker had read "a.jpg" with this hash. */
static void end_with_hash(enum job_state state, uint64_t hash)
{
    struct job *job = take_one();

    job->source_hash = hash;
    finish(job, state);
}

static const enum job_state known_ends[] = { JOB_DONE, JOB_FAILED };

START_TEST(a_file_of_which_only_ctime_and_inode_changed_is_verified_and_leaves_no_trace)
{
    struct version v = version(1);
    struct job *job;

    setup();
    arrive_as(&v);
    end_with_hash(known_ends[_i], 99);
    v.ctime_ns++;
    v.inode++;
    ck_assert_int_eq(arrive_as(&v), 1);
    job = take_one();
    ck_assert_uint_eq(job->known_hash, 99);
    ck_assert_int_eq(end_unchanged(job), 0);

    ck_assert_int_eq(number("SELECT count(*) FROM job"), 1);
    ck_assert_int_eq(number("SELECT job FROM source"), number("SELECT id FROM job"));
    ck_assert_int_eq(number("SELECT count(*) FROM output WHERE job NOT IN (SELECT id FROM job)"), 0);
    ck_assert_int_eq(number("SELECT count(*) FROM output"), known_ends[_i] == JOB_DONE ? 2 : 0);
    ck_assert_uint_eq(ledger_store_count(store, known_ends[_i]), 1);
    ck_assert_int_eq(arrive_as(&v), 0); /* it is the known version now */
    teardown();
}
END_TEST

/* Nothing was ever published of these: that their content is known does not mean that it is done with. */
START_TEST(the_content_of_a_version_without_outcome_is_not_known)
{
    struct version v = version(1);

    setup();
    arrive_as(&v);
    end_with_hash(JOB_SUPERSEDED, 99);
    v.ctime_ns++;
    ck_assert_int_eq(arrive_as(&v), 1);
    end_with_hash(JOB_DONE, 0); /* adopted: nobody has read it */
    v.ctime_ns++;
    ck_assert_int_eq(arrive_as(&v), 1);
    ck_assert_uint_eq(TAILQ_FIRST(&jobs) == NULL, 1);
    end_with_hash(JOB_DONE, 99);
    v.mtime_ns++;
    ck_assert_int_eq(arrive_as(&v), 1);
    {
        struct job *job = take_one();

        ck_assert_uint_eq(job->known_hash, 0);
        job_free(job);
    }
    teardown();
}
END_TEST

START_TEST(new_content_that_comes_while_a_file_waits_to_be_verified_is_worked_on)
{
    struct version v = version(1);
    struct job *job;

    setup();
    arrive_as(&v);
    end_with_hash(JOB_DONE, 99);
    v.ctime_ns++;
    ck_assert_int_eq(arrive_as(&v), 1);
    v.size++;
    ck_assert_int_eq(arrive_as(&v), 0);
    v.ctime_ns++; /* and then once more only this */
    ck_assert_int_eq(arrive_as(&v), 0);
    job = take_one();
    ck_assert_uint_eq(job->known_hash, 0);
    job_free(job);
    teardown();
}
END_TEST

START_TEST(a_version_that_comes_while_a_file_is_verified_follows)
{
    struct version v = version(1);
    struct job *job;

    setup();
    arrive_as(&v);
    end_with_hash(JOB_DONE, 99);
    v.ctime_ns++;
    arrive_as(&v);
    job = take_one();
    v.size++;
    ck_assert_int_eq(arrive_as(&v), 0);
    ck_assert_int_eq(end_unchanged(job), 1);
    job = take_one();
    ck_assert_int_eq(job->version.size, v.size);
    ck_assert_uint_eq(job->known_hash, 0);
    finish(job, JOB_DONE);
    ck_assert_int_eq(number("SELECT count(*) FROM job"), 2);
    teardown();
}
END_TEST

/* A second chmod while the first one is looked into made everything again. */
START_TEST(a_file_that_changes_its_ctime_while_it_is_verified_is_verified_again)
{
    struct version v = version(1);
    struct job *job;

    setup();
    arrive_as(&v);
    end_with_hash(JOB_DONE, 99);
    v.ctime_ns++;
    arrive_as(&v);
    job = take_one();
    v.ctime_ns++;
    arrive_as(&v);
    job->state = JOB_QUEUED;
    ck_assert_int_eq(end_unchanged(job), 1);
    job = take_one();
    ck_assert_uint_eq(job->known_hash, 99);
    job_free(job);
    teardown();
}
END_TEST

START_TEST(a_version_that_was_superseded_does_not_make_known_content_unknown)
{
    struct version v = version(1);
    struct job *job;

    setup();
    arrive_as(&v);
    end_with_hash(JOB_DONE, 99);
    v.ctime_ns++;
    arrive_as(&v);
    end_with_hash(JOB_SUPERSEDED, 0);
    v.ctime_ns++;
    arrive_as(&v);
    job = take_one();
    ck_assert_uint_eq(job->known_hash, 99);
    job_free(job);
    teardown();
}
END_TEST

START_TEST(a_clash_of_names_does_not_fail_a_file_that_may_be_unchanged)
{
    struct version v = version(1);
    struct job *job;

    setup_recipe(HOT_RECIPE_SINGLE);
    hot.conf[0].existing = EXISTING_SKIP; /* b.png is a.tif's, a.jpg makes nothing */
    arrive_in(0, "a.tif", 7);
    finish(take_one(), JOB_DONE);
    arrive_as(&v);
    end_with_hash(JOB_DONE, 99);
    hot.conf[0].existing = EXISTING_FAIL;
    v.ctime_ns++;
    arrive_as(&v);
    job = take_one();
    ck_assert_int_eq(job->state, JOB_OPENING);
    ck_assert_ptr_nonnull(job->clash);
    ck_assert_int_eq(job->clash->class, CLASS_CONFLICT);
    ck_assert_int_eq(end_unchanged(job), 0);
    teardown();
}
END_TEST

/* The same file, put back by somebody who wants another try before the first one was quite over. */
START_TEST(a_file_put_back_while_its_original_is_pending_is_not_verified)
{
    struct version v = version(1);
    struct job *job;

    setup();
    arrive_as(&v);
    job = take_one();
    job->source_hash = 99;
    finish_as(job, JOB_FAILED, true, false);
    job_free(job);
    v.ctime_ns++;
    arrive_as(&v);
    job = take_one();
    ck_assert_uint_eq(job->known_hash, 0);
    job_free(job);
    teardown();
}
END_TEST

/* "a.jpg" was deleted, and its output; "a.tif" could never have the name. */
START_TEST(the_names_of_a_file_that_was_seen_to_go_may_be_inherited_until_it_comes_back)
{
    struct version v = version(1);
    struct job *job;

    setup_recipe(HOT_RECIPE_SINGLE);
    arrive_as(&v);
    end_with_hash(JOB_DONE, 99);
    begin();
    ck_assert_int_eq(ledger_store_gone(store, "f0", "a.jpg"), 0);
    ck_assert_int_eq(ledger_store_gone(store, "f0", "never seen"), 0);
    commit();
    arrive("a.tif", 2);
    job = take_one();
    ck_assert(job->outputs[0].inherited);
    ck_assert_str_eq(job->outputs[0].owner, "a.jpg");
    finish(job, JOB_FAILED);

    ck_assert_int_eq(arrive_as(&v), 0); /* as if nothing had been */
    arrive("a.gif", 3);
    job = take_one();
    ck_assert_int_eq(job->state, JOB_FAILED);
    job_free(job);
    teardown();
}
END_TEST

/* "a.jpg" was archived and its output taken away; "a.tif" could never have the name. */
START_TEST(the_names_of_a_source_that_is_gone_may_be_inherited)
{
    struct job *job;

    setup_recipe(HOT_RECIPE_SINGLE);
    arrive("a.jpg", 1);
    job = take_one();
    finish_as(job, JOB_DONE, true, false);
    arrive("a.tif", 2);
    {
        struct job *other = take_one();

        ck_assert_int_eq(other->state, JOB_FAILED); /* its original is still there */
        job_free(other);
    }
    job->folder = &hot.conf[0];
    hot.conf[0].originals = ORIGINALS_ARCHIVE;
    begin();
    ck_assert_int_eq(ledger_store_original_done(store, job, true), 0);
    commit();
    job_free(job);

    arrive("a.tif", 3);
    job = take_one();
    ck_assert_int_eq(job->state, JOB_OPENING);
    ck_assert(job->outputs[0].inherited && job->outputs[0].stranger);
    ck_assert_int_eq(ledger_store_may_have(store, job, "a.png"), 1); /* as a plan asks */
    begin();
    ck_assert_int_eq(ledger_store_move_output(store, job, &job->outputs[0], "a.png"), 1);
    commit();
    finish(job, JOB_DONE);
    arrive("a.gif", 4);
    job = take_one();
    ck_assert_int_eq(job->state, JOB_FAILED); /* it is a.tif's now */
    job_free(job);
    teardown();
}
END_TEST

/* A queued suspect that got a new version was counted as one for ever, and the others less than none. */
START_TEST(a_new_version_of_a_suspect_stays_among_the_suspects)
{
    struct job *job;

    setup();
    arrive("a.jpg", 1);
    job_free(take_one());
    reopen();
    ck_assert_uint_eq(queued(true), 1);
    ck_assert_int_eq(arrive("a.jpg", 2), 0);
    ck_assert_uint_eq(queued(true), 1);
    ck_assert_uint_eq(queued(false), 0);
    ck_assert_int_eq(take_from(0, true, 1, NOW), 1);
    job = pop();
    ck_assert_uint_eq(job->version.inode, 2);
    ck_assert_uint_eq(job->attempts, 0);
    job_free(job);
    teardown();
}
END_TEST

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

/* ---- names ---- */

START_TEST(two_sources_of_one_output_are_a_conflict)
{
    struct job *a, *b;

    setup_recipe(HOT_RECIPE_SINGLE);
    arrive("a.jpg", 1);
    arrive("a.png", 2);
    ck_assert_int_eq(take(10), 2);
    a = pop();
    b = pop();
    ck_assert_int_eq(a->state, JOB_OPENING);
    ck_assert_int_eq(b->state, JOB_FAILED);
    ck_assert_int_eq(b->failure.class, CLASS_CONFLICT);
    ck_assert_msg(strstr(b->failure.text, "a.png belongs to ") && strstr(b->failure.text, "a.jpg"), "%s",
                  b->failure.text);
    ck_assert_uint_eq(ledger_store_count(store, JOB_FAILED), 1);
    ck_assert_int_eq(number("SELECT state FROM job WHERE id = 2"), JOB_FAILED); /* recorded already */
    job_free(b);
    finish(a, JOB_DONE);
    ck_assert_int_eq(arrive("a.png", 2), 0);
    teardown();
}
END_TEST

static const enum job_state givers[] = { JOB_FAILED, JOB_SUPERSEDED, JOB_VANISHED, JOB_CANCELLED };

START_TEST(a_job_that_made_nothing_gives_its_names_back)
{
    setup_recipe(HOT_RECIPE_SINGLE);
    arrive("a.jpg", 1);
    finish(take_one(), givers[_i]);
    ck_assert_int_eq(number("SELECT count(*) FROM output"), 0);
    arrive("a.png", 2);
    finish(take_one(), JOB_DONE);
    ck_assert_uint_eq(ledger_store_count(store, JOB_DONE), 1);
    teardown();
}
END_TEST

START_TEST(the_names_of_a_finished_job_stay_taken)
{
    struct job *job;

    setup_recipe(HOT_RECIPE_SINGLE);
    arrive("a.jpg", 1);
    finish(take_one(), JOB_DONE);
    reopen();
    arrive("a.png", 2);
    job = take_one();
    ck_assert_int_eq(job->failure.class, CLASS_CONFLICT);
    job_free(job);
    teardown();
}
END_TEST

START_TEST(a_conflict_gives_back_what_was_reserved_before_it)
{
    struct job *job;

    setup(); /* a.10.jpg makes a.10.10.png and a.10.20.png; a.jpg made a.10.png, a.20.png */
    arrive("x/a.jpg", 1);
    finish(take_one(), JOB_DONE);
    begin();
    ck_assert_int_eq(
        sql_run(store, "UPDATE output SET path = CAST(replace(CAST(path AS TEXT), 'a.10.png', 'a.1.png')"
                       " AS BLOB)"),
        0);
    commit();
    arrive("x/a.png", 2); /* its first name is free now, its second is not */
    job = take_one();
    ck_assert_int_eq(job->state, JOB_FAILED);
    ck_assert_int_eq(number("SELECT count(*) FROM output WHERE job = 2"), 0);
    job_free(job);
    teardown();
}
END_TEST

START_TEST(overwriting_seizes_the_name)
{
    struct job *job;

    setup_recipe(HOT_RECIPE_SINGLE);
    hot.conf[0].existing = EXISTING_OVERWRITE;
    arrive("a.jpg", 1);
    finish(take_one(), JOB_DONE);
    arrive("a.png", 2);
    job = take_one();
    ck_assert_int_eq(job->state, JOB_OPENING);
    finish(job, JOB_DONE);
    ck_assert_int_eq(number("SELECT count(*) FROM output"), 1);
    ck_assert_int_eq(number("SELECT job FROM output"), 2);
    teardown();
}
END_TEST

/* After a restart it looked like what the job's own source had made before; where a picture was too small for that output,
 * the other's was removed. */
START_TEST(what_lies_under_a_seized_name_is_another_sources_at_the_next_attempt_too)
{
    struct job *job;

    setup_recipe(HOT_RECIPE_SINGLE);
    hot.conf[0].existing = EXISTING_OVERWRITE;
    arrive("a.jpg", 1);
    finish(take_one(), JOB_DONE);
    arrive("a.png", 2);
    job = take_one();
    ck_assert(job->outputs[0].stranger);
    release(job);
    job = take_one();
    ck_assert_uint_eq(job->outputs[0].before.inode, 0);
    ck_assert(job->outputs[0].stranger);
    finish(job, JOB_DONE);
    arrive("a.png", 3);
    job = take_one();
    ck_assert_uint_ne(job->outputs[0].before.inode, 0);
    ck_assert(!job->outputs[0].stranger);
    job_free(job);
    teardown();
}
END_TEST

/* What the first owner had under way when its name was seized was recorded as what the second one had made. */
START_TEST(what_was_under_way_when_its_name_was_seized_is_not_taken_for_the_other_sources)
{
    struct job *first, *second;

    setup_recipe(HOT_RECIPE_SINGLE);
    hot.conf[0].existing = EXISTING_OVERWRITE;
    arrive("a.jpg", 1);
    first = take_one();
    arrive("a.tif", 2);
    second = take_one();
    finish(first, JOB_DONE);
    ck_assert_int_eq(number("SELECT inode FROM output"), 0);
    finish(second, JOB_DONE);
    ck_assert_int_ne(number("SELECT inode FROM output"), 0);
    teardown();
}
END_TEST

/* Its row kept the source that had seized the name, and went when this job ended. */
START_TEST(a_name_that_was_seized_is_of_the_source_that_publishes_last)
{
    struct job *first, *second;

    setup_recipe(HOT_RECIPE_SINGLE);
    hot.conf[0].existing = EXISTING_OVERWRITE;
    arrive("a.jpg", 1);
    arrive("a.tif", 2);
    ck_assert_int_eq(take(10), 2);
    first = pop();
    second = pop();
    first->outputs[0].made = second->outputs[0].made = true;
    intend(second);
    intend(first);
    finish(second, JOB_DONE);
    ck_assert_int_eq(number("SELECT inode FROM output"), 0);
    finish(first, JOB_DONE);
    ck_assert_int_eq(number("SELECT source FROM output"), 1);
    ck_assert_int_eq(number("SELECT job FROM output"), 1);
    ck_assert_int_ne(number("SELECT inode FROM output"), 0);
    teardown();
}
END_TEST

/* It was done without any output when it was resumed. */
START_TEST(a_name_that_was_seized_and_given_up_is_announced_all_the_same)
{
    struct job *first, *second;

    setup_recipe(HOT_RECIPE_SINGLE);
    hot.conf[0].existing = EXISTING_OVERWRITE;
    arrive("a.jpg", 1);
    arrive("a.tif", 2);
    ck_assert_int_eq(take(10), 2);
    first = pop();
    second = pop();
    finish(second, JOB_FAILED);
    ck_assert_int_eq(number("SELECT count(*) FROM output"), 0);
    first->outputs[0].made = true;
    intend(first);
    job_free(first);
    reopen();
    ck_assert_int_eq(resume(), 1);
    first = pop();
    ck_assert_uint_eq(first->output_count, 1);
    job_free(first);
    teardown();
}
END_TEST

/* Nobody says any more what is to become of originals of a folder that is not configured. When it was, and they were to be
 * deleted, one went for a picture that another source had replaced. */
START_TEST(an_original_that_waits_is_spared_when_another_source_takes_its_output_over)
{
    struct job *job;

    setup_recipe(HOT_RECIPE_SINGLE);
    arrive("a.jpg", 1);
    job = take_one();
    finish_as(job, JOB_DONE, true, false);
    job_free(job);
    begin();
    ck_assert_int_eq(sql_run(store, "UPDATE source SET folder = 'away'; UPDATE job SET folder = 'away'"), 0);
    commit();
    arrive("a.tif", 2);
    job = take_one();
    ck_assert(job->outputs[0].inherited && !job->outputs[0].stranger);
    begin();
    ck_assert_int_eq(ledger_store_move_output(store, job, &job->outputs[0], "a.png"), 1);
    commit();
    ck_assert_int_eq(number("SELECT original_pending FROM job WHERE folder = 'away'"),
                     ORIGINAL_PENDING_SPARED);
    job_free(job);
    teardown();
}
END_TEST

/* Two sources of one output with each Existing=, and what the second one is to make. */
static const struct {
    enum existing existing;
    enum job_state state;
    const char *makes; /* NULL: nothing */
} clashes[] = {
    { EXISTING_FAIL, JOB_FAILED, NULL },         { EXISTING_ADOPT, JOB_FAILED, NULL },
    { EXISTING_SKIP, JOB_OPENING, NULL },        { EXISTING_OVERWRITE, JOB_OPENING, "a.png" },
    { EXISTING_NUMBER, JOB_OPENING, "a-1.png" },
};

START_TEST(existing_says_what_becomes_of_a_clash_of_two_sources)
{
    struct job *first, *second;

    setup_recipe(HOT_RECIPE_SINGLE);
    hot.conf[0].existing = clashes[_i].existing;
    arrive("a.jpg", 1);
    arrive("a.tif", 2);
    ck_assert_int_eq(take(10), 2);
    first = pop();
    second = pop();
    ck_assert_str_eq(first->outputs[0].path, "a.png");
    ck_assert_int_eq(second->state, clashes[_i].state);
    ck_assert_uint_eq(second->output_count, clashes[_i].makes != NULL);
    if (clashes[_i].makes)
        ck_assert_str_eq(second->outputs[0].path, clashes[_i].makes);
    job_free(first);
    job_free(second);
    teardown();
}
END_TEST

START_TEST(a_numbered_output_keeps_its_number_while_the_name_is_taken)
{
    struct job *job;

    setup_recipe(HOT_RECIPE_SINGLE);
    hot.conf[0].existing = EXISTING_NUMBER;
    arrive("a.jpg", 1);
    finish(take_one(), JOB_DONE);
    arrive("a.tif", 2);
    finish(take_one(), JOB_DONE);
    arrive("a.gif", 3);
    job = take_one();
    ck_assert_str_eq(job->outputs[0].path, "a-2.png");
    finish(job, JOB_DONE);
    arrive("a.tif", 4);
    job = take_one();
    ck_assert_uint_eq(job->output_count, 1);
    ck_assert_str_eq(job->outputs[0].path, "a-1.png");
    ck_assert_uint_ne(job->outputs[0].before.inode, 0);
    job_free(job);
    teardown();
}
END_TEST

START_TEST(an_output_moved_to_another_name_gives_the_first_one_back)
{
    struct job *job;

    setup_recipe(HOT_RECIPE_SINGLE);
    arrive("a.jpg", 1);
    job = take_one();
    begin();
    ck_assert_int_eq(ledger_store_move_output(store, job, &job->outputs[0], "a-1.png"), 1);
    commit();
    ck_assert_int_eq(number("SELECT count(*) FROM output WHERE CAST(path AS TEXT) LIKE '%/a.png'"), 0);
    ck_assert_int_eq(number("SELECT count(*) FROM output WHERE CAST(path AS TEXT) LIKE '%/a-1.png'"), 1);

    /* Not to one that is another source's. */
    arrive("a.tif", 2);
    {
        struct job *other = take_one();

        begin();
        ck_assert_int_eq(ledger_store_move_output(store, other, &other->outputs[0], "a-1.png"), 0);
        commit();
        ck_assert_int_eq(number("SELECT count(*) FROM output"), 2);
        job_free(other);
    }
    job_free(job);
    teardown();
}
END_TEST

/* An output that was taken over by another source went with its first owner's next version. */
START_TEST(an_output_seized_by_another_source_is_not_dropped_by_its_first_owner)
{
    struct job *first, *second;

    setup_recipe(HOT_RECIPE_SINGLE);
    hot.conf[0].existing = EXISTING_OVERWRITE;
    arrive("a.jpg", 1);
    first = take_one();
    arrive("a.tif", 2);
    second = take_one();
    finish(second, JOB_DONE);
    first->state = JOB_DONE; /* and made nothing: what it was to make was not wanted */
    finish_as(first, JOB_SUPERSEDED, false, false);
    first->state = JOB_DONE;
    begin();
    ck_assert_int_ge(ledger_store_finish(store, first, false, NOW), 0);
    commit();
    ck_assert_int_eq(number("SELECT count(*) FROM output WHERE inode <> 0"), 1);
    job_free(first);
    teardown();
}
END_TEST

START_TEST(only_files_of_the_first_walk_of_a_folder_may_adopt)
{
    struct job *job;

    setup();
    arrive("a.jpg", 1);
    job = take_one();
    ck_assert(job->adopt);
    finish(job, JOB_DONE);
    arrive("a.jpg", 2); /* known, and changed since */
    job = take_one();
    ck_assert(!job->adopt);
    finish(job, JOB_DONE);

    begin();
    ck_assert_int_eq(ledger_store_scanned(store, "f0"), 0);
    ck_assert_int_eq(ledger_store_scanned(store, "f0"), 0);
    commit();
    reopen();
    arrive("b.jpg", 3);
    job = take_one();
    ck_assert(!job->adopt);
    job_free(job);
    teardown();
}
END_TEST

START_TEST(a_file_that_came_during_the_first_walk_may_not_adopt)
{
    struct version v = version(1);
    struct job *job;

    setup();
    begin();
    ck_assert_int_eq(ledger_store_arrival(store, "f0", "a.jpg", &v, false, NOW), 1);
    commit();
    job = take_one();
    ck_assert(!job->adopt);
    job_free(job);
    teardown();
}
END_TEST

START_TEST(a_new_version_may_have_its_own_names_again)
{
    struct job *job;

    setup();
    arrive("a.jpg", 1);
    finish(take_one(), JOB_DONE);
    arrive("a.jpg", 2);
    job = take_one();
    ck_assert_int_eq(job->state, JOB_OPENING);
    ck_assert_uint_eq(job->output_count, 2);
    ck_assert_uint_eq(job->outputs[0].before.inode, 100);
    ck_assert_uint_eq(job->outputs[1].before.inode, 101);
    ck_assert_int_eq(job->outputs[0].before.size, 7);
    ck_assert_int_eq(job->outputs[0].before.mtime_ns, 8);
    job_free(job);
    teardown();
}
END_TEST

START_TEST(what_a_new_version_makes_no_more_is_known_and_then_forgotten)
{
    struct job *job;

    setup();
    arrive("a.jpg", 1);
    finish(take_one(), JOB_DONE);
    begin();
    ck_assert_int_eq(
        sql_run(store, "UPDATE output SET path = CAST(replace(CAST(path AS TEXT), '.20.', '.30.') AS BLOB)"),
        0);
    commit();
    arrive("a.jpg", 2);
    job = take_one();
    ck_assert_uint_eq(job->output_count, 3);
    ck_assert_str_eq(job->outputs[1].path, "a.30.png");
    ck_assert_uint_eq(job->outputs[1].rendition, RENDITION_NONE);
    ck_assert_uint_eq(job->outputs[1].before.inode, 101);
    finish(job, JOB_DONE);
    ck_assert_int_eq(number("SELECT count(*) FROM output"), 2);
    ck_assert_int_eq(number("SELECT count(*) FROM output WHERE CAST(path AS TEXT) LIKE '%.30.png'"), 0);
    teardown();
}
END_TEST

START_TEST(outputs_below_another_output_directory_are_left_alone)
{
    struct job *job;

    setup();
    arrive("a.jpg", 1);
    finish(take_one(), JOB_DONE);
    free(hot.conf[0].output);
    hot.conf[0].output = strdup(hot.out[1]); /* Output= was changed */
    arrive("a.jpg", 2);
    job = take_one();
    ck_assert_uint_eq(job->output_count, 2);
    ck_assert_uint_eq(job->outputs[0].before.inode, 0);
    finish(job, JOB_DONE);
    ck_assert_int_eq(number("SELECT count(*) FROM output"), 4);
    teardown();
}
END_TEST

START_TEST(a_skipped_output_gives_its_name_back)
{
    struct job *job;

    setup();
    arrive("a.jpg", 1);
    job = take_one();
    finish_as(job, JOB_CANCELLED, false, false); /* makes nothing */
    job_free(job);
    arrive("a.jpg", 2);
    job = take_one();
    job->state = JOB_DONE;
    job->outputs[0].made = true;
    job->outputs[0].after.inode = 5;
    begin();
    ck_assert_int_eq(ledger_store_finish(store, job, false, NOW), 0);
    commit();
    ck_assert_int_eq(number("SELECT count(*) FROM output"), 1);
    job_free(job);
    teardown();
}
END_TEST

/* The text goes into JSON, and names may be cut anywhere. */
START_TEST(the_message_of_a_clash_is_utf8_whatever_the_names_are)
{
    struct job *job;
    char name[260];

    setup_recipe(HOT_RECIPE_SINGLE);
    memset(name, 'x', (size_t)_i);
    name[_i] = '\0';
    for (size_t i = strlen(name); i < 240; i += 3)
        snprintf(name + i, sizeof name - i, "\u20ac");
    snprintf(name + strlen(name), sizeof name - strlen(name), ".jpg");
    arrive(name, 1);
    memcpy(name + strlen(name) - 3, "png", 3);
    arrive(name, 2);
    ck_assert_int_eq(take(10), 2);
    job_free(pop());
    job = pop();
    ck_assert_int_eq(job->failure.class, CLASS_CONFLICT);
    ck_assert_msg(text_is_utf8(job->failure.text, strlen(job->failure.text)), "%s", job->failure.text);
    job_free(job);
    teardown();
}
END_TEST

static const int offsets[] = { 0, 1, 2 };

/* ---- an unclean end ---- */

START_TEST(what_was_handed_out_is_suspect_after_an_unclean_end)
{
    struct job *job;

    setup();
    arrive("a.jpg", 1);
    arrive("b.jpg", 2);
    ck_assert_int_eq(take(1), 1);
    free_jobs();
    reopen();
    ck_assert_uint_eq(queued(false), 1);
    ck_assert_uint_eq(queued(true), 1);
    ck_assert_int_eq(take(10), 1);
    ck_assert_str_eq(TAILQ_FIRST(&jobs)->path, "b.jpg");
    ck_assert(!TAILQ_FIRST(&jobs)->suspect);
    free_jobs();

    ck_assert_int_eq(take_from(0, true, 1, NOW), 1);
    job = pop();
    ck_assert_str_eq(job->path, "a.jpg");
    ck_assert(job->suspect);
    ck_assert_uint_eq(job->attempts, 0); /* merely handed out: not blamed */
    finish(job, JOB_DONE);
    ck_assert_uint_eq(queued(true), 0);
    teardown();
}
END_TEST

START_TEST(an_end_of_the_daemon_counts_against_a_started_suspect_only)
{
    struct job *job;

    setup();
    arrive("a.jpg", 1);
    job_free(take_one());
    for (unsigned i = 0; i < 4; i++) {
        reopen();
        ck_assert_int_eq(take_from(0, true, 1, NOW), 1);
        job = pop();
        ck_assert_uint_eq(job->attempts, i);
        set_started(job, true);
        job_free(job);
    }
    reopen();
    ck_assert_int_eq(take_from(0, true, 1, NOW), 1);
    job = pop();
    ck_assert_uint_eq(job->attempts, 4);
    set_started(job, true);
    set_started(job, false); /* the worker survived it */
    job_free(job);
    reopen();
    ck_assert_int_eq(take_from(0, true, 1, NOW), 1);
    ck_assert_uint_eq(TAILQ_FIRST(&jobs)->attempts, 4);
    teardown();
}
END_TEST

START_TEST(a_released_suspect_stays_one_and_a_cleared_one_does_not)
{
    struct job *job;

    setup();
    arrive("a.jpg", 1);
    job_free(take_one());
    reopen();
    ck_assert_int_eq(take_from(0, true, 1, NOW), 1);
    release(pop());
    ck_assert_uint_eq(queued(true), 1);
    ck_assert_int_eq(take_from(0, true, 1, NOW), 1);
    job = pop();
    job->suspect = false;
    release(job);
    ck_assert_uint_eq(queued(true), 0);
    ck_assert_uint_eq(queued(false), 1);
    teardown();
}
END_TEST

START_TEST(a_clean_end_leaves_no_suspects)
{
    setup();
    arrive("a.jpg", 1);
    release(take_one());
    reopen();
    ck_assert_uint_eq(queued(true), 0);
    ck_assert_uint_eq(queued(false), 1);
    teardown();
}
END_TEST

START_TEST(an_intended_job_is_resumed_with_what_it_had_made)
{
    struct job *job;

    setup();
    arrive("a.jpg", 1);
    finish(take_one(), JOB_DONE);
    arrive("a.jpg", 2);
    job = take_one();
    job->outputs[0].made = true;
    job->outputs[0].width = 10;
    job->outputs[0].height = 4;
    intend(job);                   /* the second one was skipped this time: obsolete */
    ck_assert_int_eq(resume(), 0); /* this run publishes it itself */
    job_free(job);

    reopen();
    ck_assert_uint_eq(queued(true) + queued(false), 0);
    ck_assert_int_eq(resume(), 1);
    ck_assert_int_eq(resume(), 0); /* once a session */
    job = pop();
    ck_assert_uint_eq(job->id, 2);
    ck_assert_int_eq(job->resume, RESUME_PUBLISH);
    ck_assert_int_eq(job->state, JOB_PUBLISHING);
    ck_assert_uint_eq(job->version.inode, 2);
    ck_assert_uint_eq(job->output_count, 2);
    ck_assert_str_eq(job->outputs[0].path, "a.10.png");
    ck_assert(job->outputs[0].made);
    ck_assert_uint_eq(job->outputs[0].width, 10);
    ck_assert_uint_eq(job->outputs[0].height, 4);
    ck_assert_uint_eq(job->outputs[0].before.inode, 100);
    ck_assert(!job->outputs[1].made);
    ck_assert_uint_eq(job->outputs[1].rendition, RENDITION_NONE);
    ck_assert_uint_eq(job->outputs[1].before.inode, 101);
    finish(job, JOB_DONE);
    ck_assert_int_eq(number("SELECT count(*) FROM output"), 1);
    reopen();
    ck_assert_int_eq(resume(), 0);
    teardown();
}
END_TEST

/* It was resumed without any output, and done; of what it had reserved there, a row was left for ever. */
START_TEST(a_job_announced_for_another_output_is_resumed_with_what_was_to_be_there)
{
    char before[HOT_PATH_MAX];
    struct job *job;

    setup();
    arrive("a.jpg", 1);
    job = take_one();
    job->outputs[0].made = job->outputs[1].made = true;
    intend(job);
    job_free(job);
    reopen();
    snprintf(before, sizeof before, "%s/a.10.png", hot.conf[0].output);
    free(hot.conf[0].output);
    hot.conf[0].output = strdup(hot.out[1]);

    ck_assert_int_eq(resume(), 1);
    job = pop();
    ck_assert_uint_eq(job->output_count, 2);
    ck_assert(job->outputs[0].elsewhere && job->outputs[1].elsewhere);
    ck_assert_str_eq(job->outputs[0].path, before);
    release(job);
    job = take_one();
    ck_assert_uint_eq(job->output_count, 2);
    ck_assert_str_eq(job->outputs[0].path, "a.10.png");
    finish(job, JOB_DONE);
    ck_assert_int_eq(number("SELECT count(*) FROM output"), 2);
    teardown();
}
END_TEST

START_TEST(a_resumed_job_that_has_to_be_made_again_is_queued)
{
    struct job *job;

    setup();
    arrive("a.jpg", 1);
    job = take_one();
    job->outputs[0].made = job->outputs[1].made = true;
    intend(job);
    job_free(job);
    reopen();
    ck_assert_int_eq(resume(), 1);
    release(pop());
    job = take_one();
    ck_assert_uint_eq(job->output_count, 2);
    finish(job, JOB_DONE);
    teardown();
}
END_TEST

START_TEST(a_pending_original_is_resumed_with_its_failure)
{
    struct job *job;

    setup();
    arrive("a.jpg", 1);
    job = take_one();
    error_set(&job->failure, 0, CLASS_PERMANENT, STAGE_DECODE, "not a picture");
    finish_as(job, JOB_FAILED, true, false);
    job_free(job);
    ck_assert_int_eq(resume(), 0);
    for (int i = 0; i < 2; i++) { /* that run may end too */
        reopen();
        ck_assert_int_eq(resume(), 1);
        job = pop();
        ck_assert_int_eq(job->resume, RESUME_ORIGINAL);
        ck_assert_int_eq(job->state, JOB_FAILED);
        ck_assert_int_eq(job->failure.class, CLASS_PERMANENT);
        ck_assert_int_eq(job->failure.stage, STAGE_DECODE);
        ck_assert_str_eq(job->failure.text, "not a picture");
        if (i == 0)
            job_free(job);
    }
    begin();
    ck_assert_int_eq(ledger_store_original_done(store, job, false), 0);
    commit();
    job_free(job);
    reopen();
    ck_assert_int_eq(resume(), 0);
    teardown();
}
END_TEST

START_TEST(many_jobs_are_resumed_in_portions)
{
    int count = 0, r;

    setup();
    for (uint64_t i = 1; i <= 150; i++) {
        char name[16];

        snprintf(name, sizeof name, "%d.jpg", (int)i);
        arrive(name, i);
    }
    ck_assert_int_eq(take(200), 150);
    while (!TAILQ_EMPTY(&jobs)) {
        struct job *job = pop();

        intend(job);
        job_free(job);
    }
    reopen();
    while ((r = resume()) > 0) {
        count += r;
        free_jobs();
    }
    ck_assert_int_eq(count, 150);
    teardown();
}
END_TEST

static int note_leftover(void *context, const char *output_path, uint64_t job, uint32_t rendition)
{
    int *count = context;
    char wanted[PATH_MAX];

    snprintf(wanted, sizeof wanted, "%s/a.%d.png", hot.out[0], rendition == 0 ? 10 : 20);
    ck_assert_str_eq(output_path, wanted);
    ck_assert_uint_eq(job, 1);
    return ++*count == 7 ? -EINVAL : 0;
}

START_TEST(temporary_files_that_may_be_left_are_named)
{
    int count = 0;

    setup();
    arrive("a.jpg", 1);
    arrive("b.jpg", 2);
    ck_assert_int_eq(take(1), 1);
    free_jobs();
    begin();
    ck_assert_int_eq(ledger_store_leftovers(store, "f0", note_leftover, &count), 0);
    commit();
    ck_assert_int_eq(count, 0); /* it is being worked on */
    reopen();
    begin();
    ck_assert_int_eq(ledger_store_leftovers(store, "f0", note_leftover, &count), 0);
    ck_assert_int_eq(count, 2);
    ck_assert_int_eq(ledger_store_leftovers(store, "f1", note_leftover, &count), 0);
    ck_assert_int_eq(count, 2);
    count = 6;
    ck_assert_int_eq(ledger_store_leftovers(store, "f0", note_leftover, &count), -EINVAL);
    commit();
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
    ck_assert_int_eq(ledger_store_arrival(store, "f0", "b.jpg", &v, true, NOW), 1);
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
    ck_assert_int_eq(ledger_store_arrival(store, "f0", "a.jpg", &v, true, NOW), -EIO);
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

/* ---- SIGKILL ---- */

/* What two files do with the ledger without end, a transaction each. */
static void work_until_killed(int ready)
{
    ledger_store_close(store);
    open_store();
    for (uint64_t i = 1;; i++) {
        char name[16];
        struct job *job;

        snprintf(name, sizeof name, "%d.jpg", (int)(i % 7));
        arrive(name, i);
        if (i == 1 && write(ready, "x", 1) != 1)
            _exit(EXIT_FAILURE);
        if (take_from(0, false, 2, NOW) == 0 && take_from(0, true, 2, NOW) == 0)
            continue;
        while (!TAILQ_EMPTY(&jobs)) {
            job = pop();
            for (size_t j = 0; j < job->output_count; j++)
                job->outputs[j].made = true;
            if (i % 3 == 0)
                intend(job);
            finish(job, i % 5 == 0 ? JOB_FAILED : JOB_DONE);
        }
    }
}

static void expect_consistency(void)
{
    for (enum job_state state = JOB_DONE; state < JOB_STATE_COUNT; state++) {
        char sql[80];

        snprintf(sql, sizeof sql, "SELECT count(*) FROM job WHERE state = %d", (int)state);
        ck_assert_int_eq(number(sql), (int64_t)ledger_store_count(store, state));
    }
    ck_assert_int_eq(number("SELECT count(*) FROM job WHERE state IN (1, 2)"), 0);
    ck_assert_int_eq(number("SELECT count(*) FROM pragma_foreign_key_check"), 0);
    ck_assert_int_eq(number("SELECT count(*) FROM pragma_integrity_check WHERE integrity_check <> 'ok'"), 0);
    /* One job at most is under way for each source, and each output has an owner. */
    ck_assert_int_eq(
        number(
            "SELECT count(*) FROM (SELECT 1 FROM job WHERE state < 4 GROUP BY source HAVING count(*) > 1)"),
        0);
    ck_assert_int_eq(
        number("SELECT count(*) FROM output LEFT JOIN job ON job.id = output.job WHERE job.id IS NULL"), 0);
    ck_assert_int_eq(
        number("SELECT count(*) FROM source LEFT JOIN job ON job.id = source.job WHERE job.id IS NULL"), 0);
}

START_TEST(killed_at_any_instant_it_is_consistent)
{
    uint64_t done = 0;

    setup();
    for (int i = 0; i < 12; i++) {
        struct timespec delay = { .tv_nsec = 1000003L * (i * 5 % 23) };
        int pipe_fds[2];
        char byte;
        pid_t pid;

        ck_assert_int_eq(pipe2(pipe_fds, O_CLOEXEC), 0);
        ledger_store_close(store); /* SQLite is never forked with */
        store = NULL;
        pid = fork();
        ck_assert_int_ge(pid, 0);
        if (pid == 0) {
            close(pipe_fds[0]);
            work_until_killed(pipe_fds[1]);
        }
        close(pipe_fds[1]);
        ck_assert_int_eq(read(pipe_fds[0], &byte, 1), 1);
        nanosleep(&delay, NULL); /* which instant does not matter, as long as it is not always the same */
        ck_assert_int_eq(kill(pid, SIGKILL), 0);
        ck_assert_int_eq(waitpid(pid, NULL, 0), pid);
        close(pipe_fds[0]);

        open_store();
        expect_consistency();
        ck_assert_uint_ge(ledger_store_count(store, JOB_DONE), done);
        done = ledger_store_count(store, JOB_DONE);
        while (resume() > 0)
            while (!TAILQ_EMPTY(&jobs))
                finish(pop(), JOB_DONE);
        while (take_from(0, true, 10, NOW) > 0)
            while (!TAILQ_EMPTY(&jobs))
                finish(pop(), JOB_DONE);
        expect_consistency();
    }
    ck_assert_uint_gt(done, 0);
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
    job_free(take_one());
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
        ck_assert_int_eq(ledger_store_arrival(store, hot.conf[0].name, path, &v, true, NOW), 1);
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

UNIT_MAIN(
    "ledger_store", UNIT_TEST(a_plan_has_all_names_and_leaves_no_trace),
    UNIT_TEST(a_plan_knows_what_its_own_source_made_and_what_others_have),
    UNIT_TEST(a_plan_has_the_number_that_its_job_would_get),
    UNIT_TEST(any_number_of_arrivals_of_one_version_make_one_job),
    UNIT_TEST(folders_and_paths_are_told_apart),
    UNIT_TEST(a_new_version_of_a_queued_file_takes_the_old_ones_place),
    UNIT_TEST(a_new_version_begins_with_no_attempts_and_at_once),
    UNIT_TEST(a_new_version_of_a_file_in_flight_gets_its_job_when_that_ends),
    UNIT_TEST(a_new_version_of_a_finished_file_is_a_new_job), UNIT_TEST(a_remount_makes_no_new_version),
    UNIT_ROWS(a_file_of_which_only_ctime_and_inode_changed_is_verified_and_leaves_no_trace, known_ends),
    UNIT_TEST(the_content_of_a_version_without_outcome_is_not_known),
    UNIT_TEST(new_content_that_comes_while_a_file_waits_to_be_verified_is_worked_on),
    UNIT_TEST(a_version_that_comes_while_a_file_is_verified_follows),
    UNIT_TEST(a_file_that_changes_its_ctime_while_it_is_verified_is_verified_again),
    UNIT_TEST(a_version_that_was_superseded_does_not_make_known_content_unknown),
    UNIT_TEST(a_clash_of_names_does_not_fail_a_file_that_may_be_unchanged),
    UNIT_TEST(a_file_put_back_while_its_original_is_pending_is_not_verified),
    UNIT_TEST(the_names_of_a_source_that_is_gone_may_be_inherited),
    UNIT_TEST(the_names_of_a_file_that_was_seen_to_go_may_be_inherited_until_it_comes_back),
    UNIT_TEST(a_new_version_of_a_suspect_stays_among_the_suspects),
    UNIT_TEST(the_oldest_jobs_come_first_as_many_as_asked), UNIT_TEST(a_folder_gets_its_own_jobs_only),
    UNIT_TEST(transient_failures_are_remembered_until_another_version_comes),
    UNIT_TEST(a_delayed_job_is_due_when_its_time_has_come),
    UNIT_TEST(outputs_are_planned_when_a_job_is_taken), UNIT_TEST(two_sources_of_one_output_are_a_conflict),
    UNIT_ROWS(a_job_that_made_nothing_gives_its_names_back, givers),
    UNIT_TEST(the_names_of_a_finished_job_stay_taken),
    UNIT_TEST(a_conflict_gives_back_what_was_reserved_before_it), UNIT_TEST(overwriting_seizes_the_name),
    UNIT_TEST(a_new_version_may_have_its_own_names_again),
    UNIT_ROWS(existing_says_what_becomes_of_a_clash_of_two_sources, clashes),
    UNIT_TEST(a_numbered_output_keeps_its_number_while_the_name_is_taken),
    UNIT_TEST(an_output_moved_to_another_name_gives_the_first_one_back),
    UNIT_TEST(an_output_seized_by_another_source_is_not_dropped_by_its_first_owner),
    UNIT_TEST(only_files_of_the_first_walk_of_a_folder_may_adopt),
    UNIT_TEST(a_file_that_came_during_the_first_walk_may_not_adopt),
    UNIT_TEST(what_a_new_version_makes_no_more_is_known_and_then_forgotten),
    UNIT_TEST(outputs_below_another_output_directory_are_left_alone),
    UNIT_TEST(a_skipped_output_gives_its_name_back),
    UNIT_ROWS(the_message_of_a_clash_is_utf8_whatever_the_names_are, offsets),
    UNIT_TEST(what_was_handed_out_is_suspect_after_an_unclean_end),
    UNIT_TEST(an_end_of_the_daemon_counts_against_a_started_suspect_only),
    UNIT_TEST(a_released_suspect_stays_one_and_a_cleared_one_does_not),
    UNIT_TEST(a_clean_end_leaves_no_suspects), UNIT_TEST(an_intended_job_is_resumed_with_what_it_had_made),
    UNIT_TEST(a_resumed_job_that_has_to_be_made_again_is_queued),
    UNIT_TEST(a_pending_original_is_resumed_with_its_failure), UNIT_TEST(many_jobs_are_resumed_in_portions),
    UNIT_TEST(temporary_files_that_may_be_left_are_named), UNIT_TEST(ends_are_counted_over_restarts),
    UNIT_TEST(a_forgotten_version_arrives_again),
    UNIT_TEST(a_follow_up_is_not_forgotten_with_the_version_before),
    UNIT_TEST(the_same_file_moved_in_again_after_its_original_was_dealt_with_is_new),
    UNIT_TEST(a_failed_file_that_was_kept_stays_failed),
    UNIT_TEST(a_newer_version_is_not_forgotten_with_the_older_ones_original),
    UNIT_TEST(a_rollback_undoes_counts_and_rows),
    UNIT_TEST(a_taken_job_that_was_rolled_back_can_be_taken_again), UNIT_TEST(a_failing_statement_says_why),
    UNIT_TEST(a_resume_that_fails_gives_no_jobs), UNIT_TEST(killed_at_any_instant_it_is_consistent),
    UNIT_TEST(a_job_announced_for_another_output_is_resumed_with_what_was_to_be_there),
    UNIT_TEST(what_lies_under_a_seized_name_is_another_sources_at_the_next_attempt_too),
    UNIT_TEST(what_was_under_way_when_its_name_was_seized_is_not_taken_for_the_other_sources),
    UNIT_TEST(a_name_that_was_seized_is_of_the_source_that_publishes_last),
    UNIT_TEST(a_name_that_was_seized_and_given_up_is_announced_all_the_same),
    UNIT_TEST(an_original_that_waits_is_spared_when_another_source_takes_its_output_over),
    UNIT_TEST(a_newer_schema_is_refused_and_left_as_it_is),
    UNIT_TEST(a_file_that_is_no_database_is_refused_and_left_as_it_is),
    UNIT_TEST(a_place_where_no_file_can_be_is_refused), UNIT_TEST(purged_history_makes_no_file_new_again),
    UNIT_TEST(a_purge_leaves_what_is_not_over_and_forgets_files_that_left_nothing),
    UNIT_TEST(a_long_history_is_purged_in_portions),
    UNIT_TEST(a_retry_that_is_due_comes_before_those_that_arrived_after_it),
    UNIT_TEST(a_clash_says_that_it_brought_a_newer_version_into_the_queue),
    UNIT_TEST(a_take_costs_the_same_however_long_the_queue_is),
    UNIT_TEST(a_take_costs_the_same_however_many_are_to_be_tried_later))
