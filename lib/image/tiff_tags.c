/* SPDX-License-Identifier: GPL-2.0-or-later */
/* tiff_tags - see tiff_tags.h.
 *
 *     header [room, maker note] pixels directories values
 *
 * The new file has the pixels as they were, and behind them a directory made of the encoder's and the block's, and
 * those that hang on it. Pixels move only to make room for a maker note. */
#include "image/tiff_tags.h"

#include "base/cleanup.h"
#include "image/exif_tags.h"
#include "image/iptc_block.h"
#include "image/tiff_tree.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum { LONG_BYTES = 4 };

/* Where pixels are told to be, and how many bytes of them are there. */
static const struct {
    uint16_t offsets, counts;
} pixel_tags[] = { { 0x0111, 0x0117 }, { 0x0144, 0x0145 } };

/* What in EXIF is about a JPEG's pixels, and in TIFF about the file's own. */
static const uint16_t foreign_tags[] = { 0x012d /* TransferFunction */, 0x0214 /* ReferenceBlackWhite */ };

/* The strips or tiles of a file. */
struct pixels {
    const struct tiff_entry *offsets, *counts;
    size_t from, to; /* all of them are in between */
};

/* False when there are none, or not all of them are in the file. */
static bool find_pixels(const struct tiff_tree *tree, struct pixels *ret)
{
    const struct tiff_directory *main = &tree->places[TIFF_MAIN];
    struct pixels pixels = { .from = tiff_tree_header_bytes(tree) };

    for (size_t i = 0; i < ARRAY_SIZE(pixel_tags) && !pixels.offsets; i++) {
        pixels.offsets = tiff_directory_find(main, pixel_tags[i].offsets);
        pixels.counts = tiff_directory_find(main, pixel_tags[i].counts);
    }
    if (!pixels.offsets || !pixels.counts || pixels.offsets->count != pixels.counts->count)
        return false;

    pixels.to = pixels.from;
    for (size_t i = 0; i < pixels.offsets->count; i++) {
        uint64_t at = tiff_entry_at(tree, pixels.offsets, i), bytes = tiff_entry_at(tree, pixels.counts, i);

        if (at < pixels.from || at > tree->size || bytes > tree->size - at)
            return false;
        pixels.to = at + bytes > pixels.to ? (size_t)(at + bytes) : pixels.to;
    }
    *ret = pixels;
    return true;
}

/* ---- moving pixels ---- */

/* The offsets, @by bytes further, as an entry whose values are *@ret's. */
static int move_offsets(const struct tiff_tree *tree, const struct pixels *pixels, size_t by,
                        unsigned char **ret, struct tiff_entry *ret_entry)
{
    struct tiff_entry moved = *pixels->offsets;
    size_t each = tree->big ? 2 * LONG_BYTES : LONG_BYTES;
    unsigned char *to = malloc((size_t)moved.count * each);

    if (!to)
        return -ENOMEM;
    for (size_t i = 0; i < moved.count; i++)
        tiff_tree_put_number(tree, to + i * each, tiff_entry_at(tree, pixels->offsets, i) + by, each);
    moved.type = tree->big ? TIFF_LONG8 : TIFF_LONG;
    moved.value = to;
    moved.value_bytes = (size_t)moved.count * each;
    *ret = to;
    *ret_entry = moved;
    return 0;
}

/* ---- adding entries ---- */

static bool is_foreign(uint16_t tag)
{
    for (size_t i = 0; i < ARRAY_SIZE(foreign_tags); i++)
        if (foreign_tags[i] == tag)
            return true;
    return false;
}

/* What the encoder says of its file is true; it has not been told the orientation. */
static bool is_added(const struct tiff_directory *main, uint16_t tag)
{
    return tag == TAG_ORIENTATION || (!is_foreign(tag) && !tiff_directory_find(main, tag));
}

static int add_block(struct tiff_tree *tree, const struct tiff_tree *block)
{
    int r = 0;

    for (enum tiff_place place = TIFF_MAIN; place < TIFF_PLACE_COUNT; place++)
        for (size_t i = 0; i < block->places[place].count && r == 0; i++) {
            struct tiff_entry entry = block->places[place].entries[i];

            entry.swapped = block->big_endian != tree->big_endian;
            if (place != TIFF_MAIN || is_added(&tree->places[TIFF_MAIN], entry.tag))
                r = tiff_directory_put(&tree->places[place], &entry);
        }
    return r;
}

static int add_bytes(struct tiff_tree *tree, uint16_t tag, enum tiff_type type, const void *data, size_t size)
{
    size_t each = type == TIFF_LONG ? LONG_BYTES : 1;
    struct tiff_entry entry = {
        .tag = tag, .type = type, .count = size / each, .value = data, .value_bytes = size
    };

    return size > 0 ? tiff_directory_put(&tree->places[TIFF_MAIN], &entry) : 0;
}

/* The format has to have numbers; without a unit they tell the shape of a pixel alone. */
static int settle_density(struct tiff_tree *tree, const struct attachments *attachments)
{
    enum { NO_UNIT = 1 };
    struct tiff_entry unit = tiff_entry_number(TAG_RESOLUTION_UNIT, NO_UNIT);

    return attachments_have_density(attachments) ? 0 : tiff_directory_put(&tree->places[TIFF_MAIN], &unit);
}

