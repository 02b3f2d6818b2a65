/* SPDX-License-Identifier: GPL-2.0-or-later */
/* intake - see intake.h. */
#include "supervisor/intake.h"

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/path_beneath.h"
#include "base/text.h"
#include "supervisor/publish.h"
#include "supervisor/scan.h"
#include "supervisor/settle.h"
#include "supervisor/watch_tree.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/magic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/vfs.h>

enum {
    EVENTS_A_TURN = 4096,
    ENTRIES_A_TURN = 512,
    SCAN_SHARE = 20, /* a scan may take one part in this many of the time */
};

#define LOOK_A_TURN_US (20 * USEC_PER_MSEC)
#define ROOT_RETRY_US USEC_PER_SEC
#define TROUBLE_RETRY_US USEC_PER_SEC     /* a file or directory that cannot be looked at just now */
#define UNFINISHED_SETTLE_US USEC_PER_SEC /* with Settle=0: a file that is not closed yet gets this long */

struct leftover {
    char *path;
    uint64_t job;
    uint32_t rendition;
};

struct intake {
    size_t slot;
    const char *name;
    const struct folder_conf *conf;
    struct ledger *ledger;
    bool once, quiet;

    struct settle *settle;
    struct scan *scan;
    struct watch_tree *tree; /* NULL: polled, or lost */
    bool limited;            /* some directories could not be watched: these are polled */

    bool lost;
    int lost_errnum;
    int root_errnum; /* the root is there and cannot be read; 0: it can */
    dev_t root_device;
    ino_t root_inode;
    uint64_t root_retry_us;

    bool scanned;
    bool scanning_all; /* not only directories that are new */
    bool reconciling;  /* a walk over everything because it is time; it rests after each step */
    bool missed; /* files that came when there was no room or no event for them: they need another walk */
    bool unread; /* something could not be read just now: everything is walked over again soon */
    uint64_t scan_started_us, scan_busy_us, scan_resume_us, rescan_us;
    uint64_t arrivals;

    struct leftover *leftovers;
    size_t leftover_count;
};

static int open_root(const struct intake *intake)
{
    int fd = open(intake->conf->path, O_PATH | O_DIRECTORY | O_CLOEXEC);

    return fd < 0 ? -errno : fd;
}

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

/* ---- arrivals ---- */

static void arrive(struct intake *intake, const char *path, const struct version *version)
{
    if (ledger_arrival(intake->ledger, intake->slot, intake->name, path, version) == 0)
        intake->arrivals++;
}

/* What there is no room for is found by the walk that follows when there is. */
static void wait_for(struct intake *intake, const char *path, uint64_t now, uint64_t due)
{
    if (settle_touch(intake->settle, path, now, due) < 0)
        intake->missed = true;
}

static void on_scan_file(void *context, const char *path, const struct stat *st)
{
    struct intake *intake = context;
    struct version version = version_of(st);

    if (settle_has(intake->settle, path))
        return;
    if (settle_is_old(intake->settle, &version, realtime_us()))
        arrive(intake, path, &version);
    else
        wait_for(intake, path, monotonic_us(), 0);
}

static void look_at(struct intake *intake, int root, const struct settle_file *file)
{
    char name[TEXT_ESCAPED_MAX];
    _cleanup_free_ char *path = strdup(file->path);
    struct version version;
    struct stat st;
    int r;

    if (!path)
        return;
    r = path_stat_beneath(root, path, &st);
    if (r < 0 && is_passing(-r)) {
        settle_hold(intake->settle, path, monotonic_us(), monotonic_us() + TROUBLE_RETRY_US);
        return;
    }
    if (r < 0 || !S_ISREG(st.st_mode)) {
        if (r == 0 || r == -ELOOP)
            log_warning("%s/%s is not a regular file; links, pipes and devices are left alone", intake->name,
                        shown(path, name, sizeof name));
        settle_forget(intake->settle, path);
        return;
    }
    if (file->slow)
        log_notice("%s/%s keeps changing for five minutes; it is waited for", intake->name,
                   shown(path, name, sizeof name));

    version = version_of(&st);
    if (settle_look(intake->settle, path, &version, monotonic_us(), realtime_us()) == SETTLE_READY)
        arrive(intake, path, &version);
}

static void look_at_due(struct intake *intake)
{
    _cleanup_close_ int root = -1;
    struct settle_file file;
    uint64_t now = monotonic_us(), end = now + LOOK_A_TURN_US;

    for (; now < end && settle_due(intake->settle, now, &file); now = monotonic_us()) {
        if (root < 0)
            root = open_root(intake);
        if (root < 0) {
            intake_lose_root(intake, -root);
            return;
        }
        look_at(intake, root, &file);
    }
}

