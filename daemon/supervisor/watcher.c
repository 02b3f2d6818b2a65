/* SPDX-License-Identifier: GPL-2.0-or-later */
/* watcher - see watcher.h. One turn of the thread's loop is turn(): events, requests, opening, a batch of
 * publishing, settled files, a piece of a scan. Files come in through intake.c; this file serves requests. */
#include "supervisor/watcher.h"

#include "base/cell.h"
#include "base/cleanup.h"
#include "base/clock.h"
#include "base/lock.h"
#include "base/log.h"
#include "base/text.h"
#include "supervisor/anchor.h"
#include "supervisor/claim.h"
#include "supervisor/intake.h"
#include "supervisor/originals.h"
#include "supervisor/plan.h"
#include "supervisor/publish.h"
#include "supervisor/source.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#define HOLD_RETRY_US (2 * USEC_PER_SEC)         /* how often a held folder is tried again */
#define ORIGINAL_RETRY_US (4 * USEC_PER_SEC)     /* how often an original that could not be dealt with is */
#define MOUNTS_INTERVAL_US (100 * USEC_PER_MSEC) /* however often mounts come and go */
enum { OVERLAP_JOBS_MIN = 4 };       /* announced ones: fewer do not wait for what else there is to do */
enum { ORIGINALS_PENDING_MAX = 32 }; /* with more of these the folder is held: its archive is not there */
#define WRITING_GRACE_US (60 * USEC_PER_SEC) /* undecodable and younger than this: an upload that stalls */
#define WRITING_RETRY_US (5 * USEC_PER_SEC)  /* undecodable and still open for writing */

/* A batch of which only the names are not there yet. */
struct announcement {
    struct publish_batch *batch;         /* NULL: none */
    struct job *jobs[PUBLISH_BATCH_MAX]; /* those that are announced */
    size_t count;
    struct ledger_intent *intent; /* gets durable meanwhile */
};

struct watcher {
    size_t slot;
    char *name; /* the folder's */
    struct ledger *ledger;
    struct channel *replies;
    const struct kernel_settings *kernel;
    bool once;
    struct channel requests;
    struct cell news_cell;
    /* What may be asked for again and again while the thread is kept waiting: one message, and the newest counts. */
    struct {
        pthread_mutex_t lock;
        bool scan;
        struct config *config; /* a reference, or NULL */
        const struct folder_conf *folder;
    } asked;
    atomic_uint_fast64_t busy_since_us; /* monotonic: when what it does now began; 0: it sleeps */
    pthread_t thread;

    /* The thread's own. */
    struct config *config;
    const struct folder_conf *conf;
    struct intake *intake;
    struct anchor output, archive, failed;
    struct job_list opening;    /* sources that wait to be opened */
    struct job_list publishing; /* finished pictures that wait to be published */
    struct job_list refused;    /* those that the environment did not let be */
    struct publish_batch batches[2];
    struct announcement announcement; /* of one of them, or of none */
    struct job_list originals;        /* those that could not be dealt with yet */
    size_t originals_count;
    char originals_reason[WATCHER_REASON_MAX]; /* why the last of them could not be dealt with */
    uint64_t hold_until_us, originals_retry_us;
    uint64_t mounts_due_us;               /* not before are they tried again because of another mount */
    char hold_reason[WATCHER_REASON_MAX]; /* "": not held */
    bool stopping;
};

const char *folder_state_name(enum folder_state state)
{
    static const char *const names[] = { [FOLDER_OK] = "ok", [FOLDER_HELD] = "held", [FOLDER_LOST] = "lost" };

    return names[state];
}

const char *folder_watch_name(enum folder_watch watch)
{
    static const char *const names[] = {
        [FOLDER_INOTIFY] = "inotify", [FOLDER_POLL] = "poll", [FOLDER_MIXED] = "mixed"
    };

    return names[watch];
}

static void answer(struct watcher *watcher, enum reply_kind kind, enum verdict verdict, struct job *job)
{
    struct reply reply = { .kind = kind, .verdict = verdict, .slot = watcher->slot, .job = job };

    channel_send(watcher->replies, &reply);
}

/* ---- places ---- */

