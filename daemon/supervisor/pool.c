/* SPDX-License-Identifier: GPL-2.0-or-later */
/* pool - see pool.h. on_link() reads what a worker says, on_ended() judges its end, maintain() keeps their number. */
#include "supervisor/pool.h"

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/text.h"
#include "supervisor/event_order.h"
#include "wire/mailbox.h"

#include <assert.h>
#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>

#define PORTION_MAX_US (10 * USEC_PER_SEC) /* of a document: then other files have their turn */
#define BACKOFF_FIRST_US (100 * USEC_PER_MSEC)
#define BACKOFF_MAX_US (30 * USEC_PER_SEC)
#define BACKOFF_JOB_MAX_US USEC_PER_SEC
#define LEAVE_TIMEOUT_US (10 * USEC_PER_SEC) /* a worker that was let go and holds nothing */
#define START_LATE_US (10 * USEC_PER_SEC)    /* it takes milliseconds */

enum { PORTIONS_A_TIMEOUT = 4 };

static void maintain(struct pool *pool);

static const char late_text[] =
    "the program darkroom-worker is not reached; perhaps it is on a file system that does not answer";

const char *worker_state_name(enum worker_state state)
{
    static const char *const names[] = { [WORKER_STARTING] = "starting",
                                         [WORKER_IDLE] = "idle",
                                         [WORKER_BUSY] = "busy",
                                         [WORKER_LEAVING] = "leaving" };

    return names[state];
}

/* ---- who holds what ---- */

static void arm_timer(struct worker *worker)
{
    worker->armed_us = worker->deadline_us;
    sd_event_source_set_time(worker->deadline_source, worker->armed_us);
    sd_event_source_set_enabled(worker->deadline_source, SD_EVENT_ONESHOT);
}

/* Setting a timer is a system call, and small jobs take less than a millisecond: one that goes off too early is
 * left as it is, and armed again when it has gone off. */
static void arm_deadline(struct worker *worker, uint64_t timeout_us)
{
    worker->deadline_us = monotonic_us() + timeout_us;
    if (worker->deadline_us < worker->armed_us)
        arm_timer(worker);
}

static void disarm_deadline(struct worker *worker)
{
    worker->deadline_us = USEC_INFINITY;
}

/* The deadline is that of the job that runs; it starts when the job does. */
static void attach(struct worker *worker, struct job *job)
{
    assert(!worker->prefetched);
    assert(worker->state == (worker->running ? WORKER_BUSY : WORKER_IDLE));

    if (worker->running) {
        worker->prefetched = job;
        return;
    }
    worker->running = job;
    worker->state = WORKER_BUSY;
    arm_deadline(worker, job->config->daemon.job_timeout_us);
}

static void detach(struct worker *worker, const struct job *job)
{
    assert(job && (worker->running == job || worker->prefetched == job));

    if (worker->prefetched == job) {
        worker->prefetched = NULL;
        return;
    }
    worker->running = worker->prefetched;
    worker->prefetched = NULL;
    if (worker->running) {
        arm_deadline(worker, worker->running->config->daemon.job_timeout_us);
        return;
    }
    if (worker->state == WORKER_LEAVING) {
        arm_deadline(worker, LEAVE_TIMEOUT_US);
        return;
    }
    disarm_deadline(worker);
    worker->state = WORKER_IDLE;
}

/* Each portion has JobTimeout= for itself, and its last page may be a slow one. */
static uint64_t portion_us(const struct job *job)
{
    uint64_t share = job->config->daemon.job_timeout_us / PORTIONS_A_TIMEOUT;

    return share < PORTION_MAX_US ? share : PORTION_MAX_US;
}

/* The ticket of @job for @worker, the same whenever it is asked for. */
static struct ticket ticket_of(const struct worker *worker, const struct job *job)
{
    return (struct ticket){
        .header = wire_header(WIRE_TICKET, worker->generation, job->id),
        .recipe = (uint32_t)job->recipe_number,
        .fail_on = (uint32_t)job->folder->fail_on,
        .plan = job->plan != NULL,
        .source_bytes = (uint64_t)job->version.size,
        .max_pixels = job->folder->max_pixels,
        .pages = job->pages,
        .first_page = job->next_page,
        .allowed = job->folder->allowed,
        .density = (uint32_t)job->folder->density,
        .max_pages = (uint32_t)job->folder->max_pages,
        .max_frames = (uint32_t)job->folder->max_frames,
        .portion_us = portion_us(job),
        .held_bytes = job_held_bytes(job),
        .max_memory_bytes = job->folder->max_memory_bytes,
        .memory_grant_bytes = job->memory_grant_bytes,
        .known_hash = job->known_hash,
    };
}

