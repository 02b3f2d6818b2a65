/* SPDX-License-Identifier: GPL-2.0-or-later */
/* png_decode - see png_decode.h. The filtered rows are inflated into one buffer and are undone where they are: each
 * moves to the front by as many bytes as there were filters' numbers before it. */
#include "image/png_decode.h"

#include "base/big_endian.h"
#include "base/cleanup.h"
#include "image/pixels_image.h"
#include "image/png_filter.h"
#include "image/png_frame.h"

#include <errno.h>
#include <libdeflate.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

enum {
    IHDR_DEPTH_AT = 8,
    IHDR_TYPE_AT = 9,
    IHDR_REST_AT = 10, /* compression, filter and interlace, of which there is one that we take: 0 */
    SIDE_MAX = 1 << 24,
    ANCILLARY_BIT = 1 << 5, /* of the type's first letter */
    ZLIB_HEAD_BYTES = 2,
    WINDOW_BITS_MAX = 15,
};

struct layout {
    struct extent extent;
    unsigned bands;
    size_t row_bytes;
    size_t filtered_bytes; /* of all rows, each with its filter's number */
};

/* ---- chunks ---- */

struct chunk {
    const unsigned char *type, *data;
    size_t size;
};

static bool is_letter(unsigned char byte)
{
    return (byte | ('a' ^ 'A')) >= 'a' && (byte | ('a' ^ 'A')) <= 'z';
}

static bool is_type_of_chunk(const unsigned char *type)
{
    return is_letter(type[0]) && is_letter(type[1]) && is_letter(type[2]) && is_letter(type[3]);
}

/* The chunk at *@at, which is then behind it; false when it is cut off, or is none. */
static bool next_chunk(const unsigned char *file, size_t size, size_t *at, struct chunk *ret)
{
    size_t left = size - *at, length;

    if (left < FRAME_BYTES)
        return false;
    length = big_endian_read(file + *at, WORD_BYTES);
    if (length > left - FRAME_BYTES || !is_type_of_chunk(file + *at + WORD_BYTES))
        return false;
    *ret = (struct chunk){ file + *at + WORD_BYTES, file + *at + HEAD_BYTES, length };
    *at += FRAME_BYTES + length;
    return true;
}

static bool is_type(const struct chunk *chunk, const char *type)
{
    return memcmp(chunk->type, type, WORD_BYTES) == 0;
}

static bool is_whole(const struct chunk *chunk)
{
    return libdeflate_crc32(0, chunk->type, WORD_BYTES + chunk->size) ==
           big_endian_read(chunk->data + chunk->size, WORD_BYTES);
}

static bool is_ancillary(const struct chunk *chunk)
{
    return chunk->type[0] & ANCILLARY_BIT;
}

/* By the number of the type of colours; 0 of those that we do not take. */
static unsigned bands_of(unsigned char type)
{
    static const unsigned char bands[] = { [0] = 1, [2] = 3, [4] = 2, [6] = 4 };

    return type < ARRAY_SIZE(bands) ? bands[type] : 0;
}

static bool read_layout(const unsigned char *header, struct layout *ret)
{
    static const unsigned char rest[IHDR_BYTES - IHDR_REST_AT];
    uint32_t width = (uint32_t)big_endian_read(header, WORD_BYTES),
             height = (uint32_t)big_endian_read(header + WORD_BYTES, WORD_BYTES);
    unsigned bands = bands_of(header[IHDR_TYPE_AT]);

    if (header[IHDR_DEPTH_AT] != 8 || bands == 0 || memcmp(header + IHDR_REST_AT, rest, sizeof rest) != 0 ||
        width == 0 || height == 0 || width > SIDE_MAX || height > SIDE_MAX ||
        (uint64_t)width * height > PNG_DECODE_PIXELS_MAX)
        return false;
    *ret = (struct layout){ { width, height }, bands, (size_t)width * bands, 0 };
    ret->filtered_bytes = (1 + ret->row_bytes) * height;
    return true;
}

