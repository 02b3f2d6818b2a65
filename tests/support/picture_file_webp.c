/* SPDX-License-Identifier: GPL-2.0-or-later */
/* picture_file_webp - see picture_file.h. Written without loss, and with the colours of what is transparent. */
#include "picture_file.h"

#include "base/cleanup.h"

#include <check.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <webp/decode.h>
#include <webp/encode.h>
#include <webp/mux.h>

enum { MAX = 255, RGBA = 4 };

/* WebP has no grey. */
static uint8_t *pixels_of(const struct raster *raster)
{
    uint8_t *pixels = malloc((size_t)raster->width * (size_t)raster->height * RGBA), *next = pixels;

    ck_assert_ptr_nonnull(pixels);
    ck_assert_int_ne(raster->colours, RASTER_CMYK);
    for (int y = 0; y < raster->height; y++)
        for (int x = 0; x < raster->width; x++) {
            const double *pixel = raster_at(raster, x, y);

            for (int band = 0; band < RASTER_RGB; band++)
                *next++ = (uint8_t)lrint(MAX * pixel[raster->colours == RASTER_GREY ? 0 : band]);
            *next++ = (uint8_t)lrint(MAX * (raster->alpha ? pixel[raster->colours] : 1));
        }
    return pixels;
}

static struct stored encode_pixels(const struct raster *raster)
{
    _cleanup_free_ uint8_t *pixels = pixels_of(raster);
    WebPMemoryWriter writer;
    WebPPicture picture;
    WebPConfig config;

    ck_assert(WebPConfigInit(&config) && WebPPictureInit(&picture));
    config.lossless = 1;
    config.exact = 1;
    picture.use_argb = 1;
    picture.width = raster->width;
    picture.height = raster->height;
    WebPMemoryWriterInit(&writer);
    picture.writer = WebPMemoryWrite;
    picture.custom_ptr = &writer;

    ck_assert(WebPPictureImportRGBA(&picture, pixels, raster->width * RGBA));
    ck_assert_msg(WebPEncode(&config, &picture), "libwebp: error %d", picture.error_code);
    WebPPictureFree(&picture);
    return (struct stored){ writer.mem, writer.size };
}

static void set_chunk(WebPMux *mux, const char *name, const struct stored *block)
{
    WebPData data = { block->data, block->size };

    if (block->size > 0)
        ck_assert_int_eq(WebPMuxSetChunk(mux, name, &data, 1), WEBP_MUX_OK);
}

struct stored webp_encode(const struct raster *raster, const struct coding *coding)
{
    _cleanup_stored_ struct stored bare = encode_pixels(raster);
    WebPData bitstream = { bare.data, bare.size }, whole;
    WebPMux *mux = WebPMuxCreate(&bitstream, 1);
    struct stored file;

    ck_assert_ptr_nonnull(mux);
    set_chunk(mux, "ICCP", &coding->blocks.icc);
    set_chunk(mux, "EXIF", &coding->blocks.exif);
    set_chunk(mux, "XMP ", &coding->blocks.xmp);
    ck_assert_int_eq(WebPMuxAssemble(mux, &whole), WEBP_MUX_OK);
    file = stored_copy(whole.bytes, whole.size);
    WebPDataClear(&whole);
    WebPMuxDelete(mux);
    return file;
}

static void get_chunk(const WebPMux *mux, const char *name, struct stored *ret)
{
    WebPData data;

    if (WebPMuxGetChunk(mux, name, &data) == WEBP_MUX_OK)
        *ret = stored_copy(data.bytes, data.size);
}

/* Some write what stands before EXIF in a JPEG here, too. */
static void drop_mark(struct stored *exif)
{
    static const char mark[] = "Exif\0";

    if (exif->size > sizeof mark && memcmp(exif->data, mark, sizeof mark) == 0) {
        exif->size -= sizeof mark;
        memmove(exif->data, exif->data + sizeof mark, exif->size);
    }
}

static void read_blocks(const struct stored *file, struct blocks *ret)
{
    WebPData bitstream = { file->data, file->size };
    WebPMux *mux = WebPMuxCreate(&bitstream, 0);

    ck_assert_ptr_nonnull(mux);
    get_chunk(mux, "ICCP", &ret->icc);
    get_chunk(mux, "EXIF", &ret->exif);
    get_chunk(mux, "XMP ", &ret->xmp);
    drop_mark(&ret->exif);
    WebPMuxDelete(mux);
}

struct raster webp_decode(const struct stored *file, struct blocks *ret_blocks)
{
    WebPBitstreamFeatures features;
    struct raster raster;
    uint8_t *pixels, *next;
    int width, height;

    ck_assert_int_eq(WebPGetFeatures(file->data, file->size, &features), VP8_STATUS_OK);
    pixels = next = WebPDecodeRGBA(file->data, file->size, &width, &height);
    ck_assert_ptr_nonnull(pixels);

    raster = raster_make(width, height, RASTER_RGB, features.has_alpha);
    for (int y = 0; y < height; y++)
        for (int x = 0; x < width; x++, next += RGBA)
            for (int band = 0; band < raster_bands(&raster); band++)
                raster_at(&raster, x, y)[band] = next[band] / (double)MAX;
    WebPFree(pixels);
    read_blocks(file, ret_blocks);
    return raster;
}
