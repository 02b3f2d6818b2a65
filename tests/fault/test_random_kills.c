/* SPDX-License-Identifier: GPL-2.0-or-later */
/* SIGKILL of any process at moments that nobody chose, while files keep arriving: of the supervisor alone, of one of
 * its workers, of all at once (rules 18, 20 and 25). Some files are poison: whoever works on one is killed, until it
 * has failed. Innocent files never fail, with MaxAttempts= at its default: no file is blamed for its neighbours' end.
 *
 * A kill may hit the file that a worker runs, or the suspect that a supervisor runs, by bad luck; that costs it an
 * attempt, and nobody could tell it from poison. So that luck does not decide the test, a file that has one attempt
 * left is let through before the next kill.
 *
 * The moments are counted in changes of the status, from a seed that is printed; $DARKROOM_SEED repeats it. */
#include "base/clock.h"
#include "campaign.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/stat.h>

enum {
    KILLS = 14,
    KILLS_FULL = 260, /* twice: originals kept and archived */
    A_STEP = 3,       /* files that arrive before a kill */
    POISON_EVERY = 12,
    CHANGES_MAX = 12,
    MAX_ATTEMPTS = 3,
    WORKERS = 2,
    FOLDERS = 3, /* sub-directories */
};

enum kill_kind { KILL_WORKER, KILL_SUPERVISOR, KILL_GROUP, KILL_POISON, KILL_KINDS };

struct run {
    struct campaign c;
    unsigned seed;
    int kills[KILL_KINDS];
    int files;
};

static unsigned dice(struct run *run, unsigned sides)
{
    return (unsigned)rand_r(&run->seed) % sides;
}

/* ---- arrivals ---- */

static void drop_one(struct run *run)
{
    char name[48];
    int number = run->files++;

    if (number % 4 == 3)
        snprintf(name, sizeof name, "s%d/%d.jpg", number % FOLDERS, number);
    else
        snprintf(name, sizeof name, "%d.%s", number, number % 5 == 4 ? "png" : "jpg");
    campaign_drop(&run->c, name, 100 + (int)dice(run, 300), 80 + (int)dice(run, 200), (unsigned)number);
}

/* Large enough to be seen at work: a PNG cannot be shrunk while it is loaded. */
static void drop_poison(struct run *run)
{
    char name[48];

    snprintf(name, sizeof name, "poison-%d.png", run->files);
    campaign_expect_guilty(&run->c, name);
    campaign_drop(&run->c, name, 5000, 3000, (unsigned)run->files++);
}

/* ---- whom to kill ---- */

static bool is_poison(const json_t *job)
{
    return strncmp(harness_string(job, "path"), "poison-", strlen("poison-")) == 0;
}

static bool is_open(const json_t *job)
{
    static const char *const open[] = { "queued", "opening", "running", "publishing" };

    for (size_t i = 0; i < sizeof open / sizeof open[0]; i++)
        if (strcmp(harness_string(job, "state"), open[i]) == 0)
            return true;
    return false;
}

static bool holds(const json_t *worker, const char *id)
{
    const json_t *held = json_object_get(worker, "job");

    return json_is_string(held) && strcmp(json_string_value(held), id) == 0;
}

/* The worker that works on poison, or 0. */
static pid_t worker_on_poison(struct run *run, const json_t *jobs)
{
    const json_t *job, *worker;
    size_t i, j;

    json_array_foreach (jobs, i, job)
        json_array_foreach (json_object_get(run->c.h.status, "workers"), j, worker)
            if (is_poison(job) && is_open(job) && holds(worker, harness_string(job, "id")))
                return (pid_t)harness_number(worker, "pid");
    return 0;
}

/* A file that would fail by the next bad luck. */
static bool has_last_attempt(const json_t *jobs)
{
    const json_t *job;
    size_t i;

    json_array_foreach (jobs, i, job)
        if (!is_poison(job) && is_open(job) && harness_number(job, "attempts") >= MAX_ATTEMPTS - 1)
            return true;
    return false;
}

/* ---- the steps ---- */

static void await_change(struct run *run)
{
    struct harness *h = &run->c.h;
    char *text;

    if (darkroom_status_wait(h->dk, (uint64_t)harness_number(h->status, "sequence"), 200, &text) == 0)
        darkroom_free(text);
    harness_status(h);
}

