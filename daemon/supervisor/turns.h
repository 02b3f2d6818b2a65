/* SPDX-License-Identifier: GPL-2.0-or-later */
/* turns - whose turn it is among those that have something to do: classes of priority, turns among equals, ageing.
 *
 * The higher class goes first. Who has been passed over for TURN_AGE_US counts as one class higher, for twice that
 * two; when it has had its turn it is what it was. Equals take turns, in their order. So among those of one class
 * none waits for more than one turn of each other, and the lowest class gets a turn at least that often
 * however busy the others are.
 *
 * A pure function; time is passed in. */
#ifndef DARKROOM_SUPERVISOR_TURNS_H
#define DARKROOM_SUPERVISOR_TURNS_H

#include "base/clock.h"
#include "conf/folder_conf.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define TURN_AGE_US (5 * USEC_PER_SEC)

struct turn {
    bool ready; /* has something to do */
    enum priority priority;
    uint64_t since_us; /* monotonic: it became ready, or had its last turn, then */
};

/* Which of @turns is next, when the one before @after had the last turn; @count when none is ready. */
size_t turns_next(const struct turn *turns, size_t count, size_t after, uint64_t now_us);

#endif
