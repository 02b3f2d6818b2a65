/* SPDX-License-Identifier: GPL-2.0-or-later */
/* history - ended jobs leave the ledger when JobHistory= is over, some at a time. What the ledger knows of files
 * stays: nothing is made again because its job was forgotten. Event loop's thread. */
#ifndef DARKROOM_SUPERVISOR_HISTORY_H
#define DARKROOM_SUPERVISOR_HISTORY_H

#include "supervisor/reply.h"

#include <stdbool.h>
#include <systemd/sd-event.h>

struct supervisor;

struct history {
    sd_event_source *source; /* the next look */
    bool purging;            /* the ledger was asked and has not answered */
};

/* Begins to look after the history. 0 or -errno. */
int history_start(struct supervisor *supervisor);

/* The ledger's answer. */
void history_purged(struct supervisor *supervisor, const struct reply *reply);

void history_release(struct history *history);

#endif
