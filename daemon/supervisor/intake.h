/* SPDX-License-Identifier: GPL-2.0-or-later */
/* intake - how files of one hot folder come in: events or polling, settling, scans; then an arrival for the ledger.
 *
 * Watch first, then scan; duplicates are the ledger's to collapse. Events are hints only, so a scan goes over
 * the whole folder from time to time, but never for more than a twentieth of the time. Owned by the folder's
 * watcher thread, which calls all of this. */
#ifndef DARKROOM_SUPERVISOR_INTAKE_H
#define DARKROOM_SUPERVISOR_INTAKE_H

#include "conf/folder_conf.h"
#include "supervisor/kernel_settings.h"
#include "supervisor/ledger.h"
#include "supervisor/watcher.h"

#include <stdbool.h>
#include <stdint.h>

struct intake;

/* @name, @conf (but see intake_configure) and @kernel must outlive it. @once: one walk, no watching. NULL: no
 * memory. */
struct intake *intake_new(size_t slot, const char *name, const struct folder_conf *conf,
                          struct ledger *ledger, const struct kernel_settings *kernel, bool once);
void intake_free(struct intake *intake);

/* First of all, in the thread: enters the folder in the ledger, sweeps what the last run left, finds the root. */
void intake_enter(struct intake *intake);

/* New settings; everything is begun anew if they change what is taken in, or how. The old ones are not used any more
 * afterwards. */
void intake_configure(struct intake *intake, const struct folder_conf *conf);

/* Somebody asks for a walk over everything; a lost folder gets one when it returns anyway. */
void intake_rescan(struct intake *intake);

/* Takes in nothing more. */
void intake_quiesce(struct intake *intake);

/* Reads the events that are there, up to a limit. */
void intake_read_events(struct intake *intake);

/* Looks at the files that are due, goes on with a scan, looks for a lost root. */
void intake_step(struct intake *intake);

/* Opens the root (O_PATH), for the moment only: an idle daemon must not keep a disk from being unmounted. A
 * descriptor, or -errno while the folder is lost, which this may find out, or has just become another directory:
 * then nothing is known of any file. */
int intake_open_root(struct intake *intake);

/* A file changed, as we found out ourselves: it is to settle and arrive again. */
void intake_touch(struct intake *intake, const char *path);

/* As intake_touch(), but it is not looked at for @wait_us whatever happens to it. */
void intake_hold(struct intake *intake, const char *path, uint64_t wait_us);

/* The descriptor that is readable when there are events, or -1. */
int intake_event_fd(const struct intake *intake);

/* The descriptor on which poll(2) says POLLPRI when a mount came or went, or -1; and what is to be called then. */
int intake_mount_fd(const struct intake *intake);
void intake_mounts_changed(struct intake *intake);

/* When intake_step() has something to do (monotonic; now or earlier: at once), or USEC_INFINITY. */
uint64_t intake_next_us(const struct intake *intake, uint64_t now_us);

/* Fills in its part of the news. */
void intake_news(const struct intake *intake, struct watcher_news *news);

#endif
