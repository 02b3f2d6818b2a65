/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A folder whose file system does not answer any more (a server that is gone) disturbs no other, nor status, nor a
 * stop, which names it; when it answers again nothing was lost (rules 18, 21, 25, 26). Needs root and /dev/fuse. */
#include "base/cleanup.h"
#include "base/clock.h"
#include "campaign.h"
#include "fuse_mount.h"
#include "painter.h"

#include <poll.h>
#include <string.h>
#include <sys/stat.h>

enum { BEFORE = 3, HUNG = 5, OTHERS = 30, STOP_TIMEOUT_S = 2, PATIENCE_S = 10 };

/* What waited for the path would wait as long as that hangs. */
#define STATUS_US (500 * USEC_PER_MSEC * HARNESS_SLOWER)
#define STOP_US ((STOP_TIMEOUT_S + PATIENCE_S) * USEC_PER_SEC * HARNESS_SLOWER)

struct run {
    struct campaign c;
    struct fuse_mount mounted;
    int others;
    uint64_t slowest_us;
};

/* The folders "web" and "other"; the directory @hangs (in or out, which are those of "web", or programs, which is
 * none's) is a FUSE file system. */
static bool run_open(struct run *run, const char *hangs)
{
    struct harness *h = &run->c.h;

    *run = (struct run){ 0 };
    harness_open(h);
    ck_assert_int_eq(mkdir(harness_path(h, "behind"), 0755), 0);
    ck_assert_int_eq(mkdir(harness_path(h, "programs"), 0755), 0);
    ck_assert_int_eq(mkdir(harness_path(h, "in2"), 0755), 0);
    ck_assert_int_eq(mkdir(harness_path(h, "out2"), 0755), 0);
    if (!fuse_mount_open(&run->mounted, harness_path(h, "behind"), harness_path(h, "%s", hangs))) {
        harness_close(h);
        return false;
    }
    campaign_configure(&run->c, "", false, HARNESS_RECIPE_SINGLE, "PollInterval=200ms\n");
    harness_write(h, "config/darkroom.conf", "[Daemon]\nWorkers=2\nStopTimeout=%ds\n", STOP_TIMEOUT_S);
    harness_write(h, "config/folders/other.folder", "[Folder]\nPath=%s\nOutput=%s\nRecipe=web\nSettle=0\n",
                  harness_path(h, "in2"), harness_path(h, "out2"));
    return true;
}

static void run_close(struct run *run)
{
    fuse_mount_close(&run->mounted);
    campaign_close(&run->c);
}

static void drop_others(struct run *run)
{
    for (int i = 0; i < OTHERS; i++) {
        char name[48];

        snprintf(name, sizeof name, "../in2/o%d.jpg", run->others++);
        harness_drop(&run->c.h, name, 60, 40, (unsigned)i);
    }
}

static void drop_some(struct run *run, const char *prefix, int count)
{
    for (int i = 0; i < count; i++) {
        char name[48];

        snprintf(name, sizeof name, "%s%d.jpg", prefix, i);
        campaign_drop(&run->c, name, 60, 40, (unsigned)i);
    }
}

/* Into the directory behind the file system, which does not answer itself. */
static void drop_behind(struct run *run, int count)
{
    for (int i = 0; i < count; i++) {
        char name[48];

        snprintf(name, sizeof name, "hung%d.jpg", i);
        json_object_set_new(run->c.dropped, name, json_integer(1));
        painter_paint(harness_path(&run->c.h, "behind/.paint"), 60, 40, (unsigned)i);
        ck_assert_int_eq(
            rename(harness_path(&run->c.h, "behind/.paint"), harness_path(&run->c.h, "behind/%s", name)), 0);
    }
}

