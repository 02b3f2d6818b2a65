/* SPDX-License-Identifier: GPL-2.0-or-later */
/* tiff_tree - see tiff_tree.h; TIFF 6.0, and for BigTIFF the page of libtiff's about it. */
#include "image/tiff_tree.h"

#include "base/cleanup.h"
#include "image/exif_tags.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum {
    ENTRIES_MAX = UINT16_MAX - 8, /* which leaves room for some more */
    ENTRIES_STEP = 4,
};

/* The sizes of what a file is made of. */
struct sizes {
    unsigned char header, entry, number_of_entries, count,
        offset; /* values up to an offset stand in their entry */
};

static const struct sizes sizes[] = {
    [false] = { .header = 8, .entry = 12, .number_of_entries = 2, .count = 4, .offset = 4 },
    [true] = { .header = 16, .entry = 20, .number_of_entries = 8, .count = 8, .offset = 8 },
};

enum { TAG_BYTES = 2, TYPE_BYTES = 2 };

static const struct {
    enum tiff_place parent;
    uint16_t tag; /* of the parent's entry that points to it; 0: the header does */
} places[TIFF_PLACE_COUNT] = {
    [TIFF_EXIF] = { TIFF_MAIN, 0x8769 },
    [TIFF_GPS] = { TIFF_MAIN, 0x8825 },
    [TIFF_INTEROP] = { TIFF_EXIF, 0xa005 },
};

static const struct sizes *sizes_of(const struct tiff_tree *tree)
{
    return &sizes[tree->big];
}

void tiff_tree_release(struct tiff_tree *tree)
{
    for (size_t i = 0; i < TIFF_PLACE_COUNT; i++)
        free(tree->places[i].entries);
}

size_t tiff_tree_header_bytes(const struct tiff_tree *tree)
{
    return sizes_of(tree)->header;
}

/* ---- numbers ---- */

static uint64_t read_number(bool big_endian, const unsigned char *from, size_t bytes)
{
    uint64_t number = 0;

    for (size_t i = 0; i < bytes; i++)
        number = number << 8 | from[big_endian ? i : bytes - 1 - i];
    return number;
}

void tiff_tree_put_number(const struct tiff_tree *tree, unsigned char *to, uint64_t number, size_t bytes)
{
    for (size_t i = 0; i < bytes; i++, number >>= 8)
        to[tree->big_endian ? bytes - 1 - i : i] = (unsigned char)number;
}

/* Of each type how many numbers a value is, and the bytes of each. */
static const struct {
    unsigned char numbers, bytes;
} types[] = {
    { 0, 0 }, { 1, 1 }, { 1, 1 }, { 1, 2 }, { 1, 4 }, { 2, 4 }, { 1, 1 }, { 1, 1 }, { 1, 2 }, { 1, 4 },
    { 2, 4 }, { 1, 4 }, { 1, 8 }, { 1, 4 }, { 0, 0 }, { 0, 0 }, { 1, 8 }, { 1, 8 }, { 1, 8 },
};

enum { TYPE_UTF8 = 129 };

/* Of the numbers that a value is made of. */
static size_t number_bytes(uint16_t type)
{
    return type < ARRAY_SIZE(types) ? types[type].bytes : 1;
}

/* Of one value; 0 for types that nobody has heard of. */
static size_t type_bytes(uint16_t type)
{
    if (type == TYPE_UTF8)
        return 1;
    return type < ARRAY_SIZE(types) ? (size_t)types[type].numbers * types[type].bytes : 0;
}

static bool is_whole_number(uint16_t type)
{
    return type == TIFF_BYTE || type == TIFF_SHORT || type == TIFF_LONG || type == TIFF_IFD ||
           type == TIFF_LONG8 || type == TIFF_IFD8;
}

uint64_t tiff_entry_at(const struct tiff_tree *tree, const struct tiff_entry *entry, size_t index)
{
    size_t bytes = number_bytes(entry->type);

    if (!is_whole_number(entry->type) || index >= entry->count)
        return 0;
    if (!entry->value)
        return entry->number;
    return read_number(tree->big_endian != entry->swapped, entry->value + index * bytes, bytes);
}

struct tiff_entry tiff_entry_number(uint16_t tag, uint64_t number)
{
    uint16_t type = number <= UINT16_MAX ? TIFF_SHORT : number <= UINT32_MAX ? TIFF_LONG : TIFF_LONG8;

    return (struct tiff_entry){
        .tag = tag, .type = type, .count = 1, .value_bytes = type_bytes(type), .number = number
    };
}

