/* SPDX-License-Identifier: GPL-2.0-or-later */
/* intake - see intake.h. */
#include "supervisor/intake.h"

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/text.h"
#include "supervisor/anchor.h"
#include "supervisor/arrivals.h"
#include "supervisor/coverage.h"
#include "supervisor/mount_table.h"
#include "supervisor/mounts_below.h"
#include "supervisor/publish.h"
#include "supervisor/walks.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

enum { EVENTS_A_TURN = 4096 };

#define ROOT_RETRY_US USEC_PER_SEC
#define MOUNTS_INTERVAL_US (100 * USEC_PER_MSEC) /* however often mounts come and go, elsewhere too */

struct leftover {
    char *path;
    uint64_t job;
    uint32_t place;
};

struct intake {
    size_t slot;
    const char *name;
    const struct folder_conf *conf;
    struct ledger *ledger;
    bool once, quiet;

    struct arrivals *arrivals;
    struct coverage *coverage;
    struct walks *walks;

    struct anchor anchor;  /* of the root */
    unsigned root_changes; /* the anchor's, when the root was found */
    bool lost;
    char lost_reason[WATCHER_REASON_MAX];
    uint64_t root_retry_us;

    int mount_fd;
    uint64_t mounts_due_us, mounts_seen_us; /* when to look at the mounts, and when that was done last */
    struct mounts_below mounts;

    uint64_t overflows;

    struct leftover *leftovers;
    size_t leftover_count;
};

static void on_unseen(void *context, const char *path, int errnum)
{
    struct intake *intake = context;

    walks_unseen(intake->walks, path, errnum);
}

static void look_at_due(struct intake *intake)
{
    _cleanup_close_ int root = -1;

    if (arrivals_next_us(intake->arrivals) > monotonic_us())
        return;
    root = intake_open_root(intake);
    if (root >= 0)
        walks_note(intake->walks, arrivals_look(intake->arrivals, root, on_unseen, intake));
}

/* ---- the root ---- */

/* Nothing of what was seen so far is true any more. */
static void forget_all(struct intake *intake)
{
    coverage_start(intake->coverage, intake->conf);
    arrivals_forget_below(intake->arrivals, "");
    walks_forget(intake->walks);
}

static void lose_root(struct intake *intake, const char *reason)
{
    if (!intake->lost)
        log_warning("folder %s is lost: %s; looking for it every second", intake->name, reason);
    intake->lost = true;
    text_copy_cut(reason, intake->lost_reason, sizeof intake->lost_reason);
    intake->root_retry_us = monotonic_us() + ROOT_RETRY_US;
    forget_all(intake);
}

static void lose_unreadable_root(struct intake *intake, int errnum)
{
    char reason[WATCHER_REASON_MAX], path[WATCHER_REASON_MAX / 2];

    snprintf(reason, sizeof reason, "%s cannot be read: %s",
             text_escape(intake->conf->path, path, sizeof path), strerrordesc_np(errnum));
    lose_root(intake, reason);
}

/* ---- mounts below the root ---- */

static void note_mounts(struct intake *intake, int root)
{
    mounts_below_release(&intake->mounts);
    intake->mounts = mounts_below_read(root);
    intake->mounts_seen_us = monotonic_us();
    intake->mounts_due_us = USEC_INFINITY;
}

/* What is at a mount point below the root now is another directory than before. */
static void walk_changed(void *context, const char *path)
{
    struct intake *intake = context;

    if (!intake->conf->recursive || folder_conf_ignores_path(intake->conf, path))
        return;
    coverage_forget(intake->coverage, path);
    walks_begin_new(intake->walks, path);
}

static void find_root(struct intake *intake);

/* A mount came or went, somewhere: perhaps the root's, perhaps one below it. */
static void look_at_mounts(struct intake *intake)
{
    _cleanup_close_ int root = -1;
    struct mounts_below before;

    intake->mounts_due_us = USEC_INFINITY;
    intake->mounts_seen_us = monotonic_us();
    if (intake->lost) {
        find_root(intake);
        return;
    }
    root = intake_open_root(intake);
    if (root < 0)
        return;
    before = intake->mounts;
    intake->mounts = (struct mounts_below){ 0 };
    note_mounts(intake, root);
    mounts_below_compare(&before, &intake->mounts, walk_changed, intake);
    mounts_below_release(&before);
}

int intake_mount_fd(const struct intake *intake)
{
    return intake->mount_fd;
}

void intake_mounts_changed(struct intake *intake)
{
    if (intake->mounts_due_us == USEC_INFINITY)
        intake->mounts_due_us = intake->mounts_seen_us + MOUNTS_INTERVAL_US;
}

/* ---- finding the root ---- */

/* The root is there: everything begins anew. */
static void begin(struct intake *intake, int root)
{
    forget_all(intake);
    intake->lost = false;
    intake->root_changes = intake->anchor.changes;
    note_mounts(intake, root);
    walks_begin_all(intake->walks);
    if (intake->anchor.unsaved && ledger_remember_anchor(intake->ledger, intake->name, &intake->anchor) == 0)
        intake->anchor.unsaved = false;
}

