/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A watcher's thread with a real ledger and real folders; the test is the event loop. */
#include "supervisor/watcher.h"

#include "base/cleanup.h"
#include "base/log.h"
#include "base/text.h"
#include "hot_folders.h"
#include "supervisor/plan.h"
#include "unit_main.h"

static struct hot_folders hot;
static const struct kernel_settings kernel = { .max_user_watches = 8192, .protected_hardlinks = true };
static struct channel replies;
static struct ledger *ledger;
static struct watcher *watcher;
static struct watcher_news news;
static struct ledger_news ledger_news;

static atomic_int releases; /* from a hold, in the log */

static void silent(int level, uint64_t job, const char *text)
{
    (void)level, (void)job;
    if (strstr(text, "is no longer held"))
        atomic_fetch_add(&releases, 1);
}

static void open_folders(void)
{
    struct error error;

    log_setup(silent, LOG_NOTICE);
    hot_open(&hot, 1, HOT_RECIPE);
    ck_assert_int_eq(channel_init(&replies, sizeof(struct reply), REPLIES_MAX), 0);
    ck_assert_msg(ledger_start(hot.ledger, &(struct ledger_policy){ 0 }, &replies, &ledger, &error) == 0,
                  "%s", error.text);
}

static void start(bool once)
{
    ck_assert_int_eq(watcher_start(0, hot.config, &hot.conf[0], ledger, &replies, &kernel, once, &watcher),
                     0);
}

static struct reply next_reply(enum reply_kind kind)
{
    struct reply reply;

    hot_await(channel_fd(&replies));
    ck_assert(channel_receive(&replies, &reply));
    ck_assert_int_eq(reply.kind, kind);
    return reply;
}

static void request(enum watcher_op op, struct job *job)
{
    watcher_send(watcher, &(struct watcher_request){ .op = op, .job = job });
}

/* Sends a request on @job and returns what became of it. */
static enum verdict ask(enum watcher_op op, enum reply_kind kind, struct job *job)
{
    struct reply reply;

    request(op, job);
    reply = next_reply(kind);
    ck_assert_ptr_eq(reply.job, job);
    return reply.verdict;
}

static void stop_watcher(void)
{
    request(WATCHER_STOP, NULL);
    ck_assert_uint_eq(next_reply(REPLY_WATCHER_ENDED).slot, 0);
    watcher_free(watcher);
}

static void close_folders(void)
{
    ledger_stop(ledger);
    ledger_free(ledger);
    channel_release(&replies);
    hot_close(&hot);
}

static void teardown(void)
{
    stop_watcher();
    close_folders();
}

static void await_news(bool (*wanted)(void))
{
    for (;;) {
        watcher_read_news(watcher, &news);
        if (wanted())
            return;
        hot_await(watcher_news_fd(watcher));
    }
}

static bool is_scanned(void)
{
    return news.scanned;
}

/* Started and watching: what is written from now on comes in by its events, once. */
static void start_watching(void)
{
    start(false);
    await_news(is_scanned);
}

static void setup(void)
{
    open_folders();
    start_watching();
}

static uint64_t wanted_arrivals;

static bool have_arrived(void)
{
    return news.arrivals >= wanted_arrivals && news.waiting == 0;
}

static void await_arrivals(uint64_t count)
{
    wanted_arrivals = count;
    await_news(have_arrived);
    ck_assert_int_eq(ledger_intent_wait(ledger_intent_send(ledger, NULL, 0)), 0);
    ledger_read_news(ledger, &ledger_news);
}

static bool is_held(void)
{
    return news.state == FOLDER_HELD;
}

static bool is_lost(void)
{
    return news.state == FOLDER_LOST;
}

static bool is_ok(void)
{
    return news.state == FOLDER_OK;
}

/* Takes one job from the ledger's queue. */
static struct job *take(void)
{
    struct take request_for_one = { .config = hot.config, .folder = &hot.conf[0], .limit = 1 };
    struct job *job;

    ledger_send(ledger, &(struct ledger_request){ .op = LEDGER_TAKE, .take = &request_for_one });
    ck_assert_ptr_eq(next_reply(REPLY_TAKEN).take, &request_for_one);
    job = TAILQ_FIRST(&request_for_one.jobs);
    ck_assert_ptr_nonnull(job);
    return job;
}

