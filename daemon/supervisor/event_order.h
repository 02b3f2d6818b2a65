/* SPDX-License-Identifier: GPL-2.0-or-later */
/* event_order - what the event loop serves first when several things are ready; smaller is earlier.
 *
 * The order is policy: a result is read before the exit of the worker that sent it, so that a job which was
 * finished is never blamed for what came after; both before replies, which free the way for new work; timers
 * after what they might punish (a result that is here in time is in time); signals before new work is given
 * out; people asking for status late, but one turn of everything else is short. Of thousands that wait for news
 * each turn answers a few, whatever it was for; the rest of them get turns of their own when there is nothing else. */
#ifndef DARKROOM_SUPERVISOR_EVENT_ORDER_H
#define DARKROOM_SUPERVISOR_EVENT_ORDER_H

enum event_order {
    ORDER_RESULTS = -50,
    ORDER_EXITS = -40,
    ORDER_REPLIES = -30,
    ORDER_NEWS = -20,
    ORDER_SIGNALS = -15,
    ORDER_TIMERS = -10,
    ORDER_CONTROL = 10,
    ORDER_CROWD = 20,
};

#endif
