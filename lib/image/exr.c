/* SPDX-License-Identifier: GPL-2.0-or-later */
/* exr - see exr.h; OpenEXR's core library. The colours are taken for those of sRGB, as files without chromaticities
 * are. */
#include "image/exr.h"

#include "base/cleanup.h"

#include <math.h>
#include <openexr.h>
#include <string.h>

enum {
    PART = 0,
    CHANNELS_MAX = 1024, /* with those that are not looked at */
    DEEP_MOST = 65535,
    CHUNK_COPIES = 3, /* as it is in the file, unpacked, and halfway */
    PLACE_BYTES = 8,  /* of a chunk's place in the file */
};

/* sRGB's curve is a table: at all the light that a half can be, and straight in between. It begins below where the
 * curve itself does. */
enum {
    OCTAVES = 9,
    OCTAVE_STEPS = 1 << 10,
    CURVE_STEPS = OCTAVES * OCTAVE_STEPS,
    REST_BITS = 23 - 10,                         /* of a float's fraction */
    FIRST_STEP = (127 - OCTAVES) * OCTAVE_STEPS, /* the front of 2^-OCTAVES */
};

#define DOMAIN "exr"

struct exr {
    const uint8_t *data;
    size_t size;
    exr_context_t context;
    int left, top, width, height; /* the data window */
    int bands;                    /* with alpha, the last */
    bool alpha;
    uint16_t *pixels; /* all of it, once decoded */
    double *curve;    /* while it is decoded */
    GMutex lock;
};

/* ---- the file ---- */

static int64_t read_bytes(exr_const_context_t context, void *user, void *buffer, uint64_t size,
                          uint64_t offset, exr_stream_error_func_ptr_t error)
{
    const struct exr *exr = user;
    uint64_t left = offset < exr->size ? exr->size - offset : 0;
    uint64_t given = size < left ? size : left;

    (void)context, (void)error;
    memcpy(buffer, exr->data + (left > 0 ? offset : 0), given);
    return (int64_t)given;
}

static int64_t size_of(exr_const_context_t context, void *user)
{
    (void)context;
    return (int64_t)((const struct exr *)user)->size;
}

static void tell(exr_const_context_t context, exr_result_t code, const char *message)
{
    (void)context;
    vips_error(DOMAIN, "%s", message && message[0] ? message : exr_get_default_error_message(code));
}

/* libvips' result; what is wrong has been told, unless by the code alone. */
static int result_of(exr_result_t code)
{
    if (code != EXR_ERR_SUCCESS && vips_error_buffer()[0] == '\0')
        tell(NULL, code, NULL);
    return code == EXR_ERR_SUCCESS ? 0 : -1;
}

static void close_exr(struct exr *exr)
{
    if (exr->context)
        exr_finish(&exr->context);
    g_free(exr->pixels);
    g_mutex_clear(&exr->lock);
    g_free(exr);
}

static void close_with(VipsImage *image, struct exr *exr)
{
    (void)image;
    close_exr(exr);
}

/* ---- the header ---- */

/* Which band of a pixel @name is; -1: none that is looked at. */
static int band_of(const struct exr *exr, const char *name)
{
    static const char *const colour[] = { "R", "G", "B", "A" }, *const grey[] = { "Y", "A" };
    const char *const *names = exr->bands < 3 ? grey : colour;

    for (int band = 0; band < exr->bands; band++)
        if (strcmp(names[band], name) == 0)
            return band;
    return -1;
}

static bool has_channel(const exr_attr_chlist_t *list, const char *name)
{
    for (int i = 0; i < list->num_channels; i++)
        if (strcmp(list->entries[i].name.str, name) == 0)
            return list->entries[i].x_sampling == 1 && list->entries[i].y_sampling == 1 &&
                   list->entries[i].pixel_type != EXR_PIXEL_UINT;
    return false;
}

