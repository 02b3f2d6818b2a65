/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The control socket, spoken to in plain HTTP and through darkroomctl. */
#include "base/cleanup.h"
#include "base/clock.h"
#include "daemon_harness.h"

#include <curl/curl.h>
#include <dirent.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

struct http_answer {
    long status;
    char type[64], allow[64], location[64], body[8192];
    size_t size;
};

static size_t take_body(char *data, size_t size, size_t count, void *context)
{
    struct http_answer *answer = context;
    size_t room = sizeof answer->body - 1 - answer->size;
    size_t taken = size * count < room ? size * count : room;

    memcpy(answer->body + answer->size, data, taken);
    answer->size += taken;
    answer->body[answer->size] = '\0';
    return size * count;
}

static void take_header(CURL *curl, const char *name, char *ret, size_t size)
{
    struct curl_header *header;

    if (curl_easy_header(curl, name, 0, CURLH_HEADER, -1, &header) == CURLHE_OK)
        snprintf(ret, size, "%s", header->value);
}

static void http(const struct harness *h, const char *method, const char *path, struct http_answer *ret)
{
    CURL *curl = curl_easy_init();
    const char *type = NULL;
    char url[512];

    *ret = (struct http_answer){ 0 };
    snprintf(url, sizeof url, "http://localhost%s", path);
    curl_easy_setopt(curl, CURLOPT_URL, url);
    curl_easy_setopt(curl, CURLOPT_UNIX_SOCKET_PATH, harness_path(h, "run/api.sock"));
    curl_easy_setopt(curl, CURLOPT_CUSTOMREQUEST, method);
    curl_easy_setopt(curl, CURLOPT_TIMEOUT, (long)HARNESS_DEADLINE_S);
    curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, take_body);
    curl_easy_setopt(curl, CURLOPT_WRITEDATA, ret);
    ck_assert_int_eq(curl_easy_perform(curl), CURLE_OK);
    curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &ret->status);
    curl_easy_getinfo(curl, CURLINFO_CONTENT_TYPE, &type);
    snprintf(ret->type, sizeof ret->type, "%s", type ?: "");
    take_header(curl, "Allow", ret->allow, sizeof ret->allow);
    take_header(curl, "Location", ret->location, sizeof ret->location);
    curl_easy_cleanup(curl);
}

static const struct {
    const char *method, *path;
    int status;
    const char *says; /* or NULL */
} requests[] = {
    { "GET", "/", 404, NULL },
    { "GET", "/v1/nothing", 404, NULL },
    { "GET", "/v1/jobs/999999", 404, NULL },
    { "GET", "/v1/jobs/one", 404, NULL },
    { "GET", "/v1/jobs/1/2", 404, NULL },
    { "POST", "/v1/status", 405, NULL },
    { "DELETE", "/v1/jobs/1", 405, NULL },
    { "GET", "/v1/reload", 405, NULL },
    { "GET", "/v1/jobs?limit=many", 400, NULL },
    { "GET", "/v1/jobs?limit=100000000", 400, NULL },
    { "GET", "/v1/jobs?state=asleep", 400, NULL },
    { "GET", "/v1/status?wait=never", 400, NULL },
    { "GET", "/v1/status?after=-1", 400, NULL },
    { "GET", "/v1/%00%0a%ff", 404, NULL },
    { "GET", "/v1/status?waits=1s", 400, "waits" },
    { "GET", "/v1/jobs?Folder=web", 400, "Folder" },
    { "GET", "/v1/jobs/1?state=done", 400, "state" },
    { "POST", "/v1/reload?now", 400, "now" },
    { "GET", "/v1/jobs?folder=wob", 404, "there are: web" },
    { "GET", "/v1/jobs?folder=", 404, "there are: web" },
    { "GET", "/v1/jobs?folder=%00", 400, "folder has a NUL in it" },
    { "GET", "/v1/jobs?folder=web%00x", 400, "folder has a NUL in it" },
    { "GET", "/v1/jobs/1/retry", 405, NULL },
    { "POST", "/v1/jobs/1/retry", 404, "no job 1" },
    { "POST", "/v1/jobs/one/retry", 404, NULL },
    { "POST", "/v1/jobs//retry", 404, NULL },
    { "POST", "/v1/jobs/retry", 400, "state=failed" },
    { "POST", "/v1/jobs/retry?state=done", 400, "state=failed" },
    { "POST", "/v1/jobs/retry?state=failed&folder=wob", 404, "there are: web" },
    { "POST", "/v1/folders/wob/scan", 404, "there are: web" },
    { "POST", "/v1/folders/web/scan?again=perhaps", 400, "perhaps" },
    { "GET", "/v1/folders/web/scan", 405, NULL },
    { "GET", "/v1/plan", 400, "path=" },
    { "GET", "/v1/plan?path=a.jpg", 400, "absolute" },
    { "GET", "/v1/plan?path=/a/../b.jpg", 400, ".." },
    { "GET", "/v1/plan?path=a.jpg&folder=wob", 404, "there are: web" },
};

