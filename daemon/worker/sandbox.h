/* SPDX-License-Identifier: GPL-2.0-or-later */
/* sandbox - what is left to a worker once it looks at other people's pictures: memory, and its descriptors.
 *
 * Landlock takes every path, TCP and (kernels permitting) signals; it holds for the calling thread and those it
 * starts. seccomp takes every system call that is not in a table, from all threads. So:
 *
 *   sandbox_prepare()          at the very start
 *   landlock_forbid_paths()    in the thread that works for the first time, see warm_up.h
 *   sandbox_enter()            in the main thread: its own paths, then the filter for all, then a check of each
 *
 * None of it can be undone.
 *
 * Where drawings are read (typefaces.h), the files of fonts can be: then seccomp lets files be opened for reading, and
 * Landlock those below certain directories only. That a file is elsewhere, its size and times can be asked for then, as
 * by anybody. A kernel without Landlock has no such workers. */
#ifndef DARKROOM_WORKER_SANDBOX_H
#define DARKROOM_WORKER_SANDBOX_H

#include "base/error.h"

struct sandbox {
    unsigned landlock_abi; /* 0: the kernel has no Landlock */
    unsigned system_calls; /* how many the filter lets through, some with certain arguments only */
};

/* No core dumps, no new privileges, and no life without the supervisor. 0 or -errno with @error. */
int sandbox_prepare(struct error *error);

/* Closes the sandbox around the whole process and asks the kernel whether every thread is in it. The main
 * thread only, while no other starts threads. Files at or below the paths of @readable (NULL after the last) can be
 * read still. Needs /proc. 0 or -errno with @error. */
int sandbox_enter(const char *const *readable, struct sandbox *ret, struct error *error);

#endif