/* Poison that is being worked on costs the worker its life, now. True while a file has its last attempt. */
static bool serve_poison(struct run *run)
{
    json_t *jobs = harness_jobs(&run->c.h, NULL);
    pid_t pid = worker_on_poison(run, jobs);
    bool last = has_last_attempt(jobs);

    if (pid > 0 && kill(pid, SIGKILL) == 0)
        run->kills[KILL_POISON]++;
    json_decref(jobs);
    return last;
}

static void let_pass(struct run *run, unsigned changes)
{
    uint64_t since = monotonic_us();

    harness_status(&run->c.h);
    while (serve_poison(run) || changes-- > 0) {
        ck_assert_int_gt(harness_left_ms(since), 1);
        await_change(run);
    }
}

static void kill_one(struct run *run, enum kill_kind kind)
{
    struct harness *h = &run->c.h;
    pid_t pids[WORKERS + 2];
    size_t count;
    char when[80];

    if (kind == KILL_WORKER) {
        harness_status(h);
        count = harness_workers(h, NULL, pids, sizeof pids / sizeof pids[0]);
        if (count > 0 && kill(pids[dice(run, (unsigned)count)], SIGKILL) == 0)
            run->kills[KILL_WORKER]++;
        return;
    }
    harness_kill(h, kind == KILL_GROUP);
    run->kills[kind]++;
    snprintf(when, sizeof when, "after kill %d of the %s", run->kills[kind],
             kind == KILL_GROUP ? "group" : "supervisor");
    campaign_audit(&run->c, false, when);
    harness_start(h);
}

static int kills_so_far(const struct run *run)
{
    return run->kills[KILL_WORKER] + run->kills[KILL_SUPERVISOR] + run->kills[KILL_GROUP];
}

static void finish(struct run *run)
{
    struct harness *h = &run->c.h;
    uint64_t since = monotonic_us();

    harness_status(h);
    while (serve_poison(run) || !harness_is_at_rest(h->status)) {
        ck_assert_int_gt(harness_left_ms(since), 1);
        await_change(run);
    }
    campaign_finish(&run->c, "in the end");
}

static void kill_at_random(bool archive)
{
    const char *seed = getenv("DARKROOM_SEED");
    int kills = harness_is_full() ? KILLS_FULL : KILLS;
    struct run run = { .seed = seed ? (unsigned)strtoul(seed, NULL, 10) : (unsigned)getpid() };

    printf("DARKROOM_SEED=%u\n", run.seed);
    fflush(stdout);
    campaign_open(&run.c, archive, HARNESS_RECIPE, "Recursive=yes\n");
    for (int i = 0; i < FOLDERS; i++)
        ck_assert_int_eq(mkdir(harness_path(&run.c.h, "in/s%d", i), 0755), 0);
    harness_start(&run.c.h);
    for (int step = 0; kills_so_far(&run) < kills; step++) {
        for (int i = 0; i < A_STEP; i++)
            drop_one(&run);
        if (step % POISON_EVERY == 0)
            drop_poison(&run);
        let_pass(&run, dice(&run, CHANGES_MAX));
        kill_one(&run, (enum kill_kind)dice(&run, KILL_POISON));
    }
    finish(&run);

    printf("killed: %d workers, %d supervisors, %d groups, %d workers on poison; %zu jobs, %d audits;"
           " 0 lost, 0 doubled, 0 half visible, 0 wrongly blamed; %zu attempts of innocents\n",
           run.kills[KILL_WORKER], run.kills[KILL_SUPERVISOR], run.kills[KILL_GROUP], run.kills[KILL_POISON],
           run.c.jobs, (int)run.c.audits, run.c.attempts);
    /* One kill can cost one file one attempt. */
    ck_assert_uint_le(run.c.attempts, (size_t)kills_so_far(&run));
    campaign_close(&run.c);
}

START_TEST(kills_at_random_lose_repeat_and_blame_nothing)
{
    kill_at_random(false);
}
END_TEST

START_TEST(kills_at_random_lose_no_original)
{
    kill_at_random(true);
}
END_TEST

HARNESS_MAIN("random_kills", UNIT_TEST(kills_at_random_lose_repeat_and_blame_nothing),
             UNIT_TEST(kills_at_random_lose_no_original))
