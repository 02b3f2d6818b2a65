/* SPDX-License-Identifier: GPL-2.0-or-later */
/* cell - the latest value of something, from one thread to another, with an eventfd that says "changed".
 *
 * For states, where only the newest counts: any number of changes between two reads are one wake-up, and the
 * writer never waits. (A channel is for messages, of which none may be missed.) */
#ifndef DARKROOM_BASE_CELL_H
#define DARKROOM_BASE_CELL_H

#include <pthread.h>
#include <stddef.h>

struct cell {
    pthread_mutex_t lock;
    int event_fd;
    size_t size;
    void *value;
};

/* Makes a cell for a value of @size bytes, zero at first. 0 or -errno. */
int cell_init(struct cell *cell, size_t size);

/* Frees it; no thread may use it any more. Accepts one that is all zero. */
void cell_release(struct cell *cell);

/* Replaces the value; wakes the reader if it is another one than before. The writing thread. */
void cell_write(struct cell *cell, const void *value);

/* Copies the value and clears the wake-up. The reading thread. */
void cell_read(struct cell *cell, void *value);

/* The descriptor to poll for POLLIN. */
static inline int cell_fd(const struct cell *cell)
{
    return cell->event_fd;
}

#endif
