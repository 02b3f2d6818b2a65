/* SPDX-License-Identifier: GPL-2.0-or-later */
/* main - darkroom-worker: turns pictures into renditions for the supervisor that started it.
 *
 * It has no paths, no network and no configuration: see wire/ticket.h for the descriptors it is given. It loads
 * its recipes, works once to warm up, closes its sandbox, works once more to prove that it still can, says
 * hello, and serves until the supervisor is gone. */
#include "base/cleanup.h"
#include "base/log.h"
#include "base/text.h"
#include "image/asset_picture.h"
#include "image/engine.h"
#include "image/inner_pictures.h"
#include "image/typefaces.h"
#include "recipe/bundle.h"
#include "sandbox.h"
#include "selftest.h"
#include "warm_up.h"
#include "wire/worker_link.h"
#include "worker.h"

#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <malloc.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

enum { EXIT_USAGE = 2 };

/* Freed memory is kept for the next job, until there is none for a while (worker.c): getting it again from the kernel
 * page by page takes a third of the time of a small rendition. What malloc() can be told at most. */
enum { KEPT_BUFFER_BYTES = 32 << 20, KEPT_BYTES = 64 << 20 };

struct options {
    uint64_t generation;
    bool sandboxed;
};

static void print_help(FILE *to)
{
    fputs("darkroom-worker is a part of darkroomd, which starts it and gives it its work by descriptors.\n"
          "It is of no use by itself; see darkroomd(8).\n"
          "\n"
          "  --generation=N              the configuration it serves\n"
          "  --sandbox=required|none     without a sandbox only for looking for faults\n"
          "  --version, --help\n",
          to);
}

static int usage(void)
{
    print_help(stderr);
    return EXIT_USAGE;
}

/* 0 to go on, 1 to leave with success, -EINVAL. */
static int parse_options(int argc, char **argv, struct options *ret)
{
    static const struct option names[] = {
        { "generation", required_argument, NULL, 'g' },
        { "sandbox", required_argument, NULL, 's' },
        { "version", no_argument, NULL, 'v' },
        { "help", no_argument, NULL, 'h' },
        {},
    };
    int option;

    *ret = (struct options){ .sandboxed = true };
    while ((option = getopt_long(argc, argv, "", names, NULL)) != -1) {
        switch (option) {
        case 'g':
            if (text_parse_unsigned(optarg, 1, UINT64_MAX, &ret->generation) < 0)
                return -EINVAL;
            break;
        case 's':
            if (strcmp(optarg, "required") != 0 && strcmp(optarg, "none") != 0)
                return -EINVAL;
            ret->sandboxed = strcmp(optarg, "required") == 0;
            break;
        case 'v':
            puts("darkroom-worker " DARKROOM_VERSION);
            return 1;
        case 'h':
            print_help(stdout);
            return 1;
        default:
            return -EINVAL;
        }
    }
    return optind == argc && ret->generation > 0 ? 0 : -EINVAL;
}

/* True when the descriptors are what a supervisor gives. */
static bool has_supervisor(void)
{
    struct mq_attr attributes;
    socklen_t size = sizeof(int);
    int type;

    return getsockopt(WORKER_FD_LINK, SOL_SOCKET, SO_TYPE, &type, &size) == 0 && type == SOCK_SEQPACKET &&
           mq_getattr(WORKER_FD_MAILBOX, &attributes) == 0 && fcntl(WORKER_FD_BUNDLE, F_GETFD) >= 0;
}

/* A supervisor blocks its signals, and a service manager may signal the whole control group: workers leave when
 * the supervisor does, which decides that. */
static void ignore_signals(void)
{
    static const int ignored[] = { SIGTERM, SIGINT, SIGHUP, SIGPIPE };
    struct sigaction ignore = { .sa_handler = SIG_IGN };
    sigset_t none;

    for (size_t i = 0; i < ARRAY_SIZE(ignored); i++)
        sigaction(ignored[i], &ignore, NULL);
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
}

/* Work on pictures is a batch (sched(7)): the supervisor's threads, which have little to do at a time but are waited
 * for by everybody, are not kept from a core by it. Its share of the processor is the usual one, and what somebody has
 * chosen otherwise (CPUSchedulingPolicy=) stays. */
static void give_way(void)
{
    static const struct sched_param none = { .sched_priority = 0 };

    if (sched_getscheduler(0) == SCHED_OTHER)
        sched_setscheduler(0, SCHED_BATCH, &none);
}

/* What is inherited beside its own is closed; its own lack the flag that every other has from birth. */
static void settle_descriptors(void)
{
    close_range(WORKER_FD_END, ~0U, 0);
    for (int fd = WORKER_FD_LINK; fd < WORKER_FD_END; fd++)
        fcntl(fd, F_SETFD, FD_CLOEXEC);
}

