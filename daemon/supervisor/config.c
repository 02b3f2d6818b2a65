/* SPDX-License-Identifier: GPL-2.0-or-later */
/* config - see config.h. */
#include "supervisor/config.h"

#include "base/cleanup.h"
#include "base/text.h"
#include "recipe/bundle.h"
#include "recipe/catalogue.h"
#include "supervisor/asset_files.h"
#include "supervisor/config_check.h"

#include <dirent.h>
#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define FOLDER_SUFFIX ".folder"

struct config *config_ref(struct config *config)
{
    atomic_fetch_add_explicit(&config->references, 1, memory_order_relaxed);
    return config;
}

void config_unref(struct config *config)
{
    if (!config || atomic_fetch_sub_explicit(&config->references, 1, memory_order_acq_rel) > 1)
        return;

    for (size_t i = 0; i < config->folder_count; i++)
        folder_conf_release(&config->folders[i]);
    for (size_t i = 0; i < config->recipe_count; i++) {
        recipe_free(config->recipes[i]);
        free(config->recipe_files[i]);
    }
    close_fd(config->bundle);
    daemon_conf_release(&config->daemon);
    free(config->folders);
    free(config->recipes);
    free(config->recipe_files);
    free(config->folder_recipes);
    free(config);
}

static void config_unrefp(struct config **config)
{
    config_unref(*config);
}

size_t config_recipe_of(const struct config *config, const struct folder_conf *folder)
{
    return config->folder_recipes[folder - config->folders];
}

const struct folder_conf *config_folder(const struct config *config, const char *name)
{
    for (size_t i = 0; i < config->folder_count; i++)
        if (strcmp(config->folders[i].name, name) == 0)
            return &config->folders[i];
    return NULL;
}

const char *config_folder_names(const struct config *config, char *buffer, size_t size)
{
    size_t used = 0;

    snprintf(buffer, size, "none");
    for (size_t i = 0; i < config->folder_count && used < size; i++)
        used +=
            (size_t)snprintf(buffer + used, size - used, "%s%s", i > 0 ? ", " : "", config->folders[i].name);
    return buffer;
}

/* The place where @name's file is: a path as it is, else DIRECTORY/recipes, else the vendor's. */
static int recipe_file(const struct config_origin *origin, const char *name, char **ret)
{
    _cleanup_free_ char *own = NULL;

    if (strchr(name, '/')) {
        *ret = strdup(name);
        return *ret ? 0 : -ENOMEM;
    }
    if (asprintf(&own, "%s/recipes", origin->directory) < 0)
        return -ENOMEM;
    return catalogue_find((const char *const[]){ own, origin->vendor_recipes }, 2, name, ret);
}

/* "web" for "web" and for "../recipes/web.recipe". The caller frees. */
static char *recipe_name(const char *named)
{
    const char *slash = strrchr(named, '/');
    const char *start = slash ? slash + 1 : named;
    const char *suffix = strstr(start, ".recipe");

    return suffix && slash ? strndup(start, (size_t)(suffix - start)) : strdup(start);
}

static int find_recipe(struct config *config, const char *name, size_t *ret)
{
    for (size_t i = 0; i < config->recipe_count; i++)
        if (strcmp(config->recipes[i]->name, name) == 0) {
            *ret = i;
            return 0;
        }
    return -ENOENT;
}

/* Loads the recipe that @folder names, unless another folder already did. */
static int add_recipe(struct config *config, const struct config_origin *origin,
                      const struct folder_conf *folder, size_t *ret, struct problems *problems)
{
    _cleanup_free_ char *path = NULL;
    _cleanup_free_ char *name = recipe_name(folder->recipe);
    struct recipe **recipes;
    char **files;
    int r;

    if (!name)
        return -ENOMEM;
    if (find_recipe(config, name, ret) == 0)
        return 0;

    r = recipe_file(origin, folder->recipe, &path);
    if (r == -ENOMEM)
        return r;
    if (r < 0)
        return folder_conf_problem(
            folder, "Recipe", problems,
            "there is no recipe \"%s\"; looked for %s/recipes/%s.recipe and %s/%s.recipe", folder->recipe,
            origin->directory, folder->recipe, origin->vendor_recipes ?: "?", folder->recipe);

    recipes = reallocarray(config->recipes, config->recipe_count + 1, sizeof(*recipes));
    if (!recipes)
        return -ENOMEM;
    config->recipes = recipes;

    files = reallocarray(config->recipe_files, config->recipe_count + 1, sizeof(*files));
    if (!files)
        return -ENOMEM;
    config->recipe_files = files;

    r = recipe_load(path, name, &asset_files, problems, &recipes[config->recipe_count]);
    if (r < 0)
        return r;
    files[config->recipe_count] = take_ptr(path);
    *ret = config->recipe_count++;
    return 0;
}

