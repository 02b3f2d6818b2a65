/* SPDX-License-Identifier: GPL-2.0-or-later */
/* op_table - see op_table.h. A new operation is a row here and a function in the engine. */
#include "recipe/op_table.h"

#include <errno.h>
#include <string.h>

static const struct op_info ops[OP_COUNT] = {
    [OP_AUTO_ORIENT] = {
        .name = "auto-orient",
        .help = "Turns and mirrors the picture as its EXIF orientation says, and forgets that.",
    },
};

const struct op_info *op_info(enum op op)
{
    return &ops[op];
}

int op_from_name(const char *name, enum op *ret)
{
    for (enum op op = 0; op < OP_COUNT; op++)
        if (strcmp(ops[op].name, name) == 0) {
            *ret = op;
            return 0;
        }
    return -ENOENT;
}
