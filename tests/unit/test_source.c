/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Tests of lib/image/source: probing, limits, shrinking decoders. */
#include "image/source.h"

#include "base/cleanup.h"
#include "pictures.h"
#include "unit_main.h"

#include <check.h>
#include <errno.h>
#include <string.h>
#include <sys/resource.h>

enum { PLENTY = 1 << 30, MOST_KB = 500000 };

static int probe(const struct bytes *bytes, uint64_t max_pixels, struct source *ret, struct error *error)
{
    struct source_options options = { .fail_on = FAIL_ON_TRUNCATED, .max_pixels = max_pixels };

    return source_probe(bytes->data, bytes->size, &options, ret, error);
}

START_TEST(a_picture_is_known_by_its_bytes)
{
    struct bytes bytes = picture_file(40, 30, 3, (enum format)_i);
    struct source source;
    struct error error;

    ck_assert_int_eq(probe(&bytes, PLENTY, &source, &error), 0);
    ck_assert_int_eq(source.format, _i);
    ck_assert_uint_eq(source.shape.extent.width, 40);
    ck_assert_uint_eq(source.shape.extent.height, 30);
    ck_assert_int_eq(source.shape.orientation, 1);
    source_release(&source);
    bytes_release(&bytes);
}
END_TEST

START_TEST(an_orientation_is_found)
{
    _cleanup_image_ VipsImage *image = picture_make(40, 30, 3);
    struct source source;
    struct bytes bytes;
    struct error error;

    picture_set_orientation(image, 6);
    bytes = picture_save(image, (enum format)_i, NULL);
    ck_assert_int_eq(probe(&bytes, PLENTY, &source, &error), 0);
    ck_assert_int_eq(source.shape.orientation, 6);
    ck_assert_uint_eq(source.shape.extent.width, 40);
    source_release(&source);
    bytes_release(&bytes);
}
END_TEST

static const struct {
    const char *data, *says;
    size_t size;
} strangers[] = {
    { "", "the file is empty", 0 },
    { "hello world, this is no picture", "not a picture in an enabled format (jpeg, png, webp, tiff, ", 31 },
    { "BM\x3a\0\0\0\0\0\0\0\x36\0\0\0", "not a picture in an enabled format", 14 },
    { "GIF89a\1\0\1\0\0\0\0;", "header cannot be read", 14 },
    { "\xff", "not a picture", 1 },
    { "\xff\xd8\xff", "header cannot be read", 3 },
    { "\x89PNG\r\n\x1a\n", "header cannot be read", 8 },
    { "\x89PNG\r\n\x1a\n\0\0\0\x0dIHDR\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0", "CRC error", 33 },
    { "RIFF\x20\0\0\0WEBPVP8 ", "header cannot be read", 16 },
};

START_TEST(what_is_no_picture_is_refused)
{
    struct bytes bytes = { (void *)strangers[_i].data, strangers[_i].size };
    struct source source;
    struct error error;

    ck_assert_int_lt(probe(&bytes, PLENTY, &source, &error), 0);
    ck_assert_int_eq(error.class, CLASS_PERMANENT);
    ck_assert_int_eq(error.stage, STAGE_PROBE);
    source_release(&source);
    ck_assert_msg(strstr(error.text, strangers[_i].says), "\"%s\" is not in \"%s\"", strangers[_i].says,
                  error.text);
}
END_TEST

/* As an SVG that is compressed. */
START_TEST(what_is_no_picture_is_refused_with_what_the_folder_allows)
{
    static const struct source_options options = { .max_pixels = PLENTY, .allowed = ALLOW_SVG | ALLOW_EXR };
    struct source source;
    struct error error;

    ck_assert_int_lt(source_probe("\x1f\x8b\x08", 3, &options, &source, &error), 0);
    ck_assert_ptr_nonnull(strstr(error.text, "an enabled format (jpeg, "));
    ck_assert_ptr_nonnull(strstr(error.text, ", jxl, svg, exr)"));
    source_release(&source);
}
END_TEST

START_TEST(a_picture_over_the_limit_is_refused_by_its_header)
{
    struct bytes bytes = picture_file(40, 30, 3, FORMAT_PNG);
    struct source source;
    struct error error;

    ck_assert_int_eq(probe(&bytes, 1200, &source, &error), 0);
    ck_assert_int_eq(probe(&bytes, 1199, &source, &error), -EFBIG);
    ck_assert_int_eq(error.class, CLASS_PERMANENT);
    ck_assert_int_eq(error.stage, STAGE_LIMITS);
    ck_assert_ptr_nonnull(strstr(error.text, "40 × 30 are 1200 pixels"));
    ck_assert_ptr_nonnull(strstr(error.text, "MaxPixels="));
    ck_assert_uint_eq(source.shape.extent.width, 40);
    source_release(&source);
    bytes_release(&bytes);
}
END_TEST

