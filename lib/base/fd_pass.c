/* SPDX-License-Identifier: GPL-2.0-or-later */
/* fd_pass - see fd_pass.h; unix(7), cmsg(3). */
#include "base/fd_pass.h"

#include "base/cleanup.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>
#include <sys/socket.h>

union control {
    char bytes[CMSG_SPACE(sizeof(int) * FD_PASS_MAX)];
    struct cmsghdr align;
};

int fd_pass_send(int socket, const void *data, size_t size, const int *fds, size_t fd_count)
{
    union control control;
    struct iovec iov = { .iov_base = (void *)data, .iov_len = size };
    struct msghdr message = { .msg_iov = &iov, .msg_iovlen = 1 };
    ssize_t n;

    if (fd_count > FD_PASS_MAX)
        return -E2BIG;

    if (fd_count > 0) {
        struct cmsghdr *header;

        memset(&control, 0, sizeof control);
        message.msg_control = control.bytes;
        message.msg_controllen = CMSG_SPACE(sizeof(int) * fd_count);
        header = CMSG_FIRSTHDR(&message);
        header->cmsg_level = SOL_SOCKET;
        header->cmsg_type = SCM_RIGHTS;
        header->cmsg_len = CMSG_LEN(sizeof(int) * fd_count);
        memcpy(CMSG_DATA(header), fds, sizeof(int) * fd_count);
    }

    do
        n = sendmsg(socket, &message, MSG_NOSIGNAL);
    while (n < 0 && errno == EINTR);
    if (n < 0)
        return -errno;
    return (size_t)n == size ? 0 : -EIO;
}

static void collect_fds(struct msghdr *message, int *fds, size_t *count)
{
    for (struct cmsghdr *header = CMSG_FIRSTHDR(message); header; header = CMSG_NXTHDR(message, header)) {
        size_t n;

        if (header->cmsg_level != SOL_SOCKET || header->cmsg_type != SCM_RIGHTS)
            continue;
        n = (header->cmsg_len - CMSG_LEN(0)) / sizeof(int);
        for (size_t i = 0; i < n; i++) {
            int fd;

            memcpy(&fd, CMSG_DATA(header) + i * sizeof fd, sizeof fd);
            if (*count < FD_PASS_MAX)
                fds[(*count)++] = fd;
            else
                close_fd(fd);
        }
    }
}

static void close_all(const int *fds, size_t *count)
{
    while (*count > 0)
        close_fd(fds[--*count]);
}

ssize_t fd_pass_receive(int socket, void *data, size_t size, int *fds, size_t *ret_fd_count)
{
    union control control;
    struct iovec iov = { .iov_base = data, .iov_len = size };
    struct msghdr message = {
        .msg_iov = &iov,
        .msg_iovlen = 1,
        .msg_control = control.bytes,
        .msg_controllen = sizeof control.bytes,
    };
    size_t count = 0;
    ssize_t n;

    do
        n = recvmsg(socket, &message, MSG_CMSG_CLOEXEC);
    while (n < 0 && errno == EINTR);
    if (n < 0)
        return -errno;

    collect_fds(&message, fds, &count);
    if (message.msg_flags & (MSG_TRUNC | MSG_CTRUNC)) {
        /* The buffer had room for more: it is this process that had none. */
        bool full = !(message.msg_flags & MSG_TRUNC) && count < FD_PASS_MAX;

        close_all(fds, &count);
        return full ? -EMFILE : -EMSGSIZE;
    }

    /* An empty message looks like the end; nobody would close the descriptors that came with it. */
    if (n == 0)
        close_all(fds, &count);

    *ret_fd_count = count;
    return n;
}
