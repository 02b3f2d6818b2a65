/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Whole reads, writes and copies, and memory files that cannot change any more. */
#include "base/fd_io.h"

#include "base/cleanup.h"
#include "scratch.h"
#include "unit_main.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <string.h>
#include <sys/mman.h>

enum { LARGE = 300000 }; /* more than a pipe holds */

static char *pattern(size_t size)
{
    char *data = malloc(size + 1);

    for (size_t i = 0; i < size; i++)
        data[i] = (char)(i * 7 + i / 251);
    return data;
}

struct end {
    int fd;
    const char *data;
    size_t size;
    int result;
};

static void *write_and_close(void *argument)
{
    struct end *end = argument;

    end->result = fd_write_all(end->fd, end->data, end->size);
    close_fd(end->fd);
    return NULL;
}

static const size_t sizes[] = { 0, 1, 4095, 4096, 4097, 8192, LARGE };

START_TEST(what_is_written_to_a_pipe_is_read_whole)
{
    _cleanup_free_ char *data = pattern(sizes[_i]), *got = NULL;
    struct end end = { .data = data, .size = sizes[_i] };
    size_t size;
    pthread_t thread;
    int ends[2];

    ck_assert_int_eq(pipe2(ends, O_CLOEXEC), 0);
    end.fd = ends[1];
    ck_assert_int_eq(pthread_create(&thread, NULL, write_and_close, &end), 0);
    ck_assert_int_eq(fd_read_file(ends[0], LARGE, &got, &size), 0);
    ck_assert_int_eq(pthread_join(thread, NULL), 0);
    close_fd(ends[0]);

    ck_assert_int_eq(end.result, 0);
    ck_assert_uint_eq(size, sizes[_i]);
    ck_assert_int_eq(memcmp(got, data, size), 0);
    ck_assert_int_eq(got[size], '\0');
}
END_TEST

START_TEST(a_read_is_as_much_as_asked_for_or_there_is)
{
    _cleanup_close_ int fd = fd_memory("test", "abcdef", 6);
    char buffer[16];

    ck_assert_int_eq(lseek(fd, 0, SEEK_SET), 0);
    ck_assert_int_eq(fd_read_all(fd, buffer, 4), 4);
    ck_assert_int_eq(memcmp(buffer, "abcd", 4), 0);
    ck_assert_int_eq(fd_read_all(fd, buffer, sizeof buffer), 2);
    ck_assert_int_eq(fd_read_all(fd, buffer, sizeof buffer), 0);
    ck_assert_int_eq(fd_read_all(-1, buffer, sizeof buffer), -EBADF);
}
END_TEST

START_TEST(a_file_of_just_the_limit_is_read_and_one_byte_more_is_not)
{
    _cleanup_close_ int fd = fd_memory("test", "abcdef", 6);
    _cleanup_free_ char *data = NULL;
    size_t size = 77;

    ck_assert_int_eq(lseek(fd, 0, SEEK_SET), 0);
    ck_assert_int_eq(fd_read_file(fd, 5, &data, &size), -EFBIG);
    ck_assert_ptr_null(data);
    ck_assert_uint_eq(size, 77);
    ck_assert_int_eq(lseek(fd, 0, SEEK_SET), 0);
    ck_assert_int_eq(fd_read_file(fd, 6, &data, &size), 0);
    ck_assert_uint_eq(size, 6);
}
END_TEST

START_TEST(a_file_without_end_is_given_up)
{
    _cleanup_close_ int fd = open("/dev/zero", O_RDONLY | O_CLOEXEC);
    char *data;
    size_t size;

    ck_assert_int_eq(fd_read_file(fd, 100000, &data, &size), -EFBIG);
}
END_TEST

START_TEST(a_full_disk_is_an_error)
{
    _cleanup_close_ int fd = open("/dev/full", O_WRONLY | O_CLOEXEC);

    ck_assert_int_eq(fd_write_all(fd, "x", 1), -ENOSPC);
    ck_assert_int_eq(fd_write_all(-1, "x", 1), -EBADF);
    ck_assert_int_eq(fd_write_all(-1, "", 0), 0);
}
END_TEST

START_TEST(a_copy_starts_at_the_start_and_goes_to_the_position)
{
    _cleanup_free_ char *data = pattern(LARGE), *got = NULL;
    _cleanup_close_ int from = fd_memory("from", data, LARGE), to = fd_memory("to", "xy", 2);
    size_t size;

    ck_assert_int_eq(fd_copy(from, to, LARGE), 0);
    ck_assert_int_eq(lseek(to, 0, SEEK_SET), 0);
    ck_assert_int_eq(fd_read_file(to, 2 * LARGE, &got, &size), 0);
    ck_assert_uint_eq(size, LARGE + 2);
    ck_assert_int_eq(memcmp(got, "xy", 2), 0);
    ck_assert_int_eq(memcmp(got + 2, data, LARGE), 0);
}
END_TEST

