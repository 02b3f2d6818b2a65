/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Tests of steps with Lossless=yes: what jpegtran makes of the same JPEG has the same coefficients. */
#include "jpeg_coding.h"
#include "jpegtran.h"
#include "rendering.h"
#include "unit_main.h"

#include "base/cleanup.h"

#include <math.h>

enum { EXIF_BYTES = 26 };

/* Of sources: whole blocks, or not. */
enum sides { WHOLE, ODD, ODD_ACROSS };

static const struct {
    int width, height;
} sides[] = { [WHOLE] = { 64, 48 }, [ODD] = { 71, 53 }, [ODD_ACROSS] = { 71, 48 } };

enum { USUAL_SAMPLINGS = 4 };

static const struct {
    const char *name;
    int colours, across, down;
} samplings[] = {
    { "4:4:4", RASTER_RGB, 1, 1 }, { "4:2:2", RASTER_RGB, 2, 1 }, { "4:2:0", RASTER_RGB, 2, 2 },
    { "grey", RASTER_GREY, 1, 1 }, { "4:4:0", RASTER_RGB, 1, 2 },
};

static struct stored make(int width, int height, int orientation, size_t sampling)
{
    _cleanup_raster_ struct raster raster =
        raster_paint(width, height, samplings[sampling].colours, false, raster_detail);
    uint8_t exif[EXIF_BYTES + 1] = "II*\0\x08\0\0\0\x01\0\x12\x01\x03\0\x01\0\0\0\0\0\0\0\0\0\0\0";
    struct coding coding = {
        .format = FORMAT_JPEG,
        .quality = 90,
        .sampling = { samplings[sampling].across, samplings[sampling].down },
        .blocks.exif = { exif, EXIF_BYTES },
    };

    exif[18] = (uint8_t)orientation;
    return picture_encode(&raster, &coding);
}

/* @steps are lines, each ending in a new line; those of the output stand behind an empty one. */
static struct stored make_lossless(const char *steps, const struct stored *source)
{
    const char *of_output = strstr(steps, "\n\n");
    int of_recipe = of_output ? (int)(of_output - steps) : (int)strlen(steps);
    struct rendered rendered;
    struct stored file;
    char recipe[1024];

    snprintf(recipe, sizeof recipe, "[Recipe]\n%.*s\n[Output a]\nFormat=jpeg\nLossless=yes\n%s", of_recipe,
             steps, of_output ? of_output + 2 : "");
    rendering_make(recipe, source, &rendered);
    ck_assert_uint_eq(rendered.output_count, 1);
    file = rendering_file(&rendered, 0);
    rendered_release(&rendered);
    return file;
}

static int orientation_of(const struct stored *file)
{
    _cleanup_blocks_ struct blocks blocks = { 0 };
    _cleanup_raster_ struct raster raster = picture_decode(file, &blocks);
    const uint8_t *exif = blocks.exif.data;

    if (blocks.exif.size < EXIF_BYTES)
        return 1;
    ck_assert_uint_eq(exif[10] | exif[11] << 8, 0x0112);
    return exif[18];
}

/* Corners are in the same block of 8 and of 16 pixels where a picture of 16 × 8 is turned, see jpeg_move.c. */
struct row {
    enum sides sides;
    const char *steps;
    int orientation, left; /* of the source, and told of the output */
    const char *options[JPEGTRAN_OPTIONS_MAX];
};

static const struct row alone[] = {
    { WHOLE, "Step=flip\n", 1, 1, { "-perfect", "-flip", "vertical" } },
    { WHOLE, "Step=flop\n", 1, 1, { "-perfect", "-flip", "horizontal" } },
    { WHOLE, "Step=rotate 90\n", 1, 1, { "-perfect", "-rotate", "90" } },
    { WHOLE, "Step=rotate 180\n", 1, 1, { "-perfect", "-rotate", "180" } },
    { WHOLE, "Step=rotate 270\n", 1, 1, { "-perfect", "-rotate", "270" } },
    { WHOLE, "\n\nStep=rotate -90\n", 1, 1, { "-perfect", "-rotate", "270" } },
    { WHOLE, "Step=rotate 360\n", 1, 1, { "-copy", "all" } },
    { WHOLE, "Step=crop 40x30 gravity=north-west x=9 y=11\n", 1, 1, { "-crop", "40x30+9+11" } },
    { WHOLE, "Step=crop 40x30 gravity=south-east x=1 y=2\n", 1, 1, { "-crop", "40x30+23+16" } },
    { WHOLE, "Step=crop 50%\n", 1, 1, { "-crop", "32x24+16+12" } },
    { WHOLE, "Step=crop 1:1\n", 1, 1, { "-crop", "48x48+8+0" } },
};

