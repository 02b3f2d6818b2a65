/* SPDX-License-Identifier: GPL-2.0-or-later */
/* settle - see settle.h. A tree finds files by path (tsearch(3)); a list keeps them in the order in which they
 * are due. Nearly all timers have one length, so a new one belongs at the list's end or close to it. */
#include "supervisor/settle.h"

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/text.h"

#include <errno.h>
#include <search.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>

#define SLOW_US (300 * USEC_PER_SEC) /* a file that waits for longer is warned about, once */

struct waiting {
    char *path;
    uint64_t since_us, due_us, hold_us;
    struct version seen;
    bool looked, warned;
    TAILQ_ENTRY(waiting) link, age;
};

TAILQ_HEAD(waiting_list, waiting);

struct settle {
    uint64_t settle_us;
    void *tree;
    struct waiting_list due, ages; /* by when they are due, and by when they were first seen */
    size_t count;
};

static int compare(const void *a, const void *b)
{
    return strcmp(((const struct waiting *)a)->path, ((const struct waiting *)b)->path);
}

struct settle *settle_new(uint64_t settle_us)
{
    struct settle *settle = calloc(1, sizeof *settle);

    if (!settle)
        return NULL;
    settle->settle_us = settle_us;
    TAILQ_INIT(&settle->due);
    TAILQ_INIT(&settle->ages);
    return settle;
}

static struct waiting *find(const struct settle *settle, const char *path)
{
    struct waiting key = { .path = (char *)path };
    struct waiting **found = tfind(&key, &settle->tree, compare);

    return found ? *found : NULL;
}

static void drop(struct settle *settle, struct waiting *entry)
{
    tdelete(entry, &settle->tree, compare);
    TAILQ_REMOVE(&settle->due, entry, link);
    TAILQ_REMOVE(&settle->ages, entry, age);
    settle->count--;
    free(entry->path);
    free(entry);
}

void settle_free(struct settle *settle)
{
    if (!settle)
        return;
    settle_forget_below(settle, "");
    free(settle);
}

void settle_set_time(struct settle *settle, uint64_t settle_us)
{
    settle->settle_us = settle_us;
}

static struct waiting *add(struct settle *settle, const char *path, uint64_t now_us)
{
    struct waiting *entry = calloc(1, sizeof *entry);

    if (!entry)
        return NULL;
    entry->since_us = now_us;
    entry->path = strdup(path);
    if (!entry->path || !tsearch(entry, &settle->tree, compare)) {
        free(entry->path);
        free(entry);
        return NULL;
    }
    TAILQ_INSERT_TAIL(&settle->due, entry, link);
    TAILQ_INSERT_TAIL(&settle->ages, entry, age);
    settle->count++;
    return entry;
}

static void arm(struct settle *settle, struct waiting *entry, uint64_t due_us)
{
    struct waiting *before;

    entry->due_us = due_us > entry->hold_us ? due_us : entry->hold_us;
    TAILQ_REMOVE(&settle->due, entry, link);
    TAILQ_FOREACH_REVERSE (before, &settle->due, waiting_list, link)
        if (before->due_us <= entry->due_us)
            break;
    if (before)
        TAILQ_INSERT_AFTER(&settle->due, before, entry, link);
    else
        TAILQ_INSERT_HEAD(&settle->due, entry, link);
}

int settle_touch(struct settle *settle, const char *path, uint64_t now_us, uint64_t due_us)
{
    struct waiting *entry = find(settle, path) ?: add(settle, path, now_us);

    if (!entry)
        return -ENOMEM;
    entry->looked = false;
    arm(settle, entry, due_us ?: now_us + settle->settle_us);
    return 0;
}

int settle_hold(struct settle *settle, const char *path, uint64_t now_us, uint64_t due_us)
{
    struct waiting *entry = find(settle, path) ?: add(settle, path, now_us);

    if (!entry)
        return -ENOMEM;
    entry->hold_us = due_us;
    arm(settle, entry, due_us);
    return 0;
}

bool settle_has(const struct settle *settle, const char *path)
{
    return find(settle, path) != NULL;
}

void settle_forget(struct settle *settle, const char *path)
{
    struct waiting *entry = find(settle, path);

    if (entry)
        drop(settle, entry);
}

void settle_forget_below(struct settle *settle, const char *directory)
{
    struct waiting *next;

    for (struct waiting *entry = TAILQ_FIRST(&settle->due); entry; entry = next) {
        next = TAILQ_NEXT(entry, link);
        if (text_is_path_inside(entry->path, directory))
            drop(settle, entry);
    }
}

bool settle_due(struct settle *settle, uint64_t now_us, struct settle_file *ret)
{
    struct waiting *entry = TAILQ_FIRST(&settle->due);

    if (!entry || entry->due_us > now_us)
        return false;

    *ret = (struct settle_file){
        .path = entry->path,
        .since_us = entry->since_us,
        .slow = !entry->warned && now_us - entry->since_us >= SLOW_US,
    };
    entry->warned |= ret->slow;
    return true;
}

bool settle_is_old(const struct settle *settle, const struct version *version, uint64_t realtime)
{
    int64_t newest_ns = version->mtime_ns > version->ctime_ns ? version->mtime_ns : version->ctime_ns;
    int64_t age_ns = (int64_t)(realtime * NSEC_PER_USEC) - newest_ns;

    return age_ns >= (int64_t)(settle->settle_us * NSEC_PER_USEC);
}

enum settle_verdict settle_look(struct settle *settle, const char *path, const struct version *version,
                                uint64_t now_us, uint64_t realtime)
{
    struct waiting *entry = find(settle, path);

    if (!entry)
        return SETTLE_WAIT; /* it was forgotten meanwhile */

    /* The second half is for clocks that disagree: a server's mtime may lie in our future. */
    if (settle_is_old(settle, version, realtime) || settle->settle_us == 0 ||
        (entry->looked && version_equal(&entry->seen, version))) {
        drop(settle, entry);
        return SETTLE_READY;
    }

    entry->seen = *version;
    entry->looked = true;
    arm(settle, entry, now_us + settle->settle_us);
    return SETTLE_WAIT;
}

uint64_t settle_next_us(const struct settle *settle)
{
    const struct waiting *entry = TAILQ_FIRST(&settle->due);

    return entry ? entry->due_us : USEC_INFINITY;
}

uint64_t settle_oldest_us(const struct settle *settle)
{
    const struct waiting *entry = TAILQ_FIRST(&settle->ages);

    return entry ? entry->since_us : 0;
}

size_t settle_count(const struct settle *settle)
{
    return settle->count;
}
