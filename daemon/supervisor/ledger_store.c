/* SPDX-License-Identifier: GPL-2.0-or-later */
/* ledger_store - see ledger_store.h. The queue is the index job_queue; the rules for duplicates are in
 * ledger_store_arrival() and at the end of ledger_store_finish(). */
#include "supervisor/ledger_store.h"

#include "base/cleanup.h"
#include "supervisor/ledger_names.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

enum { RESUME_BATCH = 32 }; /* jobs a call; no more than dispatch takes at once */

/* ---- opening and transactions ---- */

static int get_counter(struct ledger_store *store, const char *name, int64_t *ret)
{
    sqlite3_stmt *statement = sql_start(store, SQL_GET_COUNTER, "t", name);
    int r = sql_step(store, statement);

    *ret = r > 0 ? sqlite3_column_int64(statement, 0) : 0;
    sqlite3_reset(statement);
    return r < 0 ? r : 0;
}

static int set_counter(struct ledger_store *store, const char *name, int64_t value)
{
    return sql_finish(store, sql_start(store, SQL_SET_COUNTER, "ti", name, value));
}

static int load_counters(struct ledger_store *store)
{
    int64_t instance, value;

    for (enum job_state state = JOB_DONE; state < JOB_STATE_COUNT; state++) {
        if (get_counter(store, job_state_name(state), &value) < 0)
            return -EIO;
        store->counts[state] = store->durable_counts[state] = (uint64_t)value;
    }

    if (get_counter(store, "instance", &instance) < 0 || get_counter(store, "session", &store->session) < 0)
        return -EIO;
    if (instance == 0) {
        uint32_t random = 0;

        if (getrandom(&random, sizeof random, 0) != sizeof random)
            return -EIO;
        instance = random | 1;
        if (set_counter(store, "instance", instance) < 0)
            return -EIO;
    }
    store->instance = (uint32_t)instance;
    return set_counter(store, "session", ++store->session);
}

/* What an unclean end left: see "Blame" in job_flow.h. A clean end leaves no row in state 1. */
static int recover(struct ledger_store *store)
{
    return sql_run(store, "UPDATE job SET attempts = attempts + 1, class = 4,"
                          " message = 'darkroomd itself ended while this file was worked on'"
                          " WHERE state IN (1, 2, 3) AND state = 1 AND suspect = 1 AND started = 1;"
                          "UPDATE job SET state = 0, suspect = 1, started = 0"
                          " WHERE state IN (1, 2, 3) AND state = 1"); /* as in the index job_open */
}

int ledger_store_open(const char *path, struct ledger_store **ret, struct error *error)
{
    struct ledger_store *store = calloc(1, sizeof *store);
    int r;

    if (!store)
        return error_set(error, ENOMEM, CLASS_ENVIRONMENT, STAGE_NONE, "out of memory");

    r = sql_open(store, path, error);
    if (r < 0)
        goto fail;

    if (ledger_store_begin(store) < 0 || load_counters(store) < 0 || recover(store) < 0 ||
        ledger_store_commit(store) < 0) {
        r = error_set(error, EIO, CLASS_ENVIRONMENT, STAGE_NONE, "%s", store->text);
        goto fail;
    }

    *ret = store;
    return 0;

fail:
    ledger_store_close(store);
    return r;
}

void ledger_store_close(struct ledger_store *store)
{
    if (!store)
        return;
    sql_close(store);
    free(store);
}

int ledger_store_begin(struct ledger_store *store)
{
    return sql_run(store, "BEGIN IMMEDIATE");
}

int ledger_store_commit(struct ledger_store *store)
{
    for (enum job_state state = JOB_DONE; state < JOB_STATE_COUNT; state++)
        if (store->counts[state] != store->durable_counts[state] &&
            set_counter(store, job_state_name(state), (int64_t)store->counts[state]) < 0)
            return -EIO;
    if (sql_run(store, "COMMIT") < 0)
        return -EIO;

    memcpy(store->durable_counts, store->counts, sizeof store->counts);
    return 0;
}

