/* SPDX-License-Identifier: GPL-2.0-or-later */
/* loaders - see loaders.h. */
#include "image/loaders.h"

#include "base/cleanup.h"
#include "image/drawing.h"
#include "image/exr.h"
#include "image/magick.h"
#include "image/png_decode.h"
#include "image/psd_rows.h"
#include "image/sgi_rows.h"
#include "image/svg_whole.h"
#include "image/webp_chunks.h"

#include <endian.h>
#include <string.h>

typedef int loader(const void *data, size_t size, const struct load_options *options, VipsImage **ret);
typedef bool wholeness(VipsImage *header, const void *data, size_t size);

static int load_jpeg(const void *data, size_t size, const struct load_options *options, VipsImage **ret)
{
    return vips_jpegload_buffer((void *)data, size, ret, "access", VIPS_ACCESS_SEQUENTIAL, "fail_on",
                                options->fail_on, "shrink", (int)options->shrink, NULL);
}

static bool may_decode_png(const void *data, size_t size, const struct load_options *options)
{
    return !options->header && png_decode_can(data, size) &&
           (options->fail_on < VIPS_FAIL_ON_WARNING || png_decode_ends_with_pixels(data, size));
}

/* libvips reads the header in any case, and what we do not decode ourselves. */
static int load_png(const void *data, size_t size, const struct load_options *options, VipsImage **ret)
{
    _cleanup_image_ VipsImage *image = NULL;
    int r = 1;

    if (vips_pngload_buffer((void *)data, size, &image, "access", VIPS_ACCESS_SEQUENTIAL, "fail_on",
                            options->fail_on, NULL) != 0)
        return -1;
    if (may_decode_png(data, size, options))
        r = png_decode_image(data, size, image, ret);
    if (r > 0)
        *ret = take_ptr(image);
    return r < 0 ? -1 : 0;
}

static int load_webp(const void *data, size_t size, const struct load_options *options, VipsImage **ret)
{
    return vips_webpload_buffer((void *)data, size, ret, "access", VIPS_ACCESS_SEQUENTIAL, "fail_on",
                                options->fail_on, "scale", 1.0 / options->shrink, "page", options->page, "n",
                                options->count, NULL);
}

static int load_tiff(const void *data, size_t size, const struct load_options *options, VipsImage **ret)
{
    return vips_tiffload_buffer((void *)data, size, ret, "access", VIPS_ACCESS_SEQUENTIAL, "fail_on",
                                options->fail_on, "page", options->page, "n", options->count, NULL);
}

static int load_gif(const void *data, size_t size, const struct load_options *options, VipsImage **ret)
{
    return vips_gifload_buffer((void *)data, size, ret, "access", VIPS_ACCESS_SEQUENTIAL, "fail_on",
                               options->fail_on, "page", options->page, "n", options->count, NULL);
}

/* The primary picture, which libvips takes when it is asked for no other. */
static int load_heif(const void *data, size_t size, const struct load_options *options, VipsImage **ret)
{
    return vips_heifload_buffer((void *)data, size, ret, "access", VIPS_ACCESS_SEQUENTIAL, "fail_on",
                                options->fail_on, NULL);
}

static int load_jxl(const void *data, size_t size, const struct load_options *options, VipsImage **ret)
{
    return vips_jxlload_buffer((void *)data, size, ret, "access", VIPS_ACCESS_SEQUENTIAL, "fail_on",
                               options->fail_on, NULL);
}

/* What is meant by what libvips and GLib say of a drawing's size. */
static const struct {
    const char *phrase, *meaning;
} size_complaints[] = {
    { "bad dimensions",
      "the drawing has no size, or less than a pixel: it needs a width and height, or a viewBox" },
    { "out of range for property",
      "the drawing is larger than can be counted: it needs a smaller width and height, or viewBox" },
};

static int explain_size(void)
{
    for (size_t i = 0; i < ARRAY_SIZE(size_complaints); i++)
        if (strstr(vips_error_buffer(), size_complaints[i].phrase)) {
            vips_error_clear();
            vips_error("svg", "%s", size_complaints[i].meaning);
            break;
        }
    return -1;
}

/* libvips makes one pixel of what is larger than it can count, with no more than a warning. */
static int load_svg_in_parts(const void *data, size_t size, const struct load_options *options,
                             VipsImage **ret)
{
    _cleanup_image_ VipsImage *image = NULL;

    vips_error_clear();
    if (vips_svgload_buffer((void *)data, size, &image, "access", VIPS_ACCESS_SEQUENTIAL, "fail_on",
                            options->fail_on, "scale", options->scale / options->shrink, NULL) != 0 ||
        vips_error_buffer()[0] != '\0')
        return explain_size();
    *ret = take_ptr(image);
    return 0;
}

/* The text is read twice, but never held twice. */
static int load_svg(const void *data, size_t size, const struct load_options *options, VipsImage **ret)
{
    VipsImage *image;
    int width, height;

    if (load_svg_in_parts(data, size, options, &image) != 0)
        return -1;
    width = vips_image_get_width(image);
    height = vips_image_get_height(image);
    if (options->header || !drawing_has_filters(data, size) || !svg_whole_can(width, height)) {
        *ret = image;
        return 0;
    }
    g_object_unref(image);
    return svg_whole_draw(data, size, width, height, ret);
}

/* poppler makes what it can of half a document, and does not say so. */
static bool pdf_has_end(const char *data, size_t size)
{
    static const char mark[] = "%%EOF";
    enum { TAIL_BYTES = 1024 };
    size_t tail = size < TAIL_BYTES ? size : TAIL_BYTES;

    return memmem(data + size - tail, tail, mark, sizeof mark - 1) != NULL;
}

