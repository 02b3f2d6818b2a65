/* SPDX-License-Identifier: GPL-2.0-or-later */
/* supervisor - see supervisor.h. From top to bottom: changes, folders, replies, reload, drain, stop, start. */
#include "supervisor/supervisor.h"

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/memory.h"
#include "base/processors.h"
#include "base/text.h"
#include "recipe/bundle.h"
#include "supervisor/again.h"
#include "supervisor/dispatch.h"
#include "supervisor/errand.h"
#include "supervisor/event_order.h"
#include "supervisor/job_flow.h"
#include "supervisor/plan.h"
#include "supervisor/progress.h"
#include "supervisor/snapshot.h"
#include "supervisor/state_directory.h"

#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <systemd/sd-daemon.h>

#define DRAIN_TICK_US (100 * USEC_PER_MSEC)
#define DRAIN_HELD_US (5 * USEC_PER_SEC)     /* a folder held or lost for so long is given up by --drain */
#define DRAIN_STALLED_US (15 * USEC_PER_SEC) /* nothing moves for so long: --drain gives up */
#define STOP_PATIENCE_US (5 * USEC_PER_SEC)  /* for each further step of a stop */

enum {
    DRAIN_WORKER_FAILURES = 5, /* workers in a row that do not get ready: --drain gives up */
    EXIT_SOME_FAILED = 1,
    EXIT_HELD = EX_TEMPFAIL,
    REPLIES_A_TURN = 256,
};

const char *phase_name(enum phase phase)
{
    static const char *const names[] = { [PHASE_STARTING] = "starting",
                                         [PHASE_RUNNING] = "running",
                                         [PHASE_STOPPING] = "stopping",
                                         [PHASE_STOPPED] = "stopped" };

    return names[phase];
}

void supervisor_changed(struct supervisor *supervisor)
{
    supervisor->sequence++;
}

bool supervisor_is_ready(const struct supervisor *supervisor)
{
    return supervisor->phase == PHASE_RUNNING && !supervisor->ledger_news.failing &&
           pool_ready_count(&supervisor->pool) > 0;
}

/* ---- folders ---- */

static int on_watcher_news(sd_event_source *source, int fd, uint32_t events, void *userdata)
{
    struct folder *folder = userdata;

    (void)source;
    (void)fd;
    (void)events;
    watcher_read_news(folder->watcher, &folder->news);
    folder_note_state(folder);
    if (folder->news.state != FOLDER_OK)
        job_flow_release_folder(folder->supervisor, folder);
    if (folder->news.state == FOLDER_LOST)
        plan_release(folder->supervisor, folder);
    supervisor_changed(folder->supervisor);
    return 0;
}

static int watch_news(struct supervisor *supervisor, struct folder *folder)
{
    int r = sd_event_add_io(supervisor->event, &folder->news_source, watcher_news_fd(folder->watcher),
                            EPOLLIN, on_watcher_news, folder);

    return r < 0 ? r : sd_event_source_set_priority(folder->news_source, ORDER_NEWS);
}

static size_t free_slot(const struct supervisor *supervisor)
{
    size_t slot = 0;

    while (slot < FOLDERS_MAX && supervisor->folders[slot])
        slot++;
    return slot;
}

static int add_folder(struct supervisor *supervisor, const struct folder_conf *conf)
{
    size_t slot = free_slot(supervisor);
    struct folder *folder = slot < FOLDERS_MAX ? folder_new(supervisor, slot, conf) : NULL;
    int r;

    if (!folder)
        return slot < FOLDERS_MAX ? -ENOMEM : -ENOSPC;
    r = watcher_start(slot, supervisor->config, conf, supervisor->ledger, &supervisor->replies,
                      &supervisor->options->kernel, supervisor->options->drain, &folder->watcher);
    if (r < 0) {
        folder_free(folder);
        return r;
    }

    supervisor->folders[slot] = folder;
    if (slot >= supervisor->slot_count)
        supervisor->slot_count = slot + 1;
    return watch_news(supervisor, folder);
}

static struct folder *find_folder(const struct supervisor *supervisor, const char *name)
{
    for (size_t i = 0; i < supervisor->slot_count; i++)
        if (supervisor->folders[i] && strcmp(supervisor->folders[i]->name, name) == 0)
            return supervisor->folders[i];
    return NULL;
}

