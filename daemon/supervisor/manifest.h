/* SPDX-License-Identifier: GPL-2.0-or-later */
/* manifest - a job's output that no worker makes: a JSON file that tells of the others.
 *
 * It is told by RENDITION_MANIFEST, and but for its content is an output like any: its name is reserved, claimed and
 * published with the set. Only when the others' names are settled can it be written; so that is the last thing before
 * publishing. The same job makes the same bytes: keys are sorted, and no time is told. The field names are interface,
 * see darkroom.recipe(5).
 *
 * Watcher threads only: what was found in Output, and stands for an output, is read there. */
#ifndef DARKROOM_SUPERVISOR_MANIFEST_H
#define DARKROOM_SUPERVISOR_MANIFEST_H

#include "supervisor/job.h"

enum { MANIFEST_VERSION = 1 }; /* of what its fields mean */

/* Writes the manifest of @job into a sealed memory file, in the place of one that may be there, if it has one and makes
 * one; without any picture left that it could tell of, it is not made. @root is Output. 0, or -errno and job->failure
 * says why (class environment). */
int manifest_write(struct job *job, int root);

/* Does @fd, a file in Output, begin like one? */
bool manifest_is_like(int fd);

#endif
