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
#include "supervisor/scan.h"
#include "supervisor/source.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

enum {
    EVENTS_A_TURN = 4096,
    ENTRIES_A_TURN = 512,
    ENTRIES_A_PIECE = 16,      /* of which the time is taken */
    SCAN_SHARE = 20,           /* a scan may take one part in this many of the time */
    UNREADABLE_TOLD_MAX = 100, /* directories: later ones are only counted */
};

#define SCAN_A_TURN_US (50 * USEC_PER_MSEC)
#define PIECE_COUNTED_MAX_US                                                                                 \
    (100 * USEC_PER_MSEC) /* a file system that hangs is no work that asks for a rest */
#define ROOT_RETRY_US USEC_PER_SEC
#define MOUNTS_INTERVAL_US (100 * USEC_PER_MSEC) /* however often mounts come and go, elsewhere too */
#define TROUBLE_RETRY_US USEC_PER_SEC            /* a directory that cannot be read just now */

struct leftover {
    char *path;
    uint64_t job;
    uint32_t rendition;
};

/* Directories that a walk over all could not read. */
struct unreadable {
    size_t count;
    int errnum;
    char first[WATCHER_REASON_MAX / 2];
};

struct intake {
    size_t slot;
    const char *name;
    const struct folder_conf *conf;
    struct ledger *ledger;
    bool once, quiet;

    struct arrivals *arrivals;
    struct scan *scan;
    struct coverage *coverage;

    struct anchor anchor;  /* of the root */
    unsigned root_changes; /* the anchor's, when the root was found */
    bool lost;
    char lost_reason[WATCHER_REASON_MAX];
    int root_errnum; /* the root is there and cannot be read; 0: it can */
    uint64_t root_retry_us;

    int mount_fd;
    uint64_t mounts_due_us, mounts_seen_us; /* when to look at the mounts, and when that was done last */
    struct mounts_below mounts;

    bool scanned;      /* a walk over everything has ended that left nothing out … */
    bool walked;       /* … or one at all */
    bool scanning_all; /* not only directories that are new */
    bool reconciling;  /* a walk over everything because it is time; it rests after each step */
    bool polling;      /* those that no event tells about */
    bool unread;       /* something could not be read just now: everything is walked over again soon */
    bool missed; /* files that came when there was no room or no event for them: they need another walk */
    uint64_t scan_started_us, scan_busy_us, scan_resume_us, rescan_us, poll_us;
    uint64_t poll_busy_us, poll_took_us;
    int64_t looked_ns,
        looking_ns; /* CLOCK_REALTIME: when the last whole look began, and the one that is under way */
    uint64_t overflows;
    struct unreadable unreadable, unreadable_now; /* by the last walk over all, and by the one under way */

    struct leftover *leftovers;
    size_t leftover_count;
};

static const char *shown(const char *path, char *buffer, size_t size)
{
    return text_escape(path, buffer, size);
}

/* Trouble that says nothing about the file: no descriptors, no memory, a disk that stutters. */
static bool is_passing(int errnum)
{
    enum error_class class = error_class_of_errno(errnum);

    return class == CLASS_TRANSIENT || class == CLASS_ENVIRONMENT;
}

