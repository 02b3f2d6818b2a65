/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Workers die; their jobs do not, and only the file that killed its worker is blamed. */
#include "campaign.h"

#include <errno.h>
#include <signal.h>
#include <string.h>

enum { COUNT = 80, COUNT_FULL = 200, KILLS = 16, KILLS_FULL = 40, WORKERS = 2, SIDE = 500 };

static void drop(const struct harness *h, int number)
{
    char name[32];

    snprintf(name, sizeof name, "%d.jpg", number);
    harness_drop(h, name, SIDE, SIDE * 3 / 4, (unsigned)number);
}

/* The next moment is a number of changes away that nobody chose. */
static void let_pass(struct harness *h, unsigned changes)
{
    harness_status(h);
    for (; changes > 0; changes--)
        harness_next_status(h, 1000);
}

/* A file has MaxAttempts crashes of its own to lose, and random kills may hit one job again and again: enough of them
 * are allowed here for that not to happen. */
START_TEST(workers_that_are_killed_at_any_moment_lose_nothing)
{
    int count = harness_is_full() ? COUNT_FULL : COUNT, kills = harness_is_full() ? KILLS_FULL : KILLS;
    unsigned seed = (unsigned)getpid();
    struct campaign c;
    int killed = 0;

    campaign_open(&c, false, HARNESS_RECIPE, "");
    harness_configure_daemon(&c.h, "MaxAttempts=50\n");
    for (int i = 0; i < count; i++) {
        char name[32];

        snprintf(name, sizeof name, "%d.jpg", i);
        campaign_drop(&c, name, SIDE, SIDE * 3 / 4, (unsigned)i);
    }
    harness_start(&c.h);
    harness_status(&c.h);

    while (killed < kills && harness_number(c.h.status, "jobs.done") < count) {
        pid_t pids[WORKERS];
        size_t busy;

        let_pass(&c.h, (unsigned)rand_r(&seed) % 6);
        harness_status(&c.h);
        busy = harness_workers(&c.h, "busy", pids, WORKERS);
        if (busy > 0 && kill(pids[(unsigned)rand_r(&seed) % busy], SIGKILL) == 0)
            killed++;
    }
    harness_await_ends(&c.h, count, 0);
    campaign_finish(&c, "in the end");
    witness_expect_once(&c.witness, (size_t)count * 4);
    ck_assert_uint_le(c.attempts, (size_t)killed); /* what was only prefetched is not blamed */
    ck_assert_int_ge(killed, kills / 4);
    printf("%d workers were killed in %d jobs\n", killed, count);
    campaign_close(&c);
}
END_TEST

/* The worker that works on @job, or 0. */
static pid_t worker_of(const json_t *status, const char *job)
{
    const json_t *worker;
    size_t i;

    json_array_foreach (json_object_get(status, "workers"), i, worker) {
        const json_t *held = json_object_get(worker, "job");

        if (json_is_string(held) && strcmp(json_string_value(held), job) == 0)
            return (pid_t)harness_number(worker, "pid");
    }
    return 0;
}

struct hunt {
    const char *job;
    pid_t last; /* was killed already */
};

static bool is_held_or_over(const json_t *status, void *context)
{
    const struct hunt *hunt = context;
    pid_t holder = worker_of(status, hunt->job);

    return (holder > 0 && holder != hunt->last) || harness_number(status, "jobs.failed") > 0;
}

/* A picture that takes a while: each worker that has it is killed. One that had not begun yet does not count. */
START_TEST(a_file_that_kills_its_workers_fails_and_its_neighbours_do_not)
{
    enum { NEIGHBOURS = 30 };
    struct hunt hunt = { .job = "1" };
    struct harness h;
    json_t *job, *jobs;
    int kills = 0;
    size_t i;

    harness_open(&h);
    h.workers = 2;
    harness_configure(&h, "", HARNESS_RECIPE);
    harness_start(&h);
    harness_drop(&h, "poison.png", 6000, 4000, 1); /* JPEG would be shrunk while it is loaded */

    for (;;) {
        harness_await(&h, "a worker has the poison, or it has failed", is_held_or_over, &hunt);
        if (harness_number(h.status, "jobs.failed") > 0)
            break;
        hunt.last = worker_of(h.status, hunt.job);
        ck_assert(kill(hunt.last, SIGKILL) == 0 || errno == ESRCH);
        for (int n = 0; kills == 0 && n < NEIGHBOURS; n++)
            drop(&h, n);
        kills++;
    }
    harness_await_ends(&h, NEIGHBOURS, 1);

    job = harness_job_of(&h, "poison.png");
    ck_assert_str_eq(harness_string(job, "state"), "failed");
    ck_assert_str_eq(harness_string(job, "class"), "crash");
    ck_assert_int_eq(harness_number(job, "attempts"), 3);
    ck_assert_int_ge(kills, 3);
    json_decref(job);

    jobs = harness_jobs(&h, "done");
    json_array_foreach (jobs, i, job)
        ck_assert_int_eq(harness_number(job, "attempts"), 0);
    json_decref(jobs);
    harness_close(&h);
}
END_TEST

