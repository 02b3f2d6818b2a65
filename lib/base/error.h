/* SPDX-License-Identifier: GPL-2.0-or-later */
/* error - a failure that a person will read: what kind, at which stage of a job, where, and what to do.
 *
 * Functions return 0 or -errno; those whose failure is shown to somebody also fill a struct error. The
 * class decides what happens to the job (see design: failure classes), the text names the remedy. */
#ifndef DARKROOM_BASE_ERROR_H
#define DARKROOM_BASE_ERROR_H

#include <stdbool.h>
#include <stddef.h>

/* Stored in the ledger and sent over the wire: numbers never change their meaning. */
enum error_class {
    CLASS_NONE = 0,
    CLASS_PERMANENT = 1,   /* the file is wrong; it fails at once */
    CLASS_CONFLICT = 2,    /* an output's name is taken; it fails, nothing is moved */
    CLASS_TRANSIENT = 3,   /* EIO, ESTALE, EBUSY …: retried after a back-off */
    CLASS_CRASH = 4,       /* the worker died of it: counts as an attempt */
    CLASS_TIMEOUT = 5,     /* the deadline passed: counts as an attempt */
    CLASS_MEMORY = 6,      /* memory ran out: counts as an attempt */
    CLASS_ENVIRONMENT = 7, /* disk full, output unwritable, codec missing: holds the folder */
    ERROR_CLASS_COUNT
};

enum error_stage {
    STAGE_NONE = 0,
    STAGE_PLAN = 1,
    STAGE_OPEN = 2,
    STAGE_PROBE = 3,
    STAGE_LIMITS = 4,
    STAGE_DECODE = 5,
    STAGE_RENDER = 6,
    STAGE_ENCODE = 7,
    STAGE_CHECK = 8,
    STAGE_PUBLISH = 9,
    STAGE_ORIGINAL = 10,
    ERROR_STAGE_COUNT
};

struct error {
    enum error_class class;
    enum error_stage stage;
    char text[400]; /* UTF-8, one line, NUL-terminated; what happened and what to do */
};

/* Fills @error (which may be NULL) and returns -@errnum, so that a failure is one statement:
 *     return error_set(error, EINVAL, CLASS_PERMANENT, STAGE_PROBE, "not a picture"); */
int error_set(struct error *error, int errnum, enum error_class class, enum error_stage stage,
              const char *format, ...) __attribute__((format(printf, 5, 6)));

/* As error_set(), for a system call that failed with @errnum: appends ": " and its description, and
 * chooses the class from @errnum with error_class_of_errno(). */
int error_set_errno(struct error *error, int errnum, enum error_stage stage, const char *format, ...)
    __attribute__((format(printf, 4, 5)));

/* What a failed system call on the *source* says about the job: disk and quota troubles are the
 * environment's, I/O and staleness are transient, the rest is permanent. */
enum error_class error_class_of_errno(int errnum);

/* Does it say nothing about the file itself: no descriptors, no memory, a disk that stutters? */
bool error_is_passing(int errnum);

/* "permanent", "crash", … as in JSON, the ledger's messages and error files; "?" when out of range. */
const char *error_class_name(enum error_class class);
const char *error_stage_name(enum error_stage stage);

/* True for the classes that count against the file (MaxAttempts). */
bool error_class_counts(enum error_class class);

#endif