static uint64_t earlier(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

static uint64_t later(uint64_t a, uint64_t b)
{
    return a > b ? a : b;
}

/* Something was left out, for want of memory: the walk under way is not whole, and another one is due soon. */
static void walk_again(struct intake *intake)
{
    intake->unread = true;
    intake->rescan_us = earlier(intake->rescan_us, monotonic_us() + TROUBLE_RETRY_US);
}

/* ---- what is seen ---- */

/* What there is no room for is found by the walk that follows when there is. */
static void note(struct intake *intake, int r)
{
    if (r == -ENOSPC)
        intake->missed = true;
    else if (r < 0)
        walk_again(intake);
}

struct version intake_version(struct intake *intake, int root, const char *path, const struct stat *st)
{
    return arrivals_version(intake->arrivals, root, path, st);
}

static void on_scan_file(void *context, const char *path, const struct stat *st)
{
    struct intake *intake = context;

    note(intake, arrivals_found(intake->arrivals, path, st));
}

/* Is this the walk that tells of it? Where there are events: the first one, and that of a new directory. Elsewhere
 * the first look that began after it was made; a reconcile is none. */
static bool is_news(const struct intake *intake, const char *path, int64_t ctime_ns, enum walk walk)
{
    if (walk == WALK_NEW || poll_set_covers(coverage_polled(intake->coverage), path) == POLL_NOT)
        return walk == WALK_NEW || !intake->walked;
    if (walk == WALK_ALL && intake->reconciling)
        return false;
    return ctime_ns < intake->looking_ns && (!intake->walked || ctime_ns >= intake->looked_ns);
}

static void on_scan_other(void *context, const char *path, const struct stat *st, enum walk walk)
{
    struct intake *intake = context;

    if (is_news(intake, path, timespec_ns(&st->st_ctim), walk))
        arrivals_refuse(intake->arrivals, path, source_type_name(st->st_mode));
}

static void look_at_due(struct intake *intake)
{
    _cleanup_close_ int root = -1;

    if (arrivals_next_us(intake->arrivals) > monotonic_us())
        return;
    root = intake_open_root(intake);
    if (root >= 0)
        note(intake, arrivals_look(intake->arrivals, root));
}

/* ---- the root ---- */

/* Somebody waits for the end of the walk. */
static void hurry(struct intake *intake)
{
    intake->reconciling = false;
    intake->scan_resume_us = 0;
}

/* Starts a walk over everything; one that is under way is given up. */
static void scan_all(struct intake *intake)
{
    intake->polling = intake->missed = false;
    if (scan_request(intake->scan, "", WALK_ALL) < 0) {
        intake->rescan_us = monotonic_us() + TROUBLE_RETRY_US;
        return;
    }
    intake->scanning_all = true;
    intake->scan_started_us = 0;
    hurry(intake);
    intake->unreadable_now = (struct unreadable){ 0 };
    coverage_begin_all(intake->coverage);
}

/* Nothing of what was seen so far is true any more. */
static void forget_all(struct intake *intake)
{
    coverage_start(intake->coverage, intake->conf);
    arrivals_forget_below(intake->arrivals, "");
    scan_cancel(intake->scan);
    intake->scanning_all = intake->polling = intake->missed = false;
    intake->scan_started_us = 0;
    hurry(intake);
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

    snprintf(reason, sizeof reason, "%s cannot be read: %s", shown(intake->conf->path, path, sizeof path),
             strerrordesc_np(errnum));
    lose_root(intake, reason);
}

/* ---- mounts below the root ---- */

/* A directory is new, and somebody waits for what is in it. */
static void request_new(struct intake *intake, const char *path)
{
    if (scan_request(intake->scan, path, WALK_NEW) < 0)
        walk_again(intake);
    intake->scan_resume_us = 0;
}

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
    request_new(intake, path);
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
    scan_all(intake);
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

/* ---- scanning ---- */

static bool on_scan_directory(void *context, const char *path, int fd, enum walk walk)
{
    struct intake *intake = context;

    return coverage_meet(intake->coverage, path, fd, walk);
}

static void note_unreadable(struct intake *intake, struct unreadable *unreadable, const char *path,
                            int errnum)
{
    char name[TEXT_ESCAPED_MAX];

    if (unreadable->count++ == 0) {
        unreadable->errnum = errnum;
        snprintf(unreadable->first, sizeof unreadable->first, "%s", shown(path, name, sizeof name));
        text_drop_cut_character(unreadable->first);
    }
    if (unreadable->count > UNREADABLE_TOLD_MAX)
        return;
    log_line(intake->unreadable.count == 0 || unreadable == &intake->unreadable ? LOG_WARNING : LOG_DEBUG,
             "%s/%s cannot be read: %s, %s", intake->name, shown(path, name, sizeof name),
             strerrordesc_np(errnum), is_passing(errnum) ? "retrying" : "ignoring");
}

static void on_scan_failed(void *context, const char *path, int errnum, enum walk walk)
{
    struct intake *intake = context;

    if (*path == '\0') {
        intake->root_errnum = errnum; /* the walk is being used: it is lost afterwards */
        return;
    }
    intake->unread |= is_passing(errnum);
    if (errnum == ENOENT || errnum == ENOTDIR || errnum == ELOOP) /* no directory any more */
        coverage_gone(intake->coverage, path);
    else if (walk == WALK_ALL)
        note_unreadable(intake, &intake->unreadable_now, path, errnum);
    else if (walk == WALK_NEW)
        note_unreadable(intake, &intake->unreadable, path, errnum);
}

static void request_place(void *context, const char *path, enum poll_why why)
{
    struct intake *intake = context;

    (void)why;
    if (scan_request(intake->scan, path, WALK_POLL) == 0)
        intake->polling = true;
}

static void poll_again(struct intake *intake, uint64_t now)
{
    intake->poll_us = now + later(intake->poll_took_us * SCAN_SHARE, intake->conf->poll_us);
}

/* When the polled places are to be looked through, or USEC_INFINITY. */
static uint64_t next_poll_us(const struct intake *intake)
{
    bool any = !intake->once && poll_set_count(coverage_polled(intake->coverage)) > 0;

    return any && !intake->polling ? intake->poll_us : USEC_INFINITY;
}

/* What could not be read is looked at again soon, a walk over everything is due in its time. */
static uint64_t next_walk(const struct intake *intake, uint64_t now, uint64_t took, bool unread)
{
    if (unread)
        return now + later(took * SCAN_SHARE, TROUBLE_RETRY_US);
    return intake->once ? USEC_INFINITY : now + later(took * SCAN_SHARE, intake->conf->rescan_us);
}

static void all_finished(struct intake *intake, uint64_t now, uint64_t took, bool unread)
{
    bool first = !intake->walked, look = !intake->reconciling;

    intake->scanning_all = intake->reconciling = false;
    intake->walked = true;
    if (!intake->scanned && !intake->missed && !unread) {
        arrivals_walk_ended(intake->arrivals);
        intake->scanned = true;
    }
    intake->rescan_us = next_walk(intake, now, took, unread);
    intake->unreadable = intake->unreadable_now;
    coverage_end_all(intake->coverage);
    if (first && coverage_watch(intake->coverage) == FOLDER_POLL)
        intake->poll_took_us = took; /* a first guess */
    if (look) {
        intake->looked_ns = intake->looking_ns;
        poll_again(intake, now);
    }
}

/* New directories, however many come, do not put the next walk over everything off. */
static void scan_finished(struct intake *intake)
{
    uint64_t now = monotonic_us();
    bool unread = intake->unread;

    intake->scan_started_us = 0;
    intake->unread = false;
    if (intake->scanning_all)
        all_finished(intake, now, intake->scan_busy_us, unread);
    else if (unread)
        intake->rescan_us = earlier(intake->rescan_us, next_walk(intake, now, intake->scan_busy_us, true));
}

static void poll_finished(struct intake *intake)
{
    intake->polling = false;
    intake->poll_took_us = intake->poll_busy_us;
    intake->looked_ns = intake->looking_ns;
    poll_again(intake, monotonic_us());
}

/* Goes on for a turn, and returns how long that counts. */
static uint64_t walk_on(struct intake *intake, int root)
{
    uint64_t began = monotonic_us(), last = began, counted = 0;

    for (size_t n = 0; n < ENTRIES_A_TURN && last < began + SCAN_A_TURN_US && scan_pending(intake->scan) &&
                       intake->root_errnum == 0;
         n += ENTRIES_A_PIECE) {
        uint64_t now;

        scan_step(intake->scan, root, intake->conf, ENTRIES_A_PIECE);
        now = monotonic_us();
        counted += earlier(now - last, PIECE_COUNTED_MAX_US);
        last = now;
    }
    return counted;
}

/* The reconcile looks for what events did not tell, which is rare: it takes its share not in one piece but in small
 * ones, so that nobody notices it. All other walks are waited for. */
static void rest(struct intake *intake, uint64_t counted_us)
{
    bool rests = intake->reconciling && !scan_urgent(intake->scan);

    intake->scan_resume_us = rests ? monotonic_us() + counted_us * (SCAN_SHARE - 1) : 0;
}

/* Files were missed, and there is room for them now. */
static bool must_look_again(const struct intake *intake)
{
    return intake->missed && !scan_pending(intake->scan) && !arrivals_are_many(intake->arrivals);
}

/* The clock that the kernel takes the times of files from: it may be a tick behind the precise one. */
static int64_t file_clock_ns(void)
{
    struct timespec now;

    clock_gettime(CLOCK_REALTIME_COARSE, &now);
    return timespec_ns(&now);
}

static void go_on_scanning(struct intake *intake)
{
    _cleanup_close_ int root = intake_open_root(intake);
    uint64_t counted;

    if (root < 0)
        return;
    if (intake->scan_started_us == 0) {
        intake->scan_started_us = monotonic_us();
        intake->scan_busy_us = 0;
        intake->unread = false;
        if (!intake->reconciling)
            intake->looking_ns = file_clock_ns();
    }

    counted = walk_on(intake, root);
    *(intake->polling ? &intake->poll_busy_us : &intake->scan_busy_us) += counted;
    rest(intake, counted);
    if (intake->root_errnum != 0) {
        lose_unreadable_root(intake, intake->root_errnum);
        intake->root_errnum = 0;
        return;
    }
    if (intake->polling && !scan_urgent(intake->scan))
        poll_finished(intake);
    if (!scan_pending(intake->scan))
        scan_finished(intake);
}

/* Has the polled places looked through; a reconcile waits for that, instead of the other way round. */
static void request_poll(struct intake *intake, uint64_t now)
{
    intake->poll_busy_us = 0;
    intake->scan_resume_us = 0;
    intake->looking_ns = file_clock_ns();
    poll_again(intake, now);
    poll_set_each(coverage_polled(intake->coverage), request_place, intake);
}

/* Begins the walk that is due. */
static void request_scan(struct intake *intake, uint64_t now)
{
    bool pending = scan_pending(intake->scan);

    if (!pending && must_look_again(intake)) {
        scan_all(intake);
    } else if (!pending && now >= intake->rescan_us) {
        scan_all(intake);
        intake->reconciling = coverage_watch(intake->coverage) != FOLDER_POLL;
    } else if ((!pending || intake->reconciling) && now >= next_poll_us(intake)) {
        request_poll(intake, now);
    }
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
        note(intake, arrivals_finished(intake->arrivals, path));
        break;
    case WATCH_FILE_TOUCHED:
        note(intake, arrivals_touched(intake->arrivals, path));
        break;
    case WATCH_FILE_GONE:
        arrivals_gone(intake->arrivals, path);
        break;
    case WATCH_DIRECTORY_NEW:
        if (folder_conf_ignores_component(intake->conf, last_component(path)))
            coverage_forget(intake->coverage, path); /* it was moved to this name, and its watches with it */
        else if (intake->conf->recursive)
            request_new(intake, path);
        break;
    case WATCH_DIRECTORY_GONE:
        arrivals_forget_below(intake->arrivals, path);
        coverage_gone(intake->coverage, path);
        break;
    case WATCH_ROOT_GONE:
        root_gone(intake);
        break;
    case WATCH_OVERFLOW:
        intake->overflows++;
        if (!intake->missed)
            log_warning("folder %s: inotify lost events, scanning it all; raise fs.inotify.max_queued_events",
                        intake->name);
        /* A walk under way is not begun anew each time: while files pour in it would never get to its end. */
        intake->missed = true;
        hurry(intake);
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
        request_scan(intake, now);
    if (!intake->lost && scan_pending(intake->scan) && now >= intake->scan_resume_us)
        go_on_scanning(intake);
}

void intake_touch(struct intake *intake, const char *path)
{
    if (!intake->quiet)
        note(intake, arrivals_again(intake->arrivals, path));
}

void intake_hold(struct intake *intake, const char *path, uint64_t wait_us)
{
    if (!intake->quiet)
        note(intake, arrivals_hold(intake->arrivals, path, wait_us));
}

/* ---- start and end ---- */

/* Runs in the ledger's thread while ours waits for it. */
static int note_leftover(void *context, const char *output_path, uint64_t job, uint32_t rendition)
{
    struct intake *intake = context;
    struct leftover *leftovers =
        reallocarray(intake->leftovers, intake->leftover_count + 1, sizeof *leftovers);

    if (!leftovers)
        return -ENOMEM;
    intake->leftovers = leftovers;
    leftovers[intake->leftover_count] =
        (struct leftover){ .path = strdup(output_path), .job = job, .rendition = rendition };
    if (!leftovers[intake->leftover_count].path)
        return -ENOMEM;
    intake->leftover_count++;
    return 0;
}

static void sweep(struct intake *intake)
{
    for (size_t i = 0; i < intake->leftover_count; i++) {
        const struct leftover *leftover = &intake->leftovers[i];

        publish_sweep(ledger_instance(intake->ledger), leftover->path, leftover->job, leftover->rendition);
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
    struct scan_handler handler = {
        .directory = on_scan_directory,
        .file = on_scan_file,
        .other = on_scan_other,
        .failed = on_scan_failed,
        .context = intake,
    };

    if (!intake)
        return NULL;
    *intake = (struct intake){ .slot = slot,
                               .name = name,
                               .conf = conf,
                               .ledger = ledger,
                               .once = once,
                               .mount_fd = -1,
                               .mounts_due_us = USEC_INFINITY };
    intake->scan = scan_new(&handler);
    intake->coverage = coverage_new(name, kernel, once);
    intake->arrivals = arrivals_new(slot, name, conf, ledger, intake->coverage);
    if (!intake->arrivals || !intake->scan || !intake->coverage) {
        intake_free(intake);
        return NULL;
    }
    return intake;
}

void intake_free(struct intake *intake)
{
    if (!intake)
        return;
    arrivals_free(intake->arrivals);
    coverage_free(intake->coverage);
    scan_free(intake->scan);
    anchor_release(&intake->anchor);
    mounts_below_release(&intake->mounts);
    close_fd(intake->mount_fd);
    free(intake);
}

void intake_configure(struct intake *intake, const struct folder_conf *conf)
{
    bool same = folder_conf_same_intake(intake->conf, conf);
    uint64_t now = monotonic_us();

    intake->conf = conf;
    coverage_configure(intake->coverage, conf);
    arrivals_configure(intake->arrivals, conf);
    settle_place(intake);
    if (intake->quiet)
        return;
    if (!same || intake->lost) {
        find_root(intake);
        return;
    }
    intake->poll_us = earlier(intake->poll_us, now + conf->poll_us);
    if (!intake->once)
        intake->rescan_us = earlier(intake->rescan_us, now + conf->rescan_us);
}

void intake_rescan(struct intake *intake)
{
    if (!intake->quiet && !intake->lost)
        scan_all(intake);
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
    if (must_look_again(intake) || (scan_pending(intake->scan) && intake->scan_resume_us <= now_us))
        return now_us;
    if (scan_pending(intake->scan))
        next = earlier(next, intake->scan_resume_us);
    else
        next = earlier(next, intake->rescan_us);
    return earlier(next, next_poll_us(intake));
}

/* All that is less than it should be, in one line. */
static void degraded_reason(const struct intake *intake, char *reason, size_t size)
{
    const struct unreadable *unreadable = &intake->unreadable;
    size_t used;

    coverage_reason(intake->coverage, reason, size);
    used = strlen(reason);
    if (unreadable->count == 1)
        snprintf(reason + used, size - used, "%s%s cannot be read: %s", used > 0 ? "; " : "",
                 unreadable->first, strerrordesc_np(unreadable->errnum));
    else if (unreadable->count > 1)
        snprintf(reason + used, size - used, "%s%zu directories cannot be read, for instance %s: %s",
                 used > 0 ? "; " : "", unreadable->count, unreadable->first,
                 strerrordesc_np(unreadable->errnum));
    text_drop_cut_character(reason);
}

void intake_news(const struct intake *intake, struct watcher_news *news)
{
    news->state = intake->lost ? FOLDER_LOST : FOLDER_OK;
    news->watch = coverage_watch(intake->coverage);
    arrivals_news(intake->arrivals, news);
    news->overflows = intake->overflows;
    news->scanned = intake->scanned;
    if (intake->lost)
        snprintf(news->reason, sizeof news->reason, "%s", intake->lost_reason);
    else
        degraded_reason(intake, news->reason, sizeof news->reason);
}
