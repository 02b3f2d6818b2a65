/* SPDX-License-Identifier: GPL-2.0-or-later */
/* options - see options.h. One table is the command line, its help and its parsing. */
#include "supervisor/options.h"

#include "base/cleanup.h"
#include "base/text.h"

#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sysexits.h>
#include <xxhash.h>

enum option_id {
    OPTION_CONFIG = 256,
    OPTION_STATE,
    OPTION_RUNTIME,
    OPTION_WORKERS,
    OPTION_WATCH,
    OPTION_OUTPUT,
    OPTION_RECIPE,
    OPTION_SETTLE,
    OPTION_ORIGINALS,
    OPTION_ARCHIVE,
    OPTION_FAILED,
    OPTION_EXISTING,
    OPTION_DRAIN,
    OPTION_RETRY,
    OPTION_AGAIN,
    OPTION_CHECK,
    OPTION_VERBOSE,
    OPTION_VERSION,
    OPTION_HELP,
};

static const struct {
    const char *name, *argument, *help;
    enum option_id id;
} table[] = {
    { "config", "DIR", "configuration: darkroom.conf, folders/, recipes/", OPTION_CONFIG },
    { "state", "DIR", "where the ledger is kept", OPTION_STATE },
    { "runtime", "DIR", "where the control socket api.sock is", OPTION_RUNTIME },
    { "workers", "N", "worker processes (default: the usable processors)", OPTION_WORKERS },
    { "watch", "IN", "one hot folder without configuration files …", OPTION_WATCH },
    { "output", "OUT", "… its renditions go there …", OPTION_OUTPUT },
    { "recipe", "NAME|FILE", "… and are made by this recipe", OPTION_RECIPE },
    { "settle", "TIME", "a file that did not change for so long is complete (2s)", OPTION_SETTLE },
    { "originals", "keep|archive|delete", "what becomes of finished originals (keep)", OPTION_ORIGINALS },
    { "archive", "DIR", "where --originals=archive puts them", OPTION_ARCHIVE },
    { "failed", "DIR", "where failed originals and error files go", OPTION_FAILED },
    { "existing", "fail|adopt|skip|overwrite|number", "what to do with files in the way of an output (fail)",
      OPTION_EXISTING },
    { "drain", NULL, "do what is there now, then exit: 0 all done, 1 some failed, 75 held", OPTION_DRAIN },
    { "retry", NULL, "with --drain: what failed before is tried once more", OPTION_RETRY },
    { "again", NULL, "with --drain: what is done is made anew, for instance with a changed recipe",
      OPTION_AGAIN },
    { "check", NULL, "check the configuration, then exit: 0 right, 78 wrong", OPTION_CHECK },
    { "verbose", NULL, "log more", OPTION_VERBOSE },
    { "version", NULL, "print the version", OPTION_VERSION },
    { "help", NULL, "print this", OPTION_HELP },
};

void options_help(void)
{
    printf("Usage: darkroomd [--config=DIR] …                           run the configured hot folders\n"
           "       darkroomd --watch=IN --output=OUT --recipe=NAME …    run this one\n\n"
           "Watches folders and makes renditions of the pictures that are dropped there.\n\n");
    for (size_t i = 0; i < ARRAY_SIZE(table); i++) {
        char option[64];

        snprintf(option, sizeof option, "--%s%s%s", table[i].name, table[i].argument ? "=" : "",
                 table[i].argument ?: "");
        printf("  %-32s %s\n", option, table[i].help);
    }
    printf(
        "\nSee darkroomd(8), darkroom.folder(5), darkroom.recipe(5); darkroomctl(1) asks a running one.\n");
}

static int usage_error(const char *format, ...) __attribute__((format(printf, 1, 2)));
static int usage_error(const char *format, ...)
{
    va_list args;

    va_start(args, format);
    fprintf(stderr, "darkroomd: ");
    vfprintf(stderr, format, args);
    fprintf(stderr, "\nTry darkroomd --help.\n");
    va_end(args);
    return EX_USAGE;
}

static int set_path(char **field, const char *name, const char *value)
{
    char cwd[PATH_MAX];
    char *path;

    if (*value == '\0')
        return usage_error("--%s= needs a directory", name);
    if (*value == '/')
        path = strdup(value);
    else if (!getcwd(cwd, sizeof cwd) || asprintf(&path, "%s/%s", cwd, value) < 0)
        return EX_OSERR;
    free(*field);
    *field = path;
    return path ? EX_OK : EX_OSERR;
}

/* A directory that must be there: it may be a disk that is not mounted, so it is never made. */
static int set_directory(char **field, const char *name, const char *value)
{
    char *path = realpath(value, NULL);
    struct stat st;

    if (!path || stat(path, &st) < 0 || !S_ISDIR(st.st_mode)) {
        free(path);
        fprintf(stderr, "darkroomd: --%s=%s: %s\n", name, value,
                errno == ENOENT ? "there is no such directory; make it first" : "it is not a directory");
        return EX_NOINPUT;
    }
    free(*field);
    *field = path;
    return EX_OK;
}

