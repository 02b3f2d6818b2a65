/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What was mounted and unmounted below a directory. */
#include "supervisor/mounts_below.h"

#include "base/cleanup.h"
#include "mounts.h"
#include "unit_main.h"

static char changed[200];

static void note(void *context, const char *path)
{
    (void)context;
    snprintf(changed + strlen(changed), sizeof changed - strlen(changed), "[%s]", path);
}

static const char *compare(const struct mounts_below *before, const struct mounts_below *after)
{
    changed[0] = '\0';
    mounts_below_compare(before, after, note, NULL);
    return changed;
}

START_TEST(what_came_went_or_was_swapped_is_told)
{
    _cleanup_scratch_ struct scratch scratch = scratch_make();
    struct mounts_below none, one, other;
    int root;

    if (!mounts_private())
        return;
    mounts_directory(&scratch, "in");
    mounts_directory(&scratch, "in/a");
    mounts_directory(&scratch, "in/a/b");
    root = open(mounts_path(&scratch, "in"), O_PATH | O_CLOEXEC);

    none = mounts_below_read(root);
    ck_assert_uint_eq(none.count, 0);
    mounts_tmpfs(&scratch, "in/a/b");
    one = mounts_below_read(root);
    ck_assert_str_eq(compare(&none, &one), "[a/b]");
    ck_assert_str_eq(compare(&one, &one), "");
    ck_assert_str_eq(compare(&one, &none), "[a/b]");
    mounts_tmpfs(&scratch, "in/a/b"); /* over it */
    other = mounts_below_read(root);
    ck_assert_str_eq(compare(&one, &other), "[a/b]");
    mounts_below_release(&one);
    mounts_below_release(&other);
    mounts_below_release(&none);
    close(root);
}
END_TEST

UNIT_MAIN("mounts_below", UNIT_TEST(what_came_went_or_was_swapped_is_told))
