/* SPDX-License-Identifier: GPL-2.0-or-later */
/* config - the whole configuration of one generation: daemon, folders and their recipes; immutable.
 *
 * It is read and checked as a whole, in the main thread before the loop starts or in an errand's thread for a
 * reload, and then shared by reference: jobs keep the generation that they were taken under. */
#ifndef DARKROOM_SUPERVISOR_CONFIG_H
#define DARKROOM_SUPERVISOR_CONFIG_H

#include "base/problems.h"
#include "conf/daemon_conf.h"
#include "conf/folder_conf.h"
#include "recipe/recipe.h"

#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

enum { FOLDERS_MAX = 256 };

/* Where a configuration comes from; all paths absolute but @recipe, owned by whoever made it. */
struct config_origin {
    const char *directory;                 /* has darkroom.conf, folders/, recipes/ */
    const char *vendor_recipes;            /* searched for recipes after DIRECTORY/recipes */
    const struct folder_conf *only_folder; /* from --watch: instead of DIRECTORY/folders; or NULL */
    uint64_t workers;                      /* from --workers; 0: as configured */
};

struct config {
    atomic_uint references;
    struct daemon_conf daemon;
    struct folder_conf *folders;
    size_t folder_count;
    struct recipe **recipes; /* each once, in the order in which the folders name them */
    char **recipe_files;     /* where each was read */
    size_t recipe_count;
    size_t *folder_recipes; /* for each folder, its recipe's index */
    gid_t admin_group;      /* of AdminGroup=; (gid_t)-1: none */
    int bundle;             /* the recipes with the files that they name, as workers get them (recipe/bundle.h) */
};

/* Reads and checks everything. The caller owns the only reference. 0, or -EINVAL with every problem in
 * @problems, or -ENOMEM. Blocks on files. */
int config_load(const struct config_origin *origin, struct problems *problems, struct config **ret);

struct config *config_ref(struct config *config);
/* Frees it with its last reference; accepts NULL. Any thread. */
void config_unref(struct config *config);

/* The number of @folder's recipe; @folder is one of @config's. */
size_t config_recipe_of(const struct config *config, const struct folder_conf *folder);

/* The names of the folders, for messages: "print, web", or "none"; cut at @size. Returns @buffer. */
const char *config_folder_names(const struct config *config, char *buffer, size_t size);

/* The folder called @name, or NULL. */
const struct folder_conf *config_folder(const struct config *config, const char *name);

#endif