/* The anchor of @path, one of the directories of @conf: perhaps of an older configuration than the last time. */
static struct anchor *place(struct watcher *watcher, struct anchor *anchor, const struct folder_conf *conf,
                            const char *path)
{
    if (anchor_set(anchor, path, conf->requires_mount) && anchor->path)
        ledger_recall_anchor(watcher->ledger, watcher->name, anchor);
    return anchor;
}

static void remember(struct watcher *watcher, struct anchor *anchor)
{
    if (anchor->unsaved && ledger_remember_anchor(watcher->ledger, watcher->name, anchor) == 0)
        anchor->unsaved = false;
}

/* ---- opening and examining ---- */

static int move_output(void *user, const struct job *job, const struct job_output *output, const char *path)
{
    const struct watcher *watcher = user;

    if (job->plan)
        return ledger_may_have(watcher->ledger, job, path);
    return ledger_move_output(watcher->ledger, job, output, path);
}

/* The places of a folder, held open for as long as several jobs in a row need them. */
struct visit {
    struct watcher *watcher;
    int root;                       /* Path; -errno */
    const struct folder_conf *conf; /* whose Output is open; NULL: none is */
    int output;                     /* -errno with @error */
    struct error error;
};

static struct visit visit_begin(struct watcher *watcher)
{
    return (struct visit){ .watcher = watcher, .root = intake_open_root(watcher->intake), .output = -1 };
}

static void visit_end(struct visit *visit)
{
    close_fd(visit->root);
    close_fd(visit->output);
}

/* Output of @conf: of an older configuration perhaps than the last job's. */
static int visit_output(struct visit *visit, const struct folder_conf *conf)
{
    struct watcher *watcher = visit->watcher;

    if (visit->conf == conf)
        return visit->output;
    close_fd(visit->output);
    visit->conf = conf;
    visit->output = anchor_open(place(watcher, &watcher->output, conf, conf->output), &visit->error);
    remember(watcher, &watcher->output);
    return visit->output;
}

/* Before any work is done for outputs that could not have their names (or, of a plan, after it: @made). */
static enum verdict claim(struct visit *visit, struct job *job, bool made)
{
    struct claim_context context = {
        .conf = job->folder, .source_root = visit->root, .move = move_output, .user = visit->watcher
    };

    if (job->known_hash != 0)
        return VERDICT_OK; /* most likely it makes nothing */
    context.root = visit_output(visit, job->folder);
    if (context.root < 0) {
        job->failure = visit->error;
        job->failure.stage = STAGE_PUBLISH;
        job->failure.class = CLASS_ENVIRONMENT;
        return VERDICT_RETRY;
    }
    return claim_outputs(&context, job, made);
}

/* A conflict does not end a plan: the names that there are to show are those of now. */
static enum verdict claim_for_plan(struct visit *visit, struct job *job, bool made)
{
    enum verdict verdict = claim(visit, job, made);

    if (verdict == VERDICT_FAILED) {
        if (job->plan->conflict.class == CLASS_NONE)
            job->plan->conflict = job->failure;
        job->failure = (struct error){ .class = CLASS_NONE };
        verdict = VERDICT_OK;
    }
    plan_look_at_names(job);
    return verdict;
}

static void claim_made(struct watcher *watcher, struct job *job)
{
    _cleanup_(visit_end) struct visit visit = visit_begin(watcher);

    answer(watcher, REPLY_CLAIMED, visit.root < 0 ? VERDICT_RETURNED : claim_for_plan(&visit, job, true),
           job);
}

/* A plan is of the version that is there now. */
static void look(struct watcher *watcher, struct job *job)
{
    _cleanup_close_ int root = intake_open_root(watcher->intake);
    enum verdict verdict = root < 0 ? VERDICT_RETURNED : source_look(job, root);

    answer(watcher, REPLY_LOOKED, verdict, job);
}

static void open_source(struct visit *visit, struct job *job)
{
    struct watcher *watcher = visit->watcher;
    enum verdict verdict =
        visit->root < 0 ? VERDICT_RETURNED : source_open(job, visit->root, watcher->kernel);

    if (verdict == VERDICT_OK)
        verdict = job->plan ? claim_for_plan(visit, job, false) : claim(visit, job, false);
    if (verdict == VERDICT_SUPERSEDED && !job->plan)
        intake_touch(watcher->intake, job->path);
    answer(watcher, REPLY_OPENED, verdict, job);
}

