/* SPDX-License-Identifier: GPL-2.0-or-later */
/* progress - how far a --drain has come: a bar on a terminal, nothing otherwise (there the log has a line a job). */
#ifndef DARKROOM_SUPERVISOR_PROGRESS_H
#define DARKROOM_SUPERVISOR_PROGRESS_H

#include <stdint.h>

struct progress_counts {
    uint64_t done, failed, total; /* files; total: all that are known */
    uint64_t elapsed_us;
};

/* Draws the bar on the terminal @fd over the one before. */
void progress_draw(int fd, const struct progress_counts *counts);

/* Removes it. */
void progress_erase(int fd);

/* The bar's text, without cursor movement, for a terminal of @columns. Returns @buffer. */
const char *progress_text(const struct progress_counts *counts, unsigned columns, char *buffer,
                          unsigned size);

/* A log_sink for while a bar is on the terminal: the line takes the bar's place, which is drawn again below. */
void progress_sink(int level, uint64_t job, const char *text);

#endif
