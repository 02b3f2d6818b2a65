/* SPDX-License-Identifier: GPL-2.0-or-later */
/* exif_block - see exif_block.h; TIFF 6.0, EXIF 2.32.
 *
 * A block is read into four lists of entries, whose values are still the block's; the lists are thinned out, settled,
 * and written into a new block. Only these four directories are followed, each once, so no chain of them can be
 * endless; and as many entries may have one value between them, it is measured before it is written. */
#include "image/exif_block.h"

#include "base/cleanup.h"
#include "recipe/recipe.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum {
    PREFIX_BYTES = 6,
    HEADER_BYTES = 8,
    ENTRY_BYTES = 12,
    INLINE_BYTES = 4,    /* values up to this size stand in their entry */
    FRAME_BYTES = 2 + 4, /* of a directory besides its entries: their number, and where the next one is */
    ADDED_ENTRIES = 3,   /* at most, to a directory: an orientation, pointers */
    ENTRIES_MAX = UINT16_MAX - ADDED_ENTRIES,
};

enum type { TYPE_BYTE = 1, TYPE_SHORT = 3, TYPE_LONG = 4, TYPE_IFD = 13 };

enum tag {
    TAG_ORIENTATION = 0x0112,
    TAG_EXIF = 0x8769,
    TAG_GPS = 0x8825,
    TAG_COLOR_SPACE = 0xa001,
    TAG_WIDTH = 0xa002,
    TAG_HEIGHT = 0xa003,
    TAG_INTEROP = 0xa005,
    TAG_MAKER_NOTE = 0x927c,
};

enum { COLOR_SPACE_SRGB = 1 };

/* The directories, parents first. */
enum place { MAIN, EXIF, GPS, INTEROP, PLACE_COUNT };

static const struct {
    enum place parent;
    uint16_t tag;    /* of the parent's entry that points to it; 0: the header does */
    unsigned wanted; /* what keeps its entries, METADATA_* */
} places[PLACE_COUNT] = {
    [MAIN] = { .wanted = METADATA_EXIF },
    [EXIF] = { MAIN, TAG_EXIF, METADATA_EXIF },
    [GPS] = { MAIN, TAG_GPS, METADATA_GPS },
    [INTEROP] = { EXIF, TAG_INTEROP, METADATA_EXIF },
};

/* Entries that are kept by something else than their directory is, or by nothing. */
static const struct {
    enum place place;
    uint16_t first, last; /* tags */
    unsigned wanted;
} rules[] = {
    { MAIN, 0x013b, 0x013b, METADATA_EXIF | METADATA_COPYRIGHT }, /* Artist */
    { MAIN, 0x8298, 0x8298, METADATA_EXIF | METADATA_COPYRIGHT }, /* Copyright */
    { EXIF, TAG_MAKER_NOTE, TAG_MAKER_NOTE, METADATA_OTHER },
    { MAIN, 0xc634, 0xc634, METADATA_OTHER }, /* the maker note of a DNG */

    /* How the pixels were stored, and where. */
    { MAIN, 0x00fe, 0x0103, 0 }, /* NewSubfileType … Compression */
    { MAIN, 0x0106, 0x010a, 0 }, /* PhotometricInterpretation … FillOrder */
    { MAIN, 0x0111, 0x0112, 0 }, /* StripOffsets; Orientation, which is set anew */
    { MAIN, 0x0115, 0x011c, 0 }, /* SamplesPerPixel … the resolution, which files have in their own way … */
    { MAIN, 0x0120, 0x0125, 0 }, /* FreeOffsets … T6Options */
    { MAIN, 0x0128, 0x0129, 0 }, /* … and its unit; PageNumber */
    { MAIN, 0x013d, 0x013d, 0 }, /* Predictor */
    { MAIN, 0x0140, 0x0145, 0 }, /* ColorMap … TileByteCounts */
    { MAIN, 0x014a, 0x015b, 0 }, /* SubIFDs … JPEGTables */
    { MAIN, 0x0190, 0x0190, 0 }, /* GlobalParametersIFD */
    { MAIN, 0x0200, 0x0213, 0 }, /* of JPEG in TIFF, YCbCr…; where a thumbnail is */

    /* What is metadata of other kinds, or a picture again, or room for more. */
    { MAIN, 0x02bc, 0x02bc, 0 }, /* XMP */
    { MAIN, 0x5012, 0x5034, 0 }, /* thumbnails of Windows */
    { MAIN, 0x83bb, 0x83bb, 0 }, /* IPTC */
    { MAIN, 0x8649, 0x8649, 0 }, /* Photoshop */
    { MAIN, 0x8773, 0x8773, 0 }, /* the colour profile */
    { MAIN, 0x935c, 0x935c, 0 }, /* layers */
    { MAIN, 0xea1c, 0xea1c, 0 }, /* padding */
    { EXIF, 0xea1c, 0xea1c, 0 },
};

