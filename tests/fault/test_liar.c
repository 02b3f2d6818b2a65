/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Workers are not trusted: one that lies, in whatever way, is killed; its file fails after MaxAttempts= or is done by
 * a better one, the daemon's state stays as it was, and status answers.
 *
 * darkroomd starts the darkroom-worker beside it: here a copy of it lies beside liar.c. */
#include "audit.h"
#include "base/cleanup.h"
#include "base/clock.h"
#include "base/fd_io.h"
#include "campaign.h"
#include "ledger_copy.h"
#include "painter.h"

#include <errno.h>
#include <fcntl.h>
#include <mqueue.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>

#define SOCKET_AWAIT_US (60 * USEC_PER_SEC)

/* Replaced whole: a liar may be reading it. */
static void set_lie(const struct harness *h, const char *lie)
{
    harness_write(h, "bin/lie.new", "%s", lie);
    ck_assert_int_eq(rename(harness_path(h, "bin/lie.new"), harness_path(h, "bin/lie")), 0);
}

static void run_open_with(struct campaign *c, const char *recipe, const char *lie, const char *daemon_lines)
{
    struct harness *h = &c->h;

    campaign_open(c, false, recipe, "");
    harness_configure_daemon(h, daemon_lines);
    harness_use_own_worker(h);
    harness_copy(h, DARKROOM_LIAR, "bin/darkroom-worker");
    painter_paint(harness_path(h, "bin/picture.png"), 24, 18, 1);
    ck_assert_int_eq(rename(harness_path(h, "bin/picture.png"), harness_path(h, "bin/picture")), 0);
    set_lie(h, lie);
}

static void run_open(struct campaign *c, const char *lie, const char *daemon_lines)
{
    run_open_with(c, HARNESS_RECIPE_SINGLE, lie, daemon_lines);
}

/* ---- results ---- */

static const struct lie {
    const char *name;
    bool
        believed; /* the first answer was right: what came after it costs the liar its life, not the file its job */
} lies[] = {
    { "leaves", true },
    { "generation", false },
    { "job", false },
    { "protocol", false },
    { "twice", true },
    { "flood", true },
    { "too-many-outputs", false },
    { "absurd-count", false },
    { "no-outputs", false },
    { "rendition", false },
    { "unsealed", false },
    { "pipe", false },
    { "size", false },
    { "format", false },
    { "no-descriptor", false },
    { "descriptor-too-many", false },
    { "short", false },
    { "huge", false },
    { "class", false },
    { "conflict", false },
    { "hash", false },
    { "colour", false },
    { "hello", false },
    { "exit", false },
    { "hang", false },
    { "many-descriptors", false },
};

static const struct lie page_lies[] = {
    { "document", true },     { "page-missing", false },  { "page-twice", false },
    { "page-beyond", false }, { "page-again", false },    { "page-count", false },
    { "counting", false },    { "nameless-page", false }, { "many-pages", false },
};

struct expectation {
    int64_t done, failed;
};

static void expect_verdict(struct campaign *c, const struct lie *lie, const char *name)
{
    json_t *job = harness_job_of(&c->h, name);

    ck_assert_msg(job != NULL, "%s", lie->name);
    ck_assert_msg(strcmp(harness_string(job, "state"), lie->believed ? "done" : "failed") == 0,
                  "%s: %s is %s", lie->name, name, harness_string(job, "state"));
    if (!lie->believed) {
        const char *class = harness_string(job, "class");

        ck_assert_msg(strcmp(class, strcmp(lie->name, "hang") == 0 ? "timeout" : "crash") == 0,
                      "%s: %s is a %s", lie->name, name, class);
    }
    json_decref(job);
}

