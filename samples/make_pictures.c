/* SPDX-License-Identifier: GPL-2.0-or-later */
/* make_pictures - paints landscapes: the sample pictures, and any number of test pictures.
 *
 *     make-pictures samples DIR                                        the pictures in samples/pictures
 *     make-pictures photo WIDTH HEIGHT SEED FILE.jpg|.png [ORIENTATION]
 *     make-pictures many COUNT MIN MAX DIR                             small JPEGs, sides of MIN to MAX pixels
 *
 * The same arguments paint the same picture, pixel by pixel: all chance comes from a hash of seed and place. */
#include "base/cleanup.h"
#include "base/text.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <vips/vips.h>

enum {
    RIDGES_MAX = 5,
    OCTAVES = 5,
    SIDE_MAX = 30000,
    JPEG_QUALITY = 82,
    EXIT_USAGE = 2,
};

struct colour {
    float red, green, blue; /* 0 to 1 */
};

/* What a landscape is made of; distances are parts of the picture's height. */
struct scene {
    struct colour sky_top, sky_low, sun, far, near;
    float horizon, sun_x, sun_y, sun_size;
    int ridges;
    float roughness; /* of the ridges */
    bool water;      /* below the horizon, mirroring what is above */
    float grain;     /* of the film */
    uint32_t seed;
};

static const struct scene scenes[] = {
    { /* mountains at dawn */
      .sky_top = { 0.16f, 0.26f, 0.52f },
      .sky_low = { 0.99f, 0.72f, 0.52f },
      .sun = { 1.0f, 0.93f, 0.72f },
      .far = { 0.62f, 0.55f, 0.66f },
      .near = { 0.09f, 0.12f, 0.18f },
      .horizon = 0.92f,
      .sun_x = 0.68f,
      .sun_y = 0.46f,
      .sun_size = 0.045f,
      .ridges = 5,
      .roughness = 0.30f,
      .grain = 0.008f,
      .seed = 11 },
    { /* a lake at noon */
      .sky_top = { 0.20f, 0.45f, 0.80f },
      .sky_low = { 0.82f, 0.92f, 0.97f },
      .sun = { 1.0f, 1.0f, 0.95f },
      .far = { 0.50f, 0.63f, 0.70f },
      .near = { 0.13f, 0.30f, 0.20f },
      .horizon = 0.58f,
      .sun_x = 0.25f,
      .sun_y = 0.18f,
      .sun_size = 0.03f,
      .ridges = 4,
      .roughness = 0.22f,
      .water = true,
      .grain = 0.008f,
      .seed = 23 },
    { /* dunes in the evening */
      .sky_top = { 0.38f, 0.42f, 0.62f },
      .sky_low = { 1.0f, 0.83f, 0.60f },
      .sun = { 1.0f, 0.86f, 0.55f },
      .far = { 0.93f, 0.66f, 0.42f },
      .near = { 0.52f, 0.24f, 0.12f },
      .horizon = 0.95f,
      .sun_x = 0.32f,
      .sun_y = 0.42f,
      .sun_size = 0.06f,
      .ridges = 4,
      .roughness = 0.10f,
      .grain = 0.010f,
      .seed = 37 },
    { /* a lake at night */
      .sky_top = { 0.02f, 0.03f, 0.10f },
      .sky_low = { 0.16f, 0.22f, 0.42f },
      .sun = { 0.95f, 0.96f, 1.0f },
      .far = { 0.12f, 0.16f, 0.30f },
      .near = { 0.01f, 0.02f, 0.05f },
      .horizon = 0.66f,
      .sun_x = 0.72f,
      .sun_y = 0.22f,
      .sun_size = 0.05f,
      .ridges = 3,
      .roughness = 0.24f,
      .water = true,
      .seed = 53 },
};

enum scene_name { MOUNTAINS, LAKE, DUNES, NIGHT };

/* ---- chance ---- */

static uint32_t hash(uint32_t x, uint32_t y, uint32_t seed)
{
    uint32_t h = x * 0x9e3779b1u ^ y * 0x85ebca77u ^ seed * 0xc2b2ae3du;

    h = (h ^ h >> 15) * 0x2c1b3c6du;
    h = (h ^ h >> 12) * 0x297a2d39u;
    return h ^ h >> 15;
}

