/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What may be relied on in which file system (contract, rules 1 and 8). */
#include "supervisor/fs_kind.h"

#include "small_disk.h"
#include "scratch.h"
#include "unit_main.h"

#include <linux/magic.h>

static const struct {
    uint32_t magic;
    bool remote, coarse;
} rows[] = {
    { NFS_SUPER_MAGIC, true, true },
    { SMB_SUPER_MAGIC, true, true },
    { 0xFE534D42 /* SMB2 */, true, true },
    { 0x65735546 /* FUSE */, true, true },
    { V9FS_MAGIC, true, true },
    { 0x00C36400 /* Ceph */, true, true },
    { MSDOS_SUPER_MAGIC, false, true },
    { 0x2011BAB0 /* exFAT */, false, true },
    { EXT4_SUPER_MAGIC, false, false },
    { BTRFS_SUPER_MAGIC, false, false },
    { XFS_SUPER_MAGIC, false, false },
    { TMPFS_MAGIC, false, false },
    { OVERLAYFS_SUPER_MAGIC, false, false },
};

START_TEST(network_and_fuse_are_polled_and_fat_is_compared_coarsely)
{
    const struct fs_kind *kind = fs_kind_of_magic(rows[_i].magic);

    ck_assert_msg(kind->remote == rows[_i].remote && kind->coarse == rows[_i].coarse, "%#x", rows[_i].magic);
    ck_assert_uint_gt(strlen(kind->name), 0);
}
END_TEST

START_TEST(a_directory_is_of_the_kind_that_it_is_on)
{
    _cleanup_scratch_ struct scratch scratch = scratch_make();
    int fd;

    if (!small_disk_mount(scratch.path, "size=64k"))
        return;
    fd = open(scratch.path, O_PATH | O_CLOEXEC);
    ck_assert(!fs_kind_of(fd)->remote);
    ck_assert(!fs_kind_of(fd)->coarse);
    close(fd);
    umount(scratch.path);
}
END_TEST

START_TEST(what_cannot_be_asked_is_not_relied_on)
{
    ck_assert(fs_kind_of(-1)->remote);
    ck_assert(fs_kind_of(-1)->coarse);
}
END_TEST

UNIT_MAIN("fs_kind", UNIT_ROWS(network_and_fuse_are_polled_and_fat_is_compared_coarsely, rows),
          UNIT_TEST(a_directory_is_of_the_kind_that_it_is_on),
          UNIT_TEST(what_cannot_be_asked_is_not_relied_on))
