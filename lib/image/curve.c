/* SPDX-License-Identifier: GPL-2.0-or-later */
/* curve - see curve.h. */
#include "image/curve.h"

#include "base/cleanup.h"
#include "image/depth.h"

#include <math.h>
#include <stdlib.h>

enum { CHANNELS_MAX = 4 };

/* A table of all values; bands from @colours on stay as they are. */
struct table {
    unsigned values; /* 256 or 65536 */
    int bands, colours;
};

static double value_of(const struct table *table, unsigned x, int band, curve_function *function,
                       const void *context)
{
    double max = table->values - 1, y;

    if (band >= table->colours)
        return x;
    y = function(x / max, band, context);
    return round(fmin(fmax(y, 0), 1) * max);
}

static VipsImage *make_table(const struct table *table, curve_function *function, const void *context)
{
    size_t count = (size_t)table->values * (size_t)table->bands;
    _cleanup_free_ uint16_t *deep = calloc(count, sizeof *deep);
    uint8_t *flat = (uint8_t *)deep;
    bool is_deep = table->values > 256;

    if (!deep) {
        vips_error("darkroom", "no memory for a table of tones");
        return NULL;
    }
    for (size_t i = 0; i < count; i++) {
        double y = value_of(table, (unsigned)(i / (size_t)table->bands), (int)(i % (size_t)table->bands),
                            function, context);

        if (is_deep)
            deep[i] = (uint16_t)y;
        else
            flat[i] = (uint8_t)y;
    }
    return vips_image_new_from_memory_copy(deep, count * (is_deep ? 2 : 1), (int)table->values, 1,
                                           table->bands, is_deep ? VIPS_FORMAT_USHORT : VIPS_FORMAT_UCHAR);
}

static int look_up(VipsImage *in, const struct table *table, VipsInterpretation type,
                   curve_function *function, const void *context, VipsImage **ret)
{
    _cleanup_image_ VipsImage *values = make_table(table, function, context), *mapped = NULL;

    if (!values || vips_maplut(in, &mapped, values, NULL) != 0)
        return -1;
    return vips_copy(mapped, ret, "interpretation", type, NULL);
}

static unsigned values_of(const VipsImage *image)
{
    return 1U << depth_of(image);
}

int curve_apply(VipsImage *in, curve_function *function, const void *context, VipsImage **ret)
{
    struct table table = {
        .values = values_of(in),
        .bands = in->Bands,
        .colours = vips_image_hasalpha(in) ? in->Bands - 1 : in->Bands,
    };

    if (table.bands > CHANNELS_MAX) {
        vips_error("darkroom", "a picture of %d channels has no tones", table.bands);
        return -1;
    }
    return look_up(in, &table, in->Type, function, context, ret);
}

int curve_spread(VipsImage *in, int channels, curve_function *function, const void *context, VipsImage **ret)
{
    struct table table = { .values = values_of(in), .bands = channels, .colours = channels };
    VipsInterpretation rgb = depth_of(in) == DEPTH_16 ? VIPS_INTERPRETATION_RGB16 : VIPS_INTERPRETATION_sRGB;

    return look_up(in, &table, channels == 1 ? in->Type : rgb, function, context, ret);
}