static int load_recipes(struct worker *worker, struct error *error)
{
    struct problems problems = { 0 };
    int r;

    r = bundle_read(WORKER_FD_BUNDLE, &problems, &worker->recipes, &worker->recipe_count, &worker->allowed);
    close(WORKER_FD_BUNDLE);
    if (r < 0)
        error_set(error, -r, CLASS_ENVIRONMENT, STAGE_NONE, "cannot read the recipes: %s%s%s",
                  problems.count > 0 ? problems.list[0].where : "", problems.count > 0 ? ": " : "",
                  problems.count > 0 ? problems.list[0].text : strerrordesc_np(-r));
    problems_release(&problems);
    return r;
}

/* That a file is no picture is told now, not with the first job. */
static int check_assets(const struct worker *worker, struct error *error)
{
    for (size_t i = 0; i < worker->recipe_count; i++) {
        int r = asset_check(worker->recipes[i], error);

        if (r < 0)
            return r;
    }
    return 0;
}

/* Everything up to being ready, in its order. */
static int start(struct worker *worker, const struct options *options, struct sandbox *ret,
                 struct error *error)
{
    const char *readable[TYPEFACES_PLACES_MAX + 1];
    struct warm_up warm_up;
    int r;

    mallopt(M_MMAP_THRESHOLD, KEPT_BUFFER_BYTES);
    mallopt(M_TRIM_THRESHOLD, KEPT_BYTES);
    mallopt(M_ARENA_MAX, 1); /* what libvips' threads free is there for all, and can be given back */

    r = engine_start(error);
    if (r < 0)
        return r;

    r = load_recipes(worker, error);
    if (r < 0)
        return r;

    r = engine_allow(worker->allowed, error);
    if (r == 0)
        r = typefaces_load(worker->allowed, error);
    if (r == 0)
        r = inner_pictures_load(worker->allowed, error);
    if (r == 0)
        r = typefaces_places(worker->allowed, readable, error);
    if (r < 0)
        return r;

    r = warm_up_begin(&warm_up, options->sandboxed, worker->allowed, readable, error);
    malloc_trim(0);
    if (r == 0)
        r = memory_bound_init(&worker->memory_bound, error);
    if (r < 0)
        return r;

    r = options->sandboxed ? sandbox_enter(readable, ret, error) : 0;
    if (r < 0)
        return r;

    warm_up_end(&warm_up);
    r = selftest_run(SELFTEST_PROOF, worker->allowed, error);
    if (r == 0)
        r = check_assets(worker, error);
    malloc_trim(0);
    return r;
}

static int say_hello(const struct worker *worker, const struct sandbox *sandbox, const struct error *error)
{
    struct hello_message hello;
    struct rusage usage;

    memset(&hello, 0, sizeof hello);
    hello.header = wire_header(WIRE_HELLO, worker->generation, 0);
    hello.ready = error->class == CLASS_NONE;
    hello.landlock_abi = sandbox->landlock_abi;
    hello.system_calls = sandbox->system_calls;
    getrusage(RUSAGE_SELF, &usage);
    hello.peak_rss_bytes = (uint64_t)usage.ru_maxrss * 1024;
    memcpy(hello.text, error->text, sizeof hello.text);
    return worker_link_send(worker->link, &hello, sizeof hello, NULL, 0);
}

static int serve(const struct options *options)
{
    struct worker worker = {
        .link = WORKER_FD_LINK,
        .mailbox = WORKER_FD_MAILBOX,
        .generation = options->generation,
    };
    struct sandbox sandbox = { 0 };
    struct error error = { .class = CLASS_NONE };
    int r;

    r = sandbox_prepare(&error);
    if (r == 0 && worker_is_alone(&worker))
        return EXIT_SUCCESS;

    if (r == 0)
        r = start(&worker, options, &sandbox, &error);
    if (say_hello(&worker, &sandbox, &error) < 0 || r < 0)
        return EXIT_FAILURE;

    r = worker_run(&worker);
    if (r < 0) {
        log_error("darkroom-worker: the supervisor sent what is not of this protocol: %s",
                  strerrordesc_np(-r));
        return EXIT_FAILURE;
    }
    return EXIT_SUCCESS;
}

int main(int argc, char **argv)
{
    struct options options;
    int r;

    r = parse_options(argc, argv, &options);
    if (r > 0)
        return EXIT_SUCCESS;
    if (r < 0 || !has_supervisor())
        return usage();

    ignore_signals();
    give_way();
    settle_descriptors();
    r = serve(&options);

    /* Not exit(): the libraries' clean-up could only do harm, the memory goes anyway. */
    fflush(stderr);
    _exit(r);
}
