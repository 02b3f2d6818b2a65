/* SPDX-License-Identifier: GPL-2.0-or-later */
/* png_chunks - see png_chunks.h; PNG specification, chunk layout: length, type, data, CRC. */
#include "image/png_chunks.h"
#include "image/png_frame.h"

#include "base/big_endian.h"
#include "base/cleanup.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

enum {
    LENGTH_BYTES = 4,
    TYPE_BYTES = 4,
    CHECK_BYTES = 4,
    HEADER_END = 33,        /* where the first chunk ends, which is IHDR */
    ANCILLARY_BIT = 1 << 5, /* of the type's first letter: a small one */
};

static const char kept_types[][TYPE_BYTES + 1] = {
    "tRNS", "iCCP", "sRGB", "gAMA", "cHRM", "sBIT", "pHYs", "eXIf",
};

struct chunk {
    const unsigned char *start;
    size_t bytes; /* with its frame; what the file has of it */
    bool kept;
};

static bool is_type(const unsigned char *type, const char *name)
{
    return memcmp(type, name, TYPE_BYTES) == 0;
}

static bool is_kept_type(const unsigned char *type)
{
    if (!(type[0] & ANCILLARY_BIT))
        return true;
    for (size_t i = 0; i < ARRAY_SIZE(kept_types); i++)
        if (is_type(type, kept_types[i]))
            return true;
    return false;
}

/* The chunk at @start, with @left bytes of file from there on. Pixels that are cut off are the decoder's to
 * judge; any other chunk that is ends the file. */
static struct chunk chunk_at(const unsigned char *start, size_t left)
{
    struct chunk chunk = { .start = start, .bytes = left, .kept = false };
    const unsigned char *type = start + LENGTH_BYTES;
    size_t claimed;

    if (left < FRAME_BYTES)
        return chunk;

    claimed = big_endian_read(start, LENGTH_BYTES) + FRAME_BYTES;
    if (claimed > left) {
        chunk.kept = is_type(type, "IDAT");
        return chunk;
    }
    return (struct chunk){ start, claimed, is_kept_type(type) };
}

/* Copies the kept chunks to @to, if there is one; returns how many bytes they are. */
static size_t copy_kept(const unsigned char *data, size_t size, unsigned char *to)
{
    size_t at = SIGNATURE_BYTES, used = SIGNATURE_BYTES;

    if (to)
        memcpy(to, data, SIGNATURE_BYTES);
    while (at < size) {
        struct chunk chunk = chunk_at(data + at, size - at);

        if (chunk.kept && to)
            memcpy(to + used, chunk.start, chunk.bytes);
        used += chunk.kept ? chunk.bytes : 0;
        at += chunk.bytes;
    }
    return used;
}

int png_chunks_reduce(const void *data, size_t size, void **ret_copy, size_t *ret_size)
{
    size_t kept = size < SIGNATURE_BYTES ? size : copy_kept(data, size, NULL);
    unsigned char *copy;

    *ret_copy = NULL;
    if (kept == size)
        return 0;

    copy = malloc(kept);
    if (!copy)
        return -ENOMEM;

    copy_kept(data, size, copy);
    *ret_copy = copy;
    *ret_size = kept;
    return 0;
}

const char *png_chunks_kept(size_t index)
{
    return index < ARRAY_SIZE(kept_types) ? kept_types[index] : NULL;
}

/* ---- XMP ---- */

/* Followed by whether it is compressed, how, a language and the keyword in that, which are empty. */
static const char xmp_keyword[] = "XML:com.adobe.xmp";

enum { TEXT_FLAGS = 2, INFLATE_STEP = 1 << 16 };

/* Where the text of an iTXt chunk's @data begins; 0 when it is cut off. */
static size_t text_start(const unsigned char *data, size_t size)
{
    size_t at = sizeof xmp_keyword + TEXT_FLAGS;

    for (unsigned strings = 0; strings < 2; strings++) {
        while (at < size && data[at] != 0)
            at++;
        at++;
    }
    return at < size ? at : 0;
}

