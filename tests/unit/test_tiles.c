/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Tests of lib/image/tiles, through render(): which tiles there are is compared with libvips' own dzsave, which we
 * do not use; what is in them with the picture. */
#include "image/tiles.h"

#include "base/cleanup.h"
#include "image/render.h"
#include "image/zip_reader.h"
#include "outside_tool.h"
#include "pictures.h"
#include "recipe_text.h"
#include "scratch.h"
#include "unit_main.h"

#include <check.h>

enum { MEMBERS_MAX = 2000, NAME_MAX_BYTES = 200 };

/* An archive of tiles, as it was made. */
struct made {
    struct recipe *recipe;
    struct rendered rendered;
    struct bytes bytes;
};

static void make(const char *text, struct bytes source, struct made *ret)
{
    struct render_options options = { .fail_on = FAIL_ON_WARNING,
                                      .max_pixels = UINT64_MAX,
                                      .max_memory_bytes = UINT64_MAX,
                                      .memory_grant_bytes = UINT64_MAX };
    struct error error;

    memset(ret, 0, sizeof *ret);
    ret->recipe = recipe_of_text(text);
    ck_assert_msg(render(ret->recipe, source.data, source.size, &options, &ret->rendered, &error) == 0, "%s",
                  error.text);
    ck_assert_uint_eq(ret->rendered.output_count, 1);
    ret->bytes = picture_read(ret->rendered.outputs[0].encoded.fd);
    bytes_release(&source);
}

static void made_release(struct made *made)
{
    rendered_release(&made->rendered);
    recipe_free(made->recipe);
    bytes_release(&made->bytes);
}

struct names {
    char list[MEMBERS_MAX][NAME_MAX_BYTES];
    size_t count;
};

static int compare_names(const void *a, const void *b)
{
    return strcmp(a, b);
}

/* The members of an archive, by unzip(1), without those that are libvips' own, and without its directory for all. */
static void list_members(const void *data, size_t size, struct names *ret)
{
    struct scratch scratch = scratch_make();
    struct outside_tool tool;
    char path[300], line[NAME_MAX_BYTES];
    const char *const command[] = { "unzip", "-Z1", path, NULL };
    FILE *file;

    snprintf(path, sizeof path, "%s/a.zip", scratch.path);
    file = fopen(path, "wbe");
    ck_assert_uint_eq(fwrite(data, 1, size, file), size);
    ck_assert_int_eq(fclose(file), 0);
    ret->count = 0;
    outside_tool_start(&tool, command);
    while (fgets(line, sizeof line, tool.output)) {
        const char *name =
            strncmp(line, "reference/", strlen("reference/")) == 0 ? strchr(line, '/') + 1 : line;

        line[strcspn(line, "\n")] = '\0';
        if (strstr(name, "vips-properties") || strstr(name, "blank.png"))
            continue;
        ck_assert_uint_lt(ret->count, MEMBERS_MAX);
        snprintf(ret->list[ret->count++], NAME_MAX_BYTES, "%s",
                 strncmp(name, "reference", strlen("reference")) == 0 ? name + strlen("reference") : name);
    }
    outside_tool_end(&tool, command[0]);
    qsort(ret->list, ret->count, sizeof ret->list[0], compare_names);
    scratch_remove(&scratch);
}

static const struct {
    const char *format;
    int layout, size, overlap; /* libvips' */
} layouts[] = {
    { "dz", VIPS_FOREIGN_DZ_LAYOUT_DZ, 254, 1 },
    { "google", VIPS_FOREIGN_DZ_LAYOUT_GOOGLE, 256, 0 },
    { "iiif3", VIPS_FOREIGN_DZ_LAYOUT_IIIF3, 512, 0 },
};

static const int sizes[][2] = {
    { 600, 400 }, { 1, 1 }, { 254, 255 }, { 1030, 7 }, { 3, 700 }, { 512, 1024 }
};

/* What our names differ in: dzsave calls all after the archive. */
static void rename_members(struct names *names, const char *from, const char *to)
{
    for (size_t i = 0; i < names->count; i++)
        if (strncmp(names->list[i], from, strlen(from)) == 0) {
            char rest[NAME_MAX_BYTES];

            snprintf(rest, sizeof rest, "%s", names->list[i] + strlen(from));
            snprintf(names->list[i], NAME_MAX_BYTES, "%.20s%.170s", to, rest);
        }
    qsort(names->list, names->count, sizeof names->list[0], compare_names);
}