/* All that have been asked for, one after the other, in one visit. */
static void open_sources(struct watcher *watcher)
{
    _cleanup_(visit_end) struct visit visit = { .root = -1, .output = -1 };
    struct job *job;

    if (TAILQ_EMPTY(&watcher->opening))
        return;
    visit = visit_begin(watcher);
    while ((job = TAILQ_FIRST(&watcher->opening))) {
        TAILQ_REMOVE(&watcher->opening, job, link);
        open_source(&visit, job);
    }
}

/* How long an undecodable file is left alone because it may still grow; 0: it is as it will be. */
static uint64_t time_to_grow(const struct watcher *watcher, const struct job *job, int root)
{
    uint64_t grace = watcher->once ? 0 : WRITING_GRACE_US;
    int64_t age_us = (int64_t)realtime_us() - job->version.mtime_ns / (int64_t)NSEC_PER_USEC;

    if (!job->undecodable || !source_is_being_written(job, root, grace))
        return 0;
    if (age_us >= 0 && (uint64_t)age_us + WRITING_RETRY_US < grace)
        return grace - (uint64_t)age_us;
    return WRITING_RETRY_US;
}

static void examine(struct watcher *watcher, struct job *job)
{
    _cleanup_close_ int root = intake_open_root(watcher->intake);
    enum verdict verdict = root < 0 ? VERDICT_RETURNED : source_compare(job, root);
    uint64_t grow_us = verdict == VERDICT_OK ? time_to_grow(watcher, job, root) : 0;

    if (verdict == VERDICT_SUPERSEDED)
        intake_touch(watcher->intake, job->path);
    if (grow_us > 0) {
        intake_hold(watcher->intake, job->path, grow_us);
        verdict = VERDICT_AWAITED;
    }
    answer(watcher, REPLY_EXAMINED, verdict, job);
}

/* ---- publishing ---- */

struct compare_context {
    struct watcher *watcher;
    int root;
};

static enum verdict compare(void *user, struct job *job)
{
    const struct compare_context *context = user;

    return context->root < 0 ? VERDICT_RETURNED : source_compare(job, context->root);
}

static int move_published(void *user, const struct job *job, const struct job_output *output,
                          const char *path)
{
    return move_output(((const struct compare_context *)user)->watcher, job, output, path);
}

static void hold(struct watcher *watcher, const struct job *job)
{
    char reason[WATCHER_REASON_MAX];

    text_copy_cut(job->failure.text, reason, sizeof reason);
    if (strcmp(reason, watcher->hold_reason) != 0)
        log_warning("folder %s is held: %s, retrying every %d s", watcher->name, reason,
                    (int)(HOLD_RETRY_US / USEC_PER_SEC));
    memcpy(watcher->hold_reason, reason, sizeof reason);
    watcher->hold_until_us = monotonic_us() + HOLD_RETRY_US;
}

static void unhold(struct watcher *watcher)
{
    if (watcher->hold_reason[0])
        log_notice("folder %s is no longer held", watcher->name);
    memset(watcher->hold_reason, 0, sizeof watcher->hold_reason);
    watcher->hold_until_us = 0;
}

/* Is it the environment that refused @job, and not its own source? */
static bool holds(const struct job *job, enum verdict verdict)
{
    return verdict == VERDICT_RETRY && job->failure.class == CLASS_ENVIRONMENT;
}

/* One job that the environment refused holds the folder, whatever became of its neighbours in the batch. */
static void judge_environment(struct watcher *watcher, struct job *const *jobs, const enum verdict *verdicts,
                              size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (holds(jobs[i], verdicts[i])) {
            hold(watcher, jobs[i]);
            return;
        }
    }
}

/* Makes the outputs of @job, which was announced for @output, those of another Output, as the ledger does at a start:
 * the next round sweeps what is left of them there, and has them made again. False when memory is out. */
static bool leave_output(struct job *job, const char *output)
{
    for (size_t i = 0; i < job->output_count; i++) {
        char *absolute;

        if (job->outputs[i].elsewhere)
            continue;
        if (asprintf(&absolute, "%s/%s", output, job->outputs[i].path) < 0)
            return false;
        free(job->outputs[i].path);
        job->outputs[i].path = absolute;
        job->outputs[i].elsewhere = true;
    }
    return true;
}

