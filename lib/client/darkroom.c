/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* darkroom - a handle's life.
 *
 * The connection is curl's business: it is made by the first request, kept, and made again when the daemon
 * closed it. Nothing from the environment (proxies) and no other protocol can lead a request elsewhere. */
#include "client/client.h"
#include "client/answer.h"
#include "client/failure.h"
#include "client/socket_path.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/un.h>

enum { ANSWER_TIMEOUT_MS_MAX = 24 * 60 * 60 * 1000 };

static int set_socket_path(struct darkroom *dk, const char *socket_path)
{
    int r = 0;

    if (socket_path) {
        dk->socket_path = strdup(socket_path);
        if (!dk->socket_path)
            return -ENOMEM;
    } else {
        r = socket_path_default(&dk->socket_path);
        if (r < 0)
            return r;
    }

    if (strlen(dk->socket_path) >= sizeof(((struct sockaddr_un *)NULL)->sun_path))
        return -ENAMETOOLONG;
    return 0;
}

/* The options that all requests share. */
static CURLcode set_options(struct darkroom *dk)
{
    CURL *curl = dk->curl;
    CURLcode code;

    code = curl_easy_setopt(curl, CURLOPT_UNIX_SOCKET_PATH, dk->socket_path);
    if (code == CURLE_OK)
        code = curl_easy_setopt(curl, CURLOPT_PROXY, "");
    if (code == CURLE_OK)
        code = curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "http");
    if (code == CURLE_OK)
        code = curl_easy_setopt(curl, CURLOPT_PATH_AS_IS, 1L);
    if (code == CURLE_OK)
        code = curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
    if (code == CURLE_OK)
        code = curl_easy_setopt(curl, CURLOPT_USERAGENT, "libdarkroom/" DARKROOM_VERSION);
    if (code == CURLE_OK)
        code = curl_easy_setopt(curl, CURLOPT_HTTPHEADER, dk->headers);
    if (code == CURLE_OK)
        code = curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, answer_append);
    return code;
}

static int start_curl(struct darkroom *dk)
{
    dk->curl = curl_easy_init();
    if (!dk->curl)
        return -ENOMEM;
    dk->headers = curl_slist_append(NULL, "Accept: application/json");
    if (!dk->headers)
        return -ENOMEM;

    return set_options(dk) == CURLE_OK ? 0 : -ENOMEM;
}

int darkroom_open(const char *socket_path, struct darkroom **ret)
{
    struct darkroom *dk;
    int r;

    /* Counted, and safe in threads since 7.84: each handle holds one, so the program need not know of curl. */
    if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK)
        return -ENOMEM;
    dk = calloc(1, sizeof(*dk));
    if (!dk) {
        curl_global_cleanup();
        return -ENOMEM;
    }
    dk->answer_timeout_ms = DARKROOM_ANSWER_TIMEOUT_MS;

    r = set_socket_path(dk, socket_path);
    if (r == 0)
        r = start_curl(dk);
    if (r < 0) {
        darkroom_close(dk);
        return r;
    }

    *ret = dk;
    return 0;
}

void darkroom_close(struct darkroom *dk)
{
    if (!dk)
        return;

    curl_easy_cleanup(dk->curl);
    curl_slist_free_all(dk->headers);
    free(dk->socket_path);
    free(dk->problem);
    free(dk);
    curl_global_cleanup();
}

void darkroom_set_answer_timeout(struct darkroom *dk, uint64_t timeout_ms)
{
    dk->answer_timeout_ms = timeout_ms < ANSWER_TIMEOUT_MS_MAX ? timeout_ms : ANSWER_TIMEOUT_MS_MAX;
}

const char *darkroom_socket_path(const struct darkroom *dk)
{
    return dk->socket_path;
}

const char *darkroom_error(const struct darkroom *dk)
{
    return dk->error;
}

int darkroom_http_status(const struct darkroom *dk)
{
    return dk->http_status;
}

const char *darkroom_problem(const struct darkroom *dk)
{
    return dk->problem;
}

void darkroom_free(char *json)
{
    free(json);
}
