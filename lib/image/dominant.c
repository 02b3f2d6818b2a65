/* SPDX-License-Identifier: GPL-2.0-or-later */
/* dominant - see dominant.h. */
#include "image/dominant.h"

enum {
    CHANNELS = 3,
    BOX_BITS = 4, /* a channel */
    BOXES = 1 << (CHANNELS * BOX_BITS),
};

static unsigned box_of(const uint8_t *pixel)
{
    unsigned box = 0;

    for (unsigned i = 0; i < CHANNELS; i++)
        box = box << BOX_BITS | pixel[i] >> (8 - BOX_BITS);
    return box;
}

static unsigned fullest_box(const uint8_t *rgb, size_t count)
{
    uint32_t pixels[BOXES] = { 0 };
    unsigned fullest = 0;

    for (size_t i = 0; i < count; i++)
        pixels[box_of(rgb + i * CHANNELS)]++;
    for (unsigned box = 1; box < BOXES; box++)
        if (pixels[box] > pixels[fullest])
            fullest = box;
    return fullest;
}

uint32_t dominant_colour(const uint8_t *rgb, size_t count)
{
    unsigned box = fullest_box(rgb, count);
    uint64_t sums[CHANNELS] = { 0 }, inside = 0;
    uint32_t colour = 0;

    for (size_t i = 0; i < count; i++) {
        const uint8_t *pixel = rgb + i * CHANNELS;

        if (box_of(pixel) != box)
            continue;
        inside++;
        for (unsigned j = 0; j < CHANNELS; j++)
            sums[j] += pixel[j];
    }
    for (unsigned i = 0; i < CHANNELS; i++)
        colour = colour << 8 | (uint32_t)((sums[i] + inside / 2) / inside);
    return colour;
}