/* Each lie costs one file its only attempt, and after each an honest worker does the next file. */
static void tell_lies(struct campaign *c, const struct lie *told, size_t count)
{
    struct expectation expected = { 0, 0 };

    harness_start(&c->h);
    for (size_t i = 0; i < count; i++) {
        char name[48];

        set_lie(&c->h, told[i].name);
        snprintf(name, sizeof name, "%s.jpg", told[i].name);
        if (!told[i].believed)
            campaign_expect_guilty(c, name);
        campaign_drop(c, name, 48, 48, (unsigned)i);
        expected.done += told[i].believed;
        expected.failed += !told[i].believed;
        harness_await_ends(&c->h, expected.done, expected.failed);
        expect_verdict(c, &told[i], name);

        set_lie(&c->h, "truth");
        snprintf(name, sizeof name, "after-%s.jpg", told[i].name);
        campaign_drop(c, name, 48, 48, (unsigned)i);
        expected.done++;
        harness_await_ends(&c->h, expected.done, expected.failed);
    }
    campaign_finish(c, "after all lies");
    printf("%zu lies: %zu jobs, 0 lost, 0 doubled, 0 half visible\n", count, c->jobs);
    campaign_close(c);
}

START_TEST(a_worker_that_lies_is_killed_and_harms_nobody_else)
{
    struct campaign c;

    run_open(&c, "truth", "MaxAttempts=1\nJobTimeout=2s\n");
    tell_lies(&c, lies, ARRAY_SIZE(lies));
}
END_TEST

START_TEST(a_worker_that_lies_about_pages_is_killed_and_none_of_them_comes_out)
{
    struct campaign c;

    run_open_with(&c, CAMPAIGN_DOCUMENTS, "truth", "MaxAttempts=1\n");
    c.outputs = 0; /* some are documents */
    tell_lies(&c, page_lies, ARRAY_SIZE(page_lies));
}
END_TEST

static bool has_been_tried(const json_t *status, void *context)
{
    json_t *job = harness_job_of(context, "b.jpg");
    bool tried = job && harness_number(job, "attempts") > 0;

    (void)status;
    json_decref(job);
    return tried;
}

START_TEST(a_file_fails_when_every_attempt_met_a_lie_and_is_done_when_the_last_did_not)
{
    struct campaign c;
    json_t *job;

    run_open(&c, "size", "");
    harness_start(&c.h);
    campaign_expect_guilty(&c, "a.jpg");
    campaign_drop(&c, "a.jpg", 48, 48, 1);
    harness_await_ends(&c.h, 0, 1);
    job = harness_job_of(&c.h, "a.jpg");
    ck_assert_int_eq(harness_number(job, "attempts"), 3);
    json_decref(job);

    campaign_drop(&c, "b.jpg", 48, 48, 2);
    harness_await(&c.h, "the first attempt met a lie", has_been_tried, &c.h);
    set_lie(&c.h, "truth");
    harness_await_ends(&c.h, 1, 1);
    harness_expect_picture(&c.h, "out/b.png", 24, 18);
    campaign_finish(&c, "in the end");
    campaign_close(&c);
}
END_TEST

static bool is_tried_later(const json_t *status, void *context)
{
    json_t *job = harness_job_of(context, "a.jpg");
    const char *class = json_string_value(json_object_get(job, "class"));
    bool later = class && strcmp(class, "transient") == 0;

    (void)status;
    json_decref(job);
    return later;
}

/* Nobody is to blame, and the file is not looked at as one that failed. */
START_TEST(a_failure_that_may_pass_is_tried_again_and_is_no_attempt)
{
    struct campaign c;

    run_open(&c, "transient", "MaxAttempts=1\n");
    harness_start(&c.h);
    campaign_drop(&c, "a.jpg", 48, 48, 1);
    harness_await(&c.h, "the first try has failed", is_tried_later, &c.h);
    set_lie(&c.h, "truth");
    harness_await_ends(&c.h, 1, 0);
    campaign_finish(&c, "in the end");
    ck_assert_int_ge(ledger_copy_ask(harness_path(&c.h, "state/ledger.db"), "SELECT retries FROM job"), 1);
    ck_assert_uint_eq(c.attempts, 0);
    campaign_close(&c);
}
END_TEST

/* ---- beginnings ---- */

static bool says_trouble(const json_t *status, void *context)
{
    (void)context;
    return json_array_size(json_object_get(status, "problems")) > 0;
}

/* Its socket is there before it is listened to. */
static bool can_connect(const struct harness *h)
{
    struct sockaddr_un address = { .sun_family = AF_UNIX };
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    bool connected;

    snprintf(address.sun_path, sizeof address.sun_path, "%s", harness_path(h, "run/api.sock"));
    connected = connect(fd, (const struct sockaddr *)&address, sizeof address) == 0;
    close(fd);
    return connected;
}

