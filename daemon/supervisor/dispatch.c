/* SPDX-License-Identifier: GPL-2.0-or-later */
/* dispatch - see dispatch.h. */
#include "supervisor/dispatch.h"

#include "base/clock.h"
#include "base/log.h"
#include "supervisor/plan.h"
#include "supervisor/supervisor.h"
#include "supervisor/turns.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define SHORTAGE_DELAY_US USEC_PER_SEC /* until a machine that was short of something is asked again */

/* Each job in flight is with one thread, each folder has at most two questions to the ledger under way, and the
 * history one. */
_Static_assert(FOLDERS_MAX *(FOLDER_JOBS_MAX + 2) + CONTROL_QUERIES_MAX + PLANS_MAX + 1 <= REPLIES_MAX,
               "replies may overrun");
_Static_assert(FOLDERS_MAX *(FOLDER_JOBS_MAX + 2) + CONTROL_QUERIES_MAX + PLANS_MAX + 1 <=
                   LEDGER_REQUESTS_MAX,
               "requests may overrun");
_Static_assert(FOLDER_JOBS_MAX + PLANS_FOLDER_MAX < WATCHER_REQUESTS_MAX / 2,
               "a watcher's requests may overrun");

/* ---- reading the queues ---- */

static void send_take(struct supervisor *supervisor, struct folder *folder, bool suspects, bool resume,
                      size_t limit)
{
    struct take *take = calloc(1, sizeof *take);
    struct ledger_request request = { .op = LEDGER_TAKE, .take = take };

    if (!take)
        return; /* the next turn tries again */
    *take = (struct take){ .config = config_ref(supervisor->config),
                           .slot = folder->slot,
                           .folder = folder->conf,
                           .suspects = suspects,
                           .resume = resume,
                           .limit = limit };
    *(suspects ? &folder->taking_suspects : &folder->taking) = true;
    ledger_send(supervisor->ledger, &request);
}

/* Is there something that is due, as far as we know? */
static bool has_due(struct lull *lull, uint64_t count, uint64_t added)
{
    if (lull->is && (added > lull->added || realtime_us() >= lull->until_us))
        lull->is = false;
    return count > 0 && !lull->is;
}

/* Is its queue read when something is due? */
static bool reads_queue(const struct folder *folder)
{
    return folder_may_work(folder) && folder->in_flight + TAKE_BATCH < FOLDER_JOBS_MAX;
}

static bool reads_jobs(const struct folder *folder)
{
    return folder->resumed && !folder->taking && folder->ready_count < TAKE_LOW;
}

static bool reads_suspects(const struct folder *folder)
{
    return folder->resumed && !folder->taking_suspects && !folder->has_suspect;
}

static void read_queue(struct supervisor *supervisor, struct folder *folder)
{
    const struct ledger_folder_news *news = &supervisor->ledger_news.folders[folder->slot];

    /* Nothing is asked before the ledger knows the folder. */
    if (news->added == 0 || !reads_queue(folder))
        return;
    if (!folder->resumed && !folder->taking) {
        send_take(supervisor, folder, false, true, TAKE_BATCH);
        return;
    }
    if (reads_suspects(folder) && has_due(&folder->suspects_lull, news->suspects, news->added))
        send_take(supervisor, folder, true, false, 1);
    if (reads_jobs(folder) && has_due(&folder->lull, news->queued, news->added))
        send_take(supervisor, folder, false, false, TAKE_BATCH);
}

/* ---- opening ahead ---- */

static bool may_open(const struct folder *folder)
{
    return folder_may_work(folder) && folder->ready_count > 0 && folder->parked_count < PARKED_MAX &&
           folder->counts[JOB_PUBLISHING] < PUBLISHING_MAX && folder->publishing_bytes < PUBLISHING_BYTES_MAX;
}

/* How many may be open, if the next is opened. */
static size_t open_budget(const struct supervisor *supervisor, const struct folder *folder)
{
    size_t budget = OPEN_AHEAD * supervisor->pool.current.workers;
    size_t least =
        TAILQ_FIRST(&folder->ready)->version.size <= SMALL_SOURCE_BYTES ? OPEN_AHEAD_SMALL : OPEN_AHEAD_MIN;

    return budget > least ? budget : least;
}

/* Each folder has a budget of its own: one that hangs keeps what it was given, and nobody else's. Those that wait for
 * memory are not counted: small ones behind them need none of theirs. */
