/* SPDX-License-Identifier: GPL-2.0-or-later */
/* pixels_image - see pixels_image.h. */
#include "image/pixels_image.h"

#include "base/cleanup.h"

#include <stdlib.h>

static void give_pixels(VipsImage *image, void *pixels)
{
    (void)image;
    pages_give(pixels);
    free(pixels);
}

static int wrap(struct pages *pixels, struct extent extent, unsigned bands, VipsImage **ret)
{
    _cleanup_free_ struct pages *owned = malloc(sizeof *owned);

    if (!owned) {
        vips_error("darkroom", "out of memory");
        return -1;
    }
    *ret = vips_image_new_from_memory(pixels->data, extent_area(extent) * bands, (int)extent.width,
                                      (int)extent.height, (int)bands, VIPS_FORMAT_UCHAR);
    if (!*ret)
        return -1;
    *owned = *pixels;
    *pixels = (struct pages){ 0 };
    g_signal_connect(*ret, "postclose", G_CALLBACK(give_pixels), take_ptr(owned));
    return 0;
}

/* What every picture has, such as its width and the name of its file, it has already. */
static void *copy_field(VipsImage *header, const char *name, GValue *value, void *to)
{
    (void)header;
    if (vips_image_get_typeof(to, name) == 0)
        vips_image_set(to, name, value);
    return NULL;
}

int pixels_image(struct pages *pixels, struct extent extent, unsigned bands, VipsImage *header,
                 VipsImage **ret)
{
    _cleanup_image_ VipsImage *wrapped = NULL;
    VipsInterpretation type = bands > 2 ? VIPS_INTERPRETATION_sRGB : VIPS_INTERPRETATION_B_W;

    if (wrap(pixels, extent, bands, &wrapped) != 0 ||
        vips_copy(wrapped, ret, "interpretation", type, "xres", header->Xres, "yres", header->Yres, NULL) !=
            0)
        return -1;
    vips_image_map(header, copy_field, *ret);
    /* It may be read in any order, however the header's pixels had to be. */
    vips_image_remove(*ret, VIPS_META_SEQUENTIAL);
    return 0;
}

/* Where the pixel at the left of row @y is, and how long the lines are that it is in. */
static bool locate(VipsImage *image, int y, const unsigned char **ret_data, size_t *ret_stride)
{
    _cleanup_region_ VipsRegion *region = vips_region_new(image);
    VipsRect pixel = { 0, y, 1, 1 };

    if (!region || vips_region_prepare(region, &pixel) != 0)
        return false;
    *ret_data = VIPS_REGION_ADDR(region, 0, y);
    *ret_stride = (size_t)VIPS_REGION_LSKIP(region);
    return true;
}

/* A pixel that is shown where it is has the lines of all of its picture around it; one that was made, or copied, has a
 * buffer of its own. The last row has to be where it would be then. What is between may be something else. */
bool pixels_are_near(VipsImage *image)
{
    const unsigned char *first, *last;
    size_t stride, last_stride;

    return !vips_image_is_sequential(image) && image->Xsize > 1 && locate(image, 0, &first, &stride) &&
           stride >= VIPS_IMAGE_SIZEOF_LINE(image) && locate(image, image->Ysize - 1, &last, &last_stride) &&
           last_stride == stride && last == first + stride * (size_t)(image->Ysize - 1);
}

int pixels_find(VipsImage *image, struct pixels *ret)
{
    _cleanup_region_ VipsRegion *region = vips_region_new(image);
    VipsRect all = { 0, 0, image->Xsize, image->Ysize };

    if (!region || vips_region_prepare(region, &all) != 0)
        return -1;
    *ret = (struct pixels){ VIPS_REGION_ADDR(region, 0, 0), (size_t)VIPS_REGION_LSKIP(region),
                            take_ptr(region) };
    return 0;
}

void pixels_release(struct pixels *pixels)
{
    region_unrefp(&pixels->region);
}
