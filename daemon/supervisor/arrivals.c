/* SPDX-License-Identifier: GPL-2.0-or-later */
/* arrivals - see arrivals.h. */
#include "supervisor/arrivals.h"

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/path_beneath.h"
#include "base/text.h"
#include "supervisor/settle.h"
#include "supervisor/source.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum { REFUSED_TOLD_MAX = 100 }; /* later ones are only counted */

#define LOOK_A_TURN_US (20 * USEC_PER_MSEC)
#define TROUBLE_RETRY_US USEC_PER_SEC     /* a file that cannot be looked at just now */
#define UNFINISHED_SETTLE_US USEC_PER_SEC /* with Settle=0: a file that is not closed yet gets this long */

struct arrivals {
    size_t slot;
    const char *name;
    const struct folder_conf *conf;
    struct ledger *ledger;
    struct coverage *coverage;
    struct settle *settle;
    uint64_t count, refused;
    uint64_t first_walk_us; /* monotonic: when the first whole walk ended; USEC_INFINITY: it has not */
    bool told;              /* the ledger knows that all that this found has arrived */
};

struct arrivals *arrivals_new(size_t slot, const char *name, const struct folder_conf *conf,
                              struct ledger *ledger, struct coverage *coverage)
{
    struct arrivals *arrivals = calloc(1, sizeof *arrivals);

    if (!arrivals)
        return NULL;
    *arrivals = (struct arrivals){ .slot = slot,
                                   .name = name,
                                   .conf = conf,
                                   .ledger = ledger,
                                   .coverage = coverage,
                                   .settle = settle_new(conf->settle_us),
                                   .first_walk_us = USEC_INFINITY };
    if (!arrivals->settle) {
        free(arrivals);
        return NULL;
    }
    return arrivals;
}

void arrivals_free(struct arrivals *arrivals)
{
    if (!arrivals)
        return;
    settle_free(arrivals->settle);
    free(arrivals);
}

void arrivals_configure(struct arrivals *arrivals, const struct folder_conf *conf)
{
    arrivals->conf = conf;
    settle_set_time(arrivals->settle, conf->settle_us);
}

/* ---- what is told to the ledger ---- */

/* A file first seen at @since_us is one that was there before us if that was before the first walk was over. */
static int arrive(struct arrivals *arrivals, const char *path, const struct version *version,
                  uint64_t since_us)
{
    int r = ledger_arrival(arrivals->ledger, arrivals->slot, arrivals->name, path, version,
                           since_us <= arrivals->first_walk_us);

    arrivals->count += r == 0;
    return r;
}

void arrivals_refuse(struct arrivals *arrivals, const char *path, const char *why)
{
    char name[TEXT_ESCAPED_MAX];

    arrivals->refused++;
    if (arrivals->refused <= REFUSED_TOLD_MAX)
        log_warning("%s/%s is refused: it is %s; only regular files are taken", arrivals->name,
                    text_escape(path, name, sizeof name), why);
    if (arrivals->refused == REFUSED_TOLD_MAX)
        log_warning("folder %s: that was the %dth; others are only counted", arrivals->name,
                    REFUSED_TOLD_MAX);
}

/* Some of what the first walk found may still have to settle. */
static void tell_of_first_walk(struct arrivals *arrivals)
{
    uint64_t oldest_us = settle_oldest_us(arrivals->settle);

    if (arrivals->told || arrivals->first_walk_us == USEC_INFINITY ||
        (oldest_us > 0 && oldest_us <= arrivals->first_walk_us))
        return;
    arrivals->told = ledger_scanned(arrivals->ledger, arrivals->name) == 0;
}

void arrivals_gone(struct arrivals *arrivals, const char *path)
{
    settle_forget(arrivals->settle, path);
    if (folder_conf_accepts(arrivals->conf, path))
        ledger_arrival(arrivals->ledger, arrivals->slot, arrivals->name, path,
                       &(struct version){ .size = -1 }, false);
    tell_of_first_walk(arrivals);
}

void arrivals_forget_below(struct arrivals *arrivals, const char *directory)
{
    settle_forget_below(arrivals->settle, directory);
    if (!arrivals->told && *directory == '\0')
        arrivals->first_walk_us = USEC_INFINITY; /* what it found is to be found again */
    tell_of_first_walk(arrivals);
}

void arrivals_walk_ended(struct arrivals *arrivals)
{
    if (arrivals->first_walk_us == USEC_INFINITY)
        arrivals->first_walk_us = monotonic_us();
    tell_of_first_walk(arrivals);
}

/* ---- what is seen ---- */

