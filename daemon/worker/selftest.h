/* SPDX-License-Identifier: GPL-2.0-or-later */
/* selftest - a 16×16 picture in every format, and one of them rendered into every format.
 *
 * A worker runs it twice. Outside the filter it is the warm-up: libraries make their tables, classes, profiles
 * and threads. Under the filter it is the proof that they need no system call they were not given; encoders that take
 * long are left to the tests there (unit/worker). */
#ifndef DARKROOM_WORKER_SELFTEST_H
#define DARKROOM_WORKER_SELFTEST_H

#include "base/error.h"

enum selftest {
    SELFTEST_WARM_UP, /* every kind */
    SELFTEST_PROOF,   /* one of every format, and no encoder that takes long */
};

/* Once engine_start() has been called, and engine_allow() for the @allowed formats (ALLOW_*). 0, or -errno with @error
 * (class environment). */
int selftest_run(enum selftest kind, unsigned allowed, struct error *error);

#endif
