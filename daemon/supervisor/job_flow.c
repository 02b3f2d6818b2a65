/* SPDX-License-Identifier: GPL-2.0-or-later */
/* job_flow - see job_flow.h. */
#include "supervisor/job_flow.h"

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/text.h"
#include "recipe/naming.h"
#include "supervisor/originals.h"
#include "supervisor/plan.h"
#include "supervisor/supervisor.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#define TRANSIENT_DELAY_US (5 * USEC_PER_SEC) /* after the first; doubled for each further one */
#define TRANSIENT_DELAY_MAX_US (300 * USEC_PER_SEC)
#define TURN_DELAY_US (500 * USEC_PER_MSEC)
#define ATTEMPT_DELAY_US USEC_PER_SEC /* after the first; doubled for each further one */
#define ATTEMPT_DELAY_MAX_US (300 * USEC_PER_SEC)

static struct folder *folder_of(struct supervisor *supervisor, const struct job *job)
{
    return supervisor->folders[job->slot];
}

/* ---- steps ---- */

static void leave(struct supervisor *supervisor, struct job *job)
{
    folder_leave_job(folder_of(supervisor, job), job);
    job_free(job);
}

/* What is left to do for it, the folder's next start does. */
static void leave_the_rest(struct supervisor *supervisor, struct job *job)
{
    struct ledger_request request = { .op = LEDGER_LEFT, .job_id = job->id };

    if (supervisor->phase == PHASE_RUNNING)
        ledger_send(supervisor->ledger, &request);
    leave(supervisor, job);
}

static void start_next_suspect(struct supervisor *supervisor);

/* The suspect's run is over, one way or another; the next one may be taken. True when it ran: once the ledger has been
 * told what became of it, the next one may run. */
static bool give_up_turn(struct supervisor *supervisor, struct job *job)
{
    bool ran = job->started;

    folder_of(supervisor, job)->has_suspect = false;
    if (ran)
        supervisor->suspect_runs = false;
    job->started = false;
    return ran;
}

/* The same, and it is no suspect any more. */
static bool clear_suspect(struct supervisor *supervisor, struct job *job)
{
    if (!job->suspect)
        return false;
    job->suspect = false;
    return give_up_turn(supervisor, job);
}

/* "", when the outputs stand for all of the source. */
static void say_what_is_left(const struct job *job, char *text, size_t size)
{
    text[0] = '\0';
    if (job->left_pages > 0)
        snprintf(text, size, "only the first of its %u pages was made, as no Name= has {page}",
                 (unsigned)job->left_pages + 1);
    else if (job->left_frames > 0)
        snprintf(text, size, "only the first of its %u frames was made, as no output's format has animations",
                 (unsigned)job->left_frames + 1);
}

/* What people may not expect of a job that is done. */
static void write_note(struct job *job)
{
    const char *original = originals_reason(job);
    char left[100];

    say_what_is_left(job, left, sizeof left);
    if (left[0] || original)
        error_set(&job->failure, 0, CLASS_NONE, STAGE_NONE, "%s%s%s", original ?: "",
                  original && left[0] ? "; " : "", left);
}

/* The outcome goes to the ledger. */
static void finish(struct supervisor *supervisor, struct job *job, enum job_state state, bool forget_version)
{
    struct ledger_request request = { .op = LEDGER_FINISH, .job = job, .forget_version = forget_version };
    bool next = clear_suspect(supervisor, job);

    folder_set_state(folder_of(supervisor, job), job, state);
    job_close_fds(job);
    job->duration_us = monotonic_us() - job->begun_us;
    if (state != JOB_DONE || job->resume != RESUME_PUBLISH) /* else it was settled when that was announced */
        job->original = originals_pending(job, state);
    if (state == JOB_DONE)
        write_note(job);
    ledger_send(supervisor->ledger, &request);
    if (next)
        start_next_suspect(supervisor);
}

