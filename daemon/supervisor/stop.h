/* SPDX-License-Identifier: GPL-2.0-or-later */
/* stop - the shut-down: what is waited for, in which order, and for how long. Event loop's thread. */
#ifndef DARKROOM_SUPERVISOR_STOP_H
#define DARKROOM_SUPERVISOR_STOP_H

#include <stdint.h>
#include <systemd/sd-event.h>

struct supervisor;

/* Begins the shut-down; again: the quick one. */
void supervisor_stop(struct supervisor *supervisor, int exit_code);

/* After every turn of the loop: goes on where it has to wait; nothing while there is no stop. */
void stop_go_on(struct supervisor *supervisor);

/* Each time patience runs out (an sd_event_time_handler_t; @userdata is the supervisor), something else is not waited
 * for any more. */
int stop_impatience(sd_event_source *source, uint64_t now, void *userdata);

#endif
