/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Tests of lib/image/pixels_image: whatever a picture is put together of, its pixels are found as libvips has them; and
 * that steps before a resize are seen in its result. */
#include "image/pixels_image.h"

#include "base/cleanup.h"
#include "pictures.h"
#include "rendering.h"
#include "unit_main.h"

enum { WIDTH = 90, HEIGHT = 60 };

static VipsImage *plain(void)
{
    rendering_start();
    return picture_make(WIDTH, HEIGHT, 3);
}

static VipsImage *in_memory(VipsImage *image)
{
    VipsImage *copy = vips_image_copy_memory(image);

    ck_assert_ptr_nonnull(copy);
    return copy;
}

static VipsImage *copied(void)
{
    _cleanup_image_ VipsImage *image = plain();
    VipsImage *made;

    vips_must(vips_copy(image, &made, NULL));
    return made;
}

static VipsImage *cut(void)
{
    _cleanup_image_ VipsImage *image = plain();
    VipsImage *made;

    vips_must(vips_extract_area(image, &made, 7, 5, 40, 30, NULL));
    return made;
}

static VipsImage *with_something_in_the_middle(void)
{
    _cleanup_image_ VipsImage *image = plain(), *black = NULL;
    VipsImage *made;

    vips_must(vips_black(&black, 20, 20, "bands", 3, NULL));
    vips_must(vips_insert(image, black, &made, 30, 20, NULL));
    return made;
}

static VipsImage *with_more_on_the_right(void)
{
    _cleanup_image_ VipsImage *image = plain();
    VipsImage *made;

    vips_must(vips_embed(image, &made, 0, 0, WIDTH + 20, HEIGHT, "extend", VIPS_EXTEND_WHITE, NULL));
    return made;
}

static VipsImage *joined(void)
{
    _cleanup_image_ VipsImage *image = plain(), *black = NULL;
    VipsImage *made;

    vips_must(vips_black(&black, WIDTH, HEIGHT, "bands", 3, NULL));
    vips_must(vips_join(image, black, &made, VIPS_DIRECTION_HORIZONTAL, NULL));
    return made;
}

static VipsImage *calculated(void)
{
    _cleanup_image_ VipsImage *image = plain();
    VipsImage *made;

    vips_must(vips_invert(image, &made, NULL));
    return made;
}

static VipsImage *(*const pictures[])(void) = {
    plain, copied, cut, with_something_in_the_middle, with_more_on_the_right, joined, calculated,
};

START_TEST(the_pixels_of_any_picture_are_found)
{
    _cleanup_image_ VipsImage *image = pictures[_i](), *wanted = in_memory(image);
    _cleanup_(pixels_release) struct pixels found = { .region = NULL };

    vips_must(pixels_find(image, &found));
    for (int y = 0; y < wanted->Ysize; y++)
        ck_assert_mem_eq(found.data + (size_t)y * found.stride, VIPS_IMAGE_ADDR(wanted, 0, y),
                         (size_t)wanted->Xsize * 3);
}
END_TEST

/* A picture in memory, of which steps make views. What is wanted at a pixel: a colour, or anything else. */
static const struct {
    const char *steps;
    int x, y;
    bool red;
} rows[] = {
    { "Step=crop 60x60 gravity=west\nStep=extend 120x60 colour=red gravity=west\nStep=resize 60x\n", 50, 15,
      true },
    { "Step=crop 60x60 gravity=west\nStep=extend 120x60 colour=red gravity=west\nStep=resize 60x\n", 10, 15,
      false },
};

START_TEST(a_resize_sees_what_steps_have_made)
{
    struct bytes png = { NULL, 0 };
    _cleanup_image_ VipsImage *image = plain();
    _cleanup_raster_ struct raster made = { 0 };
    struct stored source;
    char recipe[300];

    png = picture_save(image, FORMAT_PNG, NULL);
    source = (struct stored){ png.data, png.size };
    snprintf(recipe, sizeof recipe, "[Recipe]\n%s[Output a]\nFormat=png\n", rows[_i].steps);
    made = rendering_single(recipe, &source);
    ck_assert(rows[_i].red == (raster_at(&made, rows[_i].x, rows[_i].y)[0] > 0.9 &&
                               raster_at(&made, rows[_i].x, rows[_i].y)[1] < 0.1));
    bytes_release(&png);
}
END_TEST

START_TEST(what_was_hidden_stays_hidden_when_it_is_resized)
{
    static const char hidden[] = "[Recipe]\nStep=pixelate 40 x=20 y=10 width=50 height=40\nStep=resize 45x\n"
                                 "[Output a]\nFormat=png\n",
                      plain_resize[] = "[Recipe]\nStep=resize 45x\n[Output a]\nFormat=png\n";
    _cleanup_image_ VipsImage *image = plain();
    struct bytes png = picture_save(image, FORMAT_PNG, NULL);
    struct stored source = { png.data, png.size };
    _cleanup_raster_ struct raster with = rendering_single(hidden, &source),
                                   without = rendering_single(plain_resize, &source);

    ck_assert_double_gt(raster_difference(&with, &without), 0.02);
    bytes_release(&png);
}
END_TEST

int main(void)
{
    const struct unit_test tests[] = {
        { the_pixels_of_any_picture_are_found, ARRAY_SIZE(pictures) },
        { a_resize_sees_what_steps_have_made, ARRAY_SIZE(rows) },
        { what_was_hidden_stays_hidden_when_it_is_resized, 1 },
    };

    return unit_main("pixels_image", tests, ARRAY_SIZE(tests));
}
