/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The channel between threads: order, limits, wake-ups, closing. */
#include "base/channel.h"

#include "base/cleanup.h"
#include "unit_main.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdint.h>

enum { CAPACITY = 4, SENDERS = 4, MESSAGES = 5000 };

struct message {
    int sender, number;
};

static bool is_readable(const struct channel *channel, int timeout_ms)
{
    struct pollfd poll_fd = { .fd = channel_fd(channel), .events = POLLIN };

    return poll(&poll_fd, 1, timeout_ms) == 1;
}

static struct channel make_channel(void)
{
    struct channel channel;

    ck_assert_int_eq(channel_init(&channel, sizeof(struct message), CAPACITY), 0);
    return channel;
}

START_TEST(messages_come_in_order_and_the_descriptor_says_when)
{
    _cleanup_(channel_release) struct channel channel = make_channel();
    struct message message;

    /* Several rounds: the ring has to wrap. */
    for (int round = 0; round < 3; round++) {
        ck_assert(!is_readable(&channel, 0));
        for (int i = 0; i < 3; i++)
            channel_send(&channel, &(struct message){ .number = i });
        for (int i = 0; i < 3; i++) {
            ck_assert(is_readable(&channel, 0));
            ck_assert(channel_receive(&channel, &message));
            ck_assert_int_eq(message.number, i);
        }
        ck_assert(!is_readable(&channel, 0));
        ck_assert(!channel_receive(&channel, &message));
    }
}
END_TEST

START_TEST(a_channel_takes_as_many_as_it_says)
{
    _cleanup_(channel_release) struct channel channel = make_channel();

    for (int i = 0; i < CAPACITY; i++)
        channel_send(&channel, &(struct message){ .number = i });
    ck_assert_uint_eq(channel.count, CAPACITY);
}
END_TEST

/* Run with SIGABRT expected. */
START_TEST(one_message_more_than_the_protocol_allows_aborts)
{
    _cleanup_(channel_release) struct channel channel = make_channel();

    for (int i = 0; i < CAPACITY + 1; i++)
        channel_send(&channel, &(struct message){ .number = i });
}
END_TEST

struct sender {
    struct channel *channel;
    int number, result;
};

static void *send_many(void *argument)
{
    struct sender *sender = argument;

    for (int i = 0; i < MESSAGES && sender->result == 0; i++)
        sender->result = channel_send_wait(sender->channel, &(struct message){ sender->number, i });
    return NULL;
}

START_TEST(nothing_is_lost_or_reordered_between_threads)
{
    _cleanup_(channel_release) struct channel channel = make_channel();
    struct sender senders[SENDERS];
    pthread_t threads[SENDERS];
    int next[SENDERS] = { 0 };
    struct message message;

    for (int i = 0; i < SENDERS; i++) {
        senders[i] = (struct sender){ .channel = &channel, .number = i };
        ck_assert_int_eq(pthread_create(&threads[i], NULL, send_many, &senders[i]), 0);
    }

    for (int received = 0; received < SENDERS * MESSAGES;) {
        ck_assert_msg(is_readable(&channel, 30000), "no wake-up after %d messages", received);
        while (channel_receive(&channel, &message)) {
            ck_assert_int_eq(message.number, next[message.sender]);
            next[message.sender]++;
            received++;
        }
    }
    for (int i = 0; i < SENDERS; i++) {
        ck_assert_int_eq(pthread_join(threads[i], NULL), 0);
        ck_assert_int_eq(senders[i].result, 0);
    }
    ck_assert(!is_readable(&channel, 0));
}
END_TEST

START_TEST(closing_wakes_every_sender_that_waits)
{
    _cleanup_(channel_release) struct channel channel = make_channel();
    struct sender senders[SENDERS];
    pthread_t threads[SENDERS];
    struct message message;
    int left = 0;

    for (int i = 0; i < SENDERS; i++) {
        senders[i] = (struct sender){ .channel = &channel, .number = i };
        ck_assert_int_eq(pthread_create(&threads[i], NULL, send_many, &senders[i]), 0);
    }
    ck_assert(is_readable(&channel, 30000));
    channel_close(&channel);
    for (int i = 0; i < SENDERS; i++) {
        ck_assert_int_eq(pthread_join(threads[i], NULL), 0);
        ck_assert_int_eq(senders[i].result, -EPIPE);
    }

    /* What was sent before can be received still. */
    while (channel_receive(&channel, &message))
        left++;
    ck_assert_int_ge(left, 1);
    ck_assert_int_le(left, CAPACITY);
}
END_TEST

START_TEST(a_closed_channel_refuses_what_would_wait)
{
    _cleanup_(channel_release) struct channel channel = make_channel();

    channel_close(&channel);
    ck_assert_int_eq(channel_send_wait(&channel, &(struct message){ 0 }), -EPIPE);
    ck_assert(!is_readable(&channel, 0));
}
END_TEST

START_TEST(a_channel_that_was_never_made_can_be_released)
{
    struct channel channel = { 0 };

    channel_release(&channel);
    channel_release(&channel);
}
END_TEST

/* One test has to end by a signal, which a plain list of tests cannot say. */
int main(void)
{
    const struct unit_test tests[] = {
        UNIT_TEST(messages_come_in_order_and_the_descriptor_says_when),
        UNIT_TEST(a_channel_takes_as_many_as_it_says),
        UNIT_TEST(nothing_is_lost_or_reordered_between_threads),
        UNIT_TEST(closing_wakes_every_sender_that_waits),
        UNIT_TEST(a_closed_channel_refuses_what_would_wait),
        UNIT_TEST(a_channel_that_was_never_made_can_be_released),
    };
    const struct unit_test aborting[] = { UNIT_TEST(one_message_more_than_the_protocol_allows_aborts) };

    return unit_main_signal("channel", tests, ARRAY_SIZE(tests), aborting, ARRAY_SIZE(aborting), SIGABRT);
}
