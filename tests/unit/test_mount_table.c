/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which mount a directory is on, with real mounts in a namespace of the test's own. */
#include "supervisor/mount_table.h"

#include "base/cleanup.h"
#include "mounts.h"
#include "unit_main.h"

#include <poll.h>

static struct scratch scratch;
static struct mount_table *table;
static struct mount found;

static bool setup(void)
{
    scratch = scratch_make();
    if (mounts_private())
        return true;
    scratch_remove(&scratch);
    return false;
}

static void teardown(void)
{
    mount_table_free(take_ptr(table));
    scratch_remove(&scratch);
}

static void read_table(void)
{
    mount_table_free(take_ptr(table));
    ck_assert_int_eq(mount_table_read(&table), 0);
}

/* Fills in @found. */
static bool find(const char *name)
{
    _cleanup_close_ int fd = open(mounts_path(&scratch, name), O_PATH | O_CLOEXEC);

    ck_assert_int_ge(fd, 0);
    read_table();
    return mount_table_of(table, fd, &found);
}

START_TEST(a_directory_is_on_the_mount_that_is_nearest_above)
{
    if (!setup())
        return;
    mounts_directory(&scratch, "disk name"); /* a blank is escaped in the table */
    mounts_tmpfs(&scratch, "disk name");
    mounts_directory(&scratch, "disk name/d");
    ck_assert(find("disk name/d"));
    ck_assert_str_eq(found.point, mounts_path(&scratch, "disk name"));
    ck_assert_str_eq(found.root, "/");
    ck_assert_str_eq(found.type, "tmpfs");
    ck_assert(mount_table_has_point(table, mounts_path(&scratch, "disk name")));
    ck_assert(!mount_table_has_point(table, mounts_path(&scratch, "disk name/d")));
    mounts_unmount(&scratch, "disk name");
    ck_assert(find("disk name"));
    ck_assert_str_ne(found.type, "tmpfs");
    teardown();
}
END_TEST

START_TEST(a_bind_mount_shows_a_directory_of_its_file_system)
{
    if (!setup())
        return;
    mounts_directory(&scratch, "disk");
    mounts_tmpfs(&scratch, "disk");
    mounts_directory(&scratch, "disk/d");
    mounts_directory(&scratch, "bound");
    mounts_bind(&scratch, "disk/d", "bound");
    ck_assert(find("bound"));
    ck_assert_str_eq(found.point, mounts_path(&scratch, "bound"));
    ck_assert_str_eq(found.root, "/d");
    teardown();
}
END_TEST

/* By name the hidden mount at disk/d would be found. */
START_TEST(a_mount_that_is_hidden_by_another_is_not_the_one)
{
    if (!setup())
        return;
    mounts_directory(&scratch, "disk");
    mounts_directory(&scratch, "disk/d");
    mounts_tmpfs(&scratch, "disk/d");
    mounts_tmpfs(&scratch, "disk");
    mounts_directory(&scratch, "disk/d");
    ck_assert(find("disk/d"));
    ck_assert_str_eq(found.point, mounts_path(&scratch, "disk"));
    teardown();
}
END_TEST

static char below[4][PATH_MAX];
static size_t below_count;

static void note(void *context, const struct mount *mount)
{
    (void)context;
    ck_assert_uint_lt(below_count, 4);
    snprintf(below[below_count++], PATH_MAX, "%s", mount->point);
}

START_TEST(mounts_below_a_directory_are_listed_but_not_its_own)
{
    if (!setup())
        return;
    mounts_directory(&scratch, "a");
    mounts_tmpfs(&scratch, "a");
    mounts_directory(&scratch, "a/b");
    mounts_tmpfs(&scratch, "a/b");
    mounts_directory(&scratch, "ab");
    mounts_tmpfs(&scratch, "ab");
    read_table();
    mount_table_below(table, mounts_path(&scratch, "a"), note, NULL);
    ck_assert_uint_eq(below_count, 1);
    ck_assert_str_eq(below[0], mounts_path(&scratch, "a/b"));
    teardown();
}
END_TEST

START_TEST(a_mount_and_an_unmount_are_hinted_at)
{
    struct pollfd hint = { .events = POLLPRI };

    if (!setup())
        return;
    hint.fd = mount_table_open_hint();
    ck_assert_int_ge(hint.fd, 0);
    ck_assert_int_eq(poll(&hint, 1, 0), 0);
    mounts_directory(&scratch, "disk");
    mounts_tmpfs(&scratch, "disk");
    ck_assert_int_eq(poll(&hint, 1, 10000), 1);
    ck_assert_int_eq(poll(&hint, 1, 0), 0); /* once */
    mounts_unmount(&scratch, "disk");
    ck_assert_int_eq(poll(&hint, 1, 10000), 1);
    close(hint.fd);
    teardown();
}
END_TEST

START_TEST(an_open_directory_has_a_path_without_links)
{
    _cleanup_free_ char *path = NULL;
    int fd;

    if (!setup())
        return;
    mounts_directory(&scratch, "real");
    ck_assert_int_eq(symlink("real", mounts_path(&scratch, "link")), 0);
    fd = open(mounts_path(&scratch, "link"), O_PATH | O_CLOEXEC);
    path = mount_table_path_of(fd);
    ck_assert_str_eq(path, mounts_path(&scratch, "real"));
    close(fd);
    ck_assert_ptr_null(mount_table_path_of(-1));
    teardown();
}
END_TEST

UNIT_MAIN("mount_table", UNIT_TEST(a_directory_is_on_the_mount_that_is_nearest_above),
          UNIT_TEST(a_bind_mount_shows_a_directory_of_its_file_system),
          UNIT_TEST(a_mount_that_is_hidden_by_another_is_not_the_one),
          UNIT_TEST(mounts_below_a_directory_are_listed_but_not_its_own),
          UNIT_TEST(a_mount_and_an_unmount_are_hinted_at),
          UNIT_TEST(an_open_directory_has_a_path_without_links))
