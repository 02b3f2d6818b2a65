/* SPDX-License-Identifier: GPL-2.0-or-later */
/* dispatch - who is served next: how far each folder's queue is read ahead, and which job a free worker gets.
 *
 * Policy only; it moves jobs along as job_flow says. Each folder is read and opened ahead on a budget of its own, and
 * folders take turns at the workers (turns.h), so one with 100,000 files delays another one's by no more than
 * the jobs that are running; jobs that need much memory wait for that beside the folders' queues (admission.h).
 * Called after every turn of the event loop. */
#ifndef DARKROOM_SUPERVISOR_DISPATCH_H
#define DARKROOM_SUPERVISOR_DISPATCH_H

struct supervisor;

enum {
    TAKE_BATCH = 32,       /* jobs read from the ledger at once */
    TAKE_LOW = 32,         /* with fewer of a folder at hand, more are read */
    FOLDER_JOBS_MAX = 224, /* jobs of a folder in flight, wherever they are: bounds every channel */
    OPEN_AHEAD = 2,        /* sources of a folder opened before a worker is free, for each worker … */
    OPEN_AHEAD_MIN = 4,    /* … but so many at least … */
    /* … and so many of hardly any bytes: workers are through with them before the folder's thread, which publishes as
     * well, is back. Copies of those on a server take 2 MB. */
    OPEN_AHEAD_SMALL = 32,
    SMALL_SOURCE_BYTES = 64 << 10,
    PUBLISHING_MAX = 96,              /* jobs of a folder that wait to be published */
    PUBLISHING_BYTES_MAX = 256 << 20, /* and their pictures in memory */
};

/* Gives out whatever can be given out now. */
void dispatch_run(struct supervisor *supervisor);

#endif