void ledger_store_rollback(struct ledger_store *store)
{
    char text[sizeof store->text];

    /* The reason for the rollback is what people want to read, not how the rollback went. */
    memcpy(text, store->text, sizeof text);
    for (size_t i = 0; i < SQL_STATEMENT_COUNT; i++)
        sqlite3_reset(store->statements[i]);
    if (!sqlite3_get_autocommit(store->database))
        sql_run(store, "ROLLBACK");
    memcpy(store->text, text, sizeof text);
    memcpy(store->counts, store->durable_counts, sizeof store->counts);
}

const char *ledger_store_text(const struct ledger_store *store)
{
    return store->text;
}

uint32_t ledger_store_instance(const struct ledger_store *store)
{
    return store->instance;
}

uint64_t ledger_store_count(const struct ledger_store *store, enum job_state state)
{
    return store->counts[state];
}

static int count_queued(struct ledger_store *store, const char *folder, bool suspects, uint64_t *ret)
{
    sqlite3_stmt *statement = sql_start(store, SQL_COUNT_QUEUED, "ti", folder, (int64_t)suspects);

    if (sql_step(store, statement) < 0)
        return -EIO;
    *ret = (uint64_t)sqlite3_column_int64(statement, 0);
    sqlite3_reset(statement);
    return 0;
}

int ledger_store_queued(struct ledger_store *store, const char *folder, uint64_t *ret_queued,
                        uint64_t *ret_suspects)
{
    if (count_queued(store, folder, false, ret_queued) < 0)
        return -EIO;
    return count_queued(store, folder, true, ret_suspects);
}

/* ---- arrivals ---- */

int ledger_add_source(struct ledger_store *store, const char *folder, const char *path,
                      const struct version *version)
{
    return sql_finish(store, sql_start(store, SQL_ADD_SOURCE, "tbiiiii", folder, path,
                                       (int64_t)version->device, (int64_t)version->inode, version->size,
                                       version->mtime_ns, version->ctime_ns));
}

static int add_job(struct ledger_store *store, int64_t source, bool verify, bool found, uint64_t now_us)
{
    if (sql_finish(store, sql_start(store, SQL_ADD_JOB, "iiii", source, (int64_t)now_us, (int64_t)verify,
                                    (int64_t)found)) < 0)
        return -EIO;
    if (sql_finish(store, sql_start(store, SQL_SET_SOURCE_JOB, "ii", source,
                                    (int64_t)sqlite3_last_insert_rowid(store->database))) < 0)
        return -EIO;
    return 1;
}

int ledger_add_job(struct ledger_store *store, int64_t source, bool verify, uint64_t now_us)
{
    return add_job(store, source, verify, false, now_us);
}

/* Size and mtime are the same: the content may be, too. */
static bool may_be_unchanged(const struct version *known, const struct version *version)
{
    return known->size == version->size && known->mtime_ns == version->mtime_ns;
}

static bool has_known_content(enum job_state outcome, int64_t content_hash)
{
    return content_hash != 0 && (outcome == JOB_DONE || outcome == JOB_FAILED);
}

static int set_gone(struct ledger_store *store, const char *folder, const char *path, bool gone)
{
    return sql_finish(store, sql_start(store, SQL_SET_SOURCE_GONE, "tbi", folder, path, (int64_t)gone));
}

int ledger_store_gone(struct ledger_store *store, const char *folder, const char *path)
{
    return set_gone(store, folder, path, true);
}

int ledger_newest_job(struct ledger_store *store, uint64_t *ret)
{
    sqlite3_stmt *statement = sql_start(store, SQL_NEWEST_JOB, "");

    if (sql_step(store, statement) < 0)
        return -EIO;
    *ret = (uint64_t)sqlite3_column_int64(statement, 0); /* NULL is 0 */
    sqlite3_reset(statement);
    return 0;
}

int ledger_store_set_redo(struct ledger_store *store, unsigned redo)
{
    store->redo = redo;
    return ledger_newest_job(store, &store->redo_upto);
}

static bool is_to_be_redone(const struct ledger_store *store, const struct standing *standing)
{
    unsigned bit = standing->state == JOB_DONE ? REDO_DONE : standing->state == JOB_FAILED ? REDO_FAILED : 0;

    return (store->redo & bit) && standing->job <= store->redo_upto;
}

int ledger_store_failure(struct ledger_store *store, uint64_t job, char **ret)
{
    sqlite3_stmt *statement = sql_start(store, SQL_GET_FAILURE, "i", (int64_t)job);
    int r = sql_step(store, statement);

    if (r < 0)
        return r;
    *ret = r > 0 ? sql_column_string(statement, 0) : strdup("");
    sqlite3_reset(statement);
    return *ret ? 0 : -ENOMEM;
}

