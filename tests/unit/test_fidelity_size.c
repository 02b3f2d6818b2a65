/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Tests of sizes, exact to the pixel: odd ones, and pictures that are hardly more than a line. What is wanted is what
 * is written beside each box, worked out by hand; what is got is read by libpng and libjpeg from the file. */
#include "rendering.h"
#include "unit_main.h"

#include "base/cleanup.h"

enum { LONG = 10000 };

static const struct {
    int width, height; /* of the source */
    const char *box;
    int wanted_width, wanted_height;
} sizes[] = {
    /* the other side follows, rounded to the nearest: 427 × 100 / 641 = 66.6 */
    { 641, 427, "Width=100", 100, 67 },
    { 641, 427, "Height=100", 150, 100 },
    { 641, 427, "Width=640", 640, 426 },
    { 333, 777, "Width=7", 7, 16 },
    { 333, 777, "Width=1", 1, 2 },
    { 101, 101, "Width=99", 99, 99 },
    /* boxes of every fit */
    { 641, 427, "Width=99\nHeight=101\nFit=inside", 99, 66 },
    { 641, 427, "Width=99\nHeight=101\nFit=outside", 152, 101 },
    { 641, 427, "Width=99\nHeight=101\nFit=cover", 99, 101 },
    { 641, 427, "Width=99\nHeight=101\nFit=contain", 99, 101 },
    { 641, 427, "Width=99\nHeight=101\nFit=fill", 99, 101 },
    /* lines: what would be less than a pixel is one */
    { 1, LONG, "Height=100", 1, 100 },
    { LONG, 1, "Width=100", 100, 1 },
    { 3, LONG, "Height=100", 1, 100 },
    { LONG, 3, "Width=100", 100, 1 },
    { 3, LONG, "Height=9999", 3, 9999 },
    { 3, LONG, "Width=2", 2, 6667 },
    { 3, LONG, "Width=1", 1, 3333 },
    { LONG, 3, "Height=2", 6667, 2 },
    { 3, LONG, "Width=2\nHeight=50\nFit=inside", 1, 50 },
    { 3, LONG, "Width=2\nHeight=50\nFit=outside", 2, 6667 },
    { 3, LONG, "Width=2\nHeight=50\nFit=cover", 2, 50 },
    { 3, LONG, "Width=2\nHeight=50\nFit=contain", 2, 50 },
    { 3, LONG, "Width=2\nHeight=50\nFit=fill", 2, 50 },
    { LONG, 3, "Width=50\nHeight=2\nFit=cover", 50, 2 },
    { LONG, 3, "Width=1\nHeight=1\nFit=fill", 1, 1 },
    { 1, 1, "Width=1", 1, 1 },
    /* nothing is enlarged */
    { 1, 1, "Width=50\nHeight=50\nFit=inside", 1, 1 },
    { 1, 1, "Width=50\nHeight=50\nFit=contain", 50, 50 },
    { 1, LONG, "Width=50", 1, LONG },
    { 3, LONG, "Width=50\nHeight=50\nFit=fill", 3, 50 },
};

enum { CASES = ARRAY_SIZE(sizes) };

static void expect_size(const struct rendered *rendered, size_t index, size_t row)
{
    _cleanup_stored_ struct stored file = rendering_file(rendered, index);
    _cleanup_raster_ struct raster raster = picture_decode(&file, NULL);

    ck_assert_msg(raster.width == sizes[row].wanted_width && raster.height == sizes[row].wanted_height,
                  "%d × %d to %s: %d × %d, not %d × %d", sizes[row].width, sizes[row].height, sizes[row].box,
                  raster.width, raster.height, sizes[row].wanted_width, sizes[row].wanted_height);
}

/* A JPEG is made smaller by its decoder first, by rules of its own; alpha takes another way through the resampling. */
static const struct {
    enum format format;
    bool alpha;
} sources[] = { { FORMAT_JPEG, false }, { FORMAT_PNG, true } };

START_TEST(sizes_are_exact)
{
    char recipe[200];

    snprintf(recipe, sizeof recipe, "[Output a]\n%s\nFormat=png jpeg\n", sizes[_i].box);
    for (size_t i = 0; i < ARRAY_SIZE(sources); i++) {
        _cleanup_raster_ struct raster source =
            raster_paint(sizes[_i].width, sizes[_i].height, RASTER_RGB, sources[i].alpha, raster_slopes);
        _cleanup_stored_ struct stored file =
            picture_encode(&source, &(struct coding){ .format = sources[i].format });
        struct rendered rendered;

        rendering_make(recipe, &file, &rendered);
        ck_assert_uint_eq(rendered.output_count, 2);
        expect_size(&rendered, 0, (size_t)_i);
        expect_size(&rendered, 1, (size_t)_i);
        rendered_release(&rendered);
    }
}
END_TEST

/* Lines keep their colours, too: a slope along them is a slope. */
START_TEST(a_line_keeps_its_slope)
{
    _cleanup_raster_ struct raster source = raster_paint(3, LONG, RASTER_RGB, false, raster_slopes),
                                   got = { 0 };
    _cleanup_raster_ struct raster wanted = raster_paint(1, 100, RASTER_RGB, false, raster_slopes);
    _cleanup_stored_ struct stored file = picture_encode(&source, &(struct coding){ .format = FORMAT_PNG });

    got = rendering_single("[Output a]\nHeight=100\nFormat=png\n", &file);
    ck_assert_double_le(raster_difference(&got, &wanted), 2 / 255.0);
}
END_TEST

int main(void)
{
    const struct unit_test tests[] = { { sizes_are_exact, CASES }, { a_line_keeps_its_slope, 1 } };

    return unit_main("fidelity_size", tests, ARRAY_SIZE(tests));
}