static void fill(struct job *job, const char *text)
{
    for (size_t i = 0; i < job->output_count; i++) {
        job->outputs[i].made = true;
        job->outputs[i].fd = fd_memory("picture", text, strlen(text));
        job->outputs[i].bytes = strlen(text);
    }
}

START_TEST(names_of_states_are_those_of_the_interface)
{
    ck_assert_str_eq(folder_state_name(FOLDER_OK), "ok");
    ck_assert_str_eq(folder_state_name(FOLDER_HELD), "held");
    ck_assert_str_eq(folder_state_name(FOLDER_LOST), "lost");
    ck_assert_str_eq(folder_watch_name(FOLDER_INOTIFY), "inotify");
    ck_assert_str_eq(folder_watch_name(FOLDER_POLL), "poll");
    ck_assert_str_eq(folder_watch_name(FOLDER_MIXED), "mixed");
}
END_TEST

START_TEST(files_come_in_whenever_they_come)
{
    open_folders();
    hot_write(hot.in[0], "before.jpg", "x");
    start_watching();
    await_arrivals(1);
    ck_assert_uint_eq(ledger_news.folders[0].queued, 1);
    hot_write(hot.in[0], "after.jpg", "x");
    await_arrivals(2);
    ck_assert_uint_eq(ledger_news.folders[0].queued, 2);
    ck_assert_int_eq(news.state, FOLDER_OK);
    ck_assert_int_eq(news.watch, FOLDER_INOTIFY);
    ck_assert_str_eq(news.reason, "");
    teardown();
}
END_TEST

START_TEST(a_job_goes_through_the_folder)
{
    struct job *job;
    char text[8] = "";

    open_folders();
    hot.conf[0].originals = ORIGINALS_ARCHIVE;
    hot.conf[0].archive = strdup(hot.archive);
    hot_write(hot.in[0], "a.jpg", "source");
    start(false);
    await_arrivals(1);
    job = take();
    ck_assert_int_eq(ask(WATCHER_OPEN, REPLY_OPENED, job), VERDICT_OK);
    ck_assert_int_eq(read(job->source_fd, text, sizeof text), 6);
    ck_assert_str_eq(text, "source");
    fill(job, "picture");
    ck_assert_int_eq(ask(WATCHER_PUBLISH, REPLY_PUBLISHED, job), VERDICT_OK);
    ck_assert_str_eq(hot_read(hot.out[0], "a.10.png"), "picture");
    ck_assert_str_eq(hot_read(hot.out[0], "a.20.png"), "picture");
    job->state = JOB_DONE;
    job->original = ORIGINAL_PENDING;
    ledger_send(ledger, &(struct ledger_request){ .op = LEDGER_FINISH, .job = job });
    next_reply(REPLY_RECORDED);
    ck_assert_int_eq(ask(WATCHER_ORIGINAL, REPLY_ORIGINAL_HANDLED, job), VERDICT_OK);
    ck_assert_str_eq(hot_read(hot.archive, "a.jpg"), "source");
    ck_assert_uint_eq(hot_count(hot.in[0]), 0);
    job_free(job);
    teardown();
}
END_TEST

START_TEST(a_source_that_changed_arrives_again)
{
    struct job *job;

    setup();
    hot_write(hot.in[0], "a.jpg", "x");
    await_arrivals(1);
    job = take();
    hot_write(hot.in[0], "a.jpg", "another");
    await_arrivals(2);
    ck_assert_int_eq(ask(WATCHER_OPEN, REPLY_OPENED, job), VERDICT_SUPERSEDED);
    await_arrivals(3); /* as we found out ourselves */
    ck_assert_int_eq(ask(WATCHER_EXAMINE, REPLY_EXAMINED, job), VERDICT_SUPERSEDED);
    await_arrivals(4);
    fill(job, "picture");
    ck_assert_int_eq(ask(WATCHER_PUBLISH, REPLY_PUBLISHED, job), VERDICT_SUPERSEDED);
    await_arrivals(5);
    ck_assert_uint_eq(hot_count(hot.out[0]), 0);
    job_free(job);
    teardown();
}
END_TEST