static int choose_bands(struct exr *exr, const exr_attr_chlist_t *list)
{
    bool colour = has_channel(list, "R") && has_channel(list, "G") && has_channel(list, "B");
    bool grey = has_channel(list, "Y") && !has_channel(list, "RY");

    if (!colour && !grey) {
        vips_error(DOMAIN, "it has no channels R, G and B, or Y alone, of light and in full size");
        return -1;
    }
    exr->alpha = has_channel(list, "A");
    exr->bands = (colour ? 3 : 1) + exr->alpha;
    return 0;
}

static int read_window(struct exr *exr)
{
    exr_attr_box2i_t window;

    if (result_of(exr_get_data_window(exr->context, PART, &window)) != 0)
        return -1;
    exr->left = window.min.x;
    exr->top = window.min.y;
    if (__builtin_sub_overflow(window.max.x, window.min.x, &exr->width) ||
        __builtin_sub_overflow(window.max.y, window.min.y, &exr->height) || exr->width < 0 ||
        exr->height < 0 || exr->width >= VIPS_MAX_COORD || exr->height >= VIPS_MAX_COORD) {
        vips_error(DOMAIN, "its data window is none");
        return -1;
    }
    exr->width++;
    exr->height++;
    return 0;
}

static int read_header(struct exr *exr)
{
    exr_context_initializer_t start = EXR_DEFAULT_CONTEXT_INITIALIZER;
    const exr_attr_chlist_t *channels;

    start.user_data = exr;
    start.read_fn = read_bytes;
    start.size_fn = size_of;
    start.error_handler_fn = tell;
    if (result_of(exr_start_read(&exr->context, "source", &start)) != 0 || read_window(exr) != 0 ||
        result_of(exr_get_channels(exr->context, PART, &channels)) != 0)
        return -1;
    if (channels->num_channels > CHANNELS_MAX) {
        vips_error(DOMAIN, "it has %d channels; files of up to %d are read", channels->num_channels,
                   CHANNELS_MAX);
        return -1;
    }
    return choose_bands(exr, channels);
}

/* ---- what a chunk takes ---- */

/* Of a pixel, in all channels. */
static uint64_t stored_pixel_bytes(const struct exr *exr)
{
    const exr_attr_chlist_t *channels;
    uint64_t bytes = 0;

    if (exr_get_channels(exr->context, PART, &channels) != EXR_ERR_SUCCESS)
        return 0;
    for (int i = 0; i < channels->num_channels; i++)
        bytes += channels->entries[i].pixel_type == EXR_PIXEL_HALF ? sizeof(uint16_t) : sizeof(float);
    return bytes;
}

/* Of the largest chunk: a tile, or some rows. */
static uint64_t chunk_pixels(const struct exr *exr)
{
    int32_t width = exr->width, height = 0;
    exr_storage_t storage;

    if (exr_get_storage(exr->context, PART, &storage) != EXR_ERR_SUCCESS)
        return 0;
    if (storage == EXR_STORAGE_TILED)
        exr_get_tile_sizes(exr->context, PART, 0, 0, &width, &height);
    else
        exr_get_scanlines_per_chunk(exr->context, PART, &height);
    if (width < 1 || height < 1)
        return 0;
    return (uint64_t)(width < exr->width ? width : exr->width) *
           (uint64_t)(height < exr->height ? height : exr->height);
}

static uint64_t places_bytes(const struct exr *exr)
{
    int32_t count = 0;

    exr_get_chunk_count(exr->context, PART, &count);
    return count > 0 ? (uint64_t)count * PLACE_BYTES : 0;
}

uint64_t exr_decoder_bytes(const void *data, size_t size)
{
    struct exr exr = { .data = data, .size = size };
    uint64_t bytes = 0;

    if (read_header(&exr) == 0)
        bytes = chunk_pixels(&exr) *
                    ((uint64_t)exr.bands * sizeof(float) + CHUNK_COPIES * stored_pixel_bytes(&exr)) +
                places_bytes(&exr);
    vips_error_clear();
    if (exr.context)
        exr_finish(&exr.context);
    return bytes;
}

/* ---- light ---- */

static void make_curve(double *curve)
{
    for (int i = 0; i <= CURVE_STEPS; i++) {
        double light = ldexp(1 + (double)(i % OCTAVE_STEPS) / OCTAVE_STEPS, i / OCTAVE_STEPS - OCTAVES);

        curve[i] = DEEP_MOST * (1.055 * pow(light, 1 / 2.4) - 0.055);
    }
}

