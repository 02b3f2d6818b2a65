/* SPDX-License-Identifier: GPL-2.0-or-later */
/* jxl_boxes - see jxl_boxes.h; ISO/IEC 18181-2. A box: its size (big-endian, with its head), its type, its bytes.
 * libjxl reads them, as they may be compressed. */
#include "image/jxl_boxes.h"

#include "base/big_endian.h"
#include "base/cleanup.h"

#include <errno.h>
#include <jxl/decode.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

enum { HEAD_BYTES = 8, TYPE_BYTES = 4, OFFSET_BYTES = 4, LENGTH_BYTES = 4 };

/* The signature, and of what kind the file is. */
static const unsigned char container[] = "\0\0\0\x0cJXL \r\n\x87\n"
                                         "\0\0\0\x14"
                                         "ftypjxl \0\0\0\0jxl ";

enum { SIGNATURE_BYTES = 12, CONTAINER_BYTES = sizeof container - 1 };

/* ---- writing ---- */

static unsigned char *put(unsigned char *to, const void *bytes, size_t size)
{
    memcpy(to, bytes, size);
    return to + size;
}

static unsigned char *put_number(unsigned char *to, size_t number)
{
    big_endian_write(to, number, LENGTH_BYTES);
    return to + LENGTH_BYTES;
}

static unsigned char *put_head(unsigned char *to, const char *type, size_t size)
{
    to = put_number(to, HEAD_BYTES + size);
    return put(to, type, TYPE_BYTES);
}

/* Before EXIF stands how far away it is. */
static unsigned char *put_exif(unsigned char *to, const struct attachment *exif)
{
    if (exif->size == 0)
        return to;
    to = put_head(to, "Exif", OFFSET_BYTES + exif->size);
    to = put_number(to, 0);
    return put(to, exif->data, exif->size);
}

static unsigned char *put_xmp(unsigned char *to, const struct attachment *xmp)
{
    if (xmp->size == 0)
        return to;
    to = put_head(to, "xml ", xmp->size);
    return put(to, xmp->data, xmp->size);
}

static bool is_container(const unsigned char *jxl, size_t size)
{
    return size >= SIGNATURE_BYTES && memcmp(jxl, container, SIGNATURE_BYTES) == 0;
}

/* Behind the boxes that have to be in front; 0 when they are not. */
static size_t place(const unsigned char *jxl, size_t size)
{
    size_t at = SIGNATURE_BYTES;

    for (; at < size && size - at >= HEAD_BYTES; at += big_endian_read(jxl + at, LENGTH_BYTES)) {
        const unsigned char *type = jxl + at + LENGTH_BYTES;

        if (memcmp(type, "ftyp", TYPE_BYTES) != 0 && memcmp(type, "jxll", TYPE_BYTES) != 0)
            return at;
        if (big_endian_read(jxl + at, LENGTH_BYTES) < HEAD_BYTES)
            return 0;
    }
    return 0;
}

static unsigned char *put_boxes(unsigned char *to, const struct attachments *attachments)
{
    to = put_exif(to, &attachments->exif);
    return put_xmp(to, &attachments->xmp);
}

/* The last box may be as long as the file is. */
static unsigned char *put_codestream(unsigned char *to, const unsigned char *jxl, size_t size)
{
    to = put_head(to, "jxlc", HEAD_BYTES + size <= UINT32_MAX ? size : (size_t)0 - HEAD_BYTES);
    return put(to, jxl, size);
}

int jxl_boxes_attach(const void *jxl, size_t size, const struct attachments *attachments, void **ret,
                     size_t *ret_size)
{
    bool wrapped = is_container(jxl, size);
    bool bare = attachments->exif.size == 0 && attachments->xmp.size == 0;
    size_t at = wrapped ? place(jxl, size) : 0;
    unsigned char *to, *next;

    if (wrapped && at == 0)
        return -EBADMSG;
    to = malloc(size + CONTAINER_BYTES + 3 * HEAD_BYTES + OFFSET_BYTES + attachments->exif.size +
                attachments->xmp.size);
    if (!to)
        return -ENOMEM;

    next = wrapped ? put(to, jxl, at) : bare ? to : put(to, container, CONTAINER_BYTES);
    next = put_boxes(next, attachments);
    if (wrapped || bare)
        next = put(next, (const char *)jxl + at, size - at);
    else
        next = put_codestream(next, jxl, size);
    *ret = to;
    *ret_size = (size_t)(next - to);
    return 0;
}

/* ---- reading ---- */

enum {
    ROOM_STEP = 1 << 12,
    LARGE_MAX = 4, /* boxes that are passed over for their size: each is unpacked up to there */
};

/* A box that is being read. */
struct reading {
    JxlDecoder *decoder;
    size_t max;
    unsigned index, first; /* of the box, from 1 on; of the first that is read */
    unsigned char *bytes;
    size_t size, room;
    JxlBoxType type;
    struct jxl_boxes *boxes;
};

static bool is_type(const struct reading *reading, const char *type)
{
    return memcmp(reading->type, type, TYPE_BYTES) == 0;
}

