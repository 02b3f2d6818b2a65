/* SPDX-License-Identifier: GPL-2.0-or-later */
/* table - see table.h. */
#include "ctl/table.h"

#include "ctl/escape.h"
#include "ctl/utf8.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define GAP "  "
#define CUT "…"

void table_init(struct table *table, const struct table_column *columns, size_t column_count)
{
    *table = (struct table){ .columns = columns, .column_count = column_count };
}

static int reserve_cell(struct table *table)
{
    size_t allocated = table->allocated ? table->allocated * 2 : 64;
    struct table_cell *grown;

    if (table->cell_count < table->allocated)
        return 0;
    grown = reallocarray(table->cells, allocated, sizeof(*grown));
    if (!grown)
        return -ENOMEM;

    table->cells = grown;
    table->allocated = allocated;
    return 0;
}

/* Takes @text over. */
static void add_cell(struct table *table, enum style style, char *text)
{
    if (!text || reserve_cell(table) < 0) {
        free(text);
        table->failed = true;
        return;
    }
    table->cells[table->cell_count++] = (struct table_cell){ .text = text, .style = style };
}

void table_add_text(struct table *table, enum style style, const char *text)
{
    add_cell(table, style, escape_text(text));
}

void table_add_name(struct table *table, enum style style, const char *bytes, size_t size)
{
    add_cell(table, style, escape_name(bytes, size));
}

/* How much of a cell is shown. */
struct shown {
    size_t bytes, width;
    const char *mark; /* after it */
};

/* On a terminal a cell is as wide as its column lets it; a mark takes the last place of what is cut. */
static struct shown show(const struct table_column *column, const struct screen *screen, const char *text)
{
    struct shown shown = { .bytes = strlen(text), .width = utf8_width(text), .mark = "" };

    if (!screen->terminal || column->width_max == 0 || shown.width <= column->width_max)
        return shown;

    shown.bytes = utf8_fit(text, column->width_max - 1);
    shown.width = column->width_max;
    shown.mark = CUT;
    return shown;
}

static size_t column_width(const struct table *table, const struct screen *screen, size_t column)
{
    size_t widest = utf8_width(table->columns[column].title);

    for (size_t i = column; i < table->cell_count; i += table->column_count) {
        struct shown shown = show(&table->columns[column], screen, table->cells[i].text);

        if (shown.width > widest)
            widest = shown.width;
    }
    return widest;
}

/* The last column is not filled up: no line ends in blanks. */
static void print_cell(const struct table *table, const struct screen *screen, size_t column, size_t width,
                       enum style style, const char *text)
{
    struct shown shown = show(&table->columns[column], screen, text);
    int blanks = width > shown.width ? (int)(width - shown.width) : 0;
    bool right = table->columns[column].right;
    bool last = column + 1 == table->column_count;

    fprintf(screen->file, "%*s", right ? blanks : 0, "");
    screen_begin(screen, style);
    fprintf(screen->file, "%.*s%s", (int)shown.bytes, text, shown.mark);
    screen_end(screen, style);
    fprintf(screen->file, "%*s%s", right || last ? 0 : blanks, "", last ? "\n" : GAP);
}

int table_print(const struct table *table, const struct screen *screen)
{
    size_t *widths;

    if (table->failed)
        return -ENOMEM;
    widths = calloc(table->column_count, sizeof(*widths));
    if (!widths)
        return -ENOMEM;

    for (size_t i = 0; i < table->column_count; i++) {
        widths[i] = column_width(table, screen, i);
        print_cell(table, screen, i, widths[i], STYLE_HEAD, table->columns[i].title);
    }
    for (size_t i = 0; i < table->cell_count; i++) {
        size_t column = i % table->column_count;

        print_cell(table, screen, column, widths[column], table->cells[i].style, table->cells[i].text);
    }

    free(widths);
    return 0;
}

void table_release(struct table *table)
{
    for (size_t i = 0; i < table->cell_count; i++)
        free(table->cells[i].text);
    free(table->cells);
    *table = (struct table){ 0 };
}
