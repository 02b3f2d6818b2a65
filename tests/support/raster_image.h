/* SPDX-License-Identifier: GPL-2.0-or-later */
/* raster_image - rasters as libvips' pictures in memory and back, for tests of what works on those. */
#ifndef DARKROOM_TESTS_RASTER_IMAGE_H
#define DARKROOM_TESTS_RASTER_IMAGE_H

#include "base/cleanup.h"
#include "image/engine.h"
#include "picture_file.h"

#include <check.h>
#include <math.h>
#include <stdlib.h>

static inline VipsInterpretation raster_interpretation(const struct raster *raster, int bits)
{
    if (raster->colours == RASTER_CMYK)
        return VIPS_INTERPRETATION_CMYK;
    if (raster->colours == RASTER_GREY)
        return bits == 16 ? VIPS_INTERPRETATION_GREY16 : VIPS_INTERPRETATION_B_W;
    return bits == 16 ? VIPS_INTERPRETATION_RGB16 : VIPS_INTERPRETATION_sRGB;
}

/* @profile may be NULL. */
static inline VipsImage *image_of_raster(const struct raster *raster, int bits, const struct stored *profile)
{
    size_t samples = (size_t)raster->width * (size_t)raster->height * (size_t)raster_bands(raster);
    _cleanup_free_ uint16_t *values = malloc(2 * samples);
    VipsImage *image;

    ck_assert_ptr_nonnull(values);
    for (size_t i = 0; i < samples; i++) {
        long value = lrint(raster->samples[i] * ((1 << bits) - 1));

        if (bits == 16)
            values[i] = (uint16_t)value;
        else
            ((uint8_t *)values)[i] = (uint8_t)value;
    }
    image = vips_image_new_from_memory_copy(values, samples * (size_t)bits / 8, raster->width, raster->height,
                                            raster_bands(raster),
                                            bits == 16 ? VIPS_FORMAT_USHORT : VIPS_FORMAT_UCHAR);
    ck_assert_ptr_nonnull(image);
    image->Type = raster_interpretation(raster, bits);
    if (profile)
        vips_image_set_blob_copy(image, VIPS_META_ICC_NAME, profile->data, profile->size);
    return image;
}

/* Of so many @colours (RASTER_*), which @image must have. Takes @image over. */
static inline struct raster raster_of_image(VipsImage *image, int colours)
{
    struct raster raster = raster_make(image->Xsize, image->Ysize, colours, image->Bands > colours);
    VipsImage *copy = vips_image_copy_memory(image);
    bool deep = image->BandFmt == VIPS_FORMAT_USHORT;

    ck_assert_msg(copy != NULL, "%s", vips_error_buffer());
    ck_assert_int_eq(image->Bands, raster_bands(&raster));
    for (int i = 0; i < raster.width * raster.height * raster_bands(&raster); i++)
        raster.samples[i] = deep ? ((uint16_t *)copy->data)[i] / 65535.0 : copy->data[i] / 255.0;
    g_object_unref(copy);
    g_object_unref(image);
    return raster;
}

#endif
