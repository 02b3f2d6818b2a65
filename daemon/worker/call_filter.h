/* SPDX-License-Identifier: GPL-2.0-or-later */
/* call_filter - the system calls that a worker may make, and how the others end. */
#ifndef DARKROOM_WORKER_CALL_FILTER_H
#define DARKROOM_WORKER_CALL_FILTER_H

#include <stdbool.h>

/* Puts every thread of the process under the filter, for good, or none. With @reading files can be opened to be
 * read, as far as Landlock lets them be. PR_SET_NO_NEW_PRIVS is set before.
 * 0, -ECANCELED when a thread cannot be, or another -errno. */
int call_filter_load(bool reading);

/* How many system calls it lets through, some of them with certain arguments only. */
unsigned call_filter_count(bool reading);

#endif
