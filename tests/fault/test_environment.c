/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A sick environment holds its folder and is nobody's fault: no attempts are burnt, and work goes on by itself within
 * five seconds of the cure. */
#include "daemon_harness.h"

#include "base/clock.h"

#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

enum { WORKERS = 2, COUNT = 20, HEALED_WITHIN_S = 5 };

/* A worker holds 0 to 5; its source is 6, and then there is none left for a finished picture. */
enum { FILES_FOR_A_SOURCE = 7, FILES_ENOUGH = 1024 };

static void limit_workers(const struct harness *h, rlim_t files)
{
    struct rlimit limit = { .rlim_cur = files, .rlim_max = FILES_ENOUGH };
    pid_t pids[WORKERS];
    size_t count = harness_workers(h, NULL, pids, WORKERS);

    ck_assert_uint_eq(count, WORKERS);
    for (size_t i = 0; i < count; i++)
        ck_assert_int_eq(prlimit(pids[i], RLIMIT_NOFILE, &limit, NULL), 0);
}

static bool all_idle(const json_t *status, void *context)
{
    (void)context;
    for (size_t i = 0; i < WORKERS; i++) {
        const json_t *worker = json_array_get(json_object_get(status, "workers"), i);

        if (!worker || strcmp(harness_string(worker, "state"), "idle") != 0)
            return false;
    }
    return true;
}

START_TEST(workers_without_descriptors_hold_the_folder_and_burn_no_attempts)
{
    struct harness h;
    uint64_t cured;
    json_t *jobs, *job;
    size_t i;

    harness_open(&h);
    h.workers = WORKERS;
    harness_configure(&h, "", HARNESS_RECIPE);
    harness_configure_daemon(&h, "MaxAttempts=1\n");
    harness_start(&h);
    harness_await(&h, "all workers are idle", all_idle, NULL);
    limit_workers(&h, FILES_FOR_A_SOURCE);
    for (int n = 0; n < COUNT; n++) {
        char name[32];

        snprintf(name, sizeof name, "%d.jpg", n);
        harness_drop(&h, name, 60, 40, (unsigned)n);
    }
    harness_await_folder(&h, "held");
    ck_assert_ptr_nonnull(strstr(harness_string(h.status, "folders.0.reason"), "Too many open files"));
    ck_assert_int_eq(harness_number(h.status, "jobs.failed"), 0);

    limit_workers(&h, FILES_ENOUGH);
    cured = monotonic_us();
    harness_await_folder(&h, "ok");
    ck_assert_uint_lt((monotonic_us() - cured) / USEC_PER_SEC, HEALED_WITHIN_S * HARNESS_SLOWER);
    harness_await_ends(&h, COUNT, 0);

    jobs = harness_jobs(&h, NULL);
    ck_assert_uint_eq(json_array_size(jobs), COUNT);
    json_array_foreach (jobs, i, job)
        ck_assert_int_eq(harness_number(job, "attempts"), 0);
    json_decref(jobs);
    harness_close(&h);
}
END_TEST

static bool has_a_problem(const json_t *status, void *context)
{
    return (json_array_size(json_object_get(status, "problems")) > 0) == *(const bool *)context;
}

static void move_ledger(const struct harness *h, const char *from, const char *to)
{
    ck_assert_int_eq(rename(harness_path(h, "%s", from), harness_path(h, "%s", to)), 0);
}

/* Nobody noticed, jobs were done, and their records gone with the daemon's end. */
START_TEST(a_ledger_that_is_moved_away_or_deleted_is_a_problem_until_it_is_back)
{
    static const char *const ways[] = { "above/state/ledger.db", "above/state/ledger.db-wal", "above/state",
                                        "above" };
    static const bool yes = true, no = false;
    uint64_t inode;
    struct harness h;

    harness_open(&h);
    harness_configure(&h, "", HARNESS_RECIPE_SINGLE);
    ck_assert_int_eq(mkdir(harness_path(&h, "above"), 0755), 0);
    move_ledger(&h, "state", "above/state");
    ck_assert_int_eq(symlink("above/state", harness_path(&h, "state")), 0);
    harness_start(&h);
    for (unsigned i = 0; i < sizeof ways / sizeof *ways; i++) {
        move_ledger(&h, ways[i], "away");
        harness_drop(&h, "a.jpg", 48, 48, i); /* it is noticed when something is to be recorded */
        harness_await(&h, "that the ledger is missed", has_a_problem, (void *)&yes);
        ck_assert_ptr_nonnull(strstr(harness_string(h.status, "problems.0"), "state/ledger.db"));
        move_ledger(&h, "away", ways[i]);
        harness_await(&h, "that nothing is wrong", has_a_problem, (void *)&no);
        harness_await_ends(&h, i + 1, 0);
    }

    inode = harness_inode(&h, "out/a.png");
    harness_remove(&h, "above/state"); /* as somebody may who means it */
    harness_drop(&h, "b.jpg", 48, 48, 1);
    harness_await(&h, "that the ledger is missed", has_a_problem, (void *)&yes);
    ck_assert_int_eq(harness_stop(&h), 0);
    ck_assert_int_eq(mkdir(harness_path(&h, "above/state"), 0755), 0);
    harness_start(&h);
    harness_await_ends(&h, 2, 0);
    ck_assert_uint_eq(harness_inode(&h, "out/a.png"), inode);
    harness_close(&h);
}
END_TEST

HARNESS_MAIN("environment", UNIT_TEST(workers_without_descriptors_hold_the_folder_and_burn_no_attempts),
             UNIT_TEST(a_ledger_that_is_moved_away_or_deleted_is_a_problem_until_it_is_back))