/* ---- what a worker says ---- */

static void kill_worker(struct worker *worker)
{
    worker->killed = true;
    spawned_kill(&worker->process);
}

/* Workers are not trusted: what cannot be costs the worker its life and leaves our state as it was. */
static void misbehaves(struct worker *worker, const char *what)
{
    if (!worker->misbehaved)
        log_error("worker %d sent %s, killing it", worker->process.pid, what);
    worker->misbehaved = true;
    kill_worker(worker);
}

static void on_hello(struct worker *worker, const struct hello_message *hello)
{
    struct pool *pool = worker->pool;

    if (worker->state == WORKER_LEAVING)
        return; /* it was let go before it was ready: a reload or a stop came first */
    if (worker->state != WORKER_STARTING) {
        misbehaves(worker, "a second hello");
        return;
    }
    if (!hello->ready) {
        log_error("worker %d cannot work: %s", worker->process.pid, hello->text);
        if (worker->generation == pool->current.number)
            snprintf(pool->trouble, sizeof pool->trouble, "%s", hello->text);
        if (worker->generation == pool->next.number)
            pool->handler.refused(pool->handler.context, worker->generation, hello->text);
        return; /* it exits by itself */
    }

    worker->landlock_abi = hello->landlock_abi;
    worker->system_calls = hello->system_calls;
    worker->rss_bytes = hello->peak_rss_bytes;
    worker->state = WORKER_IDLE;
    disarm_deadline(worker);
    pool->trouble[0] = '\0';
    pool->start_failures = 0;
    log_debug("worker %d is ready", worker->process.pid);
    pool->handler.ready(pool->handler.context, worker->generation);
}

/* True when @result can be what came of the job that runs. */
static bool is_credible(struct worker *worker, const struct result_message *result, const int *fds,
                        size_t fd_count)
{
    struct job *job = worker->running;
    struct ticket ticket;
    struct error error;

    if (!job) {
        misbehaves(worker, "a result that nobody asked for");
        return false;
    }
    ticket = ticket_of(worker, job);
    if (worker_link_check_result(result, &ticket, job->recipe, fds, fd_count, &error) < 0) {
        misbehaves(worker, error.text);
        return false;
    }
    if (result->unchanged && result->source_hash != job->known_hash) {
        misbehaves(worker, "an unchanged source that it was not asked about");
        return false;
    }
    /* Each grant is larger than the one before, but a lie could go on like that. */
    if (result->needs_memory_bytes > 0 && ++job->hand_backs > HAND_BACKS_MAX) {
        misbehaves(worker, "a need of more memory again and again");
        return false;
    }
    return true;
}

/* It finishes what is in its mailbox, sees the end of the link, and goes. */
static void let_go(struct worker *worker)
{
    if (worker->state == WORKER_LEAVING)
        return;
    worker->state = WORKER_LEAVING;
    worker->pool->handler.changed(worker->pool->handler.context);
    if (!worker->running)
        arm_deadline(worker, LEAVE_TIMEOUT_US);
    shutdown(worker->process.link, SHUT_WR);
}

static void replace(struct worker *worker)
{
    let_go(worker);
    maintain(worker->pool);
}

static void on_result(struct worker *worker, const struct result_message *result, int *fds, size_t fd_count)
{
    struct pool *pool = worker->pool;
    struct job *job = worker->running;

    if (!is_credible(worker, result, fds, fd_count))
        return;
    if (result->needs_memory_bytes == 0)
        worker->jobs_done++;
    worker->rss_bytes = result->peak_rss_bytes;
    pool->failures = 0;
    detach(worker, job);
    if (result->leaves) {
        log_debug("worker %d keeps memory that it should not, and is replaced", worker->process.pid);
        replace(worker);
    } else if (worker->jobs_done >= pool->current.worker_jobs) {
        replace(worker);
    }
    pool->handler.result(pool->handler.context, job, result, fds);
}

