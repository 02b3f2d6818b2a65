/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* client - the inside of a handle; for the files of this folder only. */
#ifndef DARKROOM_CLIENT_CLIENT_H
#define DARKROOM_CLIENT_CLIENT_H

#include <darkroom.h>

#include <curl/curl.h>
#include <stdint.h>

enum { CLIENT_ERROR_BYTES_MAX = 1024 };

struct darkroom {
    CURL *curl;
    struct curl_slist *headers;
    char *socket_path;
    uint64_t answer_timeout_ms;

    /* of the last call */
    char error[CLIENT_ERROR_BYTES_MAX];
    char *problem;
    int http_status;
};

#endif