struct folder *supervisor_folder(const struct supervisor *supervisor, const char *name)
{
    struct folder *folder = find_folder(supervisor, name);

    return folder && !folder->leaving && !folder->ended ? folder : NULL;
}

static void configure_folder(struct supervisor *supervisor, struct folder *folder)
{
    const struct folder_conf *conf = config_folder(supervisor->config, folder->name);
    struct watcher_request request = { .op = WATCHER_CONFIGURE };

    if (folder->leaving || folder->conf == conf)
        return;
    /* Another Path is another folder: the old one ends first. */
    if (!conf || strcmp(conf->path, folder->conf->path) != 0) {
        log_notice("folder %s is no longer watched at %s", folder->name, folder->conf->path);
        folder->leaving = true;
        folder->conf = NULL;
        folder_request(folder, WATCHER_QUIESCE, NULL);
        return;
    }
    folder->conf = conf;
    folder->exhausted = false;
    request.config = config_ref(supervisor->config);
    request.folder = conf;
    watcher_send(folder->watcher, &request);
}

/* Makes the folders be what the configuration says. */
static int reconcile_folders(struct supervisor *supervisor)
{
    int result = 0;

    for (size_t i = 0; i < supervisor->slot_count; i++)
        if (supervisor->folders[i])
            configure_folder(supervisor, supervisor->folders[i]);

    for (size_t i = 0; i < supervisor->config->folder_count; i++) {
        const struct folder_conf *conf = &supervisor->config->folders[i];
        int r;

        if (find_folder(supervisor, conf->name))
            continue;
        r = add_folder(supervisor, conf);
        if (r < 0) {
            log_error("folder %s cannot be watched: %s", conf->name, strerrordesc_np(-r));
            result = r;
        }
    }
    return result;
}

/* The last request of all, once. */
static void send_stop(struct folder *folder)
{
    if (folder->stop_sent)
        return;
    folder->stop_sent = true;
    folder_request(folder, WATCHER_STOP, NULL);
}

/* A folder that is no longer configured ends when nothing of it is under way any more. */
static void end_leaving_folders(struct supervisor *supervisor)
{
    for (size_t i = 0; i < supervisor->slot_count; i++) {
        struct folder *folder = supervisor->folders[i];

        if (!folder || !folder->leaving || folder->stop_sent || folder->in_flight > 0 || folder->plans > 0 ||
            folder->taking || folder->taking_suspects)
            continue;
        send_stop(folder);
    }
}

static void on_watcher_ended(struct supervisor *supervisor, size_t slot)
{
    struct folder *folder = supervisor->folders[slot];

    folder->ended = true;
    if (supervisor->phase != PHASE_RUNNING)
        return;
    supervisor->folders[slot] = NULL;
    folder_free(folder);
    reconcile_folders(supervisor);
}

/* ---- replies and news ---- */

static int on_ledger_news(sd_event_source *source, int fd, uint32_t events, void *userdata)
{
    struct supervisor *supervisor = userdata;

    (void)source;
    (void)fd;
    (void)events;
    ledger_read_news(supervisor->ledger, &supervisor->ledger_news);
    supervisor_changed(supervisor);
    return 0;
}

static int on_replies(sd_event_source *source, int fd, uint32_t events, void *userdata)
{
    struct supervisor *supervisor = userdata;
    struct reply reply;

    (void)source;
    (void)fd;
    (void)events;
    for (int i = 0; i < REPLIES_A_TURN && channel_receive(&supervisor->replies, &reply); i++) {
        if (reply.kind == REPLY_LISTED)
            control_listed(supervisor->control, reply.query);
        else if (reply.kind == REPLY_PURGED)
            history_purged(supervisor, &reply);
        else if (reply.kind == REPLY_AGAIN)
            again_answered(supervisor->control, reply.again);
        else if (reply.kind == REPLY_WATCHER_ENDED)
            on_watcher_ended(supervisor, reply.slot);
        else
            job_flow_reply(supervisor, &reply);
    }
    return 0;
}

/* ---- generations ---- */

static size_t worker_count(const struct config *config)
{
    return config->daemon.workers ? (size_t)config->daemon.workers : processors_usable();
}

