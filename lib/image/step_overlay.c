/* SPDX-License-Identifier: GPL-2.0-or-later */
/* step_overlay - the steps that lay something over a picture: watermark, text.
 *
 * What is laid over is made once, as large as it will be and in the picture's colours, and then blended with each
 * frame. */
#include "base/cleanup.h"
#include "image/alpha.h"
#include "image/asset_picture.h"
#include "image/blend.h"
#include "image/convert.h"
#include "image/depth.h"
#include "image/exif_value.h"
#include "image/lettering.h"
#include "image/resize.h"
#include "image/step_kind.h"
#include "recipe/caption.h"

#include <stdlib.h>

/* What both steps say of their overlay. */
struct laying {
    enum gravity gravity;
    uint32_t margin;
    double opacity, angle; /* percent, degrees */
    bool tile;
};

/* In the profile and depth of @like. */
static int match(VipsImage *overlay, VipsImage *like, VipsImage **ret)
{
    _cleanup_image_ VipsImage *deep = NULL;
    struct profile profile = { 0 };

    if (depth_set(overlay, depth_of(like), &deep) != 0)
        return -1;
    if (!convert_has_profile(like) || !convert_embedded(like, &profile))
        return vips_copy(deep, ret, NULL);
    return convert_to(deep, &profile, &profile_manner_usual, ret);
}

static int fade(VipsImage *in, double opacity, VipsImage **ret)
{
    _cleanup_image_ VipsImage *colours = NULL, *alpha = NULL, *less = NULL, *rounded = NULL;

    if (alpha_split(in, &colours, &alpha) != 0 || vips_linear1(alpha, &less, opacity / 100, 0, NULL) != 0 ||
        depth_round(less, in->BandFmt, &rounded) != 0)
        return -1;
    return alpha_join(colours, rounded, ret);
}

static int turn(VipsImage *in, double angle, VipsImage **ret)
{
    const struct step rotate = { .op = OP_ROTATE, .rotate = { .angle = angle } };
    const struct step_work work = { .step = &rotate };

    return angle == 0 ? vips_copy(in, ret, NULL) : step_rotate.apply(&work, in, ret);
}

/* Made smaller where it would not fit into @room. */
static int fit(VipsImage *in, struct extent room, VipsImage **ret)
{
    const struct box box = { .fit = FIT_INSIDE, .width = room.width, .height = room.height };
    struct placement placement = geometry_place(extent_of(in), &box);

    return resize_scale(in, natural_size_of(in), &placement, ret);
}

/* All over a picture of @extent, with the margin between the tiles. */
static int tile(VipsImage *in, uint32_t margin, struct extent extent, VipsImage **ret)
{
    int width = in->Xsize + (int)margin, height = in->Ysize + (int)margin;
    int across = (int)extent.width / width + 1, down = (int)extent.height / height + 1;
    _cleanup_image_ VipsImage *spaced = NULL, *many = NULL;

    if (vips_embed(in, &spaced, (int)margin / 2, (int)margin / 2, width, height, NULL) != 0 ||
        vips_replicate(spaced, &many, across, down, NULL) != 0)
        return -1;
    return vips_extract_area(many, ret, 0, 0, (int)extent.width, (int)extent.height, NULL);
}

/* A margin of more than a quarter would leave less than half of the picture. */
static uint32_t margin_of(const struct length *margin, struct extent extent)
{
    uint32_t shorter = extent.width < extent.height ? extent.width : extent.height;
    uint32_t pixels = step_pixels(margin, OF_SHORTER_SIDE, extent);

    return pixels < shorter / 4 ? pixels : shorter / 4;
}

static struct extent room_in(struct extent extent, uint32_t margin)
{
    uint32_t both = 2 * margin;

    return (struct extent){ extent.width > both ? extent.width - both : 1,
                            extent.height > both ? extent.height - both : 1 };
}

static uint32_t free_room(uint32_t whole, uint32_t part, uint32_t margin)
{
    uint64_t taken = (uint64_t)part + 2 * (uint64_t)margin;

    return whole > taken ? whole - (uint32_t)taken : 0;
}

static void place(const struct laying *laying, struct extent over, struct extent extent, struct area *ret)
{
    ret->left =
        laying->margin + geometry_left(laying->gravity, free_room(extent.width, over.width, laying->margin));
    ret->top =
        laying->margin + geometry_top(laying->gravity, free_room(extent.height, over.height, laying->margin));
}

