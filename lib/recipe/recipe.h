/* SPDX-License-Identifier: GPL-2.0-or-later */
/* recipe - what to make of a picture: text in the ini grammar, checked into steps and renditions.
 *
 * A recipe has steps that apply to the decoded picture, in order, and named outputs. An output's Width ×
 * Height × Format fan out into renditions; rendition numbers are their order, are the same in every process
 * that parses the same text, and are how ticket, result and ledger speak of an output.
 *
 *     [Recipe]
 *     Description=Two widths
 *     Step=auto-orient
 *     [Output srcset]
 *     Name={dir}/{stem}-{width}.{ext}
 *     Width=640 1280
 *     Format=webp jpeg
 *     Quality=webp:75 jpeg:82
 *
 * A recipe is immutable once parsed; any thread may read it. */
#ifndef DARKROOM_RECIPE_RECIPE_H
#define DARKROOM_RECIPE_RECIPE_H

#include "base/problems.h"
#include "conf/conf_table.h"
#include "conf/ini.h"
#include "recipe/asset.h"
#include "recipe/fit.h"
#include "recipe/encoding.h"
#include "recipe/format.h"
#include "recipe/manifest_spec.h"
#include "recipe/step.h"
#include "recipe/tile_spec.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    RECIPE_OUTPUTS_MAX = 16,
    RECIPE_RENDITIONS_MAX = 60, /* their descriptors travel in one message: below FD_PASS_MAX */
    RECIPE_SIZE_MAX = 65500,    /* pixels, Width= and Height= */

    /* Where files are told by the rendition that they are of, the manifest, which is of all, has this number. */
    RENDITION_MANIFEST = RECIPE_RENDITIONS_MAX,
};

/* Bits of Metadata=. */
enum {
    METADATA_ICC = 1 << 0,       /* the colour profile */
    METADATA_COPYRIGHT = 1 << 1, /* whose picture it is, in EXIF, XMP and IPTC */
    METADATA_EXIF = 1 << 2,      /* EXIF but for places, maker notes and thumbnails */
    METADATA_GPS = 1 << 3,       /* where it was taken, in EXIF; and in XMP, where that is kept */
    METADATA_XMP = 1 << 4,
    METADATA_IPTC = 1 << 5,
    METADATA_OTHER = 1 << 6, /* what has no name of its own: maker notes; only "all" has it */
    METADATA_DEFAULT = METADATA_ICC | METADATA_COPYRIGHT,
    METADATA_ALL = (1 << 7) - 1,
};

struct output_spec {
    char *name;          /* the section's: "srcset" */
    char *name_template; /* Name=, or the default */
    enum fit fit;
    enum gravity gravity; /* for FIT_COVER and FIT_CONTAIN */
    bool enlarge;
    bool has_background;      /* else it is transparent, and on white where the format cannot be */
    struct colour background; /* of what FIT_CONTAIN adds, and behind what is transparent */
    struct step_list steps;   /* done when the output has its size */
    unsigned metadata;        /* METADATA_* */
    struct tile_spec tiles;   /* of a format that has them */
    uint64_t max_bytes;       /* of each file; 0: any number */
    bool still; /* Animated=no: of an animation it is the first frame, even where its format can be one */
};

struct rendition {
    uint16_t output; /* index into outputs */
    enum format format;
    uint32_t width, height; /* as asked for; 0: free */
    struct encoding encoding;
};

struct recipe {
    char *name; /* the file's, without ".recipe" */
    char *description;
    struct step_list steps;
    struct output_spec outputs[RECIPE_OUTPUTS_MAX];
    size_t output_count;
    struct rendition renditions[RECIPE_RENDITIONS_MAX];
    size_t rendition_count;
    struct manifest_spec manifest;
    struct asset_list assets; /* of all steps */
    uint64_t hash; /* XXH3-64 of recipe_format()'s text and the assets: equal hashes make equal pictures */
};

/* The format that the pixels of @rendition are stored in: its own, or that of its tiles. */
enum format recipe_pixel_format(const struct recipe *recipe, const struct rendition *rendition);

/* Checks @ini and makes a recipe called @name of it; files that it needs are read by @reader (NULL: there are none). On
 * failure every problem, with its place, is added to @problems, -EINVAL (or -ENOMEM) is returned and *@ret is
 * untouched. */
int recipe_parse(const struct ini *ini, const char *name, const struct asset_reader *reader,
                 struct problems *problems, struct recipe **ret);

/* Reads PATH and PATH.d/<any>.conf (in order of their names) and parses them, as recipe_parse(). */
int recipe_load(const char *path, const char *name, const struct asset_reader *reader,
                struct problems *problems, struct recipe **ret);

/* The recipe as text in one canonical form, which recipe_parse() reads back into an equal recipe. It is what
 * workers are given. The caller frees; NULL when memory is out. */
char *recipe_format(const struct recipe *recipe);

/* The row of the @index-th key of [Recipe]; NULL after the last. */
const struct conf_key *recipe_key(size_t index);

/* Accepts NULL. */
void recipe_free(struct recipe *recipe);

#define _cleanup_recipe_ __attribute__((cleanup(recipe_freep)))
static inline void recipe_freep(struct recipe **recipe)
{
    recipe_free(*recipe);
}

#endif