/* Half of what there is: the other half is for files in memory, for publishing, and for everybody else. */
static uint64_t memory_budget(const struct config *config)
{
    uint64_t configured = config->daemon.memory_budget_bytes;

    return configured ? configured : memory_usable() / 2;
}

static int make_generation(struct supervisor *supervisor, const struct config *config,
                           struct pool_generation *ret)
{
    int bundle = bundle_write(config->recipes, config->recipe_count);

    if (bundle < 0)
        return bundle;
    *ret = (struct pool_generation){ .number = ++supervisor->last_generation,
                                     .bundle = bundle,
                                     .workers = worker_count(config) };
    return 0;
}

static void reload_ends(struct supervisor *supervisor)
{
    bool again = supervisor->reload.again;

    config_unref(supervisor->reload.config);
    supervisor->reload = (struct reload){ 0 };
    sd_notify(0, "READY=1");
    supervisor_changed(supervisor);
    if (again)
        supervisor_reload(supervisor, NULL);
}

static void reload_failed(struct supervisor *supervisor, json_t *problems, const char *text)
{
    struct request *waiter = take_ptr(supervisor->reload.waiter);

    log_error("the configuration was not reloaded, the old one stays: %s", text);
    if (waiter)
        http_answer_problem(waiter, 409, problems, "%s", text);
    else
        json_decref(problems);
    reload_ends(supervisor);
}

static json_t *log_problems(const struct problems *problems)
{
    for (size_t i = 0; i < problems->count; i++)
        log_error("%s: %s", problems->list[i].where, problems->list[i].text);
    return snapshot_problems(problems);
}

/* Loaded: now one worker of the new generation has to load it as well. */
static void on_loaded(void *context, int result, struct config *config, struct problems *problems)
{
    struct supervisor *supervisor = context;
    struct pool_generation generation;
    struct error error;

    if (supervisor->phase != PHASE_RUNNING) {
        config_unref(config); /* the stop has told whoever asked */
        return;
    }
    if (result < 0) {
        reload_failed(supervisor, log_problems(problems), "the configuration is wrong");
        return;
    }

    supervisor->reload.config = config;
    if (make_generation(supervisor, config, &generation) < 0)
        reload_failed(supervisor, NULL, "the recipes cannot be handed to workers: out of memory");
    else if (pool_prove(&supervisor->pool, &generation, &error) < 0)
        reload_failed(supervisor, NULL, error.text);
}

void supervisor_reload(struct supervisor *supervisor, struct request *waiter)
{
    if (supervisor->phase != PHASE_RUNNING || supervisor->reload.active) {
        supervisor->reload.again = supervisor->reload.active;
        if (waiter)
            http_answer_problem(waiter, 409, NULL, "%s",
                                supervisor->reload.active ? "a reload is under way; another one follows"
                                                          : "darkroomd is not running yet, or stopping");
        return;
    }

    sd_notifyf(0, "RELOADING=1\nMONOTONIC_USEC=%" PRIu64, monotonic_us());
    supervisor->reload = (struct reload){ .active = true, .waiter = waiter };
    if (errand_load_config(supervisor->event, &supervisor->options->origin, on_loaded, supervisor) < 0)
        reload_failed(supervisor, NULL, "no thread could be started");
}

/* Proven: everything changes over in this one function. Running jobs keep the generation they began with. */
static void swap(struct supervisor *supervisor)
{
    struct config *old = supervisor->config;
    struct request *waiter = take_ptr(supervisor->reload.waiter);

    supervisor->config = take_ptr(supervisor->reload.config);
    supervisor->generation = supervisor->pool.next.number;
    admission_configure(&supervisor->admission, memory_budget(supervisor->config),
                        worker_count(supervisor->config));
    pool_swap(&supervisor->pool);
    reconcile_folders(supervisor);
    job_flow_release_waiting(supervisor);
    plan_release(supervisor, NULL);
    config_unref(old);

    log_notice("the configuration was reloaded (generation %" PRIu64 ")", supervisor->generation);
    if (waiter)
        http_answer(waiter, 202, json_pack("{s:I}", "generation", (json_int_t)supervisor->generation));
    reload_ends(supervisor);
}

