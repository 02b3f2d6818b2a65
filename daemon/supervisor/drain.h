/* SPDX-License-Identifier: GPL-2.0-or-later */
/* drain - --drain: when is what was there at the start done, or given up, and with which exit code. Event loop's
 * thread. */
#ifndef DARKROOM_SUPERVISOR_DRAIN_H
#define DARKROOM_SUPERVISOR_DRAIN_H

#include <stdint.h>
#include <systemd/sd-event.h>

struct supervisor;

/* Ten times a second (an sd_event_time_handler_t; @userdata is the supervisor): draws the progress, and begins the
 * stop when it is over. */
int drain_tick(sd_event_source *source, uint64_t now, void *userdata);

/* A --drain that is interrupted has not done what it was asked for: says so and begins the stop. */
void drain_interrupt(struct supervisor *supervisor);

#endif