static void check_problem(const struct http_answer *answer, const char *path, int status)
{
    json_t *problem = json_loads(answer->body, 0, NULL);

    ck_assert_msg(answer->status == status, "%s: %ld instead of %d", path, answer->status, status);
    ck_assert_str_eq(answer->type, "application/problem+json");
    ck_assert_msg(problem != NULL, "%s: no JSON: %s", path, answer->body);
    ck_assert_int_eq(harness_number(problem, "status"), status);
    ck_assert_uint_gt(strlen(harness_string(problem, "detail")), 0);
    ck_assert_uint_gt(strlen(harness_string(problem, "title")), 0);
    json_decref(problem);
}

START_TEST(wrong_requests_get_problem_documents)
{
    struct http_answer answer;
    struct harness h;

    harness_open(&h);
    harness_configure(&h, "", HARNESS_RECIPE_SINGLE);
    harness_start(&h);
    for (size_t i = 0; i < ARRAY_SIZE(requests); i++) {
        http(&h, requests[i].method, requests[i].path, &answer);
        check_problem(&answer, requests[i].path, requests[i].status);
        ck_assert_msg(!requests[i].says || strstr(answer.body, requests[i].says), "%s: %s", requests[i].path,
                      answer.body);
        ck_assert_int_eq(answer.allow[0] != '\0', requests[i].status == 405);
    }
    harness_close(&h);
}
END_TEST

static int ctl(const struct harness *h, const char *a, const char *b, const char **ret_output)
{
    return HARNESS_RUN(h, ret_output, "darkroomctl", "--socket", harness_path(h, "run/api.sock"), a, b);
}

START_TEST(what_is_allowed_and_where_the_new_job_is_stands_in_headers)
{
    struct http_answer answer;
    struct harness h;

    harness_open(&h);
    harness_configure(&h, "", HARNESS_RECIPE_SINGLE);
    harness_start(&h);
    http(&h, "DELETE", "/v1/status", &answer);
    ck_assert_str_eq(answer.allow, "GET");
    http(&h, "DELETE", "/v1/jobs/retry", &answer); /* may be a job's id as well */
    ck_assert_str_eq(answer.allow, "GET, POST");

    harness_drop_bytes(&h, "a.jpg", "no picture", 10);
    harness_await_ends(&h, 0, 1);
    http(&h, "POST", "/v1/jobs/1/retry", &answer);
    ck_assert_int_eq(answer.status, 202);
    ck_assert_str_eq(answer.location, "/v1/jobs/2");
    harness_await_ends(&h, 0, 2);
    http(&h, "GET", "/v1/jobs/2", &answer);
    ck_assert_int_eq(answer.status, 200);
    harness_close(&h);
}
END_TEST

/* Rule 11: as long as a path can be, each of its bytes as %XX. */
START_TEST(a_path_of_any_length_and_bytes_can_be_asked_for)
{
    char path[PATH_MAX];
    struct harness h;
    char *text;

    harness_open(&h);
    harness_configure(&h, "", HARNESS_RECIPE_SINGLE);
    harness_start(&h);
    memset(path, 0xfe, sizeof path - 1);
    for (size_t i = 0; i < sizeof path - 1; i += 200)
        path[i] = '/';
    memcpy(path + sizeof path - 5, ".jpg", 5);
    ck_assert_int_eq(darkroom_plan(h.dk, path, NULL, &text), 0);
    ck_assert_ptr_nonnull(strstr(text, "path_b64"));
    darkroom_free(text);
    harness_close(&h);
}
END_TEST