/* @job was refused, and its folder is configured otherwise by now, which may be the cure: what was not announced is
 * made again under that. What was comes out as announced, unless Output is another one. */
static enum verdict reconsider(struct watcher *watcher, struct job *job)
{
    if (job->config == watcher->config)
        return VERDICT_RETRY;
    if (job->resume != RESUME_PUBLISH)
        return VERDICT_RETURNED;
    if (strcmp(job->folder->output, watcher->conf->output) == 0 || leave_output(job, job->folder->output))
        job_reconfigure(job, watcher->config, watcher->conf);
    return VERDICT_RETRY;
}

static void published(struct watcher *watcher, struct job *job, enum verdict verdict)
{
    if (holds(job, verdict))
        verdict = reconsider(watcher, job);
    if (holds(job, verdict)) {
        TAILQ_INSERT_TAIL(&watcher->refused, job, link);
        return;
    }
    if (verdict == VERDICT_SUPERSEDED)
        intake_touch(watcher->intake, job->path);
    answer(watcher, REPLY_PUBLISHED, verdict, job);
}

/* Takes the next jobs that are published together: of one configuration, and not too many files. */
static size_t next_batch(struct watcher *watcher, struct job **jobs)
{
    size_t count = 0, outputs = 0;
    struct job *job;

    while ((job = TAILQ_FIRST(&watcher->publishing)) && count < PUBLISH_BATCH_MAX) {
        outputs += job->output_count;
        if (count > 0 && (outputs > PUBLISH_BATCH_OUTPUTS_MAX || job->folder != jobs[0]->folder ||
                          job->resume != RESUME_NONE || jobs[0]->resume != RESUME_NONE))
            break;
        TAILQ_REMOVE(&watcher->publishing, job, link);
        jobs[count++] = job;
    }
    return count;
}

/* The one that is not announced. */
static struct publish_batch *free_batch(struct watcher *watcher)
{
    return &watcher->batches[watcher->announcement.batch == &watcher->batches[0]];
}

static void close_batch(struct watcher *watcher, const struct publish_batch *batch)
{
    judge_environment(watcher, batch->jobs, batch->verdicts, batch->count);
    for (size_t i = 0; i < batch->count; i++)
        published(watcher, batch->jobs[i], batch->verdicts[i]);
}

/* Writes the next pictures. NULL when there are none; or it was a job that had been announced before a crash, with which
 * that is all. */
static struct publish_batch *write_batch(struct watcher *watcher)
{
    struct publish_batch *batch = free_batch(watcher);
    _cleanup_close_ int root = -1;
    struct compare_context user = { .watcher = watcher };
    struct publish_context context = { .instance = ledger_instance(watcher->ledger),
                                       .move = move_published,
                                       .compare = compare,
                                       .user = &user };
    bool resumes;

    batch->count = next_batch(watcher, batch->jobs);
    if (batch->count == 0)
        return NULL;
    resumes = batch->jobs[0]->resume == RESUME_PUBLISH;
    user.root = context.source_root = root = intake_open_root(watcher->intake);
    context.conf = batch->jobs[0]->folder;
    context.output = place(watcher, &watcher->output, context.conf, context.conf->output);
    if (resumes)
        batch->verdicts[0] = publish_resume(&context, batch->jobs[0]);
    else
        publish_write(batch, &context);
    remember(watcher, &watcher->output);
    if (!resumes)
        return batch;
    close_batch(watcher, batch);
    return NULL;
}

static void announce(struct watcher *watcher, struct publish_batch *batch)
{
    struct announcement *announcement = &watcher->announcement;

    announcement->batch = batch;
    announcement->count = publish_announce(batch, announcement->jobs);
    for (size_t i = 0; i < announcement->count; i++)
        announcement->jobs[i]->original = originals_pending(announcement->jobs[i], JOB_DONE);
    if (announcement->count > 0)
        announcement->intent = ledger_intent_send(watcher->ledger, announcement->jobs, announcement->count);
}

