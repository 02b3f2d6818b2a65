/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A retry that somebody asks for: what failed stays failed until then, and begins anew then. */
#include "base/cleanup.h"
#include "daemon_harness.h"

#include <errno.h>
#include <grp.h>
#include <signal.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static void reload(struct harness *h)
{
    harness_signal(h, SIGHUP);
    harness_await_ready(h);
    harness_status(h);
}

/* The id of the newest job for @path; valid until the next call. */
static const char *id_of(struct harness *h, const char *path)
{
    static char id[24];
    json_t *job = harness_job_of(h, path);

    ck_assert_ptr_nonnull(job);
    snprintf(id, sizeof id, "%s", harness_string(job, "id"));
    json_decref(job);
    return id;
}

static void expect_state(struct harness *h, const char *path, const char *state, int64_t attempts)
{
    json_t *job = harness_job_of(h, path);

    ck_assert_ptr_nonnull(job);
    ck_assert_str_eq(harness_string(job, "state"), state);
    ck_assert_int_eq(harness_number(job, "attempts"), attempts);
    json_decref(job);
}

/* Asks for a retry of @id, which is refused with these words. */
static void expect_refusal(const struct harness *h, const char *id, int error, const char *says)
{
    char *text;
    int r = darkroom_retry(h->dk, id, &text);

    ck_assert_msg(r == error, "job %s: %s", id, r == 0 ? text : darkroom_error(h->dk));
    ck_assert_msg(strstr(darkroom_error(h->dk), says), "\"%s\" is not in \"%s\"", says,
                  darkroom_error(h->dk));
}

static void retry_failed(const struct harness *h, const char *folder, int64_t retried, int64_t moved)
{
    json_t *json;
    char *text;

    ck_assert_msg(darkroom_retry_failed(h->dk, folder, &text) == 0, "%s", darkroom_error(h->dk));
    ck_assert_int_eq(darkroom_http_status(h->dk), 202);
    json = json_loads(text, 0, NULL);
    ck_assert_int_eq(harness_number(json, "retried"), retried);
    ck_assert_int_eq(harness_number(json, "moved"), moved);
    json_decref(json);
    darkroom_free(text);
}

static const struct {
    bool reload;
} ways[] = { { true }, { false } };

/* The cause was the configuration; its change alone repeats nothing, by reload or by restart. */
START_TEST(a_cause_that_was_cured_needs_a_retry)
{
    struct harness h;
    char *text;
    json_t *json;

    harness_open(&h);
    harness_configure(&h, "MaxPixels=1K\n", HARNESS_RECIPE_SINGLE);
    harness_start(&h);
    harness_drop(&h, "a.jpg", 48, 48, 1);
    harness_await_ends(&h, 0, 1);

    harness_configure(&h, "MaxPixels=1M\n", HARNESS_RECIPE_SINGLE);
    if (ways[_i].reload) {
        reload(&h);
    } else {
        ck_assert_int_eq(harness_stop(&h), 0);
        harness_start(&h);
    }
    harness_drop(&h, "b.jpg", 48, 48, 2);
    harness_await_ends(&h, 1, 1);
    expect_state(&h, "a.jpg", "failed", 0);

    ck_assert_int_eq(darkroom_retry(h.dk, id_of(&h, "a.jpg"), &text), 0);
    ck_assert_int_eq(darkroom_http_status(h.dk), 202);
    json = json_loads(text, 0, NULL);
    ck_assert_str_eq(harness_string(json, "job"), "3");
    json_decref(json);
    darkroom_free(text);
    harness_await_ends(&h, 2, 1);
    harness_expect_picture(&h, "out/a.png", 24, 24);
    expect_state(&h, "a.jpg", "done", 0);
    expect_refusal(&h, "1", -EEXIST, "followed by job 3");
    harness_close(&h);
}
END_TEST

struct hunt {
    pid_t last, holder;
};

