/* SPDX-License-Identifier: GPL-2.0-or-later */
/* ink - see ink.h. */
#include "image/ink.h"

#include "base/cleanup.h"
#include "image/alpha.h"
#include "image/colour.h"
#include "image/convert.h"
#include "image/depth.h"

enum { OPAQUE = 255 };

const struct colour colour_white = { 255, 255, 255, OPAQUE }, colour_black = { 0, 0, 0, OPAQUE },
                    colour_transparent = { 0, 0, 0, 0 };

static uint8_t on_white(uint8_t value, uint8_t alpha)
{
    return (uint8_t)((value * alpha + OPAQUE * (OPAQUE - alpha) + OPAQUE / 2) / OPAQUE);
}

struct colour ink_on_white(const struct colour *colour)
{
    return (struct colour){ on_white(colour->red, colour->alpha), on_white(colour->green, colour->alpha),
                            on_white(colour->blue, colour->alpha), OPAQUE };
}

static bool is_grey(const struct colour *colour)
{
    return colour->red == colour->green && colour->green == colour->blue;
}

/* What no profile changes: nothing, no light, and all that there is. */
static bool is_extreme(const struct colour *colour)
{
    return is_grey(colour) && (colour->red == 0 || colour->red == OPAQUE);
}

int ink_prepare(VipsImage *in, const struct colour *colour, VipsImage **ret)
{
    _cleanup_image_ VipsImage *usable = NULL, *coloured = NULL;

    if ((is_extreme(colour) ? vips_copy(in, &usable, NULL) : colour_to_usable(in, &usable)) != 0 ||
        (is_grey(colour) ? vips_copy(usable, &coloured, NULL) : colour_to_three(usable, &coloured)) != 0)
        return -1;
    return colour->alpha == OPAQUE ? vips_copy(coloured, ret, NULL) : alpha_ensure(coloured, ret);
}

/* A picture of one pixel, of the kind of @like and with its profile. */
static int one_pixel(const struct colour *colour, VipsImage *like, VipsImage **ret)
{
    bool grey = convert_colours(like) == COLOURS_GREY;
    uint8_t pixel[] = { colour->red, colour->green, colour->blue };
    _cleanup_image_ VipsImage *plain = NULL, *typed = NULL, *deep = NULL;
    struct profile profile = { 0 };

    plain = vips_image_new_from_memory_copy(pixel, sizeof pixel, 1, 1, grey ? 1 : 3, VIPS_FORMAT_UCHAR);
    if (!plain ||
        vips_copy(plain, &typed, "interpretation", grey ? VIPS_INTERPRETATION_B_W : VIPS_INTERPRETATION_sRGB,
                  NULL) != 0 ||
        depth_set(typed, depth_of(like), &deep) != 0)
        return -1;
    if (is_extreme(colour) || !convert_has_profile(like) || !convert_embedded(like, &profile))
        return vips_copy(deep, ret, NULL);
    return convert_to(deep, &profile, &profile_manner_usual, ret);
}

int ink_of(const struct colour *colour, VipsImage *like, struct ink *ret)
{
    _cleanup_image_ VipsImage *pixel = NULL;
    double *values = NULL;
    int count;

    if (one_pixel(colour, like, &pixel) != 0 || vips_getpoint(pixel, &values, &count, 0, 0, NULL) != 0)
        return -1;

    *ret = (struct ink){ .count = like->Bands };
    for (int i = 0; i < count && i < INK_VALUES_MAX; i++)
        ret->values[i] = values[i];
    g_free(values);
    if (vips_image_hasalpha(like))
        ret->values[like->Bands - 1] = colour->alpha * alpha_max(like) / OPAQUE;
    return 0;
}