static int is_folder_file(const struct dirent *entry)
{
    size_t length = strlen(entry->d_name);

    return length > strlen(FOLDER_SUFFIX) && entry->d_name[0] != '.' &&
           strcmp(entry->d_name + length - strlen(FOLDER_SUFFIX), FOLDER_SUFFIX) == 0;
}

static struct folder_conf *next_folder(struct config *config)
{
    struct folder_conf *folders = reallocarray(config->folders, config->folder_count + 1, sizeof *folders);

    if (!folders)
        return NULL;
    config->folders = folders;
    folders[config->folder_count] = (struct folder_conf){ 0 };
    return &folders[config->folder_count++];
}

static int load_folder(struct config *config, const char *directory, const char *file,
                       struct problems *problems)
{
    _cleanup_free_ char *path = NULL;
    _cleanup_free_ char *name = strndup(file, strlen(file) - strlen(FOLDER_SUFFIX));
    struct folder_conf *folder;

    if (!name || asprintf(&path, "%s/%s", directory, file) < 0)
        return -ENOMEM;
    if (config->folder_count >= FOLDERS_MAX)
        return problems_add(problems, path, "more than %d folders", FOLDERS_MAX);

    folder = next_folder(config);
    if (!folder)
        return -ENOMEM;
    return folder_conf_load(folder, path, name, problems);
}

/* Every folder is read even when an earlier one is wrong, so that one check shows everything. */
static int load_folders(struct config *config, const struct config_origin *origin, struct problems *problems)
{
    _cleanup_free_ char *directory = NULL;
    struct dirent **files = NULL;
    int result = 0;
    int count;

    if (asprintf(&directory, "%s/folders", origin->directory) < 0)
        return -ENOMEM;

    count = scandir(directory, &files, is_folder_file, alphasort);
    if (count < 0)
        return problems_add(problems, directory,
                            "cannot be read: %s; it holds one NAME.folder file a hot folder",
                            strerrordesc_np(errno));
    if (count == 0)
        result = problems_add(problems, directory, "has no *.folder file; at least one hot folder is needed");

    for (int i = 0; i < count; i++) {
        int r = load_folder(config, directory, files[i]->d_name, problems);

        result = r < 0 ? r : result;
        free(files[i]);
    }
    free(files);
    return result;
}

static int copy_text(char **field, const char *text)
{
    *field = text ? strdup(text) : NULL;
    return text && !*field ? -ENOMEM : 0;
}

/* The folder that the options describe; its strings are copied. */
static int copy_only_folder(struct config *config, const struct folder_conf *only, struct problems *problems)
{
    struct folder_conf *folder = next_folder(config);

    if (!folder)
        return -ENOMEM;
    *folder = *only;
    folder->name = folder->path = folder->recipe = folder->output = folder->archive = folder->failed = NULL;
    folder->file_user = folder->file_group = NULL;
    folder->include = (struct conf_words){ 0 };
    folder->exclude = (struct conf_words){ 0 };
    if (copy_text(&folder->name, only->name) < 0 || copy_text(&folder->path, only->path) < 0 ||
        copy_text(&folder->recipe, only->recipe) < 0 || copy_text(&folder->output, only->output) < 0 ||
        copy_text(&folder->archive, only->archive) < 0 || copy_text(&folder->failed, only->failed) < 0)
        return -ENOMEM;
    return folder_conf_check(folder, problems);
}

static int load_recipes(struct config *config, const struct config_origin *origin, struct problems *problems)
{
    int result = 0;

    config->folder_recipes = calloc(config->folder_count, sizeof *config->folder_recipes);
    if (!config->folder_recipes)
        return -ENOMEM;

    for (size_t i = 0; i < config->folder_count; i++) {
        int r = config->folders[i].recipe
                    ? add_recipe(config, origin, &config->folders[i], &config->folder_recipes[i], problems)
                    : 0;

        result = r < 0 ? r : result;
    }
    return result;
}

/* Failed originals that are not kept in place go to ".failed" in the folder itself, unless another place is given. */
static int complete_folders(struct config *config)
{
    for (size_t i = 0; i < config->folder_count; i++) {
        struct folder_conf *folder = &config->folders[i];

        if (folder->failed || folder->originals == ORIGINALS_KEEP)
            continue;
        if (asprintf(&folder->failed, "%s/.failed", folder->path) < 0) {
            folder->failed = NULL;
            return -ENOMEM;
        }
    }
    return 0;
}