/* Back to the queue, for @delay_us. A suspect stays one until a worker has survived it. */
static void release(struct supervisor *supervisor, struct job *job, uint64_t delay_us)
{
    struct ledger_request request = { .op = LEDGER_RELEASE, .job = job };
    bool next = job->suspect && give_up_turn(supervisor, job);

    folder_set_state(folder_of(supervisor, job), job, JOB_QUEUED);
    job_close_fds(job);
    job->delay_us = delay_us;
    ledger_send(supervisor->ledger, &request);
    if (next)
        start_next_suspect(supervisor);
}

/* Only the inode or ctime of the source is another: its outcome stands. */
static void end_unchanged(struct supervisor *supervisor, struct job *job)
{
    struct ledger_request request = { .op = LEDGER_UNCHANGED, .job = job };
    char path[TEXT_ESCAPED_MAX];

    folder_set_state(folder_of(supervisor, job), job, JOB_QUEUED);
    job_close_fds(job);
    log_job(LOG_DEBUG, job->id, "%s/%s has the content that it had", job->folder->name,
            text_escape(job->path, path, sizeof path));
    ledger_send(supervisor->ledger, &request);
    control_job_ended(supervisor->control, job->id); /* its row is gone when that is looked for */
}

/* False when nobody is left to look at files: the whole daemon stops, or this folder is let go. */
static bool has_watcher(const struct supervisor *supervisor, const struct job *job)
{
    return supervisor->stop_step < STOP_WATCHERS && !supervisor->folders[job->slot]->stop_sent;
}

static void ask_watcher(struct supervisor *supervisor, struct job *job, enum watcher_op op)
{
    folder_request(folder_of(supervisor, job), op, job);
}

/* After a failure the source is looked at once more: the fault may lie with a version that is no more. */
static void examine(struct supervisor *supervisor, struct job *job)
{
    job_close_fds(job);
    if (!has_watcher(supervisor, job)) { /* the next start does it again */
        release(supervisor, job, 0);
        return;
    }
    ask_watcher(supervisor, job, WATCHER_EXAMINE);
}

/* @first, doubled for each of @times but the first. */
static uint64_t back_off_us(uint64_t first, uint64_t most, unsigned times)
{
    uint64_t delay = first;

    while (times-- > 1 && delay < most)
        delay *= 2;
    return delay < most ? delay : most;
}

/* Neither the file's fault nor gone in a moment: the folder is held, and every job of it waits. */
static void hold_folder(struct supervisor *supervisor, struct job *job)
{
    struct folder *folder = folder_of(supervisor, job);

    if (folder_fall_sick(folder, job->failure.text))
        log_warning("folder %s is held: %s, retrying every %d s", folder->name, folder->sick_reason,
                    (int)(FOLDER_SICK_US / USEC_PER_SEC));
    release(supervisor, job,
            FOLDER_SICK_US + TURN_DELAY_US); /* the next trial is another file's, if there is one */
    job_flow_release_folder(supervisor, folder);
}

/* The environment let @job pass, whatever became of it. */
static void environment_is_well(struct supervisor *supervisor, const struct job *job)
{
    struct folder *folder = folder_of(supervisor, job);

    if (folder_recover(folder))
        log_notice("folder %s is no longer held", folder->name);
}

/* Again, when what was in the way may have passed. */
static void try_again(struct supervisor *supervisor, struct job *job)
{
    if (job->failure.class == CLASS_ENVIRONMENT)
        hold_folder(supervisor, job);
    else
        release(supervisor, job, back_off_us(TRANSIENT_DELAY_US, TRANSIENT_DELAY_MAX_US, ++job->retries));
}

/* ---- replies ---- */

