/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* answer - the growing body of an answer, up to DARKROOM_ANSWER_BYTES_MAX. */
#ifndef DARKROOM_CLIENT_ANSWER_H
#define DARKROOM_CLIENT_ANSWER_H

#include <stddef.h>

struct answer {
    char *data; /* NUL-terminated, or NULL while empty */
    size_t size, allocated;
    int error; /* why no more was taken: EMSGSIZE, ENOMEM, or 0 */
};

/* Takes @size bytes; a curl_write_callback, with a struct answer. Returns @size, or 0 with ->error set. */
size_t answer_append(char *bytes, size_t one, size_t size, void *answer);

/* Frees the body; @answer is all zero afterwards. */
void answer_release(struct answer *answer);

#endif
