/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What is planned is what is made: names, places and sizes; and a plan itself makes nothing. */
#include "base/cleanup.h"
#include "daemon_harness.h"
#include "painter.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define TEN "0123456789"
#define FIFTY TEN TEN TEN TEN TEN
#define LONG_STEM FIFTY FIFTY FIFTY FIFTY TEN TEN TEN TEN "abcdef" /* 246 bytes */

/* Some of these widths are larger than any picture here. */
#define RECIPE                                                                                               \
    "[Recipe]\nDescription=For tests\n[Output a]\nName={dir}/{date}/prefix-{stem}.{width}.{ext}\nWidth=16 "  \
    "32 5000\nFormat=jpeg png\n[Output square]\nName={dir}/square-{name}.{ext}\nWidth=40\nHeight=40\n"       \
    "Fit=contain\nFormat=png\n"

enum { WORKERS = 2 };

/* The plan of in/@name; the caller's. */
static json_t *plan(const struct harness *h, const char *name)
{
    char *text = NULL;
    json_t *json;
    int r = darkroom_plan(h->dk, harness_path(h, "in/%s", name), NULL, &text);

    ck_assert_msg(r == 0, "%s: %s", name, darkroom_error(h->dk));
    json = json_loads(text, 0, NULL);
    darkroom_free(text);
    ck_assert_ptr_nonnull(json);
    return json;
}

static void expect_failure(const json_t *json, const char *class, const char *stage, const char *says)
{
    ck_assert(json_is_false(json_object_get(json, "ok")));
    ck_assert_str_eq(harness_string(json, "failure.class"), class);
    ck_assert_str_eq(harness_string(json, "failure.stage"), stage);
    ck_assert_msg(strstr(harness_string(json, "failure.message"), says), "\"%s\" is not in \"%s\"", says,
                  harness_string(json, "failure.message"));
}

static void expect_plan_failure(const struct harness *h, const char *name, const char *class,
                                const char *stage, const char *says)
{
    json_t *json = plan(h, name);

    expect_failure(json, class, stage, says);
    json_decref(json);
}

/* The output of @path in @outputs. */
static const json_t *output_at(const json_t *outputs, const char *path)
{
    const json_t *output;
    size_t i;

    json_array_foreach (outputs, i, output)
        if (strcmp(harness_string(output, "path"), path) == 0)
            return output;
    return NULL;
}

static void expect_action(const json_t *json, const char *path, const char *name, const char *action)
{
    const json_t *output = output_at(json_object_get(json, "outputs"), path);

    ck_assert_msg(output != NULL, "%s is not planned", path);
    ck_assert_str_eq(harness_string(output, "name"), name);
    ck_assert_str_eq(harness_string(output, "action"), action);
}

static const struct {
    const char *name;
    int width, height;
    size_t outputs;
} pictures[] = {
    { "wide.jpg", 700, 100, 5 },     { "high.png", 100, 701, 5 },      { "between.jpg", 20, 24, 3 },
    { "tiny.jpg", 5, 7, 3 },         { "sub/a.jpg", 64, 64, 5 },       { "sub/deeper/a.jpg", 33, 64, 5 },
    { LONG_STEM ".jpg", 40, 40, 5 }, { "-rf {dir}%s.jpg", 40, 40, 5 }, { "new\nline and ünï.jpg", 40, 40, 5 },
};

static void reload(struct harness *h)
{
    harness_signal(h, SIGHUP);
    harness_await_ready(h);
    harness_status(h);
}

static void expect_same(const json_t *planned, const json_t *job, const char *name)
{
    const json_t *outputs = json_object_get(planned, "outputs"), *made = json_object_get(job, "outputs");
    const json_t *output;
    size_t i;

    ck_assert_str_eq(harness_string(job, "state"), "done");
    ck_assert_msg(json_array_size(outputs) == json_array_size(made), "%s: %zu planned, %zu made", name,
                  json_array_size(outputs), json_array_size(made));
    json_array_foreach (made, i, output) {
        const char *path = harness_string(output, "path");
        const json_t *other = output_at(outputs, path);

        ck_assert_msg(other != NULL, "%s is made and was not planned", path);
        ck_assert_int_eq(harness_number(other, "width"), harness_number(output, "width"));
        ck_assert_int_eq(harness_number(other, "height"), harness_number(output, "height"));
    }
}

