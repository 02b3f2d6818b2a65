/* SPDX-License-Identifier: GPL-2.0-or-later */
/* How many pixels there are to an inch: an output says what its source says, and nothing where that says nothing. */
#include "image/render.h"

#include "base/cleanup.h"
#include "image/attach.h"
#include "image/encode.h"
#include "image/metadata.h"
#include "pictures.h"
#include "recipe_text.h"
#include "unit_main.h"

#include <math.h>

/* ---- what a file says, by its bytes; 0: nothing ---- */

static unsigned read_number(const uint8_t *bytes, size_t count, bool big_endian)
{
    unsigned number = 0;

    for (size_t i = 0; i < count; i++)
        number = number << 8 | bytes[big_endian ? i : count - 1 - i];
    return number;
}

/* The header of JFIF, if there is one, is the first segment. */
static double jpeg_density(const struct bytes *file)
{
    const uint8_t *bytes = file->data;

    if (memcmp(bytes + 6, "JFIF", 5) != 0 || bytes[13] == 0)
        return 0;
    ck_assert_int_eq(bytes[13], 1);
    return read_number(bytes + 14, 2, true);
}

static double png_density(const struct bytes *file)
{
    const uint8_t *chunk = memmem(file->data, file->size, "\0\0\0\x09pHYs", 8);

    return chunk && chunk[16] == 1 ? read_number(chunk + 8, 4, true) * 0.0254 : 0;
}

/* Of a file with the least significant byte first. */
static double tiff_density(const struct bytes *file)
{
    enum { UNIT_NONE = 1, UNIT_INCH, UNIT_CM };
    const uint8_t *bytes = file->data, *directory = bytes + read_number(bytes + 4, 4, false);
    unsigned count = read_number(directory, 2, false), unit = UNIT_INCH;
    double dots = 0;

    ck_assert_int_eq(bytes[0], 'I');
    for (unsigned i = 0; i < count; i++) {
        const uint8_t *entry = directory + 2 + 12 * i, *value = bytes + read_number(entry + 8, 4, false);

        if (read_number(entry, 2, false) == 0x011a)
            dots = read_number(value, 4, false) / (double)read_number(value + 4, 4, false);
        if (read_number(entry, 2, false) == 0x0128)
            unit = read_number(entry + 8, 2, false);
    }
    ck_assert_double_gt(dots, 0); /* the format has to have it */
    return unit == UNIT_NONE ? 0 : unit == UNIT_CM ? dots * 2.54 : dots;
}

static double (*const densities[FORMAT_COUNT])(const struct bytes *file) = {
    [FORMAT_JPEG] = jpeg_density,
    [FORMAT_PNG] = png_density,
    [FORMAT_TIFF] = tiff_density,
};

/* ---- */

/* Without any other metadata. */
static struct bytes make_source(enum format format, unsigned dpi)
{
    const struct attachments attachments = { .dots_per_inch = { dpi, dpi } };
    double per_mm = dpi > 0 ? dpi / 25.4 : DENSITY_UNKNOWN;
    _cleanup_image_ VipsImage *plain = picture_make(40, 30, 3), *dense = NULL;
    struct bytes bytes;

    vips_must(vips_copy(plain, &dense, "xres", per_mm, "yres", per_mm, NULL));
    vips_must(encode_bytes(dense, format, 90, &bytes.data, &bytes.size));
    ck_assert_int_eq(attach(format, &attachments, &bytes.data, &bytes.size), 0);
    return bytes;
}

static struct bytes make_drawing(void)
{
    static const char drawing[] = "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"40\" "
                                  "height=\"30\"><rect width=\"9\" height=\"9\"/></svg>";

    return (struct bytes){ g_strdup(drawing), sizeof drawing - 1 };
}

