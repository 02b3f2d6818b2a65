/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A scan that somebody asks for, and everything made again under a changed recipe: once, and only then. */
#include "base/cleanup.h"
#include "daemon_harness.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/stat.h>

#define OTHER_RECIPE                                                                                         \
    "[Recipe]\nDescription=Another\n[Output a]\nName={dir}/{stem}.{ext}\nWidth=12\nFormat=png\n"

enum { WORKERS = 2, COUNT = 12 };

static void reload(struct harness *h)
{
    harness_signal(h, SIGHUP);
    harness_await_ready(h);
    harness_status(h);
}

static void drop(const struct harness *h, int number)
{
    char name[32];

    snprintf(name, sizeof name, "%s%d.jpg", number % 2 ? "sub/" : "", number);
    harness_drop(h, name, 48, 48, (unsigned)number);
}

static void open_with_files(struct harness *h)
{
    harness_open(h);
    harness_configure(h, "", HARNESS_RECIPE_SINGLE);
    ck_assert_int_eq(mkdir(harness_path(h, "in/sub"), 0755), 0);
    for (int i = 0; i < COUNT; i++)
        drop(h, i);
}

static void scan_again(const struct harness *h, int64_t again, int64_t under_way)
{
    json_t *json;
    char *text;

    ck_assert_msg(darkroom_scan(h->dk, "web", 1, &text) == 0, "%s", darkroom_error(h->dk));
    json = json_loads(text, 0, NULL);
    ck_assert_int_eq(harness_number(json, "again"), again);
    ck_assert_int_eq(harness_number(json, "under_way"), under_way);
    json_decref(json);
    darkroom_free(text);
}

static void expect_all(const struct harness *h, int side)
{
    ck_assert_uint_eq(harness_count(h, "out"), COUNT);
    for (int i = 0; i < COUNT; i++)
        harness_expect_picture(
            h, harness_path(h, "out/%s%d.png", i % 2 ? "sub/" : "", i) + strlen(h->root) + 1, side, side);
}

/* By a file that comes last: when it is done, all that came before has been looked at. */
static void expect_nothing_more(struct harness *h, int64_t done)
{
    static int number = 100;
    char name[32];

    snprintf(name, sizeof name, "%d.jpg", number++);
    harness_drop(h, name, 48, 48, 1);
    harness_await_ends(h, done + 1, harness_number(h->status, "jobs.failed"));
    ck_assert_int_eq(unlink(harness_path(h, "in/%s", name)), 0);
    ck_assert_int_eq(unlink(harness_path(h, "out/%.3s.png", name)), 0);
}

START_TEST(everything_is_made_again_once_when_that_is_asked_for)
{
    struct harness h;

    open_with_files(&h);
    harness_start(&h);
    harness_drop_bytes(&h, "garbage.jpg", "no picture", 10);
    harness_await_ends(&h, COUNT, 1);
    expect_all(&h, 24);

    /* A changed recipe repeats nothing by itself, nor does a scan. */
    harness_configure(&h, "", OTHER_RECIPE);
    reload(&h);
    expect_nothing_more(&h, COUNT);
    ck_assert_int_eq(
        HARNESS_RUN(&h, NULL, "darkroomctl", "--socket", harness_path(&h, "run/api.sock"), "scan"), 0);
    expect_nothing_more(&h, COUNT + 1);
    expect_all(&h, 24);

    scan_again(&h, COUNT + 2, 0); /* the two are known, and are not there any more */
    harness_await_ends(&h, 2 * COUNT + 2, 1);
    expect_all(&h, 12);

    /* Nothing twice: not by a restart, a reload or another scan. */
    ck_assert_int_eq(harness_stop(&h), 0);
    harness_start(&h);
    expect_nothing_more(&h, 2 * COUNT + 2);
    reload(&h);
    expect_nothing_more(&h, 2 * COUNT + 3);
    expect_all(&h, 12);
    harness_close(&h);
}
END_TEST

START_TEST(outputs_that_the_new_recipe_does_not_make_go)
{
    struct harness h;

    harness_open(&h);
    harness_configure(&h, "", HARNESS_RECIPE);
    harness_start(&h);
    harness_drop(&h, "a.jpg", 48, 48, 1);
    harness_await_ends(&h, 1, 0);
    ck_assert_uint_eq(harness_count(&h, "out"), 4);
    harness_configure(&h, "", OTHER_RECIPE);
    reload(&h);
    scan_again(&h, 1, 0);
    harness_await_ends(&h, 2, 0);
    ck_assert_uint_eq(harness_count(&h, "out"), 1);
    harness_expect_picture(&h, "out/a.png", 12, 12);
    harness_close(&h);
}
END_TEST