static void expect_no_trace(struct harness *h)
{
    json_t *jobs = harness_jobs(h, NULL);

    ck_assert_uint_eq(json_array_size(jobs), 0);
    json_decref(jobs);
    ck_assert_uint_eq(harness_count(h, "out"), 0);
    ck_assert(!harness_exists(h, "out/sub"));
}

/* They lie in the folder and are not settled yet, so there is time to ask; then the daemon may have them. */
START_TEST(what_is_planned_is_made)
{
    json_t *planned[ARRAY_SIZE(pictures)];
    struct harness h;

    harness_open(&h);
    harness_configure(&h, "Settle=24h\n", RECIPE);
    ck_assert_int_eq(mkdir(harness_path(&h, "in/sub"), 0755), 0);
    ck_assert_int_eq(mkdir(harness_path(&h, "in/sub/deeper"), 0755), 0);
    harness_start(&h);
    for (size_t i = 0; i < ARRAY_SIZE(pictures); i++) {
        harness_drop(&h, pictures[i].name, pictures[i].width, pictures[i].height, (unsigned)i);
        planned[i] = plan(&h, pictures[i].name);
        ck_assert_msg(json_is_true(json_object_get(planned[i], "ok")), "%s", pictures[i].name);
        ck_assert_int_eq(harness_number(planned[i], "source.width"), pictures[i].width);
        ck_assert_msg(json_array_size(json_object_get(planned[i], "outputs")) == pictures[i].outputs, "%s",
                      pictures[i].name);
    }
    harness_drop_bytes(&h, "garbage.jpg", "no picture", 10);
    expect_plan_failure(&h, "garbage.jpg", "permanent", "probe", "not a picture");
    expect_no_trace(&h);

    ck_assert_int_eq(harness_stop(&h), 0);
    harness_configure(&h, "", RECIPE);
    harness_start(&h);
    harness_await_ends(&h, ARRAY_SIZE(pictures), 1);
    for (size_t i = 0; i < ARRAY_SIZE(pictures); i++) {
        json_t *job = harness_job_of(&h, pictures[i].name);

        expect_same(planned[i], job, pictures[i].name);
        json_decref(job);
        json_decref(planned[i]);
    }
    harness_close(&h);
}
END_TEST

/* ---- what would fail ---- */

static void make_oversized(const struct harness *h)
{
    harness_drop(h, "oversized.png", 1100, 1000, 1);
}

static void make_large(const struct harness *h)
{
    static char bytes[3 << 20];

    harness_drop_bytes(h, "large.jpg", bytes, sizeof bytes);
}

static void make_empty(const struct harness *h)
{
    harness_drop_bytes(h, "empty.png", "", 0);
}

static void make_link(const struct harness *h)
{
    painter_paint(harness_path(h, "outside.jpg"), 48, 48, 1);
    ck_assert_int_eq(symlink(harness_path(h, "outside.jpg"), harness_path(h, "in/link.jpg")), 0);
}

static void make_linked_directory(const struct harness *h)
{
    painter_paint(harness_path(h, "archive/a.jpg"), 48, 48, 1);
    ck_assert_int_eq(symlink(harness_path(h, "archive"), harness_path(h, "in/linked")), 0);
}

static void make_pipe(const struct harness *h)
{
    ck_assert_int_eq(mkfifo(harness_path(h, "in/pipe.jpg"), 0644), 0);
}

static void make_directory(const struct harness *h)
{
    ck_assert_int_eq(mkdir(harness_path(h, "in/directory.jpg"), 0755), 0);
}

static void make_nothing(const struct harness *h)
{
    (void)h;
}

