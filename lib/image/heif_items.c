/* SPDX-License-Identifier: GPL-2.0-or-later */
/* heif_items - see heif_items.h; ISO/IEC 14496-12 and 23008-12.
 *
 *     ftyp  meta { hdlr pitm iloc iinf iprp { ipco { colr … } ipma } iref }  mdat
 *
 * A box is its size (big-endian, with its head), its type and its bytes; a full box has a version and flags in front
 * of these. iinf says what items there are, iloc where the bytes of each stand in the file, iref which describes which.
 * All boxes are copied, some with more in them; the new items' bytes are in an mdat of their own at the end. */
#include "image/heif_items.h"

#include "base/big_endian.h"
#include "base/cleanup.h"

#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

enum {
    HEAD_BYTES = 8,
    FULL_HEAD_BYTES = 12,
    TYPE_AT = 4,
    TYPE_BYTES = 4,
    LOCATION_HEAD_BYTES =
        FULL_HEAD_BYTES + 4, /* iloc's: with the sizes of its numbers, and how many items it has */
    LOCATION_COUNT_AT = FULL_HEAD_BYTES + 2,
    LOCATION_SIZES = 0x4440, /* offset, length and base of 4 bytes each */
    BASE_AT = 4,             /* in an item's location */
    EXTENTS_AT = 8,
    EXTENT_BYTES = 8,
    ITEM_HEAD_BYTES = 10, /* of a location, before its extents */
    LIST_HEAD_BYTES = FULL_HEAD_BYTES + 2,
    OFFSET_BYTES = 4, /* before EXIF: how far away it is */
    ITEMS_MAX = 2,
};

struct bytes {
    const unsigned char *data;
    size_t size;
};

/* An item that is added. */
struct item {
    const struct attachment *attachment;
    const char *entry; /* what iinf has of it behind its number */
    size_t entry_bytes, before;
};

struct file {
    const unsigned char *bytes;
    size_t size;
    const struct attachments *attachments;
    struct item items[ITEMS_MAX];
    size_t item_count;
    unsigned picture, next; /* numbers of items: what they describe, and theirs */
    unsigned char *to;
    size_t room, used; /* bytes there are; of them written */
    size_t growth;     /* by how much everything behind meta moves */
    bool full;         /* something did not fit: from then on nothing is written */
    bool coloured;     /* the profile is written */
};

/* ---- boxes ---- */

static bool is_type(struct bytes box, const char *type)
{
    return memcmp(box.data + TYPE_AT, type, TYPE_BYTES) == 0;
}

/* Takes the box at the front of @rest off it. False when there is none that is whole. */
static bool next_box(struct bytes *rest, struct bytes *ret)
{
    size_t size = rest->size < HEAD_BYTES ? 0 : big_endian_read(rest->data, 4);

    if (size < HEAD_BYTES || size > rest->size)
        return false;
    *ret = (struct bytes){ rest->data, size };
    rest->data += size;
    rest->size -= size;
    return true;
}

/* Of a box what is behind its head. */
static struct bytes inside(struct bytes box, size_t head)
{
    if (box.size < head)
        return (struct bytes){ 0 };
    return (struct bytes){ box.data + head, box.size - head };
}

static bool find_box(struct bytes in, const char *type, struct bytes *ret)
{
    while (next_box(&in, ret))
        if (is_type(*ret, type))
            return true;
    return false;
}

/* ---- writing ---- */

static bool has_room(struct file *file, size_t size)
{
    file->full |= size > file->room - file->used;
    return !file->full;
}

static void put(struct file *file, const void *bytes, size_t size)
{
    if (size == 0 || !has_room(file, size))
        return;
    memcpy(file->to + file->used, bytes, size);
    file->used += size;
}

static void put_number(struct file *file, size_t number, size_t bytes)
{
    if (!has_room(file, bytes))
        return;
    big_endian_write(file->to + file->used, number, bytes);
    file->used += bytes;
}

/* Puts it in the place of what has been written at @at. */
static void replace_number(struct file *file, size_t at, size_t number, size_t bytes)
{
    if (!file->full)
        big_endian_write(file->to + at, number, bytes);
}

/* Begins a box, whose size is known when it ends. Returns where it stands. */
static size_t begin_box(struct file *file, const char *type)
{
    size_t at = file->used;

    put_number(file, 0, TYPE_AT);
    put(file, type, TYPE_BYTES);
    return at;
}

static void end_box(struct file *file, size_t at)
{
    replace_number(file, at, file->used - at, TYPE_AT);
}

static size_t payload_bytes(const struct item *item)
{
    return item->before + item->attachment->size;
}

/* ---- the boxes that change ---- */

/* Where the items of the new mdat are counted from. */
static size_t payload_at(const struct file *file)
{
    return file->size + file->growth + HEAD_BYTES;
}

