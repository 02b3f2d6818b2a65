/* SPDX-License-Identifier: GPL-2.0-or-later */
/* landlock - takes every path, but for fonts to read, from a thread, and from the threads it starts. */
#ifndef DARKROOM_WORKER_LANDLOCK_H
#define DARKROOM_WORKER_LANDLOCK_H

#include "base/error.h"

/* Applies a ruleset that handles every right the kernel's Landlock knows: paths, TCP from ABI 4, signals
 * to others and abstract sockets from ABI 6; and in which only files at or below the paths of @readable, which end
 * with a NULL, may be read. Those that are not there are passed over. The calling thread only, PR_SET_NO_NEW_PRIVS is
 * set before. A kernel without Landlock is no failure: *@ret_abi is 0 then. 0 or -errno with @error. */
int landlock_forbid_paths(const char *const *readable, unsigned *ret_abi, struct error *error);

#endif
