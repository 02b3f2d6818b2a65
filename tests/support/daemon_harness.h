/* SPDX-License-Identifier: GPL-2.0-or-later */
/* daemon_harness - the real darkroomd in a directory of its own, for tests of the whole.
 *
 *     struct harness h;
 *
 *     harness_open(&h);                            a directory with in, out, archive, failed, state, run, config
 *     harness_configure(&h, "Originals=archive\n", HARNESS_RECIPE);
 *     harness_start(&h);
 *     harness_drop(&h, "a.jpg", 64, 48, 1);
 *     harness_await_ends(&h, 1, 0);
 *     harness_close(&h);                           stops the daemon, and checks that it left nothing behind
 *
 * Nothing sleeps. The daemon is waited for by its READY=1, by long polls of its status, and by its pidfd, each until
 * a deadline, after which the test has failed. A test that fails, or is killed, leaves no daemon: a keeper, a
 * process that sees the test's end, prints the daemon's log, kills it and removes the directory (unless
 * $DARKROOM_KEEP is set).
 *
 * The test's process becomes the reaper of the daemon's orphans, so that "no worker is left" can be waited for. */
#ifndef DARKROOM_TESTS_DAEMON_HARNESS_H
#define DARKROOM_TESTS_DAEMON_HARNESS_H

#include "unit_main.h"

#include <check.h>
#include <darkroom.h>
#include <jansson.h>
#include <limits.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#ifdef DARKROOM_SANITIZED
enum { HARNESS_DEADLINE_S = 240, HARNESS_SLOWER = 4 };
#else
enum { HARNESS_DEADLINE_S = 60, HARNESS_SLOWER = 1 };
#endif

enum { HARNESS_ENVIRONMENT_MAX = 4, HARNESS_WORKERS_MAX = 8 };

struct harness {
    char root[64];
    pid_t pid; /* 0: it is not running */
    int pidfd, notify_fd, keeper_fd;
    struct darkroom *dk;
    /* That harness_configure() asks for: 1, as starting one is what takes the time of most tests. */
    unsigned workers;
    json_t *status;                                       /* the newest that was read */
    const char *environment[HARNESS_ENVIRONMENT_MAX + 1]; /* "NAME=VALUE" for the next start */
    pid_t frozen[HARNESS_WORKERS_MAX];                    /* by harness_freeze_workers() */
    size_t frozen_count;
    const char *const *command; /* instead of darkroomd: "strace", …, "/path/darkroomd"; NULL-terminated */
    char own_program[128];
    const char *own_command[2]; /* see harness_use_own_worker() */
};

/* Four pictures of each: a.16.jpg, a.16.png, a.32.jpg and a.32.png of a.jpg. */
#define HARNESS_RECIPE                                                                                       \
    "[Recipe]\nDescription=For tests\n[Output a]\nName={dir}/{stem}.{width}.{ext}\nWidth=16 "                \
    "32\nFormat=jpeg png\n"
/* One of each: a.png, which b.jpg and b.png would both make. */
#define HARNESS_RECIPE_SINGLE                                                                                \
    "[Recipe]\nDescription=For tests\n[Output a]\nName={dir}/{stem}.{ext}\nWidth=24\nFormat=png\n"

/* ---- the directory ---- */

void harness_open(struct harness *h);

/* Stops the daemon, if it runs, and checks with harness_check_output() and harness_check_log() what it leaves. */
void harness_close(struct harness *h);

