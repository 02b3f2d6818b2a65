/* SPDX-License-Identifier: GPL-2.0-or-later */
/* darkroomctl - asks a running darkroomd, or tells it what to do; and says what recipes can be.
 *
 * It is libdarkroom's first user and knows of the daemon only what darkroom.h says. What recipes are made of it knows
 * from the same tables as the daemon. */
#include "base/guess.h"
#include "ctl/ctl.h"
#include "ctl/report.h"

#include <errno.h>
#include <locale.h>
#include <stdlib.h>
#include <string.h>

static const struct command *const commands[] = { &cmd_status, &cmd_jobs,   &cmd_plan,   &cmd_retry,
                                                  &cmd_scan,   &cmd_check,  &cmd_reload, &cmd_recipes,
                                                  &cmd_ops,    &cmd_formats };

static const struct option_row global_rows[] = {
    { "socket", "PATH", offsetof(struct options, socket), "the daemon's socket, instead of the usual one" },
    { "json", NULL, offsetof(struct options, json), "print JSON: what the daemon answers, as it is" },
    { "quiet", NULL, offsetof(struct options, quiet), "print only what is wrong" },
    { "help", NULL, offsetof(struct options, help), "print this, or with a command its options" },
    { "version", NULL, offsetof(struct options, version), "print the version" },
};

static const struct option_table global_options = { global_rows,
                                                    sizeof(global_rows) / sizeof(global_rows[0]) };

static const struct command *find_command(const char *name)
{
    for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++)
        if (strcmp(commands[i]->name, name) == 0)
            return commands[i];
    return NULL;
}

static int refuse_command(const char *name)
{
    struct guess guess = { 0 };

    for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++)
        guess_consider(&guess, name, commands[i]->name);
    if (guess.name)
        fprintf(stderr, CTL_PROGRAM ": %s: no such command, did you mean %s?\n", name, guess.name);
    else
        fprintf(stderr, CTL_PROGRAM ": %s: no such command; try " CTL_PROGRAM " --help\n", name);
    return -EINVAL;
}

static void print_program_help(void)
{
    puts("Usage: " CTL_PROGRAM " [OPTION…] COMMAND [OPTION…] [ARGUMENT…]\n\nCommands:");
    for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++)
        printf("  %-16s  %s\n", commands[i]->name, commands[i]->help);

    puts("\nOptions:");
    options_print_help(&global_options, stdout);
    puts("\nExit codes: 0 done, 1 failed, 2 used wrongly. See darkroomctl(1).");
}

static void print_command_help(const struct command *command)
{
    printf("Usage: " CTL_PROGRAM " %s [OPTION…]%s%s: %s\n\nOptions:\n", command->name,
           command->arguments ? " " : "", command->arguments ? command->arguments : "", command->help);
    options_print_help(&command->options, stdout);
    options_print_help(&global_options, stdout);
}

/* Options and arguments in any order; after "--" there are arguments only. @arguments has room for all words. */
static int parse_arguments(const struct option_table tables[2], char **words, struct options *options,
                           char **arguments)
{
    bool ended = false;

    while (*words) {
        int taken = ended ? 0 : options_take(tables, words, CTL_PROGRAM, options);

        if (taken < 0)
            return taken;
        ended = ended || (taken > 0 && strcmp(words[taken - 1], "--") == 0);
        words += taken;
        if (*words)
            *arguments++ = *words++;
    }
    return 0;
}

/* Reads the command line: options, a command, more options and its @arguments (all NULL, room for all words). 0 with
 * *@ret_command NULL if there was none, or -EINVAL after saying what is wrong. */
static int parse_words(char **words, struct options *options, const struct command **ret_command,
                       char **arguments)
{
    const struct option_table first[2] = { global_options };
    struct option_table second[2] = { global_options };
    const struct command *command;
    int taken;

    taken = options_take(first, words, CTL_PROGRAM, options);
    if (taken < 0)
        return taken;
    words += taken;
    if (!*words) {
        *ret_command = NULL;
        return 0;
    }

    command = find_command(*words);
    if (!command)
        return refuse_command(*words);

    second[1] = command->options;
    taken = parse_arguments(second, words + 1, options, arguments);
    if (taken < 0)
        return taken;
    if (*arguments && !command->arguments) {
        fprintf(stderr, CTL_PROGRAM ": %s: takes no arguments\n", command->name);
        return -EINVAL;
    }

    *ret_command = command;
    return 0;
}

static int run_command(const struct command *command, struct ctl *ctl)
{
    int r = command->local ? 0 : darkroom_open(ctl->options.socket, &ctl->dk);

    if (r < 0)
        return report_own_failure(ctl->options.socket ? ctl->options.socket : "cannot start", r);

    r = command->run(ctl);
    darkroom_close(ctl->dk);
    return r;
}

/* What was asked for: help, the version, or a command. */
static int run(const struct command *command, struct ctl *ctl)
{
    if (ctl->options.help) {
        if (command)
            print_command_help(command);
        else
            print_program_help();
        return CTL_DONE;
    }
    if (ctl->options.version) {
        puts(CTL_PROGRAM " " DARKROOM_VERSION);
        return CTL_DONE;
    }
    if (!command) {
        fputs(CTL_PROGRAM ": no command; try " CTL_PROGRAM " --help\n", stderr);
        return CTL_USAGE;
    }
    return run_command(command, ctl);
}

int main(int argc, char **argv)
{
    struct ctl ctl = { .screen = screen_on(stdout) };
    const struct command *command;
    char **arguments = calloc((size_t)argc + 1, sizeof *arguments);
    int code;

    if (!arguments)
        return report_own_failure("cannot start", -ENOMEM);
    setlocale(LC_CTYPE, ""); /* for the widths of characters */
    ctl.words = arguments;
    code = argc < 1 || parse_words(argv + 1, &ctl.options, &command, arguments) < 0 ? CTL_USAGE
                                                                                    : run(command, &ctl);
    free(arguments);
    if (fflush(stdout) != 0 || ferror(stdout))
        return report_own_failure("cannot write", -errno);
    return code;
}
