/* SPDX-License-Identifier: GPL-2.0-or-later */
/* errand - loading a configuration while the event loop goes on: a short-lived thread that reads the files, and for a
 * check has a worker prove it.
 *
 * The loop never waits for files; a configuration on a hung mount delays its own reload and nothing else. */
#ifndef DARKROOM_SUPERVISOR_ERRAND_H
#define DARKROOM_SUPERVISOR_ERRAND_H

#include "base/problems.h"
#include "supervisor/config.h"

#include <systemd/sd-event.h>

/* Called in the loop's thread with the result of config_load(), or of proof_run() after it; the reference @config (NULL
 * when it could not be loaded) is the callee's, @problems is released after the call. */
typedef void errand_done(void *context, int result, struct config *config, struct problems *problems);

/* Loads from @origin (which must outlive the errand) and calls @done later. 0 or -errno. Event loop's thread. */
int errand_load_config(sd_event *event, const struct config_origin *origin, errand_done *done, void *context);

/* The same, and a worker that runs @worker_program (copied) says whether it can work so. */
int errand_check_config(sd_event *event, const struct config_origin *origin, const char *worker_program,
                        errand_done *done, void *context);

#endif
