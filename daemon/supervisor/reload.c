/* SPDX-License-Identifier: GPL-2.0-or-later */
/* reload - see reload.h. */
#include "supervisor/reload.h"

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/memory.h"
#include "base/processors.h"
#include "supervisor/errand.h"
#include "supervisor/folders.h"
#include "supervisor/job_flow.h"
#include "supervisor/plan.h"
#include "supervisor/snapshot.h"
#include "supervisor/supervisor.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>

size_t reload_worker_count(const struct config *config)
{
    return config->daemon.workers ? (size_t)config->daemon.workers : processors_usable();
}

/* Half of what there is: the other half is for files in memory, for publishing, and for everybody else. */
uint64_t reload_memory_budget(const struct config *config)
{
    uint64_t configured = config->daemon.memory_budget_bytes;

    return configured ? configured : memory_usable() / 2;
}

int reload_make_generation(struct supervisor *supervisor, const struct config *config,
                           struct pool_generation *ret)
{
    int bundle = fcntl(config->bundle, F_DUPFD_CLOEXEC, 0);

    if (bundle < 0)
        return -errno;
    *ret = (struct pool_generation){ .number = ++supervisor->last_generation,
                                     .bundle = bundle,
                                     .workers = reload_worker_count(config),
                                     .worker_jobs = config->daemon.worker_jobs };
    return 0;
}

void reload_init(struct reload *reload)
{
    TAILQ_INIT(&reload->waiters);
    TAILQ_INIT(&reload->following);
}

static struct request *pop(struct request_list *requests)
{
    struct request *request = TAILQ_FIRST(requests);

    if (request)
        TAILQ_REMOVE(requests, request, link);
    return request;
}

static void begin(struct supervisor *supervisor);

static void reload_ends(struct supervisor *supervisor)
{
    struct reload *reload = &supervisor->reload;
    bool again = reload->again;

    config_unref(take_ptr(reload->config));
    reload->active = reload->again = false;
    TAILQ_CONCAT(&reload->waiters, &reload->following, link);
    notify_tell(&supervisor->notify, "READY=1");
    supervisor_changed(supervisor);
    if (again)
        begin(supervisor);
}

static void reload_failed(struct supervisor *supervisor, json_t *problems, const char *text)
{
    struct request *waiter;

    log_error("the configuration was not reloaded, the old one stays: %s", text);
    while ((waiter = pop(&supervisor->reload.waiters)))
        http_answer_problem(waiter, 409, json_incref(problems), "%s", text);
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

    if (supervisor->phase != PHASE_RUNNING) {
        config_unref(config); /* the stop has told whoever asked */
        return;
    }
    if (result < 0) {
        reload_failed(supervisor, log_problems(problems), "the configuration is wrong");
        return;
    }

    supervisor->reload.config = config;
    if (reload_make_generation(supervisor, config, &generation) < 0)
        reload_failed(supervisor, NULL,
                      "the recipes cannot be handed to workers: there are too many open files");
    else
        pool_prove(&supervisor->pool, &generation);
}

static void begin(struct supervisor *supervisor)
{
    notify_tell(&supervisor->notify, "RELOADING=1\nMONOTONIC_USEC=%" PRIu64, monotonic_us());
    supervisor->reload.active = true;
    if (errand_load_config(supervisor->event, &supervisor->options->origin, on_loaded, supervisor) < 0)
        reload_failed(supervisor, NULL, "no thread could be started");
}

void supervisor_reload(struct supervisor *supervisor, struct request *waiter)
{
    struct reload *reload = &supervisor->reload;

    if (supervisor->phase != PHASE_RUNNING) {
        if (waiter)
            http_answer_problem(waiter, 409, NULL, "darkroomd is not running yet, or stopping");
        return;
    }
    if (waiter)
        TAILQ_INSERT_TAIL(reload->active ? &reload->following : &reload->waiters, waiter, link);
    if (!reload->active) {
        begin(supervisor);
        return;
    }
    reload->again = true;
    log_info("a reload is under way; another one follows");
}

/* Proven: everything changes over in this one function. Running jobs keep the generation they began with. */
static void swap(struct supervisor *supervisor)
{
    struct config *old = supervisor->config;
    struct request *waiter;

    supervisor->config = take_ptr(supervisor->reload.config);
    supervisor->generation = supervisor->pool.next.number;
    admission_configure(&supervisor->admission, reload_memory_budget(supervisor->config),
                        reload_worker_count(supervisor->config));
    pool_swap(&supervisor->pool);
    folders_reconcile(supervisor);
    job_flow_release_waiting(supervisor);
    plan_release(supervisor, NULL);
    config_unref(old);

    log_notice("the configuration was reloaded (generation %" PRIu64 ")", supervisor->generation);
    while ((waiter = pop(&supervisor->reload.waiters)))
        http_answer(waiter, 202, json_pack("{s:I}", "generation", (json_int_t)supervisor->generation));
    reload_ends(supervisor);
}

void reload_worker_ready(void *context, uint64_t generation)
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
        notify_tell(&supervisor->notify, "READY=1\nSTATUS=%zu folder%s", supervisor->config->folder_count,
                    supervisor->config->folder_count == 1 ? "" : "s");
    }
}

void reload_worker_refused(void *context, uint64_t generation, const char *text)
{
    struct supervisor *supervisor = context;

    (void)generation;
    pool_forget_next(&supervisor->pool);
    if (supervisor->reload.config)
        reload_failed(supervisor, NULL, text);
}

/* A stop ends a reload wherever it is. */
void reload_cancel(struct supervisor *supervisor)
{
    struct reload *reload = &supervisor->reload;
    struct request *waiter;

    while ((waiter = pop(&reload->waiters) ?: pop(&reload->following)))
        http_answer_problem(waiter, 503, NULL, "darkroomd is stopping");
    config_unref(take_ptr(reload->config));
    reload->active = reload->again = false;
    pool_forget_next(&supervisor->pool);
}
