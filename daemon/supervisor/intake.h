/* SPDX-License-Identifier: GPL-2.0-or-later */
/* intake - how files of one hot folder come in: events or polling, settling, scans; then an arrival for the ledger.
 *
 * Watch first, then scan; duplicates are the ledger's to collapse. Events are hints only, so a scan goes over
 * the whole folder from time to time, but never for more than a twentieth of the time. Owned by the folder's
 * watcher thread, which calls all of this. */
#ifndef DARKROOM_SUPERVISOR_INTAKE_H
#define DARKROOM_SUPERVISOR_INTAKE_H

#include "conf/folder_conf.h"
#include "supervisor/ledger.h"
#include "supervisor/watcher.h"

#include <stdbool.h>
#include <stdint.h>

struct intake;

/* @name and @conf must outlive it (but see intake_configure). @once: one walk, no watching. NULL: no memory. */
struct intake *intake_new(size_t slot, const char *name, const struct folder_conf *conf,
                          struct ledger *ledger, bool once);
void intake_free(struct intake *intake);

/* First of all, in the thread: enters the folder in the ledger, sweeps what the last run left, finds the root. */
void intake_enter(struct intake *intake);

/* New settings; everything is walked over again. */
void intake_configure(struct intake *intake, const struct folder_conf *conf);

/* Somebody asks for a walk over everything; a lost folder gets one when it returns anyway. */
void intake_rescan(struct intake *intake);

/* Takes in nothing more. */
void intake_quiesce(struct intake *intake);

/* Reads the events that are there, up to a limit. */
void intake_read_events(struct intake *intake);

/* Looks at the files that are due, goes on with a scan, looks for a lost root. */
void intake_step(struct intake *intake);

/* The root cannot be opened: the folder is lost until it returns. */
void intake_lose_root(struct intake *intake, int errnum);

/* A file changed, as we found out ourselves: it is to settle and arrive again. */
void intake_touch(struct intake *intake, const char *path);

/* As intake_touch(), but it is not looked at for @wait_us whatever happens to it. */
void intake_hold(struct intake *intake, const char *path, uint64_t wait_us);

/* The descriptor that is readable when there are events, or -1. */
int intake_event_fd(const struct intake *intake);

/* When intake_step() has something to do (monotonic; now or earlier: at once), or USEC_INFINITY. */
uint64_t intake_next_us(const struct intake *intake, uint64_t now_us);

/* Fills in its part of the news. */
void intake_news(const struct intake *intake, struct watcher_news *news);

#endif
