/* SPDX-License-Identifier: GPL-2.0-or-later */
/* watcher - the thread of one hot folder: everything that may wait for its file systems happens here.
 *
 * It notices files (inotify or polling), lets them settle, tells the ledger, and serves the event loop's
 * requests on jobs: open a source, publish results, look at a source again, deal with an original. A mount that
 * hangs stops this thread and so this folder, nothing else.
 *
 *   event loop → watcher   requests (at most WATCHER_REQUESTS_MAX under way), each answered by one reply
 *   watcher → ledger       arrivals, calls, intents; the watcher waits, for an intent once the next batch is written
 *   watcher → event loop   replies and the news cell
 *
 * The thread keeps a reference of the configuration that it was last given. */
#ifndef DARKROOM_SUPERVISOR_WATCHER_H
#define DARKROOM_SUPERVISOR_WATCHER_H

#include "base/channel.h"
#include "supervisor/config.h"
#include "supervisor/job.h"
#include "supervisor/kernel_settings.h"
#include "supervisor/ledger.h"
#include "supervisor/reply.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    WATCHER_REQUESTS_MAX = 1024,
    WATCHER_REASON_MAX = 200,
};

enum watcher_op {
    WATCHER_LOOK,  /* a plan's job: REPLY_LOOKED with the version that the source has */
    WATCHER_OPEN,  /* job: REPLY_OPENED */
    WATCHER_CLAIM, /* a plan's job whose outputs are known: REPLY_CLAIMED */
    WATCHER_PUBLISH, /* job: REPLY_PUBLISHED, when the pictures are durable; held back while the folder is held */
    WATCHER_EXAMINE,   /* job that failed: REPLY_EXAMINED says whether the source still is that version */
    WATCHER_ORIGINAL,  /* job with a durable outcome: REPLY_ORIGINAL_HANDLED, when that has worked */
    WATCHER_SCAN,      /* walk over the whole folder now; no reply */
    WATCHER_CONFIGURE, /* the newest settings count from now on; no reply */
    WATCHER_QUIESCE,   /* take in nothing more; no reply */
    WATCHER_STOP,      /* hand back what is under way and end: REPLY_WATCHER_ENDED is the last message */
};

struct watcher_request {
    enum watcher_op op;
    struct job *job;
};

/* Values of "state" and "watch" in JSON. */
enum folder_state { FOLDER_OK, FOLDER_HELD, FOLDER_LOST };
enum folder_watch { FOLDER_INOTIFY, FOLDER_POLL, FOLDER_MIXED };

const char *folder_state_name(enum folder_state state);
const char *folder_watch_name(enum folder_watch watch);

struct watcher_news {
    enum folder_state state; /* OK, HELD or LOST */
    enum folder_watch watch;
    char reason[WATCHER_REASON_MAX]; /* of HELD, LOST, a degraded watch and originals that wait; or "" */
    uint64_t waiting;                /* files that have not settled … */
    uint64_t waiting_since_us;       /* … and when the first of them was seen (monotonic); 0: none */
    uint64_t overflows;              /* times that inotify lost events, since the start */
    uint64_t refused;  /* links, pipes, sockets and devices with a picture's name, since the start */
    uint64_t arrivals; /* sent to the ledger since the start */
    bool scanned;      /* the first walk over the folder is over */
};

struct watcher;

/* Starts the thread. @once: only what is there at the start (--drain). The reference @config stays the
 * caller's; @kernel outlives the thread. 0 or -errno. Event loop's thread. */
int watcher_start(size_t slot, struct config *config, const struct folder_conf *folder, struct ledger *ledger,
                  struct channel *replies, const struct kernel_settings *kernel, bool once,
                  struct watcher **ret);

/* Event loop: sends a request; never waits. */
void watcher_send(struct watcher *watcher, const struct watcher_request *request);

/* Event loop: has it walk over the whole folder; asking again before it has begun changes nothing. */
void watcher_scan(struct watcher *watcher);

/* Event loop: new settings, of which the newest count when it gets round to them. @config stays the caller's. */
void watcher_configure(struct watcher *watcher, struct config *config, const struct folder_conf *folder);

/* Event loop: the descriptor that says that there are news, and the news. */
int watcher_news_fd(const struct watcher *watcher);
void watcher_read_news(struct watcher *watcher, struct watcher_news *ret);

/* Any thread: for how long it has been at what it does now; a file system that does not answer shows here. */
uint64_t watcher_busy_us(struct watcher *watcher);

/* Event loop: after REPLY_WATCHER_ENDED; joins and frees. */
void watcher_free(struct watcher *watcher);

#endif
