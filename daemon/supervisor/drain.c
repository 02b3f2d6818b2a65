/* SPDX-License-Identifier: GPL-2.0-or-later */
/* drain - see drain.h. */
#include "supervisor/drain.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/text.h"
#include "supervisor/progress.h"
#include "supervisor/stop.h"
#include "supervisor/supervisor.h"

#include <inttypes.h>
#include <sysexits.h>

#define DRAIN_TICK_US (100 * USEC_PER_MSEC)
#define DRAIN_HELD_US (5 * USEC_PER_SEC)     /* a folder held or lost for so long is given up */
#define DRAIN_STALLED_US (15 * USEC_PER_SEC) /* nothing moves for so long: all is given up */

#define DRAIN_BUSY_US (60 * USEC_PER_SEC) /* a file system that does not answer for so long will not */

enum {
    DRAIN_WORKER_FAILURES = 5, /* workers in a row that do not get ready: all is given up */
    EXIT_SOME_FAILED = 1,
    EXIT_HELD = EX_TEMPFAIL,
};

static void count_progress(const struct supervisor *supervisor, struct progress_counts *ret)
{
    const struct ledger_news *news = &supervisor->ledger_news;
    uint64_t open = 0;

    for (size_t i = 0; i < supervisor->slot_count; i++) {
        struct folder *folder = supervisor->folders[i];

        if (folder)
            open += folder_waiting(folder) + news->folders[i].queued + news->folders[i].suspects +
                    folder->in_flight;
    }
    *ret = (struct progress_counts){
        .done = news->counts[JOB_DONE] - supervisor->done_before,
        .failed = news->counts[JOB_FAILED] - supervisor->failed_before,
        .elapsed_us = monotonic_us() - supervisor->started_us,
    };
    ret->total = ret->done + ret->failed + open;
}

/* True when this folder's share is done: nothing waits, nothing is queued, and the ledger has seen all arrivals. */
static bool is_drained(const struct supervisor *supervisor, const struct folder *folder)
{
    const struct ledger_folder_news *news = &supervisor->ledger_news.folders[folder->slot];

    return folder->news.scanned && folder->news.waiting == 0 && folder->news.arrivals == news->arrivals &&
           news->queued + news->suspects == 0 && folder->in_flight == 0 && folder->resumed &&
           !folder->taking && !folder->taking_suspects;
}

/* … and nothing was left out that could not be read. */
static bool is_finished(const struct supervisor *supervisor, const struct folder *folder)
{
    return is_drained(supervisor, folder) && folder->news.reason[0] == '\0';
}

/* A slow disk may take long over one large set of pictures, or over an original. */
static bool is_at_work(const struct folder *folder)
{
    uint64_t busy_us = watcher_busy_us(folder->watcher);

    return busy_us > 0 && busy_us < DRAIN_BUSY_US;
}

/* Nothing ended, settles or is worked on for so long: retries that lead nowhere, an archive or a ledger that is
 * not there. */
static bool is_stalled(struct supervisor *supervisor, const struct progress_counts *counts)
{
    uint64_t ended = counts->done + counts->failed, now = monotonic_us();

    for (size_t i = 0; i < supervisor->slot_count; i++)
        if (supervisor->folders[i] &&
            (supervisor->folders[i]->news.waiting > 0 || is_at_work(supervisor->folders[i])))
            supervisor->progress_us = now;
    if (ended != supervisor->progress_ended || pool_held_count(&supervisor->pool) > 0 ||
        supervisor->progress_us == 0)
        supervisor->progress_us = now;
    supervisor->progress_ended = ended;
    return now - supervisor->progress_us >= DRAIN_STALLED_US;
}

static bool is_given_up(const struct supervisor *supervisor, const struct folder *folder)
{
    bool held = folder->held_since_us > 0 && monotonic_us() - folder->held_since_us >= DRAIN_HELD_US;

    return held || (pool_ready_count(&supervisor->pool) == 0 &&
                    supervisor->pool.start_failures >= DRAIN_WORKER_FAILURES);
}