/* 0 to 1. */
static float chance(uint32_t x, uint32_t y, uint32_t seed)
{
    return (float)(hash(x, y, seed) >> 8) / (float)(1 << 24);
}

static float mix(float a, float b, float part)
{
    return a + (b - a) * part;
}

/* Smooth chance along a line: 0 to 1, one bump a unit. */
static float wave(float x, uint32_t seed)
{
    float whole = floorf(x), part = x - whole;
    uint32_t at = (uint32_t)(int32_t)whole;

    return mix(chance(at, 0, seed), chance(at + 1, 0, seed), part * part * (3 - 2 * part));
}

/* Waves upon waves, as ridges have them: about 0 to 1. */
static float outline(float x, uint32_t seed)
{
    float height = 0, weight = 0.5f;

    for (uint32_t octave = 0; octave < OCTAVES; octave++) {
        height += weight * wave(x, seed + octave);
        weight /= 2;
        x *= 2.1f;
    }
    return height;
}

/* ---- painting ---- */

static struct colour blend(struct colour a, struct colour b, float part)
{
    return (struct colour){ mix(a.red, b.red, part), mix(a.green, b.green, part), mix(a.blue, b.blue, part) };
}

static struct colour sky_at(const struct scene *scene, float x, float y)
{
    struct colour sky = blend(scene->sky_top, scene->sky_low, fminf(1, y / scene->horizon));
    float distance = hypotf(x - scene->sun_x * 1.5f, y - scene->sun_y) / scene->sun_size;

    if (distance < 1)
        return scene->sun;
    return blend(sky, scene->sun, 0.8f * expf(-(distance - 1) / 4));
}

/* How far down the edge of a ridge is at @x. */
static float ridge_edge(const struct scene *scene, int ridge, float x)
{
    float depth = (float)(ridge + 1) / (float)(scene->ridges + 1); /* 0: at the back */
    float base = mix(0.45f, 1.0f, depth) * scene->horizon;
    float height = outline(x * (2 + 3 * depth) + 7.0f * (float)ridge, scene->seed + 100u * (uint32_t)ridge);

    return base - scene->roughness * (1 - 0.4f * depth) * height;
}

/* @x is in heights of the picture, 0 to about 1.5; @edges are of this column. */
static struct colour land_at(const struct scene *scene, const float *edges, float x, float y)
{
    struct colour colour = sky_at(scene, x, y);

    for (int ridge = 0; ridge < scene->ridges; ridge++) {
        float depth = (float)ridge / (float)(scene->ridges > 1 ? scene->ridges - 1 : 1);
        struct colour rock = blend(scene->far, scene->near, depth);
        float below = y - edges[ridge];

        if (below > 0)
            colour = blend(rock, scene->sky_low, 0.35f * (1 - depth) * fminf(1, below / 0.2f));
    }
    return colour;
}

/* Water shows the land upside down, darker, and torn sideways by ripples. */
static struct colour water_at(const struct scene *scene, const float *edges, float x, float y)
{
    float below = y - scene->horizon;
    float ripple = 0.012f * (wave(below * 90, scene->seed + 7) - 0.5f);
    struct colour mirrored = land_at(scene, edges, x, scene->horizon - below * 0.9f + ripple);

    return blend(mirrored, scene->near, 0.18f + 0.35f * below);
}

static unsigned char level(float value)
{
    return (unsigned char)lrintf(255 * fminf(1, fmaxf(0, value)));
}

static void put_pixel(unsigned char *pixel, struct colour colour, float grain)
{
    pixel[0] = level(colour.red + grain);
    pixel[1] = level(colour.green + grain);
    pixel[2] = level(colour.blue + grain);
}

static void paint_column(const struct scene *scene, int width, int height, int column, unsigned char *pixels)
{
    float x = ((float)column + 0.5f) / (float)height, edges[RIDGES_MAX];

    for (int ridge = 0; ridge < scene->ridges; ridge++)
        edges[ridge] = ridge_edge(scene, ridge, x);

    for (int row = 0; row < height; row++) {
        float y = ((float)row + 0.5f) / (float)height;
        bool wet = scene->water && y > scene->horizon;
        float grain = scene->grain * (chance((uint32_t)column, (uint32_t)row, scene->seed) - 0.5f) * 4;

        put_pixel(pixels + 3 * ((size_t)row * (size_t)width + (size_t)column),
                  wet ? water_at(scene, edges, x, y) : land_at(scene, edges, x, y), grain);
    }
}

