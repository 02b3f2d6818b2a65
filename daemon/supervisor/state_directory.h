/* SPDX-License-Identifier: GPL-2.0-or-later */
/* state_directory - the directories that the daemon keeps things in, and the lock that makes them its own. */
#ifndef DARKROOM_SUPERVISOR_STATE_DIRECTORY_H
#define DARKROOM_SUPERVISOR_STATE_DIRECTORY_H

#include "base/error.h"

#include <sys/types.h>

/* Makes @path and what leads to it, with @mode for what is made. 0 or -errno with @error. */
int state_directory_make(const char *path, mode_t mode, struct error *error);

/* Takes the lock of state directory @path for as long as the descriptor is open. A descriptor (O_CLOEXEC);
 * -EWOULDBLOCK when another daemon has it (@error names its process), or another -errno. */
int state_directory_lock(const char *path, struct error *error);

#endif
