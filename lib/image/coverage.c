/* SPDX-License-Identifier: GPL-2.0-or-later */
/* coverage - see coverage.h. A pixel is as much inside as its middle's distance to the edge says, from half a pixel
 * outside to half a pixel inside. */
#include "image/coverage.h"

#include <math.h>

enum { FULL = 255 };

/* From the middle of the picture; positive inside. */
typedef double distance_function(double x, double y, double half_width, double half_height, double radius);

static double distance_rounded(double x, double y, double half_width, double half_height, double radius)
{
    double r = fmin(radius, fmin(half_width, half_height));
    double dx = fabs(x) - (half_width - r), dy = fabs(y) - (half_height - r);

    if (dx <= 0 || dy <= 0)
        return r - fmax(dx, dy);
    return r - hypot(dx, dy);
}

static double distance_circle(double x, double y, double half_width, double half_height, double radius)
{
    (void)radius;
    return fmin(half_width, half_height) - hypot(x, y);
}

/* To first order: the implicit function over the length of its gradient. */
static double distance_ellipse(double x, double y, double half_width, double half_height, double radius)
{
    double u = x / half_width, v = y / half_height, value = 1 - (u * u + v * v);
    double slope = 2 * hypot(u / half_width, v / half_height);

    (void)radius;
    return slope > 0 ? value / slope : fmin(half_width, half_height);
}

static double distance_diamond(double x, double y, double half_width, double half_height, double radius)
{
    double value = 1 - fabs(x) / half_width - fabs(y) / half_height;

    (void)radius;
    return value / hypot(1 / half_width, 1 / half_height);
}

static distance_function *const distances[] = {
    [COVERAGE_ROUNDED] = distance_rounded,
    [COVERAGE_ELLIPSE] = distance_ellipse,
    [COVERAGE_CIRCLE] = distance_circle,
    [COVERAGE_DIAMOND] = distance_diamond,
};

static void fill(const struct coverage *coverage, VipsImage *image)
{
    static const double half = 0.5;
    double half_width = image->Xsize / 2.0, half_height = image->Ysize / 2.0;

    for (int y = 0; y < image->Ysize; y++) {
        VipsPel *row = VIPS_IMAGE_ADDR(image, 0, y);

        for (int x = 0; x < image->Xsize; x++) {
            double inside = distances[coverage->shape](x + half - half_width, y + half - half_height,
                                                       half_width, half_height, coverage->radius);
            double part = fmin(fmax(inside + half, 0), 1);

            row[x] = (VipsPel)lround(FULL * (coverage->invert ? 1 - part : part));
        }
    }
}

VipsImage *coverage_make(const struct coverage *coverage, int width, int height)
{
    VipsImage *image = vips_image_new_memory();

    vips_image_init_fields(image, width, height, 1, VIPS_FORMAT_UCHAR, VIPS_CODING_NONE,
                           VIPS_INTERPRETATION_B_W, 1, 1);
    if (vips_image_write_prepare(image) != 0) {
        g_object_unref(image);
        return NULL;
    }
    fill(coverage, image);
    return image;
}
