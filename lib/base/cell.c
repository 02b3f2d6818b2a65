/* SPDX-License-Identifier: GPL-2.0-or-later */
/* cell - see cell.h. */
#include "base/cell.h"

#include "base/cleanup.h"
#include "base/lock.h"

#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>

int cell_init(struct cell *cell, size_t size)
{
    *cell = (struct cell){ .event_fd = -1, .size = size };

    cell->value = calloc(1, size);
    if (!cell->value)
        return -ENOMEM;

    cell->event_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (cell->event_fd < 0) {
        int r = -errno;

        free(cell->value);
        *cell = (struct cell){ 0 };
        return r;
    }

    lock_init(&cell->lock);
    return 0;
}

void cell_release(struct cell *cell)
{
    if (!cell->value)
        return;

    pthread_mutex_destroy(&cell->lock);
    close_fd(cell->event_fd);
    free(cell->value);
    *cell = (struct cell){ 0 };
}

void cell_write(struct cell *cell, const void *value)
{
    pthread_mutex_lock(&cell->lock);
    if (memcmp(cell->value, value, cell->size) != 0) {
        memcpy(cell->value, value, cell->size);
        /* EAGAIN would mean 2^64 - 1 unread changes. */
        while (write(cell->event_fd, &(uint64_t){ 1 }, sizeof(uint64_t)) < 0 && errno == EINTR)
            ;
    }
    pthread_mutex_unlock(&cell->lock);
}

void cell_read(struct cell *cell, void *value)
{
    pthread_mutex_lock(&cell->lock);
    /* EAGAIN when nothing changed: the value is copied all the same. */
    (void)!read(cell->event_fd, &(uint64_t){ 0 }, sizeof(uint64_t));
    memcpy(value, cell->value, cell->size);
    pthread_mutex_unlock(&cell->lock);
}
