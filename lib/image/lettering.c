/* SPDX-License-Identifier: GPL-2.0-or-later */
/* lettering - see lettering.h. Lines are shaped, measured, and then drawn into one sheet of coverage, which is inked. */
#include "image/lettering.h"

#include "base/cleanup.h"
#include "base/text.h"

#include <errno.h>
#include <ft2build.h>
#include FT_FREETYPE_H
#include <hb-ft.h>
#include <hb.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum {
    EM_MIN = 4, /* pixels: what is smaller nobody can read */
    EM_MAX = 2048,
    UNITS = 64, /* a pixel of FreeType's */
    OPAQUE = 255,
    MISSING_GLYPH = 0,
    LOAD_FLAGS = FT_LOAD_NO_HINTING | FT_LOAD_NO_BITMAP, /* the same shapes at any size */
};

/* What a font is open with. */
struct face {
    FT_Library library;
    FT_Face face;
    hb_font_t *font;
};

static void face_close(struct face *face)
{
    if (face->font)
        hb_font_destroy(face->font);
    if (face->face)
        FT_Done_Face(face->face);
    if (face->library)
        FT_Done_FreeType(face->library);
}

static int face_open(const void *font, size_t size, double pixels, struct face *ret)
{
    if (FT_Init_FreeType(&ret->library) != 0 ||
        FT_New_Memory_Face(ret->library, font, (FT_Long)size, 0, &ret->face) != 0 ||
        !FT_IS_SCALABLE(ret->face) ||
        FT_Set_Char_Size(ret->face, 0, (FT_F26Dot6)lround(pixels * UNITS), 72, 72) != 0)
        return -1;
    ret->font = hb_ft_font_create(ret->face, NULL);
    hb_ft_font_set_load_flags(ret->font, LOAD_FLAGS);
    return 0;
}

/* ---- lines ---- */

struct lines {
    hb_buffer_t *list[LETTERING_LINES_MAX];
    int count;
    int width, line_height, ascent; /* pixels */
};

static void lines_release(struct lines *lines)
{
    for (int i = 0; i < lines->count; i++)
        hb_buffer_destroy(lines->list[i]);
}

static int line_width(hb_buffer_t *line)
{
    unsigned count;
    const hb_glyph_position_t *positions = hb_buffer_get_glyph_positions(line, &count);
    int64_t units = 0;

    for (unsigned i = 0; i < count; i++)
        units += positions[i].x_advance;
    return (int)((units + UNITS - 1) / UNITS);
}

/* The caller destroys it. */
static hb_buffer_t *shape_text(const struct face *face, const char *text, size_t length)
{
    hb_buffer_t *line = hb_buffer_create();

    hb_buffer_add_utf8(line, text, (int)length, 0, (int)length);
    hb_buffer_set_cluster_level(line, HB_BUFFER_CLUSTER_LEVEL_CHARACTERS);
    hb_buffer_guess_segment_properties(line);
    hb_shape(face->font, line, NULL, 0);
    return line;
}

/* The glyph of what the font does not have is a box. */
static void leave_out_boxes(hb_buffer_t *line)
{
    unsigned count;
    const hb_glyph_info_t *glyphs = hb_buffer_get_glyph_infos(line, &count);
    hb_glyph_position_t *positions = hb_buffer_get_glyph_positions(line, &count);

    for (unsigned i = 0; i < count; i++)
        if (glyphs[i].codepoint == MISSING_GLYPH)
            positions[i].x_advance = 0;
}

static void shape_line(struct lines *lines, const struct face *face, const char *text, size_t length)
{
    hb_buffer_t *line = shape_text(face, text, length);

    leave_out_boxes(line);
    lines->list[lines->count++] = line;
    if (line_width(line) > lines->width)
        lines->width = line_width(line);
}

static void shape(const char *text, const struct face *face, struct lines *ret)
{
    const FT_Size_Metrics *metrics = &face->face->size->metrics;

    ret->ascent = (int)((metrics->ascender + UNITS - 1) / UNITS);
    ret->line_height = ret->ascent + (int)((UNITS - 1 - metrics->descender) / UNITS);
    while (ret->count < LETTERING_LINES_MAX) {
        size_t length = strcspn(text, "\n");

        shape_line(ret, face, text, length);
        if (text[length] == '\0')
            return;
        text += length + 1;
    }
}

/* All lines, with the margin around them. */
struct block {
    int64_t width, height;
    int margin;
};

static struct block block_of(const struct lines *lines, double size)
{
    int margin = (int)lround(size / 4);