static VipsImage *picture_of(const unsigned char *pixels, int width, int height, int bands)
{
    VipsImage *image = vips_image_new_from_memory_copy(pixels, (size_t)width * height * bands, width, height,
                                                       bands, VIPS_FORMAT_UCHAR);

    if (image)
        image->Type = VIPS_INTERPRETATION_sRGB;
    return image;
}

static VipsImage *paint(const struct scene *scene, int width, int height)
{
    _cleanup_free_ unsigned char *pixels = malloc((size_t)width * height * 3);

    if (!pixels)
        return NULL;
    for (int column = 0; column < width; column++)
        paint_column(scene, width, height, column, pixels);
    return picture_of(pixels, width, height, 3);
}

/* A sun with soft rays on nothing: what transparency is for. */
static VipsImage *paint_emblem(int side)
{
    _cleanup_free_ unsigned char *pixels = malloc((size_t)side * side * 4);
    static const struct colour inner = { 1.0f, 0.86f, 0.35f }, outer = { 0.95f, 0.42f, 0.16f };

    if (!pixels)
        return NULL;
    for (int i = 0; i < side * side; i++) {
        float x = ((float)(i % side) + 0.5f) / (float)side - 0.5f,
              y = ((float)(i / side) + 0.5f) / (float)side - 0.5f;
        float distance = hypotf(x, y) * 2, rays = 0.5f + 0.5f * cosf(12 * atan2f(y, x));
        float reach = distance < 0.42f ? 1 : fmaxf(0, 1 - (distance - 0.42f) / (0.12f + 0.42f * rays));

        put_pixel(pixels + 4 * (size_t)i, blend(inner, outer, fminf(1, distance * 1.3f)), 0);
        pixels[4 * (size_t)i + 3] = level(reach);
    }
    return picture_of(pixels, side, side, 4);
}

/* ---- files ---- */

static bool has_suffix(const char *path, const char *suffix)
{
    size_t length = strlen(path), end = strlen(suffix);

    return length > end && strcmp(path + length - end, suffix) == 0;
}

static int save(VipsImage *image, const char *path, bool strip)
{
    if (has_suffix(path, ".png"))
        return vips_pngsave(image, path, "compression", 9, "filter", VIPS_FOREIGN_PNG_FILTER_ALL, "strip",
                            (gboolean)strip, NULL);
    return vips_jpegsave(image, path, "Q", JPEG_QUALITY, "optimize_coding", TRUE, "strip", (gboolean)strip,
                         NULL);
}

/* Saves what was painted and lets go of it; @orientation 0: no EXIF at all. */
static int finish(VipsImage *image, const char *path, int orientation)
{
    int r;

    if (!image) {
        fprintf(stderr, "make-pictures: no memory for %s\n", path);
        return -1;
    }
    if (orientation > 0) {
        vips_image_set_int(image, VIPS_META_ORIENTATION, orientation);
        vips_image_set_string(image, "exif-ifd0-Copyright",
                              "Painted by make-pictures; CC0, no rights reserved");
    }

    r = save(image, path, orientation == 0);
    if (r != 0)
        fprintf(stderr, "make-pictures: %s: %s", path, vips_error_buffer());
    g_object_unref(image);
    return r;
}