static void take_in(struct supervisor *supervisor, struct folder *folder, struct job *job)
{
    if (job->resume != RESUME_NONE && supervisor->phase != PHASE_RUNNING) {
        job_free(job);                     /* it stays as it is in the ledger, for the next start */
    } else if (job->state == JOB_FAILED) { /* a clash of names: recorded already */
        folder_enter_job(folder, job, JOB_FAILED);
        clear_suspect(supervisor, job);
        job->original = originals_pending(job, JOB_FAILED);
        job_flow_reply(supervisor, &(struct reply){ .kind = REPLY_RECORDED, .job = job });
    } else if (job->resume == RESUME_PUBLISH) {
        folder_enter_job(folder, job, JOB_PUBLISHING);
        ask_watcher(supervisor, job, WATCHER_PUBLISH);
    } else if (job->resume == RESUME_ORIGINAL) {
        folder_enter_job(folder, job, job->state);
        ask_watcher(supervisor, job, WATCHER_ORIGINAL);
    } else if (job->attempts >= job->config->daemon.max_attempts) {
        folder_enter_job(folder, job, JOB_QUEUED);
        error_set(&job->failure, 0, CLASS_CRASH, STAGE_RENDER,
                  "darkroomd itself ended each time this file was worked on (%u times)", job->attempts);
        examine(supervisor, job);
    } else {
        folder_enter_job(folder, job, JOB_QUEUED);
        folder_push_ready(folder, job);
    }
}

static void on_taken(struct supervisor *supervisor, struct take *take)
{
    struct folder *folder = supervisor->folders[take->slot];
    struct job *job;

    folder->taken += take->count;
    if (take->suspects) {
        folder->taking_suspects = false;
        folder->has_suspect = take->count > 0;
    } else {
        folder->taking = false;
    }
    if (take->resume && take->count == 0)
        folder->resumed = true;
    if (!take->resume && take->count < take->limit)
        *(take->suspects ? &folder->suspects_lull : &folder->lull) =
            (struct lull){ .is = true, .added = take->added, .until_us = take->next_us };

    while ((job = TAILQ_FIRST(&take->jobs))) {
        TAILQ_REMOVE(&take->jobs, job, link);
        take_in(supervisor, folder, job);
    }
    if (supervisor->phase != PHASE_RUNNING || take->config != supervisor->config ||
        folder->news.state != FOLDER_OK || folder->leaving)
        job_flow_release_folder(supervisor, folder);
    config_unref(take->config);
    free(take);
}

/* False for what is not to be begun any more. */
static bool may_begin(const struct supervisor *supervisor, const struct job *job)
{
    return supervisor->phase == PHASE_RUNNING && job->config == supervisor->config;
}

/* May what has been begun go on now, or is it to begin anew another time? */
static bool goes_on(struct supervisor *supervisor, const struct job *job)
{
    const struct folder *folder = folder_of(supervisor, job);

    return may_begin(supervisor, job) && folder->news.state == FOLDER_OK && !folder->leaving;
}

/* With its source, it waits for a worker, or for memory when it is known to need much. */
static void await_worker(struct supervisor *supervisor, struct job *job, bool first)
{
    struct folder *folder = folder_of(supervisor, job);

    if (!admission_is_large(&supervisor->admission, job)) {
        folder_push_opened(folder, job, first);
        return;
    }
    folder->parked_count++;
    admission_park(&supervisor->admission, job, monotonic_us());
}

/* A suspect's start is recorded before a worker gets it, of one at a time. Until then it is as harmless as any job, so
 * one whose file system does not answer keeps no other from its turn. */
static void start_next_suspect(struct supervisor *supervisor)
{
    struct job *job = TAILQ_FIRST(&supervisor->suspects);
    struct ledger_request request = { .op = LEDGER_STARTED, .job = job };

    if (!job || supervisor->suspect_runs)
        return;
    TAILQ_REMOVE(&supervisor->suspects, job, link);
    job->started = true;
    supervisor->suspect_runs = true;
    ledger_send(supervisor->ledger, &request);
}

static void on_open(struct supervisor *supervisor, struct job *job)
{
    if (!may_begin(supervisor, job)) {
        release(supervisor, job, 0);
    } else if (job->suspect && !job->started) {
        TAILQ_INSERT_TAIL(&supervisor->suspects, job, link);
        start_next_suspect(supervisor);
    } else {
        await_worker(supervisor, job, job->started);
    }
}