static const char *why_not_drained(const struct supervisor *supervisor, struct folder *folder)
{
    if (folder_reason(folder)[0])
        return folder_reason(folder);
    if (supervisor->ledger_news.failing)
        return supervisor->ledger_news.text;
    return pool_trouble(&supervisor->pool)[0] ? pool_trouble(&supervisor->pool)
                                              : "nothing moves any more; see the messages above";
}

/* Files that stay as earlier runs left them. */
struct earlier {
    uint64_t done, failed;
};

static struct earlier count_earlier(const struct supervisor *supervisor)
{
    struct earlier earlier = { 0 };

    for (size_t i = 0; i < supervisor->slot_count; i++)
        if (supervisor->folders[i]) {
            earlier.done += supervisor->ledger_news.folders[i].done_before;
            earlier.failed += supervisor->ledger_news.folders[i].failed_before;
        }
    return earlier;
}

static void say_drained(const struct progress_counts *counts, const struct earlier *earlier)
{
    char duration[32];

    text_format_duration(counts->elapsed_us, duration, sizeof duration);
    log_notice("%" PRIu64 " done, %" PRIu64 " failed in %s", counts->done, counts->failed, duration);
    if (earlier->done > 0)
        log_notice("%" PRIu64 " done before; --again makes them anew", earlier->done);
    if (earlier->failed > 0)
        log_notice("%" PRIu64 " failed before; --retry tries them once more", earlier->failed);
}

static int exit_code_of(const struct progress_counts *counts, const struct earlier *earlier, bool held)
{
    if (held)
        return EXIT_HELD;
    return counts->failed + earlier->failed > 0 ? EXIT_SOME_FAILED : EX_OK;
}

int drain_tick(sd_event_source *source, uint64_t now, void *userdata)
{
    struct supervisor *supervisor = userdata;
    int fd = supervisor->options->progress_fd;
    struct progress_counts counts;
    struct earlier earlier;
    bool held = false, stalled;

    (void)now; /* when it should have come, not when it did */
    sd_event_source_set_time(source, monotonic_us() + DRAIN_TICK_US);
    sd_event_source_set_enabled(source, SD_EVENT_ONESHOT);
    count_progress(supervisor, &counts);
    if (fd >= 0 && supervisor->phase == PHASE_RUNNING)
        progress_draw(fd, &counts);
    if (supervisor->phase != PHASE_RUNNING)
        return 0;

    stalled = is_stalled(supervisor, &counts);
    for (size_t i = 0; i < supervisor->slot_count; i++) {
        struct folder *folder = supervisor->folders[i];

        if (!folder || is_finished(supervisor, folder))
            continue;
        if (!is_drained(supervisor, folder) && !stalled && !is_given_up(supervisor, folder))
            return 0;
        held = true;
    }
    for (size_t i = 0; held && i < supervisor->slot_count; i++)
        if (supervisor->folders[i] && !is_finished(supervisor, supervisor->folders[i]))
            log_error("folder %s was not finished: %s", supervisor->folders[i]->name,
                      why_not_drained(supervisor, supervisor->folders[i]));

    if (fd >= 0)
        progress_erase(fd);
    earlier = count_earlier(supervisor);
    say_drained(&counts, &earlier);
    supervisor_stop(supervisor, exit_code_of(&counts, &earlier, held));
    return 0;
}

/* A --drain that is interrupted has not done what it was asked for. */
void drain_interrupt(struct supervisor *supervisor)
{
    struct progress_counts counts;

    count_progress(supervisor, &counts);
    if (supervisor->options->progress_fd >= 0)
        progress_erase(supervisor->options->progress_fd);
    log_notice("interrupted: %" PRIu64 " of %" PRIu64 " done, %" PRIu64
               " failed; the rest is done by the next one",
               counts.done, counts.total, counts.failed);
    supervisor_stop(supervisor, EXIT_HELD);
}
