/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Reloads and stops while hundreds of jobs run (rules 25 and 26): an invalid configuration changes nothing, a storm of
 * reloads loses and repeats nothing, a stop leaves everything for the next start, and status answers all the time. How
 * fast is measured and printed; what is asserted is only that it is never stuck, and not for most of the time slow. */
#include "base/cleanup.h"
#include "base/clock.h"
#include "campaign.h"

#include <signal.h>
#include <string.h>
#include <sys/stat.h>

enum { FILES = 120, FILES_FULL = 3000, STORM = 30, SAMPLES_MAX = 1 << 20, WIDTH = 320, HEIGHT = 240 };

#define STATUS_US (USEC_PER_SEC * HARNESS_SLOWER)
#define HALF_US (50 * USEC_PER_MSEC * HARNESS_SLOWER)

struct run {
    struct campaign c;
    int files;
    uint32_t *samples; /* how long each status took, us */
    size_t sample_count;
};

/* ---- how long status takes ---- */

static void note(struct run *run, uint64_t since_us)
{
    if (run->sample_count < SAMPLES_MAX)
        run->samples[run->sample_count++] = (uint32_t)(monotonic_us() - since_us);
}

static void ask(struct run *run)
{
    uint64_t since = monotonic_us();

    harness_status(&run->c.h);
    note(run, since);
}

static int compare_samples(const void *a, const void *b)
{
    uint32_t left = *(const uint32_t *)a, right = *(const uint32_t *)b;

    return (left > right) - (left < right);
}

/* Half of the time went by in answers that took this long at most. Somebody who asks at any moment meets the slow ones,
 * however many quick ones come between them; that this machine was busy for a moment does not count. @samples is
 * sorted. */
static uint32_t half_of_the_time(const uint32_t *samples, size_t count)
{
    uint64_t all = 0, passed = 0;
    size_t i;

    for (i = 0; i < count; i++)
        all += samples[i];
    for (i = 0; i < count && passed + samples[i] < all / 2; i++)
        passed += samples[i];
    return samples[i];
}

static void report_status(struct run *run, const char *what)
{
    size_t count = run->sample_count;
    uint32_t half;

    ck_assert_uint_gt(count, 0);
    qsort(run->samples, count, sizeof *run->samples, compare_samples);
    half = half_of_the_time(run->samples, count);
    printf(
        "%s: %d files; status %zu times: p50 %.2f ms, p99 %.2f ms, max %.2f ms; half of the time %.2f ms\n",
        what, run->files, count, run->samples[count / 2] / 1e3, run->samples[count * 99 / 100] / 1e3,
        run->samples[count - 1] / 1e3, half / 1e3);
    ck_assert_uint_lt(run->samples[count - 1], STATUS_US);
    ck_assert_uint_lt(half, HALF_US);
}

/* ---- the load ---- */

static void run_open(struct run *run, bool archive)
{
    *run = (struct run){ .samples = calloc(SAMPLES_MAX, sizeof *run->samples) };
    campaign_open(&run->c, archive, HARNESS_RECIPE, "");
}

static void run_close(struct run *run)
{
    free(run->samples);
    campaign_close(&run->c);
}

static void drop_many(struct run *run)
{
    int count = harness_is_full() ? FILES_FULL : FILES;

    for (int i = 0; i < count; i++) {
        char name[32];

        snprintf(name, sizeof name, "%d.jpg", run->files);
        campaign_drop(&run->c, name, WIDTH, HEIGHT, (unsigned)run->files++);
    }
}

static void ask_until_done(struct run *run)
{
    uint64_t since = monotonic_us();
    json_int_t before = -1;

    do {
        ask(run);
        if (harness_number(run->c.h.status, "jobs.done") != before)
            since = monotonic_us(); /* it goes on */
        before = harness_number(run->c.h.status, "jobs.done");
        ck_assert_int_gt(harness_left_ms(since), 1);
    } while (before < run->files || !harness_is_at_rest(run->c.h.status));
}

/* ---- reloads ---- */

