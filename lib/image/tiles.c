/* SPDX-License-Identifier: GPL-2.0-or-later */
/* tiles - see tiles.h. What the layouts differ in is one row each. */
#include "image/tiles.h"

#include "base/cleanup.h"
#include "image/alpha.h"
#include "image/encode.h"
#include "image/geometry.h"
#include "image/resize.h"
#include "image/source.h"
#include "image/zip_reader.h"
#include "image/zip_writer.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    LEVELS_MAX = 32, /* more than any picture's sides can be halved */
    NAME_BYTES = 128,
};

/* The pyramid: [0] is the picture itself. */
struct pyramid {
    enum format layout;
    const struct tile_spec *spec;
    struct extent levels[LEVELS_MAX];
    unsigned count;
};

/* A part of a level, in its pixels. */
struct tile {
    unsigned level;
    uint32_t column, row;
    uint32_t left, top, width, height;
};

struct layout {
    bool to_one_pixel;       /* levels go on below one tile */
    bool padded;             /* tiles at the edges are as large as the others */
    const char *description; /* the member that tells the size; NULL: there is none */
    char *(*describe)(const struct pyramid *pyramid);
    void (*name)(const struct pyramid *pyramid, const struct tile *tile, char *ret);
};

/* ---- names and descriptions ---- */

static const char *extension(const struct pyramid *pyramid)
{
    return format_info(pyramid->spec->format)->extension;
}

/* Level 0 is the smallest. */
static void name_dz(const struct pyramid *pyramid, const struct tile *tile, char *ret)
{
    snprintf(ret, NAME_BYTES, "tiles_files/%u/%" PRIu32 "_%" PRIu32 ".%s", pyramid->count - 1 - tile->level,
             tile->column, tile->row, extension(pyramid));
}

static void name_google(const struct pyramid *pyramid, const struct tile *tile, char *ret)
{
    snprintf(ret, NAME_BYTES, "%u/%" PRIu32 "/%" PRIu32 ".%s", pyramid->count - 1 - tile->level, tile->row,
             tile->column, extension(pyramid));
}

static uint64_t at_most(uint64_t value, uint64_t most)
{
    return value < most ? value : most;
}

/* A region is told in pixels of the whole picture. */
static void name_iiif3(const struct pyramid *pyramid, const struct tile *tile, char *ret)
{
    struct extent whole = pyramid->levels[0];
    uint64_t left = (uint64_t)tile->left << tile->level, top = (uint64_t)tile->top << tile->level;
    uint64_t width = at_most((uint64_t)pyramid->spec->size << tile->level, whole.width - left);
    uint64_t height = at_most((uint64_t)pyramid->spec->size << tile->level, whole.height - top);

    snprintf(ret, NAME_BYTES,
             "%" PRIu64 ",%" PRIu64 ",%" PRIu64 ",%" PRIu64 "/%" PRIu32 ",%" PRIu32 "/0/default.%s", left,
             top, width, height, tile->width, tile->height, extension(pyramid));
}

static char *describe_dz(const struct pyramid *pyramid)
{
    char *text;

    return asprintf(
               &text,
               "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
               "<Image xmlns=\"http://schemas.microsoft.com/deepzoom/2008\" Format=\"%s\" Overlap=\"%" PRIu32
               "\" TileSize=\"%" PRIu32 "\">\n"
               "  <Size Width=\"%" PRIu32 "\" Height=\"%" PRIu32 "\"/>\n"
               "</Image>\n",
               extension(pyramid), pyramid->spec->overlap, pyramid->spec->size, pyramid->levels[0].width,
               pyramid->levels[0].height) < 0
               ? NULL
               : text;
}

static void write_factors(const struct pyramid *pyramid, char *ret, size_t size)
{
    size_t used = 0;

    for (unsigned i = 0; i < pyramid->count && used < size; i++)
        used += (size_t)snprintf(ret + used, size - used, "%s%" PRIu64, i > 0 ? ", " : "", UINT64_C(1) << i);
}

/* Where the archive is unpacked nobody knows here: "id" is to be set to that. */
static char *describe_iiif3(const struct pyramid *pyramid)
{
    char factors[LEVELS_MAX * 12], *text;

    write_factors(pyramid, factors, sizeof factors);
    return asprintf(&text,
                    "{\n"
                    "  \"@context\": \"http://iiif.io/api/image/3/context.json\",\n"
                    "  \"id\": \".\",\n"
                    "  \"type\": \"ImageService3\",\n"
                    "  \"protocol\": \"http://iiif.io/api/image\",\n"
                    "  \"profile\": \"level0\",\n"
                    "  \"width\": %" PRIu32 ",\n"
                    "  \"height\": %" PRIu32 ",\n"
                    "  \"tiles\": [{ \"width\": %" PRIu32 ", \"scaleFactors\": [%s] }]\n"
                    "}\n",
                    pyramid->levels[0].width, pyramid->levels[0].height, pyramid->spec->size, factors) < 0
               ? NULL
               : text;
}

