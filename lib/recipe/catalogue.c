/* SPDX-License-Identifier: GPL-2.0-or-later */
/* catalogue - see catalogue.h. */
#include "recipe/catalogue.h"

#include "base/cleanup.h"
#include "conf/ini.h"

#include <errno.h>
#include <string.h>

#define SUFFIX ".recipe"

static char *path_of(const char *directory, const char *name)
{
    char *path;

    return asprintf(&path, "%s/%s" SUFFIX, directory, name) < 0 ? NULL : path;
}

int catalogue_find(const char *const *directories, size_t count, const char *name, char **ret)
{
    for (size_t i = 0; i < count; i++) {
        _cleanup_free_ char *path = NULL;

        if (!directories[i])
            continue;
        path = path_of(directories[i], name);
        if (!path)
            return -ENOMEM;
        if (access(path, F_OK) == 0) {
            *ret = take_ptr(path);
            return 0;
        }
    }
    return -ENOENT;
}

/* What the file at @path says that it is for, or NULL; whatever is wrong with it is for others to tell. */
static char *read_description(const char *path)
{
    _cleanup_(problems_release) struct problems problems = { 0 };
    _cleanup_(ini_release) struct ini ini = { 0 };
    const struct ini_section *section;
    const struct ini_entry *entry;

    ini_add_file(&ini, path, &problems);
    section = ini_find(&ini, "Recipe", NULL);
    entry = section ? ini_find_entry(section, "Description") : NULL;
    return entry && entry->value[0] ? strdup(entry->value) : NULL;
}

static bool has_name(const struct catalogue *catalogue, const char *name)
{
    for (size_t i = 0; i < catalogue->count; i++)
        if (strcmp(catalogue->list[i].name, name) == 0)
            return true;
    return false;
}

static int add_entry(struct catalogue *catalogue, const char *directory, const char *file)
{
    _cleanup_free_ char *name = strndup(file, strlen(file) - strlen(SUFFIX));
    _cleanup_free_ char *path = name ? path_of(directory, name) : NULL;
    struct catalogue_entry *grown;

    if (!path)
        return -ENOMEM;
    if (has_name(catalogue, name))
        return 0;
    grown = reallocarray(catalogue->list, catalogue->count + 1, sizeof *grown);
    if (!grown)
        return -ENOMEM;

    catalogue->list = grown;
    grown[catalogue->count] = (struct catalogue_entry){ .description = read_description(path) };
    grown[catalogue->count].name = take_ptr(name);
    grown[catalogue->count++].path = take_ptr(path);
    return 0;
}

static int is_recipe(const struct dirent *entry)
{
    size_t length = strlen(entry->d_name);

    return length > strlen(SUFFIX) && entry->d_name[0] != '.' &&
           strcmp(entry->d_name + length - strlen(SUFFIX), SUFFIX) == 0;
}

static int add_directory(struct catalogue *catalogue, const char *directory)
{
    struct dirent **files = NULL;
    int count = scandir(directory, &files, is_recipe, NULL);
    int result = count < 0 && errno != ENOENT ? -errno : 0;

    for (int i = 0; i < count; i++) {
        int r = add_entry(catalogue, directory, files[i]->d_name);

        result = r < 0 ? r : result;
        free(files[i]);
    }
    free(files);
    return result;
}

static int compare_names(const void *a, const void *b)
{
    return strcmp(((const struct catalogue_entry *)a)->name, ((const struct catalogue_entry *)b)->name);
}

int catalogue_read(const char *const *directories, size_t count, struct catalogue *ret,
                   const char **ret_where)
{
    _cleanup_(catalogue_release) struct catalogue catalogue = { 0 };

    for (size_t i = 0; i < count; i++) {
        int r = directories[i] ? add_directory(&catalogue, directories[i]) : 0;

        if (r < 0) {
            *ret_where = directories[i];
            return r;
        }
    }
    if (catalogue.count > 0)
        qsort(catalogue.list, catalogue.count, sizeof *catalogue.list, compare_names);
    *ret = catalogue;
    catalogue = (struct catalogue){ 0 };
    return 0;
}

void catalogue_release(struct catalogue *catalogue)
{
    for (size_t i = 0; i < catalogue->count; i++) {
        free(catalogue->list[i].name);
        free(catalogue->list[i].path);
        free(catalogue->list[i].description);
    }
    free(catalogue->list);
    *catalogue = (struct catalogue){ 0 };
}