/* ---- directories ---- */

const struct tiff_entry *tiff_directory_find(const struct tiff_directory *directory, uint16_t tag)
{
    for (size_t i = 0; i < directory->count; i++)
        if (directory->entries[i].tag == tag)
            return &directory->entries[i];
    return NULL;
}

static int make_room(struct tiff_directory *directory)
{
    struct tiff_entry *entries;

    if (directory->count < directory->room)
        return 0;
    entries = realloc(directory->entries, (directory->room + ENTRIES_STEP) * sizeof *entries);
    if (!entries)
        return -ENOMEM;
    directory->entries = entries;
    directory->room += ENTRIES_STEP;
    return 0;
}

int tiff_directory_put(struct tiff_directory *directory, const struct tiff_entry *entry)
{
    struct tiff_entry *same = (struct tiff_entry *)tiff_directory_find(directory, entry->tag);
    size_t at = 0;

    if (same) {
        *same = *entry;
        return 0;
    }
    if (make_room(directory) < 0)
        return -ENOMEM;
    while (at < directory->count && directory->entries[at].tag < entry->tag)
        at++;
    memmove(&directory->entries[at + 1], &directory->entries[at],
            (directory->count - at) * sizeof *directory->entries);
    directory->entries[at] = *entry;
    directory->count++;
    return 0;
}

/* ---- reading ---- */

/* False when its value is not all in the file, or of no known size. */
static bool read_entry(const struct tiff_tree *tree, const unsigned char *from, struct tiff_entry *ret)
{
    const struct sizes *file = sizes_of(tree);
    const unsigned char *count = from + TAG_BYTES + TYPE_BYTES;
    struct tiff_entry entry = {
        .tag = (uint16_t)read_number(tree->big_endian, from, TAG_BYTES),
        .type = (uint16_t)read_number(tree->big_endian, from + TAG_BYTES, TYPE_BYTES),
        .count = read_number(tree->big_endian, count, file->count),
        .value = count + file->count,
    };
    size_t each = type_bytes(entry.type);

    if (each == 0 || entry.count == 0 || entry.count > tree->size / each)
        return false;
    entry.value_bytes = (size_t)entry.count * each;
    if (entry.value_bytes > file->offset) {
        uint64_t offset = read_number(tree->big_endian, entry.value, file->offset);

        if (offset > tree->size || entry.value_bytes > tree->size - offset)
            return false;
        entry.value = tree->bytes + offset;
    }
    *ret = entry;
    return true;
}

/* As many entries as there are; a directory that is cut off has those before. */
static int read_directory(const struct tiff_tree *tree, uint64_t offset, struct tiff_directory *ret)
{
    const struct sizes *file = sizes_of(tree);
    const unsigned char *entries;
    uint64_t claimed, fit;

    if (offset > tree->size || tree->size - offset < file->number_of_entries)
        return 0;
    claimed = read_number(tree->big_endian, tree->bytes + offset, file->number_of_entries);
    fit = (tree->size - offset - file->number_of_entries) / file->entry;
    claimed = claimed < fit ? claimed : fit;
    claimed = claimed < ENTRIES_MAX ? claimed : ENTRIES_MAX;

    entries = tree->bytes + offset + file->number_of_entries;
    ret->entries = calloc(claimed + ENTRIES_STEP, sizeof *ret->entries);
    if (!ret->entries)
        return -ENOMEM;
    ret->room = (size_t)claimed + ENTRIES_STEP;
    for (size_t i = 0; i < claimed; i++)
        if (read_entry(tree, entries + i * file->entry, &ret->entries[ret->count]))
            ret->count++;
    return 0;
}

static bool is_pointer(const struct tiff_entry *entry)
{
    return entry->count == 1 && (entry->type == TIFF_LONG || entry->type == TIFF_IFD ||
                                 entry->type == TIFF_LONG8 || entry->type == TIFF_IFD8);
}

static int read_child(struct tiff_tree *tree, enum tiff_place place)
{
    const struct tiff_entry *pointer =
        tiff_directory_find(&tree->places[places[place].parent], places[place].tag);

    if (!pointer || !is_pointer(pointer))
        return 0;
    return read_directory(tree, tiff_entry_at(tree, pointer, 0), &tree->places[place]);
}

static bool points_to_a_place(enum tiff_place place, const struct tiff_entry *entry)
{
    for (enum tiff_place child = TIFF_EXIF; child < TIFF_PLACE_COUNT; child++)
        if (places[child].parent == place && places[child].tag == entry->tag)
            return true;
    return false;
}

