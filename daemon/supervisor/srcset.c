/* SPDX-License-Identifier: GPL-2.0-or-later */
/* srcset - see srcset.h. */
#include "supervisor/srcset.h"

#include "base/cleanup.h"
#include "supervisor/url_path.h"

#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>

enum { FIRST_PAGE = 1 };

static bool is_candidate(const struct job *job, const struct job_output *made, size_t output,
                         enum format format)
{
    const struct rendition *rendition;

    if (!made->made || made->page != FIRST_PAGE || made->rendition >= job->recipe->rendition_count)
        return false;
    rendition = &job->recipe->renditions[made->rendition];
    if (format_info(format)->tiles)
        return false; /* no picture that a browser could show */
    return rendition->output == output && rendition->format == format;
}

/* The narrowest that is wider than @width, and of several the first in the recipe; NULL when there is none. */
static const struct job_output *next_wider(const struct job *job, size_t output, enum format format,
                                           uint32_t width)
{
    const struct job_output *next = NULL;

    for (size_t i = 0; i < job->output_count; i++) {
        const struct job_output *made = &job->outputs[i];

        if (!is_candidate(job, made, output, format) || made->width <= width)
            continue;
        if (!next || made->width < next->width ||
            (made->width == next->width && made->rendition < next->rendition))
            next = made;
    }
    return next;
}

static int write_candidates(const struct job *job, size_t output, enum format format, const char *from,
                            FILE *stream)
{
    const struct job_output *next = next_wider(job, output, format, 0);
    const char *separator = "";

    for (; next; next = next_wider(job, output, format, next->width)) {
        _cleanup_free_ char *path = url_path(from, next->path);

        if (!path)
            return -1;
        fprintf(stream, "%s%s %" PRIu32 "w", separator, path, next->width);
        separator = ", ";
    }
    return 0;
}

char *srcset_make(const struct job *job, size_t output, enum format format, const char *from)
{
    char *text = NULL;
    size_t size;
    FILE *stream = open_memstream(&text, &size);
    int r;

    if (!stream)
        return NULL;

    r = write_candidates(job, output, format, from, stream);
    if (fclose(stream) != 0 || r < 0) {
        free(text);
        return NULL;
    }
    return text;
}