START_TEST(a_failed_source_is_examined)
{
    struct job *job;
    char path[PATH_MAX];

    setup();
    hot_write(hot.in[0], "a.jpg", "x");
    await_arrivals(1);
    job = take();
    ck_assert_int_eq(ask(WATCHER_EXAMINE, REPLY_EXAMINED, job),
                     VERDICT_OK); /* decodable, but failed otherwise */
    job->undecodable = true;
    ck_assert_int_eq(ask(WATCHER_EXAMINE, REPLY_EXAMINED, job),
                     VERDICT_AWAITED); /* so young: an upload that stalls */
    snprintf(path, sizeof path, "%s/a.jpg", hot.in[0]);
    unlink(path);
    ck_assert_int_eq(ask(WATCHER_EXAMINE, REPLY_EXAMINED, job), VERDICT_VANISHED);
    job_free(job);
    teardown();
}
END_TEST

START_TEST(an_old_undecodable_file_is_awaited_only_while_somebody_writes)
{
    struct timespec times[2] = { { .tv_nsec = UTIME_OMIT }, { .tv_sec = time(NULL) - 1000 } };
    _cleanup_close_ int fd = -1;
    char path[PATH_MAX];
    struct job *job;

    open_folders();
    hot_write(hot.in[0], "a.jpg", "x");
    snprintf(path, sizeof path, "%s/a.jpg", hot.in[0]);
    ck_assert_int_eq(utimensat(AT_FDCWD, path, times, 0), 0);
    start(false);
    await_arrivals(1);
    job = take();
    job->undecodable = true;
    ck_assert_int_eq(ask(WATCHER_EXAMINE, REPLY_EXAMINED, job), VERDICT_OK);
    fd = open(path, O_WRONLY | O_CLOEXEC);
    ck_assert_int_eq(ask(WATCHER_EXAMINE, REPLY_EXAMINED, job), VERDICT_AWAITED);
    job_free(job);
    teardown();
}
END_TEST

START_TEST(a_drained_folder_does_not_wait_for_young_files)
{
    struct job *job;

    open_folders();
    hot_write(hot.in[0], "a.jpg", "x");
    start(true);
    await_arrivals(1);
    job = take();
    job->undecodable = true;
    ck_assert_int_eq(ask(WATCHER_EXAMINE, REPLY_EXAMINED, job), VERDICT_OK);
    job_free(job);
    teardown();
}
END_TEST

START_TEST(a_missing_output_holds_the_folder_until_it_is_there)
{
    struct job *job;
    struct reply reply;
    uint64_t cured;

    setup();
    hot_write(hot.in[0], "a.jpg", "x");
    await_arrivals(1);
    job = take();
    fill(job, "picture");
    ck_assert_int_eq(rmdir(hot.out[0]), 0);
    request(WATCHER_PUBLISH, job);
    await_news(is_held);
    ck_assert_msg(strstr(news.reason, "out0"), "%s", news.reason);
    ck_assert(!channel_receive(&replies, &reply));
    ck_assert_int_eq(mkdir(hot.out[0], 0755), 0);
    cured = monotonic_us();
    ck_assert_int_eq(next_reply(REPLY_PUBLISHED).verdict, VERDICT_OK);
    ck_assert_uint_lt(monotonic_us() - cured, 5 * USEC_PER_SEC); /* contract, rule 21 */
    await_news(is_ok);
    ck_assert_str_eq(news.reason, "");
    job_free(job);
    teardown();
}
END_TEST

/* It was let go for each job that passed, and held again for the one that did not, in the log and in status. */
START_TEST(a_folder_is_held_as_long_as_one_job_is_refused)
{
    struct folder_conf missing;
    struct job *refused, *other;

    setup();
    hot_write(hot.in[0], "a.jpg", "x");
    hot_write(hot.in[0], "b.jpg", "x");
    await_arrivals(2);
    refused = take();
    other = take();
    fill(refused, "picture");
    fill(other, "picture");
    missing = hot.conf[0];
    missing.output = strdup(hot_path(hot.scratch.path, "gone"));
    refused->folder = &missing;
    request(WATCHER_PUBLISH, refused);
    await_news(is_held);
    request(WATCHER_PUBLISH, other);
    ck_assert_ptr_eq(next_reply(REPLY_PUBLISHED).job, other);
    ck_assert_int_eq(atomic_load(&releases), 0);
    ck_assert_int_eq(mkdir(missing.output, 0755), 0);
    ck_assert_ptr_eq(next_reply(REPLY_PUBLISHED).job, refused);
    await_news(is_ok);
    ck_assert_int_eq(atomic_load(&releases), 1);
    teardown();
    job_free(refused);
    job_free(other);
    free(missing.output);
}
END_TEST