/* What is about colours that are no more, where they were converted. */
static const struct {
    enum place place;
    uint16_t first, last;
} colour_tags[] = {
    { MAIN, 0x012d, 0x012d }, /* TransferFunction */
    { MAIN, 0x013e, 0x013f }, /* WhitePoint, PrimaryChromaticities */
    { MAIN, 0x0211, 0x0214 }, /* YCbCrCoefficients … ReferenceBlackWhite */
    { EXIF, 0xa500, 0xa500 }, /* Gamma */
    { INTEROP, 0, UINT16_MAX },
};

struct entry {
    uint16_t tag, type;
    uint32_t count;
    const unsigned char *value; /* NULL: it is @number */
    size_t value_bytes;
    uint32_t number; /* a single SHORT or LONG of our own */
};

struct directory {
    struct entry *entries;
    size_t count;
};

struct block {
    const unsigned char *bytes;
    size_t size;
    bool big_endian;
    struct directory directories[PLACE_COUNT];
};

static void block_release(struct block *block)
{
    for (size_t i = 0; i < PLACE_COUNT; i++)
        free(block->directories[i].entries);
}

/* ---- numbers ---- */

static uint32_t read_number(const struct block *block, const unsigned char *from, size_t bytes)
{
    uint32_t number = 0;

    for (size_t i = 0; i < bytes; i++)
        number = number << 8 | from[block->big_endian ? i : bytes - 1 - i];
    return number;
}

static void write_number(const struct block *block, unsigned char *to, uint32_t number, size_t bytes)
{
    for (size_t i = 0; i < bytes; i++, number >>= 8)
        to[block->big_endian ? bytes - 1 - i : i] = (unsigned char)number;
}

/* Of one value; 0 for types that nobody has heard of. */
static size_t type_bytes(uint16_t type)
{
    static const unsigned char bytes[] = { 0, 1, 1, 2, 4, 8, 1, 1, 2, 4, 8, 4, 8, 4 };
    enum { TYPE_UTF8 = 129 };

    if (type == TYPE_UTF8)
        return 1;
    return type < ARRAY_SIZE(bytes) ? bytes[type] : 0;
}

/* ---- reading ---- */

/* False when its value is not all in the block, or of no known size. */
static bool read_entry(const struct block *block, const unsigned char *from, struct entry *ret)
{
    struct entry entry = {
        .tag = (uint16_t)read_number(block, from, 2),
        .type = (uint16_t)read_number(block, from + 2, 2),
        .count = read_number(block, from + 4, 4),
        .value = from + 8,
    };
    uint64_t bytes = (uint64_t)entry.count * type_bytes(entry.type);

    if (bytes == 0)
        return false;
    if (bytes > INLINE_BYTES) {
        uint32_t offset = read_number(block, from + 8, 4);

        if (offset > block->size || bytes > block->size - offset)
            return false;
        entry.value = block->bytes + offset;
    }
    entry.value_bytes = (size_t)bytes;
    *ret = entry;
    return true;
}

