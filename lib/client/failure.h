/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* failure - what went wrong in a call, as an errno and as a sentence. */
#ifndef DARKROOM_CLIENT_FAILURE_H
#define DARKROOM_CLIENT_FAILURE_H

#include "client/client.h"

#include <stddef.h>

/* Forgets the last call's. */
void failure_clear(struct darkroom *dk);

/* Notes a failure of our own; returns -@error. */
int failure_note(struct darkroom *dk, int error, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* Notes that there was no answer: curl's @code. Returns its -errno. */
int failure_note_transfer(struct darkroom *dk, CURLcode code);

/* Notes an answer that is an error (dk->http_status) and takes @body, its problem document, over: the body is
 * dk's from now on or freed. Returns the status's -errno. */
int failure_note_answer(struct darkroom *dk, char *body, size_t size);

#endif