/* A path in the directory; valid for the next fifteen calls. */
const char *harness_path(const struct harness *h, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* Copies the file @from, which may be a program, to @to in the directory. */
void harness_copy(const struct harness *h, const char *from, const char *to);

/* Has the daemon be a copy, bin/darkroomd in the directory: its worker is bin/darkroom-worker, which the test makes. */
void harness_use_own_worker(struct harness *h);

/* Writes a text file at @path in the directory. */
void harness_write(const struct harness *h, const char *path, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* What is in the text file at @path; valid until the next call. */
const char *harness_read(const struct harness *h, const char *path);

/* The usual configuration: the workers, the folder "web" from in to out with Settle=0 and @more lines, and its
 * recipe. */
void harness_configure(const struct harness *h, const char *more, const char *recipe);

/* Adds lines to darkroom.conf's section [Daemon]. */
void harness_configure_daemon(const struct harness *h, const char *lines);

/* Paints a picture (see painter_paint()) and renames it to in/@name, as one should. */
void harness_drop(const struct harness *h, const char *name, int width, int height, unsigned seed);

/* The same with any bytes; the file is an hour old, so that nobody thinks that it still grows. */
void harness_drop_bytes(const struct harness *h, const char *name, const void *data, size_t size);

bool harness_exists(const struct harness *h, const char *path);
uint64_t harness_inode(const struct harness *h, const char *path);

/* Removes @path and all below it. */
void harness_remove(const struct harness *h, const char *path);

/* How many files there are below @path, hidden ones not counted. */
size_t harness_count(const struct harness *h, const char *path);

/* The picture at @path is whole and has this size. */
void harness_expect_picture(const struct harness *h, const char *path, int width, int height);

/* All below @path are whole pictures, or manifests (*.json), and nothing of ours is hidden among them. */
void harness_check_output(const struct harness *h, const char *path);

/* No sanitizer has complained so far. */
void harness_check_log(const struct harness *h);

/* ---- the daemon ---- */

/* Starts it and waits until it is ready. */
void harness_start(struct harness *h);

/* From now on it is started without the right to read and write whatever it likes, which root has. */
void harness_give_up_privilege(struct harness *h);

/* Starts it with @arguments (NULL-terminated) instead of the directories' own; does not wait. */
void harness_spawn(struct harness *h, const char *const *arguments);

/* harness_spawn() with the directories' own arguments. */
void harness_spawn_usual(struct harness *h);

/* Waits for the next READY=1: of the start, or of a reload that has ended. */
void harness_await_ready(struct harness *h);

/* The same, or for its end: false. */
bool harness_gets_ready(struct harness *h);

void harness_signal(const struct harness *h, int signal);

/* Has it ended? Does not wait. */
bool harness_has_ended(const struct harness *h);

/* Waits for its end and that of all its workers; returns the exit status, or 128 + the signal. */
int harness_await_exit(struct harness *h);

/* TERM, and the exit status. */
int harness_stop(struct harness *h);

/* SIGKILL for the daemon alone, whose workers have to leave by themselves, or for all at once. */
void harness_kill(struct harness *h, bool group);

/* Runs a program of ours to its end ("darkroomctl", "darkroomd") and returns its exit status; what it printed, on
 * both streams, is *@ret_output (may be NULL), valid until the next call. @arguments is NULL-terminated. */
int harness_run(const struct harness *h, const char *program, const char *const *arguments,
                const char **ret_output);
#define HARNESS_RUN(h, ret_output, program, ...)                                                             \
    harness_run((h), (program), (const char *const[]){ __VA_ARGS__, NULL }, (ret_output))

/* ---- what it says ---- */

/* The status; it belongs to @h and is valid until the next call that reads one. */
const json_t *harness_status(struct harness *h);

/* The same as soon as something has changed since the last one, or when @ms are over. */
const json_t *harness_next_status(struct harness *h, int64_t ms);

/* A number or string in @json at a path like "jobs.done" or "workers.0.state". */
int64_t harness_number(const json_t *json, const char *path);
const char *harness_string(const json_t *json, const char *path);

/* Waits until @is says so of the status; @what is what the test says if it never does. */
void harness_await(struct harness *h, const char *what, bool (*is)(const json_t *status, void *context),
                   void *context);

/* Nothing waits, is queued or under way. */
bool harness_is_at_rest(const json_t *status);

/* Waits until jobs.@state is @count or more. */
void harness_await_jobs(struct harness *h, const char *state, int64_t count);

/* Waits until so many jobs are done and failed since the ledger began, and nothing is under way; no other numbers
 * will do. */
void harness_await_ends(struct harness *h, int64_t done, int64_t failed);

/* Waits until the state of the only folder is @state. */
void harness_await_folder(struct harness *h, const char *state);

/* The pids of the workers in the state ("busy", or NULL: any). Returns how many. */
size_t harness_workers(const struct harness *h, const char *state, pid_t *pids, size_t max);

/* Waits until all workers are ready and none has anything to do. */
void harness_await_idle(struct harness *h);

/* Stops the workers (SIGSTOP) when all of them are ready and idle, so that what is given to them from now on is under
 * way, and unread, until they go on. */
void harness_freeze_workers(struct harness *h);
void harness_thaw_workers(struct harness *h);

/* Waits until work has begun: a job is running, or more than @done (the jobs.done of before) are done already, as may
 * be before one is seen to run. */
void harness_await_work(struct harness *h, int64_t done);

/* All jobs (at most 1000) in the state (NULL: any), newest first; the caller's to json_decref(). */
json_t *harness_jobs(struct harness *h, const char *state);

/* The newest job for the file whose "path" is @path, or NULL; the caller's. */
json_t *harness_job_of(struct harness *h, const char *path);

/* ---- the rest ---- */

/* Ends the test. */
void harness_fail(const struct harness *h, const char *format, ...)
    __attribute__((format(printf, 2, 3), noreturn));

/* What is left until the deadline, counted from @since_us (monotonic); never below 1. */
int harness_left_ms(uint64_t since_us);

/* DARKROOM_FULL=1: the long forms of the tests. */
bool harness_is_full(void);

/* As UNIT_MAIN(), with time enough for a daemon on a busy machine; CK_RUN_CASE=NAME runs one test alone, and
 * CK_INCLUDE_TAGS=N one row of it, from 0. */
#define HARNESS_MAIN(name, ...)                                                                              \
    int main(void)                                                                                           \
    {                                                                                                        \
        const struct unit_test tests[] = { __VA_ARGS__ };                                                    \
                                                                                                             \
        return harness_main((name), tests, sizeof tests / sizeof tests[0]);                                  \
    }
int harness_main(const char *name, const struct unit_test *tests, size_t count);

#endif