static void on_worker_ready(void *context, uint64_t generation)
{
    struct supervisor *supervisor = context;

    supervisor_changed(supervisor);
    if (supervisor->phase != PHASE_RUNNING)
        return;
    if (supervisor->reload.config && generation == supervisor->pool.next.number)
        swap(supervisor);
    if (!supervisor->notified) {
        supervisor->notified = true;
        log_line(supervisor->options->drain ? LOG_INFO : LOG_NOTICE,
                 "ready: %zu folder%s, %zu worker%s; answers at %s", supervisor->config->folder_count,
                 supervisor->config->folder_count == 1 ? "" : "s", supervisor->pool.current.workers,
                 supervisor->pool.current.workers == 1 ? "" : "s",
                 supervisor->control->socket_path ?: "systemd's socket");
        sd_notifyf(0, "READY=1\nSTATUS=%zu folders", supervisor->config->folder_count);
    }
}

static void on_worker_refused(void *context, uint64_t generation, const char *text)
{
    struct supervisor *supervisor = context;

    (void)generation;
    pool_forget_next(&supervisor->pool);
    if (supervisor->reload.config)
        reload_failed(supervisor, NULL, text);
}

/* A stop ends a reload wherever it is. */
static void cancel_reload(struct supervisor *supervisor)
{
    if (supervisor->reload.waiter)
        http_answer_problem(supervisor->reload.waiter, 503, NULL, "darkroomd is stopping");
    config_unref(supervisor->reload.config);
    supervisor->reload = (struct reload){ 0 };
    pool_forget_next(&supervisor->pool);
}

/* ---- drain ---- */

static void count_progress(const struct supervisor *supervisor, struct progress_counts *ret)
{
    const struct ledger_news *news = &supervisor->ledger_news;
    uint64_t open = 0;

    for (size_t i = 0; i < supervisor->slot_count; i++) {
        const struct folder *folder = supervisor->folders[i];

        if (folder)
            open += folder_waiting(folder) + news->folders[i].queued + news->folders[i].suspects +
                    folder->in_flight;
    }
    *ret = (struct progress_counts){
        .done = news->counts[JOB_DONE] - supervisor->done_before,
        .failed = news->counts[JOB_FAILED] - supervisor->failed_before,
        .elapsed_us = monotonic_us() - supervisor->started_us,
    };
    ret->total = ret->done + ret->failed + open;
}

/* True when this folder's share is done: nothing waits, nothing is queued, and the ledger has seen all arrivals. */
static bool is_drained(const struct supervisor *supervisor, const struct folder *folder)
{
    const struct ledger_folder_news *news = &supervisor->ledger_news.folders[folder->slot];

    return folder->news.scanned && folder->news.waiting == 0 && folder->news.arrivals == news->arrivals &&
           news->queued + news->suspects == 0 && folder->in_flight == 0 && folder->resumed &&
           !folder->taking && !folder->taking_suspects;
}

/* Nothing ended, settles or is worked on for so long: retries that lead nowhere, an archive or a ledger that is
 * not there. */
static bool is_stalled(struct supervisor *supervisor, const struct progress_counts *counts)
{
    uint64_t ended = counts->done + counts->failed, now = monotonic_us();

    for (size_t i = 0; i < supervisor->slot_count; i++)
        if (supervisor->folders[i] && supervisor->folders[i]->news.waiting > 0)
            supervisor->progress_us = now;
    if (ended != supervisor->progress_ended || pool_held_count(&supervisor->pool) > 0 ||
        supervisor->progress_us == 0)
        supervisor->progress_us = now;
    supervisor->progress_ended = ended;
    return now - supervisor->progress_us >= DRAIN_STALLED_US;
}

static bool is_given_up(const struct supervisor *supervisor, const struct folder *folder)
{
    bool held = folder->held_since_us > 0 && monotonic_us() - folder->held_since_us >= DRAIN_HELD_US;

    return held || (pool_ready_count(&supervisor->pool) == 0 &&
                    supervisor->pool.start_failures >= DRAIN_WORKER_FAILURES);
}