/* Waits until what was announced may have its names. */
static void name_announced(struct watcher *watcher)
{
    struct announcement *announcement = &watcher->announcement;
    int r = announcement->count > 0 ? ledger_intent_wait(take_ptr(announcement->intent)) : 0;

    publish_name(announcement->batch, r);
}

static void end_announced(struct watcher *watcher)
{
    struct publish_batch *batch = take_ptr(watcher->announcement.batch);

    publish_end(batch);
    close_batch(watcher, batch);
}

static void finish_announced(struct watcher *watcher)
{
    if (!watcher->announcement.batch)
        return;
    name_announced(watcher);
    end_announced(watcher);
}

/* Batches follow each other so that no wait is for one alone: the next one is written while the intent of the last gets
 * durable, and the names of that are on the disk with the pictures of this. */
static void publish_next(struct watcher *watcher)
{
    bool named = watcher->announcement.batch != NULL;
    struct publish_batch *next = write_batch(watcher);

    if (named)
        name_announced(watcher);
    if (next)
        publish_flush(next);
    if (named)
        end_announced(watcher);
    if (next)
        announce(watcher, next);
}

static bool is_held(const struct watcher *watcher)
{
    return monotonic_us() < watcher->hold_until_us;
}

static bool has_published_all(const struct watcher *watcher)
{
    return TAILQ_EMPTY(&watcher->publishing) && TAILQ_EMPTY(&watcher->refused) &&
           !watcher->announcement.batch;
}

/* A few jobs have little to win from being named with the next ones, if there are any. */
static bool is_overlap_worthwhile(struct watcher *watcher)
{
    return watcher->announcement.count >= OVERLAP_JOBS_MIN || !channel_is_empty(&watcher->requests);
}

/* The next batch of what lies here; while the folder is held, every two seconds until something is refused. It is held
 * as long as one job is refused, and others are not. */
static void publish(struct watcher *watcher)
{
    if (!is_held(watcher)) {
        TAILQ_CONCAT(&watcher->publishing, &watcher->refused, link);
        publish_next(watcher);
    }
    if (is_held(watcher) || !is_overlap_worthwhile(watcher))
        finish_announced(watcher);
    if (has_published_all(watcher))
        unhold(watcher);
}

/* ---- originals ---- */

static const char *archive_of(const struct folder_conf *conf)
{
    return conf->originals == ORIGINALS_ARCHIVE ? conf->archive : NULL;
}

/* Archive= and Failed= are on disks that may be unmounted, as Output= is. */
static int check_place(struct watcher *watcher, struct anchor *anchor, const struct job *job,
                       const char *path, int *ret_fd, struct error *error)
{
    if (!path || text_is_path_inside(path, job->folder->path))
        return 0; /* inside the folder itself */
    *ret_fd = anchor_open(place(watcher, anchor, job->folder, path), error);
    remember(watcher, anchor);
    return *ret_fd < 0 ? *ret_fd : 0;
}

/* As the folder is configured by now. What is opened here keeps the disks from being unmounted until the original is
 * dealt with. */
static enum verdict try_original(struct watcher *watcher, struct job *job, struct error *error)
{
    _cleanup_close_ int root = intake_open_root(watcher->intake);
    _cleanup_close_ int to = -1;

    job_reconfigure(job, watcher->config, watcher->conf);
    if (root < 0) {
        error_set_errno(error, -root, STAGE_ORIGINAL, "cannot find the original");
        return VERDICT_RETRY;
    }
    if (job->state == JOB_DONE
            ? check_place(watcher, &watcher->archive, job, archive_of(watcher->conf), &to, error) < 0
            : check_place(watcher, &watcher->failed, job, watcher->conf->failed, &to, error) < 0)
        return VERDICT_RETRY;
    return originals_handle(job, ledger_instance(watcher->ledger), error);
}

