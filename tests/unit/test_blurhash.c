/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Tests of lib/image/blurhash: against hashes that the own C encoder of the algorithm's authors (in Debian's
 * python3-blurhash 1.1.4) made of the same pictures, and by decoding them with a decoder that is written here from the
 * description. */
#include "image/blurhash.h"

#include "unit_main.h"

#include <check.h>
#include <math.h>
#include <string.h>

enum { SIDE_MAX = 32, BYTES = 3 * SIDE_MAX * SIDE_MAX };

struct picture {
    unsigned width, height;
    uint8_t rgb[BYTES];
};

typedef void painter(struct picture *picture, unsigned parameter);

static void paint_gradient(struct picture *picture, unsigned parameter)
{
    unsigned right = picture->width > 1 ? picture->width - 1 : 1;
    unsigned bottom = picture->height > 1 ? picture->height - 1 : 1;
    uint8_t *next = picture->rgb;

    (void)parameter;
    for (unsigned y = 0; y < picture->height; y++)
        for (unsigned x = 0; x < picture->width; x++) {
            unsigned along = 255 * x / right, down = 255 * y / bottom;

            *next++ = (uint8_t)along;
            *next++ = (uint8_t)down;
            *next++ = (uint8_t)((along + down) / 2);
        }
}

/* Red and blue squares with sides of @parameter. */
static void paint_checks(struct picture *picture, unsigned parameter)
{
    static const uint8_t colours[2][3] = { { 200, 30, 60 }, { 20, 90, 240 } };

    for (unsigned y = 0; y < picture->height; y++)
        for (unsigned x = 0; x < picture->width; x++)
            memcpy(picture->rgb + 3 * (y * picture->width + x), colours[(x / parameter + y / parameter) % 2],
                   3);
}

/* All 0x@parameter. */
static void paint_plain(struct picture *picture, unsigned parameter)
{
    for (unsigned i = 0; i < picture->width * picture->height; i++)
        for (unsigned j = 0; j < 3; j++)
            picture->rgb[3 * i + j] = (uint8_t)(parameter >> (8 * (2 - j)));
}

static const struct {
    const char *what;
    painter *paint;
    unsigned parameter, width, height;
    struct blurhash_components components;
    const char *hash;
} vectors[] = {
    { "a gradient", paint_gradient, 0, 32, 24, { 4, 3 }, "L$HewR2kwzX5l?WGjue:gLfkfQfj" },
    { "all components",
      paint_gradient,
      0,
      32,
      24,
      { 9, 9 },
      "|$HewR2kwzX5a{ofWnofWnl?WGjue:fRe:fRe:fRgLfkfQfjfQfjfQfjfQn+WojtfQfQfQfQfQfQe.fRfQfQ"
      "fQfQfQfQfQofWojtfQfQfQfQfQfQeofRfQfQfQfQfQfQfQoyWojtfQfQfQfQfQfQeofRfQfQfQfQfQfQfQ" },
    { "upright", paint_gradient, 0, 7, 31, { 3, 4 }, "T$IEz,31Wml?V{fSgLf*fQnjWVfQ" },
    { "one pixel", paint_gradient, 0, 1, 1, { 4, 3 }, "L00000fQfQfQfQfQfQfQfQfQfQfQ" },
    { "squares", paint_checks, 8, 32, 32, { 4, 3 }, "LHG=}vxJfQxJxJ#ifQ[QfQfQfQfQ" },
    { "odd squares",
      paint_checks,
      3,
      20,
      13,
      { 6, 5 },
      "fCG~fN,{n#,{s8,{=js9s7s9wGs9n#n$s8n$s7n$]?s8wGs8#is8+=wG+=wG:|wG" },
    { "black", paint_plain, 0x000000, 8, 8, { 4, 3 }, "L00000fQfQfQfQfQfQfQfQfQfQfQ" },
    { "white", paint_plain, 0xFFFFFF, 8, 8, { 4, 3 }, "LfTSUA~qfQ~q~qt7fQt7fQfQfQfQ" },
    { "the mean alone", paint_plain, 0x123456, 5, 5, { 1, 1 }, "0027F4" },
};

