/* SPDX-License-Identifier: GPL-2.0-or-later */
/* look - see look.h. */
#include "image/look.h"

#include "base/cleanup.h"
#include "image/ink.h"
#include "image/blurhash.h"
#include "image/colour.h"
#include "image/dominant.h"
#include "image/frames.h"
#include "image/geometry.h"
#include "image/resize.h"

enum { SIDE = 32, CHANNELS = 3 };

/* A BlurHash has nine waves a side at most, and the colours of so few pixels fall into boxes as those of all do. */
static int reduce(VipsImage *in, VipsImage **ret)
{
    static const struct box box = { .fit = FIT_INSIDE, .width = SIDE, .height = SIDE };
    struct placement placement =
        geometry_place((struct extent){ (uint32_t)in->Xsize, (uint32_t)in->Ysize }, &box);

    return resize_scale(in, natural_size_of(in), &placement, ret);
}

/* Eight bits, three bands, sRGB whatever the source's were. */
static int flatten_srgb(VipsImage *in, VipsImage **ret)
{
    _cleanup_image_ VipsImage *rgb = NULL, *srgb = NULL;

    if (colour_to_rgb(in, &rgb) != 0 || colour_convert(rgb, FORMAT_HOLDS_ALPHA, 0, &colour_white, &srgb) != 0)
        return -1;
    return colour_flatten(srgb, &colour_white, ret);
}

static int make_small(VipsImage *picture, VipsImage **ret)
{
    _cleanup_image_ VipsImage *first = NULL, *reduced = NULL;

    if (frames_first(picture, &first) != 0 || reduce(first, &reduced) != 0)
        return -1;
    return flatten_srgb(reduced, ret);
}

int look_at(VipsImage *picture, const struct manifest_spec *spec, struct look *ret, struct error *error)
{
    _cleanup_image_ VipsImage *small = NULL;
    size_t size = 0;
    uint8_t *rgb;

    if (make_small(picture, &small) != 0 || !(rgb = vips_image_write_to_memory(small, &size)))
        return engine_error(error, CLASS_PERMANENT, STAGE_RENDER, "the picture cannot be looked at");

    if (spec->include & MANIFEST_BLURHASH)
        blurhash_encode(rgb, (unsigned)small->Xsize, (unsigned)small->Ysize, spec->blurhash, ret->blurhash);
    if (spec->include & MANIFEST_COLOUR)
        ret->colour = dominant_colour(rgb, size / CHANNELS);
    g_free(rgb);
    return 0;
}
