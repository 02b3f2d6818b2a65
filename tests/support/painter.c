/* SPDX-License-Identifier: GPL-2.0-or-later */
/* painter - see painter.h. */
#include "painter.h"

#include "base/cleanup.h"
#include "base/fd_io.h"

#include <check.h>
#include <endian.h>
#include <jpeglib.h>
#include <libheif/heif.h>
#include <png.h>
#include <setjmp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <webp/decode.h>

enum { JPEG_QUALITY = 85, BANDS = 3, MAGIC_BYTES = 8, RIFF_SIZE_AT = 4, FILE_BYTES_MAX = 64 << 20 };

/* Slopes that the seed tilts, with some grain: no two seeds make one picture. */
static void paint_row(uint8_t *row, int y, int width, int height, unsigned seed)
{
    uint32_t grain = seed * 2654435761u + (uint32_t)y * 40503u + 1;

    for (int x = 0; x < width; x++) {
        grain = grain * 1664525u + 1013904223u;
        row[BANDS * x] = (uint8_t)(x * 255 / width + (int)(seed % 7) * 9);
        row[BANDS * x + 1] = (uint8_t)(y * 255 / height + (int)(seed % 11) * 7);
        row[BANDS * x + 2] =
            (uint8_t)((x + y) * 127 / (width + height) + (int)(grain >> 29) + (int)(seed % 97));
    }
}

static void paint_jpeg(FILE *file, int width, int height, unsigned seed)
{
    _cleanup_free_ uint8_t *row = malloc((size_t)width * BANDS);
    struct jpeg_error_mgr errors;
    struct jpeg_compress_struct jpeg;

    ck_assert_ptr_nonnull(row);
    jpeg.err = jpeg_std_error(&errors); /* which exits, and so ends the test */
    jpeg_create_compress(&jpeg);
    jpeg_stdio_dest(&jpeg, file);
    jpeg.image_width = (JDIMENSION)width;
    jpeg.image_height = (JDIMENSION)height;
    jpeg.input_components = BANDS;
    jpeg.in_color_space = JCS_RGB;
    jpeg_set_defaults(&jpeg);
    jpeg_set_quality(&jpeg, JPEG_QUALITY, TRUE);

    jpeg_start_compress(&jpeg, TRUE);
    for (int y = 0; y < height; y++) {
        JSAMPROW rows[1] = { row };

        paint_row(row, y, width, height, seed);
        jpeg_write_scanlines(&jpeg, rows, 1);
    }
    jpeg_finish_compress(&jpeg);
    jpeg_destroy_compress(&jpeg);
}

static void paint_png(FILE *file, int width, int height, unsigned seed)
{
    _cleanup_free_ uint8_t *pixels = malloc((size_t)width * (size_t)height * BANDS);
    png_image png = { .version = PNG_IMAGE_VERSION,
                      .width = (png_uint_32)width,
                      .height = (png_uint_32)height,
                      .format = PNG_FORMAT_RGB,
                      .flags = PNG_IMAGE_FLAG_FAST };

    ck_assert_ptr_nonnull(pixels);
    for (int y = 0; y < height; y++)
        paint_row(pixels + (size_t)y * (size_t)width * BANDS, y, width, height, seed);
    ck_assert_msg(png_image_write_to_stdio(&png, file, 0, pixels, 0, NULL), "%s", png.message);
}

void painter_paint(const char *path, int width, int height, unsigned seed)
{
    const char *dot = strrchr(path, '.');
    FILE *file = fopen(path, "we");

    ck_assert_msg(file, "%s: %m", path);
    if (dot && strcasecmp(dot, ".png") == 0)
        paint_png(file, width, height, seed);
    else
        paint_jpeg(file, width, height, seed);
    ck_assert_int_eq(fclose(file), 0);
}

/* ---- reading ---- */

struct careful_errors {
    struct jpeg_error_mgr base;
    jmp_buf out;
};

static void give_up(j_common_ptr jpeg)
{
    longjmp(((struct careful_errors *)jpeg->err)->out, 1);
}

static void be_silent(j_common_ptr jpeg)
{
    (void)jpeg;
}

