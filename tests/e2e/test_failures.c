/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What cannot be done fails with a class, a stage and a message, and the others go on. */
#include "base/cleanup.h"
#include "base/clock.h"
#include "base/fd_io.h"
#include "daemon_harness.h"
#include "painter.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

/* The bytes of a JPEG of 200×150. */
static char *jpeg_bytes(const struct harness *h, size_t *ret_size)
{
    const char *path = harness_path(h, "scratch.jpg");
    char *data = NULL;
    int fd;

    painter_paint(path, 200, 150, 7);
    fd = open(path, O_RDONLY | O_CLOEXEC);
    ck_assert_int_ge(fd, 0);
    ck_assert_int_eq(fd_read_file(fd, 1 << 20, &data, ret_size), 0);
    close(fd);
    return data;
}

static void drop_truncated(const struct harness *h)
{
    size_t size;
    _cleanup_free_ char *data = jpeg_bytes(h, &size);

    harness_drop_bytes(h, "truncated.jpg", data, size / 2);
}

static void drop_garbage(const struct harness *h)
{
    static const char text[] = "This is no picture, whatever its name says.";

    harness_drop_bytes(h, "garbage.jpg", text, sizeof text);
}

static void drop_empty(const struct harness *h)
{
    harness_drop_bytes(h, "empty.png", "", 0);
}

static void drop_oversized(const struct harness *h)
{
    harness_drop(h, "oversized.png", 1100, 1000, 1);
}

static const struct {
    void (*drop)(const struct harness *h);
    const char *name, *stage;
} wrong[] = {
    { drop_truncated, "truncated.jpg", "decode" },
    { drop_garbage, "garbage.jpg", "probe" },
    { drop_empty, "empty.png", "open" },
    { drop_oversized, "oversized.png", "limits" },
};

START_TEST(a_wrong_picture_fails_alone)
{
    struct harness h;
    json_t *job;

    harness_open(&h);
    harness_configure(&h, "MaxPixels=1M\n", HARNESS_RECIPE_SINGLE);
    harness_start(&h);
    harness_drop(&h, "before.jpg", 48, 48, 1);
    wrong[_i].drop(&h);
    harness_drop(&h, "after.jpg", 48, 48, 2);
    harness_await_ends(&h, 2, 1);

    job = harness_job_of(&h, wrong[_i].name);
    ck_assert_ptr_nonnull(job);
    ck_assert_str_eq(harness_string(job, "state"), "failed");
    ck_assert_str_eq(harness_string(job, "class"), "permanent");
    ck_assert_str_eq(harness_string(job, "stage"), wrong[_i].stage);
    ck_assert_uint_gt(strlen(harness_string(job, "message")), 0);
    ck_assert_int_eq(harness_number(job, "attempts"), 0);
    json_decref(job);

    /* With Originals=keep nothing in the folder is touched. */
    ck_assert(harness_exists(&h, harness_path(&h, "in/%s", wrong[_i].name) + strlen(h.root) + 1));
    ck_assert(!harness_exists(&h, "in/.failed"));
    ck_assert_uint_eq(harness_count(&h, "out"), 2);
    harness_close(&h);
}
END_TEST

START_TEST(a_failed_file_stays_failed_until_it_changes)
{
    struct harness h;

    harness_open(&h);
    harness_configure(&h, "", HARNESS_RECIPE_SINGLE);
    harness_start(&h);
    drop_garbage(&h);
    harness_await_ends(&h, 0, 1);
    ck_assert_int_eq(harness_stop(&h), 0);
    harness_start(&h);
    harness_drop(&h, "other.jpg", 48, 48, 1);
    harness_await_ends(&h, 1, 1);
    harness_drop(&h, "garbage.jpg", 48, 48, 1);
    harness_await_ends(&h, 2, 1);
    harness_close(&h);
}
END_TEST

static bool is_waited_for(const json_t *status, void *context)
{
    (void)context;
    return harness_number(status, "jobs.superseded") >= 1 && harness_number(status, "jobs.waiting") == 1;
}

