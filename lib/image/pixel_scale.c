/* SPDX-License-Identifier: GPL-2.0-or-later */
/* pixel_scale - see pixel_scale.h. With SSE2 sixteen pixels of RGB are taken apart at once. */
#include "image/pixel_scale.h"

#include "base/cleanup.h"
#include "image/pixels_image.h"

#include <string.h>
#ifdef __SSE2__
#include <emmintrin.h>
#endif

enum { RGB = PLANES_COLOUR };

static bool has_bands_for(const VipsImage *in)
{
    return (in->Bands == PLANES_GREY && in->Type == VIPS_INTERPRETATION_B_W) ||
           (in->Bands == RGB && in->Type == VIPS_INTERPRETATION_sRGB);
}

bool pixel_scale_takes(struct extent extent)
{
    return extent.width <= PIXEL_SCALE_SIDE_MAX && extent.height <= PIXEL_SCALE_SIDE_MAX &&
           plane_bytes(extent) <= PIXEL_SCALE_PIXELS_MAX;
}

bool pixel_scale_can(VipsImage *in, struct extent to)
{
    struct extent extent = { (uint32_t)in->Xsize, (uint32_t)in->Ysize };

    return in->BandFmt == VIPS_FORMAT_UCHAR && in->Coding == VIPS_CODING_NONE && has_bands_for(in) &&
           extent.width >= to.width && extent.height >= to.height && pixel_scale_takes(extent) &&
           pixels_are_near(in);
}

/* ---- apart and together ---- */

static void part_bytes(const unsigned char *row, uint32_t from, uint32_t to, unsigned char *const *parts)
{
    for (uint32_t x = from; x < to; x++)
        for (unsigned band = 0; band < RGB; band++)
            parts[band][x] = row[(size_t)RGB * x + band];
}

#ifdef __SSE2__

enum { BLOCK_PIXELS = sizeof(__m128i) };

static __m128i upper(__m128i bytes)
{
    return _mm_unpackhi_epi64(bytes, bytes);
}

/* Takes what stands 24 bytes apart together; after four times what stood three apart is. */
static void shuffle(__m128i blocks[RGB])
{
    __m128i first = _mm_unpacklo_epi8(blocks[0], upper(blocks[1]));
    __m128i second = _mm_unpacklo_epi8(upper(blocks[0]), blocks[2]);
    __m128i third = _mm_unpacklo_epi8(blocks[1], upper(blocks[2]));

    blocks[0] = first;
    blocks[1] = second;
    blocks[2] = third;
}

static uint32_t part_blocks(const unsigned char *row, uint32_t width, unsigned char *const *parts)
{
    uint32_t x = 0;

    for (; x + BLOCK_PIXELS <= width; x += BLOCK_PIXELS) {
        const __m128i *from = (const __m128i *)(row + (size_t)RGB * x);
        __m128i blocks[RGB] = { _mm_loadu_si128(from), _mm_loadu_si128(from + 1), _mm_loadu_si128(from + 2) };

        shuffle(blocks);
        shuffle(blocks);
        shuffle(blocks);
        shuffle(blocks);
        for (unsigned band = 0; band < RGB; band++)
            _mm_storeu_si128((__m128i *)(parts[band] + x), blocks[band]);
    }
    return x;
}

#else

static uint32_t part_blocks(const unsigned char *row, uint32_t width, unsigned char *const *parts)
{
    (void)row, (void)width, (void)parts;
    return 0;
}

#endif

static void take_row_apart(const unsigned char *row, const struct planes *planes, uint32_t y)
{
    const struct plane *list = planes->list;
    uint32_t width = list[0].extent.width;
    unsigned char *parts[RGB];

    for (size_t band = 0; band < planes->count; band++)
        parts[band] = list[band].data + y * list[band].stride;
    if (planes->count == RGB)
        part_bytes(row, part_blocks(row, width, parts), width, parts);
    else
        memcpy(parts[0], row, width);
}

static uint32_t smaller(uint32_t a, uint32_t b)
{
    return a < b ? a : b;
}

/* Strip by strip: of a whole picture libvips would make a copy for each step between it and its pixels. */
static int take_apart(VipsImage *in, const struct planes *planes)
{
    enum { STRIP_BYTES = 256 << 10 };
    uint32_t height = planes->list[0].extent.height,
             rows = 1 + STRIP_BYTES / (uint32_t)VIPS_IMAGE_SIZEOF_LINE(in);
    _cleanup_region_ VipsRegion *region = vips_region_new(in);

    if (!region)
        return -1;
    for (uint32_t top = 0; top < height; top += rows) {
        uint32_t count = smaller(rows, height - top);
        VipsRect strip = { 0, (int)top, in->Xsize, (int)count };

        if (vips_region_prepare(region, &strip) != 0)
            return -1;
        for (uint32_t y = top; y < top + count; y++)
            take_row_apart(VIPS_REGION_ADDR(region, 0, (int)y), planes, y);
    }
    return 0;
}

static void put_together(const struct planes *planes, unsigned char *to)
{
    for (uint32_t y = 0; y < planes->list[0].extent.height; y++)
        for (uint32_t x = 0; x < planes->list[0].extent.width; x++)
            for (size_t band = 0; band < planes->count; band++)
                *to++ = planes->list[band].data[y * planes->list[band].stride + x];
}

/* ---- scaling ---- */

static int no_memory(void)
{
    vips_error("resample", "out of memory");
    return -1;
}

/* @to is of the size that is wanted. */
static int scale_planes(const struct planes *from, const struct plane_part *part, struct planes *to)
{
    int r = 0;

    for (size_t i = 0; i < from->count && r == 0; i++)
        r = plane_scale(&from->list[i], part, &to->list[i]);
    return r < 0 ? no_memory() : 0;
}

static int scale(VipsImage *in, const struct plane_part *part, struct planes *to)
{
    _cleanup_(planes_release) struct planes apart = { .count = 0 };
    struct extent extent = { (uint32_t)in->Xsize, (uint32_t)in->Ysize };

    if (planes_make(&apart, to->count, extent, false) < 0)
        return no_memory();
    if (take_apart(in, &apart) != 0)
        return -1;
    return scale_planes(&apart, part, to);
}

int pixel_scale(VipsImage *in, const struct plane_part *part, struct extent to, VipsImage **ret)
{
    _cleanup_(planes_release) struct planes scaled = { .count = 0 };
    _cleanup_(pages_give) struct pages pixels = { 0 };
    size_t bands = (size_t)in->Bands;

    if (planes_make(&scaled, bands, to, false) < 0)
        return no_memory();
    if (scale(in, part, &scaled) != 0)
        return -1;
    if (pages_take(&pixels, extent_area(to) * bands) < 0)
        return no_memory();
    put_together(&scaled, pixels.data);
    return pixels_image(&pixels, to, (unsigned)bands, in, ret);
}
