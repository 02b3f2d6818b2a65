/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Large pictures share the memory budget, and what is too large is refused by its header. What workers hold is watched
 * from outside, in every status that there is to see. */
#include "base/cleanup.h"
#include "daemon_harness.h"
#include "painter.h"

#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

/* A PNG of this size takes some 110 MB to render, with two widths: it cannot be streamed. */
enum { LARGE_WIDTH = 6000, LARGE_HEIGHT = 4000, LARGE_BYTES = 72000000, MB = 1 << 20 };

/* All that was seen of workers while a test waited. */
struct watch {
    int64_t ends;            /* of jobs, which the test waits for */
    size_t large_at_once;    /* most workers at a time with more than the default grant */
    bool over_budget;        /* more was granted together than the budget, with two jobs or more */
    bool small_beside_large; /* both at work at once */
    bool other_beside_giant; /* something beside a grant larger than the budget */
    int64_t largest_grant, most_waiting;
};

static void look(const json_t *status, struct watch *watch)
{
    int64_t budget = harness_number(status, "memory.budget_bytes"), sum = 0, largest = 0;
    int64_t usual = harness_number(status, "memory.default_grant_bytes");
    int64_t waiting = harness_number(status, "memory.waiting");
    size_t large = 0, small = 0, i;
    const json_t *worker;

    json_array_foreach (json_object_get(status, "workers"), i, worker) {
        int64_t grant = harness_number(worker, "grant_bytes");

        sum += grant;
        largest = grant > largest ? grant : largest;
        large += grant > usual;
        small += grant > 0 && grant <= usual;
    }
    ck_assert_int_eq(sum, harness_number(status, "memory.granted_bytes"));
    watch->large_at_once = large > watch->large_at_once ? large : watch->large_at_once;
    watch->over_budget |= large + small > 1 && sum > budget;
    watch->small_beside_large |= large > 0 && small > 0;
    watch->other_beside_giant |= largest > budget && large + small > 1;
    watch->largest_grant = largest > watch->largest_grant ? largest : watch->largest_grant;
    watch->most_waiting = waiting > watch->most_waiting ? waiting : watch->most_waiting;
}

static bool is_over(const json_t *status, void *context)
{
    struct watch *watch = context;

    look(status, watch);
    return harness_number(status, "jobs.done") + harness_number(status, "jobs.failed") >= watch->ends;
}

/* They arrive together; and painting takes a while. */
static void drop_large(const struct harness *h, int count)
{
    char first[PATH_MAX];

    snprintf(first, sizeof first, "%s", harness_path(h, "archive/large0.png"));
    painter_paint(first, LARGE_WIDTH, LARGE_HEIGHT, 0);
    for (int i = 1; i < count; i++) {
        char name[40];

        snprintf(name, sizeof name, "archive/large%d.png", i);
        harness_copy(h, first, name);
    }
    for (int i = 0; i < count; i++)
        ck_assert_int_eq(
            rename(harness_path(h, "archive/large%d.png", i), harness_path(h, "in/large%d.png", i)), 0);
}

static void drop_small(const struct harness *h, int number)
{
    char name[32];

    snprintf(name, sizeof name, "small%d.jpg", number);
    harness_drop(h, name, 300, 200, (unsigned)number);
}

static void check_attempts(struct harness *h)
{
    json_t *jobs = harness_jobs(h, NULL), *job;
    size_t i;

    json_array_foreach (jobs, i, job)
        ck_assert_int_eq(harness_number(job, "attempts"), 0);
    json_decref(jobs);
}

/* Four workers with 60 MB each: a large one leaves room for small ones, not for another large one. */
START_TEST(two_large_pictures_are_never_rendered_together_and_small_ones_go_on)
{
    enum { LARGE = 3, SMALL = 400 };
    struct watch watch = { .ends = LARGE + SMALL };
    struct harness h;

    harness_open(&h);
    h.workers = 2;
    harness_configure(&h, "", HARNESS_RECIPE);
    harness_write(&h, "config/darkroom.conf", "[Daemon]\nWorkers=4\nMemoryBudget=240M\n");
    harness_start(&h);
    drop_large(&h, LARGE);
    for (int i = 0; i < SMALL; i++)
        drop_small(&h, i);
    harness_await(&h, "all have ended", is_over, &watch);
    harness_await_ends(&h, LARGE + SMALL, 0);

    ck_assert_int_gt(watch.largest_grant, LARGE_BYTES);
    ck_assert_uint_eq(watch.large_at_once, 1);
    ck_assert(!watch.over_budget);
    ck_assert(watch.small_beside_large);
    ck_assert_int_ge(watch.most_waiting, 1);
    check_attempts(&h);
    harness_close(&h);
}
END_TEST

