/* SPDX-License-Identifier: GPL-2.0-or-later */
/* fs_kind - see fs_kind.h. The numbers are from linux/magic.h, statfs(2) and the file systems' own sources. */
#include "supervisor/fs_kind.h"

#include "base/cleanup.h"

#include <sys/vfs.h>

/* Network and cluster file systems do not tell what other machines do to them. FUSE is whatever its daemon makes
 * of it, and hands out inodes anew once it has forgotten them; so do FAT and exFAT, which have none. */
static const struct fs_kind kinds[] = {
    { .magic = 0x6969, .name = "NFS", .remote = true, .coarse = true },
    { .magic = 0x517B, .name = "SMB", .remote = true, .coarse = true },
    { .magic = 0xFF534D42, .name = "CIFS", .remote = true, .coarse = true },
    { .magic = 0xFE534D42, .name = "SMB2", .remote = true, .coarse = true },
    { .magic = 0x65735546, .name = "FUSE", .remote = true, .coarse = true },
    { .magic = 0x01021997, .name = "9P", .remote = true, .coarse = true },
    { .magic = 0x00C36400, .name = "Ceph", .remote = true, .coarse = true },
    { .magic = 0x5346414F, .name = "AFS", .remote = true, .coarse = true },
    { .magic = 0x6B414653, .name = "AFS", .remote = true, .coarse = true },
    { .magic = 0x73757245, .name = "Coda", .remote = true, .coarse = true },
    { .magic = 0x01161970, .name = "GFS2", .remote = true, .coarse = true },
    { .magic = 0x7461636F, .name = "OCFS2", .remote = true, .coarse = true },
    { .magic = 0x0BD00BD0, .name = "Lustre", .remote = true, .coarse = true },
    { .magic = 0x47504653, .name = "GPFS", .remote = true, .coarse = true },
    { .magic = 0x19830326, .name = "BeeGFS", .remote = true, .coarse = true },
    { .magic = 0x20030528, .name = "OrangeFS", .remote = true, .coarse = true },
    { .magic = 0xAAD7AAEA, .name = "PanFS", .remote = true, .coarse = true },
    { .magic = 0x786F4256, .name = "VirtualBox's shared folders", .remote = true, .coarse = true },
    { .magic = 0xBACBACBC, .name = "VMware's shared folders", .remote = true, .coarse = true },
    { .magic = 0x4D44, .name = "FAT", .coarse = true },
    { .magic = 0x2011BAB0, .name = "exFAT", .coarse = true },
};

static const struct fs_kind local = { .name = "a local file system" };
static const struct fs_kind unknown = { .name = "a file system that does not tell its type",
                                        .remote = true,
                                        .coarse = true };

const struct fs_kind *fs_kind_of_magic(uint32_t magic)
{
    for (size_t i = 0; i < ARRAY_SIZE(kinds); i++)
        if (kinds[i].magic == magic)
            return &kinds[i];
    return &local;
}

const struct fs_kind *fs_kind_of(int fd)
{
    struct statfs fs;

    return fstatfs(fd, &fs) < 0 ? &unknown : fs_kind_of_magic((uint32_t)fs.f_type);
}

bool fs_kind_is_known(const struct fs_kind *kind)
{
    return kind != &unknown;
}
