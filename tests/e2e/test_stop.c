/* SPDX-License-Identifier: GPL-2.0-or-later */
/* SIGTERM: what runs is finished, what waits is kept, and nothing is done twice. */
#include "daemon_harness.h"
#include "witness.h"

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
    harness_check_output(&h, "out");

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
    harness_start(&h);
    harness_await_ends(&h, 3, 0);
    expect_no_attempts(&h);
    harness_close(&h);
}
END_TEST

HARNESS_MAIN("stop", UNIT_TEST(a_stop_while_jobs_run_loses_and_repeats_nothing),
             UNIT_TEST(a_running_job_is_finished_first), UNIT_TEST(a_second_stop_waits_for_nobody),
             UNIT_TEST(a_hung_worker_holds_a_stop_up_for_the_stop_timeout_only))