/* darkroomd is not ready, and says why when it knows; status answers as soon as there is a socket. */
static void start_unready(struct campaign *c)
{
    struct harness *h = &c->h;

    uint64_t deadline = monotonic_us() + SOCKET_AWAIT_US;

    harness_spawn_usual(h);
    while (!can_connect(h)) {
        ck_assert(!harness_has_ended(h));
        ck_assert_uint_lt(monotonic_us(), deadline);
    }
}

START_TEST(workers_that_exit_at_the_start_are_told_and_better_ones_are_taken)
{
    struct campaign c;

    run_open(&c, "exit-at-start", "");
    start_unready(&c);
    campaign_drop(&c, "a.jpg", 48, 48, 1);
    harness_await(&c.h, "the trouble with workers is told", says_trouble, NULL);
    set_lie(&c.h, "truth");
    harness_await_ends(&c.h, 1, 0);
    campaign_finish(&c, "in the end");
    ck_assert_uint_eq(c.attempts, 0);
    campaign_close(&c);
}
END_TEST

static bool has_queued(const json_t *status, void *context)
{
    (void)context;
    return harness_number(status, "jobs.queued") + harness_number(status, "jobs.opening") > 0;
}

static bool has_workers(const json_t *status, void *context)
{
    const size_t *count = context;

    return json_array_size(json_object_get(status, "workers")) == *count;
}

START_TEST(workers_that_never_say_hello_do_not_keep_status_or_a_stop_waiting)
{
    struct campaign c;

    run_open(&c, "silent", "StopTimeout=2s\n");
    start_unready(&c);
    campaign_drop(&c, "a.jpg", 48, 48, 1);
    harness_await(&c.h, "the file is queued", has_queued, NULL);
    harness_await(&c.h, "both workers are started", has_workers, &(size_t){ 2 });
    if (harness_is_full()) { /* a minute */
        harness_await(&c.h, "the trouble with workers is told", says_trouble, NULL);
        set_lie(&c.h, "truth");
        harness_await_ends(&c.h, 1, 0);
    }
    ck_assert_int_eq(harness_stop(&c.h), 0);

    set_lie(&c.h, "truth");
    harness_start(&c.h);
    harness_await_ends(&c.h, 1, 0);
    campaign_finish(&c, "in the end");
    campaign_close(&c);
}
END_TEST

/* ---- suspects ---- */

/* Of two folders, with a worker for each job: only the rule keeps the second suspect waiting, while what has come since
 * is worked on. Each daemon ends with all that it has in work, and only what ran is blamed for that. */
START_TEST(of_two_jobs_with_which_the_daemon_may_have_died_one_runs_at_a_time)
{
    struct campaign c;
    struct harness *h = &c.h;
    json_int_t attempts = 0;
    json_t *jobs, *job;
    size_t i;

    run_open(&c, "hang", "");
    harness_write(h, "config/darkroom.conf", "[Daemon]\nWorkers=4\n");
    ck_assert_int_eq(mkdir(harness_path(h, "in2"), 0755), 0);
    ck_assert_int_eq(mkdir(harness_path(h, "out2"), 0755), 0);
    harness_write(h, "config/folders/other.folder", "[Folder]\nPath=%s\nOutput=%s\nRecipe=web\nSettle=0\n",
                  harness_path(h, "in2"), harness_path(h, "out2"));
    harness_start(h);
    campaign_drop(&c, "a.jpg", 48, 48, 1);
    harness_drop(h, "../in2/a.jpg", 48, 48, 2);
    harness_await_jobs(h, "running", 2);
    harness_kill(h, true);

    harness_start(h);
    campaign_drop(&c, "b.jpg", 48, 48, 3);
    harness_drop(h, "../in2/b.jpg", 48, 48, 4);
    harness_await_jobs(h, "running", 3);
    json_decref(harness_jobs(h, NULL)); /* the ledger has dealt with all that it was told before */
    ck_assert_int_eq(harness_number(harness_status(h), "jobs.running"), 3);
    harness_kill(h, true);

    set_lie(h, "truth");
    harness_start(h);
    harness_await_ends(h, 4, 0);
    jobs = harness_jobs(h, "done");
    json_array_foreach (jobs, i, job)
        attempts += harness_number(job, "attempts");
    json_decref(jobs);
    ck_assert_int_eq(attempts, 1);
    campaign_close(&c);
}
END_TEST

