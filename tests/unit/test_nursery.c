/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The nursery with real processes: workers that do nothing until they are told to. */
#include "supervisor/nursery.h"

#include "base/cleanup.h"
#include "hot_folders.h"
#include "unit_main.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/wait.h>

static sd_event *event;
static struct nursery *nursery;
static struct spawned process;
static struct {
    uint64_t started, failed;
    struct error error;
    pid_t ended;
    unsigned ends;
    siginfo_t end;
} told;

static void on_started(void *context, uint64_t generation, struct spawned *started)
{
    (void)context;
    told.started = generation;
    process = *started;
}

static void on_failed(void *context, uint64_t generation, const struct error *error)
{
    (void)context;
    told.failed = generation;
    told.error = *error;
}

static void on_ended(void *context, pid_t pid, const siginfo_t *end)
{
    (void)context;
    told.ended = pid;
    told.ends++;
    told.end = *end;
}

static void set_up(const char *program)
{
    struct nursery_handler handler = { on_started, on_failed, on_ended, NULL };

    ck_assert_int_ge(sd_event_new(&event), 0);
    ck_assert_int_eq(nursery_new(event, program, &handler, &nursery), 0);
}

static void tear_down(void)
{
    ck_assert(nursery_free(nursery));
    sd_event_unref(event);
}

static void order(uint64_t generation)
{
    _cleanup_close_ int bundle = open("/dev/null", O_RDONLY | O_CLOEXEC);

    ck_assert_int_eq(nursery_order(nursery, generation, bundle), 0);
}

static void run_once(void)
{
    ck_assert_int_gt(sd_event_run(event, HOT_AWAIT_MS * USEC_PER_MSEC), 0);
}

static void run_until_started(void)
{
    while (!told.started)
        run_once();
}

static size_t count_descriptors(void)
{
    _cleanup_dir_ DIR *directory = opendir("/proc/self/fd");
    size_t count = 0;

    while (readdir(directory))
        count++;
    return count;
}

static bool has_children(void)
{
    return waitid(P_ALL, 0, &(siginfo_t){ 0 }, WEXITED | WNOHANG | WNOWAIT) == 0 || errno != ECHILD;
}

START_TEST(a_process_is_told_when_it_has_started_and_when_it_has_ended)
{
    set_up(GREEDY_WORKER_PATH);
    order(7);
    run_until_started();
    ck_assert_uint_eq(told.started, 7);
    ck_assert_int_gt(process.pid, 0);
    ck_assert_int_eq(told.ended, 0);
    spawned_kill(&process);
    while (!told.ended)
        run_once();
    ck_assert_int_eq(told.ended, process.pid);
    ck_assert_int_eq(told.end.si_code, CLD_KILLED);
    ck_assert_int_eq(told.end.si_status, SIGKILL);
    ck_assert(!has_children());
    spawned_kill(&process); /* nobody is hit any more, whoever has the number now */
    spawned_release(&process);
    tear_down();
}
END_TEST

START_TEST(an_end_is_told_once_while_the_process_is_still_held)
{
    struct spawned first;

    set_up(GREEDY_WORKER_PATH);
    order(7);
    run_until_started();
    first = process;
    spawned_kill(&first);
    while (!told.ended)
        run_once();

    told.started = 0;
    order(8); /* whose news comes after any of the first */
    run_until_started();
    ck_assert_uint_eq(told.ends, 1);
    spawned_kill(&process);
    spawned_release(&process);
    spawned_release(&first);
    tear_down();
}
END_TEST

START_TEST(a_program_that_cannot_be_started_is_told)
{
    set_up("/nonexistent/worker");
    order(7);
    while (!told.failed)
        run_once();
    ck_assert_uint_eq(told.failed, 7);
    ck_assert_str_eq(told.error.text, "cannot start /nonexistent/worker: No such file or directory");
    ck_assert_uint_eq(told.started, 0);
    ck_assert(!has_children());
    order(8); /* it goes on */
    while (told.failed != 8)
        run_once();
    tear_down();
}
END_TEST

/* The order may be unread, under way, or told and not heard. */
START_TEST(what_is_on_order_at_the_end_ends_too)
{
    size_t before = count_descriptors();

    set_up(GREEDY_WORKER_PATH);
    order(7);
    if (_i == 1) {
        ck_assert_int_eq(sd_event_prepare(event), 0);
        ck_assert_int_gt(sd_event_wait(event, HOT_AWAIT_MS * USEC_PER_MSEC), 0); /* and does not dispatch */
    }
    tear_down();
    ck_assert_uint_eq(told.started, 0);
    ck_assert(!has_children());
    ck_assert_uint_eq(count_descriptors(), before);
}
END_TEST

/* It could be the start that hangs as well. Its thread ends with us, and it with its thread. */
START_TEST(what_does_not_end_is_left_behind)
{
    set_up(GREEDY_WORKER_PATH);
    order(7);
    run_until_started();
    ck_assert(!nursery_free(nursery));
    ck_assert(has_children());
    sd_event_unref(event);
}
END_TEST

static const int orders[] = { 0, 1 };

UNIT_MAIN("nursery", UNIT_TEST(a_process_is_told_when_it_has_started_and_when_it_has_ended),
          UNIT_TEST(an_end_is_told_once_while_the_process_is_still_held),
          UNIT_TEST(a_program_that_cannot_be_started_is_told), UNIT_TEST(what_does_not_end_is_left_behind),
          UNIT_ROWS(what_is_on_order_at_the_end_ends_too, orders))