static void find_root(struct intake *intake)
{
    struct error error;
    _cleanup_close_ int root = anchor_open(&intake->anchor, &error);
    _cleanup_close_ int readable = -1;

    intake->root_retry_us = monotonic_us() + ROOT_RETRY_US;
    if (root < 0) {
        lose_root(intake, error.text);
        return;
    }
    readable = openat(root, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (readable < 0) {
        lose_unreadable_root(intake, errno);
        return;
    }
    if (intake->lost)
        log_notice("folder %s is back", intake->name);
    begin(intake, root);
}

int intake_open_root(struct intake *intake)
{
    _cleanup_close_ int root = -1;
    struct error error;

    if (intake->lost)
        return -ENOENT;
    root = anchor_open(&intake->anchor, &error);
    if (root < 0 && intake->quiet)
        return root;
    if (root < 0) {
        lose_root(intake, error.text);
        return root;
    }
    if (intake->anchor.changes == intake->root_changes)
        return take_fd(&root);
    if (!intake->quiet) {
        log_notice("folder %s: there is another directory at %s now; looking through it", intake->name,
                   intake->conf->path);
        begin(intake, root);
    }
    return -ESTALE;
}

/* The root that was watched was deleted, moved or unmounted, or was that for a moment. */
static void root_gone(struct intake *intake)
{
    _cleanup_close_ int root = intake_open_root(intake);

    if (root >= 0)
        begin(intake, root);
}

/* ---- events ---- */

static const char *last_component(const char *path)
{
    const char *slash = strrchr(path, '/');

    return slash ? slash + 1 : path;
}

static void on_change(struct intake *intake, enum watch_change change, const char *path)
{
    switch (change) {
    case WATCH_NOTHING:
        break;
    case WATCH_FILE_FINISHED:
        walks_note(intake->walks, arrivals_finished(intake->arrivals, path));
        break;
    case WATCH_FILE_TOUCHED:
        walks_note(intake->walks, arrivals_touched(intake->arrivals, path));
        break;
    case WATCH_FILE_GONE:
        arrivals_gone(intake->arrivals, path);
        break;
    case WATCH_DIRECTORY_NEW:
        if (folder_conf_ignores_component(intake->conf, last_component(path)))
            coverage_forget(intake->coverage, path); /* it was moved to this name, and its watches with it */
        else if (intake->conf->recursive)
            walks_begin_new(intake->walks, path);
        break;
    case WATCH_DIRECTORY_GONE:
        arrivals_forget_below(intake->arrivals, path);
        walks_gone(intake->walks, path);
        break;
    case WATCH_DIRECTORY_TOUCHED:
        walks_touched(intake->walks, path);
        break;
    case WATCH_ROOT_GONE:
        root_gone(intake);
        break;
    case WATCH_OVERFLOW:
        intake->overflows++;
        if (walks_missed(intake->walks))
            log_warning("folder %s: inotify lost events, scanning it all; raise fs.inotify.max_queued_events",
                        intake->name);
        break;
    }
}

void intake_read_events(struct intake *intake)
{
    enum watch_change change;
    char path[PATH_MAX];

    for (int i = 0; i < EVENTS_A_TURN && !intake->quiet; i++) {
        struct watch_tree *tree = coverage_tree(intake->coverage);

        if (!tree || !watch_tree_next(tree, &change, path, sizeof path))
            break;
        on_change(intake, change, path);
    }
}

static void walk_on(struct intake *intake)
{
    _cleanup_close_ int root = intake_open_root(intake);
    int r = root < 0 ? 0 : walks_go_on(intake->walks, root);

    if (r < 0)
        lose_unreadable_root(intake, -r);
}

void intake_step(struct intake *intake)
{
    uint64_t now = monotonic_us();

    if (intake->quiet)
        return;
    if (now >= intake->mounts_due_us)
        look_at_mounts(intake);
    if (intake->lost) {
        if (now >= intake->root_retry_us)
            find_root(intake);
        return;
    }

    look_at_due(intake);
    if (!intake->lost)
        walks_begin_due(intake->walks, now);
    if (!intake->lost && walks_pending(intake->walks, now))
        walk_on(intake);
}

void intake_touch(struct intake *intake, const char *path)
{
    if (!intake->quiet)
        walks_note(intake->walks, arrivals_again(intake->arrivals, path));
}

void intake_hold(struct intake *intake, const char *path, uint64_t wait_us)
{
    if (!intake->quiet)
        walks_note(intake->walks, arrivals_hold(intake->arrivals, path, wait_us));
}

/* ---- start and end ---- */

/* Runs in the ledger's thread while ours waits for it. */
static int note_leftover(void *context, const char *output_path, uint64_t job, uint32_t place)
{
    struct intake *intake = context;
    struct leftover *leftovers =
        reallocarray(intake->leftovers, intake->leftover_count + 1, sizeof *leftovers);

    if (!leftovers)
        return -ENOMEM;
    intake->leftovers = leftovers;
    leftovers[intake->leftover_count] =
        (struct leftover){ .path = strdup(output_path), .job = job, .place = place };
    if (!leftovers[intake->leftover_count].path)
        return -ENOMEM;
    intake->leftover_count++;
    return 0;
}

static void sweep(struct intake *intake)
{
    for (size_t i = 0; i < intake->leftover_count; i++) {
        const struct leftover *leftover = &intake->leftovers[i];

        publish_sweep(ledger_instance(intake->ledger), leftover->path, leftover->job, leftover->place);
        free(leftover->path);
    }
    free(intake->leftovers);
    intake->leftovers = NULL;
    intake->leftover_count = 0;
}

static void settle_place(struct intake *intake)
{
    const struct folder_conf *conf = intake->conf;

    if (anchor_set(&intake->anchor, conf->path, conf->requires_mount) && intake->anchor.path)
        ledger_recall_anchor(intake->ledger, intake->name, &intake->anchor);
}

void intake_enter(struct intake *intake)
{
    ledger_enter_folder(intake->ledger, intake->slot, intake->name, note_leftover, intake);
    sweep(intake);
    /* Opened before the first look: nothing that happens later is missed. */
    intake->mount_fd = intake->once ? -1 : mount_table_open_hint();
    settle_place(intake);
    find_root(intake);
}

struct intake *intake_new(size_t slot, const char *name, const struct folder_conf *conf,
                          struct ledger *ledger, const struct kernel_settings *kernel, bool once)
{
    struct intake *intake = calloc(1, sizeof *intake);

    if (!intake)
        return NULL;
    *intake = (struct intake){ .slot = slot,
                               .name = name,
                               .conf = conf,
                               .ledger = ledger,
                               .once = once,
                               .mount_fd = -1,
                               .mounts_due_us = USEC_INFINITY };
    intake->coverage = coverage_new(name, kernel, once);
    intake->arrivals = arrivals_new(slot, name, conf, ledger, intake->coverage);
    intake->walks = walks_new(name, conf, once, intake->coverage, intake->arrivals);
    if (!intake->coverage || !intake->arrivals || !intake->walks) {
        intake_free(intake);
        return NULL;
    }
    return intake;
}

void intake_free(struct intake *intake)
{
    if (!intake)
        return;
    walks_free(intake->walks);
    arrivals_free(intake->arrivals);
    coverage_free(intake->coverage);
    anchor_release(&intake->anchor);
    mounts_below_release(&intake->mounts);
    close_fd(intake->mount_fd);
    free(intake);
}

void intake_configure(struct intake *intake, const struct folder_conf *conf)
{
    bool same = folder_conf_same_intake(intake->conf, conf);

    intake->conf = conf;
    coverage_configure(intake->coverage, conf);
    arrivals_configure(intake->arrivals, conf);
    walks_configure(intake->walks, conf);
    settle_place(intake);
    if (intake->quiet)
        return;
    if (!same || intake->lost)
        find_root(intake);
}

void intake_rescan(struct intake *intake)
{
    if (!intake->quiet && !intake->lost)
        walks_begin_all(intake->walks);
}

void intake_quiesce(struct intake *intake)
{
    intake->quiet = true;
    forget_all(intake);
}

/* ---- for the thread's loop ---- */

int intake_event_fd(const struct intake *intake)
{
    const struct watch_tree *tree = coverage_tree(intake->coverage);

    return tree ? watch_tree_fd(tree) : -1;
}

uint64_t intake_next_us(const struct intake *intake, uint64_t now_us)
{
    uint64_t next = earlier(arrivals_next_us(intake->arrivals), intake->mounts_due_us);

    if (intake->quiet)
        return USEC_INFINITY;
    if (intake->lost)
        return earlier(intake->root_retry_us, intake->mounts_due_us);
    return earlier(next, walks_next_us(intake->walks, now_us));
}

void intake_news(const struct intake *intake, struct watcher_news *news)
{
    char less[WATCHER_REASON_MAX], unread[WATCHER_REASON_MAX], all[2 * WATCHER_REASON_MAX + sizeof "; "];

    news->state = intake->lost ? FOLDER_LOST : FOLDER_OK;
    news->watch = coverage_watch(intake->coverage);
    arrivals_news(intake->arrivals, news);
    news->overflows = intake->overflows;
    news->scanned = walks_are_whole(intake->walks);
    if (intake->lost) {
        snprintf(news->reason, sizeof news->reason, "%s", intake->lost_reason);
        return;
    }
    /* All that is less than it should be, in one line. */
    coverage_reason(intake->coverage, less, sizeof less);
    walks_reason(intake->walks, unread, sizeof unread);
    snprintf(all, sizeof all, "%s%s%s", less, *less && *unread ? "; " : "", unread);
    text_copy_cut(all, news->reason, sizeof news->reason);
}
