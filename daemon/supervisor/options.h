/* SPDX-License-Identifier: GPL-2.0-or-later */
/* options - darkroomd's command line, and the directories it uses when none is named. */
#ifndef DARKROOM_SUPERVISOR_OPTIONS_H
#define DARKROOM_SUPERVISOR_OPTIONS_H

#include "conf/folder_conf.h"
#include "supervisor/supervisor.h"

#include <stdbool.h>

enum action { ACTION_RUN, ACTION_CHECK, ACTION_HELP, ACTION_VERSION };

struct options {
    enum action action;
    bool verbose;
    struct supervisor_options supervisor; /* points into this struct */
    char *config_directory, *vendor_recipes, *state_directory, *runtime_directory, *worker_program;
    bool has_watch;
    struct folder_conf watch; /* --watch= and what belongs to it */
};

/* Reads the command line. EX_OK, or a sysexits code after the problem was printed. */
int options_parse(struct options *options, int argc, char **argv);

/* Prints --help. */
void options_help(void);

void options_release(struct options *options);

#endif
