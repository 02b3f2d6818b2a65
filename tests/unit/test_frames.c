/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Animations, frame by frame: what libvips has as one picture, and what comes out of a rendering. Outputs are read back
 * with webpinfo, which is libwebp's own and knows nothing of ours. */
#include "image/frames.h"

#include "base/cleanup.h"
#include "image/render.h"
#include "outside_tool.h"
#include "pictures.h"
#include "recipe_text.h"
#include "unit_main.h"

#include <check.h>
#include <errno.h>
#include <stdio.h>
#include <unistd.h>

enum { WIDTH = 64, HEIGHT = 48, FRAMES = 5, LOOPS = 3, PLENTY = 1 << 30 };

static const int delays[FRAMES] = { 40, 80, 120, 200, 500 };

/* Of each frame; neighbours differ in every band, so that nothing of one can be in another unseen. */
static const double colours[FRAMES][3] = {
    { 255, 0, 0 }, { 0, 255, 255 }, { 255, 0, 0 }, { 0, 0, 255 }, { 255, 255, 0 },
};

static VipsImage *plain(const double *colour)
{
    _cleanup_image_ VipsImage *black = NULL, *painted = NULL, *cast = NULL;
    double ones[3] = { 1, 1, 1 };
    VipsImage *typed = NULL;

    vips_must(vips_black(&black, WIDTH, HEIGHT, "bands", 3, NULL));
    vips_must(vips_linear(black, &painted, ones, colour, 3, NULL));
    vips_must(vips_cast_uchar(painted, &cast, NULL));
    vips_must(vips_copy(cast, &typed, "interpretation", VIPS_INTERPRETATION_sRGB, NULL));
    return typed;
}

static VipsImage *animation(void)
{
    VipsImage *frames[FRAMES], *joined = NULL;

    for (int i = 0; i < FRAMES; i++)
        frames[i] = plain(colours[i]);
    vips_must(vips_arrayjoin(frames, &joined, FRAMES, "across", 1, NULL));
    for (int i = 0; i < FRAMES; i++)
        g_object_unref(frames[i]);
    vips_image_set_int(joined, VIPS_META_PAGE_HEIGHT, HEIGHT);
    vips_image_set_array_int(joined, "delay", delays, FRAMES);
    vips_image_set_int(joined, "loop", LOOPS);
    return joined;
}

static struct bytes animated_file(int orientation)
{
    _cleanup_image_ VipsImage *image = animation();

    if (orientation > 0)
        picture_set_orientation(image, orientation);
    return picture_save(image, FORMAT_WEBP, NULL);
}

/* What webpinfo says of a file. */
struct info {
    int width, height, loops, frames, delays[2 * FRAMES];
};

static struct info info_of(int fd)
{
    struct info info = { 0 };
    char path[60], line[300];
    struct outside_tool tool;

    snprintf(path, sizeof path, "/proc/%d/fd/%d", getpid(), fd);
    outside_tool_start(&tool, (const char *[]){ "webpinfo", path, NULL });
    while (fgets(line, sizeof line, tool.output)) {
        sscanf(line, "  Canvas size %d x %d", &info.width, &info.height);
        sscanf(line, "  Loop count : %d", &info.loops);
        if (info.frames < 2 * FRAMES && sscanf(line, "  Duration: %d", &info.delays[info.frames]) == 1)
            info.frames++;
    }
    outside_tool_end(&tool, "webpinfo");
    return info;
}

static struct render_options options(void)
{
    return (struct render_options){ .fail_on = FAIL_ON_WARNING,
                                    .max_pixels = WIDTH * HEIGHT, /* of a frame */
                                    .max_memory_bytes = UINT64_MAX,
                                    .memory_grant_bytes = UINT64_MAX };
}

static int try_render(const char *recipe_text, struct render_options how, struct rendered *ret,
                      struct error *error)
{
    _cleanup_recipe_ struct recipe *recipe = recipe_of_text(recipe_text);
    struct bytes source = animated_file(0);
    int r;

    *ret = (struct rendered){ 0 };
    r = render(recipe, source.data, source.size, &how, ret, error);
    bytes_release(&source);
    return r;
}

static void render_well(const char *recipe, struct rendered *ret)
{
    struct error error;

    ck_assert_msg(try_render(recipe, options(), ret, &error) == 0, "%s", error.text);
}

/* Every pixel of every frame is as its source's frame was. */
static void expect_colours(int fd, int frames, double tolerance)
{
    struct bytes bytes = picture_read(fd);
    _cleanup_image_ VipsImage *all = NULL;
    int height;

    vips_must(vips_webpload_buffer(bytes.data, bytes.size, &all, "n", -1, NULL));
    height = vips_image_get_page_height(all);
    ck_assert_int_eq(all->Ysize, frames * height);
    for (int i = 0; i < frames; i++)
        for (int band = 0; band < 3; band++)
            for (int y = 0; y < height; y++)
                for (int x = 0; x < all->Xsize; x += all->Xsize / 4)
                    assert_pixel(all, x, i * height + y, band, colours[i][band], tolerance);
    bytes_release(&bytes);
}