static int make_samples(const char *directory)
{
    static const struct {
        enum scene_name scene;
        int width, height, orientation;
        const char *name;
    } samples[] = {
        { MOUNTAINS, 1600, 1067, 1, "mountains.jpg" },
        { LAKE, 1600, 1067, 6, "lake-from-a-phone.jpg" },
        { DUNES, 1600, 1067, 1, "dunes.jpg" },
        { NIGHT, 900, 600, 0, "night.png" },
    };
    char path[4096];

    for (size_t i = 0; i < ARRAY_SIZE(samples); i++) {
        VipsImage *image, *turned = NULL;

        snprintf(path, sizeof path, "%s/%s", directory, samples[i].name);
        image = paint(&scenes[samples[i].scene], samples[i].width, samples[i].height);

        /* A phone held upright stores the picture lying on its side; it is painted upright. */
        if (image && samples[i].orientation == 6) {
            g_object_unref(image);
            image = paint(&scenes[samples[i].scene], samples[i].height, samples[i].width);
            if (image && vips_rot270(image, &turned, NULL) == 0) {
                g_object_unref(image);
                image = turned;
            }
        }
        if (finish(image, path, samples[i].orientation) != 0)
            return -1;
    }

    snprintf(path, sizeof path, "%s/emblem.png", directory);
    return finish(paint_emblem(640), path, 0);
}

/* A scene like one of the four, but not the same. */
static struct scene scene_of(uint32_t seed)
{
    struct scene scene = scenes[hash(seed, 1, 0) % ARRAY_SIZE(scenes)];

    scene.seed = hash(seed, 2, 0) | 1;
    scene.sun_x = 0.1f + 0.8f * chance(seed, 3, 0);
    scene.sun_y = 0.1f + 0.4f * chance(seed, 4, 0);
    scene.roughness *= 0.6f + 0.8f * chance(seed, 5, 0);
    scene.grain = 0.012f;
    return scene;
}

static int make_photo(uint64_t width, uint64_t height, uint64_t seed, const char *path, uint64_t orientation)
{
    struct scene scene = scene_of((uint32_t)seed);

    return finish(paint(&scene, (int)width, (int)height), path, (int)orientation);
}

static int make_many(uint64_t count, uint64_t min, uint64_t max, const char *directory)
{
    char path[4096];

    for (uint32_t i = 0; i < count; i++) {
        uint64_t width = min + hash(i, 6, 0) % (max - min + 1),
                 height = min + hash(i, 7, 0) % (max - min + 1);

        snprintf(path, sizeof path, "%s/%06u.jpg", directory, i);
        if (make_photo(width, height, i, path, 0) != 0)
            return -1;
    }
    return 0;
}

/* ---- arguments ---- */

static int usage(void)
{
    fputs("usage: make-pictures samples DIR\n"
          "       make-pictures photo WIDTH HEIGHT SEED FILE.jpg|.png [ORIENTATION]\n"
          "       make-pictures many COUNT MIN MAX DIR\n",
          stderr);
    return EXIT_USAGE;
}

static int run_photo(int argc, char **argv)
{
    uint64_t width, height, seed, orientation = 0;

    if (argc < 4 || argc > 5 || text_parse_unsigned(argv[0], 1, SIDE_MAX, &width) < 0 ||
        text_parse_unsigned(argv[1], 1, SIDE_MAX, &height) < 0 ||
        text_parse_unsigned(argv[2], 0, UINT32_MAX, &seed) < 0 ||
        (argc == 5 && text_parse_unsigned(argv[4], 1, 8, &orientation) < 0))
        return usage();
    return make_photo(width, height, seed, argv[3], orientation) == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}

static int run_many(int argc, char **argv)
{
    uint64_t count, min, max;

    if (argc != 4 || text_parse_unsigned(argv[0], 0, UINT32_MAX, &count) < 0 ||
        text_parse_unsigned(argv[1], 1, SIDE_MAX, &min) < 0 ||
        text_parse_unsigned(argv[2], min, SIDE_MAX, &max) < 0)
        return usage();
    return make_many(count, min, max, argv[3]) == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}

static int run_samples(int argc, char **argv)
{
    if (argc != 1)
        return usage();
    return make_samples(argv[0]) == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}

int main(int argc, char **argv)
{
    static const struct {
        const char *name;
        int (*run)(int argc, char **argv);
    } commands[] = { { "samples", run_samples }, { "photo", run_photo }, { "many", run_many } };

    if (argc < 2)
        return usage();
    if (VIPS_INIT(argv[0]) != 0)
        return EXIT_FAILURE;

    for (size_t i = 0; i < ARRAY_SIZE(commands); i++)
        if (strcmp(argv[1], commands[i].name) == 0)
            return commands[i].run(argc - 2, argv + 2);
    return usage();
}
