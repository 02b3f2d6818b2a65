/* SPDX-License-Identifier: GPL-2.0-or-later */
/* turbo_planes - a JPEG's planes as TurboJPEG makes them: what others make has to be the same. */
#ifndef DARKROOM_TESTS_TURBO_PLANES_H
#define DARKROOM_TESTS_TURBO_PLANES_H

#include "image/planes.h"

#include <string.h>
#include <turbojpeg.h>

enum { TURBO_BLOCK = 8 };

struct turbo_picture {
    const void *jpeg;
    size_t size;
    int width, height;
    int sampling; /* TJSAMP_* */
    int colours;  /* TJCS_* */
};

/* True when TurboJPEG has nothing to say of the header, and it is of a picture that may have planes. */
static inline bool turbo_read_header(const void *jpeg, size_t size, struct turbo_picture *ret)
{
    tjhandle handle = tjInitDecompress();
    int r;

    *ret =
        (struct turbo_picture){ .jpeg = jpeg, .size = size }; /* it may find tables alone, and say nothing */
    r = tjDecompressHeader3(handle, jpeg, size, &ret->width, &ret->height, &ret->sampling, &ret->colours);
    tjDestroy(handle);
    return r == 0 && ret->width > 0 &&
           ((ret->colours == TJCS_GRAY && ret->sampling == TJSAMP_GRAY) ||
            (ret->colours == TJCS_YCbCr && ret->sampling >= 0 && ret->sampling != TJSAMP_GRAY));
}

/* TurboJPEG takes another scale for the smallest. */
static inline bool turbo_can_shrink(const struct turbo_picture *picture)
{
    return picture->width >= TURBO_BLOCK || picture->height >= TURBO_BLOCK;
}

static inline int turbo_divide_up(int length, int by)
{
    return (length + by - 1) / by;
}

/* Room for its planes, all of which is @fill. False when there is no memory. */
static inline bool turbo_make_planes(const struct turbo_picture *picture, unsigned shrink, int fill,
                                     struct planes *ret)
{
    int width = turbo_divide_up(picture->width, (int)shrink),
        height = turbo_divide_up(picture->height, (int)shrink);

    *ret = (struct planes){ .count = 0 };
    for (int i = 0; i < (picture->colours == TJCS_GRAY ? PLANES_GREY : PLANES_COLOUR); i++) {
        struct plane *plane = &ret->list[i];
        struct extent extent = { (uint32_t)tjPlaneWidth(i, width, picture->sampling),
                                 (uint32_t)tjPlaneHeight(i, height, picture->sampling) };

        if (plane_make(plane, extent) < 0) {
            planes_release(ret);
            return false;
        }
        memset(plane->data, fill, plane->stride * plane->extent.height);
        ret->count++;
    }
    return true;
}

/* True when TurboJPEG has nothing to say of it. */
static inline bool turbo_decode(const struct turbo_picture *picture, unsigned shrink,
                                const struct planes *planes)
{
    tjhandle handle = tjInitDecompress();
    unsigned char *rows[PLANES_MAX] = { NULL };
    int strides[PLANES_MAX] = { 0 }, r;

    for (size_t i = 0; i < planes->count; i++) {
        rows[i] = planes->list[i].data;
        strides[i] = (int)planes->list[i].stride;
    }
    r = tjDecompressToYUVPlanes(handle, picture->jpeg, picture->size, rows,
                                turbo_divide_up(picture->width, (int)shrink), strides,
                                turbo_divide_up(picture->height, (int)shrink),
                                TJFLAG_STOPONWARNING | TJFLAG_LIMITSCANS | TJFLAG_ACCURATEDCT);
    tjDestroy(handle);
    return r == 0;
}

/* How many samples the blocks of the picture make: TurboJPEG puts anything into a last row or column that only rounding
 * makes. */
static inline uint32_t turbo_covered(int length, int mcu, bool chroma, unsigned shrink, uint32_t extent)
{
    int block = chroma ? mcu : TURBO_BLOCK;
    uint32_t samples = (uint32_t)turbo_divide_up(length, block) * TURBO_BLOCK / shrink;

    return samples < extent ? samples : extent;
}

static inline bool turbo_same_planes(const struct turbo_picture *picture, unsigned shrink,
                                     const struct planes *a, const struct planes *b)
{
    for (size_t i = 0; i < a->count; i++) {
        const struct plane *one = &a->list[i], *other = &b->list[i];
        uint32_t width = turbo_covered(picture->width, tjMCUWidth[picture->sampling], i > 0, shrink,
                                       one->extent.width),
                 height = turbo_covered(picture->height, tjMCUHeight[picture->sampling], i > 0, shrink,
                                        one->extent.height);

        for (uint32_t y = 0; y < height; y++)
            if (memcmp(one->data + y * one->stride, other->data + y * other->stride, width) != 0)
                return false;
    }
    return true;
}

#endif
