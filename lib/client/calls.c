/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* calls - the questions of darkroom.h: which path, which parameters. */
#include "client/failure.h"
#include "client/request.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

/* Every file is read and, for a reload, a worker is started and tries itself out; twice, when another one is under
 * way. */
enum { CHECK_PATIENCE_MS = 60000, RELOAD_PATIENCE_MS = 120000 };

/* A plan waits for a worker, and retries of a million jobs go over as many rows. */
enum { PLAN_PATIENCE_MS = 60000, AGAIN_PATIENCE_MS = 600000 };

int darkroom_status(struct darkroom *dk, char **ret_json)
{
    struct request request;

    request_init(&request, dk, "/v1/status");
    return request_perform(&request, ret_json);
}

int darkroom_status_wait(struct darkroom *dk, uint64_t after, uint64_t timeout_ms, char **ret_json)
{
    struct request request;

    request_init(&request, dk, "/v1/status");
    request_add_number(&request, "after", after);
    request_add_wait(&request, timeout_ms);
    return request_perform(&request, ret_json);
}

static bool is_reserved_zero(const struct darkroom_jobs_filter *filter)
{
    for (size_t i = 0; i < sizeof(filter->reserved) / sizeof(filter->reserved[0]); i++)
        if (filter->reserved[i] != 0)
            return false;
    return true;
}

int darkroom_jobs(struct darkroom *dk, const struct darkroom_jobs_filter *filter, char **ret_json)
{
    static const struct darkroom_jobs_filter any = { 0 };
    struct request request;

    if (!filter)
        filter = &any;
    if (!is_reserved_zero(filter)) {
        failure_clear(dk);
        return failure_note(dk, EINVAL, "the filter asks for what this version of libdarkroom does not know");
    }

    request_init(&request, dk, "/v1/jobs");
    request_add_text(&request, "state", filter->state);
    request_add_text(&request, "folder", filter->folder);
    request_add_text(&request, "before", filter->before);
    if (filter->limit > 0)
        request_add_number(&request, "limit", filter->limit);
    return request_perform(&request, ret_json);
}

/* @before, @name (of any bytes) as one component, @after. */
static int name_path(struct darkroom *dk, const char *before, const char *name, const char *after, char **ret)
{
    char *escaped = curl_easy_escape(dk->curl, name, 0);
    int n;

    if (!escaped)
        return -ENOMEM;
    n = asprintf(ret, "%s%s%s", before, escaped, after);
    curl_free(escaped);
    return n < 0 ? -ENOMEM : 0;
}

int darkroom_job(struct darkroom *dk, const char *id, uint64_t wait_ms, char **ret_json)
{
    struct request request;
    char *path;

    failure_clear(dk);
    if (*id == '\0')
        return failure_note(dk, EINVAL, "a job's id is not empty");
    if (name_path(dk, "/v1/jobs/", id, "", &path) < 0)
        return failure_note(dk, ENOMEM, "memory is out");

    request_init(&request, dk, path);
    request_add_wait(&request, wait_ms);
    free(path);
    return request_perform(&request, ret_json);
}

int darkroom_check(struct darkroom *dk, char **ret_json)
{
    struct request request;

    request_init(&request, dk, "/v1/check");
    request.post = true;
    request.patience_ms = CHECK_PATIENCE_MS;
    return request_perform(&request, ret_json);
}

int darkroom_reload(struct darkroom *dk, char **ret_json)
{
    struct request request;

    request_init(&request, dk, "/v1/reload");
    request.post = true;
    request.patience_ms = RELOAD_PATIENCE_MS;
    return request_perform(&request, ret_json);
}

int darkroom_plan(struct darkroom *dk, const char *path, const char *folder, char **ret_json)
{
    struct request request;

    request_init(&request, dk, "/v1/plan");
    request_add_text(&request, "path", path);
    request_add_text(&request, "folder", folder);
    request.patience_ms = PLAN_PATIENCE_MS;
    return request_perform(&request, ret_json);
}

int darkroom_retry(struct darkroom *dk, const char *id, char **ret_json)
{
    struct request request;
    char *path;

    failure_clear(dk);
    if (*id == '\0')
        return failure_note(dk, EINVAL, "a job's id is not empty");
    if (name_path(dk, "/v1/jobs/", id, "/retry", &path) < 0)
        return failure_note(dk, ENOMEM, "memory is out");

    request_init(&request, dk, path);
    request.post = true;
    free(path);
    return request_perform(&request, ret_json);
}

int darkroom_retry_failed(struct darkroom *dk, const char *folder, char **ret_json)
{
    struct request request;

    request_init(&request, dk, "/v1/jobs/retry");
    request_add_text(&request, "state", "failed");
    request_add_text(&request, "folder", folder);
    request.post = true;
    request.patience_ms = AGAIN_PATIENCE_MS;
    return request_perform(&request, ret_json);
}

int darkroom_scan(struct darkroom *dk, const char *folder, int again, char **ret_json)
{
    struct request request;
    char *path;

    failure_clear(dk);
    if (*folder == '\0')
        return failure_note(dk, EINVAL, "a folder's name is not empty");
    if (name_path(dk, "/v1/folders/", folder, "/scan", &path) < 0)
        return failure_note(dk, ENOMEM, "memory is out");

    request_init(&request, dk, path);
    if (again)
        request_add_text(&request, "again", "yes");
    request.post = true;
    request.patience_ms = AGAIN_PATIENCE_MS;
    free(path);
    return request_perform(&request, ret_json);
}
