/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Tests of lib/image/depth: every value that a sample can have. */
#include "image/depth.h"

#include "pictures.h"
#include "unit_main.h"

#include "base/cleanup.h"

#include <math.h>

enum { VALUES_8 = 256, VALUES_16 = 65536 };

static const struct {
    VipsInterpretation shallow, deep;
    int bands;
} kinds[] = {
    { VIPS_INTERPRETATION_B_W, VIPS_INTERPRETATION_GREY16, 1 },
    { VIPS_INTERPRETATION_B_W, VIPS_INTERPRETATION_GREY16, 2 },
    { VIPS_INTERPRETATION_sRGB, VIPS_INTERPRETATION_RGB16, 3 },
    { VIPS_INTERPRETATION_sRGB, VIPS_INTERPRETATION_RGB16, 4 },
    { VIPS_INTERPRETATION_CMYK, VIPS_INTERPRETATION_CMYK, 4 },
};

/* Takes @values over. */
static VipsImage *picture_of(void *values, int count, int bands, VipsBandFormat format,
                             VipsInterpretation type)
{
    size_t bytes = (size_t)count * (format == VIPS_FORMAT_USHORT ? 2 : 1);
    VipsImage *image = vips_image_new_from_memory_copy(values, bytes, count / bands, 1, bands, format);

    ck_assert_ptr_nonnull(image);
    image->Type = type;
    free(values);
    return image;
}

/* As many whole pixels as have values of 16 bits. */
static int whole(int values, int bands)
{
    return values / bands * bands;
}

static VipsImage *all_16(int kind)
{
    uint16_t *values = malloc(VALUES_16 * sizeof *values);

    for (int i = 0; i < VALUES_16; i++)
        values[i] = (uint16_t)i;
    return picture_of(values, whole(VALUES_16, kinds[kind].bands), kinds[kind].bands, VIPS_FORMAT_USHORT,
                      kinds[kind].deep);
}

static VipsImage *all_8(int kind)
{
    uint8_t *values = malloc(VALUES_8);

    for (int i = 0; i < VALUES_8; i++)
        values[i] = (uint8_t)i;
    return picture_of(values, whole(VALUES_8, kinds[kind].bands), kinds[kind].bands, VIPS_FORMAT_UCHAR,
                      kinds[kind].shallow);
}

static VipsImage *in_memory(VipsImage *image)
{
    VipsImage *copy = vips_image_copy_memory(image);

    ck_assert_ptr_nonnull(copy);
    g_object_unref(image);
    return copy;
}

START_TEST(sixteen_bits_are_rounded_to_the_nearest_of_eight)
{
    _cleanup_image_ VipsImage *deep = NULL, *shallow = NULL;
    const uint8_t *got;

    picture_start();
    deep = all_16(_i);
    vips_must(depth_set(deep, DEPTH_8, &shallow));
    shallow = in_memory(shallow);
    ck_assert_int_eq(shallow->BandFmt, VIPS_FORMAT_UCHAR);
    ck_assert_int_eq(shallow->Type, kinds[_i].shallow);
    ck_assert_uint_eq(depth_of(shallow), DEPTH_8);
    got = VIPS_IMAGE_ADDR(shallow, 0, 0);
    for (int i = 0; i < whole(VALUES_16, kinds[_i].bands); i++)
        ck_assert_msg(got[i] == (i + 128) / 257, "%d becomes %d", i, got[i]); /* 257: 65535 / 255 */
}
END_TEST

START_TEST(eight_bits_come_back_from_sixteen)
{
    _cleanup_image_ VipsImage *shallow = NULL, *deep = NULL, *again = NULL;
    const uint16_t *got;

    picture_start();
    shallow = all_8(_i);
    vips_must(depth_set(shallow, DEPTH_16, &deep));
    deep = in_memory(deep);
    ck_assert_int_eq(deep->Type, kinds[_i].deep);
    got = (const uint16_t *)VIPS_IMAGE_ADDR(deep, 0, 0);
    for (int i = 0; i < whole(VALUES_8, kinds[_i].bands); i++)
        ck_assert_int_eq(got[i], 257 * i);

    vips_must(depth_set(deep, DEPTH_8, &again));
    again = in_memory(again);
    ck_assert_mem_eq(VIPS_IMAGE_ADDR(again, 0, 0), VIPS_IMAGE_ADDR(shallow, 0, 0),
                     (size_t)whole(VALUES_8, kinds[_i].bands));
}
END_TEST

UNIT_MAIN("depth", UNIT_ROWS(sixteen_bits_are_rounded_to_the_nearest_of_eight, kinds),
          UNIT_ROWS(eight_bits_come_back_from_sixteen, kinds))
