/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Tests of lib/image/look, through render(): what comes over the wire for a manifest. The hash of a picture that is not
 * scaled is the one that the algorithm's authors' encoder makes of it (see test_blurhash.c); colours follow from how
 * the pictures are made. */
#include "image/look.h"

#include "base/cleanup.h"
#include "image/render.h"
#include "pictures.h"
#include "recipe_text.h"

#include <check.h>

#define ONE "[Output a]\nWidth=16\nFormat=jpeg\n"
#define TWO "[Output a]\nWidth=8 16\nFormat=png webp\n"
#define GRADIENT_HASH "L$HewR2kwzX5l?WGjue:gLfkfQfj" /* of the 32 × 24 gradient */

static void render_file(const char *text, struct bytes file, struct rendered *ret)
{
    struct render_options options = { .fail_on = FAIL_ON_WARNING,
                                      .max_pixels = UINT64_MAX,
                                      .max_memory_bytes = UINT64_MAX,
                                      .memory_grant_bytes = UINT64_MAX };
    struct recipe *recipe = recipe_of_text(text);
    struct error error;

    memset(ret, 0, sizeof *ret);
    ck_assert_msg(render(recipe, file.data, file.size, &options, ret, &error) == 0, "%s", error.text);
    recipe_free(recipe);
    bytes_release(&file);
}

/* What is seen of a file with the recipe @text. */
static struct look look_of(const char *text, struct bytes file)
{
    struct rendered rendered;
    struct look look;

    render_file(text, file, &rendered);
    look = rendered.look;
    rendered_release(&rendered);
    return look;
}

static const struct {
    const char *name, *recipe, *hash;
} recipes[] = {
    { "one output, which else would be decoded while it is scaled", "[Manifest]\n" ONE, GRADIENT_HASH },
    { "several outputs", "[Manifest]\n" TWO, GRADIENT_HASH },
    { "only the hash", "[Manifest]\nInclude=blurhash\n" ONE, GRADIENT_HASH },
    { "only the colour", "[Manifest]\nInclude=colour\n" ONE, "" },
    { "neither", "[Manifest]\nInclude=srcset hash\n" ONE, "" },
    { "no manifest", ONE, "" },
};

START_TEST(a_hash_is_of_the_picture_and_only_where_it_is_asked_for)
{
    struct look look = look_of(recipes[_i].recipe, picture_file(32, 24, 3, FORMAT_PNG));

    ck_assert_msg(strcmp(look.blurhash, recipes[_i].hash) == 0, "%s: \"%s\"", recipes[_i].name,
                  look.blurhash);
}
END_TEST

START_TEST(a_manifest_changes_no_picture)
{
    static const char *const outputs[] = { ONE, TWO };

    for (size_t i = 0; i < ARRAY_SIZE(outputs); i++) {
        _cleanup_free_ char *text = NULL;
        struct rendered with, without;

        ck_assert_int_gt(asprintf(&text, "[Manifest]\n%s", outputs[i]), 0);
        render_file(text, picture_file(300, 200, 3, FORMAT_JPEG), &with);
        render_file(outputs[i], picture_file(300, 200, 3, FORMAT_JPEG), &without);
        ck_assert_uint_eq(with.output_count, without.output_count);
        for (size_t j = 0; j < with.output_count; j++) {
            struct bytes a = picture_read(with.outputs[j].encoded.fd);
            struct bytes b = picture_read(without.outputs[j].encoded.fd);

            ck_assert_uint_eq(a.size, b.size);
            ck_assert_mem_eq(a.data, b.data, a.size);
            bytes_release(&a);
            bytes_release(&b);
        }
        rendered_release(&with);
        rendered_release(&without);
    }
}
END_TEST

/* One colour, given as it is stored, in @bands bands of 8 or 16 bits. */
static struct bytes plain_file(const double *stored, int bands, bool deep, const char *profile)
{
    _cleanup_image_ VipsImage *black = NULL, *coloured = NULL, *cast = NULL, *typed = NULL;
    static const double ones[] = { 1, 1, 1, 1 };
    VipsInterpretation types[2][2] = { { VIPS_INTERPRETATION_B_W, VIPS_INTERPRETATION_sRGB },
                                       { VIPS_INTERPRETATION_GREY16, VIPS_INTERPRETATION_RGB16 } };

    vips_must(vips_black(&black, 60, 50, "bands", bands, NULL));
    vips_must(vips_linear(black, &coloured, ones, stored, bands, NULL));
    vips_must(vips_cast(coloured, &cast, deep ? VIPS_FORMAT_USHORT : VIPS_FORMAT_UCHAR, NULL));
    vips_must(vips_copy(cast, &typed, "interpretation", types[deep][bands > 2], NULL));
    return picture_save(typed, FORMAT_PNG, profile);
}

static const struct {
    const char *name;
    double stored[4];
    int bands;
    bool deep;
    const char *profile;
    int colour[3], tolerance;
} plains[] = {
    { "sRGB", { 18, 52, 86 }, 3, false, NULL, { 18, 52, 86 }, 0 },
    { "grey", { 99 }, 1, false, NULL, { 99, 99, 99 }, 0 },
    { "16 bits", { 0x1212, 0x3434, 0x5656 }, 3, true, NULL, { 0x12, 0x34, 0x56 }, 0 },
    { "grey of 16 bits", { 0x8080 }, 1, true, NULL, { 0x80, 0x80, 0x80 }, 0 },
    { "what cannot be seen is white", { 18, 52, 86, 0 }, 4, false, NULL, { 255, 255, 255 }, 0 },
    { "half of it on white", { 0, 100, 200, 128 }, 4, false, NULL, { 127, 177, 227 }, 1 },
    { "grey that is half seen", { 0, 128 }, 2, false, NULL, { 127, 127, 127 }, 1 },
    /* By the matrices of both (CSS Color 4, section 18): 214.9, 92.6, 31.0. */
    { "Display P3", { 200, 100, 50 }, 3, false, "p3", { 215, 93, 31 }, 1 },
};

