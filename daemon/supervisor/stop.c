/* SPDX-License-Identifier: GPL-2.0-or-later */
/* stop - see stop.h. */
#include "supervisor/stop.h"

#include "base/clock.h"
#include "base/log.h"
#include "supervisor/folders.h"
#include "supervisor/job_flow.h"
#include "supervisor/plan.h"
#include "supervisor/reload.h"
#include "supervisor/supervisor.h"

#define STOP_PATIENCE_US (5 * USEC_PER_SEC) /* for each step, once StopTimeout= is over */

static void arm_patience(struct supervisor *supervisor, uint64_t us)
{
    sd_event_source_set_time(supervisor->stop_source, monotonic_us() + us);
    sd_event_source_set_enabled(supervisor->stop_source, SD_EVENT_ONESHOT);
}

void supervisor_stop(struct supervisor *supervisor, int exit_code)
{
    if (supervisor->phase == PHASE_STOPPING) {
        log_notice("stopping at once; what is running goes back to the queue");
        supervisor->overdue = true;
        pool_kill(&supervisor->pool);
        arm_patience(supervisor, STOP_PATIENCE_US);
        return;
    }

    log_line(supervisor->options->drain ? LOG_DEBUG : LOG_NOTICE,
             "stopping; running jobs are finished first");
    notify_tell(&supervisor->notify, "STOPPING=1");
    supervisor->phase = PHASE_STOPPING;
    supervisor->exit_code = exit_code;
    supervisor->pool.stopping = true;
    reload_cancel(supervisor);
    for (size_t i = 0; i < supervisor->slot_count; i++)
        if (supervisor->folders[i] && !supervisor->folders[i]->stop_sent)
            folder_request(supervisor->folders[i], WATCHER_QUIESCE, NULL);
    job_flow_release_waiting(supervisor);
    plan_release(supervisor, NULL);
    arm_patience(supervisor, supervisor->config->daemon.stop_timeout_us);
    supervisor_changed(supervisor);
}

static bool all_watchers_ended(const struct supervisor *supervisor)
{
    for (size_t i = 0; i < supervisor->slot_count; i++)
        if (supervisor->folders[i] && !supervisor->folders[i]->ended)
            return false;
    return true;
}

/* Jobs, and answers that may still bring some: what is handed out when the ledger closes is suspect at the start. */
static bool has_jobs_under_way(const struct supervisor *supervisor)
{
    for (size_t i = 0; i < supervisor->slot_count; i++) {
        const struct folder *folder = supervisor->folders[i];

        if (folder &&
            (folder->in_flight > 0 || folder->plans > 0 || folder->taking || folder->taking_suspects))
            return true;
    }
    return false;
}

static void release_watchers(struct supervisor *supervisor)
{
    for (size_t i = 0; i < supervisor->slot_count; i++)
        if (supervisor->folders[i])
            folders_send_stop(supervisor->folders[i]);
}

/* A step has been taken: what it waits for has its own time. */
static void step_taken(struct supervisor *supervisor, enum stop_step step)
{
    supervisor->stop_step = step;
    if (supervisor->overdue)
        arm_patience(supervisor, STOP_PATIENCE_US);
}

/* The shut-down, top to bottom; called after every turn of the loop, it goes on where it has to wait. */
void stop_go_on(struct supervisor *supervisor)
{
    if (supervisor->phase != PHASE_STOPPING)
        return;

    /* 1. Running jobs end, or are killed when patience does. */
    if (pool_held_count(&supervisor->pool) > 0)
        return;

    /* 2. Workers leave. */
    if (supervisor->stop_step < STOP_WORKERS) {
        step_taken(supervisor, STOP_WORKERS);
        pool_stop(&supervisor->pool);
    }
    if (!pool_is_empty(&supervisor->pool))
        return;

    /* 3. Watchers publish what they were given, hand back what they cannot, and end. */
    if (supervisor->stop_step < STOP_WATCHERS) {
        step_taken(supervisor, STOP_WATCHERS);
        release_watchers(supervisor);
    }
    if (!all_watchers_ended(supervisor))
        return;

    /* 4. The ledger has recorded where every job stands. */
    if (supervisor->stop_step < STOP_LEDGER)
        step_taken(supervisor, STOP_LEDGER);
    if (has_jobs_under_way(supervisor) && !supervisor->abandoned)
        return;
    supervisor->phase = PHASE_STOPPED;
}

static void kill_workers(struct supervisor *supervisor)
{
    supervisor->overdue = true;
    if (pool_held_count(&supervisor->pool) > 0)
        log_warning("StopTimeout= is over; what is still running goes back to the queue");
    pool_kill(&supervisor->pool);
}

static void leave_workers(struct supervisor *supervisor)
{
    log_error(
        "a worker can be neither started nor ended: perhaps its program, or what it reads, is on a file "
        "system that does not answer; leaving without it");
    pool_leave(&supervisor->pool);
}

static void abandon_hung_watchers(struct supervisor *supervisor)
{
    for (size_t i = 0; i < supervisor->slot_count; i++) {
        struct folder *folder = supervisor->folders[i];

        if (!folder || folder->ended)
            continue;
        if (supervisor->ledger_news.failing)
            log_error("folder %s waits for the ledger, which cannot be written; leaving without it",
                      folder->name);
        else
            log_error("folder %s hangs (%s does not answer); leaving without it", folder->name,
                      folder->conf ? folder->conf->path : "its file system");
        folder->ended = true;
        supervisor->abandoned = true;
    }
}

/* Each time patience runs out, something else is not waited for any more. */
int stop_impatience(sd_event_source *source, uint64_t now, void *userdata)
{
    struct supervisor *supervisor = userdata;

    (void)source;
    (void)now;
    if (!supervisor->overdue) {
        kill_workers(supervisor);
    } else if (!pool_is_empty(&supervisor->pool)) {
        leave_workers(supervisor);
    } else if (!all_watchers_ended(supervisor)) {
        abandon_hung_watchers(supervisor);
    } else {
        log_error("the ledger does not answer; what it has not recorded is found at the next start");
        supervisor->phase = PHASE_STOPPED;
        return 0;
    }
    arm_patience(supervisor, STOP_PATIENCE_US);
    return 0;
}
