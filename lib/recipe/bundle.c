/* SPDX-License-Identifier: GPL-2.0-or-later */
/* bundle - see bundle.h.
 *
 * A header, then for each recipe a header, its name, its canonical text and the files that it needs, each behind a
 * header of its own; without NULs. Readers share one
 * open file, so they read at offsets of their own and leave its position alone. */
#include "recipe/bundle.h"

#include "base/cleanup.h"
#include "base/fd_io.h"
#include "conf/allowance.h"

#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
    BUNDLE_MAGIC = 0x626b7264, /* "drkb" */
    BUNDLE_VERSION = 4,
};

#define WHERE "recipe bundle" /* in problems */

struct bundle_header {
    uint32_t magic, version, count, allowed;
};

struct recipe_header {
    uint32_t name_bytes, text_bytes, asset_count;
};

struct asset_header {
    uint32_t kind, name_bytes, place_bytes, unused;
    uint64_t data_bytes;
};

/* Writing. */

static void write_asset(FILE *stream, const struct asset *asset)
{
    struct asset_header header;

    memset(&header, 0, sizeof header);
    header.kind = (uint32_t)asset->kind;
    header.name_bytes = (uint32_t)strlen(asset->name);
    header.place_bytes = (uint32_t)strlen(asset->place);
    header.data_bytes = asset->size;
    fwrite(&header, sizeof header, 1, stream);
    fputs(asset->name, stream);
    fputs(asset->place, stream);
    fwrite(asset->data, 1, asset->size, stream);
}

static int write_recipe(FILE *stream, const struct recipe *recipe)
{
    _cleanup_free_ char *text = recipe_format(recipe);
    struct recipe_header header;

    if (!text)
        return -ENOMEM;

    header = (struct recipe_header){
        .name_bytes = (uint32_t)strlen(recipe->name),
        .text_bytes = (uint32_t)strlen(text),
        .asset_count = (uint32_t)recipe->assets.count,
    };
    fwrite(&header, sizeof header, 1, stream);
    fputs(recipe->name, stream);
    fputs(text, stream);
    for (size_t i = 0; i < recipe->assets.count; i++)
        write_asset(stream, &recipe->assets.list[i]);
    return 0;
}

static int write_bytes(struct recipe *const *recipes, size_t count, unsigned allowed, char **ret_bytes,
                       size_t *ret_size)
{
    struct bundle_header header = { BUNDLE_MAGIC, BUNDLE_VERSION, (uint32_t)count, allowed };
    FILE *stream = open_memstream(ret_bytes, ret_size);
    int r = 0;

    if (!stream)
        return -ENOMEM;

    fwrite(&header, sizeof header, 1, stream);
    for (size_t i = 0; i < count && r == 0; i++)
        r = write_recipe(stream, recipes[i]);
    return fclose(stream) != 0 ? -ENOMEM : r;
}

int bundle_write(struct recipe *const *recipes, size_t count, unsigned allowed)
{
    _cleanup_close_ int fd = -1;
    _cleanup_free_ char *bytes = NULL;
    size_t size;
    int r;

    if (count > BUNDLE_RECIPES_MAX)
        return -E2BIG;

    r = write_bytes(recipes, count, allowed, &bytes, &size);
    if (r < 0)
        return r;
    if (size > BUNDLE_BYTES_MAX)
        return -EFBIG;

    fd = fd_memory("recipes", bytes, size);
    if (fd < 0)
        return fd;

    r = fd_seal(fd);
    if (r < 0)
        return r;
    return take_fd(&fd);
}

/* Reading. */

/* What is left to read. */
struct cursor {
    const char *next;
    size_t left;
};

/* The next @size bytes, or NULL when there are not so many. */
static const char *take_bytes(struct cursor *cursor, size_t size)
{
    const char *bytes = cursor->next;

    if (size > cursor->left)
        return NULL;
    cursor->next += size;
    cursor->left -= size;
    return bytes;
}

static int refuse(struct problems *problems, int errnum, const char *text)
{
    problems_add(problems, WHERE, "%s", text);
    return -errnum;
}

