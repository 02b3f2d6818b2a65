/* SPDX-License-Identifier: GPL-2.0-or-later */
/* vector - see vector.h.
 *
 * What an output needs is told by the picture's size after the recipe's steps, and sizes are whole numbers: so it is
 * asked again after each enlargement until it is enough. */
#include "image/vector.h"

#include "image/drawing.h"
#include "image/selection.h"
#include "image/steps.h"

#include <errno.h>
#include <math.h>

enum {
    ROUNDS_MAX = 8,
    FILTERED_PIXELS_MAX =
        100000000, /* of an enlarged drawing, in all its filters: 10 to 20 seconds of a processor */
};

/* Of the way to the limit, so that rounding does not lead beyond it. */
#define NEARLY_ALL 0.999

static double larger(double a, double b)
{
    return a > b ? a : b;
}

/* How much larger all outputs would like to have it; 1: not at all. */
static double missing_factor(const struct source *source, const struct recipe *recipe)
{
    struct extent extent = steps_shape(&recipe->steps, source->shape).extent;
    struct extent wanted = selection_wanted(recipe, extent);

    return larger(1, larger(wanted.width / (double)extent.width, wanted.height / (double)extent.height));
}

/* That the folder allows, and that filters are done with in time. */
static uint64_t most_pixels(const struct source *source)
{
    unsigned uses = source->format == FORMAT_SVG ? drawing_filter_uses(source->data, source->size) : 0;
    uint64_t most = source->options.max_pixels;

    return uses > 0 && FILTERED_PIXELS_MAX / uses < most ? FILTERED_PIXELS_MAX / uses : most;
}

static double most_factor(const struct source *source, uint64_t most)
{
    double pixels = (double)extent_area(source->shape.extent);

    return larger(1, NEARLY_ALL * sqrt((double)most / pixels));
}

/* A drawing with a side of few pixels can be beyond the limit by what is rounded: then it stays as it is. */
static int enlarge(struct source *source, double factor, bool *ret_enlarged, struct error *error)
{
    double before = source->scale;
    struct error beyond;
    int r = source_scale(source, before * factor, &beyond);

    *ret_enlarged = r == 0;
    if (r == -EFBIG)
        return source_scale(source, before, error);
    if (r < 0)
        *error = beyond;
    return r;
}

int vector_fit(struct source *source, const struct recipe *recipe, struct error *error)
{
    bool enlarged = true;
    uint64_t most;

    if (!format_info(source->format)->vector || !steps_are_relative(&recipe->steps))
        return 0;

    most = most_pixels(source);
    for (unsigned round = 0; enlarged && round < ROUNDS_MAX; round++) {
        double factor = fmin(missing_factor(source, recipe), most_factor(source, most));
        int r;

        if (factor <= 1)
            return 0;
        r = enlarge(source, factor, &enlarged, error);
        if (r < 0)
            return r;
    }
    return 0;
}

int vector_reduce(struct source *source, double factor, struct error *error)
{
    return source_scale(source, larger(1, source->scale * factor), error);
}
