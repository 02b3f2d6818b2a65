/* SPDX-License-Identifier: GPL-2.0-or-later */
/* table - rows of cells in aligned columns.
 *
 * Cells are added from left to right, row after row, and are escaped on their way in, so whatever a table shows
 * is safe to show. Memory running out is remembered and told by table_print(). */
#ifndef DARKROOM_CTL_TABLE_H
#define DARKROOM_CTL_TABLE_H

#include "ctl/screen.h"

#include <stdbool.h>
#include <stddef.h>

struct table_column {
    const char *title;
    bool right;       /* aligned to the right, for numbers */
    size_t width_max; /* on a terminal, longer cells are cut; 0: never */
};

struct table_cell {
    char *text;
    enum style style;
};

struct table {
    const struct table_column *columns;
    size_t column_count;
    struct table_cell *cells;
    size_t cell_count, allocated;
    bool failed;
};

/* @columns has to outlive the table. */
void table_init(struct table *table, const struct table_column *columns, size_t column_count);

/* Adds a sentence of the daemon's or of our own. */
void table_add_text(struct table *table, enum style style, const char *text);

/* Adds a name: @size bytes of any kind. */
void table_add_name(struct table *table, enum style style, const char *bytes, size_t size);

/* Prints the titles and all rows. 0 or -ENOMEM. */
int table_print(const struct table *table, const struct screen *screen);

void table_release(struct table *table);

#endif
