/* SPDX-License-Identifier: GPL-2.0-or-later */
/* System calls that fail (rules 19 and 21), by strace's fault injection. A call of the running daemon fails once, or
 * again and again until the injection ends: whatever it is, status answers meanwhile, everything is done in the end, no
 * file is blamed, and nothing is lost, doubled or half visible. What is the environment's fault is cured within 5 s.
 * At the start a call that fails ends the daemon with a message, or nobody notices.
 *
 * strace counts for each thread by itself. In CI one error for each call; with DARKROOM_FULL=1 each error, and once at
 * each number until that is not reached. */
#include "base/cleanup.h"
#include "base/clock.h"
#include "campaign.h"
#include "tracer.h"

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#define CURE_US (5 * USEC_PER_SEC * HARNESS_SLOWER)   /* rule 21 */
#define STATUS_US (5 * USEC_PER_SEC * HARNESS_SLOWER) /* only that it is not stuck: a tracer is slow */
#define HARM_US (2 * USEC_PER_SEC)                    /* how long a call goes on failing */

/* An interrupted call is made again, so only some of them are; and not each second, because two calls may take
 * turns. */
#define SOMETIMES "1+3"
enum {
    NUMBER = 2,       /* in CI: the call that fails once */
    NUMBERS_MAX = 25, /* in the long form: until it is not reached, or so often */
    WAIT_MS = 200,
};

static const struct injection {
    const char *call, *errnum, *when; /* as in tracer_attach() */
    bool environment;                 /* cured within CURE_US */
    bool first;                       /* of this call: in CI */
    bool not_once; /* once, it may hit the check of a worker's memory file, which has no disk to fail */
} injections[] = {
    { "sendfile", "ENOSPC", "1+", true, true, false },
    { "sendfile", "EDQUOT", "1+", true, false, false },
    { "sendfile", "EIO", "1+", true, false, false },
    { "sendfile", "EINTR", SOMETIMES, false, false, false },
    { "fsync", "EIO", "1+", true, true, false },
    { "fsync", "ENOSPC", "1+", true, false, false },
    { "fsync", "EDQUOT", "1+", true, false, false },
    { "fchmod", "EIO", "1+", true, false, false },
    { "openat", "EMFILE", "1+", true, true, false },
    { "openat", "ENOSPC", "1+", true, false, false },
    { "openat", "EIO", "1+", true, false, false },
    { "openat2", "EMFILE", "1+", true, true, false },
    { "openat2", "ENFILE", "1+", true, false, false },
    { "openat2", "ENOMEM", "1+", true, false, false },
    { "openat2", "EIO", "1+", false, false, false },
    { "renameat2", "EDQUOT", "1+", true, true, false },
    { "renameat2", "ENOSPC", "1+", true, false, false },
    { "renameat2", "EIO", "1+", true, false, false },
    { "mkdirat", "ENOSPC", "1+", true, true, false },
    { "mkdirat", "EDQUOT", "1+", true, false, false },
    { "mkdirat", "EIO", "1+", true, false, false },
    { "newfstatat", "EIO", "1+", false, true, true },
    { "newfstatat", "ENOMEM", "1+", false, false, false },
    { "getdents64", "EIO", "1+", false, true, false },
    { "pwrite64", "ENOSPC", "1+", true, true, false },
    { "pwrite64", "EIO", "1+", true, false, false },
    { "fdatasync", "EIO", "1+", true, true, false },
    { "fdatasync", "ENOSPC", "1+", true, false, false },
    { "mmap", "ENOMEM", "1+", true, false, false },
    { "unlinkat", "EIO", "1+", false, false, false },
    { "read", "EINTR", SOMETIMES, false, true, false },
    { "write", "EINTR", SOMETIMES, false, true, false },
    { "poll", "EINTR", SOMETIMES, false, true, false },
    { "ppoll", "EINTR", SOMETIMES, false, true, false },
    { "epoll_wait", "EINTR", SOMETIMES, false, true, false },
    { "recvmsg", "EINTR", SOMETIMES, false, true, false },
    { "sendmsg", "EINTR", SOMETIMES, false, true, false },
    { "mq_timedsend", "EINTR", SOMETIMES, false, true, false },
};