/* A file that was cut short is a warning to libjpeg, which fills it up with grey. */
static bool read_jpeg(FILE *file, struct painted *ret)
{
    struct careful_errors errors;
    struct jpeg_decompress_struct jpeg;
    uint8_t *volatile row = NULL;
    bool whole;

    jpeg.err = jpeg_std_error(&errors.base);
    errors.base.error_exit = give_up;
    errors.base.output_message = be_silent;
    if (setjmp(errors.out)) {
        jpeg_destroy_decompress(&jpeg);
        free(row);
        return false;
    }

    jpeg_create_decompress(&jpeg);
    jpeg_stdio_src(&jpeg, file);
    jpeg_read_header(&jpeg, TRUE);
    jpeg_start_decompress(&jpeg);
    row = malloc((size_t)jpeg.output_width * (size_t)jpeg.output_components);
    while (row && jpeg.output_scanline < jpeg.output_height) {
        JSAMPROW rows[1] = { row };

        jpeg_read_scanlines(&jpeg, rows, 1);
    }
    *ret = (struct painted){ .width = (int)jpeg.output_width, .height = (int)jpeg.output_height };
    jpeg_finish_decompress(&jpeg);
    whole = row && errors.base.num_warnings == 0;
    jpeg_destroy_decompress(&jpeg);
    free(row);
    return whole;
}

static bool read_png(FILE *file, struct painted *ret)
{
    png_image png = { .version = PNG_IMAGE_VERSION };
    _cleanup_free_ uint8_t *pixels = NULL;
    bool whole;

    if (!png_image_begin_read_from_stdio(&png, file))
        return false;
    png.format = PNG_FORMAT_RGBA;
    *ret = (struct painted){ .width = (int)png.width, .height = (int)png.height };
    pixels = malloc(PNG_IMAGE_SIZE(png));
    whole = pixels && png_image_finish_read(&png, NULL, pixels, 0, NULL);
    png_image_free(&png);
    return whole;
}

static bool read_webp(FILE *file, struct painted *ret)
{
    _cleanup_free_ char *data = NULL;
    uint32_t riff_bytes;
    uint8_t *pixels;
    size_t size;

    if (lseek(fileno(file), 0, SEEK_SET) < 0 || fd_read_file(fileno(file), FILE_BYTES_MAX, &data, &size) < 0)
        return false;
    memcpy(&riff_bytes, data + RIFF_SIZE_AT, sizeof riff_bytes);
    if (le32toh(riff_bytes) + RIFF_SIZE_AT + sizeof riff_bytes != size)
        return false;
    pixels = WebPDecodeRGBA((const uint8_t *)data, size, &ret->width, &ret->height);
    WebPFree(pixels);
    return pixels;
}

static bool read_heif(FILE *file, struct painted *ret)
{
    struct heif_context *context = heif_context_alloc();
    struct heif_image_handle *handle = NULL;
    struct heif_image *image = NULL;
    _cleanup_free_ char *data = NULL;
    bool whole;
    size_t size;

    whole = lseek(fileno(file), 0, SEEK_SET) == 0 &&
            fd_read_file(fileno(file), FILE_BYTES_MAX, &data, &size) == 0 &&
            heif_context_read_from_memory_without_copy(context, data, size, NULL).code == heif_error_Ok &&
            heif_context_get_primary_image_handle(context, &handle).code == heif_error_Ok &&
            heif_decode_image(handle, &image, heif_colorspace_RGB, heif_chroma_interleaved_RGBA, NULL).code ==
                heif_error_Ok;
    if (whole) {
        ret->width = heif_image_get_primary_width(image);
        ret->height = heif_image_get_primary_height(image);
    }
    if (image)
        heif_image_release(image);
    if (handle)
        heif_image_handle_release(handle);
    heif_context_free(context);
    return whole;
}

bool painter_read(const char *path, struct painted *ret)
{
    _cleanup_file_ FILE *file = fopen(path, "re");
    unsigned char magic[MAGIC_BYTES];

    if (!file || fread(magic, 1, sizeof magic, file) != sizeof magic)
        return false;
    rewind(file);
    if (memcmp(magic, "RIFF", 4) == 0)
        return read_webp(file, ret);
    if (memcmp(magic + 4, "ftyp", 4) == 0)
        return read_heif(file, ret);
    return png_sig_cmp(magic, 0, sizeof magic) == 0 ? read_png(file, ret) : read_jpeg(file, ret);
}
