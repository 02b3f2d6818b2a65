/* SPDX-License-Identifier: GPL-2.0-or-later */
/* url_path - see url_path.h. */
#include "supervisor/url_path.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The "unreserved" of RFC 3986, section 2.3; no locale decides. */
static bool is_plain(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || strchr("-._~", c);
}

/* The length of the directories that @a and @b have in common, with the slash behind them. */
static size_t common_length(const char *a, const char *b)
{
    size_t length = 0;

    for (size_t i = 0; a[i] && a[i] == b[i]; i++)
        if (a[i] == '/')
            length = i + 1;
    return length;
}

char *url_path(const char *from, const char *to)
{
    size_t common = common_length(from, to), size;
    char *text = NULL;
    FILE *stream = open_memstream(&text, &size);

    if (!stream)
        return NULL;

    for (from += common; (from = strchr(from, '/')); from++)
        fputs("../", stream);
    for (to += common; *to; to++)
        if (*to == '/' || is_plain(*to))
            fputc(*to, stream);
        else
            fprintf(stream, "%%%02X", (unsigned)(unsigned char)*to);

    if (fclose(stream) != 0) {
        free(text);
        return NULL;
    }
    return text;
}
