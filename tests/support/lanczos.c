/* SPDX-License-Identifier: GPL-2.0-or-later */
/* lanczos - see lanczos.h. Across first, then down. */
#include "lanczos.h"

#include "base/cleanup.h"

#include <check.h>
#include <math.h>
#include <stdlib.h>

enum { LOBES = 3 };

static double sinc(double x)
{
    return x == 0 ? 1 : sin(M_PI * x) / (M_PI * x);
}

static double kernel(double x)
{
    return fabs(x) < LOBES ? sinc(x) * sinc(x / LOBES) : 0;
}

/* How one sample of the result comes from those of a line. */
struct taps {
    int first, count;
    double *weights; /* their sum is 1 */
};

static struct taps *taps_make(int from, int to)
{
    double step = (double)from / to, stretch = fmax(1, step);
    struct taps *taps = calloc((size_t)to, sizeof *taps);

    ck_assert_ptr_nonnull(taps);
    for (int i = 0; i < to; i++) {
        double middle = (i + 0.5) * step - 0.5, sum = 0;

        taps[i].first = (int)ceil(middle - LOBES * stretch);
        taps[i].count = (int)floor(middle + LOBES * stretch) - taps[i].first + 1;
        taps[i].weights = calloc((size_t)taps[i].count, sizeof(double));
        ck_assert_ptr_nonnull(taps[i].weights);
        for (int j = 0; j < taps[i].count; j++)
            sum += taps[i].weights[j] = kernel((taps[i].first + j - middle) / stretch);
        for (int j = 0; j < taps[i].count; j++)
            taps[i].weights[j] /= sum;
    }
    return taps;
}

static void taps_free(struct taps *taps, int count)
{
    for (int i = 0; i < count; i++)
        free(taps[i].weights);
    free(taps);
}

/* A line of samples that are @stride apart. */
struct line {
    double *first;
    size_t stride;
    int length;
};

static double clamped(const struct line *line, int at)
{
    int inside = at < 0 ? 0 : at < line->length ? at : line->length - 1;

    return line->first[(size_t)inside * line->stride];
}

static void resize_line(const struct line *from, const struct line *to, const struct taps *taps)
{
    for (int i = 0; i < to->length; i++) {
        double sum = 0;

        for (int j = 0; j < taps[i].count; j++)
            sum += taps[i].weights[j] * clamped(from, taps[i].first + j);
        to->first[(size_t)i * to->stride] = sum;
    }
}

static struct raster resize_across(const struct raster *from, int width)
{
    struct raster to = raster_make(width, from->height, from->colours, from->alpha);
    struct taps *taps = taps_make(from->width, width);
    size_t bands = (size_t)raster_bands(from);

    for (int y = 0; y < from->height; y++)
        for (size_t band = 0; band < bands; band++)
            resize_line(&(struct line){ raster_at(from, 0, y) + band, bands, from->width },
                        &(struct line){ raster_at(&to, 0, y) + band, bands, width }, taps);
    taps_free(taps, width);
    return to;
}

static struct raster resize_down(const struct raster *from, int height)
{
    struct raster to = raster_make(from->width, height, from->colours, from->alpha);
    size_t row = (size_t)raster_bands(from) * (size_t)from->width;
    struct taps *taps = taps_make(from->height, height);

    for (size_t i = 0; i < row; i++)
        resize_line(&(struct line){ from->samples + i, row, from->height },
                    &(struct line){ to.samples + i, row, height }, taps);
    taps_free(taps, height);
    return to;
}

static struct raster weighted(const struct raster *raster)
{
    struct raster product = raster_make(raster->width, raster->height, raster->colours, raster->alpha);

    for (int y = 0; y < raster->height; y++)
        for (int x = 0; x < raster->width; x++) {
            const double *from = raster_at(raster, x, y);
            double alpha = raster->alpha ? from[raster->colours] : 1;

            for (int band = 0; band < raster->colours; band++)
                raster_at(&product, x, y)[band] = from[band] * alpha;
            if (raster->alpha)
                raster_at(&product, x, y)[raster->colours] = alpha;
        }
    return product;
}

/* The kernel's negative lobes can leave less than nothing. */
static void free_from_alpha(struct raster *raster)
{
    for (int y = 0; y < raster->height; y++)
        for (int x = 0; x < raster->width; x++) {
            double *pixel = raster_at(raster, x, y), alpha = pixel[raster->colours];

            for (int band = 0; band < raster->colours; band++)
                pixel[band] = alpha > 0 ? pixel[band] / alpha : 0;
        }
}

struct raster lanczos_resize(const struct raster *raster, int width, int height)
{
    _cleanup_raster_ struct raster whole = weighted(raster), narrow = resize_across(&whole, width);
    struct raster resized = resize_down(&narrow, height);

    if (resized.alpha)
        free_from_alpha(&resized);
    return resized;
}
