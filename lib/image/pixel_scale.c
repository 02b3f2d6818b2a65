/* SPDX-License-Identifier: GPL-2.0-or-later */
/* pixel_scale - see pixel_scale.h. With SSE2 sixteen pixels of RGB are taken apart at once. */
#include "image/pixel_scale.h"

#include "base/cleanup.h"
#include "image/pixels_image.h"

#include <errno.h>
#include <stdlib.h>
#ifdef __SSE2__
#include <emmintrin.h>
#endif

enum { RGB = PLANES_COLOUR };

static void region_free(VipsRegion **region)
{
    if (*region)
        g_object_unref(*region);
}

/* A region of what is in memory, or a view of that, has the lines of the whole of it; any other has room for as much as
 * was asked for. */
static bool is_in_memory(VipsImage *in)
{
    _cleanup_(region_free) VipsRegion *region = vips_region_new(in);
    VipsRect corner = { 0, 0, 1, 1 };

    if (region && vips_region_prepare(region, &corner) == 0)
        return (size_t)VIPS_REGION_LSKIP(region) >= VIPS_IMAGE_SIZEOF_LINE(in);
    vips_error_clear();
    return false;
}

static bool has_bands_for(const VipsImage *in)
{
    return (in->Bands == PLANES_GREY && in->Type == VIPS_INTERPRETATION_B_W) ||
           (in->Bands == RGB && in->Type == VIPS_INTERPRETATION_sRGB);
}

bool pixel_scale_can(VipsImage *in, struct extent to)
{
    return in->BandFmt == VIPS_FORMAT_UCHAR && in->Coding == VIPS_CODING_NONE && has_bands_for(in) &&
           in->Xsize > 1 && (uint32_t)in->Xsize >= to.width && (uint32_t)in->Ysize >= to.height &&
           (uint64_t)in->Xsize * (uint64_t)in->Ysize <= PIXEL_SCALE_PIXELS_MAX && is_in_memory(in);
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

static void take_apart_rgb(VipsRegion *from, struct planes *planes)
{
    const struct plane *list = planes->list;

    for (uint32_t y = 0; y < list[0].extent.height; y++) {
        const unsigned char *row = VIPS_REGION_ADDR(from, 0, (int)y);
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

static int scale_rgb(VipsRegion *from, const struct plane_part *part, struct planes *to)
{
    _cleanup_(planes_release) struct planes apart = { .count = 0 };
    int r = planes_make(&apart, RGB,
                        (struct extent){ (uint32_t)from->valid.width, (uint32_t)from->valid.height }, false);

    if (r < 0)
        return r;
    take_apart_rgb(from, &apart);
    return scale_planes(&apart, part, to);
}

/* What is grey is a plane as it is. */
static int scale_grey(VipsRegion *from, const struct plane_part *part, struct planes *to)
{
    struct plane plane = {
        .data = VIPS_REGION_ADDR_TOPLEFT(from),
        .stride = (size_t)VIPS_REGION_LSKIP(from),
        .extent = { (uint32_t)from->valid.width, (uint32_t)from->valid.height },
    };

    return plane_scale(&plane, part, &to->list[0]);
}

static int scale(VipsRegion *from, const struct plane_part *part, struct extent to, unsigned char **ret)
{
    _cleanup_(planes_release) struct planes scaled = { .count = 0 };
    unsigned bands = (unsigned)from->im->Bands;
    _cleanup_free_ unsigned char *pixels = malloc(extent_area(to) * bands);
    int r = pixels ? planes_make(&scaled, bands, to, false) : -ENOMEM;

    if (r == 0)
        r = (bands == RGB ? scale_rgb : scale_grey)(from, part, &scaled);
    if (r < 0)
        return r;
    put_together(&scaled, pixels);
    *ret = take_ptr(pixels);
    return 0;
}

int pixel_scale(VipsImage *in, const struct plane_part *part, struct extent to, VipsImage **ret)
{
    _cleanup_(region_free) VipsRegion *region = vips_region_new(in);
    VipsRect all = { 0, 0, in->Xsize, in->Ysize };
    _cleanup_free_ unsigned char *pixels = NULL;
    int r;

    if (!region || vips_region_prepare(region, &all) != 0)
        return -1;
    r = scale(region, part, to, &pixels);
    if (r < 0) {
        vips_error("resample", "%s", r == -ENOMEM ? "out of memory" : "libzimg refuses the sizes");
        return -1;
    }
    return pixels_image(&pixels, to, (unsigned)in->Bands, in, ret);
}
