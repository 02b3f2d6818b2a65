/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Tests of lib/image/dominant: pictures as runs of colours, and the colour that follows from the definition. */
#include "image/dominant.h"

#include "unit_main.h"

#include <check.h>

enum { RUNS_MAX = 4, PIXELS_MAX = 64 };

struct run {
    size_t pixels;
    uint32_t colour;
};

static const struct {
    const char *what;
    struct run runs[RUNS_MAX];
    uint32_t colour;
} cases[] = {
    { "one pixel", { { 1, 0x123456 } }, 0x123456 },
    { "most pixels win", { { 5, 0xFF0000 }, { 6, 0x0000FF } }, 0x0000FF },
    { "the mean of all, which none has, does not", { { 3, 0x000000 }, { 4, 0xFFFFFF } }, 0xFFFFFF },
    { "shades of one colour count together and are averaged",
      { { 4, 0xF0F0F0 }, { 3, 0x204060 }, { 3, 0x2C4C6C } },
      0x264666 },
    { "a mean is rounded to the nearest", { { 1, 0x000000 }, { 2, 0x010101 } }, 0x010101 },
    { "and the half up", { { 1, 0x000000 }, { 1, 0x010101 } }, 0x010101 },
    { "boxes end at multiples of 16", { { 2, 0x0F0F0F }, { 3, 0x101010 } }, 0x101010 },
    { "of two equally full the darker", { { 2, 0xFFFFFF }, { 2, 0x000000 } }, 0x000000 },
    { "where red counts before blue", { { 2, 0xFF0000 }, { 2, 0x0000FF } }, 0x0000FF },
};

START_TEST(the_dominant_colour_is_that_of_the_fullest_box)
{
    uint8_t rgb[3 * PIXELS_MAX], *next = rgb;
    size_t count = 0;
    uint32_t colour;

    for (size_t i = 0; i < RUNS_MAX; i++)
        for (size_t j = 0; j < cases[_i].runs[i].pixels; j++, count++) {
            *next++ = (uint8_t)(cases[_i].runs[i].colour >> 16);
            *next++ = (uint8_t)(cases[_i].runs[i].colour >> 8);
            *next++ = (uint8_t)cases[_i].runs[i].colour;
        }

    colour = dominant_colour(rgb, count);
    ck_assert_msg(colour == cases[_i].colour, "%s: #%06x instead of #%06x", cases[_i].what, colour,
                  cases[_i].colour);
}
END_TEST

UNIT_MAIN("dominant", UNIT_ROWS(the_dominant_colour_is_that_of_the_fullest_box, cases))