static const char *why_not_drained(const struct supervisor *supervisor, const struct folder *folder)
{
    if (folder_reason(folder)[0])
        return folder_reason(folder);
    if (supervisor->ledger_news.failing)
        return supervisor->ledger_news.text;
    return supervisor->pool.trouble[0] ? supervisor->pool.trouble
                                       : "nothing moves any more; see the messages above";
}

static void say_drained(const struct progress_counts *counts)
{
    char duration[32];

    text_format_duration(counts->elapsed_us, duration, sizeof duration);
    log_notice("%" PRIu64 " done, %" PRIu64 " failed in %s", counts->done, counts->failed, duration);
}

static int on_drain_tick(sd_event_source *source, uint64_t now, void *userdata)
{
    struct supervisor *supervisor = userdata;
    int fd = supervisor->options->progress_fd;
    struct progress_counts counts;
    bool held = false, stalled;

    (void)now; /* when it should have come, not when it did */
    sd_event_source_set_time(source, monotonic_us() + DRAIN_TICK_US);
    sd_event_source_set_enabled(source, SD_EVENT_ONESHOT);
    count_progress(supervisor, &counts);
    if (fd >= 0 && supervisor->phase == PHASE_RUNNING)
        progress_draw(fd, &counts);
    if (supervisor->phase != PHASE_RUNNING)
        return 0;

    stalled = is_stalled(supervisor, &counts);
    for (size_t i = 0; i < supervisor->slot_count; i++) {
        const struct folder *folder = supervisor->folders[i];

        if (!folder || is_drained(supervisor, folder))
            continue;
        if (!stalled && !is_given_up(supervisor, folder))
            return 0;
        held = true;
    }
    for (size_t i = 0; held && i < supervisor->slot_count; i++)
        if (supervisor->folders[i] && !is_drained(supervisor, supervisor->folders[i]))
            log_error("folder %s was not finished: %s", supervisor->folders[i]->name,
                      why_not_drained(supervisor, supervisor->folders[i]));

    if (fd >= 0)
        progress_erase(fd);
    say_drained(&counts);
    supervisor_stop(supervisor, held ? EXIT_HELD : counts.failed > 0 ? EXIT_SOME_FAILED : EX_OK);
    return 0;
}

/* ---- stop ---- */

static void arm_patience(struct supervisor *supervisor, uint64_t us)
{
    sd_event_source_set_time(supervisor->stop_source, monotonic_us() + us);
    sd_event_source_set_enabled(supervisor->stop_source, SD_EVENT_ONESHOT);
}

void supervisor_stop(struct supervisor *supervisor, int exit_code)
{
    if (supervisor->phase == PHASE_STOPPING) {
        log_notice("stopping at once; what is running goes back to the queue");
        pool_kill(&supervisor->pool);
        return;
    }

    log_line(supervisor->options->drain ? LOG_DEBUG : LOG_NOTICE,
             "stopping; running jobs are finished first");
    sd_notify(0, "STOPPING=1");
    supervisor->phase = PHASE_STOPPING;
    supervisor->exit_code = exit_code;
    supervisor->pool.stopping = true;
    cancel_reload(supervisor);
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
    supervisor->watchers_released = true;
    for (size_t i = 0; i < supervisor->slot_count; i++)
        if (supervisor->folders[i])
            send_stop(supervisor->folders[i]);
}

/* The shut-down, top to bottom; called after every turn of the loop, it goes on where it has to wait. */
static void go_on_stopping(struct supervisor *supervisor)
{
    if (supervisor->phase != PHASE_STOPPING)
        return;

    /* 1. Running jobs end, or are killed when patience does. */
    if (pool_held_count(&supervisor->pool) > 0)
        return;

    /* 2. Workers leave. */
    if (!supervisor->workers_released) {
        supervisor->workers_released = true;
        pool_stop(&supervisor->pool);
    }
    if (!pool_is_empty(&supervisor->pool))
        return;

    /* 3. Watchers publish what they were given, hand back what they cannot, and end. */
    if (!supervisor->watchers_released)
        release_watchers(supervisor);
    if (!all_watchers_ended(supervisor))
        return;

    /* 4. The ledger has recorded where every job stands. */
    if (has_jobs_under_way(supervisor) && !supervisor->abandoned)
        return;
    supervisor->phase = PHASE_STOPPED;
}

