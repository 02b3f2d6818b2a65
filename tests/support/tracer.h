/* SPDX-License-Identifier: GPL-2.0-or-later */
/* tracer - strace(1), to make system calls of the running daemon fail.
 *
 * All threads that the daemon has when strace attaches are traced, and what is started later; workers that run already
 * are not. `when` counts for each thread by itself, from the moment of attaching. When strace is ended the daemon goes
 * on without it, and nothing fails any more. */
#ifndef DARKROOM_TESTS_TRACER_H
#define DARKROOM_TESTS_TRACER_H

#include "daemon_harness.h"

#include <stdbool.h>

struct tracer {
    pid_t pid;
    const struct harness *h;
};

/* Is there a strace that may trace? Says so if not: the test is skipped then. */
bool tracer_is_possible(const struct harness *h);

/* Attaches, and makes @call fail with @errnum ("EIO") at @when ("3", "1+", "1+2"; see strace's inject=). */
void tracer_attach(struct tracer *tracer, const struct harness *h, const char *call, const char *errnum,
                   const char *when);

/* Detaches, while the daemon is stopped for a moment; returns how often the call was made to fail. */
size_t tracer_detach(struct tracer *tracer);

/* In how many calls of the log @path (in the directory of @h) an error was injected. */
size_t tracer_count(const struct harness *h, const char *path);

#endif
