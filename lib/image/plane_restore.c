/* SPDX-License-Identifier: GPL-2.0-or-later */
/* plane_restore - see plane_restore.h. In whole numbers, so that the result is the same on every machine: first down
 * the columns, then along the rows, with the rows between in 8 + 6 bits. */
#include "image/plane_restore.h"

#include "base/cleanup.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { BETWEEN_BITS = 6, STRENGTH_BITS = 14 };

static const double of_a_sample = 1.0 / 24;

/* Where a sample was enlarged, nothing finer than it is there. */
static int strength(double by)
{
    return (int)lround(of_a_sample / (by > 1 ? by * by : 1) * (1 << STRENGTH_BITS));
}

/* @row, with @above and @below it, in 8 + 6 bits. */
static void restore_down(const unsigned char *above, const unsigned char *row, const unsigned char *below,
                         uint32_t width, int by, int16_t *ret)
{
    enum { SHIFT = STRENGTH_BITS - BETWEEN_BITS, HALF = 1 << (SHIFT - 1) };

    for (uint32_t x = 0; x < width; x++)
        ret[x] =
            (int16_t)((row[x] << BETWEEN_BITS) + (((2 * row[x] - above[x] - below[x]) * by + HALF) >> SHIFT));
}

/* @row has a sample more on both sides. */
static void restore_along(const int16_t *row, uint32_t width, int by, unsigned char *ret)
{
    enum { HALF = 1 << (BETWEEN_BITS - 1) };

    for (uint32_t x = 0; x < width; x++) {
        const int16_t *at = row + x;
        int sample = (at[0] + ((2 * at[0] - at[-1] - at[1]) * by >> STRENGTH_BITS) + HALF) >> BETWEEN_BITS;

        ret[x] = (unsigned char)(sample < 0 ? 0 : sample > UINT8_MAX ? UINT8_MAX : sample);
    }
}

/* The row above is overwritten when it is wanted, so @above keeps it. */
static void restore(struct plane *plane, int across, int down, unsigned char *above, int16_t *between)
{
    uint32_t width = plane->extent.width;

    memcpy(above, plane->data, width);
    for (uint32_t y = 0; y < plane->extent.height; y++) {
        unsigned char *row = plane->data + y * plane->stride;

        restore_down(above, row, y + 1 < plane->extent.height ? row + plane->stride : row, width, down,
                     between + 1);
        between[0] = between[1];
        between[width + 1] = between[width];
        memcpy(above, row, width);
        restore_along(between + 1, width, across, row);
    }
}

int plane_restore(struct plane *plane, double across_by, double down_by)
{
    _cleanup_free_ unsigned char *above = malloc(plane->extent.width);
    _cleanup_free_ int16_t *between = malloc((plane->extent.width + 2) * sizeof *between);

    if (!above || !between)
        return -ENOMEM;
    restore(plane, strength(across_by), strength(down_by), above, between);
    return 0;
}
