/* SPDX-License-Identifier: GPL-2.0-or-later */
/* darkroomd - watches hot folders and has workers make renditions of what is dropped there.
 *
 * main() sets up what has to be so before the first thread (signals, limits, logging), reads the configuration
 * while it may still wait for files, and runs the supervisor. */
#include "base/cleanup.h"
#include "base/log.h"
#include "supervisor/check_report.h"
#include "supervisor/journal.h"
#include "supervisor/options.h"
#include "supervisor/progress.h"
#include "supervisor/proof.h"
#include "supervisor/supervisor.h"

#include <errno.h>
#include <jansson.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sysexits.h>

/* All signals are blocked before the first thread starts; the loop reads the few that we want. */
static void block_signals(void)
{
    sigset_t all;

    sigfillset(&all);
    sigprocmask(SIG_SETMASK, &all, NULL);
}

/* Every open source, finished picture, client and worker is a descriptor. */
static void raise_limits(void)
{
    struct rlimit files;

    if (getrlimit(RLIMIT_NOFILE, &files) == 0) {
        files.rlim_cur = files.rlim_max;
        setrlimit(RLIMIT_NOFILE, &files);
    }
}

static void set_up_log(const struct options *options)
{
    bool bar = options->supervisor.progress_fd >= 0;
    int level = options->verbose ? LOG_DEBUG : bar ? LOG_NOTICE : LOG_INFO;

    log_setup(journal_is_connected() ? journal_sink : bar ? progress_sink : NULL, level);
}

static void say_limits(const struct kernel_settings *kernel)
{
    log_debug("inotify: at most %d watches and %d instances (fs.inotify.*)", kernel->max_user_watches,
              kernel->max_user_instances);
}

static void say_problems(const struct problems *problems)
{
    for (size_t i = 0; i < problems->count; i++)
        log_error("%s: %s", problems->list[i].where, problems->list[i].text);
}

static int load_config(const struct options *options, struct config **ret)
{
    _cleanup_(problems_release) struct problems problems = { 0 };
    int r = config_load(&options->supervisor.origin, &problems, ret);

    say_problems(&problems);
    if (r == 0)
        return EX_OK;
    log_error("the configuration is wrong; nothing was started");
    return EX_CONFIG;
}

/* Loaded, it is right as far as the supervisor can see; the rest is for a worker to say. */
static int check(const struct options *options, const struct config *config)
{
    _cleanup_(problems_release) struct problems problems = { 0 };
    int r = proof_run(config, options->supervisor.worker_program, &problems);

    say_problems(&problems);
    if (r < 0) {
        log_error(r == -EINVAL ? "the configuration is wrong" : "the configuration could not be checked");
        return r == -EINVAL ? EX_CONFIG : EX_OSERR;
    }
    check_report_print(config, stdout);
    puts("The configuration is right.");
    return EX_OK;
}

static int run(const struct options *options, struct config *config)
{
    struct supervisor *supervisor = calloc(1, sizeof *supervisor);
    int r;

    if (!supervisor)
        return EX_OSERR;
    r = supervisor_start(supervisor, &options->supervisor, config);
    if (r == EX_OK)
        r = supervisor_run(supervisor);
    supervisor_release(supervisor);
    if (supervisor->abandoned)
        _exit(r); /* a thread that hangs may come back any moment: its memory is not freed under it */
    free(supervisor);
    return r;
}

int main(int argc, char **argv)
{
    _cleanup_(options_release) struct options options;
    struct config *config = NULL;
    int r = options_parse(&options, argc, argv);

    if (r != EX_OK)
        return r;
    if (options.action == ACTION_HELP) {
        options_help();
        return EX_OK;
    }
    if (options.action == ACTION_VERSION) {
        printf("darkroomd %s\n", DARKROOM_VERSION);
        return EX_OK;
    }

    signal(SIGCHLD, SIG_DFL); /* where the end of children is ignored, nobody is told of it */
    if (options.action == ACTION_RUN)
        block_signals();
    json_object_seed(0); /* before there are threads: else one of them does, while another spins */
    raise_limits();
    umask(S_IRWXG | S_IRWXO); /* files of ours; modes of outputs are set whatever the umask */
    set_up_log(&options);
    kernel_settings_read(&options.supervisor.kernel);
    say_limits(&options.supervisor.kernel);

    r = load_config(&options, &config);
    if (r != EX_OK)
        return r;
    if (options.action == ACTION_CHECK) {
        r = check(&options, config);
        config_unref(config);
        return r;
    }
    return run(&options, config);
}
