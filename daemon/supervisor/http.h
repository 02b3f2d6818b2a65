/* SPDX-License-Identifier: GPL-2.0-or-later */
/* http - libmicrohttpd inside the event loop: requests in, answers out, now or later.
 *
 * Mechanism only: which path does what is in routes.c. A request that cannot be answered at once is suspended
 * by http_wait() and answered later with http_answer(); thousands may wait. Event loop's thread. */
#ifndef DARKROOM_SUPERVISOR_HTTP_H
#define DARKROOM_SUPERVISOR_HTTP_H

#include <jansson.h>
#include <microhttpd.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/queue.h>
#include <systemd/sd-event.h>

enum {
    HTTP_CONNECTIONS_MAX = 8192,
    HTTP_IDLE_TIMEOUT_S = 300,
    HTTP_REQUEST_BYTES_MAX = 16 << 10, /* a path of 4096 bytes, each as %XX, and headers */
};

struct http;
struct plan;

struct request {
    struct http *http;
    struct MHD_Connection *connection;
    const char *method;
    char *path; /* owned */
    bool routed, answered, suspended;
    unsigned status;
    char *body;
    const char *content_type;
    const char *header; /* one more, or NULL */
    char header_value[80];
    char *subject; /* the part of the path that stands for "*" in its route; owned */

    /* For whoever it waits for. */
    uint64_t after;       /* status: a sequence number */
    uint64_t job;         /* jobs/ID: its number */
    char *folder;         /* jobs: of this folder only; owned */
    struct plan *plan;    /* plan: who it waits for */
    uint64_t deadline_us; /* monotonic; 0: does not wait */
    TAILQ_ENTRY(request) link;
};

TAILQ_HEAD(request_list, request);

/* Answers @request, or calls http_wait(). */
typedef void http_router(void *context, struct request *request);

/* Serves on the listening socket @fd (taken over). 0 or -errno. */
int http_start(sd_event *event, int fd, http_router *router, void *context, struct http **ret);

/* Ends every connection and frees. No request may be waiting. Accepts NULL. */
void http_free(struct http *http);

/* The answer comes later. */
void http_wait(struct request *request);

/* Answers with JSON; the reference @json is taken. */
void http_answer(struct request *request, unsigned status, json_t *json);

/* The same with a text, which may be for many: what http_render() makes of @json, whose reference is taken. Free it; NULL
 * without memory, which is answered as such. */
char *http_render(json_t *json);
void http_answer_rendered(struct request *request, unsigned status, const char *text);

/* Answers with plain text (copied). */
void http_answer_text(struct request *request, unsigned status, const char *text);

/* Answers application/problem+json (RFC 9457); @problems (taken; may be NULL) becomes its "problems". */
void http_answer_problem(struct request *request, unsigned status, json_t *problems, const char *format, ...)
    __attribute__((format(printf, 4, 5)));

/* Gives the answer one more header; @name is a literal, @value is copied. Before the answer. */
void http_set_header(struct request *request, const char *name, const char *value);

/* The name of a query argument that is not one of @known (NULL-terminated), or NULL. */
const char *http_unknown_argument(const struct request *request, const char *const *known);

/* The name of a query argument whose value has a NUL in it and would be cut there, or NULL. */
const char *http_cut_argument(const struct request *request);

/* A query argument, or NULL. */
const char *http_argument(const struct request *request, const char *name);

/* The client's socket. */
int http_socket(const struct request *request);

#endif