static void abandon_hung_watchers(struct supervisor *supervisor)
{
    for (size_t i = 0; i < supervisor->slot_count; i++) {
        struct folder *folder = supervisor->folders[i];

        if (!folder || folder->ended)
            continue;
        log_error("folder %s hangs (%s does not answer); leaving without it", folder->name,
                  folder->conf ? folder->conf->path : "its file system");
        folder->ended = true;
        supervisor->abandoned = true;
    }
}

/* Each time patience runs out, something else is not waited for any more. */
static int on_impatience(sd_event_source *source, uint64_t now, void *userdata)
{
    struct supervisor *supervisor = userdata;

    (void)source;
    (void)now;
    switch (supervisor->patience++) {
    case 0:
        if (pool_is_empty(&supervisor->pool))
            break;
        log_warning("StopTimeout= is over; what is still running goes back to the queue");
        pool_kill(&supervisor->pool);
        break;
    case 1:
        abandon_hung_watchers(supervisor);
        break;
    default:
        log_error("the ledger does not answer; what it has not recorded is found at the next start");
        supervisor->phase = PHASE_STOPPED;
        return 0;
    }
    arm_patience(supervisor, STOP_PATIENCE_US);
    return 0;
}

/* A --drain that is interrupted has not done what it was asked for. */
static void interrupt_drain(struct supervisor *supervisor)
{
    struct progress_counts counts;

    count_progress(supervisor, &counts);
    if (supervisor->options->progress_fd >= 0)
        progress_erase(supervisor->options->progress_fd);
    log_notice("interrupted: %" PRIu64 " of %" PRIu64 " done, %" PRIu64
               " failed; the rest is done by the next one",
               counts.done, counts.total, counts.failed);
    supervisor_stop(supervisor, EXIT_HELD);
}

static int on_stop_signal(sd_event_source *source, const struct signalfd_siginfo *info, void *userdata)
{
    struct supervisor *supervisor = userdata;

    (void)source;
    (void)info;
    if (supervisor->options->drain && supervisor->phase == PHASE_RUNNING)
        interrupt_drain(supervisor);
    else
        supervisor_stop(supervisor, EX_OK);
    return 0;
}

static int on_reload_signal(sd_event_source *source, const struct signalfd_siginfo *info, void *userdata)
{
    (void)source;
    (void)info;
    supervisor_reload(userdata, NULL);
    return 0;
}

/* ---- start ---- */

static int on_due(sd_event_source *source, uint64_t now, void *userdata)
{
    (void)source;
    (void)now;
    ((struct supervisor *)userdata)->due_us = USEC_INFINITY;
    return 0; /* it woke the loop; dispatch runs after every turn */
}

static int add_signals(struct supervisor *supervisor)
{
    static const struct {
        int number;
        sd_event_signal_handler_t handler;
    } signals[] = {
        { SIGTERM, on_stop_signal },
        { SIGINT, on_stop_signal },
        { SIGHUP, on_reload_signal },
    };

    for (size_t i = 0; i < ARRAY_SIZE(signals); i++) {
        sd_event_source **source = &supervisor->signal_sources[i];
        int r =
            sd_event_add_signal(supervisor->event, source, signals[i].number, signals[i].handler, supervisor);

        if (r < 0)
            return r;
        sd_event_source_set_priority(*source, ORDER_SIGNALS);
    }
    return 0;
}

static int add_timer(struct supervisor *supervisor, sd_event_source **ret, clockid_t clock,
                     sd_event_time_handler_t handler)
{
    int r = sd_event_add_time(supervisor->event, ret, clock, 0, USEC_PER_MSEC, handler, supervisor);

    if (r < 0)
        return r;
    sd_event_source_set_enabled(*ret, SD_EVENT_OFF);
    return sd_event_source_set_priority(*ret, ORDER_TIMERS);
}

static int add_reader(struct supervisor *supervisor, sd_event_source **ret, int fd, enum event_order order,
                      sd_event_io_handler_t handler)
{
    int r = sd_event_add_io(supervisor->event, ret, fd, EPOLLIN, handler, supervisor);

    return r < 0 ? r : sd_event_source_set_priority(*ret, order);
}

