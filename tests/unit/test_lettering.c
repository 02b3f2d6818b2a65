/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Tests of lib/image/lettering: what a font does not have. */
#include "image/lettering.h"

#include "base/cleanup.h"
#include "recipe/caption.h"
#include "unit_main.h"

#include <errno.h>
#include <string.h>

/* samples/packages */
#define FONT "/usr/share/fonts/truetype/dejavu/DejaVuSans.ttf"

struct font {
    gchar *data;
    gsize size;
};

static struct font open_font(void)
{
    struct font font;

    ck_assert(g_file_get_contents(FONT, &font.data, &font.size, NULL));
    return font;
}

static const struct {
    const char *text, *missing; /* NULL: nothing is */
} rows[] = {
    { "", NULL },
    { "PROOF\n© Ærø, 2026 · Δ Ж", NULL },
    { "e\xcc\x81", NULL }, /* with an accent of its own */
    { "日本", "no letter for \"日\" (U+65E5); choose another with font=" },
    { "first\nsecond 語\n日", "no letter for \"語\" (U+8A9E)" },
    { "{stem}日{exif:Model}", "no letter for \"日\" (U+65E5)" },
    { "{exif:日}", NULL }, /* caption_check() refuses it: it is none of the words */
};

START_TEST(a_letter_that_the_font_does_not_have_is_named)
{
    _cleanup_free_ char *words = caption_words(rows[_i].text);
    struct font font = open_font();
    struct error error = { .text = "" };
    int r = lettering_check_text(font.data, font.size, words, &error);

    if (rows[_i].missing)
        ck_assert_msg(r == -ENOENT && strstr(error.text, rows[_i].missing), "%d: %s", r, error.text);
    else
        ck_assert_msg(r == 0, "%s", error.text);
    g_free(font.data);
}
END_TEST

static VipsImage *write_text(const struct font *font, const char *text)
{
    const struct lettering lettering = {
        .text = text,
        .font = font->data,
        .font_size = font->size,
        .size = 20,
        .room_width = 1000,
        .room_height = 1000,
        .colour = { 0, 0, 0, 255 },
    };
    VipsImage *image = NULL;

    ck_assert_int_eq(VIPS_INIT("test"), 0);
    ck_assert_int_eq(lettering_make(&lettering, &image), 0);
    return image;
}

static void expect_same(VipsImage *a, VipsImage *b)
{
    ck_assert_int_eq(a->Xsize, b->Xsize);
    ck_assert_int_eq(a->Ysize, b->Ysize);
    ck_assert_int_eq(memcmp(VIPS_IMAGE_ADDR(a, 0, 0), VIPS_IMAGE_ADDR(b, 0, 0), VIPS_IMAGE_SIZEOF_IMAGE(a)),
                     0);
}

START_TEST(what_the_font_does_not_have_is_left_out)
{
    struct font font = open_font();
    _cleanup_image_ VipsImage *mixed = write_text(&font, "日a本b"), *without = write_text(&font, "ab"),
                              *none = write_text(&font, "日本");

    expect_same(mixed, without);
    ck_assert_int_eq(none->Xsize, 1);
    g_free(font.data);
}
END_TEST

UNIT_MAIN("lettering", UNIT_ROWS(a_letter_that_the_font_does_not_have_is_named, rows),
          UNIT_TEST(what_the_font_does_not_have_is_left_out))
