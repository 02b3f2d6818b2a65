/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The pool with a real process for a worker, one that lies: it hands back whatever it is given. */
#include "supervisor/pool.h"

#include "base/clock.h"
#include "hot_folders.h"
#include "unit_main.h"
#include "wire/mailbox.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>

enum { GRANT = 1 << 20 };

/* What the pool told. */
struct told {
    struct pool *pool;
    bool ready;
    bool answered;
    unsigned results;
    bool lost;
    struct error why;
    unsigned changes;
    char refusal[200];
};

struct stage {
    struct hot_folders hot;
    sd_event *event;
    struct pool pool;
    struct told told;
};

static void on_ready(void *context, uint64_t generation)
{
    (void)generation;
    ((struct told *)context)->ready = true;
}

static void on_refused(void *context, uint64_t generation, const char *text)
{
    struct told *told = context;

    (void)generation;
    snprintf(told->refusal, sizeof told->refusal, "%s", text);
    pool_forget_next(told->pool);
}

/* As the supervisor does: it is given again, with what it is said to need, if nothing else is run meanwhile. */
static void on_result(void *context, struct job *job, const struct result_message *result, int *fds)
{
    struct told *told = context;
    struct worker *worker = pool_idle_worker(told->pool);

    (void)fds;
    told->answered = true;
    told->results++;
    ck_assert_uint_gt(result->needs_memory_bytes, job->memory_grant_bytes);
    if (worker)
        ck_assert_int_eq(pool_assign(worker, job, result->needs_memory_bytes), 0);
}

static void on_lost(void *context, struct job *job, const struct error *why)
{
    struct told *told = context;

    (void)job;
    told->lost = true;
    told->why = *why;
}

static void on_changed(void *context)
{
    ((struct told *)context)->changes++;
}

static void run_until(struct stage *stage, const bool *is)
{
    uint64_t since = monotonic_us();

    while (!*is) {
        ck_assert_int_ge(sd_event_run(stage->event, USEC_PER_SEC), 0);
        ck_assert_msg(monotonic_us() - since < HOT_AWAIT_MS * USEC_PER_MSEC, "nothing came for %d s",
                      HOT_AWAIT_MS / 1000);
    }
}

static void start(struct stage *stage, const char *program, size_t workers)
{
    struct pool_generation generation = { .number = 1, .workers = workers, .worker_jobs = UINT64_MAX };
    struct pool_handler handler = { on_result, on_lost, on_ready, on_refused, on_changed, &stage->told };

    *stage = (struct stage){ .told.pool = &stage->pool };
    hot_open(&stage->hot, 1, HOT_RECIPE);
    hot_write(stage->hot.in[0], "a.jpg", "abc");
    ck_assert_int_ge(sd_event_new(&stage->event), 0);
    ck_assert_int_eq(pool_init(&stage->pool, stage->event, program, &handler), 0);
    generation.bundle = open("/dev/null", O_RDONLY | O_CLOEXEC);
    pool_start(&stage->pool, &generation);
}

/* A pool with one worker, which is ready. */
static struct worker *set_up(struct stage *stage)
{
    start(stage, GREEDY_WORKER_PATH, 1);
    run_until(stage, &stage->told.ready);
    return pool_idle_worker(&stage->pool);
}

static void tear_down(struct stage *stage)
{
    pool_release(&stage->pool);
    sd_event_unref(stage->event);
    hot_close(&stage->hot);
}

/* It takes nothing any more; the signal alone would leave it a moment. */
static void freeze(const struct worker *worker)
{
    siginfo_t stopped;

    ck_assert_int_eq(kill(worker->process.pid, SIGSTOP), 0);
    ck_assert_int_eq(waitid(P_PIDFD, (id_t)worker->process.pidfd, &stopped, WSTOPPED), 0);
}

static void thaw(const struct worker *worker)
{
    ck_assert_int_eq(kill(worker->process.pid, SIGCONT), 0);
}

static struct job *opened_job(struct stage *stage, uint64_t id)
{
    struct job *job = hot_job(&stage->hot, 0, id, "a.jpg");

    job->source_fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
    return job;
}

