/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Tests of lib/image/geometry: tables of sizes. */
#include "image/geometry.h"

#include "base/cleanup.h"

#include <check.h>

static const struct {
    const char *says;
    struct extent source;
    struct box box;
    struct extent scaled, window, canvas;
} placements[] = {
    { "no box: natural",
      { 60, 40 },
      { .fit = FIT_INSIDE, .width = 0, .height = 0 },
      { 60, 40 },
      { 60, 40 },
      { 60, 40 } },
    { "a width",
      { 6000, 4000 },
      { .fit = FIT_INSIDE, .width = 720, .height = 0 },
      { 720, 480 },
      { 720, 480 },
      { 720, 480 } },
    { "a height",
      { 6000, 4000 },
      { .fit = FIT_INSIDE, .width = 0, .height = 480 },
      { 720, 480 },
      { 720, 480 },
      { 720, 480 } },
    { "rounded up",
      { 1600, 1067 },
      { .fit = FIT_INSIDE, .width = 320, .height = 0 },
      { 320, 213 },
      { 320, 213 },
      { 320, 213 } },
    { "rounded from a half",
      { 4, 3 },
      { .fit = FIT_INSIDE, .width = 2, .height = 0 },
      { 2, 2 },
      { 2, 2 },
      { 2, 2 } },
    { "never 0",
      { 10000, 3 },
      { .fit = FIT_INSIDE, .width = 100, .height = 0 },
      { 100, 1 },
      { 100, 1 },
      { 100, 1 } },
    { "the very size",
      { 60, 40 },
      { .fit = FIT_INSIDE, .width = 60, .height = 0 },
      { 60, 40 },
      { 60, 40 },
      { 60, 40 } },
    { "wider: natural",
      { 60, 40 },
      { .fit = FIT_INSIDE, .width = 61, .height = 0 },
      { 60, 40 },
      { 60, 40 },
      { 60, 40 } },
    { "higher: natural",
      { 60, 40 },
      { .fit = FIT_INSIDE, .width = 0, .height = 41 },
      { 60, 40 },
      { 60, 40 },
      { 60, 40 } },

    { "inside, width decides",
      { 600, 400 },
      { .fit = FIT_INSIDE, .width = 300, .height = 300 },
      { 300, 200 },
      { 300, 200 },
      { 300, 200 } },
    { "inside, height decides",
      { 400, 600 },
      { .fit = FIT_INSIDE, .width = 300, .height = 300 },
      { 200, 300 },
      { 200, 300 },
      { 200, 300 } },
    { "inside, larger one way",
      { 600, 400 },
      { .fit = FIT_INSIDE, .width = 900, .height = 200 },
      { 300, 200 },
      { 300, 200 },
      { 300, 200 } },
    { "inside, larger both",
      { 600, 400 },
      { .fit = FIT_INSIDE, .width = 900, .height = 900 },
      { 600, 400 },
      { 600, 400 },
      { 600, 400 } },

    { "outside",
      { 600, 400 },
      { .fit = FIT_OUTSIDE, .width = 300, .height = 300 },
      { 450, 300 },
      { 450, 300 },
      { 450, 300 } },
    { "outside, upright",
      { 400, 600 },
      { .fit = FIT_OUTSIDE, .width = 300, .height = 300 },
      { 300, 450 },
      { 300, 450 },
      { 300, 450 } },
    { "outside, too large",
      { 600, 400 },
      { .fit = FIT_OUTSIDE, .width = 300, .height = 500 },
      { 600, 400 },
      { 600, 400 },
      { 600, 400 } },

    { "cover",
      { 600, 400 },
      { .fit = FIT_COVER, .width = 300, .height = 300 },
      { 450, 300 },
      { 300, 300 },
      { 300, 300 } },
    { "cover, upright",
      { 400, 600 },
      { .fit = FIT_COVER, .width = 300, .height = 300 },
      { 300, 450 },
      { 300, 300 },
      { 300, 300 } },
    { "cover, same shape",
      { 600, 400 },
      { .fit = FIT_COVER, .width = 300, .height = 200 },
      { 300, 200 },
      { 300, 200 },
      { 300, 200 } },
    { "cover, too large",
      { 600, 400 },
      { .fit = FIT_COVER, .width = 900, .height = 900 },
      { 600, 400 },
      { 400, 400 },
      { 400, 400 } },
    { "cover, too wide",
      { 600, 400 },
      { .fit = FIT_COVER, .width = 1200, .height = 200 },
      { 600, 400 },
      { 600, 100 },
      { 600, 100 } },
    { "cover, one side",
      { 600, 400 },
      { .fit = FIT_COVER, .width = 300, .height = 0 },
      { 300, 200 },
      { 300, 200 },
      { 300, 200 } },

    { "contain",
      { 600, 400 },
      { .fit = FIT_CONTAIN, .width = 300, .height = 300 },
      { 300, 200 },
      { 300, 200 },
      { 300, 300 } },
    { "contain, upright",
      { 400, 600 },
      { .fit = FIT_CONTAIN, .width = 300, .height = 300 },
      { 200, 300 },
      { 200, 300 },
      { 300, 300 } },
    { "contain, too large",
      { 60, 40 },
      { .fit = FIT_CONTAIN, .width = 300, .height = 300 },
      { 60, 40 },
      { 60, 40 },
      { 300, 300 } },

    { "fill",
      { 600, 400 },
      { .fit = FIT_FILL, .width = 300, .height = 300 },
      { 300, 300 },
      { 300, 300 },
      { 300, 300 } },
    { "fill, too wide",
      { 600, 400 },
      { .fit = FIT_FILL, .width = 900, .height = 300 },
      { 600, 300 },
      { 600, 300 },
      { 600, 300 } },

    { "huge",
      { 4000000000, 2 },
      { .fit = FIT_INSIDE, .width = 65500, .height = 0 },
      { 65500, 1 },
      { 65500, 1 },
      { 65500, 1 } },
    { "huge and narrow",
      { 2, 4000000000 },
      { .fit = FIT_OUTSIDE, .width = 2, .height = 2 },
      { 2, 4000000000 },
      { 2, 4000000000 },
      { 2, 4000000000 } },
};