/* Its pictures came, but this process had no room for their descriptors: neither job nor worker is to blame. */
static void on_result_lost(struct worker *worker)
{
    struct pool *pool = worker->pool;
    struct job *job = worker->running;
    struct error why;

    if (!job) {
        misbehaves(worker, "a result that nobody asked for");
        return;
    }
    error_set(
        &why, EMFILE, CLASS_ENVIRONMENT, STAGE_RENDER,
        "darkroomd has too many files open to take the finished pictures; raise LimitNOFILE= (ulimit -n)");
    log_error("worker %d: %s", worker->process.pid, why.text);
    detach(worker, job);
    pool->handler.lost(pool->handler.context, job, &why);
}

/* Reads all that the worker has said. False at the end of the link. */
static bool read_link(struct worker *worker)
{
    union worker_message message;
    int fds[FD_PASS_MAX];
    size_t fd_count = 0;
    int r;

    while ((r = worker_link_receive(worker->process.link, worker->generation, &message, fds, &fd_count)) >
               0 ||
           r == -EMFILE) {
        if (r == -EMFILE)
            on_result_lost(worker);
        else if (message.header.kind == WIRE_HELLO)
            on_hello(worker, &message.hello);
        else
            on_result(worker, &message.result, fds, fd_count);
        while (fd_count > 0)
            close_fd(fds[--fd_count]);
        if (worker->misbehaved)
            return false;
    }
    if (r == 0)
        return true;
    if (r != -ECONNRESET)
        misbehaves(worker, "something that is no message");
    return false;
}

static int on_link(sd_event_source *source, int fd, uint32_t events, void *userdata)
{
    struct worker *worker = userdata;

    (void)fd;
    (void)events;
    /* The end of the link is the end of the worker: its exit is next, by itself if it was let go. */
    if (!read_link(worker)) {
        sd_event_source_set_enabled(source, SD_EVENT_OFF);
        if (worker->state != WORKER_LEAVING)
            kill_worker(worker);
    }
    return 0;
}

static int on_deadline(sd_event_source *source, uint64_t now, void *userdata)
{
    struct worker *worker = userdata;

    (void)source;
    worker->armed_us = USEC_INFINITY;
    if (worker->deadline_us == USEC_INFINITY)
        return 0;
    if (worker->deadline_us > now) {
        arm_timer(worker);
        return 0;
    }
    worker->timed_out = true;
    if (!worker->running)
        log_error("worker %d did not %s in time, killing it", worker->process.pid,
                  worker->state == WORKER_LEAVING ? "leave" : "get ready");
    kill_worker(worker);
    return 0;
}

/* ---- its end ---- */

static void unwatch_worker(struct worker *worker)
{
    sd_event_source_disable_unref(worker->link_source);
    sd_event_source_disable_unref(worker->deadline_source);
}

static void worker_free(struct worker *worker)
{
    unwatch_worker(worker);
    spawned_release(&worker->process);
    free(worker);
}

/* The kernel ends what takes the last of it; libraries that are refused some end themselves. */
static bool may_want_memory(int signal)
{
    return signal == SIGKILL || signal == SIGABRT || signal == SIGTRAP;
}

/* Why the worker ended, for its job's record. */
static void describe_end(const struct worker *worker, const siginfo_t *end, struct error *ret)
{
    char allowed[32];

    if (worker->timed_out && !worker->running)
        error_set(ret, 0, CLASS_TIMEOUT, STAGE_NONE, "it did not %s in time",
                  worker->state == WORKER_LEAVING ? "leave" : "get ready");
    else if (worker->timed_out)
        error_set(
            ret, 0, CLASS_TIMEOUT, STAGE_RENDER, "it took longer than JobTimeout= allows (%s)",
            text_format_duration(worker->running->config->daemon.job_timeout_us, allowed, sizeof allowed));
    else if (worker->misbehaved)
        error_set(ret, 0, CLASS_CRASH, STAGE_RENDER, "its worker sent nonsense and was killed");
    else if (end->si_code == CLD_EXITED)
        error_set(ret, 0, CLASS_CRASH, STAGE_RENDER, "its worker exited with status %d", end->si_status);
    else if (end->si_status == SIGSYS)
        error_set(ret, 0, CLASS_CRASH, STAGE_RENDER,
                  "its worker tried a system call that the sandbox forbids and was killed");
    else
        error_set(ret, 0, CLASS_CRASH, STAGE_RENDER, "its worker was killed by SIG%s%s",
                  sigabbrev_np(end->si_status) ?: "?",
                  may_want_memory(end->si_status) ? " (perhaps memory ran out)" : "");
}