/* Waits until status names the folder that hangs. */
static void expect_named(struct run *run)
{
    struct harness *h = &run->c.h;
    uint64_t since = monotonic_us();

    harness_status(h);
    do {
        ck_assert_int_gt(harness_left_ms(since), 1);
        harness_next_status(h, 100); /* that a folder does not answer is no change */
    } while (strcmp(harness_string(h->status, "folders.0.state"), "ok") == 0 &&
             strcmp(harness_string(h->status, "folders.1.state"), "ok") == 0);
    for (int i = 0; i < 2; i++) {
        const json_t *folder = json_array_get(json_object_get(h->status, "folders"), (size_t)i);
        bool hung = strcmp(harness_string(folder, "name"), "web") == 0;

        ck_assert_str_eq(harness_string(folder, "state"), (hung ? "held" : "ok"));
        ck_assert(!hung || strstr(harness_string(folder, "reason"), "has not answered for"));
    }
}

/* The others' jobs all get done, and each question is answered meanwhile. */
static void expect_others_done(struct run *run, int64_t done)
{
    struct harness *h = &run->c.h;
    uint64_t since = monotonic_us();

    do {
        uint64_t asked_us = monotonic_us(), took_us;

        ck_assert_int_gt(harness_left_ms(since), 1);
        harness_status(h);
        took_us = monotonic_us() - asked_us;
        run->slowest_us = took_us > run->slowest_us ? took_us : run->slowest_us;
    } while (harness_number(h->status, "jobs.done") < done);
    ck_assert_uint_lt(run->slowest_us, STATUS_US);
}

static void expect_stop_without_it(struct run *run)
{
    uint64_t since = monotonic_us(), took_us;

    ck_assert_int_eq(harness_stop(&run->c.h), 0);
    took_us = monotonic_us() - since;
    ck_assert_uint_lt(took_us, STOP_US);
    ck_assert(strstr(harness_read(&run->c.h, "log"), "folder web hangs"));
    printf("%d jobs of the other folder done, status within %llu ms, stopped after %llu ms\n", run->others,
           (unsigned long long)run->slowest_us / 1000, (unsigned long long)took_us / 1000);
}

/* Another start, when the file system answers again. */
static void expect_nothing_lost(struct run *run)
{
    fuse_mount_go_on(&run->mounted);
    harness_start(&run->c.h);
    harness_await_ends(&run->c.h, (int64_t)json_object_size(run->c.dropped) + run->others, 0);
    campaign_finish(&run->c, "when the file system answers again");
    ck_assert_uint_eq(run->c.attempts, 0);
    ck_assert_uint_eq(harness_count(&run->c.h, "out2"), (size_t)run->others);
    run_close(run);
}

START_TEST(a_hung_path_disturbs_no_other_folder_and_no_stop)
{
    struct run run;

    if (!run_open(&run, "in"))
        return;
    harness_start(&run.c.h);
    drop_some(&run, "before", BEFORE);
    harness_await_ends(&run.c.h, BEFORE, 0);

    fuse_mount_stop(&run.mounted);
    drop_behind(&run, HUNG);
    drop_others(&run);
    expect_others_done(&run, BEFORE + OTHERS);
    expect_named(&run);
    expect_stop_without_it(&run);
    expect_nothing_lost(&run);
}
END_TEST

START_TEST(a_hung_output_disturbs_no_other_folder_and_no_stop)
{
    struct run run;

    if (!run_open(&run, "out"))
        return;
    harness_start(&run.c.h);
    drop_some(&run, "before", BEFORE);
    harness_await_ends(&run.c.h, BEFORE, 0);

    fuse_mount_stop(&run.mounted);
    drop_some(&run, "hung", HUNG);
    drop_others(&run);
    expect_others_done(&run, BEFORE + OTHERS);
    expect_named(&run);
    expect_stop_without_it(&run);
    expect_nothing_lost(&run);
}
END_TEST