int ledger_store_arrival(struct ledger_store *store, const char *folder, const char *path,
                         const struct version *version, bool found, uint64_t now_us,
                         struct standing *ret_standing)
{
    sqlite3_stmt *statement = sql_start(store, SQL_FIND_SOURCE, "tb", folder, path);
    struct standing standing = { .state = JOB_QUEUED };
    struct version known;
    int64_t source, job;
    enum job_state state, outcome;
    bool verify, gone, pending;
    int r;

    if (ret_standing)
        *ret_standing = standing;

    r = sql_step(store, statement);
    if (r < 0)
        return r;
    if (r == 0) {
        r = ledger_add_source(store, folder, path, version);
        return r < 0 ? r
                     : add_job(store, (int64_t)sqlite3_last_insert_rowid(store->database), false, found,
                               now_us);
    }

    source = sqlite3_column_int64(statement, 0);
    known = sql_column_version(statement, 1);
    job = sqlite3_column_int64(statement, 6);
    state = job ? (enum job_state)sqlite3_column_int(statement, 7) : JOB_DONE;
    outcome = (enum job_state)sqlite3_column_int(statement, 8);
    /* While the original is being dealt with, the file that is there is another one, or was put back for a retry. */
    pending = sqlite3_column_int(statement, 10) != 0;
    verify = may_be_unchanged(&known, version) && !pending &&
             has_known_content(outcome, sqlite3_column_int64(statement, 9));
    gone = sqlite3_column_int(statement, 11) != 0;
    sqlite3_reset(statement);
    if (version_equal(&known, version)) {
        standing = (struct standing){ .state = job ? state : outcome, .job = (uint64_t)job };
        r = gone ? set_gone(store, folder, path, false) : 0;
        if (r == 0 && !pending && is_to_be_redone(store, &standing))
            return add_job(store, source, false, found, now_us);
        if (ret_standing)
            *ret_standing = standing;
        return r;
    }

    r = sql_finish(store,
                   sql_start(store, SQL_SET_SOURCE_VERSION, "iiiiii", source, (int64_t)version->device,
                             (int64_t)version->inode, version->size, version->mtime_ns, version->ctime_ns));
    if (r < 0)
        return r;
    if (job_state_is_end(state))
        return add_job(store, source, verify, found, now_us);
    if (state == JOB_QUEUED)
        return sql_finish(store, sql_start(store, SQL_SET_JOB_VERSION, "ii", job, (int64_t)verify));
    return 0; /* in flight: ledger_store_finish() sees that the source is another version by then */
}

int ledger_store_scanned(struct ledger_store *store, const char *folder)
{
    return sql_finish(store, sql_start(store, SQL_ADD_FOLDER, "t", folder));
}

/* ---- taking ---- */

/* The job of the current row of SQL_TAKE_JOBS or SQL_RESUME_JOBS. */
static struct job *job_of_row(sqlite3_stmt *statement, struct config *config, size_t slot,
                              const struct folder_conf *folder)
{
    struct job *job = job_new((uint64_t)sqlite3_column_int64(statement, 0), config, slot, folder);

    if (!job)
        return NULL;
    job->path = sql_column_string(statement, 1);
    job->version = sql_column_version(statement, 2);
    job->attempts = (unsigned)sqlite3_column_int64(statement, 7);
    job->begun_us = monotonic_us();
    if (!job->path) {
        job_free(job);
        return NULL;
    }
    return job;
}

/* It may need no such names: most likely its content is the known one, or it is a document yet to be counted. */
static int put_clash_off(struct job *job)
{
    job->clash = malloc(sizeof *job->clash);
    if (!job->clash)
        return -ENOMEM;
    *job->clash = job->failure;
    job->failure = (struct error){ .class = CLASS_NONE };
    job->state = JOB_QUEUED;
    return 0;
}