/* The reason goes into JSON. */
START_TEST(the_reason_of_a_hold_is_utf8_however_long_the_path)
{
    char path[PATH_MAX];
    struct job *job;

    open_folders();
    snprintf(path, sizeof path, "%s/%.*s", hot.scratch.path, 1 + _i, "abcd");
    for (size_t i = 0; i < 100; i++)
        snprintf(path + strlen(path), sizeof path - strlen(path), "\u20ac");
    free(hot.conf[0].output);
    hot.conf[0].output = strdup(path);
    start_watching();
    hot_write(hot.in[0], "a.jpg", "x");
    await_arrivals(1);
    job = take();
    fill(job, "picture");
    request(WATCHER_PUBLISH, job);
    await_news(is_held);
    ck_assert_msg(text_is_utf8(news.reason, strlen(news.reason)), "%s", news.reason);
    request(WATCHER_STOP, NULL);
    ck_assert_int_eq(next_reply(REPLY_PUBLISHED).verdict, VERDICT_RETURNED);
    next_reply(REPLY_WATCHER_ENDED);
    watcher_free(watcher);
    job_free(job);
    close_folders();
}
END_TEST

static const int shifts[] = { 0, 1, 2 };

enum { JOBS = 100 };

/* Takes so many jobs with their pictures, and has them published. */
static void request_many(void)
{
    struct job *jobs[JOBS];

    open_folders();
    for (int i = 0; i < JOBS; i++) {
        char name[32];

        snprintf(name, sizeof name, "%d.jpg", i);
        hot_write(hot.in[0], name, "x");
    }
    start(false);
    await_arrivals(JOBS);
    for (int i = 0; i < JOBS; i++) {
        jobs[i] = take();
        fill(jobs[i], "picture");
    }
    for (int i = 0; i < JOBS; i++)
        request(WATCHER_PUBLISH, jobs[i]);
}

START_TEST(many_jobs_are_published_in_batches)
{
    request_many();
    for (int i = 0; i < JOBS; i++) {
        struct reply reply = next_reply(REPLY_PUBLISHED);

        ck_assert_int_eq(reply.verdict, VERDICT_OK);
        job_free(reply.job);
    }
    ck_assert_uint_eq(hot_count(hot.out[0]), 2 * JOBS);
    teardown();
}
END_TEST

START_TEST(a_stop_comes_after_what_was_asked_for_before_it)
{
    request_many();
    request(WATCHER_STOP, NULL);
    for (int i = 0; i < JOBS; i++) {
        struct reply reply = next_reply(REPLY_PUBLISHED);

        ck_assert_int_eq(reply.verdict, VERDICT_OK);
        job_free(reply.job);
    }
    next_reply(REPLY_WATCHER_ENDED);
    ck_assert_uint_eq(hot_count(hot.out[0]), 2 * JOBS);
    watcher_free(watcher);
    close_folders();
}
END_TEST

START_TEST(a_job_resumed_after_a_crash_is_published)
{
    struct job *job;

    setup();
    hot_write(hot.in[0], "a.jpg", "x");
    await_arrivals(1);
    job = take();
    fill(job, "picture");
    hot_write(hot.out[0], "a.10.png", "as renamed before the crash");
    hot_write(hot.out[0], "a.20.png", "as renamed before the crash");
    job->resume = RESUME_PUBLISH;
    ck_assert_int_eq(ask(WATCHER_PUBLISH, REPLY_PUBLISHED, job), VERDICT_OK);
    ck_assert_uint_ne(job->outputs[1].after.inode, 0);
    job_free(job);
    teardown();
}
END_TEST

/* A job that was announced, and holds its folder: Output is not there. */
static struct job *refused_after_its_intent(void)
{
    struct job *job;

    setup();
    hot_write(hot.in[0], "a.jpg", "x");
    await_arrivals(1);
    job = take();
    fill(job, "picture");
    job->resume = RESUME_PUBLISH;
    ck_assert_int_eq(rmdir(hot.out[0]), 0);
    request(WATCHER_PUBLISH, job);
    await_news(is_held);
    return job;
}

