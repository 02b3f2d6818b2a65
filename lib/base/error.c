/* SPDX-License-Identifier: GPL-2.0-or-later */
/* error - see error.h. The names are part of the JSON interface. */
#include "base/error.h"

#include "base/cleanup.h"
#include "base/text.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static const char *const class_names[ERROR_CLASS_COUNT] = {
    [CLASS_NONE] = "none",         [CLASS_PERMANENT] = "permanent",
    [CLASS_CONFLICT] = "conflict", [CLASS_TRANSIENT] = "transient",
    [CLASS_CRASH] = "crash",       [CLASS_TIMEOUT] = "timeout",
    [CLASS_MEMORY] = "memory",     [CLASS_ENVIRONMENT] = "environment",
};

static const char *const stage_names[ERROR_STAGE_COUNT] = {
    [STAGE_NONE] = "none",       [STAGE_PLAN] = "plan",         [STAGE_OPEN] = "open",
    [STAGE_PROBE] = "probe",     [STAGE_LIMITS] = "limits",     [STAGE_DECODE] = "decode",
    [STAGE_RENDER] = "render",   [STAGE_ENCODE] = "encode",     [STAGE_CHECK] = "check",
    [STAGE_PUBLISH] = "publish", [STAGE_ORIGINAL] = "original",
};

/* The one place that says what an errno means for a job; what is not listed is permanent. */
static const struct {
    int errnum;
    enum error_class class;
} errno_classes[] = {
    { ENOSPC, CLASS_ENVIRONMENT }, { EDQUOT, CLASS_ENVIRONMENT },  { EROFS, CLASS_ENVIRONMENT },
    { EMFILE, CLASS_ENVIRONMENT }, { ENFILE, CLASS_ENVIRONMENT },  { ENOMEM, CLASS_ENVIRONMENT },
    { ENODEV, CLASS_ENVIRONMENT }, { ENXIO, CLASS_ENVIRONMENT },   { EIO, CLASS_TRANSIENT },
    { ESTALE, CLASS_TRANSIENT },   { EBUSY, CLASS_TRANSIENT },     { EINTR, CLASS_TRANSIENT },
    { EAGAIN, CLASS_TRANSIENT },   { ETIMEDOUT, CLASS_TRANSIENT }, { EHOSTDOWN, CLASS_TRANSIENT },
    { ENOTCONN, CLASS_TRANSIENT }, { EREMOTEIO, CLASS_TRANSIENT }, { EDEADLK, CLASS_TRANSIENT },
};

__attribute__((format(printf, 2, 0))) static void set_text(struct error *error, const char *format,
                                                           va_list args)
{
    if (vsnprintf(error->text, sizeof error->text, format, args) >= (int)sizeof error->text)
        text_drop_cut_character(error->text);
}

int error_set(struct error *error, int errnum, enum error_class class, enum error_stage stage,
              const char *format, ...)
{
    va_list args;

    if (error) {
        error->class = class;
        error->stage = stage;
        va_start(args, format);
        set_text(error, format, args);
        va_end(args);
    }
    return -errnum;
}

/* The description is what matters most: a text that leaves no room for it is cut. */
static void append_description(struct error *error, int errnum)
{
    char description[100];
    int length =
        snprintf(description, sizeof description, ": %s", strerrordesc_np(errnum) ?: "unknown error");
    size_t room = sizeof error->text - 1 - (size_t)length;

    if (strlen(error->text) > room) {
        error->text[room] = '\0';
        text_drop_cut_character(error->text);
    }
    snprintf(error->text + strlen(error->text), (size_t)length + 1, "%s", description);
}

int error_set_errno(struct error *error, int errnum, enum error_stage stage, const char *format, ...)
{
    va_list args;

    if (error) {
        error->class = error_class_of_errno(errnum);
        error->stage = stage;
        va_start(args, format);
        set_text(error, format, args);
        va_end(args);
        append_description(error, errnum);
    }
    return -errnum;
}

enum error_class error_class_of_errno(int errnum)
{
    for (size_t i = 0; i < ARRAY_SIZE(errno_classes); i++)
        if (errno_classes[i].errnum == errnum)
            return errno_classes[i].class;
    return CLASS_PERMANENT;
}

bool error_is_passing(int errnum)
{
    enum error_class class = error_class_of_errno(errnum);

    return class == CLASS_TRANSIENT || class == CLASS_ENVIRONMENT;
}

const char *error_class_name(enum error_class class)
{
    return (unsigned)class < ERROR_CLASS_COUNT ? class_names[class] : "?";
}

const char *error_stage_name(enum error_stage stage)
{
    return (unsigned)stage < ERROR_STAGE_COUNT ? stage_names[stage] : "?";
}

bool error_class_counts(enum error_class class)
{
    return class == CLASS_CRASH || class == CLASS_TIMEOUT || class == CLASS_MEMORY;
}
