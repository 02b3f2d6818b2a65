/* SPDX-License-Identifier: GPL-2.0-or-later */
/* supervisor - see supervisor.h. From top to bottom: replies, signals, start, run, release. */
#include "supervisor/supervisor.h"

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/log.h"
#include "supervisor/again.h"
#include "supervisor/dispatch.h"
#include "supervisor/drain.h"
#include "supervisor/event_order.h"
#include "supervisor/folders.h"
#include "supervisor/job_flow.h"
#include "supervisor/loop_priority.h"
#include "supervisor/plan.h"
#include "supervisor/reload.h"
#include "supervisor/state_directory.h"
#include "supervisor/stop.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

enum { REPLIES_A_TURN = 256 };

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
            folders_watcher_ended(supervisor, reply.slot);
        else
            job_flow_reply(supervisor, &reply);
    }
    return 0;
}

/* ---- signals ---- */

static int on_stop_signal(sd_event_source *source, const struct signalfd_siginfo *info, void *userdata)
{
    struct supervisor *supervisor = userdata;

    (void)source;
    (void)info;
    if (supervisor->options->drain && supervisor->phase == PHASE_RUNNING)
        drain_interrupt(supervisor);
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
    r = add_timer(supervisor, &supervisor->stop_source, CLOCK_MONOTONIC, stop_impatience);
    if (r < 0)
        return r;
    r = add_timer(supervisor, &supervisor->drain_source, CLOCK_MONOTONIC, drain_tick);
    if (r >= 0 && supervisor->options->drain)
        sd_event_source_set_enabled(supervisor->drain_source, SD_EVENT_ONESHOT);
    return r;
}

static int open_ledger(struct supervisor *supervisor, struct error *error)
{
    _cleanup_free_ char *path = NULL;
    struct ledger_policy policy;
    int r;

    r = state_directory_make(supervisor->options->state_directory, 0700, error);
    if (r < 0)
        return r;
    supervisor->lock_fd = state_directory_lock(supervisor->options->state_directory, error);
    if (supervisor->lock_fd < 0)
        return supervisor->lock_fd;
    if (asprintf(&path, "%s/ledger.db", supervisor->options->state_directory) < 0)
        return -ENOMEM;
    policy = (struct ledger_policy){ .redo = supervisor->options->redo,
                                     .tells_failed = supervisor->options->drain };
    return ledger_start(path, &policy, &supervisor->replies, &supervisor->ledger, error);
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

static void workers_changed(void *context)
{
    supervisor_changed(context);
}

static int start_pool(struct supervisor *supervisor)
{
    static const struct pool_handler handler = { .result = job_flow_result,
                                                 .lost = job_flow_lost,
                                                 .ready = reload_worker_ready,
                                                 .refused = reload_worker_refused,
                                                 .changed = workers_changed };
    struct pool_handler with_context = handler;
    struct pool_generation generation;
    int r;

    with_context.context = supervisor;
    r = pool_init(&supervisor->pool, supervisor->event, supervisor->options->worker_program, &with_context);
    if (r < 0)
        return r;
    r = reload_make_generation(supervisor, supervisor->config, &generation);
    if (r < 0)
        return r;
    supervisor->generation = generation.number;
    admission_configure(&supervisor->admission, reload_memory_budget(supervisor->config), generation.workers);
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

    *supervisor = (struct supervisor){
        .options = options, .config = config, .lock_fd = -1, .notify.fd = -1, .due_us = USEC_INFINITY
    };
    supervisor->started_us = monotonic_us();
    TAILQ_INIT(&supervisor->plans);
    reload_init(&supervisor->reload);
    TAILQ_INIT(&supervisor->pool.workers);
    TAILQ_INIT(&supervisor->suspects);
    admission_init(&supervisor->admission);
    supervisor->pool.current.bundle = supervisor->pool.next.bundle = -1;

    r = sd_event_new(&supervisor->event);
    if (r < 0)
        return failed("cannot make the event loop", r);
    sd_event_set_watchdog(supervisor->event, true);
    r = notify_open(&supervisor->notify, supervisor->event);
    if (r < 0)
        return failed("cannot tell the service manager ($NOTIFY_SOCKET)", r);
    r = channel_init(&supervisor->replies, sizeof(struct reply), REPLIES_MAX);
    if (r < 0)
        return failed("cannot make a channel", r);

    r = open_ledger(supervisor, &error);
    if (r < 0) {
        log_error("%s%s%s%s", r == -EWOULDBLOCK ? "" : "cannot open the ledger ",
                  r == -EWOULDBLOCK ? "" : options->state_directory,
                  r == -EWOULDBLOCK ? "" : "/ledger.db: ", error.text);
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
    r = folders_reconcile(supervisor);
    return r < 0 ? EX_OSERR : EX_OK;
}

/* Everything that is not an event of its own. */
static void turn(struct supervisor *supervisor)
{
    dispatch_run(supervisor);
    folders_end_leaving(supervisor);
    stop_go_on(supervisor);
    if (supervisor->control)
        control_turn(supervisor->control);
}

static void take_precedence(void)
{
    int r = loop_priority_raise();

    if (r == -EALREADY)
        log_debug("a priority was chosen for darkroomd, which is left as it is");
    else if (r < 0)
        log_debug(
            "the event loop may not have real-time priority (%s), so status may wait for a core on a busy "
            "machine; allow it with LimitRTPRIO=1 and RestrictRealtime=no (ulimit -r 1)",
            strerrordesc_np(-r));
}

int supervisor_run(struct supervisor *supervisor)
{
    take_precedence();
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
        folders_send_stop(folder);
        folder_free(folder);
    }
}

void supervisor_release(struct supervisor *supervisor)
{
    bool all_ended = pool_release(&supervisor->pool);

    stop_watchers(supervisor);
    if (supervisor->ledger)
        ledger_stop(supervisor->ledger);
    control_free(supervisor->control);
    notify_release(&supervisor->notify);
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
    supervisor->abandoned |= !all_ended;
}
