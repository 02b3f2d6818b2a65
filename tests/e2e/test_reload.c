/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A reload takes the new configuration whole, or not at all. */
#include "base/clock.h"
#include "daemon_harness.h"
#include "witness.h"

#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>

/* Fewer where each takes seconds to start. */
enum {
    MANY_WORKERS = HARNESS_SLOWER > 1 ? 4 : 10,
    MANY_RELOADS = HARNESS_SLOWER > 1 ? 1 : 2,
    MANY_RELOADS_FULL = 4
};

static void reload(struct harness *h)
{
    harness_signal(h, SIGHUP);
    harness_await_ready(h);
    harness_status(h);
}

/* Writes the @file of a folder from in2 to out2. */
static void write_second_folder(const struct harness *h, const char *file)
{
    ck_assert_int_eq(mkdir(harness_path(h, "in2"), 0755), 0);
    ck_assert_int_eq(mkdir(harness_path(h, "out2"), 0755), 0);
    harness_write(h, file, "[Folder]\nPath=%s\nOutput=%s\nRecipe=web\nSettle=0\n", harness_path(h, "in2"),
                  harness_path(h, "out2"));
}

static void add_second_folder(const struct harness *h)
{
    write_second_folder(h, "config/folders/more.folder");
}

/* Another Path and Output under the same name: another folder. */
static void move_folder(const struct harness *h)
{
    write_second_folder(h, "config/folders/web.folder");
}

START_TEST(a_reload_adds_a_folder_and_changes_a_recipe)
{
    struct harness h;

    harness_open(&h);
    harness_configure(&h, "", HARNESS_RECIPE_SINGLE);
    harness_start(&h);
    harness_drop(&h, "a.jpg", 48, 48, 1);
    harness_await_ends(&h, 1, 0);

    add_second_folder(&h);
    harness_write(&h, "config/recipes/web.recipe",
                  "[Recipe]\n[Output a]\nName={stem}.{ext}\nWidth=12\nFormat=jpeg\n");
    reload(&h);
    ck_assert_int_eq(harness_number(h.status, "generation"), 2);
    ck_assert_uint_eq(json_array_size(json_object_get(h.status, "folders")), 2);

    harness_drop(&h, "b.jpg", 48, 48, 2);
    harness_drop(&h, "../in2/c.jpg", 48, 48, 3);
    harness_await_ends(&h, 3, 0);
    harness_expect_picture(&h, "out/a.png", 24, 24); /* what is done is not done again */
    harness_expect_picture(&h, "out/b.jpg", 12, 12);
    harness_expect_picture(&h, "out2/c.jpg", 12, 12);
    ck_assert_uint_eq(harness_count(&h, "out"), 2);
    harness_close(&h);
}
END_TEST

START_TEST(a_reload_takes_a_folder_away_and_gives_it_back)
{
    struct harness h;

    harness_open(&h);
    harness_configure(&h, "", HARNESS_RECIPE_SINGLE);
    add_second_folder(&h);
    harness_start(&h);
    harness_drop(&h, "a.jpg", 48, 48, 1);
    harness_drop(&h, "../in2/b.jpg", 48, 48, 1);
    harness_await_ends(&h, 2, 0);

    ck_assert_int_eq(rename(harness_path(&h, "config/folders/more.folder"), harness_path(&h, "more.off")), 0);
    reload(&h);
    ck_assert_uint_eq(json_array_size(json_object_get(h.status, "folders")), 1);
    harness_drop(&h, "../in2/c.jpg", 48, 48, 2);
    harness_drop(&h, "d.jpg", 48, 48, 2);
    harness_await_ends(&h, 3, 0);
    ck_assert(!harness_exists(&h, "out2/c.png"));

    ck_assert_int_eq(rename(harness_path(&h, "more.off"), harness_path(&h, "config/folders/more.folder")), 0);
    reload(&h);
    harness_await_ends(&h, 4, 0);
    harness_expect_picture(&h, "out2/c.png", 24, 24);
    harness_close(&h);
}
END_TEST