/* As many entries as there are; a directory that is cut off has those before. */
static int read_directory(struct block *block, uint32_t offset, struct directory *ret)
{
    size_t claimed, room;

    if (offset > block->size || block->size - offset < 2)
        return 0;
    claimed = read_number(block, block->bytes + offset, 2);
    room = (block->size - offset - 2) / ENTRY_BYTES;
    claimed = claimed < room ? claimed : room;
    claimed = claimed < ENTRIES_MAX ? claimed : ENTRIES_MAX;

    ret->entries = calloc(claimed + ADDED_ENTRIES, sizeof *ret->entries);
    if (!ret->entries)
        return -ENOMEM;
    for (size_t i = 0; i < claimed; i++)
        if (read_entry(block, block->bytes + offset + 2 + i * ENTRY_BYTES, &ret->entries[ret->count]))
            ret->count++;
    return 0;
}

static const struct entry *find(const struct directory *directory, uint16_t tag)
{
    for (size_t i = 0; i < directory->count; i++)
        if (directory->entries[i].tag == tag)
            return &directory->entries[i];
    return NULL;
}

static int read_child(struct block *block, enum place place)
{
    const struct entry *pointer = find(&block->directories[places[place].parent], places[place].tag);

    if (!pointer || pointer->value_bytes != INLINE_BYTES)
        return 0;
    return read_directory(block, read_number(block, pointer->value, 4), &block->directories[place]);
}

static bool read_header(struct block *block)
{
    if (block->size >= PREFIX_BYTES && memcmp(block->bytes, "Exif\0", PREFIX_BYTES - 1) == 0) {
        block->bytes += PREFIX_BYTES;
        block->size -= PREFIX_BYTES;
    }
    if (block->size < HEADER_BYTES || block->size > UINT32_MAX)
        return false;
    block->big_endian = block->bytes[0] == 'M';
    return memcmp(block->bytes, "II*", 4) == 0 || memcmp(block->bytes, "MM\0*", 4) == 0;
}

static int read_block(struct block *block)
{
    int r;

    if (!read_header(block)) {
        *block = (struct block){ 0 };
        return 0;
    }
    r = read_directory(block, read_number(block, block->bytes + 4, 4), &block->directories[MAIN]);
    for (enum place place = EXIF; place < PLACE_COUNT && r == 0; place++)
        r = read_child(block, place);
    return r;
}

/* ---- thinning out ---- */

static bool is_pointer(enum place place, const struct entry *entry)
{
    for (enum place child = EXIF; child < PLACE_COUNT; child++)
        if (places[child].parent == place && places[child].tag == entry->tag)
            return true;
    return entry->type == TYPE_IFD; /* to something private, which does not come along */
}

/* What keeps the entry, METADATA_*. */
static unsigned wanted_by(enum place place, uint16_t tag)
{
    for (size_t i = 0; i < ARRAY_SIZE(rules); i++)
        if (rules[i].place == place && tag >= rules[i].first && tag <= rules[i].last)
            return rules[i].wanted;
    return places[place].wanted;
}

static bool is_about_colour(enum place place, uint16_t tag)
{
    for (size_t i = 0; i < ARRAY_SIZE(colour_tags); i++)
        if (colour_tags[i].place == place && tag >= colour_tags[i].first && tag <= colour_tags[i].last)
            return true;
    return false;
}

static bool is_kept(enum place place, const struct entry *entry, const struct exif_wish *wish)
{
    if (is_pointer(place, entry) || (wish->recoloured && is_about_colour(place, entry->tag)))
        return false;
    return (wanted_by(place, entry->tag) & wish->keep) != 0;
}

