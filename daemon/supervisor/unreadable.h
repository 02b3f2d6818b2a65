/* SPDX-License-Identifier: GPL-2.0-or-later */
/* unreadable - the directories, and files, of a hot folder that could not be read when they were last walked over.
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
    bool failed; /* since the walk over it began */
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

/* A walk over everything begins: what does not fail in it can be read, or is gone. */
void unreadable_begin_all(struct unreadable *unreadable);

/* No walk is under way any more: what did not fail in the last one can be read. */
void unreadable_end_walk(struct unreadable *unreadable);

/* Neither @path nor anything below it is there any more. */
void unreadable_gone(struct unreadable *unreadable, const char *path);

/* Is @path one, or does it have one below it? */
bool unreadable_touches(const struct unreadable *unreadable, const char *path);

/* For people: "" when everything can be read. Returns @buffer. */
const char *unreadable_reason(const struct unreadable *unreadable, char *buffer, size_t size);

#endif
