/* SPDX-License-Identifier: GPL-2.0-or-later */
/* unreadable - the directories of a hot folder that could not be read, or not what is in them, when they were last
 * walked over.
 *
 * Paths are relative to the folder's root. What a walk meets again and can read stays until that walk has ended: a
 * directory that can be opened and not be read to its end is no news each time. The first UNREADABLE_MAX are
 * known by name, of further ones only that there are some. One watcher thread owns it. */
#ifndef DARKROOM_SUPERVISOR_UNREADABLE_H
#define DARKROOM_SUPERVISOR_UNREADABLE_H

#include <stdbool.h>
#include <stddef.h>

enum { UNREADABLE_MAX = 1000 };

struct unreadable_place {
    char *path;
    int errnum;
    bool failed;  /* since a walk over it was asked for */
    bool touched; /* and is to be walked over again */
};

/* All zero is an empty one. */
struct unreadable {
    struct unreadable_place *places; /* sorted by path */
    size_t count, size;
    bool more; /* than there is room or memory for */
};

void unreadable_release(struct unreadable *unreadable);

/* @path cannot be read because of @errnum. True when that is news. */
bool unreadable_note(struct unreadable *unreadable, const char *path, int errnum);

/* @path can be read, so far. */
void unreadable_met(struct unreadable *unreadable, const char *path);

/* @path and all below it are to be walked over: what does not fail then can be read, or is gone. */
void unreadable_begin(struct unreadable *unreadable, const char *path);

/* No walk is under way any more: what did not fail in the last one can be read. True when further ones than those that
 * are known by name may be among these: everything is to be walked over again. */
bool unreadable_end(struct unreadable *unreadable);

/* Neither @path nor anything below it is there any more. */
void unreadable_gone(struct unreadable *unreadable, const char *path);

/* Something has changed for @path and all below it: calls @each, which must not change the set, with those of them that
 * cannot be read; once, until they are walked over. */
void unreadable_touch(struct unreadable *unreadable, const char *path,
                      void (*each)(void *context, const char *path), void *context);

/* For people: "" when everything can be read. Returns @buffer. */
const char *unreadable_reason(const struct unreadable *unreadable, char *buffer, size_t size);

#endif