START_TEST(a_list_that_is_not_all_says_so)
{
    enum { COUNT = 5 };
    struct harness h;
    const char *text;

    harness_open(&h);
    harness_configure(&h, "", HARNESS_RECIPE_SINGLE);
    harness_start(&h);
    for (int i = 0; i < COUNT; i++) {
        char name[32];

        snprintf(name, sizeof name, "%d.jpg", i);
        harness_drop(&h, name, 48, 48, (unsigned)i);
    }
    harness_await_ends(&h, COUNT, 0);
    ck_assert_int_eq(ctl(&h, "jobs", "--limit=4", &text), 0);
    ck_assert_msg(strstr(text, "The newest 4 of more; --limit=N shows"), "%s", text);
    ck_assert_int_eq(ctl(&h, "jobs", "--limit=5", &text), 0);
    ck_assert_msg(!strstr(text, "of more"), "%s", text);
    harness_close(&h);
}
END_TEST

START_TEST(health_and_readiness_are_told)
{
    struct http_answer answer;
    struct harness h;

    harness_open(&h);
    harness_configure(&h, "", HARNESS_RECIPE_SINGLE);
    harness_start(&h);
    http(&h, "GET", "/healthz", &answer);
    ck_assert_int_eq(answer.status, 200);
    http(&h, "GET", "/readyz", &answer);
    ck_assert_int_eq(answer.status, 200);
    harness_close(&h);
}
END_TEST

static bool has_a_job(const json_t *status, void *context)
{
    (void)context;
    return harness_number(status, "jobs.queued") + harness_number(status, "jobs.opening") +
               harness_number(status, "jobs.running") + harness_number(status, "jobs.publishing") +
               harness_number(status, "jobs.done") >
           0;
}

/* Who follows the status across a restart knows a sequence that the daemon may need days to get to. */
START_TEST(a_sequence_of_before_a_restart_is_not_waited_for)
{
    const uint64_t wait_us = 20 * USEC_PER_SEC;
    struct harness h;
    uint64_t asked_us;
    char *text;

    harness_open(&h);
    harness_configure(&h, "", HARNESS_RECIPE_SINGLE);
    harness_start(&h);
    harness_await_idle(&h); /* nothing changes any more */
    asked_us = monotonic_us();
    ck_assert_int_eq(darkroom_status_wait(h.dk, INT64_MAX, wait_us / USEC_PER_MSEC, &text), 0);
    ck_assert_uint_lt(monotonic_us() - asked_us, wait_us);
    darkroom_free(text);
    harness_close(&h);
}
END_TEST

enum { CROWD = 200 }; /* more than are answered in one turn of the loop */

/* One of them begins to wait for news. */
static CURL *join_crowd(const struct harness *h, CURLM *multi, const char *url, struct http_answer *answer)
{
    CURL *curl = curl_easy_init();

    *answer = (struct http_answer){ 0 };
    curl_easy_setopt(curl, CURLOPT_URL, url);
    curl_easy_setopt(curl, CURLOPT_UNIX_SOCKET_PATH, harness_path(h, "run/api.sock"));
    curl_easy_setopt(curl, CURLOPT_TIMEOUT, (long)HARNESS_DEADLINE_S);
    curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, take_body);
    curl_easy_setopt(curl, CURLOPT_WRITEDATA, answer);
    ck_assert_int_eq(curl_multi_add_handle(multi, curl), CURLM_OK);
    return curl;
}

static int count_waiting(CURLM *multi)
{
    int waiting;

    ck_assert_int_eq(curl_multi_perform(multi, &waiting), CURLM_OK);
    return waiting;
}

/* What ends the waiting of all of them at once. */
static const struct {
    const char *wait;
    bool news;
} ends_of_waiting[] = { { "60s", true }, { "300ms", false } };