static const struct {
    void (*make)(const struct harness *h);
    const char *name, *class, *stage, *says;
} wrong[] = {
    { make_oversized, "oversized.png", "permanent", "limits", "MaxPixels=" },
    { make_large, "large.jpg", "permanent", "limits", "MaxFileSize=" },
    { make_empty, "empty.png", "permanent", "open", "empty" },
    { make_link, "link.jpg", "permanent", "open", "link" },
    { make_linked_directory, "linked/a.jpg", "permanent", "open", "link" },
    { make_pipe, "pipe.jpg", "permanent", "open", "a named pipe" },
    { make_directory, "directory.jpg", "permanent", "open", "a directory" },
    { make_nothing, "nothing.jpg", "permanent", "open", "no such file" },
    { make_nothing, "notes.txt", "permanent", "plan", "Include=" },
    { make_nothing, "thumbs/a.jpg", "permanent", "plan", "Exclude=" },
    { make_nothing, ".hidden.jpg", "permanent", "plan", "ignores" },
    { make_nothing, "a.jpg.part", "permanent", "plan", "ignores" },
    { make_nothing, "../archive.jpg", "permanent", "plan", "not below" },
};

START_TEST(what_would_fail_is_told_and_nobody_is_blamed)
{
    struct harness h;
    json_t *json;
    char *text;

    harness_open(&h);
    harness_configure(&h, "Settle=24h\nMaxPixels=1M\nMaxFileSize=2M\nExclude=thumbs\n", RECIPE);
    harness_start(&h);
    wrong[_i].make(&h);
    if (strncmp(wrong[_i].name, "../", 3) == 0)
        ck_assert_int_eq(darkroom_plan(h.dk, harness_path(&h, "%s", wrong[_i].name + 3), NULL, &text), 0);
    else
        ck_assert_int_eq(darkroom_plan(h.dk, harness_path(&h, "in/%s", wrong[_i].name), NULL, &text), 0);
    json = json_loads(text, 0, NULL);
    expect_failure(json, wrong[_i].class, wrong[_i].stage, wrong[_i].says);
    ck_assert_uint_eq(json_array_size(json_object_get(json, "outputs")), 0);
    json_decref(json);
    darkroom_free(text);
    expect_no_trace(&h);
    harness_close(&h);
}
END_TEST

START_TEST(sub_directories_and_names_in_a_folder_are_as_the_folder_says)
{
    struct harness h;
    char *text;

    harness_open(&h);
    harness_configure(&h, "Settle=24h\nRecursive=no\n", RECIPE);
    harness_start(&h);
    expect_plan_failure(&h, "sub/a.jpg", "permanent", "plan", "Recursive=no");

    harness_drop(&h, "a.jpg", 48, 48, 1);
    ck_assert_int_eq(darkroom_plan(h.dk, "a.jpg", "web", &text), 0);
    ck_assert_ptr_nonnull(strstr(text, "\"ok\":true"));
    darkroom_free(text);
    ck_assert_int_eq(darkroom_plan(h.dk, harness_path(&h, "in/a.jpg"), "web", &text), 0);
    ck_assert_ptr_nonnull(strstr(text, "\"ok\":true"));
    darkroom_free(text);
    ck_assert_int_eq(darkroom_plan(h.dk, "a.jpg", "wob", &text), -ENOENT);
    ck_assert_msg(strstr(darkroom_error(h.dk), "web"), "%s", darkroom_error(h.dk));
    ck_assert_int_eq(darkroom_plan(h.dk, "a.jpg", NULL, &text), -EINVAL);
    ck_assert_int_eq(darkroom_plan(h.dk, "../a.jpg", "web", &text), -EINVAL);
    ck_assert_int_eq(darkroom_plan(h.dk, "", "web", &text), -EINVAL);
    harness_close(&h);
}
END_TEST

/* ---- names that are taken ---- */