/* The worker that proves the next generation is another matter: its end is the reload's. */
static void count_failure(struct pool *pool, const struct worker *worker, const struct error *why)
{
    bool left = worker->state == WORKER_LEAVING && !worker->running && !worker->killed;

    if (pool->stopping || worker->jobs_done > 0 || left || worker->generation != pool->current.number)
        return;
    pool->failures++;
    if (worker->state != WORKER_STARTING)
        return;
    pool->start_failures++;
    if (pool->trouble[0] == '\0')
        snprintf(pool->trouble, sizeof pool->trouble, "workers die before they are ready: %.300s", why->text);
}

/* Gives back what the worker held: only what it had started on is blamed on the file. */
static void give_back(struct worker *worker, const struct error *why)
{
    struct pool *pool = worker->pool;
    struct error innocent = { .class = CLASS_NONE };
    struct job *running = worker->running, *prefetched = worker->prefetched;
    int unread = mailbox_unread(worker->process.mailbox);
    int held = (running ? 1 : 0) + (prefetched ? 1 : 0);

    worker->running = worker->prefetched = NULL;
    if (running)
        pool->handler.lost(pool->handler.context, running, unread >= held ? &innocent : why);
    if (prefetched)
        pool->handler.lost(pool->handler.context, prefetched, &innocent);
}

static struct worker *find_worker(const struct pool *pool, pid_t pid)
{
    struct worker *worker;

    TAILQ_FOREACH (worker, &pool->workers, link)
        if (worker->process.pid == pid)
            return worker;
    return NULL; /* it could not be watched, and was killed */
}

/* A worker that leaves of its own accord reads no more of what it was given. */
static bool is_expected(const struct worker *worker, const siginfo_t *end)
{
    bool by_itself = end->si_code == CLD_EXITED && end->si_status == EXIT_SUCCESS;

    return worker->state == WORKER_LEAVING && (!worker->running || by_itself);
}

static void on_ended(void *context, pid_t pid, const siginfo_t *end)
{
    struct pool *pool = context;
    struct worker *worker = find_worker(pool, pid);
    struct error why;

    if (!worker)
        return;
    /* What it managed to say before it died counts. */
    if (!worker->misbehaved)
        read_link(worker);
    describe_end(worker, end, &why);
    if (!pool->stopping && !is_expected(worker, end))
        log_warning("worker %d is gone: %s", worker->process.pid, why.text);

    count_failure(pool, worker, &why);
    if (worker->generation == pool->next.number && worker->state == WORKER_STARTING)
        pool->handler.refused(pool->handler.context, worker->generation, why.text);
    TAILQ_REMOVE(&pool->workers, worker, link);
    give_back(worker, &why);
    worker_free(worker);
    pool->handler.changed(pool->handler.context);
    maintain(pool);
}

/* ---- its beginning ---- */

static int watch_worker(struct worker *worker)
{
    sd_event *event = worker->pool->event;
    int r;

    r = sd_event_add_io(event, &worker->link_source, worker->process.link, EPOLLIN, on_link, worker);
    if (r < 0)
        return r;
    r = sd_event_source_set_priority(worker->link_source, ORDER_RESULTS);
    if (r < 0)
        return r;
    worker->deadline_us = worker->armed_us = monotonic_us() + WORKER_HELLO_TIMEOUT_US;
    r = sd_event_add_time(event, &worker->deadline_source, CLOCK_MONOTONIC, worker->armed_us, USEC_PER_MSEC,
                          on_deadline, worker);
    if (r < 0)
        return r;
    return sd_event_source_set_priority(worker->deadline_source, ORDER_TIMERS);
}

static size_t count_current(const struct pool *pool)
{
    const struct worker *worker;
    size_t count = 0;

    TAILQ_FOREACH (worker, &pool->workers, link)
        if (worker->generation == pool->current.number && worker->state != WORKER_LEAVING)
            count++;
    return count;
}

