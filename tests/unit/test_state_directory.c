/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "supervisor/state_directory.h"

#include "base/cleanup.h"
#include "scratch.h"
#include "unit_main.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>

START_TEST(what_leads_to_it_is_made)
{
    _cleanup_scratch_ struct scratch scratch = scratch_make();
    struct error error;
    struct stat st;
    char path[PATH_MAX];

    snprintf(path, sizeof path, "%s/a/b/c", scratch.path);
    ck_assert_int_eq(state_directory_make(path, 0700, &error), 0);
    ck_assert_int_eq(state_directory_make(path, 0700, &error), 0); /* it is there already */
    ck_assert(stat(path, &st) == 0 && S_ISDIR(st.st_mode));
}
END_TEST

START_TEST(a_file_in_its_place_is_refused_with_its_path)
{
    _cleanup_scratch_ struct scratch scratch = scratch_make();
    struct error error;
    char path[PATH_MAX];

    scratch_write(&scratch, "file", "x", 1, path);
    ck_assert_int_lt(state_directory_make(path, 0700, &error), 0);
    ck_assert_msg(strstr(error.text, path), "%s", error.text);
}
END_TEST

START_TEST(the_second_lock_is_refused_and_names_the_process_that_has_it)
{
    _cleanup_scratch_ struct scratch scratch = scratch_make();
    struct error error;
    char number[32];
    int first = state_directory_lock(scratch.path, &error);

    ck_assert_int_ge(first, 0);
    ck_assert_int_eq(state_directory_lock(scratch.path, &error), -EWOULDBLOCK);
    snprintf(number, sizeof number, "process %d", (int)getpid());
    ck_assert_msg(strstr(error.text, number), "%s", error.text);

    /* The kernel drops it with the descriptor, however its owner ended. */
    close_fd(first);
    first = state_directory_lock(scratch.path, &error);
    ck_assert_int_ge(first, 0);
    close_fd(first);
}
END_TEST

UNIT_MAIN("state_directory", UNIT_TEST(what_leads_to_it_is_made),
          UNIT_TEST(a_file_in_its_place_is_refused_with_its_path),
          UNIT_TEST(the_second_lock_is_refused_and_names_the_process_that_has_it))
