/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* answer - see answer.h. */
#include "client/answer.h"

#include <darkroom.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum { FIRST_BYTES = 16 << 10 };

/* Makes room for @needed bytes; doubling keeps a large answer's copying linear. */
static int answer_reserve(struct answer *answer, size_t needed)
{
    size_t allocated = answer->allocated ? answer->allocated : FIRST_BYTES;
    char *grown;

    if (needed <= answer->allocated)
        return 0;
    while (allocated < needed)
        allocated *= 2;

    grown = realloc(answer->data, allocated);
    if (!grown)
        return -ENOMEM;
    answer->data = grown;
    answer->allocated = allocated;
    return 0;
}

size_t answer_append(char *bytes, size_t one, size_t size, void *userdata)
{
    struct answer *answer = userdata;

    (void)one; /* always 1 */
    if (size > DARKROOM_ANSWER_BYTES_MAX - answer->size) {
        answer->error = EMSGSIZE;
        return 0;
    }
    if (answer_reserve(answer, answer->size + size + 1) < 0) {
        answer->error = ENOMEM;
        return 0;
    }

    memcpy(answer->data + answer->size, bytes, size);
    answer->size += size;
    answer->data[answer->size] = '\0';
    return size;
}

void answer_release(struct answer *answer)
{
    free(answer->data);
    *answer = (struct answer){ 0 };
}