static bool is_worker(const struct harness *h, pid_t pid)
{
    pid_t pids[HARNESS_WORKERS_MAX];
    size_t count = harness_workers(h, NULL, pids, HARNESS_WORKERS_MAX);

    for (size_t i = 0; i < count; i++)
        if (pids[i] == pid)
            return true;
    return false;
}

/* Contract, rule 18. */
START_TEST(a_worker_that_is_killed_takes_no_other_along)
{
    struct harness h;
    json_t *jobs, *job;
    size_t i;

    harness_open(&h);
    h.workers = 2;
    harness_configure(&h, "", HARNESS_RECIPE_SINGLE);
    harness_start(&h);
    harness_freeze_workers(&h);
    for (int n = 0; n < WORKERS; n++)
        drop(&h, n);
    harness_await_jobs(&h, "running", WORKERS);
    ck_assert_int_eq(kill(h.frozen[--h.frozen_count], SIGKILL), 0);
    harness_thaw_workers(&h);
    harness_await_ends(&h, WORKERS, 0);
    ck_assert(is_worker(&h, h.frozen[0]));

    jobs = harness_jobs(&h, "done");
    json_array_foreach (jobs, i, job)
        ck_assert_int_eq(harness_number(job, "attempts"), 0);
    json_decref(jobs);
    harness_close(&h);
}
END_TEST

/* How it is started: perhaps by somebody who ignores what becomes of children, which nobody would tell it then. */
static const char *const *const commands[] = {
    NULL,
    (const char *const[]){ "/usr/bin/env", "--ignore-signal=CHLD", DARKROOM_BIN_DIR "/darkroomd", NULL },
};

/* Workers that die before they can do anything: the pool backs off and goes on. */
START_TEST(idle_workers_that_are_killed_are_replaced)
{
    struct harness h;

    harness_open(&h);
    h.workers = 2;
    harness_configure(&h, "", HARNESS_RECIPE_SINGLE);
    h.command = commands[_i];
    harness_start(&h);
    for (int round = 0; round < 3; round++) {
        pid_t pids[WORKERS];
        size_t count;

        harness_status(&h);
        count = harness_workers(&h, NULL, pids, WORKERS);
        for (size_t i = 0; i < count; i++)
            kill(pids[i], SIGKILL);
        drop(&h, round);
        harness_await_ends(&h, round + 1, 0);
    }
    harness_close(&h);
}
END_TEST

START_TEST(workers_leave_when_the_daemon_is_killed)
{
    struct harness h;

    harness_open(&h);
    h.workers = 2;
    harness_configure(&h, "", HARNESS_RECIPE_SINGLE);
    harness_start(&h);
    for (int i = 0; i < 20; i++)
        drop(&h, i);
    harness_await_work(&h, 0);
    harness_kill(&h, false); /* which waits for all of them */
    harness_start(&h);       /* and sweeps what was half published */
    harness_await_ends(&h, 20, 0);
    harness_close(&h);
}
END_TEST

HARNESS_MAIN("worker_death", UNIT_TEST(workers_that_are_killed_at_any_moment_lose_nothing),
             UNIT_TEST(a_file_that_kills_its_workers_fails_and_its_neighbours_do_not),
             UNIT_TEST(a_worker_that_is_killed_takes_no_other_along),
             UNIT_ROWS(idle_workers_that_are_killed_are_replaced, commands),
             UNIT_TEST(workers_leave_when_the_daemon_is_killed))