/* What was begun under the old recipe is finished under it, and made again after; the rest is made once more. */
START_TEST(jobs_under_way_are_not_disturbed_and_end_with_the_new_recipe)
{
    struct harness h;
    int64_t held;

    harness_open(&h);
    h.workers = WORKERS;
    harness_configure(&h, "", HARNESS_RECIPE_SINGLE);
    ck_assert_int_eq(mkdir(harness_path(&h, "in/sub"), 0755), 0);
    harness_start(&h);
    harness_freeze_workers(&h);
    for (int i = 0; i < COUNT; i++)
        drop(&h, i);
    harness_await_jobs(&h, "running", 2 * WORKERS); /* each with one in its mailbox */
    held = harness_number(h.status, "jobs.running");

    harness_configure(&h, "", OTHER_RECIPE);
    reload(&h);
    harness_await_jobs(&h, "done", COUNT - held);
    scan_again(&h, COUNT - held, held);
    harness_await_jobs(&h, "done", 2 * (COUNT - held));
    harness_thaw_workers(&h);
    harness_await_ends(&h, 2 * COUNT, 0);
    expect_all(&h, 12);
    expect_nothing_more(&h, 2 * COUNT);
    harness_close(&h);
}
END_TEST

START_TEST(a_scan_finds_what_no_event_told_of)
{
    struct harness h;
    const char *text;

    harness_open(&h);
    harness_configure(&h, "Watch=poll\nPollInterval=24h\n", HARNESS_RECIPE_SINGLE);
    harness_start(&h);
    harness_drop(&h, "a.jpg", 48, 48, 1);
    ck_assert_int_eq(
        HARNESS_RUN(&h, &text, "darkroomctl", "--socket", harness_path(&h, "run/api.sock"), "scan", "web"),
        0);
    ck_assert_msg(strstr(text, "Folder web is scanned."), "%s", text);
    harness_await_ends(&h, 1, 0);
    harness_drop(&h, "b.jpg", 48, 48, 1);
    ck_assert_int_eq(
        HARNESS_RUN(&h, &text, "darkroomctl", "--socket", harness_path(&h, "run/api.sock"), "scan"), 0);
    harness_await_ends(&h, 2, 0);
    harness_close(&h);
}
END_TEST

START_TEST(a_scan_of_what_is_not_there_is_refused)
{
    const char *socket;
    struct harness h;
    const char *text;
    char *json;

    harness_open(&h);
    harness_configure(&h, "", HARNESS_RECIPE_SINGLE);
    harness_start(&h);
    socket = harness_path(&h, "run/api.sock");
    ck_assert_int_eq(darkroom_scan(h.dk, "wob", 1, &json), -ENOENT);
    ck_assert_msg(strstr(darkroom_error(h.dk), "there are: web"), "%s", darkroom_error(h.dk));
    ck_assert_int_eq(darkroom_scan(h.dk, "", 1, &json), -EINVAL);
    ck_assert_int_eq(HARNESS_RUN(&h, NULL, "darkroomctl", "--socket", socket, "scan", "--again"), 2);
    ck_assert_int_eq(
        HARNESS_RUN(&h, &text, "darkroomctl", "--socket", socket, "scan", "wob", "web", "--again"), 1);
    ck_assert_msg(strstr(text, "no folder wob") && strstr(text, "0 done files are made again"), "%s", text);

    ck_assert_int_eq(rename(harness_path(&h, "in"), harness_path(&h, "away")), 0);
    harness_await_folder(&h, "lost");
    ck_assert_int_eq(darkroom_scan(h.dk, "web", 0, &json), -EEXIST);
    ck_assert_msg(strstr(darkroom_error(h.dk), "lost"), "%s", darkroom_error(h.dk));
    harness_close(&h);
}
END_TEST

HARNESS_MAIN("rescan", UNIT_TEST(everything_is_made_again_once_when_that_is_asked_for),
             UNIT_TEST(outputs_that_the_new_recipe_does_not_make_go),
             UNIT_TEST(jobs_under_way_are_not_disturbed_and_end_with_the_new_recipe),
             UNIT_TEST(a_scan_finds_what_no_event_told_of), UNIT_TEST(a_scan_of_what_is_not_there_is_refused))
