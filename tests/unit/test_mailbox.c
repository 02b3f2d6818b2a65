/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Tests of lib/wire/mailbox. */
#include "wire/mailbox.h"

#include "base/cleanup.h"

#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

static mqd_t sending, receiving;

static void open_mailbox(void)
{
    struct error error;

    ck_assert_msg(mailbox_open(&sending, &receiving, &error) == 0, "%s", error.text);
}

static void close_mailbox(void)
{
    mq_close(sending);
    mq_close(receiving);
}

static struct ticket ticket_of_job(uint64_t job)
{
    struct ticket ticket;

    memset(&ticket, 0, sizeof ticket);
    ticket.header = wire_header(WIRE_TICKET, 1, job);
    ticket.source_bytes = 1000 + job;
    return ticket;
}

static int send_job(uint64_t job)
{
    struct ticket ticket = ticket_of_job(job);

    return mailbox_send(sending, &ticket);
}

START_TEST(tickets_come_out_in_the_order_they_went_in)
{
    struct ticket ticket;

    ck_assert_int_eq(send_job(1), 0);
    ck_assert_int_eq(send_job(2), 0);

    for (uint64_t job = 1; job <= 2; job++) {
        ck_assert_int_eq(mailbox_receive(receiving, &ticket), 0);
        ck_assert_uint_eq(ticket.header.job, job);
        ck_assert_uint_eq(ticket.source_bytes, 1000 + job);
    }
}
END_TEST

START_TEST(a_third_ticket_finds_no_room_and_does_not_wait)
{
    ck_assert_int_eq(send_job(1), 0);
    ck_assert_int_eq(send_job(2), 0);
    ck_assert_int_eq(send_job(3), -EAGAIN);
    ck_assert_int_eq(mailbox_unread(sending), 2);
}
END_TEST

START_TEST(what_a_dead_worker_never_took_can_be_counted)
{
    struct ticket ticket;

    ck_assert_int_eq(send_job(1), 0);
    ck_assert_int_eq(send_job(2), 0);
    ck_assert_int_eq(mailbox_receive(receiving, &ticket), 0);
    mq_close(receiving);

    ck_assert_int_eq(mailbox_unread(sending), 1);
    receiving = -1;
}
END_TEST

START_TEST(no_name_is_left_behind)
{
    char name[64];

    for (unsigned i = 0; i < 3; i++) {
        snprintf(name, sizeof name, "/darkroom-%d-%u", (int)getpid(), i);
        ck_assert_int_lt(mq_open(name, O_RDONLY), 0);
        ck_assert_int_eq(errno, ENOENT);
    }
}
END_TEST

START_TEST(a_name_left_by_a_crash_is_stepped_over)
{
    mqd_t more_sending, more_receiving;
    char name[64];
    mqd_t left;

    snprintf(name, sizeof name, "/darkroom-%d-0", (int)getpid());
    left = mq_open(name, O_CREAT | O_EXCL | O_RDWR, 0600, NULL);
    ck_assert_int_ge(left, 0);

    ck_assert_int_eq(mailbox_open(&more_sending, &more_receiving, NULL), 0);

    mq_unlink(name);
    mq_close(left);
    mq_close(more_sending);
    mq_close(more_receiving);
}
END_TEST

START_TEST(only_the_sending_side_never_blocks_and_neither_survives_exec)
{
    struct mq_attr attributes;

    ck_assert_int_eq(mq_getattr(sending, &attributes), 0);
    ck_assert(attributes.mq_flags & O_NONBLOCK);
    ck_assert_int_eq(mq_getattr(receiving, &attributes), 0);
    ck_assert(!(attributes.mq_flags & O_NONBLOCK));

    ck_assert(fcntl(sending, F_GETFD) & FD_CLOEXEC);
    ck_assert(fcntl(receiving, F_GETFD) & FD_CLOEXEC);
}
END_TEST

/* What may be wrong with a message. */
static const struct {
    const char *name;
    size_t size;
    uint32_t magic;
    uint16_t version, kind;
} strangers[] = {
    { "short", sizeof(struct ticket) - 1, WIRE_MAGIC, WIRE_VERSION, WIRE_TICKET },
    { "empty", 0, WIRE_MAGIC, WIRE_VERSION, WIRE_TICKET },
    { "of another program", sizeof(struct ticket), 1, WIRE_VERSION, WIRE_TICKET },
    { "of another version", sizeof(struct ticket), WIRE_MAGIC, WIRE_VERSION + 1, WIRE_TICKET },
    { "of another kind", sizeof(struct ticket), WIRE_MAGIC, WIRE_VERSION, WIRE_SOURCE },
};

START_TEST(a_message_that_is_not_ours_is_refused)
{
    struct ticket ticket = ticket_of_job(1), received;

    ticket.header.magic = strangers[_i].magic;
    ticket.header.version = strangers[_i].version;
    ticket.header.kind = strangers[_i].kind;
    ck_assert_int_eq(mq_send(sending, (const char *)&ticket, strangers[_i].size, 0), 0);

    ck_assert_msg(mailbox_receive(receiving, &received) == -EBADMSG, "one that is %s", strangers[_i].name);
}
END_TEST

START_TEST(the_error_names_the_limit_to_raise)
{
    struct rlimit none = { 0, 0 };
    mqd_t more_sending = -1, more_receiving = -1;
    struct error error;

    ck_assert_int_eq(setrlimit(RLIMIT_MSGQUEUE, &none), 0);
    ck_assert_int_eq(mailbox_open(&more_sending, &more_receiving, &error), -EMFILE);
    ck_assert_int_eq(error.class, CLASS_ENVIRONMENT);
    ck_assert_ptr_nonnull(strstr(error.text, "RLIMIT_MSGQUEUE"));
    ck_assert_int_eq(more_sending, -1);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("mailbox");
    TCase *tests = tcase_create("mailbox");
    SRunner *runner = srunner_create(suite);
    int failed;

    suite_add_tcase(suite, tests);
    tcase_add_checked_fixture(tests, open_mailbox, close_mailbox);
    tcase_add_test(tests, tickets_come_out_in_the_order_they_went_in);
    tcase_add_test(tests, a_third_ticket_finds_no_room_and_does_not_wait);
    tcase_add_test(tests, what_a_dead_worker_never_took_can_be_counted);
    tcase_add_test(tests, no_name_is_left_behind);
    tcase_add_test(tests, a_name_left_by_a_crash_is_stepped_over);
    tcase_add_test(tests, only_the_sending_side_never_blocks_and_neither_survives_exec);
    tcase_add_loop_test(tests, a_message_that_is_not_ours_is_refused, 0, ARRAY_SIZE(strangers));
    tcase_add_test(tests, the_error_names_the_limit_to_raise);

    srunner_run_all(runner, CK_NORMAL);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed > 0;
}