/* Inflates until the end, or until there are more than @max bytes. False when it does not come to an end. */
static int inflate_text(z_stream *stream, size_t max, unsigned char **text, size_t *ret_size)
{
    size_t room = 0;
    int z = Z_OK;

    while (z == Z_OK && stream->total_out <= max) {
        unsigned char *grown = stream->total_out == room ? realloc(*text, room * 2 + INFLATE_STEP) : *text;

        if (!grown)
            return -ENOMEM;
        room = stream->total_out == room ? room * 2 + INFLATE_STEP : room;
        *text = grown;
        stream->next_out = grown + stream->total_out;
        stream->avail_out = (uInt)(room - stream->total_out);
        z = inflate(stream, Z_NO_FLUSH);
    }
    *ret_size = stream->total_out;
    return z == Z_STREAM_END && stream->total_out <= max;
}

static int take_compressed(const unsigned char *from, size_t size, size_t max, void **ret, size_t *ret_size)
{
    z_stream stream = { .next_in = (unsigned char *)from, .avail_in = (uInt)size };
    _cleanup_free_ unsigned char *text = NULL;
    size_t text_size;
    int r;

    if (inflateInit(&stream) != Z_OK)
        return -ENOMEM;
    r = inflate_text(&stream, max, &text, &text_size);
    inflateEnd(&stream);
    if (r <= 0)
        return r;
    *ret = take_ptr(text);
    *ret_size = text_size;
    return 0;
}

static int take_plain(const unsigned char *from, size_t size, size_t max, void **ret, size_t *ret_size)
{
    if (size > max)
        return 0;
    *ret = malloc(size);
    if (!*ret)
        return -ENOMEM;
    memcpy(*ret, from, size);
    *ret_size = size;
    return 0;
}

static bool is_xmp(const struct chunk *chunk)
{
    return chunk->bytes >= FRAME_BYTES + sizeof xmp_keyword + TEXT_FLAGS &&
           is_type(chunk->start + LENGTH_BYTES, "iTXt") &&
           big_endian_read(chunk->start, LENGTH_BYTES) + FRAME_BYTES == chunk->bytes &&
           memcmp(chunk->start + HEAD_BYTES, xmp_keyword, sizeof xmp_keyword) == 0;
}

static int take_xmp(const struct chunk *chunk, size_t max, void **ret, size_t *ret_size)
{
    const unsigned char *data = chunk->start + HEAD_BYTES;
    size_t size = chunk->bytes - FRAME_BYTES, text = text_start(data, size);

    if (text == 0)
        return 0;
    return (data[sizeof xmp_keyword] ? take_compressed : take_plain)(data + text, size - text, max, ret,
                                                                     ret_size);
}

int png_chunks_find_xmp(const void *data, size_t size, size_t max, void **ret, size_t *ret_size)
{
    const unsigned char *bytes = data;

    *ret = NULL;
    *ret_size = 0;
    for (size_t at = SIGNATURE_BYTES; at < size;) {
        struct chunk chunk = chunk_at(bytes + at, size - at);

        if (is_xmp(&chunk))
            return take_xmp(&chunk, max, ret, ret_size);
        at += chunk.bytes;
    }
    return 0;
}

/* ---- the density ---- */

enum { PHYS_BYTES = 9, PHYS_UNIT = 8, PER_METRE = 1 };

static bool is_density(const struct chunk *chunk)
{
    return chunk->bytes == FRAME_BYTES + PHYS_BYTES && is_type(chunk->start + sizeof(uint32_t), "pHYs");
}

/* From where to where it stands in a file of @size bytes; nothing at the end where there is none. */
static struct chunk find_density(const unsigned char *data, size_t size)
{
    for (size_t at = SIGNATURE_BYTES; at < size;) {
        struct chunk chunk = chunk_at(data + at, size - at);

        if (is_density(&chunk))
            return chunk;
        at += chunk.bytes;
    }
    return (struct chunk){ data + size, 0, false };
}