static const struct row together[] = {
    { WHOLE,
      "Step=rotate 90\nStep=crop 20x30 gravity=north-west x=19 y=21\n",
      1,
      1,
      { "-perfect", "-rotate", "90", "-crop", "20x30+19+21" } },
    { WHOLE,
      "Step=crop 2:3\nStep=rotate 90\n",
      1,
      1,
      { "-perfect", "-rotate", "90", "-crop", "48x32+0+16" } },
    { WHOLE,
      "Step=auto-orient\nStep=crop 1:1\nStep=rotate 90\n",
      6,
      1,
      { "-perfect", "-rotate", "180", "-crop", "48x48+8+0" } },
    { WHOLE,
      "Step=auto-orient\nStep=flip\n\nStep=rotate 270\nStep=crop 2:1\n",
      8,
      1,
      { "-perfect", "-flip", "vertical", "-crop", "64x32+0+8" } },
    { WHOLE, "Step=rotate 90\n", 6, 6, { "-perfect", "-rotate", "90" } }, /* who looks turns it further */
    { WHOLE, "Step=rotate 90\nStep=rotate 90\nStep=flip\nStep=flop\n", 1, 1, { "-copy", "all" } },
    { WHOLE,
      "Step=crop 80%\nStep=crop 20x10 gravity=south\nStep=flop\n",
      1,
      1,
      { "-perfect", "-flip", "horizontal", "-crop", "20x10+23+33" } },
    /* of sides that end within a block */
    { ODD, "Step=flip\n", 1, 4, { "-copy", "all" } },
    { ODD, "Step=rotate 90\n", 1, 6, { "-copy", "all" } },
    { ODD, "Step=rotate 90\n", 3, 8, { "-copy", "all" } },
    { ODD, "Step=rotate 90\n", 2, 5, { "-copy", "all" } },
    { ODD, "Step=rotate 90\nStep=flop\n", 1, 1, { "-transpose" } },
    { ODD, "Step=auto-orient\nStep=rotate 90\n", 6, 3, { "-copy", "all" } },
    { ODD_ACROSS, "Step=rotate 90\n", 1, 1, { "-perfect", "-rotate", "90" } },
    { ODD_ACROSS,
      "Step=rotate 90\nStep=crop 30x61 gravity=east\n",
      1,
      1,
      { "-perfect", "-rotate", "90", "-crop", "30x61+18+5" } },
    { ODD,
      "Step=crop 40x30 gravity=north-west\nStep=rotate 180\n",
      1,
      1,
      { "-rotate", "180", "-trim", "-crop", "40x30+24+18" } },
    { ODD, "Step=crop 40x30 gravity=south-east\nStep=rotate 180\n", 1, 3, { "-crop", "40x30+31+23" } },
    { ODD, "Step=auto-orient\nStep=crop 1:1\nStep=rotate 90\n", 8, 1, { "-crop", "53x53+9+0" } },
};

static void try(const struct row *row, size_t sampling)
{
    _cleanup_stored_ struct stored source =
        make(sides[row->sides].width, sides[row->sides].height, row->orientation, sampling);
    _cleanup_stored_ struct stored made = make_lossless(row->steps, &source),
                                   wanted = jpegtran(&source, row->options);
    char what[256];

    snprintf(what, sizeof what, "%s of %s", row->steps, samplings[sampling].name);
    jpeg_coding_expect_same(what, &made, &wanted);
    ck_assert_msg(orientation_of(&made) == row->left, "%s: %d", what, orientation_of(&made));
}

START_TEST(what_a_step_makes_is_jpegtrans)
{
    for (size_t sampling = 0; sampling < USUAL_SAMPLINGS; sampling++)
        try(&alone[_i], sampling);
}
END_TEST

START_TEST(what_steps_make_is_jpegtrans)
{
    try(&together[_i], (size_t)_i % ARRAY_SIZE(samplings));
}
END_TEST

/* ---- any steps in any order ---- */

enum { SEQUENCES = 10, STEPS = 4, BLOCK = 16, LEAST = 2, STEP_BYTES = 64, ORIENTATIONS = 8 };

/* A picture each of whose pixels says where it was at first. */
struct trail {
    struct raster pixels;
    struct stored whole; /* what jpegtran makes of the same, step by step; none: it is not asked */
    int orientation;
    char steps[STEPS * STEP_BYTES];
};

static struct raster places(int left, int top, int width, int height)
{
    struct raster raster = raster_make(width, height, 2, false);

    for (int y = 0; y < height; y++)
        for (int x = 0; x < width; x++) {
            raster_at(&raster, x, y)[0] = left + x;
            raster_at(&raster, x, y)[1] = top + y;
        }
    return raster;
}

