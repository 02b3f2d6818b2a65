/* SPDX-License-Identifier: GPL-2.0-or-later */
/* lettering - text as a picture, by HarfBuzz and FreeType from a font's bytes: no file is opened, no font is looked for.
 *
 * One direction a line, as its first strong character has it; characters that the font does not have are left out. */
#ifndef DARKROOM_IMAGE_LETTERING_H
#define DARKROOM_IMAGE_LETTERING_H

#include "image/engine.h"
#include "recipe/value.h"

#include <stddef.h>

enum {
    LETTERING_LINES_MAX = 32,
    LETTERING_PIXELS_MAX = 16 << 20, /* of what comes out: it is written smaller, too */
};

struct lettering {
    const char *text; /* lines end with "\n"; what is not UTF-8 is shown as such */
    const void *font; /* TrueType or OpenType */
    size_t font_size;
    double size; /* pixels, of the font's em; less where it would not fit into the room */
    int room_width, room_height;
    struct colour colour;     /* of the letters */
    struct colour background; /* of the box behind them, a quarter of the size larger on each side */
};

/* RGB of 8 bits with alpha, in memory. 0, or -1 with libvips' error. Nothing to write is one transparent pixel. */
int lettering_make(const struct lettering *lettering, VipsImage **ret);

/* Looks whether @font can be written with. 0, or -EINVAL with @error (class permanent). */
int lettering_check_font(const void *font, size_t size, struct error *error);

/* Looks whether @font, which was checked, has all characters of @text. 0, or -ENOENT with @error (class permanent). */
int lettering_check_text(const void *font, size_t size, const char *text, struct error *error);

#endif
