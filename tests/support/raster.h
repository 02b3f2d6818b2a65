/* SPDX-License-Identifier: GPL-2.0-or-later */
/* raster - a picture in double precision, for references: nothing of libvips is behind it.
 *
 * Samples are 0 to 1, whatever the depth of the file that they came from or go to; rows from top to bottom, bands
 * interleaved, alpha last. For CMYK 1 is all of the ink. A failure ends the test. */
#ifndef DARKROOM_TESTS_RASTER_H
#define DARKROOM_TESTS_RASTER_H

#include <stdbool.h>
#include <stddef.h>

enum { RASTER_GREY = 1, RASTER_RGB = 3, RASTER_CMYK = 4 };

struct raster {
    int width, height;
    int colours; /* RASTER_*, or how many bands of no known colours */
    bool alpha;
    double *samples;
};

static inline int raster_bands(const struct raster *raster)
{
    return raster->colours + raster->alpha;
}

/* The first band of a pixel. */
static inline double *raster_at(const struct raster *raster, int x, int y)
{
    return raster->samples + ((size_t)y * (size_t)raster->width + (size_t)x) * (size_t)raster_bands(raster);
}

/* All of it 0; the caller releases it. */
struct raster raster_make(int width, int height, int colours, bool alpha);

struct raster raster_copy(const struct raster *raster);
void raster_release(struct raster *raster);

#define _cleanup_raster_ __attribute__((cleanup(raster_release)))

/* What one band of one pixel is; @u and @v are 0 to 1 across and down, at the pixel's middle. */
typedef double raster_painter(double u, double v, int band);

/* Paints every band by @paint. */
struct raster raster_paint(int width, int height, int colours, bool alpha, raster_painter *paint);

/* All colours evenly: red grows to the right, green downwards, blue from corner to corner, a fourth band against
 * that. */
double raster_slopes(double u, double v, int band);

/* Edges and texture of every fineness, as a photograph has them, the same everywhere; none of it so fine that no
 * pixel shows it. */
double raster_detail(double u, double v, int band);

/* The nearest that a file of @depth bits can hold of each sample, clipped to its range. */
void raster_quantise(struct raster *raster, int depth);

/* Turned and mirrored as a viewer does who heeds EXIF's @orientation (1 to 8): the table of EXIF 2.3, tag 0x0112. */
struct raster raster_upright(const struct raster *stored, int orientation);

/* Made for @orientation: raster_upright() of it is @upright. */
struct raster raster_laid(const struct raster *upright, int orientation);

/* Before a background of @value. */
struct raster raster_flatten(const struct raster *raster, double value);

/* The largest difference of any two samples; the two must be alike. */
double raster_difference(const struct raster *a, const struct raster *b);

/* Peak signal-to-noise ratio in dB over all bands, for a peak of 1; infinite for equal pictures. */
double raster_psnr(const struct raster *a, const struct raster *b);

#endif
