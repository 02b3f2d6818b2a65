/* SPDX-License-Identifier: GPL-2.0-or-later */
/* options - see options.h. */
#include "ctl/options.h"

#include <errno.h>
#include <string.h>

enum { HELP_COLUMN = 18 };

static const struct option_row *find_row(const struct option_table tables[2], const char *name, size_t length)
{
    for (size_t t = 0; t < 2; t++)
        for (size_t i = 0; i < tables[t].count; i++) {
            const struct option_row *row = &tables[t].rows[i];

            if (strlen(row->name) == length && memcmp(row->name, name, length) == 0)
                return row;
        }
    return NULL;
}

static int complain(const char *program, const char *option, int length, const char *problem)
{
    fprintf(stderr, "%s: --%.*s: %s; try %s --help\n", program, length, option, problem, program);
    return -EINVAL;
}

/* Stores the option at the front of @words; returns how many words it took. */
static int take_option(const struct option_table tables[2], char *const *words, const char *program,
                       struct options *options)
{
    const char *name = words[0] + 2;
    size_t length = strcspn(name, "=");
    const char *value = name[length] == '=' ? name + length + 1 : NULL;
    const struct option_row *row = find_row(tables, name, length);
    void *field;

    if (!row)
        return complain(program, name, (int)length, "no such option");
    field = (char *)options + row->offset;

    if (!row->value) {
        if (value)
            return complain(program, name, (int)length, "takes no value");
        *(bool *)field = true;
        return 1;
    }

    if (!value && !words[1])
        return complain(program, name, (int)length, "needs a value");
    *(const char **)field = value ? value : words[1];
    return value ? 1 : 2;
}

int options_take(const struct option_table tables[2], char *const *words, const char *program,
                 struct options *options)
{
    int taken = 0;

    while (words[taken] && words[taken][0] == '-') {
        int r;

        if (strcmp(words[taken], "--") == 0)
            return taken + 1;
        if (words[taken][1] != '-') {
            fprintf(stderr, "%s: %s: no such option; try %s --help\n", program, words[taken], program);
            return -EINVAL;
        }

        r = take_option(tables, words + taken, program, options);
        if (r < 0)
            return r;
        taken += r;
    }
    return taken;
}

void options_print_help(const struct option_table *table, FILE *file)
{
    for (size_t i = 0; i < table->count; i++) {
        const struct option_row *row = &table->rows[i];
        int width =
            fprintf(file, "  --%s%s%s", row->name, row->value ? "=" : "", row->value ? row->value : "");

        fprintf(file, "%*s  %s\n", width < HELP_COLUMN ? HELP_COLUMN - width : 0, "", row->help);
    }
}
