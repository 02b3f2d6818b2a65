/* SPDX-License-Identifier: GPL-2.0-or-later */
/* estimate - see estimate.h.
 *
 * What render.c keeps at the same time, and what the libraries below it take beside that: libjpeg all coefficients
 * of a progressive picture and of one that it writes with optimal codes; libwebp four bytes a pixel wherever it is,
 * and much more to code alpha; libvips rows of the picture that is scaled, as floats where there is alpha or 16 bits.
 * The numbers are measured; what an output's file takes is a guess on the large side (grain at the given quality). */
#include "image/estimate.h"

#include "image/pixel_scale.h"
#include "image/steps.h"

enum {
    FIXED_BYTES = 16 << 20, /* tables, threads, and buffers that do not grow */
    STRIP_ROWS = 1200,      /* of the picture that is scaled */
    STRIP_ROWS_FLOAT = 1400,
    FLOAT_BYTES = 4,
    LIBZIMG_SAMPLE_BYTES = 2,
    COEFFICIENT_BYTES = 2,
    WEBP_PIXEL_BYTES = 4,
    WEBP_PLANES_BYTES = 2,  /* a pixel, while it decodes */
    WEBP_ENCODER_BYTES = 8, /* a pixel */
    WEBP_ALPHA_ENCODER_BYTES = 22,
    WEBP_LOSSLESS_ENCODER_BYTES = 28,
    WEBP_CANVASES_BYTES = 4 * 4, /* a pixel: an animation's encoder compares frames in four canvases */
    GIF_CANVASES_BYTES =
        3 * 4,              /* a pixel, while it decodes: what is seen, what was seen before, and a copy */
    GIF_ENCODER_BYTES = 26, /* a pixel of a frame, while colours are chosen for it */
    GIF_FILE_BYTES = 2,     /* a pixel: codes of 12 bits at most */
    PLANES_PICTURES = 3,    /* HEIC, AVIF and JPEG XL: the picture, its planes, and the decoder's own */
    DRAWN_PIXEL_BYTES = 4,
    MAGICK_PIXEL_BYTES = 10, /* ImageMagick's, five channels of 16 bits */
    MAGICK_FILES_BYTES = 8,  /* a pixel, of the decoder's copy of what the file has; then it is the picture */
    UNPACKED_PICTURES = 2,   /* JPEG 2000: the picture, and the decoder's numbers */
    AVIF_ENCODER_BYTES = 32, /* a pixel */
    AVIF_ALPHA_ENCODER_BYTES = 44,
    JXL_ENCODER_BYTES = 32, /* a band of a pixel, of which grey has three, too */
    JXL_THOROUGH_EFFORT = 8,
    JXL_THOROUGH_ENCODER_BYTES = 110,
    FULL_CHROMA_QUALITY = 90, /* from here on libvips' JPEGs have colours in full resolution */
    COLOURS = 3,
};

static uint64_t add(uint64_t a, uint64_t b)
{
    uint64_t sum;

    return __builtin_add_overflow(a, b, &sum) ? UINT64_MAX : sum;
}

static uint64_t multiply(uint64_t a, uint64_t b)
{
    uint64_t product;

    return __builtin_mul_overflow(a, b, &product) ? UINT64_MAX : product;
}

static uint64_t larger(uint64_t a, uint64_t b)
{
    return a > b ? a : b;
}

/* Pictures that no one says more of are one frame. */
static uint64_t frames_of(const struct workload *work)
{
    return work->frames > 1 ? work->frames : 1;
}

static struct extent shrunk(const struct workload *work)
{
    return (struct extent){ work->stored.extent.width / work->shrink + 1,
                            work->stored.extent.height / work->shrink + 1 };
}

static uint64_t pixel_bytes(const struct workload *work)
{
    return (uint64_t)work->bands * work->sample_bytes;
}

