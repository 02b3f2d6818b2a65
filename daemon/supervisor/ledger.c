/* SPDX-License-Identifier: GPL-2.0-or-later */
/* ledger - see ledger.h. The thread's life is ledger_main(): gather a batch, apply it in one transaction,
 * answer. What a message does is apply_request() and apply_arrival(); how is in ledger_store.c. */
#include "supervisor/ledger.h"

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/text.h"
#include "supervisor/ledger_guard.h"

#include <assert.h>
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <semaphore.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

enum { RETRY_INTERVAL_MS = 1000 };

/* A question that a watcher waits on; on its stack, but for an intent. */
struct call {
    /* Answers it inside a transaction, which is tried again when it fails: -EIO for that. */
    int (*apply)(struct ledger *ledger, struct call *call);
    size_t slot;
    const char *folder;
    int (*each)(void *context, const char *output_path, uint64_t job, uint32_t place); /* enter */
    void *context;
    struct job *const *jobs; /* intent; move: one */
    size_t job_count;
    const struct job_output *output; /* move, to @path */
    const char *path;
    struct anchor *anchor; /* recall, remember */
    bool stop;             /* from ledger_stop(): the last message of all */
    int result;
    sem_t answered;
};

struct ledger_intent {
    struct call call;
};

struct arrival {
    struct call *call; /* or, when NULL: */
    size_t slot;
    char *folder; /* owned by the message; the path is in the same block */
    const char *path;
    struct version version; /* size -1: the file is gone */
    bool found;             /* see ledger_arrival() */
};

struct ledger {
    struct ledger_store *store;
    struct ledger_guard guard;
    struct ledger_policy policy;
    uint32_t instance;
    pthread_t thread;
    atomic_bool stopping; /* a batch that fails is not tried again */
    bool ended;           /* the thread's own: the stop came by */
    struct channel *replies;
    struct channel requests; /* from the loop */
    struct channel arrivals; /* from watchers */
    struct cell news_cell;
    struct ledger_news news; /* the thread's own; copied to the cell after each commit */
    struct ledger_news before;

    struct ledger_request request_batch[LEDGER_BATCH_MAX];
    size_t request_count;
    struct arrival arrival_batch[LEDGER_BATCH_MAX];
    size_t arrival_count;
};

/* ---- a batch ---- */

/* A walk over a large folder brings arrivals without an end, which wait for nothing but room: many of them share a
 * commit. Whoever waits for an answer shares his with few. */
static void gather(struct ledger *ledger)
{
    size_t arrivals_max;
    bool awaited = false;

    ledger->request_count = ledger->arrival_count = 0;
    while (ledger->request_count < LEDGER_BATCH_MAX &&
           channel_receive(&ledger->requests, &ledger->request_batch[ledger->request_count]))
        ledger->request_count++;

    arrivals_max = ledger->request_count > 0 ? LEDGER_ARRIVALS_AWAITED_MAX : LEDGER_BATCH_MAX;
    while (!awaited && ledger->arrival_count < arrivals_max &&
           channel_receive(&ledger->arrivals, &ledger->arrival_batch[ledger->arrival_count]))
        awaited = ledger->arrival_batch[ledger->arrival_count++].call;
}

static int enter_folder(struct ledger *ledger, struct call *call)
{
    struct ledger_folder_news *news = &ledger->news.folders[call->slot];
    int r = ledger_store_queued(ledger->store, call->folder, &news->queued, &news->suspects);

    if (r < 0)
        return r;
    news->added++;
    news->arrivals = news->taken = news->done_before = news->failed_before = 0;
    call->result = ledger_store_leftovers(ledger->store, call->folder, call->each, call->context);
    return call->result == -EIO ? -EIO : 0;
}

static int announce_jobs(struct ledger *ledger, struct call *call)
{
    int r = 0;

    for (size_t i = 0; r >= 0 && i < call->job_count; i++)
        r = ledger_store_intent(ledger->store, call->jobs[i]);
    return r;
}

static int note_scanned(struct ledger *ledger, struct call *call)
{
    return ledger_store_scanned(ledger->store, call->folder);
}

