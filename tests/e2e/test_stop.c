/* SPDX-License-Identifier: GPL-2.0-or-later */
/* SIGTERM: what runs is finished, what waits is kept, and nothing is done twice. */
#include "base/cleanup.h"
#include "base/clock.h"
#include "daemon_harness.h"
#include "ledger_copy.h"
#include "switched.h"
#include "witness.h"

#include <dirent.h>
#include <signal.h>
#include <string.h>

enum { COUNT = 60 };

static void drop_all(const struct harness *h, int count)
{
    for (int i = 0; i < count; i++) {
        char name[32];

        snprintf(name, sizeof name, "%d.jpg", i);
        harness_drop(h, name, 900, 700, (unsigned)i);
    }
}

static void expect_no_attempts(struct harness *h)
{
    json_t *jobs = harness_jobs(h, NULL), *job;
    size_t i;

    json_array_foreach (jobs, i, job)
        ck_assert_int_eq(harness_number(job, "attempts"), 0);
    json_decref(jobs);
}

/* What @sql counts in the ledger. */
static int64_t ask_ledger(const struct harness *h, const char *sql)
{
    return ledger_copy_ask(harness_path(h, "state/ledger.db"), sql);
}

#define HANDED_OUT "SELECT count(*) FROM job WHERE state IN (1, 2, 3)"

/* What the next start finds handed out is suspect, and runs by itself. */
static void expect_nothing_handed_out(const struct harness *h)
{
    ck_assert_int_eq(ask_ledger(h, HANDED_OUT), 0);
}

static bool log_has(const struct harness *h, const char *text)
{
    return strstr(harness_read(h, "log"), text) != NULL;
}

/* Jobs are under way, and stay so until the workers go on. */
static void start_with_work(struct harness *h, int count)
{
    harness_start(h);
    harness_freeze_workers(h);
    drop_all(h, count);
    harness_await_jobs(h, "running", 1);
}

START_TEST(a_stop_while_jobs_run_loses_and_repeats_nothing)
{
    struct witness witness;
    struct harness h;

    harness_open(&h);
    harness_configure(&h, "", HARNESS_RECIPE);
    witness_open(&witness, harness_path(&h, "out"));
    start_with_work(&h, COUNT);
    harness_thaw_workers(&h);
    ck_assert_int_eq(harness_stop(&h), 0);
    harness_check_output(&h, "out");
    expect_nothing_handed_out(&h);

    harness_start(&h);
    harness_await_ends(&h, COUNT, 0);
    expect_no_attempts(&h);
    witness_expect_once(&witness, COUNT * 4);
    witness_close(&witness);
    harness_close(&h);
}
END_TEST

static bool is_stopping(const json_t *status, void *context)
{
    (void)context;
    return strcmp(harness_string(status, "state"), "stopping") == 0;
}

START_TEST(a_running_job_is_finished_first)
{
    struct harness h;

    harness_open(&h);
    harness_configure(&h, "", HARNESS_RECIPE_SINGLE);
    start_with_work(&h, 1);
    harness_signal(&h, SIGTERM);
    harness_await(&h, "it is stopping", is_stopping, NULL);
    harness_thaw_workers(&h);
    ck_assert_int_eq(harness_await_exit(&h), 0);
    ck_assert_uint_eq(harness_count(&h, "out"), 1);
    harness_close(&h);
}
END_TEST

START_TEST(a_second_stop_waits_for_nobody)
{
    struct harness h;

    harness_open(&h);
    harness_configure(&h, "", HARNESS_RECIPE_SINGLE);
    start_with_work(&h, COUNT);
    harness_signal(&h, SIGTERM);
    harness_await(&h, "it is stopping", is_stopping, NULL);
    harness_signal(&h, SIGTERM); /* the workers hang: without this the stop timeout would have to pass */
    ck_assert_int_eq(harness_await_exit(&h), 0);
    ck_assert(!log_has(&h, "StopTimeout= is over"));
    ck_assert(!log_has(&h, " is gone: ")); /* which is replaced */
    harness_check_output(&h, "out");
    expect_nothing_handed_out(&h);

    harness_start(&h);
    harness_await_ends(&h, COUNT, 0);
    expect_no_attempts(&h);
    ck_assert_uint_eq(harness_count(&h, "out"), COUNT);
    harness_close(&h);
}
END_TEST

