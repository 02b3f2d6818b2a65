/* SPDX-License-Identifier: GPL-2.0-or-later */
/* darkroomd has no room for another descriptor: no file and no worker is blamed for that. */
#include "base/cleanup.h"
#include "daemon_harness.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

enum { WORKERS = 2, RENDITIONS = 40, ROOM = 12, FD_END = 1024 };

/* The lowest limit with which the daemon can open ROOM files more. */
static rlim_t tight_limit(const struct harness *h)
{
    bool open[FD_END] = { false };
    char path[64];
    struct dirent *entry;
    rlim_t limit = 0;
    DIR *fds;

    snprintf(path, sizeof path, "/proc/%d/fd", h->pid);
    fds = opendir(path);
    ck_assert_ptr_nonnull(fds);
    while ((entry = readdir(fds)))
        if (entry->d_name[0] != '.' && strtoul(entry->d_name, NULL, 10) < FD_END)
            open[strtoul(entry->d_name, NULL, 10)] = true;
    closedir(fds);
    for (int room = 0; room < ROOM && limit < FD_END; limit++)
        room += !open[limit];
    return limit;
}

static bool has_complained(const json_t *status, void *context)
{
    (void)status;
    return strstr(harness_read(context, "log"), "raise LimitNOFILE=") != NULL;
}

static void write_recipe(const struct harness *h)
{
    char widths[RENDITIONS * 4] = "";

    for (int i = 1; i <= RENDITIONS; i++)
        snprintf(widths + strlen(widths), sizeof widths - strlen(widths), " %d", i);
    harness_write(h, "config/recipes/web.recipe",
                  "[Recipe]\nDescription=x\n[Output a]\nName={stem}.{width}.{ext}\nWidth=%s\nFormat=png\n",
                  widths);
}

START_TEST(descriptors_that_run_out_cost_no_attempt_and_no_worker)
{
    struct rlimit before, tight;
    pid_t pids[WORKERS], after[WORKERS];
    struct harness h;
    json_t *job;

    harness_open(&h);
    h.workers = WORKERS;
    harness_configure(&h, "", HARNESS_RECIPE);
    write_recipe(&h);
    harness_start(&h);
    harness_await_idle(&h);
    ck_assert_uint_eq(harness_workers(&h, "idle", pids, WORKERS), WORKERS);

    ck_assert_int_eq(prlimit(h.pid, RLIMIT_NOFILE, NULL, &before), 0);
    tight = before;
    tight.rlim_cur = tight_limit(&h);
    ck_assert_int_eq(prlimit(h.pid, RLIMIT_NOFILE, &tight, NULL), 0);
    harness_drop(&h, "a.jpg", 64, 48, 1);
    harness_await(&h, "it says what is missing", has_complained, &h);

    ck_assert_int_eq(prlimit(h.pid, RLIMIT_NOFILE, &before, NULL), 0);
    harness_await_ends(&h, 1, 0);
    ck_assert_uint_eq(harness_count(&h, "out"), RENDITIONS);
    job = harness_job_of(&h, "a.jpg");
    ck_assert_int_eq(harness_number(job, "attempts"), 0);
    json_decref(job);
    harness_status(&h);
    ck_assert_uint_eq(harness_workers(&h, NULL, after, WORKERS), WORKERS);
    ck_assert_int_eq(memcmp(pids, after, sizeof pids), 0);
    harness_close(&h);
}
END_TEST

HARNESS_MAIN("shortage", UNIT_TEST(descriptors_that_run_out_cost_no_attempt_and_no_worker))