static uint64_t decoder_bytes(const struct workload *work)
{
    uint64_t stored = extent_area(work->stored.extent), frame;

    if (format_info(work->format)->allowance == ALLOW_MAGICK)
        return multiply(stored, MAGICK_PIXEL_BYTES + larger(MAGICK_FILES_BYTES, pixel_bytes(work)));
    switch (work->format) {
    case FORMAT_JPEG:
        return work->whole ? multiply(stored, (uint64_t)work->bands * COEFFICIENT_BYTES) : 0;
    case FORMAT_WEBP:
        frame = multiply(extent_area(shrunk(work)), WEBP_PIXEL_BYTES + WEBP_PLANES_BYTES + work->bands);
        return add(frame, work->whole ? multiply(stored, WEBP_PIXEL_BYTES) : 0);
    case FORMAT_GIF:
        return multiply(stored, GIF_CANVASES_BYTES);
    case FORMAT_HEIC:
    case FORMAT_AVIF:
    case FORMAT_JXL:
        return multiply(stored, PLANES_PICTURES * pixel_bytes(work));
    case FORMAT_SVG:
    case FORMAT_PDF:
        return add(work->content_bytes,
                   multiply(extent_area(shrunk(work)), DRAWN_PIXEL_BYTES * (uint64_t)work->surfaces));
    case FORMAT_EXR:
        return add(work->content_bytes, multiply(stored, pixel_bytes(work)));
    case FORMAT_JP2:
        return multiply(stored, UNPACKED_PICTURES * pixel_bytes(work));
    case FORMAT_PNG:
        /* What is decoded at once is put together first. */
        return work->whole ? add(multiply(stored, pixel_bytes(work)), work->source_bytes) : 0;
    default:
        return work->whole ? multiply(stored, pixel_bytes(work)) : 0;
    }
}

static bool is_scaled_in_float(const struct workload *work)
{
    return work->alpha || work->sample_bytes > 1;
}

/* Is it scaled plane by plane, being in memory (pixel_scale.h)? */
static bool is_scaled_in_planes(const struct workload *work)
{
    bool held = !work->streamed || (work->format == FORMAT_PNG && work->whole);

    return held && !is_scaled_in_float(work) && pixel_scale_takes(shrunk(work));
}

/* The rows that scaling has under way, or the planes. */
static uint64_t strip_bytes(const struct workload *work)
{
    struct extent picture = shrunk(work);
    bool floats = is_scaled_in_float(work);
    uint64_t most = floats ? STRIP_ROWS_FLOAT : STRIP_ROWS;
    uint64_t pixel = pixel_bytes(work) + (floats ? (uint64_t)work->bands * FLOAT_BYTES : 0);

    /* Planes, the lines that libzimg has of one, and what is put together of several pictures. */
    if (is_scaled_in_planes(work))
        return add(multiply(work->bands + LIBZIMG_SAMPLE_BYTES, plane_bytes(picture)),
                   multiply(extent_area(picture), pixel_bytes(work)));
    return multiply(multiply(picture.width, picture.height < most ? picture.height : most), pixel);
}

/* What the pixels are like after @steps. */
static struct workload after_steps(const struct workload *work, const struct step_list *steps)
{
    struct workload after = *work;

    if (!steps_are_work(steps))
        return after;
    for (size_t i = 0; i < steps->count; i++)
        if (steps->list[i].op == OP_DEPTH)
            after.sample_bytes = steps->list[i].depth.bits == DEPTH_CHOICE_16 ? 2 : 1;
    after.alpha = work->alpha || steps_add_alpha(steps);
    after.bands = COLOURS + (after.alpha ? 1 : 0);
    return after;
}

/* While they are at work, of three colours with alpha, and as deep as they become. */
static uint64_t stepped_pixel_bytes(const struct workload *work, const struct step_list *steps)
{
    unsigned before = work->sample_bytes, after = after_steps(work, steps).sample_bytes;

    return (uint64_t)(COLOURS + 1) * (before > after ? before : after);
}

/* All that the steps of a list hold beside the picture of @shape that they are done to, and rows that they work on. */
static uint64_t steps_bytes(const struct workload *work, const struct step_list *steps, struct shape shape,
                            unsigned shrink)
{
    uint64_t area = steps_largest_area(steps, shape) / shrink / shrink;
    uint64_t pictures = multiply(multiply(area, stepped_pixel_bytes(work, steps)),
                                 steps_pictures_held(steps) * frames_of(work));

    if (!steps_are_work(steps))
        return 0;
    return add(pictures, multiply(shape.extent.width / shrink,
                                  (uint64_t)STRIP_ROWS_FLOAT * (COLOURS + 1) * FLOAT_BYTES));
}