START_TEST(a_colour_is_srgb_on_white)
{
    struct look look = look_of("[Manifest]\n" ONE, plain_file(plains[_i].stored, plains[_i].bands,
                                                              plains[_i].deep, plains[_i].profile));

    for (int i = 0; i < 3; i++) {
        int value = (int)(look.colour >> (8 * (2 - i)) & 255);

        ck_assert_msg(abs(value - plains[_i].colour[i]) <= plains[_i].tolerance, "%s: #%06x", plains[_i].name,
                      look.colour);
    }
}
END_TEST

/* Two thirds of a large picture are one colour, and stay that when it is scaled. */
START_TEST(a_large_picture_has_the_colour_of_most_of_it)
{
    static const double red[] = { 200, 30, 60 }, blue[] = { 20, 90, 240 }, ones[] = { 1, 1, 1 };
    _cleanup_image_ VipsImage *left = NULL, *right = NULL, *left_red = NULL, *right_blue = NULL, *all = NULL;
    _cleanup_image_ VipsImage *bytes = NULL, *typed = NULL;

    vips_must(vips_black(&left, 400, 900, "bands", 3, NULL));
    vips_must(vips_black(&right, 800, 900, "bands", 3, NULL));
    vips_must(vips_linear(left, &left_red, ones, red, 3, NULL));
    vips_must(vips_linear(right, &right_blue, ones, blue, 3, NULL));
    vips_must(vips_join(left_red, right_blue, &all, VIPS_DIRECTION_HORIZONTAL, NULL));
    vips_must(vips_cast_uchar(all, &bytes, NULL));
    vips_must(vips_copy(bytes, &typed, "interpretation", VIPS_INTERPRETATION_sRGB, NULL));
    ck_assert_uint_eq(look_of("[Manifest]\n" ONE, picture_save(typed, FORMAT_PNG, NULL)).colour, 0x145AF0);
}
END_TEST

/* The picture lies on its side and says so: what is seen is the hash of the upright one. */
START_TEST(a_picture_is_looked_at_after_the_recipes_steps)
{
    _cleanup_image_ VipsImage *upright = picture_make(32, 24, 3), *turned = NULL;

    vips_must(vips_rot90(upright, &turned, NULL));
    picture_set_orientation(turned, 8);
    ck_assert_str_eq(
        look_of("[Recipe]\nStep=auto-orient\n[Manifest]\n" ONE, picture_save(turned, FORMAT_PNG, NULL))
            .blurhash,
        GRADIENT_HASH);
}
END_TEST

START_TEST(a_picture_of_any_shape_can_be_looked_at)
{
    static const int shapes[][2] = { { 1, 1 }, { 2000, 1 }, { 1, 2000 }, { 33, 31 }, { 5000, 3 } };

    for (size_t i = 0; i < ARRAY_SIZE(shapes); i++) {
        struct look look =
            look_of("[Manifest]\n" ONE, picture_file(shapes[i][0], shapes[i][1], 3, FORMAT_PNG));

        ck_assert(blurhash_is_well_formed(look.blurhash, sizeof look.blurhash,
                                          (struct blurhash_components){ 4, 3 }));
    }
}
END_TEST

START_TEST(an_animation_is_looked_at_by_its_first_frame)
{
    _cleanup_image_ VipsImage *first = picture_make(32, 24, 3), *second = NULL, *both = NULL, *copy = NULL;
    struct bytes file = { NULL, 0 };

    vips_must(vips_invert(first, &second, NULL));
    vips_must(vips_join(first, second, &both, VIPS_DIRECTION_VERTICAL, NULL));
    vips_must(vips_copy(both, &copy, NULL));
    vips_image_set_int(copy, VIPS_META_PAGE_HEIGHT, 24);
    vips_must(vips_webpsave_buffer(copy, &file.data, &file.size, "lossless", TRUE, NULL));
    ck_assert_str_eq(look_of("[Manifest]\n[Output a]\nFormat=webp png\n", file).blurhash, GRADIENT_HASH);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("look");
    TCase *tests = tcase_create("look");
    SRunner *runner = srunner_create(suite);
    int failed;

    suite_add_tcase(suite, tests);
    tcase_add_checked_fixture(tests, picture_start, picture_stop);
    tcase_add_loop_test(tests, a_hash_is_of_the_picture_and_only_where_it_is_asked_for, 0,
                        ARRAY_SIZE(recipes));
    tcase_add_test(tests, a_manifest_changes_no_picture);
    tcase_add_loop_test(tests, a_colour_is_srgb_on_white, 0, ARRAY_SIZE(plains));
    tcase_add_test(tests, a_large_picture_has_the_colour_of_most_of_it);
    tcase_add_test(tests, a_picture_is_looked_at_after_the_recipes_steps);
    tcase_add_test(tests, a_picture_of_any_shape_can_be_looked_at);
    tcase_add_test(tests, an_animation_is_looked_at_by_its_first_frame);

    srunner_run_all(runner, CK_NORMAL);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed > 0;
}
