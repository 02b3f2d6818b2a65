/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Tests of lib/image/plane_scale and plane_restore: against Lanczos3 in double precision, on both sides of the border
 * between our own kernel and libzimg. */
#include "image/plane_scale.h"

#include "base/cleanup.h"
#include "image/plane_restore.h"
#include "lanczos.h"
#include "raster.h"
#include "unit_main.h"

#include <math.h>

static const double largest_difference = 1.8 / 255; /* each of them rounds, some of them twice */

static double smooth(double u, double v, int band)
{
    (void)band;
    return 0.5 + 0.3 * sin(9 * u + 4 * v * v) + 0.15 * cos(31 * u * v);
}

static struct plane plane_of(const struct raster *raster)
{
    struct plane plane;

    ck_assert_int_eq(plane_make(&plane, (struct extent){ (uint32_t)raster->width, (uint32_t)raster->height }),
                     0);
    for (int y = 0; y < raster->height; y++)
        for (int x = 0; x < raster->width; x++)
            plane.data[(size_t)y * plane.stride + (size_t)x] =
                (unsigned char)lround(*raster_at(raster, x, y) * 255);
    return plane;
}

static struct raster raster_of(const struct plane *plane)
{
    struct raster raster =
        raster_make((int)plane->extent.width, (int)plane->extent.height, RASTER_GREY, false);

    for (int y = 0; y < raster.height; y++)
        for (int x = 0; x < raster.width; x++)
            *raster_at(&raster, x, y) = plane->data[(size_t)y * plane->stride + (size_t)x] / 255.0;
    return raster;
}

static const struct {
    int from_width, from_height, to_width, to_height;
} sizes[] = {
    { 64, 48, 30, 20 },      { 33, 1, 7, 1 },      { 1, 33, 1, 5 },        { 40, 40, 40, 17 },
    { 20, 30, 50, 70 },      { 3, 3, 1, 1 },       { 1, 1, 4, 4 },         { 250, 200, 48, 38 },
    { 1200, 800, 700, 467 }, { 900, 700, 61, 47 }, { 500, 300, 900, 700 }, { 1600, 1000, 1600, 600 },
    { 20000, 1, 1, 1 },      { 1, 9000, 1, 2 },    { 30000, 60, 3, 2 },    { 9, 30000, 900, 1 },
};

START_TEST(a_plane_is_resampled_by_lanczos)
{
    _cleanup_raster_ struct raster source =
        raster_paint(sizes[_i].from_width, sizes[_i].from_height, RASTER_GREY, false, smooth);
    _cleanup_raster_ struct raster wanted = { 0 }, got = { 0 };
    _cleanup_(plane_release) struct plane from = plane_of(&source), to = { .data = NULL };
    struct plane_part all = { 0, 0, from.width, from.height };

    raster_quantise(&source, 8);
    wanted = lanczos_resize(&source, sizes[_i].to_width, sizes[_i].to_height);
    ck_assert_int_eq(
        plane_make(&to, (struct extent){ (uint32_t)sizes[_i].to_width, (uint32_t)sizes[_i].to_height }), 0);
    ck_assert_int_eq(plane_scale(&from, &all, &to), 0);
    got = raster_of(&to);
    ck_assert_msg(raster_difference(&got, &wanted) <= largest_difference, "%d × %d to %d × %d: %g",
                  sizes[_i].from_width, sizes[_i].from_height, sizes[_i].to_width, sizes[_i].to_height,
                  raster_difference(&got, &wanted) * 255);
}
END_TEST