/* Where the chunk behind the header begins; 0 when the header is none that we take. */
static size_t read_header(const unsigned char *file, size_t size, struct layout *ret)
{
    size_t at = SIGNATURE_BYTES;
    struct chunk chunk;

    if (size < SIGNATURE_BYTES || memcmp(file, PNG_SIGNATURE, SIGNATURE_BYTES) != 0 ||
        !next_chunk(file, size, &at, &chunk) || !is_type(&chunk, "IHDR") || chunk.size != IHDR_BYTES ||
        !is_whole(&chunk) || !read_layout(chunk.data, ret))
        return 0;
    return at;
}

/* A palette says nothing of these pictures, and one transparent colour would be another band. */
static bool may_come_before_pixels(const struct chunk *chunk)
{
    return is_ancillary(chunk) && !is_type(chunk, "tRNS") && is_whole(chunk);
}

/* Where the chunks of pixels begin; 0 when something else comes that we do not take. */
static size_t find_pixels(const unsigned char *file, size_t size, size_t at)
{
    struct chunk chunk;

    for (size_t next = at; next_chunk(file, size, &next, &chunk); at = next) {
        if (is_type(&chunk, "IDAT"))
            return at;
        if (!may_come_before_pixels(&chunk))
            break;
    }
    return 0;
}

/* ---- the stream in them ---- */

/* All chunks of pixels, which follow each other, as one; @copy is what they were put together in, if they had to be. */
struct stream {
    const unsigned char *data;
    size_t size;
    struct pages copy;
};

static void stream_release(struct stream *stream)
{
    pages_give(&stream->copy);
}

/* Is @at where the end of the file is, or only what may be left out comes before that? */
static bool is_end(const unsigned char *file, size_t size, size_t at)
{
    struct chunk chunk;

    while (next_chunk(file, size, &at, &chunk) && is_whole(&chunk)) {
        if (is_type(&chunk, "IEND"))
            return chunk.size == 0 && at == size;
        if (!is_ancillary(&chunk))
            break;
    }
    return false;
}

/* Counts the chunks of pixels at @at and their bytes; false unless they are whole, and the file behind them. */
static bool measure(const unsigned char *file, size_t size, size_t at, size_t *ret_count, size_t *ret_bytes)
{
    struct chunk chunk;

    size_t next = at;

    *ret_count = *ret_bytes = 0;
    for (; next_chunk(file, size, &next, &chunk) && is_type(&chunk, "IDAT"); at = next) {
        if (!is_whole(&chunk))
            return false;
        ++*ret_count;
        *ret_bytes += chunk.size;
    }
    return is_end(file, size, at);
}

static int join(const unsigned char *file, size_t size, size_t at, size_t count, struct stream *stream)
{
    struct chunk chunk;
    unsigned char *to;

    if (pages_take(&stream->copy, stream->size) < 0)
        return -ENOMEM;
    to = stream->copy.data;
    for (size_t i = 0; i < count && next_chunk(file, size, &at, &chunk); i++) {
        memcpy(to, chunk.data, chunk.size);
        to += chunk.size;
    }
    stream->data = stream->copy.data;
    return 0;
}

/* zlib holds on to a window that is told too small; libdeflate looks further back. */
static bool has_fair_window(const struct stream *stream, size_t filtered_bytes)
{
    enum { WINDOW_AT_BIT = 4, WINDOW_LEAST = 8 };
    unsigned bits;

    if (stream->size < ZLIB_HEAD_BYTES)
        return false;
    bits = (stream->data[0] >> WINDOW_AT_BIT) + WINDOW_LEAST;
    return bits == WINDOW_BITS_MAX || (bits < WINDOW_BITS_MAX && filtered_bytes <= (size_t)1 << bits);
}

/* What takes more than its pixels, by more than a compressor would add, is odd. */
static bool has_fair_size(const struct stream *stream, size_t filtered_bytes)
{
    enum { OVERHEAD_PART = 64, OVERHEAD_BYTES = 1024 };

    return stream->size <= filtered_bytes + filtered_bytes / OVERHEAD_PART + OVERHEAD_BYTES;
}

static int read_stream(const unsigned char *file, size_t size, size_t at, const struct layout *layout,
                       struct stream *ret)
{
    struct chunk first;
    size_t count, behind = at;
    int r = 0;

