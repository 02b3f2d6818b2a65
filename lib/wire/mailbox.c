/* SPDX-License-Identifier: GPL-2.0-or-later */
/* mailbox - see mailbox.h; mq_overview(7).
 *
 * A queue has a name for the moment between its two mq_open() calls only. The name holds our process number and
 * a counter that is tried upwards, so a name left by a crash in that moment is stepped over, not waited for. */
#include "wire/mailbox.h"

#include "base/cleanup.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

enum { NAME_ATTEMPTS = 100 };

static void cleanup_mailbox(mqd_t *mailbox)
{
    if (*mailbox >= 0)
        mq_close(*mailbox);
}

/* Makes the sending side under a free name, which goes to @name. */
static int create_named(char *name, size_t size, mqd_t *ret)
{
    struct mq_attr attributes = { .mq_maxmsg = MAILBOX_TICKETS, .mq_msgsize = sizeof(struct ticket) };

    for (unsigned i = 0; i < NAME_ATTEMPTS; i++) {
        snprintf(name, size, "/darkroom-%d-%u", (int)getpid(), i);
        *ret = mq_open(name, O_CREAT | O_EXCL | O_WRONLY | O_NONBLOCK | O_CLOEXEC, 0600, &attributes);
        if (*ret >= 0)
            return 0;
        if (errno != EEXIST)
            return -errno;
    }
    return -EEXIST;
}

static int open_error(struct error *error, int errnum)
{
    if (errnum == EMFILE)
        return error_set(
            error, EMFILE, CLASS_ENVIRONMENT, STAGE_NONE,
            "no room for another message queue; raise RLIMIT_MSGQUEUE (ulimit -q, LimitMSGQUEUE=) "
            "or the number of open files");
    if (errnum == ENOSPC)
        return error_set(error, ENOSPC, CLASS_ENVIRONMENT, STAGE_NONE,
                         "too many message queues; raise fs.mqueue.queues_max");
    return error_set_errno(error, errnum, STAGE_NONE, "cannot make a message queue");
}

int mailbox_open(mqd_t *ret_send, mqd_t *ret_receive, struct error *error)
{
    _cleanup_(cleanup_mailbox) mqd_t send = -1, receive = -1;
    char name[64];
    int r;

    r = create_named(name, sizeof name, &send);
    if (r < 0)
        return open_error(error, -r);

    receive = mq_open(name, O_RDONLY | O_CLOEXEC);
    r = receive < 0 ? errno : 0;
    mq_unlink(name);
    if (r > 0)
        return open_error(error, r);

    *ret_send = take_fd(&send);
    *ret_receive = take_fd(&receive);
    return 0;
}

int mailbox_send(mqd_t mailbox, const struct ticket *ticket)
{
    int r;

    do
        r = mq_send(mailbox, (const char *)ticket, sizeof *ticket, 0);
    while (r < 0 && errno == EINTR);
    return r < 0 ? -errno : 0;
}

static bool is_ticket(const struct ticket *ticket, ssize_t size)
{
    return size == sizeof *ticket && ticket->header.magic == WIRE_MAGIC &&
           ticket->header.version == WIRE_VERSION && ticket->header.kind == WIRE_TICKET;
}

int mailbox_receive(mqd_t mailbox, struct ticket *ret)
{
    struct ticket ticket;
    ssize_t n;

    do
        n = mq_receive(mailbox, (char *)&ticket, sizeof ticket, NULL);
    while (n < 0 && errno == EINTR);
    if (n < 0)
        return -errno;

    if (!is_ticket(&ticket, n))
        return -EBADMSG;

    *ret = ticket;
    return 0;
}

int mailbox_unread(mqd_t mailbox)
{
    struct mq_attr attributes;

    if (mq_getattr(mailbox, &attributes) < 0)
        return -errno;
    return (int)attributes.mq_curmsgs;
}