static void on_started(struct supervisor *supervisor, struct job *job)
{
    if (!may_begin(supervisor, job))
        release(supervisor, job, 0);
    else
        await_worker(supervisor, job, true);
}

/* All that is wanted is there. What an earlier version made and this one does not is still to go. */
static void settle(struct supervisor *supervisor, struct job *job)
{
    struct folder *folder = folder_of(supervisor, job);

    job->failure = (struct error){ .class = CLASS_NONE };
    job_close_fds(job);
    environment_is_well(supervisor, job);
    for (size_t i = 0; i < job->output_count; i++)
        if (!job->outputs[i].made && job->outputs[i].before.inode != 0) {
            folder_set_state(folder, job, JOB_PUBLISHING);
            folder_request(folder, WATCHER_PUBLISH, job);
            return;
        }
    finish(supervisor, job, JOB_DONE, false);
}

/* All pages have names now, or it cannot have them: that is looked into as any other failure. */
static void on_paged(struct supervisor *supervisor, struct job *job)
{
    if (job->failure.class != CLASS_NONE)
        examine(supervisor, job);
    else if (!goes_on(supervisor, job))
        release(supervisor, job, 0);
    else
        ask_watcher(supervisor, job, WATCHER_OPEN); /* may it have these names, too? */
}

/* What the verdicts mean that are the same at every stage. */
static void on_verdict(struct supervisor *supervisor, struct job *job, enum verdict verdict)
{
    switch (verdict) {
    case VERDICT_SUPERSEDED:
        job->failure = (struct error){ .class = CLASS_NONE }; /* whatever it was, it was another version's */
        finish(supervisor, job, JOB_SUPERSEDED, false);
        break;
    case VERDICT_AWAITED:
        error_set(
            &job->failure, 0, CLASS_NONE, STAGE_NONE,
            "it cannot be decoded yet, and may still be on its way; it is tried again a minute after it last "
            "changed");
        finish(supervisor, job, JOB_SUPERSEDED, true);
        break;
    case VERDICT_SETTLED:
        settle(supervisor, job);
        break;
    case VERDICT_VANISHED:
        job->failure = (struct error){ .class = CLASS_NONE };
        finish(supervisor, job, JOB_VANISHED, true);
        break;
    case VERDICT_RETRY:
        try_again(supervisor, job);
        break;
    case VERDICT_OK:
    case VERDICT_FAILED:
    case VERDICT_LEFT:
    case VERDICT_RETURNED:
        release(supervisor, job, 0);
        break;
    }
}

static void on_opened(struct supervisor *supervisor, struct job *job, enum verdict verdict)
{
    if (verdict == VERDICT_OK)
        on_open(supervisor, job);
    else if (verdict == VERDICT_FAILED)
        examine(supervisor, job);
    else
        on_verdict(supervisor, job, verdict);
}

static void on_published(struct supervisor *supervisor, struct job *job, enum verdict verdict)
{
    if (verdict == VERDICT_OK) {
        job->failure = (struct error){ .class = CLASS_NONE };
        finish(supervisor, job, JOB_DONE, false);
    } else if (verdict == VERDICT_LEFT) {
        leave_the_rest(supervisor, job);
    } else if (verdict == VERDICT_FAILED) {
        finish(supervisor, job, JOB_FAILED, false);
    } else {
        on_verdict(supervisor, job, verdict);
    }
}

static void on_examined(struct supervisor *supervisor, struct job *job, enum verdict verdict)
{
    if (verdict == VERDICT_OK)
        finish(supervisor, job, JOB_FAILED, false);
    else
        on_verdict(supervisor, job, verdict);
}

