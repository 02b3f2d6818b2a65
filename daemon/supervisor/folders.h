/* SPDX-License-Identifier: GPL-2.0-or-later */
/* folders - the hot folders that there are: made as the configuration says, and let go when it says so no more, each
 * with its watcher. Event loop's thread. */
#ifndef DARKROOM_SUPERVISOR_FOLDERS_H
#define DARKROOM_SUPERVISOR_FOLDERS_H

#include <stddef.h>

struct folder;
struct supervisor;

/* Makes the folders be what the configuration says. 0, or -errno when one cannot be watched (that was logged). */
int folders_reconcile(struct supervisor *supervisor);

/* The folder called @name, unless it is on its way out; or NULL. */
struct folder *folders_find(const struct supervisor *supervisor, const char *name);

/* Ends folders that are no longer configured and of which nothing is under way any more. */
void folders_end_leaving(struct supervisor *supervisor);

/* The watcher of the folder at @slot has ended. */
void folders_watcher_ended(struct supervisor *supervisor, size_t slot);

/* The last request of all to its watcher, once. */
void folders_send_stop(struct folder *folder);

#endif