START_TEST(whose_a_name_is_and_what_becomes_of_it_is_told)
{
    struct harness h;
    json_t *json;
    char path[PATH_MAX];

    harness_open(&h);
    harness_configure(&h, "", HARNESS_RECIPE_SINGLE);
    harness_start(&h);
    snprintf(path, sizeof path, "%s", harness_path(&h, "out/a.png"));
    harness_drop(&h, "a.jpg", 48, 48, 1);
    harness_await_ends(&h, 1, 0);
    json = plan(&h, "a.jpg");
    expect_action(json, path, "ours", "replace");
    ck_assert(json_is_true(json_object_get(json, "ok")));
    json_decref(json);

    /* Another source's, which the job is told in the same words. */
    harness_drop(&h, "a.png", 48, 48, 2);
    harness_await_ends(&h, 1, 1);
    json = plan(&h, "a.png");
    expect_failure(json, "conflict", "plan", "a.jpg already");
    expect_action(json, path, "taken", "fail");
    ck_assert_str_eq(harness_string(json, "outputs.0.owner.path"), "a.jpg");
    json_decref(json);

    /* Somebody's file. */
    painter_paint(harness_path(&h, "out/b.png"), 5, 5, 9);
    harness_drop(&h, "b.jpg", 48, 48, 1);
    harness_await_ends(&h, 1, 2);
    json = plan(&h, "b.jpg");
    expect_failure(json, "conflict", "publish", "not made from it");
    snprintf(path, sizeof path, "%s", harness_path(&h, "out/b.png"));
    expect_action(json, path, "taken", "fail");
    json_decref(json);

    harness_configure(&h, "Existing=overwrite\n", HARNESS_RECIPE_SINGLE);
    reload(&h);
    json = plan(&h, "b.jpg");
    ck_assert(json_is_true(json_object_get(json, "ok")));
    expect_action(json, path, "taken", "overwrite");
    json_decref(json);
    harness_expect_picture(&h, "out/b.png", 5, 5);
    harness_close(&h);
}
END_TEST

static const struct {
    const char *existing, *action, *output;
    bool is_there; /* among the outputs of the job */
} takers[] = {
    { "adopt", "adopt", "out/a.png", true },
    { "skip", "skip", "out/a.png", false },
    { "overwrite", "overwrite", "out/a.png", true },
    { "number", "number", "out/a-1.png", true },
};

static void configure_existing(const struct harness *h, const char *existing, const char *settle)
{
    char lines[80];

    snprintf(lines, sizeof lines, "Settle=%s\nExisting=%s\n", settle, existing);
    harness_configure(h, lines, HARNESS_RECIPE_SINGLE);
}

/* Whatever Existing= does with a file in the way, the plan has it, and does not do it. */
START_TEST(a_plan_does_what_existing_says_and_so_does_the_job)
{
    struct harness h;
    json_t *planned, *job;

    harness_open(&h);
    configure_existing(&h, takers[_i].existing, "24h");
    harness_start(&h);
    harness_drop(&h, "a.jpg", 48, 48, 1);
    painter_paint(harness_path(&h, "out/a.png"), 5, 5, 9);
    planned = plan(&h, "a.jpg");
    ck_assert(json_is_true(json_object_get(planned, "ok")));
    ck_assert_uint_eq(json_array_size(json_object_get(planned, "outputs")), 1);
    ck_assert_str_eq(harness_string(planned, "outputs.0.action"), takers[_i].action);
    ck_assert_str_eq(harness_string(planned, "outputs.0.path"), harness_path(&h, "%s", takers[_i].output));
    harness_expect_picture(&h, "out/a.png", 5, 5);
    ck_assert_uint_eq(harness_count(&h, "out"), 1);

    ck_assert_int_eq(harness_stop(&h), 0);
    configure_existing(&h, takers[_i].existing, "0");
    harness_start(&h);
    harness_await_ends(&h, 1, 0);
    job = harness_job_of(&h, "a.jpg");
    ck_assert_uint_eq(json_array_size(json_object_get(job, "outputs")), takers[_i].is_there);
    if (takers[_i].is_there)
        ck_assert_str_eq(harness_string(job, "outputs.0.path"), harness_path(&h, "%s", takers[_i].output));
    json_decref(planned);
    json_decref(job);
    harness_close(&h);
}
END_TEST

/* Nothing was said of outputs that are left out: of none at all, of some, and of those whose name another source
 * has. */
