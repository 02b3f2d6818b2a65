/* SPDX-License-Identifier: GPL-2.0-or-later */
/* worker_harness - the supervisor's side of a real darkroom-worker, for tests with Check.
 *
 * A harness starts one worker as the supervisor does: posix_spawn, three descriptors by number, nothing else.
 * Every wait is for an event and ends the test when it does not come within HARNESS_PATIENCE_MS. The program is
 * DARKROOM_WORKER_PATH, which CMake defines. */
#ifndef DARKROOM_TESTS_WORKER_HARNESS_H
#define DARKROOM_TESTS_WORKER_HARNESS_H

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/fd_io.h"
#include "conf/folder_conf.h"
#include "recipe/bundle.h"
#include "wire/mailbox.h"
#include "wire/worker_link.h"

#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>

enum {
    HARNESS_PATIENCE_MS = 60000,
    HARNESS_GENERATION = 7,
    HARNESS_FIRST_FREE_FD = 100, /* above the numbers that the worker's descriptors get */
};

struct harness {
    pid_t pid;
    int link;
    mqd_t mailbox;
};

/* A result with what came along; harness_answer_release() closes it. */
struct harness_answer {
    struct result_message result;
    int fds[FD_PASS_MAX];
    size_t fd_count;
};

static inline int harness_move_fd(int fd)
{
    int moved = fcntl(fd, F_DUPFD_CLOEXEC, HARNESS_FIRST_FREE_FD);

    ck_assert_int_ge(moved, 0);
    close(fd);
    return moved;
}

static inline pid_t harness_spawn(char *const *argv, int link, int mailbox, int bundle)
{
    /* Sanitizers' options come with the environment of the test. */
    posix_spawn_file_actions_t actions;
    pid_t pid;

    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, link, WORKER_FD_LINK);
    posix_spawn_file_actions_adddup2(&actions, mailbox, WORKER_FD_MAILBOX);
    posix_spawn_file_actions_adddup2(&actions, bundle, WORKER_FD_BUNDLE);
    ck_assert_int_eq(posix_spawn(&pid, argv[0], &actions, NULL, argv, environ), 0);
    posix_spawn_file_actions_destroy(&actions);
    return pid;
}

/* Starts a worker for the bundle in @bundle_fd, which is closed. @sandbox is "required" or "none". */
static inline void harness_start_with(struct harness *harness, int bundle_fd, const char *sandbox)
{
    char generation[40], mode[40], path[] = DARKROOM_WORKER_PATH;
    char *argv[] = { path, generation, mode, NULL };
    int worker_end, receive, bundle = harness_move_fd(bundle_fd);
    struct error error;

    snprintf(generation, sizeof generation, "--generation=%d", HARNESS_GENERATION);
    snprintf(mode, sizeof mode, "--sandbox=%s", sandbox);

    ck_assert_int_eq(worker_link_open(&harness->link, &worker_end), 0);
    ck_assert_msg(mailbox_open(&harness->mailbox, &receive, &error) == 0, "%s", error.text);
    worker_end = harness_move_fd(worker_end);
    receive = harness_move_fd(receive);

    harness->pid = harness_spawn(argv, worker_end, receive, bundle);
    close(worker_end);
    close(receive);
    close(bundle);
}

static inline void harness_start(struct harness *harness, struct recipe *const *recipes, size_t count,
                                 const char *sandbox)
{
    int bundle = bundle_write(recipes, count, 0);

    ck_assert_int_ge(bundle, 0);
    harness_start_with(harness, bundle, sandbox);
}

/* Waits for the next message. 1, or -ECONNRESET at the end of the link. */
static inline int harness_receive(struct harness *harness, union worker_message *ret, int *fds,
                                  size_t *ret_count)
{
    struct pollfd link = { .fd = harness->link, .events = POLLIN };
    int r;

    do {
        r = poll(&link, 1, HARNESS_PATIENCE_MS);
        ck_assert_msg(r > 0, "the worker has been silent for %d ms", HARNESS_PATIENCE_MS);
        r = worker_link_receive(harness->link, HARNESS_GENERATION, ret, fds, ret_count);
    } while (r == 0);
    ck_assert_msg(r == 1 || r == -ECONNRESET, "the worker sent nonsense: %s", strerrordesc_np(-r));
    return r;
}

