/* SPDX-License-Identifier: GPL-2.0-or-later */
/* switched - a harness's daemon with the kill switch (see kill_switch.h) in it. */
#ifndef DARKROOM_TESTS_SWITCHED_H
#define DARKROOM_TESTS_SWITCHED_H

#include "daemon_harness.h"
#include "kill_switch.h"

struct switched {
    struct kill_switch *the_switch;
    char variable[PATH_MAX];
};

/* Makes the switch's file in @h's directory. */
void switched_open(struct switched *switched, const struct harness *h);
void switched_close(struct switched *switched);

/* Starts the daemon with the switch set to its call number @at, 0 for none; does not wait. */
void switched_start(struct switched *switched, struct harness *h, uint64_t at);

/* Waits until the daemon has ended by the switch (true), or until @done jobs are done and nothing is under way (false;
 * the switch is off then, so that it does not cut the stop short). @seen (may be NULL) is called with each status. */
bool switched_await(struct switched *switched, struct harness *h, int64_t done,
                    void (*seen)(const json_t *status, void *context), void *context);

/* Makes the next fdatasync wait; switched_await_held() returns when it does, and switched_go_on() lets it. */
void switched_hold(struct switched *switched);
void switched_await_held(struct switched *switched);
void switched_go_on(struct switched *switched);

#endif
