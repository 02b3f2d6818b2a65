/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Tests of lib/image/png_encode: libpng reads from its files what was put in, and they are as small as they ought to
 * be. */
#include "image/png_encode.h"

#include "base/cleanup.h"
#include "image/savers.h"
#include "picture_file.h"
#include "pictures.h"
#include "raster_image.h"
#include "unit_main.h"

#include <math.h>

enum { SIDES = 40, BANDS = 4, PAINT_SIDE = 300, MOST = 255, SMALL_BYTES = 4096 };

typedef unsigned painter(unsigned x, unsigned y, unsigned band);

static unsigned flat(unsigned x, unsigned y, unsigned band)
{
    (void)x, (void)y;
    return 40 * band;
}

static unsigned noise(unsigned x, unsigned y, unsigned band)
{
    unsigned mixed = (x * 73856093U) ^ (y * 19349663U) ^ (band * 83492791U);

    mixed = (mixed ^ mixed >> 13) * 0x5bd1e995U;
    return mixed >> 15;
}

static unsigned slope(unsigned x, unsigned y, unsigned band)
{
    return 3 * x + 5 * y + 70 * band;
}

static unsigned waves(unsigned x, unsigned y, unsigned band)
{
    return (unsigned)(128 + 60 * sin(x / 9.0 + band) + 50 * cos(y / 13.0)) + noise(x, y, band) % 4;
}

/* As on a screen: few colours, sharp edges. */
static unsigned letters(unsigned x, unsigned y, unsigned band)
{
    return noise(x / 3, y / 5, 7) % 5 == 0 ? 30 * band : MOST;
}

static painter *const painters[] = { flat, noise, slope, waves, letters };

enum { PAINTERS = ARRAY_SIZE(painters) };

static VipsImage *paint(unsigned width, unsigned height, unsigned bands, painter *paint_sample)
{
    VipsInterpretation type = bands > 2 ? VIPS_INTERPRETATION_sRGB : VIPS_INTERPRETATION_B_W;
    _cleanup_free_ uint8_t *pixels = malloc((size_t)width * height * bands);
    _cleanup_image_ VipsImage *image = NULL;
    VipsImage *typed = NULL;
    uint8_t *at = pixels;

    for (unsigned y = 0; y < height; y++)
        for (unsigned x = 0; x < width; x++)
            for (unsigned band = 0; band < bands; band++)
                *at++ = (uint8_t)paint_sample(x, y, band);
    image = vips_image_new_from_memory_copy(pixels, (size_t)width * height * bands, (int)width, (int)height,
                                            (int)bands, VIPS_FORMAT_UCHAR);
    vips_must(vips_copy(image, &typed, "interpretation", type, NULL));
    return typed;
}

static struct stored encode(VipsImage *image, unsigned compression)
{
    struct encoding encoding = encoding_usual(FORMAT_PNG);
    struct stored file;

    encoding.values[ENCODING_COMPRESSION] = (uint8_t)compression;
    ck_assert(png_encode_can(image, &encoding));
    vips_must(png_encode_image(image, &encoding, (void **)&file.data, &file.size));
    return file;
}

static void expect_read_back(VipsImage *image, unsigned compression)
{
    _cleanup_stored_ struct stored file = encode(image, compression);
    _cleanup_raster_ struct raster got = picture_decode(&file, NULL);
    size_t size, count = (size_t)got.width * (size_t)got.height * (size_t)raster_bands(&got);
    uint8_t *wanted = vips_image_write_to_memory(image, &size);

    ck_assert_uint_eq(size, count);
    ck_assert_int_eq(got.width, image->Xsize);
    ck_assert_int_eq(raster_bands(&got), image->Bands);
    for (size_t i = 0; i < size; i++)
        if (lrint(got.samples[i] * MOST) != wanted[i])
            ck_abort_msg("sample %zu is %ld, not %d", i, lrint(got.samples[i] * MOST), wanted[i]);
    g_free(wanted);
}

START_TEST(libpng_reads_what_was_put_in)
{
    unsigned bands = (unsigned)_i % BANDS + 1;
    painter *paint_sample = painters[_i / BANDS];

    for (unsigned side = 1; side <= SIDES; side++) {
        _cleanup_image_ VipsImage *wide = paint(side, side * 7 % SIDES + 1, bands, paint_sample),
                                  *high = paint(side * 3 % SIDES + 1, side, bands, paint_sample);

        expect_read_back(wide, 6);
        expect_read_back(high, 6);
    }
}
END_TEST

START_TEST(libpng_reads_every_compression)
{
    for (unsigned bands = 1; bands <= BANDS; bands++) {
        _cleanup_image_ VipsImage *image = paint(97, 61, bands, painters[_i / 10]);

        expect_read_back(image, (unsigned)_i % 10);
    }
}
END_TEST

