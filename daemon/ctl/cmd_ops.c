/* SPDX-License-Identifier: GPL-2.0-or-later */
/* darkroomctl ops - what a Step= of a recipe can be, from this version's table. */
#include "base/guess.h"
#include "ctl/ctl.h"
#include "ctl/ops_view.h"
#include "ctl/report.h"

#include <stddef.h>

static int show_names(const struct ctl *ctl)
{
    for (enum op op = 0; op < OP_COUNT; op++)
        fprintf(ctl->screen.file, "%s\n", op_info(op)->name);
    return CTL_DONE;
}

static int show_json(const struct ctl *ctl)
{
    json_t *list = json_array();

    for (enum op op = 0; op < OP_COUNT; op++)
        json_array_append_new(list, ops_view_json(op));
    return report_own_json(ctl, json_pack("{s:o}", "operations", list));
}

static int show_list(const struct ctl *ctl)
{
    int r = ops_view_print_list(&ctl->screen);

    return r < 0 ? report_own_failure("cannot show the operations", r) : CTL_DONE;
}

static int refuse(const char *name)
{
    struct guess guess = { 0 };

    for (enum op op = 0; op < OP_COUNT; op++)
        guess_consider(&guess, name, op_info(op)->name);
    if (guess.name)
        fprintf(stderr, CTL_PROGRAM ": ops: there is no operation '%s', did you mean %s?\n", name,
                guess.name);
    else
        fprintf(stderr, CTL_PROGRAM ": ops: there is no operation '%s'; " CTL_PROGRAM " ops lists them\n",
                name);
    return CTL_FAILED;
}

static int show_one(const struct ctl *ctl, const char *name)
{
    enum op op;

    if (op_from_name(name, &op) < 0)
        return refuse(name);
    if (ctl->options.json)
        return report_own_json(ctl, ops_view_json(op));
    ops_view_print(op, &ctl->screen);
    return CTL_DONE;
}

static int run(struct ctl *ctl)
{
    int code = CTL_DONE;

    if (!ctl->words[0])
        return ctl->options.names ? show_names(ctl) : ctl->options.json ? show_json(ctl) : show_list(ctl);
    for (size_t i = 0; ctl->words[i]; i++) {
        int r;

        if (i > 0 && !ctl->options.json)
            fputc('\n', ctl->screen.file);
        r = show_one(ctl, ctl->words[i]);
        code = r > code ? r : code;
    }
    return code;
}

static const struct option_row rows[] = {
    { "names", NULL, offsetof(struct options, names), "print the names alone" },
};

const struct command cmd_ops = {
    .name = "ops",
    .arguments = "[OPERATION…]",
    .help = "show the operations of recipes, or all about one of them",
    .options = { rows, sizeof(rows) / sizeof(rows[0]) },
    .local = true,
    .run = run,
};
