/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The ledger's thread: requests and replies, arrivals from several threads, calls, news, a full disk, the end. */
#include "supervisor/ledger.h"

#include "base/cleanup.h"
#include "base/log.h"
#include "hot_folders.h"
#include "small_disk.h"
#include "unit_main.h"

#include <dlfcn.h>
#include <errno.h>
#include <pthread.h>
#include <semaphore.h>
#include <stdatomic.h>

static struct hot_folders hot;
static struct channel replies;
static struct ledger *ledger;
static struct ledger_news news;

static void silent(int level, uint64_t job, const char *text)
{
    (void)level, (void)job, (void)text;
}

static void start_ledger(void)
{
    struct error error;

    ck_assert_int_eq(channel_init(&replies, sizeof(struct reply), REPLIES_MAX), 0);
    ck_assert_msg(ledger_start(hot.ledger, &(struct ledger_policy){ 0 }, &replies, &ledger, &error) == 0,
                  "%s", error.text);
}

static void stop_ledger(void)
{
    ledger_stop(ledger);
    ledger_free(ledger);
    channel_release(&replies);
}

static void setup(void)
{
    log_setup(silent, LOG_ERR);
    hot_open(&hot, 2, HOT_RECIPE);
    start_ledger();
}

static void teardown(void)
{
    stop_ledger();
    hot_close(&hot);
}

static struct reply next_reply(enum reply_kind kind)
{
    struct reply reply;

    hot_await(channel_fd(&replies));
    ck_assert(channel_receive(&replies, &reply));
    ck_assert_int_eq(reply.kind, kind);
    return reply;
}

static struct version version(uint64_t number)
{
    return (struct version){
        .device = 1, .inode = number, .size = (int64_t)number, .mtime_ns = 5, .ctime_ns = 6
    };
}

static atomic_bool during_stop;

/* Instead of libc's: ledger_stop() comes by here, when it has said so but has not sent its message yet. */
int sem_init(sem_t *semaphore, int shared, unsigned value)
{
    int (*original)(sem_t *, int, unsigned) = (int (*)(sem_t *, int, unsigned))dlsym(RTLD_NEXT, "sem_init");

    for (int i = 0; during_stop && i < 100; i++) {
        struct job_query query = { .state = -1, .limit = 1 };

        ledger_send(ledger, &(struct ledger_request){ .op = LEDGER_LIST, .query = &query });
        next_reply(REPLY_LISTED);
        job_query_release(&query);
    }
    during_stop = false;
    return original(semaphore, shared, value);
}

static void arrive(const char *path, uint64_t number)
{
    struct version v = version(number);

    ck_assert_int_eq(ledger_arrival(ledger, 0, "f0", path, &v, true), 0);
}

static int no_leftovers(void *context, const char *output_path, uint64_t job, uint32_t rendition)
{
    (void)output_path, (void)job, (void)rendition;
    ++*(int *)context;
    return 0;
}

/* An empty call: its answer comes after everything that this thread sent before. */
static void await_arrivals(void)
{
    ck_assert_int_eq(ledger_intent_wait(ledger_intent_send(ledger, NULL, 0)), 0);
}

static void enter(void)
{
    int leftovers = 0;

    ck_assert_int_eq(ledger_enter_folder(ledger, 0, "f0", no_leftovers, &leftovers), 0);
}

static void ask(enum ledger_op op, struct job *job)
{
    struct ledger_request request = { .op = op, .job = job };

    ledger_send(ledger, &request);
}

static void send_take(struct take *take, size_t limit)
{
    struct ledger_request request = { .op = LEDGER_TAKE, .take = take };

    *take = (struct take){ .config = hot.config, .folder = &hot.conf[0], .limit = limit };
    ledger_send(ledger, &request);
}

static struct job *pop(struct take *take)
{
    struct job *job = TAILQ_FIRST(&take->jobs);

    ck_assert_ptr_nonnull(job);
    TAILQ_REMOVE(&take->jobs, job, link);
    return job;
}

/* Takes the one job that is due. */
static struct job *take_one(void)
{
    struct take take;

