/* SPDX-License-Identifier: GPL-2.0-or-later */
/* darkroom.conf: defaults, values, refusals. */
#include "conf/daemon_conf.h"

#include "base/clock.h"
#include "expect_problems.h"
#include "scratch.h"
#include "unit_main.h"

#include <errno.h>

static int load(const char *text, struct daemon_conf *conf, struct problems *problems)
{
    _cleanup_scratch_ struct scratch scratch = scratch_make();
    char path[PATH_MAX];

    scratch_write(&scratch, "darkroom.conf", text, strlen(text), path);
    return daemon_conf_load(conf, path, problems);
}

static void expect_defaults(const struct daemon_conf *conf)
{
    ck_assert_uint_eq(conf->workers, 0);
    ck_assert_uint_eq(conf->job_timeout_us, 60 * USEC_PER_SEC);
    ck_assert_uint_eq(conf->worker_jobs, 20000);
    ck_assert_uint_eq(conf->max_attempts, 3);
    ck_assert_uint_eq(conf->job_history_us, 90ULL * 86400 * USEC_PER_SEC);
    ck_assert_uint_eq(conf->stop_timeout_us, 20 * USEC_PER_SEC);
    ck_assert_uint_eq(conf->memory_budget_bytes, 0);
    ck_assert_ptr_null(conf->admin_group);
}

START_TEST(a_missing_file_means_the_defaults)
{
    struct daemon_conf conf;
    _cleanup_(problems_release) struct problems problems = { 0 };

    ck_assert_int_eq(daemon_conf_load(&conf, "/nonexistent/darkroom.conf", &problems), 0);
    expect_no_problem("no file", &problems);
    expect_defaults(&conf);
    daemon_conf_release(&conf);
}
END_TEST

START_TEST(empty_values_mean_the_defaults)
{
    static const char text[] = "[Daemon]\nWorkers=4\nWorkers=\nJobTimeout=1s\nJobTimeout=\nWorkerJobs=9\n"
                               "WorkerJobs=\nMaxAttempts=9\nMaxAttempts=\nStopTimeout=1s\nStopTimeout="
                               "\nMemoryBudget=1G\nMemoryBudget=\n["
                               "Control]\nAdminGroup=x\nAdminGroup=\n";
    _cleanup_(daemon_conf_release) struct daemon_conf conf;
    _cleanup_(problems_release) struct problems problems = { 0 };

    ck_assert_int_eq(load(text, &conf, &problems), 0);
    expect_defaults(&conf);
}
END_TEST

START_TEST(values_are_read)
{
    static const char text[] =
        "[Control]\nAdminGroup=photo\n[Daemon]\nWorkers=256\nJobTimeout=100ms\n"
        "WorkerJobs=1\nMaxAttempts=100\nStopTimeout=0\nJobHistory=1min\nMemoryBudget=2G\n";
    _cleanup_(daemon_conf_release) struct daemon_conf conf;
    _cleanup_(problems_release) struct problems problems = { 0 };

    ck_assert_int_eq(load(text, &conf, &problems), 0);
    ck_assert_uint_eq(conf.workers, 256);
    ck_assert_uint_eq(conf.job_timeout_us, 100 * USEC_PER_MSEC);
    ck_assert_uint_eq(conf.worker_jobs, 1);
    ck_assert_uint_eq(conf.max_attempts, 100);
    ck_assert_uint_eq(conf.stop_timeout_us, 0);
    ck_assert_uint_eq(conf.job_history_us, 60 * USEC_PER_SEC);
    ck_assert_uint_eq(conf.memory_budget_bytes, 2ULL << 30);
    ck_assert_str_eq(conf.admin_group, "photo");
}
END_TEST

START_TEST(auto_puts_workers_and_memory_back)
{
    _cleanup_(daemon_conf_release) struct daemon_conf conf;
    _cleanup_(problems_release) struct problems problems = { 0 };

    ck_assert_int_eq(
        load("[Daemon]\nWorkers=4\nWorkers=auto\nMemoryBudget=1G\nMemoryBudget=auto\n", &conf, &problems), 0);
    ck_assert_uint_eq(conf.workers, 0);
    ck_assert_uint_eq(conf.memory_budget_bytes, 0);
}
END_TEST

static const struct {
    const char *name, *text, *problem;
} refusals[] = {
    { "no workers", "[Daemon]\nWorkers=0\n", ":2:9: Workers=0: give auto, or a number from 1 to 256" },
    { "too many workers", "[Daemon]\nWorkers=257\n", "from 1 to 256" },
    { "workers that are no number", "[Daemon]\nWorkers=4x\n", "Workers=4x: give auto" },
    { "a timeout that nothing can meet", "[Daemon]\nJobTimeout=99ms\n", "from 100ms to 1d" },
    { "too little memory", "[Daemon]\nMemoryBudget=15M\n", ":2:14: MemoryBudget=15M: give a size from 16M" },
    { "memory that is no size", "[Daemon]\nMemoryBudget=half\n", "MemoryBudget=half: give a size" },
    { "no jobs", "[Daemon]\nWorkerJobs=0\n", "from 1 to 1000000000" },
    { "no attempts", "[Daemon]\nMaxAttempts=0\n", "from 1 to 100" },
    { "a key of the other section", "[Daemon]\nAdminGroup=photo\n", "unknown key AdminGroup= in [Daemon]" },
    { "a section of a folder file", "[Folder]\nPath=/srv\n", ":1:1: unknown section [Folder]" },
    { "a group and a bad line", "[Control]\nAdminGroup=photo\nx\n", ":3:1: \"=\" is missing" },
};

START_TEST(a_refusal_leaves_nothing)
{
    struct daemon_conf conf;
    _cleanup_(problems_release) struct problems problems = { 0 };

    ck_assert_int_eq(load(refusals[_i].text, &conf, &problems), -EINVAL);
    expect_problem(refusals[_i].name, &problems, refusals[_i].problem);
    ck_assert_ptr_null(conf.admin_group);
}
END_TEST

UNIT_MAIN("daemon_conf", UNIT_TEST(a_missing_file_means_the_defaults),
          UNIT_TEST(empty_values_mean_the_defaults), UNIT_TEST(values_are_read),
          UNIT_TEST(auto_puts_workers_and_memory_back), UNIT_ROWS(a_refusal_leaves_nothing, refusals))
