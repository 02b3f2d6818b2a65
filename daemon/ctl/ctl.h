/* SPDX-License-Identifier: GPL-2.0-or-later */
/* ctl - what every command of darkroomctl is given, and what it is made of.
 *
 * A command is one file cmd_NAME.c with one struct command; main.c's table lists them. Whatever is said about
 * commands (help, completion) comes from there. */
#ifndef DARKROOM_CTL_CTL_H
#define DARKROOM_CTL_CTL_H

#include "ctl/options.h"
#include "ctl/screen.h"

#include <darkroom.h>

#define CTL_PROGRAM "darkroomctl"

enum { CTL_DONE = 0, CTL_FAILED = 1, CTL_USAGE = 2 }; /* exit codes */

struct ctl {
    struct options options;
    struct darkroom *dk;  /* NULL for a command that asks no daemon */
    struct screen screen; /* on stdout */
    char *const *words;   /* the command's arguments, NULL-terminated */
};

struct command {
    const char *name;
    const char *arguments; /* what --help calls them: "FILE…"; NULL: it takes none */
    const char *help;      /* one sentence */
    struct option_table options;
    bool local;                  /* it asks no daemon */
    int (*run)(struct ctl *ctl); /* returns an exit code */
};

extern const struct command cmd_status, cmd_jobs, cmd_plan, cmd_retry, cmd_scan, cmd_check, cmd_reload,
    cmd_recipes, cmd_ops, cmd_formats;

#endif