/* A file of 49 bytes that claims a text of 1 GB: libpng would make room for it. */
START_TEST(what_a_chunk_claims_is_not_allocated)
{
    static const char png[] =
        "\x89PNG\r\n\x1a\n\0\0\0\x0dIHDR\0\0\0\x08\0\0\0\x08\x08\0\0\0\0\xe1\x64\xe1\x57"
        "\x3f\xff\xff\xf0tEXtabcdefgh";
    struct bytes bytes = { (void *)png, sizeof png - 1 };
    struct rusage usage;
    struct source source;
    struct error error;

    ck_assert_int_lt(probe(&bytes, PLENTY, &source, &error), 0);
    ck_assert_int_eq(error.class, CLASS_PERMANENT);
    ck_assert_msg(strstr(error.text, "truncated"), "%s", error.text);
    ck_assert_uint_eq(source.size, 33);
    getrusage(RUSAGE_SELF, &usage);
    ck_assert_int_lt(usage.ru_maxrss, MOST_KB);
    source_release(&source);
}
END_TEST

/* The loader, instead of libvips' own, to see what it is asked for: its readers make no difference between a truncated
 * picture and another error. */
static int fail_on_asked;

int vips_jpegload_buffer(void *data, size_t size, VipsImage **ret, ...)
{
    va_list options, copy;
    VipsBlob *blob = vips_blob_new(NULL, data, size);
    const char *name;
    int r;

    va_start(options, ret);
    va_copy(copy, options);
    while ((name = va_arg(copy, const char *))) {
        int value = va_arg(copy, int);

        if (strcmp(name, "fail_on") == 0)
            fail_on_asked = value;
    }
    va_end(copy);
    r = vips_call_split("jpegload_buffer", options, blob, ret);
    va_end(options);
    vips_area_unref(VIPS_AREA(blob));
    return r;
}

static const VipsFailOn fail_ons[] = {
    [FAIL_ON_NONE] = VIPS_FAIL_ON_NONE,
    [FAIL_ON_TRUNCATED] = VIPS_FAIL_ON_TRUNCATED,
    [FAIL_ON_ERROR] = VIPS_FAIL_ON_ERROR,
    [FAIL_ON_WARNING] = VIPS_FAIL_ON_WARNING,
};

START_TEST(a_decoder_fails_on_what_the_folder_says)
{
    struct source_options options = { .fail_on = (enum fail_on)_i, .max_pixels = PLENTY };
    struct bytes bytes = picture_file(40, 30, 3, FORMAT_JPEG);
    _cleanup_image_ VipsImage *image = NULL;
    struct source source;
    struct error error;

    ck_assert_int_eq(source_probe(bytes.data, bytes.size, &options, &source, &error), 0);
    fail_on_asked = -1;
    ck_assert_int_eq(source_decode(&source, 1, &image, &error), 0);
    ck_assert_int_eq(fail_on_asked, fail_ons[_i]);
    image_replace(&image, NULL);
    source_release(&source);
    bytes_release(&bytes);
}
END_TEST

static const struct {
    enum format format;
    int width, height;
} shrunk[] = {
    [FORMAT_JPEG] = { FORMAT_JPEG, 25, 10 },
    [FORMAT_PNG] = { FORMAT_PNG, 101, 41 },
    [FORMAT_WEBP] = { FORMAT_WEBP, 25, 10 },
};

START_TEST(decoders_that_can_shrink_do)
{
    struct bytes bytes = picture_file(101, 41, 3, shrunk[_i].format);
    _cleanup_image_ VipsImage *image = NULL;
    struct source source;
    struct error error;

    ck_assert_int_eq(probe(&bytes, PLENTY, &source, &error), 0);
    ck_assert_msg(source_decode(&source, 4, &image, &error) == 0, "%s", error.text);
    ck_assert_int_eq(image->Xsize, shrunk[_i].width);
    ck_assert_int_eq(image->Ysize, shrunk[_i].height);
    image_replace(&image, NULL);
    source_release(&source);
    bytes_release(&bytes);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("source");
    TCase *tests = tcase_create("source");
    SRunner *runner = srunner_create(suite);
    int failed;

    suite_add_tcase(suite, tests);
    tcase_set_timeout(tests, UNIT_TIMEOUT_S);
    tcase_add_checked_fixture(tests, picture_start, picture_stop);
    tcase_add_loop_test(tests, a_picture_is_known_by_its_bytes, 0, FORMAT_DZ);
    tcase_add_loop_test(tests, an_orientation_is_found, 0, FORMAT_DZ);
    tcase_add_loop_test(tests, what_is_no_picture_is_refused, 0, ARRAY_SIZE(strangers));
    tcase_add_test(tests, what_is_no_picture_is_refused_with_what_the_folder_allows);
    tcase_add_test(tests, a_picture_over_the_limit_is_refused_by_its_header);
    tcase_add_test(tests, what_a_chunk_claims_is_not_allocated);
    tcase_add_loop_test(tests, a_decoder_fails_on_what_the_folder_says, 0, ARRAY_SIZE(fail_ons));
    tcase_add_loop_test(tests, decoders_that_can_shrink_do, 0, ARRAY_SIZE(shrunk));

    srunner_run_all(runner, CK_NORMAL);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed > 0;
}