static size_t location_bytes(struct bytes items)
{
    if (items.size < ITEM_HEAD_BYTES)
        return SIZE_MAX;
    return ITEM_HEAD_BYTES + EXTENT_BYTES * big_endian_read(items.data + EXTENTS_AT, 2);
}

/* In the copy at @at of the box that begins with @items, of @count of them. */
static int move_items(struct file *file, size_t at, struct bytes items, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        size_t bytes = location_bytes(items);
        unsigned char *base = file->to + at + BASE_AT;

        if (bytes > items.size)
            return -EBADMSG;
        big_endian_write(base, big_endian_read(base, 4) + file->growth, 4);
        items = (struct bytes){ items.data + bytes, items.size - bytes };
        at += bytes;
    }
    return 0;
}

static void add_locations(struct file *file)
{
    size_t payload = payload_at(file);

    for (size_t i = 0; i < file->item_count; i++) {
        size_t bytes = payload_bytes(&file->items[i]);

        put_number(file, file->next + i, 2);
        put_number(file, 0, 2); /* in this file */
        put_number(file, payload, 4);
        put_number(file, 1, 2);
        put_number(file, 0, 4);
        put_number(file, bytes, 4);
        payload += bytes;
    }
}

static int put_locations(struct file *file, struct bytes box)
{
    size_t at = file->used, count;
    int r;

    if (box.size < LOCATION_HEAD_BYTES || big_endian_read(box.data + HEAD_BYTES, 4) != 0 ||
        big_endian_read(box.data + FULL_HEAD_BYTES, 2) != LOCATION_SIZES)
        return -EBADMSG;
    count = big_endian_read(box.data + LOCATION_COUNT_AT, 2);
    put(file, box.data, box.size);
    if (file->full)
        return -EBADMSG;
    replace_number(file, at + LOCATION_COUNT_AT, count + file->item_count, 2);
    r = move_items(file, at + LOCATION_HEAD_BYTES, inside(box, LOCATION_HEAD_BYTES), count);
    if (r < 0)
        return r;
    add_locations(file);
    end_box(file, at);
    return 0;
}

static int put_entries(struct file *file, struct bytes box)
{
    size_t at = file->used;

    if (box.size < LIST_HEAD_BYTES || big_endian_read(box.data + HEAD_BYTES, 4) != 0)
        return -EBADMSG;
    put(file, box.data, box.size);
    replace_number(file, at + FULL_HEAD_BYTES,
                   big_endian_read(box.data + FULL_HEAD_BYTES, 2) + file->item_count, 2);
    for (size_t i = 0; i < file->item_count; i++) {
        size_t entry = begin_box(file, "infe");

        put_number(file, 0x02000001, 4); /* version 2, hidden */
        put_number(file, file->next + i, 2);
        put_number(file, 0, 2); /* not protected */
        put(file, file->items[i].entry, file->items[i].entry_bytes);
        end_box(file, entry);
    }
    end_box(file, at);
    return 0;
}

/* Each item describes the picture. */
static void put_references(struct file *file)
{
    for (size_t i = 0; i < file->item_count; i++) {
        size_t at = begin_box(file, "cdsc");

        put_number(file, file->next + i, 2);
        put_number(file, 1, 2);
        put_number(file, file->picture, 2);
        end_box(file, at);
    }
}

static int put_more_references(struct file *file, struct bytes box)
{
    size_t at = file->used;

    if (box.size < FULL_HEAD_BYTES || big_endian_read(box.data + HEAD_BYTES, 4) != 0)
        return -EBADMSG;
    put(file, box.data, box.size);
    put_references(file);
    end_box(file, at);
    return 0;
}

static void put_first_references(struct file *file)
{
    size_t at = begin_box(file, "iref");

    put_number(file, 0, 4);
    put_references(file);
    end_box(file, at);
}

/* What the colours are is told by a profile in place of numbers, once: properties are known by their places, so there
 * is nothing in the others' boxes. */
static void put_colour(struct file *file, struct bytes box)
{
    const struct attachment *icc = &file->attachments->icc;
    size_t at;

    if (icc->size == 0 || !is_type(box, "colr")) {
        put(file, box.data, box.size);
        return;
    }
    at = begin_box(file, file->coloured ? "free" : "colr");
    if (!file->coloured) {
        put(file, "prof", TYPE_BYTES);
        put(file, icc->data, icc->size);
    }
    end_box(file, at);
    file->coloured = true;
}

static int put_properties(struct file *file, struct bytes box)
{
    struct bytes rest = inside(box, HEAD_BYTES), properties, property, colour;
    size_t at = begin_box(file, "iprp"), container;

    if (!next_box(&rest, &properties) || !is_type(properties, "ipco"))
        return -EBADMSG;
    if (file->attachments->icc.size > 0 && !find_box(inside(properties, HEAD_BYTES), "colr", &colour))
        return -EBADMSG;

    container = begin_box(file, "ipco");
    properties = inside(properties, HEAD_BYTES);
    while (next_box(&properties, &property))
        put_colour(file, property);
    end_box(file, container);
    put(file, rest.data, rest.size);
    end_box(file, at);
    return 0;
}

