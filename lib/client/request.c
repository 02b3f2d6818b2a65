/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* request - see request.h.
 *
 * curl's URL object does all the escaping, so no name can break out of its parameter. */
#include "client/request.h"

#include "client/answer.h"
#include "client/failure.h"

#include <errno.h>
#include <inttypes.h>
#include <jansson.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>

#define ORIGIN "http://darkroom" /* the Host: header; nothing is resolved */

enum { WAIT_MS_MAX = 24 * 60 * 60 * 1000 }; /* a day; also keeps curl's long from overflowing */

void request_init(struct request *request, struct darkroom *dk, const char *path)
{
    *request = (struct request){ .dk = dk, .url = curl_url() };

    if (!request->url) {
        request->failed = CURLUE_OUT_OF_MEMORY;
        return;
    }
    request->failed = curl_url_set(request->url, CURLUPART_URL, ORIGIN, 0);
    if (request->failed == CURLUE_OK)
        request->failed = curl_url_set(request->url, CURLUPART_PATH, path, 0);
}

static void add_parameter(struct request *request, const char *parameter)
{
    if (request->failed == CURLUE_OK)
        request->failed =
            curl_url_set(request->url, CURLUPART_QUERY, parameter, CURLU_APPENDQUERY | CURLU_URLENCODE);
}

void request_add_text(struct request *request, const char *name, const char *value)
{
    char *parameter;

    if (!value)
        return;
    if (asprintf(&parameter, "%s=%s", name, value) < 0) {
        request->failed = CURLUE_OUT_OF_MEMORY;
        return;
    }

    add_parameter(request, parameter);
    free(parameter);
}

void request_add_number(struct request *request, const char *name, uint64_t value)
{
    char text[24];

    snprintf(text, sizeof(text), "%" PRIu64, value);
    request_add_text(request, name, text);
}

void request_add_wait(struct request *request, uint64_t wait_ms)
{
    char text[24];

    if (wait_ms == 0)
        return;
    request->patience_ms = wait_ms < WAIT_MS_MAX ? wait_ms : WAIT_MS_MAX;
    snprintf(text, sizeof(text), "%" PRIu64 "ms", request->patience_ms);
    request_add_text(request, "wait", text);
}

static CURLcode set_method(CURL *curl, bool post)
{
    CURLcode code;

    if (!post)
        return curl_easy_setopt(curl, CURLOPT_HTTPGET, 1L);

    code = curl_easy_setopt(curl, CURLOPT_POSTFIELDS, "");
    return code ? code : curl_easy_setopt(curl, CURLOPT_POSTFIELDSIZE, 0L);
}

/* Runs the exchange into @answer. */
static CURLcode exchange(struct request *request, struct answer *answer)
{
    CURL *curl = request->dk->curl;
    uint64_t timeout_ms = request->patience_ms + request->dk->answer_timeout_ms;
    CURLcode code;

    code = curl_easy_setopt(curl, CURLOPT_CURLU, request->url);
    if (code == CURLE_OK)
        code = set_method(curl, request->post);
    if (code == CURLE_OK)
        code = curl_easy_setopt(curl, CURLOPT_WRITEDATA, answer);
    if (code == CURLE_OK)
        code = curl_easy_setopt(curl, CURLOPT_TIMEOUT_MS, (long)timeout_ms);
    if (code == CURLE_OK)
        code = curl_easy_perform(curl);

    /* Neither outlives this call. */
    curl_easy_setopt(curl, CURLOPT_CURLU, NULL);
    curl_easy_setopt(curl, CURLOPT_WRITEDATA, NULL);
    return code;
}

static int http_status(CURL *curl)
{
    long status = 0;

    if (curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &status) != CURLE_OK)
        return 0;
    return (int)status;
}

static bool is_json(const struct answer *answer)
{
    json_t *json = answer->data ? json_loadb(answer->data, answer->size, 0, NULL) : NULL;
    bool ok = json != NULL;

    json_decref(json);
    return ok;
}

static int note_answer_error(struct darkroom *dk, int error)
{
    if (error == EMSGSIZE)
        return failure_note(dk, error, "darkroomd's answer is larger than %d MiB",
                            DARKROOM_ANSWER_BYTES_MAX >> 20);
    return failure_note(dk, error, "memory is out");
}

/* Looks at what came back and gives it to the caller, or to the handle as its last failure. */
static int take_answer(struct darkroom *dk, CURLcode code, struct answer *answer, char **ret_json)
{
    char *body = answer->data;

    if (answer->error)
        return note_answer_error(dk, answer->error);
    if (code != CURLE_OK)
        return failure_note_transfer(dk, code);

    dk->http_status = http_status(dk->curl);
    if (dk->http_status < 200 || dk->http_status >= 300) {
        answer->data = NULL;
        return failure_note_answer(dk, body, answer->size);
    }
    if (!is_json(answer))
        return failure_note(dk, EPROTO, "what answers at %s is not darkroomd: the answer is not JSON",
                            dk->socket_path);

    answer->data = NULL;
    *ret_json = body;
    return 0;
}

static int note_url_error(struct darkroom *dk, CURLUcode failed)
{
    if (failed == CURLUE_OUT_OF_MEMORY)
        return failure_note(dk, ENOMEM, "memory is out");
    return failure_note(dk, EINVAL, "cannot ask darkroomd that: %s", curl_url_strerror(failed));
}

int request_perform(struct request *request, char **ret_json)
{
    struct answer answer = { 0 };
    int r;

    failure_clear(request->dk);
    if (request->failed != CURLUE_OK)
        r = note_url_error(request->dk, request->failed);
    else
        r = take_answer(request->dk, exchange(request, &answer), &answer, ret_json);

    answer_release(&answer);
    curl_url_cleanup(request->url);
    return r;
}
