/* SPDX-License-Identifier: GPL-2.0-or-later */
/* ledger_guard - see ledger_guard.h. */
#include "supervisor/ledger_guard.h"

#include "base/log.h"
#include "supervisor/event_order.h"
#include "supervisor/supervisor.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/stat.h>

#define CHANGES                                                                                              \
    (IN_CREATE | IN_DELETE | IN_MOVED_FROM | IN_MOVED_TO | IN_DELETE_SELF | IN_MOVE_SELF | IN_ONLYDIR)

static const char *const names[LEDGER_FILES] = { "ledger.db", "ledger.db-wal" };

static bool is_there(const struct ledger_file *file)
{
    struct stat st;

    return stat(file->path, &st) == 0 && st.st_dev == file->device && st.st_ino == file->inode;
}

static const char *find_missing(const struct ledger_guard *guard)
{
    for (size_t i = 0; i < LEDGER_FILES; i++)
        if (!is_there(&guard->files[i]))
            return guard->files[i].path;
    return NULL;
}

static int on_change(sd_event_source *source, const struct inotify_event *event, void *userdata)
{
    struct supervisor *supervisor = userdata;
    struct ledger_guard *guard = &supervisor->ledger_guard;
    const char *before = guard->missing;

    (void)source;
    (void)event;
    guard->missing = find_missing(guard);
    if (guard->missing == before)
        return 0;
    if (guard->missing)
        log_error(
            "the ledger in use is not at %s any more: put it back, or stop darkroomd and start it again",
            guard->missing);
    else
        log_notice("the ledger is where it was again");
    supervisor_changed(supervisor);
    return 0;
}

static int note_file(struct ledger_file *file, const char *directory, const char *name)
{
    struct stat st;

    if (asprintf(&file->path, "%s/%s", directory, name) < 0) {
        file->path = NULL;
        return -ENOMEM;
    }
    if (stat(file->path, &st) < 0)
        return 0; /* gone already: it will never be the one in use */
    file->device = st.st_dev;
    file->inode = st.st_ino;
    return 0;
}

int ledger_guard_start(struct supervisor *supervisor)
{
    const char *directory = supervisor->options->state_directory;
    struct ledger_guard *guard = &supervisor->ledger_guard;
    int r = 0;

    for (size_t i = 0; i < LEDGER_FILES && r == 0; i++)
        r = note_file(&guard->files[i], directory, names[i]);
    if (r < 0)
        return r;
    r = sd_event_add_inotify(supervisor->event, &guard->source, directory, CHANGES, on_change, supervisor);
    if (r >= 0)
        r = sd_event_source_set_priority(guard->source, ORDER_TIMERS);
    if (r < 0)
        log_warning("that the ledger stays at %s cannot be watched: %s", directory, strerrordesc_np(-r));
    return r == -ENOMEM ? r : 0;
}

void ledger_guard_release(struct ledger_guard *guard)
{
    sd_event_source_disable_unref(guard->source);
    for (size_t i = 0; i < LEDGER_FILES; i++)
        free(guard->files[i].path);
}
