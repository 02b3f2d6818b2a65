/* SPDX-License-Identifier: GPL-2.0-or-later */
/* render - a picture, or a page of a document, from its bytes to its outputs; see rendering.h.
 *
 *   probe → select → estimate →
 *   decode (shrunk by the decoder where it can) → steps → scale → colours, pad, metadata → encode
 *                                                 └── for each size ──┘└─ for each rendition ─┘
 *
 * Pixels are pulled through libvips from the back, so a decoder's failure would show up in whatever asks first.
 * Two points where pictures are copied to memory keep the stages apart: after decoding or, when all renditions
 * come from one small picture and the big one need never exist as a whole, after scaling.
 *
 * An animation of which some output stays one is decoded with all its frames; every step is done frame by frame
 * (frames.h), and outputs that are none are made of the first. */
#include "image/rendering.h"

#include "base/cleanup.h"
#include "image/colour.h"
#include "image/estimate.h"
#include "image/frames.h"
#include "image/metadata.h"
#include "image/resize.h"
#include "image/steps.h"
#include "recipe/naming.h"

#include <errno.h>
#include <string.h>

void rendering_leave_page(struct rendering *rendering)
{
    image_replace(&rendering->window, NULL);
    image_replace(&rendering->picture, NULL);
}

void rendering_release(struct rendering *rendering)
{
    rendering_leave_page(rendering);
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

static bool can_be_animated(const struct rendering *rendering, const struct selected *selected)
{
    const struct rendition *rendition = &rendering->recipe->renditions[selected->rendition];

    return format_info(rendition->format)->sequence == SEQUENCE_FRAMES &&
           !rendering->recipe->outputs[rendition->output].still;
}

static bool stays_animated(const struct rendering *rendering)
{
    for (size_t i = 0; rendering->source.frames > 1 && i < rendering->selection.count; i++)
        if (can_be_animated(rendering, &rendering->selection.list[i]))
            return true;
    return false;
}

/* Further pages have only what the first does not stand for. */
static void select_for_page(struct rendering *rendering, struct extent extent)
{
    struct selection *selection = &rendering->selection;
    size_t count = 0;

    selection_make(rendering->recipe, extent, selection);
    for (size_t i = 0; i < selection->count; i++)
        if (rendering->source.page == 1 || naming_has_pages(rendering->recipe, selection->list[i].rendition))
            selection->list[count++] = selection->list[i];
    selection->count = count;
}

/* The first page stands for all. */
static bool wants_look(const struct rendering *rendering)
{
    return rendering->source.page == 1 && manifest_spec_wants_look(&rendering->recipe->manifest);
}

/* The decoder works before the steps turn the picture, and the margin is the same in both directions. */
static void plan(struct rendering *rendering)
{
    struct extent extent = steps_extent(rendering->recipe, &rendering->source);

    select_for_page(rendering, extent);
    rendering->animated = stays_animated(rendering);
    rendering->shrink =
        rendering->animated ? 1 : geometry_shrink_on_load(extent, selection_largest(&rendering->selection));
    rendering->streamed = !rendering->animated && selection_is_one_window(&rendering->selection) &&
                          !steps_need_memory(rendering->recipe, &rendering->source) && !wants_look(rendering);
}

static uint64_t made_bytes(const struct rendered *made)
{
    uint64_t bytes = 0;

    for (size_t i = 0; i < made->output_count; i++)
        bytes += made->outputs[i].encoded.bytes;
    return bytes;
}

static uint64_t estimate(const struct rendering *rendering, uint64_t finished_bytes)
{
    const struct source *source = &rendering->source;
    struct workload workload = {
        .source_bytes = source_held_bytes(source) + finished_bytes,
        .format = source->format,
        .stored = source->shape.extent,
        .frames = rendering->animated ? source->frames : 1,
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

static int check_frames(const struct rendering *rendering, const struct render_options *options,
                        struct error *error)
{
    if (!rendering->animated || options->max_frames == 0 || rendering->source.frames <= options->max_frames)
        return 0;
    return error_set(error, EFBIG, CLASS_PERMANENT, STAGE_LIMITS,
                     "it has %u frames, more than the %u that MaxFrames= of the folder allows",
                     rendering->source.frames, (unsigned)options->max_frames);
}

static int check_memory(const struct rendering *rendering, const struct render_options *options,
                        struct rendered *made, struct error *error)
{
    uint64_t bytes = estimate(rendering, options->held_bytes + made_bytes(made));

    if (bytes > options->max_memory_bytes)
        return error_set(
            error, EFBIG, CLASS_PERMANENT, STAGE_LIMITS,
            "it would need %llu MB of memory, more than the %llu MB that MaxMemory= of the folder "
            "allows",
            (unsigned long long)(bytes >> 20), (unsigned long long)(options->max_memory_bytes >> 20));
    made->needs_memory_bytes = bytes > options->memory_grant_bytes ? bytes : 0;
    return 0;
}

/* What a frame's steps complain of. */
struct steps_context {
    const struct recipe *recipe;
    struct error *error;
    int result;
};

static int apply_steps(VipsImage *frame, const void *context, VipsImage **ret)
{
    struct steps_context *steps = *(struct steps_context *const *)context;
    VipsImage *image = frame;

    g_object_ref(image);
    steps->result = steps_apply(steps->recipe, &image, steps->error);
    if (steps->result < 0) {
        image_unrefp(&image);
        return -1;
    }
    *ret = image;
    return 0;
}

/* Frame by frame, and then all of them again as one. */
static int step_frames(struct rendering *rendering, struct error *error)
{
    struct steps_context context = { .recipe = rendering->recipe, .error = error }, *steps = &context;
    VipsImage *after = NULL;

    if (frames_apply(rendering->picture, apply_steps, &steps, &after) != 0)
        return context.result < 0 ? context.result : render_error(error);
    image_replace(&rendering->picture, after);
    return 0;
}

static int decode(struct rendering *rendering, struct error *error)
{
    int r;

    r = rendering->animated
            ? source_decode_frames(&rendering->source, &rendering->picture, error)
            : source_decode(&rendering->source, rendering->shrink, &rendering->picture, error);
    if (r < 0)
        return r;

    if (!rendering->animated)
        frames_forget(rendering->picture);
    if (!rendering->streamed && to_memory(&rendering->picture) < 0)
        return decode_error(error);

    if (rendering->animated && rendering->recipe->step_count > 0)
        return step_frames(rendering, error);
    return steps_apply(rendering->recipe, &rendering->picture, error);
}

/* libjpeg shrinks by whole pixels of the source, and libvips leaves out those that do not fill one; libwebp fits the
 * picture into the size that it is told. */
static struct natural_size natural_size(const struct rendering *rendering, const VipsImage *frame)
{
    struct extent extent = steps_extent(rendering->recipe, &rendering->source);

    if (rendering->source.format == FORMAT_JPEG)
        return (struct natural_size){ extent.width / (double)rendering->shrink,
                                      extent.height / (double)rendering->shrink };
    return natural_size_of(frame);
}

struct scale_context {
    const struct rendering *rendering;
    const struct placement *placement;
};

static int scale_frame(VipsImage *frame, const void *context, VipsImage **ret)
{
    const struct scale_context *scaling = context;
    _cleanup_image_ VipsImage *scaled = NULL;

    if (resize_scale(frame, natural_size(scaling->rendering, frame), scaling->placement, &scaled) != 0)
        return -1;
    return colour_to_rgb(scaled, ret);
}

/* Makes rendering->window for @placement, unless it is that already: renditions of one size follow each other. */
static int scale(struct rendering *rendering, const struct placement *placement, struct error *error)
{
    struct scale_context scaling = { .rendering = rendering, .placement = placement };
    _cleanup_image_ VipsImage *window = NULL;

    if (rendering->window && placement_same_window(placement, &rendering->window_placement))
        return 0;

    if (frames_apply(rendering->picture, scale_frame, &scaling, &window) != 0)
        return render_error(error);
    if (!rendering->animated && to_memory(&window) < 0)
        return rendering->streamed ? decode_error(error) : render_error(error);

    image_replace(&rendering->window, take_ptr(window));
    rendering->window_placement = *placement;
    return 0;
}

/* What becomes of a window for one output. */
struct finish_context {
    enum format format;
    unsigned metadata;
    struct extent canvas;
};

static int finish_frame(VipsImage *frame, const void *context, VipsImage **ret)
{
    const struct finish_context *output = context;
    _cleanup_image_ VipsImage *converted = NULL;

    if (colour_convert(frame, output->format, output->metadata, &converted) != 0)
        return -1;
    return resize_pad(converted, output->canvas, output->format != FORMAT_JPEG, ret);
}

static int finish(VipsImage *window, bool animated, const struct finish_context *output, VipsImage **ret)
{
    _cleanup_image_ VipsImage *wanted = NULL, *finished = NULL;

    if ((animated ? vips_copy(window, &wanted, NULL) : frames_first(window, &wanted)) != 0 ||
        frames_apply(wanted, finish_frame, output, &finished) != 0)
        return -1;
    return metadata_reduce(finished, output->metadata, ret);
}

static int make_output(struct rendering *rendering, const struct selected *selected,
                       struct rendered_output *ret, struct error *error)
{
    const struct rendition *rendition = &rendering->recipe->renditions[selected->rendition];
    const struct output_spec *spec = &rendering->recipe->outputs[rendition->output];
    bool tiles = format_info(rendition->format)->tiles;
    struct finish_context output = {
        .format = recipe_pixel_format(rendering->recipe, rendition),
        .metadata = tiles ? 0 : spec->metadata, /* it would be in each of them */
        .canvas = selected->placement.canvas,
    };
    bool animated = rendering->animated && can_be_animated(rendering, selected);
    _cleanup_image_ VipsImage *finished = NULL;
    int r;

    r = scale(rendering, &selected->placement, error);
    if (r < 0)
        return r;

    if (finish(rendering->window, animated, &output, &finished) != 0 ||
        (!animated && to_memory(&finished) < 0))
        return render_error(error);

    ret->rendition = selected->rendition;
    ret->page = rendering->source.page;
    if (tiles)
        return encode_tiles(finished, rendition->format, &spec->tiles, rendition->quality, &ret->encoded,
                            error);
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

int rendering_probe(struct rendering *rendering, const void *data, size_t size,
                    const struct render_options *options, struct rendered *ret, struct error *error)
{
    int r = source_probe(data, size, options->fail_on, options->max_pixels, &rendering->source, error);

    ret->source_format = rendering->source.format;
    ret->source_width = rendering->source.shape.extent.width;
    ret->source_height = rendering->source.shape.extent.height;
    ret->source_pages = r < 0 ? 0 : rendering->source.pages;
    return r;
}

int rendering_make_page(struct rendering *rendering, const struct render_options *options,
                        struct rendered *ret, struct error *error)
{
    int r;

    plan(rendering);
    r = check_frames(rendering, options, error);
    if (r < 0)
        return r;
    r = check_memory(rendering, options, ret, error);
    if (r < 0 || ret->needs_memory_bytes > 0)
        return r;

    r = decode(rendering, error);
    if (r == 0 && wants_look(rendering))
        r = look_at(rendering->picture, &rendering->recipe->manifest, &ret->look, error);
    if (r < 0)
        return r;
    return make_outputs(rendering, ret, error);
}

int rendering_plan_page(struct rendering *rendering, const struct render_options *options,
                        struct rendered *ret, struct error *error)
{
    struct render_options unbounded = *options;
    int r;

    plan(rendering);
    r = check_frames(rendering, options, error);
    if (r < 0)
        return r;
    unbounded.memory_grant_bytes = UINT64_MAX; /* what there is to make is not made now */
    r = check_memory(rendering, &unbounded, ret, error);
    if (r < 0)
        return r;
    for (size_t i = 0; i < rendering->selection.count; i++) {
        const struct selected *selected = &rendering->selection.list[i];
        struct extent canvas = selected->placement.canvas;

        r = encode_check_sides(rendering->recipe->renditions[selected->rendition].format, canvas.width,
                               canvas.height, error);
        if (r < 0)
            return r;
        ret->outputs[ret->output_count++] = (struct rendered_output){
            .rendition = selected->rendition,
            .page = rendering->source.page,
            .encoded = { .fd = -1, .width = canvas.width, .height = canvas.height },
        };
    }
    return 0;
}