    return (struct block){
        .width = (int64_t)lines->width + 2 * margin,
        .height = (int64_t)lines->count * lines->line_height + 2 * margin,
        .margin = margin,
    };
}

/* By how much it has to be smaller to fit; 1: it does. */
static double squeeze(const struct block *block, const struct lettering *lettering)
{
    double across = (double)lettering->room_width / (double)block->width;
    double down = (double)lettering->room_height / (double)block->height;
    double all = sqrt(LETTERING_PIXELS_MAX / ((double)block->width * (double)block->height));

    return fmin(fmin(across, down), fmin(all, 1));
}

/* ---- the sheet ---- */

/* How much of each pixel is ink. */
struct sheet {
    uint8_t *pixels;
    int width, height, margin;
};

static void sheet_release(struct sheet *sheet)
{
    free(sheet->pixels);
}

static void stamp(struct sheet *sheet, const FT_Bitmap *bitmap, int left, int top)
{
    for (int y = 0; y < (int)bitmap->rows; y++)
        for (int x = 0; x < (int)bitmap->width; x++) {
            int to_x = left + x, to_y = top + y;
            uint8_t *pixel, ink;

            if (to_x < 0 || to_y < 0 || to_x >= sheet->width || to_y >= sheet->height)
                continue;
            pixel = sheet->pixels + (size_t)to_y * (size_t)sheet->width + to_x;
            ink = bitmap->buffer[y * bitmap->pitch + x];
            if (ink > *pixel)
                *pixel = ink;
        }
}

/* Positions are in FreeType's units, glyphs are drawn where they are to a fraction of a pixel. */
static void draw_glyph(struct sheet *sheet, FT_Face face, unsigned glyph, int64_t x, int64_t y)
{
    FT_Vector rest = { x % UNITS, 0 };

    FT_Set_Transform(face, NULL, &rest);
    if (FT_Load_Glyph(face, glyph, LOAD_FLAGS) != 0 ||
        FT_Render_Glyph(face->glyph, FT_RENDER_MODE_NORMAL) != 0 ||
        face->glyph->bitmap.pixel_mode != FT_PIXEL_MODE_GRAY)
        return;
    stamp(sheet, &face->glyph->bitmap, (int)(x / UNITS) + face->glyph->bitmap_left,
          (int)(y / UNITS) - face->glyph->bitmap_top);
}

static void draw_line(struct sheet *sheet, const struct face *face, hb_buffer_t *line, int baseline)
{
    unsigned count;
    const hb_glyph_info_t *glyphs = hb_buffer_get_glyph_infos(line, &count);
    const hb_glyph_position_t *positions = hb_buffer_get_glyph_positions(line, &count);
    int64_t x = (int64_t)sheet->margin * UNITS;

    for (unsigned i = 0; i < count; i++) {
        if (glyphs[i].codepoint == MISSING_GLYPH)
            continue;
        draw_glyph(sheet, face->face, glyphs[i].codepoint, x + positions[i].x_offset,
                   (int64_t)baseline * UNITS - positions[i].y_offset);
        x += positions[i].x_advance;
    }
}

static int draw(const struct lines *lines, const struct face *face, const struct block *block,
                struct sheet *ret)
{
    *ret =
        (struct sheet){ .width = (int)block->width, .height = (int)block->height, .margin = block->margin };
    ret->pixels = calloc((size_t)ret->width, (size_t)ret->height);
    if (!ret->pixels) {
        vips_error("darkroom", "no memory to write %d × %d pixels of text", ret->width, ret->height);
        return -1;
    }
    for (int i = 0; i < lines->count; i++)
        draw_line(ret, face, lines->list[i], block->margin + i * lines->line_height + lines->ascent);
    return 0;
}

/* ---- ink ---- */

/* The letters' colour on the box's, each as much as it is seen. */
static void ink_pixel(const struct lettering *lettering, uint8_t coverage, uint8_t *to)
{
    const struct colour *over = &lettering->colour, *under = &lettering->background;
    const uint8_t tops[] = { over->red, over->green, over->blue },
                  belows[] = { under->red, under->green, under->blue };
    double top = coverage / (double)OPAQUE * over->alpha / OPAQUE;
    double below = (1 - top) * under->alpha / OPAQUE, sum = top + below;

    for (int i = 0; i < 3; i++)
        to[i] = sum > 0 ? (uint8_t)lround((tops[i] * top + belows[i] * below) / sum) : 0;
    to[3] = (uint8_t)lround(sum * OPAQUE);
}

