/* SPDX-License-Identifier: GPL-2.0-or-later */
/* ops_view - the operations that Step= can name, as people and programs see them. */
#ifndef DARKROOM_CTL_OPS_VIEW_H
#define DARKROOM_CTL_OPS_VIEW_H

#include "ctl/screen.h"
#include "recipe/op_table.h"

#include <jansson.h>

/* Prints a line for each operation. 0 or -ENOMEM. */
int ops_view_print_list(const struct screen *screen);

/* Prints all about @op. */
void ops_view_print(enum op op, const struct screen *screen);

/* The same as JSON; NULL when memory is out. */
json_t *ops_view_json(enum op op);

#endif
