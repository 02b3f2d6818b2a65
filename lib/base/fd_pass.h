/* SPDX-License-Identifier: GPL-2.0-or-later */
/* fd_pass - one message with its descriptors over a SOCK_SEQPACKET socket. */
#ifndef DARKROOM_BASE_FD_PASS_H
#define DARKROOM_BASE_FD_PASS_H

#include <stddef.h>
#include <sys/types.h>

enum { FD_PASS_MAX = 64 }; /* descriptors a message; the kernel's SCM_MAX_FD is 253 */

/* Sends @size bytes and @fd_count descriptors as one message (the descriptors stay the caller's).
 * 0 or -errno; -EAGAIN when the socket is non-blocking and full, -EPIPE when the peer is gone. */
int fd_pass_send(int socket, const void *data, size_t size, const int *fds, size_t fd_count);

/* Receives one message into @data (@size bytes) and its descriptors, O_CLOEXEC, into @fds (FD_PASS_MAX long),
 * whose number goes to *@ret_fd_count and which the caller closes. Returns the message's length, 0 at the end
 * of the connection, -EMSGSIZE when message or descriptors were cut, -EMFILE when this process has no room for
 * the descriptors (either way the message is gone and nothing is left open), or another -errno. */
ssize_t fd_pass_receive(int socket, void *data, size_t size, int *fds, size_t *ret_fd_count);

#endif
