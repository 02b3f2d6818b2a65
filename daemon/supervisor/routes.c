/* SPDX-License-Identifier: GPL-2.0-or-later */
/* routes - see routes.h. */
#include "supervisor/routes.h"

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/text.h"
#include "supervisor/again.h"
#include "supervisor/errand.h"
#include "supervisor/plan.h"
#include "supervisor/snapshot.h"
#include "supervisor/folders.h"
#include "supervisor/supervisor.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define WAIT_MAX_US (3600 * USEC_PER_SEC)

enum {
    LIST_DEFAULT = 100,
    ARGUMENTS_MAX = 5,
    FOLDER_LIST_BYTES = 300,
    STATE_LIST_BYTES = 120,
    METHODS_BYTES = 40
};

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

/* yes or no; @fallback when it is not there. False after a 400 was answered. */
static bool boolean_argument(struct request *request, const char *name, bool fallback, bool *ret)
{
    const char *text = http_argument(request, name);

    *ret = fallback;
    if (!text || text_parse_boolean(text, ret) == 0)
        return true;
    http_answer_problem(request, 400, NULL, "%s=%.60s is neither yes nor no", name, text);
    return false;
}

static void answer_no_folder(struct control *control, struct request *request, const char *name)
{
    char names[FOLDER_LIST_BYTES], shown[100];

    http_answer_problem(request, 404, NULL, "there is no folder %s; there are: %s",
                        text_escape(name, shown, sizeof shown),
                        config_folder_names(control->supervisor->config, names, sizeof names));
}

/* The folder called @name; NULL after a 404 was answered. */
static const struct folder_conf *folder_called(struct control *control, struct request *request,
                                               const char *name)
{
    const struct folder_conf *folder = config_folder(control->supervisor->config, name);

    if (!folder)
        answer_no_folder(control, request, name);
    return folder;
}

/* The number in a path like /v1/jobs/ID. False after a 404 was answered. */
static bool job_argument(struct request *request)
{
    if (text_parse_unsigned(request->subject, 1, INT64_MAX, &request->job) == 0)
        return true;
    http_answer_problem(request, 404, NULL, "a job's id is a number");
    return false;
}

static bool is_over(const struct request *request)
{
    return request->deadline_us <= monotonic_us();
}

/* ---- handlers ---- */

static void answer_status(struct control *control, struct request *request)
{
    http_answer(request, 200, snapshot_status(control->supervisor));
}

static void get_status(struct control *control, struct request *request)
{
    if (!number_argument(request, "after", INT64_MAX, 0, &request->after) || !wait_argument(request))
        return;
    /* After a restart the sequence is below those that were told before. */
    if (request->after != control->supervisor->sequence || is_over(request))
        answer_status(control, request);
    else
        control_wait(control, request, false);
}

static bool is_at_work(enum job_state state)
{
    return state == JOB_OPENING || state == JOB_RUNNING || state == JOB_PUBLISHING;
}

static void answer_no_state(struct request *request, const char *state)
{
    char names[STATE_LIST_BYTES];
    size_t used = 0;

    for (enum job_state each = 0; each < JOB_STATE_COUNT && used < sizeof names; each++)
        used += (size_t)snprintf(names + used, sizeof names - used, "%s%s", each > 0 ? ", " : "",
                                 job_state_name(each));
    http_answer_problem(
        request, 400, NULL,
        "state=%.60s is no state of a job, there are: %s (a file that still changes is no job "
        "yet; status counts those)",
        state, names);
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
        answer_no_state(request, state);
        return;
    }
    if (folder && !*folder) { /* to the ledger it would be any */
        answer_no_folder(control, request, folder);
        return;
    }

    query = calloc(1, sizeof *query);
    if (query) {
        *query = (struct job_query){ .before = before,
                                     .state = state ? (int)wanted : -1,
                                     .limit = limit,
                                     .live_state = state ? (int)wanted : -1,
                                     .live_limit = limit };
        if (state && is_at_work(wanted)) {
            query->state = JOB_OPENING;
            query->limit = JOB_LIST_MAX;
        }
        snprintf(query->folder, sizeof query->folder, "%s", folder ?: "");
        request->folder = folder ? strdup(folder) : NULL;
    }
    control_ask(control, request, query);
}