/* Returns 1 when the job failed, and that brought a newer version of its source into the queue. */
static int hand_out(struct ledger_store *store, struct job *job, int64_t source, uint64_t now_us)
{
    int r = ledger_plan_outputs(store, job, source);

    if (r < 0)
        return r;
    if (job->state == JOB_FAILED && (job->known_hash != 0 || job_awaits_pages(job)))
        r = put_clash_off(job);
    if (r < 0)
        return r;
    if (job->state == JOB_FAILED)
        return ledger_store_finish(store, job, false, now_us);
    job->state = JOB_OPENING;
    return sql_finish(store, sql_start(store, SQL_HAND_OUT, "ii", (int64_t)job->id, store->session));
}

static int next_due(struct ledger_store *store, const struct folder_conf *folder, bool suspects,
                    uint64_t now_us, uint64_t *ret_us)
{
    sqlite3_stmt *statement =
        sql_start(store, SQL_NEXT_DUE, "tii", folder->name, (int64_t)suspects, (int64_t)now_us);
    int r = sql_step(store, statement);

    if (r < 0)
        return r;
    *ret_us = r > 0 ? (uint64_t)sqlite3_column_int64(statement, 0) : USEC_INFINITY;
    sqlite3_reset(statement);
    return 0;
}

static void free_jobs(struct job_list *jobs)
{
    struct job *job;

    while ((job = TAILQ_FIRST(jobs))) {
        TAILQ_REMOVE(jobs, job, link);
        job_free(job);
    }
}

int ledger_store_take(struct ledger_store *store, struct config *config, size_t slot,
                      const struct folder_conf *folder, bool suspects, size_t limit, uint64_t now_us,
                      struct job_list *jobs, uint64_t *ret_added, uint64_t *ret_next_us)
{
    _cleanup_free_ int64_t *sources = calloc(limit + 1, sizeof *sources);
    struct job_list taken = TAILQ_HEAD_INITIALIZER(taken);
    sqlite3_stmt *statement;
    struct job *job;
    size_t count = 0;
    int r;

    if (!sources)
        return -ENOMEM;
    /* What was to be tried later and is due now goes back to its place among the others, near the front. */
    r = sql_finish(store, sql_start(store, SQL_LET_DUE, "tiii", folder->name, (int64_t)suspects,
                                    (int64_t)now_us, (int64_t)limit));
    statement = sql_start(store, SQL_TAKE_JOBS, "tii", folder->name, (int64_t)suspects, (int64_t)limit);
    /* First read all rows, then change them: the queue's index is what is being read. */
    while (r == 0 && (r = sql_step(store, statement)) > 0) {
        job = job_of_row(statement, config, slot, folder);
        r = job ? 0 : -ENOMEM;
        if (job) {
            job->suspect = suspects;
            job->retries = (unsigned)sqlite3_column_int64(statement, 9);
            job->adopt = sqlite3_column_int(statement, 10) != 0;
            job->known_hash = (uint64_t)sqlite3_column_int64(statement, 11);
            sources[count++] = sqlite3_column_int64(statement, 8);
            TAILQ_INSERT_TAIL(&taken, job, link);
        }
        if (count == limit)
            break;
    }
    sqlite3_reset(statement);

    count = 0;
    *ret_added = 0;
    TAILQ_FOREACH (job, &taken, link) {
        if (r >= 0)
            r = hand_out(store, job, sources[count++], now_us);
        *ret_added += r > 0;
    }
    if (r >= 0)
        r = next_due(store, folder, suspects, now_us, ret_next_us);
    if (r < 0) {
        free_jobs(&taken);
        return r;
    }

    TAILQ_CONCAT(jobs, &taken, link);
    return (int)count;
}

/* ---- resuming after an unclean end ---- */

static int load_planned(struct ledger_store *store, struct job *job)
{
    sqlite3_stmt *statement = sql_start(store, SQL_OUTPUTS_OF_JOB, "i", (int64_t)job->id);
    int r;

    while ((r = sql_step(store, statement)) > 0) {
        _cleanup_free_ char *absolute = sql_column_string(statement, 0);
        uint32_t place = (uint32_t)sqlite3_column_int64(statement, 1);
        const char *path = absolute ? ledger_below_output(job->folder, absolute) : NULL;
        struct job_output *output = NULL;

        if (absolute && !path && place == RENDITION_NONE)
            continue; /* what an earlier version left in another Output stays there */
        if (absolute)
            output = job_add_output(job, RENDITION_NONE, path ?: absolute);
        if (!output) {
            sqlite3_reset(statement);
            return -ENOMEM;
        }
        job_output_set_place(output, place);
        output->elsewhere = !path;
        output->made = output->rendition != RENDITION_NONE;
        output->before = (struct published){
            .inode = (uint64_t)sqlite3_column_int64(statement, 2),
            .size = sqlite3_column_int64(statement, 3),
            .mtime_ns = sqlite3_column_int64(statement, 4),
        };
        output->width = (uint32_t)sqlite3_column_int64(statement, 5);
        output->height = (uint32_t)sqlite3_column_int64(statement, 6);
    }
    return r;
}

