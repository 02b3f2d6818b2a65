/* SPDX-License-Identifier: GPL-2.0-or-later */
/* picture_file_png - see picture_file.h. */
#include "picture_file.h"

#include "base/cleanup.h"

#include <check.h>
#include <math.h>
#include <png.h>
#include <stdlib.h>
#include <string.h>

enum { BITS_8 = 8, BITS_16 = 16, IHDR_DEPTH_AT = 24 };

static void give_up(png_structp png, png_const_charp message)
{
    (void)png;
    ck_abort_msg("libpng: %s", message);
}

static void ignore(png_structp png, png_const_charp message)
{
    (void)png;
    (void)message;
}

static int type_of(const struct raster *raster)
{
    ck_assert_int_ne(raster->colours, RASTER_CMYK);
    if (raster->colours == RASTER_GREY)
        return raster->alpha ? PNG_COLOR_TYPE_GRAY_ALPHA : PNG_COLOR_TYPE_GRAY;
    return raster->alpha ? PNG_COLOR_TYPE_RGB_ALPHA : PNG_COLOR_TYPE_RGB;
}

/* ---- writing ---- */

static void append(png_structp png, png_bytep data, size_t size)
{
    struct stored *file = png_get_io_ptr(png);

    file->data = realloc(file->data, file->size + size);
    ck_assert_ptr_nonnull(file->data);
    memcpy(file->data + file->size, data, size);
    file->size += size;
}

static void write_rows(png_structp png, const struct raster *raster, int depth)
{
    size_t samples = (size_t)raster->width * (size_t)raster_bands(raster);
    double top = (1 << depth) - 1;
    _cleanup_free_ png_byte *row = malloc(2 * samples);

    ck_assert_ptr_nonnull(row);
    for (int y = 0; y < raster->height; y++) {
        png_byte *next = row;

        for (size_t i = 0; i < samples; i++) {
            unsigned value = (unsigned)lrint(top * raster_at(raster, 0, y)[i]);

            if (depth == BITS_16)
                *next++ = (png_byte)(value >> 8);
            *next++ = (png_byte)value;
        }
        png_write_row(png, row);
    }
}

static void write_blocks(png_structp png, png_infop info, const struct blocks *blocks)
{
    if (blocks->icc.size > 0)
        png_set_iCCP(png, info, "profile", PNG_COMPRESSION_TYPE_BASE, blocks->icc.data,
                     (png_uint_32)blocks->icc.size);
    if (blocks->exif.size > 0)
        png_set_eXIf_1(png, info, (png_uint_32)blocks->exif.size, blocks->exif.data);
    if (blocks->xmp.size > 0) {
        png_text text = { .compression = PNG_ITXT_COMPRESSION_NONE, .key = (char *)"XML:com.adobe.xmp" };
        _cleanup_free_ char *packet = strndup((char *)blocks->xmp.data, blocks->xmp.size);

        text.text = packet;
        png_set_text(png, info, &text, 1);
    }
}

struct stored png_encode(const struct raster *raster, const struct coding *coding)
{
    int depth = coding->depth > 0 ? coding->depth : BITS_8;
    struct stored file = { NULL, 0 };
    png_structp png = png_create_write_struct(PNG_LIBPNG_VER_STRING, NULL, give_up, ignore);
    png_infop info = png_create_info_struct(png);

    /* A broken profile is written as well. */
    png_set_benign_errors(png, 1);
    png_set_option(png, PNG_SKIP_sRGB_CHECK_PROFILE, PNG_OPTION_ON);
    png_set_write_fn(png, &file, append, NULL);
    png_set_IHDR(png, info, (png_uint_32)raster->width, (png_uint_32)raster->height, depth, type_of(raster),
                 PNG_INTERLACE_NONE, PNG_COMPRESSION_TYPE_DEFAULT, PNG_FILTER_TYPE_DEFAULT);
    write_blocks(png, info, &coding->blocks);
    png_write_info(png, info);
    write_rows(png, raster, depth);
    png_write_end(png, info);
    png_destroy_write_struct(&png, &info);
    return file;
}

/* ---- reading ---- */

struct reader {
    const struct stored *file;
    size_t at;
};

static void take(png_structp png, png_bytep data, size_t size)
{
    struct reader *reader = png_get_io_ptr(png);

    ck_assert_uint_le(reader->at + size, reader->file->size);
    memcpy(data, reader->file->data + reader->at, size);
    reader->at += size;
}

static void read_blocks(png_structp png, png_infop info, struct blocks *ret)
{
    png_charp name;
    png_bytep data;
    png_uint_32 size;
    png_textp texts;
    int compression, count = 0;

    if (png_get_iCCP(png, info, &name, &compression, &data, &size))
        ret->icc = stored_copy(data, size);
    if (png_get_eXIf_1(png, info, &size, &data))
        ret->exif = stored_copy(data, size);
    png_get_text(png, info, &texts, &count);
    for (int i = 0; i < count; i++)
        if (strcmp(texts[i].key, "XML:com.adobe.xmp") == 0)
            ret->xmp = stored_copy(texts[i].text, strlen(texts[i].text));
}

static struct raster read_rows(png_structp png, png_infop info)
{
    int type = png_get_color_type(png, info), depth = png_get_bit_depth(png, info);
    struct raster raster =
        raster_make((int)png_get_image_width(png, info), (int)png_get_image_height(png, info),
                    type & PNG_COLOR_MASK_COLOR ? RASTER_RGB : RASTER_GREY, type & PNG_COLOR_MASK_ALPHA);
    size_t samples = (size_t)raster.width * (size_t)raster_bands(&raster);
    _cleanup_free_ png_byte *row = malloc(2 * samples);

    ck_assert_ptr_nonnull(row);
    for (int y = 0; y < raster.height; y++) {
        png_read_row(png, row, NULL);
        for (size_t i = 0; i < samples; i++)
            raster_at(&raster, 0, y)[i] =
                depth == BITS_16 ? (row[2 * i] << 8 | row[2 * i + 1]) / 65535.0 : row[i] / 255.0;
    }
    return raster;
}

struct raster png_decode(const struct stored *file, struct blocks *ret_blocks)
{
    struct reader reader = { file, 0 };
    png_structp png = png_create_read_struct(PNG_LIBPNG_VER_STRING, NULL, give_up, ignore);
    png_infop info = png_create_info_struct(png);
    struct raster raster;

    png_set_read_fn(png, &reader, take);
    png_read_info(png, info);
    png_set_expand(png); /* palettes and small depths; what is transparent becomes alpha */
    png_read_update_info(png, info);
    raster = read_rows(png, info);
    png_read_end(png, info);
    read_blocks(png, info, ret_blocks);
    png_destroy_read_struct(&png, &info, NULL);
    return raster;
}

int picture_png_depth(const struct stored *file)
{
    ck_assert_uint_gt(file->size, IHDR_DEPTH_AT);
    return file->data[IHDR_DEPTH_AT];
}