START_TEST(a_part_of_a_picture_is_read_from_where_it_is)
{
    _cleanup_image_ VipsImage *image = paint(200, 150, 3, noise), *part = NULL, *made = NULL;

    vips_must(vips_extract_area(image, &part, 30, 20, 100, 90, NULL));
    vips_must(vips_invert(image, &made, NULL));
    expect_read_back(part, 6);
    expect_read_back(made, 6);
}
END_TEST

static size_t size_by_libvips(VipsImage *image, int filter)
{
    void *data = NULL;
    size_t size;

    vips_must(
        vips_pngsave_buffer(image, &data, &size, "compression", 6, "filter", filter, "strip", TRUE, NULL));
    g_free(data);
    return size;
}

/* libpng's own choice of filters and its level 6, and none at all. */
START_TEST(files_are_hardly_larger_than_those_of_libpng)
{
    _cleanup_image_ VipsImage *image = paint(PAINT_SIDE, PAINT_SIDE, 3, painters[_i]);
    _cleanup_stored_ struct stored file = encode(image, 6);
    size_t adaptive = size_by_libvips(image, VIPS_FOREIGN_PNG_FILTER_ALL),
           plain = size_by_libvips(image, VIPS_FOREIGN_PNG_FILTER_NONE),
           least = adaptive < plain ? adaptive : plain;

    ck_assert_msg(file.size <= least + least / 8 + SMALL_BYTES, "%zu bytes, libpng %zu or %zu", file.size,
                  adaptive, plain);
}
END_TEST

START_TEST(the_same_picture_is_the_same_file)
{
    _cleanup_image_ VipsImage *image = paint(PAINT_SIDE, PAINT_SIDE, 3, waves);
    _cleanup_stored_ struct stored one = encode(image, 6), other = encode(image, 6);

    ck_assert_uint_eq(one.size, other.size);
    ck_assert_mem_eq(one.data, other.data, one.size);
}
END_TEST

/* Whatever can be told in a file without metadata is as libvips has it. */
START_TEST(the_header_is_that_of_libvips)
{
    static const double resolutions[] = { 1, 0, 11.811, 1e9 };
    _cleanup_image_ VipsImage *image = paint(20, 10, 3, slope), *dense = NULL;
    _cleanup_stored_ struct stored ours = { NULL, 0 }, theirs = { NULL, 0 };
    enum { BEFORE_PIXELS = 8 + 25 + 21 };

    vips_must(vips_copy(image, &dense, "xres", resolutions[_i], "yres", resolutions[_i] / 2, NULL));
    ours = encode(dense, 6);
    vips_must(vips_pngsave_buffer(dense, (void **)&theirs.data, &theirs.size, "strip", TRUE, NULL));
    ck_assert_mem_eq(ours.data, theirs.data, BEFORE_PIXELS);
}
END_TEST

START_TEST(other_kinds_are_left_to_libpng)
{
    _cleanup_image_ VipsImage *image = paint(20, 10, 3, slope), *deep = NULL, *lab = NULL;
    struct encoding usual = encoding_usual(FORMAT_PNG), palette = usual, progressive = usual;

    palette.values[ENCODING_PALETTE] = 1;
    progressive.values[ENCODING_PROGRESSIVE] = 1;
    vips_must(vips_cast_ushort(image, &deep, NULL));
    vips_must(vips_copy(image, &lab, "interpretation", VIPS_INTERPRETATION_LAB, NULL));
    ck_assert(png_encode_can(image, &usual));
    ck_assert(!png_encode_can(image, &palette));
    ck_assert(!png_encode_can(image, &progressive));
    ck_assert(!png_encode_can(deep, &usual));
    ck_assert(!png_encode_can(lab, &usual));
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("png_encode");
    TCase *tests = tcase_create("png_encode");
    SRunner *runner = srunner_create(suite);
    int failed;

    suite_add_tcase(suite, tests);
    tcase_set_timeout(tests, UNIT_TIMEOUT_S);
    tcase_add_checked_fixture(tests, picture_start, picture_stop);
    tcase_add_loop_test(tests, libpng_reads_what_was_put_in, 0, PAINTERS * BANDS);
    tcase_add_loop_test(tests, libpng_reads_every_compression, 0, PAINTERS * 10);
    tcase_add_test(tests, a_part_of_a_picture_is_read_from_where_it_is);
    tcase_add_loop_test(tests, files_are_hardly_larger_than_those_of_libpng, 0, PAINTERS);
    tcase_add_test(tests, the_same_picture_is_the_same_file);
    tcase_add_loop_test(tests, the_header_is_that_of_libvips, 0, 4);
    tcase_add_test(tests, other_kinds_are_left_to_libpng);

    srunner_run_all(runner, CK_NORMAL);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed > 0;
}