static void log_done(const struct job *job, const char *path)
{
    size_t adopted = job_count_outputs(job, true), made = job_count_outputs(job, false) - adopted;
    char duration[32], there[60] = "";

    if (adopted > 0)
        snprintf(there, sizeof there, ", %zu %s there already", adopted, adopted == 1 ? "was" : "were");
    log_job(LOG_INFO, job->id, "done %s/%s: %zu output%s in %s%s%s%s", job->folder->name, path, made,
            made == 1 ? "" : "s", text_format_duration(job->duration_us, duration, sizeof duration), there,
            job->failure.text[0] ? "; " : "", job->failure.text);
}

static void log_outcome(const struct job *job)
{
    char path[TEXT_ESCAPED_MAX];

    text_escape(job->path, path, sizeof path);
    if (job->state == JOB_DONE)
        log_done(job, path);
    else if (job->state == JOB_FAILED)
        log_job(LOG_WARNING, job->id, "failed %s/%s: %s, %s: %s", job->folder->name, path,
                error_class_name(job->failure.class), error_stage_name(job->failure.stage),
                job->failure.text);
    else
        log_job(LOG_INFO, job->id, "%s %s/%s%s%s", job_state_name(job->state), job->folder->name, path,
                job->failure.text[0] ? ": " : "", job->failure.text);
}

static void on_recorded(struct supervisor *supervisor, struct job *job)
{
    log_outcome(job);
    control_job_ended(supervisor->control, job->id);
    if (job->original == ORIGINAL_SETTLED)
        leave(supervisor, job);
    else if (supervisor->phase == PHASE_RUNNING && has_watcher(supervisor, job))
        ask_watcher(supervisor, job, WATCHER_ORIGINAL);
    else
        leave_the_rest(supervisor, job); /* what is pending is in the ledger */
}

static void on_original_handled(struct supervisor *supervisor, struct job *job, enum verdict verdict)
{
    struct ledger_request request = { .op = LEDGER_ORIGINAL_DONE,
                                      .job = job,
                                      .forget_version = !originals_stays(job) };

    if (verdict == VERDICT_OK)
        ledger_send(supervisor->ledger, &request);
    else
        leave_the_rest(supervisor, job);
}

void job_flow_reply(struct supervisor *supervisor, const struct reply *reply)
{
    if (reply->job && reply->job->plan) {
        plan_reply(supervisor, reply);
        return;
    }
    switch (reply->kind) {
    case REPLY_TAKEN:
        on_taken(supervisor, reply->take);
        break;
    case REPLY_OPENED:
        on_opened(supervisor, reply->job, reply->verdict);
        break;
    case REPLY_STARTED:
        on_started(supervisor, reply->job);
        break;
    case REPLY_PAGED:
        on_paged(supervisor, reply->job);
        break;
    case REPLY_PUBLISHED:
        on_published(supervisor, reply->job, reply->verdict);
        break;
    case REPLY_EXAMINED:
        on_examined(supervisor, reply->job, reply->verdict);
        break;
    case REPLY_RECORDED:
        on_recorded(supervisor, reply->job);
        break;
    case REPLY_ORIGINAL_HANDLED:
        on_original_handled(supervisor, reply->job, reply->verdict);
        break;
    case REPLY_RELEASED:
    case REPLY_ORIGINAL_RECORDED:
        leave(supervisor, reply->job);
        break;
    case REPLY_LISTED:
    case REPLY_PURGED:
    case REPLY_LOOKED:
    case REPLY_PLANNED:
    case REPLY_CLAIMED:
    case REPLY_AGAIN:
    case REPLY_WATCHER_ENDED:
    case REPLY_KIND_COUNT:
        abort(); /* not about a job, or about a plan's */
    }
}

/* ---- workers ---- */

/* The ledger learns that the suspect did not bring the daemon down. */
static void came_through(struct supervisor *supervisor, struct job *job)
{
    struct ledger_request request = { .op = LEDGER_CAME_THROUGH, .job_id = job->id };
    bool next;

    if (!job->suspect)
        return;
    next = clear_suspect(supervisor, job);
    ledger_send(supervisor->ledger, &request);
    if (next)
        start_next_suspect(supervisor);
}

