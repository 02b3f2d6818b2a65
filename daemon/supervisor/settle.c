/* SPDX-License-Identifier: GPL-2.0-or-later */
/* settle - see settle.h. A hash table finds files by path; a list keeps them in the order in which they
 * are due. Nearly all timers have one length, so a new one belongs at the list's end or close to it. */
#include "supervisor/settle.h"

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/text.h"
#include "base/lookup.h"

#include <errno.h>
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
    struct lookup by_path;
    struct waiting_list due, ages; /* by when they are due, and by when they were first seen */
};

static uint64_t hash_path(const void *item)
{
    const char *path = ((const struct waiting *)item)->path;

    return lookup_hash_bytes(path, strlen(path), 0);
}

static bool same_path(const void *item, const void *key)
{
    return strcmp(((const struct waiting *)item)->path, ((const struct waiting *)key)->path) == 0;
}

static const struct lookup_kind kind_by_path = { .hash = hash_path, .same = same_path };

struct settle *settle_new(uint64_t settle_us)
{
    struct settle *settle = calloc(1, sizeof *settle);

    if (!settle)
        return NULL;
    settle->settle_us = settle_us;
    TAILQ_INIT(&settle->due);
    TAILQ_INIT(&settle->ages);
    lookup_init(&settle->by_path, &kind_by_path);
    return settle;
}

static struct waiting *find(const struct settle *settle, const char *path)
{
    return lookup_find(&settle->by_path, &(struct waiting){ .path = (char *)path });
}

static void drop(struct settle *settle, struct waiting *entry)
{
    lookup_remove(&settle->by_path, entry);
    TAILQ_REMOVE(&settle->due, entry, link);
    TAILQ_REMOVE(&settle->ages, entry, age);
    free(entry->path);
    free(entry);
}

void settle_free(struct settle *settle)
{
    if (!settle)
        return;
    settle_forget_below(settle, "");
    lookup_release(&settle->by_path);
    free(settle);
}

void settle_set_time(struct settle *settle, uint64_t settle_us)
{
    settle->settle_us = settle_us;
}

static int add(struct settle *settle, const char *path, uint64_t now_us, struct waiting **ret)
{
    struct waiting *entry;

    if (settle_count(settle) >= SETTLE_FILES_MAX)
        return -ENOSPC;
    entry = calloc(1, sizeof *entry);
    if (!entry)
        return -ENOMEM;
    entry->since_us = now_us;
    entry->path = strdup(path);
    if (!entry->path || lookup_add(&settle->by_path, entry) < 0) {
        free(entry->path);
        free(entry);
        return -ENOMEM;
    }
    TAILQ_INSERT_TAIL(&settle->due, entry, link);
    TAILQ_INSERT_TAIL(&settle->ages, entry, age);
    *ret = entry;
    return 0;
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
    struct waiting *entry = find(settle, path);
    int r = entry ? 0 : add(settle, path, now_us, &entry);

    if (r < 0)
        return r;
    entry->looked = false;
    arm(settle, entry, due_us ?: now_us + settle->settle_us);
    return 0;
}

int settle_hold(struct settle *settle, const char *path, uint64_t now_us, uint64_t due_us)
{
    struct waiting *entry = find(settle, path);
    int r = entry ? 0 : add(settle, path, now_us, &entry);

    if (r < 0)
        return r;
    entry->hold_us = due_us;
    arm(settle, entry, due_us);
    return 0;
}

void settle_lift(struct settle *settle, const char *path)
{
    struct waiting *entry = find(settle, path);

    if (entry)
        entry->hold_us = 0;
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

/* A camera's clock is not ours: an mtime that lies ahead was set by hand, and by then the ctime says when. Without
 * a ctime, or with both ahead, the clock may be a server's, and the file be growing. */
static int64_t last_change_ns(const struct version *version, int64_t now_ns)
{
    if (version->mtime_ns > now_ns && version->ctime_ns != 0)
        return version->ctime_ns;
    return version->mtime_ns > version->ctime_ns ? version->mtime_ns : version->ctime_ns;
}

bool settle_is_old(const struct settle *settle, const struct version *version, uint64_t realtime)
{
    int64_t now_ns = (int64_t)(realtime * NSEC_PER_USEC);

    return now_ns - last_change_ns(version, now_ns) >= (int64_t)(settle->settle_us * NSEC_PER_USEC);
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
    return settle->by_path.count;
}