static void handle_original(struct watcher *watcher, struct job *job, bool first)
{
    struct error error;

    if (try_original(watcher, job, &error) == VERDICT_OK) {
        if (!first && job->state == JOB_DONE && originals_stays(job))
            log_job(LOG_INFO, job->id, "its original stays, as its folder is configured by now");
        answer(watcher, REPLY_ORIGINAL_HANDLED, VERDICT_OK, job);
        return;
    }
    log_job(first ? LOG_WARNING : LOG_DEBUG, job->id, "its original waits: %s, retrying in %d s", error.text,
            (int)(ORIGINAL_RETRY_US / USEC_PER_SEC));
    TAILQ_INSERT_TAIL(&watcher->originals, job, link);
    watcher->originals_count++;
    text_copy_cut(error.text, watcher->originals_reason, sizeof watcher->originals_reason);
    if (TAILQ_FIRST(&watcher->originals) == job)
        watcher->originals_retry_us = monotonic_us() + ORIGINAL_RETRY_US;
}

static void retry_originals(struct watcher *watcher)
{
    struct job_list due = TAILQ_HEAD_INITIALIZER(due);
    struct job *job;

    if (TAILQ_EMPTY(&watcher->originals) || monotonic_us() < watcher->originals_retry_us)
        return;
    TAILQ_CONCAT(&due, &watcher->originals, link);
    watcher->originals_count = 0;
    while ((job = TAILQ_FIRST(&due))) {
        TAILQ_REMOVE(&due, job, link);
        handle_original(watcher, job, false);
    }
}

/* ---- requests ---- */

static void configure(struct watcher *watcher)
{
    struct config *before = watcher->config;

    pthread_mutex_lock(&watcher->asked.lock);
    watcher->config = take_ptr(watcher->asked.config);
    watcher->conf = watcher->asked.folder;
    pthread_mutex_unlock(&watcher->asked.lock);
    intake_configure(watcher->intake, watcher->conf);
    watcher->originals_retry_us = 0; /* perhaps for them as well */
    config_unref(before);
}

static void scan(struct watcher *watcher)
{
    pthread_mutex_lock(&watcher->asked.lock);
    watcher->asked.scan = false;
    pthread_mutex_unlock(&watcher->asked.lock);
    intake_rescan(watcher->intake);
}

static void serve(struct watcher *watcher, const struct watcher_request *request)
{
    switch (request->op) {
    case WATCHER_LOOK:
        look(watcher, request->job);
        break;
    case WATCHER_CLAIM:
        claim_made(watcher, request->job);
        break;
    case WATCHER_OPEN:
        TAILQ_INSERT_TAIL(&watcher->opening, request->job, link);
        break;
    case WATCHER_PUBLISH:
        TAILQ_INSERT_TAIL(&watcher->publishing, request->job, link);
        break;
    case WATCHER_EXAMINE:
        examine(watcher, request->job);
        break;
    case WATCHER_ORIGINAL:
        handle_original(watcher, request->job, true);
        break;
    case WATCHER_SCAN:
        scan(watcher);
        break;
    case WATCHER_CONFIGURE:
        configure(watcher);
        break;
    case WATCHER_QUIESCE:
        intake_quiesce(watcher->intake);
        break;
    case WATCHER_STOP:
        watcher->stopping = true;
        break;
    }
}

/* Something begins that may wait for a file system. */
static void begin(struct watcher *watcher)
{
    atomic_store_explicit(&watcher->busy_since_us, monotonic_us(), memory_order_relaxed);
}

static void serve_all(struct watcher *watcher)
{
    struct watcher_request request;

    while (channel_receive(&watcher->requests, &request)) {
        begin(watcher);
        serve(watcher, &request);
    }
}

/* ---- the thread ---- */

/* They are more pressing than a watch that is degraded, and too many of them hold the folder. */
static void tell_of_originals(const struct watcher *watcher, struct watcher_news *news)
{
    _cleanup_free_ char *text = NULL;
    size_t count = watcher->originals_count;

    if (count > ORIGINALS_PENDING_MAX)
        news->state = FOLDER_HELD;
    if (asprintf(&text, "%zu original%s to be dealt with: %s", count, count == 1 ? " waits" : "s wait",
                 watcher->originals_reason) >= 0)
        text_copy_cut(text, news->reason, sizeof news->reason);
}

static void write_news(struct watcher *watcher)
{
    struct watcher_news news;

    memset(&news, 0, sizeof news); /* compared as bytes */
    intake_news(watcher->intake, &news);
    if (watcher->hold_reason[0] && news.state == FOLDER_OK) {
        news.state = FOLDER_HELD;
        memcpy(news.reason, watcher->hold_reason, sizeof news.reason);
    }
    if (watcher->originals_count > 0 && news.state == FOLDER_OK)
        tell_of_originals(watcher, &news);
    cell_write(&watcher->news_cell, &news);
}

