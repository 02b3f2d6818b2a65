/* SPDX-License-Identifier: GPL-2.0-or-later */
/* walks - see walks.h. From top to bottom: what a walk meets, when one ends, when one begins. */
#include "supervisor/walks.h"

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/text.h"
#include "supervisor/scan.h"
#include "supervisor/source.h"
#include "supervisor/unreadable.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

enum {
    ENTRIES_A_TURN = 512,
    ENTRIES_A_PIECE = 16,      /* of which the time is taken */
    SCAN_SHARE = 20,           /* a scan may take one part in this many of the time */
    UNREADABLE_TOLD_MAX = 100, /* directories: later ones are only counted */
};

#define SCAN_A_TURN_US (50 * USEC_PER_MSEC)
#define PIECE_COUNTED_MAX_US                                                                                 \
    (100 * USEC_PER_MSEC)             /* a file system that hangs is no work that asks for a rest */
#define TROUBLE_RETRY_US USEC_PER_SEC /* a directory that cannot be read just now */

struct walks {
    const char *name;
    const struct folder_conf *conf;
    struct coverage *coverage;
    struct arrivals *arrivals;
    struct scan *scan;
    bool once;

    bool scanned;      /* a walk over everything has ended that left nothing out … */
    bool walked;       /* … or one at all */
    bool scanning_all; /* not only directories that are new */
    bool reconciling;  /* a walk over everything because it is time; it rests after each step */
    bool polling;      /* those that no event tells about */
    bool unread;       /* something could not be read just now: everything is walked over again soon */
    bool missed;     /* files that came when there was no room or no event for them: they need another walk */
    int root_errnum; /* the root is there and cannot be read; 0: it can */
    uint64_t scan_started_us, scan_busy_us, scan_resume_us, rescan_us, poll_us;
    uint64_t poll_busy_us, poll_took_us;
    int64_t looked_ns,
        looking_ns; /* CLOCK_REALTIME: when the last whole look began, and the one that is under way */
    struct unreadable unreadable;
};

/* Something was left out, for want of memory: the walk under way is not whole, and another one is due soon. */
static void walk_again(struct walks *walks)
{
    walks->unread = true;
    walks->rescan_us = earlier(walks->rescan_us, monotonic_us() + TROUBLE_RETRY_US);
}

/* What there is no room for is found by the walk that follows when there is. */
void walks_note(struct walks *walks, int r)
{
    if (r == -ENOSPC)
        walks->missed = true;
    else if (r < 0)
        walk_again(walks);
}

/* ---- what a walk meets ---- */

static void on_scan_file(void *context, const char *path, const struct stat *st)
{
    struct walks *walks = context;

    walks_note(walks, arrivals_found(walks->arrivals, path, st));
}

/* Is this the walk that tells of it? Where there are events: the first one, and that of a new directory. Elsewhere
 * the first look that began after it was made; a reconcile is none. */
static bool is_news(const struct walks *walks, const char *path, int64_t ctime_ns, enum walk walk)
{
    if (walk == WALK_NEW || poll_set_covers(coverage_polled(walks->coverage), path) == POLL_NOT)
        return walk == WALK_NEW || !walks->walked;
    if (walk == WALK_ALL && walks->reconciling)
        return false;
    return ctime_ns < walks->looking_ns && (!walks->walked || ctime_ns >= walks->looked_ns);
}

static void on_scan_other(void *context, const char *path, const struct stat *st, enum walk walk)
{
    struct walks *walks = context;

    if (is_news(walks, path, timespec_ns(&st->st_ctim), walk))
        arrivals_refuse(walks->arrivals, path, source_type_name(st->st_mode));
}

static bool on_scan_directory(void *context, const char *path, int fd, enum walk walk)
{
    struct walks *walks = context;

    unreadable_met(&walks->unreadable, path);
    return coverage_meet(walks->coverage, path, fd, walk);
}

static void note_unreadable(struct walks *walks, const char *path, int errnum)
{
    char name[TEXT_ESCAPED_MAX];

    if (!unreadable_note(&walks->unreadable, path, errnum) || walks->unreadable.count > UNREADABLE_TOLD_MAX)
        return;
    log_warning("%s/%s cannot be read: %s, %s", walks->name, text_escape(path, name, sizeof name),
                strerrordesc_np(errnum),
                error_is_passing(errnum) ? "retrying" : "waiting for that to change");
}

static void on_scan_unseen(void *context, const char *path, int errnum)
{
    struct walks *walks = context;

    walks->unread |= error_is_passing(errnum);
    note_unreadable(walks, path, errnum);
}

static void on_scan_failed(void *context, const char *path, int errnum)
{
    struct walks *walks = context;

    if (*path == '\0') {
        walks->root_errnum = errnum; /* the walk is being used: it is lost afterwards */
        return;
    }
    walks->unread |= error_is_passing(errnum);
    if (errnum == ENOENT || errnum == ENOTDIR || errnum == ELOOP) /* no directory any more */
        walks_gone(walks, path);
    else
        note_unreadable(walks, path, errnum);
}

