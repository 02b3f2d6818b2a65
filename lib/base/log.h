/* SPDX-License-Identifier: GPL-2.0-or-later */
/* log - one line to stderr or, under systemd, to the journal. Only programs log; libraries return errors.
 *
 * Any thread may log; a line is written with one call, so lines never mix. A line about a job carries its
 * number as `JOB_ID=`, so that one grep follows a job. Names of files are bytes: pass them through
 * text_escape() first. */
#ifndef DARKROOM_BASE_LOG_H
#define DARKROOM_BASE_LOG_H

#include <stdint.h>
#include <syslog.h>

/* Where a finished line goes. @level is LOG_ERR … LOG_DEBUG; @job is 0 when the line is about no job;
 * @text has no newline. Called from any thread. */
typedef void log_sink(int level, uint64_t job, const char *text);

/* Sets the sink (NULL: stderr) and the least important level that is written. Before the first thread. */
void log_setup(log_sink *sink, int max_level);

void log_line(int level, const char *format, ...) __attribute__((format(printf, 2, 3)));
void log_job(int level, uint64_t job, const char *format, ...) __attribute__((format(printf, 3, 4)));

#define log_error(...) log_line(LOG_ERR, __VA_ARGS__)
#define log_warning(...) log_line(LOG_WARNING, __VA_ARGS__)
#define log_notice(...) log_line(LOG_NOTICE, __VA_ARGS__)
#define log_info(...) log_line(LOG_INFO, __VA_ARGS__)
#define log_debug(...) log_line(LOG_DEBUG, __VA_ARGS__)

#endif
