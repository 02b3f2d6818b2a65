/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* calls - the questions of darkroom.h: which path, which parameters. */
#include "client/failure.h"
#include "client/request.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

/* Every file is read and, for a reload, a worker is started and tries itself out. */
enum { CONFIGURATION_PATIENCE_MS = 60000 };

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

/* "/v1/jobs/ID", for ids of any bytes. */
static int job_path(struct darkroom *dk, const char *id, char **ret)
{
    char *escaped = curl_easy_escape(dk->curl, id, 0);
    int n;

    if (!escaped)
        return -ENOMEM;
    n = asprintf(ret, "/v1/jobs/%s", escaped);
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
    if (job_path(dk, id, &path) < 0)
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
    request.patience_ms = CONFIGURATION_PATIENCE_MS;
    return request_perform(&request, ret_json);
}

int darkroom_reload(struct darkroom *dk, char **ret_json)
{
    struct request request;

    request_init(&request, dk, "/v1/reload");
    request.post = true;
    request.patience_ms = CONFIGURATION_PATIENCE_MS;
    return request_perform(&request, ret_json);
}
