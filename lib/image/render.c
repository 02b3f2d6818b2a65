/* SPDX-License-Identifier: GPL-2.0-or-later */
/* render - see render.h.
 *
 *   probe → select → estimate →
 *   decode (shrunk by the decoder where it can) → steps → scale → colours, pad, metadata → encode
 *                                                 └── for each size ──┘└─ for each rendition ─┘
 *
 * Pixels are pulled through libvips from the back, so a decoder's failure would show up in whatever asks first.
 * Two points where pictures are copied to memory keep the stages apart: after decoding or, when all renditions
 * come from one small picture and the big one need never exist as a whole, after scaling. */
#include "image/render.h"

#include "base/cleanup.h"
#include "image/colour.h"
#include "image/estimate.h"
#include "image/metadata.h"
#include "image/resize.h"
#include "image/selection.h"
#include "image/source.h"
#include "image/steps.h"

#include <errno.h>
#include <string.h>

/* Everything one job needs on its way. */
struct rendering {
    const struct recipe *recipe;
    struct source source;
    struct selection selection;
    unsigned shrink;    /* by the decoder */
    bool streamed;      /* the picture is decoded while it is scaled, once */
    VipsImage *picture; /* decoded, after the steps */

    VipsImage *window; /* the last scaled picture, in memory */
    struct placement window_placement;
};

static void rendering_release(struct rendering *rendering)
{
    image_unrefp(&rendering->window);
    image_unrefp(&rendering->picture);
    source_release(&rendering->source);
    vips_error_clear();
}

void rendered_release(struct rendered *rendered)
{
    for (size_t i = 0; i < rendered->output_count; i++)
        close_fd(rendered->outputs[i].encoded.fd);
    memset(rendered, 0, sizeof *rendered);
}

static int to_memory(VipsImage **image)
{
    VipsImage *copy = vips_image_copy_memory(*image);

    if (!copy)
        return -1;
    image_replace(image, copy);
    return 0;
}

static int decode_error(struct error *error)
{
    return engine_error(error, CLASS_PERMANENT, STAGE_DECODE, "the picture cannot be decoded");
}

static int render_error(struct error *error)
{
    return engine_error(error, CLASS_PERMANENT, STAGE_RENDER, "the picture cannot be rendered");
}

/* The decoder works before the steps turn the picture, and the margin is the same in both directions. */
static void plan(struct rendering *rendering)
{
    struct extent extent = steps_extent(rendering->recipe, &rendering->source);

    selection_make(rendering->recipe, extent, &rendering->selection);
    rendering->shrink = geometry_shrink_on_load(extent, selection_largest(&rendering->selection));
    rendering->streamed = selection_is_one_window(&rendering->selection) &&
                          !steps_need_memory(rendering->recipe, &rendering->source);
}

static uint64_t estimate(const struct rendering *rendering)
{
    const struct source *source = &rendering->source;
    struct workload workload = {
        .source_bytes = source_held_bytes(source),
        .format = source->format,
        .stored = source->shape.extent,
        .bands = source->bands,
        .sample_bytes = source->sample_bytes,
        .alpha = source->alpha,
        .whole = source->whole,
        /* As source_decode() does: not every decoder can. */
        .shrink = source->format == FORMAT_PNG ? 1 : rendering->shrink,
        .streamed = rendering->streamed,
        .recipe = rendering->recipe,
        .selection = &rendering->selection,
    };

    return estimate_bytes(&workload);
}

static int check_memory(const struct rendering *rendering, const struct render_options *options,
                        uint64_t *ret_needs, struct error *error)
{
    uint64_t bytes = estimate(rendering);

    if (bytes > options->max_memory_bytes)
        return error_set(
            error, EFBIG, CLASS_PERMANENT, STAGE_LIMITS,
            "it would need %llu MB of memory, more than the %llu MB that MaxMemory= of the folder "
            "allows",
            (unsigned long long)(bytes >> 20), (unsigned long long)(options->max_memory_bytes >> 20));
    *ret_needs = bytes > options->memory_grant_bytes ? bytes : 0;
    return 0;
}

static int decode(struct rendering *rendering, struct error *error)
{
    int r;

    r = source_decode(&rendering->source, rendering->shrink, &rendering->picture, error);
    if (r < 0)
        return r;

    if (!rendering->streamed && to_memory(&rendering->picture) < 0)
        return decode_error(error);

    return steps_apply(rendering->recipe, &rendering->picture, error);
}