static void thin_out(struct block *block, enum place place, const struct exif_wish *wish)
{
    struct directory *directory = &block->directories[place];
    size_t kept = 0;

    for (size_t i = 0; i < directory->count; i++)
        if (is_kept(place, &directory->entries[i], wish))
            directory->entries[kept++] = directory->entries[i];
    directory->count = kept;
}

/* ---- settling ---- */

static struct entry number_entry(uint16_t tag, uint32_t number)
{
    bool is_short = number <= UINT16_MAX;

    return (struct entry){
        .tag = tag,
        .type = is_short ? TYPE_SHORT : TYPE_LONG,
        .count = 1,
        .value_bytes = is_short ? 2 : 4,
        .number = number,
    };
}

/* Entries stand in the order of their tags. There is room: a directory was made with some. */
static void insert(struct directory *directory, struct entry entry)
{
    size_t at = 0;

    while (at < directory->count && directory->entries[at].tag < entry.tag)
        at++;
    memmove(&directory->entries[at + 1], &directory->entries[at],
            (directory->count - at) * sizeof *directory->entries);
    directory->entries[at] = entry;
    directory->count++;
}

static void replace(struct directory *directory, uint16_t tag, uint32_t number)
{
    for (size_t i = 0; i < directory->count; i++)
        if (directory->entries[i].tag == tag)
            directory->entries[i] = number_entry(tag, number);
}

static int set_orientation(struct directory *main, int orientation)
{
    struct entry *entries = realloc(main->entries, (main->count + 1 + ADDED_ENTRIES) * sizeof *entries);

    if (!entries)
        return -ENOMEM;
    main->entries = entries;
    insert(main, number_entry(TAG_ORIENTATION, (uint32_t)orientation));
    return 0;
}

/* What the block has to say of the picture as it is now. */
static int settle(struct block *block, const struct exif_wish *wish)
{
    struct directory *exif = &block->directories[EXIF];

    replace(exif, TAG_WIDTH, wish->width);
    replace(exif, TAG_HEIGHT, wish->height);
    if (wish->recoloured)
        replace(exif, TAG_COLOR_SPACE, COLOR_SPACE_SRGB);
    return wish->orientation == 1 ? 0 : set_orientation(&block->directories[MAIN], wish->orientation);
}

/* Children have to be settled before their parents. Where a child is gets known when it is written. */
static void add_pointers(struct block *block)
{
    for (enum place place = PLACE_COUNT - 1; place > MAIN; place--)
        if (block->directories[place].count > 0) {
            struct entry pointer = {
                .tag = places[place].tag, .type = TYPE_LONG, .count = 1, .value_bytes = 4
            };

            insert(&block->directories[places[place].parent], pointer);
        }
}

/* ---- writing ---- */

/* Room is given out from the front, but around the maker note. */
struct layout {
    size_t before, after; /* the first free byte before the maker note and after it */
    size_t reserved, end; /* where the maker note begins and ends */
    const struct entry *note;
    uint32_t at[PLACE_COUNT];
    unsigned char *to; /* NULL: only measured */
};

static const struct entry *maker_note(const struct block *block)
{
    return find(&block->directories[EXIF], TAG_MAKER_NOTE);
}

static struct layout layout_begin(const struct block *block)
{
    const struct entry *note = maker_note(block);
    struct layout layout = { .before = HEADER_BYTES, .reserved = SIZE_MAX };

    if (!note || note->value_bytes <= INLINE_BYTES || note->value < block->bytes + HEADER_BYTES)
        return layout;
    layout.note = note;
    layout.reserved = (size_t)(note->value - block->bytes);
    layout.end = layout.reserved + note->value_bytes;
    layout.after = layout.end + layout.end % 2;
    return layout;
}

static size_t layout_bytes(const struct layout *layout)
{
    return layout->after > layout->before ? layout->after : layout->before;
}

