/* SPDX-License-Identifier: GPL-2.0-or-later */
/* png_encode - see png_encode.h; PNG specification, filtering: each byte less what is predicted of those to the left
 * and above. */
#include "image/png_encode.h"

#include "base/big_endian.h"
#include "base/cleanup.h"
#include "base/pages.h"
#include "image/pixels_image.h"
#include "image/png_filter.h"
#include "image/png_frame.h"

#include <errno.h>
#include <libdeflate.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum {
    SAMPLE_GROUPS = 4,     /* of rows, spread over the picture … */
    SAMPLE_GROUP_ROWS = 8, /* … of so many each */
    SAMPLE_LEVEL = 1,
    EASY_PART = 8, /* what compresses to less than such a part is easy */
    COMPRESSION_COUNT = 10,
};

/* libdeflate's levels for each Compression=. What is filtered and still hard to compress, as photographs are, gains
 * little by a higher one; anything else gains much, and is fast. The highest are left out: they take many times as
 * long, and memory. */
static const struct {
    int hard, easy;
} levels[COMPRESSION_COUNT] = {
    { 0, 0 }, { 1, 1 }, { 1, 2 }, { 1, 3 }, { 1, 4 }, { 1, 5 }, { 1, 6 }, { 2, 7 }, { 5, 8 }, { 9, 9 },
};

struct picture {
    struct pixels pixels;
    uint32_t width, height;
    unsigned pixel_bytes;
    size_t row_bytes;
    unsigned char *blank; /* what is above the first row */
};

/* What a sample says of a picture. */
struct choice {
    bool plain; /* it is smaller without filters */
    bool easy;
};

/* Rows as they are compressed: the number of the filter, and what it leaves. */
struct filtered {
    unsigned char *data;
    size_t size;
};

static void compressor_free(struct libdeflate_compressor **compressor)
{
    if (*compressor)
        libdeflate_free_compressor(*compressor);
}

static int no_memory(void)
{
    vips_error("png", "out of memory");
    return -1;
}

/* ---- rows ---- */

static const unsigned char *row_of(const struct picture *picture, uint32_t y)
{
    return picture->pixels.data + y * picture->pixels.stride;
}

static const unsigned char *row_above(const struct picture *picture, uint32_t y)
{
    return y == 0 ? picture->blank : row_of(picture, y - 1);
}

static void put_plain(const struct picture *picture, uint32_t first, uint32_t count, unsigned char *to)
{
    for (uint32_t y = first; y < first + count; y++, to += 1 + picture->row_bytes) {
        to[0] = ROW_NONE;
        memcpy(to + 1, row_of(picture, y), picture->row_bytes);
    }
}

static void put_adaptive(const struct picture *picture, uint32_t first, uint32_t count,
                         struct png_filter_trial *trial, unsigned char *to)
{
    for (uint32_t y = first; y < first + count; y++, to += 1 + picture->row_bytes) {
        enum png_filter best = png_filter_try(row_of(picture, y), row_above(picture, y), picture->row_bytes,
                                              picture->pixel_bytes, trial);

        to[0] = (unsigned char)best;
        memcpy(to + 1, best == ROW_NONE ? row_of(picture, y) : trial->rows[best], picture->row_bytes);
    }
}

/* ---- which is smaller ---- */

static uint32_t group_start(const struct picture *picture, unsigned group)
{
    return (uint32_t)((uint64_t)picture->height * (2 * group + 1) / (2 * SAMPLE_GROUPS));
}

static uint32_t group_rows(const struct picture *picture, uint32_t start)
{
    uint32_t left = picture->height - start;

    return left < SAMPLE_GROUP_ROWS ? left : SAMPLE_GROUP_ROWS;
}

/* Compresses a sample both ways. 0 or -ENOMEM. */
static int sample(const struct picture *picture, struct png_filter_trial *trial, struct choice *ret)
{
    _cleanup_(compressor_free) struct libdeflate_compressor *compressor =
        libdeflate_alloc_compressor(SAMPLE_LEVEL);
    size_t room = SAMPLE_GROUP_ROWS * (1 + picture->row_bytes), plain = 0, adaptive = 0, raw = 0;
    _cleanup_free_ unsigned char *rows = malloc(room), *out = NULL;
    size_t bound = compressor ? libdeflate_deflate_compress_bound(compressor, room) : 0;

    out = malloc(bound);
    if (!compressor || !rows || !out)
        return -ENOMEM;
    for (unsigned group = 0; group < SAMPLE_GROUPS; group++) {
        uint32_t start = group_start(picture, group), count = group_rows(picture, start);
        size_t size = count * (1 + picture->row_bytes);

        raw += size;
        put_plain(picture, start, count, rows);
        plain += libdeflate_deflate_compress(compressor, rows, size, out, bound);
        put_adaptive(picture, start, count, trial, rows);
        adaptive += libdeflate_deflate_compress(compressor, rows, size, out, bound);
    }
    ret->plain = plain <= adaptive;
    ret->easy = ret->plain || adaptive < raw / EASY_PART;
    return 0;
}

static int filter(const struct picture *picture, bool store, unsigned char *to, struct choice *ret)
{
    _cleanup_(png_filter_trial_release) struct png_filter_trial trial = { .sums = { 0 } };
    int r = store ? 0 : png_filter_trial_init(&trial, picture->row_bytes);

    *ret = (struct choice){ .plain = store };
    if (r == 0 && !store)
        r = sample(picture, &trial, ret);
    if (r < 0)
        return r;
    if (ret->plain)
        put_plain(picture, 0, picture->height, to);
    else
        put_adaptive(picture, 0, picture->height, &trial, to);
    return 0;
}

