/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Power cuts (rule 25): the disk that holds the hot folder, the outputs and the archive loses everything that was not
 * made durable, before a system call of the supervisor that changes a file or sends a message, and the supervisor ends
 * with it. What was announced as done is still done afterwards, and complete; nothing is half visible, and the rest is
 * done by the next start. Needs root and loop devices.
 *
 * The ledger is on the same disk or on another, which keeps what it has: a commit of a ledger on the same ext4 makes
 * durable what somebody forgot to flush.
 *
 * The cut points are spread evenly over the calls of a run, a few in CI, many with DARKROOM_FULL=1. */
#include "campaign.h"
#include "loop_disk.h"
#include "switched.h"

#include <string.h>

/* Large enough, with one worker, to be done one after the other: some are announced before most cuts. */
enum { SOURCES = 4, WIDTH = 900, HEIGHT = 700, POINTS = 3, POINTS_FULL = 40 };

/* A row of the tests. */
static const struct variant {
    const char *what;
    bool archive, ledger_elsewhere, documents;
} variants[] = {
    { "originals kept", false, false, false },
    { "originals kept, the ledger on another disk", false, true, false },
    { "originals archived", true, false, false },
    { "originals archived, the ledger on another disk", true, true, false },
    { "documents, the ledger on another disk", true, true, .documents = true },
};

struct run {
    struct campaign c;
    struct switched switched;
    struct loop_disk disk;
    json_t *announced; /* the ids of jobs that were seen as done, as keys */
};

/* How a campaign goes on the whole. */
struct counts {
    unsigned cuts;
    size_t announced;
};

/* The directories of the harness are links to those on the disk. */
static void move_to_disk(struct run *run, const struct variant *variant)
{
    static const char *const names[] = { "in", "out", "archive", "state" };
    size_t count = sizeof names / sizeof names[0] - (variant->ledger_elsewhere ? 1 : 0);

    for (size_t i = 0; i < count; i++) {
        char target[80];

        snprintf(target, sizeof target, "disk/%s", names[i]);
        ck_assert_int_eq(mkdir(harness_path(&run->c.h, "%s", target), 0755), 0);
        ck_assert_int_eq(rmdir(harness_path(&run->c.h, "%s", names[i])), 0);
        ck_assert_int_eq(symlink(target, harness_path(&run->c.h, "%s", names[i])), 0);
    }
}

static bool run_open(struct run *run, const struct variant *variant)
{
    *run = (struct run){ .announced = json_object() };
    harness_open(&run->c.h);
    if (!loop_disk_open(&run->disk, run->c.h.root)) {
        harness_close(&run->c.h);
        return false;
    }
    move_to_disk(run, variant);
    campaign_configure(&run->c, "disk/", variant->archive,
                       variant->documents ? CAMPAIGN_DOCUMENTS : HARNESS_RECIPE, "");
    harness_write(&run->c.h, "config/darkroom.conf", "[Daemon]\nWorkers=1\n");
    switched_open(&run->switched, &run->c.h);
    snprintf(run->switched.the_switch->cut, sizeof run->switched.the_switch->cut, "%s",
             run->disk.mount_point);
    for (int i = 0; i < SOURCES; i++)
        if (variant->documents)
            campaign_drop_document(&run->c, (const char *[]){ "a.tif", "b.tif", "c.tif", "d.tif" }[i],
                                   (unsigned)i);
        else
            campaign_drop(&run->c, (const char *[]){ "a.png", "b.jpg", "c.png", "d.png" }[i], WIDTH, HEIGHT,
                          (unsigned)i);
    loop_disk_sync(&run->disk);
    return true;
}

static void run_close(struct run *run)
{
    witness_close(&run->c.witness);
    loop_disk_close(&run->disk);
    witness_open(&run->c.witness, harness_path(&run->c.h, "config"));
    switched_close(&run->switched);
    json_decref(run->announced);
    campaign_close(&run->c);
}

/* Whatever anybody could have read. */
static void note_announced(const json_t *status, void *context)
{
    struct run *run = context;
    struct darkroom_jobs_filter filter = { .state = "done", .limit = SOURCES };
    json_t *answer, *job;
    char *text;
    size_t i;

    if (harness_number(status, "jobs.done") == (json_int_t)json_object_size(run->announced) ||
        darkroom_jobs(run->c.h.dk, &filter, &text) < 0)
        return;
    answer = json_loads(text, 0, NULL);
    json_array_foreach (json_object_get(answer, "jobs"), i, job)
        json_object_set_new(run->announced, harness_string(job, "id"), json_true());
    json_decref(answer);
    darkroom_free(text);
}

static void expect_announced(struct run *run)
{
    json_t *jobs = harness_jobs(&run->c.h, "done"), *job;
    const char *id;
    json_t *value;
    size_t i;

    json_object_foreach (run->announced, id, value) {
        bool is_done = false;

        json_array_foreach (jobs, i, job)
            is_done |= strcmp(harness_string(job, "id"), id) == 0;
        if (!is_done)
            harness_fail(&run->c.h, "job %s was announced as done before the cut, and is not done after it",
                         id);
    }
    json_decref(jobs);
}

/* One life that ends with the power at call @at, unless it gets through before. */
static void cut_at(uint64_t at, const struct variant *variant, struct counts *counts)
{
    struct run run;
    char when[80];
    bool cut;

    ck_assert(run_open(&run, variant));
    switched_start(&run.switched, &run.c.h, at);
    cut = switched_await(&run.switched, &run.c.h, SOURCES, note_announced, &run);
    snprintf(when, sizeof when, "power cut before call %llu, %s", (unsigned long long)at,
             run.switched.the_switch->call);
    if (cut) {
        witness_close(&run.c.witness);
        loop_disk_remount(&run.disk);
        witness_open(&run.c.witness, harness_path(&run.c.h, "disk/out"));
        campaign_audit(&run.c, false, when);
        harness_start(&run.c.h);
        expect_announced(&run);
        counts->announced += json_object_size(run.announced);
    }
    if (getenv("DARKROOM_VERBOSE"))
        fprintf(stderr, "%s: %zu announced\n", when, json_object_size(run.announced));
    harness_await_ends(&run.c.h, SOURCES, 0);
    campaign_finish(&run.c, when);
    run_close(&run);
    counts->cuts += cut;
}

/* Returns 0 where it cannot be tried. */
static uint64_t count_calls(const struct variant *variant)
{
    struct run run;
    uint64_t calls;

    if (!run_open(&run, variant))
        return 0;
    switched_start(&run.switched, &run.c.h, 0);
    ck_assert(!switched_await(&run.switched, &run.c.h, SOURCES, NULL, NULL));
    calls = atomic_load(&run.switched.the_switch->calls);
    campaign_finish(&run.c, "without a cut");
    run_close(&run);
    return calls;
}

START_TEST(a_power_cut_at_any_call_loses_nothing_that_was_announced)
{
    const struct variant *variant = &variants[_i];
    uint64_t calls = count_calls(variant), points = harness_is_full() ? POINTS_FULL : POINTS;
    struct counts counts = { 0 };

    if (calls == 0)
        return;
    for (uint64_t i = 0; i < points; i++)
        cut_at(1 + (calls - 1) * (i * 2 + 1) / (points * 2), variant, &counts);
    printf("%s: %u power cuts, %zu jobs were announced before, 0 of them lost\n", variant->what, counts.cuts,
           counts.announced);
    ck_assert_uint_gt(counts.announced, 0);
}
END_TEST

HARNESS_MAIN("power_cut", UNIT_ROWS(a_power_cut_at_any_call_loses_nothing_that_was_announced, variants))