/* Another configuration of the folder, whose Output is the one of before or another one. */
static void configure_other(struct hot_folders *other, bool same_output)
{
    hot_open(other, 1, HOT_RECIPE);
    free(other->conf[0].path);
    other->conf[0].path = strdup(hot.in[0]);
    if (same_output) {
        free(other->conf[0].output);
        other->conf[0].output = strdup(hot.out[0]);
    }
    watcher_configure(watcher, other->config, &other->conf[0]);
}

static const bool same_outputs[] = { true, false };

/* It was refused for ever, under the configuration that it was announced under. */
START_TEST(an_announced_job_that_is_refused_goes_by_the_configuration_of_now)
{
    struct hot_folders other;
    struct reply reply;
    struct job *job;

    job = refused_after_its_intent();
    configure_other(&other, same_outputs[_i]);
    if (same_outputs[_i]) {
        ck_assert_int_eq(mkdir(hot.out[0], 0755), 0);
        hot_write(hot.out[0], "a.10.png", "as renamed before");
        hot_write(hot.out[0], "a.20.png", "as renamed before");
    }
    reply = next_reply(REPLY_PUBLISHED);
    ck_assert_ptr_eq(reply.job, job);
    ck_assert_int_eq(reply.verdict, same_outputs[_i] ? VERDICT_OK : VERDICT_RETURNED);
    await_news(is_ok);
    job_free(job);
    teardown();
    hot_close(&other);
}
END_TEST

/* The first of two batches is refused while the second is announced, and then nothing is left to be retried: the hold
 * stayed until something else woke the thread. */
START_TEST(a_folder_is_not_held_for_jobs_that_were_given_back)
{
    struct folder_conf missing[2];
    struct hot_folders other;
    struct job *jobs[2];

    setup();
    hot_write(hot.in[0], "a.jpg", "x");
    hot_write(hot.in[0], "b.jpg", "x");
    await_arrivals(2);
    for (int i = 0; i < 2; i++) {
        jobs[i] = take();
        fill(jobs[i], "picture");
        missing[i] = hot.conf[0];
        missing[i].output = strdup(hot_path(hot.scratch.path, "gone"));
        jobs[i]->folder = &missing[i];
    }
    configure_other(&other, true);
    for (int i = 0; i < 2; i++)
        request(WATCHER_PUBLISH, jobs[i]);
    for (int i = 0; i < 2; i++)
        ck_assert_int_eq(next_reply(REPLY_PUBLISHED).verdict, VERDICT_RETURNED);
    await_news(is_ok);
    teardown();
    hot_close(&other);
    for (int i = 0; i < 2; i++) {
        job_free(jobs[i]);
        free(missing[i].output);
    }
}
END_TEST

START_TEST(a_lost_root_gives_jobs_back)
{
    struct job *job;
    char away[PATH_MAX];

    setup();
    hot_write(hot.in[0], "a.jpg", "x");
    await_arrivals(1);
    job = take();
    snprintf(away, sizeof away, "%s/away", hot.scratch.path);
    ck_assert_int_eq(rename(hot.in[0], away), 0);
    ck_assert_int_eq(ask(WATCHER_OPEN, REPLY_OPENED, job), VERDICT_RETURNED);
    ck_assert_int_eq(ask(WATCHER_EXAMINE, REPLY_EXAMINED, job), VERDICT_RETURNED);
    fill(job, "picture");
    ck_assert_int_eq(ask(WATCHER_PUBLISH, REPLY_PUBLISHED, job), VERDICT_RETURNED);
    await_news(is_lost);
    ck_assert_int_eq(rename(away, hot.in[0]), 0);
    await_news(is_ok);
    ck_assert_int_eq(ask(WATCHER_OPEN, REPLY_OPENED, job), VERDICT_OK);
    job_free(job);
    teardown();
}
END_TEST

