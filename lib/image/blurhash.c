/* SPDX-License-Identifier: GPL-2.0-or-later */
/* blurhash - see blurhash.h. Names as in the algorithm's description: DC is the mean colour, AC are the waves. */
#include "image/blurhash.h"

#include <math.h>

enum {
    CHANNELS = 3,
    AC_STEPS = 19,   /* of an amplitude, from -9 to 9 … */
    AC_ZERO = 9,     /* … of which this is none */
    PEAK_STEPS = 83, /* of the largest amplitude, which the others are fractions of */
    PEAK_PARTS = 166,
};

struct wave {
    double amplitude[CHANNELS];
};

static double srgb_to_linear(uint8_t value)
{
    double v = value / 255.0;

    return v <= 0.04045 ? v / 12.92 : pow((v + 0.055) / 1.055, 2.4);
}

static unsigned linear_to_srgb(double value)
{
    double v = fmin(fmax(value, 0), 1);

    v = v <= 0.0031308 ? v * 12.92 : 1.055 * pow(v, 1 / 2.4) - 0.055;
    return (unsigned)(v * 255 + 0.5);
}

static struct wave measure(const uint8_t *rgb, unsigned width, unsigned height, unsigned across,
                           unsigned down)
{
    double norm = (across == 0 && down == 0 ? 1.0 : 2.0) / ((double)width * height);
    struct wave wave = { 0 };

    for (unsigned y = 0; y < height; y++)
        for (unsigned x = 0; x < width; x++) {
            double basis = cos(M_PI * across * x / width) * cos(M_PI * down * y / height);

            for (unsigned i = 0; i < CHANNELS; i++)
                wave.amplitude[i] += basis * srgb_to_linear(*rgb++);
        }
    for (unsigned i = 0; i < CHANNELS; i++)
        wave.amplitude[i] *= norm;
    return wave;
}

static double largest(const struct wave *waves, unsigned count)
{
    double peak = 0;

    for (unsigned i = 0; i < count; i++)
        for (unsigned j = 0; j < CHANNELS; j++)
            peak = fmax(peak, fabs(waves[i].amplitude[j]));
    return peak;
}

/* @value as one of @steps whole numbers from 0 on. */
static unsigned quantise(double value, unsigned steps)
{
    return (unsigned)fmin(fmax(floor(value), 0), steps - 1);
}

static char *write_dc(char *text, const struct wave *dc)
{
    unsigned rgb = 0;

    for (unsigned i = 0; i < CHANNELS; i++)
        rgb = rgb << 8 | linear_to_srgb(dc->amplitude[i]);
    return blurhash_write(text, rgb, 4);
}

static char *write_ac(char *text, const struct wave *ac, double peak)
{
    unsigned value = 0;

    for (unsigned i = 0; i < CHANNELS; i++) {
        double part = ac->amplitude[i] / peak;

        value =
            value * AC_STEPS + quantise(copysign(sqrt(fabs(part)), part) * AC_ZERO + AC_ZERO + 0.5, AC_STEPS);
    }
    return blurhash_write(text, value, 2);
}

void blurhash_encode(const uint8_t *rgb, unsigned width, unsigned height,
                     struct blurhash_components components, char *ret)
{
    struct wave waves[BLURHASH_SIDE_MAX * BLURHASH_SIDE_MAX];
    unsigned count = 0, peak = 0;

    for (unsigned j = 0; j < components.down; j++)
        for (unsigned i = 0; i < components.across; i++)
            waves[count++] = measure(rgb, width, height, i, j);
    if (count > 1)
        peak = quantise(largest(waves + 1, count - 1) * PEAK_PARTS - 0.5, PEAK_STEPS);

    ret = blurhash_write(ret, blurhash_size_digit(components), 1);
    ret = blurhash_write(ret, peak, 1);
    ret = write_dc(ret, &waves[0]);
    for (unsigned i = 1; i < count; i++)
        ret = write_ac(ret, &waves[i], (peak + 1.0) / PEAK_PARTS);
    *ret = '\0';
}
