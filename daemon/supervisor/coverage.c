/* SPDX-License-Identifier: GPL-2.0-or-later */
/* coverage - see coverage.h. */
#include "supervisor/coverage.h"

#include "base/cleanup.h"
#include "base/log.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

enum { KINDS_KEPT = 8 }; /* file systems of one folder whose kind is remembered */

struct coverage {
    const char *name;
    const struct kernel_settings *kernel;
    const struct folder_conf *conf;
    bool once;

    struct watch_tree *tree; /* made when the first directory is to be watched */
    struct poll_set *polled;
    bool guarded;     /* it watches the directories above the root too */
    bool no_instance; /* it could not be made */

    struct known_kind {
        dev_t device;
        const struct fs_kind *kind;
    } kinds[KINDS_KEPT];
    size_t next_kind;
    const struct fs_kind *here;

    size_t met;    /* directories of this walk over all that ought to be watched … */
    size_t needed; /* … and of the last whole one */
    bool said;     /* that the limit is reached */
};

struct coverage *coverage_new(const char *name, const struct kernel_settings *kernel, bool once)
{
    struct coverage *coverage = calloc(1, sizeof *coverage);

    if (!coverage)
        return NULL;
    *coverage = (struct coverage){ .name = name, .kernel = kernel, .once = once };
    coverage->here = fs_kind_of_magic(0);
    coverage->polled = poll_set_new();
    if (!coverage->polled) {
        free(coverage);
        return NULL;
    }
    return coverage;
}

void coverage_free(struct coverage *coverage)
{
    if (!coverage)
        return;
    watch_tree_free(coverage->tree);
    poll_set_free(coverage->polled);
    free(coverage);
}

void coverage_start(struct coverage *coverage, const struct folder_conf *conf)
{
    coverage->conf = conf;
    watch_tree_free(take_ptr(coverage->tree));
    poll_set_remove_below(coverage->polled, "");
    coverage->no_instance = coverage->guarded = false;
    memset(coverage->kinds, 0, sizeof coverage->kinds);
}

void coverage_configure(struct coverage *coverage, const struct folder_conf *conf)
{
    coverage->conf = conf;
}

/* ---- kinds ---- */

const struct fs_kind *coverage_kind(struct coverage *coverage, dev_t device, int fd)
{
    const struct fs_kind *kind;

    for (size_t i = 0; i < KINDS_KEPT; i++)
        if (coverage->kinds[i].kind && coverage->kinds[i].device == device)
            return coverage->kinds[i].kind;

    kind = fs_kind_of(fd);
    if (fs_kind_is_known(kind))
        coverage->kinds[coverage->next_kind++ % KINDS_KEPT] =
            (struct known_kind){ .device = device, .kind = kind };
    return kind;
}

const struct fs_kind *coverage_kind_here(const struct coverage *coverage)
{
    return coverage->here;
}

static const struct fs_kind *kind_of_directory(struct coverage *coverage, int fd)
{
    struct stat st;

    return fstat(fd, &st) < 0 ? fs_kind_of(fd) : coverage_kind(coverage, st.st_dev, fd);
}

/* ---- directories ---- */

/* Why a directory is not to be watched, whatever the limits. */
static enum poll_why wish(const struct coverage *coverage)
{
    if (coverage->conf->watch == WATCH_POLL)
        return POLL_CHOICE;
    return coverage->conf->watch == WATCH_AUTO && coverage->here->remote ? POLL_REMOTE : POLL_NOT;
}

/* Is there an inotify instance? One that was refused is asked for again by the next walk over all. */
static bool has_instance(struct coverage *coverage)
{
    int r;

    if (coverage->tree || coverage->no_instance)
        return coverage->tree;
    r = watch_tree_new(&coverage->tree);
    coverage->no_instance = r < 0;
    if (r < 0 && !coverage->said)
        log_warning(
            "folder %s is polled: no inotify instance is left (%s); the limit is %d for all programs of "
            "a user; raise it with sysctl fs.inotify.max_user_instances=%d",
            coverage->name, strerrordesc_np(-r), coverage->kernel->max_user_instances,
            2 * coverage->kernel->max_user_instances);
    coverage->said |= r < 0;
    return r == 0;
}

static enum poll_why why_above(const struct coverage *coverage, const char *path)
{
    const char *slash = strrchr(path, '/');
    _cleanup_free_ char *parent = *path ? strndup(path, slash ? (size_t)(slash - path) : 0) : NULL;

    return parent ? poll_set_covers(coverage->polled, parent) : POLL_NOT;
}

static void watch(struct coverage *coverage, const char *path, int fd, enum poll_why above)
{
    int r = above == POLL_NOT ? watch_tree_add(coverage->tree, path, fd)
                              : watch_tree_add_apart(coverage->tree, path, fd);

    if (r == 0)
        poll_set_remove(coverage->polled, path);
    else if (r != -ENOENT && r != -ELOOP) /* it is gone, or is the same as one above it */
        poll_set_add(coverage->polled, path, POLL_LIMITED);
}