/* Files that kill their workers delay the others a little; workers that never get ready are tried ever less often. */
static uint64_t backoff_us(const struct pool *pool)
{
    uint64_t delay = BACKOFF_FIRST_US, max = pool->start_failures ? BACKOFF_MAX_US : BACKOFF_JOB_MAX_US;

    for (unsigned i = 1; i < pool->failures && delay < max; i++)
        delay *= 2;
    return delay < max ? delay : max;
}

static void arm_respawn(struct pool *pool, uint64_t at_us)
{
    sd_event_source_set_time(pool->respawn_source, at_us);
    sd_event_source_set_enabled(pool->respawn_source, SD_EVENT_ONESHOT);
}

static bool is_respawn_armed(const struct pool *pool)
{
    return sd_event_source_get_enabled(pool->respawn_source, NULL) > 0;
}

static bool is_short(const struct pool *pool)
{
    return !pool->stopping && count_current(pool) < pool->current.workers;
}

/* @generation is 0 when what was on order has come, or will not. */
static void note_order(struct pool *pool, uint64_t generation)
{
    pool->on_order = generation;
    pool->is_late = false;
    if (generation) {
        sd_event_source_set_time(pool->late_source, monotonic_us() + START_LATE_US);
        sd_event_source_set_enabled(pool->late_source, SD_EVENT_ONESHOT);
    } else {
        sd_event_source_set_enabled(pool->late_source, SD_EVENT_OFF);
    }
}

/* It may yet start; until then no other does. */
static int on_late(sd_event_source *source, uint64_t now, void *userdata)
{
    struct pool *pool = userdata;

    (void)source;
    (void)now;
    pool->is_late = true;
    log_error("a worker is not started: %s", late_text);
    pool->handler.changed(pool->handler.context);
    return 0;
}

/* No worker has come of it. */
static void start_failed(struct pool *pool, uint64_t generation, const struct error *error)
{
    note_order(pool, 0);
    if (generation == pool->next.number)
        pool->handler.refused(pool->handler.context, generation, error->text);
    if (generation == pool->current.number && !pool->stopping) {
        snprintf(pool->trouble, sizeof pool->trouble, "%s", error->text);
        log_error("%s, retrying", error->text);
        pool->failures++;
        pool->start_failures++;
    }
    maintain(pool);
}

static void order_worker(struct pool *pool, const struct pool_generation *generation)
{
    struct error error;
    int r;

    note_order(pool, generation->number);
    r = nursery_order(pool->nursery, generation->number, generation->bundle);
    if (r == 0)
        return;
    error_set_errno(&error, -r, STAGE_NONE, "cannot start a worker");
    start_failed(pool, generation->number, &error);
}

/* One after the other, and the one that proves the next generation first; while some die young, none of the others
 * before their time has come. */
static void order_what_is_missing(struct pool *pool)
{
    if (pool->on_order)
        return;
    if (pool->next.number && !pool->proving) {
        pool->proving = true;
        order_worker(pool, &pool->next);
    } else if (is_short(pool) && !is_respawn_armed(pool)) {
        order_worker(pool, &pool->current);
    }
}

/* A reload that has failed meanwhile, or a stop, does not want it any more. */
static bool is_wanted(const struct pool *pool, const struct worker *worker)
{
    return !pool->stopping &&
           (worker->generation == pool->current.number || worker->generation == pool->next.number);
}

static int add_worker(struct pool *pool, uint64_t generation, struct spawned *process, struct error *error)
{
    struct worker *worker = calloc(1, sizeof *worker);
    int r;

    if (!worker)
        return error_set_errno(error, ENOMEM, STAGE_NONE, "cannot start a worker");
    worker->pool = pool;
    worker->generation = generation;
    worker->state = WORKER_STARTING;
    worker->process = *process;
    r = watch_worker(worker);
    if (r < 0) {
        unwatch_worker(worker);
        free(worker);
        return error_set_errno(error, -r, STAGE_NONE, "cannot watch a worker");
    }
    TAILQ_INSERT_TAIL(&pool->workers, worker, link);
    pool->handler.changed(pool->handler.context);
    if (!is_wanted(pool, worker)) {
        worker->state = WORKER_LEAVING;
        kill_worker(worker);
    }
    return 0;
}

