/* SPDX-License-Identifier: GPL-2.0-or-later */
/* jpeg_segments - see jpeg_segments.h. A segment: 0xff, its marker, its length (big-endian, with the length's own two
 * bytes), a signature, its bytes. */
#include "image/jpeg_segments.h"

#include "base/big_endian.h"
#include "base/cleanup.h"
#include "image/iptc_block.h"

#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

enum {
    START_BYTES = 2, /* SOI */
    SEGMENT_FRAME = 4,
    SEGMENT_BYTES_MAX = 65533, /* of signature and bytes */
    LENGTH_BYTES = 2,
    APP0 = 0xe0,
    ICC_NUMBERS = 2, /* of the piece, and how many there are */
    ICC_PIECES_MAX = 255,
};

static const char jfif_signature[] = "JFIF";
static const char exif_signature[] = "Exif\0"; /* with two NULs */
static const char xmp_signature[] = "http://ns.adobe.com/xap/1.0/";
static const char icc_signature[] = "ICC_PROFILE";

enum { ICC_PIECE_BYTES = SEGMENT_BYTES_MAX - sizeof icc_signature - ICC_NUMBERS };

/* Bytes that are written one after the other. */
struct output {
    unsigned char *to; /* NULL: only counted */
    size_t used;
};

static void put(struct output *output, const void *bytes, size_t size)
{
    if (output->to && size > 0)
        memcpy(output->to + output->used, bytes, size);
    output->used += size;
}

static void put_frame(struct output *output, unsigned app, size_t size)
{
    size_t length = LENGTH_BYTES + size;
    unsigned char frame[SEGMENT_FRAME] = { 0xff, (unsigned char)(APP0 + app), (unsigned char)(length >> 8),
                                           (unsigned char)length };

    put(output, frame, sizeof frame);
}

static void put_segment(struct output *output, unsigned app, const char *signature, size_t signature_size,
                        const struct attachment *attachment)
{
    if (attachment->size == 0)
        return;
    put_frame(output, app, signature_size + attachment->size);
    put(output, signature, signature_size);
    put(output, attachment->data, attachment->size);
}

static void put_jfif(struct output *output, const unsigned *dots_per_inch)
{
    enum { PER_INCH = 1 };
    const unsigned char rest[] = {
        1,
        2,
        PER_INCH, /* version, unit */
        (unsigned char)(dots_per_inch[0] >> 8),
        (unsigned char)dots_per_inch[0],
        (unsigned char)(dots_per_inch[1] >> 8),
        (unsigned char)dots_per_inch[1],
        0,
        0, /* no thumbnail */
    };

    put_frame(output, 0, sizeof jfif_signature + sizeof rest);
    put(output, jfif_signature, sizeof jfif_signature);
    put(output, rest, sizeof rest);
}

static size_t count_pieces(const struct attachment *icc)
{
    return (icc->size + ICC_PIECE_BYTES - 1) / ICC_PIECE_BYTES;
}

static void put_icc(struct output *output, const struct attachment *icc)
{
    size_t count = count_pieces(icc);

    for (size_t i = 0; i < count; i++) {
        size_t left = icc->size - i * ICC_PIECE_BYTES, size = left < ICC_PIECE_BYTES ? left : ICC_PIECE_BYTES;
        unsigned char numbers[ICC_NUMBERS] = { (unsigned char)(i + 1), (unsigned char)count };

        put_frame(output, 2, sizeof icc_signature + ICC_NUMBERS + size);
        put(output, icc_signature, sizeof icc_signature);
        put(output, numbers, sizeof numbers);
        put(output, (const char *)icc->data + i * ICC_PIECE_BYTES, size);
    }
}

/* Where the segments go: behind the start, and behind a JFIF header if there is one. */
static size_t place(const unsigned char *jpeg, size_t size)
{
    const unsigned char *segment = jpeg + START_BYTES;
    size_t end;

    if (size < START_BYTES + SEGMENT_FRAME + sizeof jfif_signature || segment[1] != APP0 ||
        memcmp(segment + SEGMENT_FRAME, jfif_signature, sizeof jfif_signature) != 0)
        return START_BYTES;
    end = START_BYTES + LENGTH_BYTES + big_endian_read(segment + SEGMENT_FRAME - LENGTH_BYTES, LENGTH_BYTES);
    return end < size ? end : START_BYTES;
}

/* Known, and not more than there is room for. */
static bool can_say_density(const struct attachments *attachments)
{
    const unsigned *dots_per_inch = attachments->dots_per_inch;

    return attachments_have_density(attachments) && dots_per_inch[0] <= UINT16_MAX &&
           dots_per_inch[1] <= UINT16_MAX;
}

static void write_all(struct output *output, const unsigned char *jpeg, size_t size,
                      const struct attachments *attachments, const struct attachment *resource)
{
    size_t at = place(jpeg, size);

    put(output, jpeg, at);
    if (at == START_BYTES && can_say_density(attachments))
        put_jfif(output, attachments->dots_per_inch);
    put_segment(output, 1, exif_signature, sizeof exif_signature, &attachments->exif);
    put_segment(output, 1, xmp_signature, sizeof xmp_signature, &attachments->xmp);
    put_icc(output, &attachments->icc);
    put_segment(output, 13, NULL, 0, resource);
    put(output, jpeg + at, size - at);
}

int jpeg_segments_attach(const void *jpeg, size_t size, const struct attachments *attachments, void **ret,
                         size_t *ret_size)
{
    _cleanup_free_ void *wrapped = NULL;
    struct attachment resource = { 0 };
    struct output output = { 0 };

    if (count_pieces(&attachments->icc) > ICC_PIECES_MAX)
        return -EMSGSIZE;
    if (attachments->iptc.size > 0 &&
        iptc_block_wrap(attachments->iptc.data, attachments->iptc.size, &wrapped, &resource.size) < 0)
        return -ENOMEM;
    resource.data = wrapped;

    write_all(&output, jpeg, size, attachments, &resource);
    output.to = malloc(output.used);
    if (!output.to)
        return -ENOMEM;

    output.used = 0;
    write_all(&output, jpeg, size, attachments, &resource);
    *ret = output.to;
    *ret_size = output.used;
    return 0;
}

/* ---- reading ---- */

enum { JFIF_UNIT = sizeof jfif_signature + 2, PIXELS_ALONE = 0 };

/* The JFIF header, which stands behind the start. */
static bool is_jfif(const unsigned char *segment, size_t size)
{
    return size > SEGMENT_FRAME + JFIF_UNIT && segment[0] == 0xff && segment[1] == APP0 &&
           memcmp(segment + SEGMENT_FRAME, jfif_signature, sizeof jfif_signature) == 0;
}

bool jpeg_segments_say_density(const void *jpeg, size_t size)
{
    const unsigned char *segment = (const unsigned char *)jpeg + START_BYTES;

    return size > START_BYTES && is_jfif(segment, size - START_BYTES) &&
           segment[SEGMENT_FRAME + JFIF_UNIT] != PIXELS_ALONE;
}
