/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Paths as the daemon wants them. */
#include "ctl/absolute.h"

#include "base/cleanup.h"
#include "unit_main.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const struct {
    const char *path, *clean; /* NULL: refused */
} paths[] = {
    { "/a/b.jpg", "/a/b.jpg" },
    { "/a//b///c", "/a/b/c" },
    { "//a/./b/.", "/a/b" },
    { "/a/../b", "/b" },
    { "/a/b/../../c", "/c" },
    { "/../a", "/a" },
    { "/a/..b/...", "/a/..b/..." },
    { "a/b", "a/b" },
    { "./a", "a" },
    { "a/../b", "b" },
    { "a/b/..", "a" },
    { "-rf \xff\n", "-rf \xff\n" },
    { "../a", NULL },
    { "a/../../b", NULL },
    { "a/..", NULL },
    { ".", NULL },
    { "/", NULL },
    { "", NULL },
};

START_TEST(a_path_is_cleaned_as_text)
{
    _cleanup_free_ char *clean = NULL;
    int r = clean_path(paths[_i].path, &clean);

    ck_assert_msg(r == (paths[_i].clean ? 0 : -EINVAL), "%s: %d", paths[_i].path, r);
    if (paths[_i].clean)
        ck_assert_str_eq(clean, paths[_i].clean);
}
END_TEST

START_TEST(a_relative_path_is_seen_from_the_directory_that_the_shell_names)
{
    char directory[] = "/tmp/test_absolute.XXXXXX", link[64], expected[80];
    _cleanup_free_ char *path = NULL;

    ck_assert_ptr_nonnull(mkdtemp(directory));
    snprintf(link, sizeof link, "%s/link", directory);
    snprintf(expected, sizeof expected, "%s/a.jpg", link);
    ck_assert_int_eq(symlink(".", link), 0);
    ck_assert_int_eq(chdir(link), 0);
    ck_assert_int_eq(setenv("PWD", link, 1), 0);
    ck_assert_int_eq(absolute_path("x/../a.jpg", &path), 0);
    ck_assert_str_eq(path, expected);
    ck_assert_int_eq(absolute_path("", &path), -EINVAL);
    unlink(link);
    rmdir(directory);
}
END_TEST

START_TEST(an_absolute_path_needs_no_directory)
{
    _cleanup_free_ char *path = NULL;

    ck_assert_int_eq(absolute_path("/a/./b", &path), 0);
    ck_assert_str_eq(path, "/a/b");
}
END_TEST

UNIT_MAIN("ctl_absolute", UNIT_ROWS(a_path_is_cleaned_as_text, paths),
          UNIT_TEST(a_relative_path_is_seen_from_the_directory_that_the_shell_names),
          UNIT_TEST(an_absolute_path_needs_no_directory))
