/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Whether a configured directory still is what it was (contract, rules 7 and 21); real mounts, in a namespace of the
 * test's own. */
#include "supervisor/anchor.h"

#include "base/cleanup.h"
#include "mounts.h"
#include "unit_main.h"

static struct scratch scratch;
static struct anchor anchor;
static struct error error;

/* An anchor of @path, with the file system of "disk" mounted. */
static bool setup(const char *path)
{
    scratch = scratch_make();
    if (!mounts_private()) {
        scratch_remove(&scratch);
        return false;
    }
    mounts_directory(&scratch, "disk");
    mounts_tmpfs(&scratch, "disk");
    mounts_directory(&scratch, "disk/in");
    ck_assert(anchor_set(&anchor, mounts_path(&scratch, path), true));
    return true;
}

static void teardown(void)
{
    anchor_release(&anchor);
    scratch_remove(&scratch);
}

static int try_open(void)
{
    int fd = anchor_open(&anchor, &error);

    if (fd < 0)
        return fd;
    close(fd);
    return 0;
}

static void expect_lost(void)
{
    ck_assert_int_eq(try_open(), -ENOMEDIUM);
    ck_assert_int_eq(error.class, CLASS_ENVIRONMENT);
    ck_assert_msg(strstr(error.text, "the file system that was mounted at") &&
                      strstr(error.text, mounts_path(&scratch, "disk")) &&
                      strstr(error.text, "is not there") && strstr(error.text, "RequiresMount=no"),
                  "%s", error.text);
}

static const char *const paths[] = { "disk", "disk/in" };

START_TEST(without_its_disk_it_is_not_opened_and_any_disk_brings_it_back)
{
    unsigned changes;

    if (!setup(paths[_i]))
        return;
    ck_assert_int_eq(try_open(), 0);
    ck_assert_int_eq(try_open(), 0);
    changes = anchor.changes;
    mounts_unmount(&scratch, "disk");
    expect_lost();
    mounts_directory(&scratch, "disk/in"); /* on the disk below */
    expect_lost();
    ck_assert_uint_eq(anchor.changes, changes);
    mounts_tmpfs(&scratch, "disk"); /* another card */
    mounts_directory(&scratch, "disk/in");
    ck_assert_int_eq(try_open(), 0);
    mounts_unmount(&scratch, "disk");
    expect_lost();
    teardown();
}
END_TEST

/* The mount that everything is on is not in the mount table there. */
START_TEST(a_disk_is_missed_in_a_chroot_too)
{
    struct scratch outer;
    int outside;

    if (!setup("disk/in"))
        return;
    anchor_release(&anchor);
    mounts_directory(&scratch, "proc");
    ck_assert_int_eq(mount("/proc", mounts_path(&scratch, "proc"), NULL, MS_BIND | MS_REC, NULL), 0);
    outside = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
    ck_assert_int_eq(chroot(scratch.path), 0);
    outer = scratch;
    scratch.path[0] = '\0';

    ck_assert(anchor_set(&anchor, "/disk/in", true));
    ck_assert_int_eq(try_open(), 0);
    mounts_unmount(&scratch, "disk");
    mounts_directory(&scratch, "disk/in"); /* on the disk below */
    expect_lost();
    mounts_tmpfs(&scratch, "disk");
    mounts_directory(&scratch, "disk/in");
    ck_assert_int_eq(try_open(), 0);

    scratch = outer;
    ck_assert_int_eq(fchdir(outside), 0);
    ck_assert_int_eq(chroot("."), 0);
    close(outside);
    mounts_unmount(&scratch, "proc");
    mounts_unmount(&scratch, "disk");
    teardown();
}
END_TEST

START_TEST(a_disk_under_a_disk_is_missed_too)
{
    if (!setup("disk/in"))
        return;
    mounts_tmpfs(&scratch, "disk/in");
    ck_assert_int_eq(try_open(), 0);
    mounts_unmount(&scratch, "disk/in");
    ck_assert_int_eq(try_open(), -ENOMEDIUM);
    mounts_unmount(&scratch, "disk");
    ck_assert_int_eq(try_open(), -ENOMEDIUM);
    teardown();
}
END_TEST

START_TEST(what_an_earlier_run_knew_is_heeded)
{
    if (!setup("disk"))
        return;
    mounts_unmount(&scratch, "disk");
    anchor.mount_point = strdup(mounts_path(&scratch, "disk")); /* as the ledger has it */
    expect_lost();
    mounts_tmpfs(&scratch, "disk");
    ck_assert_int_eq(try_open(), 0);
    teardown();
}
END_TEST

