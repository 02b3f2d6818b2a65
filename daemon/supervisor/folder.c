/* SPDX-License-Identifier: GPL-2.0-or-later */
/* folder - see folder.h. */
#include "supervisor/folder.h"

#include "base/clock.h"
#include "base/text.h"
#include "supervisor/supervisor.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

struct folder *folder_new(struct supervisor *supervisor, size_t slot, const struct folder_conf *conf)
{
    struct folder *folder = calloc(1, sizeof *folder);

    if (!folder)
        return NULL;
    *folder = (struct folder){ .supervisor = supervisor, .slot = slot, .conf = conf };
    TAILQ_INIT(&folder->jobs);
    TAILQ_INIT(&folder->ready);
    TAILQ_INIT(&folder->opened);
    folder->name = strdup(conf->name);
    if (!folder->name) {
        free(folder);
        return NULL;
    }
    return folder;
}

void folder_free(struct folder *folder)
{
    if (!folder)
        return;
    sd_event_source_disable_unref(folder->news_source);
    watcher_free(folder->watcher);
    free(folder->name);
    free(folder);
}

/* A ledger that cannot be written lets every folder's thread wait, and is told by itself. */
static bool is_hung(const struct folder *folder)
{
    return folder->watcher && !folder->supervisor->ledger_news.failing &&
           watcher_busy_us(folder->watcher) >= FOLDER_HUNG_US;
}

enum folder_state folder_state_now(const struct folder *folder)
{
    if (folder->news.state != FOLDER_OK)
        return folder->news.state;
    return folder->sick_reason[0] || is_hung(folder) ? FOLDER_HELD : FOLDER_OK;
}

const char *folder_reason(struct folder *folder)
{
    char duration[32];

    if (is_hung(folder)) {
        snprintf(folder->hung_reason, sizeof folder->hung_reason,
                 "a file system of it has not answered for %s; nothing of it goes on until it does",
                 text_format_duration(watcher_busy_us(folder->watcher), duration, sizeof duration));
        return folder->hung_reason;
    }
    return folder->news.state == FOLDER_OK && folder->sick_reason[0] ? folder->sick_reason
                                                                     : folder->news.reason;
}

void folder_note_state(struct folder *folder)
{
    if (folder->news.state == FOLDER_OK && !folder->sick_reason[0])
        folder->held_since_us = 0;
    else if (folder->held_since_us == 0)
        folder->held_since_us = monotonic_us();
}

bool folder_fall_sick(struct folder *folder, const char *reason)
{
    bool was_well = folder->sick_reason[0] == '\0';

    text_copy_cut(reason, folder->sick_reason, sizeof folder->sick_reason);
    folder->sick_until_us = realtime_us() + FOLDER_SICK_US;
    folder_note_state(folder);
    supervisor_changed(folder->supervisor);
    return was_well;
}

bool folder_recover(struct folder *folder)
{
    bool was_sick = folder->sick_reason[0] != '\0';

    folder->sick_reason[0] = '\0';
    folder_note_state(folder);
    if (was_sick)
        supervisor_changed(folder->supervisor);
    return was_sick;
}

bool folder_may_work(const struct folder *folder)
{
    if (folder->news.state != FOLDER_OK || folder->leaving)
        return false;
    return folder->sick_reason[0] == '\0' ||
           (folder->counts[JOB_OPENING] + folder->counts[JOB_RUNNING] == 0 &&
            realtime_us() >= folder->sick_until_us);
}

uint64_t folder_waiting(const struct folder *folder)
{
    uint64_t sent = folder->news.arrivals;
    uint64_t handled = folder->supervisor->ledger_news.folders[folder->slot].arrivals;

    /* The two threads tell their news each in its time: what the ledger has handled may not be told as sent yet. */
    return folder->news.waiting + (sent > handled ? sent - handled : 0);
}

uint64_t folder_queued(const struct folder *folder)
{
    const struct ledger_folder_news *news = &folder->supervisor->ledger_news.folders[folder->slot];

    return news->queued + news->suspects + folder->counts[JOB_QUEUED] +
           (news->taken > folder->taken ? news->taken - folder->taken : 0);
}

void folder_enter_job(struct folder *folder, struct job *job, enum job_state state)
{
    TAILQ_INSERT_TAIL(&folder->jobs, job, in_folder);
    folder->in_flight++;
    folder->counts[state]++;
    job->state = state;
    supervisor_changed(folder->supervisor);
}

void folder_set_state(struct folder *folder, struct job *job, enum job_state state)
{
    assert(folder->counts[job->state] > 0);

    if (job->state == JOB_PUBLISHING)
        folder->publishing_bytes -= job_held_bytes(job);
    if (state == JOB_PUBLISHING)
        folder->publishing_bytes += job_held_bytes(job);
    folder->counts[job->state]--;
    folder->counts[state]++;
    job->state = state;
    supervisor_changed(folder->supervisor);
}

void folder_leave_job(struct folder *folder, struct job *job)
{
    assert(folder->in_flight > 0 && folder->counts[job->state] > 0);

    TAILQ_REMOVE(&folder->jobs, job, in_folder);
    folder->counts[job->state]--;
    folder->in_flight--;
    supervisor_changed(folder->supervisor);
}

const struct job *folder_find_job(const struct folder *folder, uint64_t id)
{
    const struct job *job;

    TAILQ_FOREACH (job, &folder->jobs, in_folder)
        if (job->id == id)
            return job;
    return NULL;
}

void folder_push_ready(struct folder *folder, struct job *job)
{
    TAILQ_INSERT_TAIL(&folder->ready, job, link);
    folder->ready_count++;
}

struct job *folder_pop_ready(struct folder *folder)
{
    struct job *job = TAILQ_FIRST(&folder->ready);

    if (job) {
        TAILQ_REMOVE(&folder->ready, job, link);
        folder->ready_count--;
    }
    return job;
}

void folder_push_opened(struct folder *folder, struct job *job, bool first)
{
    if (folder->opened_count == 0)
        folder->turn_us = monotonic_us();
    if (first)
        TAILQ_INSERT_HEAD(&folder->opened, job, link);
    else
        TAILQ_INSERT_TAIL(&folder->opened, job, link);
    folder->opened_count++;
}

struct job *folder_pop_opened(struct folder *folder)
{
    struct job *job = TAILQ_FIRST(&folder->opened);

    if (job) {
        TAILQ_REMOVE(&folder->opened, job, link);
        folder->opened_count--;
        folder->turn_us = monotonic_us();
    }
    return job;
}

void folder_request(struct folder *folder, enum watcher_op op, struct job *job)
{
    struct watcher_request request = { .op = op, .job = job };

    watcher_send(folder->watcher, &request);
}