bool png_chunks_say_density(const void *data, size_t size)
{
    struct chunk found = find_density(data, size);

    return found.bytes > 0 && found.start[HEAD_BYTES + PHYS_UNIT] == PER_METRE;
}

/* ---- attachments ---- */

/* Puts a chunk at @to, its data being a head and a body; returns where it ends. */
static unsigned char *put_chunk(unsigned char *to, const char *type, const char *head, size_t head_size,
                                const void *body, size_t body_size)
{
    unsigned char *data = to + HEAD_BYTES;
    size_t size = head_size + body_size;

    big_endian_write(to, size, LENGTH_BYTES);
    memcpy(to + LENGTH_BYTES, type, TYPE_BYTES);
    if (head_size > 0)
        memcpy(data, head, head_size);
    memcpy(data + head_size, body, body_size);
    big_endian_write(data + size, crc32(crc32(0, NULL, 0), to + LENGTH_BYTES, (uInt)(TYPE_BYTES + size)),
                     CHECK_BYTES);
    return to + FRAME_BYTES + size;
}

static int deflate_profile(const struct attachment *icc, unsigned char **ret, size_t *ret_size)
{
    uLongf bound = compressBound(icc->size);
    _cleanup_free_ unsigned char *deflated = NULL;

    *ret_size = 0;
    if (icc->size == 0)
        return 0;
    deflated = malloc(bound);
    if (!deflated || compress2(deflated, &bound, icc->data, icc->size, Z_BEST_COMPRESSION) != Z_OK)
        return -ENOMEM;
    *ret = take_ptr(deflated);
    *ret_size = bound;
    return 0;
}

/* Copies @from to @to without the density, unless it is @known; returns where it ends. */
static unsigned char *put_rest(unsigned char *to, const unsigned char *from, const unsigned char *end,
                               bool known, const struct chunk *density)
{
    const unsigned char *gap = known || density->start < from ? end : density->start;
    size_t before = (size_t)(gap - from), skipped = gap < end ? density->bytes : 0;

    memcpy(to, from, before);
    memcpy(to + before, gap + skipped, (size_t)(end - gap) - skipped);
    return to + (end - from) - skipped;
}

int png_chunks_attach(const void *png, size_t size, const struct attachments *attachments, void **ret,
                      size_t *ret_size)
{
    static const char profile_head[] = "icc\0"; /* its name; compressed with deflate */
    static const char xmp_head[] = "XML:com.adobe.xmp\0\0\0\0";
    const struct attachment *exif = &attachments->exif, *xmp = &attachments->xmp;
    const unsigned char *bytes = png;
    struct chunk density = find_density(bytes, size);
    _cleanup_free_ unsigned char *profile = NULL;
    size_t profile_size, header;
    unsigned char *to, *next;

    if (deflate_profile(&attachments->icc, &profile, &profile_size) < 0)
        return -ENOMEM;
    to = malloc(size + 3 * FRAME_BYTES + sizeof profile_head + profile_size + exif->size + sizeof xmp_head +
                xmp->size);
    if (!to)
        return -ENOMEM;

    /* What ended early in the encoder is for whoever reads it back to find. */
    header = size < HEADER_END ? size : HEADER_END;
    memcpy(to, png, header);
    next = to + header;
    if (profile)
        next = put_chunk(next, "iCCP", profile_head, sizeof profile_head, profile, profile_size);
    if (exif->size > 0)
        next = put_chunk(next, "eXIf", NULL, 0, exif->data, exif->size);
    if (xmp->size > 0)
        next = put_chunk(next, "iTXt", xmp_head, sizeof xmp_head, xmp->data, xmp->size);
    next = put_rest(next, bytes + header, bytes + size, attachments_have_density(attachments), &density);
    *ret = to;
    *ret_size = (size_t)(next - to);
    return 0;
}
