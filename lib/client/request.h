/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* request - one question to the daemon and its answer.
 *
 * The first failure while a request is put together is kept, and told by request_perform(), so the calls in
 * between need no checks. */
#ifndef DARKROOM_CLIENT_REQUEST_H
#define DARKROOM_CLIENT_REQUEST_H

#include "client/client.h"

#include <stdbool.h>
#include <stdint.h>

struct request {
    struct darkroom *dk;
    CURLU *url;
    CURLUcode failed;
    bool post;
    uint64_t patience_ms; /* how long the answer may take beyond the usual */
};

/* Begins a GET of @path (from the root, escaped where needed). */
void request_init(struct request *request, struct darkroom *dk, const char *path);

/* Adds a parameter; NULL: none. */
void request_add_text(struct request *request, const char *name, const char *value);
void request_add_number(struct request *request, const char *name, uint64_t value);

/* Asks the daemon to wait, and waits as much longer for its answer; 0: neither. */
void request_add_wait(struct request *request, uint64_t wait_ms);

/* Sends the request, waits for the answer and releases @request. 0 and *@ret_json (the caller frees), or
 * -errno with the failure noted in the handle. */
int request_perform(struct request *request, char **ret_json);

#endif