    send_take(&take, 10);
    ck_assert_ptr_eq(next_reply(REPLY_TAKEN).take, &take);
    ck_assert_uint_eq(take.count, 1);
    return pop(&take);
}

/* The same of the one that is suspect. */
static struct job *take_suspect(void)
{
    struct take take = { .config = hot.config, .folder = &hot.conf[0], .limit = 1, .suspects = true };

    ledger_send(ledger, &(struct ledger_request){ .op = LEDGER_TAKE, .take = &take });
    ck_assert_ptr_eq(next_reply(REPLY_TAKEN).take, &take);
    ck_assert_uint_eq(take.count, 1);
    return pop(&take);
}

/* For the ledger no other than an unclean end. */
static void restart_ledger(void)
{
    stop_ledger();
    start_ledger();
    enter();
}

/* Reads news until @wanted() says yes. */
static void await_news(bool (*wanted)(void))
{
    for (;;) {
        ledger_read_news(ledger, &news);
        if (wanted())
            return;
        hot_await(ledger_news_fd(ledger));
    }
}

START_TEST(a_job_goes_through_the_ledger)
{
    struct job *job;

    setup();
    enter();
    arrive("a.jpg", 1);
    await_arrivals();
    job = take_one();
    ck_assert_str_eq(job->path, "a.jpg");
    job->suspect = true;
    ask(LEDGER_STARTED, job);
    ck_assert_ptr_eq(next_reply(REPLY_STARTED).job, job);
    ledger_send(ledger, &(struct ledger_request){ .op = LEDGER_CAME_THROUGH, .job_id = job->id });
    job->suspect = false;
    ck_assert_int_eq(ledger_intent_wait(ledger_intent_send(ledger, (struct job *const[]){ job }, 1)), 0);
    job->state = JOB_DONE;
    job->original = ORIGINAL_PENDING;
    ledger_send(ledger, &(struct ledger_request){ .op = LEDGER_FINISH, .job = job });
    ck_assert_ptr_eq(next_reply(REPLY_RECORDED).job, job);
    ask(LEDGER_ORIGINAL_DONE, job);
    ck_assert_ptr_eq(next_reply(REPLY_ORIGINAL_RECORDED).job, job);
    job_free(job);
    teardown();
}
END_TEST

static bool one_is_done(void)
{
    return news.counts[JOB_DONE] == 1;
}

START_TEST(news_tell_queue_counts_and_ends)
{
    struct job *job;
    struct take take;
    uint64_t sequence;

    setup();
    ledger_read_news(ledger, &news);
    ck_assert_uint_eq(news.folders[0].added, 0); /* nobody asks before the folder was entered */
    enter();
    arrive("a.jpg", 1);
    arrive("a.jpg", 1);
    arrive("b.jpg", 2);
    await_arrivals();
    ledger_read_news(ledger, &news);
    ck_assert_uint_eq(news.folders[0].queued, 2);
    ck_assert_uint_eq(news.folders[0].arrivals, 3);
    ck_assert_uint_ge(news.folders[0].added, 3);
    ck_assert_uint_eq(news.folders[1].queued, 0);
    ck_assert(!news.failing);
    sequence = news.sequence;
    ck_assert_uint_gt(sequence, 0);

    send_take(&take, 1);
    next_reply(REPLY_TAKEN);
    job = pop(&take);
    ck_assert_uint_eq(take.added, news.folders[0].added);
    job->state = JOB_DONE;
    ask(LEDGER_FINISH, job);
    next_reply(REPLY_RECORDED);
    job_free(job);
    await_news(one_is_done);
    ck_assert_uint_eq(news.folders[0].queued, 1);
    ck_assert_uint_gt(news.sequence, sequence);
    teardown();
}
END_TEST

START_TEST(a_released_job_is_queued_again_and_told)
{
    struct job *job;
    uint64_t added;

    setup();
    enter();
    arrive("a.jpg", 1);
    await_arrivals();
    job = take_one();
    ledger_read_news(ledger, &news);
    added = news.folders[0].added;
    ck_assert_uint_eq(news.folders[0].queued, 0);
    ask(LEDGER_RELEASE, job);
    job_free(next_reply(REPLY_RELEASED).job);
    ledger_read_news(ledger, &news);
    ck_assert_uint_eq(news.folders[0].queued, 1);
    ck_assert_uint_gt(news.folders[0].added, added);
    job_free(take_one());
    teardown();
}
END_TEST

