/* SPDX-License-Identifier: GPL-2.0-or-later */
/* exif_block - see exif_block.h; TIFF 6.0, EXIF 2.32.
 *
 * A block is read into four lists of entries, whose values are still the block's; the lists are thinned out, settled,
 * and written into a new block. */
#include "image/exif_block.h"

#include "base/cleanup.h"
#include "image/exif_tags.h"
#include "image/tiff_tree.h"
#include "recipe/recipe.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum { PREFIX_BYTES = 6 };

enum { COLOR_SPACE_SRGB = 1 };

/* What keeps a directory's entries, METADATA_*. */
static const unsigned wanted_by_place[TIFF_PLACE_COUNT] = {
    [TIFF_MAIN] = METADATA_EXIF,
    [TIFF_EXIF] = METADATA_EXIF,
    [TIFF_GPS] = METADATA_GPS,
    [TIFF_INTEROP] = METADATA_EXIF,
};

/* Entries that are kept by something else than their directory is, or by nothing. */
static const struct {
    enum tiff_place place;
    uint16_t first, last; /* tags */
    unsigned wanted;
} rules[] = {
    { TIFF_MAIN, TAG_ARTIST, TAG_ARTIST, METADATA_EXIF | METADATA_COPYRIGHT },
    { TIFF_MAIN, TAG_COPYRIGHT, TAG_COPYRIGHT, METADATA_EXIF | METADATA_COPYRIGHT },
    { TIFF_EXIF, TAG_MAKER_NOTE, TAG_MAKER_NOTE, METADATA_OTHER },
    { TIFF_MAIN, 0xc634, 0xc634, METADATA_OTHER }, /* the maker note of a DNG */

    /* How the pixels were stored, and where. */
    { TIFF_MAIN, 0x00fe, 0x0103, 0 }, /* NewSubfileType … Compression */
    { TIFF_MAIN, 0x0106, 0x010a, 0 }, /* PhotometricInterpretation … FillOrder */
    { TIFF_MAIN, 0x0111, 0x0112, 0 }, /* StripOffsets; Orientation, which is set anew */
    { TIFF_MAIN, 0x0115, 0x011c,
      0 }, /* SamplesPerPixel … the resolution, which files have in their own way … */
    { TIFF_MAIN, 0x0120, 0x0125, 0 }, /* FreeOffsets … T6Options */
    { TIFF_MAIN, 0x0128, 0x0129, 0 }, /* … and its unit; PageNumber */
    { TIFF_MAIN, 0x013d, 0x013d, 0 }, /* Predictor */
    { TIFF_MAIN, 0x0140, 0x0145, 0 }, /* ColorMap … TileByteCounts */
    { TIFF_MAIN, 0x014a, 0x015b, 0 }, /* SubIFDs … JPEGTables */
    { TIFF_MAIN, 0x0190, 0x0190, 0 }, /* GlobalParametersIFD */
    { TIFF_MAIN, 0x0200, 0x0213, 0 }, /* of JPEG in TIFF, YCbCr…; where a thumbnail is */
    { TIFF_MAIN, 0xc612, 0xc613, 0 }, /* that it is a DNG */

    /* Where each pixel was on the earth, which are others now. */
    { TIFF_MAIN, 0x830e, 0x830e, 0 }, /* GeoTIFF's: scale, … */
    { TIFF_MAIN, 0x8480, 0x8482, 0 }, /* … matrix and tie points, … */
    { TIFF_MAIN, 0x85d8, 0x85d8, 0 }, /* … transformation, … */
    { TIFF_MAIN, 0x87af, 0x87b1, 0 }, /* … keys and their values */
    { TIFF_MAIN, 0xa480, 0xa481, 0 }, /* GDAL's */

    /* What is metadata of other kinds, or a picture again, or room for more. */
    { TIFF_MAIN, 0x02bc, 0x02bc, 0 }, /* XMP */
    { TIFF_MAIN, 0x5012, 0x5034, 0 }, /* thumbnails of Windows */
    { TIFF_MAIN, 0x83bb, 0x83bb, 0 }, /* IPTC */
    { TIFF_MAIN, 0x8649, 0x8649, 0 }, /* Photoshop */
    { TIFF_MAIN, 0x8773, 0x8773, 0 }, /* the colour profile */
    { TIFF_MAIN, 0x935c, 0x935c, 0 }, /* layers */
    { TIFF_MAIN, 0xea1c, 0xea1c, 0 }, /* padding */
    { TIFF_EXIF, 0xea1c, 0xea1c, 0 },
};

/* What is about colours that are no more, where they were converted. */
static const struct {
    enum tiff_place place;
    uint16_t first, last;
} colour_tags[] = {
    { TIFF_MAIN, 0x012d, 0x012d }, /* TransferFunction */
    { TIFF_MAIN, 0x013e, 0x013f }, /* WhitePoint, PrimaryChromaticities */
    { TIFF_MAIN, 0x0211, 0x0214 }, /* YCbCrCoefficients … ReferenceBlackWhite */
    { TIFF_EXIF, 0xa500, 0xa500 }, /* Gamma */
    { TIFF_INTEROP, 0, UINT16_MAX },
};