static const struct {
    const char *type;
    int (*put)(struct file *file, struct bytes box);
} changed[] = {
    { "iloc", put_locations },
    { "iinf", put_entries },
    { "iprp", put_properties },
    { "iref", put_more_references },
};

static int put_changed(struct file *file, struct bytes box)
{
    for (size_t i = 0; i < ARRAY_SIZE(changed); i++)
        if (is_type(box, changed[i].type))
            return changed[i].put(file, box);
    put(file, box.data, box.size);
    return 0;
}

static int put_meta(struct file *file, struct bytes meta)
{
    struct bytes rest = inside(meta, FULL_HEAD_BYTES), box;
    bool references = find_box(rest, "iref", &box);
    size_t at = file->used;
    int r = 0;

    put(file, meta.data, FULL_HEAD_BYTES);
    while (r == 0 && next_box(&rest, &box))
        r = put_changed(file, box);
    if (r == 0 && !references && file->item_count > 0)
        put_first_references(file);
    end_box(file, at);
    return r;
}

/* ---- the whole ---- */

static void add_item(struct file *file, const struct attachment *attachment, const char *entry,
                     size_t entry_bytes, size_t before)
{
    if (attachment->size > 0)
        file->items[file->item_count++] = (struct item){ attachment, entry, entry_bytes, before };
}

/* Numbers of items, from iinf, which begins with how many there are, and of the picture, from pitm. */
static int read_numbers(struct file *file, struct bytes meta)
{
    struct bytes in = inside(meta, FULL_HEAD_BYTES), primary, list, entry;

    if (!find_box(in, "pitm", &primary) || primary.size < FULL_HEAD_BYTES + 2 ||
        big_endian_read(primary.data + HEAD_BYTES, 4) != 0 || !find_box(in, "iinf", &list))
        return -EBADMSG;
    file->picture = (unsigned)big_endian_read(primary.data + FULL_HEAD_BYTES, 2);
    list = inside(list, LIST_HEAD_BYTES);
    while (next_box(&list, &entry)) {
        size_t number =
            entry.size < FULL_HEAD_BYTES + 2 ? 0 : big_endian_read(entry.data + FULL_HEAD_BYTES, 2);

        file->next = number >= file->next ? (unsigned)number + 1 : file->next;
    }
    return file->next + ITEMS_MAX > UINT16_MAX ? -EBADMSG : 0;
}

static void put_payloads(struct file *file)
{
    size_t at;

    if (file->item_count == 0)
        return;
    at = begin_box(file, "mdat");
    for (size_t i = 0; i < file->item_count; i++) {
        const struct item *item = &file->items[i];

        put_number(file, 0, item->before);
        put(file, item->attachment->data, item->attachment->size);
    }
    end_box(file, at);
}

/* Once to see how much meta grows by, which is where everything else moves to, and once to write that. */
static int put_file(struct file *file, struct bytes meta)
{
    size_t before = (size_t)(meta.data - file->bytes), after = before + meta.size;
    int r = 0;

    for (int pass = 0; pass < 2 && r == 0; pass++) {
        file->used = 0;
        file->coloured = false;
        put(file, file->bytes, before);
        r = put_meta(file, meta);
        file->growth = file->used - after;
    }
    if (r < 0)
        return r;
    put(file, file->bytes + after, file->size - after);
    put_payloads(file);
    return file->full ? -EBADMSG : 0;
}

/* More than all that is added beside the attachments themselves. */
enum { ADDED_BYTES_MAX = 512 };

int heif_items_attach(const void *avif, size_t size, const struct attachments *attachments, void **ret,
                      size_t *ret_size)
{
    static const char exif_entry[] = "Exif", xmp_entry[] = "mime\0application/rdf+xml\0";
    struct file file = { .bytes = avif, .size = size, .attachments = attachments };
    _cleanup_free_ unsigned char *to = NULL;
    struct bytes meta;
    int r;

    add_item(&file, &attachments->exif, exif_entry, sizeof exif_entry, OFFSET_BYTES);
    add_item(&file, &attachments->xmp, xmp_entry, sizeof xmp_entry, 0);
    if (!find_box((struct bytes){ avif, size }, "meta", &meta) || meta.size < FULL_HEAD_BYTES)
        return -EBADMSG;
    r = read_numbers(&file, meta);
    if (r < 0)
        return r;

    file.room =
        size + attachments->icc.size + attachments->exif.size + attachments->xmp.size + ADDED_BYTES_MAX;
    to = malloc(file.room);
    if (!to)
        return -ENOMEM;
    file.to = to;
    r = put_file(&file, meta);
    if (r < 0)
        return r;
    *ret = take_ptr(to);
    *ret_size = file.used;
    return 0;
}