static inline struct hello_message harness_hello(struct harness *harness)
{
    union worker_message message;
    int fds[FD_PASS_MAX];
    size_t count;

    ck_assert_int_eq(harness_receive(harness, &message, fds, &count), 1);
    ck_assert_int_eq(message.header.kind, WIRE_HELLO);
    ck_assert_uint_eq(count, 0);
    return message.hello;
}

/* Starts a worker under the sandbox and takes its hello, which must be a good one. */
static inline void harness_start_ready(struct harness *harness, struct recipe *const *recipes, size_t count)
{
    struct hello_message hello;

    harness_start(harness, recipes, count, "required");
    hello = harness_hello(harness);
    ck_assert_msg(hello.ready, "the worker is not ready: %s", hello.text);
}

/* A ticket as the supervisor would fill it. */
static inline struct ticket harness_ticket(uint64_t job, uint32_t recipe, uint64_t source_bytes)
{
    struct ticket ticket;

    memset(&ticket, 0, sizeof ticket);
    ticket.header = wire_header(WIRE_TICKET, HARNESS_GENERATION, job);
    ticket.recipe = recipe;
    ticket.fail_on = FAIL_ON_TRUNCATED;
    ticket.source_bytes = source_bytes;
    ticket.max_pixels = 500000000;
    ticket.max_frames = ticket.max_pages = 1000;
    ticket.first_page = 1;
    ticket.portion_us = USEC_PER_SEC;
    ticket.max_memory_bytes = ticket.memory_grant_bytes = 4ULL << 30;
    return ticket;
}

/* Hands out a job; @source_fd stays the caller's. 0 or -errno, as when the worker has died. */
static inline int harness_send(struct harness *harness, const struct ticket *ticket, int source_fd)
{
    int r = worker_link_send_source(harness->link, HARNESS_GENERATION, ticket->header.job, source_fd,
                                    "album/picture.jpg", 0);

    return r < 0 ? r : mailbox_send(harness->mailbox, ticket);
}

/* Hands out a job whose source is @data. */
static inline void harness_submit(struct harness *harness, uint64_t job, const void *data, size_t size)
{
    struct ticket ticket = harness_ticket(job, 0, size);
    _cleanup_close_ int source = fd_memory("source", data, size);

    ck_assert_int_ge(source, 0);
    ck_assert_int_eq(harness_send(harness, &ticket, source), 0);
}

/* Waits for a result, which must be possible for @job. False when the worker died instead. */
static inline bool harness_try_answer(struct harness *harness, uint64_t job, const struct recipe *recipe,
                                      struct harness_answer *ret)
{
    struct ticket ticket = harness_ticket(job, 0, 0);
    union worker_message message;
    struct error error;

    if (harness_receive(harness, &message, ret->fds, &ret->fd_count) < 0)
        return false;

    ck_assert_int_eq(message.header.kind, WIRE_RESULT);
    ck_assert_msg(
        worker_link_check_result(&message.result, &ticket, recipe, ret->fds, ret->fd_count, &error) == 0,
        "%s", error.text);
    ret->result = message.result;
    return true;
}

static inline void harness_answer(struct harness *harness, uint64_t job, const struct recipe *recipe,
                                  struct harness_answer *ret)
{
    ck_assert_msg(harness_try_answer(harness, job, recipe, ret), "the worker died");
}

static inline void harness_answer_release(struct harness_answer *answer)
{
    while (answer->fd_count > 0)
        close(answer->fds[--answer->fd_count]);
}

/* Lets go of the worker, which must leave by itself, and returns its wait status. */
static inline int harness_stop(struct harness *harness)
{
    int status;

    close(harness->link);
    mq_close(harness->mailbox);
    ck_assert_int_eq(waitpid(harness->pid, &status, 0), harness->pid);
    return status;
}

/* The worker has ended already, or is told to by force. */
static inline void harness_kill(struct harness *harness)
{
    kill(harness->pid, SIGKILL);
    harness_stop(harness);
}

#endif
