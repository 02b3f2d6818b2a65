/* SPDX-License-Identifier: GPL-2.0-or-later */
/* kernel_settings - see kernel_settings.h. The helpers of libinotifytools note failures in a variable of the whole
 * process: another reason to ask once, early. */
#include "supervisor/kernel_settings.h"

#include "base/cleanup.h"

#include <inotifytools/inotifytools.h>
#include <stdio.h>

#define PROTECTED_HARDLINKS "/proc/sys/fs/protected_hardlinks"

/* What cannot be read is not relied on. */
static bool read_protected_hardlinks(void)
{
    _cleanup_file_ FILE *file = fopen(PROTECTED_HARDLINKS, "re");

    return file && fgetc(file) == '1';
}

void kernel_settings_read(struct kernel_settings *ret)
{
    *ret = (struct kernel_settings){
        .max_user_watches = inotifytools_get_max_user_watches(),
        .max_user_instances = inotifytools_get_max_user_instances(),
        .protected_hardlinks = read_protected_hardlinks(),
    };
}