START_TEST(a_crowd_that_waits_for_news_is_told_to_the_last)
{
    static struct http_answer answers[CROWD];
    bool news = ends_of_waiting[_i].news;
    CURLM *multi = curl_multi_init();
    CURL *crowd[CROWD];
    struct harness h;
    int64_t before;
    char url[128];

    harness_open(&h);
    harness_configure(&h, "", HARNESS_RECIPE_SINGLE);
    harness_start(&h);
    harness_await_idle(&h);
    before = harness_number(h.status, "sequence");
    snprintf(url, sizeof url, "http://localhost/v1/status?after=%lld&wait=%s", (long long)before,
             ends_of_waiting[_i].wait);
    for (int i = 0; i < CROWD; i++)
        crowd[i] = join_crowd(&h, multi, url, &answers[i]);
    ck_assert_int_eq(count_waiting(multi), CROWD);
    if (news)
        harness_drop(&h, "a.jpg", 48, 48, 1);
    while (count_waiting(multi) > 0)
        curl_multi_poll(multi, NULL, 0, 1000, NULL);
    for (int i = 0; i < CROWD; i++) {
        json_t *status = json_loads(answers[i].body, 0, NULL);

        ck_assert_msg(status != NULL, "number %d: %s", i, answers[i].body);
        ck_assert(news ? harness_number(status, "sequence") > before
                       : harness_number(status, "sequence") == before);
        json_decref(status);
        curl_multi_remove_handle(multi, crowd[i]);
        curl_easy_cleanup(crowd[i]);
    }
    curl_multi_cleanup(multi);
    harness_close(&h);
}
END_TEST

START_TEST(a_job_can_be_waited_for)
{
    struct harness h;
    json_t *job;
    char *text;

    harness_open(&h);
    harness_configure(&h, "", HARNESS_RECIPE_SINGLE);
    harness_start(&h);
    harness_drop(&h, "a.jpg", 1600, 1200, 1);
    harness_await(&h, "a job is there", has_a_job, NULL);

    ck_assert_int_eq(darkroom_job(h.dk, "1", HARNESS_DEADLINE_S * 1000, &text), 0);
    job = json_loads(text, 0, NULL);
    ck_assert_str_eq(harness_string(job, "state"), "done");
    ck_assert_str_eq(harness_string(job, "path"), "a.jpg");
    json_decref(job);
    darkroom_free(text);
    harness_close(&h);
}
END_TEST

enum { WAITING = 6, AT_THE_WORKER = 2 /* one, and the next */ };

static bool all_wait(const json_t *status, void *context)
{
    (void)context;
    return harness_number(status, "jobs.queued") + harness_number(status, "jobs.opening") +
               harness_number(status, "jobs.running") ==
           WAITING;
}

/* The only worker takes nothing until it is thawed. */
static void start_frozen(struct harness *h)
{
    harness_open(h);
    harness_configure(h, "", HARNESS_RECIPE_SINGLE);
    harness_write(h, "config/darkroom.conf", "[Daemon]\nWorkers=1\n");
    harness_start(h);
    harness_freeze_workers(h);
    for (int n = 0; n < WAITING; n++) {
        char name[16];

        snprintf(name, sizeof name, "a%d.jpg", n);
        harness_drop(h, name, 48, 48, (unsigned)n);
    }
}

/* It was the time since it had been taken out of the ledger, some hundred at once. */
START_TEST(the_time_of_a_job_is_not_that_of_those_before_it)
{
    const uint64_t hold_us =
        700 * USEC_PER_MSEC; /* longer than an end needs to be seen; if not, nothing is shown */
    uint64_t since_us, took_us;
    size_t i, long_ones = 0;
    json_t *jobs, *job;
    struct harness h;

    start_frozen(&h);
    harness_await(&h, "all wait", all_wait, NULL);
    for (since_us = monotonic_us(); monotonic_us() - since_us < hold_us;)
        harness_next_status(&h, 100);

    since_us = monotonic_us();
    harness_thaw_workers(&h);
    harness_await_ends(&h, WAITING, 0);
    took_us = monotonic_us() - since_us;
    jobs = harness_jobs(&h, NULL);
    ck_assert_uint_eq(json_array_size(jobs), WAITING);
    json_array_foreach (jobs, i, job)
        long_ones += (uint64_t)harness_number(job, "duration_ms") > took_us / USEC_PER_MSEC;
    ck_assert_uint_le(long_ones, AT_THE_WORKER);
    json_decref(jobs);
    harness_close(&h);
}
END_TEST