static const struct {
    enum format source;
    unsigned dpi;
    const char *steps;
    unsigned wanted;
} rows[] = {
    { FORMAT_PNG, 0, "", 0 },
    { FORMAT_PNG, 25, "", 25 },
    { FORMAT_PNG, 72, "", 72 },
    { FORMAT_PNG, 300, "", 300 },
    { FORMAT_JPEG, 0, "", 0 },
    { FORMAT_JPEG, 25, "", 25 },
    { FORMAT_JPEG, 72, "", 72 },
    { FORMAT_JPEG, 300, "", 300 },
    { FORMAT_TIFF, 0, "", 0 },
    { FORMAT_TIFF, 25, "", 25 },
    { FORMAT_TIFF, 72, "", 72 },
    { FORMAT_WEBP, 0, "", 0 },
    { FORMAT_GIF, 0, "", 0 },
    { FORMAT_SVG, 0, "", 0 },
    { FORMAT_PNG, 0, "Step=density 72\n", 72 },
    { FORMAT_JPEG, 300, "Step=density 25\nStep=resize 50%\n", 25 },
    { FORMAT_PNG, 0, "Step=grey\nStep=resize 50%\n", 0 },
};

static void expect_density(const struct rendered *rendered, const struct recipe *recipe, int row)
{
    for (size_t i = 0; i < rendered->output_count; i++) {
        enum format format = recipe->renditions[rendered->outputs[i].rendition].format;
        struct bytes made = picture_read(rendered->outputs[i].encoded.fd);
        double got = densities[format](&made);

        ck_assert_msg(fabs(got - rows[row].wanted) < 0.05, "%s of row %d: %g", format_info(format)->name, row,
                      got);
        bytes_release(&made);
    }
}

static void render_well(const struct recipe *recipe, const struct bytes *source, struct rendered *ret)
{
    const struct render_options options = { .fail_on = FAIL_ON_WARNING,
                                            .max_pixels = 1 << 20,
                                            .max_memory_bytes = UINT64_MAX,
                                            .memory_grant_bytes = UINT64_MAX,
                                            .allowed = ALLOW_SVG };
    struct error error;

    ck_assert_msg(render(recipe, source->data, source->size, &options, ret, &error) == 0, "%s", error.text);
}

START_TEST(an_output_says_what_its_source_says)
{
    _cleanup_free_ char *text = NULL;
    _cleanup_recipe_ struct recipe *recipe = NULL;
    struct rendered rendered = { 0 };
    struct error error;
    struct bytes source;

    picture_start();
    ck_assert_int_eq(engine_allow(ALLOW_SVG, &error), 0);
    source = rows[_i].source == FORMAT_SVG ? make_drawing() : make_source(rows[_i].source, rows[_i].dpi);
    ck_assert_int_gt(asprintf(&text, "[Recipe]\n%s[Output a]\nFormat=jpeg png tiff\n", rows[_i].steps), 0);
    recipe = recipe_of_text(text);
    render_well(recipe, &source, &rendered);
    ck_assert_uint_eq(rendered.output_count, 3);
    expect_density(&rendered, recipe, _i);
    rendered_release(&rendered);
    bytes_release(&source);
}
END_TEST

/* A JPEG that is not decoded keeps it, too. */
START_TEST(without_loss_it_stays_as_well)
{
    static const unsigned all[] = { 0, 25, 72, 300 };
    _cleanup_recipe_ struct recipe *recipe = recipe_of_text("[Output a]\nFormat=jpeg\nLossless=yes\n");

    picture_start();
    for (size_t i = 0; i < ARRAY_SIZE(all); i++) {
        struct bytes source = make_source(FORMAT_JPEG, all[i]), made;
        struct rendered rendered = { 0 };

        render_well(recipe, &source, &rendered);
        made = picture_read(rendered.outputs[0].encoded.fd);
        ck_assert_double_eq(jpeg_density(&made), all[i]);
        bytes_release(&made);
        bytes_release(&source);
        rendered_release(&rendered);
    }
}
END_TEST

UNIT_MAIN("density", UNIT_ROWS(an_output_says_what_its_source_says, rows),
          UNIT_TEST(without_loss_it_stays_as_well))