static int ask_output(struct ledger *ledger, struct call *call)
{
    int r = ledger_store_may_have(ledger->store, call->jobs[0], call->path);

    call->result = r == 0 ? -EEXIST : 0;
    return r;
}

static int move_output(struct ledger *ledger, struct call *call)
{
    int r = ledger_store_move_output(ledger->store, call->jobs[0], call->output, call->path);

    call->result = r == 0 ? -EEXIST : 0;
    return r;
}

static int recall_anchor(struct ledger *ledger, struct call *call)
{
    return ledger_store_recall_anchor(ledger->store, call->folder, call->anchor);
}

static int remember_anchor(struct ledger *ledger, struct call *call)
{
    return ledger_store_remember_anchor(ledger->store, call->folder, call->anchor);
}

static int apply_call(struct ledger *ledger, struct call *call)
{
    call->result = 0;
    return call->apply ? call->apply(ledger, call) : 0;
}

static int tell_failed(struct ledger *ledger, const struct arrival *arrival, uint64_t job)
{
    char path[TEXT_ESCAPED_MAX];
    _cleanup_free_ char *why = NULL;
    int r = ledger_store_failure(ledger->store, job, &why);

    if (r == 0)
        log_job(LOG_WARNING, job, "%s/%s failed before: %s", arrival->folder,
                text_escape(arrival->path, path, sizeof path), why);
    return r == -ENOMEM ? 0 : r;
}

/* A file that stays as it is. */
static int note_standing(struct ledger *ledger, const struct arrival *arrival,
                         const struct standing *standing)
{
    struct ledger_folder_news *news = &ledger->news.folders[arrival->slot];

    news->done_before += standing->state == JOB_DONE;
    news->failed_before += standing->state == JOB_FAILED;
    return standing->state == JOB_FAILED && ledger->policy.tells_failed
               ? tell_failed(ledger, arrival, standing->job)
               : 0;
}

static int apply_arrival(struct ledger *ledger, const struct arrival *arrival)
{
    struct ledger_folder_news *news;
    struct standing standing;
    int r;

    if (arrival->call)
        return apply_call(ledger, arrival->call);

    if (arrival->version.size < 0)
        return ledger_store_gone(ledger->store, arrival->folder, arrival->path);
    r = ledger_store_arrival(ledger->store, arrival->folder, arrival->path, &arrival->version, arrival->found,
                             realtime_us(), &standing);
    if (r == 0)
        r = note_standing(ledger, arrival, &standing);
    if (r < 0)
        return r;

    news = &ledger->news.folders[arrival->slot];
    news->arrivals++;
    if (r > 0) {
        news->queued++;
        news->added++;
    }
    return 0;
}

static int apply_take(struct ledger *ledger, struct take *take)
{
    struct ledger_folder_news *news = &ledger->news.folders[take->slot];
    uint64_t added = 0;
    int r;

    TAILQ_INIT(&take->jobs);
    take->count = 0;
    take->next_us = USEC_INFINITY;
    take->added = news->added;
    if (take->resume)
        r = ledger_store_resume(ledger->store, take->config, take->slot, take->folder, &take->jobs);
    else
        r = ledger_store_take(ledger->store, take->config, take->slot, take->folder, take->suspects,
                              take->limit, realtime_us(), &take->jobs, &added, &take->next_us);
    if (r < 0)
        return r;

    take->count = (size_t)r;
    news->taken += take->count;
    news->queued += added;
    news->added += added;
    if (take->suspects)
        news->suspects -= take->count;
    else if (!take->resume)
        news->queued -= take->count;
    return 0;
}

static void queued_again(struct ledger *ledger, const struct job *job)
{
    struct ledger_folder_news *news = &ledger->news.folders[job->slot];

    if (job->suspect)
        news->suspects++;
    else
        news->queued++;
    news->added++;
}