int ledger_store_resume(struct ledger_store *store, struct config *config, size_t slot,
                        const struct folder_conf *folder, struct job_list *jobs)
{
    sqlite3_stmt *statement =
        sql_start(store, SQL_RESUME_JOBS, "tii", folder->name, store->session, (int64_t)RESUME_BATCH);
    struct job_list found = TAILQ_HEAD_INITIALIZER(found);
    struct job *job;
    int count = 0;
    int r;

    while ((r = sql_step(store, statement)) > 0) {
        _cleanup_free_ char *message = sql_column_string(statement, 12);

        job = job_of_row(statement, config, slot, folder);
        if (!job) {
            r = -ENOMEM;
            break;
        }
        job->state = (enum job_state)sqlite3_column_int(statement, 9);
        job->resume = job->state == JOB_PUBLISHING ? RESUME_PUBLISH : RESUME_ORIGINAL;
        job->original = (enum job_original)sqlite3_column_int(statement, 13);
        error_set(&job->failure, 0, (enum error_class)sqlite3_column_int(statement, 10),
                  (enum error_stage)sqlite3_column_int(statement, 11), "%s", message ?: "");
        TAILQ_INSERT_TAIL(&found, job, link);
        count++;
    }
    sqlite3_reset(statement);

    TAILQ_FOREACH (job, &found, link) {
        if (r < 0)
            break;
        r = load_planned(store, job);
        if (r == 0)
            r = sql_finish(store, sql_start(store, SQL_SET_SESSION, "ii", (int64_t)job->id, store->session));
    }
    if (r < 0) {
        free_jobs(&found);
        return r;
    }

    TAILQ_CONCAT(jobs, &found, link);
    return count;
}

int ledger_store_leave(struct ledger_store *store, uint64_t job)
{
    return sql_finish(store, sql_start(store, SQL_SET_SESSION, "ii", (int64_t)job, (int64_t)0));
}

int ledger_store_leftovers(struct ledger_store *store, const char *folder,
                           int (*each)(void *context, const char *output_path, uint64_t job, uint32_t place),
                           void *context)
{
    sqlite3_stmt *statement = sql_start(store, SQL_LEFTOVERS, "t", folder);
    int r;

    while ((r = sql_step(store, statement)) > 0) {
        _cleanup_free_ char *path = sql_column_string(statement, 0);

        r = path ? each(context, path, (uint64_t)sqlite3_column_int64(statement, 1),
                        (uint32_t)sqlite3_column_int64(statement, 2))
                 : -ENOMEM;
        if (r < 0) {
            sqlite3_reset(statement);
            return r;
        }
    }
    return r;
}

/* ---- the rest of a job's life ---- */

/* What a job's end has to know of its source. */
struct source_facts {
    int64_t id;
    uint64_t again_recipe; /* see ledger_schema.h; 0: none */
    enum job_state outcome;
};

static int source_of(struct ledger_store *store, const struct job *job, struct source_facts *ret)
{
    sqlite3_stmt *statement = sql_start(store, SQL_GET_SOURCE_OF_JOB, "i", (int64_t)job->id);
    int r = sql_step(store, statement);

    *ret = (struct source_facts){ 0 };
    if (r > 0)
        *ret = (struct source_facts){
            .id = sqlite3_column_int64(statement, 0),
            .again_recipe = (uint64_t)sqlite3_column_int64(statement, 6), /* NULL is 0 */
            .outcome = (enum job_state)sqlite3_column_int(statement, 7),
        };
    sqlite3_reset(statement);
    return r < 0 ? r : 0;
}

int ledger_store_started(struct ledger_store *store, uint64_t job, bool started)
{
    return sql_finish(store, sql_start(store, SQL_SET_STARTED, "ii", (int64_t)job, (int64_t)started));
}

