/* SPDX-License-Identifier: GPL-2.0-or-later */
/* mailbox - a nameless POSIX message queue that carries tickets to one worker.
 *
 * It is a wire, never the backlog: it holds two tickets, the one that is run and one prefetched. Each side has
 * an open description of its own, because O_NONBLOCK belongs to the description; the name is gone before
 * mailbox_open() returns, so a crash leaves nothing behind. Messages outlive a dead receiver for as long as the
 * sender's side is open: what a dead worker never took can be counted. */
#ifndef DARKROOM_WIRE_MAILBOX_H
#define DARKROOM_WIRE_MAILBOX_H

#include "base/error.h"
#include "wire/ticket.h"

#include <mqueue.h>

enum { MAILBOX_TICKETS = 2 };

/* Makes a mailbox; both descriptors are O_CLOEXEC, *@ret_send is non-blocking, *@ret_receive blocks.
 * 0, or -errno with @error (EMFILE here means RLIMIT_MSGQUEUE as well). */
int mailbox_open(mqd_t *ret_send, mqd_t *ret_receive, struct error *error);

/* Puts @ticket in. 0, -EAGAIN when two are in it, or another -errno. Never blocks. */
int mailbox_send(mqd_t mailbox, const struct ticket *ticket);

/* Waits for a ticket and takes it. 0, -EBADMSG when it is not one of ours, or -errno. */
int mailbox_receive(mqd_t mailbox, struct ticket *ret);

/* How many tickets nobody has taken, or -errno. */
int mailbox_unread(mqd_t mailbox);

#endif