static void remove_pointers(struct tiff_tree *tree, enum tiff_place place)
{
    struct tiff_directory *directory = &tree->places[place];
    size_t kept = 0;

    for (size_t i = 0; i < directory->count; i++)
        if (!points_to_a_place(place, &directory->entries[i]))
            directory->entries[kept++] = directory->entries[i];
    directory->count = kept;
}

/* Where the main directory is; 0 when this is no TIFF. */
static uint64_t read_header(struct tiff_tree *tree)
{
    enum { OFFSET_AT = 4, BIG_OFFSET_AT = 8 };

    if (tree->size < TIFF_HEADER_BYTES)
        return 0;
    tree->big_endian = tree->bytes[0] == 'M';
    tree->big = memcmp(tree->bytes, "II+\0\x08\0\0", 8) == 0 || memcmp(tree->bytes, "MM\0+\0\x08\0", 8) == 0;
    if (tree->big)
        return tree->size < sizes_of(tree)->header
                   ? 0
                   : read_number(tree->big_endian, tree->bytes + BIG_OFFSET_AT, 8);
    if (memcmp(tree->bytes, "II*", 4) != 0 && memcmp(tree->bytes, "MM\0*", 4) != 0)
        return 0;
    return read_number(tree->big_endian, tree->bytes + OFFSET_AT, 4);
}

int tiff_tree_read(const void *data, size_t size, struct tiff_tree *ret)
{
    uint64_t main;
    int r;

    *ret = (struct tiff_tree){ .bytes = data, .size = size };
    main = read_header(ret);
    if (main == 0)
        return 0;
    r = read_directory(ret, main, &ret->places[TIFF_MAIN]);
    for (enum tiff_place place = TIFF_EXIF; place < TIFF_PLACE_COUNT && r == 0; place++)
        r = read_child(ret, place);
    for (enum tiff_place place = TIFF_MAIN; place < TIFF_PLACE_COUNT; place++)
        remove_pointers(ret, place);
    return r;
}

struct tiff_taken tiff_tree_taken_by_note(const struct tiff_tree *tree)
{
    const struct tiff_entry *note = tiff_directory_find(&tree->places[TIFF_EXIF], TAG_MAKER_NOTE);
    size_t header = tiff_tree_header_bytes(tree), at;

    if (!note || note->value_bytes <= sizes_of(tree)->offset || note->value < tree->bytes + header)
        return (struct tiff_taken){ header, header, false };
    at = (size_t)(note->value - tree->bytes);
    return (struct tiff_taken){ at, at + note->value_bytes, true };
}

/* ---- writing ---- */

/* Room is given out from the front, but around what is taken. */
struct layout {
    size_t before, after;          /* the first free byte before what is taken and after it */
    const struct tiff_entry *note; /* what has its place already */
    size_t reserved;               /* where what is taken begins */
    uint64_t at[TIFF_PLACE_COUNT];
    unsigned char *to; /* NULL: only measured */
};

static size_t even(size_t bytes)
{
    return bytes + bytes % 2;
}

static struct layout layout_begin(const struct tiff_tree *tree, const struct tiff_taken *taken,
                                  unsigned char *to)
{
    return (struct layout){
        .before = sizes_of(tree)->header,
        .after = even(taken->to),
        .reserved = taken->from,
        .note = taken->note ? tiff_directory_find(&tree->places[TIFF_EXIF], TAG_MAKER_NOTE) : NULL,
        .to = to,
    };
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

    *next = at + even(bytes);
    return at;
}

static void write_swapped(const struct tiff_entry *entry, unsigned char *to)
{
    size_t bytes = number_bytes(entry->type);

    for (size_t i = 0; i < entry->value_bytes; i++)
        to[i] = entry->value[i - i % bytes + (bytes - 1 - i % bytes)];
}

static void write_value(const struct tiff_tree *tree, const struct tiff_entry *entry, unsigned char *to)
{
    if (!entry->value)
        tiff_tree_put_number(tree, to, entry->number, entry->value_bytes);
    else if (entry->swapped)
        write_swapped(entry, to);
    else
        memcpy(to, entry->value, entry->value_bytes);
}

static size_t place_value(const struct tiff_entry *entry, struct layout *layout)
{
    return entry == layout->note ? layout->reserved : take_room(layout, entry->value_bytes);
}

