/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Tests of what the tests of pictures compare with: against published numbers and plain arithmetic. */
#include "colour_reference.h"
#include "delta_e.h"
#include "lanczos.h"
#include "unit_main.h"

#include <math.h>

/* Table 1 of Sharma, Wu and Dalal 2005. */
static const struct {
    struct lab x, y;
    double difference;
} published_pairs[] = {
    { { 50.0000, 2.6772, -79.7751 }, { 50.0000, 0.0000, -82.7485 }, 2.0425 },
    { { 50.0000, 3.1571, -77.2803 }, { 50.0000, 0.0000, -82.7485 }, 2.8615 },
    { { 50.0000, 2.8361, -74.0200 }, { 50.0000, 0.0000, -82.7485 }, 3.4412 },
    { { 50.0000, -1.3802, -84.2814 }, { 50.0000, 0.0000, -82.7485 }, 1.0000 },
    { { 50.0000, -1.1848, -84.8006 }, { 50.0000, 0.0000, -82.7485 }, 1.0000 },
    { { 50.0000, -0.9009, -85.5211 }, { 50.0000, 0.0000, -82.7485 }, 1.0000 },
    { { 50.0000, 0.0000, 0.0000 }, { 50.0000, -1.0000, 2.0000 }, 2.3669 },
    { { 50.0000, -1.0000, 2.0000 }, { 50.0000, 0.0000, 0.0000 }, 2.3669 },
    { { 50.0000, 2.4900, -0.0010 }, { 50.0000, -2.4900, 0.0009 }, 7.1792 },
    { { 50.0000, 2.4900, -0.0010 }, { 50.0000, -2.4900, 0.0010 }, 7.1792 },
    { { 50.0000, 2.4900, -0.0010 }, { 50.0000, -2.4900, 0.0011 }, 7.2195 },
    { { 50.0000, 2.4900, -0.0010 }, { 50.0000, -2.4900, 0.0012 }, 7.2195 },
    { { 50.0000, -0.0010, 2.4900 }, { 50.0000, 0.0009, -2.4900 }, 4.8045 },
    { { 50.0000, -0.0010, 2.4900 }, { 50.0000, 0.0010, -2.4900 }, 4.8045 },
    { { 50.0000, -0.0010, 2.4900 }, { 50.0000, 0.0011, -2.4900 }, 4.7461 },
    { { 50.0000, 2.5000, 0.0000 }, { 50.0000, 0.0000, -2.5000 }, 4.3065 },
    { { 50.0000, 2.5000, 0.0000 }, { 73.0000, 25.0000, -18.0000 }, 27.1492 },
    { { 50.0000, 2.5000, 0.0000 }, { 61.0000, -5.0000, 29.0000 }, 22.8977 },
    { { 50.0000, 2.5000, 0.0000 }, { 56.0000, -27.0000, -3.0000 }, 31.9030 },
    { { 50.0000, 2.5000, 0.0000 }, { 58.0000, 24.0000, 15.0000 }, 19.4535 },
    { { 50.0000, 2.5000, 0.0000 }, { 50.0000, 3.1736, 0.5854 }, 1.0000 },
    { { 50.0000, 2.5000, 0.0000 }, { 50.0000, 3.2972, 0.0000 }, 1.0000 },
    { { 50.0000, 2.5000, 0.0000 }, { 50.0000, 1.8634, 0.5757 }, 1.0000 },
    { { 50.0000, 2.5000, 0.0000 }, { 50.0000, 3.2592, 0.3350 }, 1.0000 },
    { { 60.2574, -34.0099, 36.2677 }, { 60.4626, -34.1751, 39.4387 }, 1.2644 },
    { { 63.0109, -31.0961, -5.8663 }, { 62.8187, -29.7946, -4.0864 }, 1.2630 },
    { { 61.2901, 3.7196, -5.3901 }, { 61.4292, 2.2480, -4.9620 }, 1.8731 },
    { { 35.0831, -44.1164, 3.7933 }, { 35.0232, -40.0716, 1.5901 }, 1.8645 },
    { { 22.7233, 20.0904, -46.6940 }, { 23.0331, 14.9730, -42.5619 }, 2.0373 },
    { { 36.4612, 47.8580, 18.3852 }, { 36.2715, 50.5065, 21.2231 }, 1.4146 },
    { { 90.8027, -2.0831, 1.4410 }, { 91.1528, -1.6435, 0.0447 }, 1.4441 },
    { { 90.9257, -0.5406, -0.9208 }, { 88.6381, -0.8985, -0.7239 }, 1.5381 },
    { { 6.7747, -0.2908, -2.4247 }, { 5.8714, -0.0985, -2.2286 }, 0.6377 },
    { { 2.0776, 0.0795, -1.1350 }, { 0.9033, -0.0636, -0.5514 }, 0.9082 },
};

START_TEST(differences_are_those_that_were_published)
{
    double got = delta_e_2000(&published_pairs[_i].x, &published_pairs[_i].y);

    ck_assert_double_eq_tol(got, published_pairs[_i].difference, 0.00005);
}
END_TEST