static const struct layout layouts[FORMAT_COUNT] = {
    [FORMAT_DZ] = { .to_one_pixel = true,
                    .description = "tiles.dzi",
                    .describe = describe_dz,
                    .name = name_dz },
    [FORMAT_GOOGLE] = { .padded = true, .name = name_google },
    [FORMAT_IIIF3] = { .description = "info.json", .describe = describe_iiif3, .name = name_iiif3 },
};

/* ---- geometry ---- */

static uint32_t half(uint32_t side)
{
    return side / 2 + side % 2;
}

static bool is_last(const struct pyramid *pyramid, struct extent level)
{
    uint32_t most = layouts[pyramid->layout].to_one_pixel ? 1 : pyramid->spec->size;

    return level.width <= most && level.height <= most;
}

static struct pyramid plan(struct extent picture, enum format layout, const struct tile_spec *spec)
{
    struct pyramid pyramid = { .layout = layout, .spec = spec, .levels = { picture }, .count = 1 };

    while (!is_last(&pyramid, pyramid.levels[pyramid.count - 1])) {
        struct extent above = pyramid.levels[pyramid.count - 1];

        pyramid.levels[pyramid.count++] = (struct extent){ half(above.width), half(above.height) };
    }
    return pyramid;
}

static uint32_t count_across(const struct pyramid *pyramid, unsigned level)
{
    return (pyramid->levels[level].width - 1) / pyramid->spec->size + 1;
}

static uint32_t count_down(const struct pyramid *pyramid, unsigned level)
{
    return (pyramid->levels[level].height - 1) / pyramid->spec->size + 1;
}

/* From where to where the tile number @index goes along a side of @side pixels. */
static void cut(const struct tile_spec *spec, uint32_t side, uint32_t index, uint32_t *ret_from,
                uint32_t *ret_length)
{
    uint32_t from = index * spec->size - (index > 0 ? spec->overlap : 0);
    uint64_t to = at_most((uint64_t)(index + 1) * spec->size + spec->overlap, side);

    *ret_from = from;
    *ret_length = (uint32_t)(to - from);
}

static struct tile tile_at(const struct pyramid *pyramid, unsigned level, uint32_t column, uint32_t row)
{
    struct tile tile = { .level = level, .column = column, .row = row };

    cut(pyramid->spec, pyramid->levels[level].width, column, &tile.left, &tile.width);
    cut(pyramid->spec, pyramid->levels[level].height, row, &tile.top, &tile.height);
    return tile;
}

/* ---- pixels ---- */

static int tile_error(struct error *error)
{
    return engine_error(error, CLASS_PERMANENT, STAGE_ENCODE, "cannot make a tile");
}

static int archive_error(int r, struct error *error)
{
    return error_set(error, -r, r == -ENOMEM ? CLASS_MEMORY : CLASS_PERMANENT, STAGE_ENCODE,
                     r == -ENOMEM ? "no memory for the archive of tiles"
                                  : "the archive of tiles gets too large; give a smaller Width=");
}

static int pad(VipsImage *in, uint32_t size, VipsImage **ret)
{
    return vips_embed(in, ret, 0, 0, (int)size, (int)size, "extend",
                      vips_image_hasalpha(in) ? VIPS_EXTEND_BLACK : VIPS_EXTEND_WHITE, NULL);
}

static int extract(const struct pyramid *pyramid, VipsImage *level, const struct tile *tile, VipsImage **ret)
{
    _cleanup_image_ VipsImage *part = NULL;

    if (vips_extract_area(level, &part, (int)tile->left, (int)tile->top, (int)tile->width, (int)tile->height,
                          NULL) != 0)
        return -1;
    return layouts[pyramid->layout].padded ? pad(part, pyramid->spec->size, ret) : vips_copy(part, ret, NULL);
}

static int add_tile(const struct pyramid *pyramid, VipsImage *level, const struct tile *tile,
                    unsigned quality, struct zip_writer *writer, struct error *error)
{
    _cleanup_image_ VipsImage *image = NULL;
    char name[NAME_BYTES];
    void *data = NULL;
    size_t size;
    int r;

    if (extract(pyramid, level, tile, &image) != 0 ||
        encode_bytes(image, pyramid->spec->format, quality, &data, &size) != 0)
        return tile_error(error);
    layouts[pyramid->layout].name(pyramid, tile, name);
    r = zip_writer_add(writer, name, data, size);
    g_free(data);
    return r < 0 ? archive_error(r, error) : 0;
}

static int add_level(const struct pyramid *pyramid, VipsImage *image, unsigned level, unsigned quality,
                     struct zip_writer *writer, struct error *error)
{
    uint32_t across = count_across(pyramid, level), down = count_down(pyramid, level);

    for (uint32_t row = 0; row < down; row++)
        for (uint32_t column = 0; column < across; column++) {
            struct tile tile = tile_at(pyramid, level, column, row);
            int r = add_tile(pyramid, image, &tile, quality, writer, error);

            if (r < 0)
                return r;
        }
    return 0;
}

