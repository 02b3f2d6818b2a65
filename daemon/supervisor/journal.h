/* SPDX-License-Identifier: GPL-2.0-or-later */
/* journal - log lines as journal entries, with JOB_ID= as a field of its own. */
#ifndef DARKROOM_SUPERVISOR_JOURNAL_H
#define DARKROOM_SUPERVISOR_JOURNAL_H

#include "base/log.h"

#include <stdbool.h>

/* True when our stderr is connected to the journal (systemd.exec(5), $JOURNAL_STREAM). */
bool journal_is_connected(void);

/* A log_sink. */
void journal_sink(int level, uint64_t job, const char *text);

#endif