START_TEST(a_follow_up_is_in_the_news)
{
    struct job *job;

    setup();
    enter();
    arrive("a.jpg", 1);
    await_arrivals();
    job = take_one();
    arrive("a.jpg", 2);
    await_arrivals();
    job->state = JOB_SUPERSEDED;
    ask(LEDGER_FINISH, job);
    job_free(next_reply(REPLY_RECORDED).job);
    ledger_read_news(ledger, &news);
    ck_assert_uint_eq(news.folders[0].queued, 1);
    job_free(take_one());
    teardown();
}
END_TEST

/* The daemon ended while "a.jpg" was handed out. */
static void setup_suspect(void)
{
    setup();
    enter();
    arrive("a.jpg", 1);
    await_arrivals();
    job_free(take_one());
    restart_ledger();
}

START_TEST(suspects_are_counted_apart)
{
    struct job *job;

    setup_suspect();
    ledger_read_news(ledger, &news);
    ck_assert_uint_eq(news.folders[0].queued, 0);
    ck_assert_uint_eq(news.folders[0].suspects, 1);

    arrive("a.jpg", 2); /* its version changes, and it stays what it is */
    await_arrivals();
    ledger_read_news(ledger, &news);
    ck_assert_uint_eq(news.folders[0].suspects, 1);
    job = take_suspect();
    ledger_read_news(ledger, &news);
    ck_assert_uint_eq(news.folders[0].suspects, 0);
    ck_assert_uint_eq(news.folders[0].queued, 0);
    ask(LEDGER_RELEASE, job);
    job_free(next_reply(REPLY_RELEASED).job);
    ledger_read_news(ledger, &news);
    ck_assert_uint_eq(news.folders[0].suspects, 1);
    teardown();
}
END_TEST

static const bool came_through_or_not[] = { false, true };

START_TEST(a_suspect_is_to_blame_for_an_end_unless_its_worker_came_through)
{
    bool came_through = came_through_or_not[_i];
    struct job *job;

    setup_suspect();
    job = take_suspect();
    ck_assert_uint_eq(job->attempts, 0);
    ask(LEDGER_STARTED, job);
    next_reply(REPLY_STARTED);
    if (came_through)
        ledger_send(ledger, &(struct ledger_request){ .op = LEDGER_CAME_THROUGH, .job_id = job->id });
    job_free(job);
    restart_ledger();
    job = take_suspect();
    ck_assert_uint_eq(job->attempts, came_through ? 0 : 1);
    job_free(job);
    teardown();
}
END_TEST

START_TEST(what_an_unclean_end_left_is_resumed)
{
    struct take take = { .resume = true, .limit = 10 };
    struct job *job;

    setup();
    enter();
    arrive("a.jpg", 1);
    await_arrivals();
    job = take_one();
    ck_assert_int_eq(ledger_intent_wait(ledger_intent_send(ledger, (struct job *const[]){ job }, 1)), 0);
    job_free(job);
    restart_ledger();
    take.config = hot.config;
    take.folder = &hot.conf[0];
    ledger_send(ledger, &(struct ledger_request){ .op = LEDGER_TAKE, .take = &take });
    next_reply(REPLY_TAKEN);
    ck_assert_uint_eq(take.count, 1);
    job = pop(&take);
    ck_assert_int_eq(job->resume, RESUME_PUBLISH);
    job_free(job);
    teardown();
}
END_TEST

START_TEST(a_listing_is_answered)
{
    struct job_query query = { .state = -1, .limit = 10 };

    setup();
    enter();
    arrive("a.jpg", 1);
    await_arrivals();
    ledger_send(ledger, &(struct ledger_request){ .op = LEDGER_LIST, .query = &query });
    ck_assert_ptr_eq(next_reply(REPLY_LISTED).query, &query);
    ck_assert_uint_eq(query.row_count, 1);
    ck_assert_str_eq(query.rows[0].path, "a.jpg");
    job_query_release(&query);
    teardown();
}
END_TEST