static int add_sources(struct supervisor *supervisor)
{
    int r;

    r = add_signals(supervisor);
    if (r < 0)
        return r;
    r = add_reader(supervisor, &supervisor->replies_source, channel_fd(&supervisor->replies), ORDER_REPLIES,
                   on_replies);
    if (r < 0)
        return r;
    r = add_reader(supervisor, &supervisor->news_source, ledger_news_fd(supervisor->ledger), ORDER_NEWS,
                   on_ledger_news);
    if (r < 0)
        return r;
    r = add_timer(supervisor, &supervisor->due_source, CLOCK_REALTIME, on_due);
    if (r < 0)
        return r;
    r = add_timer(supervisor, &supervisor->stop_source, CLOCK_MONOTONIC, on_impatience);
    if (r < 0)
        return r;
    r = add_timer(supervisor, &supervisor->drain_source, CLOCK_MONOTONIC, on_drain_tick);
    if (r >= 0 && supervisor->options->drain)
        sd_event_source_set_enabled(supervisor->drain_source, SD_EVENT_ONESHOT);
    return r;
}

static int open_ledger(struct supervisor *supervisor, struct error *error)
{
    _cleanup_free_ char *path = NULL;
    int r;

    r = state_directory_make(supervisor->options->state_directory, 0700, error);
    if (r < 0)
        return r;
    supervisor->lock_fd = state_directory_lock(supervisor->options->state_directory, error);
    if (supervisor->lock_fd < 0)
        return supervisor->lock_fd;
    if (asprintf(&path, "%s/ledger.db", supervisor->options->state_directory) < 0)
        return -ENOMEM;
    return ledger_start(path, &supervisor->replies, &supervisor->ledger, error);
}

static int open_control(struct supervisor *supervisor, struct error *error)
{
    const struct supervisor_options *options = supervisor->options;
    int r = state_directory_make(options->runtime_directory, 0755, error);

    if (r == 0)
        r = control_start(supervisor, supervisor->event, options->runtime_directory, &supervisor->control,
                          error);
    /* Several --watch or --drain may run beside a service: only one can have the usual place. */
    if (r == -EADDRINUSE && options->runtime_is_default) {
        log_notice("%s; this one answers at %s/api.sock", error->text, options->state_directory);
        r = control_start(supervisor, supervisor->event, options->state_directory, &supervisor->control,
                          error);
    }
    return r;
}

static int start_pool(struct supervisor *supervisor)
{
    static const struct pool_handler handler = { .result = job_flow_result,
                                                 .lost = job_flow_lost,
                                                 .ready = on_worker_ready,
                                                 .refused = on_worker_refused };
    struct pool_handler with_context = handler;
    struct pool_generation generation;
    int r;

    with_context.context = supervisor;
    r = pool_init(&supervisor->pool, supervisor->event, supervisor->options->worker_program, &with_context);
    if (r < 0)
        return r;
    r = make_generation(supervisor, supervisor->config, &generation);
    if (r < 0)
        return r;
    supervisor->generation = generation.number;
    admission_configure(&supervisor->admission, memory_budget(supervisor->config), generation.workers);
    pool_start(&supervisor->pool, &generation);
    return 0;
}

static int failed(const char *what, int r)
{
    log_error("%s: %s", what, strerrordesc_np(-r));
    return EX_OSERR;
}

int supervisor_start(struct supervisor *supervisor, const struct supervisor_options *options,
                     struct config *config)
{
    struct error error = { .class = CLASS_NONE };
    int r;

    *supervisor =
        (struct supervisor){ .options = options, .config = config, .lock_fd = -1, .due_us = USEC_INFINITY };
    supervisor->started_us = monotonic_us();
    TAILQ_INIT(&supervisor->plans);
    TAILQ_INIT(&supervisor->pool.workers);
    admission_init(&supervisor->admission);
    supervisor->pool.current.bundle = supervisor->pool.next.bundle = -1;

    r = sd_event_new(&supervisor->event);
    if (r < 0)
        return failed("cannot make the event loop", r);
    sd_event_set_watchdog(supervisor->event, true);
    r = channel_init(&supervisor->replies, sizeof(struct reply), REPLIES_MAX);
    if (r < 0)
        return failed("cannot make a channel", r);