/* As long as it has work it is still there, and does not look at what comes. */
START_TEST(a_folder_that_is_let_go_takes_nothing_in_any_more)
{
    struct harness h;

    harness_open(&h);
    harness_configure(&h, "", HARNESS_RECIPE_SINGLE);
    harness_start(&h);
    harness_freeze_workers(&h);
    harness_drop(&h, "a.jpg", 48, 48, 1);
    harness_await_jobs(&h, "running", 1);

    move_folder(&h);
    reload(&h);
    harness_drop(&h, "late.jpg", 48, 48, 2);
    harness_drop(&h, "../in2/b.jpg", 48, 48,
                 3); /* which the folder in its place takes in when it has ended */
    harness_thaw_workers(&h);
    harness_await_ends(&h, 2, 0);
    harness_expect_picture(&h, "out2/b.png", 24, 24);
    ck_assert_ptr_null(harness_job_of(&h, "late.jpg"));
    harness_close(&h);
}
END_TEST

/* Its pictures could not be published, so it never ended, and the one in its place never began. */
START_TEST(a_folder_is_let_go_while_its_output_is_missing)
{
    struct harness h;

    harness_open(&h);
    harness_configure(&h, "", HARNESS_RECIPE_SINGLE);
    harness_start(&h);
    harness_drop(&h, "a.jpg", 48, 48, 1);
    harness_await_ends(&h, 1, 0);
    ck_assert_int_eq(rename(harness_path(&h, "out"), harness_path(&h, "away")), 0);
    harness_drop(&h, "b.jpg", 48, 48, 2);
    harness_await_folder(&h, "held");

    move_folder(&h);
    reload(&h);
    harness_drop(&h, "../in2/c.jpg", 48, 48, 3);
    harness_await_jobs(&h, "done", 2);
    harness_expect_picture(&h, "out2/c.png", 24, 24);
    ck_assert_int_eq(rename(harness_path(&h, "away"), harness_path(&h, "out")), 0);
    harness_close(&h);
}
END_TEST

START_TEST(a_reload_changes_what_a_folder_takes_in)
{
    struct harness h;

    harness_open(&h);
    harness_configure(&h, "Exclude=a.jpg\n", HARNESS_RECIPE_SINGLE);
    harness_start(&h);
    harness_drop(&h, "a.jpg", 48, 48, 1);
    harness_drop(&h, "b.jpg", 48, 48, 2);
    harness_await_ends(&h, 1, 0);
    harness_expect_picture(&h, "out/b.png", 24, 24);

    harness_configure(&h, "Exclude=c.jpg\n", HARNESS_RECIPE_SINGLE);
    reload(&h);
    harness_drop(&h, "c.jpg", 48, 48, 3);
    harness_await_ends(&h, 2, 0);
    harness_expect_picture(&h, "out/a.png", 24, 24);
    harness_close(&h);
}
END_TEST

START_TEST(a_wrong_configuration_changes_nothing)
{
    struct harness h;

    harness_open(&h);
    harness_configure(&h, "", HARNESS_RECIPE_SINGLE);
    harness_start(&h);
    add_second_folder(&h);
    harness_write(&h, "config/recipes/web.recipe", "[Recipe]\n[Output a]\nWidth=12\nFormat=crayon\n");
    reload(&h);
    ck_assert_int_eq(harness_number(h.status, "generation"), 1);
    ck_assert_uint_eq(json_array_size(json_object_get(h.status, "folders")), 1);
    ck_assert_ptr_nonnull(strstr(harness_read(&h, "log"), "config/recipes/web.recipe:4:8"));

    harness_drop(&h, "a.jpg", 48, 48, 1);
    harness_await_ends(&h, 1, 0);
    harness_expect_picture(&h, "out/a.png", 24, 24);
    harness_close(&h);
}
END_TEST

static void drop_numbered(const struct harness *h, int number)
{
    char name[32];

    snprintf(name, sizeof name, "%d.jpg", number);
    harness_drop(h, name, 300, 200, (unsigned)number);
}