/* Frames are turned one by one, and all of them are there anew. */
static uint64_t picture_bytes(const struct workload *work)
{
    uint64_t frame = multiply(extent_area(shrunk(work)), pixel_bytes(work));
    uint64_t frames = multiply(frame, frames_of(work));
    uint64_t steps = steps_bytes(work, &work->recipe->steps, work->stored, work->shrink);

    if (work->streamed)
        return 0;
    if (frames_of(work) > 1 && work->recipe->steps.count > 0 && !steps_are_work(&work->recipe->steps))
        return multiply(frames, 2);
    return add(frames, steps);
}

static uint64_t window_bytes(const struct workload *work, size_t index)
{
    uint64_t frame = multiply(extent_area(work->selection->list[index].placement.window), pixel_bytes(work));

    return multiply(frame, frames_of(work));
}

/* What is given to the encoder. */
struct finished {
    uint64_t pixels; /* of a frame */
    uint64_t frames;
    unsigned bands, sample_bytes;
    bool alpha;
    enum format format;            /* that the encoder writes, perhaps of tiles */
    const struct tile_spec *tiles; /* NULL: there are none */
    uint64_t stored_pixels;        /* of a frame, in all tiles of all levels */
};

/* Tiles have some pixels twice, and each level has a quarter of the pixels of the one before. What a tile may have
 * beyond the picture is of one colour, and is as good as nothing in its file. */
static uint64_t tiled_pixels(struct extent picture, const struct tile_spec *spec)
{
    uint64_t across = picture.width / spec->size + 1, down = picture.height / spec->size + 1;
    uint64_t pixels =
        multiply(picture.width + across * 2 * spec->overlap, picture.height + down * 2 * spec->overlap);

    return add(add(pixels, pixels / 3), (uint64_t)spec->size * spec->size);
}

static struct finished finished_of(const struct workload *work, const struct placement *placement,
                                   const struct rendition *rendition)
{
    const struct step_list *steps = &work->recipe->outputs[rendition->output].steps;
    struct shape shape = { .extent = placement->canvas, .orientation = 1 };
    struct extent canvas = steps_shape(steps, shape).extent;
    bool padded = !extent_equal(placement->canvas, placement->window);
    struct workload last = after_steps(work, steps);
    unsigned colours = last.alpha ? last.bands - 1 : last.bands, holds;
    bool animated = format_info(rendition->format)->sequence == SEQUENCE_FRAMES &&
                    !work->recipe->outputs[rendition->output].still;
    struct finished finished = {
        .pixels = extent_area(canvas),
        .frames = animated ? frames_of(work) : 1,
        .sample_bytes = 1,
        .format = recipe_pixel_format(work->recipe, rendition),
        .tiles =
            format_info(rendition->format)->tiles ? &work->recipe->outputs[rendition->output].tiles : NULL,
    };

    finished.stored_pixels = finished.tiles ? tiled_pixels(canvas, finished.tiles) : finished.pixels;
    holds = encoding_holds(finished.format, &rendition->encoding);
    finished.alpha = (holds & FORMAT_HOLDS_ALPHA) && (last.alpha || padded);
    if (holds & FORMAT_HOLDS_DEEP)
        finished.sample_bytes = last.sample_bytes;
    if (colours > COLOURS || !(holds & FORMAT_HOLDS_GREY))
        colours = COLOURS;
    finished.bands = colours + (finished.alpha ? 1 : 0);
    return finished;
}

/* What is given to the encoder at once. */
static uint64_t encoder_pixels(const struct finished *finished)
{
    uint64_t side = finished->tiles ? finished->tiles->size + 2 * finished->tiles->overlap : 0;

    return finished->tiles ? side * side : finished->pixels;
}

static unsigned quality_of(const struct rendition *rendition)
{
    return rendition->encoding.values[ENCODING_QUALITY];
}

static unsigned webp_encoder_bytes(const struct finished *finished, const struct rendition *rendition)
{
    if (rendition->encoding.values[ENCODING_LOSSLESS] != LOSSLESS_NO)
        return WEBP_LOSSLESS_ENCODER_BYTES;
    return finished->alpha ? WEBP_ALPHA_ENCODER_BYTES : WEBP_ENCODER_BYTES;
}