START_TEST(one_larger_than_the_budget_is_rendered_alone)
{
    enum { LARGE = 2, SMALL = 100 };
    struct watch watch = { .ends = LARGE + SMALL };
    struct harness h;

    harness_open(&h);
    h.workers = 2;
    harness_configure(&h, "", HARNESS_RECIPE);
    harness_configure_daemon(&h, "MemoryBudget=80M\n");
    harness_start(&h);
    drop_large(&h, LARGE);
    for (int i = 0; i < SMALL; i++)
        drop_small(&h, i);
    harness_await(&h, "all have ended", is_over, &watch);
    harness_await_ends(&h, LARGE + SMALL, 0);

    ck_assert_int_gt(watch.largest_grant, 80 * MB);
    ck_assert(!watch.other_beside_giant);
    check_attempts(&h);
    harness_close(&h);
}
END_TEST

static bool one_waits(const json_t *status, void *context)
{
    (void)context;
    return harness_number(status, "memory.waiting") > 0;
}

static void reload(struct harness *h)
{
    harness_signal(h, SIGHUP);
    harness_await_ready(h);
}

static void stop_and_start(struct harness *h)
{
    ck_assert_int_eq(harness_stop(h), 0);
    harness_start(h);
}

static void kill_and_start(struct harness *h)
{
    harness_kill(h, true);
    harness_start(h);
}

static void (*const interruptions[])(struct harness *h) = { reload, stop_and_start, kill_and_start };

START_TEST(pictures_that_wait_for_memory_are_done_in_spite_of_an_interruption)
{
    enum { LARGE = 2 };
    struct harness h;

    harness_open(&h);
    h.workers = 2;
    harness_configure(&h, "", HARNESS_RECIPE);
    harness_configure_daemon(&h, "MemoryBudget=100M\n");
    harness_start(&h);
    drop_large(&h, LARGE);
    harness_await(&h, "one waits for memory", one_waits, NULL);
    interruptions[_i](&h);
    harness_await_ends(&h, LARGE, 0);
    ck_assert_int_eq(harness_number(harness_status(&h), "memory.waiting"), 0);
    ck_assert_int_eq(harness_number(h.status, "memory.granted_bytes"), 0);
    check_attempts(&h);
    harness_close(&h);
}
END_TEST

START_TEST(a_picture_that_needs_more_than_the_folder_allows_fails_before_it_is_decoded)
{
    struct harness h;
    json_t *job;

    harness_open(&h);
    h.workers = 2;
    harness_configure(&h, "MaxMemory=64M\n", HARNESS_RECIPE);
    harness_start(&h);
    drop_large(&h, 1);
    drop_small(&h, 1);
    harness_await_ends(&h, 1, 1);

    job = harness_job_of(&h, "large0.png");
    ck_assert_str_eq(harness_string(job, "class"), "permanent");
    ck_assert_str_eq(harness_string(job, "stage"), "limits");
    ck_assert_ptr_nonnull(strstr(harness_string(job, "message"), "the 64 MB that MaxMemory= of the folder"));
    ck_assert_int_eq(harness_number(job, "attempts"), 0);
    json_decref(job);
    for (int i = 0; i < 2; i++)
        ck_assert_int_lt(
            harness_number(harness_status(&h), i ? "workers.1.rss_bytes" : "workers.0.rss_bytes"),
            HARNESS_SLOWER > 1 ? INT64_MAX : 2 * LARGE_BYTES);
    harness_close(&h);
}
END_TEST

/* 200,000 × 150,000 pixels, it claims; there are 68 bytes. */
static const char bomb[] =
    "\x89\x50\x4e\x47\x0d\x0a\x1a\x0a\x00\x00\x00\x0d\x49\x48\x44\x52\x00\x03\x0d\x40\x00\x02"
    "\x49\xf0\x08\x02\x00\x00\x00\x10\x7d\x5d\xdc\x00\x00\x00\x0b\x49\x44\x41\x54\x78\xda\x63"
    "\x60\xc0\x07\x00\x00\x1e\x00\x01\x65\x59\x9e\x71\x00\x00\x00\x00\x49\x45\x4e\x44\xae\x42"
    "\x60\x82";

static const struct {
    const char *limits, *key;
} bombs[] = {
    { "", "MaxPixels=" },
    { "MaxPixels=100G\n", "MaxMemory=" },
};

START_TEST(a_bomb_is_refused_by_its_header)
{
    struct harness h;
    json_t *job;

    harness_open(&h);
    h.workers = 2;
    harness_configure(&h, bombs[_i].limits, HARNESS_RECIPE);
    harness_start(&h);
    harness_drop_bytes(&h, "bomb.png", bomb, sizeof bomb - 1);
    harness_await_ends(&h, 0, 1);

    job = harness_job_of(&h, "bomb.png");
    ck_assert_str_eq(harness_string(job, "class"), "permanent");
    ck_assert_str_eq(harness_string(job, "stage"), "limits");
    ck_assert_msg(strstr(harness_string(job, "message"), bombs[_i].key) != NULL, "%s",
                  harness_string(job, "message"));
    json_decref(job);
    harness_close(&h);
}
END_TEST