START_TEST(an_animation_keeps_frames_delays_and_loops)
{
    struct rendered rendered;
    struct info info;

    render_well("[Output a]\nWidth=31\nFormat=webp\nQuality=100\n", &rendered);
    ck_assert_uint_eq(rendered.output_count, 1);
    ck_assert_uint_eq(rendered.source_width, WIDTH);
    ck_assert_uint_eq(rendered.source_height, HEIGHT);
    ck_assert_uint_eq(rendered.source_pages, 1);
    ck_assert_uint_eq(rendered.outputs[0].encoded.width, 31);
    ck_assert_uint_eq(rendered.outputs[0].encoded.height, 23);

    info = info_of(rendered.outputs[0].encoded.fd);
    ck_assert_int_eq(info.width, 31);
    ck_assert_int_eq(info.height, 23);
    ck_assert_int_eq(info.loops, LOOPS);
    ck_assert_int_eq(info.frames, FRAMES);
    for (int i = 0; i < FRAMES; i++)
        ck_assert_int_eq(info.delays[i], delays[i]);
    expect_colours(rendered.outputs[0].encoded.fd, FRAMES, 6);
    rendered_release(&rendered);
}
END_TEST

/* Sizes that no frame's height divides, in every fit: what is cut, padded or resampled is a frame. */
START_TEST(no_frame_has_anything_of_another)
{
    static const struct {
        const char *recipe;
        int width, height;
    } cases[] = {
        { "[Recipe]\nStep=auto-orient\n[Output a]\nFormat=webp\nQuality=100\n", WIDTH, HEIGHT },
        { "[Output a]\nWidth=13\nHeight=29\nFit=cover\nFormat=webp\nQuality=100\n", 13, 29 },
        { "[Output a]\nWidth=37\nHeight=7\nFit=fill\nFormat=webp\nQuality=100\n", 37, 7 },
    };

    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        struct rendered rendered;
        struct info info;

        render_well(cases[i].recipe, &rendered);
        info = info_of(rendered.outputs[0].encoded.fd);
        ck_assert_int_eq(info.width, cases[i].width);
        ck_assert_int_eq(info.height, cases[i].height);
        expect_colours(rendered.outputs[0].encoded.fd, FRAMES, 8);
        rendered_release(&rendered);
    }
}
END_TEST

START_TEST(every_frame_is_turned)
{
    _cleanup_recipe_ struct recipe *recipe =
        recipe_of_text("[Recipe]\nStep=auto-orient\n[Output a]\nWidth=24\nFormat=webp\nQuality=100\n");
    struct bytes source = animated_file(6);
    struct render_options how = options();
    struct rendered rendered = { 0 };
    struct error error;
    struct info info;

    ck_assert_msg(render(recipe, source.data, source.size, &how, &rendered, &error) == 0, "%s", error.text);
    info = info_of(rendered.outputs[0].encoded.fd);
    ck_assert_int_eq(info.width, 24);
    ck_assert_int_eq(info.height, 32);
    ck_assert_int_eq(info.frames, FRAMES);
    expect_colours(rendered.outputs[0].encoded.fd, FRAMES, 8);
    rendered_release(&rendered);
    bytes_release(&source);
}
END_TEST

START_TEST(every_frame_is_padded)
{
    struct rendered rendered;
    struct bytes bytes;
    VipsImage *all = NULL;

    render_well("[Output a]\nWidth=32\nHeight=32\nFit=contain\nFormat=webp\nQuality=100\n", &rendered);
    bytes = picture_read(rendered.outputs[0].encoded.fd);
    vips_must(vips_webpload_buffer(bytes.data, bytes.size, &all, "n", -1, NULL));
    ck_assert_int_eq(all->Bands, 4);
    ck_assert_int_eq(all->Ysize, FRAMES * 32);
    for (int i = 0; i < FRAMES; i++) {
        assert_pixel(all, 16, i * 32 + 1, 3, 0, 0);
        assert_pixel(all, 16, i * 32 + 16, 3, 255, 0);
        assert_pixel(all, 16, i * 32 + 30, 3, 0, 0);
    }
    g_object_unref(all);
    bytes_release(&bytes);
    rendered_release(&rendered);
}
END_TEST

START_TEST(a_format_without_frames_gets_the_first)
{
    struct rendered rendered;

    render_well("[Output a]\nWidth=32\nFormat=webp jpeg png\n", &rendered);
    ck_assert_uint_eq(rendered.output_count, 3);
    for (size_t i = 1; i < 3; i++) {
        struct bytes bytes = picture_read(rendered.outputs[i].encoded.fd);
        VipsImage *image = picture_open(bytes.data, bytes.size);

        ck_assert_uint_eq(rendered.outputs[i].encoded.height, 24);
        ck_assert_int_eq(image->Ysize, 24);
        for (int band = 0; band < 3; band++)
            assert_pixel(image, 16, 12, band, colours[0][band], 3);
        g_object_unref(image);
        bytes_release(&bytes);
    }
    rendered_release(&rendered);
}
END_TEST

