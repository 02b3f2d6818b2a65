/* SPDX-License-Identifier: GPL-2.0-or-later */
/* gif_blocks - see gif_blocks.h; GIF 89a, and for XMP part 3 of Adobe's specification of it.
 *
 *     header, colours; extensions and pictures; 0x3b
 *
 * The data of an extension are pieces of at most 255 bytes, each behind its size, to the first of none. XMP stands
 * there without being cut into pieces; what follows it (the trailer) leads whoever takes its letters for sizes to its
 * end. */
#include "image/gif_blocks.h"

#include "base/cleanup.h"
#include "image/exif_tags.h"
#include "image/tiff_tree.h"

#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

enum {
    HEADER_BYTES = 13, /* with the logical screen */
    VERSION_AT = 3,
    FLAGS_AT = 10,
    EXTENSION = 0x21,
    EXTENSION_HEAD = 2,
    LABEL_COMMENT = 0xfe,
    LABEL_APPLICATION = 0xff,
    PICTURE = 0x2c,
    PICTURE_HEAD = 10,
    PICTURE_FLAGS_AT = 9,
    NAME_BYTES = 11, /* of an application */
    PIECE_BYTES = 255,
    TRAILER_BYTES = 258,
};

static const char xmp_name[] = "XMP DataXMP", loops_name[] = "NETSCAPE2.0", version[] = "89a";

/* 1, then 255 down to 0, and the piece of none. */
static unsigned char trailer_byte(size_t index)
{
    return index == 0 ? 1 : (unsigned char)(index <= PIECE_BYTES ? PIECE_BYTES + 1 - index : 0);
}

/* ---- reading ---- */

/* How many colours follow a head with these flags, in bytes. */
static size_t colour_bytes(unsigned char flags)
{
    return flags & 0x80 ? (size_t)3 << ((flags & 7) + 1) : 0;
}

/* Where the pieces from @at on end; @size when they do not. */
static size_t pieces_end(const unsigned char *bytes, size_t size, size_t at)
{
    while (at < size && bytes[at] != 0)
        at += (size_t)1 + bytes[at];
    return at < size ? at + 1 : size;
}

static bool is_application(const unsigned char *bytes, size_t size, size_t at, const char *name)
{
    return size - at > EXTENSION_HEAD + NAME_BYTES && bytes[at] == EXTENSION &&
           bytes[at + 1] == LABEL_APPLICATION && bytes[at + 2] == NAME_BYTES &&
           memcmp(bytes + at + EXTENSION_HEAD + 1, name, NAME_BYTES) == 0;
}

/* Where the extension or picture at @at ends; @size after the last one. */
static size_t block_end(const unsigned char *bytes, size_t size, size_t at)
{
    size_t pieces;

    if (bytes[at] == EXTENSION)
        return pieces_end(bytes, size, at + EXTENSION_HEAD);
    if (bytes[at] != PICTURE || size - at < PICTURE_HEAD)
        return size;
    pieces = at + PICTURE_HEAD + colour_bytes(bytes[at + PICTURE_FLAGS_AT]) + 1; /* and the codes' size */
    return pieces_end(bytes, size, pieces);
}

/* Where the first extension or picture begins; @size when there is none. */
static size_t blocks_begin(const unsigned char *bytes, size_t size)
{
    size_t at;

    if (size < HEADER_BYTES)
        return size;
    at = HEADER_BYTES + colour_bytes(bytes[FLAGS_AT]);
    return at < size ? at : size;
}

static struct attachment without_trailer(const unsigned char *from, size_t size)
{
    if (size <= TRAILER_BYTES)
        return (struct attachment){ 0 };
    for (size_t i = 0; i < TRAILER_BYTES; i++)
        if (from[size - TRAILER_BYTES + i] != trailer_byte(i))
            return (struct attachment){ 0 };
    return (struct attachment){ from, size - TRAILER_BYTES };
}

struct attachment gif_blocks_find_xmp(const void *data, size_t size)
{
    const unsigned char *bytes = data;
    size_t at = blocks_begin(bytes, size), end;