/* Makes rendering->window for @placement, unless it is that already: renditions of one size follow each other. */
static int scale(struct rendering *rendering, const struct placement *placement, struct error *error)
{
    _cleanup_image_ VipsImage *scaled = NULL, *window = NULL;

    if (rendering->window && placement_same_window(placement, &rendering->window_placement))
        return 0;

    if (resize_scale(rendering->picture, placement, &scaled) != 0 || colour_to_rgb(scaled, &window) != 0)
        return render_error(error);
    if (to_memory(&window) < 0)
        return rendering->streamed ? decode_error(error) : render_error(error);

    image_replace(&rendering->window, take_ptr(window));
    rendering->window_placement = *placement;
    return 0;
}

static int finish(VipsImage *window, enum format format, unsigned metadata, struct extent canvas,
                  VipsImage **ret)
{
    _cleanup_image_ VipsImage *converted = NULL, *padded = NULL;

    if (colour_convert(window, format, metadata, &converted) != 0 ||
        resize_pad(converted, canvas, format != FORMAT_JPEG, &padded) != 0)
        return -1;
    return metadata_reduce(padded, metadata, ret);
}

static int make_output(struct rendering *rendering, const struct selected *selected,
                       struct rendered_output *ret, struct error *error)
{
    const struct rendition *rendition = &rendering->recipe->renditions[selected->rendition];
    unsigned metadata = rendering->recipe->outputs[rendition->output].metadata;
    _cleanup_image_ VipsImage *finished = NULL;
    int r;

    r = scale(rendering, &selected->placement, error);
    if (r < 0)
        return r;

    if (finish(rendering->window, rendition->format, metadata, selected->placement.canvas, &finished) != 0 ||
        to_memory(&finished) < 0)
        return render_error(error);

    ret->rendition = selected->rendition;
    return encode(finished, rendition->format, rendition->quality, &ret->encoded, error);
}

static int make_outputs(struct rendering *rendering, struct rendered *ret, struct error *error)
{
    for (size_t i = 0; i < rendering->selection.count; i++) {
        int r =
            make_output(rendering, &rendering->selection.list[i], &ret->outputs[ret->output_count], error);

        if (r < 0)
            return r;
        ret->output_count++;
    }
    return 0;
}

static int probe(struct rendering *rendering, const void *data, size_t size,
                 const struct render_options *options, struct rendered *ret, struct error *error)
{
    int r = source_probe(data, size, options->fail_on, options->max_pixels, &rendering->source, error);

    ret->source_format = rendering->source.format;
    ret->source_width = rendering->source.shape.extent.width;
    ret->source_height = rendering->source.shape.extent.height;
    return r;
}

int render(const struct recipe *recipe, const void *data, size_t size, const struct render_options *options,
           struct rendered *ret, struct error *error)
{
    _cleanup_(rendering_release) struct rendering rendering = { .recipe = recipe };
    int r;

    r = probe(&rendering, data, size, options, ret, error);
    if (r < 0)
        return r;

    plan(&rendering);
    r = check_memory(&rendering, options, &ret->needs_memory_bytes, error);
    if (r < 0 || ret->needs_memory_bytes > 0)
        return r;

    r = decode(&rendering, error);
    if (r < 0)
        return r;
    return make_outputs(&rendering, ret, error);
}

int render_plan(const struct recipe *recipe, const void *data, size_t size,
                const struct render_options *options, struct rendered *ret, struct error *error)
{
    _cleanup_(rendering_release) struct rendering rendering = { .recipe = recipe };
    struct render_options unbounded = *options;
    int r;

    r = probe(&rendering, data, size, options, ret, error);
    if (r < 0)
        return r;

    plan(&rendering);
    unbounded.memory_grant_bytes = UINT64_MAX; /* what there is to make is not made now */
    r = check_memory(&rendering, &unbounded, &ret->needs_memory_bytes, error);
    if (r < 0)
        return r;
    for (size_t i = 0; i < rendering.selection.count; i++) {
        const struct selected *selected = &rendering.selection.list[i];
        struct extent canvas = selected->placement.canvas;

        r = encode_check_sides(recipe->renditions[selected->rendition].format, canvas.width, canvas.height,
                               error);
        if (r < 0)
            return r;
        ret->outputs[ret->output_count++] = (struct rendered_output){
            .rendition = selected->rendition,
            .encoded = { .fd = -1, .width = canvas.width, .height = canvas.height },
        };
    }
    return 0;
}
