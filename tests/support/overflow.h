/* SPDX-License-Identifier: GPL-2.0-or-later */
/* overflow - makes inotify lose events without touching the machine's limits, which other tests run under. */
#ifndef DARKROOM_TESTS_OVERFLOW_H
#define DARKROOM_TESTS_OVERFLOW_H

#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

/* Touches the files @a and @b below @directory by turns (the kernel joins equal events in a row) until more events
 * than fs.inotify.max_queued_events are under way. False where that is out of reach. */
static inline bool overflow_queue(int directory, const char *a, const char *b)
{
    enum { OUT_OF_REACH = 1 << 20 };
    FILE *file = fopen("/proc/sys/fs/inotify/max_queued_events", "re");
    long limit = 0;

    if (!file || fscanf(file, "%ld", &limit) != 1)
        limit = OUT_OF_REACH;
    if (file)
        fclose(file);
    if (limit >= OUT_OF_REACH) {
        fprintf(stderr, "skipped: the event queue is too long, or its length is not known\n");
        return false;
    }
    for (long i = 0; i < limit / 2 + 16; i++)
        if (utimensat(directory, a, NULL, 0) < 0 || utimensat(directory, b, NULL, 0) < 0)
            return false;
    return true;
}

#endif