    if (!measure(file, size, at, &count, &ret->size) || !next_chunk(file, size, &behind, &first))
        return -EBADMSG;
    if (!has_fair_size(ret, layout->filtered_bytes))
        return -EBADMSG;
    ret->data = first.data;
    if (count > 1)
        r = join(file, size, at, count, ret);
    if (r < 0)
        return r;
    return has_fair_window(ret, layout->filtered_bytes) ? 0 : -EBADMSG;
}

/* ---- pixels ---- */

static void decompressor_free(struct libdeflate_decompressor **decompressor)
{
    if (*decompressor)
        libdeflate_free_decompressor(*decompressor);
}

/* Fills @to with the rows, exactly. */
static int inflate_rows(const struct stream *stream, const struct layout *layout, unsigned char *to)
{
    _cleanup_(decompressor_free) struct libdeflate_decompressor *decompressor =
        libdeflate_alloc_decompressor();
    size_t used;

    if (!decompressor)
        return -ENOMEM;
    if (libdeflate_zlib_decompress_ex(decompressor, stream->data, stream->size, to, layout->filtered_bytes,
                                      &used, NULL) != LIBDEFLATE_SUCCESS ||
        used != stream->size)
        return -EBADMSG;
    return 0;
}

/* Turns @rows, each behind its filter's number, into pixels. */
static int undo_rows(const struct layout *layout, const unsigned char *blank, unsigned char *rows)
{
    const unsigned char *row = rows, *above = blank;
    unsigned char *to = rows;

    for (uint32_t y = 0; y < layout->extent.height; y++) {
        if (row[0] >= ROW_FILTERS)
            return -EBADMSG;
        png_filter_undo(row[0], row + 1, above, layout->row_bytes, layout->bands, to);
        above = to;
        to += layout->row_bytes;
        row += 1 + layout->row_bytes;
    }
    return 0;
}

static int decode(const unsigned char *file, size_t size, struct layout *ret_layout, struct pages *ret)
{
    _cleanup_(stream_release) struct stream stream = { .size = 0 };
    _cleanup_free_ unsigned char *blank = NULL;
    _cleanup_(pages_give) struct pages rows = { 0 };
    size_t at = read_header(file, size, ret_layout);
    int r;

    if (at > 0)
        at = find_pixels(file, size, at);
    if (at == 0)
        return -EBADMSG;
    r = read_stream(file, size, at, ret_layout, &stream);
    if (r < 0)
        return r;

    blank = calloc(1, ret_layout->row_bytes + PNG_FILTER_SLACK);
    if (!blank || pages_take(&rows, ret_layout->filtered_bytes + PNG_FILTER_SLACK) < 0)
        return -ENOMEM;
    r = inflate_rows(&stream, ret_layout, rows.data);
    if (r == 0)
        r = undo_rows(ret_layout, blank, rows.data);
    if (r < 0)
        return r;
    *ret = rows;
    rows = (struct pages){ 0 };
    return 0;
}

int png_decode_pixels(const void *data, size_t size, struct pages *ret)
{
    struct layout layout;

    return decode(data, size, &layout, ret);
}

bool png_decode_can(const void *data, size_t size)
{
    struct layout layout;

    return read_header(data, size, &layout) > 0;
}

bool png_decode_ends_with_pixels(const void *data, size_t size)
{
    struct layout layout;
    struct chunk chunk;
    size_t at = read_header(data, size, &layout);

    at = at > 0 ? find_pixels(data, size, at) : 0;
    while (at > 0 && next_chunk(data, size, &at, &chunk))
        if (!is_type(&chunk, "IDAT"))
            return is_type(&chunk, "IEND");
    return false;
}

static bool fits(const struct layout *layout, const VipsImage *header)
{
    return header->Xsize == (int)layout->extent.width && header->Ysize == (int)layout->extent.height &&
           header->Bands == (int)layout->bands && header->BandFmt == VIPS_FORMAT_UCHAR;
}

int png_decode_image(const void *data, size_t size, VipsImage *header, VipsImage **ret)
{
    _cleanup_(pages_give) struct pages pixels = { 0 };
    struct layout layout;
    int r = decode(data, size, &layout, &pixels);

    if (r == -ENOMEM) {
        vips_error("png", "out of memory");
        return -1;
    }
    if (r < 0 || !fits(&layout, header))
        return 1;
    return pixels_image(&pixels, layout.extent, layout.bands, header, ret);
}