/* From @overlay as it was drawn to one that is blended with frames like @frame. In memory: tiles are copies of it. */
static int finish(VipsImage *overlay, const struct laying *laying, VipsImage *frame, VipsImage **ret)
{
    struct extent room = room_in(extent_of(frame), laying->tile ? 0 : laying->margin);
    _cleanup_image_ VipsImage *turned = NULL, *fitting = NULL, *matching = NULL, *faded = NULL;

    if (turn(overlay, laying->angle, &turned) != 0 || fit(turned, room, &fitting) != 0 ||
        match(fitting, frame, &matching) != 0 || fade(matching, laying->opacity, &faded) != 0)
        return -1;
    *ret = vips_image_copy_memory(faded);
    return *ret ? 0 : -1;
}

static int settle(VipsImage *overlay, const struct laying *laying, VipsImage *frame, struct settled *ret)
{
    struct extent extent = extent_of(frame);
    _cleanup_image_ VipsImage *one = NULL, *all = NULL;

    if (finish(overlay, laying, frame, &one) != 0)
        return -1;
    if (!laying->tile) {
        place(laying, extent_of(one), extent, &ret->area);
        ret->overlay = take_ptr(one);
        return 0;
    }
    if (tile(one, laying->margin, extent, &all) != 0)
        return -1;
    ret->overlay = vips_image_copy_memory(all);
    return ret->overlay ? 0 : -1;
}

static int apply_overlay(const struct step_work *work, VipsImage *in, VipsImage **ret)
{
    return blend_over(in, work->settled.overlay, (int)work->settled.area.left, (int)work->settled.area.top,
                      ret);
}

/* ---- watermark ---- */

/* As wide as it is asked for, enlarged if need be. */
static int to_width(VipsImage *in, uint32_t width, VipsImage **ret)
{
    const struct box box = { .fit = FIT_INSIDE, .width = width, .enlarge = true };
    struct placement placement = geometry_place(extent_of(in), &box);

    return resize_scale(in, natural_size_of(in), &placement, ret);
}

static int settle_watermark(const struct step_work *work, VipsImage *frame, struct settled *ret)
{
    const struct step *step = work->step;
    struct extent extent = extent_of(frame);
    const struct laying laying = {
        .gravity = (enum gravity)step->watermark.gravity,
        .margin = margin_of(&step->watermark.margin, extent),
        .opacity = step->watermark.opacity,
        .angle = step->watermark.angle,
        .tile = step->watermark.tile,
    };
    uint32_t width = step_pixels(&step->watermark.width, OF_WIDTH, extent);
    _cleanup_image_ VipsImage *picture = NULL, *sized = NULL;

    if (asset_picture_open(work->subject->recipe, &step->watermark.file, &picture) != 0 ||
        to_width(picture, width < extent.width ? width : extent.width, &sized) != 0)
        return -1;
    return settle(sized, &laying, frame, ret);
}

const struct step_kind step_watermark = {
    .wants = WANTS_RGB,
    .keeps = true,
    .settle = settle_watermark,
    .apply = apply_overlay,
};

/* ---- text ---- */

static char *exif_of(const void *context, const char *tag)
{
    return exif_value((VipsImage *)context, tag);
}

static int write_text(const struct step_work *work, VipsImage *frame, struct extent room, VipsImage **ret)
{
    const struct step *step = work->step;
    const struct asset *font = &work->subject->recipe->assets.list[step->text.font.asset];
    const struct caption_subject subject = {
        .path = work->subject->path,
        .mtime_ns = work->subject->mtime_ns,
        .page = work->subject->page,
        .exif = exif_of,
        .context = frame,
    };
    _cleanup_free_ char *text = caption_expand(step->text.text, &subject);
    const struct lettering lettering = {
        .text = text,
        .font = font->data,
        .font_size = font->size,
        .size = value_pixels(&step->text.size, OF_SHORTER_SIDE, frame->Xsize, frame->Ysize),
        .room_width = (int)room.width,
        .room_height = (int)room.height,
        .colour = step->text.colour,
        .background = step->text.background,
    };

    if (!text) {
        vips_error("darkroom", "no memory for the text");
        return -1;
    }
    return lettering_make(&lettering, ret);
}

static int settle_text(const struct step_work *work, VipsImage *frame, struct settled *ret)
{
    const struct step *step = work->step;
    struct extent extent = extent_of(frame);
    const struct laying laying = {
        .gravity = (enum gravity)step->text.gravity,
        .margin = margin_of(&step->text.margin, extent),
        .opacity = step->text.opacity,
        .angle = step->text.angle,
        .tile = step->text.tile,
    };
    _cleanup_image_ VipsImage *written = NULL;

    if (write_text(work, frame, room_in(extent, laying.tile ? 0 : laying.margin), &written) != 0)
        return -1;
    return settle(written, &laying, frame, ret);
}

const struct step_kind step_text = {
    .wants = WANTS_RGB,
    .keeps = true,
    .settle = settle_text,
    .apply = apply_overlay,
};