static void expect_states(struct harness *h, const char *asked, size_t count)
{
    json_t *jobs = harness_jobs(h, asked), *job;
    size_t i;

    ck_assert_uint_eq(json_array_size(jobs), count);
    json_array_foreach (jobs, i, job)
        ck_assert_str_eq(harness_string(job, "state"), asked);
    json_decref(jobs);
}

static bool worker_is_full(const json_t *status, void *context)
{
    return all_wait(status, context) && harness_number(status, "jobs.running") == AT_THE_WORKER;
}

/* What is at a worker was "opening" in the list, which is what the ledger knows, and none was "running". */
START_TEST(a_list_tells_the_state_of_the_moment)
{
    struct darkroom_jobs_filter one = { .state = "running", .limit = 1 };
    struct harness h;
    char *text;
    json_t *list;

    start_frozen(&h);
    harness_await(&h, "the worker has what it may have", worker_is_full, NULL);
    expect_states(&h, "running", AT_THE_WORKER);
    expect_states(&h, "publishing", 0);
    ck_assert_int_eq(darkroom_jobs(h.dk, &one, &text), 0);
    list = json_loads(text, 0, NULL);
    ck_assert_uint_eq(json_array_size(json_object_get(list, "jobs")), 1);
    ck_assert(json_is_true(json_object_get(list, "more")));
    json_decref(list);
    darkroom_free(text);

    harness_thaw_workers(&h);
    harness_await_ends(&h, WAITING, 0);
    expect_states(&h, "running", 0);
    expect_states(&h, "opening", 0);
    harness_close(&h);
}
END_TEST

/* 3.8029999999999999 was what a clock of microseconds told. */
START_TEST(a_number_has_no_more_digits_than_it_means)
{
    struct harness h;

    harness_open(&h);
    harness_configure(&h, "", HARNESS_RECIPE_SINGLE);
    harness_start(&h);
    for (int i = 0; i < 50; i++) {
        const char *point;
        char *text;

        ck_assert_int_eq(darkroom_status(h.dk, &text), 0);
        point = strchr(strstr(text, "\"uptime_s\":"), '.');
        ck_assert_msg(!point || strspn(point + 1, "0123456789") <= 6, "%.60s", text);
        darkroom_free(text);
    }
    harness_close(&h);
}
END_TEST

START_TEST(darkroomctl_shows_and_its_exit_codes_tell)
{
    struct harness h;
    const char *text;
    json_t *json;

    harness_open(&h);
    harness_configure(&h, "", HARNESS_RECIPE_SINGLE);
    ck_assert_int_eq(ctl(&h, "status", NULL, &text), 1); /* nobody is there */
    ck_assert_msg(strstr(text, harness_path(&h, "run/api.sock")) && strstr(text, "is it running?") &&
                      strstr(text, "--socket=PATH or DARKROOM_SOCKET"),
                  "%s", text);
    harness_start(&h);
    harness_drop(&h, "a.jpg", 48, 48, 1);
    harness_await_ends(&h, 1, 0);

    ck_assert_int_eq(ctl(&h, "status", NULL, &text), 0);
    ck_assert_msg(strstr(text, "web"), "%s", text);
    ck_assert_int_eq(ctl(&h, "jobs", NULL, &text), 0);
    ck_assert_msg(strstr(text, "a.jpg") && strstr(text, "done"), "%s", text);
    ck_assert_int_eq(ctl(&h, "jobs", "--state=asleep", &text), 1);
    ck_assert_msg(strstr(text, "there are: queued, opening") && strstr(text, "vanished ("), "%s", text);
    ck_assert_int_eq(ctl(&h, "jobs", "--limit=x", NULL), 2);
    ck_assert_int_eq(ctl(&h, "fly", NULL, &text), 2);
    ck_assert_msg(strstr(text, "try darkroomctl --help"), "%s", text);
    ck_assert_int_eq(ctl(&h, "stats", NULL, &text), 2);
    ck_assert_msg(strstr(text, "did you mean status?"), "%s", text);
    ck_assert_int_eq(ctl(&h, "status", "--json", &text), 0);
    json = json_loads(text, 0, NULL);
    ck_assert_int_eq(harness_number(json, "jobs.done"), 1);
    json_decref(json);
    harness_close(&h);
}
END_TEST