START_TEST(outputs_that_are_skipped_are_told)
{
    const json_t *output;
    struct harness h;
    json_t *json;

    harness_open(&h);
    harness_configure(&h, "Existing=skip\nSettle=24h\n", HARNESS_RECIPE);
    harness_start(&h);
    harness_drop(&h, "a.jpg", 48, 48, 1);
    painter_paint(harness_path(&h, "out/a.16.png"), 5, 5, 9);
    json = plan(&h, "a.jpg");
    ck_assert_uint_eq(json_array_size(json_object_get(json, "outputs")), 4);
    expect_action(json, harness_path(&h, "out/a.16.png"), "taken", "skip");
    expect_action(json, harness_path(&h, "out/a.16.jpg"), "free", "make");
    json_decref(json);

    ck_assert_int_eq(harness_stop(&h), 0);
    harness_configure(&h, "Existing=skip\n", HARNESS_RECIPE);
    harness_start(&h);
    harness_await_ends(&h, 1, 0);
    harness_drop(&h, "a.png", 48, 48, 2);
    harness_await_ends(&h, 2, 0);
    json = plan(&h, "a.png");
    ck_assert(json_is_true(json_object_get(json, "ok")));
    ck_assert_uint_eq(json_array_size(json_object_get(json, "outputs")), 4);
    expect_action(json, harness_path(&h, "out/a.32.jpg"), "taken", "skip");
    output = output_at(json_object_get(json, "outputs"), harness_path(&h, "out/a.32.jpg"));
    ck_assert_str_eq(harness_string(output, "owner.path"), "a.jpg");
    ck_assert_uint_eq(json_array_size(json_object_get(json, "removed")), 0);
    json_decref(json);
    harness_close(&h);
}
END_TEST

START_TEST(outputs_that_are_not_made_any_more_are_told)
{
    struct harness h;
    json_t *json;

    harness_open(&h);
    harness_configure(&h, "", HARNESS_RECIPE);
    harness_start(&h);
    harness_drop(&h, "a.jpg", 48, 48, 1);
    harness_await_ends(&h, 1, 0);
    harness_configure(&h, "", HARNESS_RECIPE_SINGLE);
    reload(&h);
    json = plan(&h, "a.jpg");
    expect_action(json, harness_path(&h, "out/a.png"), "free", "make");
    ck_assert_uint_eq(json_array_size(json_object_get(json, "removed")), 4);
    ck_assert_ptr_nonnull(output_at(json_object_get(json, "removed"), harness_path(&h, "out/a.16.jpg")));
    json_decref(json);
    ck_assert_uint_eq(harness_count(&h, "out"), 4);
    harness_close(&h);
}
END_TEST

/* ---- a busy daemon ---- */

enum { ASKERS = 5, FOLDER_PLANS = 4 }; /* one more than a folder has at once */

struct asker {
    pthread_t thread;
    const struct harness *h;
    int report; /* where the result goes */
};

static void *ask(void *context)
{
    struct asker *asker = context;
    struct darkroom *dk;
    char *text = NULL;
    int r;

    ck_assert_int_eq(darkroom_open(darkroom_socket_path(asker->h->dk), &dk), 0);
    r = darkroom_plan(dk, "a.jpg", "web", &text);
    if (r == 0 && !strstr(text, "\"ok\":true"))
        r = -EBADMSG;
    darkroom_free(text);
    darkroom_close(dk);
    ck_assert_int_eq(write(asker->report, &r, sizeof r), sizeof r);
    return NULL;
}

static void start_askers(const struct harness *h, struct asker *askers, size_t count, int report)
{
    for (size_t i = 0; i < count; i++) {
        askers[i] = (struct asker){ .h = h, .report = report };
        ck_assert_int_eq(pthread_create(&askers[i].thread, NULL, ask, &askers[i]), 0);
    }
}

static int next_report(int fd)
{
    int r;

    ck_assert_int_eq(read(fd, &r, sizeof r), sizeof r);
    return r;
}

static bool are_busy(const json_t *status, void *context)
{
    const json_t *worker;
    size_t i;

    (void)context;
    json_array_foreach (json_object_get(status, "workers"), i, worker)
        if (strcmp(harness_string(worker, "state"), "busy") != 0)
            return false;
    return true;
}

static void open_stopped(struct harness *h, int *report)
{
    harness_open(h);
    h->workers = WORKERS;
    harness_configure(h, "Settle=24h\n", HARNESS_RECIPE);
    harness_start(h);
    harness_drop(h, "a.jpg", 48, 48, 1);
    harness_freeze_workers(h);
    ck_assert_int_eq(pipe(report), 0);
}

static void join(struct asker *askers, size_t count)
{
    for (size_t i = 0; i < count; i++)
        pthread_join(askers[i].thread, NULL);
}