/* What is in front of EXIF is left out. */
static void take_exif(struct reading *reading)
{
    size_t skip =
        reading->size < OFFSET_BYTES ? 0 : OFFSET_BYTES + big_endian_read(reading->bytes, LENGTH_BYTES);

    if (reading->size < OFFSET_BYTES || skip >= reading->size || reading->boxes->exif.data)
        return;
    reading->boxes->exif.size = reading->size - skip;
    memmove(reading->bytes, reading->bytes + skip, reading->size - skip);
    reading->boxes->exif.data = take_ptr(reading->bytes);
}

static void take_xmp(struct reading *reading)
{
    if (reading->size == 0 || reading->boxes->xmp.data)
        return;
    reading->boxes->xmp.size = reading->size;
    reading->boxes->xmp.data = take_ptr(reading->bytes);
}

/* The box is whole. */
static void end_box(struct reading *reading)
{
    if (!reading->bytes)
        return;
    reading->size = reading->room - JxlDecoderReleaseBoxBuffer(reading->decoder);
    if (reading->size <= reading->max && is_type(reading, "Exif"))
        take_exif(reading);
    else if (reading->size <= reading->max)
        take_xmp(reading);
    free(take_ptr(reading->bytes));
    reading->room = 0;
}

/* More room for the box that is being read: up to one byte more than it may have. -EMSGSIZE when it has that. */
static int grow(struct reading *reading)
{
    size_t used = reading->bytes ? reading->room - JxlDecoderReleaseBoxBuffer(reading->decoder) : 0;
    size_t room = reading->room * 2 + ROOM_STEP;
    unsigned char *bytes;

    if (reading->room > reading->max)
        return -EMSGSIZE;
    room = room > reading->max ? reading->max + 1 : room;
    bytes = realloc(reading->bytes, room);
    if (!bytes)
        return -ENOMEM;
    reading->bytes = bytes;
    reading->room = room;
    return JxlDecoderSetBoxBuffer(reading->decoder, bytes + used, reading->room - used) == JXL_DEC_SUCCESS
               ? 0
               : -ENOMEM;
}

static bool is_wanted(const struct reading *reading)
{
    return reading->index >= reading->first && ((is_type(reading, "Exif") && !reading->boxes->exif.data) ||
                                                (is_type(reading, "xml ") && !reading->boxes->xmp.data));
}

/* Any other box is passed over. */
static int begin_box(struct reading *reading)
{
    reading->index++;
    if (JxlDecoderGetBoxType(reading->decoder, reading->type, JXL_TRUE) != JXL_DEC_SUCCESS ||
        !is_wanted(reading))
        return 0;
    return grow(reading);
}

static int read_boxes(struct reading *reading)
{
    int r = 0;

    while (r == 0)
        switch (JxlDecoderProcessInput(reading->decoder)) {
        case JXL_DEC_BOX:
            end_box(reading);
            r = begin_box(reading);
            break;
        case JXL_DEC_BOX_NEED_MORE_OUTPUT:
            r = grow(reading);
            break;
        case JXL_DEC_SUCCESS:
            end_box(reading);
            return 0;
        default: /* what is wrong with the file is the decoder's to say */
            return 0;
        }
    return r;
}

static int open_decoder(struct reading *reading, const void *data, size_t size)
{
    reading->decoder = JxlDecoderCreate(NULL);
    if (!reading->decoder || JxlDecoderSubscribeEvents(reading->decoder, JXL_DEC_BOX) != JXL_DEC_SUCCESS ||
        JxlDecoderSetDecompressBoxes(reading->decoder, JXL_TRUE) != JXL_DEC_SUCCESS ||
        JxlDecoderSetInput(reading->decoder, data, size) != JXL_DEC_SUCCESS)
        return -ENOMEM;
    JxlDecoderCloseInput(reading->decoder);
    return 0;
}

/* Reads the wanted boxes from @first on. -EMSGSIZE with the number in *@ret_index when one of them is too large. */
static int read_from(unsigned first, const void *data, size_t size, size_t max, struct jxl_boxes *boxes,
                     unsigned *ret_index)
{
    struct reading reading = { .max = max < SIZE_MAX ? max : max - 1, .first = first, .boxes = boxes };
    int r = open_decoder(&reading, data, size);

    if (r == 0)
        r = read_boxes(&reading);
    if (reading.decoder)
        JxlDecoderDestroy(reading.decoder);
    free(reading.bytes);
    *ret_index = reading.index;
    return r;
}

/* A decoder that has begun to unpack a box has to do all of it; so another one begins behind one that is too large. */
int jxl_boxes_read(const void *data, size_t size, size_t max, struct jxl_boxes *ret)
{
    unsigned index = 0;
    int r = -EMSGSIZE;

    *ret = (struct jxl_boxes){ 0 };
    for (unsigned large = 0; large <= LARGE_MAX && r == -EMSGSIZE; large++)
        r = read_from(index + 1, data, size, max, ret, &index);
    return r == -EMSGSIZE ? 0 : r;
}

void jxl_boxes_release(struct jxl_boxes *boxes)
{
    free(take_ptr(boxes->exif.data));
    free(take_ptr(boxes->xmp.data));
}
