/* SPDX-License-Identifier: GPL-2.0-or-later */
/* asset_picture - see asset_picture.h. */
#include "image/asset_picture.h"

#include "base/cleanup.h"
#include "image/alpha.h"
#include "image/colour.h"
#include "image/lettering.h"
#include "image/orient.h"
#include "image/profile.h"
#include "image/source.h"
#include "recipe/caption.h"
#include "recipe/op_table.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

/* Upright, and in the colours of a page of the web. */
static int settle(VipsImage *in, VipsImage **ret)
{
    _cleanup_image_ VipsImage *still = NULL, *upright = NULL, *colours = NULL, *srgb = NULL, *three = NULL,
                              *with_alpha = NULL;

    still = vips_image_copy_memory(in);
    if (!still || orient_apply(still, &upright) != 0 || colour_to_rgb(upright, &colours) != 0 ||
        colour_convert(colours, FORMAT_HOLDS_ALPHA, 0, &(struct colour){ 0 }, &srgb) != 0 ||
        colour_to_three(srgb, &three) != 0 || alpha_ensure(three, &with_alpha) != 0)
        return -1;
    *ret = vips_image_copy_memory(with_alpha);
    return *ret ? 0 : -1;
}

/* Recipes' pictures are of the usual formats. */
static const struct source_options asset_options = { .fail_on = FAIL_ON_ERROR,
                                                     .max_pixels = ASSET_PIXELS_MAX };

static int open_picture(const struct asset *asset, VipsImage **ret, struct error *error)
{
    _cleanup_(source_release) struct source source = { 0 };
    _cleanup_image_ VipsImage *image = NULL;
    int r = source_probe(asset->data, asset->size, &asset_options, &source, error);

    if (r == 0)
        r = source_decode(&source, 1, &image, error);
    if (r == 0 && settle(image, ret) != 0)
        r = engine_error(error, CLASS_ENVIRONMENT, STAGE_DECODE, "the picture cannot be decoded");
    return r;
}

int asset_picture_open(const struct recipe *recipe, const struct file_value *file, VipsImage **ret)
{
    struct error error = { .class = CLASS_NONE };
    const struct asset *asset = &recipe->assets.list[file->asset];

    if (open_picture(asset, ret, &error) == 0)
        return 0;
    vips_error("darkroom", "%s: %s", asset->name, error.text);
    return -1;
}

/* As decoded, as brought to its colours, and as much again where it is scaled and turned. */
static uint64_t bytes_of(const struct asset *asset)
{
    enum { COPIES = 4, PIXEL_BYTES = 4 };
    _cleanup_(source_release) struct source source = { 0 };
    struct error error;

    if (asset->kind != FILE_PICTURE ||
        source_probe(asset->data, asset->size, &asset_options, &source, &error) < 0)
        return 0; /* it will not be opened */
    return extent_area(source.shape.extent) * PIXEL_BYTES * COPIES;
}

uint64_t asset_picture_bytes(const struct recipe *recipe)
{
    uint64_t most = 0;

    for (size_t i = 0; i < recipe->assets.count; i++) {
        uint64_t bytes = bytes_of(&recipe->assets.list[i]);

        if (bytes > most)
            most = bytes;
    }
    return most;
}

static int check_picture(const struct asset *asset, struct error *error)
{
    _cleanup_image_ VipsImage *image = NULL;

    return open_picture(asset, &image, error);
}

static int check_profile(const struct asset *asset, struct error *error)
{
    return profile_check(asset->data, asset->size, error);
}

static int check_font(const struct asset *asset, struct error *error)
{
    return lettering_check_font(asset->data, asset->size, error);
}

static int check_words(const struct recipe *recipe, const struct step *step, struct error *error)
{
    const struct asset *font = &recipe->assets.list[step->text.font.asset];
    _cleanup_free_ char *words = caption_words(step->text.text);
    struct error why = { .class = CLASS_NONE };
    int r;

    if (!words)
        return error_set(error, ENOMEM, CLASS_ENVIRONMENT, STAGE_NONE, "no memory for a recipe's text");
    r = lettering_check_text(font->data, font->size, words, &why);
    return r < 0 ? error_set(error, -r, CLASS_ENVIRONMENT, STAGE_NONE, "recipe %s: %s: %s", recipe->name,
                             font->name, why.text)
                 : 0;
}

static int check_texts(const struct recipe *recipe, const struct step_list *steps, struct error *error)
{
    int r = 0;

    for (size_t i = 0; i < steps->count && r == 0; i++)
        if (steps->list[i].op == OP_TEXT)
            r = check_words(recipe, &steps->list[i], error);
    return r;
}

static int check_files(const struct recipe *recipe, struct error *error)
{
    static int (*const checks[FILE_KIND_COUNT])(const struct asset *, struct error *) = {
        [FILE_PICTURE] = check_picture,
        [FILE_PROFILE] = check_profile,
        [FILE_FONT] = check_font,
    };

    for (size_t i = 0; i < recipe->assets.count; i++) {
        const struct asset *asset = &recipe->assets.list[i];
        struct error why = { .class = CLASS_NONE };
        int r = checks[asset->kind](asset, &why);

        if (r < 0)
            return error_set(error, -r, CLASS_ENVIRONMENT, STAGE_NONE, "%s: %s: %s", asset->place,
                             asset->name, why.text);
    }
    return 0;
}

int asset_check(const struct recipe *recipe, struct error *error)
{
    int r = check_files(recipe, error);

    if (r == 0)
        r = check_texts(recipe, &recipe->steps, error);
    for (size_t i = 0; i < recipe->output_count && r == 0; i++)
        r = check_texts(recipe, &recipe->outputs[i].steps, error);
    return r;
}