static void get_job(struct control *control, struct request *request)
{
    struct job_query *query;

    if (!job_argument(request) || !wait_argument(request))
        return;

    query = calloc(1, sizeof *query);
    if (query)
        *query = (struct job_query){ .id = request->job, .state = -1, .limit = 1 };
    control_ask(control, request, query);
}

/* The ledger knows that a job was taken, and what came of it; what it is at in between is the loop's. */
static void set_live_state(const struct supervisor *supervisor, struct job_row *row)
{
    for (size_t i = 0; is_at_work(row->state) && i < supervisor->slot_count; i++) {
        const struct folder *folder = supervisor->folders[i];
        const struct job *job =
            folder && strcmp(folder->name, row->folder) == 0 ? folder_find_job(folder, row->id) : NULL;

        if (job && (job->state == JOB_RUNNING || job->state == JOB_PUBLISHING))
            row->state = job->state;
    }
}

static void answer_job(struct control *control, struct request *request, struct job_query *query)
{
    if (query->row_count > 0)
        set_live_state(control->supervisor, &query->rows[0]);
    if (query->row_count == 0)
        http_answer_problem(request, 404, NULL, "there is no job %llu", (unsigned long long)request->job);
    else if (job_state_is_end(query->rows[0].state) || is_over(request))
        http_answer(request, 200, snapshot_job(&query->rows[0]));
    else
        control_wait(control, request, true);
}

void routes_answer_query(struct control *control, struct request *request, struct job_query *query)
{
    json_t *jobs;

    if (query->id) {
        answer_job(control, request, query);
        return;
    }
    /* A folder that is configured no more may still have jobs. */
    if (query->row_count == 0 && request->folder &&
        !config_folder(control->supervisor->config, request->folder)) {
        answer_no_folder(control, request, request->folder);
        return;
    }
    jobs = json_array();
    for (size_t i = 0; i < query->row_count; i++) {
        set_live_state(control->supervisor, &query->rows[i]);
        if (query->live_state >= 0 && (int)query->rows[i].state != query->live_state)
            continue;
        if (json_array_size(jobs) == query->live_limit) {
            query->more = true;
            break;
        }
        json_array_append_new(jobs, snapshot_job(&query->rows[i]));
    }
    http_answer(request, 200, json_pack("{s:o, s:b}", "jobs", jobs, "more", query->more));
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
    const struct supervisor_options *options = control->supervisor->options;

    if (control->checking) {
        http_answer_problem(request, 503, NULL, "a check is under way; ask again");
        return;
    }
    if (errand_check_config(control->supervisor->event, &options->origin, options->worker_program, checked,
                            control) < 0) {
        http_answer_problem(request, 503, NULL, "no thread for the check could be started");
        return;
    }
    control->checking = request;
    http_wait(request);
}

static void post_reload(struct control *control, struct request *request)
{
    supervisor_reload(control->supervisor, request);
    if (!request->answered) /* suspended and resumed in one go, it would not be served */
        http_wait(request);
}

static void get_plan(struct control *control, struct request *request)
{
    const char *path = http_argument(request, "path"), *folder = http_argument(request, "folder");

    if (!path) {
        http_answer_problem(request, 400, NULL, "path= is missing: which file?");
        return;
    }
    if ((folder && !folder_called(control, request, folder)) || !control_ledger_answers(control, request))
        return;
    plan_start(control->supervisor, request, folder, path);
}

static void post_retry(struct control *control, struct request *request)
{
    if (job_argument(request))
        again_retry_job(control, request, request->job);
}

/* The state has to be given, so that nobody retries all by leaving something out. */
static void post_retry_all(struct control *control, struct request *request)
{
    const char *state = http_argument(request, "state"), *name = http_argument(request, "folder");
    const struct folder_conf *folder = name ? folder_called(control, request, name) : NULL;

    if (name && !folder)
        return;
    if (!state || strcmp(state, job_state_name(JOB_FAILED)) != 0)
        http_answer_problem(request, 400, NULL, "state=failed has to be given: no others are retried");
    else
        again_retry_failed(control, request, folder);
}