/* The end of @job brought a newer version of its source into the queue, when @r says so. */
static int follow_up_queued(struct ledger *ledger, const struct job *job, int r)
{
    if (r > 0) {
        ledger->news.folders[job->slot].queued++;
        ledger->news.folders[job->slot].added++;
    }
    return r;
}

static int apply_finish(struct ledger *ledger, const struct ledger_request *request)
{
    return follow_up_queued(
        ledger, request->job,
        ledger_store_finish(ledger->store, request->job, request->forget_version, realtime_us()));
}

static int apply_unchanged(struct ledger *ledger, const struct ledger_request *request)
{
    return follow_up_queued(ledger, request->job,
                            ledger_store_unchanged(ledger->store, request->job, realtime_us()));
}

static int apply_release(struct ledger *ledger, const struct ledger_request *request)
{
    int r = ledger_store_release(ledger->store, request->job, realtime_us());

    if (r == 0)
        queued_again(ledger, request->job);
    return r;
}

static int apply_purge(struct ledger *ledger, struct ledger_request *request)
{
    int r = ledger_store_purge(ledger->store, request->before_us);

    request->count = r > 0 ? (size_t)r : 0;
    return r;
}

/* What is queued anew is in the news of its folder. */
static int apply_again(struct ledger *ledger, struct again *again)
{
    int r = ledger_store_again(ledger->store, again, realtime_us());

    for (size_t i = 0; r == 0 && i < again->config->folder_count; i++) {
        size_t slot = again->slots[i];

        if (again->queued[i] == 0 || slot == FOLDERS_MAX)
            continue;
        ledger->news.folders[slot].queued += again->queued[i];
        ledger->news.folders[slot].added++;
    }
    return r;
}

static int apply_request(struct ledger *ledger, struct ledger_request *request)
{
    switch (request->op) {
    case LEDGER_TAKE:
        return apply_take(ledger, request->take);
    case LEDGER_STARTED:
        return ledger_store_started(ledger->store, request->job->id, true);
    case LEDGER_PAGES:
        return ledger_store_pages(ledger->store, request->job);
    case LEDGER_CAME_THROUGH:
        return ledger_store_started(ledger->store, request->job_id, false);
    case LEDGER_LEFT:
        return ledger_store_leave(ledger->store, request->job_id);
    case LEDGER_FINISH:
        return apply_finish(ledger, request);
    case LEDGER_UNCHANGED:
        return apply_unchanged(ledger, request);
    case LEDGER_RELEASE:
        return apply_release(ledger, request);
    case LEDGER_ORIGINAL_DONE:
        return ledger_store_original_done(ledger->store, request->job, request->forget_version);
    case LEDGER_LIST:
        return ledger_store_list(ledger->store, request->query);
    case LEDGER_PLAN:
        return ledger_store_plan(ledger->store, request->job);
    case LEDGER_AGAIN:
        return apply_again(ledger, request->again);
    case LEDGER_PURGE:
        return apply_purge(ledger, request);
    }
    abort();
}

/* Jobs that a rolled-back batch handed out are made anew when it is tried again. */
static void undo_takes(struct ledger *ledger)
{
    for (size_t i = 0; i < ledger->request_count; i++) {
        struct take *take = ledger->request_batch[i].op == LEDGER_TAKE ? ledger->request_batch[i].take : NULL;
        struct job *job;

        while (take && take->count > 0 && (job = TAILQ_FIRST(&take->jobs))) {
            TAILQ_REMOVE(&take->jobs, job, link);
            job_free(job);
        }
        if (take)
            take->count = 0;
    }
}

static int apply_batch(struct ledger *ledger)
{
    int r = ledger_store_begin(ledger->store);

    for (size_t i = 0; r >= 0 && i < ledger->request_count; i++)
        r = apply_request(ledger, &ledger->request_batch[i]);
    for (size_t i = 0; r >= 0 && i < ledger->arrival_count; i++)
        r = apply_arrival(ledger, &ledger->arrival_batch[i]);
    if (r >= 0)
        r = ledger_store_commit(ledger->store);
    return r;
}

/* ---- answers and news ---- */