static struct version version_in(const struct fs_kind *kind, const struct stat *st)
{
    struct version version = version_of(st);

    return kind->coarse ? version_coarse(version) : version;
}

int arrivals_found(struct arrivals *arrivals, const char *path, const struct stat *st)
{
    struct version version = version_in(coverage_kind_here(arrivals->coverage), st);

    if (settle_has(arrivals->settle, path))
        return 0;
    if (settle_is_old(arrivals->settle, &version, realtime_us()))
        return arrive(arrivals, path, &version, monotonic_us());
    return settle_touch(arrivals->settle, path, monotonic_us(), 0);
}

/* A file that is not closed yet may still be short; only a finished one may use Settle=0. */
int arrivals_touched(struct arrivals *arrivals, const char *path)
{
    uint64_t now = monotonic_us(), settle = arrivals->conf->settle_us;

    if (!folder_conf_accepts(arrivals->conf, path))
        return 0;
    return settle_touch(arrivals->settle, path, now,
                        now + (settle < UNFINISHED_SETTLE_US ? UNFINISHED_SETTLE_US : settle));
}

int arrivals_finished(struct arrivals *arrivals, const char *path)
{
    settle_lift(arrivals->settle, path);
    return folder_conf_accepts(arrivals->conf, path) ? arrivals_again(arrivals, path) : 0;
}

int arrivals_again(struct arrivals *arrivals, const char *path)
{
    return settle_touch(arrivals->settle, path, monotonic_us(), 0);
}

int arrivals_hold(struct arrivals *arrivals, const char *path, uint64_t wait_us)
{
    uint64_t now = monotonic_us();

    return settle_hold(arrivals->settle, path, now, now + wait_us);
}

bool arrivals_are_many(const struct arrivals *arrivals)
{
    return settle_count(arrivals->settle) >= SETTLE_FILES_MAX / 2;
}

/* ---- looking at what is due ---- */

/* The version that @st, of a file at @path below @root, stands for. */
static struct version version_at(struct arrivals *arrivals, int root, const char *path, const struct stat *st)
{
    const char *name;
    _cleanup_close_ int parent = path_open_parent(root, path, &name);

    return version_in(coverage_kind(arrivals->coverage, st->st_dev, parent < 0 ? root : parent), st);
}

static void drop(struct arrivals *arrivals, const char *path, int r, const struct stat *st)
{
    if (r == 0 || r == -ELOOP)
        arrivals_refuse(arrivals, path,
                        r == 0 ? source_type_name(st->st_mode) : "reached through a symbolic link");
    settle_forget(arrivals->settle, path);
}

static int look_at(struct arrivals *arrivals, int root, const struct settle_file *file,
                   arrivals_unseen *unseen, void *context)
{
    char name[TEXT_ESCAPED_MAX];
    _cleanup_free_ char *path = strdup(file->path);
    uint64_t since_us = file->since_us;
    struct version version;
    struct stat st;
    int r;

    if (!path)
        return -ENOMEM;
    r = path_stat_beneath(root, path, &st);
    if (r < 0 && error_is_passing(-r))
        return arrivals_hold(arrivals, path, TROUBLE_RETRY_US);
    if (r < 0 || !S_ISREG(st.st_mode)) {
        drop(arrivals, path, r, &st);
        if (r == -EACCES || r == -EPERM)
            unseen(context, path, -r);
        return 0;
    }
    if (file->slow)
        log_notice("%s/%s keeps changing for five minutes; it is waited for", arrivals->name,
                   text_escape(path, name, sizeof name));

    version = version_at(arrivals, root, path, &st);
    if (settle_look(arrivals->settle, path, &version, monotonic_us(), realtime_us()) == SETTLE_READY)
        return arrive(arrivals, path, &version, since_us);
    return 0;
}

uint64_t arrivals_next_us(const struct arrivals *arrivals)
{
    return settle_next_us(arrivals->settle);
}

int arrivals_look(struct arrivals *arrivals, int root, arrivals_unseen *unseen, void *context)
{
    struct settle_file file;
    uint64_t now = monotonic_us(), end = now + LOOK_A_TURN_US;
    int r = 0;

    for (; r == 0 && now < end && settle_due(arrivals->settle, now, &file); now = monotonic_us())
        r = look_at(arrivals, root, &file, unseen, context);
    tell_of_first_walk(arrivals);
    return r;
}

void arrivals_news(const struct arrivals *arrivals, struct watcher_news *news)
{
    news->waiting = settle_count(arrivals->settle);
    news->waiting_since_us = settle_oldest_us(arrivals->settle);
    news->arrivals = arrivals->count;
    news->refused = arrivals->refused;
}
