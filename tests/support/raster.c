/* SPDX-License-Identifier: GPL-2.0-or-later */
/* raster - see raster.h. */
#include "raster.h"

#include "base/cleanup.h"

#include <check.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

struct raster raster_make(int width, int height, int colours, bool alpha)
{
    struct raster raster = { .width = width, .height = height, .colours = colours, .alpha = alpha };

    raster.samples = calloc((size_t)width * (size_t)height * (size_t)raster_bands(&raster), sizeof(double));
    ck_assert_ptr_nonnull(raster.samples);
    return raster;
}

void raster_release(struct raster *raster)
{
    free(raster->samples);
    *raster = (struct raster){ 0 };
}

static size_t count_samples(const struct raster *raster)
{
    return (size_t)raster->width * (size_t)raster->height * (size_t)raster_bands(raster);
}

struct raster raster_copy(const struct raster *raster)
{
    struct raster copy = raster_make(raster->width, raster->height, raster->colours, raster->alpha);

    memcpy(copy.samples, raster->samples, count_samples(raster) * sizeof *copy.samples);
    return copy;
}

/* ---- painting ---- */

struct raster raster_paint(int width, int height, int colours, bool alpha, raster_painter *paint)
{
    struct raster raster = raster_make(width, height, colours, alpha);

    for (int y = 0; y < height; y++)
        for (int x = 0; x < width; x++)
            for (int band = 0; band < raster_bands(&raster); band++)
                raster_at(&raster, x, y)[band] = paint((x + 0.5) / width, (y + 0.5) / height, band);
    return raster;
}

double raster_slopes(double u, double v, int band)
{
    const double bands[] = { u, v, (u + v) / 2, 1 - u / 2, 1 - v / 2 };

    return bands[band];
}

/* A pattern of rings that grow finer, a fan of straight edges, and some slopes beneath. */
double raster_detail(double u, double v, int band)
{
    enum { RINGS = 60, BLADES = 23 };
    double dx = u - 0.3 - 0.05 * band, dy = v - 0.4, ring = cos(RINGS * M_PI * (dx * dx + dy * dy));
    double fan = sin(BLADES * atan2(v - 1.1, u - 0.8)) > 0 ? 1 : -1;

    return 0.5 + 0.2 * ring + 0.1 * fan + 0.15 * (raster_slopes(u, v, band) - 0.5);
}

void raster_quantise(struct raster *raster, int depth)
{
    double top = (1 << depth) - 1;

    for (size_t i = 0; i < count_samples(raster); i++)
        raster->samples[i] = floor(fmin(1, fmax(0, raster->samples[i])) * top + 0.5) / top;
}

/* ---- orientation ---- */

/* Where the 0th row and the 0th column of a stored picture are seen: EXIF's own words for each value. */
static const struct {
    bool swapped;                 /* the 0th row is a side */
    bool from_right, from_bottom; /* what is counted across, and down, begins there */
} seen[] = {
    [1] = { false, false, false }, /* row: top, column: left side */
    [2] = { false, true, false },  /* top, right side */
    [3] = { false, true, true },   /* bottom, right side */
    [4] = { false, false, true },  /* bottom, left side */
    [5] = { true, false, false },  /* left side, top */
    [6] = { true, true, false },   /* right side, top */
    [7] = { true, true, true },    /* right side, bottom */
    [8] = { true, false, true },   /* left side, bottom */
};

static void copy_pixel(const struct raster *from, int x, int y, const struct raster *to, int to_x, int to_y)
{
    for (int band = 0; band < raster_bands(from); band++)
        raster_at(to, to_x, to_y)[band] = raster_at(from, x, y)[band];
}

/* The place in the upright picture of @width × @height where the stored pixel is seen. */
static void place(int orientation, int x, int y, int width, int height, int *ret_x, int *ret_y)
{
    int across = seen[orientation].swapped ? y : x, down = seen[orientation].swapped ? x : y;

    *ret_x = seen[orientation].from_right ? width - 1 - across : across;
    *ret_y = seen[orientation].from_bottom ? height - 1 - down : down;
}

struct raster raster_upright(const struct raster *stored, int orientation)
{
    bool swapped = seen[orientation].swapped;
    struct raster upright =
        raster_make(swapped ? stored->height : stored->width, swapped ? stored->width : stored->height,
                    stored->colours, stored->alpha);

    for (int y = 0; y < stored->height; y++)
        for (int x = 0; x < stored->width; x++) {
            int to_x, to_y;

            place(orientation, x, y, upright.width, upright.height, &to_x, &to_y);
            copy_pixel(stored, x, y, &upright, to_x, to_y);
        }
    return upright;
}

struct raster raster_laid(const struct raster *upright, int orientation)
{
    bool swapped = seen[orientation].swapped;
    struct raster laid =
        raster_make(swapped ? upright->height : upright->width, swapped ? upright->width : upright->height,
                    upright->colours, upright->alpha);

    for (int y = 0; y < laid.height; y++)
        for (int x = 0; x < laid.width; x++) {
            int from_x, from_y;

            place(orientation, x, y, upright->width, upright->height, &from_x, &from_y);
            copy_pixel(upright, from_x, from_y, &laid, x, y);
        }
    return laid;
}

/* ---- alpha ---- */

struct raster raster_flatten(const struct raster *raster, double value)
{
    struct raster flat = raster_make(raster->width, raster->height, raster->colours, false);

    ck_assert(raster->alpha);
    for (int y = 0; y < flat.height; y++)
        for (int x = 0; x < flat.width; x++) {
            const double *from = raster_at(raster, x, y);
            double alpha = from[raster->colours];

            for (int band = 0; band < flat.colours; band++)
                raster_at(&flat, x, y)[band] = alpha * from[band] + (1 - alpha) * value;
        }
    return flat;
}

/* ---- comparing ---- */

static void expect_alike(const struct raster *a, const struct raster *b)
{
    ck_assert_msg(a->width == b->width && a->height == b->height, "%d × %d and %d × %d", a->width, a->height,
                  b->width, b->height);
    ck_assert_msg(a->colours == b->colours && a->alpha == b->alpha, "%d and %d bands", raster_bands(a),
                  raster_bands(b));
}

double raster_difference(const struct raster *a, const struct raster *b)
{
    double largest = 0;

    expect_alike(a, b);
    for (size_t i = 0; i < count_samples(a); i++)
        largest = fmax(largest, fabs(a->samples[i] - b->samples[i]));
    return largest;
}

double raster_psnr(const struct raster *a, const struct raster *b)
{
    double sum = 0;

    expect_alike(a, b);
    for (size_t i = 0; i < count_samples(a); i++)
        sum += (a->samples[i] - b->samples[i]) * (a->samples[i] - b->samples[i]);
    return -10 * log10(sum / (double)count_samples(a));
}
