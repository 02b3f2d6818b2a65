/* SPDX-License-Identifier: GPL-2.0-or-later */
/* close_apart - see close_apart.h. */
#include "supervisor/close_apart.h"

#include "base/cleanup.h"

#include <pthread.h>
#include <stdint.h>

static void *run(void *argument)
{
    close_fd((int)(intptr_t)argument);
    return NULL;
}

int close_apart(int fd)
{
    pthread_t thread;

    if (pthread_create(&thread, NULL, run, (void *)(intptr_t)fd) == 0)
        pthread_detach(thread);
    else
        close_fd(fd);
    return -1;
}