/* Everybody has it as whole LONGs, of whose order nothing is meant. */
static int pad_iptc(const struct attachment *iptc, unsigned char **ret, size_t *ret_size)
{
    size_t size = (iptc->size + LONG_BYTES - 1) / LONG_BYTES * LONG_BYTES;
    unsigned char *padded;

    *ret_size = size;
    if (size == 0)
        return 0;
    padded = calloc(1, size);
    if (!padded)
        return -ENOMEM;
    memcpy(padded, iptc->data, iptc->size);
    *ret = padded;
    return 0;
}

/* ---- the whole ---- */

/* Of what the pixels and a maker note take. */
static struct tiff_taken taken_by(const struct pixels *pixels, const struct tiff_tree *block)
{
    struct tiff_taken taken = tiff_tree_taken_by_note(block);
    size_t bytes = pixels->to - pixels->from;

    taken.note = taken.note && taken.from >= pixels->from;
    if (!taken.note)
        taken.from = taken.to = pixels->from;
    taken.to += taken.to % 2;
    taken.to += bytes;
    return taken;
}

static int store(struct tiff_tree *tree, const struct pixels *pixels, const struct tiff_tree *block,
                 void **ret, size_t *ret_size)
{
    struct tiff_taken taken = taken_by(pixels, block);
    size_t bytes = pixels->to - pixels->from, at = taken.to - bytes;
    _cleanup_free_ unsigned char *offsets = NULL;
    struct tiff_entry moved;
    int r;

    r = move_offsets(tree, pixels, at - pixels->from, &offsets, &moved);
    if (r == 0)
        r = tiff_directory_put(&tree->places[TIFF_MAIN], &moved);
    if (r == 0)
        r = tiff_tree_store(tree, &taken, SIZE_MAX, ret, ret_size);
    if (r == 0)
        memcpy((char *)*ret + at, tree->bytes + pixels->from, bytes);
    return r;
}

static int attach(struct tiff_tree *tree, const struct tiff_tree *block,
                  const struct attachments *attachments, void **ret, size_t *ret_size)
{
    const struct attachment *icc = &attachments->icc, *xmp = &attachments->xmp;
    _cleanup_free_ unsigned char *iptc = NULL;
    struct pixels pixels;
    size_t iptc_size;
    int r;

    r = pad_iptc(&attachments->iptc, &iptc, &iptc_size);
    if (r == 0)
        r = settle_density(tree, attachments);
    if (r == 0)
        r = add_block(tree, block);
    if (r == 0)
        r = add_bytes(tree, TAG_ICC, TIFF_UNDEFINED, icc->data, icc->size);
    if (r == 0)
        r = add_bytes(tree, TAG_XMP, TIFF_BYTE, xmp->data, xmp->size);
    if (r == 0)
        r = add_bytes(tree, TAG_IPTC, TIFF_LONG, iptc, iptc_size);
    if (r < 0)
        return r;
    if (!find_pixels(tree, &pixels))
        return -EBADMSG;
    return store(tree, &pixels, block, ret, ret_size);
}

int tiff_tags_attach(const void *tiff, size_t size, const struct attachments *attachments, void **ret,
                     size_t *ret_size)
{
    _cleanup_(tiff_tree_release) struct tiff_tree tree = { 0 }, block = { 0 };
    int r;

    r = tiff_tree_read(tiff, size, &tree);
    if (r == 0)
        r = tiff_tree_read(attachments->exif.data, attachments->exif.size, &block);
    if (r == 0)
        r = attach(&tree, &block, attachments, ret, ret_size);
    return r == -EMSGSIZE ? -EFBIG : r;
}

/* ---- reading ---- */

enum { DATASET_MARK = 0x1c };

/* Some writers take the record for numbers, and give them the file's byte order. */
static bool is_swapped(const unsigned char *record, size_t size)
{
    return size >= LONG_BYTES && record[0] != DATASET_MARK && record[LONG_BYTES - 1] == DATASET_MARK;
}

static int copy_record(const struct tiff_entry *entry, void **ret, size_t *ret_size)
{
    bool swapped = is_swapped(entry->value, entry->value_bytes);
    size_t size = swapped ? entry->value_bytes / LONG_BYTES * LONG_BYTES : entry->value_bytes;
    unsigned char *copy = malloc(size);

    if (!copy)
        return -ENOMEM;
    if (!swapped)
        memcpy(copy, entry->value, size);
    for (size_t i = 0; i < size && swapped; i++)
        copy[i] = entry->value[i - i % LONG_BYTES + (LONG_BYTES - 1 - i % LONG_BYTES)];
    *ret = copy;
    *ret_size = size;
    return 0;
}

int tiff_tags_find_iptc(const void *data, size_t size, void **ret, size_t *ret_size)
{
    _cleanup_(tiff_tree_release) struct tiff_tree tree = { 0 };
    const struct tiff_entry *entry;
    int r;

    *ret = NULL;
    *ret_size = 0;
    r = tiff_tree_read(data, size, &tree);
    if (r < 0)
        return r;
    entry = tiff_directory_find(&tree.places[TIFF_MAIN], TAG_IPTC);
    if (!entry || entry->value_bytes == 0 || entry->value_bytes > IPTC_BLOCK_BYTES_MAX)
        return 0;
    return copy_record(entry, ret, ret_size);
}
