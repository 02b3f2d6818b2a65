/* SPDX-License-Identifier: GPL-2.0-or-later */
/* landlock - see landlock.h; landlock(7).
 *
 * Kernel headers are older than kernels, so the numbers are here; they are the kernel's interface and never
 * change. A ruleset that handles a right and has no rule denies it everywhere. */
#include "landlock.h"

#include "base/cleanup.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/syscall.h>
#include <unistd.h>

/* The same on every architecture. */
enum { CREATE_RULESET = 444, ADD_RULE = 445, RESTRICT_SELF = 446, VERSION_FLAG = 1 };

enum { RULE_PATH_BENEATH = 1, READ_FILE = 1 << 2 };

/* struct landlock_path_beneath_attr. */
struct beneath {
    uint64_t files;
    int32_t place; /* a directory or a file, by O_PATH */
} __attribute__((packed));

/* struct landlock_ruleset_attr; kernels accept a longer one than theirs if what they do not know is zero. */
struct rights {
    uint64_t files, network, scopes;
};

/* What each version added. The first: execute, write, read, list, remove (2), make (7). */
static const struct {
    int abi;
    struct rights rights;
} additions[] = {
    { 1, { .files = (1 << 13) - 1 } },     { 2, { .files = 1 << 13 } }, /* refer */
    { 3, { .files = 1 << 14 } },                                        /* truncate */
    { 4, { .network = 1 << 0 | 1 << 1 } },                              /* bind and connect TCP */
    { 5, { .files = 1 << 15 } },                                        /* ioctl of devices */
    { 6, { .scopes = 1 << 0 | 1 << 1 } },                               /* abstract Unix sockets, signals */
};

static struct rights all_rights(int abi)
{
    struct rights rights = { 0, 0, 0 };

    for (size_t i = 0; i < ARRAY_SIZE(additions) && additions[i].abi <= abi; i++) {
        rights.files |= additions[i].rights.files;
        rights.network |= additions[i].rights.network;
        rights.scopes |= additions[i].rights.scopes;
    }
    return rights;
}

/* The kernel's version, or below 1. */
static int kernel_abi(void)
{
    return (int)syscall(CREATE_RULESET, NULL, 0, VERSION_FLAG);
}

/* What is not there, or not for this user, cannot be read later either. */
static bool is_out_of_reach(int errnum)
{
    return errnum == ENOENT || errnum == ENOTDIR || errnum == EACCES;
}

static int allow_reading(int ruleset, const char *path, struct error *error)
{
    _cleanup_close_ int place = open(path, O_PATH | O_CLOEXEC);
    struct beneath rule = { .files = READ_FILE, .place = place };

    if (place < 0)
        return is_out_of_reach(errno) ? 0 : error_set_errno(error, errno, STAGE_NONE, "cannot open %s", path);
    if (syscall(ADD_RULE, ruleset, RULE_PATH_BENEATH, &rule, 0) < 0)
        return error_set_errno(error, errno, STAGE_NONE, "cannot leave %s to Landlock", path);
    return 0;
}

int landlock_forbid_paths(const char *const *readable, unsigned *ret_abi, struct error *error)
{
    int abi = kernel_abi();
    struct rights rights = all_rights(abi);
    _cleanup_close_ int ruleset = -1;

    *ret_abi = 0;
    if (abi < 1)
        return 0;

    ruleset = (int)syscall(CREATE_RULESET, &rights, sizeof rights, 0);
    if (ruleset < 0)
        return error_set_errno(error, errno, STAGE_NONE, "cannot make a Landlock ruleset of ABI %d", abi);
    for (; *readable; readable++) {
        int r = allow_reading(ruleset, *readable, error);

        if (r < 0)
            return r;
    }
    if (syscall(RESTRICT_SELF, ruleset, 0) < 0)
        return error_set_errno(error, errno, STAGE_NONE, "cannot apply Landlock ABI %d", abi);

    *ret_abi = (unsigned)abi;
    return 0;
}