static int refuse_leftover(void *context, const char *output_path, uint64_t job, uint32_t rendition)
{
    no_leftovers(context, output_path, job, rendition);
    return -ENOMEM;
}

START_TEST(a_call_gives_back_what_its_note_taker_said)
{
    int count = 0;

    setup();
    enter();
    arrive("a.jpg", 1);
    await_arrivals();
    job_free(take_one());
    stop_ledger();
    start_ledger();
    ck_assert_int_eq(ledger_enter_folder(ledger, 0, "f0", refuse_leftover, &count), -ENOMEM);
    ck_assert_int_eq(count, 1);
    ck_assert_int_eq(ledger_enter_folder(ledger, 0, "f0", no_leftovers, &count), 0);
    ck_assert_int_eq(count, 3);
    ck_assert_uint_ne(ledger_instance(ledger), 0);
    teardown();
}
END_TEST

/* ---- several threads ---- */

enum { THREADS = 4, ARRIVALS = 800 }; /* together more than the channel holds */

static void *arrive_often(void *argument)
{
    size_t number = (size_t)argument;

    for (int i = 0; i < ARRIVALS; i++) {
        struct version v = version(1);
        char name[32];

        snprintf(name, sizeof name, "%zu-%d.jpg", number, i);
        ck_assert_int_eq(ledger_arrival(ledger, number % 2, number % 2 ? "f1" : "f0", name, &v, true), 0);
        if (i % 200 == 0)
            await_arrivals();
    }
    return NULL;
}

static bool all_arrived(void)
{
    return news.folders[0].arrivals + news.folders[1].arrivals == THREADS * ARRIVALS;
}

START_TEST(arrivals_from_several_threads_all_become_jobs)
{
    pthread_t threads[THREADS];
    size_t taken = 0;

    setup();
    for (size_t i = 0; i < THREADS; i++)
        ck_assert_int_eq(pthread_create(&threads[i], NULL, arrive_often, (void *)i), 0);
    while (taken < THREADS / 2 * ARRIVALS) { /* folder 0's, meanwhile */
        struct take take;

        send_take(&take, 100);
        next_reply(REPLY_TAKEN);
        taken += take.count;
        while (!TAILQ_EMPTY(&take.jobs)) {
            struct job *job = pop(&take);

            job->state = JOB_FAILED;
            ask(LEDGER_FINISH, job);
            job_free(next_reply(REPLY_RECORDED).job);
        }
        if (take.count == 0)
            hot_await(ledger_news_fd(ledger));
        ledger_read_news(ledger, &news);
    }
    for (size_t i = 0; i < THREADS; i++)
        pthread_join(threads[i], NULL);
    await_news(all_arrived);
    ck_assert_uint_eq(news.folders[0].queued, 0);
    ck_assert_uint_eq(news.folders[1].queued, THREADS / 2 * ARRIVALS);
    ck_assert_uint_eq(news.counts[JOB_FAILED], THREADS / 2 * ARRIVALS);
    teardown();
}
END_TEST

/* ---- the end ---- */

START_TEST(what_was_sent_before_the_stop_is_done)
{
    struct take take;
    struct reply reply;
    size_t recorded = 0;

    setup();
    enter();
    for (uint64_t i = 1; i <= 100; i++) {
        char name[32];

        snprintf(name, sizeof name, "%d.jpg", (int)i);
        arrive(name, i);
    }
    await_arrivals();
    send_take(&take, 1000);
    next_reply(REPLY_TAKEN);
    ck_assert_uint_eq(take.count, 100);
    while (!TAILQ_EMPTY(&take.jobs)) {
        struct job *job = pop(&take);

        job->state = JOB_DONE;
        ask(LEDGER_FINISH, job);
    }
    arrive("last.jpg", 1);
    ledger_stop(ledger);
    while (channel_receive(&replies, &reply)) {
        ck_assert_int_eq(reply.kind, REPLY_RECORDED);
        job_free(reply.job);
        recorded++;
    }
    ck_assert_uint_eq(recorded, 100);
    ledger_free(ledger);
    channel_release(&replies);

    start_ledger();
    enter();
    ledger_read_news(ledger, &news);
    ck_assert_uint_eq(news.counts[JOB_DONE], 100);
    ck_assert_uint_eq(news.folders[0].queued, 1);
    ck_assert_uint_eq(news.folders[0].suspects, 0);
    teardown();
}
END_TEST