START_TEST(a_worker_that_asks_for_more_memory_again_and_again_is_killed)
{
    struct stage stage;
    struct worker *worker = set_up(&stage);
    struct job *job = opened_job(&stage, 1);

    ck_assert_int_eq(pool_assign(worker, job, GRANT), 0);
    run_until(&stage, &stage.told.lost);
    ck_assert_uint_eq(stage.told.results, HAND_BACKS_MAX);
    ck_assert_int_eq(stage.told.why.class, CLASS_CRASH);
    ck_assert_ptr_nonnull(strstr(stage.told.why.text, "nonsense"));
    ck_assert_uint_eq(pool_memory_use(&stage.pool, 0).granted_bytes, 0);
    job_free(job);
    tear_down(&stage);
}
END_TEST

START_TEST(a_worker_has_the_larger_grant_of_the_two_jobs_that_it_holds)
{
    struct stage stage;
    struct worker *worker = set_up(&stage);
    struct job *first = opened_job(&stage, 1), *second = opened_job(&stage, 2);
    uint64_t before = monotonic_us();

    freeze(worker);
    ck_assert_int_eq(pool_assign(worker, first, GRANT), 0);
    ck_assert_int_eq(pool_assign(worker, second, 2 * GRANT), 0);
    ck_assert_uint_eq(worker_grant_bytes(worker), 2 * GRANT);
    ck_assert_uint_eq(pool_memory_use(&stage.pool, before).granted_bytes, 2 * GRANT);
    ck_assert_uint_eq(pool_memory_use(&stage.pool, before).late_bytes, 2 * GRANT);
    ck_assert_uint_eq(pool_memory_use(&stage.pool, monotonic_us() + 1).late_bytes, 0);
    tear_down(&stage);
    job_free(first);
    job_free(second);
}
END_TEST

START_TEST(nothing_is_prefetched_behind_a_job_that_is_known_to_be_large)
{
    struct stage stage;
    struct worker *worker = set_up(&stage);
    struct job *job = opened_job(&stage, 1);

    freeze(worker);
    ck_assert_int_eq(pool_assign(worker, job, GRANT), 0);
    ck_assert_ptr_eq(pool_prefetch_worker(&stage.pool), worker);
    job->needs_memory_bytes = GRANT;
    ck_assert_ptr_null(pool_prefetch_worker(&stage.pool));
    tear_down(&stage);
    job_free(job);
}
END_TEST

/* Who waited for another status was not told of a worker before it was ready, and never of its end. */
START_TEST(each_worker_that_comes_is_to_leave_or_is_gone_is_told)
{
    struct stage stage;
    struct worker *worker = set_up(&stage);

    ck_assert_uint_eq(stage.told.changes, 1);
    stage.told.ready = false;
    ck_assert_int_eq(kill(worker->process.pid, SIGKILL), 0);
    run_until(&stage, &stage.told.ready);
    ck_assert_uint_eq(stage.told.changes, 3); /* one is gone, another has come */
    pool_stop(&stage.pool);
    ck_assert_uint_eq(stage.told.changes, 4);
    tear_down(&stage);
}
END_TEST

static void prove(struct stage *stage)
{
    struct pool_generation generation = { .number = 2, .workers = 1 };

    generation.bundle = open("/dev/null", O_RDONLY | O_CLOEXEC);
    pool_prove(&stage->pool, &generation);
}

START_TEST(all_workers_come)
{
    struct stage stage;

    start(&stage, GREEDY_WORKER_PATH, 5);
    while (pool_ready_count(&stage.pool) < 5)
        ck_assert_int_gt(sd_event_run(stage.event, HOT_AWAIT_MS * USEC_PER_MSEC), 0);
    tear_down(&stage);
}
END_TEST

/* Others that came meanwhile took the place of each at once, thousands in a second. */
START_TEST(workers_that_die_young_are_replaced_ever_more_slowly)
{
    enum { WORKERS = 16, FAILURES = 4 };
    uint64_t since = monotonic_us();
    struct stage stage;

    start(&stage, "/bin/false", WORKERS);
    while (monotonic_us() - since < 500 * USEC_PER_MSEC)
        ck_assert_int_ge(sd_event_run(stage.event, 50 * USEC_PER_MSEC), 0);
    ck_assert_uint_ge(stage.told.changes, 2);
    ck_assert_uint_lt(stage.told.changes, 2 * (WORKERS + FAILURES)); /* each came and went */
    tear_down(&stage);
}
END_TEST

