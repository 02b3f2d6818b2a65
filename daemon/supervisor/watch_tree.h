/* SPDX-License-Identifier: GPL-2.0-or-later */
/* watch_tree - inotify watches on a directory tree, and which path each of them stands for today.
 *
 * Paths are relative to the root ("" is the root itself). They are put together from the names on the way up
 * when they are asked for, so a directory that is moved within the tree keeps its watches and has its new
 * path at once. Events are hints: whoever reads them looks at the file itself. One watcher thread owns it. */
#ifndef DARKROOM_SUPERVISOR_WATCH_TREE_H
#define DARKROOM_SUPERVISOR_WATCH_TREE_H

#include <inotifytools/inotify.h>
#include <stdbool.h>
#include <stddef.h>

struct watch_tree;

/* What became of one inotify event. */
enum watch_change {
    WATCH_NOTHING,
    WATCH_FILE_TOUCHED,      /* created, written to, attributes changed */
    WATCH_FILE_FINISHED,     /* closed after writing, or moved in */
    WATCH_FILE_GONE,         /* deleted or moved out */
    WATCH_DIRECTORY_NEW,     /* created or moved in (or within): watch and scan it */
    WATCH_DIRECTORY_GONE,    /* its watches are released */
    WATCH_DIRECTORY_TOUCHED, /* its attributes were changed: who may read it, for instance */
    WATCH_ROOT_GONE,         /* the root, or one above it, was deleted, moved or unmounted */
    WATCH_OVERFLOW,          /* events were lost: scan everything */
};

/* A tree that watches nothing yet. 0, or -errno: -EMFILE past fs.inotify.max_user_instances. */
int watch_tree_new(struct watch_tree **ret);
void watch_tree_free(struct watch_tree *tree);

/* The inotify descriptor, to poll. */
int watch_tree_fd(const struct watch_tree *tree);

/* Watches the directory open as @fd (O_PATH will do) under the relative path @path; its parent is watched
 * already, unless it is the root (""). Watching one twice is fine. 0, -ENOSPC past
 * fs.inotify.max_user_watches, -ENOENT when its parent is not watched, or -errno. */
int watch_tree_add(struct watch_tree *tree, const char *path, int fd);

/* The same for a directory whose parent, or root, is not watched: of another file system. */
int watch_tree_add_apart(struct watch_tree *tree, const char *path, int fd);

/* Watches the directories above the root, which is at @path (absolute): when one of them is moved away, the root is
 * gone too. As far as they can be watched: no error, the limit of watches neither. */
void watch_tree_guard(struct watch_tree *tree, const char *path);

/* Is the directory at @path watched? */
bool watch_tree_has(const struct watch_tree *tree, const char *path);

/* Watches neither @path nor anything below it any more. */
void watch_tree_remove(struct watch_tree *tree, const char *path);

/* Takes the next event. True when there was one: *@ret_change says what it means and, unless it is about the
 * whole tree, @path (PATH_MAX bytes) is the relative path. Never blocks. */
bool watch_tree_next(struct watch_tree *tree, enum watch_change *ret_change, char *path, size_t size);

/* How many directories are watched. */
size_t watch_tree_count(const struct watch_tree *tree);

#endif