/* One that ought to be watched. */
static bool meet_local(struct coverage *coverage, const char *path, int fd, enum walk walk)
{
    enum poll_why above = why_above(coverage, path);
    enum poll_why why = poll_set_covers(coverage->polled, path);

    if (walk == WALK_ALL)
        coverage->met++;
    if (!has_instance(coverage)) {
        poll_set_add(coverage->polled, path, POLL_LIMITED);
        return true;
    }
    if (walk == WALK_POLL && watch_tree_has(coverage->tree, path))
        return false;
    /* Past the limit nothing is tried again before the next walk over all. */
    if (above == POLL_LIMITED || (why == POLL_LIMITED && walk != WALK_ALL))
        return true;
    watch(coverage, path, fd, above);
    return true;
}

bool coverage_meet(struct coverage *coverage, const char *path, int fd, enum walk walk)
{
    enum poll_why why;

    coverage->here = kind_of_directory(coverage, fd);
    if (coverage->once)
        return true;
    why = wish(coverage);
    if (why == POLL_NOT)
        return meet_local(coverage, path, fd, walk);

    if (coverage->tree && watch_tree_has(coverage->tree, path))
        watch_tree_remove(coverage->tree, path);
    poll_set_add(coverage->polled, path, why);
    return true;
}

void coverage_gone(struct coverage *coverage, const char *path)
{
    poll_set_remove_below(coverage->polled, path);
}

void coverage_forget(struct coverage *coverage, const char *path)
{
    poll_set_remove_below(coverage->polled, path);
    if (coverage->tree)
        watch_tree_remove(coverage->tree, path);
    memset(coverage->kinds, 0, sizeof coverage->kinds);
}

/* ---- the limit ---- */

void coverage_begin_all(struct coverage *coverage)
{
    coverage->met = 0;
    coverage->no_instance = false;
}

static size_t watched(const struct coverage *coverage)
{
    return coverage->tree ? watch_tree_count(coverage->tree) : 0;
}

/* The next power of two that this folder, and all that use the limit up today, would fit into. */
static unsigned advice(const struct coverage *coverage)
{
    size_t wanted = coverage->needed - watched(coverage);
    unsigned limit = 8192;

    if (coverage->kernel->max_user_watches > 0)
        wanted += (size_t)coverage->kernel->max_user_watches;
    while (limit < wanted && limit < 1U << 30)
        limit *= 2;
    return limit;
}

static bool is_limited(const struct coverage *coverage)
{
    return poll_set_count_why(coverage->polled, POLL_LIMITED) > 0;
}

void coverage_end_all(struct coverage *coverage)
{
    /* Last, so that they take no watch away from what is in the folder. */
    if (coverage->tree && !coverage->guarded && !is_limited(coverage)) {
        watch_tree_guard(coverage->tree, coverage->conf->path);
        coverage->guarded = true;
    }
    coverage->needed = coverage->met > watched(coverage) ? coverage->met : watched(coverage);
    if (is_limited(coverage) && !coverage->said)
        log_warning(
            "folder %s: of %zu directories only %zu are watched, the rest is polled: "
            "fs.inotify.max_user_watches lets no more (the limit is %d for all programs of a user); raise "
            "it with sysctl fs.inotify.max_user_watches=%u",
            coverage->name, coverage->needed, watched(coverage), coverage->kernel->max_user_watches,
            advice(coverage));
    if (!is_limited(coverage) && coverage->said)
        log_notice("folder %s: all of it is watched again", coverage->name);
    coverage->said = is_limited(coverage);
}

/* ---- for people ---- */

struct watch_tree *coverage_tree(const struct coverage *coverage)
{
    return coverage->tree;
}

const struct poll_set *coverage_polled(const struct coverage *coverage)
{
    return coverage->polled;
}

enum folder_watch coverage_watch(const struct coverage *coverage)
{
    if (watched(coverage) == 0)
        return FOLDER_POLL;
    return poll_set_count(coverage->polled) > 0 ? FOLDER_MIXED : FOLDER_INOTIFY;
}

const char *coverage_reason(const struct coverage *coverage, char *buffer, size_t size)
{
    buffer[0] = '\0';
    if (coverage->no_instance)
        snprintf(buffer, size, "fs.inotify.max_user_instances (%d) is reached: all of it is polled",
                 coverage->kernel->max_user_instances);
    else if (is_limited(coverage))
        snprintf(
            buffer, size,
            "fs.inotify.max_user_watches (%d) is reached: %zu of %zu directories are watched, the rest is "
            "polled",
            coverage->kernel->max_user_watches, watched(coverage), coverage->needed);
    return buffer;
}
