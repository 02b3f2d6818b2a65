/* SPDX-License-Identifier: GPL-2.0-or-later */
/* catalogue - the recipes that there are: files NAME.recipe in directories, of which an earlier one has precedence. */
#ifndef DARKROOM_RECIPE_CATALOGUE_H
#define DARKROOM_RECIPE_CATALOGUE_H

#include <stddef.h>

struct catalogue_entry {
    char *name, *path;
    char *description; /* Description=; NULL: it has none */
};

struct catalogue {
    struct catalogue_entry *list; /* by name */
    size_t count;
};

/* The path of the recipe called @name in the first of @directories that has it, which the caller frees. A directory
 * that is NULL has none. 0, -ENOENT or -ENOMEM. */
int catalogue_find(const char *const *directories, size_t count, const char *name, char **ret);

/* Lists the recipes of all @directories, each once; none of them is checked. The caller releases *@ret. A directory that
 * is not there has none. 0, or -errno and *@ret_where (one of @directories) could not be read. */
int catalogue_read(const char *const *directories, size_t count, struct catalogue *ret,
                   const char **ret_where);

void catalogue_release(struct catalogue *catalogue);

#endif