START_TEST(a_disk_mounted_over_it_is_another_directory)
{
    if (!setup("disk/in"))
        return;
    ck_assert_int_eq(try_open(), 0);
    ck_assert_uint_eq(anchor.changes, 1);
    ck_assert(anchor.unsaved);
    mounts_tmpfs(&scratch, "disk/in");
    ck_assert_int_eq(try_open(), 0);
    ck_assert_uint_eq(anchor.changes, 2);
    ck_assert_str_eq(anchor.mount_point, mounts_path(&scratch, "disk/in"));
    teardown();
}
END_TEST

START_TEST(another_directory_of_the_name_is_seen)
{
    if (!setup("disk/in"))
        return;
    ck_assert_int_eq(try_open(), 0);
    ck_assert_int_eq(rename(mounts_path(&scratch, "disk/in"), mounts_path(&scratch, "disk/away")), 0);
    ck_assert_int_eq(try_open(), -ENOENT);
    mounts_directory(&scratch, "disk/in");
    ck_assert_int_eq(try_open(), 0);
    ck_assert_uint_eq(anchor.changes, 2);
    teardown();
}
END_TEST

/* systemd's ReadWritePaths= makes bind mounts that a daemon run by hand does not have. */
START_TEST(the_same_directory_without_a_bind_mount_is_the_same)
{
    if (!setup("disk/in"))
        return;
    mounts_bind(&scratch, "disk/in", "disk/in");
    ck_assert_int_eq(try_open(), 0);
    ck_assert_str_eq(anchor.mount_point, mounts_path(&scratch, "disk/in"));
    mounts_unmount(&scratch, "disk/in");
    ck_assert_int_eq(try_open(), 0);
    ck_assert_uint_eq(anchor.changes, 1);
    teardown();
}
END_TEST

START_TEST(a_link_that_is_led_elsewhere_on_purpose_is_followed)
{
    if (!setup("link"))
        return;
    mounts_directory(&scratch, "other");
    ck_assert_int_eq(symlink("disk/in", mounts_path(&scratch, "link")), 0);
    ck_assert_int_eq(try_open(), 0);
    ck_assert_int_eq(unlink(mounts_path(&scratch, "link")), 0);
    ck_assert_int_eq(symlink("other", mounts_path(&scratch, "link")), 0);
    ck_assert_int_eq(try_open(), 0); /* the disk is still mounted: it is not missed */
    ck_assert_uint_eq(anchor.changes, 2);
    teardown();
}
END_TEST

START_TEST(a_directory_that_does_not_require_its_mount_is_opened_without)
{
    if (!setup("disk"))
        return;
    ck_assert_int_eq(try_open(), 0);
    mounts_unmount(&scratch, "disk");
    ck_assert(!anchor_set(&anchor, mounts_path(&scratch, "disk"), false));
    ck_assert_int_eq(try_open(), 0);
    ck_assert(!anchor_set(&anchor, mounts_path(&scratch, "disk"), true));
    ck_assert_int_eq(try_open(), 0); /* forgotten for good */
    teardown();
}
END_TEST

START_TEST(another_path_is_another_anchor)
{
    if (!setup("disk"))
        return;
    ck_assert_int_eq(try_open(), 0);
    mounts_unmount(&scratch, "disk");
    ck_assert(anchor_set(&anchor, scratch.path, true));
    ck_assert_int_eq(try_open(), 0);
    teardown();
}
END_TEST

START_TEST(nothing_is_held_open)
{
    if (!setup("disk/in"))
        return;
    ck_assert_int_eq(try_open(), 0);
    mounts_unmount(&scratch, "disk"); /* not busy */
    teardown();
}
END_TEST

UNIT_MAIN("anchor", UNIT_ROWS(without_its_disk_it_is_not_opened_and_any_disk_brings_it_back, paths),
          UNIT_TEST(a_disk_is_missed_in_a_chroot_too), UNIT_TEST(a_disk_under_a_disk_is_missed_too),
          UNIT_TEST(what_an_earlier_run_knew_is_heeded),
          UNIT_TEST(a_disk_mounted_over_it_is_another_directory),
          UNIT_TEST(another_directory_of_the_name_is_seen),
          UNIT_TEST(the_same_directory_without_a_bind_mount_is_the_same),
          UNIT_TEST(a_link_that_is_led_elsewhere_on_purpose_is_followed),
          UNIT_TEST(a_directory_that_does_not_require_its_mount_is_opened_without),
          UNIT_TEST(another_path_is_another_anchor), UNIT_TEST(nothing_is_held_open))