/* ---- the file ---- */

enum {
    PHYS_BYTES = 9,
    PER_METRE = 1,
    AROUND_BYTES = SIGNATURE_BYTES + 4 * FRAME_BYTES + IHDR_BYTES + PHYS_BYTES,
};

/* Frames the @size bytes of data that stand behind where the chunk's head comes; returns where the next begins. */
static unsigned char *close_chunk(unsigned char *chunk, const char *type, size_t size)
{
    big_endian_write(chunk, size, WORD_BYTES);
    memcpy(chunk + WORD_BYTES, type, WORD_BYTES);
    big_endian_write(chunk + HEAD_BYTES + size, libdeflate_crc32(0, chunk + WORD_BYTES, WORD_BYTES + size),
                     WORD_BYTES);
    return chunk + FRAME_BYTES + size;
}

static unsigned char *put_header(unsigned char *chunk, const struct picture *picture)
{
    static const unsigned char types[] = { [1] = 0, [2] = 4, [3] = 2, [4] = 6 }; /* by bytes a pixel */
    unsigned char *data = chunk + HEAD_BYTES;

    big_endian_write(data, picture->width, WORD_BYTES);
    big_endian_write(data + WORD_BYTES, picture->height, WORD_BYTES);
    data[8] = 8;
    data[9] = types[picture->pixel_bytes];
    memset(data + 10, 0, 3); /* deflate, adaptive filters, not interlaced */
    return close_chunk(chunk, "IHDR", IHDR_BYTES);
}

/* libvips counts pixels a millimetre. */
static size_t per_metre(double resolution)
{
    return resolution <= 0 ? 0 : (size_t)fmin(round(resolution * 1000), INT32_MAX);
}

static unsigned char *put_resolution(unsigned char *chunk, const VipsImage *image)
{
    unsigned char *data = chunk + HEAD_BYTES;

    big_endian_write(data, per_metre(image->Xres), WORD_BYTES);
    big_endian_write(data + WORD_BYTES, per_metre(image->Yres), WORD_BYTES);
    data[2 * WORD_BYTES] = PER_METRE;
    return close_chunk(chunk, "pHYs", PHYS_BYTES);
}

static int write_file(const struct picture *picture, const VipsImage *image, const struct filtered *filtered,
                      int level, void **ret_data, size_t *ret_size)
{
    _cleanup_(compressor_free) struct libdeflate_compressor *compressor = libdeflate_alloc_compressor(level);
    size_t bound = compressor ? libdeflate_zlib_compress_bound(compressor, filtered->size) : 0, size;
    _cleanup_free_ unsigned char *file = malloc(AROUND_BYTES + bound);
    unsigned char *next, *shorter;

    if (!compressor || !file)
        return -ENOMEM;
    memcpy(file, PNG_SIGNATURE, SIGNATURE_BYTES);
    next = put_header(file + SIGNATURE_BYTES, picture);
    next = put_resolution(next, image);
    size = libdeflate_zlib_compress(compressor, filtered->data, filtered->size, next + HEAD_BYTES, bound);
    next = close_chunk(next, "IDAT", size);
    next = close_chunk(next, "IEND", 0);

    *ret_size = (size_t)(next - file);
    shorter = realloc(file, *ret_size);
    if (shorter)
        file = shorter;
    *ret_data = take_ptr(file);
    return 0;
}

/* ---- all of it ---- */

bool png_encode_can(const VipsImage *image, const struct encoding *encoding)
{
    VipsInterpretation type = image->Bands > 2 ? VIPS_INTERPRETATION_sRGB : VIPS_INTERPRETATION_B_W;

    return image->BandFmt == VIPS_FORMAT_UCHAR && image->Coding == VIPS_CODING_NONE && image->Bands >= 1 &&
           image->Bands <= 4 && image->Type == type &&
           VIPS_IMAGE_SIZEOF_IMAGE(image) <= PNG_ENCODE_BYTES_MAX && !encoding->values[ENCODING_PALETTE] &&
           !encoding->values[ENCODING_PROGRESSIVE];
}

static int encode(struct picture *picture, const VipsImage *image, unsigned compression, void **ret_data,
                  size_t *ret_size)
{
    size_t size = (1 + picture->row_bytes) * picture->height;
    _cleanup_free_ unsigned char *blank = calloc(1, picture->row_bytes);
    _cleanup_(pages_give) struct pages rows = { 0 };
    struct filtered filtered;
    struct choice choice;

    if (!blank || pages_take(&rows, size) < 0)
        return no_memory();
    picture->blank = blank;
    filtered = (struct filtered){ rows.data, size };
    if (filter(picture, compression == 0, rows.data, &choice) < 0 ||
        write_file(picture, image, &filtered,
                   choice.easy ? levels[compression].easy : levels[compression].hard, ret_data, ret_size) < 0)
        return no_memory();
    return 0;
}

int png_encode_image(VipsImage *image, const struct encoding *encoding, void **ret_data, size_t *ret_size)
{
    _cleanup_(pixels_release) struct pixels pixels = { .region = NULL };
    struct picture picture = {
        .width = (uint32_t)image->Xsize,
        .height = (uint32_t)image->Ysize,
        .pixel_bytes = (unsigned)image->Bands,
        .row_bytes = (size_t)image->Xsize * (size_t)image->Bands,
    };

    if (pixels_find(image, &pixels) != 0)
        return -1;
    picture.pixels = pixels;
    return encode(&picture, image, encoding->values[ENCODING_COMPRESSION], ret_data, ret_size);
}
