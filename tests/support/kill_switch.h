/* SPDX-License-Identifier: GPL-2.0-or-later */
/* kill_switch - ends the supervisor by SIGKILL just before its Nth system call that anybody else could see; or cuts a
 * file system's power in that moment, and then the supervisor's.
 *
 * kill_switch.c is preloaded into darkroomd and counts, in all threads together, the calls that change files
 * (fsync, renameat2, openat for creating, unlinkat, pwrite …) or send messages (sendmsg, mq_send, an eventfd's
 * write). strace's inject=…:when=N would count each thread apart, follow into the workers, and take ten times as long.
 * The workers have an environment of their own, so the switch is not in them.
 *
 * It can also make one fdatasync wait, as on a slow disk, for as long as a test wants (see switched.h); with the folder
 * idle that is the ledger's.
 *
 * The state is a file of the test, mapped by both: the test reads the count while the daemon runs. */
#ifndef DARKROOM_TESTS_KILL_SWITCH_H
#define DARKROOM_TESTS_KILL_SWITCH_H

#include <semaphore.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#define KILL_SWITCH_VARIABLE "DARKROOM_KILL_SWITCH"

struct kill_switch {
    atomic_uint_fast64_t calls;
    atomic_uint_fast64_t at; /* the call that is not reached any more; 0: none */
    char call[32];           /* its name */
    char cut[128];           /* the mount point of the file system whose power is cut as well; "": none */
    atomic_bool holds;       /* the next fdatasync waits, once: */
    sem_t held, go_on;       /* that it does, and until when */
};

#endif