static bool is_held_or_over(const json_t *status, void *context)
{
    struct hunt *hunt = context;
    const json_t *worker;
    size_t i;

    hunt->holder = 0;
    json_array_foreach (json_object_get(status, "workers"), i, worker)
        if (json_is_string(json_object_get(worker, "job")))
            hunt->holder = (pid_t)harness_number(worker, "pid");
    return (hunt->holder > 0 && hunt->holder != hunt->last) || harness_number(status, "jobs.failed") > 0;
}

START_TEST(a_file_that_used_up_its_attempts_gets_new_ones)
{
    struct hunt hunt = { 0 };
    struct harness h;

    harness_open(&h);
    harness_configure(&h, "", HARNESS_RECIPE_SINGLE);
    harness_configure_daemon(&h, "MaxAttempts=2\n");
    harness_start(&h);
    harness_drop(&h, "poison.png", 6000, 4000, 1); /* JPEG would be shrunk while it is loaded */
    for (;;) {
        harness_await(&h, "a worker has the job, or it has failed", is_held_or_over, &hunt);
        if (harness_number(h.status, "jobs.failed") > 0)
            break;
        ck_assert(kill(hunt.holder, SIGKILL) == 0 || errno == ESRCH);
        hunt.last = hunt.holder;
    }
    harness_await_ends(&h, 0, 1);
    expect_state(&h, "poison.png", "failed", 2);

    retry_failed(&h, NULL, 1, 0);
    harness_await_ends(&h, 1, 1);
    expect_state(&h, "poison.png", "done", 0);
    retry_failed(&h, NULL, 0, 0); /* the old job stays as it is, and is not tried again */
    harness_close(&h);
}
END_TEST

START_TEST(a_conflict_is_tried_again_when_the_name_is_free)
{
    struct harness h;

    harness_open(&h);
    harness_configure(&h, "", HARNESS_RECIPE_SINGLE);
    harness_write(&h, "out/a.png", "somebody's");
    harness_start(&h);
    harness_drop(&h, "a.jpg", 48, 48, 1);
    harness_await_ends(&h, 0, 1);
    retry_failed(&h, "web", 1, 0);
    harness_await_ends(&h, 0, 2);
    ck_assert_int_eq(unlink(harness_path(&h, "out/a.png")), 0);
    retry_failed(&h, "web", 1, 0);
    harness_await_ends(&h, 1, 2);
    harness_expect_picture(&h, "out/a.png", 24, 24);
    harness_close(&h);
}
END_TEST

START_TEST(an_original_in_the_failed_folder_is_named_and_moving_it_back_is_the_retry)
{
    struct harness h;

    harness_open(&h);
    harness_configure(&h, "Originals=delete\nMaxPixels=1K\n", HARNESS_RECIPE_SINGLE);
    ck_assert_int_eq(mkdir(harness_path(&h, "in/sub"), 0755), 0);
    harness_start(&h);
    harness_drop(&h, "sub/a.jpg", 48, 48, 1);
    harness_await_ends(&h, 0, 1);
    ck_assert(harness_exists(&h, "in/.failed/sub/a.jpg"));
    expect_refusal(&h, "1", -EEXIST, harness_path(&h, "in/.failed/sub/a.jpg"));
    expect_refusal(&h, "1", -EEXIST, "move it back");
    retry_failed(&h, NULL, 0, 1);

    harness_configure(&h, "Originals=delete\n", HARNESS_RECIPE_SINGLE);
    reload(&h);
    ck_assert_int_eq(rename(harness_path(&h, "in/.failed/sub/a.jpg"), harness_path(&h, "in/sub/a.jpg")), 0);
    harness_await_ends(&h, 1, 1);
    harness_expect_picture(&h, "out/sub/a.png", 24, 24);
    harness_close(&h);
}
END_TEST

