/* SPDX-License-Identifier: GPL-2.0-or-later */
/* planes - see planes.h. */
#include "image/planes.h"

#include "base/cleanup.h"
#include "image/orient.h"

#include <errno.h>
#include <string.h>

static size_t stride_of(uint32_t width)
{
    return ((size_t)width + PLANE_ALIGNMENT - 1) / PLANE_ALIGNMENT * PLANE_ALIGNMENT;
}

uint64_t plane_bytes(struct extent extent)
{
    return (uint64_t)stride_of(extent.width) * extent.height;
}

int plane_make(struct plane *plane, struct extent extent)
{
    struct pages pages;

    if (pages_take(&pages, plane_bytes(extent)) < 0)
        return -ENOMEM;
    *plane = (struct plane){
        .pages = pages,
        .data = pages.data,
        .stride = stride_of(extent.width),
        .extent = extent,
        .width = extent.width,
        .height = extent.height,
    };
    return 0;
}

void plane_release(struct plane *plane)
{
    pages_give(&plane->pages);
    plane->data = NULL;
}

struct extent planes_chroma(struct extent extent, bool halved)
{
    return halved ? (struct extent){ (extent.width + 1) / 2, (extent.height + 1) / 2 } : extent;
}

int planes_make(struct planes *planes, size_t count, struct extent extent, bool halved)
{
    planes->halved = halved;
    for (size_t i = 0; i < count; i++) {
        if (plane_make(&planes->list[i], i == 0 ? extent : planes_chroma(extent, halved)) < 0) {
            planes_release(planes);
            return -ENOMEM;
        }
        planes->count = i + 1;
    }
    return 0;
}

/* Reads @from in the order in which @to is written. */
static void turn(const struct plane *from, struct orient_sides sides, struct plane *to)
{
    ptrdiff_t right = sides.swapped ? (ptrdiff_t)from->stride : 1,
              down = sides.swapped ? 1 : (ptrdiff_t)from->stride;
    bool from_far_x = sides.swapped ? sides.from_bottom : sides.from_right,
         from_far_y = sides.swapped ? sides.from_right : sides.from_bottom;
    const unsigned char *corner = from->data;

    if (from_far_x) {
        corner += right * (ptrdiff_t)(to->extent.width - 1);
        right = -right;
    }
    if (from_far_y) {
        corner += down * (ptrdiff_t)(to->extent.height - 1);
        down = -down;
    }
    for (uint32_t y = 0; y < to->extent.height; y++, corner += down) {
        const unsigned char *sample = corner;
        unsigned char *row = to->data + y * to->stride;

        for (uint32_t x = 0; x < to->extent.width; x++, sample += right)
            row[x] = *sample;
    }
}

int planes_turn(struct planes *planes, int orientation)
{
    struct orient_sides sides = orient_sides(orientation);
    struct planes turned = { .halved = planes->halved };

    if (orientation == ORIENTATION_UPRIGHT)
        return 0;
    for (size_t i = 0; i < planes->count; i++) {
        struct shape shape = { planes->list[i].extent, orientation };

        if (plane_make(&turned.list[i], orient_shape(shape).extent) < 0) {
            planes_release(&turned);
            return -ENOMEM;
        }
        turned.count = i + 1;
        turn(&planes->list[i], sides, &turned.list[i]);
    }
    planes_release(planes);
    *planes = turned;
    return 0;
}

void planes_release(struct planes *planes)
{
    for (size_t i = 0; i < planes->count; i++)
        plane_release(&planes->list[i]);
    *planes = (struct planes){ .count = 0 };
}