START_TEST(a_stop_hands_back_what_is_under_way)
{
    struct job *held, *original;

    open_folders();
    hot.conf[0].originals = ORIGINALS_ARCHIVE;
    hot.conf[0].archive = strdup(hot.archive);
    start_watching();
    hot_write(hot.in[0], "a.jpg", "x");
    hot_write(hot.in[0], "b.jpg", "x");
    await_arrivals(2);
    held = take();
    original = take();
    ck_assert_int_eq(rmdir(hot.out[0]), 0);
    ck_assert_int_eq(rmdir(hot.archive), 0);
    fill(held, "picture");
    request(WATCHER_PUBLISH, held);
    original->state = JOB_DONE;
    request(WATCHER_ORIGINAL, original);
    await_news(is_held);
    request(WATCHER_STOP, NULL);
    ck_assert_int_eq(next_reply(REPLY_PUBLISHED).verdict, VERDICT_RETURNED);
    ck_assert_int_eq(next_reply(REPLY_ORIGINAL_HANDLED).verdict, VERDICT_RETURNED);
    next_reply(REPLY_WATCHER_ENDED);
    watcher_free(watcher);
    job_free(held);
    job_free(original);
    close_folders();
}
END_TEST

/* What was announced is completed by the next start: given back to the queue it would be made once more. */
START_TEST(a_stop_leaves_what_was_announced_to_the_next_start)
{
    struct reply reply;
    struct job *job;

    job = refused_after_its_intent();
    request(WATCHER_STOP, NULL);
    reply = next_reply(REPLY_PUBLISHED);
    ck_assert_ptr_eq(reply.job, job);
    ck_assert_int_eq(reply.verdict, VERDICT_LEFT);
    next_reply(REPLY_WATCHER_ENDED);
    watcher_free(watcher);
    job_free(job);
    close_folders();
}
END_TEST

START_TEST(a_quiet_watcher_serves_and_takes_nothing_in)
{
    struct job *job;

    setup();
    hot_write(hot.in[0], "a.jpg", "x");
    await_arrivals(1);
    job = take();
    request(WATCHER_QUIESCE, NULL);
    ck_assert_int_eq(ask(WATCHER_OPEN, REPLY_OPENED, job), VERDICT_OK);
    hot_write(hot.in[0], "b.jpg", "x");
    fill(job, "picture");
    ck_assert_int_eq(ask(WATCHER_PUBLISH, REPLY_PUBLISHED, job), VERDICT_OK);
    ck_assert_int_eq(ask(WATCHER_EXAMINE, REPLY_EXAMINED, job), VERDICT_OK);
    watcher_read_news(watcher, &news);
    ck_assert_uint_eq(news.arrivals, 1);
    job_free(job);
    teardown();
}
END_TEST

START_TEST(a_new_configuration_is_walked_over_and_kept_alive)
{
    struct hot_folders other;

    setup();
    hot_write(hot.in[0], "a.jpg", "x");
    await_arrivals(1);
    hot_open(&other, 1, HOT_RECIPE_SINGLE);
    free(other.conf[0].path);
    other.conf[0].path = strdup(hot.in[0]);
    other.conf[0].recursive = !hot.conf[0].recursive;
    watcher_configure(watcher, other.config, &other.conf[0]);
    await_arrivals(2); /* the same file once more: the ledger knows it */
    ck_assert_uint_eq(ledger_news.folders[0].queued, 1);
    hot_close(&other); /* the watcher has its own reference */
    hot_write(hot.in[0], "b.jpg", "x");
    await_arrivals(3);
    teardown();
}
END_TEST

START_TEST(a_stop_right_after_the_start_is_heeded)
{
    open_folders();
    for (int i = 0; i < 50; i++) {
        start(i % 2);
        stop_watcher();
    }
    ck_assert_uint_eq(atomic_load(&hot.config->references), 1);
    close_folders();
}
END_TEST

/* Events tell nothing here, and the next walk is a day away. */
/* Nobody gets round to them while the file system does not answer; more than the channel holds ended the daemon. */
START_TEST(scans_and_settings_can_be_asked_for_without_end)
{
    setup();
    for (int i = 0; i < 5 * WATCHER_REQUESTS_MAX; i++) {
        watcher_scan(watcher);
        watcher_configure(watcher, hot.config, hot.conf);
    }
    hot_write(hot.in[0], "a.jpg", "x");
    await_arrivals(1);
    teardown();
}
END_TEST

