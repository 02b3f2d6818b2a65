/* SPDX-License-Identifier: GPL-2.0-or-later */
/* SIGKILL at every instant that counts (rule 25): before each system call of the supervisor that changes a file or
 * sends a message, see kill_switch.h. After a restart everything is done, each picture appears once under its name,
 * whole, and no job has failed.
 *
 * The first run, to its end, tells how many calls there are. Then some of them, evenly spread and others in each
 * variant, are the last of a run; with DARKROOM_FULL=1 every one is, until a run is not reached by the switch any
 * more. */
#include "base/cleanup.h"
#include "campaign.h"
#include "painter.h"
#include "switched.h"

#include <sys/stat.h>

enum {
    SOURCES = 3,
    POINTS = 2,  /* of each variant */
    STEP = 16,   /* between the points of the tests of one file */
    THROUGH = 3, /* runs without a kill: there are no more calls */
};

/* A run on a directory of its own, with a switch in it. */
struct run {
    struct campaign c;
    struct switched switched;
};

/* What is killed. */
struct variant {
    const char *what;
    bool archive, documents, manifest;
    uint64_t again; /* not 0: the recovery is killed as well; how far into it grows with this */
};

static void run_open(struct run *run, const struct variant *variant)
{
    const char *recipe = variant->documents  ? CAMPAIGN_DOCUMENTS
                         : variant->manifest ? CAMPAIGN_MANIFEST
                                             : HARNESS_RECIPE;

    campaign_open(&run->c, variant->archive, recipe, "");
    if (!harness_is_full()) {
        run->c.h.workers = 1;
        harness_configure_daemon(&run->c.h, "");
    }
    switched_open(&run->switched, &run->c.h);
    for (int i = 0; i < SOURCES; i++)
        if (variant->documents)
            campaign_drop_document(&run->c, (const char *[]){ "a.tif", "b.tif", "c.tif" }[i], (unsigned)i);
        else
            campaign_drop(&run->c, (const char *[]){ "a.jpg", "b.png", "c.jpg" }[i], 64, 48, (unsigned)i);
}

static void run_close(struct run *run)
{
    switched_close(&run->switched);
    campaign_close(&run->c);
}

static bool lives_until(struct run *run, uint64_t at)
{
    switched_start(&run->switched, &run->c.h, at);
    return switched_await(&run->switched, &run->c.h, SOURCES, NULL, NULL);
}

static void expect_all_done_once(struct run *run)
{
    struct harness *h = &run->c.h;

    harness_await_ends(h, SOURCES, 0);
    campaign_finish(&run->c, "in the end");
    ck_assert_uint_eq(run->c.jobs, SOURCES);
    witness_expect_once(&run->c.witness, SOURCES * (size_t)run->c.outputs);
}

/* One life that ends at the switch, and, with @again, a second one during the recovery. Returns how often it was
 * killed: 0 when it got through before the switch. */
static unsigned die_at(uint64_t at, const struct variant *variant, uint64_t again)
{
    struct run run;
    unsigned killed;
    char when[80];

    run_open(&run, variant);
    killed = lives_until(&run, at);
    snprintf(when, sizeof when, "killed before call %llu, %s", (unsigned long long)at,
             run.switched.the_switch->call);
    if (killed)
        campaign_audit(&run.c, false, when);
    if (killed && again > 0) {
        killed += lives_until(&run, again);
        if (killed > 1)
            campaign_audit(&run.c, false, "killed again");
    }
    if (getenv("DARKROOM_VERBOSE"))
        fprintf(stderr, "%s, then %llu: killed %u times\n", when, (unsigned long long)again, killed);
    if (!run.c.h.pid)
        harness_start(&run.c.h);
    expect_all_done_once(&run);
    run_close(&run);
    return killed;
}

static uint64_t count_calls(const struct variant *variant)
{
    struct run run;
    uint64_t calls;

    run_open(&run, variant);
    ck_assert(!lives_until(&run, 0));
    calls = atomic_load(&run.switched.the_switch->calls);
    expect_all_done_once(&run);
    run_close(&run);
    return calls;
}

static const struct variant variants[] = {
    { "originals kept", false, false, false, 0 },         { "originals archived", true, false, false, 0 },
    { "killed again", true, false, false, 17 },           { "documents", false, true, false, 0 },
    { "documents, killed again", true, true, false, 17 }, { "manifests", false, false, true, 0 },
    { "manifests, killed again", true, false, true, 17 },
};

/* The points of one variant lie between those of the others. */
static unsigned kill_at_some(const struct variant *variant)
{
    size_t all = POINTS * ARRAY_SIZE(variants), number = (size_t)(variant - variants);
    uint64_t calls = count_calls(variant);
    unsigned killed = 0;

    for (uint64_t i = 0; i < POINTS; i++) {
        uint64_t at = 1 + (calls - 1) * (i * ARRAY_SIZE(variants) + number) / all;

        killed += die_at(at, variant, variant->again * (i + 1));
    }
    return killed;
}

