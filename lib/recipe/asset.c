/* SPDX-License-Identifier: GPL-2.0-or-later */
/* asset - see asset.h. */
#include "recipe/asset.h"

#include "base/cleanup.h"
#include "recipe/format.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* ICC.1:2010, 7.2.6 and 7.2.9 */
enum { ICC_COLOURS_OFFSET = 16, ICC_SIGNATURE_OFFSET = 36 };

static bool is_picture(const void *data, size_t size)
{
    static const enum format formats[] = { FORMAT_JPEG, FORMAT_PNG, FORMAT_WEBP };

    for (size_t i = 0; i < ARRAY_SIZE(formats); i++)
        if (format_begins(formats[i], data, size))
            return true;
    return false;
}

/* Outputs are grey or RGB. */
static bool is_profile(const void *data, size_t size)
{
    const char *bytes = data;

    return size > ICC_SIGNATURE_OFFSET + 4 && memcmp(bytes + ICC_SIGNATURE_OFFSET, "acsp", 4) == 0 &&
           (memcmp(bytes + ICC_COLOURS_OFFSET, "RGB ", 4) == 0 ||
            memcmp(bytes + ICC_COLOURS_OFFSET, "GRAY", 4) == 0);
}

/* TrueType and OpenType, by their first four bytes. */
static bool is_font(const void *data, size_t size)
{
    static const char marks[][4] = {
        { 0, 1, 0, 0 }, { 'O', 'T', 'T', 'O' }, { 't', 'r', 'u', 'e' }, { 't', 't', 'c', 'f' }
    };

    for (size_t i = 0; i < ARRAY_SIZE(marks); i++)
        if (size > sizeof marks[i] && memcmp(data, marks[i], sizeof marks[i]) == 0)
            return true;
    return false;
}

/* What is seen without a decoder. */
static const struct {
    bool (*test)(const void *data, size_t size);
    const char *wanted;
} kinds[FILE_KIND_COUNT] = {
    [FILE_PICTURE] = { is_picture, "it is no JPEG, PNG or WebP picture" },
    [FILE_PROFILE] = { is_profile, "it is no ICC profile of RGB or grey" },
    [FILE_FONT] = { is_font, "it is no TrueType or OpenType font" },
};

static int find(const struct asset_list *assets, enum file_kind kind, const char *name)
{
    for (size_t i = 0; i < assets->count; i++)
        if (assets->list[i].kind == kind && strcmp(assets->list[i].name, name) == 0)
            return (int)i;
    return -1;
}

static int refuse(int errnum, const char *why, char *problem, size_t problem_size)
{
    snprintf(problem, problem_size, "%s", why);
    return -errnum;
}

/* Without @data. */
static int append(struct asset_list *assets, enum file_kind kind, const char *name, const char *place)
{
    struct asset *list = reallocarray(assets->list, assets->count + 1, sizeof *list);
    struct asset *asset;

    if (!list)
        return -ENOMEM;
    assets->list = list;

    /* It is counted before it is complete, so that asset_list_release() finds what it has. */
    asset = &list[assets->count++];
    *asset = (struct asset){ .kind = kind, .name = strdup(name), .place = strdup(place) };
    return asset->name && asset->place ? (int)(assets->count - 1) : -ENOMEM;
}

int asset_add(struct asset_list *assets, const struct asset_reader *reader, enum file_kind kind,
              const char *name, const char *place, char *problem, size_t problem_size)
{
    int index = find(assets, kind, name), r;
    _cleanup_free_ void *data = NULL;
    size_t size = 0;

    if (index >= 0)
        return index;
    if (assets->count >= ASSETS_MAX)
        return refuse(E2BIG, "a recipe has at most 32 files", problem, problem_size);
    if (!reader)
        return refuse(ENOENT, "there are no files here", problem, problem_size);

    r = reader->read(reader->context, kind, name, &data, &size, problem, problem_size);
    if (r < 0)
        return r;
    if (size > ASSET_BYTES_MAX)
        return refuse(EFBIG, "it is too large: at most 16 MB", problem, problem_size);
    if (!kinds[kind].test(data, size))
        return refuse(EBADMSG, kinds[kind].wanted, problem, problem_size);

    r = append(assets, kind, name, place);
    if (r < 0)
        return refuse(-r, "out of memory", problem, problem_size);
    assets->list[r].data = take_ptr(data);
    assets->list[r].size = size;
    return r;
}

static void asset_release(struct asset *asset)
{
    free(asset->name);
    free(asset->place);
    free(asset->data);
    *asset = (struct asset){ 0 };
}

void asset_list_arrange(struct asset_list *assets, const int *order, size_t count)
{
    struct asset arranged[ASSETS_MAX];

    for (size_t i = 0; i < count; i++) {
        arranged[i] = assets->list[order[i]];
        assets->list[order[i]] = (struct asset){ 0 };
    }
    for (size_t i = 0; i < assets->count; i++)
        asset_release(&assets->list[i]);
    for (size_t i = 0; i < count; i++)
        assets->list[i] = arranged[i];
    assets->count = count;
}

void asset_list_release(struct asset_list *assets)
{
    for (size_t i = 0; i < assets->count; i++)
        asset_release(&assets->list[i]);
    free(assets->list);
    *assets = (struct asset_list){ 0 };
}