static int shrink(VipsImage **image, struct extent to)
{
    struct placement placement = { .scaled = to, .window = to, .canvas = to };
    _cleanup_image_ VipsImage *scaled = NULL;
    VipsImage *copy;

    if (resize_scale(*image, natural_size_of(*image), &placement, &scaled) != 0)
        return -1;
    copy = vips_image_copy_memory(scaled);
    if (!copy)
        return -1;
    image_replace(image, copy);
    return 0;
}

static int add_levels(const struct pyramid *pyramid, VipsImage *image, unsigned quality,
                      struct zip_writer *writer, struct error *error)
{
    _cleanup_image_ VipsImage *level = image;

    g_object_ref(image);
    for (unsigned i = 0; i < pyramid->count; i++) {
        int r;

        if (i > 0 && shrink(&level, pyramid->levels[i]) != 0)
            return tile_error(error);
        r = add_level(pyramid, level, i, quality, writer, error);
        if (r < 0)
            return r;
    }
    return 0;
}

static int add_description(const struct pyramid *pyramid, struct zip_writer *writer, struct error *error)
{
    const struct layout *layout = &layouts[pyramid->layout];
    _cleanup_free_ char *text = layout->describe ? layout->describe(pyramid) : NULL;
    int r;

    if (!layout->describe)
        return 0;
    r = text ? zip_writer_add(writer, layout->description, text, strlen(text)) : -ENOMEM;
    return r < 0 ? archive_error(r, error) : 0;
}

int tiles_make(VipsImage *image, enum format layout, const struct tile_spec *spec, unsigned quality,
               void **ret, size_t *ret_size, struct error *error)
{
    struct pyramid pyramid =
        plan((struct extent){ (uint32_t)image->Xsize, (uint32_t)image->Ysize }, layout, spec);
    _cleanup_(zip_writer_release) struct zip_writer writer = { 0 };
    int r;

    r = add_description(&pyramid, &writer, error);
    if (r == 0)
        r = add_levels(&pyramid, image, quality, &writer, error);
    if (r < 0)
        return r;

    r = zip_writer_finish(&writer, ret, ret_size);
    return r < 0 ? archive_error(r, error) : 0;
}

/* ---- reading back ---- */

static int broken(struct error *error, const char *what)
{
    return error_set(error, EBADMSG, CLASS_PERMANENT, STAGE_CHECK, "the archive of tiles reads back with %s",
                     what);
}

static int64_t count_members(const struct pyramid *pyramid)
{
    int64_t count = layouts[pyramid->layout].description ? 1 : 0;

    for (unsigned i = 0; i < pyramid->count; i++)
        count += (int64_t)count_across(pyramid, i) * count_down(pyramid, i);
    return count;
}

static int check_description(const struct pyramid *pyramid, const void *data, size_t size,
                             struct error *error)
{
    const struct layout *layout = &layouts[pyramid->layout];
    _cleanup_free_ char *wanted = layout->describe ? layout->describe(pyramid) : NULL;
    const void *found;
    size_t found_size;

    if (!layout->describe)
        return 0;
    if (!wanted)
        return archive_error(-ENOMEM, error);
    if (zip_reader_find(data, size, layout->description, &found, &found_size) < 0 ||
        found_size != strlen(wanted) || memcmp(found, wanted, found_size) != 0)
        return broken(error, "another description");
    return 0;
}

/* The last tile of the picture itself, in the corner, is no smaller and no larger than it should be. */
static int check_corner(const struct pyramid *pyramid, const void *data, size_t size, struct error *error)
{
    struct tile tile = tile_at(pyramid, 0, count_across(pyramid, 0) - 1, count_down(pyramid, 0) - 1);
    bool padded = layouts[pyramid->layout].padded;
    int width = (int)(padded ? pyramid->spec->size : tile.width);
    int height = (int)(padded ? pyramid->spec->size : tile.height);
    _cleanup_image_ VipsImage *header = NULL;
    char name[NAME_BYTES];
    const void *found;
    size_t found_size;

    layouts[pyramid->layout].name(pyramid, &tile, name);
    if (zip_reader_find(data, size, name, &found, &found_size) < 0)
        return broken(error, "a tile missing");
    if (source_open_header(pyramid->spec->format, found, found_size, 1, &header) != 0)
        return engine_error(error, CLASS_PERMANENT, STAGE_CHECK, "a tile cannot be read back");
    return header->Xsize == width && header->Ysize == height ? 0 : broken(error, "a tile of another size");
}

int tiles_check(const void *data, size_t size, enum format layout, const struct tile_spec *spec,
                uint32_t width, uint32_t height, struct error *error)
{
    struct pyramid pyramid = plan((struct extent){ width, height }, layout, spec);
    int r;

    if (zip_reader_count(data, size) != count_members(&pyramid))
        return broken(error, "another number of members");
    r = check_description(&pyramid, data, size, error);
    return r < 0 ? r : check_corner(&pyramid, data, size, error);
}