/* 5 KB that are 240,000 elements, after which glibc keeps 250 MB, or nothing: that depends on what lies where. */
static void drop_swelling(const struct harness *h, int number)
{
    char *text = NULL, name[32];
    size_t size;
    FILE *stream = open_memstream(&text, &size);

    fputs("<!DOCTYPE svg [<!ENTITY a \"", stream);
    for (int i = 0; i < 1000; i++)
        fputs("<g/>", stream);
    fputs("\">]><svg xmlns=\"http://www.w3.org/2000/svg\" width=\"9\" height=\"9\">", stream);
    for (int i = 0; i < 240; i++)
        fputs("&a;", stream);
    fputs("</svg>", stream);
    fclose(stream);
    snprintf(name, sizeof name, "swelling%d.svg", number);
    harness_drop_bytes(h, name, text, size);
    free(text);
}

/* Private memory that can be written, as memory_bound.h counts it. */
static uint64_t worker_data_kb(const struct harness *h)
{
    char path[64], line[128];
    uint64_t kb = 0;
    pid_t pid;
    FILE *file;

    ck_assert_uint_eq(harness_workers(h, NULL, &pid, 1), 1);
    snprintf(path, sizeof path, "/proc/%d/status", pid);
    file = fopen(path, "r");
    ck_assert_ptr_nonnull(file);
    while (kb == 0 && fgets(line, sizeof line, file))
        sscanf(line, "VmData: %" SCNu64, &kb);
    fclose(file);
    return kb;
}

START_TEST(no_worker_stays_as_large_as_a_picture_made_it_and_nobody_is_blamed)
{
    enum {
        COUNT = 3,
        GROWTH_KB_MAX = 160 << 10
    }; /* MEMORY_BOUND_GROWTH_BYTES, and a new worker's first steps */
    struct harness h;
    uint64_t before;

    harness_open(&h);
    harness_configure(&h, "AllowFormats=svg\n", HARNESS_RECIPE);
    harness_start(&h);
    harness_await_idle(&h);
    before = worker_data_kb(&h);
    for (int i = 0; i < COUNT; i++)
        drop_swelling(&h, i);
    harness_await_ends(&h, COUNT, 0);
    check_attempts(&h);
    harness_await_idle(&h);
    ck_assert_uint_lt(worker_data_kb(&h), before + GROWTH_KB_MAX);
    ck_assert_ptr_null(strstr(harness_read(&h, "log"), "is gone"));
    harness_close(&h);
}
END_TEST

/* One is in the worker's mailbox when it has done its last. */
START_TEST(a_worker_is_replaced_after_its_jobs_and_none_is_done_twice)
{
    enum { COUNT = 12 };
    pid_t before[1], after[1];
    struct harness h;

    harness_open(&h);
    harness_configure(&h, "", HARNESS_RECIPE);
    harness_configure_daemon(&h, "WorkerJobs=5\n");
    harness_start(&h);
    harness_await_idle(&h);
    ck_assert_uint_eq(harness_workers(&h, NULL, before, 1), 1);
    for (unsigned i = 0; i < COUNT; i++) {
        char name[32];

        snprintf(name, sizeof name, "%u.jpg", i);
        harness_drop(&h, name, 64, 48, i);
    }
    harness_await_ends(&h, COUNT, 0);
    check_attempts(&h);
    harness_await_idle(&h);
    ck_assert_uint_eq(harness_workers(&h, NULL, after, 1), 1);
    ck_assert_int_ne(before[0], after[0]);
    ck_assert_ptr_null(strstr(harness_read(&h, "log"), "is gone"));
    harness_close(&h);
}
END_TEST

HARNESS_MAIN("memory", UNIT_TEST(two_large_pictures_are_never_rendered_together_and_small_ones_go_on),
             UNIT_TEST(one_larger_than_the_budget_is_rendered_alone),
             UNIT_TEST(no_worker_stays_as_large_as_a_picture_made_it_and_nobody_is_blamed),
             UNIT_TEST(a_worker_is_replaced_after_its_jobs_and_none_is_done_twice),
             UNIT_ROWS(pictures_that_wait_for_memory_are_done_in_spite_of_an_interruption, interruptions),
             UNIT_TEST(a_picture_that_needs_more_than_the_folder_allows_fails_before_it_is_decoded),
             UNIT_ROWS(a_bomb_is_refused_by_its_header, bombs))
