/* SPDX-License-Identifier: GPL-2.0-or-later */
/* daemon/supervisor/source: opening a job's source, and telling whether it still is that version. */
#include "supervisor/source.h"

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/fd_io.h"
#include "fuse_mirror.h"
#include "hot_folders.h"
#include "mounts.h"
#include "unit_main.h"

#include <errno.h>
#include <sys/socket.h>
#include <sys/un.h>

static struct hot_folders hot;
static const struct kernel_settings kernel = { .max_user_watches = 8192, .protected_hardlinks = true };
static int root = -1;

static void setup(void)
{
    hot_open(&hot, 1, HOT_RECIPE);
    root = open(hot.in[0], O_PATH | O_DIRECTORY | O_CLOEXEC);
}

static void teardown(void)
{
    root = close_fd(root);
    hot_close(&hot);
}

/* The mtime of @path becomes @seconds from now. */
static void set_mtime(const char *path, int seconds)
{
    struct timespec times[2] = { { .tv_nsec = UTIME_OMIT }, { .tv_sec = time(NULL) + seconds } };

    ck_assert_int_eq(utimensat(root, path, times, 0), 0);
}

START_TEST(a_source_is_opened_for_reading)
{
    struct job *job;
    char text[4] = "";

    setup();
    hot_write(hot.in[0], "a.jpg", "abc");
    job = hot_job(&hot, 0, 1, "a.jpg");
    ck_assert_int_eq(source_open(job, root, &kernel), VERDICT_OK);
    ck_assert_int_ge(job->source_fd, 0);
    ck_assert_int_eq(read(job->source_fd, text, sizeof text), 3);
    ck_assert_str_eq(text, "abc");
    ck_assert(fcntl(job->source_fd, F_GETFD) & FD_CLOEXEC);
    ck_assert_int_eq(fcntl(job->source_fd, F_GETFL) & O_ACCMODE, O_RDONLY);
    ck_assert_int_eq(source_compare(job, root), VERDICT_OK);
    job_free(job);
    teardown();
}
END_TEST

/* So that a worker never reads from a server that may stop answering. */
START_TEST(a_source_on_a_file_system_that_may_hang_is_copied)
{
    struct job *job;
    char text[8] = "";
    int shown;

    setup();
    hot_write(hot.out[0], "a.jpg", "abcdef"); /* what is shown in in0 */
    if (!mounts_private() || !fuse_mirror_mount(hot.out[0], hot.in[0])) {
        teardown();
        return;
    }
    shown = open(hot.in[0], O_PATH | O_DIRECTORY | O_CLOEXEC);
    job = hot_job(&hot, 0, 1, "a.jpg");
    ck_assert_int_eq(source_open(job, shown, &kernel), VERDICT_OK);
    close(shown);
    ck_assert_int_eq(umount(hot.in[0]), 0); /* nothing of it is held open */
    ck_assert_int_eq(fd_check_sealed(job->source_fd, 6), 0);
    ck_assert_int_eq(pread(job->source_fd, text, sizeof text, 0), 6);
    ck_assert_str_eq(text, "abcdef");
    job_free(job);
    teardown();
}
END_TEST

START_TEST(a_look_takes_the_version_that_is_there)
{
    struct version now;
    struct job *job;

    setup();
    hot_write(hot.in[0], "a.jpg", "abc");
    job = hot_job(&hot, 0, 1, "a.jpg");
    now = job->version;
    job->version = (struct version){ .size = -1 };
    ck_assert_int_eq(source_look(job, root), VERDICT_OK);
    ck_assert(version_equal(&job->version, &now));
    ck_assert_int_eq(job->source_fd, -1);
    ck_assert_int_eq(unlinkat(root, "a.jpg", 0), 0);
    ck_assert_int_eq(source_look(job, root), VERDICT_VANISHED);
    ck_assert_int_eq(symlinkat("b.jpg", root, "a.jpg"), 0);
    ck_assert_int_eq(source_look(job, root), VERDICT_FAILED);
    ck_assert_str_ne(job->failure.text, "");
    job_free(job);
    teardown();
}
END_TEST

/* What lies where a.jpg ought to be, and what is said of it. */
static void nothing(void)
{
}

static void fifo(void)
{
    ck_assert_int_eq(mkfifoat(root, "a.jpg", 0644), 0);
}

static void directory(void)
{
    ck_assert_int_eq(mkdirat(root, "a.jpg", 0755), 0);
}

static void link_to_file(void)
{
    hot_write(hot.in[0], "real.jpg", "x");
    ck_assert_int_eq(symlinkat("real.jpg", root, "a.jpg"), 0);
}

static void link_to_nothing(void)
{
    ck_assert_int_eq(symlinkat("/nowhere", root, "a.jpg"), 0);
}

static void unix_socket(void)
{
    struct sockaddr_un address = { .sun_family = AF_UNIX };
    _cleanup_close_ int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

    snprintf(address.sun_path, sizeof address.sun_path, "%.80s/a.jpg", hot.in[0]);
    ck_assert_int_eq(bind(fd, (struct sockaddr *)&address, sizeof address), 0);
}