START_TEST(a_scan_that_is_asked_for_comes_at_once)
{
    open_folders();
    hot.conf[0].watch = WATCH_POLL;
    hot.conf[0].poll_us = hot.conf[0].rescan_us = 24 * 3600 * USEC_PER_SEC;
    start_watching();
    hot_write(hot.in[0], "a.jpg", "abc");
    watcher_scan(watcher);
    await_arrivals(1);
    teardown();
}
END_TEST

/* A plan's file may be one that nobody takes in: that it changes brings it no arrival. */
START_TEST(a_plan_is_looked_at_and_opened_and_touches_nothing)
{
    struct job *job;

    setup();
    hot_write(hot.in[0], "a.txt", "abc");
    job = hot_job(&hot, 0, UINT64_C(1) << 63, "a.txt");
    ck_assert_ptr_nonnull(job_add_output(job, 0, "a.png"));
    job->plan = calloc(1, sizeof *job->plan);
    job->plan->names = calloc(1, sizeof *job->plan->names);
    job->plan->name_count = 1;
    job->version = (struct version){ .size = -1 };
    ck_assert_int_eq(ask(WATCHER_LOOK, REPLY_LOOKED, job), VERDICT_OK);
    ck_assert_int_eq(job->version.size, 3);
    hot_write(hot.in[0], "a.txt", "abcd");
    ck_assert_int_eq(ask(WATCHER_OPEN, REPLY_OPENED, job), VERDICT_SUPERSEDED);
    ck_assert_int_eq(ask(WATCHER_LOOK, REPLY_LOOKED, job), VERDICT_OK);
    ck_assert_int_eq(ask(WATCHER_OPEN, REPLY_OPENED, job), VERDICT_OK);
    ck_assert_int_ge(job->source_fd, 0);
    ck_assert_int_eq(job->plan->names[0].owner, PLAN_FREE);

    /* What stands in its way is told, and does not end it. */
    hot_write(hot.out[0], "a.png", "somebody's");
    job->outputs[0].made = true;
    ck_assert_int_eq(ask(WATCHER_CLAIM, REPLY_CLAIMED, job), VERDICT_OK);
    ck_assert_int_eq(job->plan->names[0].owner, PLAN_OTHER);
    ck_assert_int_eq(job->plan->conflict.class, CLASS_CONFLICT);
    watcher_read_news(watcher, &news);
    ck_assert_uint_eq(news.waiting + news.arrivals, 0);
    job_free(job);
    teardown();
}
END_TEST

UNIT_MAIN("watcher", UNIT_TEST(a_scan_that_is_asked_for_comes_at_once),
          UNIT_TEST(scans_and_settings_can_be_asked_for_without_end),
          UNIT_TEST(a_plan_is_looked_at_and_opened_and_touches_nothing),
          UNIT_TEST(names_of_states_are_those_of_the_interface), UNIT_TEST(files_come_in_whenever_they_come),
          UNIT_TEST(a_job_goes_through_the_folder), UNIT_TEST(a_source_that_changed_arrives_again),
          UNIT_TEST(a_failed_source_is_examined),
          UNIT_TEST(an_old_undecodable_file_is_awaited_only_while_somebody_writes),
          UNIT_TEST(a_drained_folder_does_not_wait_for_young_files),
          UNIT_TEST(a_missing_output_holds_the_folder_until_it_is_there),
          UNIT_ROWS(the_reason_of_a_hold_is_utf8_however_long_the_path, shifts),
          UNIT_TEST(many_jobs_are_published_in_batches),
          UNIT_TEST(a_stop_comes_after_what_was_asked_for_before_it),
          UNIT_TEST(a_job_resumed_after_a_crash_is_published),
          UNIT_ROWS(an_announced_job_that_is_refused_goes_by_the_configuration_of_now, same_outputs),
          UNIT_TEST(a_folder_is_not_held_for_jobs_that_were_given_back),
          UNIT_TEST(a_lost_root_gives_jobs_back), UNIT_TEST(a_stop_hands_back_what_is_under_way),
          UNIT_TEST(a_stop_leaves_what_was_announced_to_the_next_start),
          UNIT_TEST(a_quiet_watcher_serves_and_takes_nothing_in),
          UNIT_TEST(a_folder_is_held_as_long_as_one_job_is_refused),
          UNIT_TEST(a_new_configuration_is_walked_over_and_kept_alive),
          UNIT_TEST(a_stop_right_after_the_start_is_heeded))
