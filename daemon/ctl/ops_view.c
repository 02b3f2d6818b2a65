/* SPDX-License-Identifier: GPL-2.0-or-later */
/* ops_view - see ops_view.h. */
#include "ctl/ops_view.h"

#include "base/cleanup.h"
#include "ctl/table.h"

#include <ctype.h>
#include <errno.h>

enum {
    USAGE_BYTES = 512,
    VALUES_BYTES = 512,
    NAME_COLUMN = 20,
};

int ops_view_print_list(const struct screen *screen)
{
    static const struct table_column columns[] = { { .title = "OPERATION" }, { .title = "WHAT IT DOES" } };
    struct table table;
    int r;

    table_init(&table, columns, ARRAY_SIZE(columns));
    for (enum op op = 0; op < OP_COUNT; op++) {
        table_add_text(&table, STYLE_PLAIN, op_info(op)->name);
        table_add_text(&table, STYLE_PLAIN, op_info(op)->help);
    }
    r = table_print(&table, screen);
    table_release(&table);
    return r;
}

/* "gravity=centre", or the name alone of what has to be given; what it is for; what it may be. */
static void print_arg(const struct op_arg *arg, const struct screen *screen)
{
    char values[VALUES_BYTES];
    int width = fprintf(screen->file, "  %s%s%s", arg->name, arg->fallback ? "=" : "", arg->fallback ?: "");

    if (width > NAME_COLUMN) {
        fputc('\n', screen->file);
        width = 0;
    }
    value_describe(&arg->rule, values, sizeof values);
    fprintf(screen->file, "%*s  %s\n%*s  ", NAME_COLUMN - width, "", arg->help, NAME_COLUMN, "");
    screen_begin(screen, STYLE_DIM);
    fputs(values, screen->file);
    screen_end(screen, STYLE_DIM);
    fputc('\n', screen->file);
}

static void print_title(const char *title, const struct screen *screen)
{
    fputc('\n', screen->file);
    screen_begin(screen, STYLE_HEAD);
    fputs(title, screen->file);
    screen_end(screen, STYLE_HEAD);
    fputc('\n', screen->file);
}

static void print_lossless(const struct op_info *info, const struct screen *screen)
{
    if (info->lossless)
        fprintf(screen->file, "\nA JPEG need not be decoded for it (Lossless=jpeg:yes)%s%s.\n",
                info->lossless[0] != '\0' ? " if " : "", info->lossless);
}

void ops_view_print(enum op op, const struct screen *screen)
{
    const struct op_info *info = op_info(op);
    char usage[USAGE_BYTES];

    fprintf(screen->file, "Step=%s\n\n%s\n", op_usage(op, usage, sizeof usage), info->help);
    print_lossless(info, screen);
    if (info->arg_count > 0)
        print_title("Arguments, with what they are when they are not given:", screen);
    for (size_t i = 0; i < info->arg_count; i++)
        print_arg(&info->args[i], screen);
    print_title("Example:", screen);
    fprintf(screen->file, "  Step=%s\n", info->example);
}

static json_t *arg_json(const struct op_info *info, size_t index)
{
    const struct op_arg *arg = &info->args[index];
    char values[VALUES_BYTES];

    return json_pack("{s:s, s:b, s:s, s:s?, s:s}", "name", arg->name, "positional", index < info->positional,
                     "values", value_describe(&arg->rule, values, sizeof values), "default", arg->fallback,
                     "help", arg->help);
}

json_t *ops_view_json(enum op op)
{
    const struct op_info *info = op_info(op);
    json_t *args = json_array();
    char usage[USAGE_BYTES];

    for (size_t i = 0; i < info->arg_count; i++)
        json_array_append_new(args, arg_json(info, i));
    return json_pack("{s:s, s:s, s:s, s:s, s:b, s:o}", "name", info->name, "help", info->help, "usage",
                     op_usage(op, usage, sizeof usage), "example", info->example, "lossless",
                     info->lossless != NULL, "arguments", args);
}
