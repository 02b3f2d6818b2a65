/* SPDX-License-Identifier: GPL-2.0-or-later */
/* event_flood - more inotify events than a queue holds, for tests of lost ones; no setting of the host is touched. */
#ifndef DARKROOM_TESTS_EVENT_FLOOD_H
#define DARKROOM_TESTS_EVENT_FLOOD_H

#include <check.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

/* Makes two files in @directory (which is watched) and changes them in turn, because equal neighbours would be
 * one event, until every queue is full. */
static inline void event_flood(const char *directory)
{
    FILE *file = fopen("/proc/sys/fs/inotify/max_queued_events", "re");
    long limit = 0;
    int fds[2];

    ck_assert(file && fscanf(file, "%ld", &limit) == 1);
    fclose(file);
    for (int i = 0; i < 2; i++) {
        char path[PATH_MAX];

        snprintf(path, sizeof path, "%s/flood%d", directory, i);
        fds[i] = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0644);
        ck_assert_int_ge(fds[i], 0);
    }
    for (long i = 0; i < limit + 100; i++)
        ck_assert_int_eq(fchmod(fds[i % 2], 0644), 0);
    close(fds[0]);
    close(fds[1]);
}

#endif