static void read_events(struct watcher *watcher)
{
    intake_read_events(watcher->intake);
}

static void take_step(struct watcher *watcher)
{
    intake_step(watcher->intake);
}

/* Perhaps what the folder is lost or held for is cured: it is tried at once, but not for each of many mounts. */
static void on_mounts_changed(struct watcher *watcher)
{
    uint64_t now = monotonic_us(), due = watcher->mounts_due_us;

    intake_mounts_changed(watcher->intake);
    if (due <= now) {
        due = now;
        watcher->mounts_due_us = now + MOUNTS_INTERVAL_US;
    }
    watcher->hold_until_us = earlier(watcher->hold_until_us, due);
    watcher->originals_retry_us = earlier(watcher->originals_retry_us, due);
}

static void sleep_until_needed(struct watcher *watcher)
{
    uint64_t now = monotonic_us();
    uint64_t next = intake_next_us(watcher->intake, now);
    int intake_fd = intake_event_fd(watcher->intake);
    enum { MOUNTS = 2 };
    struct pollfd fds[] = {
        { .fd = channel_fd(&watcher->requests), .events = POLLIN },
        { .fd = intake_fd, .events = POLLIN }, /* -1 is passed over */
        { .fd = intake_mount_fd(watcher->intake), .events = POLLPRI },
    };
    struct timespec timeout;

    if (watcher->announcement.batch)
        next = now;
    if (!TAILQ_EMPTY(&watcher->publishing) || !TAILQ_EMPTY(&watcher->refused))
        next = earlier(next, watcher->hold_until_us);
    if (!TAILQ_EMPTY(&watcher->originals))
        next = earlier(next, watcher->originals_retry_us);
    if (next != USEC_INFINITY) {
        uint64_t wait = next > now ? next - now : 0;

        timeout = (struct timespec){ .tv_sec = (time_t)(wait / USEC_PER_SEC),
                                     .tv_nsec = (long)(wait % USEC_PER_SEC * NSEC_PER_USEC) };
    }
    atomic_store_explicit(&watcher->busy_since_us, 0, memory_order_relaxed);
    if (ppoll(fds, ARRAY_SIZE(fds), next == USEC_INFINITY ? NULL : &timeout, NULL) > 0 &&
        fds[MOUNTS].revents & POLLPRI)
        on_mounts_changed(watcher);
}

static void turn(struct watcher *watcher)
{
    static void (*const parts[])(struct watcher * watcher) = { read_events, serve_all,       open_sources,
                                                               publish,     retry_originals, take_step,
                                                               write_news };

    for (size_t i = 0; i < ARRAY_SIZE(parts); i++) {
        begin(watcher);
        parts[i](watcher);
    }
}

/* What was asked for before the stop comes before it. */
static void publish_rest(struct watcher *watcher)
{
    while (!TAILQ_EMPTY(&watcher->publishing) && !is_held(watcher))
        publish_next(watcher);
    finish_announced(watcher);
}

/* What is under way goes back: not published means made again, an original is found by the next start. */
static void hand_back(struct watcher *watcher)
{
    struct job *job;

    TAILQ_CONCAT(&watcher->publishing, &watcher->refused, link);
    while ((job = TAILQ_FIRST(&watcher->publishing))) {
        TAILQ_REMOVE(&watcher->publishing, job, link);
        answer(watcher, REPLY_PUBLISHED, job->resume == RESUME_PUBLISH ? VERDICT_LEFT : VERDICT_RETURNED,
               job);
    }
    while ((job = TAILQ_FIRST(&watcher->originals))) {
        TAILQ_REMOVE(&watcher->originals, job, link);
        answer(watcher, REPLY_ORIGINAL_HANDLED, VERDICT_RETURNED, job);
    }
}

static void *watcher_main(void *argument)
{
    struct watcher *watcher = argument;
    char name[16];

    snprintf(name, sizeof name, "w:%.12s", watcher->name);
    pthread_setname_np(pthread_self(), name);

    begin(watcher);
    intake_enter(watcher->intake);
    while (!watcher->stopping) {
        turn(watcher);
        if (!watcher->stopping)
            sleep_until_needed(watcher);
    }
    publish_rest(watcher);
    hand_back(watcher);
    answer(watcher, REPLY_WATCHER_ENDED, VERDICT_OK, NULL);
    return NULL;
}