START_TEST(a_path_that_hangs_for_a_while_is_gone_on_with)
{
    struct run run;

    if (!run_open(&run, "in"))
        return;
    harness_start(&run.c.h);
    fuse_mount_stop(&run.mounted);
    drop_behind(&run, HUNG);
    drop_others(&run);
    expect_others_done(&run, OTHERS);
    fuse_mount_go_on(&run.mounted);
    harness_await_ends(&run.c.h, HUNG + OTHERS, 0);
    campaign_finish(&run.c, "in the end");
    run_close(&run);
}
END_TEST

/* Also the check for overlapping folders, and a reload, must not touch it. */
START_TEST(a_start_and_a_reload_while_a_path_hangs)
{
    struct run run;
    char *text;

    if (!run_open(&run, "in"))
        return;
    fuse_mount_stop(&run.mounted);
    drop_behind(&run, HUNG);
    harness_start(&run.c.h);
    drop_others(&run);
    expect_others_done(&run, OTHERS);
    expect_named(&run);
    ck_assert_msg(darkroom_reload(run.c.h.dk, &text) == 0, "%s", darkroom_error(run.c.h.dk));
    darkroom_free(text);
    drop_others(&run);
    expect_others_done(&run, run.others);
    expect_stop_without_it(&run);
    expect_nothing_lost(&run);
}
END_TEST

static bool says_trouble(const json_t *status, void *context)
{
    (void)context;
    return json_array_size(json_object_get(status, "problems")) > 0 &&
           strstr(harness_string(status, "problems.0"),
                  "workers cannot start: the program darkroom-worker is not reached");
}

/* The job of the other one counted as an attempt of its own. */
START_TEST(a_stop_leaves_without_a_worker_whose_program_hangs)
{
    struct run run;
    struct harness *h = &run.c.h;
    uint64_t since, took_us;
    pid_t pids[2];

    if (!run_open(&run, "programs"))
        return;
    harness_use_own_worker(h);
    harness_copy(h, DARKROOM_BIN_DIR "/darkroom-worker", "behind/darkroom-worker");
    ck_assert_int_eq(symlink("../programs/darkroom-worker", harness_path(h, "bin/darkroom-worker")), 0);
    harness_start(h);
    harness_await_idle(h);
    ck_assert_uint_eq(harness_workers(h, NULL, pids, 2), 2);

    fuse_mount_stop(&run.mounted);
    ck_assert_int_eq(kill(pids[1], SIGSTOP), 0); /* it would need its program */
    ck_assert_int_eq(kill(pids[0], SIGKILL), 0);
    drop_some(&run, "held", HUNG);
    harness_await(h, "it is told", says_trouble, NULL);
    ck_assert_int_gt(harness_number(h->status, "jobs.running"), 0);
    since = monotonic_us();
    harness_signal(h, SIGTERM);
    ck_assert_int_eq(poll(&(struct pollfd){ .fd = h->pidfd, .events = POLLIN }, 1, HARNESS_DEADLINE_S * 1000),
                     1);
    took_us = monotonic_us() - since;
    ck_assert_uint_lt(took_us, STOP_US);
    fuse_mount_go_on(&run.mounted); /* what is left behind ends as well */
    ck_assert_int_eq(harness_await_exit(h), 0);
    ck_assert(strstr(harness_read(h, "log"), "a worker can be neither started nor ended"));
    ck_assert(!strstr(harness_read(h, "log"), " hangs ("));
    printf("stopped after %llu ms\n", (unsigned long long)took_us / 1000);
    expect_nothing_lost(&run);
}
END_TEST

HARNESS_MAIN("hung_folder", UNIT_TEST(a_hung_path_disturbs_no_other_folder_and_no_stop),
             UNIT_TEST(a_hung_output_disturbs_no_other_folder_and_no_stop),
             UNIT_TEST(a_path_that_hangs_for_a_while_is_gone_on_with),
             UNIT_TEST(a_start_and_a_reload_while_a_path_hangs),
             UNIT_TEST(a_stop_leaves_without_a_worker_whose_program_hangs))
