/* SPDX-License-Identifier: GPL-2.0-or-later */
/* complaint - see complaint.h. libvips collects messages of all libraries below it, a line each and often the
 * same line many times; they may quote bytes of the picture. */
#include "image/complaint.h"

#include "base/cleanup.h"
#include "base/text.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

enum { LINES_MAX = 3 };

/* How the libraries say that a picture ends too early; "truncated" itself needs no explanation. */
static const char *const truncated_phrases[] = {
    "premature end", "end of input", "end of stream", "unexpected end", "not enough data",
};

static bool mentions(const char *text, const char *phrase)
{
    return strcasestr(text, phrase) != NULL;
}

static bool is_about_early_end(const char *text)
{
    if (mentions(text, "truncated"))
        return false;
    for (size_t i = 0; i < ARRAY_SIZE(truncated_phrases); i++)
        if (mentions(text, truncated_phrases[i]))
            return true;
    return false;
}

/* Appends @line, unless @joined has it already. True when it was new. */
static bool join_line(char *joined, size_t size, const char *line)
{
    size_t used = strlen(joined);

    if (line[0] == '\0' || strstr(joined, line))
        return false;
    snprintf(joined + used, size - used, "%s%s", used > 0 ? "; " : "", line);
    return true;
}

static bool is_warning(const char *line)
{
    return strncmp(line, COMPLAINT_WARNING ": ", strlen(COMPLAINT_WARNING ": ")) == 0;
}

/* Joins up to @lines lines of @message that are warnings, or that are not. Returns how many more may be. */
static unsigned join_lines(char *joined, size_t size, const char *message, bool warnings, unsigned lines)
{
    while (lines > 0 && message[0] != '\0') {
        size_t length = strcspn(message, "\n");
        char line[200];

        snprintf(line, sizeof line, "%.*s", (int)(length < sizeof line ? length : sizeof line - 1), message);
        if (is_warning(line) == warnings)
            lines -= join_line(joined, size, line + (warnings ? strlen(COMPLAINT_WARNING ": ") : 0));
        message += length + (message[length] == '\n');
    }
    return lines;
}

int complaint(struct error *error, enum error_class class, enum error_stage stage, const char *what,
              const char *message)
{
    bool memory = mentions(message, "out of memory") || mentions(message, "insufficient memory");
    char joined[320] = "", escaped[4 * sizeof joined];
    unsigned lines = LINES_MAX;

    lines = join_lines(joined, sizeof joined, message, false, lines);
    join_lines(joined, sizeof joined, message, true, lines);
    if (joined[0] == '\0')
        snprintf(joined, sizeof joined, "no reason was given");

    return error_set(error, memory ? ENOMEM : EBADMSG, memory ? CLASS_MEMORY : class, stage, "%s: %s%s", what,
                     is_about_early_end(message) ? "truncated: " : "",
                     text_escape(joined, escaped, sizeof escaped));
}
