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
    json_int_t times;

    if (event->len == 0 || event->name[0] == '.' || (event->mask & IN_ISDIR))
        return;
    ck_assert_msg(event->mask & IN_MOVED_TO, "%s was %s", event->name,
                  event->mask & IN_CREATE   ? "created under its name instead of renamed to it"
                  : event->mask & IN_MODIFY ? "written under its name"
                                            : "removed");
    times = json_integer_value(json_object_get(witness->arrivals, event->name));
    json_object_set_new(witness->arrivals, event->name, json_integer(times + 1));
}

void witness_hear(struct witness *witness)
{
    _Alignas(struct inotify_event) char buffer[EVENT_BUFFER_BYTES];
    ssize_t n;

    while ((n = read(witness->fd, buffer, sizeof buffer)) > 0)
        for (ssize_t at = 0; at < n;) {
            const struct inotify_event *event = (const struct inotify_event *)(buffer + at);

            witness->missed |= (event->mask & IN_Q_OVERFLOW) != 0;
            hear(witness, event);
            at += (ssize_t)(sizeof *event + event->len);
        }
}

void witness_expect_once(struct witness *witness, size_t names)
{
    const char *name;
    json_t *times;

    witness_hear(witness);
    json_object_foreach (witness->arrivals, name, times)
        ck_assert_msg(json_integer_value(times) == 1, "%s has appeared a second time", name);
    if (!witness->missed) {
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
