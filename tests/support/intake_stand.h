/* SPDX-License-Identifier: GPL-2.0-or-later */
/* intake_stand - an intake on the test's own loop, on one real folder and with a real ledger; hours pass at once.
 *
 *     setup();
 *     hot_write(hot.in[0], "a.jpg", "x");
 *     enter(false);
 *     ck_assert_uint_eq(queued(), 1);
 *     teardown();
 *
 * Included by one file a program: it defines clock_gettime(). */
#ifndef DARKROOM_TESTS_INTAKE_STAND_H
#define DARKROOM_TESTS_INTAKE_STAND_H

#include "base/clock.h"
#include "base/log.h"
#include "hot_folders.h"
#include "supervisor/intake.h"

#include <dlfcn.h>
#include <stdatomic.h>

#define HOUR_US (3600 * USEC_PER_SEC)

/* Instead of libc's, so that hours pass at once: on one clock or the other. */
static atomic_uint_fast64_t monotonic_passed_us, realtime_passed_us;

int clock_gettime(clockid_t clock, struct timespec *ret)
{
    static int (*_Atomic libc)(clockid_t, struct timespec *);
    uint64_t passed_us = 0;
    int r;

    if (!libc)
        libc = (int (*)(clockid_t, struct timespec *))dlsym(RTLD_NEXT, "clock_gettime");
    r = libc(clock, ret);

    if (clock == CLOCK_MONOTONIC)
        passed_us = atomic_load(&monotonic_passed_us);
    else if (clock == CLOCK_REALTIME)
        passed_us = atomic_load(&realtime_passed_us);
    ret->tv_sec += (time_t)(passed_us / USEC_PER_SEC);
    ret->tv_nsec += (long)(passed_us % USEC_PER_SEC * NSEC_PER_USEC);
    if (ret->tv_nsec >= NSEC_PER_SEC) {
        ret->tv_sec++;
        ret->tv_nsec -= NSEC_PER_SEC;
    }
    return r;
}

static struct hot_folders hot;
static const struct kernel_settings kernel = { .max_user_watches = 8192, .protected_hardlinks = true };
static struct channel replies;
static struct ledger *ledger;
static struct intake *intake;
static struct ledger_news news;

static atomic_int slow_files; /* in the log */

static inline void silent(int level, uint64_t job, const char *text)
{
    (void)level, (void)job;
    if (strstr(text, "keeps changing"))
        atomic_fetch_add(&slow_files, 1);
}

static inline void start_ledger(void)
{
    struct error error;

    ck_assert_int_eq(channel_init(&replies, sizeof(struct reply), REPLIES_MAX), 0);
    ck_assert_msg(ledger_start(hot.ledger, &(struct ledger_policy){ 0 }, &replies, &ledger, &error) == 0,
                  "%s", error.text);
}

static inline void stop_ledger(void)
{
    ledger_stop(ledger);
    ledger_free(ledger);
    channel_release(&replies);
}

static inline void setup(void)
{
    log_setup(silent, LOG_NOTICE);
    hot_open(&hot, 1, HOT_RECIPE);
    start_ledger();
}

static inline void enter(bool once)
{
    intake = intake_new(0, "f0", &hot.conf[0], ledger, &kernel, once);
    ck_assert_ptr_nonnull(intake);
    intake_enter(intake);
}

static inline void teardown(void)
{
    intake_free(intake);
    stop_ledger();
    hot_close(&hot);
    atomic_store(&monotonic_passed_us, 0); /* Check has a clock as well, which stops at an hour */
}

static inline struct watcher_news watcher_news(void)
{
    struct watcher_news watcher = { 0 };

    intake_news(intake, &watcher);
    return watcher;
}

/* All that the ledger was told is in the news. */
static inline void read_news(void)
{
    ck_assert_int_eq(ledger_intent_wait(ledger_intent_send(ledger, NULL, 0)), 0);
    ledger_read_news(ledger, &news);
}

static inline void turn(void)
{
    intake_read_events(intake);
    intake_step(intake);
    read_news();
}

/* Turns as a watcher's thread does, until @done() says so. */
static inline void run_until(bool (*done)(void))
{
    uint64_t deadline = monotonic_us() + HOT_AWAIT_MS * USEC_PER_MSEC;

    for (turn(); !done(); turn()) {
        struct pollfd fd = { .fd = intake_event_fd(intake), .events = POLLIN };
        uint64_t now = monotonic_us(), next = intake_next_us(intake, now);
        uint64_t wait = next < deadline ? (next > now ? next - now : 0) : deadline - now;

        ck_assert_msg(now < deadline, "it did not happen");
        poll(&fd, 1, (int)(wait / USEC_PER_MSEC) + (wait > 0));
    }
}

static inline bool is_scanned(void)
{
    return watcher_news().scanned;
}

/* Nothing is to be read, to be walked or waits. */
static inline bool is_idle(void)
{
    struct pollfd fd = { .fd = intake_event_fd(intake), .events = POLLIN };

    return poll(&fd, 1, 0) == 0 && watcher_news().waiting == 0 && intake_next_us(intake, 1) != 1;
}

/* How many files came in, and are queued. */
static inline uint64_t queued(void)
{
    run_until(is_idle);
    return news.folders[0].queued;
}

static inline bool two_are_refused(void)
{
    return watcher_news().refused == 2;
}

static inline bool is_lost(void)
{
    return watcher_news().state == FOLDER_LOST;
}

static inline bool is_ok(void)
{
    return watcher_news().state == FOLDER_OK;
}

static inline bool one_is_queued(void)
{
    return news.folders[0].queued == 1;
}

/* The job that waits for @path, taken from the queue. */
static inline struct job *take(const char *path)
{
    struct take request = { .config = hot.config, .folder = &hot.conf[0], .limit = 1000 };
    struct job *found = NULL, *job;
    struct reply reply;

    ledger_send(ledger, &(struct ledger_request){ .op = LEDGER_TAKE, .take = &request });
    hot_await(channel_fd(&replies));
    ck_assert(channel_receive(&replies, &reply));
    while ((job = TAILQ_FIRST(&request.jobs))) {
        TAILQ_REMOVE(&request.jobs, job, link);
        if (!found && strcmp(job->path, path) == 0)
            found = job;
        else
            job_free(job);
    }
    ck_assert_msg(found, "%s did not come in", path);
    return found;
}

/* The job that waits for @path is done. */
static inline void finish(const char *path)
{
    struct job *job = take(path);
    struct reply reply;

    job->state = JOB_DONE;
    ledger_send(ledger, &(struct ledger_request){ .op = LEDGER_FINISH, .job = job });
    hot_await(channel_fd(&replies));
    channel_receive(&replies, &reply);
    job_free(job);
}

static inline void make_directory(const char *name)
{
    char path[PATH_MAX];

    snprintf(path, sizeof path, "%s/%s", hot.in[0], name);
    ck_assert_msg(mkdir(path, 0755) == 0, "%s: %m", path);
}

/* Renames below the scratch directory. */
static inline void move(const char *from, const char *to)
{
    char old[PATH_MAX], new[PATH_MAX];

    snprintf(old, sizeof old, "%s/%s", hot.scratch.path, from);
    snprintf(new, sizeof new, "%s/%s", hot.scratch.path, to);
    ck_assert_msg(rename(old, new) == 0, "%s to %s: %m", from, to);
}

static inline bool two_are_queued(void)
{
    return news.folders[0].queued == 2;
}

#endif
