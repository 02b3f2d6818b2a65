/* SPDX-License-Identifier: GPL-2.0-or-later */
/* supervisor - the one process that never touches a pixel: its parts, its start, reload, drain and stop.
 *
 * main() builds one struct supervisor; everything in it belongs to the event loop's thread. The other threads
 * are reached through ledger, watchers and errands only. */
#ifndef DARKROOM_SUPERVISOR_SUPERVISOR_H
#define DARKROOM_SUPERVISOR_SUPERVISOR_H

#include "base/channel.h"
#include "supervisor/config.h"
#include "supervisor/control.h"
#include "supervisor/folder.h"
#include "supervisor/history.h"
#include "supervisor/ledger.h"
#include "supervisor/notify.h"
#include "supervisor/pool.h"
#include "supervisor/reload.h"

#include <stdbool.h>
#include <stdint.h>
#include <systemd/sd-event.h>

/* What the options say; paths absolute, owned by main(). */
struct supervisor_options {
    struct config_origin origin;
    const char *state_directory, *runtime_directory;
    bool runtime_is_default; /* when it is taken, the state directory will do */
    const char *worker_program;
    struct kernel_settings kernel;
    bool drain;
    unsigned redo;   /* REDO_*, with @drain */
    int progress_fd; /* a terminal for the progress bar, or -1 */
};

enum phase { PHASE_STARTING, PHASE_RUNNING, PHASE_STOPPING, PHASE_STOPPED };

/* "starting", … as in JSON. */
const char *phase_name(enum phase phase);

/* What a stop waits for, in this order: that jobs end, that workers leave, that watchers end, and that the ledger has
 * recorded everything. */
enum stop_step { STOP_JOBS, STOP_WORKERS, STOP_WATCHERS, STOP_LEDGER };

struct supervisor {
    const struct supervisor_options *options;
    sd_event *event;
    enum phase phase;
    uint64_t started_us; /* monotonic */
    uint64_t sequence;   /* grows with every change that status shows */

    struct config *config;
    uint64_t generation;      /* in use */
    uint64_t last_generation; /* ever made: a number is never used twice */
    struct pool pool;
    struct admission admission; /* of jobs to memory */
    bool parked_last;           /* the last job that a worker got had been parked: others are asked first */
    struct ledger *ledger;
    struct ledger_news ledger_news;
    struct channel replies;              /* from ledger and watchers */
    struct folder *folders[FOLDERS_MAX]; /* by slot; NULL: free */
    size_t slot_count;                   /* slots beyond have never been used */
    size_t next_folder;                  /* whose turn it is */
    struct job_list suspects;            /* opened, waiting for their turn … */
    bool suspect_runs;                   /* … because one of them runs */
    struct job_list plans;               /* opened, waiting for a worker; see plan.h */
    size_t plan_count;                   /* wherever they are */
    uint64_t last_plan;                  /* their number */
    bool planned_last;                   /* the worker that was given something last got a plan */
    struct control *control;
    struct reload reload;
    struct history history;

    uint64_t done_before, failed_before; /* jobs in the ledger at the start */
    uint64_t longest_stall_us;
    enum stop_step stop_step;
    bool overdue;   /* StopTimeout= is over */
    bool abandoned; /* a thread hung at the stop: its memory is left alone */
    int exit_code;
    uint64_t progress_us,
        progress_ended; /* --drain: when something last moved, and how many had ended then */
    int lock_fd;        /* of the state directory */
    struct notify notify;
    bool notified; /* systemd knows that we are ready */

    sd_event_source *signal_sources[3], *replies_source, *news_source;
    sd_event_source *due_source; /* the next retry … */
    uint64_t due_us;             /* … which it is armed for; realtime; USEC_INFINITY: none */
    uint64_t short_until_us; /* realtime: the machine was short of something, no work is given out before */
    sd_event_source *stop_source;  /* patience during the stop */
    sd_event_source *drain_source; /* with --drain: is it over? */
};

/* Opens the ledger, starts threads, workers and control socket. On failure a message was logged, and what was
 * started is ended by supervisor_release(). 0 or a sysexits code. @config is the first generation's; the
 * supervisor takes the reference. */
int supervisor_start(struct supervisor *supervisor, const struct supervisor_options *options,
                     struct config *config);

/* Runs the loop until everything has ended; returns the exit code. */
int supervisor_run(struct supervisor *supervisor);

void supervisor_release(struct supervisor *supervisor);

/* Something that status shows has changed. */
void supervisor_changed(struct supervisor *supervisor);

/* True when every thread and process is up and the ledger can be written. */
bool supervisor_is_ready(const struct supervisor *supervisor);

#endif