static const struct {
    bool any;
    enum reply_kind kind;
} replies_by_op[] = {
    [LEDGER_TAKE] = { true, REPLY_TAKEN },
    [LEDGER_STARTED] = { true, REPLY_STARTED },
    [LEDGER_PAGES] = { true, REPLY_PAGED },
    [LEDGER_CAME_THROUGH] = { false, 0 },
    [LEDGER_LEFT] = { false, 0 },
    [LEDGER_FINISH] = { true, REPLY_RECORDED },
    [LEDGER_UNCHANGED] = { true, REPLY_RELEASED },
    [LEDGER_RELEASE] = { true, REPLY_RELEASED },
    [LEDGER_ORIGINAL_DONE] = { true, REPLY_ORIGINAL_RECORDED },
    [LEDGER_LIST] = { true, REPLY_LISTED },
    [LEDGER_PURGE] = { true, REPLY_PURGED },
    [LEDGER_PLAN] = { true, REPLY_PLANNED },
    [LEDGER_AGAIN] = { true, REPLY_AGAIN },
};

static void answer(struct ledger *ledger, int result)
{
    for (size_t i = 0; i < ledger->request_count; i++) {
        const struct ledger_request *request = &ledger->request_batch[i];
        struct reply reply = { .kind = replies_by_op[request->op].kind,
                               .job = request->job,
                               .take = request->take,
                               .query = request->query,
                               .again = request->again,
                               .count = request->count };

        if (replies_by_op[request->op].any)
            channel_send(ledger->replies, &reply);
    }
    for (size_t i = 0; i < ledger->arrival_count; i++) {
        struct arrival *arrival = &ledger->arrival_batch[i];

        free(arrival->folder);
        if (arrival->call) {
            if (result < 0)
                arrival->call->result = result;
            ledger->ended |= arrival->call->stop;
            sem_post(&arrival->call->answered);
        }
    }
}

static void publish_news(struct ledger *ledger)
{
    for (enum job_state state = 0; state < JOB_STATE_COUNT; state++)
        ledger->news.counts[state] = ledger_store_count(ledger->store, state);

    if (memcmp(&ledger->news, &ledger->before, sizeof ledger->news) != 0) {
        ledger->news.sequence++;
        ledger->before = ledger->news;
        cell_write(&ledger->news_cell, &ledger->news);
    }
}

static void say_failing(struct ledger *ledger)
{
    if (!ledger->news.failing)
        log_error(
            "the ledger cannot be written: %s; nothing is dispatched or published, retrying every second",
            ledger_store_text(ledger->store));
    ledger->news.failing = true;
    memset(ledger->news.text, 0, sizeof ledger->news.text);
    snprintf(ledger->news.text, sizeof ledger->news.text, "%s", ledger_store_text(ledger->store));
    publish_news(ledger);
}

static void say_healed(struct ledger *ledger)
{
    if (ledger->news.failing)
        log_notice("the ledger can be written again");
    ledger->news.failing = false;
    memset(ledger->news.text, 0, sizeof ledger->news.text);
}

/* Looked at with every batch, and while one is missing from time to time. */
static void look_after_files(struct ledger *ledger)
{
    const char *before = ledger->news.missing;

    ledger->news.missing = ledger_guard_missing(&ledger->guard);
    if (ledger->news.missing && !before)
        log_error(
            "the ledger in use is not at %s any more: put it back, or stop darkroomd and start it again",
            ledger->news.missing);
    else if (before && !ledger->news.missing)
        log_notice("the ledger is where it was again");
}

/* Applies the batch, again and again until it is durable. At shut-down a failing disk is not waited for: what
 * was not recorded stays as handed out, and is found by the next start. */
static void settle_batch(struct ledger *ledger)
{
    int r;

    for (;;) {
        struct ledger_news undo = ledger->news;

        r = apply_batch(ledger);
        if (r >= 0)
            break;
        ledger_store_rollback(ledger->store);
        undo_takes(ledger);
        ledger->news = undo;
        say_failing(ledger);
        if (atomic_load(&ledger->stopping))
            break;
        poll(NULL, 0, RETRY_INTERVAL_MS);
    }

    if (r >= 0)
        say_healed(ledger);
    look_after_files(ledger);
    publish_news(ledger);
    answer(ledger, r);
}