static void empty(void)
{
    hot_write(hot.in[0], "a.jpg", "");
}

static void too_large(void)
{
    hot_write(hot.in[0], "a.jpg", "12345678901");
    hot.conf->max_file_bytes = 10;
}

static const struct {
    void (*make)(void);
    enum verdict verdict;
    enum error_stage stage;
    const char *text;
    bool undecodable;
} refusals[] = {
    { nothing, VERDICT_VANISHED, STAGE_NONE, "", false },
    { fifo, VERDICT_FAILED, STAGE_OPEN, "a named pipe", false },
    { directory, VERDICT_FAILED, STAGE_OPEN, "a directory", false },
    { link_to_file, VERDICT_FAILED, STAGE_OPEN, "a symbolic link", false },
    { link_to_nothing, VERDICT_FAILED, STAGE_OPEN, "a symbolic link", false },
    { unix_socket, VERDICT_FAILED, STAGE_OPEN, "a socket", false },
    { empty, VERDICT_FAILED, STAGE_OPEN, "it is empty", true },
    { too_large, VERDICT_FAILED, STAGE_LIMITS, "MaxFileSize=", false },
};

/* Contract, rule 10: a link to somebody's secret.jpg that only we can read. */
START_TEST(a_second_hard_link_is_allowed_only_where_nobody_links_to_others_files)
{
    const struct kernel_settings unprotected = { .protected_hardlinks = false };
    struct job *job;

    setup();
    hot_write(hot.out[0], "secret.jpg", "x");
    hot_write(hot.in[0], "b.jpg", "x");
    ck_assert_int_eq(linkat(AT_FDCWD, hot_path(hot.out[0], "secret.jpg"), root, "a.jpg", 0), 0);
    job = hot_job(&hot, 0, 1, "a.jpg");
    ck_assert_int_eq(source_open(job, root, &unprotected), VERDICT_FAILED);
    ck_assert_int_eq(job->failure.class, CLASS_PERMANENT);
    ck_assert_msg(strstr(job->failure.text, "fs.protected_hardlinks"), "%s", job->failure.text);
    ck_assert_int_lt(job->source_fd, 0);
    ck_assert_int_eq(source_open(job, root, &kernel), VERDICT_OK);
    job_free(job);
    job = hot_job(&hot, 0, 2, "b.jpg");
    ck_assert_int_eq(source_open(job, root, &unprotected), VERDICT_OK);
    job_free(job);
    teardown();
}
END_TEST

START_TEST(what_is_no_good_source_is_refused_without_waiting)
{
    struct job *job;

    setup();
    refusals[_i].make();
    job = hot_job(&hot, 0, 1, "a.jpg");
    ck_assert_int_eq(source_open(job, root, &kernel), refusals[_i].verdict);
    if (refusals[_i].verdict == VERDICT_FAILED) {
        ck_assert_int_eq(job->failure.class, CLASS_PERMANENT);
        ck_assert_int_eq(job->failure.stage, refusals[_i].stage);
        ck_assert_msg(strstr(job->failure.text, refusals[_i].text), "%s", job->failure.text);
    }
    ck_assert_int_eq(job->undecodable, refusals[_i].undecodable);
    job_free(job);
    teardown();
}
END_TEST

START_TEST(a_limit_is_the_largest_size_that_is_allowed)
{
    struct job *job;

    setup();
    hot_write(hot.in[0], "a.jpg", "1234567890");
    hot.conf->max_file_bytes = 10;
    job = hot_job(&hot, 0, 1, "a.jpg");
    ck_assert_int_eq(source_open(job, root, &kernel), VERDICT_OK);
    job_free(job);
    teardown();
}
END_TEST

static const char *const escapes[] = { "d/a.jpg", "d/../a.jpg", "/etc/passwd", "../out0/a.jpg" };

START_TEST(nothing_outside_the_root_is_opened)
{
    struct job *job;
    enum verdict verdict;

    setup();
    hot_write(hot.out[0], "a.jpg", "x");
    ck_assert_int_eq(symlinkat("../out0", root, "d"), 0);
    job = hot_job(&hot, 0, 1, escapes[_i]);
    if (_i == 0)
        job->version = hot_version(hot.out[0], "a.jpg");
    verdict = source_open(job, root, &kernel);
    ck_assert_msg(verdict == VERDICT_FAILED, "%s: %d", escapes[_i], (int)verdict);
    ck_assert_int_eq(job->source_fd, -1);
    ck_assert_msg(strstr(job->failure.text, "link") || _i > 0, "%s", job->failure.text);
    job_free(job);
    teardown();
}
END_TEST

START_TEST(another_version_is_not_opened)
{
    struct job *job;

    setup();
    hot_write(hot.in[0], "a.jpg", "abc");
    job = hot_job(&hot, 0, 1, "a.jpg");
    hot_write(hot.in[0], "a.jpg", "abcd");
    ck_assert_int_eq(source_open(job, root, &kernel), VERDICT_SUPERSEDED);
    ck_assert_int_eq(job->source_fd, -1);
    ck_assert_int_eq(source_compare(job, root), VERDICT_SUPERSEDED);
    job_free(job);
    teardown();
}
END_TEST