START_TEST(a_folder_has_so_many_plans_at_once_and_no_more)
{
    struct asker askers[ASKERS];
    struct harness h;
    int report[2];

    open_stopped(&h, report);
    start_askers(&h, askers, ASKERS, report[1]);
    ck_assert_int_eq(next_report(report[0]), -EAGAIN); /* the others wait for a worker */
    harness_await(&h, "the workers have plans", are_busy, NULL);
    ck_assert_ptr_null(
        json_string_value(json_object_get(json_array_get(json_object_get(h.status, "workers"), 0), "job")));
    harness_thaw_workers(&h);
    for (int i = 0; i < FOLDER_PLANS; i++)
        ck_assert_int_eq(next_report(report[0]), 0);
    join(askers, ASKERS);
    expect_no_trace(&h);
    harness_close(&h);
}
END_TEST

START_TEST(a_plan_whose_worker_dies_before_it_begins_goes_to_another)
{
    struct asker askers[WORKERS];
    struct harness h;
    int report[2];

    open_stopped(&h, report);
    start_askers(&h, askers, WORKERS, report[1]);
    harness_await(&h, "the workers have plans", are_busy, NULL);
    for (size_t i = 0; i < h.frozen_count; i++)
        ck_assert_int_eq(kill(h.frozen[i], SIGKILL), 0);
    for (int i = 0; i < WORKERS; i++)
        ck_assert_int_eq(next_report(report[0]), 0);
    join(askers, WORKERS);
    expect_no_trace(&h);
    harness_close(&h);
}
END_TEST

START_TEST(a_stop_answers_whoever_waits_for_a_plan)
{
    struct asker askers[FOLDER_PLANS];
    struct harness h;
    int report[2];

    open_stopped(&h, report);
    start_askers(&h, askers, FOLDER_PLANS, report[1]);
    harness_await(&h, "the workers have plans", are_busy, NULL);
    harness_signal(&h, SIGTERM);
    for (int i = 0; i < FOLDER_PLANS - WORKERS; i++)
        ck_assert_int_eq(next_report(report[0]), -EAGAIN);
    harness_thaw_workers(&h);
    for (int i = 0; i < WORKERS; i++)
        next_report(report[0]);
    join(askers, FOLDER_PLANS);
    ck_assert_int_eq(harness_await_exit(&h), 0);
    harness_close(&h);
}
END_TEST

START_TEST(a_reload_answers_whoever_waits_for_a_plan_of_the_old_configuration)
{
    struct asker askers[FOLDER_PLANS];
    struct harness h;
    int report[2];

    open_stopped(&h, report);
    start_askers(&h, askers, FOLDER_PLANS, report[1]);
    harness_await(&h, "the workers have plans", are_busy, NULL);
    harness_signal(&h, SIGHUP);
    for (int i = 0; i < FOLDER_PLANS - WORKERS; i++)
        ck_assert_int_eq(next_report(report[0]), -EAGAIN);
    harness_thaw_workers(&h);
    for (int i = 0; i < WORKERS; i++)
        ck_assert_int_eq(next_report(report[0]), -EAGAIN);
    join(askers, FOLDER_PLANS);
    harness_await_ready(&h);
    harness_close(&h);
}
END_TEST

START_TEST(a_lost_folder_has_no_plans)
{
    struct harness h;

    harness_open(&h);
    harness_configure(&h, "", HARNESS_RECIPE);
    harness_start(&h);
    ck_assert_int_eq(rename(harness_path(&h, "in"), harness_path(&h, "away")), 0);
    expect_plan_failure(&h, "a.jpg", "environment", "open", "lost");
    harness_await_folder(&h, "lost");
    expect_plan_failure(&h, "a.jpg", "environment", "open", "lost");
    ck_assert_int_eq(rename(harness_path(&h, "away"), harness_path(&h, "in")), 0);
    harness_await_folder(&h, "ok");
    expect_plan_failure(&h, "a.jpg", "permanent", "open", "no such file");
    harness_close(&h);
}
END_TEST

/* ---- darkroomctl ---- */

static int ctl(const struct harness *h, const char *const *words, const char **ret_output)
{
    const char *all[12] = { "--socket", harness_path(h, "run/api.sock"), "plan" };

    for (size_t i = 0; words[i]; i++)
        all[3 + i] = words[i];
    return harness_run(h, "darkroomctl", all, ret_output);
}
#define CTL(h, ret_output, ...) ctl((h), (const char *const[]){ __VA_ARGS__, NULL }, (ret_output))

