/* SPDX-License-Identifier: GPL-2.0-or-later */
/* problems - all that is wrong with a configuration, each with its place, so that one check shows everything.
 *
 * Single-threaded; owned by whoever started the check. */
#ifndef DARKROOM_BASE_PROBLEMS_H
#define DARKROOM_BASE_PROBLEMS_H

#include <stddef.h>

struct problem {
    char *where; /* "file:line:column", "file" or a path */
    char *text;  /* what is wrong and what to do */
};

struct problems {
    struct problem *list;
    size_t count;
};

enum { PROBLEMS_MAX = 1000 }; /* what comes after is dropped: nobody reads that far */

/* Adds one; always returns -EINVAL, so that a refusal is one statement. */
int problems_add(struct problems *problems, const char *where, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* All of them as "WHERE: TEXT\n" lines; the caller frees. NULL when memory is out. */
char *problems_text(const struct problems *problems);

/* Frees the list; @problems is empty afterwards and may be used again. */
void problems_release(struct problems *problems);

#endif