/* ---- thinning out ---- */

/* To something private, which does not come along; or of a type that only BigTIFF has. */
static bool is_of_a_file(const struct tiff_entry *entry)
{
    return entry->type == TIFF_IFD || (entry->type >= TIFF_LONG8 && entry->type <= TIFF_IFD8);
}

/* What keeps the entry, METADATA_*. */
static unsigned wanted_by(enum tiff_place place, uint16_t tag)
{
    for (size_t i = 0; i < ARRAY_SIZE(rules); i++)
        if (rules[i].place == place && tag >= rules[i].first && tag <= rules[i].last)
            return rules[i].wanted;
    return wanted_by_place[place];
}

static bool is_about_colour(enum tiff_place place, uint16_t tag)
{
    for (size_t i = 0; i < ARRAY_SIZE(colour_tags); i++)
        if (colour_tags[i].place == place && tag >= colour_tags[i].first && tag <= colour_tags[i].last)
            return true;
    return false;
}

static bool is_kept(enum tiff_place place, const struct tiff_entry *entry, const struct exif_wish *wish)
{
    if (is_of_a_file(entry) || (wish->recoloured && is_about_colour(place, entry->tag)))
        return false;
    return (wanted_by(place, entry->tag) & wish->keep) != 0;
}

static void thin_out(struct tiff_tree *block, enum tiff_place place, const struct exif_wish *wish)
{
    struct tiff_directory *directory = &block->places[place];
    size_t kept = 0;

    for (size_t i = 0; i < directory->count; i++)
        if (is_kept(place, &directory->entries[i], wish))
            directory->entries[kept++] = directory->entries[i];
    directory->count = kept;
}

/* ---- settling ---- */

static void replace(struct tiff_directory *directory, uint16_t tag, uint32_t number)
{
    for (size_t i = 0; i < directory->count; i++)
        if (directory->entries[i].tag == tag)
            directory->entries[i] = tiff_entry_number(tag, number);
}

/* What the block has to say of the picture as it is now. */
static int settle(struct tiff_tree *block, const struct exif_wish *wish)
{
    struct tiff_directory *exif = &block->places[TIFF_EXIF];
    struct tiff_entry orientation = tiff_entry_number(TAG_ORIENTATION, (uint64_t)wish->orientation);

    replace(exif, TAG_WIDTH, wish->width);
    replace(exif, TAG_HEIGHT, wish->height);
    if (wish->recoloured)
        replace(exif, TAG_COLOR_SPACE, COLOR_SPACE_SRGB);
    return wish->orientation == 1 ? 0 : tiff_directory_put(&block->places[TIFF_MAIN], &orientation);
}

/* ---- the whole ---- */

static bool is_empty(const struct tiff_tree *block)
{
    for (enum tiff_place place = TIFF_MAIN; place < TIFF_PLACE_COUNT; place++)
        if (block->places[place].count > 0)
            return false;
    return true;
}

static int store(struct tiff_tree *block, void **ret, size_t *ret_size)
{
    struct tiff_taken taken;
    int r;

    if (is_empty(block))
        return 0;
    block->big = false;
    taken = tiff_tree_taken_by_note(block);
    r = tiff_tree_store(block, &taken, EXIF_BLOCK_BYTES_MAX, ret, ret_size);
    return r == -EMSGSIZE ? 0 : r;
}

static int reduce(const void *data, size_t size, const struct exif_wish *wish, void **ret, size_t *ret_size)
{
    _cleanup_(tiff_tree_release) struct tiff_tree block = { 0 };
    size_t prefix = size >= PREFIX_BYTES && memcmp(data, "Exif\0", PREFIX_BYTES - 1) == 0 ? PREFIX_BYTES : 0;
    int r;

    r = tiff_tree_read(prefix > 0 ? (const char *)data + prefix : data, size - prefix, &block);
    if (r < 0)
        return r;

    for (enum tiff_place place = TIFF_MAIN; place < TIFF_PLACE_COUNT; place++)
        thin_out(&block, place, wish);
    r = settle(&block, wish);
    return r < 0 ? r : store(&block, ret, ret_size);
}

/* What is tried one after the other until it is small enough. */
int exif_block_reduce(const void *data, size_t size, const struct exif_wish *wish, void **ret,
                      size_t *ret_size)
{
    unsigned rights = wish->keep & (METADATA_EXIF | METADATA_COPYRIGHT) ? METADATA_COPYRIGHT : 0;
    unsigned keeps[] = { wish->keep, wish->keep & ~METADATA_OTHER, rights, 0 };
    int r = 0;

    *ret = NULL;
    *ret_size = 0;
    for (size_t i = 0; i < ARRAY_SIZE(keeps) && r == 0 && !*ret; i++) {
        struct exif_wish attempt = *wish;

        attempt.keep = keeps[i];
        r = reduce(data, size, &attempt, ret, ret_size);
    }
    return r;
}