    for (; at < size; at = end) {
        end = block_end(bytes, size, at);
        if (is_application(bytes, size, at, xmp_name)) {
            at += EXTENSION_HEAD + 1 + NAME_BYTES;
            return without_trailer(bytes + at, end - at);
        }
    }
    return (struct attachment){ 0 };
}

/* ---- writing ---- */

static unsigned char *put(unsigned char *to, const void *bytes, size_t size)
{
    memcpy(to, bytes, size);
    return to + size;
}

static unsigned char *put_xmp(unsigned char *to, const struct attachment *xmp)
{
    if (xmp->size == 0)
        return to;
    *to++ = EXTENSION;
    *to++ = LABEL_APPLICATION;
    *to++ = NAME_BYTES;
    to = put(to, xmp_name, NAME_BYTES);
    to = put(to, xmp->data, xmp->size);
    for (size_t i = 0; i < TRAILER_BYTES; i++)
        *to++ = trailer_byte(i);
    return to;
}

static unsigned char *put_comment(unsigned char *to, const struct attachment *comment)
{
    if (comment->size == 0)
        return to;
    *to++ = EXTENSION;
    *to++ = LABEL_COMMENT;
    for (size_t at = 0; at < comment->size; at += PIECE_BYTES) {
        size_t left = comment->size - at, piece = left < PIECE_BYTES ? left : PIECE_BYTES;

        *to++ = (unsigned char)piece;
        to = put(to, (const char *)comment->data + at, piece);
    }
    *to++ = 0;
    return to;
}

static size_t blocks_bytes(const struct attachment *xmp, const struct attachment *comment)
{
    size_t pieces = (comment->size + PIECE_BYTES - 1) / PIECE_BYTES;

    return EXTENSION_HEAD + 1 + NAME_BYTES + xmp->size + TRAILER_BYTES + EXTENSION_HEAD + comment->size +
           pieces + 1;
}

/* The text of an entry, up to its first NUL: a second text is the editor's. */
static struct attachment text_of(const struct tiff_tree *block, uint16_t tag)
{
    const struct tiff_entry *entry = tiff_directory_find(&block->places[TIFF_MAIN], tag);

    if (!entry)
        return (struct attachment){ 0 };
    return (struct attachment){ entry->value, strnlen((const char *)entry->value, entry->value_bytes) };
}

static struct attachment comment_of(const struct tiff_tree *block)
{
    struct attachment copyright = text_of(block, TAG_COPYRIGHT);

    return copyright.size > 0 ? copyright : text_of(block, TAG_ARTIST);
}

/* Behind what says how often an animation is shown, which some look for in front. */
static size_t place(const unsigned char *gif, size_t size)
{
    size_t at = blocks_begin(gif, size);

    return at < size && is_application(gif, size, at, loops_name) ? block_end(gif, size, at) : at;
}

static int copy_with(const unsigned char *gif, size_t size, const struct attachment *xmp,
                     const struct attachment *comment, void **ret, size_t *ret_size)
{
    size_t at = place(gif, size);
    unsigned char *to, *next;

    if (at >= size)
        return -EBADMSG;
    to = malloc(size + blocks_bytes(xmp, comment));
    if (!to)
        return -ENOMEM;

    next = put(to, gif, at);
    next = put_comment(next, comment);
    next = put_xmp(next, xmp);
    if (next != to + at) /* extensions are of this version */
        memcpy(to + VERSION_AT, version, sizeof version - 1);
    next = put(next, gif + at, size - at);
    *ret = to;
    *ret_size = (size_t)(next - to);
    return 0;
}

int gif_blocks_attach(const void *gif, size_t size, const struct attachments *attachments, void **ret,
                      size_t *ret_size)
{
    _cleanup_(tiff_tree_release) struct tiff_tree block = { 0 };
    struct attachment comment;
    int r;

    r = tiff_tree_read(attachments->exif.data, attachments->exif.size, &block);
    if (r < 0)
        return r;
    comment = comment_of(&block);
    return copy_with(gif, size, &attachments->xmp, &comment, ret, ret_size);
}