static void post_scan(struct control *control, struct request *request)
{
    const struct folder_conf *conf = folder_called(control, request, request->subject);
    const struct folder *folder = conf ? folders_find(control->supervisor, conf->name) : NULL;
    bool again;

    if (!conf || !boolean_argument(request, "again", false, &again))
        return;
    if (!folder || folder->news.state == FOLDER_LOST) {
        http_answer_problem(request, 409, NULL, "folder %s is lost%s%s; it is scanned when it returns",
                            conf->name, folder && folder->news.reason[0] ? ": " : "",
                            folder ? folder->news.reason : "");
        return;
    }
    if (again)
        again_make_folder(control, request, conf);
    else
        again_scan(control, request, conf);
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
    const char *method, *path; /* "*" stands for one component, which becomes request->subject */
    bool admin;                /* only for those who may change things */
    void (*handle)(struct control *control, struct request *request);
    const char *arguments[ARGUMENTS_MAX]; /* NULL-terminated */
} routes[] = {
    { "GET", "/v1/status", false, get_status, { "after", "wait" } },
    { "GET", "/v1/jobs", false, get_jobs, { "state", "folder", "before", "limit" } },
    { "GET", "/v1/jobs/*", false, get_job, { "wait" } },
    { "POST", "/v1/jobs/*/retry", true, post_retry, { NULL } },
    { "POST", "/v1/jobs/retry", true, post_retry_all, { "state", "folder" } },
    { "POST", "/v1/folders/*/scan", true, post_scan, { "again" } },
    { "GET", "/v1/plan", false, get_plan, { "path", "folder" } },
    { "POST", "/v1/check", false, post_check, { NULL } },
    { "POST", "/v1/reload", true, post_reload, { NULL } },
    { "GET", "/healthz", false, get_healthz, { NULL } },
    { "GET", "/readyz", false, get_readyz, { NULL } },
};

/* True when @path is of this form; then @ret_subject and @ret_length are what "*" stands for, if there is one. */
static bool matches(const char *form, const char *path, const char **ret_subject, size_t *ret_length)
{
    const char *star = strchr(form, '*');
    size_t before = star ? (size_t)(star - form) : strlen(form);
    size_t length;

    if (!star)
        return strcmp(form, path) == 0;
    if (strncmp(form, path, before) != 0)
        return false;

    length = strcspn(path + before, "/");
    if (length == 0 || strcmp(path + before + length, star + 1) != 0)
        return false;
    *ret_subject = path + before;
    *ret_length = length;
    return true;
}

static void serve(struct control *control, struct request *request, const struct route *route)
{
    const char *unknown = http_unknown_argument(request, route->arguments);
    const char *cut = http_cut_argument(request);
    char shown[100];

    if (unknown)
        http_answer_problem(request, 400, NULL, "%s does not go with this path",
                            text_escape(unknown, shown, sizeof shown));
    else if (cut)
        http_answer_problem(request, 400, NULL, "%s has a NUL in it", cut);
    else if (route->admin && !control_is_admin(control, request))
        http_answer_problem(request, 403, NULL,
                            "only root, the daemon's own user and members of AdminGroup= may do that");
    else
        route->handle(control, request);
}

static void refuse_method(struct request *request, const char *allowed)
{
    http_set_header(request, MHD_HTTP_HEADER_ALLOW, allowed);
    http_answer_problem(request, 405, NULL, "%.20s does not go with this path, but %s", request->method,
                        allowed);
}

void routes_serve(void *context, struct request *request)
{
    const struct control *control = context;
    char allowed[METHODS_BYTES] = "";

    if (control->closing) {
        http_answer_problem(request, 503, NULL, "darkroomd is stopping");
        return;
    }
    for (size_t i = 0; i < ARRAY_SIZE(routes); i++) {
        const char *subject = "";
        size_t length = 0, used = strlen(allowed);

        if (!matches(routes[i].path, request->path, &subject, &length))
            continue;
        if (strcmp(routes[i].method, request->method) != 0) {
            snprintf(allowed + used, sizeof allowed - used, "%s%s", used ? ", " : "", routes[i].method);
            continue;
        }
        request->subject = strndup(subject, length);
        if (request->subject)
            serve(context, request, &routes[i]);
        else
            http_answer_problem(request, 503, NULL, "memory is out; ask again");
        return;
    }
    if (allowed[0])
        refuse_method(request, allowed);
    else
        http_answer_problem(request, 404, NULL, "there is nothing at this path");
}
