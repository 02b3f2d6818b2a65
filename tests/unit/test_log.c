/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Log lines: levels, the job's number, one write a line, sinks. */
#include "base/log.h"

#include "base/cleanup.h"
#include "unit_main.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <string.h>
#include <unistd.h>

/* Sends stderr into a pipe, from which lines are read. */
static int capture(void)
{
    int ends[2];

    ck_assert_int_eq(pipe2(ends, O_CLOEXEC | O_NONBLOCK | O_DIRECT), 0);
    ck_assert_int_ge(dup2(ends[1], STDERR_FILENO), 0);
    close_fd(ends[1]);
    return ends[0];
}

/* What one write() wrote (the pipe is in packet mode), "" when there was none. */
static const char *next_write(int fd, char buffer[16384])
{
    ssize_t n = read(fd, buffer, 16383);

    buffer[n > 0 ? n : 0] = '\0';
    return buffer;
}

START_TEST(a_line_is_written_to_stderr)
{
    _cleanup_close_ int fd = capture();
    char buffer[16384];

    log_error("no %s", "space");
    ck_assert_str_eq(next_write(fd, buffer), "no space\n");
}
END_TEST

START_TEST(a_line_about_a_job_has_its_number)
{
    _cleanup_close_ int fd = capture();
    char buffer[16384];

    log_job(LOG_ERR, UINT64_MAX, "failed");
    ck_assert_str_eq(next_write(fd, buffer), "failed JOB_ID=18446744073709551615\n");
    log_job(LOG_ERR, 0, "failed");
    ck_assert_str_eq(next_write(fd, buffer), "failed\n");
}
END_TEST

START_TEST(lines_below_the_level_are_dropped)
{
    _cleanup_close_ int fd = capture();
    char buffer[16384];

    log_debug("by default");
    log_info("information");
    ck_assert_str_eq(next_write(fd, buffer), "information\n");
    log_setup(NULL, LOG_WARNING);
    log_notice("dropped");
    log_warning("written");
    ck_assert_str_eq(next_write(fd, buffer), "written\n");
    log_setup(NULL, LOG_DEBUG);
    log_debug("detail");
    ck_assert_str_eq(next_write(fd, buffer), "detail\n");
}
END_TEST

START_TEST(an_endless_line_is_cut_and_ends_with_its_job)
{
    _cleanup_close_ int fd = capture();
    char text[12000], line[32768] = "", buffer[16384];

    memset(text, 'a', sizeof text - 1);
    text[sizeof text - 1] = '\0';
    log_job(LOG_ERR, 7, "%s", text);

    /* Packets are of a page at most. */
    for (const char *part = next_write(fd, buffer); *part; part = next_write(fd, buffer))
        snprintf(line + strlen(line), sizeof line - strlen(line), "%s", part);
    ck_assert_uint_lt(strlen(line), sizeof text);
    ck_assert_ptr_nonnull(strstr(line, "aaa JOB_ID=7\n"));
}
END_TEST

/* What the sink was called with; tests run in processes of their own. */
static struct {
    int level;
    uint64_t job;
    char text[64];
    int calls;
} seen;

static void see(int level, uint64_t job, const char *text)
{
    seen.level = level;
    seen.job = job;
    snprintf(seen.text, sizeof seen.text, "%s", text);
    seen.calls++;
    errno = EBADF;
}

START_TEST(a_sink_gets_level_job_and_text)
{
    log_setup(see, LOG_NOTICE);
    log_info("dropped");
    ck_assert_int_eq(seen.calls, 0);
    log_job(LOG_WARNING, 12, "%d%%", 50);
    ck_assert_int_eq(seen.calls, 1);
    ck_assert_int_eq(seen.level, LOG_WARNING);
    ck_assert_uint_eq(seen.job, 12);
    ck_assert_str_eq(seen.text, "50%");
}
END_TEST

START_TEST(logging_leaves_errno_alone)
{
    log_setup(see, LOG_NOTICE);
    errno = ENOSPC;
    log_error("x");
    ck_assert_int_eq(errno, ENOSPC);
    log_setup(NULL, LOG_NOTICE);
    close(STDERR_FILENO);
    log_error("x");
    ck_assert_int_eq(errno, ENOSPC);
}
END_TEST

UNIT_MAIN("log", UNIT_TEST(a_line_is_written_to_stderr), UNIT_TEST(a_line_about_a_job_has_its_number),
          UNIT_TEST(lines_below_the_level_are_dropped),
          UNIT_TEST(an_endless_line_is_cut_and_ends_with_its_job), UNIT_TEST(a_sink_gets_level_job_and_text),
          UNIT_TEST(logging_leaves_errno_alone))
