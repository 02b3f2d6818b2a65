/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Tests of lib/image/engine: what libvips may do once it has been started. */
#include "image/engine.h"

#include "base/cleanup.h"
#include "pictures.h"
#include "unit_main.h"

#include <check.h>
#include <string.h>

START_TEST(only_the_listed_loaders_of_memory_work)
{
    struct bytes png = picture_file(8, 8, 3, FORMAT_PNG);
    VipsImage *image = NULL;

    vips_must(vips_pngload_buffer(png.data, png.size, &image, NULL));
    g_object_unref(image);
    image = NULL;

    ck_assert_int_ne(vips_pngload("/proc/self/exe", &image, NULL), 0);
    ck_assert_ptr_nonnull(strstr(vips_error_buffer(), "blocked"));
    bytes_release(&png);
}
END_TEST

static const char *const blocked[] = {
    "gifload",  "gifsave_target", "svgload_buffer", "jpegload", "pngload", "webpload",
    "vipsload", "pngload_source", "rawload",        "csvload",  "ppmload", "heifload",
    "jpegsave", "tiffsave",       "rawsave_fd",     "vipssave", "dzsave",  "webpsave_target",
};

/* Those that a build of libvips lacks are as good as blocked. */
START_TEST(every_other_loader_and_saver_is_blocked)
{
    VipsOperation *operation;

    if (!vips_type_find("VipsOperation", blocked[_i]))
        return;

    operation = vips_operation_new(blocked[_i]);
    ck_assert_ptr_nonnull(operation);
    ck_assert_msg(vips_operation_get_flags(operation) & VIPS_OPERATION_BLOCKED, "%s works", blocked[_i]);
    g_object_unref(operation);
}
END_TEST

START_TEST(work_is_done_by_one_thread_and_nothing_is_cached)
{
    ck_assert_int_eq(vips_concurrency_get(), 1);
    ck_assert_int_eq(vips_cache_get_max(), 0);
}
END_TEST

START_TEST(an_error_is_told_once)
{
    struct error error;

    vips_error("test", "went wrong");
    ck_assert_int_lt(engine_error(&error, CLASS_PERMANENT, STAGE_RENDER, "it failed"), 0);
    ck_assert_str_eq(error.text, "it failed: test: went wrong");
    ck_assert_str_eq(vips_error_buffer(), "");
}
END_TEST

/* "1t", which VIPS_DISC_THRESHOLD does not understand, was taken for one byte. */
START_TEST(a_large_picture_is_decoded_without_a_file)
{
    struct bytes png = picture_file(3000, 3000, 3, FORMAT_PNG);
    VipsImage *image = NULL;

    vips_must(vips_pngload_buffer(png.data, png.size, &image, NULL));
    ck_assert_double_eq(picture_pixel(image, 0, 2999, 1), 255);
    ck_assert_int_eq(vips_tracked_get_files(), 0);
    g_object_unref(image);
    bytes_release(&png);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("engine");
    TCase *tests = tcase_create("engine");
    SRunner *runner = srunner_create(suite);
    int failed;

    suite_add_tcase(suite, tests);
    tcase_set_timeout(tests, UNIT_TIMEOUT_S);
    tcase_add_checked_fixture(tests, picture_start, engine_stop);
    tcase_add_test(tests, only_the_listed_loaders_of_memory_work);
    tcase_add_loop_test(tests, every_other_loader_and_saver_is_blocked, 0, ARRAY_SIZE(blocked));
    tcase_add_test(tests, work_is_done_by_one_thread_and_nothing_is_cached);
    tcase_add_test(tests, an_error_is_told_once);
    tcase_add_test(tests, a_large_picture_is_decoded_without_a_file);

    srunner_run_all(runner, CK_NORMAL);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed > 0;
}