/* ---- what a liar reads ---- */

/* A liar reads its lie when it starts, and its picture when it has begun on a job. */
static int watch_readings(const struct harness *h, const char *path)
{
    int fd = inotify_init1(IN_CLOEXEC);

    ck_assert_int_ge(fd, 0);
    ck_assert_int_ge(inotify_add_watch(fd, harness_path(h, "%s", path), IN_CLOSE_NOWRITE), 0);
    return fd;
}

static void await_reading(int fd)
{
    struct pollfd reading = { .fd = fd, .events = POLLIN };

    ck_assert_int_eq(poll(&reading, 1, HARNESS_DEADLINE_S * 1000), 1);
    close(fd);
}

/* ---- reloads ---- */

enum { WORKERS = 2 };

/* Those who are at work stay, and go on as before. */
START_TEST(a_configuration_that_no_worker_gets_ready_with_changes_nothing)
{
    pid_t before[WORKERS], after[WORKERS];
    struct campaign c;
    struct harness *h = &c.h;
    char *text;

    run_open(&c, "truth", "");
    harness_start(h);
    harness_await_idle(h);
    harness_workers(h, NULL, before, WORKERS);

    set_lie(h, "exit-at-start");
    harness_signal(h, SIGHUP);
    harness_await_ready(h);
    ck_assert_ptr_nonnull(
        strstr(harness_read(h, "log"), "the old one stays: its worker exited with status 0"));
    ck_assert_int_eq(darkroom_reload(h->dk, &text), -EEXIST);
    ck_assert_msg(strstr(darkroom_error(h->dk), "its worker exited with status 0"), "%s",
                  darkroom_error(h->dk));
    campaign_drop(&c, "a.jpg", 48, 48, 1);
    harness_await_ends(h, 1, 0);
    ck_assert_int_eq(harness_number(h->status, "generation"), 1);
    ck_assert(!says_trouble(h->status, NULL));
    ck_assert_uint_eq(harness_workers(h, NULL, after, WORKERS), WORKERS);
    ck_assert_mem_eq(before, after, sizeof before);

    set_lie(h, "truth");
    ck_assert_int_eq(darkroom_reload(h->dk, &text), 0);
    darkroom_free(text);
    campaign_drop(&c, "b.jpg", 48, 48, 2);
    harness_await_ends(h, 2, 0);
    ck_assert_int_gt(harness_number(h->status, "generation"), 1);
    campaign_finish(&c, "in the end");
    campaign_close(&c);
}
END_TEST

/* From now on a new worker says nothing, and a reload is under way until it, whose pid await_prover() returns, is
 * killed. */
static int fall_silent(struct harness *h)
{
    harness_await_idle(h);
    set_lie(h, "silent");
    return watch_readings(h, "bin/lie");
}

static pid_t await_prover(struct harness *h, int reading)
{
    pid_t prover = 0;

    await_reading(reading);
    harness_status(h);
    ck_assert_uint_eq(harness_workers(h, "starting", &prover, 1), 1);
    return prover;
}

struct asker {
    const char *socket;
    int result, http_status;
};

static void *ask_for_reload(void *context)
{
    struct asker *asker = context;
    char *text = NULL;
    struct darkroom *dk;

    ck_assert_int_eq(darkroom_open(asker->socket, &dk), 0);
    asker->result = darkroom_reload(dk, &text);
    asker->http_status = darkroom_http_status(dk);
    darkroom_free(text);
    darkroom_close(dk);
    return NULL;
}

static void await_log(struct harness *h, const char *text)
{
    uint64_t since = monotonic_us();

    for (harness_status(h); !strstr(harness_read(h, "log"), text); harness_next_status(h, 50))
        ck_assert_int_gt(harness_left_ms(since), 1);
}

