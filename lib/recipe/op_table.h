/* SPDX-License-Identifier: GPL-2.0-or-later */
/* op_table - one row per picture operation that a `Step=` can name, with its arguments.
 *
 * Parsing, checks, lists, help, the manual page and the fuzzers' dictionary come from the rows; the engine has one row
 * of functions per enum op (image/steps.c). */
#ifndef DARKROOM_RECIPE_OP_TABLE_H
#define DARKROOM_RECIPE_OP_TABLE_H

#include "recipe/op.h"

#include <stddef.h>

struct op_arg {
    const char *name; /* as in NAME=VALUE */
    struct value_rule rule;
    size_t offset;        /* of the value in struct step */
    const char *fallback; /* what is not given, in the same notation; NULL: it has to be given */
    const char *help;     /* a phrase */
};

struct op_info {
    const char *name; /* as in Step= */
    const char *help; /* one sentence */
    const struct op_arg *args;
    size_t arg_count;
    size_t positional;   /* so many of the first need no name */
    const char *example; /* what may stand behind Step= */
    /* When it can be done to a JPEG without decoding it, "it is by quarter turns"; "": always; NULL: never. */
    const char *lossless;
};

/* The row of @op, which must be in range. */
const struct op_info *op_info(enum op op);

/* Looks an operation up by name. 0 or -ENOENT. */
int op_from_name(const char *name, enum op *ret);

/* How it is written: "crop SIZE [gravity=…] …". Returns @buffer. */
const char *op_usage(enum op op, char *buffer, size_t size);

#endif
