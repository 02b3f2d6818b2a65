/* SPDX-License-Identifier: GPL-2.0-or-later */
/* convert - see convert.h. */
#include "image/convert.h"

#include "base/cleanup.h"
#include "image/depth.h"

#include <stdlib.h>
#include <string.h>

static unsigned colours_by_type(const VipsImage *image)
{
    switch (image->Type) {
    case VIPS_INTERPRETATION_B_W:
    case VIPS_INTERPRETATION_GREY16:
        return COLOURS_GREY;
    case VIPS_INTERPRETATION_sRGB:
    case VIPS_INTERPRETATION_RGB16:
        return COLOURS_RGB;
    case VIPS_INTERPRETATION_CMYK:
        return COLOURS_CMYK;
    default:
        return 0;
    }
}

unsigned convert_colours(const VipsImage *image)
{
    unsigned colours = colours_by_type(image);

    if (image->BandFmt != VIPS_FORMAT_UCHAR && image->BandFmt != VIPS_FORMAT_USHORT)
        return 0;
    return image->Bands >= (int)colours ? colours : 0;
}

static VipsInterpretation interpretation_of(unsigned colours, unsigned bits)
{
    switch (colours) {
    case COLOURS_GREY:
        return bits == DEPTH_16 ? VIPS_INTERPRETATION_GREY16 : VIPS_INTERPRETATION_B_W;
    case COLOURS_RGB:
        return bits == DEPTH_16 ? VIPS_INTERPRETATION_RGB16 : VIPS_INTERPRETATION_sRGB;
    default:
        return VIPS_INTERPRETATION_CMYK;
    }
}

bool convert_embedded(VipsImage *image, struct profile *ret)
{
    return vips_image_get_typeof(image, VIPS_META_ICC_NAME) != 0 &&
           vips_image_get_blob(image, VIPS_META_ICC_NAME, &ret->data, &ret->size) == 0;
}

bool convert_has_profile(VipsImage *image)
{
    struct profile profile = { 0 };

    return convert_embedded(image, &profile) && profile_colours(&profile) == convert_colours(image);
}

/* ---- pixels ---- */

static int convert_region(VipsRegion *to, void *sequence, void *in, void *link, gboolean *stop)
{
    VipsRegion *from = sequence;
    const VipsRect *area = &to->valid;

    (void)in;
    (void)stop;
    if (vips_region_prepare(from, area) != 0)
        return -1;
    for (int y = area->top; y < VIPS_RECT_BOTTOM(area); y++)
        profile_link_run(link, VIPS_REGION_ADDR(from, area->left, y), VIPS_REGION_ADDR(to, area->left, y),
                         (size_t)area->width);
    return 0;
}

static void free_link(VipsImage *image, void *link)
{
    (void)image;
    profile_link_close(link);
    free(link);
}

static void unref_source(VipsImage *image, void *in)
{
    (void)image;
    g_object_unref(in);
}

/* Takes @link over; it lives as long as @out, and so does @in, whose pixels are asked for only then. */
static struct profile_link *attach(VipsImage *out, VipsImage *in, struct profile_link *link)
{
    struct profile_link *kept = malloc(sizeof *kept);

    if (!kept) {
        vips_error("darkroom", "no memory for a conversion of colours");
        return NULL;
    }
    *kept = *link;
    *link = (struct profile_link){ 0 };
    g_signal_connect(out, "postclose", G_CALLBACK(free_link), kept);
    g_signal_connect(out, "postclose", G_CALLBACK(unref_source), g_object_ref(in));
    return kept;
}

/* Describes pixels like @in's, but of @colours. */
static int describe(VipsImage *in, unsigned colours, VipsImage *out)
{
    if (vips_image_pipelinev(out, VIPS_DEMAND_STYLE_THINSTRIP, in, NULL) != 0)
        return -1;
    out->Bands = in->Bands - (int)convert_colours(in) + (int)colours;
    out->Type = interpretation_of(colours, depth_of(in));
    return 0;
}

static int run(VipsImage *in, struct profile_link *link, unsigned colours, VipsImage *out)
{
    struct profile_link *kept;

    if (describe(in, colours, out) != 0)
        return -1;
    kept = attach(out, in, link);
    if (!kept)
        return -1;
    return vips_image_generate(out, vips_start_one, convert_region, vips_stop_one, in, kept);
}

/* ---- profiles ---- */

static bool same_bytes(const struct profile *a, const struct profile *b)
{
    return a->size == b->size && memcmp(a->data, b->data, a->size) == 0;
}

static int open_link(VipsImage *in, const struct profile *from, const struct profile *to,
                     const struct profile_manner *manner, struct profile_link *ret)
{
    struct profile_pixels pixels = { .bits = depth_of(in),
                                     .extra = (unsigned)in->Bands - convert_colours(in) };

    return profile_link_open(from, to, manner, pixels, ret);
}

static int open_link_from_assumed(VipsImage *in, const struct profile *to,
                                  const struct profile_manner *manner, struct profile_link *ret)
{
    _cleanup_profile_ struct profile assumed = { 0 };

    if (profile_assumed(convert_colours(in), &assumed) != 0)
        return -1;
    if (same_bytes(&assumed, to))
        return 0;
    return open_link(in, &assumed, to, manner, ret);
}

/* The way from what describes @in to @to; none is needed, and @ret is closed, where these are the same. */
static int find_way(VipsImage *in, const struct profile *to, const struct profile_manner *manner,
                    struct profile_link *ret)
{
    struct profile embedded = { 0 };

    if (!convert_has_profile(in))
        return open_link_from_assumed(in, to, manner, ret);
    convert_embedded(in, &embedded);
    if (same_bytes(&embedded, to) || open_link(in, &embedded, to, manner, ret) == 0)
        return 0;
    return open_link_from_assumed(in, to, manner, ret);
}

static int convert_pixels(VipsImage *in, const struct profile *to, const struct profile_manner *manner,
                          VipsImage **ret)
{
    _cleanup_link_ struct profile_link link = { 0 };
    _cleanup_image_ VipsImage *out = NULL;

    if (convert_colours(in) == 0 || find_way(in, to, manner, &link) != 0) {
        vips_error("darkroom", "the picture's colours cannot be converted");
        return -1;
    }
    if (!link.transform)
        return vips_copy(in, ret, NULL);

    out = vips_image_new();
    if (run(in, &link, profile_colours(to), out) != 0)
        return -1;
    *ret = take_ptr(out);
    return 0;
}

int convert_to(VipsImage *in, const struct profile *to, const struct profile_manner *manner, VipsImage **ret)
{
    VipsImage *converted = NULL;

    if (convert_pixels(in, to, manner, &converted) != 0)
        return -1;
    vips_image_set_blob_copy(converted, VIPS_META_ICC_NAME, to->data, to->size);
    *ret = converted;
    return 0;
}

int convert_to_choice(VipsImage *in, enum profile_choice choice, const struct profile_manner *manner,
                      VipsImage **ret)
{
    _cleanup_profile_ struct profile to = { 0 };

    if (profile_make(choice, convert_colours(in) == COLOURS_GREY, &to) != 0)
        return -1;
    return convert_to(in, &to, manner, ret);
}