START_TEST(there_are_the_tiles_that_dzsave_makes)
{
    static struct names ours, reference;
    size_t layout = (size_t)_i % ARRAY_SIZE(layouts), size = (size_t)_i / ARRAY_SIZE(layouts);
    _cleanup_(made_release) struct made made;
    _cleanup_image_ VipsImage *image = picture_make(sizes[size][0], sizes[size][1], 3);
    char text[100];
    void *data = NULL;
    size_t bytes;

    snprintf(text, sizeof text, "[Output a]\nFormat=%s\n", layouts[layout].format);
    make(text, picture_save(image, FORMAT_PNG, NULL), &made);
    list_members(made.bytes.data, made.bytes.size, &ours);

    vips_operation_block_set("VipsForeignSave", FALSE);
    vips_must(vips_dzsave_buffer(image, &data, &bytes, "layout", layouts[layout].layout, "tile_size",
                                 layouts[layout].size, "overlap", layouts[layout].overlap, "suffix", ".jpg",
                                 "basename", "reference", "container", VIPS_FOREIGN_DZ_CONTAINER_ZIP,
                                 "skip_blanks", -1, NULL));
    list_members(data, bytes, &reference);
    g_free(data);
    rename_members(&reference, "_files/", "tiles_files/");
    rename_members(&reference, ".dzi", "tiles.dzi");

    ck_assert_msg(ours.count == reference.count, "%s of %d × %d: %zu members instead of %zu", text,
                  sizes[size][0], sizes[size][1], ours.count, reference.count);
    for (size_t i = 0; i < ours.count; i++)
        ck_assert_str_eq(ours.list[i], reference.list[i]);
}
END_TEST

/* The member of @made as a picture; it must not outlive that. */
static VipsImage *open_member(const struct made *made, const char *name)
{
    const void *data;
    size_t size;

    ck_assert_msg(zip_reader_find(made->bytes.data, made->bytes.size, name, &data, &size) == 0, "%s", name);
    return picture_open(data, size);
}

static void expect_same(VipsImage *tile, int x, int y, VipsImage *whole, int whole_x, int whole_y)
{
    for (int band = 0; band < 3; band++)
        assert_pixel(tile, x, y, band, picture_pixel(whole, whole_x, whole_y, band), 0);
}

START_TEST(tiles_are_parts_of_the_picture_with_their_neighbours_edges)
{
    _cleanup_(made_release) struct made made;
    _cleanup_image_ VipsImage *image = picture_make(300, 200, 3), *first = NULL, *last = NULL;

    make("[Output a]\nFormat=dz\nTileSize=128\nOverlap=3\nTileFormat=png\n",
         picture_save(image, FORMAT_PNG, NULL), &made);
    first = open_member(&made, "tiles_files/9/0_0.png");
    ck_assert_int_eq(first->Xsize, 131);
    ck_assert_int_eq(first->Ysize, 131);
    expect_same(first, 0, 0, image, 0, 0);
    expect_same(first, 130, 130, image, 130, 130);
    last = open_member(&made, "tiles_files/9/2_1.png");
    ck_assert_int_eq(last->Xsize, 300 - 256 + 3);
    ck_assert_int_eq(last->Ysize, 200 - 128 + 3);
    expect_same(last, 0, 0, image, 253, 125);
    expect_same(last, last->Xsize - 1, last->Ysize - 1, image, 299, 199);
}
END_TEST

START_TEST(google_tiles_are_full_and_white_beyond_the_picture)
{
    _cleanup_(made_release) struct made made;
    _cleanup_image_ VipsImage *image = picture_make(100, 70, 3), *tile = NULL;

    make("[Output a]\nFormat=google\nTileSize=64\nTileFormat=png\n", picture_save(image, FORMAT_PNG, NULL),
         &made);
    tile = open_member(&made, "1/1/1.png");
    ck_assert_int_eq(tile->Xsize, 64);
    ck_assert_int_eq(tile->Ysize, 64);
    expect_same(tile, 0, 0, image, 64, 64);
    expect_same(tile, 35, 5, image, 99, 69);
    assert_pixel(tile, 36, 5, 0, 255, 0);
    assert_pixel(tile, 35, 6, 1, 255, 0);
}
END_TEST

static const struct {
    const char *recipe, *member, *tells[3];
} descriptions[] = {
    { "[Output a]\nFormat=dz\nTileSize=100\nOverlap=2\nTileFormat=webp\n",
      "tiles.dzi",
      { "Format=\"webp\" Overlap=\"2\" TileSize=\"100\"", "<Size Width=\"600\" Height=\"401\"/>",
        "</Image>" } },
    { "[Output a]\nFormat=iiif3\nTileSize=100\n",
      "info.json",
      { "\"width\": 600,", "\"height\": 401,", "{ \"width\": 100, \"scaleFactors\": [1, 2, 4, 8] }" } },
};