/* ---- colour spaces ---- */

static double linear(double value)
{
    return value <= 0.04045 ? value / 12.92 : pow((value + 0.055) / 1.055, 2.4);
}

static double curved(double value)
{
    return value <= 0.0031308 ? 12.92 * value : 1.055 * pow(value, 1 / 2.4) - 0.055;
}

static double adobe_linear(double value)
{
    return pow(value, 563.0 / 256);
}

/* From linear light to sRGB's linear light: what follows from the published primaries and D65. */
static const struct {
    enum space space;
    double (*linear)(double value);
    double matrix[3][3];
} spaces[] = {
    { SPACE_SRGB, linear, { { 1, 0, 0 }, { 0, 1, 0 }, { 0, 0, 1 } } },
    { SPACE_P3,
      linear,
      { { 1.2249402, -0.2249402, 0 }, { -0.0420570, 1.0420570, 0 }, { -0.0196376, -0.0786361, 1.0982736 } } },
    { SPACE_ADOBE_RGB,
      adobe_linear,
      { { 1.3983557, -0.3983557, 0 }, { 0, 1, 0 }, { 0, -0.0429290, 1.0429290 } } },
};

START_TEST(littlecms_agrees_with_arithmetic)
{
    _cleanup_stored_ struct stored profile = space_profile(spaces[_i].space);
    _cleanup_raster_ struct raster source = raster_paint(9, 7, RASTER_RGB, false, raster_slopes);
    _cleanup_raster_ struct raster got = to_srgb(&source, &profile);
    _cleanup_raster_ struct raster wanted = raster_make(9, 7, RASTER_RGB, false);

    for (int y = 0; y < source.height; y++)
        for (int x = 0; x < source.width; x++)
            for (int band = 0; band < RASTER_RGB; band++) {
                const double *from = raster_at(&source, x, y), *row = spaces[_i].matrix[band];
                double light = row[0] * spaces[_i].linear(from[0]) + row[1] * spaces[_i].linear(from[1]) +
                               row[2] * spaces[_i].linear(from[2]);

                raster_at(&wanted, x, y)[band] = fmin(1, fmax(0, curved(light)));
            }
    ck_assert_double_le(raster_difference(&got, &wanted), 0.001);
}
END_TEST

START_TEST(differences_of_pictures_are_those_of_their_colours)
{
    _cleanup_raster_ struct raster a = raster_make(2, 1, RASTER_RGB, false),
                                   b = raster_make(2, 1, RASTER_RGB, false);

    ck_assert_double_eq(raster_delta_e(&a, &b, NULL), 0);
    raster_at(&b, 1, 0)[0] = raster_at(&b, 1, 0)[1] = raster_at(&b, 1, 0)[2] = 1;
    ck_assert_double_eq_tol(raster_delta_e(&a, &b, NULL), 100, 0.01); /* black and white */
}
END_TEST

/* ---- resampling ---- */

START_TEST(even_pictures_stay_even)
{
    _cleanup_raster_ struct raster even = raster_make(31, 17, RASTER_RGB, true);
    _cleanup_raster_ struct raster wanted = raster_make(7, 29, RASTER_RGB, true);
    _cleanup_raster_ struct raster got = { 0 };

    for (int i = 0; i < 31 * 17 * 4; i++)
        even.samples[i] = 0.1 + 0.2 * (i % 4);
    for (int i = 0; i < 7 * 29 * 4; i++)
        wanted.samples[i] = 0.1 + 0.2 * (i % 4);
    got = lanczos_resize(&even, 7, 29);
    ck_assert_double_le(raster_difference(&got, &wanted), 1e-12);
}
END_TEST

/* A third of the size, of one bright pixel in the middle of 27: the kernel itself, sampled at thirds. */
START_TEST(a_point_becomes_the_kernel)
{
    _cleanup_raster_ struct raster point = raster_make(27, 1, RASTER_GREY, false), got = { 0 };
    double thirds[9], sum = 0;

    for (int i = -8; i <= 8; i++) {
        double x = i / 3.0, a = M_PI * x, b = a / 3;
        double weight = i == 0 ? 1 : sin(a) / a * sin(b) / b;

        sum += weight;
        if (i % 3 == 0)
            thirds[i / 3 + 4] = weight;
    }
    thirds[0] = thirds[1] = thirds[7] = thirds[8] = 0;
    point.samples[13] = 1;
    got = lanczos_resize(&point, 9, 1);
    for (int i = 0; i < 9; i++)
        ck_assert_double_eq_tol(got.samples[i], thirds[i] / sum, 1e-12);
}
END_TEST