/* Looked up here, because the name service may block and the loop must not. */
static int find_admin_group(struct config *config, struct problems *problems)
{
    const struct ini_section *control = ini_find(&config->daemon.ini, "Control", NULL);
    const char *name = config->daemon.admin_group;
    struct group group, *found = NULL;
    char buffer[16 << 10], shown[TEXT_SHOWN_MAX];

    config->admin_group = (gid_t)-1;
    if (!name || !*name)
        return 0;
    if (getgrnam_r(name, &group, buffer, sizeof buffer, &found) != 0 || !found)
        return ini_problem(problems, ini_find_entry(control, "AdminGroup")->value_place,
                           "AdminGroup=%s: there is no such group", text_escape(name, shown, sizeof shown));
    config->admin_group = group.gr_gid;
    return 0;
}

/* A name, or a number. Looked up here, because the name service may block. */
static int find_owner(struct folder_conf *folder, struct problems *problems)
{
    struct passwd user, *found_user = NULL;
    struct group group, *found_group = NULL;
    char buffer[16 << 10], shown[TEXT_SHOWN_MAX];
    uint64_t number;

    if (folder->file_user && text_parse_unsigned(folder->file_user, 0, UINT32_MAX - 1, &number) == 0)
        folder->directories.uid = (uid_t)number;
    else if (folder->file_user) {
        if (getpwnam_r(folder->file_user, &user, buffer, sizeof buffer, &found_user) != 0 || !found_user)
            return folder_conf_problem(folder, "FileUser", problems, "FileUser=%s: there is no such user",
                                       text_escape(folder->file_user, shown, sizeof shown));
        folder->directories.uid = user.pw_uid;
    }
    if (folder->file_group && text_parse_unsigned(folder->file_group, 0, UINT32_MAX - 1, &number) == 0)
        folder->directories.gid = (gid_t)number;
    else if (folder->file_group) {
        if (getgrnam_r(folder->file_group, &group, buffer, sizeof buffer, &found_group) != 0 || !found_group)
            return folder_conf_problem(folder, "FileGroup", problems, "FileGroup=%s: there is no such group",
                                       text_escape(folder->file_group, shown, sizeof shown));
        folder->directories.gid = group.gr_gid;
    }
    return 0;
}

static int find_owners(struct config *config, struct problems *problems)
{
    int result = 0;

    for (size_t i = 0; i < config->folder_count; i++)
        if (find_owner(&config->folders[i], problems) < 0)
            result = -EINVAL;
    return result;
}

/* By any folder: what workers need readers for. */
static unsigned allowed_formats(const struct config *config)
{
    unsigned allowed = 0;

    for (size_t i = 0; i < config->folder_count; i++)
        allowed |= config->folders[i].allowed;
    return allowed;
}

static int make_bundle(struct config *config, const struct config_origin *origin, struct problems *problems)
{
    config->bundle = bundle_write(config->recipes, config->recipe_count, allowed_formats(config));
    if (config->bundle == -EFBIG)
        return problems_add(
            problems, origin->directory,
            "the files that its recipes name have more than %d MB together: name smaller ones",
            BUNDLE_BYTES_MAX >> 20);
    if (config->bundle < 0)
        return problems_add(problems, origin->directory, "its recipes cannot be handed to workers: %s",
                            strerrordesc_np(-config->bundle));
    return 0;
}

int config_load(const struct config_origin *origin, struct problems *problems, struct config **ret)
{
    __attribute__((cleanup(config_unrefp))) struct config *config = calloc(1, sizeof *config);
    _cleanup_free_ char *daemon_file = NULL;
    int daemon, folders, recipes;

    if (!config || asprintf(&daemon_file, "%s/darkroom.conf", origin->directory) < 0)
        return -ENOMEM;
    atomic_init(&config->references, 1);
    config->bundle = -1;

    daemon_conf_init(&config->daemon);
    daemon = daemon_conf_load(&config->daemon, daemon_file, problems);
    if (daemon == 0)
        daemon = find_admin_group(config, problems);
    if (origin->workers > 0)
        config->daemon.workers = origin->workers;

    folders = origin->only_folder ? copy_only_folder(config, origin->only_folder, problems)
                                  : load_folders(config, origin, problems);
    recipes = folders == -ENOMEM ? -ENOMEM : load_recipes(config, origin, problems);
    if (daemon < 0 || folders < 0 || recipes < 0)
        return daemon == -ENOMEM || folders == -ENOMEM || recipes == -ENOMEM ? -ENOMEM : -EINVAL;
    if (config_check_folders(config, problems) < 0 || find_owners(config, problems) < 0)
        return -EINVAL;
    if (complete_folders(config) < 0)
        return -ENOMEM;
    if (make_bundle(config, origin, problems) < 0)
        return -EINVAL;

    *ret = take_ptr(config);
    return 0;
}