START_TEST(a_description_tells_the_size_and_the_tiles)
{
    _cleanup_(made_release) struct made made;
    _cleanup_free_ char *text = NULL;
    const void *data;
    size_t size;

    make(descriptions[_i].recipe, picture_file(600, 401, 3, FORMAT_JPEG), &made);
    ck_assert_uint_eq(made.rendered.outputs[0].encoded.width, 600);
    ck_assert_uint_eq(made.rendered.outputs[0].encoded.height, 401);
    ck_assert_int_eq(zip_reader_find(made.bytes.data, made.bytes.size, descriptions[_i].member, &data, &size),
                     0);
    text = strndup(data, size);
    for (size_t i = 0; i < 3; i++)
        ck_assert_msg(strstr(text, descriptions[_i].tells[i]), "%s", text);
}
END_TEST

START_TEST(the_same_picture_makes_the_same_bytes)
{
    _cleanup_(made_release) struct made one, other;
    char text[100];

    snprintf(text, sizeof text, "[Output a]\nFormat=%s\nTileSize=64\n", layouts[_i].format);
    make(text, picture_file(500, 300, 3, FORMAT_JPEG), &one);
    make(text, picture_file(500, 300, 3, FORMAT_JPEG), &other);
    ck_assert_uint_eq(one.bytes.size, other.bytes.size);
    ck_assert_mem_eq(one.bytes.data, other.bytes.data, one.bytes.size);
}
END_TEST

START_TEST(tiles_have_no_metadata_and_are_srgb)
{
    _cleanup_(made_release) struct made made;
    _cleanup_image_ VipsImage *image = picture_make(100, 80, 3), *tile = NULL;

    picture_set_orientation(image, 1);
    make("[Output a]\nFormat=dz\nMetadata=icc copyright\n", picture_save(image, FORMAT_JPEG, "p3"), &made);
    tile = open_member(&made, "tiles_files/7/0_0.jpg");
    ck_assert_uint_eq(vips_image_get_typeof(tile, VIPS_META_ICC_NAME), 0);
    ck_assert_uint_eq(vips_image_get_typeof(tile, VIPS_META_EXIF_NAME), 0);
}
END_TEST

/* A tile, the description, the directory: whatever is spoilt is seen. */
START_TEST(an_archive_that_is_not_whole_is_refused)
{
    static const char *const spoilt[] = { "tiles_files/9/2_1.png", "tiles.dzi" };
    _cleanup_(made_release) struct made made;
    const struct tile_spec *spec;
    struct error error;

    make("[Output a]\nFormat=dz\nTileSize=128\nOverlap=3\nTileFormat=png\n",
         picture_file(300, 200, 3, FORMAT_PNG), &made);
    spec = &made.recipe->outputs[0].tiles;
    ck_assert_int_eq(tiles_check(made.bytes.data, made.bytes.size, FORMAT_DZ, spec, 300, 200, &error), 0);
    ck_assert_int_lt(tiles_check(made.bytes.data, made.bytes.size, FORMAT_DZ, spec, 300, 201, &error), 0);
    ck_assert_int_lt(tiles_check(made.bytes.data, made.bytes.size, FORMAT_DZ, spec, 600, 200, &error), 0);
    ck_assert_int_lt(tiles_check(made.bytes.data, made.bytes.size - 1, FORMAT_DZ, spec, 300, 200, &error), 0);
    for (size_t i = 0; i < ARRAY_SIZE(spoilt); i++) {
        const void *data;
        size_t size;

        ck_assert_int_eq(zip_reader_find(made.bytes.data, made.bytes.size, spoilt[i], &data, &size), 0);
        ((char *)made.bytes.data)[(const char *)data - (const char *)made.bytes.data + 20] ^= 1;
        ck_assert_int_lt(tiles_check(made.bytes.data, made.bytes.size, FORMAT_DZ, spec, 300, 200, &error), 0);
        ((char *)made.bytes.data)[(const char *)data - (const char *)made.bytes.data + 20] ^= 1;
    }
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("tiles");
    TCase *tests = tcase_create("tiles");
    SRunner *runner = srunner_create(suite);
    int failed;

    suite_add_tcase(suite, tests);
    tcase_set_timeout(tests, UNIT_TIMEOUT_S);
    tcase_add_checked_fixture(tests, picture_start, picture_stop);
    tcase_add_loop_test(tests, there_are_the_tiles_that_dzsave_makes, 0,
                        ARRAY_SIZE(layouts) * ARRAY_SIZE(sizes));
    tcase_add_test(tests, tiles_are_parts_of_the_picture_with_their_neighbours_edges);
    tcase_add_test(tests, google_tiles_are_full_and_white_beyond_the_picture);
    tcase_add_loop_test(tests, a_description_tells_the_size_and_the_tiles, 0, ARRAY_SIZE(descriptions));
    tcase_add_loop_test(tests, the_same_picture_makes_the_same_bytes, 0, ARRAY_SIZE(layouts));
    tcase_add_test(tests, tiles_have_no_metadata_and_are_srgb);
    tcase_add_test(tests, an_archive_that_is_not_whole_is_refused);

    srunner_run_all(runner, CK_NORMAL);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed > 0;
}