static void on_started(void *context, uint64_t generation, struct spawned *process)
{
    struct pool *pool = context;
    struct error error;

    if (add_worker(pool, generation, process, &error) < 0) {
        spawned_kill(process);
        spawned_release(process);
        start_failed(pool, generation, &error);
        return;
    }
    note_order(pool, 0);
    order_what_is_missing(pool);
}

static void on_failed(void *context, uint64_t generation, const struct error *error)
{
    start_failed(context, generation, error);
}

static int on_respawn(sd_event_source *source, uint64_t now, void *userdata)
{
    (void)source;
    (void)now;
    order_what_is_missing(userdata);
    return 0;
}

/* Replaces the workers that are missing, at once or, when they die young, after a while. */
static void maintain(struct pool *pool)
{
    if (is_short(pool) && pool->failures > 0)
        arm_respawn(pool, monotonic_us() + backoff_us(pool));
    else
        sd_event_source_set_enabled(pool->respawn_source, SD_EVENT_OFF);
    order_what_is_missing(pool);
}

/* One that is off. */
static int add_timer(struct pool *pool, sd_event_source **ret, sd_event_time_handler_t handler)
{
    int r;

    r = sd_event_add_time(pool->event, ret, CLOCK_MONOTONIC, 0, USEC_PER_MSEC, handler, pool);
    if (r < 0)
        return r;
    sd_event_source_set_enabled(*ret, SD_EVENT_OFF);
    return sd_event_source_set_priority(*ret, ORDER_TIMERS);
}

int pool_init(struct pool *pool, sd_event *event, const char *program, const struct pool_handler *handler)
{
    struct nursery_handler nursery = {
        .started = on_started, .failed = on_failed, .ended = on_ended, .context = pool
    };
    int r;

    *pool = (struct pool){ .event = event, .handler = *handler };
    pool->current.bundle = pool->next.bundle = -1;
    TAILQ_INIT(&pool->workers);

    r = add_timer(pool, &pool->respawn_source, on_respawn);
    if (r < 0)
        return r;
    r = add_timer(pool, &pool->late_source, on_late);
    if (r < 0)
        return r;
    return nursery_new(event, program, &nursery, &pool->nursery);
}

bool pool_release(struct pool *pool)
{
    struct worker *worker;
    bool ended;

    pool->stopping = true;
    pool_kill(pool);
    ended = nursery_free(pool->nursery);
    while ((worker = TAILQ_FIRST(&pool->workers))) {
        TAILQ_REMOVE(&pool->workers, worker, link);
        worker_free(worker);
    }
    sd_event_source_disable_unref(pool->respawn_source);
    sd_event_source_disable_unref(pool->late_source);
    close_fd(pool->current.bundle);
    close_fd(pool->next.bundle);
    return ended;
}

/* ---- generations ---- */

void pool_start(struct pool *pool, const struct pool_generation *generation)
{
    pool->current = *generation;
    order_what_is_missing(pool);
}

void pool_prove(struct pool *pool, const struct pool_generation *generation)
{
    pool_forget_next(pool);
    pool->next = *generation;
    order_what_is_missing(pool);
}

void pool_swap(struct pool *pool)
{
    struct worker *worker;

    close_fd(pool->current.bundle);
    pool->current = pool->next;
    pool->next = (struct pool_generation){ .bundle = -1 };
    pool->proving = false;

    TAILQ_FOREACH (worker, &pool->workers, link)
        if (worker->generation != pool->current.number)
            let_go(worker);
    maintain(pool);
}

void pool_forget_next(struct pool *pool)
{
    close_fd(pool->next.bundle);
    pool->next = (struct pool_generation){ .bundle = -1 };
    pool->proving = false;
}

/* ---- work ---- */

struct worker *pool_idle_worker(struct pool *pool)
{
    struct worker *worker;

    TAILQ_FOREACH (worker, &pool->workers, link)
        if (worker->state == WORKER_IDLE && !worker->killed && worker->generation == pool->current.number)
            return worker;
    return NULL;
}

/* A small file may be of a large picture: then it has been handed back. */
static bool is_small(const struct job *job)
{
    return job->version.size <= PREFETCH_BYTES_MAX && job->needs_memory_bytes == 0;
}

