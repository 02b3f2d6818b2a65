/* SPDX-License-Identifier: GPL-2.0-or-later */
/* http - see http.h. libmicrohttpd's epoll descriptor is edge-triggered inside: after every MHD_run() its own
 * timeout is asked for and armed. A resumed connection is served by the next run. */
#include "supervisor/http.h"

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/text.h"
#include "supervisor/event_order.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { REAL_DIGITS = 15 }; /* what a double keeps of a decimal number */

struct http {
    struct MHD_Daemon *daemon;
    http_router *router;
    void *context;
    sd_event_source *io_source, *timer_source;
};

static void run(struct http *http)
{
    MHD_UNSIGNED_LONG_LONG timeout_ms;

    MHD_run(http->daemon);
    if (MHD_get_timeout(http->daemon, &timeout_ms) == MHD_YES) {
        sd_event_source_set_time(http->timer_source, monotonic_us() + timeout_ms * USEC_PER_MSEC);
        sd_event_source_set_enabled(http->timer_source, SD_EVENT_ONESHOT);
    } else {
        sd_event_source_set_enabled(http->timer_source, SD_EVENT_OFF);
    }
}

static int on_io(sd_event_source *source, int fd, uint32_t events, void *userdata)
{
    (void)source;
    (void)fd;
    (void)events;
    run(userdata);
    return 0;
}

static int on_timer(sd_event_source *source, uint64_t now, void *userdata)
{
    (void)source;
    (void)now;
    run(userdata);
    return 0;
}

static enum MHD_Result send_answer(struct request *request)
{
    const char *body = request->body ?: "";
    struct MHD_Response *response =
        MHD_create_response_from_buffer(strlen(body), (void *)body, MHD_RESPMEM_MUST_COPY);
    enum MHD_Result result;

    if (!response)
        return MHD_NO;
    MHD_add_response_header(response, MHD_HTTP_HEADER_CONTENT_TYPE, request->content_type);
    MHD_add_response_header(response, MHD_HTTP_HEADER_CACHE_CONTROL, "no-store");
    if (request->header)
        MHD_add_response_header(response, request->header, request->header_value);
    result = MHD_queue_response(request->connection, request->status, response);
    MHD_destroy_response(response);
    return result;
}

/* Called for a request's headers, for each part of its body (which nobody wants), at its end, and once more
 * when it is resumed. */
static enum MHD_Result on_request(void *userdata, struct MHD_Connection *connection, const char *url,
                                  const char *method, const char *version, const char *upload,
                                  size_t *upload_size, void **state)
{
    struct http *http = userdata;
    struct request *request = *state;

    (void)version;
    (void)upload;
    if (!request) {
        request = calloc(1, sizeof *request);
        if (!request)
            return MHD_NO;
        *request =
            (struct request){ .http = http, .connection = connection, .method = method, .path = strdup(url) };
        *state = request;
        return request->path ? MHD_YES : MHD_NO;
    }
    if (*upload_size > 0) {
        *upload_size = 0;
        return MHD_YES;
    }

    if (!request->routed) {
        request->routed = true;
        http->router(http->context, request);
    }
    return request->answered ? send_answer(request) : MHD_YES;
}

static void on_completed(void *userdata, struct MHD_Connection *connection, void **state,
                         enum MHD_RequestTerminationCode how)
{
    struct request *request = *state;

    (void)userdata;
    (void)connection;
    (void)how;
    if (!request)
        return;
    free(request->path);
    free(request->subject);
    free(request->folder);
    free(request->body);
    free(request);
    *state = NULL;
}

static int watch_daemon(struct http *http, sd_event *event)
{
    const union MHD_DaemonInfo *info = MHD_get_daemon_info(http->daemon, MHD_DAEMON_INFO_EPOLL_FD);
    int r;

    if (!info)
        return -ENOTSUP;
    r = sd_event_add_io(event, &http->io_source, info->epoll_fd, EPOLLIN, on_io, http);
    if (r < 0)
        return r;
    r = sd_event_source_set_priority(http->io_source, ORDER_CONTROL);
    if (r < 0)
        return r;
    r = sd_event_add_time(event, &http->timer_source, CLOCK_MONOTONIC, 0, USEC_PER_MSEC, on_timer, http);
    if (r < 0)
        return r;
    sd_event_source_set_enabled(http->timer_source, SD_EVENT_OFF);
    return sd_event_source_set_priority(http->timer_source, ORDER_CONTROL);
}

