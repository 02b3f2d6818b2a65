/* SPDX-License-Identifier: GPL-2.0-or-later */
/* svg_whole - see svg_whole.h; librsvg, on a surface of cairo's whose pixels are then turned into libvips' where they
 * are. */
#include "image/svg_whole.h"

#include "base/cleanup.h"

#include <gio/gio.h>
#include <librsvg/rsvg.h>

#define DOMAIN "svg"
#define POINTS_AN_INCH 72.0 /* as libvips has it */
#define MM_AN_INCH 25.4

enum { SIDE_MAX = 32767, PIXEL_BYTES = 4, OPAQUE = 255 };

bool svg_whole_can(int width, int height)
{
    return width <= SIDE_MAX && height <= SIDE_MAX;
}

/* ---- drawing ---- */

static RsvgHandle *open_document(const void *data, size_t size)
{
    GInputStream *stream = g_memory_input_stream_new_from_data(data, (gssize)size, NULL);
    GError *why = NULL;
    RsvgHandle *document = rsvg_handle_new_from_stream_sync(stream, NULL, RSVG_HANDLE_FLAGS_NONE, NULL, &why);

    g_object_unref(stream);
    if (document)
        rsvg_handle_set_dpi(document, POINTS_AN_INCH);
    else
        vips_g_error(&why);
    return document;
}

static int draw(RsvgHandle *document, cairo_surface_t *surface)
{
    RsvgRectangle all = { 0, 0, cairo_image_surface_get_width(surface),
                          cairo_image_surface_get_height(surface) };
    cairo_t *pen = cairo_create(surface);
    GError *why = NULL;
    int r = rsvg_handle_render_document(document, pen, &all, &why) ? 0 : -1;

    cairo_destroy(pen);
    if (r != 0)
        vips_g_error(&why);
    return r;
}

/* NULL with libvips' error. */
static cairo_surface_t *make_surface(int width, int height)
{
    cairo_surface_t *surface = cairo_image_surface_create(CAIRO_FORMAT_ARGB32, width, height);
    cairo_status_t status = cairo_surface_status(surface);

    if (status == CAIRO_STATUS_SUCCESS)
        return surface;
    vips_error(DOMAIN, "%s", cairo_status_to_string(status));
    cairo_surface_destroy(surface);
    return NULL;
}

/* ---- pixels ---- */

static uint8_t divide(uint32_t premultiplied, uint32_t alpha)
{
    uint32_t value = alpha == 0 ? 0 : OPAQUE * premultiplied / alpha;

    return value > OPAQUE ? OPAQUE : (uint8_t)value;
}

/* cairo's pixel is a number, multiplied by alpha; libvips' are bytes, which are not. */
static void turn_pixel(uint8_t *pixel)
{
    uint32_t number, alpha;

    memcpy(&number, pixel, sizeof number);
    alpha = number >> 24;
    for (int band = 0; band < PIXEL_BYTES - 1; band++)
        pixel[band] = divide(number >> 8 * (2 - band) & OPAQUE, alpha);
    pixel[PIXEL_BYTES - 1] = (uint8_t)alpha;
}

static void turn_pixels(cairo_surface_t *surface)
{
    uint8_t *pixels = cairo_image_surface_get_data(surface);
    size_t count =
        (size_t)cairo_image_surface_get_width(surface) * (size_t)cairo_image_surface_get_height(surface);

    for (size_t i = 0; i < count; i++)
        turn_pixel(pixels + i * PIXEL_BYTES);
}

static void destroy_with(VipsImage *image, cairo_surface_t *surface)
{
    (void)image;
    cairo_surface_destroy(surface);
}

/* The surface goes with the picture. */
static int to_picture(cairo_surface_t *surface, VipsImage **ret)
{
    int width = cairo_image_surface_get_width(surface), height = cairo_image_surface_get_height(surface);
    size_t bytes = (size_t)width * (size_t)height * PIXEL_BYTES;
    _cleanup_image_ VipsImage *memory = NULL;

    cairo_surface_flush(surface);
    turn_pixels(surface);
    memory = vips_image_new_from_memory(cairo_image_surface_get_data(surface), bytes, width, height,
                                        PIXEL_BYTES, VIPS_FORMAT_UCHAR);
    if (!memory) {
        cairo_surface_destroy(surface);
        return -1;
    }
    g_signal_connect(memory, "postclose", G_CALLBACK(destroy_with), surface);
    return vips_copy(memory, ret, "interpretation", VIPS_INTERPRETATION_sRGB, "xres",
                     POINTS_AN_INCH / MM_AN_INCH, "yres", POINTS_AN_INCH / MM_AN_INCH, NULL);
}

int svg_whole_draw(const void *data, size_t size, int width, int height, VipsImage **ret)
{
    cairo_surface_t *surface;
    RsvgHandle *document;
    int r;

    document = open_document(data, size);
    if (!document)
        return -1;
    surface = make_surface(width, height);
    r = surface ? draw(document, surface) : -1;
    g_object_unref(document);
    if (r == 0)
        return to_picture(surface, ret);
    cairo_surface_destroy(surface);
    return -1;
}