static int read_bytes(int fd, char *bytes, size_t size)
{
    size_t used = 0;

    while (used < size) {
        ssize_t n = pread(fd, bytes + used, size - used, (off_t)used);

        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return -errno;
        if (n == 0)
            return -EIO;
        used += (size_t)n;
    }
    return 0;
}

/* All of @fd. The caller frees *@ret. */
static int read_all(int fd, struct problems *problems, char **ret, size_t *ret_size)
{
    _cleanup_free_ char *bytes = NULL;
    struct stat st;
    int r;

    if (fstat(fd, &st) < 0)
        return refuse(problems, errno, "the descriptor cannot be read");
    if (st.st_size > BUNDLE_BYTES_MAX)
        return refuse(problems, EFBIG, "too large");

    bytes = malloc((size_t)st.st_size + 1);
    if (!bytes)
        return refuse(problems, ENOMEM, "out of memory");

    r = read_bytes(fd, bytes, (size_t)st.st_size);
    if (r < 0)
        return refuse(problems, -r, "the descriptor cannot be read");

    *ret = take_ptr(bytes);
    *ret_size = (size_t)st.st_size;
    return 0;
}

/* The files of one recipe, where they lie in the bundle. */
struct carried {
    struct {
        enum file_kind kind;
        const char *name, *place, *data;
        size_t name_bytes, place_bytes, data_bytes;
    } list[ASSETS_MAX];
    size_t count;
};

/* Its number; their count when it is not there. */
static size_t find_carried(const struct carried *carried, enum file_kind kind, const char *name)
{
    size_t i = 0;

    while (i < carried->count &&
           (carried->list[i].kind != kind || carried->list[i].name_bytes != strlen(name) ||
            memcmp(carried->list[i].name, name, strlen(name)) != 0))
        i++;
    return i;
}

/* asset_reader: of what the bundle carries. */
static int read_carried(void *context, enum file_kind kind, const char *name, void **ret, size_t *ret_size,
                        char *problem, size_t problem_size)
{
    const struct carried *carried = context;
    size_t at = find_carried(carried, kind, name);

    if (at == carried->count) {
        snprintf(problem, problem_size, "the bundle does not have it");
        return -ENOENT;
    }
    *ret = malloc(carried->list[at].data_bytes + 1);
    if (!*ret) {
        snprintf(problem, problem_size, "out of memory");
        return -ENOMEM;
    }
    memcpy(*ret, carried->list[at].data, carried->list[at].data_bytes);
    *ret_size = carried->list[at].data_bytes;
    return 0;
}

static bool take_asset(struct cursor *cursor, struct carried *carried)
{
    const char *bytes = take_bytes(cursor, sizeof(struct asset_header));
    struct asset_header header;

    if (!bytes)
        return false;
    memcpy(&header, bytes, sizeof header);
    carried->list[carried->count].kind = (enum file_kind)header.kind;
    carried->list[carried->count].name_bytes = header.name_bytes;
    carried->list[carried->count].place_bytes = header.place_bytes;
    carried->list[carried->count].data_bytes = header.data_bytes;
    carried->list[carried->count].name = take_bytes(cursor, header.name_bytes);
    carried->list[carried->count].place = take_bytes(cursor, header.place_bytes);
    carried->list[carried->count].data = take_bytes(cursor, header.data_bytes);
    return carried->list[carried->count].name && carried->list[carried->count].place &&
           carried->list[carried->count++].data;
}

/* Where people find them, not where the canonical text does. */
static int restore_places(const struct carried *carried, struct asset_list *assets)
{
    for (size_t i = 0; i < assets->count; i++) {
        size_t at = find_carried(carried, assets->list[i].kind, assets->list[i].name);
        char *place = strndup(carried->list[at].place, carried->list[at].place_bytes);

        if (!place)
            return -ENOMEM;
        free(assets->list[i].place);
        assets->list[i].place = place;
    }
    return 0;
}

static int parse_text(const char *name, const char *text, size_t size, struct carried *carried,
                      struct problems *problems, struct recipe **ret)
{
    struct asset_reader reader = { .read = read_carried, .context = carried };
    _cleanup_(ini_release) struct ini ini = { 0 };
    int r;

