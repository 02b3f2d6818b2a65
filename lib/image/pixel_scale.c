/* SPDX-License-Identifier: GPL-2.0-or-later */
/* pixel_scale - see pixel_scale.h. With SSE2 sixteen pixels of RGB are taken apart at once. */
#include "image/pixel_scale.h"

#include "base/cleanup.h"
#include "image/pixels_image.h"

#include <errno.h>
#include <stdlib.h>
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

static void take_apart_rgb(const struct pixels *from, struct planes *planes)
{
    const struct plane *list = planes->list;

    for (uint32_t y = 0; y < list[0].extent.height; y++) {
        const unsigned char *row = from->data + y * from->stride;
        unsigned char *const parts[RGB] = { list[0].data + y * list[0].stride,
                                            list[1].data + y * list[1].stride,
                                            list[2].data + y * list[2].stride };

        part_bytes(row, part_blocks(row, list[0].extent.width, parts), list[0].extent.width, parts);
    }
}

static void put_together(const struct planes *planes, unsigned char *to)
{
    for (uint32_t y = 0; y < planes->list[0].extent.height; y++)
        for (uint32_t x = 0; x < planes->list[0].extent.width; x++)
            for (size_t band = 0; band < planes->count; band++)
                *to++ = planes->list[band].data[y * planes->list[band].stride + x];
}

/* ---- scaling ---- */

/* @to is of the size that is wanted. */
static int scale_planes(const struct planes *from, const struct plane_part *part, struct planes *to)
{
    int r = 0;

    for (size_t i = 0; i < from->count && r == 0; i++)
        r = plane_scale(&from->list[i], part, &to->list[i]);
    return r;
}

static int scale_rgb(const struct pixels *from, struct extent extent, const struct plane_part *part,
                     struct planes *to)
{
    _cleanup_(planes_release) struct planes apart = { .count = 0 };
    int r = planes_make(&apart, RGB, extent, false);

    if (r < 0)
        return r;
    take_apart_rgb(from, &apart);
    return scale_planes(&apart, part, to);
}

/* What is grey is a plane, once its rows are where libzimg wants them. */
static int scale_grey(const struct pixels *from, struct extent extent, const struct plane_part *part,
                      struct planes *to)
{
    _cleanup_(planes_release) struct planes plane = { .count = 0 };
    int r = planes_make(&plane, PLANES_GREY, extent, false);

    if (r < 0)
        return r;
    for (uint32_t y = 0; y < extent.height; y++)
        memcpy(plane.list[0].data + y * plane.list[0].stride, from->data + y * from->stride, extent.width);
    return scale_planes(&plane, part, to);
}

static int scale(VipsImage *in, const struct pixels *from, const struct plane_part *part, struct extent to,
                 unsigned char **ret)
{
    _cleanup_(planes_release) struct planes scaled = { .count = 0 };
    struct extent extent = { (uint32_t)in->Xsize, (uint32_t)in->Ysize };
    size_t bands = (size_t)in->Bands;
    _cleanup_free_ unsigned char *pixels = malloc(extent_area(to) * bands);
    int r = pixels ? planes_make(&scaled, bands, to, false) : -ENOMEM;

    if (r == 0)
        r = (bands == RGB ? scale_rgb : scale_grey)(from, extent, part, &scaled);
    if (r < 0)
        return r;
    put_together(&scaled, pixels);
    *ret = take_ptr(pixels);
    return 0;
}

int pixel_scale(VipsImage *in, const struct plane_part *part, struct extent to, VipsImage **ret)
{
    _cleanup_(pixels_release) struct pixels from = { .region = NULL };
    _cleanup_free_ unsigned char *pixels = NULL;

    if (pixels_find(in, &from) != 0)
        return -1;
    if (scale(in, &from, part, to, &pixels) < 0) {
        vips_error("resample", "out of memory");
        return -1;
    }
    return pixels_image(&pixels, to, (unsigned)in->Bands, in, ret);
}
