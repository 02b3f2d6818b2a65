/* SPDX-License-Identifier: GPL-2.0-or-later */
/* picture_file_heif - see picture_file.h: HEIC and AVIF, colours in full resolution and at the best quality. */
#include "picture_file.h"

#include "base/cleanup.h"

#include <check.h>
#include <libheif/heif.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { BITS_8 = 8, BEST = 100, EXIF_OFFSET_BYTES = 4 };

static void must(struct heif_error error)
{
    ck_assert_msg(error.code == heif_error_Ok, "libheif: %s", error.message);
}

static enum heif_chroma chroma_of(bool alpha, int depth)
{
    if (depth == BITS_8)
        return alpha ? heif_chroma_interleaved_RGBA : heif_chroma_interleaved_RGB;
    return alpha ? heif_chroma_interleaved_RRGGBBAA_LE : heif_chroma_interleaved_RRGGBB_LE;
}

static void put_row(uint8_t *row, const double *samples, size_t count, int depth)
{
    double max = (1 << depth) - 1;

    for (size_t i = 0; i < count; i++) {
        long value = lrint(max * samples[i]);

        if (depth == BITS_8) {
            row[i] = (uint8_t)value;
        } else {
            row[2 * i] = (uint8_t)value;
            row[2 * i + 1] = (uint8_t)(value >> BITS_8);
        }
    }
}

static struct heif_image *image_of(const struct raster *raster, int depth)
{
    struct heif_image *image;
    uint8_t *plane;
    int stride;

    ck_assert_int_eq(raster->colours, RASTER_RGB);
    must(heif_image_create(raster->width, raster->height, heif_colorspace_RGB,
                           chroma_of(raster->alpha, depth), &image));
    must(heif_image_add_plane(image, heif_channel_interleaved, raster->width, raster->height, depth));
    plane = heif_image_get_plane(image, heif_channel_interleaved, &stride);
    for (int y = 0; y < raster->height; y++)
        put_row(plane + (size_t)y * (size_t)stride, raster_at(raster, 0, y),
                (size_t)raster->width * (size_t)raster_bands(raster), depth);
    return image;
}

static struct heif_error append(struct heif_context *context, const void *data, size_t size, void *file)
{
    static const struct heif_error fine = { heif_error_Ok, heif_suberror_Unspecified, "" };

    (void)context;
    *(struct stored *)file = stored_copy(data, size);
    return fine;
}

static void encode_into(struct heif_context *context, struct heif_image *image, const struct coding *coding)
{
    struct heif_encoding_options *options = heif_encoding_options_alloc();
    struct heif_image_handle *handle;
    struct heif_encoder *encoder;
    const struct blocks *blocks = &coding->blocks;

    must(heif_context_get_encoder_for_format(
        context, coding->format == FORMAT_AVIF ? heif_compression_AV1 : heif_compression_HEVC, &encoder));
    must(heif_encoder_set_lossy_quality(encoder, coding->quality ?: BEST));
    must(heif_encoder_set_parameter_string(encoder, "chroma", "444"));
    if (blocks->icc.size > 0)
        must(heif_image_set_raw_color_profile(image, "prof", blocks->icc.data, blocks->icc.size));
    if (coding->orientation > 0)
        options->image_orientation = (enum heif_orientation)coding->orientation;
    must(heif_context_encode_image(context, image, encoder, options, &handle));
    if (blocks->exif.size > 0)
        must(heif_context_add_exif_metadata(context, handle, blocks->exif.data, (int)blocks->exif.size));
    if (blocks->xmp.size > 0)
        must(heif_context_add_XMP_metadata(context, handle, blocks->xmp.data, (int)blocks->xmp.size));
    heif_image_handle_release(handle);
    heif_encoder_release(encoder);
    heif_encoding_options_free(options);
}

struct stored heif_encode(const struct raster *raster, const struct coding *coding)
{
    struct heif_writer writer = { .writer_api_version = 1, .write = append };
    struct heif_image *image = image_of(raster, coding->depth ?: BITS_8);
    struct heif_context *context = heif_context_alloc();
    struct stored file = { NULL, 0 };

    encode_into(context, image, coding);
    must(heif_context_write(context, &writer, &file));
    heif_image_release(image);
    heif_context_free(context);
    return file;
}

/* ---- reading ---- */

static void read_blocks(struct heif_image_handle *handle, struct blocks *ret)
{
    size_t size = heif_image_handle_get_raw_color_profile_size(handle);
    heif_item_id id;

    if (size > 0) {
        ret->icc = (struct stored){ malloc(size), size };
        must(heif_image_handle_get_raw_color_profile(handle, ret->icc.data));
    }
    if (heif_image_handle_get_list_of_metadata_block_IDs(handle, "Exif", &id, 1) == 1) {
        size = heif_image_handle_get_metadata_size(handle, id);
        ck_assert_uint_gt(size, EXIF_OFFSET_BYTES);
        ret->exif = (struct stored){ malloc(size), size };
        must(heif_image_handle_get_metadata(handle, id, ret->exif.data));
        /* A number of bytes to skip goes before the TIFF header. */
        size_t skip = EXIF_OFFSET_BYTES + ret->exif.data[EXIF_OFFSET_BYTES - 1];

        ck_assert_uint_lt(skip, size);
        ret->exif.size -= skip;
        memmove(ret->exif.data, ret->exif.data + skip, ret->exif.size);
    }
}

struct raster heif_decode(const struct stored *file, struct blocks *ret_blocks)
{
    struct heif_context *context = heif_context_alloc();
    struct heif_image_handle *handle;
    struct heif_image *image;
    struct raster raster;
    const uint8_t *plane;
    bool alpha;
    int stride;

    must(heif_context_read_from_memory_without_copy(context, file->data, file->size, NULL));
    must(heif_context_get_primary_image_handle(context, &handle));
    alpha = heif_image_handle_has_alpha_channel(handle);
    must(heif_decode_image(handle, &image, heif_colorspace_RGB, chroma_of(alpha, BITS_8), NULL));
    plane = heif_image_get_plane_readonly(image, heif_channel_interleaved, &stride);
    raster = raster_make(heif_image_get_width(image, heif_channel_interleaved),
                         heif_image_get_height(image, heif_channel_interleaved), RASTER_RGB, alpha);
    for (int y = 0; y < raster.height; y++)
        for (int i = 0; i < raster.width * raster_bands(&raster); i++)
            raster_at(&raster, 0, y)[i] = plane[(size_t)y * (size_t)stride + (size_t)i] / 255.0;
    read_blocks(handle, ret_blocks);
    heif_image_release(image);
    heif_image_handle_release(handle);
    heif_context_free(context);
    return raster;
}