/* A ramp shows where it was read: halves of samples, and a part beyond its ends, where it goes on as it ends. */
START_TEST(a_part_is_where_it_is_said_to_be)
{
    static const int lengths[] = { 100, 2500 };
    enum { ROWS = 40 };
    int length = lengths[_i];
    _cleanup_(plane_release) struct plane from = { .data = NULL }, to = { .data = NULL };
    struct plane_part part = { length * 0.25 + 0.5, 3, length * 0.5, ROWS - 6 };

    ck_assert_int_eq(plane_make(&from, (struct extent){ (uint32_t)length, ROWS }), 0);
    ck_assert_int_eq(plane_make(&to, (struct extent){ (uint32_t)length / 5, 10 }), 0);
    for (int y = 0; y < ROWS; y++)
        for (int x = 0; x < length; x++)
            from.data[(size_t)y * from.stride + (size_t)x] = (unsigned char)(200 * x / length + 20);
    ck_assert_int_eq(plane_scale(&from, &part, &to), 0);
    for (int x = 0; x < length / 5; x++) {
        double middle = part.left + (x + 0.5) * part.width / (length / 5) - 0.5;

        ck_assert_double_le(fabs(to.data[x] - (200 * middle / length + 20)), 1.6);
    }
}
END_TEST

START_TEST(a_plane_of_its_size_is_copied)
{
    _cleanup_raster_ struct raster source = raster_paint(77, 31, RASTER_GREY, false, raster_detail);
    _cleanup_(plane_release) struct plane from = plane_of(&source), to = { .data = NULL };
    struct plane_part all = { 0, 0, 77, 31 };

    ck_assert_int_eq(plane_make(&to, from.extent), 0);
    ck_assert_int_eq(plane_scale(&from, &all, &to), 0);
    for (size_t y = 0; y < 31; y++)
        ck_assert_mem_eq(from.data + y * from.stride, to.data + y * to.stride, 77);
}
END_TEST

START_TEST(what_is_even_stays_even)
{
    static const uint32_t widths[] = { 60, 2000 };

    for (int value = 0; value < 256; value += 51) {
        _cleanup_(plane_release) struct plane from = { .data = NULL }, to = { .data = NULL };
        struct plane_part all = { 0, 0, widths[_i], 300 };

        ck_assert_int_eq(plane_make(&from, (struct extent){ widths[_i], 300 }), 0);
        ck_assert_int_eq(plane_make(&to, (struct extent){ widths[_i] / 3, 77 }), 0);
        memset(from.data, value, from.stride * 300);
        ck_assert_int_eq(plane_scale(&from, &all, &to), 0);
        ck_assert_int_eq(plane_restore(&to, 1, 1), 0);
        for (size_t y = 0; y < 77; y++)
            for (size_t x = 0; x < widths[_i] / 3; x++)
                ck_assert_int_eq(to.data[y * to.stride + x], value);
    }
}
END_TEST

/* Means of squares have lost some of a wave's height; restored they have more of it, but not more than it had. */
START_TEST(a_wave_gets_height_back)
{
    enum { SIDE = 240, SQUARE = 4, MADE = SIDE / SQUARE };
    static const double waves = 12, height = 90;
    _cleanup_(plane_release) struct plane means = { .data = NULL };
    double before = 0, after = 0;

    ck_assert_int_eq(plane_make(&means, (struct extent){ MADE, MADE }), 0);
    for (int x = 0; x < MADE; x++) {
        double sum = 0;

        for (int i = 0; i < SQUARE; i++)
            sum += 128 + height * sin(2 * M_PI * waves * (x * SQUARE + i + 0.5) / SIDE);
        for (size_t y = 0; y < MADE; y++)
            means.data[y * means.stride + (size_t)x] = (unsigned char)lround(sum / SQUARE);
        before = fmax(before, fabs(means.data[x] - 128.0));
    }
    ck_assert_int_eq(plane_restore(&means, 1, 1), 0);
    for (int x = 2; x < MADE - 2; x++)
        after = fmax(after, fabs(means.data[MADE / 2 * means.stride + (size_t)x] - 128.0));
    ck_assert_double_lt(before, height - 3);
    ck_assert_double_gt(after, before + 2);
    ck_assert_double_le(after, height + 1.5);
}
END_TEST

int main(void)
{
    const struct unit_test tests[] = {
        { a_plane_is_resampled_by_lanczos, ARRAY_SIZE(sizes) },
        { a_part_is_where_it_is_said_to_be, 2 },
        { a_plane_of_its_size_is_copied, 1 },
        { what_is_even_stays_even, 2 },
        { a_wave_gets_height_back, 1 },
    };

    return unit_main("plane_scale", tests, ARRAY_SIZE(tests));
}
