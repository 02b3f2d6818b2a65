/* SPDX-License-Identifier: GPL-2.0-or-later */
/* daemon_conf - darkroom.conf: the settings of the daemon as a whole. */
#ifndef DARKROOM_CONF_DAEMON_CONF_H
#define DARKROOM_CONF_DAEMON_CONF_H

#include "base/problems.h"
#include "conf/conf_table.h"
#include "conf/ini.h"

#include <stddef.h>
#include <stdint.h>

enum { DAEMON_WORKERS_MAX = 256 };

/* Names are the keys in darkroom.conf. */
struct daemon_conf {
    uint64_t workers;        /* [Daemon] Workers=auto; 0: auto, the processors this process may use */
    uint64_t job_timeout_us; /* [Daemon] JobTimeout=60s, at least 100ms */
    uint64_t worker_jobs;    /* [Daemon] WorkerJobs=20000: after these a worker is replaced by a new one */
    uint64_t
        max_attempts; /* [Daemon] MaxAttempts=3, 1…100: crashes, timeouts of its own before a file fails */
    uint64_t job_history_us, /* [Daemon] JobHistory=90d: how long jobs that have ended are remembered */
        stop_timeout_us; /* [Daemon] StopTimeout=20s: how long running jobs may take to finish on SIGTERM */
    uint64_t memory_budget_bytes; /* [Daemon] MemoryBudget=auto; 0: auto, half of what this process may use */
    char *admin_group; /* [Control] AdminGroup=: besides root and the daemon's user, who may change things */
    struct ini ini;    /* as it is written, to say where a key stands */
};

/* Fills in the defaults. */
void daemon_conf_init(struct daemon_conf *conf);

/* Reads PATH and PATH.d/<any>.conf over the defaults (@conf needs no init before); a missing file is no problem.
 * 0, or -EINVAL with @problems filled and @conf all zero. */
int daemon_conf_load(struct daemon_conf *conf, const char *path, struct problems *problems);

void daemon_conf_release(struct daemon_conf *conf);

/* The row of the @index-th key of the file; NULL after the last. */
const struct conf_key *daemon_conf_key(size_t index);

#endif