int ledger_store_pages(struct ledger_store *store, struct job *job)
{
    enum job_state state = job->state;
    struct source_facts source;
    int r;

    /* A batch that failed is tried again. */
    job_drop_outputs(job);
    free(take_ptr(job->clash));
    job->failure = (struct error){ .class = CLASS_NONE };
    job->state = JOB_OPENING;
    job->skipped = false;

    r = source_of(store, job, &source);
    if (r == 0)
        r = ledger_plan_pages(store, job, source.id);
    job->state = state; /* the loop's, which counts them */
    return r;
}

int ledger_store_move_output(struct ledger_store *store, const struct job *job,
                             const struct job_output *output, const char *path)
{
    _cleanup_free_ char *absolute = ledger_absolute_output(job->folder, output->path);
    struct source_facts source;
    int r;

    if (!absolute)
        return -ENOMEM;
    r = source_of(store, job, &source);
    if (r == 0)
        r = ledger_inherit(store, job, source.id, job_output_place(output), path);
    if (r <= 0)
        return r;
    if (strcmp(path, output->path) == 0)
        return 1;
    r = sql_finish(store, sql_start(store, SQL_DROP_RESERVATION, "bi", absolute, (int64_t)job->id));
    return r < 0 ? r : 1;
}

/* Resuming has nothing but these rows. */
static int announce_output(struct ledger_store *store, const struct job *job, const struct job_output *output)
{
    _cleanup_free_ char *absolute = ledger_absolute_output(job->folder, output->path);

    if (!absolute)
        return -ENOMEM;
    if (output->made)
        return sql_finish(store, sql_start(store, SQL_ANNOUNCE_OUTPUT, "biiii", absolute, (int64_t)job->id,
                                           (int64_t)job_output_place(output), (int64_t)output->width,
                                           (int64_t)output->height));
    return sql_finish(store, sql_start(store, SQL_ANNOUNCE_REMOVAL, "bii", absolute, (int64_t)job->id,
                                       (int64_t)RENDITION_NONE));
}

int ledger_store_intent(struct ledger_store *store, const struct job *job)
{
    /* Earlier attempts may have reserved other names, in another Output perhaps. */
    if (sql_finish(store, sql_start(store, SQL_ANNOUNCE_NOTHING, "ii", (int64_t)job->id,
                                    (int64_t)RENDITION_NONE)) < 0)
        return -EIO;
    for (size_t i = 0; i < job->output_count; i++) {
        int r = announce_output(store, job, &job->outputs[i]);

        if (r < 0)
            return r;
    }
    return sql_finish(store,
                      sql_start(store, SQL_SET_PUBLISHING, "ii", (int64_t)job->id, (int64_t)job->original));
}

static int record_outputs(struct ledger_store *store, const struct job *job)
{
    for (size_t i = 0; i < job->output_count; i++) {
        const struct job_output *output = &job->outputs[i];
        _cleanup_free_ char *absolute = ledger_absolute_output(job->folder, output->path);
        int r;

        if (!absolute)
            return -ENOMEM;
        if (output->made)
            r = sql_finish(store,
                           sql_start(store, SQL_SET_OUTPUT_PUBLISHED, "biiiiii", absolute,
                                     (int64_t)output->after.inode, output->after.size, output->after.mtime_ns,
                                     (int64_t)output->width, (int64_t)output->height, (int64_t)job->id));
        else
            r = sql_finish(store, sql_start(store, SQL_DROP_OUTPUT, "bi", absolute, (int64_t)job->id));
        if (r < 0)
            return r;
    }
    return 0;
}

/* Was it made with another recipe than the one that is asked for since? A half-published one may well have been. */
static bool is_outdated(const struct job *job, const struct source_facts *source)
{
    return job->state == JOB_DONE && source->again_recipe != 0 &&
           (source->again_recipe != job->recipe->hash || job->resume == RESUME_PUBLISH);
}

/* Another version came while this one was worked on, or it is @outdated: it gets its job now; @known: the content of
 * this one has its outcome. Returns 1 when there is one. */