/* Whoever asked for the other one was not answered, and later that it failed. */
START_TEST(what_is_changed_while_a_reload_is_under_way_is_loaded_by_another)
{
    struct asker asker;
    struct campaign c;
    struct harness *h = &c.h;
    pthread_t thread;
    pid_t prover;
    int silent;

    run_open(&c, "truth", "");
    harness_start(h);
    silent = fall_silent(h);
    harness_signal(h, SIGHUP);
    prover = await_prover(h, silent);
    ck_assert_int_eq(harness_number(h->status, "generation"), 1);

    set_lie(h, "truth");
    harness_configure_daemon(h, "MemoryBudget=100M\n");
    asker = (struct asker){ .socket = darkroom_socket_path(h->dk) };
    ck_assert_int_eq(pthread_create(&thread, NULL, ask_for_reload, &asker), 0);
    await_log(h, "another one follows");
    ck_assert_int_eq(kill(prover, SIGKILL), 0);
    pthread_join(thread, NULL);
    ck_assert_int_eq(asker.result, 0);
    harness_status(h);
    ck_assert_int_gt(harness_number(h->status, "generation"), 1);
    ck_assert_int_eq(harness_number(h->status, "memory.budget_bytes"), 100 << 20);
    campaign_drop(&c, "a.jpg", 48, 48, 1);
    harness_await_ends(h, 1, 0);
    campaign_finish(&c, "in the end");
    campaign_close(&c);
}
END_TEST

/* ---- stops ---- */

/* How a stop comes to the end of its patience with a worker that hangs. */
static const struct impatience {
    const char *what, *daemon_lines;
    bool asked_twice;
} impatiences[] = {
    { "after a second stop", "MaxAttempts=1\n", true },
    { "when StopTimeout= is over", "MaxAttempts=1\nStopTimeout=500ms\n", false },
};

static bool is_stopping(const json_t *status, void *context)
{
    (void)context;
    return strcmp(harness_string(status, "state"), "stopping") == 0;
}

START_TEST(a_file_whose_worker_is_killed_by_a_stop_is_not_blamed)
{
    const struct impatience *impatience = &impatiences[_i];
    struct campaign c;
    struct harness *h = &c.h;
    int beginning;

    run_open(&c, "hang", impatience->daemon_lines);
    beginning = watch_readings(h, "bin/picture");
    harness_start(h);
    campaign_drop(&c, "a.jpg", 48, 48, 1);
    await_reading(beginning);
    harness_signal(h, SIGTERM);
    if (impatience->asked_twice) {
        harness_await(h, "it is stopping", is_stopping, NULL);
        harness_signal(h, SIGTERM);
    }
    ck_assert_int_eq(harness_await_exit(h), 0);
    campaign_audit(&c, false, impatience->what);

    set_lie(h, "truth");
    harness_start(h);
    harness_await_ends(h, 1, 0);
    campaign_finish(&c, impatience->what);
    ck_assert_uint_eq(c.attempts, 0);
    campaign_close(&c);
}
END_TEST

START_TEST(a_stop_answers_whoever_waits_for_a_reload_and_ends_it)
{
    struct asker asker;
    struct campaign c;
    struct harness *h = &c.h;
    pthread_t thread;
    pid_t prover;
    int silent;

    run_open(&c, "truth", "");
    harness_start(h);
    silent = fall_silent(h);
    asker = (struct asker){ .socket = darkroom_socket_path(h->dk) };
    ck_assert_int_eq(pthread_create(&thread, NULL, ask_for_reload, &asker), 0);
    prover = await_prover(h, silent);
    harness_signal(h, SIGTERM);
    pthread_join(thread, NULL); /* while the worker is still there */
    ck_assert_int_eq(asker.http_status, 503);
    kill(prover, SIGKILL); /* it would be given ten seconds to leave */
    ck_assert_int_eq(harness_await_exit(h), 0);
    ck_assert_ptr_null(strstr(harness_read(h, "log"), "the old one stays"));
    campaign_close(&c);
}
END_TEST

/* ---- the mailbox ---- */