    r = ini_add_text(&ini, name, text, size, problems);
    if (r < 0)
        return r;
    r = recipe_parse(&ini, name, &reader, problems, ret);
    return r < 0 ? r : restore_places(carried, &(*ret)->assets);
}

static int read_recipe(struct cursor *cursor, struct problems *problems, struct recipe **ret)
{
    const char *header_bytes = take_bytes(cursor, sizeof(struct recipe_header));
    struct carried carried = { .count = 0 };
    _cleanup_free_ char *name = NULL;
    const char *name_bytes, *text;
    struct recipe_header header;
    int r;

    if (!header_bytes)
        return refuse(problems, EBADMSG, "it ends early");

    memcpy(&header, header_bytes, sizeof header);
    name_bytes = take_bytes(cursor, header.name_bytes);
    text = name_bytes ? take_bytes(cursor, header.text_bytes) : NULL;
    if (!text)
        return refuse(problems, EBADMSG, "it ends early");
    if (header.asset_count > ASSETS_MAX)
        return refuse(problems, EBADMSG, "a recipe has too many files");
    while (carried.count < header.asset_count)
        if (!take_asset(cursor, &carried))
            return refuse(problems, EBADMSG, "it ends early");

    name = strndup(name_bytes, header.name_bytes);
    r = name ? parse_text(name, text, header.text_bytes, &carried, problems, ret) : -ENOMEM;
    return r == -ENOMEM ? refuse(problems, ENOMEM, "out of memory") : r;
}

static int read_header(struct cursor *cursor, struct problems *problems, size_t *ret_count,
                       unsigned *ret_allowed)
{
    const char *bytes = take_bytes(cursor, sizeof(struct bundle_header));
    struct bundle_header header = { 0 };

    if (bytes)
        memcpy(&header, bytes, sizeof header);
    if (header.magic != BUNDLE_MAGIC || header.version != BUNDLE_VERSION)
        return refuse(problems, EBADMSG,
                      "it is none of this version: daemon and worker are of different installations");
    if (header.count > BUNDLE_RECIPES_MAX)
        return refuse(problems, EBADMSG, "too many recipes");
    if (header.allowed & ~(unsigned)ALLOW_ALL)
        return refuse(problems, EBADMSG, "it allows formats that there are not");

    *ret_count = header.count;
    *ret_allowed = header.allowed;
    return 0;
}

/* Reads the recipes into @recipes, which is all NULL at first. */
static int read_recipes(struct cursor *cursor, struct problems *problems, struct recipe **recipes,
                        size_t count)
{
    for (size_t i = 0; i < count; i++) {
        int r = read_recipe(cursor, problems, &recipes[i]);

        if (r < 0)
            return r;
    }
    return cursor->left > 0 ? refuse(problems, EBADMSG, "something follows the last recipe") : 0;
}

int bundle_read(int fd, struct problems *problems, struct recipe ***ret_recipes, size_t *ret_count,
                unsigned *ret_allowed)
{
    _cleanup_free_ char *bytes = NULL;
    struct cursor cursor;
    struct recipe **recipes;
    size_t size = 0, count = 0;
    unsigned allowed = 0;
    int r;

    r = read_all(fd, problems, &bytes, &size);
    if (r < 0)
        return r;

    cursor = (struct cursor){ .next = bytes, .left = size };
    r = read_header(&cursor, problems, &count, &allowed);
    if (r < 0)
        return r;

    recipes = calloc(count + 1, sizeof *recipes);
    if (!recipes)
        return refuse(problems, ENOMEM, "out of memory");

    r = read_recipes(&cursor, problems, recipes, count);
    if (r < 0) {
        bundle_free(recipes, count);
        return r;
    }

    *ret_recipes = recipes;
    *ret_count = count;
    *ret_allowed = allowed;
    return 0;
}

void bundle_free(struct recipe **recipes, size_t count)
{
    for (size_t i = 0; recipes && i < count; i++)
        recipe_free(recipes[i]);
    free(recipes);
}