START_TEST(a_hung_worker_holds_a_stop_up_for_the_stop_timeout_only)
{
    struct harness h;

    harness_open(&h);
    harness_configure(&h, "", HARNESS_RECIPE_SINGLE);
    harness_configure_daemon(&h, "StopTimeout=1s\n");
    start_with_work(&h, 3);
    ck_assert_int_eq(harness_stop(&h), 0);
    ck_assert(log_has(&h, "StopTimeout= is over"));
    ck_assert(!log_has(&h, "leaving without it")); /* its jobs came back */
    expect_nothing_handed_out(&h);

    harness_start(&h);
    harness_await_ends(&h, 3, 0);
    expect_no_attempts(&h);
    harness_close(&h);
}
END_TEST

START_TEST(a_file_that_comes_during_a_stop_is_the_next_starts)
{
    struct witness witness;
    struct harness h;

    harness_open(&h);
    harness_configure(&h, "", HARNESS_RECIPE_SINGLE);
    witness_open(&witness, harness_path(&h, "out"));
    start_with_work(&h, 1);
    harness_signal(&h, SIGTERM);
    harness_await(&h, "it is stopping", is_stopping, NULL);
    harness_drop(&h, "late.jpg", 90, 70, 1);
    harness_thaw_workers(&h);
    ck_assert_int_eq(harness_await_exit(&h), 0); /* the picture was published after this file had come */
    ck_assert_int_eq(ask_ledger(&h, "SELECT count(*) FROM source WHERE CAST(path AS TEXT) = 'late.jpg'"), 0);

    harness_start(&h);
    harness_await_ends(&h, 2, 0);
    witness_expect_once(&witness, 2);
    witness_close(&witness);
    harness_close(&h);
}
END_TEST

/* Has darkroomd a thread of this name? */
static bool has_thread(const struct harness *h, const char *name)
{
    char directory[32], path[sizeof directory + NAME_MAX + 8], comm[32] = "";
    _cleanup_dir_ DIR *tasks = NULL;
    bool found = false;
    struct dirent *entry;

    snprintf(directory, sizeof directory, "/proc/%d/task", (int)h->pid);
    tasks = opendir(directory);
    while (tasks && !found && (entry = readdir(tasks))) {
        _cleanup_file_ FILE *file = NULL;

        snprintf(path, sizeof path, "%s/%s/comm", directory, entry->d_name);
        file = fopen(path, "re");
        found = file && fscanf(file, "%31s", comm) == 1 && strcmp(comm, name) == 0;
    }
    return found;
}

/* Its workers and its watcher have ended, and the loop has been told. */
static void await_ledger_alone(struct harness *h)
{
    uint64_t deadline = monotonic_us() + HARNESS_DEADLINE_S * USEC_PER_SEC;

    harness_status(h);
    while (has_thread(h, "w:web") || json_array_size(json_object_get(h->status, "workers")) > 0) {
        ck_assert_uint_lt(monotonic_us(), deadline);
        harness_status(h);
    }
    harness_status(h);
}

/* Holds one fdatasync after the other until @sql counts something. */
static void hold_when(struct switched *switched, const struct harness *h, const char *sql)
{
    for (;;) {
        switched_await_held(switched);
        if (ask_ledger(h, sql) > 0)
            return;
        switched_hold(switched);
        switched_go_on(switched);
    }
}

/* Nothing else was left to be waited for, and the answer of a slow ledger was not: the job was handed out for ever. */
START_TEST(a_stop_waits_until_a_slow_ledger_has_taken_back_what_it_hands_out)
{
    struct switched switched;
    struct harness h;

    harness_open(&h);
    harness_configure(&h, "", HARNESS_RECIPE_SINGLE);
    switched_open(&switched, &h);
    switched_start(&switched, &h, 0);
    harness_await_ready(&h);
    switched_hold(&switched);
    harness_drop(&h, "a.jpg", 90, 70, 1);
    hold_when(&switched, &h, HANDED_OUT);
    harness_signal(&h, SIGTERM);
    await_ledger_alone(&h);
    switched_go_on(&switched);
    ck_assert_int_eq(harness_await_exit(&h), 0);
    expect_nothing_handed_out(&h);

    harness_start(&h);
    harness_await_ends(&h, 1, 0);
    expect_no_attempts(&h);
    switched_close(&switched);
    harness_close(&h);
}
END_TEST

HARNESS_MAIN("stop", UNIT_TEST(a_stop_while_jobs_run_loses_and_repeats_nothing),
             UNIT_TEST(a_running_job_is_finished_first), UNIT_TEST(a_second_stop_waits_for_nobody),
             UNIT_TEST(a_hung_worker_holds_a_stop_up_for_the_stop_timeout_only),
             UNIT_TEST(a_file_that_comes_during_a_stop_is_the_next_starts),
             UNIT_TEST(a_stop_waits_until_a_slow_ledger_has_taken_back_what_it_hands_out))