static void write_folder(struct run *run, const char *more)
{
    harness_write(&run->c.h, "config/folders/web.folder",
                  "[Folder]\nPath=%s\nOutput=%s\nRecipe=web\nSettle=0\n%s\n", harness_path(&run->c.h, "in"),
                  harness_path(&run->c.h, "out"), more);
}

/* As if an administrator had lost patience: the next signal does not wait for what the last one did. */
static void signal_often(struct run *run)
{
    for (int i = 0; i < STORM; i++) {
        harness_signal(&run->c.h, SIGHUP);
        ask(run);
    }
}

static bool has_generation(const json_t *status, void *context)
{
    return harness_number(status, "generation") > *(const json_int_t *)context;
}

START_TEST(an_invalid_configuration_changes_nothing_under_load)
{
    json_int_t generation;
    struct run run;

    run_open(&run, false);
    harness_start(&run.c.h);
    ask(&run);
    generation = harness_number(run.c.h.status, "generation");
    write_folder(&run, "Originals=burn\n");
    drop_many(&run);
    signal_often(&run);
    ask_until_done(&run);
    harness_signal(&run.c.h, SIGHUP);
    harness_await_ready(&run.c.h); /* of one reload or another: they have all failed */
    ask(&run);
    ck_assert_int_eq(harness_number(run.c.h.status, "generation"), generation);
    ck_assert(strstr(harness_read(&run.c.h, "log"), "the old one stays"));
    ck_assert_int_eq(json_array_size(json_object_get(run.c.h.status, "folders")), 1);

    report_status(&run, "invalid configurations");
    campaign_finish(&run.c, "in the end");
    run_close(&run);
}
END_TEST

START_TEST(a_storm_of_reloads_under_load_loses_and_repeats_nothing)
{
    json_int_t generation;
    struct run run;

    run_open(&run, false);
    harness_start(&run.c.h);
    ask(&run);
    generation = harness_number(run.c.h.status, "generation");
    drop_many(&run);
    for (int i = 0; i < 3; i++) {
        write_folder(&run, i % 2 == 0 ? "Recursive=no\n" : "Recursive=maybe\n");
        signal_often(&run);
    }
    harness_await(&run.c.h, "a reload has worked", has_generation, &generation);
    ask_until_done(&run);

    report_status(&run, "reloads");
    campaign_finish(&run.c, "in the end");
    ck_assert_uint_eq(run.c.attempts, 0);
    run_close(&run);
}
END_TEST

/* ---- stops ---- */

/* Until it does not answer any more. */
static void ask_until_gone(struct run *run)
{
    for (;;) {
        uint64_t since = monotonic_us();
        char *text = NULL;

        if (darkroom_status(run->c.h.dk, &text) < 0)
            return;
        note(run, since);
        darkroom_free(text);
    }
}

START_TEST(stops_under_load_lose_and_repeat_nothing)
{
    enum { STOPS = 4 };
    struct run run;

    run_open(&run, true);
    for (int i = 0; i < STOPS; i++) {
        int64_t done;

        harness_start(&run.c.h);
        done = harness_number(harness_status(&run.c.h), "jobs.done");
        drop_many(&run);
        harness_await_work(&run.c.h, done);
        harness_signal(&run.c.h, i % 2 == 0 ? SIGTERM : SIGINT);
        ask_until_gone(&run);
        ck_assert_int_eq(harness_await_exit(&run.c.h), 0);
        campaign_audit(&run.c, false, "after a stop under load");
    }
    harness_start(&run.c.h);
    ask_until_done(&run);

    report_status(&run, "stops");
    campaign_finish(&run.c, "in the end");
    ck_assert_uint_eq(run.c.attempts, 0);
    run_close(&run);
}
END_TEST

HARNESS_MAIN("load", UNIT_TEST(an_invalid_configuration_changes_nothing_under_load),
             UNIT_TEST(a_storm_of_reloads_under_load_loses_and_repeats_nothing),
             UNIT_TEST(stops_under_load_lose_and_repeat_nothing))