START_TEST(a_copy_of_more_than_there_is_fails)
{
    _cleanup_close_ int from = fd_memory("from", "abc", 3), to = fd_memory("to", "", 0);

    ck_assert_int_eq(fd_copy(from, to, 4), -EIO);
    ck_assert_int_eq(fd_copy(from, -1, 3), -EBADF);
    ck_assert_int_eq(fd_copy(from, to, 0), 0);
}
END_TEST

START_TEST(a_sealed_file_cannot_change)
{
    _cleanup_close_ int fd = fd_memory("test", "abc", 3);

    ck_assert_int_eq(fcntl(fd, F_GETFD) & FD_CLOEXEC, FD_CLOEXEC);
    ck_assert_int_eq(fd_check_sealed(fd, 3), -EINVAL);
    ck_assert_int_eq(fd_seal(fd), 0);
    ck_assert_int_eq(fd_check_sealed(fd, 3), 0);
    ck_assert_int_eq(fd_check_sealed(fd, 2), -EINVAL);
    ck_assert_int_eq(fd_check_sealed(fd, 4), -EINVAL);

    ck_assert_int_eq(fd_write_all(fd, "x", 1), -EPERM);
    ck_assert_int_eq(ftruncate(fd, 0), -1);
    ck_assert_int_eq(ftruncate(fd, 10), -1);
    ck_assert_ptr_eq(mmap(NULL, 3, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0), MAP_FAILED);
    ck_assert_int_eq(fd_seal(fd), -EPERM);
}
END_TEST

static const int partial_seals[] = {
    F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE,
    F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL,
    F_SEAL_GROW | F_SEAL_WRITE | F_SEAL_SEAL,
    F_SEAL_SHRINK | F_SEAL_WRITE | F_SEAL_SEAL,
};

START_TEST(a_file_sealed_in_part_is_not_sealed)
{
    _cleanup_close_ int fd = fd_memory("test", "abc", 3);

    ck_assert_int_eq(fcntl(fd, F_ADD_SEALS, partial_seals[_i]), 0);
    ck_assert_int_eq(fd_check_sealed(fd, 3), -EINVAL);
}
END_TEST

START_TEST(what_is_no_memory_file_is_not_sealed)
{
    _cleanup_scratch_ struct scratch scratch = scratch_make();
    char path[PATH_MAX];
    _cleanup_close_ int file = open(scratch_write(&scratch, "f", "abc", 3, path), O_RDONLY | O_CLOEXEC);
    int ends[2];

    ck_assert_int_eq(pipe2(ends, O_CLOEXEC), 0);
    ck_assert_int_eq(fd_check_sealed(ends[0], 0), -EINVAL);
    ck_assert_int_eq(fd_check_sealed(file, 3), -EINVAL);
    ck_assert_int_eq(fd_check_sealed(-1, 0), -EINVAL);
    close_fd(ends[0]);
    close_fd(ends[1]);
}
END_TEST

static const struct {
    size_t left, right;
    char last; /* of the second one's bytes, which are all 'x' but for this */
    int same;
} contents[] = {
    { 0, 0, 'x', 1 },
    { 3, 3, 'x', 1 },
    { 3, 4, 'x', 0 },
    { 4, 3, 'x', 0 },
    { 3, 3, 'y', 0 },
    { 64 << 10, 64 << 10, 'x', 1 },
    { (64 << 10) + 1, (64 << 10) + 1, 'y', 0 },
    { 64 << 10, (64 << 10) + 1, 'x', 0 },
};

START_TEST(files_are_the_same_in_all_their_bytes_or_not)
{
    char *data = malloc(contents[_i].left + contents[_i].right + 1);
    _cleanup_close_ int left = -1, right = -1;

    memset(data, 'x', contents[_i].left + contents[_i].right + 1);
    left = fd_memory("left", data, contents[_i].left);
    if (contents[_i].right > 0)
        data[contents[_i].right - 1] = contents[_i].last;
    right = fd_memory("right", data, contents[_i].right);
    for (int i = 0; i < 2; i++) /* wherever their positions are */
        ck_assert_int_eq(fd_same_content(left, right), contents[_i].same);
    ck_assert_int_eq(fd_same_content(left, -1), -EBADF);
    free(data);
}
END_TEST

UNIT_MAIN("fd_io", UNIT_ROWS(what_is_written_to_a_pipe_is_read_whole, sizes),
          UNIT_TEST(a_read_is_as_much_as_asked_for_or_there_is),
          UNIT_TEST(a_file_of_just_the_limit_is_read_and_one_byte_more_is_not),
          UNIT_TEST(a_file_without_end_is_given_up), UNIT_TEST(a_full_disk_is_an_error),
          UNIT_TEST(a_copy_starts_at_the_start_and_goes_to_the_position),
          UNIT_TEST(a_copy_of_more_than_there_is_fails), UNIT_TEST(a_sealed_file_cannot_change),
          UNIT_ROWS(a_file_sealed_in_part_is_not_sealed, partial_seals),
          UNIT_TEST(what_is_no_memory_file_is_not_sealed),
          UNIT_ROWS(files_are_the_same_in_all_their_bytes_or_not, contents))
