/* SPDX-License-Identifier: GPL-2.0-or-later */
/* SIGKILL at every instant that counts (rule 25): before each system call of the supervisor that changes a file or
 * sends a message, see kill_switch.h. After a restart everything is done, each picture appears once under its name,
 * whole, and no job has failed.
 *
 * The first run, to its end, tells how many calls there are. Then some of them, evenly spread, are the last
 * of a run; with DARKROOM_FULL=1 every one is, until a run is not reached by the switch any more. */
#include "daemon_harness.h"
#include "kill_switch.h"
#include "witness.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>

enum { SOURCES = 3, OUTPUTS = 4, POINTS = 9, EVERY = 3 };

/* A run on a directory of its own, with a switch in it. */
struct run {
    struct harness h;
    struct witness witness;
    struct kill_switch *the_switch;
    char variable[PATH_MAX];
    bool archive;
};

static void install_switch(struct run *run)
{
    const char *path = harness_path(&run->h, "switch");
    int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0644);

    ck_assert_int_ge(fd, 0);
    ck_assert_int_eq(ftruncate(fd, sizeof *run->the_switch), 0);
    run->the_switch = mmap(NULL, sizeof *run->the_switch, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    ck_assert(run->the_switch != MAP_FAILED);
    close(fd);
    snprintf(run->variable, sizeof run->variable, "%s=%s", KILL_SWITCH_VARIABLE, path);
}

static void run_open(struct run *run, bool archive)
{
    char more[PATH_MAX];

    *run = (struct run){ .archive = archive };
    harness_open(&run->h);
    install_switch(run);
    snprintf(more, sizeof more, "Originals=archive\nArchive=%s\n", harness_path(&run->h, "archive"));
    harness_configure(&run->h, archive ? more : "", HARNESS_RECIPE);
    witness_open(&run->witness, harness_path(&run->h, "out"));
    for (int i = 0; i < SOURCES; i++)
        harness_drop(&run->h, (const char *[]){ "a.jpg", "b.png", "c.jpg" }[i], 64, 48, (unsigned)i);
}

static void run_close(struct run *run)
{
    witness_close(&run->witness);
    munmap(run->the_switch, sizeof *run->the_switch);
    harness_close(&run->h);
}

/* Starts the daemon with the switch set to its call number @at, 0 for none. */
static void start_with_switch(struct run *run, uint64_t at)
{
    static const char preload[] = "LD_PRELOAD=" DARKROOM_KILL_SWITCH;
    char config[PATH_MAX], state[PATH_MAX], runtime[PATH_MAX];
    const char *const arguments[] = { config, state, runtime, NULL };

    snprintf(config, sizeof config, "--config=%s/config", run->h.root);
    snprintf(state, sizeof state, "--state=%s/state", run->h.root);
    snprintf(runtime, sizeof runtime, "--runtime=%s/run", run->h.root);
    run->h.environment[0] = preload;
    run->h.environment[1] = run->variable;
    run->h.environment[2] = "ASAN_OPTIONS=verify_asan_link_order=0";
    atomic_store(&run->the_switch->calls, 0);
    run->the_switch->call[0] = '\0';
    atomic_store(&run->the_switch->at, at);
    harness_spawn(&run->h, arguments);
    memset(run->h.environment, 0, sizeof run->h.environment);
}

/* Switches off, so that the stop is not cut short; false when the switch was faster. */
static bool is_disarmed(struct run *run)
{
    atomic_store(&run->the_switch->at, 0);
    return run->the_switch->call[0] == '\0';
}

/* Waits until the daemon has ended by the switch (true), or all is done. */
static bool await_switch(struct run *run)
{
    struct harness *h = &run->h;
    struct pollfd fds[] = { { .fd = h->notify_fd, .events = POLLIN }, { .fd = h->pidfd, .events = POLLIN } };
    uint64_t sequence = 0;
    char text[512];
    char *json;

    ck_assert_int_gt(poll(fds, 2, HARNESS_DEADLINE_S * 1000), 0);
    while (recv(h->notify_fd, text, sizeof text, 0) > 0)
        ;
    while (darkroom_status_wait(h->dk, sequence, HARNESS_DEADLINE_S * 1000, &json) == 0) {
        json_t *status = json_loads(json, 0, NULL);
        bool over = harness_number(status, "jobs.done") == SOURCES &&
                    harness_number(status, "folders.0.in_flight") == 0;

        sequence = (uint64_t)harness_number(status, "sequence");
        json_decref(status);
        darkroom_free(json);
        if (over && is_disarmed(run))
            return false;
    }
    ck_assert_int_eq(harness_await_exit(h), 128 + SIGKILL);
    return true;
}

