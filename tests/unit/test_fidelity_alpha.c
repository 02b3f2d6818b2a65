/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Tests of edges against nothing: no fringes, dark or bright, of colours that nobody was to see. Compared is what is
 * seen, before black and before white, with Lanczos3 of premultiplied colours in double precision. */
#include "lanczos.h"
#include "rendering.h"
#include "unit_main.h"

#include "base/cleanup.h"

#include <math.h>

enum { SIDE = 96, SMALLER = 31 };

/* Levels of 255: what rounding takes. */
static const double LEVEL = 1 / 255.0, MOST = 1.5, MEAN_MOST = 0.3;

/* A bright disc with an edge of two pixels, and black where nothing is seen. */
static double bright_on_black(double u, double v, int band)
{
    double edge = (0.35 - hypot(u - 0.5, v - 0.5)) * SIDE / 2, seen = fmin(1, fmax(0, edge + 0.5));

    if (band == RASTER_RGB)
        return seen;
    return seen > 0 ? 0.9 - 0.1 * band : 0;
}

/* A dark one, and white there. */
static double dark_on_white(double u, double v, int band)
{
    double value = bright_on_black(u, v, band);

    return band == RASTER_RGB ? value : 1 - value;
}

/* Hard stripes, finer than what the result can show. */
static double stripes(double u, double v, int band)
{
    bool seen = (int)(u * SIDE / 2 + v * SIDE / 5) % 2 == 0;

    if (band == RASTER_RGB)
        return seen;
    return seen ? (band == 0 ? 1 : 0.4) : (band == 1 ? 1 : 0);
}

static const struct {
    const char *name;
    raster_painter *paint;
    int depth;
} edges[] = {
    { "bright on black", bright_on_black, 8 },
    { "dark on white", dark_on_white, 8 },
    { "stripes", stripes, 8 },
    { "bright on black, 16 bits", bright_on_black, 16 },
    { "stripes, 16 bits", stripes, 16 },
};

static struct raster paint(int row)
{
    struct raster raster = raster_paint(SIDE, SIDE, RASTER_RGB, true, edges[row].paint);

    raster_quantise(&raster, edges[row].depth);
    return raster;
}

static struct raster clipped(const struct raster *raster)
{
    struct raster copy = raster_copy(raster);

    raster_quantise(&copy, 16);
    return copy;
}

static double mean_difference(const struct raster *a, const struct raster *b)
{
    return sqrt(pow(10, -raster_psnr(a, b) / 10));
}

static void expect_seen(const char *name, const struct raster *got, const struct raster *wanted,
                        double before)
{
    _cleanup_raster_ struct raster inside = clipped(wanted);
    _cleanup_raster_ struct raster seen = raster_flatten(got, before),
                                   ought = raster_flatten(&inside, before);
    double most = raster_difference(&seen, &ought) / LEVEL, mean = mean_difference(&seen, &ought) / LEVEL;

    if (rendering_tells_figures())
        printf("%s, before %g: %.1f of 255 at most, %.2f in the mean\n", name, before, most, mean);
    ck_assert_msg(most <= MOST && mean <= MEAN_MOST, "%s, before %g: %g at most, %g in the mean", name,
                  before, most, mean);
}

START_TEST(an_edge_has_no_fringe)
{
    static const char *const recipes[] = { "[Output a]\nWidth=31\nFormat=png\n" };
    _cleanup_raster_ struct raster source = paint(_i), got = { 0 }, wanted = { 0 };
    _cleanup_stored_ struct stored file =
        picture_encode(&source, &(struct coding){ .format = FORMAT_PNG, .depth = edges[_i].depth });

    wanted = lanczos_resize(&source, SMALLER, SMALLER);
    got = rendering_single(recipes[0], &file);
    expect_seen(edges[_i].name, &got, &wanted, 0);
    expect_seen(edges[_i].name, &got, &wanted, 1);
}
END_TEST

/* A JPEG is what is seen before white. At the best quality a smooth picture loses little. */
START_TEST(a_flattened_edge_has_no_fringe)
{
    static const double jpeg_mean_most = 2.5;
    _cleanup_raster_ struct raster source = paint(_i), got = { 0 }, wanted = { 0 }, inside = { 0 },
                                   ought = { 0 };
    _cleanup_stored_ struct stored file =
        picture_encode(&source, &(struct coding){ .format = FORMAT_PNG, .depth = edges[_i].depth });
    double mean;

    wanted = lanczos_resize(&source, SMALLER, SMALLER);
    inside = clipped(&wanted);
    ought = raster_flatten(&inside, 1);
    got = rendering_single("[Output a]\nWidth=31\nFormat=jpeg\nQuality=100\n", &file);
    mean = mean_difference(&got, &ought) / LEVEL;
    ck_assert_msg(mean <= jpeg_mean_most, "%s: %g in the mean", edges[_i].name, mean);
}
END_TEST

UNIT_MAIN("fidelity_alpha", UNIT_ROWS(an_edge_has_no_fringe, edges),
          UNIT_ROWS(a_flattened_edge_has_no_fringe, edges))