static void open_ahead(struct supervisor *supervisor, struct folder *folder)
{
    while (may_open(folder) &&
           folder->counts[JOB_OPENING] - folder->parked_count < open_budget(supervisor, folder)) {
        struct job *job = folder_pop_ready(folder);

        folder_set_state(folder, job, JOB_OPENING);
        folder_request(folder, WATCHER_OPEN, job);
    }
}

/* ---- handing out ---- */

static bool has_opened(const struct folder *folder)
{
    return folder->opened_count > 0 && folder->parked_count < PARKED_MAX;
}

static bool has_small_opened(const struct folder *folder)
{
    const struct job *job = TAILQ_FIRST(&folder->opened);

    return has_opened(folder) && !job->suspect && job->version.size <= PREFETCH_BYTES_MAX;
}

/* The folder whose turn it is among those that can, or NULL. */
static struct folder *next_in_turn(struct supervisor *supervisor, bool (*can)(const struct folder *))
{
    struct turn turns[FOLDERS_MAX];
    size_t count = supervisor->slot_count, next;

    for (size_t i = 0; i < count; i++) {
        const struct folder *folder = supervisor->folders[i];

        turns[i].ready = folder && can(folder);
        turns[i].priority = folder && folder->conf ? (enum priority)folder->conf->priority : PRIORITY_NORMAL;
        turns[i].since_us = folder ? folder->turn_us : 0;
    }
    next = turns_next(turns, count, supervisor->next_folder, monotonic_us());
    if (next == count)
        return NULL;
    supervisor->next_folder = (next + 1) % count;
    return supervisor->folders[next];
}

static struct memory_use memory_use(const struct supervisor *supervisor)
{
    return pool_memory_use(&supervisor->pool, admission_patience_ends(&supervisor->admission));
}

/* 0 or -errno: nobody is asked again in this turn, lest it fail again and again. */
static int assign(struct supervisor *supervisor, struct worker *worker, struct job *job)
{
    int r = pool_assign(worker, job, admission_grant(&supervisor->admission, job));

    if (r == 0) {
        if (job->next_page == 1)
            job->begun_us = monotonic_us();
        folder_set_state(supervisor->folders[job->slot], job, JOB_RUNNING);
        return 0;
    }
    if (pool_is_shortage(r))
        supervisor->short_until_us = realtime_us() + SHORTAGE_DELAY_US;
    if (r != -EAGAIN)
        log_error("worker %d cannot be given a job: %s, retrying", worker->process.pid, strerrordesc_np(-r));
    return r;
}

/* 1 when the worker got a job, 0 when there is none for it, -errno when it could not be given one. */
static int give_opened(struct supervisor *supervisor, struct worker *worker,
                       bool (*can)(const struct folder *))
{
    struct admission *admission = &supervisor->admission;
    struct memory_use use = memory_use(supervisor);
    struct folder *folder;
    struct job *job;
    int r;

    if (!admission_may_start(admission, &use, worker_grant_bytes(worker), admission->default_grant_bytes,
                             monotonic_us()))
        return 0;
    folder = next_in_turn(supervisor, can);
    if (!folder)
        return 0;
    job = folder_pop_opened(folder);
    r = assign(supervisor, worker, job);
    if (r < 0) {
        folder_push_opened(folder, job, true);
        return r;
    }
    supervisor->parked_last = false;
    return 1;
}

static int give_parked(struct supervisor *supervisor, struct worker *worker)
{
    struct memory_use use = memory_use(supervisor);
    struct job *job = admission_next(&supervisor->admission, &use, monotonic_us());
    int r;

    if (!job)
        return 0;
    r = assign(supervisor, worker, job);
    if (r < 0)
        return r;
    admission_unpark(&supervisor->admission, job);
    supervisor->folders[job->slot]->parked_count--;
    supervisor->parked_last = true;
    return 1;
}

static int give_any(struct supervisor *supervisor, struct worker *worker)
{
    int r = supervisor->parked_last ? give_opened(supervisor, worker, has_opened)
                                    : give_parked(supervisor, worker);

    if (r != 0)
        return r;
    return supervisor->parked_last ? give_parked(supervisor, worker)
                                   : give_opened(supervisor, worker, has_opened);
}

static int give_plan(struct supervisor *supervisor, struct worker *worker)
{
    const struct admission *admission = &supervisor->admission;
    struct memory_use use = memory_use(supervisor);
    uint64_t grant = plan_next_grant(supervisor);

    /* One that is larger than the budget is looked at alone, as it would be worked on. */
    if (grant == 0 ||
        (use.granted_bytes > 0 && !admission_may_start(admission, &use, 0, grant, monotonic_us())))
        return 0;
    return plan_assign(supervisor, worker);
}

