/* SPDX-License-Identifier: GPL-2.0-or-later */
/* unreadable - see unreadable.h. There are few, mostly none: a sorted array will do. */
#include "supervisor/unreadable.h"

#include "base/text.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { UNREADABLE_NAME_MAX = 100 }; /* of a name in a reason */

/* Where @path is, or would be. */
static size_t position(const struct unreadable *unreadable, const char *path)
{
    size_t low = 0, high = unreadable->count;

    while (low < high) {
        size_t middle = low + (high - low) / 2;

        if (strcmp(unreadable->places[middle].path, path) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static struct unreadable_place *find(const struct unreadable *unreadable, const char *path)
{
    size_t i = position(unreadable, path);

    return i < unreadable->count && strcmp(unreadable->places[i].path, path) == 0 ? &unreadable->places[i]
                                                                                  : NULL;
}

static bool make_room(struct unreadable *unreadable)
{
    size_t size = unreadable->size ? 2 * unreadable->size : 8;
    struct unreadable_place *places;

    if (unreadable->count == UNREADABLE_MAX)
        return false;
    if (unreadable->count < unreadable->size)
        return true;
    places = reallocarray(unreadable->places, size, sizeof *places);
    if (!places)
        return false;
    unreadable->places = places;
    unreadable->size = size;
    return true;
}

static bool insert(struct unreadable *unreadable, const char *path, int errnum)
{
    size_t i = position(unreadable, path);
    char *copy = make_room(unreadable) ? strdup(path) : NULL;

    if (!copy)
        return false;
    memmove(&unreadable->places[i + 1], &unreadable->places[i],
            (unreadable->count - i) * sizeof *unreadable->places);
    unreadable->places[i] = (struct unreadable_place){ .path = copy, .errnum = errnum, .failed = true };
    unreadable->count++;
    return true;
}

static bool is_below(const char *path, const char *directory)
{
    size_t length = strlen(directory);

    return length == 0 || (strncmp(path, directory, length) == 0 && path[length] == '/');
}

/* Takes out all for which @is says so. */
static void drop(struct unreadable *unreadable, bool (*is)(const struct unreadable_place *, const char *),
                 const char *path)
{
    size_t kept = 0;

    for (size_t i = 0; i < unreadable->count; i++) {
        if (is(&unreadable->places[i], path))
            free(unreadable->places[i].path);
        else
            unreadable->places[kept++] = unreadable->places[i];
    }
    unreadable->count = kept;
}

static bool can_be_read(const struct unreadable_place *place, const char *path)
{
    (void)path;
    return !place->failed;
}

static bool is_at_or_below(const struct unreadable_place *place, const char *path)
{
    return strcmp(place->path, path) == 0 || is_below(place->path, path);
}

void unreadable_release(struct unreadable *unreadable)
{
    drop(unreadable, is_at_or_below, "");
    free(unreadable->places);
    *unreadable = (struct unreadable){ 0 };
}

bool unreadable_note(struct unreadable *unreadable, const char *path, int errnum)
{
    struct unreadable_place *known = find(unreadable, path);

    if (known) {
        known->errnum = errnum;
        known->failed = true;
        known->touched = false;
        return false;
    }
    if (insert(unreadable, path, errnum))
        return true;
    unreadable->more = true;
    return false;
}

void unreadable_met(struct unreadable *unreadable, const char *path)
{
    struct unreadable_place *known = unreadable->count > 0 ? find(unreadable, path) : NULL;

    if (known)
        known->failed = known->touched = false;
}

void unreadable_begin(struct unreadable *unreadable, const char *path)
{
    for (size_t i = 0; i < unreadable->count; i++)
        if (is_at_or_below(&unreadable->places[i], path))
            unreadable->places[i].failed = false;
    if (!*path)
        unreadable->more = false;
}

bool unreadable_end(struct unreadable *unreadable)
{
    size_t before = unreadable->count;

    drop(unreadable, can_be_read, "");
    return unreadable->more && unreadable->count < before;
}

void unreadable_gone(struct unreadable *unreadable, const char *path)
{
    drop(unreadable, is_at_or_below, path);
}

void unreadable_touch(struct unreadable *unreadable, const char *path,
                      void (*each)(void *context, const char *path), void *context)
{
    for (size_t i = 0; i < unreadable->count; i++) {
        struct unreadable_place *place = &unreadable->places[i];

        if (place->touched || !is_at_or_below(place, path))
            continue;
        place->touched = true;
        each(context, place->path);
    }
}

const char *unreadable_reason(const struct unreadable *unreadable, char *buffer, size_t size)
{
    const struct unreadable_place *first = unreadable->places;
    char path[TEXT_ESCAPED_MAX], name[UNREADABLE_NAME_MAX];

    buffer[0] = '\0';
    if (unreadable->count == 0 && unreadable->more)
        snprintf(buffer, size, "some directories cannot be read");
    if (unreadable->count == 0)
        return buffer;
    text_copy_cut(text_escape(*first->path ? first->path : ".", path, sizeof path), name, sizeof name);
    if (unreadable->count == 1)
        snprintf(buffer, size, "%s cannot be read: %s", name, strerrordesc_np(first->errnum));
    else
        snprintf(buffer, size, "%s%zu directories cannot be read, for instance %s: %s",
                 unreadable->more ? "more than " : "", unreadable->count, name,
                 strerrordesc_np(first->errnum));
    return buffer;
}
