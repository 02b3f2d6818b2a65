/* SPDX-License-Identifier: GPL-2.0-or-later */
/* darkroomctl recipes - the recipes that a folder can name, or the text of one.
 *
 * They are looked for where darkroomd looks that was started by the same user; no daemon is asked. */
#include "base/cleanup.h"
#include "conf/ini.h"
#include "ctl/ctl.h"
#include "ctl/recipes_view.h"
#include "ctl/report.h"

#include <errno.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#define SYSTEM_CONFIG "/etc/darkroom"

enum { PLACES = 2 }; /* the configuration's and the vendor's */

/* DIRECTORY/recipes of the configuration: --config=, else an ordinary user's own if it is there, else the system's. The
 * caller frees. */
static char *own_recipes(const struct ctl *ctl)
{
    const char *xdg = getenv("XDG_CONFIG_HOME"), *home = getenv("HOME");
    char *path = NULL;
    int r = -1;

    if (ctl->options.config)
        return asprintf(&path, "%s/recipes", ctl->options.config) < 0 ? NULL : path;
    if (geteuid() != 0 && xdg && *xdg == '/')
        r = asprintf(&path, "%s/darkroom/recipes", xdg);
    else if (geteuid() != 0 && home)
        r = asprintf(&path, "%s/.config/darkroom/recipes", home);
    if (r >= 0 && access(path, F_OK) == 0)
        return path;
    if (r >= 0)
        free(path);
    return strdup(SYSTEM_CONFIG "/recipes");
}

static int say_none(const struct ctl *ctl, const char *const *places)
{
    fprintf(ctl->screen.file, "There are no recipes in %s and %s; --config=DIR looks in DIR/recipes\n",
            places[0], places[1]);
    return CTL_DONE;
}

static int show_list(const struct ctl *ctl, const char *const *places, const struct catalogue *catalogue)
{
    int r;

    if (ctl->options.json)
        return report_own_json(ctl, json_pack("{s:o}", "recipes", recipes_view_json(catalogue)));
    if (ctl->options.names) {
        for (size_t i = 0; i < catalogue->count; i++)
            fprintf(ctl->screen.file, "%s\n", catalogue->list[i].name);
        return CTL_DONE;
    }
    if (catalogue->count == 0)
        return say_none(ctl, places);
    r = recipes_view_print(catalogue, &ctl->screen);
    return r < 0 ? report_own_failure("cannot show the recipes", r) : CTL_DONE;
}

/* The file as it is: it may become somebody's own recipe. */
static int show_file(const struct ctl *ctl, const char *path)
{
    _cleanup_file_ FILE *file = fopen(path, "re");
    char buffer[4096], last = '\n';
    size_t size;

    if (!file)
        return report_own_failure(path, -errno);
    fprintf(ctl->screen.file, "# %s\n", path);
    while ((size = fread(buffer, 1, sizeof buffer, file)) > 0) {
        fwrite(buffer, 1, size, ctl->screen.file);
        last = buffer[size - 1];
    }
    if (last != '\n')
        fputc('\n', ctl->screen.file);
    return ferror(file) ? report_own_failure(path, -errno) : CTL_DONE;
}

/* The recipe's file, and its drop-ins. */
static int show_one(const struct ctl *ctl, const char *const *places, const char *name)
{
    _cleanup_(problems_release) struct problems problems = { 0 };
    _cleanup_(ini_release) struct ini ini = { 0 };
    _cleanup_free_ char *path = NULL;
    int code = CTL_DONE;
    int r = strchr(name, '/') ? -ENOENT : catalogue_find(places, PLACES, name, &path);

    if (r < 0) {
        fprintf(stderr, CTL_PROGRAM ": recipes: there is no recipe '%s'; looked in %s and %s\n", name,
                places[0], places[1]);
        return CTL_FAILED;
    }
    ini_add_file(&ini, path, &problems);
    if (ini.file_count == 0)
        return show_file(ctl, path);
    for (size_t i = 0; i < ini.file_count && code == CTL_DONE; i++) {
        if (i > 0)
            fputc('\n', ctl->screen.file);
        code = show_file(ctl, ini.files[i]);
    }
    return code;
}

static int run(struct ctl *ctl)
{
    _cleanup_(catalogue_release) struct catalogue catalogue = { 0 };
    _cleanup_free_ char *own = own_recipes(ctl);
    const char *const places[PLACES] = { own, DARKROOM_DATA_DIR "/recipes" };
    const char *where;
    int code = CTL_DONE;
    int r;

    if (!own)
        return report_own_failure("cannot look for recipes", -ENOMEM);
    for (size_t i = 0; ctl->words[i] && code == CTL_DONE; i++)
        code = show_one(ctl, places, ctl->words[i]);
    if (ctl->words[0])
        return code;

    r = catalogue_read(places, PLACES, &catalogue, &where);
    return r < 0 ? report_own_failure(where, r) : show_list(ctl, places, &catalogue);
}

static const struct option_row rows[] = {
    { "config", "DIR", offsetof(struct options, config),
      "the daemon's configuration, instead of the usual one" },
    { "names", NULL, offsetof(struct options, names), "print the names alone" },
};

const struct command cmd_recipes = {
    .name = "recipes",
    .arguments = "[RECIPE…]",
    .help = "show the recipes that there are, or the text of one of them",
    .options = { rows, sizeof(rows) / sizeof(rows[0]) },
    .local = true,
    .run = run,
};
