/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Messages with descriptors: what arrives, and that nothing stays open that nobody asked for. */
#include "base/fd_pass.h"

#include "base/cleanup.h"
#include "base/fd_io.h"
#include "unit_main.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>

struct pair {
    int ours, theirs;
};

static void pair_close(struct pair *pair)
{
    close_fd(pair->ours);
    close_fd(pair->theirs);
}

static struct pair make_pair(void)
{
    int ends[2];

    ck_assert_int_eq(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, ends), 0);
    return (struct pair){ ends[0], ends[1] };
}

static int count_open(void)
{
    int count = 0;

    for (int fd = 0; fd < 1024; fd++)
        if (fcntl(fd, F_GETFD) >= 0)
            count++;
    return count;
}

static const size_t counts[] = { 0, 1, 2, FD_PASS_MAX };

START_TEST(a_message_arrives_with_its_descriptors_in_order)
{
    _cleanup_(pair_close) struct pair pair = make_pair();
    int sent[FD_PASS_MAX], received[FD_PASS_MAX];
    size_t count = 77;
    char data[16];

    for (size_t i = 0; i < counts[_i]; i++)
        sent[i] = fd_memory("test", "abcdefgh", i % 8);
    ck_assert_int_eq(fd_pass_send(pair.ours, "hello", 5, sent, counts[_i]), 0);
    ck_assert_int_eq(fd_pass_receive(pair.theirs, data, sizeof data, received, &count), 5);

    ck_assert_int_eq(memcmp(data, "hello", 5), 0);
    ck_assert_uint_eq(count, counts[_i]);
    for (size_t i = 0; i < count; i++) {
        struct stat st, original;

        ck_assert_int_eq(fstat(received[i], &st), 0);
        ck_assert_int_eq(fstat(sent[i], &original), 0);
        ck_assert_uint_eq(st.st_ino, original.st_ino);
        ck_assert_int_eq(fcntl(received[i], F_GETFD) & FD_CLOEXEC, FD_CLOEXEC);
        close_fd(received[i]);
        close_fd(sent[i]);
    }
}
END_TEST

START_TEST(messages_keep_their_bounds_and_order)
{
    _cleanup_(pair_close) struct pair pair = make_pair();
    int fds[FD_PASS_MAX];
    size_t count;
    char data[16];

    ck_assert_int_eq(fd_pass_send(pair.ours, "one", 3, NULL, 0), 0);
    ck_assert_int_eq(fd_pass_send(pair.ours, "three", 5, NULL, 0), 0);
    ck_assert_int_eq(fd_pass_receive(pair.theirs, data, sizeof data, fds, &count), 3);
    ck_assert_int_eq(fd_pass_receive(pair.theirs, data, sizeof data, fds, &count), 5);
    ck_assert_int_eq(fd_pass_receive(pair.theirs, data, sizeof data, fds, &count), -EAGAIN);
}
END_TEST

START_TEST(a_message_that_does_not_fit_leaves_nothing_open)
{
    _cleanup_(pair_close) struct pair pair = make_pair();
    int received[FD_PASS_MAX], before;
    size_t count = 77;
    char data[4];

    ck_assert_int_eq(fd_pass_send(pair.ours, "hello", 5, (int[]){ 0, 1, 2 }, 3), 0);
    before = count_open();
    ck_assert_int_eq(fd_pass_receive(pair.theirs, data, sizeof data, received, &count), -EMSGSIZE);
    ck_assert_int_eq(count_open(), before);
}
END_TEST

START_TEST(more_descriptors_than_allowed_are_not_sent)
{
    _cleanup_(pair_close) struct pair pair = make_pair();
    int fds[FD_PASS_MAX + 1] = { 0 };

    ck_assert_int_eq(fd_pass_send(pair.ours, "x", 1, fds, FD_PASS_MAX + 1), -E2BIG);
}
END_TEST

/* As a peer that does not use our code might. */
static void send_raw(int socket, const char *data, size_t size, size_t fd_count)
{
    char control[CMSG_SPACE(sizeof(int) * 100)] __attribute__((aligned(8))) = { 0 };
    struct iovec iov = { .iov_base = (char *)data, .iov_len = size };
    struct msghdr message = { .msg_iov = &iov,
                              .msg_iovlen = 1,
                              .msg_control = control,
                              .msg_controllen = CMSG_SPACE(sizeof(int) * fd_count) };
    struct cmsghdr *header = CMSG_FIRSTHDR(&message);
    int fds[100] = { 0 };

    header->cmsg_level = SOL_SOCKET;
    header->cmsg_type = SCM_RIGHTS;
    header->cmsg_len = CMSG_LEN(sizeof(int) * fd_count);
    memcpy(CMSG_DATA(header), fds, sizeof(int) * fd_count);
    ck_assert_int_eq(sendmsg(socket, &message, 0), (ssize_t)size);
}