/* Somebody waits for a plan, but asking again and again must not keep jobs from a worker: turn by turn. */
static int give_next(struct supervisor *supervisor, struct worker *worker)
{
    bool planned = supervisor->planned_last;
    int r = planned ? 0 : give_plan(supervisor, worker);

    supervisor->planned_last = r > 0;
    if (r == 0)
        r = give_any(supervisor, worker);
    return r == 0 && planned ? give_plan(supervisor, worker) : r;
}

static void hand_out(struct supervisor *supervisor)
{
    struct worker *worker;

    while ((worker = pool_idle_worker(&supervisor->pool)) && give_next(supervisor, worker) > 0)
        ;
}

/* Does something wait that only an idle worker is given? While mailboxes are kept full there would be none. */
static bool needs_idle_worker(const struct supervisor *supervisor)
{
    if (plan_next_grant(supervisor) > 0 || !TAILQ_EMPTY(&supervisor->admission.parked))
        return true;
    for (size_t i = 0; i < supervisor->slot_count; i++) {
        const struct folder *folder = supervisor->folders[i];

        if (folder && has_opened(folder) && !has_small_opened(folder))
            return true;
    }
    return false;
}

/* A second small job in a busy worker's mailbox saves the round trip between two. */
static void prefetch(struct supervisor *supervisor)
{
    struct worker *worker;

    while (!needs_idle_worker(supervisor) && (worker = pool_prefetch_worker(&supervisor->pool)) &&
           give_opened(supervisor, worker, has_small_opened) > 0)
        ;
}

/* ---- retries ---- */

/* Only for folders whose queue read_queue() would read then: a timer for any other would go off again and again. */
static uint64_t retry_due_us(const struct folder *folder)
{
    uint64_t due = USEC_INFINITY;

    if (!reads_queue(folder))
        return due;
    if (reads_jobs(folder) && folder->lull.is)
        due = folder->lull.until_us;
    if (reads_suspects(folder) && folder->suspects_lull.is && folder->suspects_lull.until_us < due)
        due = folder->suspects_lull.until_us;
    return due;
}

/* A folder that is sick and has nothing left to try is not shown as held for ever. */
static void let_recover(struct folder *folder, const struct ledger_folder_news *news)
{
    if (folder->sick_reason[0] && folder->in_flight == 0 && news->queued + news->suspects == 0 &&
        !folder->taking && !folder->taking_suspects && realtime_us() >= folder->sick_until_us)
        folder_recover(folder);
}

static uint64_t next_due(struct supervisor *supervisor, struct folder *folder)
{
    uint64_t due = retry_due_us(folder);

    let_recover(folder, &supervisor->ledger_news.folders[folder->slot]);
    if (folder->sick_reason[0] && folder->sick_until_us < due && folder->sick_until_us > realtime_us())
        due = folder->sick_until_us;
    return due;
}

static void arm_retries(struct supervisor *supervisor)
{
    uint64_t due = supervisor->short_until_us ? supervisor->short_until_us : USEC_INFINITY;

    for (size_t i = 0; i < supervisor->slot_count; i++) {
        struct folder *folder = supervisor->folders[i];
        uint64_t next = folder ? next_due(supervisor, folder) : USEC_INFINITY;

        due = next < due ? next : due;
    }
    /* Setting a timer is a system call; this runs after every turn of the loop. */
    if (due == supervisor->due_us)
        return;
    supervisor->due_us = due;
    sd_event_source_set_time(supervisor->due_source, due);
    sd_event_source_set_enabled(supervisor->due_source,
                                due == USEC_INFINITY ? SD_EVENT_OFF : SD_EVENT_ONESHOT);
}

void dispatch_run(struct supervisor *supervisor)
{
    if (supervisor->phase != PHASE_RUNNING)
        return;

    for (size_t i = 0; i < supervisor->slot_count; i++)
        if (supervisor->folders[i]) {
            read_queue(supervisor, supervisor->folders[i]);
            open_ahead(supervisor, supervisor->folders[i]);
        }
    if (realtime_us() >= supervisor->short_until_us) {
        supervisor->short_until_us = 0;
        hand_out(supervisor);
    }
    if (supervisor->short_until_us == 0)
        prefetch(supervisor);
    arm_retries(supervisor);
}
