/* SPDX-License-Identifier: GPL-2.0-or-later */
/* landlock - takes every path from a thread, and from the threads it starts. */
#ifndef DARKROOM_WORKER_LANDLOCK_H
#define DARKROOM_WORKER_LANDLOCK_H

#include "base/error.h"

/* Applies an empty ruleset that handles every right the kernel's Landlock knows: paths, TCP from ABI 4, signals
 * to others and abstract sockets from ABI 6. The calling thread only, PR_SET_NO_NEW_PRIVS is set before. A kernel
 * without Landlock is no failure: *@ret_abi is 0 then. 0 or -errno with @error. */
int landlock_forbid_paths(unsigned *ret_abi, struct error *error);

#endif
