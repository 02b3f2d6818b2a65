/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Tests of daemon/supervisor/digest: the examples of FIPS 180-2 and NIST's for SHA-256. */
#include "supervisor/digest.h"

#include "base/cleanup.h"
#include "base/fd_io.h"
#include "unit_main.h"

#include <check.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const struct {
    const char *text;
    size_t times;
    const char *digest;
} examples[] = {
    { "", 1, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855" },
    { "abc", 1, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad" },
    { "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq", 1,
      "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1" },
    { "a", 1000000, "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0" },
};

static int file_of(size_t row)
{
    size_t length = strlen(examples[row].text), size = length * examples[row].times;
    _cleanup_free_ char *bytes = malloc(size + 1);
    int fd;

    for (size_t i = 0; i < examples[row].times; i++)
        memcpy(bytes + i * length, examples[row].text, length);
    fd = fd_memory("example", bytes, size);
    ck_assert_int_ge(fd, 0);
    return fd;
}

START_TEST(a_digest_is_that_of_the_standard)
{
    _cleanup_close_ int fd = file_of((size_t)_i);
    uint64_t size = strlen(examples[_i].text) * examples[_i].times;
    char digest[DIGEST_HEX_BYTES];
    off_t position = lseek(fd, 0, SEEK_END);

    ck_assert_int_eq(digest_file(fd, size, digest), 0);
    ck_assert_str_eq(digest, examples[_i].digest);
    ck_assert_int_eq(lseek(fd, 0, SEEK_CUR), position);
}
END_TEST

START_TEST(a_file_that_is_too_short_has_none)
{
    _cleanup_close_ int fd = file_of(1);
    char digest[DIGEST_HEX_BYTES];

    ck_assert_int_eq(digest_file(fd, 4, digest), -EIO);
    ck_assert_int_eq(digest_file(-1, 4, digest), -EBADF);
}
END_TEST

UNIT_MAIN("digest", UNIT_ROWS(a_digest_is_that_of_the_standard, examples),
          UNIT_TEST(a_file_that_is_too_short_has_none))
