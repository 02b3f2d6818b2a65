/* SPDX-License-Identifier: GPL-2.0-or-later */
/* coverage - which directories of a hot folder inotify watches, which are polled, and why.
 *
 * Decided for each directory by the file system that it is on (fs_kind.h), so mounts below the root count; past
 * the limit of watches the rest is polled. A walk over the folder asks about every directory that it meets; the
 * limit is tried again by every walk over the whole. One watcher thread owns it. */
#ifndef DARKROOM_SUPERVISOR_COVERAGE_H
#define DARKROOM_SUPERVISOR_COVERAGE_H

#include "conf/folder_conf.h"
#include "supervisor/fs_kind.h"
#include "supervisor/kernel_settings.h"
#include "supervisor/poll_set.h"
#include "supervisor/scan.h"
#include "supervisor/watch_tree.h"
#include "supervisor/watcher.h"

#include <stdbool.h>
#include <sys/types.h>

struct coverage;

/* @name (the folder's) and @kernel must outlive it. @once: nothing is watched or polled. NULL: no memory. */
struct coverage *coverage_new(const char *name, const struct kernel_settings *kernel, bool once);
/* Accepts NULL. */
void coverage_free(struct coverage *coverage);

/* Lets go of everything, to begin anew under @conf, which must outlive that. */
void coverage_start(struct coverage *coverage, const struct folder_conf *conf);

/* The same settings are in @conf from now on. */
void coverage_configure(struct coverage *coverage, const struct folder_conf *conf);

/* A walk over everything begins, and has ended: then it says in the log if the limit was reached. */
void coverage_begin_all(struct coverage *coverage);
void coverage_end_all(struct coverage *coverage);

/* A walk is about to list the directory open as @fd: watches it or has it polled. False when it need not be
 * listed, because its events tell what happens there. */
bool coverage_meet(struct coverage *coverage, const char *path, int fd, enum walk walk);

/* The directory @path was moved away or deleted. */
void coverage_gone(struct coverage *coverage, const char *path);

/* Something was mounted at @path or unmounted there: what is known of it and below is void. */
void coverage_forget(struct coverage *coverage, const char *path);

/* What may be relied on in the file system of number @device; @fd is open on it. */
const struct fs_kind *coverage_kind(struct coverage *coverage, dev_t device, int fd);

/* What coverage_kind() said of the directory met last. */
const struct fs_kind *coverage_kind_here(const struct coverage *coverage);

/* The watched directories, for their events; NULL when there is none. */
struct watch_tree *coverage_tree(const struct coverage *coverage);

/* The polled ones. */
const struct poll_set *coverage_polled(const struct coverage *coverage);

enum folder_watch coverage_watch(const struct coverage *coverage);

/* Why less is watched than should be, for people; "" when nothing is wrong. Returns @buffer. */
const char *coverage_reason(const struct coverage *coverage, char *buffer, size_t size);

#endif