/* For each pixel: what the encoder takes while it works … */
static unsigned encoder_bytes(const struct finished *finished, const struct rendition *rendition)
{
    bool full_chroma = finished->bands == 1 || quality_of(rendition) >= FULL_CHROMA_QUALITY ||
                       rendition->encoding.values[ENCODING_SUBSAMPLING] == SUBSAMPLING_444;

    if (finished->format == FORMAT_JPEG)
        return full_chroma ? finished->bands * COEFFICIENT_BYTES : COLOURS * COEFFICIENT_BYTES / 2;
    if (finished->format == FORMAT_WEBP)
        return webp_encoder_bytes(finished, rendition) + (finished->frames > 1 ? WEBP_CANVASES_BYTES : 0);
    if (finished->format == FORMAT_AVIF)
        return finished->alpha ? AVIF_ALPHA_ENCODER_BYTES : AVIF_ENCODER_BYTES;
    if (finished->format == FORMAT_JXL)
        return (COLOURS + (finished->alpha ? 1 : 0)) *
               (rendition->encoding.values[ENCODING_EFFORT] >= JXL_THOROUGH_EFFORT
                    ? JXL_THOROUGH_ENCODER_BYTES
                    : JXL_ENCODER_BYTES);
    if (finished->format == FORMAT_GIF || rendition->encoding.values[ENCODING_PALETTE])
        return GIF_ENCODER_BYTES;
    /* Its filtered rows, at once. */
    return finished->format == FORMAT_PNG ? finished->bands * finished->sample_bytes : 0;
}

/* … and what its file may have. */
static unsigned file_bytes(const struct finished *finished, const struct rendition *rendition)
{
    if (finished->format == FORMAT_GIF)
        return GIF_FILE_BYTES;
    if (!encoding_has(finished->format, ENCODING_QUALITY) ||
        !encoding_is_lossy(finished->format, &rendition->encoding))
        return finished->bands * finished->sample_bytes;
    return quality_of(rendition) >= FULL_CHROMA_QUALITY ? 2 : 1;
}

/* What an output's own steps make of its window. */
static uint64_t prepared_bytes(const struct workload *work, const struct selected *selected,
                               const struct rendition *rendition)
{
    struct shape shape = { .extent = selected->placement.canvas, .orientation = 1 };

    return steps_bytes(work, &work->recipe->outputs[rendition->output].steps, shape, 1);
}

/* Windows are made one after the other and each is used for the outputs of its size; files stay to the end, and
 * the newest exists twice: as the encoder wrote it, and sealed. */
static uint64_t outputs_bytes(const struct workload *work)
{
    uint64_t peak = 0, files = 0, previous = 0;

    for (size_t i = 0; i < work->selection->count; i++) {
        const struct selected *selected = &work->selection->list[i];
        const struct rendition *rendition = &work->recipe->renditions[selected->rendition];
        struct finished finished = finished_of(work, &selected->placement, rendition);
        uint64_t window = window_bytes(work, i);
        uint64_t pixels = multiply(finished.pixels, finished.frames);
        uint64_t coded =
            multiply(multiply(finished.stored_pixels, finished.frames), file_bytes(&finished, rendition));
        uint64_t file = add(coded, work->metadata_bytes);
        uint64_t encoder = multiply(encoder_pixels(&finished), encoder_bytes(&finished, rendition));
        uint64_t given = multiply(pixels, finished.bands * finished.sample_bytes);
        uint64_t encoding = add(add(add(given, encoder), file), prepared_bytes(work, selected, rendition));

        if (work->recipe->outputs[rendition->output].max_bytes > 0) /* the best so far, beside the next */
            encoding = add(encoding, file);
        if (finished.tiles) /* the next level beside this one, and room for the archive to grow */
            encoding = add(encoding, add(given / 2, file / 4));

        files = add(files, file);
        peak = larger(peak, add(files, add(window, larger(previous, encoding))));
        previous = window;
    }
    return peak;
}

uint64_t estimate_bytes(const struct workload *work)
{
    struct workload stepped = after_steps(work, &work->recipe->steps);
    uint64_t scaled = larger(add(picture_bytes(work), strip_bytes(&stepped)), work->planar_bytes);
    uint64_t picture = add(decoder_bytes(work), scaled);

    return add(add(add(FIXED_BYTES, work->asset_bytes), work->source_bytes),
               add(picture, outputs_bytes(&stepped)));
}