struct worker *pool_prefetch_worker(struct pool *pool)
{
    struct worker *worker;

    TAILQ_FOREACH (worker, &pool->workers, link)
        if (worker->state == WORKER_BUSY && !worker->killed && worker->generation == pool->current.number &&
            !worker->prefetched && !worker->running->suspect && is_small(worker->running))
            return worker;
    return NULL;
}

/* The source goes before its ticket, so room for that is looked for first: a source without a ticket would be taken
 * for the next one's. */
static int send_job(struct worker *worker, const struct job *job)
{
    struct ticket ticket = ticket_of(worker, job);
    int r;

    if (worker->prefetched && mailbox_unread(worker->process.mailbox) >= MAILBOX_TICKETS)
        return -EAGAIN;
    r = worker_link_send_source(worker->process.link, worker->generation, job->id, job->source_fd, job->path,
                                job->version.mtime_ns);
    if (r < 0)
        return r;
    r = mailbox_send(worker->process.mailbox, &ticket);
    if (r < 0) {
        log_error("worker %d has a source but not its ticket: %s", worker->process.pid, strerrordesc_np(-r));
        return -EPROTO;
    }
    return 0;
}

bool pool_is_shortage(int r)
{
    return r == -ENOMEM || r == -ENOBUFS || r == -ETOOMANYREFS;
}

/* What it runs is not to suffer for what it could not be given as well. */
static void give_up(struct worker *worker)
{
    if (worker->running)
        let_go(worker);
    else
        kill_worker(worker);
}

int pool_assign(struct worker *worker, struct job *job, uint64_t grant_bytes)
{
    bool busy = worker->running != NULL;
    int r;

    job->memory_grant_bytes = grant_bytes;
    attach(worker, job);
    r = send_job(worker, job);
    if (r == 0) {
        worker->granted_us = monotonic_us();
        return 0;
    }

    detach(worker, job);
    if (!pool_is_shortage(r) && !(r == -EAGAIN && busy))
        give_up(worker);
    return r;
}

uint64_t worker_grant_bytes(const struct worker *worker)
{
    uint64_t running = worker->running ? worker->running->memory_grant_bytes : 0;
    uint64_t prefetched = worker->prefetched ? worker->prefetched->memory_grant_bytes : 0;

    return running > prefetched ? running : prefetched;
}

struct memory_use pool_memory_use(const struct pool *pool, uint64_t since_us)
{
    struct memory_use use = { 0 };
    const struct worker *worker;

    TAILQ_FOREACH (worker, &pool->workers, link) {
        uint64_t grant = worker_grant_bytes(worker);

        use.granted_bytes += grant;
        use.late_bytes += worker->granted_us >= since_us ? grant : 0;
    }
    return use;
}

size_t pool_ready_count(const struct pool *pool)
{
    const struct worker *worker;
    size_t count = 0;

    TAILQ_FOREACH (worker, &pool->workers, link)
        count += worker->state == WORKER_IDLE || worker->state == WORKER_BUSY;
    return count;
}

size_t pool_held_count(const struct pool *pool)
{
    const struct worker *worker;
    size_t count = 0;

    TAILQ_FOREACH (worker, &pool->workers, link)
        count += (worker->running ? 1 : 0) + (worker->prefetched ? 1 : 0);
    return count;
}

void pool_stop(struct pool *pool)
{
    struct worker *worker;

    pool->stopping = true;
    TAILQ_FOREACH (worker, &pool->workers, link)
        let_go(worker);
}

void pool_kill(struct pool *pool)
{
    struct worker *worker;

    TAILQ_FOREACH (worker, &pool->workers, link)
        kill_worker(worker);
}

void pool_leave(struct pool *pool)
{
    struct error innocent = { .class = CLASS_NONE };
    struct worker *worker;

    while ((worker = TAILQ_FIRST(&pool->workers))) {
        TAILQ_REMOVE(&pool->workers, worker, link);
        give_back(worker, &innocent);
        worker_free(worker);
    }
    note_order(pool, 0);
}

const char *pool_trouble(const struct pool *pool)
{
    return pool->is_late ? late_text : pool->trouble;
}

bool pool_is_empty(const struct pool *pool)
{
    return TAILQ_EMPTY(&pool->workers) && !pool->on_order;
}
