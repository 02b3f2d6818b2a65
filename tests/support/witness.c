/* SPDX-License-Identifier: GPL-2.0-or-later */
/* witness - see witness.h. */
#include "witness.h"

#include "base/cleanup.h"

#include <check.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/inotify.h>

enum { EVENT_BUFFER_BYTES = 64 << 10, QUEUE_USUAL = 16384 };

/* A queue keeps the length that the limit had when it was made. */
static bool is_limit_low(void)
{
    _cleanup_file_ FILE *file = fopen("/proc/sys/fs/inotify/max_queued_events", "re");
    char line[24] = "";

    return file && fgets(line, sizeof line, file) && strtoul(line, NULL, 10) < QUEUE_USUAL;
}

void witness_open(struct witness *witness, const char *directory)
{
    bool was_low = is_limit_low();

    *witness = (struct witness){ .fd = inotify_init1(IN_CLOEXEC | IN_NONBLOCK), .arrivals = json_object() };
    ck_assert_int_ge(witness->fd, 0);
    witness->short_sighted = was_low || is_limit_low();
    ck_assert_int_ge(inotify_add_watch(witness->fd, directory,
                                       IN_CREATE | IN_MODIFY | IN_DELETE | IN_MOVED_FROM | IN_MOVED_TO),
                     0);
}

static void hear(struct witness *witness, const struct inotify_event *event)
{
    if (event->len == 0 || event->name[0] == '.')
        return;
    ck_assert_msg(event->mask & IN_MOVED_TO, "%s was %s", event->name,
                  event->mask & IN_CREATE   ? "created under its name instead of renamed to it"
                  : event->mask & IN_MODIFY ? "written under its name"
                                            : "removed");
    ck_assert_msg(!json_object_get(witness->arrivals, event->name), "%s has appeared a second time",
                  event->name);
    json_object_set_new(witness->arrivals, event->name, json_true());
}

/* Returns whether all events were there. */
static bool hear_all(struct witness *witness)
{
    _Alignas(struct inotify_event) char buffer[EVENT_BUFFER_BYTES];
    bool all = true;
    ssize_t n;

    while ((n = read(witness->fd, buffer, sizeof buffer)) > 0)
        for (ssize_t at = 0; at < n;) {
            const struct inotify_event *event = (const struct inotify_event *)(buffer + at);

            all = all && !(event->mask & IN_Q_OVERFLOW);
            hear(witness, event);
            at += (ssize_t)(sizeof *event + event->len);
        }
    return all;
}

void witness_expect_once(struct witness *witness, size_t names)
{
    if (hear_all(witness)) {
        ck_assert_uint_eq(json_object_size(witness->arrivals), names);
        return;
    }
    ck_assert_msg(witness->short_sighted, "there were too many events for inotify's queue");
    printf("fs.inotify.max_queued_events is lowered: of %zu names %zu were watched\n", names,
           json_object_size(witness->arrivals));
}

void witness_close(struct witness *witness)
{
    close_fd(witness->fd);
    json_decref(witness->arrivals);
}
