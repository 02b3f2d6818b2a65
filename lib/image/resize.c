/* SPDX-License-Identifier: GPL-2.0-or-later */
/* resize - see resize.h. */
#include "image/resize.h"

#include "base/cleanup.h"
#include "image/alpha.h"
#include "image/depth.h"
#include "image/ink.h"
#include "image/pixel_scale.h"

struct factors {
    double across, down;
};

static int scale(VipsImage *in, struct factors by, VipsImage **ret)
{
    return vips_resize(in, ret, by.across, "vscale", by.down, "kernel", VIPS_KERNEL_LANCZOS3, NULL);
}

/* libvips resamples whole numbers with weights of 12 bits, which leaves less than 10 of 16. */
static int scale_deep(VipsImage *in, struct factors by, VipsImage **ret)
{
    _cleanup_image_ VipsImage *precise = NULL, *scaled = NULL;

    if (vips_cast_float(in, &precise, NULL) != 0 || scale(precise, by, &scaled) != 0)
        return -1;
    return depth_round(scaled, in->BandFmt, ret);
}

/* Averages colours by how much of them is seen: or the hidden colour of transparent pixels would bleed. */
static int scale_with_alpha(VipsImage *in, struct factors by, VipsImage **ret)
{
    _cleanup_image_ VipsImage *weighted = NULL, *scaled = NULL, *plain = NULL;
    double max = alpha_max(in);

    if (vips_premultiply(in, &weighted, "max_alpha", max, NULL) != 0 || scale(weighted, by, &scaled) != 0 ||
        vips_unpremultiply(scaled, &plain, "max_alpha", max, NULL) != 0)
        return -1;
    return depth_round(plain, in->BandFmt, ret);
}

static bool is_size(const VipsImage *image, struct extent extent)
{
    return image->Xsize == (int)extent.width && image->Ysize == (int)extent.height;
}

/* libvips rounds the size that follows from the factors. That is what is wanted also where something is missing: it is
 * less than a pixel of @in, and so less than half a pixel of a result that is half as large or less. */
static int scale_any(VipsImage *in, struct natural_size natural, struct extent to, VipsImage **ret)
{
    struct factors by = { to.width / natural.width, to.height / natural.height };

    if (is_size(in, to))
        return vips_copy(in, ret, NULL);
    if (vips_image_hasalpha(in))
        return scale_with_alpha(in, by, ret);
    if (depth_of(in) == DEPTH_16)
        return scale_deep(in, by, ret);
    return scale(in, by, ret);
}

static int scale_whole(VipsImage *in, struct natural_size natural, const struct placement *placement,
                       VipsImage **ret)
{
    if (scale_any(in, natural, placement->scaled, ret) != 0)
        return -1;
    if (is_size(*ret, placement->scaled))
        return 0;
    vips_error("darkroom", "resampling made %d × %d of %u × %u", (*ret)->Xsize, (*ret)->Ysize,
               placement->scaled.width, placement->scaled.height);
    g_object_unref(take_ptr(*ret));
    return -1;
}

/* Where the window is before anything is scaled. */
static struct plane_part window_part(struct natural_size natural, const struct placement *placement)
{
    double across = natural.width / placement->scaled.width, down = natural.height / placement->scaled.height;

    return (struct plane_part){ placement->left * across, placement->top * down,
                                placement->window.width * across, placement->window.height * down };
}

int resize_scale(VipsImage *in, struct natural_size natural, const struct placement *placement,
                 VipsImage **ret)
{
    _cleanup_image_ VipsImage *scaled = NULL;
    struct plane_part part = window_part(natural, placement);

    if (!is_size(in, placement->scaled) && pixel_scale_can(in, placement->scaled))
        return pixel_scale(in, &part, placement->window, ret);
    if (scale_whole(in, natural, placement, &scaled) != 0)
        return -1;
    return vips_extract_area(scaled, ret, (int)placement->left, (int)placement->top,
                             (int)placement->window.width, (int)placement->window.height, NULL);
}

int resize_find_part(VipsImage *in, struct extent part, enum gravity gravity, uint32_t *ret_left,
                     uint32_t *ret_top)
{
    VipsInteresting interest =
        gravity == GRAVITY_ENTROPY ? VIPS_INTERESTING_ENTROPY : VIPS_INTERESTING_ATTENTION;
    _cleanup_image_ VipsImage *found = NULL;

    if (vips_smartcrop(in, &found, (int)part.width, (int)part.height, "interesting", interest, NULL) != 0)
        return -1;
    /* What was cut out says where. */
    *ret_left = (uint32_t)-found->Xoffset;
    *ret_top = (uint32_t)-found->Yoffset;
    return 0;
}

int resize_find_window(VipsImage *in, struct natural_size natural, struct placement *placement)
{
    _cleanup_image_ VipsImage *scaled = NULL;

    if (placement->gravity < GRAVITY_POINTS)
        return 0;
    if (scale_whole(in, natural, placement, &scaled) != 0 ||
        resize_find_part(scaled, placement->window, placement->gravity, &placement->left, &placement->top) !=
            0)
        return -1;
    placement->gravity = GRAVITY_CENTRE;
    return 0;
}

static int embed(VipsImage *in, const struct placement *placement, const struct colour *colour,
                 VipsImage **ret)
{
    struct ink ink;
    VipsArrayDouble *background;
    int r;

    if (ink_of(colour, in, &ink) != 0)
        return -1;
    background = vips_array_double_new(ink.values, ink.count);
    r = vips_embed(in, ret, (int)placement->canvas_left, (int)placement->canvas_top,
                   (int)placement->canvas.width, (int)placement->canvas.height, "extend",
                   VIPS_EXTEND_BACKGROUND, "background", background, NULL);
    vips_area_unref(VIPS_AREA(background));
    return r;
}

int resize_pad(VipsImage *in, const struct placement *placement, const struct colour *colour, VipsImage **ret)
{
    _cleanup_image_ VipsImage *prepared = NULL;

    if (is_size(in, placement->canvas))
        return vips_copy(in, ret, NULL);
    if (ink_prepare(in, colour, &prepared) != 0)
        return -1;
    return embed(prepared, placement, colour, ret);
}