/* Of the main thread while it starts; @from: the loader's come before. */
static const struct start_injection {
    const char *call, *errnum;
    unsigned from;
    bool only; /* not further ones: sd_notify(3) would not say that it is ready */
} start_injections[] = {
    { "eventfd2", "EMFILE", 1, false },       { "epoll_create1", "EMFILE", 1, false },
    { "signalfd4", "EMFILE", 1, false },      { "socketpair", "EMFILE", 1, false },
    { "socket", "EMFILE", 1, true },          { "bind", "ENOSPC", 1, false },
    { "listen", "ENOMEM", 1, false },         { "mq_open", "EMFILE", 1, false },
    { "mq_open", "ENOSPC", 1, false },        { "memfd_create", "EMFILE", 1, false },
    { "pidfd_open", "EMFILE", 1, false },     { "clone3", "EAGAIN", 1, false },
    { "timerfd_create", "EMFILE", 1, false }, { "pwrite64", "ENOSPC", 1, false },
    { "pwrite64", "EIO", 1, false },          { "fdatasync", "EIO", 1, false },
    { "pread64", "EIO", 8, false },           { "openat", "EMFILE", 35, false },
    { "openat", "EIO", 45, false },           { "mmap", "ENOMEM", 120, false },
};

/* One daemon lives through all of them. */
struct run {
    struct campaign c;
    size_t files, rounds, injected;
    uint64_t slowest_us; /* until the cure had worked */
    uint64_t status_us;  /* the slowest answer, with the daemon under a tracer */
};

static void run_open(struct run *run, bool archive)
{
    *run = (struct run){ 0 };
    campaign_open(&run->c, archive, HARNESS_RECIPE_SINGLE, "");
}

/* One in the folder itself, one in a directory that is new, in the output and the archive as well. */
static void drop(struct run *run)
{
    char name[48];

    snprintf(name, sizeof name, "%zu.jpg", run->files);
    campaign_drop(&run->c, name, 60, 40, (unsigned)run->files);
    snprintf(name, sizeof name, "d%zu", run->files);
    ck_assert_int_eq(mkdir(harness_path(&run->c.h, "in/%s", name), 0755), 0);
    snprintf(name, sizeof name, "d%zu/a%zu.png", run->files, run->files);
    campaign_drop(&run->c, name, 60, 40, (unsigned)run->files + 1);
    run->files++;
}

static bool is_all_done(const json_t *status, void *context)
{
    const struct run *run = context;

    return harness_number(status, "jobs.done") >= (json_int_t)json_object_size(run->c.dropped) &&
           harness_is_at_rest(status);
}

static void ask(struct run *run)
{
    uint64_t since = monotonic_us(), took_us;

    harness_status(&run->c.h);
    took_us = monotonic_us() - since;
    run->status_us = took_us > run->status_us ? took_us : run->status_us;
    if (took_us > STATUS_US)
        harness_fail(&run->c.h, "status took %llu ms", (unsigned long long)took_us / 1000);
}

/* The daemon answers all the time; it may be done before. */
static void let_it_fail(struct run *run)
{
    uint64_t since = monotonic_us();

    ask(run);
    while (!is_all_done(run->c.h.status, run) && monotonic_us() - since < HARM_US) {
        uint64_t sequence = (uint64_t)harness_number(run->c.h.status, "sequence");
        char *text = NULL;

        ck_assert_int_eq(darkroom_status_wait(run->c.h.dk, sequence, WAIT_MS, &text), 0);
        darkroom_free(text);
        ask(run);
    }
}

static void await_cure(struct run *run, const struct injection *injection, const char *when, size_t count)
{
    uint64_t since = monotonic_us(), took_us;
    char what[120];

    snprintf(what, sizeof what, "all is done after %s of %s at %s", injection->errnum, injection->call, when);
    harness_await(&run->c.h, what, is_all_done, run);
    took_us = monotonic_us() - since;
    if (getenv("DARKROOM_VERBOSE"))
        fprintf(stderr, "%s (%zu times): %llu ms\n", what, count, (unsigned long long)took_us / 1000);
    run->slowest_us = took_us > run->slowest_us ? took_us : run->slowest_us;
    if (injection->environment && took_us > CURE_US)
        harness_fail(&run->c.h, "%s only %llu ms later", what, (unsigned long long)took_us / 1000);
    ck_assert_int_eq(harness_number(run->c.h.status, "jobs.failed"), 0);
}

/* Returns how often the call was made to fail. */
static size_t inject(struct run *run, const struct injection *injection, const char *when)
{
    struct tracer tracer;
    size_t count;

    tracer_attach(&tracer, &run->c.h, injection->call, injection->errnum, when);
    drop(run);
    let_it_fail(run);
    count = tracer_detach(&tracer);
    await_cure(run, injection, when, count);
    run->rounds++;
    run->injected += count;
    return count;
}