START_TEST(a_peer_that_sends_too_many_descriptors_leaves_nothing_open)
{
    _cleanup_(pair_close) struct pair pair = make_pair();
    int received[FD_PASS_MAX], before;
    size_t count;
    char data[4];

    send_raw(pair.ours, "x", 1, 100);
    before = count_open();
    ck_assert_int_eq(fd_pass_receive(pair.theirs, data, sizeof data, received, &count), -EMSGSIZE);
    ck_assert_int_eq(count_open(), before);
}
END_TEST

START_TEST(an_empty_message_is_the_end_and_leaves_nothing_open)
{
    _cleanup_(pair_close) struct pair pair = make_pair();
    int received[FD_PASS_MAX], before;
    size_t count = 77;
    char data[4];

    send_raw(pair.ours, "", 0, 3);
    before = count_open();
    ck_assert_int_eq(fd_pass_receive(pair.theirs, data, sizeof data, received, &count), 0);
    ck_assert_uint_eq(count, 0);
    ck_assert_int_eq(count_open(), before);
}
END_TEST

START_TEST(a_peer_that_is_gone_is_seen_by_both_directions)
{
    _cleanup_(pair_close) struct pair pair = make_pair();
    int received[FD_PASS_MAX];
    size_t count = 77;
    char data[4];

    pair.ours = close_fd(pair.ours);
    ck_assert_int_eq(fd_pass_receive(pair.theirs, data, sizeof data, received, &count), 0);
    ck_assert_uint_eq(count, 0);
    ck_assert_int_eq(fd_pass_send(pair.theirs, "x", 1, NULL, 0), -EPIPE);
}
END_TEST

START_TEST(a_full_socket_says_so)
{
    _cleanup_(pair_close) struct pair pair = make_pair();
    static const char data[1000];
    int r = 0;

    for (int i = 0; i < 10000 && r == 0; i++)
        r = fd_pass_send(pair.ours, data, sizeof data, NULL, 0);
    ck_assert_int_eq(r, -EAGAIN);
}
END_TEST

/* The message is lost, but it was not its sender's fault, and what comes next is not. */
START_TEST(a_process_without_room_for_descriptors_says_so_and_leaves_nothing_open)
{
    enum { SENT = 8, ROOM = 3 };
    _cleanup_(pair_close) struct pair pair = make_pair();
    int sent[SENT], received[FD_PASS_MAX], before;
    struct rlimit before_limit, limit;
    size_t count = 0;
    char data[16];

    for (size_t i = 0; i < SENT; i++)
        sent[i] = fd_memory("test", "abcdefgh", i);
    before = count_open();
    ck_assert_int_eq(fd_pass_send(pair.ours, "hello", 5, sent, SENT), 0);
    ck_assert_int_eq(fd_pass_send(pair.ours, "again", 5, sent, 1), 0);

    getrlimit(RLIMIT_NOFILE, &before_limit);
    limit = before_limit;
    limit.rlim_cur = (rlim_t)sent[SENT - 1] + 1 + ROOM;
    ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &limit), 0);
    ck_assert_int_eq(fd_pass_receive(pair.theirs, data, sizeof data, received, &count), -EMFILE);
    ck_assert_int_eq(count_open(), before);
    ck_assert_int_eq(fd_pass_receive(pair.theirs, data, sizeof data, received, &count), 5);
    ck_assert_uint_eq(count, 1);
    close(received[0]);
    setrlimit(RLIMIT_NOFILE, &before_limit);
    for (size_t i = 0; i < SENT; i++)
        close(sent[i]);
}
END_TEST

UNIT_MAIN("fd_pass", UNIT_ROWS(a_message_arrives_with_its_descriptors_in_order, counts),
          UNIT_TEST(messages_keep_their_bounds_and_order),
          UNIT_TEST(a_message_that_does_not_fit_leaves_nothing_open),
          UNIT_TEST(more_descriptors_than_allowed_are_not_sent),
          UNIT_TEST(a_peer_that_sends_too_many_descriptors_leaves_nothing_open),
          UNIT_TEST(an_empty_message_is_the_end_and_leaves_nothing_open),
          UNIT_TEST(a_peer_that_is_gone_is_seen_by_both_directions), UNIT_TEST(a_full_socket_says_so),
          UNIT_TEST(a_process_without_room_for_descriptors_says_so_and_leaves_nothing_open))