/* A float's exponent and the front of its fraction are the number of its step, the rest is how far it is on to the
 * next. @light is from 2^-OCTAVES on, and below 1. */
static double curve_at(const double *curve, float light)
{
    uint32_t bits, step, rest;

    memcpy(&bits, &light, sizeof bits);
    step = (bits >> REST_BITS) - FIRST_STEP;
    rest = bits & ((1U << REST_BITS) - 1);
    return curve[step] + (curve[step + 1] - curve[step]) * rest / (1U << REST_BITS);
}

static uint16_t to_srgb(const struct exr *exr, float light)
{
    double value;

    if (!(light > 0)) /* and what is no number is black */
        return 0;
    if (light >= 1)
        return DEEP_MOST;
    value = light <= 0.0031308 ? 12.92 * DEEP_MOST * light : curve_at(exr->curve, light);
    return (uint16_t)(value + 0.5);
}

/* ---- pixels ---- */

static void convert_pixel(const struct exr *exr, const float *from, uint16_t *to)
{
    int colours = exr->bands - exr->alpha;
    float alpha = exr->alpha ? from[colours] : 1;

    for (int band = 0; band < colours; band++)
        to[band] = to_srgb(exr, alpha > 0 && alpha < 1 ? from[band] / alpha : from[band]);
    if (exr->alpha)
        to[colours] = (uint16_t)((alpha > 0 ? (alpha < 1 ? alpha : 1) : 0) * (double)DEEP_MOST + 0.5);
}

/* Puts what was decoded of a chunk, floats of all bands, to its place. */
static void place_chunk(struct exr *exr, const float *light, const exr_chunk_info_t *chunk, int x, int y)
{
    for (int row = 0; row < chunk->height && y + row < exr->height; row++)
        for (int column = 0; column < chunk->width && x + column < exr->width; column++)
            convert_pixel(exr,
                          light + ((size_t)row * (size_t)chunk->width + (size_t)column) * (size_t)exr->bands,
                          exr->pixels + ((size_t)(y + row) * (size_t)exr->width + (size_t)(x + column)) *
                                            (size_t)exr->bands);
}

static void aim_channels(const struct exr *exr, exr_decode_pipeline_t *pipeline, float *light)
{
    int pixel = exr->bands * (int)sizeof *light;

    for (int i = 0; i < pipeline->channel_count; i++) {
        exr_coding_channel_info_t *channel = &pipeline->channels[i];
        int band = band_of(exr, channel->channel_name);

        channel->decode_to_ptr = band < 0 ? NULL : (uint8_t *)(light + band);
        channel->user_pixel_stride = pixel;
        channel->user_line_stride = pixel * channel->width;
        channel->user_bytes_per_element = (int16_t)sizeof *light;
        channel->user_data_type = EXR_PIXEL_FLOAT;
    }
}

/* The chunk that lies at @x, @y of the picture. */
static int decode_chunk(struct exr *exr, const exr_chunk_info_t *chunk, int x, int y)
{
    exr_decode_pipeline_t pipeline = EXR_DECODE_PIPELINE_INITIALIZER;
    size_t samples = (size_t)chunk->width * (size_t)chunk->height * (size_t)exr->bands;
    float *light = g_try_new0(float, samples);
    exr_result_t code;

    if (!light) {
        vips_error(DOMAIN, "out of memory");
        return -1;
    }
    code = exr_decoding_initialize(exr->context, PART, chunk, &pipeline);
    if (code == EXR_ERR_SUCCESS) {
        aim_channels(exr, &pipeline, light);
        code = exr_decoding_choose_default_routines(exr->context, PART, &pipeline);
    }
    if (code == EXR_ERR_SUCCESS)
        code = exr_decoding_run(exr->context, PART, &pipeline);
    if (code == EXR_ERR_SUCCESS)
        place_chunk(exr, light, chunk, x, y);
    exr_decoding_destroy(exr->context, &pipeline);
    g_free(light);
    return result_of(code);
}