/* ---- the root ---- */

/* Network and FUSE file systems do not tell what other machines do to them. */
static bool is_remote(int root)
{
    static const uint32_t remote[] = { 0x6969 /* nfs */,      0x517B /* smb */,
                                       0xFF534D42 /* cifs */, 0xFE534D42 /* smb2 */,
                                       0x65735546 /* fuse */, 0x01021997 /* 9p */,
                                       0x00C36400 /* ceph */, 0x5346414F /* afs */ };
    struct statfs fs;

    if (fstatfs(root, &fs) < 0)
        return false;
    for (size_t i = 0; i < ARRAY_SIZE(remote); i++)
        if ((uint32_t)fs.f_type == remote[i])
            return true;
    return false;
}

static bool wants_inotify(const struct intake *intake, int root)
{
    if (intake->once || intake->conf->watch == WATCH_POLL)
        return false;
    return intake->conf->watch == WATCH_INOTIFY || !is_remote(root);
}

static void start_watching(struct intake *intake, int root)
{
    int r;

    intake->limited = false;
    if (!wants_inotify(intake, root))
        return;
    r = watch_tree_new(&intake->tree);
    if (r < 0)
        log_warning(
            "folder %s is polled: no inotify instance is left (%s); raise fs.inotify.max_user_instances",
            intake->name, strerrordesc_np(-r));
}

/* Somebody waits for the end of the walk. */
static void hurry(struct intake *intake)
{
    intake->reconciling = false;
    intake->scan_resume_us = 0;
}

/* Starts a walk over everything; one that is under way is given up. */
static void scan_all(struct intake *intake)
{
    if (scan_request(intake->scan, "") < 0)
        return;
    intake->scanning_all = true;
    intake->missed = false;
    intake->scan_started_us = 0;
    hurry(intake);
}

static void find_root(struct intake *intake)
{
    _cleanup_close_ int root = open_root(intake);
    struct stat st;

    intake->root_retry_us = monotonic_us() + ROOT_RETRY_US;
    if (root < 0 || fstat(root, &st) < 0) {
        intake_lose_root(intake, root < 0 ? -root : errno);
        return;
    }
    if (intake->lost)
        log_notice("folder %s is back", intake->name);

    intake->lost = false;
    intake->root_device = st.st_dev;
    intake->root_inode = st.st_ino;
    start_watching(intake, root);
    scan_all(intake);
}

void intake_lose_root(struct intake *intake, int errnum)
{
    if (!intake->lost)
        log_warning("folder %s is lost: %s: %s; looking for it every second", intake->name,
                    intake->conf->path, strerrordesc_np(errnum));
    intake->lost = true;
    intake->lost_errnum = errnum;
    intake->root_retry_us = monotonic_us() + ROOT_RETRY_US;
    watch_tree_free(take_ptr(intake->tree));
    settle_forget_below(intake->settle, "");
    scan_cancel(intake->scan);
    intake->scan_started_us = 0;
    intake->missed = false;
}

/* ---- scanning ---- */

static void on_scan_directory(void *context, const char *path, int fd)
{
    struct intake *intake = context;
    int r;

    if (!intake->tree || (*path && !intake->conf->recursive))
        return;
    r = watch_tree_add(intake->tree, path, fd);
    if (r == -ENOSPC && !intake->limited) {
        log_warning(
            "folder %s: %zu directories are watched, and fs.inotify.max_user_watches lets no more; the rest "
            "is polled; raise it with sysctl",
            intake->name, watch_tree_count(intake->tree));
        intake->limited = true;
    }
}

static void on_scan_failed(void *context, const char *path, int errnum)
{
    struct intake *intake = context;
    char name[TEXT_ESCAPED_MAX];

    if (*path == '\0') {
        intake->root_errnum = errnum; /* the walk is being used: it is lost afterwards */
        return;
    }
    intake->unread |= is_passing(errnum);
    log_warning("%s/%s cannot be read: %s, %s", intake->name, shown(path, name, sizeof name),
                strerrordesc_np(errnum), is_passing(errnum) ? "retrying" : "ignoring");
}

static bool is_polled(const struct intake *intake)
{
    return !intake->tree || intake->limited;
}

static uint64_t later_of(uint64_t a, uint64_t b)
{
    return a > b ? a : b;
}