START_TEST(another_file_of_the_same_size_and_time_is_another_version)
{
    struct job *job;

    setup();
    hot_write(hot.in[0], "a.jpg", "abc");
    hot_write(hot.in[0], "b.jpg", "xyz");
    set_mtime("a.jpg", -100);
    set_mtime("b.jpg", -100);
    job = hot_job(&hot, 0, 1, "a.jpg");
    ck_assert_int_eq(renameat(root, "b.jpg", root, "a.jpg"), 0);
    ck_assert_int_eq(source_compare(job, root), VERDICT_SUPERSEDED);
    job_free(job);
    teardown();
}
END_TEST

START_TEST(a_source_that_is_gone_has_vanished)
{
    struct job *job;

    setup();
    ck_assert_int_eq(mkdirat(root, "d", 0755), 0);
    hot_write(hot.in[0], "d/a.jpg", "abc");
    job = hot_job(&hot, 0, 1, "d/a.jpg");
    unlinkat(root, "d/a.jpg", 0);
    ck_assert_int_eq(source_compare(job, root), VERDICT_VANISHED);
    unlinkat(root, "d", AT_REMOVEDIR);
    ck_assert_int_eq(source_compare(job, root), VERDICT_VANISHED);
    ck_assert_int_eq(source_open(job, root, &kernel), VERDICT_VANISHED);
    hot_write(hot.in[0], "d", "a file in the directory's place");
    ck_assert_int_eq(source_compare(job, root), VERDICT_VANISHED);
    ck_assert_int_eq(source_open(job, root, &kernel), VERDICT_VANISHED);
    job_free(job);
    teardown();
}
END_TEST

START_TEST(a_file_open_for_writing_is_being_written_however_old_it_is)
{
    _cleanup_close_ int fd = -1;
    struct job *job;

    setup();
    hot_write(hot.in[0], "a.jpg", "abc");
    set_mtime("a.jpg", -1000);
    job = hot_job(&hot, 0, 1, "a.jpg");
    ck_assert(!source_is_being_written(job, root, 60 * USEC_PER_SEC));
    fd = openat(root, "a.jpg", O_WRONLY | O_CLOEXEC);
    ck_assert(source_is_being_written(job, root, 60 * USEC_PER_SEC));
    ck_assert(source_is_being_written(job, root, 0));
    fd = close_fd(fd);
    ck_assert(!source_is_being_written(job, root, 60 * USEC_PER_SEC));
    fd = openat(root, "a.jpg", O_RDONLY | O_CLOEXEC); /* a reader does not count */
    ck_assert(!source_is_being_written(job, root, 60 * USEC_PER_SEC));
    job_free(job);
    teardown();
}
END_TEST

static const struct {
    int mtime;
    bool written;
} ages[] = {
    { -1, true }, { -30, true }, { -90, false }, { 30, true }, { 3600, false }, { -1000000, false }
};

START_TEST(a_file_written_to_lately_may_still_be_written)
{
    struct job *job;

    setup();
    hot_write(hot.in[0], "a.jpg", "abc");
    set_mtime("a.jpg", ages[_i].mtime);
    job = hot_job(&hot, 0, 1, "a.jpg");
    ck_assert_msg(source_is_being_written(job, root, 60 * USEC_PER_SEC) == ages[_i].written, "%d s",
                  ages[_i].mtime);
    ck_assert(!source_is_being_written(job, root, 0));
    job_free(job);
    teardown();
}
END_TEST

START_TEST(a_file_that_is_gone_is_written_by_nobody)
{
    struct job *job;

    setup();
    job = hot_job(&hot, 0, 1, "a.jpg");
    ck_assert(!source_is_being_written(job, root, 0));
    job_free(job);
    teardown();
}
END_TEST

UNIT_MAIN("source", UNIT_TEST(a_source_is_opened_for_reading),
          UNIT_TEST(a_source_on_a_file_system_that_may_hang_is_copied),
          UNIT_TEST(a_second_hard_link_is_allowed_only_where_nobody_links_to_others_files),
          UNIT_TEST(a_look_takes_the_version_that_is_there),
          UNIT_ROWS(what_is_no_good_source_is_refused_without_waiting, refusals),
          UNIT_TEST(a_limit_is_the_largest_size_that_is_allowed),
          UNIT_ROWS(nothing_outside_the_root_is_opened, escapes), UNIT_TEST(another_version_is_not_opened),
          UNIT_TEST(another_file_of_the_same_size_and_time_is_another_version),
          UNIT_TEST(a_source_that_is_gone_has_vanished),
          UNIT_TEST(a_file_open_for_writing_is_being_written_however_old_it_is),
          UNIT_ROWS(a_file_written_to_lately_may_still_be_written, ages),
          UNIT_TEST(a_file_that_is_gone_is_written_by_nobody))