int http_start(sd_event *event, int fd, http_router *router, void *context, struct http **ret)
{
    struct http *http = calloc(1, sizeof *http);
    int r;

    if (!http) {
        close_fd(fd);
        return -ENOMEM;
    }
    *http = (struct http){ .router = router, .context = context };
    http->daemon = MHD_start_daemon(
        MHD_USE_EPOLL | MHD_ALLOW_SUSPEND_RESUME | MHD_USE_ITC, 0, NULL, NULL, on_request, http,
        MHD_OPTION_LISTEN_SOCKET, fd, MHD_OPTION_CONNECTION_LIMIT, (unsigned)HTTP_CONNECTIONS_MAX,
        MHD_OPTION_CONNECTION_TIMEOUT, (unsigned)HTTP_IDLE_TIMEOUT_S, MHD_OPTION_CONNECTION_MEMORY_LIMIT,
        (size_t)HTTP_REQUEST_BYTES_MAX, MHD_OPTION_NOTIFY_COMPLETED, on_completed, http, MHD_OPTION_END);
    if (!http->daemon) {
        close_fd(fd);
        free(http);
        return -EIO;
    }
    r = watch_daemon(http, event);
    if (r < 0) {
        http_free(http);
        return r;
    }

    *ret = http;
    return 0;
}

void http_free(struct http *http)
{
    if (!http)
        return;
    MHD_run(http->daemon); /* answers that were given last */
    MHD_stop_daemon(http->daemon);
    sd_event_source_disable_unref(http->io_source);
    sd_event_source_disable_unref(http->timer_source);
    free(http);
}

void http_wait(struct request *request)
{
    request->suspended = true;
    MHD_suspend_connection(request->connection);
}

static void answer(struct request *request, unsigned status, const char *content_type, char *body)
{
    request->answered = true;
    request->status = body ? status : MHD_HTTP_INTERNAL_SERVER_ERROR;
    request->content_type = content_type;
    request->body = body;
    if (request->suspended) {
        request->suspended = false;
        MHD_resume_connection(request->connection);
        /* The edge-triggered descriptor does not tell of it: the next turn of the loop has to run the daemon. */
        sd_event_source_set_time(request->http->timer_source, 0);
        sd_event_source_set_enabled(request->http->timer_source, SD_EVENT_ONESHOT);
    }
}

char *http_render(json_t *json)
{
    char *text = json ? json_dumps(json, JSON_COMPACT | JSON_REAL_PRECISION(REAL_DIGITS)) : NULL;

    json_decref(json);
    return text;
}

void http_answer(struct request *request, unsigned status, json_t *json)
{
    answer(request, status, "application/json", http_render(json));
}

void http_answer_rendered(struct request *request, unsigned status, const char *text)
{
    answer(request, status, "application/json", text ? strdup(text) : NULL);
}

void http_answer_text(struct request *request, unsigned status, const char *text)
{
    answer(request, status, "text/plain; charset=utf-8", strdup(text));
}

void http_answer_problem(struct request *request, unsigned status, json_t *problems, const char *format, ...)
{
    char text[512], detail[4 * sizeof text];
    va_list args;
    json_t *json;

    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    text_drop_cut_character(text);
    if (text_is_utf8(text, strlen(text)))
        snprintf(detail, sizeof detail, "%s", text);
    else
        text_escape(text, detail, sizeof detail); /* an argument's bytes, which JSON cannot hold */

    json = json_pack("{s:s, s:s, s:i, s:s}", "type", "about:blank", "title",
                     MHD_get_reason_phrase_for(status), "status", (int)status, "detail", detail);
    if (json && problems)
        json_object_set(json, "problems", problems);
    json_decref(problems);
    answer(request, status, "application/problem+json", http_render(json));
}

void http_set_header(struct request *request, const char *name, const char *value)
{
    request->header = name;
    snprintf(request->header_value, sizeof request->header_value, "%s", value);
}

struct argument_search {
    const char *const *known;
    const char *unknown;
};

static enum MHD_Result on_argument(void *context, enum MHD_ValueKind kind, const char *key, const char *value)
{
    struct argument_search *search = context;

    (void)kind;
    (void)value;
    for (const char *const *known = search->known; *known; known++)
        if (strcmp(*known, key) == 0)
            return MHD_YES;
    search->unknown = key;
    return MHD_NO;
}

const char *http_unknown_argument(const struct request *request, const char *const *known)
{
    struct argument_search search = { .known = known };

    MHD_get_connection_values(request->connection, MHD_GET_ARGUMENT_KIND, on_argument, &search);
    return search.unknown;
}

static enum MHD_Result on_value(void *context, enum MHD_ValueKind kind, const char *key, size_t key_size,
                                const char *value, size_t value_size)
{
    const char **cut = context;

    (void)kind;
    (void)key_size;
    if (!value || strlen(value) == value_size)
        return MHD_YES;
    *cut = key;
    return MHD_NO;
}

const char *http_cut_argument(const struct request *request)
{
    const char *cut = NULL;

    MHD_get_connection_values_n(request->connection, MHD_GET_ARGUMENT_KIND, on_value, &cut);
    return cut;
}

const char *http_argument(const struct request *request, const char *name)
{
    return MHD_lookup_connection_value(request->connection, MHD_GET_ARGUMENT_KIND, name);
}

int http_socket(const struct request *request)
{
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(request->connection, MHD_CONNECTION_INFO_CONNECTION_FD);

    return info ? info->connect_fd : -1;
}
