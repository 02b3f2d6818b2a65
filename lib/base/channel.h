/* SPDX-License-Identifier: GPL-2.0-or-later */
/* channel - a bounded queue of messages from any thread to one, with an eventfd to wait on.
 *
 * Messages are small structs of one size, copied in and out; what they point to changes its owner with them.
 * The receiving thread polls channel_fd(); it is readable while there are messages.
 *
 * Two ways to send, because of who may wait for whom:
 *  - channel_send() never waits. It is for senders that know there is room, because the protocol bounds how
 *    many messages can be under way; a full channel is then a bug of ours and aborts.
 *  - channel_send_wait() waits for room. Only watcher threads use it, towards the ledger, and the nursery, towards the
 *    event loop: neither of these ever waits for who sends. */
#ifndef DARKROOM_BASE_CHANNEL_H
#define DARKROOM_BASE_CHANNEL_H

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>

struct channel {
    pthread_mutex_t lock;
    pthread_cond_t room;
    int event_fd;
    bool closed;
    size_t message_size, capacity, first, count;
    unsigned char *messages;
};

/* Makes a channel for at most @capacity messages of @message_size bytes. 0 or -errno. */
int channel_init(struct channel *channel, size_t message_size, size_t capacity);

/* Frees it; no thread may use it any more. Accepts one that is all zero. */
void channel_release(struct channel *channel);

/* Sends a copy of @message without waiting. Any thread. Aborts when the channel is full. */
void channel_send(struct channel *channel, const void *message);

/* Sends a copy of @message, waiting while the channel is full. Returns 0, or -EPIPE once it is closed. */
int channel_send_wait(struct channel *channel, const void *message);

/* Takes the oldest message, if there is one. The receiving thread only. */
bool channel_receive(struct channel *channel, void *message);

/* Wakes every sender that waits, with -EPIPE; later channel_send_wait()s fail too. Any thread. */
void channel_close(struct channel *channel);

/* Is there nothing to receive, as of now? Any thread. */
bool channel_is_empty(struct channel *channel);

/* The descriptor to poll for POLLIN. */
static inline int channel_fd(const struct channel *channel)
{
    return channel->event_fd;
}

#endif
