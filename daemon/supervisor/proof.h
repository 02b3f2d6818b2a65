/* SPDX-License-Identifier: GPL-2.0-or-later */
/* proof - whether a worker can work with a configuration: one is started for that alone, and says.
 *
 * The supervisor decodes nothing, so that a file which a recipe names is what it should be only a worker can tell. A
 * reload proves with a worker that it then keeps (pool_prove()); this is for checks. */
#ifndef DARKROOM_SUPERVISOR_PROOF_H
#define DARKROOM_SUPERVISOR_PROOF_H

#include "supervisor/config.h"

/* Starts @program with the recipes of @config, waits until it is ready or refuses, for WORKER_HELLO_TIMEOUT_US at most,
 * and ends it. 0; -EINVAL with one problem added, what the worker said; or another -errno with one problem: it said
 * nothing, or could not be started. Any thread but the loop's. */
int proof_run(const struct config *config, const char *program, struct problems *problems);

#endif
