/* SPDX-License-Identifier: GPL-2.0-or-later */
/* render - a picture, or a page of a document, from its bytes to its outputs; see rendering.h.
 *
 *   probe → select → estimate →
 *   decode (shrunk by the decoder where it can) → steps → scale → pad, steps of the output → colours, metadata → encode
 *                                                 └─ for each size ─┘└─ for each output ─┘└── for each rendition ──┘
 *
 * Pixels are pulled through libvips from the back, so a decoder's failure would show up in whatever asks first.
 * Two points where pictures are copied to memory keep the stages apart: after decoding or, when all renditions
 * come from one small picture and the big one need never exist as a whole, after scaling.
 *
 * An animation of which some output stays one is decoded with all its frames; every step is done frame by frame
 * (frames.h), and outputs that are none are made of the first. */
#include "image/rendering.h"

#include "base/cleanup.h"
#include "image/asset_picture.h"
#include "image/colour.h"
#include "image/convert.h"
#include "image/estimate.h"
#include "image/frames.h"
#include "image/ink.h"
#include "image/loaders.h"
#include "image/lossless_jpeg.h"
#include "image/metadata.h"
#include "image/planar.h"
#include "image/resize.h"
#include "recipe/naming.h"

#include <errno.h>
#include <string.h>

void rendering_leave_page(struct rendering *rendering)
{
    image_replace(&rendering->prepared, NULL);
    image_replace(&rendering->window, NULL);
    image_replace(&rendering->picture, NULL);
    planar_release(&rendering->planar);
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

/* A still that was asked for stands for all frames. */
static bool is_wanted_still(const struct rendering *rendering)
{
    for (size_t i = 0; i < rendering->recipe->output_count; i++)
        if (rendering->recipe->outputs[i].still)
            return true;
    return false;
}

static uint32_t count_left_frames(const struct rendering *rendering)
{
    return rendering->animated || is_wanted_still(rendering) ? 0 : rendering->source.frames - 1;
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

static struct extent extent_after_steps(const struct rendering *rendering)
{
    return steps_shape(&rendering->recipe->steps, rendering->source.shape).extent;
}

static bool is_coded(const struct rendering *rendering, const struct selected *selected)
{
    return lossless_jpeg_can(&rendering->recipe->renditions[selected->rendition], &rendering->source);
}

static void plan_ways(struct rendering *rendering)
{
    rendering->coded = false;
    rendering->decoded = wants_look(rendering);
    for (size_t i = 0; i < rendering->selection.count; i++)
        if (is_coded(rendering, &rendering->selection.list[i]))
            rendering->coded = true;
        else
            rendering->decoded = true;
}

/* The decoder works before the steps turn the picture, and the margin is the same in both directions. */
static unsigned plan_shrink(const struct rendering *rendering, struct extent extent)
{
    if (rendering->animated || !steps_are_scale_free(&rendering->recipe->steps))
        return 1;
    return geometry_shrink_on_load(extent, selection_largest(&rendering->selection));
}

static void plan(struct rendering *rendering)
{
    const struct step_list *steps = &rendering->recipe->steps;
    struct extent extent = extent_after_steps(rendering);

    select_for_page(rendering, extent);
    plan_ways(rendering);
    rendering->animated = stays_animated(rendering);
    rendering->shrink = plan_shrink(rendering, extent);
    rendering->streamed = !rendering->animated && selection_is_one_window(&rendering->selection) &&
                          !steps_need_memory(steps, rendering->source.shape) && !wants_look(rendering);
    if (rendering->decoded)
        planar_plan(&rendering->planar, rendering->recipe, &rendering->source, &rendering->selection,
                    wants_look(rendering));
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
        .asset_bytes = asset_picture_bytes(rendering->recipe),
        .content_bytes = source->content_bytes,
        .surfaces = source->surfaces,
        .metadata_bytes = source->metadata_bytes,
        .format = source->format,
        .stored = source->shape,
        .frames = rendering->animated ? source->frames : 1,
        .bands = source->bands,
        .sample_bytes = source->sample_bytes,
        .alpha = source->alpha,
        .whole = source->whole,
        /* As source_decode() does: not every decoder can. */
        .shrink = loader_shrinks(source->format) ? rendering->shrink : 1,
        .streamed = rendering->streamed,
        .planar_bytes = planar_is_used(&rendering->planar) ? planar_bytes(&rendering->planar) : 0,
        .recipe = rendering->recipe,
        .selection = &rendering->selection,
    };
    uint64_t coded = rendering->coded ? lossless_jpeg_bytes(source) : 0;
    uint64_t decoded = rendering->decoded ? estimate_bytes(&workload) : workload.source_bytes;

    return coded > UINT64_MAX - decoded ? UINT64_MAX : coded + decoded;
}

uint64_t rendering_bytes(struct rendering *rendering)
{
    plan(rendering);
    return estimate(rendering, 0);
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
    return 0;
}

/* Does the recipe's steps; what is work is done once, however many windows are made of it. */
static int step(struct rendering *rendering, struct error *error)
{
    const struct step_list *steps = &rendering->recipe->steps;
    int r = steps_apply(steps, &rendering->subject, &rendering->picture, error);

    if (r < 0)
        return r;
    if (!rendering->streamed && steps_are_work(steps) && to_memory(&rendering->picture) < 0)
        return render_error(error);
    if (!steps_are_foreseen(steps))
        select_for_page(rendering,
                        (struct extent){ (uint32_t)rendering->picture->Xsize,
                                         (uint32_t)vips_image_get_page_height(rendering->picture) });
    return 0;
}

static int decode_and_step(struct rendering *rendering, struct error *error)
{
    int r = planar_is_used(&rendering->planar) ? planar_decode(&rendering->planar, error) : -ENOTSUP;

    if (r != -ENOTSUP)
        return r;
    r = decode(rendering, error);
    return r == 0 ? step(rendering, error) : r;
}

/* libjpeg shrinks by whole pixels of the source, and libvips leaves out those that do not fill one; libwebp fits the
 * picture into the size that it is told. Where a step has cut, what is left is what there is. */
static struct natural_size natural_size(const struct rendering *rendering, const VipsImage *frame)
{
    struct extent extent = extent_after_steps(rendering);

    if (rendering->source.format == FORMAT_JPEG &&
        extent_area(extent) == extent_area(rendering->source.shape.extent) && rendering->shrink > 1)
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

/* Of an animation the first frame says where to look. */
static int scale_picture(const struct rendering *rendering, const struct placement *placement,
                         VipsImage **window, struct error *error)
{
    struct placement found = *placement;
    struct scale_context scaling = { .rendering = rendering, .placement = &found };
    _cleanup_image_ VipsImage *first = NULL;

    if (placement->gravity >= GRAVITY_POINTS &&
        (frames_first(rendering->picture, &first) != 0 ||
         resize_find_window(first, natural_size(rendering, first), &found) != 0))
        return render_error(error);
    if (frames_apply(rendering->picture, scale_frame, &scaling, window) != 0)
        return render_error(error);
    if (!rendering->animated && to_memory(window) < 0)
        return rendering->streamed ? decode_error(error) : render_error(error);
    return 0;
}

/* Makes rendering->window for @placement, unless it is that already: renditions of one size follow each other. */
static int scale(struct rendering *rendering, const struct placement *placement, struct error *error)
{
    _cleanup_image_ VipsImage *window = NULL;
    int r;

    if (rendering->window && placement_same_window(placement, &rendering->window_placement))
        return 0;
    r = planar_is_used(&rendering->planar) ? planar_window(&rendering->planar, placement, &window, error)
                                           : scale_picture(rendering, placement, &window, error);
    if (r < 0)
        return r;

    image_replace(&rendering->window, take_ptr(window));
    rendering->window_placement = *placement;
    return 0;
}

static int pad_frame(VipsImage *frame, const void *context, VipsImage **ret)
{
    const struct preparation *preparation = context;

    return resize_pad(frame, &preparation->placement, &preparation->padding, ret);
}

/* Frames are all there anew where they are padded, so only where they have to be. */
static int pad(VipsImage *window, const struct preparation *preparation, VipsImage **ret)
{
    if (extent_equal(preparation->placement.window, preparation->placement.canvas))
        return vips_copy(window, ret, NULL);
    return frames_apply(window, pad_frame, preparation, ret);
}

static bool same_preparation(const struct preparation *a, const struct preparation *b)
{
    return a->output == b->output && placement_same_window(&a->placement, &b->placement) &&
           extent_equal(a->placement.canvas, b->placement.canvas) &&
           memcmp(&a->padding, &b->padding, sizeof a->padding) == 0;
}

/* Makes rendering->prepared of the window. */
static int prepare(struct rendering *rendering, const struct preparation *preparation, struct error *error)
{
    const struct step_list *steps = &rendering->recipe->outputs[preparation->output].steps;
    _cleanup_image_ VipsImage *prepared = NULL;
    int r;

    if (rendering->prepared && same_preparation(preparation, &rendering->preparation))
        return 0;

    if (pad(rendering->window, preparation, &prepared) != 0)
        return render_error(error);
    r = steps_apply(steps, &rendering->subject, &prepared, error);
    if (r < 0)
        return r;
    if (steps->count > 0 && to_memory(&prepared) < 0)
        return render_error(error);

    image_replace(&rendering->prepared, take_ptr(prepared));
    rendering->preparation = *preparation;
    return 0;
}

/* What becomes of a prepared window for one rendition. Where the file cannot say how a picture is to be turned, it is
 * turned. */
struct finish_context {
    enum format format;
    unsigned holds; /* FORMAT_HOLDS_* */
    unsigned metadata;
    const struct colour *background;
    bool upright;
};

static int finish_frame(VipsImage *frame, const void *context, VipsImage **ret)
{
    const struct finish_context *output = context;
    _cleanup_image_ VipsImage *coloured = NULL, *converted = NULL;

    /* A step may have brought it to inks. */
    if (colour_to_rgb(frame, &coloured) != 0 ||
        colour_convert(coloured, output->holds, output->metadata, output->background, &converted) != 0)
        return -1;
    return output->upright ? orient_apply(converted, ret) : vips_copy(converted, ret, NULL);
}

static int finish(VipsImage *prepared, bool animated, const struct finish_context *output, VipsImage **ret)
{
    _cleanup_image_ VipsImage *wanted = NULL, *finished = NULL;

    if ((animated ? vips_copy(prepared, &wanted, NULL) : frames_first(prepared, &wanted)) != 0 ||
        frames_apply(wanted, finish_frame, output, &finished) != 0)
        return -1;
    return metadata_reduce(finished,
                           &(struct metadata_wish){
                               .keep = output->metadata,
                               .format = output->format,
                               .recoloured = convert_has_profile(prepared) && !convert_has_profile(finished),
                           },
                           ret);
}

/* Transparent where the format can be, and else white, unless the recipe has a colour for it. */
static struct colour background_of(const struct output_spec *spec, bool opaque)
{
    const struct colour *wanted = spec->has_background ? &spec->background : &colour_transparent;

    return opaque ? ink_on_white(wanted) : *wanted;
}

static struct preparation preparation_of(const struct rendering *rendering, const struct selected *selected)
{
    const struct rendition *rendition = &rendering->recipe->renditions[selected->rendition];
    const struct output_spec *spec = &rendering->recipe->outputs[rendition->output];
    enum format format = recipe_pixel_format(rendering->recipe, rendition);
    bool opaque = !(encoding_holds(format, &rendition->encoding) & FORMAT_HOLDS_ALPHA);

    return (struct preparation){
        .output = rendition->output,
        .placement = selected->placement,
        .padding = background_of(spec, opaque),
    };
}

static int encode_rendition(const struct rendering *rendering, const struct rendition *rendition,
                            VipsImage *finished, struct encoded *ret, struct error *error)
{
    const struct output_spec *spec = &rendering->recipe->outputs[rendition->output];

    if (format_info(rendition->format)->tiles)
        return encode_tiles(finished, rendition->format, &spec->tiles,
                            rendition->encoding.values[ENCODING_QUALITY], ret, error);
    return encode(finished, rendition->format, &rendition->encoding, spec->max_bytes, ret, error);
}

static int make_output(struct rendering *rendering, const struct selected *selected,
                       struct rendered_output *ret, struct error *error)
{
    const struct rendition *rendition = &rendering->recipe->renditions[selected->rendition];
    const struct output_spec *spec = &rendering->recipe->outputs[rendition->output];
    struct preparation preparation = preparation_of(rendering, selected);
    struct finish_context output = {
        .format = recipe_pixel_format(rendering->recipe, rendition),
        .holds = encoding_holds(recipe_pixel_format(rendering->recipe, rendition), &rendition->encoding),
        .upright = !format_holds(rendition->format, FORMAT_HOLDS_ORIENTATION),
        .metadata =
            format_info(rendition->format)->tiles ? 0 : spec->metadata, /* it would be in each of them */
        .background = &preparation.padding,
    };
    bool animated = rendering->animated && can_be_animated(rendering, selected);
    _cleanup_image_ VipsImage *finished = NULL;
    int r;

    ret->rendition = selected->rendition;
    ret->page = rendering->source.page;
    if (is_coded(rendering, selected))
        return lossless_jpeg_make(rendering->recipe, rendition, &rendering->source, &ret->encoded, error);
    if (planar_is_used(&rendering->planar) &&
        planar_encodes(&rendering->planar, rendition, &selected->placement))
        return planar_encode(&rendering->planar, rendition, &selected->placement, &ret->encoded, error);

    r = scale(rendering, &selected->placement, error);
    if (r == 0)
        r = prepare(rendering, &preparation, error);
    if (r < 0)
        return r;

    if (finish(rendering->prepared, animated, &output, &finished) != 0 ||
        (!animated && to_memory(&finished) < 0))
        return render_error(error);
    return encode_rendition(rendering, rendition, finished, &ret->encoded, error);
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
    struct source_options source_options = {
        .fail_on = options->fail_on,
        .max_pixels = options->max_pixels,
        .allowed = options->allowed,
        .density = options->density,
    };
    int r = source_probe(data, size, &source_options, &rendering->source, error);

    ret->source_format = rendering->source.format;
    ret->source_width = rendering->source.shape.extent.width;
    ret->source_height = rendering->source.shape.extent.height;
    ret->source_pages = r < 0 ? 0 : rendering->source.pages;
    return r;
}

static struct step_subject subject_of(const struct rendering *rendering, const struct render_options *options)
{
    return (struct step_subject){
        .recipe = rendering->recipe,
        .path = options->path ?: "",
        .mtime_ns = options->mtime_ns,
        .page = rendering->source.page,
    };
}

static int look(const struct rendering *rendering, struct look *ret, struct error *error)
{
    const struct manifest_spec *spec = &rendering->recipe->manifest;
    _cleanup_image_ VipsImage *picture = NULL;
    int r;

    if (!planar_is_used(&rendering->planar))
        return look_at(rendering->picture, spec, ret, error);
    r = planar_look(&rendering->planar, &picture, error);
    return r < 0 ? r : look_at(picture, spec, ret, error);
}

int rendering_make_page(struct rendering *rendering, const struct render_options *options,
                        struct rendered *ret, struct error *error)
{
    int r;

    rendering->subject = subject_of(rendering, options);
    plan(rendering);
    ret->left_frames = count_left_frames(rendering);
    r = check_frames(rendering, options, error);
    if (r < 0)
        return r;
    r = check_memory(rendering, options, ret, error);
    if (r < 0 || ret->needs_memory_bytes > 0)
        return r;

    r = rendering->decoded ? decode_and_step(rendering, error) : 0;
    if (r == 0 && wants_look(rendering))
        r = look(rendering, &ret->look, error);
    if (r < 0)
        return r;
    return make_outputs(rendering, ret, error);
}

/* After the output's steps, and as finish_frame() leaves it; as far as the header tells. */
static struct extent extent_of_output(const struct rendering *rendering, const struct selected *selected)
{
    const struct rendition *rendition = &rendering->recipe->renditions[selected->rendition];
    struct shape shape = {
        .extent = selected->placement.canvas,
        .orientation = steps_shape(&rendering->recipe->steps, rendering->source.shape).orientation,
    };

    shape = steps_shape(&rendering->recipe->outputs[rendition->output].steps, shape);
    return format_holds(rendition->format, FORMAT_HOLDS_ORIENTATION) ? shape.extent
                                                                     : orient_shape(shape).extent;
}

static int foresee(const struct rendering *rendering, const struct selected *selected, struct extent *ret,
                   struct error *error)
{
    const struct rendition *rendition = &rendering->recipe->renditions[selected->rendition];

    if (is_coded(rendering, selected))
        return lossless_jpeg_foresee(rendering->recipe, rendition, &rendering->source, ret, error);
    *ret = extent_of_output(rendering, selected);
    return encode_check_sides(rendition->format, ret->width, ret->height, error);
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
    ret->left_frames = count_left_frames(rendering);
    unbounded.memory_grant_bytes = UINT64_MAX; /* what there is to make is not made now */
    r = check_memory(rendering, &unbounded, ret, error);
    if (r < 0)
        return r;
    for (size_t i = 0; i < rendering->selection.count; i++) {
        const struct selected *selected = &rendering->selection.list[i];
        struct extent canvas;

        r = foresee(rendering, selected, &canvas, error);
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