static int load_pdf(const void *data, size_t size, const struct load_options *options, VipsImage **ret)
{
    if (options->fail_on >= VIPS_FAIL_ON_TRUNCATED && !pdf_has_end(data, size)) {
        vips_error("pdfload", "truncated: the end of the document is missing");
        return -1;
    }
    return vips_pdfload_buffer((void *)data, size, ret, "access", VIPS_ACCESS_SEQUENTIAL, "fail_on",
                               options->fail_on, "dpi", (double)options->density, "scale",
                               options->scale / options->shrink, "page", options->page, "n", options->count,
                               NULL);
}

static int load_jp2(const void *data, size_t size, const struct load_options *options, VipsImage **ret)
{
    return vips_jp2kload_buffer((void *)data, size, ret, "access", VIPS_ACCESS_SEQUENTIAL, "fail_on",
                                options->fail_on, NULL);
}

static int load_exr(const void *data, size_t size, const struct load_options *options, VipsImage **ret)
{
    (void)options;
    return exr_open(data, size, ret);
}

static int load_sgi(const void *data, size_t size, const struct load_options *options, VipsImage **ret)
{
    if (!options->header && options->fail_on >= VIPS_FAIL_ON_TRUNCATED && !sgi_rows_are_there(data, size)) {
        vips_error("sgi", "truncated: rows of the picture are missing");
        return -1;
    }
    return magick_open(FORMAT_SGI, data, size, options->header, options->fail_on, ret);
}

/* ImageMagick says no more than that the header does not fit the file, which is as long as that tells, or was. */
static int load_bmp(const void *data, size_t size, const struct load_options *options, VipsImage **ret)
{
    enum { LENGTH_AT = 2 };
    uint32_t length;
    int r = magick_open(FORMAT_BMP, data, size, options->header, options->fail_on, ret);

    if (r == 0 || size < LENGTH_AT + sizeof length)
        return r;
    memcpy(&length, (const char *)data + LENGTH_AT, sizeof length);
    if (le32toh(length) > size) {
        vips_error_clear();
        vips_error("bmp", "truncated: %zu of its %u bytes are there", size, le32toh(length));
    }
    return r;
}

/* ImageMagick would make a picture of the layers. */
static int load_psd(const void *data, size_t size, const struct load_options *options, VipsImage **ret)
{
    if (!options->header && !psd_rows_are_there(data, size)) {
        vips_error("psd", "truncated: rows of the picture are missing");
        return -1;
    }
    return magick_open(FORMAT_PSD, data, size, options->header, options->fail_on, ret);
}

static bool has_flag(VipsImage *header, const char *name)
{
    int value;

    return vips_image_get_typeof(header, name) != 0 && vips_image_get_int(header, name, &value) == 0 && value;
}

static bool is_multiscan(VipsImage *header, const void *data, size_t size)
{
    (void)data, (void)size;
    return has_flag(header, "jpeg-multiscan");
}

static bool is_png_at_once(VipsImage *header, const void *data, size_t size)
{
    return has_flag(header, "interlaced") || png_decode_can(data, size);
}

static bool is_lossless_webp(VipsImage *header, const void *data, size_t size)
{
    (void)header;
    return webp_chunks_is_lossless(data, size);
}

static bool has_filters(VipsImage *header, const void *data, size_t size)
{
    (void)header;
    return drawing_has_filters(data, size);
}

/* A strip of a TIFF can be all there is, a frame of a GIF is painted on all of a canvas, and HEIC, AVIF and JPEG XL are
 * decoded at once, a page is drawn. */
static bool is_always(VipsImage *header, const void *data, size_t size)
{
    (void)header, (void)data, (void)size;
    return true;
}

static const struct {
    loader *load; /* NULL: magick_open() */
    bool shrinks;
    wholeness *is_whole;
} loaders[FORMAT_COUNT] = {
    [FORMAT_JPEG] = { load_jpeg, true, is_multiscan },
    [FORMAT_PNG] = { load_png, false, is_png_at_once },
    [FORMAT_WEBP] = { load_webp, true, is_lossless_webp },
    [FORMAT_TIFF] = { load_tiff, false, is_always },
    [FORMAT_GIF] = { load_gif, false, is_always },
    [FORMAT_HEIC] = { load_heif, false, is_always },
    [FORMAT_AVIF] = { load_heif, false, is_always },
    [FORMAT_JXL] = { load_jxl, false, is_always },
    [FORMAT_SVG] = { load_svg, true, has_filters },
    [FORMAT_PDF] = { load_pdf, true, is_always },
    [FORMAT_JP2] = { load_jp2, false, is_always },
    [FORMAT_EXR] = { load_exr, false, is_always },
    [FORMAT_BMP] = { load_bmp, false, is_always },
    [FORMAT_PSD] = { load_psd, false, is_always },
    [FORMAT_PNM] = { NULL, false, is_always },
    [FORMAT_PCX] = { NULL, false, is_always },
    [FORMAT_SGI] = { load_sgi, false, is_always },
    [FORMAT_DDS] = { NULL, false, is_always },
    [FORMAT_DPX] = { NULL, false, is_always },
    [FORMAT_HDR] = { NULL, false, is_always },
};

int loader_open(enum format format, const void *data, size_t size, const struct load_options *options,
                VipsImage **ret)
{
    if (!loaders[format].load)
        return magick_open(format, data, size, options->header, options->fail_on, ret);
    return loaders[format].load(data, size, options, ret);
}

bool loader_shrinks(enum format format)
{
    return loaders[format].shrinks;
}

bool loader_is_whole(enum format format, VipsImage *header, const void *data, size_t size)
{
    return loaders[format].is_whole(header, data, size);
}