/* ---- for the event loop ---- */

int watcher_start(size_t slot, struct config *config, const struct folder_conf *folder, struct ledger *ledger,
                  struct channel *replies, const struct kernel_settings *kernel, bool once,
                  struct watcher **ret)
{
    struct watcher *watcher = calloc(1, sizeof *watcher);
    int r = -ENOMEM;

    if (!watcher)
        return -ENOMEM;
    *watcher = (struct watcher){ .slot = slot,
                                 .ledger = ledger,
                                 .replies = replies,
                                 .kernel = kernel,
                                 .once = once,
                                 .config = config_ref(config),
                                 .conf = folder };
    TAILQ_INIT(&watcher->opening);
    TAILQ_INIT(&watcher->publishing);
    TAILQ_INIT(&watcher->refused);
    TAILQ_INIT(&watcher->originals);
    lock_init(&watcher->asked.lock);

    watcher->name = strdup(folder->name);
    if (!watcher->name)
        goto fail;
    watcher->intake = intake_new(slot, watcher->name, folder, ledger, kernel, once);
    if (!watcher->intake)
        goto fail;
    r = channel_init(&watcher->requests, sizeof(struct watcher_request), WATCHER_REQUESTS_MAX);
    if (r < 0)
        goto fail;
    r = cell_init(&watcher->news_cell, sizeof(struct watcher_news));
    if (r < 0)
        goto fail;
    r = -pthread_create(&watcher->thread, NULL, watcher_main, watcher);
    if (r < 0)
        goto fail;

    *ret = watcher;
    return 0;

fail:
    cell_release(&watcher->news_cell);
    channel_release(&watcher->requests);
    intake_free(watcher->intake);
    config_unref(watcher->asked.config);
    pthread_mutex_destroy(&watcher->asked.lock);
    config_unref(watcher->config);
    free(watcher->name);
    free(watcher);
    return r;
}

void watcher_send(struct watcher *watcher, const struct watcher_request *request)
{
    channel_send(&watcher->requests, request);
}

void watcher_scan(struct watcher *watcher)
{
    bool first;

    pthread_mutex_lock(&watcher->asked.lock);
    first = !watcher->asked.scan;
    watcher->asked.scan = true;
    pthread_mutex_unlock(&watcher->asked.lock);
    if (first)
        watcher_send(watcher, &(struct watcher_request){ .op = WATCHER_SCAN });
}

void watcher_configure(struct watcher *watcher, struct config *config, const struct folder_conf *folder)
{
    struct config *before;

    pthread_mutex_lock(&watcher->asked.lock);
    before = watcher->asked.config;
    watcher->asked.config = config_ref(config);
    watcher->asked.folder = folder;
    pthread_mutex_unlock(&watcher->asked.lock);
    if (!before)
        watcher_send(watcher, &(struct watcher_request){ .op = WATCHER_CONFIGURE });
    config_unref(before);
}

int watcher_news_fd(const struct watcher *watcher)
{
    return cell_fd(&watcher->news_cell);
}

uint64_t watcher_busy_us(struct watcher *watcher)
{
    uint64_t since = atomic_load_explicit(&watcher->busy_since_us, memory_order_relaxed),
             now = monotonic_us();

    return since > 0 && now > since ? now - since : 0;
}

void watcher_read_news(struct watcher *watcher, struct watcher_news *ret)
{
    cell_read(&watcher->news_cell, ret);
}

void watcher_free(struct watcher *watcher)
{
    if (!watcher)
        return;

    pthread_join(watcher->thread, NULL);
    anchor_release(&watcher->output);
    anchor_release(&watcher->archive);
    anchor_release(&watcher->failed);
    cell_release(&watcher->news_cell);
    channel_release(&watcher->requests);
    intake_free(watcher->intake);
    config_unref(watcher->asked.config);
    pthread_mutex_destroy(&watcher->asked.lock);
    config_unref(watcher->config);
    free(watcher->name);
    free(watcher);
}
