/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A worker that hangs is killed when JobTimeout= is over; the file fails in the end, and the others go on. */
#include "daemon_harness.h"

#include <errno.h>
#include <signal.h>
#include <string.h>

struct hunt {
    const char *job;
    pid_t last;
    pid_t holder;
};

static bool is_held_or_over(const json_t *status, void *context)
{
    struct hunt *hunt = context;
    const json_t *worker;
    size_t i;

    hunt->holder = 0;
    json_array_foreach (json_object_get(status, "workers"), i, worker) {
        const json_t *held = json_object_get(worker, "job");

        if (json_is_string(held) && strcmp(json_string_value(held), hunt->job) == 0)
            hunt->holder = (pid_t)harness_number(worker, "pid");
    }
    return (hunt->holder > 0 && hunt->holder != hunt->last) || harness_number(status, "jobs.failed") > 0;
}

START_TEST(a_file_that_hangs_its_workers_fails_as_timeout_and_the_others_go_on)
{
    enum { NEIGHBOURS = 30, ATTEMPTS = 2 };
    struct hunt hunt = { .job = "1" };
    struct harness h;
    json_t *job;

    harness_open(&h);
    h.workers = 2;
    harness_configure(&h, "", HARNESS_RECIPE);
    harness_configure_daemon(&h, HARNESS_SLOWER > 1 ? "JobTimeout=8s\nMaxAttempts=2\n"
                                                    : "JobTimeout=2s\nMaxAttempts=2\n");
    harness_start(&h);
    harness_drop(&h, "hang.png", 6000, 4000, 1); /* JPEG would be shrunk while it is loaded */
    for (int stops = 0;; stops++) { /* one that came before the worker had begun does not count */
        harness_await(&h, "a worker has the job, or it has failed", is_held_or_over, &hunt);
        if (harness_number(h.status, "jobs.failed") > 0)
            break;
        ck_assert(kill(hunt.holder, SIGSTOP) == 0 || errno == ESRCH);
        hunt.last = hunt.holder;
        for (int i = 0; stops == 0 && i < NEIGHBOURS; i++) {
            char name[32];

            snprintf(name, sizeof name, "%d.jpg", i);
            harness_drop(&h, name, 60, 40, (unsigned)i);
        }
    }
    harness_await_ends(&h, NEIGHBOURS, 1);

    job = harness_job_of(&h, "hang.png");
    ck_assert_str_eq(harness_string(job, "state"), "failed");
    ck_assert_str_eq(harness_string(job, "class"), "timeout");
    ck_assert_int_eq(harness_number(job, "attempts"), ATTEMPTS);
    json_decref(job);
    ck_assert_uint_eq(harness_count(&h, "out"), NEIGHBOURS * 4);
    harness_close(&h);
}
END_TEST

/* Whatever ends darkroomd while it alone is worked on: a file that does so each time would be a loop without an end. */
START_TEST(a_file_with_which_darkroomd_ends_each_time_fails)
{
    enum { ATTEMPTS = 2, STARTS_MAX = 8 };
    struct harness h;
    json_t *job;

    harness_open(&h);
    h.workers = 2;
    harness_configure(&h, "", HARNESS_RECIPE);
    harness_configure_daemon(&h, "MaxAttempts=2\n");
    harness_drop(&h, "poison.png", 6000, 4000, 1);
    for (int starts = 0;; starts++) {
        struct hunt hunt = { .job = "1" };

        ck_assert_int_lt(starts, STARTS_MAX);
        harness_start(&h);
        harness_await(&h, "a worker has the job, or it has failed", is_held_or_over, &hunt);
        if (harness_number(h.status, "jobs.failed") > 0)
            break;
        harness_kill(&h, true);
    }
    harness_await_ends(&h, 0, 1);
    job = harness_job_of(&h, "poison.png");
    ck_assert_str_eq(harness_string(job, "class"), "crash");
    ck_assert_int_eq(harness_number(job, "attempts"), ATTEMPTS);
    json_decref(job);
    harness_close(&h);
}
END_TEST

/* All workers hang at once, with jobs in their mailboxes that they have not even looked at: those are nobody's
 * fault. */
START_TEST(what_a_hung_worker_has_not_read_is_not_blamed)
{
    enum { COUNT = 12 };
    struct harness h;
    size_t i, blamed = 0;
    json_t *jobs, *job;

    harness_open(&h);
    h.workers = 2;
    harness_configure(&h, "", HARNESS_RECIPE_SINGLE);
    harness_configure_daemon(&h, HARNESS_SLOWER > 1 ? "JobTimeout=8s\n" : "JobTimeout=2s\n");
    harness_start(&h);
    harness_freeze_workers(&h);
    for (i = 0; i < COUNT; i++) {
        char name[32];

        snprintf(name, sizeof name, "%zu.jpg", i);
        harness_drop(&h, name, 60, 40, (unsigned)i);
    }
    harness_await_ends(&h, COUNT, 0);

    jobs = harness_jobs(&h, NULL);
    json_array_foreach (jobs, i, job)
        blamed += harness_number(job, "attempts") > 0;
    json_decref(jobs);
    ck_assert_uint_eq(blamed, 0);
    harness_close(&h);
}
END_TEST

HARNESS_MAIN("hang", UNIT_TEST(a_file_that_hangs_its_workers_fails_as_timeout_and_the_others_go_on),
             UNIT_TEST(a_file_with_which_darkroomd_ends_each_time_fails),
             UNIT_TEST(what_a_hung_worker_has_not_read_is_not_blamed))
