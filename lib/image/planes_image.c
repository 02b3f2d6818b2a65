/* SPDX-License-Identifier: GPL-2.0-or-later */
/* planes_image - see planes_image.h. */
#include "image/planes_image.h"

#include "base/cleanup.h"
#include "image/pixels_image.h"
#include "image/turbo_handle.h"

#include <string.h>

static int to_grey(const struct planes *planes, unsigned char *to)
{
    const struct plane *luma = &planes->list[0];

    for (uint32_t y = 0; y < luma->extent.height; y++)
        memcpy(to + (size_t)y * luma->extent.width, luma->data + y * luma->stride, luma->extent.width);
    return 0;
}

static int to_rgb(const struct planes *planes, unsigned char *to)
{
    _cleanup_turbo_ tjhandle handle = tjInitDecompress();
    const unsigned char *rows[PLANES_COLOUR];
    int strides[PLANES_COLOUR];

    for (size_t i = 0; i < PLANES_COLOUR; i++) {
        rows[i] = planes->list[i].data;
        strides[i] = (int)planes->list[i].stride;
    }
    if (handle && tjDecodeYUVPlanes(handle, rows, strides, TJSAMP_444, to, (int)planes->list[0].extent.width,
                                    0, (int)planes->list[0].extent.height, TJPF_RGB, 0) == 0)
        return 0;
    vips_error("turbojpeg", "%s", handle ? tjGetErrorStr2(handle) : tjGetErrorStr());
    return -1;
}

static int make_pixels(const struct planes *planes, VipsImage *header, VipsImage **ret)
{
    struct extent extent = planes->list[0].extent;
    size_t size = extent_area(extent) * planes->count;
    _cleanup_(pages_give) struct pages pixels = { 0 };

    if (pages_take(&pixels, size) < 0) {
        vips_error("darkroom", "no memory for %zu bytes of pixels", size);
        return -1;
    }
    if ((planes->count == PLANES_GREY ? to_grey : to_rgb)(planes, pixels.data) != 0)
        return -1;
    return pixels_image(&pixels, extent, planes->count, header, ret);
}

int planes_to_image(const struct planes *planes, VipsImage *header, int orientation, VipsImage **ret)
{
    if (make_pixels(planes, header, ret) != 0)
        return -1;
    vips_autorot_remove_angle(*ret);
    if (orientation != 1)
        vips_image_set_int(*ret, VIPS_META_ORIENTATION, orientation);
    return 0;
}
