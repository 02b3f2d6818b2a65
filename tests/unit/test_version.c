/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What makes two versions of a source the same one. */
#include "supervisor/version.h"

#include "unit_main.h"

static const struct version base = { .device = 1, .inode = 2, .size = 3, .mtime_ns = 4, .ctime_ns = 5 };

static const struct {
    const char *name;
    struct version other;
    bool equal, equal_renamed;
} rows[] = {
    { "the same", { 1, 2, 3, 4, 5 }, true, true },
    { "a remount changes the device's number", { 9, 2, 3, 4, 5 }, true, true },
    { "another inode", { 1, 9, 3, 4, 5 }, false, false },
    { "another size", { 1, 2, 9, 4, 5 }, false, false },
    { "no file any more", { 1, 2, -1, 4, 5 }, false, false },
    { "another mtime", { 1, 2, 3, 9, 5 }, false, false },
    { "another inode and ctime where they do not last", { 1, 0, 3, 4, 0 }, true, true },
    { "another size where only that counts", { 1, 0, 9, 4, 0 }, false, false },
    { "another mtime where only that counts", { 1, 0, 3, 9, 0 }, false, false },
    { "only the ctime, as after a rename", { 1, 2, 3, 4, 9 }, false, true },
};

START_TEST(versions_are_compared)
{
    ck_assert_msg(version_equal(&base, &rows[_i].other) == rows[_i].equal, "%s", rows[_i].name);
    ck_assert_msg(version_equal(&rows[_i].other, &base) == rows[_i].equal, "%s, turned round", rows[_i].name);
    ck_assert_msg(version_equal_renamed(&base, &rows[_i].other) == rows[_i].equal_renamed, "%s",
                  rows[_i].name);
}
END_TEST

START_TEST(a_version_is_what_stat_says)
{
    struct stat st = {
        .st_dev = 11, .st_ino = 12, .st_size = 13, .st_mtim = { 14, 15 }, .st_ctim = { 16, 17 }
    };
    struct version version = version_of(&st);

    ck_assert_uint_eq(version.device, 11);
    ck_assert_uint_eq(version.inode, 12);
    ck_assert_int_eq(version.size, 13);
    ck_assert_int_eq(version.mtime_ns, 14 * NSEC_PER_SEC + 15);
    ck_assert_int_eq(version.ctime_ns, 16 * NSEC_PER_SEC + 17);
}
END_TEST

/* FAT and FUSE give a file another inode when they have forgotten it, and their ctime is what they please. */
START_TEST(on_fat_only_size_and_mtime_make_a_version)
{
    struct stat st = {
        .st_dev = 1, .st_ino = 12, .st_size = 13, .st_mtim = { 14, 15 }, .st_ctim = { 16, 17 }
    };
    struct version before = version_coarse(version_of(&st)), whole = version_of(&st), after;

    st.st_ino = 99;
    st.st_ctim.tv_sec = 1000;
    after = version_coarse(version_of(&st));
    ck_assert(version_equal(&before, &after));
    ck_assert(version_equal(&whole, &after)); /* an older ledger has it whole */
    st.st_size++;
    after = version_coarse(version_of(&st));
    ck_assert(!version_equal(&before, &after));
    st.st_size--;
    st.st_mtim.tv_sec += 2;
    after = version_coarse(version_of(&st));
    ck_assert(!version_equal(&before, &after));
    ck_assert(!version_equal_renamed(&whole, &after));
}
END_TEST

/* ext4 keeps times up to 2446, XFS up to 2486, and anybody may set them; nanoseconds end in 2262. */
START_TEST(a_time_that_nanoseconds_cannot_count_does_not_overflow)
{
    struct stat future = { .st_mtim = { 15032385535, 0 } }, past = { .st_mtim = { -15032385535, 0 } };

    ck_assert_int_gt(version_of(&future).mtime_ns, version_of(&(struct stat){ 0 }).mtime_ns);
    ck_assert_int_lt(version_of(&past).mtime_ns, version_of(&(struct stat){ 0 }).mtime_ns);
}
END_TEST

UNIT_MAIN("version", UNIT_ROWS(versions_are_compared, rows), UNIT_TEST(a_version_is_what_stat_says),
          UNIT_TEST(on_fat_only_size_and_mtime_make_a_version),
          UNIT_TEST(a_time_that_nanoseconds_cannot_count_does_not_overflow))