static int set_choice(int *field, const char *name, const char *value, const char *const *choices)
{
    for (int i = 0; choices[i]; i++)
        if (strcmp(choices[i], value) == 0) {
            *field = i;
            return EX_OK;
        }
    return usage_error("--%s=%s is none of its choices", name, value);
}

static int set_recipe(char **field, const char *value)
{
    const char *suffix = strrchr(value, '.');

    if (strchr(value, '/') || (suffix && strcmp(suffix, ".recipe") == 0))
        return set_path(field, "recipe", value);
    free(*field);
    *field = strdup(value);
    return *field ? EX_OK : EX_OSERR;
}

static int apply(struct options *options, enum option_id id, const char *value)
{
    static const char *const originals[] = { "keep", "archive", "delete", NULL };
    static const char *const existing[] = { "fail", "adopt", "skip", "overwrite", "number", NULL };

    switch (id) {
    case OPTION_CONFIG:
        return set_path(&options->config_directory, "config", value);
    case OPTION_STATE:
        return set_path(&options->state_directory, "state", value);
    case OPTION_RUNTIME:
        return set_path(&options->runtime_directory, "runtime", value);
    case OPTION_WORKERS:
        if (text_parse_unsigned(value, 1, DAEMON_WORKERS_MAX, &options->supervisor.origin.workers) < 0)
            return usage_error("--workers=%s is not a number from 1 to %d", value, DAEMON_WORKERS_MAX);
        return EX_OK;
    case OPTION_WATCH:
        options->has_watch = true;
        return set_directory(&options->watch.path, "watch", value);
    case OPTION_OUTPUT:
        return set_directory(&options->watch.output, "output", value);
    case OPTION_RECIPE:
        return set_recipe(&options->watch.recipe, value);
    case OPTION_SETTLE:
        if (text_parse_duration_us(value, &options->watch.settle_us) < 0)
            return usage_error("--settle=%s is not a time span like 2s or 500ms", value);
        return EX_OK;
    case OPTION_ORIGINALS:
        return set_choice(&options->watch.originals, "originals", value, originals);
    case OPTION_ARCHIVE:
        return set_directory(&options->watch.archive, "archive", value);
    case OPTION_FAILED:
        return set_directory(&options->watch.failed, "failed", value);
    case OPTION_EXISTING:
        return set_choice(&options->watch.existing, "existing", value, existing);
    case OPTION_DRAIN:
        options->supervisor.drain = true;
        return EX_OK;
    case OPTION_RETRY:
        options->supervisor.redo |= REDO_FAILED;
        return EX_OK;
    case OPTION_AGAIN:
        options->supervisor.redo |= REDO_DONE;
        return EX_OK;
    case OPTION_CHECK:
        options->action = ACTION_CHECK;
        return EX_OK;
    case OPTION_VERBOSE:
        options->verbose = true;
        return EX_OK;
    case OPTION_VERSION:
        options->action = ACTION_VERSION;
        return EX_OK;
    case OPTION_HELP:
        options->action = ACTION_HELP;
        return EX_OK;
    }
    return EX_SOFTWARE;
}

/* ---- directories ---- */

/* $NAME/darkroom, or HOME/rest/darkroom. */
static char *xdg_directory(const char *name, const char *rest)
{
    const char *base = getenv(name), *home = getenv("HOME");
    char *path = NULL;

    if (base && *base == '/')
        return asprintf(&path, "%s/darkroom", base) < 0 ? NULL : path;
    if (!rest || !home)
        return NULL;
    return asprintf(&path, "%s/%s/darkroom", home, rest) < 0 ? NULL : path;
}

/* A hot folder given by options has its own state, named after where it leads from and to. */
static char *pair_directory(const char *state, const struct folder_conf *watch)
{
    _cleanup_free_ char *pair = NULL;
    char *path;

    if (asprintf(&pair, "%s\n%s", watch->path, watch->output) < 0)
        return NULL;
    return asprintf(&path, "%s/pairs/%016" PRIx64, state, (uint64_t)XXH3_64bits(pair, strlen(pair))) < 0
               ? NULL
               : path;
}