static void paint(size_t row, struct picture *ret)
{
    ret->width = vectors[row].width;
    ret->height = vectors[row].height;
    vectors[row].paint(ret, vectors[row].parameter);
}

START_TEST(a_hash_is_that_of_the_algorithms_authors)
{
    char hash[BLURHASH_LENGTH_MAX + 1];
    struct picture picture;

    paint((size_t)_i, &picture);
    blurhash_encode(picture.rgb, picture.width, picture.height, vectors[_i].components, hash);
    ck_assert_msg(strcmp(hash, vectors[_i].hash) == 0, "%s: \"%s\" instead of \"%s\"", vectors[_i].what, hash,
                  vectors[_i].hash);
}
END_TEST

/* ---- a decoder ---- */

static unsigned read_digits(const char **next, unsigned count)
{
    static const char order[] =
        "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz#$%*+,-.:;=?@[]^_{|}~";
    unsigned value = 0;

    while (count-- > 0)
        value = value * 83 + (unsigned)(strchr(order, *(*next)++) - order);
    return value;
}

static double to_linear(double value)
{
    return value <= 0.04045 ? value / 12.92 : pow((value + 0.055) / 1.055, 2.4);
}

static double to_srgb(double value)
{
    value = fmin(fmax(value, 0), 1);
    return value <= 0.0031308 ? value * 12.92 : 1.055 * pow(value, 1 / 2.4) - 0.055;
}

/* The colour (0 to 1) at (@u, @v), each from 0 to 1, of the picture that @hash tells. */
static void decode(const char *hash, double u, double v, double *ret)
{
    unsigned size = read_digits(&hash, 1), across = size % 9 + 1, down = size / 9 + 1;
    double peak = (read_digits(&hash, 1) + 1) / 166.0;
    unsigned mean = read_digits(&hash, 4);

    for (unsigned i = 0; i < 3; i++)
        ret[i] = to_linear((mean >> (8 * (2 - i)) & 255) / 255.0);
    for (unsigned wave = 1; wave < across * down; wave++) {
        double basis = cos(M_PI * u * (wave % across)) * cos(M_PI * v * (wave / across));
        unsigned value = read_digits(&hash, 2);
        unsigned parts[] = { value / 361, value / 19 % 19, value % 19 };

        for (unsigned i = 0; i < 3; i++) {
            double part = ((double)parts[i] - 9) / 9;

            ret[i] += basis * part * fabs(part) * peak;
        }
    }
    for (unsigned i = 0; i < 3; i++)
        ret[i] = to_srgb(ret[i]);
}

START_TEST(a_decoded_hash_looks_like_the_picture)
{
    struct blurhash_components components = { 4, 3 };
    struct picture picture = { .width = 32, .height = 24 };
    char hash[BLURHASH_LENGTH_MAX + 1];
    double worst = 0;

    paint_gradient(&picture, 0);
    blurhash_encode(picture.rgb, picture.width, picture.height, components, hash);
    for (unsigned y = 4; y < 20; y++)
        for (unsigned x = 4; x < 28; x++) {
            double colour[3];

            decode(hash, (double)x / picture.width, (double)y / picture.height, colour);
            for (unsigned i = 0; i < 3; i++)
                worst = fmax(worst, fabs(colour[i] - picture.rgb[3 * (y * picture.width + x) + i] / 255.0));
        }
    ck_assert_msg(worst < 0.2, "a colour is off by %.3f of 1", worst);
}
END_TEST

UNIT_MAIN("blurhash", UNIT_ROWS(a_hash_is_that_of_the_algorithms_authors, vectors),
          UNIT_TEST(a_decoded_hash_looks_like_the_picture))
