/* SPDX-License-Identifier: GPL-2.0-or-later */
/* history - see history.h. */
#include "supervisor/history.h"

#include "base/clock.h"
#include "base/log.h"
#include "supervisor/event_order.h"
#include "supervisor/supervisor.h"

#define LOOK_SHARE 10 /* a look every tenth of JobHistory=, but … */
#define LOOK_LEAST_US USEC_PER_SEC
#define LOOK_MOST_US (3600 * USEC_PER_SEC) /* … an idle daemon is hardly woken */

static void look_again_in(struct supervisor *supervisor, uint64_t us)
{
    sd_event_source_set_time(supervisor->history.source, monotonic_us() + us);
    sd_event_source_set_enabled(supervisor->history.source, SD_EVENT_ONESHOT);
}

static uint64_t interval_us(const struct supervisor *supervisor)
{
    uint64_t us = supervisor->config->daemon.job_history_us / LOOK_SHARE;

    us = us > LOOK_LEAST_US ? us : LOOK_LEAST_US;
    return us < LOOK_MOST_US ? us : LOOK_MOST_US;
}

static int on_look(sd_event_source *source, uint64_t now, void *userdata)
{
    struct supervisor *supervisor = userdata;
    uint64_t kept_us = supervisor->config->daemon.job_history_us, today_us = realtime_us();
    struct ledger_request request = { .op = LEDGER_PURGE };

    (void)source;
    (void)now;
    if (supervisor->phase != PHASE_RUNNING || supervisor->history.purging || kept_us >= today_us)
        return 0;
    request.before_us = today_us - kept_us;
    supervisor->history.purging = true;
    ledger_send(supervisor->ledger, &request);
    return 0;
}

/* A full portion may not have been all; the ledger serves others in between. */
void history_purged(struct supervisor *supervisor, const struct reply *reply)
{
    supervisor->history.purging = false;
    if (reply->count > 0) {
        log_debug("%zu jobs ended longer ago than JobHistory= and were forgotten", reply->count);
        supervisor_changed(supervisor);
    }
    look_again_in(supervisor, reply->count > 0 ? 0 : interval_us(supervisor));
}

int history_start(struct supervisor *supervisor)
{
    int r = sd_event_add_time(supervisor->event, &supervisor->history.source, CLOCK_MONOTONIC, 0,
                              USEC_PER_SEC, on_look, supervisor);

    if (r < 0)
        return r;
    look_again_in(supervisor, interval_us(supervisor));
    return sd_event_source_set_priority(supervisor->history.source, ORDER_CONTROL);
}

void history_release(struct history *history)
{
    sd_event_source_disable_unref(history->source);
}
