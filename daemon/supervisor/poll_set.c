/* SPDX-License-Identifier: GPL-2.0-or-later */
/* poll_set - see poll_set.h. A tree by path (tsearch(3)): past the watch limit there may be tens of thousands. */
#include "supervisor/poll_set.h"

#include "base/cleanup.h"

#include <errno.h>
#include <limits.h>
#include <search.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define WHY_COUNT (POLL_LIMITED + 1)

struct place {
    enum poll_why why;
    char path[];
};

struct poll_set {
    void *places;
    size_t counts[WHY_COUNT];
};

static int compare(const void *a, const void *b)
{
    return strcmp(((const struct place *)a)->path, ((const struct place *)b)->path);
}

struct poll_set *poll_set_new(void)
{
    return calloc(1, sizeof(struct poll_set));
}

static struct place *new_place(const char *path, size_t length, enum poll_why why)
{
    struct place *place = malloc(sizeof *place + length + 1);

    if (!place)
        return NULL;
    place->why = why;
    memcpy(place->path, path, length);
    place->path[length] = '\0';
    return place;
}

static const struct place *find(const struct poll_set *set, const struct place *key)
{
    struct place **found = tfind(key, &set->places, compare);

    return found ? *found : NULL;
}

static void drop(struct poll_set *set, struct place *place)
{
    tdelete(place, &set->places, compare);
    set->counts[place->why]--;
    free(place);
}

enum poll_why poll_set_covers(const struct poll_set *set, const char *path)
{
    _cleanup_free_ struct place *key = NULL;
    size_t length = strlen(path);

    if (!set->places)
        return POLL_NOT;
    key = new_place(path, length, POLL_NOT);
    while (key) {
        const struct place *place = find(set, key);
        char *slash;

        if (place)
            return place->why;
        if (!*key->path)
            break;
        slash = strrchr(key->path, '/');
        *(slash ?: key->path) = '\0';
    }
    return POLL_NOT;
}

int poll_set_add(struct poll_set *set, const char *path, enum poll_why why)
{
    struct place *place;

    if (poll_set_covers(set, path) != POLL_NOT)
        return 0;
    place = new_place(path, strlen(path), why);
    if (!place || !tsearch(place, &set->places, compare)) {
        free(place);
        return -ENOMEM;
    }
    set->counts[why]++;
    return 0;
}

void poll_set_remove(struct poll_set *set, const char *path)
{
    _cleanup_free_ struct place *key = set->places ? new_place(path, strlen(path), POLL_NOT) : NULL;
    struct place **found = key ? tfind(key, &set->places, compare) : NULL;

    if (found)
        drop(set, *found);
}

/* All below a directory are equal to "DIRECTORY/", which they begin with: they are neighbours in the tree. */
static int compare_below(const void *key, const void *place)
{
    const char *below = key, *path = ((const struct place *)place)->path;

    return strncmp(below, path, strlen(below));
}

void poll_set_remove_below(struct poll_set *set, const char *path)
{
    char below[PATH_MAX + 1];
    struct place **found;

    poll_set_remove(set, path);
    snprintf(below, sizeof below, "%s%s", path, *path ? "/" : "");
    while ((found = tfind(below, &set->places, compare_below)))
        drop(set, *found);
}

void poll_set_free(struct poll_set *set)
{
    if (!set)
        return;
    tdestroy(set->places, free);
    free(set);
}

struct visiting {
    void (*each)(void *context, const char *path, enum poll_why why);
    void *context;
};

static void visit_place(const void *node, VISIT visit, void *context)
{
    const struct visiting *visiting = context;
    const struct place *place = *(struct place *const *)node;

    if (visit == postorder || visit == leaf)
        visiting->each(visiting->context, place->path, place->why);
}

void poll_set_each(const struct poll_set *set,
                   void (*each)(void *context, const char *path, enum poll_why why), void *context)
{
    struct visiting visiting = { .each = each, .context = context };

    twalk_r(set->places, visit_place, &visiting);
}

size_t poll_set_count(const struct poll_set *set)
{
    size_t count = 0;

    for (enum poll_why why = POLL_NOT; why < WHY_COUNT; why++)
        count += set->counts[why];
    return count;
}

size_t poll_set_count_why(const struct poll_set *set, enum poll_why why)
{
    return set->counts[why];
}