    r = open_ledger(supervisor, &error);
    if (r < 0) {
        log_error("%s%s", r == -EWOULDBLOCK ? "" : "cannot open the ledger: ", error.text);
        return r == -EWOULDBLOCK ? EX_UNAVAILABLE : EX_IOERR;
    }
    ledger_read_news(supervisor->ledger, &supervisor->ledger_news);
    supervisor->done_before = supervisor->ledger_news.counts[JOB_DONE];
    supervisor->failed_before = supervisor->ledger_news.counts[JOB_FAILED];

    r = add_sources(supervisor);
    if (r < 0)
        return failed("cannot watch for events", r);
    r = open_control(supervisor, &error);
    if (r < 0) {
        log_error("%s", error.text);
        return r == -EADDRINUSE ? EX_UNAVAILABLE : EX_OSERR;
    }
    r = start_pool(supervisor);
    if (r < 0)
        return failed("cannot start workers", r);
    r = history_start(supervisor);
    if (r < 0)
        return failed("cannot set a timer", r);
    supervisor->phase = PHASE_RUNNING;
    r = reconcile_folders(supervisor);
    return r < 0 ? EX_OSERR : EX_OK;
}

/* Everything that is not an event of its own. */
static void turn(struct supervisor *supervisor)
{
    dispatch_run(supervisor);
    end_leaving_folders(supervisor);
    go_on_stopping(supervisor);
    if (supervisor->control)
        control_turn(supervisor->control);
}

int supervisor_run(struct supervisor *supervisor)
{
    while (supervisor->phase != PHASE_STOPPED) {
        int r = sd_event_prepare(supervisor->event);
        uint64_t began, took;

        if (r == 0)
            r = sd_event_wait(supervisor->event, UINT64_MAX);
        began = monotonic_us();
        if (r > 0)
            r = sd_event_dispatch(supervisor->event);
        if (r < 0) {
            log_error("the event loop failed: %s", strerrordesc_np(-r));
            return EX_SOFTWARE;
        }
        turn(supervisor);
        took = monotonic_us() - began;
        supervisor->longest_stall_us =
            took > supervisor->longest_stall_us ? took : supervisor->longest_stall_us;
    }
    log_line(supervisor->options->drain ? LOG_DEBUG : LOG_NOTICE, "stopped");
    return supervisor->exit_code;
}

/* Replies that nobody will read: what they carry was given back, or is in the ledger as handed out. */
static void drop_replies(struct supervisor *supervisor)
{
    struct reply reply;

    while (supervisor->replies.messages && channel_receive(&supervisor->replies, &reply)) {
        job_free(reply.job);
        if (reply.take)
            config_unref(reply.take->config);
        free(reply.take);
        if (reply.query)
            job_query_release(reply.query);
        free(reply.query);
        again_free(reply.again);
    }
}

static void stop_watchers(struct supervisor *supervisor)
{
    for (size_t i = 0; i < supervisor->slot_count; i++) {
        struct folder *folder = supervisor->folders[i];

        if (!folder || supervisor->abandoned)
            continue;
        send_stop(folder);
        folder_free(folder);
    }
}

void supervisor_release(struct supervisor *supervisor)
{
    pool_release(&supervisor->pool);
    stop_watchers(supervisor);
    if (supervisor->ledger)
        ledger_stop(supervisor->ledger);
    control_free(supervisor->control);
    history_release(&supervisor->history);
    sd_event_source_disable_unref(supervisor->replies_source);
    sd_event_source_disable_unref(supervisor->news_source);
    sd_event_source_disable_unref(supervisor->due_source);
    sd_event_source_disable_unref(supervisor->stop_source);
    sd_event_source_disable_unref(supervisor->drain_source);
    for (size_t i = 0; i < ARRAY_SIZE(supervisor->signal_sources); i++)
        sd_event_source_disable_unref(supervisor->signal_sources[i]);

    /* A thread that hangs may come back any moment: what it could touch stays. */
    if (!supervisor->abandoned) {
        drop_replies(supervisor);
        channel_release(&supervisor->replies);
        ledger_free(supervisor->ledger);
        config_unref(supervisor->config);
    }
    sd_event_unref(supervisor->event);
    close_fd(supervisor->lock_fd);
}