static void run_close(struct run *run, const char *what)
{
    campaign_finish(&run->c, what);
    ck_assert_uint_eq(run->c.attempts, 0);
    printf(
        "%s: %zu rounds, %zu calls failed; %zu jobs, 0 lost, 0 doubled, 0 half visible, 0 attempts burnt; the"
        " slowest cure took %llu ms\n",
        what, run->rounds, run->injected, run->c.jobs, (unsigned long long)run->slowest_us / 1000);
    campaign_close(&run->c);
}

/* False, with the campaign closed, where nothing can be traced. */
static bool run_start(struct run *run)
{
    run_open(run, true);
    if (tracer_is_possible(&run->c.h)) {
        harness_start(&run->c.h);
        return true;
    }
    campaign_close(&run->c);
    return false;
}

START_TEST(a_call_that_keeps_failing_is_survived_and_cured)
{
    struct run run;

    if (!run_start(&run))
        return;
    for (size_t i = 0; i < ARRAY_SIZE(injections); i++)
        if (injections[i].first || harness_is_full())
            inject(&run, &injections[i], injections[i].when);
    run_close(&run, "again and again");
}
END_TEST

/* A number at a time; in the long form until the call is not made so often. */
static void inject_once_each(struct run *run, const struct injection *injection)
{
    for (unsigned number = 1; number <= NUMBERS_MAX; number++) {
        char when[24];

        snprintf(when, sizeof when, "%u", number);
        if (inject(run, injection, when) == 0)
            return;
    }
}

START_TEST(a_call_that_fails_once_is_survived)
{
    struct run run;
    char number[24];

    if (!run_start(&run))
        return;
    snprintf(number, sizeof number, "%d", NUMBER);
    for (size_t i = 0; i < ARRAY_SIZE(injections); i++)
        if (!injections[i].first || injections[i].not_once)
            continue;
        else if (harness_is_full())
            inject_once_each(&run, &injections[i]);
        else
            inject(&run, &injections[i], number);
    run_close(&run, "once");
}
END_TEST

/* ---- at the start ---- */

struct ends {
    unsigned ready, ended, starts;
};

/* Returns whether the call was made to fail. */
static bool start_with(struct run *run, const struct start_injection *injection, unsigned number,
                       struct ends *ends)
{
    struct harness *h = &run->c.h;
    char log[PATH_MAX], trace[40], inject_option[80];
    const char *const command[] = { "/usr/bin/strace",
                                    "-D",
                                    "-o",
                                    log,
                                    "-e",
                                    trace,
                                    "-e",
                                    inject_option,
                                    DARKROOM_BIN_DIR "/darkroomd",
                                    NULL };

    snprintf(log, sizeof log, "%s", harness_path(h, "strace"));
    snprintf(trace, sizeof trace, "trace=%s", injection->call);
    snprintf(inject_option, sizeof inject_option, "inject=%s:error=%s:when=%u", injection->call,
             injection->errnum, number);
    unlink(log);
    h->command = command;
    harness_spawn_usual(h);
    h->command = NULL;
    ends->starts++;
    if (harness_gets_ready(h)) {
        ends->ready++;
        ck_assert_int_eq(harness_stop(h), 0);
    } else {
        int code = harness_await_exit(h);

        ends->ended++;
        ck_assert_msg(code > 0 && code < 128, "%s of %s number %u at the start: exit code %d",
                      injection->errnum, injection->call, number, code);
    }
    return tracer_count(h, "strace") > 0;
}

START_TEST(a_call_that_fails_at_the_start_ends_it_or_is_survived)
{
    struct ends ends = { 0 };
    struct run run;

    run_open(&run, true);
    if (!tracer_is_possible(&run.c.h)) {
        campaign_close(&run.c);
        return;
    }
    drop(&run);
    for (size_t i = 0; i < ARRAY_SIZE(start_injections); i++)
        for (unsigned n = 0; n < (harness_is_full() && !start_injections[i].only ? NUMBERS_MAX : 1); n++)
            if (!start_with(&run, &start_injections[i], start_injections[i].from + n, &ends))
                break;
    drop(&run);
    harness_start(&run.c.h);
    harness_await(&run.c.h, "all is done", is_all_done, &run);
    printf("%u starts: %u ended at once, %u got ready\n", ends.starts, ends.ended, ends.ready);
    ck_assert_uint_gt(ends.ended, 0);
    run.rounds = run.injected = ends.starts;
    run_close(&run, "at the start");
}
END_TEST

HARNESS_MAIN("errno", UNIT_TEST(a_call_that_keeps_failing_is_survived_and_cured),
             UNIT_TEST(a_call_that_fails_once_is_survived),
             UNIT_TEST(a_call_that_fails_at_the_start_ends_it_or_is_survived))
