/* SPDX-License-Identifier: GPL-2.0-or-later */
/* problems - see problems.h. */
#include "base/problems.h"

#include "base/cleanup.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int problems_add(struct problems *problems, const char *where, const char *format, ...)
{
    struct problem *list;
    struct problem problem = { 0 };
    va_list args;
    int length;

    if (problems->count >= PROBLEMS_MAX)
        return -EINVAL;

    va_start(args, format);
    length = vasprintf(&problem.text, format, args);
    va_end(args);
    if (length < 0)
        problem.text = NULL;
    problem.where = strdup(where);

    list = reallocarray(problems->list, problems->count + 1, sizeof *list);
    if (!list) {
        free(problem.text);
        free(problem.where);
        return -EINVAL;
    }

    problems->list = list;
    problems->list[problems->count++] = problem;
    return -EINVAL;
}

char *problems_text(const struct problems *problems)
{
    char *text = NULL;
    size_t size = 0;
    FILE *stream = open_memstream(&text, &size);

    if (!stream)
        return NULL;

    for (size_t i = 0; i < problems->count; i++)
        fprintf(stream, "%s: %s\n", problems->list[i].where ?: "?",
                problems->list[i].text ?: "out of memory");

    if (fclose(stream) != 0) {
        free(text);
        return NULL;
    }
    return text;
}

void problems_release(struct problems *problems)
{
    for (size_t i = 0; i < problems->count; i++) {
        free(problems->list[i].where);
        free(problems->list[i].text);
    }
    free(problems->list);
    *problems = (struct problems){ 0 };
}