static int decode_scanlines(struct exr *exr)
{
    int32_t rows = 0;

    if (result_of(exr_get_scanlines_per_chunk(exr->context, PART, &rows)) != 0 || rows < 1)
        return -1;
    for (int y = 0; y < exr->height; y += rows) {
        exr_chunk_info_t chunk;

        if (result_of(exr_read_scanline_chunk_info(exr->context, PART, exr->top + y, &chunk)) != 0 ||
            decode_chunk(exr, &chunk, 0, y) != 0)
            return -1;
    }
    return 0;
}

static int decode_tiles(struct exr *exr)
{
    int32_t width = 0, height = 0;

    if (result_of(exr_get_tile_sizes(exr->context, PART, 0, 0, &width, &height)) != 0 || width < 1 ||
        height < 1)
        return -1;
    for (int row = 0; row <= (exr->height - 1) / height; row++)
        for (int column = 0; column <= (exr->width - 1) / width; column++) {
            exr_chunk_info_t chunk;

            if (result_of(exr_read_tile_chunk_info(exr->context, PART, column, row, 0, 0, &chunk)) != 0 ||
                decode_chunk(exr, &chunk, column * width, row * height) != 0)
                return -1;
        }
    return 0;
}

static int decode_chunks(struct exr *exr)
{
    exr_storage_t storage;

    if (result_of(exr_get_storage(exr->context, PART, &storage)) != 0)
        return -1;
    if (storage == EXR_STORAGE_SCANLINE)
        return decode_scanlines(exr);
    if (storage == EXR_STORAGE_TILED)
        return decode_tiles(exr);
    vips_error(DOMAIN, "it is a deep picture, of which there is no one way to make a flat one");
    return -1;
}

static int decode(struct exr *exr)
{
    int r = -1;

    exr->pixels = g_try_new0(uint16_t, (size_t)exr->width * (size_t)exr->height * (size_t)exr->bands);
    exr->curve = g_try_new(double, CURVE_STEPS + 1);
    if (!exr->pixels || !exr->curve)
        vips_error(DOMAIN, "out of memory");
    else {
        make_curve(exr->curve);
        r = decode_chunks(exr);
    }
    g_clear_pointer(&exr->curve, g_free);
    if (r != 0)
        g_clear_pointer(&exr->pixels, g_free);
    return r;
}

static int generate(VipsRegion *out, void *sequence, void *a, void *b, gboolean *stop)
{
    struct exr *exr = a;
    const VipsRect *part = &out->valid;
    int r = 0;

    (void)sequence, (void)b, (void)stop;
    g_mutex_lock(&exr->lock);
    if (!exr->pixels)
        r = decode(exr);
    g_mutex_unlock(&exr->lock);

    for (int y = 0; r == 0 && y < part->height; y++)
        memcpy(VIPS_REGION_ADDR(out, part->left, part->top + y),
               exr->pixels +
                   ((size_t)(part->top + y) * (size_t)exr->width + (size_t)part->left) * (size_t)exr->bands,
               (size_t)part->width * (size_t)exr->bands * sizeof *exr->pixels);
    return r;
}

int exr_open(const void *data, size_t size, VipsImage **ret)
{
    _cleanup_image_ VipsImage *image = vips_image_new();
    struct exr *exr = g_new0(struct exr, 1);

    exr->data = data;
    exr->size = size;
    g_mutex_init(&exr->lock);
    g_signal_connect(image, "postclose", G_CALLBACK(close_with), exr);
    if (read_header(exr) != 0)
        return -1;

    vips_image_init_fields(image, exr->width, exr->height, exr->bands, VIPS_FORMAT_USHORT, VIPS_CODING_NONE,
                           exr->bands < 3 ? VIPS_INTERPRETATION_GREY16 : VIPS_INTERPRETATION_RGB16, 1, 1);
    if (vips_image_pipelinev(image, VIPS_DEMAND_STYLE_FATSTRIP, NULL) != 0 ||
        vips_image_generate(image, NULL, generate, NULL, exr, NULL) != 0)
        return -1;
    *ret = take_ptr(image);
    return 0;
}
