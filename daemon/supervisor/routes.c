/* SPDX-License-Identifier: GPL-2.0-or-later */
/* routes - see routes.h. */
#include "supervisor/routes.h"

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/text.h"
#include "supervisor/errand.h"
#include "supervisor/snapshot.h"
#include "supervisor/supervisor.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define WAIT_MAX_US (3600 * USEC_PER_SEC)

enum { LIST_DEFAULT = 100 };

/* ---- arguments ---- */

/* A number argument: @fallback when it is not there. False after a 400 was answered. */
static bool number_argument(struct request *request, const char *name, uint64_t max, uint64_t fallback,
                            uint64_t *ret)
{
    const char *text = http_argument(request, name);

    *ret = fallback;
    if (!text || text_parse_unsigned(text, 0, max, ret) == 0)
        return true;
    http_answer_problem(request, 400, NULL, "%s=%.60s is not a whole number up to %llu", name, text,
                        (unsigned long long)max);
    return false;
}

static bool wait_argument(struct request *request)
{
    const char *text = http_argument(request, "wait");
    uint64_t wait = 0;

    if (text && text_parse_duration_us(text, &wait) < 0) {
        http_answer_problem(request, 400, NULL, "wait=%.60s is not a time span like 30s", text);
        return false;
    }
    if (wait > 0)
        request->deadline_us = monotonic_us() + (wait < WAIT_MAX_US ? wait : WAIT_MAX_US);
    return true;
}

static bool is_over(const struct request *request)
{
    return request->deadline_us <= monotonic_us();
}

/* ---- handlers ---- */

void routes_answer_status(struct control *control, struct request *request)
{
    http_answer(request, 200, snapshot_status(control->supervisor));
}

static void get_status(struct control *control, struct request *request)
{
    if (!number_argument(request, "after", INT64_MAX, 0, &request->after) || !wait_argument(request))
        return;
    if (request->after < control->supervisor->sequence || is_over(request))
        routes_answer_status(control, request);
    else
        control_wait(control, request, false);
}

static void get_jobs(struct control *control, struct request *request)
{
    const char *state = http_argument(request, "state"), *folder = http_argument(request, "folder");
    enum job_state wanted = 0;
    uint64_t limit, before;
    struct job_query *query;

    if (!number_argument(request, "limit", JOB_LIST_MAX, LIST_DEFAULT, &limit) ||
        !number_argument(request, "before", INT64_MAX, 0, &before))
        return;
    if (state && job_state_from_name(state, &wanted) < 0) {
        http_answer_problem(request, 400, NULL, "state=%.60s is no state of a job", state);
        return;
    }

    query = calloc(1, sizeof *query);
    if (query) {
        *query = (struct job_query){ .before = before, .state = state ? (int)wanted : -1, .limit = limit };
        snprintf(query->folder, sizeof query->folder, "%s", folder ?: "");
    }
    control_ask(control, request, query);
}

static void get_job(struct control *control, struct request *request)
{
    struct job_query *query;

    if (text_parse_unsigned(strrchr(request->path, '/') + 1, 1, INT64_MAX, &request->job) < 0) {
        http_answer_problem(request, 404, NULL, "a job's id is a number");
        return;
    }
    if (!wait_argument(request))
        return;

    query = calloc(1, sizeof *query);
    if (query)
        *query = (struct job_query){ .id = request->job, .state = -1, .limit = 1 };
    control_ask(control, request, query);
}

static void answer_job(struct control *control, struct request *request, const struct job_query *query)
{
    if (query->row_count == 0)
        http_answer_problem(request, 404, NULL, "there is no job %llu", (unsigned long long)request->job);
    else if (job_state_is_end(query->rows[0].state) || is_over(request))
        http_answer(request, 200, snapshot_job(&query->rows[0]));
    else
        control_wait(control, request, true);
}

void routes_answer_query(struct control *control, struct request *request, const struct job_query *query)
{
    json_t *jobs;

    if (query->id) {
        answer_job(control, request, query);
        return;
    }
    jobs = json_array();
    for (size_t i = 0; i < query->row_count; i++)
        json_array_append_new(jobs, snapshot_job(&query->rows[i]));
    http_answer(request, 200, json_pack("{s:o}", "jobs", jobs));
}

static void checked(void *context, int result, struct config *config, struct problems *problems)
{
    struct control *control = context;
    struct request *request = take_ptr(control->checking);

    config_unref(config);
    http_answer(request, 200,
                json_pack("{s:b, s:o}", "ok", result == 0, "problems", snapshot_problems(problems)));
}

static void post_check(struct control *control, struct request *request)
{
    if (control->checking) {
        http_answer_problem(request, 503, NULL, "a check is under way; ask again");
        return;
    }
    if (errand_load_config(control->supervisor->event, &control->supervisor->options->origin, checked,
                           control) < 0) {
        http_answer_problem(request, 503, NULL, "no thread for the check could be started");
        return;
    }
    control->checking = request;
    http_wait(request);
}

static void post_reload(struct control *control, struct request *request)
{
    http_wait(request);
    supervisor_reload(control->supervisor, request);
}

static void get_healthz(struct control *control, struct request *request)
{
    (void)control;
    http_answer_text(request, 200, "ok\n");
}

static void get_readyz(struct control *control, struct request *request)
{
    if (supervisor_is_ready(control->supervisor))
        http_answer_text(request, 200, "ready\n");
    else
        http_answer_text(request, 503, "not ready; darkroomctl status says why\n");
}

/* ---- the table ---- */

static const struct route {
    const char *method, *path; /* a path that ends with "/" stands for all with one more component */
    bool admin;                /* only for those who may change things */
    void (*handle)(struct control *control, struct request *request);
} routes[] = {
    { "GET", "/v1/status", false, get_status },  { "GET", "/v1/jobs", false, get_jobs },
    { "GET", "/v1/jobs/", false, get_job },      { "POST", "/v1/check", false, post_check },
    { "POST", "/v1/reload", true, post_reload }, { "GET", "/healthz", false, get_healthz },
    { "GET", "/readyz", false, get_readyz },
};

static bool matches(const struct route *route, const char *path)
{
    size_t length = strlen(route->path);

    if (route->path[length - 1] != '/')
        return strcmp(route->path, path) == 0;
    return strncmp(route->path, path, length) == 0 && path[length] && !strchr(path + length, '/');
}

void routes_serve(void *context, struct request *request)
{
    struct control *control = context;
    bool path_known = false;

    for (size_t i = 0; i < ARRAY_SIZE(routes); i++) {
        if (!matches(&routes[i], request->path))
            continue;
        path_known = true;
        if (strcmp(routes[i].method, request->method) != 0)
            continue;
        if (routes[i].admin && !control_is_admin(control, request))
            http_answer_problem(request, 403, NULL,
                                "only root, the daemon's own user and members of AdminGroup= may do that");
        else
            routes[i].handle(control, request);
        return;
    }
    if (path_known)
        http_answer_problem(request, 405, NULL, "%.20s does not go with this path", request->method);
    else
        http_answer_problem(request, 404, NULL, "there is nothing at this path");
}
