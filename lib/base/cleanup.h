/* SPDX-License-Identifier: GPL-2.0-or-later */
/* cleanup - resources that are released when their variable leaves its scope.
 *
 * `_cleanup_(f)` calls f(&variable) at the end of the scope. Every cleaner here accepts a variable that
 * holds nothing (NULL, or -1 for a descriptor) and leaves errno alone. */
#ifndef DARKROOM_BASE_CLEANUP_H
#define DARKROOM_BASE_CLEANUP_H

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define _cleanup_(f) __attribute__((cleanup(f)))
#define _cleanup_free_ _cleanup_(cleanup_free)
#define _cleanup_close_ _cleanup_(cleanup_close)
#define _cleanup_file_ _cleanup_(cleanup_file)
#define _cleanup_dir_ _cleanup_(cleanup_dir)

#define ARRAY_SIZE(array) (sizeof(array) / sizeof((array)[0]))

/* The value of @fd, which is -1 afterwards: ownership moves to the caller. */
static inline int take_fd(int *fd)
{
    int taken = *fd;

    *fd = -1;
    return taken;
}

/* The value of @pointer, which is NULL afterwards: ownership moves to the caller. */
#define take_ptr(pointer)                                                                                    \
    ({                                                                                                       \
        __auto_type taken_pointer = (pointer);                                                               \
        (pointer) = NULL;                                                                                    \
        taken_pointer;                                                                                       \
    })

/* Closes @fd unless it is negative; returns -1, to be assigned to the variable that held it. */
static inline int close_fd(int fd)
{
    int saved = errno;

    if (fd >= 0)
        close(fd);
    errno = saved;
    return -1;
}

static inline void cleanup_free(void *variable)
{
    free(*(void **)variable);
}

static inline void cleanup_close(int *fd)
{
    *fd = close_fd(*fd);
}

static inline void cleanup_file(FILE **file)
{
    int saved = errno;

    if (*file)
        fclose(*file);
    errno = saved;
}

static inline void cleanup_dir(DIR **dir)
{
    int saved = errno;

    if (*dir)
        closedir(*dir);
    errno = saved;
}

#endif