/* The next message to the service manager begins so. */
static void expect_told(const struct harness *h, const char *what)
{
    struct pollfd message = { .fd = h->notify_fd, .events = POLLIN };
    char text[512];
    ssize_t n;

    ck_assert_msg(poll(&message, 1, HARNESS_DEADLINE_S * 1000) == 1, "%s was not told", what);
    n = recv(h->notify_fd, text, sizeof text - 1, 0);
    text[n > 0 ? n : 0] = '\0';
    ck_assert_msg(strncmp(text, what, strlen(what)) == 0, "%s was told, not %s", text, what);
}

START_TEST(the_service_manager_is_told_of_a_reload_its_end_and_a_stop)
{
    struct harness h;

    harness_open(&h);
    harness_configure(&h, "", HARNESS_RECIPE_SINGLE);
    harness_start(&h);
    harness_signal(&h, SIGHUP);
    expect_told(&h, "RELOADING=1\nMONOTONIC_USEC=");
    expect_told(&h, "READY=1");
    ck_assert_int_eq(harness_stop(&h), 0);
    expect_told(&h, "STOPPING=1");
    harness_close(&h);
}
END_TEST

/* Queued jobs take their recipe when they are handed out; none is lost or made twice on the way. */
START_TEST(reloads_under_load_lose_nothing)
{
    enum { COUNT = 120, RELOADS = 6 };
    struct harness h;

    harness_open(&h);
    harness_configure(&h, "", HARNESS_RECIPE_SINGLE);
    harness_start(&h);
    for (int i = 0; i < COUNT; i++) {
        drop_numbered(&h, i);
        if (i % (COUNT / RELOADS) == 0)
            reload(&h);
    }
    harness_await_ends(&h, COUNT, 0);
    ck_assert_int_eq(harness_number(h.status, "generation"), 1 + RELOADS);
    ck_assert_uint_eq(harness_count(&h, "out"), COUNT);
    harness_close(&h);
}
END_TEST

static bool has_new_workers_only(const json_t *status, void *context)
{
    const json_t *workers = json_object_get(status, "workers");
    const json_t *worker;
    size_t i;

    (void)context;
    json_array_foreach (workers, i, worker)
        if (harness_number(worker, "generation") != harness_number(status, "generation") ||
            strcmp(harness_string(worker, "state"), "idle") != 0)
            return false;
    return json_array_size(workers) == MANY_WORKERS;
}

/* The loop started and reaped them itself, one after the other. Reaping kept a loop with real-time priority for 0.95 s:
 * the kernel spins where it meets a thread of the worker that is not gone yet, and gives that no chance to go. */
START_TEST(workers_that_come_and_go_do_not_stall_the_loop)
{
    const int64_t stall_us = 400 * (int64_t)USEC_PER_MSEC * HARNESS_SLOWER;
    struct harness h;
    char lines[32];

    harness_open(&h);
    harness_configure(&h, "", HARNESS_RECIPE_SINGLE);
    snprintf(lines, sizeof lines, "Workers=%d\n", MANY_WORKERS);
    harness_configure_daemon(&h, lines);
    harness_start(&h);
    for (int i = 0; i < (harness_is_full() ? MANY_RELOADS_FULL : MANY_RELOADS); i++) {
        reload(&h);
        harness_await(&h, "all workers are new", has_new_workers_only, NULL);
    }
    ck_assert_int_lt(harness_number(h.status, "loop.longest_stall_us"), stall_us);
    harness_close(&h);
}
END_TEST

#define NAMED_BY_WIDTH(width) "[Recipe]\n[Output a]\nName={stem}.{width}.{ext}\nWidth=" width "\nFormat=png\n"

/* How many of the first @count that were dropped are there in this width. */
static size_t count_of_width(const struct harness *h, int count, int width)
{
    size_t there = 0;

    for (int i = 0; i < count; i++) {
        char path[32];

        snprintf(path, sizeof path, "out/%d.%d.png", i, width);
        if (!harness_exists(h, path))
            continue;
        harness_expect_picture(h, path, width, width * 2 / 3);
        there++;
    }
    return there;
}