/* How many calls there are differs a little from run to run: the end is where several runs got through. */
static unsigned kill_at_all(const struct variant *variant)
{
    unsigned killed = 0;

    for (uint64_t at = 1, through = 0; through < THROUGH; at++) {
        unsigned died = die_at(at, variant, variant->again ? 1 + at * variant->again % (at + 40) : 0);

        killed += died;
        through = died ? 0 : through + 1;
    }
    return killed;
}

START_TEST(a_kill_at_any_call_loses_and_repeats_nothing)
{
    const struct variant *variant = &variants[_i];
    unsigned killed = harness_is_full() ? kill_at_all(variant) : kill_at_some(variant);

    printf("%s: killed %u times\n", variant->what, killed);
    ck_assert_uint_gt(killed, 0);
}
END_TEST

/* A ledger that is new to its folder finds the outputs of a.jpg, but for one that the picture is too small for: nothing
 * is made, and nothing that was only found lets an original be deleted. */
static bool find_and_die_at(uint64_t at)
{
    struct switched switched;
    struct harness h;
    uint64_t inode;
    bool killed;

    harness_open(&h);
    harness_configure(&h, "Originals=delete\n",
                      "[Recipe]\nDescription=For tests\n[Output a]\nWidth=16 4000\nFormat=png\n");
    harness_drop(&h, "a.jpg", 48, 48, 1);
    painter_paint(harness_path(&h, "out/a-16.png"), 16, 16, 2);
    inode = harness_inode(&h, "out/a-16.png");
    switched_open(&switched, &h);
    switched_start(&switched, &h, at);
    killed = switched_await(&switched, &h, 1, NULL, NULL);
    if (killed)
        harness_start(&h);
    harness_await_ends(&h, 1, 0);
    ck_assert_msg(harness_exists(&h, "in/a.jpg"), "killed before call %llu", (unsigned long long)at);
    ck_assert_uint_eq(harness_inode(&h, "out/a-16.png"), inode);
    switched_close(&switched);
    harness_close(&h);
    return killed;
}

/* A kill between the intent and the record of the outcome made it look like any other that was published. */
START_TEST(a_kill_at_any_call_deletes_no_original_whose_outputs_were_only_found)
{
    uint64_t step = harness_is_full() ? 1 : STEP;
    unsigned killed = 0;

    for (uint64_t at = 1; find_and_die_at(at); at += step)
        killed++;
    printf("outputs found: killed %u times\n", killed);
    ck_assert_uint_gt(killed, 0);
}
END_TEST

/* Killed, and Output= is another one at the restart: what was announced for the one of before is made for this one. */
static bool die_and_output_elsewhere_at(uint64_t at, uint64_t *ret_calls)
{
    struct switched switched;
    struct harness h;
    bool killed;

    harness_open(&h);
    harness_configure(&h, "Originals=delete\n", HARNESS_RECIPE);
    harness_drop(&h, "a.jpg", 48, 48, 1);
    ck_assert_int_eq(mkdir(harness_path(&h, "out2"), 0755), 0);
    switched_open(&switched, &h);
    switched_start(&switched, &h, at);
    killed = switched_await(&switched, &h, 1, NULL, NULL);
    if (killed) {
        harness_write(&h, "config/folders/web.folder",
                      "[Folder]\nPath=%s\nOutput=%s\nRecipe=web\nSettle=0\nOriginals=delete\n",
                      harness_path(&h, "in"), harness_path(&h, "out2"));
        harness_start(&h);
    }
    harness_await_ends(&h, 1, 0);
    ck_assert_msg(harness_count(&h, "out") == 4 || harness_count(&h, "out2") == 4,
                  "killed before call %llu, %s: %zu outputs in the one Output, %zu in the other",
                  (unsigned long long)at, switched.the_switch->call, harness_count(&h, "out"),
                  harness_count(&h, "out2"));
    ck_assert(!harness_exists(&h, "in/a.jpg"));
    harness_check_output(&h, "out2");
    *ret_calls = switched.the_switch->calls;
    switched_close(&switched);
    harness_close(&h);
    return killed;
}

/* It was done without any output, and its original was deleted. */
START_TEST(a_kill_at_any_call_before_output_is_another_one_loses_nothing)
{
    uint64_t step = harness_is_full() ? 1 : STEP, calls;
    unsigned killed = 0;

    ck_assert(!die_and_output_elsewhere_at(UINT64_MAX, &calls));
    for (uint64_t at = harness_is_full() ? 1 : calls - calls / 3; die_and_output_elsewhere_at(at, &calls);
         at += step)
        killed++;
    printf("another Output: killed %u times\n", killed);
    ck_assert_uint_gt(killed, 0);
}
END_TEST

HARNESS_MAIN("kill_points", UNIT_ROWS(a_kill_at_any_call_loses_and_repeats_nothing, variants),
             UNIT_TEST(a_kill_at_any_call_deletes_no_original_whose_outputs_were_only_found),
             UNIT_TEST(a_kill_at_any_call_before_output_is_another_one_loses_nothing))