static struct raster part_of(const struct raster *raster, int left, int top, int width, int height)
{
    struct raster part = raster_make(width, height, raster->colours, false);

    for (int y = 0; y < height; y++)
        memcpy(raster_at(&part, 0, y), raster_at(raster, left, top + y),
               (size_t)(width * raster->colours) * sizeof(double));
    return part;
}

static void replace_pixels(struct trail *trail, struct raster by)
{
    raster_release(&trail->pixels);
    trail->pixels = by;
}

static void ask_jpegtran(struct trail *trail, const char *const *options)
{
    struct stored next;

    if (trail->whole.size == 0)
        return;
    next = jpegtran(&trail->whole, options);
    stored_release(&trail->whole);
    trail->whole = next;
}

static void turn(struct trail *trail, int orientation)
{
    const char *const *options = jpegtran_turns[orientation];

    if (orientation == 1)
        return;
    ask_jpegtran(trail, (const char *const[]){ "-perfect", options[0], options[1], NULL });
    replace_pixels(trail, raster_upright(&trail->pixels, orientation));
}

static int random_below(unsigned *seed, int limit)
{
    return rand_r(seed) / (RAND_MAX / limit + 1);
}

/* A length within @whole, of whole blocks if the steps are to be jpegtran's. */
static int random_length(const struct trail *trail, unsigned *seed, int least, int whole)
{
    int unit = trail->whole.size > 0 ? BLOCK : 1, units = whole / unit;
    int fewest = (least + unit - 1) / unit;

    return units <= fewest ? fewest * unit : unit * (fewest + random_below(seed, units - fewest + 1));
}

static void crop(struct trail *trail, unsigned *seed, char *step)
{
    int width = random_length(trail, seed, LEAST, trail->pixels.width);
    int height = random_length(trail, seed, LEAST, trail->pixels.height);
    int left = random_length(trail, seed, 0, trail->pixels.width - width);
    int top = random_length(trail, seed, 0, trail->pixels.height - height);
    char part[STEP_BYTES];

    snprintf(step, STEP_BYTES, "Step=crop %dx%d gravity=north-west x=%d y=%d\n", width, height, left, top);
    snprintf(part, sizeof part, "%dx%d+%d+%d", width, height, left, top);
    ask_jpegtran(trail, (const char *const[]){ "-crop", part, NULL });
    replace_pixels(trail, part_of(&trail->pixels, left, top, width, height));
}

static void go_on(struct trail *trail, unsigned *seed)
{
    static const struct {
        const char *step;
        int orientation;
    } turns[] = { { "Step=flip\n", 4 },
                  { "Step=flop\n", 2 },
                  { "Step=rotate 90\n", 6 },
                  { "Step=rotate 180\n", 3 },
                  { "Step=rotate -90\n", 8 } };
    size_t which = (size_t)random_below(seed, 3 * (int)ARRAY_SIZE(turns));
    char *step = trail->steps + strlen(trail->steps);

    if (which < ARRAY_SIZE(turns)) {
        snprintf(step, STEP_BYTES, "%s", turns[which].step);
        turn(trail, turns[which].orientation);
    } else if (which < 2 * ARRAY_SIZE(turns)) {
        snprintf(step, STEP_BYTES, "Step=auto-orient\n");
        turn(trail, trail->orientation);
        trail->orientation = 1;
    } else {
        crop(trail, seed, step);
    }
}

static void walk(struct trail *trail, unsigned *seed)
{
    for (int i = 0; i < STEPS; i++)
        go_on(trail, seed);
}

static void trail_release(struct trail *trail)
{
    raster_release(&trail->pixels);
    stored_release(&trail->whole);
}

/* Steps of which each leaves whole blocks may be done by jpegtran one after the other. */
START_TEST(whole_blocks_go_where_they_go_step_by_step)
{
    unsigned seed = (unsigned)_i + 1;
    int width = 6 * BLOCK, height = 4 * BLOCK, orientation = 1 + random_below(&seed, ORIENTATIONS);
    _cleanup_stored_ struct stored source =
        make(width, height, orientation, (size_t)random_below(&seed, ARRAY_SIZE(samplings)));
    _cleanup_(trail_release) struct trail trail = {
        .pixels = places(0, 0, width, height),
        .whole = stored_copy(source.data, source.size),
        .orientation = orientation,
    };
    _cleanup_stored_ struct stored made = { NULL, 0 };

    walk(&trail, &seed);
    made = make_lossless(trail.steps, &source);
    jpeg_coding_expect_same(trail.steps, &made, &trail.whole);
    ck_assert_int_eq(orientation_of(&made), trail.orientation);
}
END_TEST

static bool same_places(const struct raster *a, const struct raster *b)
{
    return a->width == b->width && a->height == b->height && raster_difference(a, b) == 0;
}