static void scan_finished(struct intake *intake)
{
    uint64_t now = monotonic_us();
    uint64_t interval = is_polled(intake) ? intake->conf->poll_us : intake->conf->rescan_us;
    uint64_t earliest = intake->scan_started_us + intake->scan_busy_us * SCAN_SHARE;
    bool unread = intake->unread;

    intake->scan_started_us = 0;
    intake->unread = false;
    if (!intake->scanning_all && !unread)
        return; /* new directories, however many come, do not put the next walk over everything off */
    if (intake->scanning_all && !intake->scanned && !intake->missed && !unread) {
        ledger_scanned(intake->ledger, intake->name);
        intake->scanned = true;
    }
    intake->scanning_all = intake->reconciling = false;
    if (unread)
        intake->rescan_us = later_of(now + TROUBLE_RETRY_US, earliest);
    else
        intake->rescan_us = intake->once ? USEC_INFINITY : later_of(now + interval, earliest);
}

/* The reconcile looks for what events did not tell, which is rare: it takes its share not in one piece but in small
 * ones, so that nobody notices it. All other walks are waited for. */
static void rest(struct intake *intake, uint64_t began_us)
{
    uint64_t now = monotonic_us();

    intake->scan_busy_us += now - began_us;
    intake->scan_resume_us = intake->reconciling ? now + (now - began_us) * (SCAN_SHARE - 1) : 0;
}

/* Files were missed, and there is room for them now. */
static bool must_look_again(const struct intake *intake)
{
    return intake->missed && !scan_pending(intake->scan) &&
           settle_count(intake->settle) < SETTLE_FILES_MAX / 2;
}

/* Begins a walk over everything when it is time for one. */
static void look_for_scan(struct intake *intake, uint64_t now)
{
    if (scan_pending(intake->scan))
        return;
    if (must_look_again(intake)) {
        scan_all(intake);
    } else if (now >= intake->rescan_us) {
        scan_all(intake);
        intake->reconciling = !is_polled(intake);
    }
}

/* A disk mounted over the folder, or taken from under it, is another root than the one we watch. */
static bool is_other_root(const struct intake *intake, int root)
{
    struct stat st;

    return fstat(root, &st) == 0 && (st.st_dev != intake->root_device || st.st_ino != intake->root_inode);
}

static void go_on_scanning(struct intake *intake)
{
    _cleanup_close_ int root = open_root(intake);
    uint64_t began = monotonic_us();

    if (root < 0) {
        intake_lose_root(intake, -root);
        return;
    }
    if (is_other_root(intake, root)) {
        intake_lose_root(intake, ESTALE);
        find_root(intake);
        return;
    }
    if (intake->scan_started_us == 0) {
        intake->scan_started_us = began;
        intake->scan_busy_us = 0;
    }

    scan_step(intake->scan, root, intake->conf, ENTRIES_A_TURN);
    rest(intake, began);
    if (intake->root_errnum != 0) {
        intake_lose_root(intake, intake->root_errnum);
        intake->root_errnum = 0;
        return;
    }
    if (!scan_pending(intake->scan))
        scan_finished(intake);
}

/* ---- events ---- */

/* A file that is not closed yet may still be short; only a finished one may use Settle=0. */
static uint64_t due_after(const struct intake *intake, enum watch_change change, uint64_t now)
{
    uint64_t settle = intake->conf->settle_us;

    if (change == WATCH_FILE_TOUCHED && settle < UNFINISHED_SETTLE_US)
        settle = UNFINISHED_SETTLE_US;
    return now + settle;
}

static const char *last_component(const char *path)
{
    const char *slash = strrchr(path, '/');

    return slash ? slash + 1 : path;
}