static int ink(const struct lettering *lettering, const struct sheet *sheet, VipsImage **ret)
{
    VipsImage *image = vips_image_new_memory();

    vips_image_init_fields(image, sheet->width, sheet->height, 4, VIPS_FORMAT_UCHAR, VIPS_CODING_NONE,
                           VIPS_INTERPRETATION_sRGB, 1, 1);
    if (vips_image_write_prepare(image) != 0) {
        g_object_unref(image);
        return -1;
    }
    for (int y = 0; y < sheet->height; y++)
        for (int x = 0; x < sheet->width; x++)
            ink_pixel(lettering, sheet->pixels[(size_t)y * (size_t)sheet->width + x],
                      VIPS_IMAGE_ADDR(image, x, y));
    *ret = image;
    return 0;
}

/* One pixel that is not seen. */
static int nothing(VipsImage **ret)
{
    static const struct lettering none;
    uint8_t pixel = 0;
    const struct sheet sheet = { .pixels = &pixel, .width = 1, .height = 1 };

    return ink(&none, &sheet, ret);
}

/* Writes with @size; or, where that is too large, says in *@ret_squeeze by how much it has to be smaller. */
static int write_with(const struct lettering *lettering, double size, double *ret_squeeze, VipsImage **ret)
{
    _cleanup_(face_close) struct face face = { 0 };
    _cleanup_(lines_release) struct lines lines = { .count = 0 };
    _cleanup_(sheet_release) struct sheet sheet = { 0 };
    struct block block;

    *ret_squeeze = 1;
    if (face_open(lettering->font, lettering->font_size, size, &face) != 0) {
        vips_error("darkroom", "FreeType cannot read the font");
        return -1;
    }
    shape(lettering->text, &face, &lines);
    if (lines.width == 0)
        return nothing(ret);

    block = block_of(&lines, size);
    *ret_squeeze = size > EM_MIN ? squeeze(&block, lettering) : 1;
    if (*ret_squeeze < 1)
        return 0;
    return draw(&lines, &face, &block, &sheet) != 0 ? -1 : ink(lettering, &sheet, ret);
}

int lettering_make(const struct lettering *lettering, VipsImage **ret)
{
    static const char blanks[] = " \t\n";
    static const double hair = 0.99; /* widths are whole pixels, and do not shrink quite as the size does */
    double size = fmin(fmax(lettering->size, EM_MIN), EM_MAX), less;

    if (lettering->text[strspn(lettering->text, blanks)] == '\0')
        return nothing(ret);
    for (;;) {
        if (write_with(lettering, size, &less, ret) != 0)
            return -1;
        if (less >= 1)
            return 0;
        size = fmax(size * less * hair, EM_MIN);
    }
}

/* ---- checks ---- */

enum { SOME_PIXELS = 16 };

static int refuse_font(struct error *error)
{
    return error_set(error, EINVAL, CLASS_PERMANENT, STAGE_NONE, "FreeType cannot read the font");
}

int lettering_check_font(const void *font, size_t size, struct error *error)
{
    _cleanup_(face_close) struct face face = { 0 };

    return face_open(font, size, SOME_PIXELS, &face) == 0 ? 0 : refuse_font(error);
}

/* The byte of @text where the first character is that the font does not have; negative when it has all. Lines are no
 * characters. */
static long find_missing(const struct face *face, const char *text)
{
    size_t length = strcspn(text, "\n");
    hb_buffer_t *line = shape_text(face, text, length);
    unsigned count;
    const hb_glyph_info_t *glyphs = hb_buffer_get_glyph_infos(line, &count);
    long at = -1;

    for (unsigned i = 0; i < count; i++)
        if (glyphs[i].codepoint == MISSING_GLYPH && (at < 0 || glyphs[i].cluster < at))
            at = (long)glyphs[i].cluster;
    hb_buffer_destroy(line);
    return at;
}

static int refuse_character(const char *at, struct error *error)
{
    gunichar character = g_utf8_get_char(at);
    char letter[8] = "", shown[4 * sizeof letter];

    g_unichar_to_utf8(character, letter);
    return error_set(error, ENOENT, CLASS_PERMANENT, STAGE_NONE,
                     "the font has no letter for \"%s\" (U+%04X); choose another with font=",
                     text_escape(letter, shown, sizeof shown), (unsigned)character);
}

int lettering_check_text(const void *font, size_t size, const char *text, struct error *error)
{
    _cleanup_(face_close) struct face face = { 0 };

    if (face_open(font, size, SOME_PIXELS, &face) != 0)
        return refuse_font(error);
    for (;;) {
        long at = find_missing(&face, text);

        if (at >= 0)
            return refuse_character(text + at, error);
        text += strcspn(text, "\n");
        if (*text == '\0')
            return 0;
        text++;
    }
}
