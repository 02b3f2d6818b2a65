/* SPDX-License-Identifier: GPL-2.0-or-later */
/* config_check - see config_check.h. */
#include "supervisor/config_check.h"

#include "base/cleanup.h"
#include "supervisor/territory.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

/* A folder and where its directories really are. */
struct land {
    const struct folder_conf *conf;
    struct territory *path, *output, *archive, *failed; /* the last two may be NULL */
};

struct check {
    struct land *lands;
    size_t count;
    struct problems *problems;
    int result;
};

static __attribute__((format(printf, 4, 5))) void refuse(struct check *check, const struct land *land,
                                                         const char *key, const char *format, ...)
{
    _cleanup_free_ char *text = NULL;
    va_list args;

    va_start(args, format);
    if (vasprintf(&text, format, args) < 0)
        text = NULL;
    va_end(args);
    check->result = folder_conf_problem(land->conf, key, check->problems, "%s", text ?: "out of memory");
}

/* ---- one folder ---- */

static void check_output(struct check *check, const struct land *land)
{
    if (territory_overlaps(land->output, land->path))
        refuse(check, land, "Output", "Path=%s and Output=%s are the same place or inside one another",
               land->conf->path, land->conf->output);
}

/* As text this was checked before; here it is about other names for the same place. */
static void check_own_side(struct check *check, const struct land *land, const char *key, const char *named,
                           const struct territory *side)
{
    const char *inside = side ? territory_inside(side, land->path) : NULL;

    if (inside && !folder_conf_ignores_path(land->conf, inside))
        refuse(check, land, key, "%s=%s is inside Path=%s and would be watched", key, named,
               land->conf->path);
}

/* ---- two folders ---- */

/* Originals that @a puts into the Path= of @b would be worked on again. */
static void check_side(struct check *check, const struct land *a, const char *key, const char *named,
                       const struct territory *side, const struct land *b)
{
    if (side && territory_inside(side, b->path))
        refuse(check, a, key, "%s=%s is inside the Path= of folder \"%s\" and would be watched", key, named,
               b->conf->name);
}

static void check_paths(struct check *check, const struct land *a, const struct land *b)
{
    if (territory_inside(a->path, b->path))
        refuse(check, a, "Path",
               "Path=%s is inside the Path= of folder \"%s\"; a file may belong to one folder only",
               a->conf->path, b->conf->name);
    else if (a < b && !territory_inside(b->path, a->path) && territory_overlaps(a->path, b->path))
        refuse(check, a, "Path",
               "Path=%s and the Path= of folder \"%s\" show the same directory through a mount",
               a->conf->path, b->conf->name);
}

/* ---- all folders ---- */

static bool feeds(const struct check *check, size_t from, size_t to)
{
    return territory_overlaps(check->lands[from].output, check->lands[to].path);
}

/* Do the outputs of folder @from come into folder @target, through any number of folders with higher numbers? */
static bool leads_to(const struct check *check, size_t from, size_t target, bool *passed)
{
    if (feeds(check, from, target))
        return true;
    for (size_t next = target + 1; next < check->count; next++)
        if (!passed[next] && feeds(check, from, next)) {
            passed[next] = true;
            if (leads_to(check, next, target, passed))
                return true;
        }
    return false;
}

/* Each loop is told once, for the first of its folders. A folder that leads to itself was told before. */
static void check_loops(struct check *check)
{
    for (size_t i = 0; i < check->count; i++)
        for (size_t next = i + 1; next < check->count; next++) {
            bool passed[FOLDERS_MAX] = { false };

            passed[next] = true;
            if (feeds(check, i, next) && leads_to(check, next, i, passed))
                refuse(check, &check->lands[i], "Output", "its outputs lead back to it through folder \"%s\"",
                       check->lands[next].conf->name);
        }
}

/* ---- the whole ---- */

static bool survey(struct land *land, const struct folder_conf *conf, const struct mount_table *table)
{
    land->conf = conf;
    land->path = territory_new(table, conf->path, conf);
    land->output = territory_new(table, conf->output, NULL);
    land->archive = conf->archive ? territory_new(table, conf->archive, NULL) : NULL;
    land->failed = conf->failed ? territory_new(table, conf->failed, NULL) : NULL;
    return land->path && land->output && (!conf->archive || land->archive) && (!conf->failed || land->failed);
}

static void check_all(struct check *check)
{
    for (size_t i = 0; i < check->count; i++) {
        const struct land *land = &check->lands[i];

        check_output(check, land);
        check_own_side(check, land, "Archive", land->conf->archive, land->archive);
        check_own_side(check, land, "Failed", land->conf->failed, land->failed);
        for (size_t j = 0; j < check->count; j++) {
            if (i == j)
                continue;
            check_paths(check, land, &check->lands[j]);
            check_side(check, land, "Archive", land->conf->archive, land->archive, &check->lands[j]);
            check_side(check, land, "Failed", land->conf->failed, land->failed, &check->lands[j]);
        }
    }
    check_loops(check);
}

int config_check_folders(const struct config *config, struct problems *problems)
{
    _cleanup_free_ struct land *lands = calloc(config->folder_count, sizeof *lands);
    struct check check = { .lands = lands, .count = config->folder_count, .problems = problems };
    struct mount_table *table = NULL;

    if (!lands)
        return -ENOMEM;
    mount_table_read(&table); /* without one, names are all that can be compared */
    for (size_t i = 0; i < check.count; i++)
        if (!survey(&lands[i], &config->folders[i], table))
            check.result = -ENOMEM;
    if (check.result == 0)
        check_all(&check);

    for (size_t i = 0; i < check.count; i++) {
        territory_free(lands[i].path);
        territory_free(lands[i].output);
        territory_free(lands[i].archive);
        territory_free(lands[i].failed);
    }
    mount_table_free(table);
    return check.result;
}