static void on_change(struct intake *intake, enum watch_change change, const char *path)
{
    uint64_t now = monotonic_us();

    switch (change) {
    case WATCH_NOTHING:
        break;
    case WATCH_FILE_TOUCHED:
    case WATCH_FILE_FINISHED:
        if (folder_conf_accepts(intake->conf, path))
            wait_for(intake, path, now, due_after(intake, change, now));
        break;
    case WATCH_FILE_GONE:
        settle_forget(intake->settle, path);
        break;
    case WATCH_DIRECTORY_NEW:
        if (intake->conf->recursive && !folder_conf_ignores_component(intake->conf, last_component(path)))
            scan_request(intake->scan, path);
        hurry(intake);
        break;
    case WATCH_DIRECTORY_GONE:
        settle_forget_below(intake->settle, path);
        break;
    case WATCH_ROOT_GONE:
        intake_lose_root(intake, ENOENT);
        break;
    case WATCH_OVERFLOW:
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

    for (int i = 0; i < EVENTS_A_TURN && intake->tree && !intake->quiet; i++) {
        if (!watch_tree_next(intake->tree, &change, path, sizeof path))
            break;
        on_change(intake, change, path);
    }
}

void intake_step(struct intake *intake)
{
    uint64_t now = monotonic_us();

    if (intake->quiet)
        return;
    if (intake->lost) {
        if (now >= intake->root_retry_us)
            find_root(intake);
        return;
    }

    look_at_due(intake);
    if (!intake->lost)
        look_for_scan(intake, now);
    if (!intake->lost && scan_pending(intake->scan) && now >= intake->scan_resume_us)
        go_on_scanning(intake);
}

void intake_touch(struct intake *intake, const char *path)
{
    if (!intake->quiet)
        wait_for(intake, path, monotonic_us(), 0);
}

void intake_hold(struct intake *intake, const char *path, uint64_t wait_us)
{
    uint64_t now = monotonic_us();

    if (!intake->quiet)
        intake->missed |= settle_hold(intake->settle, path, now, now + wait_us) < 0;
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

void intake_enter(struct intake *intake)
{
    ledger_enter_folder(intake->ledger, intake->slot, intake->name, note_leftover, intake);
    sweep(intake);
    find_root(intake);
}

struct intake *intake_new(size_t slot, const char *name, const struct folder_conf *conf,
                          struct ledger *ledger, bool once)
{
    struct intake *intake = calloc(1, sizeof *intake);
    struct scan_handler handler = {
        .directory = on_scan_directory, .file = on_scan_file, .failed = on_scan_failed, .context = intake
    };

    if (!intake)
        return NULL;
    *intake = (struct intake){ .slot = slot, .name = name, .conf = conf, .ledger = ledger, .once = once };
    intake->settle = settle_new(conf->settle_us);
    intake->scan = scan_new(&handler);
    if (!intake->settle || !intake->scan) {
        intake_free(intake);
        return NULL;
    }
    return intake;
}

void intake_free(struct intake *intake)
{
    if (!intake)
        return;
    watch_tree_free(intake->tree);
    scan_free(intake->scan);
    settle_free(intake->settle);
    free(intake);
}

void intake_configure(struct intake *intake, const struct folder_conf *conf)
{
    intake->conf = conf;
    settle_set_time(intake->settle, conf->settle_us);
    if (intake->quiet || intake->lost)
        return;
    watch_tree_free(take_ptr(intake->tree));
    find_root(intake);
}

void intake_rescan(struct intake *intake)
{
    if (!intake->quiet && !intake->lost)
        scan_all(intake);
}

void intake_quiesce(struct intake *intake)
{
    intake->quiet = true;
    watch_tree_free(take_ptr(intake->tree));
    settle_forget_below(intake->settle, "");
    scan_cancel(intake->scan);
}

/* ---- for the thread's loop ---- */

int intake_event_fd(const struct intake *intake)
{
    return intake->tree ? watch_tree_fd(intake->tree) : -1;
}

uint64_t intake_next_us(const struct intake *intake, uint64_t now_us)
{
    uint64_t next = settle_next_us(intake->settle);

    if (intake->quiet)
        return USEC_INFINITY;
    if (intake->lost)
        return intake->root_retry_us;
    if (must_look_again(intake) || (scan_pending(intake->scan) && intake->scan_resume_us <= now_us))
        return now_us;
    if (scan_pending(intake->scan))
        return next < intake->scan_resume_us ? next : intake->scan_resume_us;
    return next < intake->rescan_us ? next : intake->rescan_us;
}

void intake_news(const struct intake *intake, struct watcher_news *news)
{
    char path[WATCHER_REASON_MAX / 2];

    news->state = intake->lost ? FOLDER_LOST : FOLDER_OK;
    news->watch = !intake->tree ? FOLDER_POLL : intake->limited ? FOLDER_MIXED : FOLDER_INOTIFY;
    news->waiting = settle_count(intake->settle);
    news->arrivals = intake->arrivals;
    news->scanned = intake->scanned;
    if (intake->lost)
        snprintf(news->reason, sizeof news->reason, "%s: %s", strerrordesc_np(intake->lost_errnum),
                 shown(intake->conf->path, path, sizeof path));
    else if (intake->limited)
        snprintf(news->reason, sizeof news->reason,
                 "fs.inotify.max_user_watches is reached, the rest is polled");
}