/* ---- going on, to the end ---- */

static void request_place(void *context, const char *path, enum poll_why why)
{
    struct walks *walks = context;

    (void)why;
    if (scan_request(walks->scan, path, WALK_POLL) < 0)
        return;
    walks->polling = true;
    unreadable_begin(&walks->unreadable, path);
}

static void poll_again(struct walks *walks, uint64_t now)
{
    walks->poll_us = now + later(walks->poll_took_us * SCAN_SHARE, walks->conf->poll_us);
}

/* When the polled places are to be looked through, or USEC_INFINITY. */
static uint64_t next_poll_us(const struct walks *walks)
{
    bool any = !walks->once && poll_set_count(coverage_polled(walks->coverage)) > 0;

    return any && !walks->polling ? walks->poll_us : USEC_INFINITY;
}

/* What could not be read is looked at again soon, a walk over everything is due in its time. */
static uint64_t next_walk(const struct walks *walks, uint64_t now, uint64_t took, bool unread)
{
    if (unread)
        return now + later(took * SCAN_SHARE, TROUBLE_RETRY_US);
    return walks->once ? USEC_INFINITY : now + later(took * SCAN_SHARE, walks->conf->rescan_us);
}

static void all_finished(struct walks *walks, uint64_t now, uint64_t took, bool unread)
{
    bool first = !walks->walked, look = !walks->reconciling;

    walks->scanning_all = walks->reconciling = false;
    walks->walked = true;
    if (!walks->missed && !unread) {
        arrivals_walk_ended(walks->arrivals);
        walks->scanned = true;
    }
    walks->rescan_us = next_walk(walks, now, took, unread);
    coverage_end_all(walks->coverage);
    if (first && coverage_watch(walks->coverage) == FOLDER_POLL)
        walks->poll_took_us = took; /* a first guess */
    if (look) {
        walks->looked_ns = walks->looking_ns;
        poll_again(walks, now);
    }
}

/* New directories, however many come, do not put the next walk over everything off. */
static void scan_finished(struct walks *walks)
{
    uint64_t now = monotonic_us();
    bool unread = walks->unread;

    walks->scan_started_us = 0;
    walks->unread = false;
    unread |= unreadable_end(&walks->unreadable);
    if (walks->scanning_all)
        all_finished(walks, now, walks->scan_busy_us, unread);
    else if (unread)
        walks->rescan_us = earlier(walks->rescan_us, next_walk(walks, now, walks->scan_busy_us, true));
}

static void poll_finished(struct walks *walks)
{
    walks->polling = false;
    walks->poll_took_us = walks->poll_busy_us;
    walks->looked_ns = walks->looking_ns;
    poll_again(walks, monotonic_us());
}

/* Goes on for a turn, and returns how long that counts. */
static uint64_t walk_on(struct walks *walks, int root)
{
    uint64_t began = monotonic_us(), last = began, counted = 0;

    for (size_t n = 0; n < ENTRIES_A_TURN && last < began + SCAN_A_TURN_US && scan_pending(walks->scan) &&
                       walks->root_errnum == 0;
         n += ENTRIES_A_PIECE) {
        uint64_t now;

        scan_step(walks->scan, root, walks->conf, ENTRIES_A_PIECE);
        now = monotonic_us();
        counted += earlier(now - last, PIECE_COUNTED_MAX_US);
        last = now;
    }
    return counted;
}

/* The reconcile looks for what events did not tell, which is rare: it takes its share not in one piece but in small
 * ones, so that nobody notices it. All other walks are waited for. */
static void rest(struct walks *walks, uint64_t counted_us)
{
    bool rests = walks->reconciling && !scan_urgent(walks->scan);

    walks->scan_resume_us = rests ? monotonic_us() + counted_us * (SCAN_SHARE - 1) : 0;
}

/* The clock that the kernel takes the times of files from: it may be a tick behind the precise one. */
static int64_t file_clock_ns(void)
{
    struct timespec now;

    clock_gettime(CLOCK_REALTIME_COARSE, &now);
    return timespec_ns(&now);
}

int walks_go_on(struct walks *walks, int root)
{
    uint64_t counted;

    if (walks->scan_started_us == 0) {
        walks->scan_started_us = monotonic_us();
        walks->scan_busy_us = 0;
        walks->unread = false;
        if (!walks->reconciling)
            walks->looking_ns = file_clock_ns();
    }

    counted = walk_on(walks, root);
    *(walks->polling ? &walks->poll_busy_us : &walks->scan_busy_us) += counted;
    rest(walks, counted);
    if (walks->root_errnum != 0) {
        int r = -walks->root_errnum;

        walks->root_errnum = 0;
        return r;
    }
    if (walks->polling && !scan_urgent(walks->scan))
        poll_finished(walks);
    if (!scan_pending(walks->scan))
        scan_finished(walks);
    return 0;
}

/* ---- beginning ---- */

/* Somebody waits for the end of the walk. */
static void hurry(struct walks *walks)
{
    walks->reconciling = false;
    walks->scan_resume_us = 0;
}