/* It is started while the loop goes on, and may come when nobody needs it any more. */
START_TEST(a_worker_that_is_on_order_at_a_stop_is_waited_for_and_leaves)
{
    struct stage stage;

    start(&stage, GREEDY_WORKER_PATH, 1);
    pool_stop(&stage.pool);
    ck_assert(TAILQ_EMPTY(&stage.pool.workers));
    ck_assert(!pool_is_empty(&stage.pool));
    while (!pool_is_empty(&stage.pool))
        ck_assert_int_gt(sd_event_run(stage.event, HOT_AWAIT_MS * USEC_PER_MSEC), 0);
    ck_assert_uint_eq(stage.told.changes, 2); /* it has come and is gone */
    tear_down(&stage);
}
END_TEST

START_TEST(a_worker_of_a_generation_that_was_given_up_leaves)
{
    struct stage stage;
    struct worker *worker = set_up(&stage);

    prove(&stage);
    pool_forget_next(&stage.pool);
    while (stage.told.changes < 3)
        ck_assert_int_gt(sd_event_run(stage.event, HOT_AWAIT_MS * USEC_PER_MSEC), 0);
    ck_assert_ptr_eq(TAILQ_FIRST(&stage.pool.workers), worker);
    ck_assert_ptr_null(TAILQ_NEXT(worker, link));
    ck_assert_ptr_eq(pool_idle_worker(&stage.pool), worker);
    tear_down(&stage);
}
END_TEST

/* With nothing done and the workers as they were. */
START_TEST(a_generation_that_cannot_be_proven_for_want_of_descriptors_is_refused)
{
    struct rlimit limit, none = { 0 };
    struct stage stage;
    struct worker *worker = set_up(&stage);

    ck_assert_int_eq(getrlimit(RLIMIT_NOFILE, &limit), 0);
    none.rlim_max = limit.rlim_max;
    stage.told.ready = false;
    ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &none), 0);
    pool_prove(&stage.pool, &(struct pool_generation){ .number = 2, .bundle = -1, .workers = 1 });
    ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &limit), 0);
    ck_assert_msg(strstr(stage.told.refusal, "cannot start a worker: "), "%s", stage.told.refusal);
    ck_assert(!stage.pool.on_order);

    ck_assert_int_eq(kill(worker->process.pid, SIGKILL), 0);
    run_until(&stage, &stage.told.ready); /* another one of the first generation */
    tear_down(&stage);
}
END_TEST

/* The time of a prefetched job begins when the one before it has ended. */
START_TEST(a_prefetched_job_that_hangs_ends_in_its_time)
{
    const uint64_t timeout_us = 50 * USEC_PER_MSEC;
    struct stage stage;
    struct worker *worker = set_up(&stage);
    struct job *first = opened_job(&stage, 1), *second = opened_job(&stage, 2);
    uint64_t before;

    freeze(worker);
    ck_assert_int_eq(pool_assign(worker, first, GRANT), 0);
    ck_assert_int_eq(pool_assign(worker, second, 0), 0);
    stage.hot.config->daemon.job_timeout_us = timeout_us; /* the first one has its own already */
    before = monotonic_us();
    thaw(worker);
    run_until(&stage, &stage.told.answered);
    ck_assert_ptr_eq(worker->running, second);
    ck_assert_uint_ge(worker->deadline_us, before + timeout_us);
    ck_assert_uint_le(worker->deadline_us, monotonic_us() + timeout_us);

    run_until(&stage, &stage.told.lost);
    ck_assert_int_eq(stage.told.why.class, CLASS_TIMEOUT);
    ck_assert_uint_eq(stage.told.results, 1);
    ck_assert_uint_ge(monotonic_us(), before + timeout_us);
    tear_down(&stage);
    job_free(first);
    job_free(second);
}
END_TEST

