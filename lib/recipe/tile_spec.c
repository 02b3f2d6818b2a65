/* SPDX-License-Identifier: GPL-2.0-or-later */
/* tile_spec - see tile_spec.h. */
#include "recipe/tile_spec.h"

#include "base/cleanup.h"
#include "base/text.h"

#include <errno.h>
#include <inttypes.h>

/* What each layout is by itself, as the programs that show it expect it most. */
static const struct layout {
    enum format format;
    uint32_t size, overlap;
    bool may_overlap, jpeg_only; /* IIIF's level 0 is JPEG */
} layouts[] = {
    { FORMAT_DZ, 254, 1, true, false },
    { FORMAT_GOOGLE, 256, 0, false, false },
    { FORMAT_IIIF3, 512, 0, false, true },
};

static const enum format tile_formats[] = { FORMAT_JPEG, FORMAT_PNG, FORMAT_WEBP };

static int parse_number(const struct ini_entry *entry, const struct conf_key *key, uint64_t min, uint64_t max,
                        struct problems *problems, uint32_t *ret)
{
    char shown[TEXT_SHOWN_MAX];
    uint64_t value;

    if (text_parse_unsigned(entry->value, min, max, &value) < 0)
        return ini_problem(problems, entry->value_place, "%s=%s: give pixels, from %d to %d", key->name,
                           text_escape(entry->value, shown, sizeof shown), (int)min, (int)max);
    *ret = (uint32_t)value;
    return 0;
}

int tile_spec_parse_size(const struct ini_entry *entry, const struct conf_key *key, void *field,
                         struct problems *problems)
{
    struct tile_draft *draft = field;

    draft->size = 0;
    draft->size_place = entry->value_place;
    if (entry->value[0] == '\0')
        return 0;
    return parse_number(entry, key, TILE_SIZE_MIN, TILE_SIZE_MAX, problems, &draft->size);
}

int tile_spec_parse_overlap(const struct ini_entry *entry, const struct conf_key *key, void *field,
                            struct problems *problems)
{
    struct tile_draft *draft = field;

    draft->overlap_given = entry->value[0] != '\0';
    draft->overlap_place = entry->value_place;
    return draft->overlap_given ? parse_number(entry, key, 0, TILE_OVERLAP_MAX, problems, &draft->overlap)
                                : 0;
}

int tile_spec_parse_format(const struct ini_entry *entry, const struct conf_key *key, void *field,
                           struct problems *problems)
{
    struct tile_draft *draft = field;
    char shown[TEXT_SHOWN_MAX];
    enum format format;

    (void)key;
    draft->format_given = entry->value[0] != '\0';
    draft->format_place = entry->value_place;
    if (!draft->format_given)
        return 0;
    if (format_from_name(entry->value, &format) == 0)
        for (size_t i = 0; i < ARRAY_SIZE(tile_formats); i++)
            if (tile_formats[i] == format) {
                draft->format = format;
                return 0;
            }
    return ini_problem(problems, entry->value_place, "TileFormat=%s: give jpeg, png or webp",
                       text_escape(entry->value, shown, sizeof shown));
}

static const struct layout *find_layout(const enum format *formats, size_t count)
{
    for (size_t i = 0; i < ARRAY_SIZE(layouts); i++)
        for (size_t j = 0; j < count; j++)
            if (formats[j] == layouts[i].format)
                return &layouts[i];
    return NULL;
}

static int refuse_without_tiles(const struct tile_draft *draft, struct problems *problems)
{
    const struct {
        bool given;
        const char *name;
        struct ini_place place;
    } keys[] = {
        { draft->size > 0, "TileSize", draft->size_place },
        { draft->overlap_given, "Overlap", draft->overlap_place },
        { draft->format_given, "TileFormat", draft->format_place },
    };

    for (size_t i = 0; i < ARRAY_SIZE(keys); i++)
        if (keys[i].given)
            return ini_problem(problems, keys[i].place,
                               "%s=: no format in Format= has tiles: dz, google and iiif3 have",
                               keys[i].name);
    return 0;
}

int tile_spec_settle(const struct tile_draft *draft, const enum format *formats, size_t count,
                     struct problems *problems, struct tile_spec *ret)
{
    const struct layout *layout = find_layout(formats, count);

    *ret = (struct tile_spec){ 0 };
    if (!layout)
        return refuse_without_tiles(draft, problems);
    if (draft->overlap_given && draft->overlap > 0 && !layout->may_overlap)
        return ini_problem(problems, draft->overlap_place,
                           "Overlap=: tiles of %s cannot overlap: take it out",
                           format_info(layout->format)->name);
    if (draft->format_given && draft->format != FORMAT_JPEG && layout->jpeg_only)
        return ini_problem(problems, draft->format_place,
                           "TileFormat=: tiles of %s are always jpeg: take it out",
                           format_info(layout->format)->name);
    *ret = (struct tile_spec){
        .size = draft->size ?: layout->size,
        .overlap = draft->overlap_given ? draft->overlap : layout->overlap,
        .format = draft->format_given ? draft->format : FORMAT_JPEG,
    };
    return 0;
}

void tile_spec_format(const struct tile_spec *spec, FILE *stream)
{
    if (spec->size > 0)
        fprintf(stream, "TileSize=%" PRIu32 "\nOverlap=%" PRIu32 "\nTileFormat=%s\n", spec->size,
                spec->overlap, format_info(spec->format)->name);
}
