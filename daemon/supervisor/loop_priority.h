/* SPDX-License-Identifier: GPL-2.0-or-later */
/* loop_priority - the event loop's thread before all others.
 *
 * It hands on what others made and answers who asks, some hundred microseconds a time, and waits for nothing; least of
 * all for what somebody of lower priority has to end in the kernel (nursery.h). With the priority of the rest it waits
 * for a core where walks, the ledger and workers fill them: the kernel lets a thread go on to the end of its slice
 * (Documentation/scheduler/sched-eevdf.rst). In one of a hundred questions for status that took 2 to 8 ms; a shorter
 * slice or other nice values did not help.
 */
#ifndef DARKROOM_SUPERVISOR_LOOP_PRIORITY_H
#define DARKROOM_SUPERVISOR_LOOP_PRIORITY_H

/* Gives the calling thread the lowest real-time priority (SCHED_RR, 1); threads and processes that it makes afterwards
 * have the usual one. Returns 0, or, and nothing is changed:
 *  -EPERM    the process may not: it has neither CAP_SYS_NICE nor RLIMIT_RTPRIO (LimitRTPRIO=1);
 *  -EALREADY somebody has chosen a priority (Nice=, CPUSchedulingPolicy=, nice, chrt), which is for workers too. */
int loop_priority_raise(void);

#endif