static void accept_outputs(struct job *job, const struct result_message *result, int *fds)
{
    for (uint32_t i = 0; i < result->output_count; i++) {
        const struct result_output *made = &result->outputs[i];

        struct job_output *output = job_find_output(job, made->rendition, made->page);

        if (!output)
            continue; /* skipped */
        output->made = true;
        output->fd = take_fd(&fds[i]);
        output->bytes = made->bytes;
        output->width = made->width;
        output->height = made->height;
    }
}

static void on_failure(struct supervisor *supervisor, struct job *job)
{
    enum error_class class = job->failure.class;

    if (error_class_counts(class) && ++job->attempts < job->config->daemon.max_attempts)
        release(supervisor, job, back_off_us(ATTEMPT_DELAY_US, ATTEMPT_DELAY_MAX_US, job->attempts));
    else if (class == CLASS_TRANSIENT || class == CLASS_ENVIRONMENT)
        try_again(supervisor, job);
    else
        examine(supervisor, job);
}

/* It keeps its source, and has nothing done to it. */
static void wait_again(struct supervisor *supervisor, struct job *job)
{
    if (!goes_on(supervisor, job)) {
        release(supervisor, job, 0);
        return;
    }
    folder_set_state(folder_of(supervisor, job), job, JOB_OPENING);
    await_worker(supervisor, job, true);
}

static void on_hand_back(struct supervisor *supervisor, struct job *job, uint64_t needs_memory_bytes)
{
    struct folder *folder = folder_of(supervisor, job);
    char path[TEXT_ESCAPED_MAX];

    log_job(LOG_DEBUG, job->id,
            "%s/%s needs %" PRIu64 " MB of memory, more than its worker may take; it waits for that",
            folder->name, text_escape(job->path, path, sizeof path), needs_memory_bytes >> 20);
    job->needs_memory_bytes = needs_memory_bytes;
    wait_again(supervisor, job);
}

/* The pages of a document need names before any is made. */
static void on_count(struct supervisor *supervisor, struct job *job, uint32_t pages)
{
    struct ledger_request request = { .op = LEDGER_PAGES, .job = job };

    job->pages = pages;
    job_close_source(job);
    if (!job_is_within_limits(job)) {
        examine(supervisor, job);
        return;
    }
    folder_set_state(folder_of(supervisor, job), job, JOB_OPENING);
    ledger_send(supervisor->ledger, &request);
}

/* A portion of a document is made. */
static void on_portion(struct supervisor *supervisor, struct job *job, uint32_t next_page,
                       uint64_t made_bytes)
{
    job->next_page = next_page;
    job->hand_backs = 0;
    if (job->needs_memory_bytes > 0) /* and now for what it has made as well */
        job->needs_memory_bytes += made_bytes;
    wait_again(supervisor, job);
}

/* The worker found a file that changes, or lied. */
static bool is_other_content(const struct job *job, const struct result_message *result)
{
    return job->next_page > 1 && result->source_hash != job->source_hash;
}

/* What the source has more of, and nobody asked for: the first page or frame stands for all. */
static void note_what_is_left(struct job *job, const struct result_message *result)
{
    job->left_pages = naming_count_paged(job->recipe) > 0 ? 0 : result->source_pages - 1;
    job->left_frames = result->left_frames;
}

/* Later portions of a document say nothing of its first page. */
static void note_look(struct job *job, const struct result_message *result)
{
    if (job->next_page > 1)
        return;
    job->look = (struct job_look){
        .format = (enum format)result->source_format,
        .width = result->source_width,
        .height = result->source_height,
        .pages = result->source_pages,
        .colour = result->colour,
    };
    memcpy(job->look.blurhash, result->blurhash, sizeof job->look.blurhash);
}

