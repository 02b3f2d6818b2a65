/* SPDX-License-Identifier: GPL-2.0-or-later */
/* pictures - small pictures for tests of lib/image, made and measured with libvips, after picture_start().
 *
 * Everything aborts the test when libvips fails. What engine_start() allows is enough to make the sources. */
#ifndef DARKROOM_TESTS_PICTURES_H
#define DARKROOM_TESTS_PICTURES_H

#include "image/engine.h"
#include "recipe/format.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>

/* A picture as a file; bytes_release() frees it. */
struct bytes {
    void *data;
    size_t size;
};

static inline void bytes_release(struct bytes *bytes)
{
    g_free(bytes->data);
    *bytes = (struct bytes){ NULL, 0 };
}

#define vips_must(call) ck_assert_msg((call) == 0, "%s", vips_error_buffer())

/* A fixture: starts the engine in the test's own process. */
static inline void picture_start(void)
{
    static bool started;
    struct error error;

    ck_assert_msg(started || engine_start(&error) == 0, "%s", error.text);
    started = true;
}

/* Nothing in the one process of all tests (CK_FORK=no): libvips does not start twice. */
static inline void picture_stop(void)
{
    const char *fork = getenv("CK_FORK");

    if (!fork || strcmp(fork, "no") != 0)
        engine_stop();
}

/* Smooth and coloured, and different in every row, column and band. */
static inline uint8_t picture_value(int x, int y, int band, int width, int height)
{
    int along = 255 * x / (width > 1 ? width - 1 : 1), down = 255 * y / (height > 1 ? height - 1 : 1);

    switch (band) {
    case 0:
        return (uint8_t)along;
    case 1:
        return (uint8_t)down;
    case 2:
        return (uint8_t)((along + down) / 2);
    default:
        return (uint8_t)(255 - along / 2);
    }
}

static inline VipsImage *picture_make(int width, int height, int bands)
{
    size_t size = (size_t)width * height * bands;
    uint8_t *pixels = malloc(size), *next = pixels;
    VipsImage *image;

    ck_assert_ptr_nonnull(pixels);
    for (int y = 0; y < height; y++)
        for (int x = 0; x < width; x++)
            for (int band = 0; band < bands; band++)
                *next++ = picture_value(x, y, bands < 3 && band == 1 ? 3 : band, width, height);

    image = vips_image_new_from_memory_copy(pixels, size, width, height, bands, VIPS_FORMAT_UCHAR);
    ck_assert_ptr_nonnull(image);
    image->Type = bands < 3 ? VIPS_INTERPRETATION_B_W : VIPS_INTERPRETATION_sRGB;
    free(pixels);
    return image;
}

/* The same picture, 16 bits deep. */
static inline VipsImage *picture_make_deep(int width, int height, int bands)
{
    _cleanup_image_ VipsImage *shallow = picture_make(width, height, bands), *scaled = NULL, *deep = NULL;
    VipsImage *typed = NULL;

    vips_must(vips_linear1(shallow, &scaled, 257, 0, NULL));
    vips_must(vips_cast_ushort(scaled, &deep, NULL));
    vips_must(vips_copy(deep, &typed, "interpretation",
                        bands < 3 ? VIPS_INTERPRETATION_GREY16 : VIPS_INTERPRETATION_RGB16, NULL));
    return typed;
}

/* Saves at high quality with all metadata; @profile is one of libvips' own ("srgb", "p3", "cmyk") or NULL. */
static inline struct bytes picture_save(VipsImage *image, enum format format, const char *profile)
{
    struct bytes bytes = { NULL, 0 };

    switch (format) {
    case FORMAT_JPEG:
        vips_must(vips_jpegsave_buffer(image, &bytes.data, &bytes.size, "Q", 95, "profile", profile, NULL));
        break;
    case FORMAT_TIFF:
        vips_must(vips_tiffsave_buffer(image, &bytes.data, &bytes.size, "compression",
                                       VIPS_FOREIGN_TIFF_COMPRESSION_DEFLATE, "profile", profile, NULL));
        break;
    case FORMAT_PNG:
        vips_must(vips_pngsave_buffer(image, &bytes.data, &bytes.size, "profile", profile, NULL));
        break;
    default:
        vips_must(vips_webpsave_buffer(image, &bytes.data, &bytes.size, "lossless", TRUE, "profile", profile,
                                       NULL));
        break;
    }
    return bytes;
}

/* Gives @image the tag, in a way that every saver stores. */
static inline void picture_set_orientation(VipsImage *image, int orientation)
{
    static const unsigned char exif[] =
        "Exif\0\0II*\0\x08\0\0\0\x01\0\x12\x01\x03\0\x01\0\0\0\x01\0\0\0\0\0\0";

    vips_image_set_blob_copy(image, VIPS_META_EXIF_NAME, exif, sizeof exif);
    vips_image_set_int(image, VIPS_META_ORIENTATION, orientation);
}

/* A gradient of the given size as a file. */
static inline struct bytes picture_file(int width, int height, int bands, enum format format)
{
    _cleanup_image_ VipsImage *image = picture_make(width, height, bands);

    return picture_save(image, format, NULL);
}

/* Opens a file in memory; it must outlive the picture. */
static inline VipsImage *picture_open(const void *data, size_t size)
{
    enum format format;
    VipsImage *image = NULL;

    ck_assert_int_eq(format_detect(data, size, &format), 0);
    if (format == FORMAT_JPEG)
        vips_must(vips_jpegload_buffer((void *)data, size, &image, NULL));
    else if (format == FORMAT_PNG)
        vips_must(vips_pngload_buffer((void *)data, size, &image, NULL));
    else
        vips_must(vips_webpload_buffer((void *)data, size, &image, NULL));
    return image;
}

/* All of a sealed memory file. */
static inline struct bytes picture_read(int fd)
{
    struct bytes bytes = { NULL, 0 };
    struct stat st;

    ck_assert_int_eq(fstat(fd, &st), 0);
    bytes.size = (size_t)st.st_size;
    bytes.data = g_malloc(bytes.size);
    ck_assert_int_eq(pread(fd, bytes.data, bytes.size, 0), (ssize_t)bytes.size);
    return bytes;
}

/* One band of one pixel. */
static inline double picture_pixel(VipsImage *image, int x, int y, int band)
{
    double *values = NULL, value;
    int count;

    vips_must(vips_getpoint(image, &values, &count, x, y, NULL));
    ck_assert_int_lt(band, count);
    value = values[band];
    g_free(values);
    return value;
}

static inline void assert_pixel(VipsImage *image, int x, int y, int band, double wanted, double tolerance)
{
    double got = picture_pixel(image, x, y, band);

    ck_assert_msg(got >= wanted - tolerance && got <= wanted + tolerance,
                  "pixel %d, %d band %d is %g, not %g ± %g", x, y, band, got, wanted, tolerance);
}

/* True when @text stands anywhere in the file. */
static inline bool bytes_contain(const struct bytes *bytes, const char *text)
{
    return memmem(bytes->data, bytes->size, text, strlen(text)) != NULL;
}

#endif
