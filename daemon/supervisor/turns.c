/* SPDX-License-Identifier: GPL-2.0-or-later */
/* turns - see turns.h. */
#include "supervisor/turns.h"

static uint64_t rank(const struct turn *turn, uint64_t now_us)
{
    uint64_t waited = now_us > turn->since_us ? now_us - turn->since_us : 0;
    uint64_t raised = (uint64_t)turn->priority + waited / TURN_AGE_US;

    return raised < PRIORITY_HIGH ? raised : PRIORITY_HIGH;
}

size_t turns_next(const struct turn *turns, size_t count, size_t after, uint64_t now_us)
{
    size_t best = count;

    for (size_t i = 0; i < count; i++) {
        size_t index = (after + i) % count;

        if (turns[index].ready && (best == count || rank(&turns[index], now_us) > rank(&turns[best], now_us)))
            best = index;
    }
    return best;
}