enum { WORKERS = 2 };

static bool have_successors(const json_t *status, void *context)
{
    const json_t *worker;
    size_t i, successors = 0;

    (void)context;
    json_array_foreach (json_object_get(status, "workers"), i, worker)
        successors +=
            harness_number(worker, "generation") == 2 && strcmp(harness_string(worker, "state"), "idle") == 0;
    return successors == WORKERS;
}

/* Frozen, as the workers are that hold those that have begun; all the others are made by their successors. */
START_TEST(what_has_begun_is_finished_and_what_waits_is_made_as_it_is_configured_now)
{
    enum { COUNT = 20, HELD = 2 * WORKERS };
    struct witness witness;
    struct harness h;

    harness_open(&h);
    h.workers = WORKERS;
    harness_configure(&h, "", NAMED_BY_WIDTH("24"));
    witness_open(&witness, harness_path(&h, "out"));
    harness_start(&h);
    harness_freeze_workers(&h);
    for (int i = 0; i < COUNT; i++)
        drop_numbered(&h, i);
    harness_await_jobs(&h, "running", HELD); /* one runs, one is in the mailbox */
    harness_await_jobs(&h, "opening", 1);

    harness_write(&h, "config/recipes/web.recipe", NAMED_BY_WIDTH("12"));
    reload(&h);
    harness_await_jobs(&h, "done", COUNT - HELD);
    ck_assert_uint_eq(count_of_width(&h, COUNT, 12), COUNT - HELD);
    harness_await(&h, "as many have come as will go", have_successors, NULL);
    harness_thaw_workers(&h);
    harness_await_ends(&h, COUNT, 0);
    ck_assert_uint_eq(count_of_width(&h, COUNT, 24), HELD);
    witness_expect_once(&witness, COUNT);
    witness_close(&witness);
    harness_close(&h);
}
END_TEST

/* Its worker is one of before the reload, and can do no more than say what the picture needs. */
START_TEST(what_is_handed_back_after_a_reload_is_made_as_it_is_configured_now)
{
    struct harness h;

    harness_open(&h);
    h.workers = WORKERS;
    harness_configure(&h, "", NAMED_BY_WIDTH("24"));
    harness_configure_daemon(&h, "MemoryBudget=20M\n");
    harness_start(&h);
    harness_freeze_workers(&h);
    harness_drop(&h, "large.png", 2400, 1600, 1);
    harness_await_jobs(&h, "running", 1);

    harness_write(&h, "config/recipes/web.recipe", NAMED_BY_WIDTH("12"));
    reload(&h);
    harness_thaw_workers(&h);
    harness_await_ends(&h, 1, 0);
    ck_assert_ptr_nonnull(strstr(harness_read(&h, "log"), "more than its worker may take"));
    harness_expect_picture(&h, "out/large.12.png", 12, 8);
    ck_assert_uint_eq(harness_count(&h, "out"), 1);
    harness_close(&h);
}
END_TEST

HARNESS_MAIN("reload", UNIT_TEST(a_reload_adds_a_folder_and_changes_a_recipe),
             UNIT_TEST(a_reload_takes_a_folder_away_and_gives_it_back),
             UNIT_TEST(a_folder_that_is_let_go_takes_nothing_in_any_more),
             UNIT_TEST(a_folder_is_let_go_while_its_output_is_missing),
             UNIT_TEST(a_reload_changes_what_a_folder_takes_in),
             UNIT_TEST(a_wrong_configuration_changes_nothing),
             UNIT_TEST(the_service_manager_is_told_of_a_reload_its_end_and_a_stop),
             UNIT_TEST(reloads_under_load_lose_nothing),
             UNIT_TEST(workers_that_come_and_go_do_not_stall_the_loop),
             UNIT_TEST(what_has_begun_is_finished_and_what_waits_is_made_as_it_is_configured_now),
             UNIT_TEST(what_is_handed_back_after_a_reload_is_made_as_it_is_configured_now))
