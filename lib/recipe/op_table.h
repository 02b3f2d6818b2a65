/* SPDX-License-Identifier: GPL-2.0-or-later */
/* op_table - one row per picture operation that a `Step=` can name.
 *
 * Parsing, checks, lists and help come from the rows; the engine has one function per enum op. */
#ifndef DARKROOM_RECIPE_OP_TABLE_H
#define DARKROOM_RECIPE_OP_TABLE_H

#include <stddef.h>

enum op { OP_AUTO_ORIENT = 0, OP_COUNT };

struct op_info {
    const char *name; /* as in Step= */
    const char *help; /* one sentence */
};

/* The row of @op, which must be in range. */
const struct op_info *op_info(enum op op);

/* Looks an operation up by name. 0 or -ENOENT. */
int op_from_name(const char *name, enum op *ret);

#endif
