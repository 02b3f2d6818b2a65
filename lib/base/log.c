/* SPDX-License-Identifier: GPL-2.0-or-later */
/* log - see log.h. The sink and level are set once, before there are threads, and only read afterwards. */
#include "base/log.h"

#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { LOG_LINE_MAX = 8192 }; /* bytes; longer lines are cut */

static log_sink *active_sink;
static int active_level = LOG_INFO;

void log_setup(log_sink *sink, int max_level)
{
    active_sink = sink;
    active_level = max_level;
}

static void write_to_stderr(uint64_t job, const char *text)
{
    char line[LOG_LINE_MAX + 64];
    int length;
    ssize_t written;

    if (job)
        length = snprintf(line, sizeof line, "%s JOB_ID=%" PRIu64 "\n", text, job);
    else
        length = snprintf(line, sizeof line, "%s\n", text);

    do
        written = write(STDERR_FILENO, line, (size_t)length);
    while (written < 0 && errno == EINTR);
}

__attribute__((format(printf, 3, 0))) static void emit(int level, uint64_t job, const char *format,
                                                       va_list args)
{
    char text[LOG_LINE_MAX];
    int saved = errno;

    if (level > active_level)
        return;

    vsnprintf(text, sizeof text, format, args);
    if (active_sink)
        active_sink(level, job, text);
    else
        write_to_stderr(job, text);
    errno = saved;
}

void log_line(int level, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    emit(level, 0, format, args);
    va_end(args);
}

void log_job(int level, uint64_t job, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    emit(level, job, format, args);
    va_end(args);
}
