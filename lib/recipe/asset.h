/* SPDX-License-Identifier: GPL-2.0-or-later */
/* asset - the files that a recipe needs: pictures that are laid over others, masks, profiles, fonts.
 *
 * The daemon reads them when it reads the recipe; workers, which can open nothing, get them with it (bundle.h). What is
 * in them counts for the recipe's hash. */
#ifndef DARKROOM_RECIPE_ASSET_H
#define DARKROOM_RECIPE_ASSET_H

#include "recipe/value.h"

#include <stddef.h>

enum {
    ASSETS_MAX = 32,            /* of a recipe */
    ASSET_BYTES_MAX = 16 << 20, /* of each */
};

struct asset {
    enum file_kind kind;
    char *name;  /* as in the canonical text */
    char *place; /* where it is named first, "FILE:LINE:COLUMN", for messages */
    void *data;
    size_t size;
};

struct asset_list {
    struct asset *list;
    size_t count;
};

/* Whoever can read such files. */
struct asset_reader {
    /* Reads the file of @kind called @name into *@ret, which the caller frees. 0, or -errno and @problem (@problem_size
     * bytes) says in words what is wrong and what to do. */
    int (*read)(void *context, enum file_kind kind, const char *name, void **ret, size_t *ret_size,
                char *problem, size_t problem_size);
    void *context;
};

/* Adds the file, named at @place, unless it is there, and returns its number; or -errno with @problem as above. @reader
 * may be NULL: then there are no files. */
int asset_add(struct asset_list *assets, const struct asset_reader *reader, enum file_kind kind,
              const char *name, const char *place, char *problem, size_t problem_size);

/* Leaves those with the numbers in @order (@count, each once), in that order; the others are freed. */
void asset_list_arrange(struct asset_list *assets, const int *order, size_t count);

void asset_list_release(struct asset_list *assets);

#endif
