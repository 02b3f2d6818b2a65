/* SPDX-License-Identifier: GPL-2.0-or-later */
/* notify - tells the service manager how we are, in the protocol of sd_notify(3), without ever waiting for it.
 *
 * The library's own call blocks while the manager's queue is full, and the loop must not. What cannot be sent now is
 * sent a moment later, and of several states only the newest. Event loop's thread. */
#ifndef DARKROOM_SUPERVISOR_NOTIFY_H
#define DARKROOM_SUPERVISOR_NOTIFY_H

#include <sys/socket.h>
#include <sys/un.h>
#include <systemd/sd-event.h>

enum { NOTIFY_TEXT_MAX = 256 };

struct notify {
    int fd; /* -1: nobody wants to know */
    struct sockaddr_un address;
    socklen_t address_size;
    sd_event_source *retry_source;
    char pending[NOTIFY_TEXT_MAX]; /* what could not be sent yet; "": nothing */
};

/* Finds out from $NOTIFY_SOCKET whom to tell. 0 also when there is nobody, or -errno. */
int notify_open(struct notify *notify, sd_event *event);

/* Tells, as in "READY=1\nSTATUS=…". */
void notify_tell(struct notify *notify, const char *format, ...) __attribute__((format(printf, 2, 3)));

void notify_release(struct notify *notify);

#endif