/* The supervisor's ends of its mailboxes, as descriptors of ours. Returns how many. */
static size_t take_mailboxes(const struct harness *h, int *fds, size_t max)
{
    _cleanup_close_ int process = (int)syscall(SYS_pidfd_open, h->pid, 0);
    size_t count = 0;

    for (int fd = 0; fd < 256 && count < max; fd++) {
        char link[64], target[PATH_MAX];
        ssize_t n;

        snprintf(link, sizeof link, "/proc/%d/fd/%d", (int)h->pid, fd);
        n = readlink(link, target, sizeof target - 1);
        target[n > 0 ? n : 0] = '\0';
        if (strncmp(target, "/darkroom-", strlen("/darkroom-")) != 0)
            continue;
        fds[count] = (int)syscall(SYS_pidfd_getfd, process, fd, 0);
        if (fds[count] < 0)
            return 0;
        count++;
    }
    return count;
}

/* What a mailbox may be found with. */
static const struct mail {
    const char *what;
    size_t bytes, count;
} mails[] = {
    { "garbage", sizeof(long), 1 },
    { "nothing at all", 0, 1 },
    { "garbage up to the brim", sizeof(long), 2 },
};

/* The workers are stopped first, so that what is in their mailboxes stays there until it is met. */
START_TEST(a_mailbox_with_garbage_costs_its_worker_and_no_file)
{
    const struct mail *mail = &mails[_i];
    enum { FILES = 6 };
    struct campaign c;
    pid_t pids[WORKERS];
    int fds[WORKERS + 1];
    size_t boxes, workers;
    long garbage = 0x6b726464;

    campaign_open(&c, true, HARNESS_RECIPE, "");
    harness_start(&c.h);
    harness_await_idle(&c.h);
    workers = harness_workers(&c.h, "idle", pids, WORKERS);
    ck_assert_uint_eq(workers, WORKERS);
    boxes = take_mailboxes(&c.h, fds, ARRAY_SIZE(fds));
    if (boxes == 0) {
        fprintf(stderr, "skipped: another process's descriptors cannot be had here\n");
        goto out;
    }
    ck_assert_uint_eq(boxes, WORKERS);
    for (size_t i = 0; i < workers; i++)
        ck_assert_int_eq(kill(pids[i], SIGSTOP), 0);
    for (size_t i = 0; i < boxes; i++)
        for (size_t n = 0; n < mail->count; n++)
            ck_assert_msg(mq_send(fds[i], (char *)&garbage, mail->bytes, 1) == 0, "%s: %m", mail->what);
    for (int i = 0; i < FILES; i++) {
        char name[32];

        snprintf(name, sizeof name, "%d.jpg", i);
        campaign_drop(&c, name, 60, 40, (unsigned)i);
    }
    harness_await(&c.h, "the files are on their way", has_queued, NULL);
    for (size_t i = 0; i < workers; i++)
        kill(pids[i], SIGCONT);
    harness_await_ends(&c.h, FILES, 0);
    for (size_t i = 0; i < boxes; i++)
        close(fds[i]);
out:
    campaign_finish(&c, mail->what);
    ck_assert_uint_le(c.attempts, WORKERS);
    campaign_close(&c);
}
END_TEST

HARNESS_MAIN("liar", UNIT_TEST(a_worker_that_lies_is_killed_and_harms_nobody_else),
             UNIT_TEST(a_worker_that_lies_about_pages_is_killed_and_none_of_them_comes_out),
             UNIT_TEST(a_file_fails_when_every_attempt_met_a_lie_and_is_done_when_the_last_did_not),
             UNIT_TEST(a_failure_that_may_pass_is_tried_again_and_is_no_attempt),
             UNIT_TEST(workers_that_exit_at_the_start_are_told_and_better_ones_are_taken),
             UNIT_TEST(workers_that_never_say_hello_do_not_keep_status_or_a_stop_waiting),
             UNIT_TEST(of_two_jobs_with_which_the_daemon_may_have_died_one_runs_at_a_time),
             UNIT_TEST(a_configuration_that_no_worker_gets_ready_with_changes_nothing),
             UNIT_TEST(what_is_changed_while_a_reload_is_under_way_is_loaded_by_another),
             UNIT_ROWS(a_file_whose_worker_is_killed_by_a_stop_is_not_blamed, impatiences),
             UNIT_TEST(a_stop_answers_whoever_waits_for_a_reload_and_ends_it),
             UNIT_ROWS(a_mailbox_with_garbage_costs_its_worker_and_no_file, mails))
