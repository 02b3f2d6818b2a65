/* SPDX-License-Identifier: GPL-2.0-or-later */
/* channel - see channel.h. The eventfd counts "not empty" only: it is written when the first message comes
 * and read when the last one has gone, both under the lock, so a burst costs two system calls. */
#include "base/channel.h"

#include "base/cleanup.h"
#include "base/lock.h"

#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>

int channel_init(struct channel *channel, size_t message_size, size_t capacity)
{
    *channel = (struct channel){ .event_fd = -1, .message_size = message_size, .capacity = capacity };

    channel->messages = calloc(capacity, message_size);
    if (!channel->messages)
        return -ENOMEM;

    channel->event_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (channel->event_fd < 0) {
        int r = -errno;

        free(channel->messages);
        *channel = (struct channel){ 0 };
        return r;
    }

    lock_init(&channel->lock);
    pthread_cond_init(&channel->room, NULL);
    return 0;
}

void channel_release(struct channel *channel)
{
    if (!channel->messages)
        return;

    pthread_cond_destroy(&channel->room);
    pthread_mutex_destroy(&channel->lock);
    close_fd(channel->event_fd);
    free(channel->messages);
    *channel = (struct channel){ 0 };
}

static unsigned char *slot(struct channel *channel, size_t index)
{
    return channel->messages + (channel->first + index) % channel->capacity * channel->message_size;
}

/* The count was 0 before an increment and is 1 before it is taken, so neither can fail; nor is either interrupted by a
 * signal of ours, but a tracer may do that. */
static void change_event(struct channel *channel, bool any)
{
    uint64_t one = 1;
    ssize_t n;

    do
        n = any ? write(channel->event_fd, &one, sizeof one) : read(channel->event_fd, &one, sizeof one);
    while (n < 0 && errno == EINTR);
    if (n != sizeof one)
        abort();
}

static void append(struct channel *channel, const void *message)
{
    memcpy(slot(channel, channel->count), message, channel->message_size);
    if (channel->count++ == 0)
        change_event(channel, true);
}

void channel_send(struct channel *channel, const void *message)
{
    pthread_mutex_lock(&channel->lock);
    if (channel->count >= channel->capacity)
        abort(); /* more messages under way than the protocol allows */
    append(channel, message);
    pthread_mutex_unlock(&channel->lock);
}

int channel_send_wait(struct channel *channel, const void *message)
{
    int r = 0;

    pthread_mutex_lock(&channel->lock);
    while (channel->count >= channel->capacity && !channel->closed)
        pthread_cond_wait(&channel->room, &channel->lock);
    if (channel->closed)
        r = -EPIPE;
    else
        append(channel, message);
    pthread_mutex_unlock(&channel->lock);
    return r;
}

bool channel_receive(struct channel *channel, void *message)
{
    bool any;

    pthread_mutex_lock(&channel->lock);
    any = channel->count > 0;
    if (any) {
        memcpy(message, slot(channel, 0), channel->message_size);
        channel->first = (channel->first + 1) % channel->capacity;
        if (--channel->count == 0) {
            channel->first =
                0; /* so that memory is used for as many as there ever were at once, not for the whole ring */
            change_event(channel, false);
        }
        pthread_cond_signal(&channel->room);
    }
    pthread_mutex_unlock(&channel->lock);
    return any;
}

bool channel_is_empty(struct channel *channel)
{
    bool empty;

    pthread_mutex_lock(&channel->lock);
    empty = channel->count == 0;
    pthread_mutex_unlock(&channel->lock);
    return empty;
}

void channel_close(struct channel *channel)
{
    pthread_mutex_lock(&channel->lock);
    channel->closed = true;
    pthread_cond_broadcast(&channel->room);
    pthread_mutex_unlock(&channel->lock);
}