/* ---- the thread ---- */

static void wait_for_messages(struct ledger *ledger)
{
    struct pollfd fds[] = {
        { .fd = channel_fd(&ledger->requests), .events = POLLIN },
        { .fd = channel_fd(&ledger->arrivals), .events = POLLIN },
    };

    /* ledger_stop() sends a message too, so this never sleeps through it. */
    while (poll(fds, ARRAY_SIZE(fds), ledger->news.missing ? RETRY_INTERVAL_MS : -1) < 0)
        assert(errno == EINTR);
}

/* False when there was nothing to do. */
static bool work_off_batch(struct ledger *ledger)
{
    gather(ledger);
    if (ledger->request_count + ledger->arrival_count == 0)
        return false;
    settle_batch(ledger);
    return true;
}

static void *ledger_main(void *argument)
{
    struct ledger *ledger = argument;

    pthread_setname_np(pthread_self(), "ledger");
    while (!ledger->ended) {
        wait_for_messages(ledger);
        if (work_off_batch(ledger))
            continue;
        look_after_files(ledger);
        publish_news(ledger);
    }
    /* The stop may have overtaken what was sent before it through the other channel. */
    while (work_off_batch(ledger))
        ;
    return NULL;
}

void ledger_free(struct ledger *ledger)
{
    if (!ledger)
        return;
    channel_release(&ledger->requests);
    channel_release(&ledger->arrivals);
    cell_release(&ledger->news_cell);
    ledger_store_close(ledger->store);
    ledger_guard_release(&ledger->guard);
    free(ledger);
}

int ledger_start(const char *path, const struct ledger_policy *policy, struct channel *replies,
                 struct ledger **ret, struct error *error)
{
    struct ledger *ledger = calloc(1, sizeof *ledger);
    int r;

    if (!ledger)
        return error_set(error, ENOMEM, CLASS_ENVIRONMENT, STAGE_NONE, "out of memory");
    ledger->replies = replies;
    ledger->policy = *policy;
    atomic_init(&ledger->stopping, false);

    r = ledger_store_open(path, &ledger->store, error);
    if (r < 0)
        goto fail;

    r = ledger_store_set_redo(ledger->store, policy->redo);
    if (r < 0) {
        error_set_errno(error, -r, STAGE_NONE, "cannot read the ledger");
        goto fail;
    }
    ledger->instance = ledger_store_instance(ledger->store);
    r = ledger_guard_init(&ledger->guard, path);
    if (r == 0)
        r = channel_init(&ledger->requests, sizeof(struct ledger_request), LEDGER_REQUESTS_MAX + 1);
    if (r == 0)
        r = channel_init(&ledger->arrivals, sizeof(struct arrival), LEDGER_ARRIVALS_MAX);
    if (r == 0)
        r = cell_init(&ledger->news_cell, sizeof(struct ledger_news));
    if (r == 0) {
        publish_news(ledger);
        r = -pthread_create(&ledger->thread, NULL, ledger_main, ledger);
    }
    if (r < 0) {
        error_set_errno(error, -r, STAGE_NONE, "cannot start the ledger");
        goto fail;
    }

    *ret = ledger;
    return 0;

fail:
    ledger_free(ledger);
    return r;
}

void ledger_stop(struct ledger *ledger)
{
    struct call stop = { .stop = true };
    struct arrival message = { .call = &stop };

    atomic_store(&ledger->stopping, true);
    sem_init(&stop.answered, 0, 0);
    channel_send_wait(&ledger->arrivals, &message);
    /* Before the thread ends, so that every message is either answered or refused. */
    channel_close(&ledger->arrivals);
    pthread_join(ledger->thread, NULL);
    sem_destroy(&stop.answered);
    ledger_store_close(take_ptr(ledger->store));
}

void ledger_send(struct ledger *ledger, const struct ledger_request *request)
{
    channel_send(&ledger->requests, request);
}