static void assert_extent(struct extent got, struct extent wanted, const char *what, const char *says)
{
    ck_assert_msg(extent_equal(got, wanted), "%s: the %s is %u × %u, not %u × %u", says, what, got.width,
                  got.height, wanted.width, wanted.height);
}

START_TEST(a_picture_is_placed)
{
    struct placement got = geometry_place(placements[_i].source, &placements[_i].box);

    assert_extent(got.scaled, placements[_i].scaled, "scaled picture", placements[_i].says);
    assert_extent(got.window, placements[_i].window, "window", placements[_i].says);
    assert_extent(got.canvas, placements[_i].canvas, "canvas", placements[_i].says);
}
END_TEST

START_TEST(what_sticks_out_is_cut_evenly)
{
    struct placement wide = geometry_place((struct extent){ 600, 400 },
                                           &(struct box){ .fit = FIT_COVER, .width = 300, .height = 300 });
    struct placement high = geometry_place((struct extent){ 400, 601 },
                                           &(struct box){ .fit = FIT_COVER, .width = 400, .height = 400 });

    ck_assert_uint_eq(wide.left, 75);
    ck_assert_uint_eq(wide.top, 0);
    ck_assert_uint_eq(high.left, 0);
    ck_assert_uint_eq(high.top, 100);
}
END_TEST

static bool is_sound(struct extent source, const struct placement *got)
{
    return got->scaled.width >= 1 && got->scaled.height >= 1 && got->scaled.width <= source.width &&
           got->scaled.height <= source.height && got->window.width >= 1 && got->window.height >= 1 &&
           got->left + got->window.width <= got->scaled.width &&
           got->top + got->window.height <= got->scaled.height && got->canvas.width >= got->window.width &&
           got->canvas.height >= got->window.height;
}