void walks_begin_all(struct walks *walks)
{
    walks->polling = walks->missed = false;
    if (scan_request(walks->scan, "", WALK_ALL) < 0) {
        walks->rescan_us = monotonic_us() + TROUBLE_RETRY_US;
        return;
    }
    walks->scanning_all = true;
    walks->scan_started_us = 0;
    hurry(walks);
    unreadable_begin(&walks->unreadable, "");
    coverage_begin_all(walks->coverage);
}

void walks_begin_new(struct walks *walks, const char *path)
{
    if (scan_request(walks->scan, path, WALK_NEW) < 0)
        walk_again(walks);
    else
        unreadable_begin(&walks->unreadable, path);
    walks->scan_resume_us = 0;
}

static void begin_unreadable(void *context, const char *path)
{
    walks_begin_new(context, path);
}

void walks_unseen(struct walks *walks, const char *path, int errnum)
{
    const char *slash = strrchr(path, '/');
    _cleanup_free_ char *directory = strndup(path, slash ? (size_t)(slash - path) : 0);

    if (directory)
        note_unreadable(walks, directory, errnum);
    else
        walk_again(walks);
}

void walks_touched(struct walks *walks, const char *path)
{
    unreadable_touch(&walks->unreadable, path, begin_unreadable, walks);
}

void walks_gone(struct walks *walks, const char *path)
{
    coverage_gone(walks->coverage, path);
    unreadable_gone(&walks->unreadable, path);
}

/* Files were missed, and there is room for them now. */
static bool must_look_again(const struct walks *walks)
{
    return walks->missed && !scan_pending(walks->scan) && !arrivals_are_many(walks->arrivals);
}

/* Has the polled places looked through; a reconcile waits for that, instead of the other way round. */
static void request_poll(struct walks *walks, uint64_t now)
{
    walks->poll_busy_us = 0;
    walks->scan_resume_us = 0;
    walks->looking_ns = file_clock_ns();
    poll_again(walks, now);
    poll_set_each(coverage_polled(walks->coverage), request_place, walks);
}

void walks_begin_due(struct walks *walks, uint64_t now)
{
    bool pending = scan_pending(walks->scan);

    if (!pending && must_look_again(walks)) {
        walks_begin_all(walks);
    } else if (!pending && now >= walks->rescan_us) {
        walks_begin_all(walks);
        walks->reconciling = coverage_watch(walks->coverage) != FOLDER_POLL;
    } else if ((!pending || walks->reconciling) && now >= next_poll_us(walks)) {
        request_poll(walks, now);
    }
}

bool walks_missed(struct walks *walks)
{
    bool news = !walks->missed;

    /* A walk under way is not begun anew each time: while files pour in it would never get to its end. */
    walks->missed = true;
    hurry(walks);
    return news;
}

void walks_forget(struct walks *walks)
{
    scan_cancel(walks->scan);
    walks->scanning_all = walks->polling = walks->missed = false;
    walks->scan_started_us = 0;
    hurry(walks);
}

bool walks_pending(const struct walks *walks, uint64_t now)
{
    return scan_pending(walks->scan) && now >= walks->scan_resume_us;
}

uint64_t walks_next_us(const struct walks *walks, uint64_t now)
{
    if (must_look_again(walks) || walks_pending(walks, now))
        return now;
    return earlier(scan_pending(walks->scan) ? walks->scan_resume_us : walks->rescan_us, next_poll_us(walks));
}

/* ---- the whole ---- */

struct walks *walks_new(const char *name, const struct folder_conf *conf, bool once,
                        struct coverage *coverage, struct arrivals *arrivals)
{
    struct walks *walks = calloc(1, sizeof *walks);
    struct scan_handler handler = {
        .directory = on_scan_directory,
        .file = on_scan_file,
        .other = on_scan_other,
        .failed = on_scan_failed,
        .unseen = on_scan_unseen,
        .context = walks,
    };

    if (!walks)
        return NULL;
    *walks = (struct walks){
        .name = name, .conf = conf, .once = once, .coverage = coverage, .arrivals = arrivals
    };
    walks->scan = scan_new(&handler);
    if (!walks->scan) {
        free(walks);
        return NULL;
    }
    return walks;
}

void walks_free(struct walks *walks)
{
    if (!walks)
        return;
    scan_free(walks->scan);
    unreadable_release(&walks->unreadable);
    free(walks);
}

void walks_configure(struct walks *walks, const struct folder_conf *conf)
{
    uint64_t now = monotonic_us();

    walks->conf = conf;
    walks->poll_us = earlier(walks->poll_us, now + conf->poll_us);
    if (!walks->once)
        walks->rescan_us = earlier(walks->rescan_us, now + conf->rescan_us);
}

bool walks_are_whole(const struct walks *walks)
{
    return walks->scanned;
}

const char *walks_reason(const struct walks *walks, char *buffer, size_t size)
{
    return unreadable_reason(&walks->unreadable, buffer, size);
}