/* Where the next @bytes go: an even offset. */
static size_t take_room(struct layout *layout, size_t bytes)
{
    bool fits = layout->before <= layout->reserved && layout->reserved - layout->before >= bytes;
    size_t *next = fits ? &layout->before : &layout->after;
    size_t at = *next;

    *next = at + bytes + bytes % 2;
    return at;
}

static void write_value(const struct block *block, const struct entry *entry, unsigned char *to)
{
    if (entry->value)
        memcpy(to, entry->value, entry->value_bytes);
    else
        write_number(block, to, entry->number, entry->value_bytes);
}

static size_t place_value(const struct entry *entry, struct layout *layout)
{
    return entry == layout->note ? layout->reserved : take_room(layout, entry->value_bytes);
}

static void write_entry(const struct block *block, const struct entry *entry, struct layout *layout,
                        size_t at)
{
    bool is_inline = entry->value_bytes <= INLINE_BYTES;
    size_t value_at = is_inline ? at + 8 : place_value(entry, layout);

    if (!layout->to)
        return;
    write_number(block, layout->to + at, entry->tag, 2);
    write_number(block, layout->to + at + 2, entry->type, 2);
    write_number(block, layout->to + at + 4, entry->count, 4);
    if (!is_inline)
        write_number(block, layout->to + at + 8, (uint32_t)value_at, 4);
    write_value(block, entry, layout->to + value_at);
}

static void write_directory(const struct block *block, enum place place, struct layout *layout)
{
    const struct directory *directory = &block->directories[place];

    if (layout->to)
        write_number(block, layout->to + layout->at[place], (uint32_t)directory->count, 2);
    for (size_t i = 0; i < directory->count; i++)
        write_entry(block, &directory->entries[i], layout, layout->at[place] + 2 + i * ENTRY_BYTES);
}

static void point_to(struct block *block, enum place place, uint32_t at)
{
    struct directory *parent = &block->directories[places[place].parent];

    for (size_t i = 0; i < parent->count; i++)
        if (parent->entries[i].tag == places[place].tag)
            parent->entries[i].number = at;
}

/* First the directories, then their values. */
static struct layout write_block(struct block *block, unsigned char *to)
{
    struct layout layout = layout_begin(block);

    layout.to = to;
    for (enum place place = MAIN; place < PLACE_COUNT; place++) {
        size_t count = block->directories[place].count;

        if (count == 0)
            continue;
        layout.at[place] = (uint32_t)take_room(&layout, FRAME_BYTES + count * ENTRY_BYTES);
        if (place > MAIN)
            point_to(block, place, layout.at[place]);
    }
    for (enum place place = MAIN; place < PLACE_COUNT; place++)
        if (block->directories[place].count > 0)
            write_directory(block, place, &layout);
    return layout;
}

static void write_header(const struct block *block, const struct layout *layout)
{
    memcpy(layout->to, block->big_endian ? "MM\0*" : "II*", 4);
    write_number(block, layout->to + 4, layout->at[MAIN], 4);
}

static int make_block(struct block *block, void **ret, size_t *ret_size)
{
    struct layout layout = write_block(block, NULL);
    size_t size = layout_bytes(&layout);
    unsigned char *to;

    if (size > EXIF_BLOCK_BYTES_MAX)
        return 0;
    to = calloc(1, size);
    if (!to)
        return -ENOMEM;

    layout = write_block(block, to);
    write_header(block, &layout);
    *ret = to;
    *ret_size = size;
    return 0;
}

static int reduce(const void *data, size_t size, const struct exif_wish *wish, void **ret, size_t *ret_size)
{
    _cleanup_(block_release) struct block block = { .bytes = data, .size = size };
    int r;

    r = read_block(&block);
    if (r < 0)
        return r;

    for (enum place place = MAIN; place < PLACE_COUNT; place++)
        thin_out(&block, place, wish);
    r = settle(&block, wish);
    if (r < 0)
        return r;
    add_pointers(&block);
    return block.directories[MAIN].count > 0 ? make_block(&block, ret, ret_size) : 0;
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
