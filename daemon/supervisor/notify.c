/* SPDX-License-Identifier: GPL-2.0-or-later */
/* notify - see notify.h. */
#include "supervisor/notify.h"

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/log.h"
#include "supervisor/event_order.h"

#include <errno.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define RETRY_US (50 * USEC_PER_MSEC)

/* "/path", or "@name" in the abstract namespace, which has a NUL in place of the "@". */
static int make_address(struct notify *notify, const char *path)
{
    size_t length = strlen(path);

    if ((path[0] != '/' && path[0] != '@') || length < 2 || length >= sizeof notify->address.sun_path)
        return -EINVAL;
    notify->address = (struct sockaddr_un){ .sun_family = AF_UNIX };
    memcpy(notify->address.sun_path, path, length);
    if (path[0] == '@')
        notify->address.sun_path[0] = '\0';
    notify->address_size = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + length);
    return 0;
}

static void send_pending(struct notify *notify)
{
    ssize_t n = sendto(notify->fd, notify->pending, strlen(notify->pending), MSG_NOSIGNAL | MSG_DONTWAIT,
                       (const struct sockaddr *)&notify->address, notify->address_size);

    if (n < 0 && (errno == EAGAIN || errno == EINTR || errno == ENOBUFS)) {
        sd_event_source_set_time(notify->retry_source, monotonic_us() + RETRY_US);
        sd_event_source_set_enabled(notify->retry_source, SD_EVENT_ONESHOT);
        return;
    }
    if (n < 0)
        log_warning("the service manager cannot be told: %s, ignoring", strerrordesc_np(errno));
    notify->pending[0] = '\0';
}

static int on_retry(sd_event_source *source, uint64_t now, void *userdata)
{
    (void)source;
    (void)now;
    send_pending(userdata);
    return 0;
}

int notify_open(struct notify *notify, sd_event *event)
{
    const char *path = getenv("NOTIFY_SOCKET");
    int r;

    *notify = (struct notify){ .fd = -1 };
    if (!path || !*path)
        return 0;
    r = make_address(notify, path);
    if (r < 0)
        return r;
    r = sd_event_add_time(event, &notify->retry_source, CLOCK_MONOTONIC, 0, USEC_PER_MSEC, on_retry, notify);
    if (r < 0)
        return r;
    sd_event_source_set_enabled(notify->retry_source, SD_EVENT_OFF);
    sd_event_source_set_priority(notify->retry_source, ORDER_CONTROL);
    notify->fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    return notify->fd < 0 ? -errno : 0;
}

void notify_tell(struct notify *notify, const char *format, ...)
{
    va_list args;

    if (notify->fd < 0)
        return;
    va_start(args, format);
    vsnprintf(notify->pending, sizeof notify->pending, format, args);
    va_end(args);
    send_pending(notify);
}

void notify_release(struct notify *notify)
{
    sd_event_source_disable_unref(notify->retry_source);
    notify->retry_source = NULL;
    notify->fd = close_fd(notify->fd);
}
