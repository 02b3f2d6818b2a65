/* SPDX-License-Identifier: GPL-2.0-or-later */
/* progress - see progress.h. */
#include "supervisor/progress.h"

#include "base/clock.h"
#include "base/text.h"

#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#define ERASE_LINE "\r\x1b[K"

enum { COLUMNS_DEFAULT = 80, BAR_MIN = 10, BAR_MAX = 40, TEXT_MAX = 512 };

static unsigned terminal_columns(int fd)
{
    struct winsize size;

    return ioctl(fd, TIOCGWINSZ, &size) == 0 && size.ws_col > 0 ? size.ws_col : COLUMNS_DEFAULT;
}

/* " 120/400, 1 failed, 35.2/s, 8.0 s left" */
static void describe(const struct progress_counts *counts, char *buffer, size_t size)
{
    uint64_t ended = counts->done + counts->failed;
    double seconds = (double)counts->elapsed_us / (double)USEC_PER_SEC;
    double rate = seconds > 0 ? (double)ended / seconds : 0;
    char failed[40] = "", left[48] = "", duration[32];

    if (counts->failed > 0)
        snprintf(failed, sizeof failed, ", %" PRIu64 " failed", counts->failed);
    if (ended > 0 && counts->total > ended)
        snprintf(
            left, sizeof left, ", %s left",
            text_format_duration((uint64_t)((double)(counts->total - ended) / rate * (double)USEC_PER_SEC),
                                 duration, sizeof duration));
    snprintf(buffer, size, " %" PRIu64 "/%" PRIu64 "%s, %.1f/s%s", ended, counts->total, failed, rate, left);
}

const char *progress_text(const struct progress_counts *counts, unsigned columns, char *buffer, unsigned size)
{
    char text[200], bar[BAR_MAX + 1];
    uint64_t ended = counts->done + counts->failed;
    unsigned width, filled;

    describe(counts, text, sizeof text);
    width = columns > strlen(text) + 3 ? columns - (unsigned)strlen(text) - 3 : 0;
    width = width > BAR_MAX ? BAR_MAX : width;
    if (width < BAR_MIN) {
        snprintf(buffer, size, "%.*s", (int)columns, text + 1);
        return buffer;
    }

    filled = counts->total > 0 ? (unsigned)(ended * width / counts->total) : 0;
    memset(bar, '.', width);
    memset(bar, '#', filled < width ? filled : width);
    bar[width] = '\0';
    snprintf(buffer, size, "[%s]%s", bar, text);
    return buffer;
}

static void put(int fd, const char *text)
{
    /* A terminal that went away is no reason to stop working. */
    (void)!write(fd, text, strlen(text));
}

void progress_draw(int fd, const struct progress_counts *counts)
{
    char text[TEXT_MAX], line[TEXT_MAX + 16];

    snprintf(line, sizeof line, ERASE_LINE "%s",
             progress_text(counts, terminal_columns(fd), text, sizeof text));
    put(fd, line);
}

void progress_erase(int fd)
{
    put(fd, ERASE_LINE);
}

void progress_sink(int level, uint64_t job, const char *text)
{
    char line[8192 + 64];

    (void)level;
    if (job)
        snprintf(line, sizeof line, ERASE_LINE "%s JOB_ID=%" PRIu64 "\n", text, job);
    else
        snprintf(line, sizeof line, ERASE_LINE "%s\n", text);
    put(STDERR_FILENO, line);
}