START_TEST(darkroomctl_tells_of_recipes_without_a_daemon)
{
    const char *text, *config;
    struct harness h;

    harness_open(&h);
    harness_configure(&h, "", HARNESS_RECIPE_SINGLE);
    ck_assert_int_eq(ctl(&h, "ops", NULL, &text), 0);
    ck_assert_msg(strstr(text, "\nwatermark"), "%s", text);
    ck_assert_int_eq(ctl(&h, "ops", "crop", &text), 0);
    ck_assert_msg(strstr(text, "Step=crop SIZE [gravity=GRAVITY]"), "%s", text);
    ck_assert_int_eq(ctl(&h, "ops", "watermrak", &text), 1);
    ck_assert_msg(strstr(text, "did you mean watermark?"), "%s", text);
    ck_assert_int_eq(ctl(&h, "ops", "explode", &text), 1);
    ck_assert_msg(strstr(text, "no operation 'explode'"), "%s", text);
    ck_assert_int_eq(ctl(&h, "formats", NULL, &text), 0);
    ck_assert_msg(strstr(text, "\njpeg"), "%s", text);

    config = harness_path(&h, "config");
    ck_assert_int_eq(HARNESS_RUN(&h, &text, "darkroomctl", "recipes", "--config", config), 0);
    ck_assert_msg(strstr(text, "\nweb") && strstr(text, "For tests"), "%s", text);
    ck_assert_int_eq(HARNESS_RUN(&h, &text, "darkroomctl", "recipes", "--config", config, "web"), 0);
    ck_assert_msg(strstr(text, HARNESS_RECIPE_SINGLE), "%s", text);
    ck_assert_int_eq(HARNESS_RUN(&h, &text, "darkroomctl", "recipes", "--config", config, "wob"), 1);
    ck_assert_msg(strstr(text, "there is no recipe 'wob'"), "%s", text);

    /* Where Darkroom is installed, there are those that come with it. */
    config = harness_path(&h, "in");
    ck_assert_int_eq(HARNESS_RUN(&h, &text, "darkroomctl", "recipes", "--config", config), 0);
    ck_assert_msg(strstr(text, "There are no recipes in /") || strstr(text, "DESCRIPTION"), "%s", text);
    ck_assert_msg(strstr(text, "/in/recipes and /") || strstr(text, "DESCRIPTION"), "%s", text);
    harness_close(&h);
}
END_TEST

START_TEST(darkroomctl_checks_and_reloads)
{
    struct harness h;
    const char *text;

    harness_open(&h);
    harness_configure(&h, "", HARNESS_RECIPE_SINGLE);
    harness_start(&h);
    ck_assert_int_eq(ctl(&h, "check", NULL, NULL), 0);
    ck_assert_int_eq(ctl(&h, "reload", NULL, NULL), 0);
    ck_assert_int_eq(harness_number(harness_status(&h), "generation"), 2);

    harness_write(&h, "config/recipes/web.recipe", "[Recipe]\n[Output a]\nFormat=crayon\n");
    ck_assert_int_eq(ctl(&h, "check", NULL, &text), 1);
    ck_assert_msg(strstr(text, "web.recipe:3:8"), "%s", text);
    ck_assert_int_eq(ctl(&h, "reload", NULL, &text), 1);
    ck_assert_msg(strstr(text, "web.recipe:3:8"), "%s", text);
    ck_assert_int_eq(harness_number(harness_status(&h), "generation"), 2);
    harness_close(&h);
}
END_TEST

static bool may_be_first(void)
{
    const struct sched_param now = { 0 }, lowest = { .sched_priority = 1 };
    bool may = getpriority(PRIO_PROCESS, 0) == 0 && sched_setscheduler(0, SCHED_RR, &lowest) == 0;

    ck_assert_int_eq(sched_setscheduler(0, SCHED_OTHER, &now), 0);
    return may;
}