int ledger_news_fd(const struct ledger *ledger)
{
    return cell_fd(&ledger->news_cell);
}

void ledger_read_news(struct ledger *ledger, struct ledger_news *ret)
{
    cell_read(&ledger->news_cell, ret);
}

uint32_t ledger_instance(const struct ledger *ledger)
{
    return ledger->instance;
}

/* ---- for watchers ---- */

int ledger_arrival(struct ledger *ledger, size_t slot, const char *folder, const char *path,
                   const struct version *version, bool found)
{
    size_t folder_size = strlen(folder) + 1, path_size = strlen(path) + 1;
    struct arrival arrival = {
        .slot = slot, .folder = malloc(folder_size + path_size), .version = *version, .found = found
    };
    int r;

    if (!arrival.folder)
        return -ENOMEM;
    memcpy(arrival.folder, folder, folder_size);
    arrival.path = memcpy(arrival.folder + folder_size, path, path_size);

    r = channel_send_wait(&ledger->arrivals, &arrival);
    if (r < 0)
        free(arrival.folder);
    return r;
}

/* When that fails, nobody will answer it. */
static int send_call(struct ledger *ledger, struct call *call)
{
    struct arrival message = { .call = call };
    int r;

    sem_init(&call->answered, 0, 0);
    r = channel_send_wait(&ledger->arrivals, &message);
    if (r < 0)
        sem_destroy(&call->answered);
    return r;
}

static int wait_for_answer(struct call *call)
{
    while (sem_wait(&call->answered) < 0)
        assert(errno == EINTR);
    sem_destroy(&call->answered);
    return call->result;
}

static int call_and_wait(struct ledger *ledger, struct call *call)
{
    int r = send_call(ledger, call);

    return r < 0 ? r : wait_for_answer(call);
}

int ledger_enter_folder(struct ledger *ledger, size_t slot, const char *folder,
                        int (*each)(void *context, const char *output_path, uint64_t job, uint32_t place),
                        void *context)
{
    struct call call = {
        .apply = enter_folder, .slot = slot, .folder = folder, .each = each, .context = context
    };

    return call_and_wait(ledger, &call);
}

int ledger_recall_anchor(struct ledger *ledger, const char *folder, struct anchor *anchor)
{
    struct call call = { .apply = recall_anchor, .folder = folder, .anchor = anchor };

    return call_and_wait(ledger, &call);
}

int ledger_remember_anchor(struct ledger *ledger, const char *folder, const struct anchor *anchor)
{
    struct call call = { .apply = remember_anchor, .folder = folder, .anchor = (struct anchor *)anchor };

    return call_and_wait(ledger, &call);
}

struct ledger_intent *ledger_intent_send(struct ledger *ledger, struct job *const *jobs, size_t count)
{
    struct ledger_intent *intent = malloc(sizeof *intent);

    if (!intent)
        return NULL;
    intent->call = (struct call){ .apply = announce_jobs, .jobs = jobs, .job_count = count };
    if (send_call(ledger, &intent->call) == 0)
        return intent;
    free(intent);
    return NULL;
}

int ledger_intent_wait(struct ledger_intent *intent)
{
    int r = intent ? wait_for_answer(&intent->call) : -EPIPE;

    free(intent);
    return r;
}

int ledger_scanned(struct ledger *ledger, const char *folder)
{
    struct call call = { .apply = note_scanned, .folder = folder };

    return call_and_wait(ledger, &call);
}

int ledger_move_output(struct ledger *ledger, const struct job *job, const struct job_output *output,
                       const char *path)
{
    struct job *const jobs[] = { (struct job *)job };
    struct call call = { .apply = move_output, .jobs = jobs, .output = output, .path = path };

    return call_and_wait(ledger, &call);
}

int ledger_may_have(struct ledger *ledger, const struct job *job, const char *path)
{
    struct job *const jobs[] = { (struct job *)job };
    struct call call = { .apply = ask_output, .jobs = jobs, .path = path };

    return call_and_wait(ledger, &call);
}