START_TEST(an_output_may_be_still_where_its_format_could_be_animated)
{
    struct rendered rendered;
    struct info info;

    render_well(
        "[Output a]\nName={stem}.a\nFormat=webp\nAnimated=no\n[Output b]\nName={stem}.b\nFormat=webp\n",
        &rendered);
    ck_assert_uint_eq(rendered.output_count, 2);
    info = info_of(rendered.outputs[0].encoded.fd);
    ck_assert_int_eq(info.frames, 0); /* no animation at all */
    info = info_of(rendered.outputs[1].encoded.fd);
    ck_assert_int_eq(info.frames, FRAMES);
    rendered_release(&rendered);
}
END_TEST

START_TEST(more_frames_than_allowed_are_refused_where_they_would_be_decoded)
{
    struct render_options how = options();
    struct rendered rendered;
    struct error error;

    how.max_frames = FRAMES;
    ck_assert_int_eq(try_render("[Output a]\nFormat=webp\n", how, &rendered, &error), 0);
    rendered_release(&rendered);

    how.max_frames = FRAMES - 1;
    ck_assert_int_eq(try_render("[Output a]\nFormat=webp\n", how, &rendered, &error), -EFBIG);
    ck_assert_int_eq(error.class, CLASS_PERMANENT);
    ck_assert_int_eq(error.stage, STAGE_LIMITS);
    ck_assert_ptr_nonnull(strstr(error.text, "5 frames, more than the 4 that MaxFrames="));
    rendered_release(&rendered);

    ck_assert_int_eq(try_render("[Output a]\nFormat=jpeg\n", how, &rendered, &error), 0);
    rendered_release(&rendered);
}
END_TEST

START_TEST(all_frames_count_for_the_memory)
{
    struct render_options how = options();
    struct rendered still, moving;
    struct error error;

    how.memory_grant_bytes = 0;
    ck_assert_int_eq(try_render("[Output a]\nFormat=jpeg\n", how, &still, &error), 0);
    ck_assert_int_eq(try_render("[Output a]\nFormat=webp jpeg\n", how, &moving, &error), 0);
    ck_assert_uint_gt(moving.needs_memory_bytes, still.needs_memory_bytes + 2 * FRAMES * WIDTH * HEIGHT * 3);
}
END_TEST

static int make_dark(VipsImage *frame, const void *context, VipsImage **ret)
{
    (*(int *const *)context)[0]++;
    ck_assert_uint_eq(frames_count(frame), 1);
    ck_assert_int_eq(frame->Ysize, HEIGHT);
    return vips_extract_area(frame, ret, 0, 0, 8, 9, NULL);
}

START_TEST(work_is_done_on_each_frame_and_joined)
{
    _cleanup_image_ VipsImage *image = animation(), *done = NULL, *first = NULL;
    int calls = 0, *context = &calls;

    ck_assert_uint_eq(frames_count(image), FRAMES);
    vips_must(frames_apply(image, make_dark, &context, &done));
    ck_assert_int_eq(calls, FRAMES);
    ck_assert_int_eq(done->Xsize, 8);
    ck_assert_int_eq(done->Ysize, FRAMES * 9);
    ck_assert_uint_eq(frames_count(done), FRAMES);

    vips_must(frames_first(done, &first));
    ck_assert_uint_eq(frames_count(first), 1);
    ck_assert_int_eq(first->Ysize, 9);
    ck_assert_int_eq((int)vips_image_get_typeof(first, "delay"), 0);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("frames");
    TCase *tests = tcase_create("frames");
    SRunner *runner = srunner_create(suite);
    int failed;

    suite_add_tcase(suite, tests);
    tcase_set_timeout(tests, UNIT_TIMEOUT_S);
    tcase_add_checked_fixture(tests, picture_start, picture_stop);
    tcase_add_test(tests, an_animation_keeps_frames_delays_and_loops);
    tcase_add_test(tests, no_frame_has_anything_of_another);
    tcase_add_test(tests, every_frame_is_turned);
    tcase_add_test(tests, every_frame_is_padded);
    tcase_add_test(tests, a_format_without_frames_gets_the_first);
    tcase_add_test(tests, an_output_may_be_still_where_its_format_could_be_animated);
    tcase_add_test(tests, more_frames_than_allowed_are_refused_where_they_would_be_decoded);
    tcase_add_test(tests, all_frames_count_for_the_memory);
    tcase_add_test(tests, work_is_done_on_each_frame_and_joined);

    srunner_run_all(runner, CK_NORMAL);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed > 0;
}
