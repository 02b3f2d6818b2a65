/* SPDX-License-Identifier: GPL-2.0-or-later */
/* options - tables of command line options, what they parse into, and their help. */
#ifndef DARKROOM_CTL_OPTIONS_H
#define DARKROOM_CTL_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

/* All options of all commands. */
struct options {
    const char *socket;
    bool json, quiet, help, version;

    bool follow; /* status */

    const char *state, *limit; /* jobs */
    const char *folder;        /* jobs, plan, retry */
    bool failed;               /* retry */
    bool again;                /* scan */
    const char *config;        /* recipes */
    bool names;                /* recipes, ops */
};

/* `--name`, which sets a bool, or `--name=VALUE`, which sets a const char *. */
struct option_row {
    const char *name;
    const char *value; /* what --help calls the value; NULL: there is none */
    size_t offset;     /* of the field in struct options */
    const char *help;
};

struct option_table {
    const struct option_row *rows;
    size_t count;
};

/* Takes the options from the front of @words (NULL-terminated) until a word that is none, or after "--". Two
 * tables, because a command's words may have the global options as well; one may be empty. Returns how many
 * words were taken; -EINVAL after saying on stderr, for @program, what is wrong. */
int options_take(const struct option_table tables[2], char *const *words, const char *program,
                 struct options *options);

/* Prints a line for each option. */
void options_print_help(const struct option_table *table, FILE *file);

#endif
