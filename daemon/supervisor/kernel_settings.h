/* SPDX-License-Identifier: GPL-2.0-or-later */
/* kernel_settings - the settings of the kernel that we go by. Immutable once read; any thread. */
#ifndef DARKROOM_SUPERVISOR_KERNEL_SETTINGS_H
#define DARKROOM_SUPERVISOR_KERNEL_SETTINGS_H

#include <stdbool.h>

struct kernel_settings {
    int max_user_watches, max_user_instances; /* fs.inotify.*; -1: not known */
    bool protected_hardlinks; /* fs.protected_hardlinks: nobody links to files that are not theirs */
};

/* Reads them, before there are threads. */
void kernel_settings_read(struct kernel_settings *ret);

#endif