/* How @stored was turned to become @turned. */
static int turn_between(const struct raster *stored, const struct raster *turned)
{
    for (int orientation = 1; orientation <= ORIENTATIONS; orientation++) {
        _cleanup_raster_ struct raster upright = raster_upright(stored, orientation);

        if (same_places(&upright, turned))
            return orientation;
    }
    ck_abort_msg("it was not turned, but more happened to it");
}

static bool find_place(const struct raster *raster, const double *place, int *ret_x, int *ret_y)
{
    for (int y = 0; y < raster->height; y++)
        for (int x = 0; x < raster->width; x++)
            if (memcmp(raster_at(raster, x, y), place, 2 * sizeof *place) == 0) {
                *ret_x = x;
                *ret_y = y;
                return true;
            }
    return false;
}

/* All that can be turned like that of a picture of which blocks of @across × @down are whole. */
static struct raster turnable(int width, int height, int across, int down, int orientation)
{
    _cleanup_raster_ struct raster four = places(0, 0, 2, 2), turned = raster_upright(&four, orientation),
                                   whole = { 0 };
    const double *first = raster_at(&turned, 0, 0);

    whole = places(0, 0, width - (first[0] > 0 ? width % across : 0),
                   height - (first[1] > 0 ? height % down : 0));
    return raster_upright(&whole, orientation);
}

/* What jpegtran makes of @source at once, and what is left to be told of it: turned, or, if that goes not, not. */
static struct stored all_at_once(const struct trail *trail, const struct stored *source, int width,
                                 int height, size_t sampling, int *ret_orientation)
{
    const struct raster *pixels = &trail->pixels;
    const double *first = raster_at(pixels, 0, 0),
                 *last = raster_at(pixels, pixels->width - 1, pixels->height - 1);
    int left = (int)fmin(first[0], last[0]), top = (int)fmin(first[1], last[1]), x, y, to_x, to_y;
    _cleanup_raster_ struct raster stored =
        places(left, top, (int)fabs(first[0] - last[0]) + 1, (int)fabs(first[1] - last[1]) + 1);
    int turned = turn_between(&stored, pixels), across = samplings[sampling].across,
        down = samplings[sampling].down;
    _cleanup_raster_ struct raster all = turnable(width, height, 8 * across, 8 * down, turned),
                                   seen = raster_upright(pixels, trail->orientation);
    char part[STEP_BYTES];

    if (!find_place(&all, first, &x, &y) || !find_place(&all, last, &to_x, &to_y)) {
        snprintf(part, sizeof part, "%dx%d+%d+%d", stored.width, stored.height, left, top);
        *ret_orientation = turn_between(&stored, &seen);
        return jpegtran(source, (const char *const[]){ "-crop", part, NULL });
    }
    if (turned >= 5 && across != down) { /* see jpeg_move.c */
        x -= x % BLOCK;
        y -= y % BLOCK;
    }
    snprintf(part, sizeof part, "%dx%d+%d+%d", to_x - x + 1, to_y - y + 1, x, y);
    *ret_orientation = trail->orientation;
    return jpegtran(source, (const char *const[]){ "-trim", "-crop", part, jpegtran_turns[turned][0],
                                                   jpegtran_turns[turned][1], NULL });
}

START_TEST(any_part_is_cut_and_turned_or_told_to_be_turned)
{
    unsigned seed = (unsigned)_i + 1;
    int width = 70 + random_below(&seed, BLOCK), height = 50 + random_below(&seed, BLOCK), told;
    int orientation = 1 + random_below(&seed, ORIENTATIONS);
    size_t sampling = (size_t)random_below(&seed, ARRAY_SIZE(samplings));
    _cleanup_stored_ struct stored source = make(width, height, orientation, sampling);
    _cleanup_(trail_release) struct trail trail = { .pixels = places(0, 0, width, height),
                                                    .orientation = orientation };
    _cleanup_stored_ struct stored made = { NULL, 0 }, wanted = { NULL, 0 };

    walk(&trail, &seed);
    made = make_lossless(trail.steps, &source);
    wanted = all_at_once(&trail, &source, width, height, sampling, &told);
    jpeg_coding_expect_same(trail.steps, &made, &wanted);
    ck_assert_int_eq(orientation_of(&made), told);
}
END_TEST

static const char sequences[SEQUENCES];

UNIT_MAIN("fidelity_lossless_steps", UNIT_ROWS(what_a_step_makes_is_jpegtrans, alone),
          UNIT_ROWS(what_steps_make_is_jpegtrans, together),
          UNIT_ROWS(whole_blocks_go_where_they_go_step_by_step, sequences),
          UNIT_ROWS(any_part_is_cut_and_turned_or_told_to_be_turned, sequences))