/* For every small source and box: no side grows, nothing is empty, and windows lie inside. */
START_TEST(nothing_is_ever_enlarged)
{
    for (uint32_t i = 0; i < 12 * 12 * 13 * 13 * FIT_COUNT; i++) {
        struct extent source = { 1 + i % 12, 1 + i / 12 % 12 };
        struct box box = { .fit = (enum fit)(i / (144 * 169)),
                           .width = i / 144 % 13,
                           .height = i / 144 / 13 % 13 };
        struct placement got = geometry_place(source, &box);

        if (!is_sound(source, &got))
            ck_abort_msg("%u × %u into %u × %u, fit %d", source.width, source.height, box.width, box.height,
                         (int)box.fit);
    }
}
END_TEST

static const struct {
    struct extent source;
    struct box box;
    bool exceeds;
} boxes[] = {
    { { 60, 40 }, { .fit = FIT_INSIDE, .width = 60, .height = 0 }, false },
    { { 60, 40 }, { .fit = FIT_INSIDE, .width = 61, .height = 0 }, true },
    { { 60, 40 }, { .fit = FIT_INSIDE, .width = 0, .height = 0 }, false },
    { { 60, 40 }, { .fit = FIT_INSIDE, .width = 61, .height = 40 }, false },
    { { 60, 40 }, { .fit = FIT_INSIDE, .width = 61, .height = 41 }, true },
    { { 60, 40 }, { .fit = FIT_OUTSIDE, .width = 61, .height = 40 }, true },
    { { 60, 40 }, { .fit = FIT_COVER, .width = 60, .height = 40 }, false },
    { { 60, 40 }, { .fit = FIT_COVER, .width = 10, .height = 41 }, true },
    { { 60, 40 }, { .fit = FIT_CONTAIN, .width = 61, .height = 40 }, false },
    { { 60, 40 }, { .fit = FIT_CONTAIN, .width = 61, .height = 41 }, true },
    { { 60, 40 }, { .fit = FIT_FILL, .width = 61, .height = 1 }, true },
};

START_TEST(a_box_that_needs_enlarging_is_known)
{
    ck_assert_int_eq(geometry_exceeds(boxes[_i].source, &boxes[_i].box), boxes[_i].exceeds);
}
END_TEST

static const struct {
    struct extent source, largest;
    unsigned shrink;
} shrinks[] = {
    { { 6000, 4000 }, { 720, 480 }, 4 },
    { { 6000, 4000 }, { 750, 500 }, 4 },
    { { 6000, 4000 }, { 751, 500 }, 2 },
    { { 6000, 4000 }, { 320, 213 }, 8 },
    { { 6000, 4000 }, { 1500, 1000 }, 2 },
    { { 6000, 4000 }, { 1501, 1000 }, 1 },
    { { 6000, 4000 }, { 6000, 4000 }, 1 },
    { { 15, 15 }, { 1, 1 }, 4 },
    { { 1, 1 }, { 1, 1 }, 1 },
    { { 6000, 4000 }, { 10, 1001 }, 1 },
};

START_TEST(a_decoder_leaves_twice_what_is_needed)
{
    ck_assert_uint_eq(geometry_shrink_on_load(shrinks[_i].source, shrinks[_i].largest), shrinks[_i].shrink);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("geometry");
    TCase *tests = tcase_create("geometry");
    SRunner *runner = srunner_create(suite);
    int failed;

    suite_add_tcase(suite, tests);
    tcase_add_loop_test(tests, a_picture_is_placed, 0, ARRAY_SIZE(placements));
    tcase_add_test(tests, what_sticks_out_is_cut_evenly);
    tcase_add_test(tests, nothing_is_ever_enlarged);
    tcase_add_loop_test(tests, a_box_that_needs_enlarging_is_known, 0, ARRAY_SIZE(boxes));
    tcase_add_loop_test(tests, a_decoder_leaves_twice_what_is_needed, 0, ARRAY_SIZE(shrinks));

    srunner_run_all(runner, CK_NORMAL);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed > 0;
}