START_TEST(darkroomctl_shows_plans_and_its_exit_code_tells)
{
    char a[PATH_MAX], strange[PATH_MAX], dotted[PATH_MAX], missing[PATH_MAX];
    struct harness h;
    const char *text;
    json_t *json;

    harness_open(&h);
    harness_configure(&h, "Settle=24h\n", HARNESS_RECIPE_SINGLE);
    harness_start(&h);
    harness_drop(&h, "a.jpg", 480, 240, 1);
    harness_drop(&h, "\xff\x1b.jpg", 48, 48, 1);
    snprintf(a, sizeof a, "%s", harness_path(&h, "in/a.jpg"));
    snprintf(strange, sizeof strange, "%s", harness_path(&h, "in/\xff\x1b.jpg"));
    snprintf(dotted, sizeof dotted, "%s", harness_path(&h, "in/.//../in/./a.jpg"));
    snprintf(missing, sizeof missing, "%s", harness_path(&h, "in/missing.jpg"));

    ck_assert_int_eq(CTL(&h, &text, a), 0);
    ck_assert_msg(strstr(text, "web/a.jpg (480 × 240)"), "%s", text);
    ck_assert_msg(strstr(text, harness_path(&h, "out/a.png")) && strstr(text, "24 × 12"), "%s", text);
    ck_assert_int_eq(CTL(&h, &text, dotted), 0);
    ck_assert_msg(strstr(text, "web/a.jpg"), "%s", text);
    ck_assert_int_eq(CTL(&h, &text, "--folder=web", "a.jpg"), 0);
    ck_assert_msg(strstr(text, "24 × 12"), "%s", text);
    ck_assert_int_eq(CTL(&h, &text, strange), 0);
    ck_assert_msg(strstr(text, "\\xff\\x1b.jpg") && !strchr(text, '\x1b'), "%s", text);
    ck_assert_int_eq(CTL(&h, &text, strange, "--json"), 0);
    json = json_loads(text, 0, NULL);
    ck_assert_str_eq(harness_string(json, "path_b64"), "/xsuanBn");
    json_decref(json);

    /* One that fails does not keep the others from being told. */
    ck_assert_int_eq(CTL(&h, &text, missing, a), 1);
    ck_assert_msg(strstr(text, "permanent/open: there is no such file") && strstr(text, "24 × 12"), "%s",
                  text);
    ck_assert_int_eq(CTL(&h, &text, "/etc/passwd.jpg"), 1);
    ck_assert_msg(strstr(text, "not below") && strstr(text, "web"), "%s", text);
    ck_assert_int_eq(CTL(&h, NULL, "--folder=web"), 2);
    ck_assert_int_eq(CTL(&h, &text, ""), 2);
    ck_assert_msg(strstr(text, "plan: '' names no file"), "%s", text);
    ck_assert_int_eq(CTL(&h, &text, "--folder=wob", "a.jpg"), 1);
    ck_assert_msg(strstr(text, "there are: web"), "%s", text);
    expect_no_trace(&h);
    harness_close(&h);
}
END_TEST

HARNESS_MAIN("plan", UNIT_TEST(what_is_planned_is_made),
             UNIT_ROWS(what_would_fail_is_told_and_nobody_is_blamed, wrong),
             UNIT_TEST(sub_directories_and_names_in_a_folder_are_as_the_folder_says),
             UNIT_TEST(whose_a_name_is_and_what_becomes_of_it_is_told),
             UNIT_ROWS(a_plan_does_what_existing_says_and_so_does_the_job, takers),
             UNIT_TEST(outputs_that_are_skipped_are_told),
             UNIT_TEST(outputs_that_are_not_made_any_more_are_told),
             UNIT_TEST(a_folder_has_so_many_plans_at_once_and_no_more),
             UNIT_TEST(a_plan_whose_worker_dies_before_it_begins_goes_to_another),
             UNIT_TEST(a_stop_answers_whoever_waits_for_a_plan),
             UNIT_TEST(a_reload_answers_whoever_waits_for_a_plan_of_the_old_configuration),
             UNIT_TEST(a_lost_folder_has_no_plans),
             UNIT_TEST(darkroomctl_shows_plans_and_its_exit_code_tells))
