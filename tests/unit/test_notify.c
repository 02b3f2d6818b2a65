/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Telling a service manager that listens, that is slow, and that is not there. */
#include "supervisor/notify.h"

#include "base/cleanup.h"
#include "base/clock.h"
#include "scratch.h"
#include "unit_main.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>

static sd_event *event;
static struct notify notify;

/* A manager that listens at $NOTIFY_SOCKET; "@…" is a name in the abstract namespace. */
static int manager(const char *path)
{
    struct sockaddr_un address = { .sun_family = AF_UNIX };
    int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

    memcpy(address.sun_path, path, strlen(path));
    if (path[0] == '@')
        address.sun_path[0] = '\0';
    ck_assert_int_eq(bind(fd, (const struct sockaddr *)&address,
                          (socklen_t)(offsetof(struct sockaddr_un, sun_path) + strlen(path))),
                     0);
    setenv("NOTIFY_SOCKET", path, 1);
    return fd;
}

static void setup(void)
{
    ck_assert_int_ge(sd_event_new(&event), 0);
    ck_assert_int_eq(notify_open(&notify, event), 0);
}

static void teardown(void)
{
    notify_release(&notify);
    sd_event_unref(event);
}

static const char *received(int fd)
{
    static char text[NOTIFY_TEXT_MAX];
    ssize_t n = recv(fd, text, sizeof text - 1, 0);

    text[n > 0 ? n : 0] = '\0';
    return text;
}

START_TEST(the_manager_is_told)
{
    struct scratch scratch = scratch_make();
    char path[128];
    int fd;

    if (_i == 0)
        snprintf(path, sizeof path, "%s/s", scratch.path);
    else
        snprintf(path, sizeof path, "@%s", scratch.path);
    fd = manager(path);
    setup();
    notify_tell(&notify, "READY=%d", 1);
    ck_assert_str_eq(received(fd), "READY=1");
    teardown();
    close(fd);
    scratch_remove(&scratch);
}
END_TEST

/* A storm of reloads once stopped the loop for as long as nobody read. */
START_TEST(a_manager_that_does_not_read_is_not_waited_for_and_gets_the_newest_in_the_end)
{
    struct scratch scratch = scratch_make();
    char path[128], newest[NOTIFY_TEXT_MAX] = "";
    int fd, told = 0;

    snprintf(path, sizeof path, "%s/s", scratch.path);
    fd = manager(path);
    setup();
    while (!notify.pending[0] && told < 100000)
        notify_tell(&notify, "STATUS=%d", ++told);
    ck_assert_str_ne(notify.pending, ""); /* and we are here: it did not block */
    notify_tell(&notify, "STATUS=newest");

    while (strcmp(newest, "STATUS=newest") != 0) {
        struct pollfd readable = { .fd = fd, .events = POLLIN };

        sd_event_run(event, 10 * USEC_PER_MSEC);
        while (poll(&readable, 1, 0) > 0)
            snprintf(newest, sizeof newest, "%s", received(fd));
    }
    ck_assert_str_eq(notify.pending, "");
    teardown();
    close(fd);
    scratch_remove(&scratch);
}
END_TEST

START_TEST(without_a_manager_nothing_is_told)
{
    unsetenv("NOTIFY_SOCKET");
    setup();
    ck_assert_int_eq(notify.fd, -1);
    notify_tell(&notify, "READY=1");
    teardown();

    setenv("NOTIFY_SOCKET", "/nowhere/at/all", 1); /* one that is gone is no reason to end */
    setup();
    notify_tell(&notify, "READY=1");
    ck_assert_str_eq(notify.pending, "");
    teardown();
}
END_TEST

START_TEST(an_address_that_is_none_is_refused)
{
    ck_assert_int_ge(sd_event_new(&event), 0);
    setenv("NOTIFY_SOCKET", "relative", 1);
    ck_assert_int_eq(notify_open(&notify, event), -EINVAL);
    teardown();
}
END_TEST

static const int both[] = { 0, 1 };

UNIT_MAIN("notify", UNIT_ROWS(the_manager_is_told, both),
          UNIT_TEST(a_manager_that_does_not_read_is_not_waited_for_and_gets_the_newest_in_the_end),
          UNIT_TEST(without_a_manager_nothing_is_told), UNIT_TEST(an_address_that_is_none_is_refused))