static int choose_directories(struct options *options)
{
    bool root = geteuid() == 0;
    bool own_state = !options->state_directory;

    if (!options->config_directory)
        options->config_directory =
            root ? strdup("/etc/darkroom") : xdg_directory("XDG_CONFIG_HOME", ".config");
    if (own_state)
        options->state_directory =
            root ? strdup("/var/lib/darkroom") : xdg_directory("XDG_STATE_HOME", ".local/state");
    if (!options->config_directory || !options->state_directory)
        return usage_error("neither HOME nor XDG directories are set; name --config= and --state=");

    if (own_state && options->has_watch) {
        char *pair = pair_directory(options->state_directory, &options->watch);

        free(options->state_directory);
        options->state_directory = pair;
    }
    options->supervisor.runtime_is_default = !options->runtime_directory;
    if (!options->runtime_directory)
        options->runtime_directory = root ? strdup("/run/darkroom")
                                          : xdg_directory("XDG_RUNTIME_DIR", NULL) ?: strdup(options->state_directory ?: "");
    return options->state_directory && options->runtime_directory ? EX_OK : EX_OSERR;
}

/* The worker beside us (a build tree), else where it is installed. */
static char *find_worker(void)
{
    char self[PATH_MAX];
    ssize_t length = readlink("/proc/self/exe", self, sizeof self - 1);
    char *slash, *path;

    self[length > 0 ? length : 0] = '\0';
    slash = strrchr(self, '/');
    if (slash) {
        static const char *const places[] = { "darkroom-worker", "../libexec/darkroom/darkroom-worker" };

        slash[1] = '\0';
        for (size_t i = 0; i < ARRAY_SIZE(places); i++) {
            if (asprintf(&path, "%s%s", self, places[i]) < 0)
                return NULL;
            if (access(path, X_OK) == 0)
                return path;
            free(path);
        }
    }
    return strdup(DARKROOM_LIBEXEC_DIR "/darkroom-worker");
}

static int check_watch(const struct options *options)
{
    const struct folder_conf *watch = &options->watch;

    if (!options->has_watch) {
        if (watch->output || watch->recipe || watch->archive || watch->failed)
            return usage_error("--output=, --recipe=, --archive= and --failed= go with --watch=");
        return EX_OK;
    }
    if (!watch->output)
        return usage_error("--watch= needs --output=DIR, where the renditions go");
    if (!watch->recipe)
        return usage_error("--watch= needs --recipe=NAME, or a path to a .recipe file");
    return EX_OK;
}

/* A running daemon is asked by darkroomctl instead. */
static int check_redo(const struct supervisor_options *supervisor)
{
    if (supervisor->redo && !supervisor->drain)
        return usage_error(
            "--retry and --again go with --drain; a running daemon does \"darkroomctl retry --failed\" "
            "and \"darkroomctl scan --again\"");
    return EX_OK;
}

static void point_into(struct options *options)
{
    struct supervisor_options *supervisor = &options->supervisor;

    supervisor->origin.directory = options->config_directory;
    supervisor->origin.vendor_recipes = options->vendor_recipes;
    supervisor->origin.only_folder = options->has_watch ? &options->watch : NULL;
    supervisor->state_directory = options->state_directory;
    supervisor->runtime_directory = options->runtime_directory;
    supervisor->worker_program = options->worker_program;
    supervisor->progress_fd = supervisor->drain && isatty(STDERR_FILENO) ? STDERR_FILENO : -1;
}

static int read_options(struct options *options, int argc, char **argv)
{
    struct option longs[ARRAY_SIZE(table) + 1] = { 0 };
    int id, r;

    for (size_t i = 0; i < ARRAY_SIZE(table); i++)
        longs[i] = (struct option){ .name = table[i].name,
                                    .has_arg = table[i].argument ? required_argument : no_argument,
                                    .val = (int)table[i].id };

    while ((id = getopt_long(argc, argv, "", longs, NULL)) != -1) {
        if (id == '?')
            return usage_error("that option is not known, or lacks its value");
        r = apply(options, (enum option_id)id, optarg);
        if (r != EX_OK)
            return r;
    }
    if (optind < argc)
        return usage_error("\"%s\" is no option; folders are named with --watch=", argv[optind]);
    return EX_OK;
}

int options_parse(struct options *options, int argc, char **argv)
{
    int r;

    *options = (struct options){ .action = ACTION_RUN };
    if (folder_conf_init(&options->watch, "watch") < 0)
        return EX_OSERR;

    r = read_options(options, argc, argv);
    if (r != EX_OK || options->action == ACTION_HELP || options->action == ACTION_VERSION)
        return r;
    r = check_watch(options);
    if (r == EX_OK)
        r = check_redo(&options->supervisor);
    if (r != EX_OK)
        return r;
    r = choose_directories(options);
    if (r != EX_OK)
        return r;

    options->vendor_recipes = strdup(DARKROOM_DATA_DIR "/recipes");
    options->worker_program = find_worker();
    if (!options->vendor_recipes || !options->worker_program)
        return EX_OSERR;
    point_into(options);
    return EX_OK;
}

void options_release(struct options *options)
{
    folder_conf_release(&options->watch);
    free(options->config_directory);
    free(options->vendor_recipes);
    free(options->state_directory);
    free(options->runtime_directory);
    free(options->worker_program);
}