static int follow_up(struct ledger_store *store, const struct job *job, bool known, bool outdated,
                     uint64_t now_us)
{
    sqlite3_stmt *statement = sql_start(store, SQL_GET_SOURCE_OF_JOB, "i", (int64_t)job->id);
    int r = sql_step(store, statement);
    struct version newest;
    int64_t source;

    if (r <= 0)
        return r;
    source = sqlite3_column_int64(statement, 0);
    newest = sql_column_version(statement, 1);
    sqlite3_reset(statement);
    if (newest.size < 0 || (version_equal(&newest, &job->version) && !outdated))
        return 0;
    return ledger_add_job(store, source, known && !outdated && may_be_unchanged(&newest, &job->version),
                          now_us);
}

int ledger_store_finish(struct ledger_store *store, const struct job *job, bool forget_version,
                        uint64_t now_us)
{
    struct source_facts source;
    int r;

    r = sql_finish(store,
                   sql_start(store, SQL_FINISH_JOB, "iiiitiiiii", (int64_t)job->id, (int64_t)job->state,
                             (int64_t)job->failure.class, (int64_t)job->failure.stage, job->failure.text,
                             (int64_t)job->attempts, (int64_t)job->original, (int64_t)now_us,
                             (int64_t)job->duration_us, (int64_t)job->cpu_us));
    if (r < 0)
        return r;
    store->counts[job->state]++;

    r = job->state == JOB_DONE ? record_outputs(store, job) : 0;
    if (r == 0) /* also what it was to make in an Output that it has no more */
        r = sql_finish(store, sql_start(store, SQL_DROP_UNMADE_OUTPUTS, "i", (int64_t)job->id));
    if (r < 0)
        return r;

    r = source_of(store, job, &source);
    if (r < 0)
        return r;
    /* What was superseded or vanished says nothing: the outcome stays that of the content that has one. */
    if (job->state == JOB_DONE || job->state == JOB_FAILED)
        r = sql_finish(store, sql_start(store, SQL_SET_SOURCE_OUTCOME, "iiii", source.id, (int64_t)job->state,
                                        (int64_t)job->source_hash, (int64_t)job->recipe->hash));
    if (r < 0)
        return r;

    r = follow_up(store, job, has_known_content(job->state, (int64_t)job->source_hash),
                  is_outdated(job, &source) && job->original == ORIGINAL_SETTLED, now_us);
    if (r == 0 && forget_version)
        r = sql_finish(store, sql_start(store, SQL_FORGET_SOURCE_VERSION, "i", (int64_t)job->id));
    return r;
}

int ledger_store_unchanged(struct ledger_store *store, const struct job *job, uint64_t now_us)
{
    int64_t id = (int64_t)job->id;
    struct source_facts source;
    int follows;

    /* What it had reserved goes, what its source had goes back to the job before. */
    if (source_of(store, job, &source) < 0)
        return -EIO;
    follows = follow_up(store, job, true, source.again_recipe != 0 && source.outcome == JOB_DONE, now_us);
    if (follows < 0 || sql_finish(store, sql_start(store, SQL_DROP_UNMADE_OUTPUTS, "i", id)) < 0 ||
        sql_finish(store, sql_start(store, SQL_RESTORE_SOURCE_JOB, "ii", source.id, id)) < 0 ||
        sql_finish(store, sql_start(store, SQL_RESTORE_OUTPUTS_JOB, "ii", source.id, id)) < 0 ||
        sql_finish(store, sql_start(store, SQL_DROP_JOB, "i", id)) < 0)
        return -EIO;
    return follows;
}

int ledger_store_release(struct ledger_store *store, const struct job *job, uint64_t now_us)
{
    int64_t not_before = job->delay_us ? (int64_t)(now_us + job->delay_us) : 0;

    return sql_finish(store,
                      sql_start(store, SQL_RELEASE_JOB, "iiiiitii", (int64_t)job->id, (int64_t)job->attempts,
                                not_before, (int64_t)job->failure.class, (int64_t)job->failure.stage,
                                job->failure.text, (int64_t)job->suspect, (int64_t)job->retries));
}

int ledger_store_original_done(struct ledger_store *store, const struct job *job, bool forget_version)
{
    int r = sql_finish(store, sql_start(store, SQL_ORIGINAL_DONE, "i", (int64_t)job->id));

    if (r < 0 || !forget_version)
        return r;
    return sql_finish(store, sql_start(store, SQL_FORGET_SOURCE_VERSION, "i", (int64_t)job->id));
}
