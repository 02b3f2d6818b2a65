/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Tests of 16 bits: they stay what they are where a format has them, and are rounded where it has not. */
#include "lanczos.h"
#include "rendering.h"
#include "unit_main.h"

#include "base/cleanup.h"

#include <math.h>

enum { SIDE = 60, SMALLER = 23 };

static const double LEVEL_16 = 1 / 65535.0, LEVEL_8 = 1 / 255.0;

static const struct {
    int colours;
    bool alpha;
} kinds[] = { { RASTER_GREY, false }, { RASTER_GREY, true }, { RASTER_RGB, false }, { RASTER_RGB, true } };

static struct raster paint(int kind, raster_painter *paint_band)
{
    struct raster raster = raster_paint(SIDE, SIDE, kinds[kind].colours, kinds[kind].alpha, paint_band);

    raster_quantise(&raster, 16);
    return raster;
}

static struct stored deep_file(const struct raster *raster)
{
    return picture_encode(raster, &(struct coding){ .format = FORMAT_PNG, .depth = 16 });
}

START_TEST(sixteen_bits_pass_unchanged)
{
    _cleanup_raster_ struct raster source = paint(_i, raster_detail), got = { 0 };
    _cleanup_stored_ struct stored file = deep_file(&source), made = { NULL, 0 };
    struct rendered rendered;

    rendering_make("[Output a]\nFormat=png\n", &file, &rendered);
    made = rendering_file(&rendered, 0);
    ck_assert_int_eq(picture_png_depth(&made), 16);
    got = picture_decode(&made, NULL);
    ck_assert_double_eq(raster_difference(&got, &source), 0);
    rendered_release(&rendered);
}
END_TEST

/* A slope looks the same to a box filter and to any kernel: what is left is rounding, and that libvips knows a kernel
 * at 64 places between two pixels. */
START_TEST(a_resized_slope_keeps_16_bits)
{
    static const double most = 8; /* levels, a thirtieth of what 8 bits have */
    _cleanup_raster_ struct raster source = paint(_i, raster_slopes), got = { 0 }, wanted = { 0 };
    _cleanup_stored_ struct stored file = deep_file(&source);
    double largest = 0;

    wanted = lanczos_resize(&source, SMALLER, SMALLER);
    got = rendering_single("[Output a]\nWidth=23\nFormat=png\n", &file);
    for (int y = 4; y < SMALLER - 4; y++) /* edges: see test_fidelity_resize */
        for (int x = 4; x < SMALLER - 4; x++)
            for (int band = 0; band < raster_bands(&got); band++)
                largest = fmax(largest, fabs(raster_at(&got, x, y)[band] - raster_at(&wanted, x, y)[band]));
    ck_assert_msg(largest <= most * LEVEL_16, "%g of 65535", largest / LEVEL_16);
}
END_TEST

/* Even colours, which a WebP of the best quality holds to a level, and alpha, which it holds exactly. */
START_TEST(a_webp_of_16_bits_has_the_same_colours_and_alpha)
{
    static const double pixel[] = { 0.2, 0.5, 0.8, 200.4 / 255 };
    _cleanup_raster_ struct raster source = raster_make(SIDE, SIDE, RASTER_RGB, true), got = { 0 };
    _cleanup_stored_ struct stored file = { NULL, 0 };

    for (int i = 0; i < SIDE * SIDE * 4; i++)
        source.samples[i] = pixel[i % 4];
    file = deep_file(&source);
    got = rendering_single("[Output a]\nFormat=webp\nQuality=100\n", &file);
    ck_assert_double_le(raster_difference(&got, &source), 1.6 * LEVEL_8);
    ck_assert_double_eq_tol(got.samples[3], 200 / 255.0, 1e-9);
}
END_TEST

UNIT_MAIN("fidelity_depth", UNIT_ROWS(sixteen_bits_pass_unchanged, kinds),
          UNIT_ROWS(a_resized_slope_keeps_16_bits, kinds),
          UNIT_TEST(a_webp_of_16_bits_has_the_same_colours_and_alpha))
