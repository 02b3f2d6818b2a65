/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A full disk under Output holds the folder, says why, and costs no file an attempt (rule 21). Needs root. */
#include "base/clock.h"
#include "daemon_harness.h"
#include "small_disk.h"

#include <string.h>
#include <sys/stat.h>

enum { COUNT = 20 };

#define CURE_US (5 * USEC_PER_SEC * HARNESS_SLOWER) /* rule 21: until work goes on */

static void drop_all(const struct harness *h)
{
    for (int i = 0; i < COUNT; i++) {
        char name[32];

        snprintf(name, sizeof name, "%d.jpg", i);
        harness_drop(h, name, 400, 300, (unsigned)i);
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

START_TEST(a_full_disk_holds_the_folder_until_there_is_room)
{
    struct harness h;
    uint64_t cured_us;

    harness_open(&h);
    harness_configure(&h, "", HARNESS_RECIPE);
    if (!small_disk_mount(harness_path(&h, "out"), "size=1m"))
        goto out;
    small_disk_fill(harness_path(&h, "out"), "ballast.jpg");
    harness_start(&h);
    drop_all(&h);
    harness_await_folder(&h, "held");
    ck_assert_msg(strstr(harness_string(h.status, "folders.0.reason"), "No space left on device") &&
                      strstr(harness_string(h.status, "folders.0.reason"), harness_path(&h, "out/")),
                  "the reason is %s", harness_string(h.status, "folders.0.reason"));
    ck_assert_uint_gt(json_array_size(json_object_get(h.status, "problems")), 0);
    ck_assert_int_eq(harness_number(h.status, "jobs.failed"), 0);

    ck_assert_int_eq(unlink(harness_path(&h, "out/ballast.jpg")), 0);
    cured_us = monotonic_us();
    harness_await_folder(&h, "ok");
    ck_assert_uint_lt(monotonic_us() - cured_us, CURE_US);
    harness_await_ends(&h, COUNT, 0);
    expect_no_attempts(&h);
    ck_assert_uint_eq(harness_count(&h, "out"), COUNT * 4);
out:
    harness_close(&h);
}
END_TEST

static bool says_ledger(const json_t *status, void *context)
{
    (void)context;
    return json_array_size(json_object_get(status, "problems")) > 0 &&
           strstr(harness_string(status, "problems.0"), "the ledger cannot be written");
}

/* Whoever asked for jobs was told nothing, until his patience ended. */
START_TEST(a_full_disk_of_the_ledger_is_told_to_who_asks_for_jobs)
{
    struct harness h;
    uint64_t cured_us;
    char *text;

    harness_open(&h);
    harness_configure(&h, "", HARNESS_RECIPE);
    if (!small_disk_mount(harness_path(&h, "state"), "size=9m"))
        goto out;
    harness_start(&h);
    small_disk_fill(harness_path(&h, "state"), "ballast");
    drop_all(&h);
    harness_await(&h, "the ledger's trouble is told", says_ledger, NULL);
    ck_assert_int_lt(darkroom_jobs(h.dk, NULL, &text), 0);
    ck_assert_msg(strstr(darkroom_error(h.dk), "the ledger cannot be written"), "%s", darkroom_error(h.dk));
    ck_assert_int_lt(darkroom_plan(h.dk, "0.jpg", "web", &text), 0);
    ck_assert_msg(strstr(darkroom_error(h.dk), "the ledger cannot be written"), "%s", darkroom_error(h.dk));

    ck_assert_int_eq(unlink(harness_path(&h, "state/ballast")), 0);
    cured_us = monotonic_us();
    harness_await_jobs(&h, "done", 1);
    ck_assert_uint_lt(monotonic_us() - cured_us, CURE_US);
    harness_await_ends(&h, COUNT, 0);
    expect_no_attempts(&h);
    ck_assert_uint_eq(harness_count(&h, "out"), COUNT * 4);
out:
    harness_close(&h);
}
END_TEST

START_TEST(a_missing_output_holds_the_folder_until_it_is_there)
{
    struct harness h;
    uint64_t cured_us;

    harness_open(&h);
    harness_configure(&h, "", HARNESS_RECIPE);
    ck_assert_int_eq(rmdir(harness_path(&h, "out")), 0);
    harness_start(&h);
    drop_all(&h);
    harness_await_folder(&h, "held");
    ck_assert(!harness_exists(&h, "out")); /* an unmounted disk would fill the root */

    ck_assert_int_eq(mkdir(harness_path(&h, "out"), 0755), 0);
    cured_us = monotonic_us();
    harness_await_folder(&h, "ok");
    ck_assert_uint_lt(monotonic_us() - cured_us, CURE_US);
    harness_await_ends(&h, COUNT, 0);
    expect_no_attempts(&h);
    harness_close(&h);
}
END_TEST

/* What had been finished under the configuration of before kept the folder held, and came out there. */
START_TEST(a_full_disk_is_cured_by_another_output)
{
    struct harness h;
    uint64_t cured_us;
    char *text;

    harness_open(&h);
    harness_configure(&h, "", HARNESS_RECIPE);
    ck_assert_int_eq(mkdir(harness_path(&h, "out2"), 0755), 0);
    if (!small_disk_mount(harness_path(&h, "out"), "size=1m"))
        goto out;
    small_disk_fill(harness_path(&h, "out"), "ballast.jpg");
    harness_start(&h);
    drop_all(&h);
    harness_await_folder(&h, "held");
    harness_write(&h, "config/folders/web.folder", "[Folder]\nPath=%s\nOutput=%s\nRecipe=web\nSettle=0\n",
                  harness_path(&h, "in"), harness_path(&h, "out2"));
    cured_us = monotonic_us();
    ck_assert_msg(darkroom_reload(h.dk, &text) == 0, "%s", darkroom_error(h.dk));
    darkroom_free(text);
    harness_await_folder(&h, "ok");
    ck_assert_uint_lt(monotonic_us() - cured_us, CURE_US);
    harness_await_ends(&h, COUNT, 0);
    expect_no_attempts(&h);
    ck_assert_uint_eq(harness_count(&h, "out2"), COUNT * 4);
    ck_assert_int_eq(unlink(harness_path(&h, "out/ballast.jpg")), 0);
    ck_assert_uint_eq(harness_count(&h, "out"), 0);
out:
    harness_close(&h);
}
END_TEST

START_TEST(a_held_folder_does_not_hold_a_stop_or_another_folder_up)
{
    struct harness h;

    harness_open(&h);
    harness_configure(&h, "", HARNESS_RECIPE_SINGLE);
    ck_assert_int_eq(mkdir(harness_path(&h, "in2"), 0755), 0);
    harness_write(&h, "config/folders/zzz.folder", "[Folder]\nPath=%s\nOutput=%s\nRecipe=web\nSettle=0\n",
                  harness_path(&h, "in2"), harness_path(&h, "nowhere"));
    harness_start(&h);
    harness_drop(&h, "../in2/a.jpg", 48, 48, 1);
    harness_drop(&h, "b.jpg", 48, 48, 2);
    harness_await_jobs(&h, "done", 1);
    harness_expect_picture(&h, "out/b.png", 24, 24);
    ck_assert_int_eq(harness_stop(&h), 0);

    ck_assert_int_eq(mkdir(harness_path(&h, "nowhere"), 0755), 0);
    harness_start(&h);
    harness_await_ends(&h, 2, 0);
    harness_expect_picture(&h, "nowhere/a.png", 24, 24);
    harness_close(&h);
}
END_TEST

HARNESS_MAIN("full_disk", UNIT_TEST(a_full_disk_holds_the_folder_until_there_is_room),
             UNIT_TEST(a_full_disk_of_the_ledger_is_told_to_who_asks_for_jobs),
             UNIT_TEST(a_full_disk_is_cured_by_another_output),
             UNIT_TEST(a_missing_output_holds_the_folder_until_it_is_there),
             UNIT_TEST(a_held_folder_does_not_hold_a_stop_or_another_folder_up))
