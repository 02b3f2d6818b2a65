/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* failure - see failure.h.
 *
 * Two tables say which errno a caller gets; everything else here makes the sentence. What the daemon answers is
 * tolerated: an error without a proper problem document still has its status. */
#include "client/failure.h"

#include <errno.h>
#include <jansson.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LENGTH(array) (sizeof(array) / sizeof((array)[0]))

static const struct {
    CURLcode code;
    int error;
} transfer_errors[] = {
    { CURLE_OPERATION_TIMEDOUT, ETIMEDOUT }, { CURLE_GOT_NOTHING, ECONNRESET },
    { CURLE_PARTIAL_FILE, ECONNRESET },      { CURLE_RECV_ERROR, ECONNRESET },
    { CURLE_SEND_ERROR, ECONNRESET },        { CURLE_OUT_OF_MEMORY, ENOMEM },
};

static const struct {
    int status;
    int error;
} status_errors[] = {
    { 400, EINVAL }, { 401, EACCES }, { 403, EACCES },     { 404, ENOENT }, { 405, EOPNOTSUPP },
    { 406, EPROTO }, { 408, EAGAIN }, { 409, EEXIST },     { 413, E2BIG },  { 414, E2BIG },
    { 422, EINVAL }, { 429, EAGAIN }, { 501, EOPNOTSUPP }, { 503, EAGAIN }, { 504, ETIMEDOUT },
};

void failure_clear(struct darkroom *dk)
{
    free(dk->problem);
    dk->problem = NULL;
    dk->error[0] = '\0';
    dk->http_status = 0;
}

int failure_note(struct darkroom *dk, int error, const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    vsnprintf(dk->error, sizeof(dk->error), format, arguments);
    va_end(arguments);
    return -error;
}

/* The errno of a connect() that failed; 0 when curl does not know it. */
static int connect_error(CURL *curl)
{
    long error = 0;

    if (curl_easy_getinfo(curl, CURLINFO_OS_ERRNO, &error) != CURLE_OK)
        return 0;
    return (int)error;
}

static int transfer_error(CURLcode code)
{
    for (size_t i = 0; i < LENGTH(transfer_errors); i++)
        if (transfer_errors[i].code == code)
            return transfer_errors[i].error;
    return EPROTO;
}

int failure_note_transfer(struct darkroom *dk, CURLcode code)
{
    int error;

    if (code == CURLE_COULDNT_CONNECT) {
        error = connect_error(dk->curl);
        return failure_note(dk, error ? error : ECONNREFUSED, "cannot reach darkroomd at %s: %s",
                            dk->socket_path, error ? strerrordesc_np(error) : curl_easy_strerror(code));
    }

    error = transfer_error(code);
    if (error == ETIMEDOUT)
        return failure_note(dk, error, "darkroomd at %s did not answer in time", dk->socket_path);
    if (error == ECONNRESET)
        return failure_note(dk, error, "darkroomd at %s went away without an answer", dk->socket_path);
    return failure_note(dk, error, "cannot talk to darkroomd at %s: %s", dk->socket_path,
                        curl_easy_strerror(code));
}

static int status_error(int status)
{
    for (size_t i = 0; i < LENGTH(status_errors); i++)
        if (status_errors[i].status == status)
            return status_errors[i].error;
    return status >= 500 ? EIO : EPROTO;
}

/* The detail says it all; a title is but the status in words. */
static int note_problem(struct darkroom *dk, const json_t *problem, int error)
{
    const char *title = json_string_value(json_object_get(problem, "title"));
    const char *detail = json_string_value(json_object_get(problem, "detail"));

    if (title || detail)
        return failure_note(dk, error, "%s", detail ? detail : title);
    return failure_note(dk, error, "darkroomd answered with HTTP status %d", dk->http_status);
}

int failure_note_answer(struct darkroom *dk, char *body, size_t size)
{
    int error = status_error(dk->http_status);
    json_t *problem = body ? json_loadb(body, size, 0, NULL) : NULL;
    int r = note_problem(dk, problem, error);

    if (json_is_object(problem))
        dk->problem = body;
    else
        free(body);
    json_decref(problem);
    return r;
}
