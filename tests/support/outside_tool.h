/* SPDX-License-Identifier: GPL-2.0-or-later */
/* outside_tool - what a program that is not ours says about a file. */
#ifndef DARKROOM_TESTS_OUTSIDE_TOOL_H
#define DARKROOM_TESTS_OUTSIDE_TOOL_H

#include <check.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

struct outside_tool {
    FILE *output;
    pid_t pid;
};

/* Runs @arguments (NULL-terminated; the first is looked for in $PATH); what it prints is to be read from
 * tool->output. */
static inline void outside_tool_start(struct outside_tool *tool, const char *const *arguments)
{
    int ends[2];

    ck_assert_int_eq(pipe2(ends, O_CLOEXEC), 0);
    tool->pid = fork();
    ck_assert_int_ge(tool->pid, 0);
    if (tool->pid == 0) {
        dup2(ends[1], STDOUT_FILENO);
        dup2(ends[1], STDERR_FILENO);
        execvp(arguments[0], (char *const *)arguments);
        _exit(127);
    }
    close(ends[1]);
    tool->output = fdopen(ends[0], "r");
    ck_assert_ptr_nonnull(tool->output);
}

/* Waits for its end, which must be a good one. */
static inline void outside_tool_end(struct outside_tool *tool, const char *name)
{
    int status = -1;

    fclose(tool->output);
    ck_assert_int_eq(waitpid(tool->pid, &status, 0), tool->pid);
    ck_assert_msg(status == 0, "%s is not installed (tests/packages), or finds fault with the file", name);
}

#endif