static void write_entry(const struct tiff_tree *tree, const struct tiff_entry *entry, struct layout *layout,
                        size_t at)
{
    const struct sizes *file = sizes_of(tree);
    size_t count_at = at + TAG_BYTES + TYPE_BYTES, field = count_at + file->count;
    bool is_inline = entry->value_bytes <= file->offset;
    size_t value_at = is_inline ? field : place_value(entry, layout);

    if (!layout->to)
        return;
    tiff_tree_put_number(tree, layout->to + at, entry->tag, TAG_BYTES);
    tiff_tree_put_number(tree, layout->to + at + TAG_BYTES, entry->type, TYPE_BYTES);
    tiff_tree_put_number(tree, layout->to + count_at, entry->count, file->count);
    if (!is_inline)
        tiff_tree_put_number(tree, layout->to + field, value_at, file->offset);
    write_value(tree, entry, layout->to + value_at);
}

static void write_directory(const struct tiff_tree *tree, enum tiff_place place, struct layout *layout)
{
    const struct tiff_directory *directory = &tree->places[place];
    const struct sizes *file = sizes_of(tree);
    size_t at = layout->at[place] + file->number_of_entries;

    if (layout->to)
        tiff_tree_put_number(tree, layout->to + layout->at[place], directory->count, file->number_of_entries);
    for (size_t i = 0; i < directory->count; i++)
        write_entry(tree, &directory->entries[i], layout, at + i * file->entry);
}

static void point_to(struct tiff_tree *tree, enum tiff_place place, uint64_t at)
{
    struct tiff_directory *parent = &tree->places[places[place].parent];

    for (size_t i = 0; i < parent->count; i++)
        if (parent->entries[i].tag == places[place].tag)
            parent->entries[i].number = at;
}

/* Besides its entries a directory has their number, and where the next one is. */
static size_t directory_bytes(const struct tiff_tree *tree, size_t count)
{
    const struct sizes *file = sizes_of(tree);

    return (size_t)file->number_of_entries + count * file->entry + file->offset;
}

/* First the directories, then their values. */
static struct layout write_tree(struct tiff_tree *tree, const struct tiff_taken *taken, unsigned char *to)
{
    struct layout layout = layout_begin(tree, taken, to);

    for (enum tiff_place place = TIFF_MAIN; place < TIFF_PLACE_COUNT; place++) {
        size_t count = tree->places[place].count;

        if (count == 0)
            continue;
        layout.at[place] = take_room(&layout, directory_bytes(tree, count));
        if (place > TIFF_MAIN)
            point_to(tree, place, layout.at[place]);
    }
    for (enum tiff_place place = TIFF_MAIN; place < TIFF_PLACE_COUNT; place++)
        if (tree->places[place].count > 0)
            write_directory(tree, place, &layout);
    return layout;
}

static void write_header(const struct tiff_tree *tree, const struct layout *layout)
{
    static const char *const marks[2][2] = { { "II*\0", "MM\0*" }, { "II+\0\x08\0\0\0", "MM\0+\0\x08\0\0" } };
    size_t mark = sizes_of(tree)->header - sizes_of(tree)->offset;

    memcpy(layout->to, marks[tree->big][tree->big_endian], mark);
    tiff_tree_put_number(tree, layout->to + mark, layout->at[TIFF_MAIN], sizes_of(tree)->offset);
}

/* Children have to be linked before their parents. Where a child is gets known when it is written. */
static int link_places(struct tiff_tree *tree)
{
    int r = 0;

    for (enum tiff_place place = TIFF_PLACE_COUNT - 1; place > TIFF_MAIN && r == 0; place--)
        if (tree->places[place].count > 0) {
            uint16_t type = tree->big ? TIFF_LONG8 : TIFF_LONG;
            struct tiff_entry pointer = {
                .tag = places[place].tag, .type = type, .count = 1, .value_bytes = type_bytes(type)
            };

            r = tiff_directory_put(&tree->places[places[place].parent], &pointer);
        }
    return r;
}

int tiff_tree_store(struct tiff_tree *tree, const struct tiff_taken *taken, size_t max_bytes, void **ret,
                    size_t *ret_size)
{
    struct layout layout;
    size_t size;

    if (link_places(tree) < 0)
        return -ENOMEM;
    layout = write_tree(tree, taken, NULL);
    size = layout_bytes(&layout);
    if (size > max_bytes || (!tree->big && size > UINT32_MAX))
        return -EMSGSIZE;

    layout.to = calloc(1, size);
    if (!layout.to)
        return -ENOMEM;
    layout = write_tree(tree, taken, layout.to);
    write_header(tree, &layout);
    *ret = layout.to;
    *ret_size = size;
    return 0;
}
