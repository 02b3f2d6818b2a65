/* SPDX-License-Identifier: GPL-2.0-or-later */
/* painter - pictures for tests of the whole daemon, made and read with libjpeg, libpng, libwebp and libheif alone: what is looked
 * at must not be looked at through the library that made it.
 *
 * What is painted follows from the sizes and the seed, pixel by pixel. A failure ends the test. */
#ifndef DARKROOM_TESTS_PAINTER_H
#define DARKROOM_TESTS_PAINTER_H

#include <stdbool.h>

struct painted {
    int width, height;
};

/* Writes a JPEG or, when @path ends in ".png", a PNG. */
void painter_paint(const char *path, int width, int height, unsigned seed);

/* Decodes the JPEG, PNG, AVIF or (still) WebP at @path from its first byte to its last. True, with its size, when it is whole. */
bool painter_read(const char *path, struct painted *ret);

#endif