START_TEST(what_is_not_seen_has_no_colour)
{
    _cleanup_raster_ struct raster edge = raster_make(12, 1, RASTER_GREY, true), got = { 0 };

    for (int x = 0; x < 12; x++) {
        raster_at(&edge, x, 0)[0] = x < 6 ? 0.75 : 0;
        raster_at(&edge, x, 0)[1] = x < 6;
    }
    got = lanczos_resize(&edge, 4, 1);
    for (int x = 0; x < 4; x++)
        ck_assert(raster_at(&got, x, 0)[1] <= 0 || fabs(raster_at(&got, x, 0)[0] - 0.75) < 1e-12);
}
END_TEST

/* ---- files ---- */

static const struct coding codings[] = {
    { .format = FORMAT_JPEG },
    { .format = FORMAT_PNG },
    { .format = FORMAT_PNG, .depth = 16 },
    { .format = FORMAT_WEBP },
};

START_TEST(files_hold_what_was_put_into_them)
{
    static const double tolerances[] = { 0.012, 1e-12, 1e-12, 1e-12 }; /* a JPEG rounds its frequencies */
    _cleanup_stored_ struct stored profile = space_profile(SPACE_P3), file = { NULL, 0 };
    _cleanup_raster_ struct raster picture =
        raster_paint(37, 23, RASTER_RGB, codings[_i].format != FORMAT_JPEG, raster_slopes);
    _cleanup_raster_ struct raster got = { 0 };
    _cleanup_blocks_ struct blocks blocks = { 0 };
    struct coding coding = codings[_i];

    raster_quantise(&picture, coding.depth > 0 ? coding.depth : 8);
    coding.blocks = (struct blocks){ profile,
                                     { (uint8_t *)"II*\0\x08\0\0\0\0\0\0\0\0\0", 14 },
                                     { (uint8_t *)"<x/>", 4 } };
    file = picture_encode(&picture, &coding);
    got = picture_decode(&file, &blocks);
    ck_assert_double_le(raster_difference(&got, &picture), tolerances[_i]);
    ck_assert_uint_eq(blocks.icc.size, profile.size);
    ck_assert_mem_eq(blocks.icc.data, profile.data, profile.size);
    ck_assert_uint_eq(blocks.exif.size, 14);
    ck_assert_uint_eq(blocks.xmp.size, 4);
}
END_TEST

static const enum ink_coding inks[] = { INK_CMYK, INK_YCCK };

START_TEST(inks_are_counted_alike_however_they_are_stored)
{
    _cleanup_raster_ struct raster picture = raster_paint(24, 24, RASTER_CMYK, false, raster_slopes),
                                   got = { 0 };
    _cleanup_stored_ struct stored file = picture_encode(&picture, &(struct coding){ .ink = inks[_i] });

    got = picture_decode(&file, NULL);
    ck_assert_double_le(raster_difference(&got, &picture), 0.03);
}
END_TEST

/* A 2 × 1 picture, dark and bright: where the 0th row is, and which of its ends begins it. */
static const struct {
    int orientation, bright_x, bright_y;
} turned[] = {
    { 1, 1, 0 }, { 2, 0, 0 }, { 3, 0, 0 }, { 4, 1, 0 }, { 5, 0, 1 }, { 6, 0, 1 }, { 7, 0, 0 }, { 8, 0, 0 },
};

START_TEST(pictures_are_turned_upright_and_laid_again)
{
    _cleanup_raster_ struct raster stored = raster_make(2, 1, RASTER_GREY, false), upright = { 0 },
                                   laid = { 0 };

    stored.samples[1] = 1;
    upright = raster_upright(&stored, turned[_i].orientation);
    laid = raster_laid(&upright, turned[_i].orientation);
    ck_assert_int_eq(upright.width, turned[_i].orientation < 5 ? 2 : 1);
    ck_assert_double_eq(raster_at(&upright, turned[_i].bright_x, turned[_i].bright_y)[0], 1);
    ck_assert_double_eq(raster_difference(&laid, &stored), 0);
}
END_TEST

START_TEST(noise_is_measured_in_decibels)
{
    _cleanup_raster_ struct raster a = raster_make(10, 10, RASTER_GREY, false),
                                   b = raster_make(10, 10, RASTER_GREY, false);

    for (int i = 0; i < 100; i++)
        b.samples[i] = 0.01;
    ck_assert_double_eq_tol(raster_psnr(&a, &b), 40, 1e-9);
}
END_TEST

UNIT_MAIN("reference", UNIT_ROWS(differences_are_those_that_were_published, published_pairs),
          UNIT_ROWS(littlecms_agrees_with_arithmetic, spaces),
          UNIT_TEST(differences_of_pictures_are_those_of_their_colours), UNIT_TEST(even_pictures_stay_even),
          UNIT_TEST(a_point_becomes_the_kernel), UNIT_TEST(what_is_not_seen_has_no_colour),
          UNIT_ROWS(files_hold_what_was_put_into_them, codings),
          UNIT_ROWS(inks_are_counted_alike_however_they_are_stored, inks),
          UNIT_ROWS(pictures_are_turned_upright_and_laid_again, turned),
          UNIT_TEST(noise_is_measured_in_decibels))