START_TEST(a_retry_that_makes_no_sense_is_refused_with_the_reason)
{
    struct harness h;

    harness_open(&h);
    harness_configure(&h, "", HARNESS_RECIPE_SINGLE);
    harness_start(&h);
    harness_drop(&h, "done.jpg", 48, 48, 1);
    harness_await_ends(&h, 1, 0);
    expect_refusal(&h, "1", -EEXIST, "scan --again");
    expect_refusal(&h, "99", -ENOENT, "no job 99");
    expect_refusal(&h, "x", -ENOENT, "a number");

    harness_freeze_workers(&h);
    harness_drop(&h, "running.jpg", 48, 48, 2);
    harness_await_jobs(&h, "running", 1);
    expect_refusal(&h, "2", -EEXIST, "not ended");
    ck_assert_int_eq(unlink(harness_path(&h, "in/running.jpg")), 0);
    harness_thaw_workers(&h);
    harness_await_jobs(&h, "vanished", 1);
    expect_refusal(&h, "2", -EEXIST, "not there");

    harness_drop_bytes(&h, "gone.jpg", "no picture", 10);
    harness_await_ends(&h, 1, 1);
    ck_assert_int_eq(rename(harness_path(&h, "config/folders/web.folder"), harness_path(&h, "web.off")), 0);
    ck_assert_int_eq(mkdir(harness_path(&h, "in2"), 0755), 0);
    harness_write(&h, "config/folders/more.folder", "[Folder]\nPath=%s\nOutput=%s\nRecipe=web\n",
                  harness_path(&h, "in2"), harness_path(&h, "out"));
    reload(&h);
    expect_refusal(&h, id_of(&h, "gone.jpg"), -EEXIST, "not configured");
    harness_close(&h);
}
END_TEST

START_TEST(all_that_failed_in_one_folder_is_tried_and_nothing_else)
{
    enum { COUNT = 7 };
    struct harness h;
    const char *text;

    harness_open(&h);
    harness_configure(&h, "MaxPixels=1K\n", HARNESS_RECIPE_SINGLE);
    ck_assert_int_eq(mkdir(harness_path(&h, "in2"), 0755), 0);
    ck_assert_int_eq(mkdir(harness_path(&h, "out2"), 0755), 0);
    harness_write(&h, "config/folders/more.folder",
                  "[Folder]\nPath=%s\nOutput=%s\nRecipe=web\nSettle=0\nMaxPixels=1K\n",
                  harness_path(&h, "in2"), harness_path(&h, "out2"));
    harness_start(&h);
    for (int i = 0; i < COUNT; i++) {
        char name[32];

        snprintf(name, sizeof name, "%d.jpg", i);
        harness_drop(&h, name, 48, 48, (unsigned)i);
    }
    harness_drop(&h, "../in2/a.jpg", 48, 48, 1);
    harness_drop(&h, "small.jpg", 24, 24, 1);
    harness_await_ends(&h, 1, COUNT + 1);

    harness_configure(&h, "", HARNESS_RECIPE_SINGLE);
    reload(&h);
    ck_assert_int_eq(HARNESS_RUN(&h, &text, "darkroomctl", "--socket", harness_path(&h, "run/api.sock"),
                                 "retry", "--failed", "--folder=web"),
                     0);
    ck_assert_msg(strstr(text, "7 failed jobs are tried again"), "%s", text);
    harness_await_ends(&h, 1 + COUNT, COUNT + 1);
    ck_assert_uint_eq(harness_count(&h, "out"), 1 + COUNT);
    ck_assert_uint_eq(harness_count(&h, "out2"), 0);
    harness_close(&h);
}
END_TEST