/* The thread had seen that it was to stop and ended, before the stop's own message was sent; or it slept on. */
START_TEST(what_comes_between_the_two_halves_of_a_stop_is_done)
{
    setup();
    enter();
    during_stop = true;
    teardown();
    ck_assert(!during_stop);
}
END_TEST

START_TEST(a_stop_right_after_a_message_is_heeded)
{
    log_setup(silent, LOG_ERR);
    hot_open(&hot, 1, HOT_RECIPE);
    for (int i = 0; i < 50; i++) {
        struct job_query query = { .state = -1, .limit = 1 };

        start_ledger();
        ledger_send(ledger, &(struct ledger_request){ .op = LEDGER_LIST, .query = &query });
        if (i % 2)
            next_reply(REPLY_LISTED);
        stop_ledger();
        job_query_release(&query);
    }
    hot_close(&hot);
}
END_TEST

START_TEST(more_than_a_batch_is_done_at_the_stop)
{
    enum { QUERIES = 3 * LEDGER_BATCH_MAX };
    static struct job_query queries[QUERIES];
    struct reply reply;
    int answered = 0;

    setup();
    for (int i = 0; i < QUERIES; i++) {
        queries[i] = (struct job_query){ .state = -1, .limit = 1 };
        ledger_send(ledger, &(struct ledger_request){ .op = LEDGER_LIST, .query = &queries[i] });
    }
    ledger_stop(ledger);
    while (channel_receive(&replies, &reply))
        answered++;
    ck_assert_int_eq(answered, QUERIES);
    for (int i = 0; i < QUERIES; i++)
        job_query_release(&queries[i]);
    ledger_free(ledger);
    channel_release(&replies);
    hot_close(&hot);
}
END_TEST

START_TEST(a_database_that_cannot_be_opened_starts_nothing)
{
    struct error error;

    hot_open(&hot, 1, HOT_RECIPE);
    ck_assert_int_lt(ledger_start(hot.in[0], &(struct ledger_policy){ 0 }, &replies, &ledger, &error), 0);
    ck_assert(error.text[0]);
    ck_assert_int_lt(
        ledger_start("/nonexistent/ledger.db", &(struct ledger_policy){ 0 }, &replies, &ledger, &error), 0);
    hot_close(&hot);
}
END_TEST

/* ---- a full disk ---- */

static bool is_failing(void)
{
    return news.failing;
}

static bool is_healed(void)
{
    return !news.failing;
}

/* A ledger on a small disk which is full now. False where that cannot be. */
static bool setup_full_disk(void)
{
    log_setup(silent, LOG_ERR);
    hot_open(&hot, 2, HOT_RECIPE);
    /* Room for twenty commits of their own: how many a batch takes is chance. */
    if (!small_disk_mount(hot.archive, "size=4m,mode=0755")) {
        hot_close(&hot);
        return false;
    }
    snprintf(hot.ledger, sizeof hot.ledger, "%.90s/ledger.db", hot.archive);
    start_ledger();
    enter();
    for (uint64_t i = 1; i <= 20; i++) {
        char name[32];

        snprintf(name, sizeof name, "before-%d.jpg", (int)i);
        arrive(name, i);
    }
    await_arrivals();
    small_disk_fill(hot.archive, "filler");
    return true;
}

static void make_room(void)
{
    char path[PATH_MAX];

    snprintf(path, sizeof path, "%s/filler", hot.archive);
    ck_assert_int_eq(unlink(path), 0);
}

static uint64_t arrivals_sent;