/* Rule 1: an upload that stalls is not a broken picture. */
START_TEST(a_file_that_is_still_open_for_writing_is_waited_for)
{
    struct timespec old[2] = { { .tv_sec = 1000000000 }, { .tv_sec = 1000000000 } };
    _cleanup_free_ char *data = NULL;
    struct harness h;
    size_t size;
    int fd;

    harness_open(&h);
    data = jpeg_bytes(&h, &size);
    harness_configure(&h, "", HARNESS_RECIPE_SINGLE);
    harness_start(&h);
    fd = open(harness_path(&h, "in/slow.jpg"), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
    ck_assert_int_ge(fd, 0);
    ck_assert_int_eq(fd_write_all(fd, data, size / 2), 0);
    ck_assert_int_eq(futimens(fd, old), 0);
    harness_await(&h, "the half file is waited for", is_waited_for, NULL);

    ck_assert_int_eq(fd_write_all(fd, data + size / 2, size - size / 2), 0);
    close(fd);
    harness_await_ends(&h, 1, 0);
    harness_expect_picture(&h, "out/slow.png", 24, 18);
    harness_close(&h);
}
END_TEST

/* It was left alone for the rest of a minute, although it was complete. */
START_TEST(an_upload_that_stalls_and_is_then_completed_is_done_at_once)
{
    _cleanup_free_ char *data = NULL;
    struct harness h;
    uint64_t completed;
    size_t size;
    int fd;

    harness_open(&h);
    data = jpeg_bytes(&h, &size);
    harness_configure(&h, "", HARNESS_RECIPE_SINGLE);
    harness_start(&h);
    fd = open(harness_path(&h, "in/slow.jpg"), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
    ck_assert_int_eq(fd_write_all(fd, data, size / 2), 0);
    close(fd);
    harness_await(&h, "the half file is waited for", is_waited_for, NULL);

    fd = open(harness_path(&h, "in/slow.jpg"), O_WRONLY | O_APPEND | O_CLOEXEC);
    ck_assert_int_eq(fd_write_all(fd, data + size / 2, size - size / 2), 0);
    close(fd);
    completed = monotonic_us();
    harness_await_ends(&h, 1, 0);
    ck_assert_uint_lt(monotonic_us() - completed, 20 * USEC_PER_SEC * HARNESS_SLOWER);
    harness_expect_picture(&h, "out/slow.png", 24, 18);
    harness_close(&h);
}
END_TEST

START_TEST(links_pipes_and_temporary_names_make_no_job)
{
    struct harness h;

    harness_open(&h);
    harness_configure(&h, "", HARNESS_RECIPE_SINGLE);
    painter_paint(harness_path(&h, "outside.jpg"), 48, 48, 1);
    harness_start(&h);
    ck_assert_int_eq(symlink(harness_path(&h, "outside.jpg"), harness_path(&h, "in/link.jpg")), 0);
    ck_assert_int_eq(symlink(h.root, harness_path(&h, "in/directory")), 0);
    ck_assert_int_eq(mkfifo(harness_path(&h, "in/pipe.jpg"), 0644), 0);
    if (mknod(harness_path(&h, "in/device.jpg"), S_IFCHR | 0644, makedev(1, 5)) < 0) /* zeros without end */
        ck_assert_msg(errno == EPERM, "mknod: %m");
    harness_drop(&h, "a.jpg.part", 48, 48, 1);
    harness_drop(&h, ".hidden.jpg", 48, 48, 1);
    harness_drop(&h, "notes.txt", 48, 48, 1);
    harness_drop(&h, "good.jpg", 48, 48, 1);
    harness_await_ends(&h, 1, 0);

    /* The rename of a temporary name is its arrival. */
    ck_assert_int_eq(rename(harness_path(&h, "in/a.jpg.part"), harness_path(&h, "in/a.jpg")), 0);
    harness_await_ends(&h, 2, 0);
    ck_assert_uint_eq(harness_count(&h, "out"), 2);
    harness_close(&h);
}
END_TEST

static const struct {
    const char *directory;
    mode_t mode;
} closed[] = { { "out", 0500 }, { "out", 0 }, { "out/sub", 0500 }, { "out/sub", 0 } };

/* Its files wait then, with the reason, and go on within seconds of the cure. */
START_TEST(an_output_that_may_not_be_used_holds_its_folder_until_it_may)
{
    struct harness h;

    harness_open(&h);
    harness_configure(&h, "", HARNESS_RECIPE_SINGLE);
    ck_assert_int_eq(mkdir(harness_path(&h, "in/sub"), 0755), 0);
    if (strcmp(closed[_i].directory, "out/sub") == 0)
        ck_assert_int_eq(mkdir(harness_path(&h, "out/sub"), 0755), 0);
    ck_assert_int_eq(chmod(harness_path(&h, "%s", closed[_i].directory), closed[_i].mode), 0);
    harness_give_up_privilege(&h);
    harness_start(&h);
    harness_drop(&h, "sub/a.jpg", 48, 48, 1);
    harness_await_folder(&h, "held");
    ck_assert_ptr_nonnull(strstr(harness_string(h.status, "problems.0"), "Permission denied"));
    ck_assert_int_eq(chmod(harness_path(&h, "%s", closed[_i].directory), 0700), 0);
    harness_await_ends(&h, 1, 0);
    ck_assert_int_eq(harness_number(h.status, "jobs.failed"), 0);
    harness_close(&h);
}
END_TEST

static const struct {
    const char *more;
    bool done;
} cut_short[] = { { "", false }, { "FailOn=none\n", true } };

START_TEST(a_picture_that_is_cut_short_fails_unless_its_folder_says_else)
{
    static char picture[1 << 20];
    struct harness h;
    ssize_t size;
    int fd;

    harness_open(&h);
    harness_configure(&h, cut_short[_i].more, HARNESS_RECIPE_SINGLE);
    painter_paint(harness_path(&h, "whole.jpg"), 480, 480, 1);
    fd = open(harness_path(&h, "whole.jpg"), O_RDONLY | O_CLOEXEC);
    size = fd_read_all(fd, picture, sizeof picture);
    ck_assert_int_gt(size, 0);
    close(fd);
    harness_drop_bytes(&h, "cut.jpg", picture, (size_t)size * 6 / 10);
    harness_start(&h);
    harness_await_ends(&h, cut_short[_i].done, !cut_short[_i].done);
    harness_close(&h);
}
END_TEST

HARNESS_MAIN("failures", UNIT_ROWS(a_wrong_picture_fails_alone, wrong),
             UNIT_TEST(a_failed_file_stays_failed_until_it_changes),
             UNIT_TEST(a_file_that_is_still_open_for_writing_is_waited_for),
             UNIT_TEST(an_upload_that_stalls_and_is_then_completed_is_done_at_once),
             UNIT_TEST(links_pipes_and_temporary_names_make_no_job),
             UNIT_ROWS(a_picture_that_is_cut_short_fails_unless_its_folder_says_else, cut_short),
             UNIT_ROWS(an_output_that_may_not_be_used_holds_its_folder_until_it_may, closed))