static void on_made(struct supervisor *supervisor, struct job *job, const struct result_message *result,
                    int *fds)
{
    uint64_t held_bytes = job_held_bytes(job);

    note_look(job, result);
    accept_outputs(job, result, fds);
    if (result->next_page != 0) {
        on_portion(supervisor, job, result->next_page, job_held_bytes(job) - held_bytes);
        return;
    }
    note_what_is_left(job, result);
    job_expect_manifest(job);
    job_close_source(job);
    folder_set_state(folder_of(supervisor, job), job, JOB_PUBLISHING);
    ask_watcher(supervisor, job, WATCHER_PUBLISH);
}

void job_flow_result(void *context, struct job *job, const struct result_message *result, int *fds)
{
    struct supervisor *supervisor = context;

    admission_job_left(&supervisor->admission, job, monotonic_us());
    if (job->plan) {
        plan_result(supervisor, job, result);
        return;
    }
    if (result->needs_memory_bytes > 0) {
        on_hand_back(supervisor, job, result->needs_memory_bytes);
        return;
    }

    job->cpu_us += result->cpu_us;
    if (result_is_count(result)) {
        on_count(supervisor, job, result->source_pages);
        return;
    }
    if (result->next_page == 0) /* else it runs on */
        came_through(supervisor, job);
    if (result->class != CLASS_ENVIRONMENT)
        environment_is_well(supervisor, job);
    if (is_other_content(job, result)) {
        error_set(&job->failure, 0, CLASS_TRANSIENT, STAGE_OPEN,
                  "it changed while its pages were made, retrying");
        on_failure(supervisor, job);
        return;
    }
    job->source_hash = result->source_hash;

    if (result->unchanged) {
        end_unchanged(supervisor, job);
        return;
    }
    if (result->class == CLASS_NONE && job->clash) {
        job->failure = *job->clash;
        examine(supervisor, job);
        return;
    }
    if (result->class == CLASS_NONE) {
        on_made(supervisor, job, result, fds);
        return;
    }
    error_set(&job->failure, 0, (enum error_class)result->class, (enum error_stage)result->stage, "%s",
              result->text);
    job->undecodable = job->failure.class == CLASS_PERMANENT &&
                       (job->failure.stage == STAGE_PROBE || job->failure.stage == STAGE_DECODE);
    on_failure(supervisor, job);
}

void job_flow_lost(void *context, struct job *job, const struct error *why)
{
    struct supervisor *supervisor = context;

    admission_job_left(&supervisor->admission, job, monotonic_us());
    if (job->plan) {
        plan_lost(supervisor, job, why);
        return;
    }

    /* Not started, or killed by our own stop: nobody is to blame, and it begins anew. */
    if (why->class == CLASS_NONE || supervisor->phase != PHASE_RUNNING) {
        release(supervisor, job, 0);
        return;
    }

    came_through(supervisor, job);
    job->failure = *why;
    on_failure(supervisor, job);
}

static struct job *pop_parked(struct supervisor *supervisor, struct folder *folder)
{
    struct job *job;

    TAILQ_FOREACH (job, &supervisor->admission.parked, link)
        if (job->slot == folder->slot) {
            admission_unpark(&supervisor->admission, job);
            folder->parked_count--;
            return job;
        }
    return NULL;
}

/* One of @folder's that waits for its turn, or NULL. */
static struct job *pop_suspect(struct supervisor *supervisor, const struct folder *folder)
{
    struct job *job;

    TAILQ_FOREACH (job, &supervisor->suspects, link)
        if (job->slot == folder->slot) {
            TAILQ_REMOVE(&supervisor->suspects, job, link);
            return job;
        }
    return NULL;
}

void job_flow_release_folder(struct supervisor *supervisor, struct folder *folder)
{
    struct job *job;

    while ((job = folder_pop_ready(folder)) || (job = folder_pop_opened(folder)) ||
           (job = pop_parked(supervisor, folder)) || (job = pop_suspect(supervisor, folder)))
        release(supervisor, job, 0);
}

void job_flow_release_waiting(struct supervisor *supervisor)
{
    for (size_t i = 0; i < supervisor->slot_count; i++)
        if (supervisor->folders[i])
            job_flow_release_folder(supervisor, supervisor->folders[i]);
}