static bool are_recorded_or_cannot_be(void)
{
    return news.failing || news.folders[0].arrivals == arrivals_sent;
}

/* Arrivals, after the twenty that there were, until one is too many for the disk. */
static void fill_ledger(void)
{
    news.failing = false;
    for (arrivals_sent = 21; !news.failing; arrivals_sent += !news.failing) {
        char name[240];

        memset(name, 'x', sizeof name);
        snprintf(name + 200, sizeof name - 200, "%d.jpg", (int)arrivals_sent);
        arrive(name, 1);
        await_news(are_recorded_or_cannot_be);
    }
}

START_TEST(a_full_disk_is_told_and_nothing_is_lost_when_it_heals)
{
    struct take take, resume = { .resume = true, .limit = 10 };
    size_t taken;

    if (!setup_full_disk())
        return;
    fill_ledger();
    ck_assert_msg(strstr(news.text, "full"), "%s", news.text);
    resume.config = hot.config;
    resume.folder = &hot.conf[0];
    ledger_send(ledger, &(struct ledger_request){ .op = LEDGER_TAKE, .take = &resume });
    send_take(&take, 5); /* not answered while it fails: nothing is dispatched */
    ledger_read_news(ledger, &news);
    ck_assert(news.failing);
    make_room();
    await_news(is_healed);
    ck_assert_str_eq(news.text, "");
    next_reply(REPLY_TAKEN);
    next_reply(REPLY_TAKEN);
    ck_assert_uint_eq(take.count, 5);
    taken = take.count;
    while (!TAILQ_EMPTY(&take.jobs))
        job_free(pop(&take));
    await_arrivals();
    ledger_read_news(ledger, &news);
    ck_assert_uint_eq(news.folders[0].queued, arrivals_sent - taken);
    ck_assert_uint_eq(news.folders[0].arrivals, arrivals_sent);
    stop_ledger();
    umount(hot.archive);
    hot_close(&hot);
}
END_TEST

START_TEST(a_stop_does_not_wait_for_a_full_disk)
{
    struct take take;
    struct reply reply;

    if (!setup_full_disk())
        return;
    fill_ledger();
    send_take(&take, 5);
    await_news(is_failing);
    ledger_stop(ledger);
    ck_assert(channel_receive(&replies, &reply)); /* answered, with nothing */
    ck_assert_int_eq(reply.kind, REPLY_TAKEN);
    ck_assert_uint_eq(take.count, 0);
    ledger_free(ledger);
    channel_release(&replies);

    make_room();
    start_ledger();
    enter();
    ledger_read_news(ledger, &news);
    ck_assert_uint_ge(news.folders[0].queued, 20);
    ck_assert_uint_eq(news.folders[0].suspects, 0);
    stop_ledger();
    umount(hot.archive);
    hot_close(&hot);
}
END_TEST

UNIT_MAIN("ledger", UNIT_TEST(a_job_goes_through_the_ledger), UNIT_TEST(news_tell_queue_counts_and_ends),
          UNIT_TEST(a_released_job_is_queued_again_and_told), UNIT_TEST(a_follow_up_is_in_the_news),
          UNIT_TEST(suspects_are_counted_apart),
          UNIT_ROWS(a_suspect_is_to_blame_for_an_end_unless_its_worker_came_through, came_through_or_not),
          UNIT_TEST(what_an_unclean_end_left_is_resumed), UNIT_TEST(a_listing_is_answered),
          UNIT_TEST(a_call_gives_back_what_its_note_taker_said),
          UNIT_TEST(arrivals_from_several_threads_all_become_jobs),
          UNIT_TEST(what_was_sent_before_the_stop_is_done),
          UNIT_TEST(what_comes_between_the_two_halves_of_a_stop_is_done),
          UNIT_TEST(a_stop_right_after_a_message_is_heeded), UNIT_TEST(more_than_a_batch_is_done_at_the_stop),
          UNIT_TEST(a_database_that_cannot_be_opened_starts_nothing),
          UNIT_TEST(a_full_disk_is_told_and_nothing_is_lost_when_it_heals),
          UNIT_TEST(a_stop_does_not_wait_for_a_full_disk))