/* Threads are named by their numbers as processes are. */
START_TEST(the_loop_comes_before_all_work)
{
    struct harness h;
    pid_t workers[HARNESS_WORKERS_MAX];
    _cleanup_dir_ DIR *tasks = NULL;
    struct dirent *task;
    char path[64];
    size_t count;

    harness_open(&h);
    harness_configure(&h, "", HARNESS_RECIPE);
    harness_start(&h);
    snprintf(path, sizeof path, "/proc/%d/task", h.pid);
    tasks = opendir(path);
    ck_assert_ptr_nonnull(tasks);
    while ((task = readdir(tasks))) {
        int number = (int)strtol(task->d_name, NULL, 10);

        if (number == h.pid && may_be_first())
            ck_assert_int_eq(sched_getscheduler(number), SCHED_RR | SCHED_RESET_ON_FORK);
        else if (number > 0)
            ck_assert_int_eq(sched_getscheduler(number), SCHED_OTHER);
    }
    harness_status(&h);
    count = harness_workers(&h, NULL, workers, HARNESS_WORKERS_MAX);
    ck_assert_uint_gt(count, 0);
    for (size_t i = 0; i < count; i++)
        ck_assert_int_eq(sched_getscheduler(workers[i]), SCHED_BATCH);
    harness_close(&h);
}
END_TEST

static int compare_times(const void *a, const void *b)
{
    uint64_t left = *(const uint64_t *)a, right = *(const uint64_t *)b;

    return (left > right) - (left < right);
}

/* Rule 26. How fast is reported, not asserted: other people use the machine as well. */
START_TEST(status_answers_while_jobs_run)
{
    enum { COUNT = 200, ASKED_MAX = 2000 };
    static uint64_t took_us[ASKED_MAX];
    size_t asked = 0;
    struct harness h;

    harness_open(&h);
    harness_configure(&h, "", HARNESS_RECIPE);
    for (int i = 0; i < COUNT; i++) {
        char name[32];

        snprintf(name, sizeof name, "%d.jpg", i);
        harness_drop(&h, name, 800, 600, (unsigned)i);
    }
    harness_start(&h);
    harness_await_work(&h, 0);
    while (asked < ASKED_MAX && harness_number(h.status, "jobs.done") < COUNT) {
        uint64_t before = monotonic_us();

        harness_status(&h);
        took_us[asked++] = monotonic_us() - before;
    }
    harness_await_ends(&h, COUNT, 0);

    qsort(took_us, asked, sizeof *took_us, compare_times);
    printf("status, asked %zu times under load: median %llu us, 99 of 100 %llu us, longest %llu us; "
           "the loop's longest stall %lld us\n",
           asked, (unsigned long long)took_us[asked / 2], (unsigned long long)took_us[asked * 99 / 100],
           (unsigned long long)took_us[asked - 1],
           (long long)harness_number(h.status, "loop.longest_stall_us"));
    harness_close(&h);
}
END_TEST

HARNESS_MAIN("control", UNIT_TEST(wrong_requests_get_problem_documents),
             UNIT_TEST(what_is_allowed_and_where_the_new_job_is_stands_in_headers),
             UNIT_TEST(a_path_of_any_length_and_bytes_can_be_asked_for),
             UNIT_TEST(a_list_that_is_not_all_says_so), UNIT_TEST(health_and_readiness_are_told),
             UNIT_TEST(a_sequence_of_before_a_restart_is_not_waited_for),
             UNIT_ROWS(a_crowd_that_waits_for_news_is_told_to_the_last, ends_of_waiting),
             UNIT_TEST(a_job_can_be_waited_for), UNIT_TEST(the_time_of_a_job_is_not_that_of_those_before_it),
             UNIT_TEST(a_list_tells_the_state_of_the_moment),
             UNIT_TEST(a_number_has_no_more_digits_than_it_means),
             UNIT_TEST(darkroomctl_shows_and_its_exit_codes_tell),
             UNIT_TEST(darkroomctl_tells_of_recipes_without_a_daemon),
             UNIT_TEST(darkroomctl_checks_and_reloads), UNIT_TEST(the_loop_comes_before_all_work),
             UNIT_TEST(status_answers_while_jobs_run))