static void expect_undisturbed(const struct worker *worker, const struct job *running)
{
    ck_assert_ptr_eq(worker->running, running);
    ck_assert_ptr_null(worker->prefetched);
    ck_assert(!worker->killed);
}

/* Its worker used to be killed, and the running job to be blamed for that. */
START_TEST(a_prefetched_job_that_does_not_fit_the_mailbox_costs_the_running_one_nothing)
{
    struct stage stage;
    struct worker *worker = set_up(&stage);
    struct job *first = opened_job(&stage, 1), *second = opened_job(&stage, 2);
    struct ticket ticket = { .header = wire_header(WIRE_TICKET, 1, 77) };

    freeze(worker);
    ck_assert_int_eq(pool_assign(worker, first, GRANT), 0);
    ck_assert_int_eq(mailbox_send(worker->process.mailbox, &ticket), 0);
    ck_assert_int_eq(pool_assign(worker, second, GRANT), -EAGAIN);
    expect_undisturbed(worker, first);
    ck_assert_int_eq(worker->state, WORKER_BUSY);
    tear_down(&stage);
    job_free(first);
    job_free(second);
}
END_TEST

START_TEST(a_prefetched_job_that_does_not_fit_the_link_costs_the_running_one_nothing)
{
    struct stage stage;
    struct worker *worker = set_up(&stage);
    struct job *first = opened_job(&stage, 1), *second = opened_job(&stage, 2);
    int r = 0;

    freeze(worker);
    ck_assert_int_eq(pool_assign(worker, first, GRANT), 0);
    for (int i = 0; i < 100000 && r == 0; i++)
        r = worker_link_send(worker->process.link, "x", 1, NULL, 0);
    ck_assert_int_eq(r, -EAGAIN);
    ck_assert_int_eq(pool_assign(worker, second, GRANT), -EAGAIN);
    expect_undisturbed(worker, first);
    ck_assert_int_eq(worker->state, WORKER_BUSY);
    tear_down(&stage);
    job_free(first);
    job_free(second);
}
END_TEST

START_TEST(a_worker_whose_mailbox_is_broken_finishes_what_it_runs)
{
    struct stage stage;
    struct worker *worker = set_up(&stage);
    struct job *first = opened_job(&stage, 1), *second = opened_job(&stage, 2);

    freeze(worker);
    ck_assert_int_eq(pool_assign(worker, first, GRANT), 0);
    mq_close(worker->process.mailbox);
    worker->process.mailbox = open("/dev/null", O_RDONLY | O_CLOEXEC);
    ck_assert_int_eq(pool_assign(worker, second, GRANT), -EPROTO);
    expect_undisturbed(worker, first);
    ck_assert_int_eq(worker->state, WORKER_LEAVING);
    tear_down(&stage);
    job_free(first);
    job_free(second);
}
END_TEST

UNIT_MAIN("pool", UNIT_TEST(a_worker_that_asks_for_more_memory_again_and_again_is_killed),
          UNIT_TEST(a_worker_has_the_larger_grant_of_the_two_jobs_that_it_holds),
          UNIT_TEST(nothing_is_prefetched_behind_a_job_that_is_known_to_be_large),
          UNIT_TEST(each_worker_that_comes_is_to_leave_or_is_gone_is_told), UNIT_TEST(all_workers_come),
          UNIT_TEST(workers_that_die_young_are_replaced_ever_more_slowly),
          UNIT_TEST(a_worker_that_is_on_order_at_a_stop_is_waited_for_and_leaves),
          UNIT_TEST(a_worker_of_a_generation_that_was_given_up_leaves),
          UNIT_TEST(a_generation_that_cannot_be_proven_for_want_of_descriptors_is_refused),
          UNIT_TEST(a_prefetched_job_that_hangs_ends_in_its_time),
          UNIT_TEST(a_prefetched_job_that_does_not_fit_the_mailbox_costs_the_running_one_nothing),
          UNIT_TEST(a_prefetched_job_that_does_not_fit_the_link_costs_the_running_one_nothing),
          UNIT_TEST(a_worker_whose_mailbox_is_broken_finishes_what_it_runs))