START_TEST(darkroomctl_retries_and_its_exit_code_tells)
{
    const char *socket;
    struct harness h;
    const char *text;

    harness_open(&h);
    harness_configure(&h, "", HARNESS_RECIPE_SINGLE);
    harness_start(&h);
    harness_drop_bytes(&h, "a.jpg", "no picture", 10);
    harness_await_ends(&h, 0, 1);
    socket = harness_path(&h, "run/api.sock");
    ck_assert_int_eq(HARNESS_RUN(&h, &text, "darkroomctl", "--socket", socket, "retry", "1", "77"), 1);
    ck_assert_msg(strstr(text, "Job 1 is tried again as job 2.") && strstr(text, "no job 77"), "%s", text);
    harness_await_ends(&h, 0, 2);
    ck_assert_int_eq(HARNESS_RUN(&h, &text, "darkroomctl", "--socket", socket, "retry", "2", "abc"), 2);
    ck_assert_msg(strstr(text, "'abc' is no ID of a job") && !strstr(text, "is tried again"), "%s", text);
    ck_assert_int_eq(HARNESS_RUN(&h, NULL, "darkroomctl", "--socket", socket, "retry", ""), 2);
    ck_assert_int_eq(HARNESS_RUN(&h, NULL, "darkroomctl", "--socket", socket, "retry", "--failed"), 0);
    harness_await_ends(&h, 0, 3);
    ck_assert_ptr_nonnull(strstr(harness_read(&h, "log"), "1 failed job is tried again"));
    ck_assert_int_eq(HARNESS_RUN(&h, NULL, "darkroomctl", "--socket", socket, "retry"), 2);
    ck_assert_int_eq(HARNESS_RUN(&h, NULL, "darkroomctl", "--socket", socket, "retry", "--failed", "1"), 2);
    ck_assert_int_eq(
        HARNESS_RUN(&h, &text, "darkroomctl", "--socket", socket, "retry", "--failed", "--folder=wob"), 1);
    ck_assert_msg(strstr(text, "there are: web"), "%s", text);
    ck_assert_int_eq(HARNESS_RUN(&h, &text, "darkroomctl", "--socket", socket, "jobs", "--folder=wob"), 1);
    ck_assert_msg(strstr(text, "there are: web"), "%s", text);
    harness_close(&h);
}
END_TEST

/* Somebody who may read: the socket is opened for all, but the daemon looks at who it is. */
static int as_nobody(const struct harness *h)
{
    struct darkroom *dk;
    char *text;

    if (setgroups(0, NULL) < 0 || setgid(65534) < 0 || setuid(65534) < 0)
        return 10;
    if (darkroom_open(darkroom_socket_path(h->dk), &dk) < 0)
        return 11;
    if (darkroom_retry(dk, "1", &text) != -EACCES)
        return 1;
    if (darkroom_retry_failed(dk, NULL, &text) != -EACCES)
        return 2;
    if (darkroom_scan(dk, "web", 0, &text) != -EACCES)
        return 3;
    return darkroom_plan(dk, "a.jpg", "web", &text) == 0 ? 0 : 4;
}

START_TEST(who_may_only_look_can_plan_but_neither_retry_nor_scan)
{
    struct harness h;
    int status;
    pid_t pid;

    if (geteuid() != 0)
        return;
    harness_open(&h);
    harness_configure(&h, "", HARNESS_RECIPE_SINGLE);
    harness_start(&h);
    harness_drop_bytes(&h, "a.jpg", "no picture", 10);
    harness_await_ends(&h, 0, 1);
    ck_assert_int_eq(chmod(h.root, 0755), 0);
    ck_assert_int_eq(chmod(harness_path(&h, "run/api.sock"), 0666), 0);
    pid = fork();
    if (pid == 0)
        _exit(as_nobody(&h));
    ck_assert_int_eq(waitpid(pid, &status, 0), pid);
    ck_assert_int_eq(status, 0);
    harness_await_ends(&h, 0, 1);
    harness_close(&h);
}
END_TEST

HARNESS_MAIN("retry", UNIT_ROWS(a_cause_that_was_cured_needs_a_retry, ways),
             UNIT_TEST(a_file_that_used_up_its_attempts_gets_new_ones),
             UNIT_TEST(a_conflict_is_tried_again_when_the_name_is_free),
             UNIT_TEST(an_original_in_the_failed_folder_is_named_and_moving_it_back_is_the_retry),
             UNIT_TEST(a_retry_that_makes_no_sense_is_refused_with_the_reason),
             UNIT_TEST(all_that_failed_in_one_folder_is_tried_and_nothing_else),
             UNIT_TEST(darkroomctl_retries_and_its_exit_code_tells),
             UNIT_TEST(who_may_only_look_can_plan_but_neither_retry_nor_scan))