static void expect_all_done_once(struct run *run)
{
    struct harness *h = &run->h;
    json_t *jobs;

    harness_await_ends(h, SOURCES, 0);
    witness_expect_once(&run->witness, SOURCES * OUTPUTS);
    harness_check_output(h, "out");
    ck_assert_uint_eq(harness_count(h, "out"), SOURCES * OUTPUTS);
    ck_assert_uint_eq(harness_count(h, "in"), run->archive ? 0 : SOURCES);
    ck_assert_uint_eq(harness_count(h, "archive"), run->archive ? SOURCES : 0);

    jobs = harness_jobs(h, NULL);
    ck_assert_uint_eq(json_array_size(jobs), SOURCES);
    json_decref(jobs);
}

/* One life that ends at the switch, and, with @again, a second one during the recovery. Returns how often it was
 * killed: 0 when it got through before the switch. */
static unsigned die_at(uint64_t at, bool archive, uint64_t again)
{
    struct run run;
    unsigned killed;
    char call[sizeof run.the_switch->call];

    run_open(&run, archive);
    start_with_switch(&run, at);
    killed = await_switch(&run);
    snprintf(call, sizeof call, "%s", run.the_switch->call);
    if (killed && again > 0) {
        start_with_switch(&run, again);
        killed += await_switch(&run);
    }
    if (getenv("DARKROOM_VERBOSE"))
        fprintf(stderr, "call %llu, %s, then %llu: killed %u times\n", (unsigned long long)at, call,
                (unsigned long long)again, killed);
    if (!run.h.pid)
        harness_start(&run.h);
    expect_all_done_once(&run);
    run_close(&run);
    return killed;
}

static uint64_t count_calls(bool archive)
{
    struct run run;
    uint64_t calls;

    run_open(&run, archive);
    start_with_switch(&run, 0);
    ck_assert(!await_switch(&run));
    calls = atomic_load(&run.the_switch->calls);
    expect_all_done_once(&run);
    run_close(&run);
    return calls;
}

static unsigned kill_at_some(bool archive, uint64_t again_every)
{
    uint64_t calls = count_calls(archive);
    unsigned killed = 0;

    for (uint64_t i = 0; i < POINTS; i++)
        killed += die_at(1 + (calls - 1) * i / POINTS, archive, again_every * (i + 1));
    return killed;
}

/* How many calls there are differs a little from run to run: the end is where several runs got through. */
static unsigned kill_at_all(bool archive, uint64_t again_every)
{
    unsigned killed = 0;

    for (uint64_t at = 1, through = 0; through < EVERY; at++) {
        unsigned died = die_at(at, archive, again_every ? 1 + at * again_every % (at + 40) : 0);

        killed += died;
        through = died ? 0 : through + 1;
    }
    return killed;
}

static void kill_at_points(const char *what, bool archive, uint64_t again_every)
{
    unsigned killed =
        harness_is_full() ? kill_at_all(archive, again_every) : kill_at_some(archive, again_every);

    printf("%s: killed %u times\n", what, killed);
    ck_assert_uint_gt(killed, 0);
}

START_TEST(a_kill_at_any_call_loses_and_repeats_nothing)
{
    kill_at_points("originals kept", false, 0);
}
END_TEST

START_TEST(a_kill_at_any_call_loses_no_original)
{
    kill_at_points("originals archived", true, 0);
}
END_TEST

START_TEST(a_kill_during_the_recovery_loses_and_repeats_nothing)
{
    kill_at_points("killed again", true, 17);
}
END_TEST

HARNESS_MAIN("kill_points", UNIT_TEST(a_kill_at_any_call_loses_and_repeats_nothing),
             UNIT_TEST(a_kill_at_any_call_loses_no_original),
             UNIT_TEST(a_kill_during_the_recovery_loses_and_repeats_nothing))
