/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Tests of lib/image/png_decode: what it takes has libpng's pixels, and what is odd is left to libpng, so that a job
 * ends as if there were no decoder of ours. */
#include "image/png_decode.h"

#include "base/cleanup.h"
#include "image/loaders.h"
#include "pictures.h"
#include "png_made.h"
#include "unit_main.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>

enum { SIDES = 40, FLIPS = 1500, SEED = 4711 };

/* The short form takes a part of what is tried; DARKROOM_FULL=1 all. */
static unsigned step(void)
{
    return getenv("DARKROOM_FULL") ? 1 : 4;
}

static unsigned next_random(unsigned *state)
{
    *state = *state * 1664525 + 1013904223;
    return *state >> 16;
}

/* Whatever a filter left is right; @filter of all rows, or any. */
static uint8_t *make_rows(const struct png_plan *plan, int filter, unsigned seed)
{
    size_t row = 1 + (size_t)plan->width * plan->bands, size = png_plan_rows_bytes(plan);
    uint8_t *rows = malloc(size);

    for (size_t i = 0; i < size; i++)
        rows[i] = (uint8_t)next_random(&seed);
    for (uint32_t y = 0; y < plan->height; y++)
        rows[y * row] = (uint8_t)(filter < 0 ? next_random(&seed) % 5 : (unsigned)filter);
    return rows;
}

static VipsImage *open_by_libpng(const struct png_made *file, VipsFailOn fail_on)
{
    VipsImage *image = NULL;

    vips_error_clear();
    if (vips_pngload_buffer(file->data, file->size, &image, "fail_on", fail_on, NULL) != 0)
        return NULL;
    return image;
}

static void *pixels_of(VipsImage *image, size_t *ret_size)
{
    return vips_image_write_to_memory(image, ret_size);
}

static void expect_same_pixels(const struct png_made *file, const char *what)
{
    _cleanup_image_ VipsImage *image = open_by_libpng(file, VIPS_FAIL_ON_ERROR);
    _cleanup_(pages_give) struct pages got = { 0 };
    void *wanted;
    size_t size;

    ck_assert_msg(image, "%s: %s", what, vips_error_buffer());
    wanted = pixels_of(image, &size);
    ck_assert_msg(png_decode_can(file->data, file->size), "%s", what);
    ck_assert_msg(png_decode_pixels(file->data, file->size, &got) == 0, "%s", what);
    ck_assert_msg(memcmp(got.data, wanted, size) == 0, "%s: other pixels than libpng's", what);
    g_free(wanted);
}

static void try_plan(struct png_plan plan, int filter)
{
    _cleanup_free_ uint8_t *rows = make_rows(&plan, filter, plan.width * 100 + plan.height);
    _cleanup_png_made_ struct png_made file = { NULL, 0 };
    char what[100];

    plan.rows = rows;
    file = png_make(&plan);
    snprintf(what, sizeof what, "%u × %u × %u, filter %d, split %zu", plan.width, plan.height, plan.bands,
             filter, plan.split);
    expect_same_pixels(&file, what);
}

START_TEST(pixels_are_those_of_libpng)
{
    int filter = _i % 6 - 1;

    for (unsigned bands = 1; bands <= 4; bands++)
        for (uint32_t side = 1; side <= SIDES; side += step()) {
            try_plan((struct png_plan){ side, (side * 7) % SIDES + 1, bands, 6, 0, false, NULL }, filter);
            try_plan((struct png_plan){ (side * 3) % SIDES + 1, side, bands, 1, 0, false, NULL }, filter);
        }
}
END_TEST

START_TEST(a_stream_may_be_split_anywhere)
{
    for (size_t split = 1; split < 200; split += split < 20 ? step() : 17) {
        try_plan((struct png_plan){ 23, 9, 3, 9, split, false, NULL }, -1);
        try_plan((struct png_plan){ 23, 9, 4, 0, split, true, NULL }, -1);
    }
}
END_TEST

/* ---- what is odd ---- */

static struct png_made make_file(size_t split)
{
    struct png_plan plan = { 31, 20, 3, 6, split, false, NULL };
    _cleanup_free_ uint8_t *rows = make_rows(&plan, -1, SEED);

    plan.rows = rows;
    return png_make(&plan);
}

static void expect_left(const struct png_made *file, const char *what, size_t number)
{
    _cleanup_(pages_give) struct pages pixels = { 0 };

    ck_assert_msg(png_decode_pixels(file->data, file->size, &pixels) == -EBADMSG, "%s %zu is taken", what,
                  number);
}

static char *open_by_loader(const struct png_made *file, VipsFailOn fail_on, VipsImage **ret)
{
    const struct load_options options = { .shrink = 1, .scale = 1, .fail_on = fail_on, .count = 1 };

    vips_error_clear();
    if (loader_open(FORMAT_PNG, file->data, file->size, &options, ret) != 0)
        return g_strdup(vips_error_buffer());
    return NULL;
}

/* Pixels and complaints. */
static void expect_as_libpng(const struct png_made *file, VipsFailOn fail_on, const char *what, size_t number)
{
    _cleanup_image_ VipsImage *ours = NULL, *theirs = open_by_libpng(file, fail_on);
    _cleanup_free_ char *their_text = g_strdup(theirs ? "" : vips_error_buffer()),
                        *our_text = open_by_loader(file, fail_on, &ours);
    void *our_pixels = NULL, *their_pixels = NULL;
    size_t size = 0, their_size = 0;

    ck_assert_msg(!ours == !theirs, "%s %zu, %d", what, number, fail_on);
    if (!ours) {
        ck_assert_str_eq(our_text, their_text);
        return;
    }
    vips_error_clear();
    their_pixels = pixels_of(theirs, &their_size);
    free(their_text);
    their_text = g_strdup(vips_error_buffer());
    vips_error_clear();
    our_pixels = pixels_of(ours, &size);
    ck_assert_msg(!our_pixels == !their_pixels, "%s %zu, %d", what, number, fail_on);
    ck_assert_msg(!our_pixels || memcmp(our_pixels, their_pixels, size) == 0, "%s %zu, %d", what, number,
                  fail_on);
    ck_assert_str_eq(vips_error_buffer(), their_text);
    g_free(our_pixels);
    g_free(their_pixels);
}

static void expect_left_to_libpng(const struct png_made *file, const char *what, size_t number)
{
    expect_left(file, what, number);
    for (VipsFailOn fail_on = VIPS_FAIL_ON_NONE; fail_on <= VIPS_FAIL_ON_WARNING; fail_on++)
        expect_as_libpng(file, fail_on, what, number);
}

START_TEST(what_is_cut_off_is_left_to_libpng)
{
    _cleanup_png_made_ struct png_made file = make_file(300);

    for (size_t size = 0; size < file.size; size += step()) {
        _cleanup_png_made_ struct png_made cut = { malloc(size + 1), size };

        memcpy(cut.data, file.data, size);
        expect_left(&cut, "cut at", size);
        if (size % 37 == 0)
            expect_left_to_libpng(&cut, "cut at", size);
    }
}
END_TEST

START_TEST(a_changed_bit_is_left_to_libpng)
{
    _cleanup_png_made_ struct png_made file = make_file(500);
    unsigned state = SEED;

    for (size_t i = 0; i < FLIPS / step(); i++) {
        size_t at = (next_random(&state) << 8 ^ next_random(&state)) % file.size;
        uint8_t bit = (uint8_t)(1 << next_random(&state) % 8);

        file.data[at] ^= bit;
        expect_left(&file, "bit changed at", at);
        if (i % 17 == 0)
            expect_left_to_libpng(&file, "bit changed at", at);
        file.data[at] ^= bit;
    }
    expect_same_pixels(&file, "changed back");
}
END_TEST

enum oddity {
    NO_ODDITY,
    LAST_TYPE_AND_TRANSPARENCY,
    WITH_PALETTE,
    SPLIT_BY_ANOTHER,
    BEHIND_THE_END,
    STREAM_GOES_ON,
    WRONG_ADLER,
    WRONG_FILTER,
    ROW_TOO_FEW,
    ROW_TOO_MANY,
    SMALL_WINDOW,
    WITHOUT_END,
    UNKNOWN_CRITICAL,
    NAMELESS,
    NAMELESS_BEHIND_PIXELS,
    ODDITIES
};

static const char *const oddities[ODDITIES] = {
    [NO_ODDITY] = "nothing",
    [LAST_TYPE_AND_TRANSPARENCY] = "a transparent colour",
    [WITH_PALETTE] = "a palette",
    [SPLIT_BY_ANOTHER] = "text between pixels",
    [BEHIND_THE_END] = "bytes behind the end",
    [STREAM_GOES_ON] = "bytes behind the stream",
    [WRONG_ADLER] = "a wrong sum",
    [WRONG_FILTER] = "a filter that is none",
    [ROW_TOO_FEW] = "a row too few",
    [ROW_TOO_MANY] = "a row too many",
    [SMALL_WINDOW] = "a window that is told too small",
    [WITHOUT_END] = "no end",
    [UNKNOWN_CRITICAL] = "a critical chunk that nobody knows",
    [NAMELESS] = "a chunk whose type has a digit",
    [NAMELESS_BEHIND_PIXELS] = "one behind the pixels",
};

static struct png_made make_odd(enum oddity oddity)
{
    struct png_plan plan = { 31, 20, 3, 6, 0, false, NULL }, real = plan;
    struct png_made made = { NULL, 0 };
    _cleanup_free_ uint8_t *rows = NULL, *stream = NULL;
    uLong size = 1 << 16;

    real.height += (oddity == ROW_TOO_MANY) - (oddity == ROW_TOO_FEW);
    rows = make_rows(&real, -1, SEED);
    if (oddity == WRONG_FILTER)
        rows[0] = 5;
    stream = malloc(size + 1);
    compress(stream, &size, rows, png_plan_rows_bytes(&real));
    if (oddity == STREAM_GOES_ON)
        stream[size++] = 0;
    if (oddity == WRONG_ADLER)
        stream[size - 1] ^= 1;
    if (oddity == SMALL_WINDOW)
        memcpy(stream, "\x08\x1d", 2);
    png_made_start(&made, &plan);
    if (oddity == LAST_TYPE_AND_TRANSPARENCY)
        png_made_add(&made, "tRNS", "\0\1\0\2\0\3", 6);
    if (oddity == WITH_PALETTE)
        png_made_add(&made, "PLTE", "abcabc", 6);
    if (oddity == UNKNOWN_CRITICAL)
        png_made_add(&made, "ABCD", "abcabc", 6);
    if (oddity == NAMELESS)
        png_made_add(&made, "0HYs", "\0\0\0\1\0\0\0\1\1", 9);
    png_made_add(&made, "IDAT", stream, size / 2);
    if (oddity == SPLIT_BY_ANOTHER)
        png_made_add(&made, "tEXt", "a\0b", 3);
    png_made_add(&made, "IDAT", stream + size / 2, size - size / 2);
    if (oddity == NAMELESS_BEHIND_PIXELS)
        png_made_add(&made, "tE{t", "a\0b", 3);
    if (oddity != WITHOUT_END)
        png_made_add(&made, "IEND", NULL, 0);
    if (oddity == BEHIND_THE_END)
        png_made_add(&made, "tEXt", "a\0b", 3);
    return made;
}

START_TEST(what_is_odd_is_left_to_libpng)
{
    _cleanup_png_made_ struct png_made file = make_odd((enum oddity)_i);

    if (_i == NO_ODDITY)
        expect_same_pixels(&file, oddities[_i]);
    else
        expect_left_to_libpng(&file, oddities[_i], 0);
}
END_TEST

START_TEST(files_of_other_kinds_are_left_to_libpng)
{
    static const struct {
        const char *says;
        gboolean interlace, palette, deep;
        int bits;
    } kinds[] = {
        { "interlaced", TRUE, FALSE, FALSE, 8 },
        { "with a palette", FALSE, TRUE, FALSE, 8 },
        { "of few bits", FALSE, TRUE, FALSE, 2 },
        { "of 16 bits", FALSE, FALSE, TRUE, 16 },
    };
    _cleanup_image_ VipsImage *image = picture_make(20, 10, 3), *deep = NULL;
    struct png_made file;

    vips_must(vips_cast_ushort(image, &deep, NULL));
    deep->Type = VIPS_INTERPRETATION_RGB16;
    vips_must(vips_pngsave_buffer(kinds[_i].deep ? deep : image, (void **)&file.data, &file.size, "interlace",
                                  kinds[_i].interlace, "palette", kinds[_i].palette, "bitdepth",
                                  kinds[_i].bits, NULL));
    ck_assert(!png_decode_can(file.data, file.size));
    expect_left_to_libpng(&file, kinds[_i].says, 0);
    g_free(file.data);
}
END_TEST

/* ---- the header, and real files ---- */

static void *count_field(VipsImage *image, const char *name, GValue *value, void *other)
{
    (void)image, (void)value;
    ck_assert_msg(strcmp(name, VIPS_META_SEQUENTIAL) == 0 || vips_image_get_typeof(other, name) != 0,
                  "%s is missing", name);
    return NULL;
}

START_TEST(the_header_is_that_of_libvips)
{
    _cleanup_image_ VipsImage *image = picture_make(20, 10, _i), *dense = NULL, *ours = NULL, *theirs = NULL;
    struct png_made file;

    vips_must(vips_copy(image, &dense, "xres", 4.0, "yres", 5.0, NULL));
    vips_image_set_int(dense, VIPS_META_ORIENTATION, 6);
    vips_must(vips_pngsave_buffer(dense, (void **)&file.data, &file.size, NULL));
    theirs = open_by_libpng(&file, VIPS_FAIL_ON_ERROR);
    ck_assert_ptr_null(open_by_loader(&file, VIPS_FAIL_ON_ERROR, &ours));
    vips_image_map(theirs, count_field, ours);
    ck_assert_int_eq(ours->Type, theirs->Type);
    ck_assert_int_eq(ours->Bands, theirs->Bands);
    ck_assert_double_eq(ours->Xres, theirs->Xres);
    ck_assert_double_eq(ours->Yres, theirs->Yres);
    ck_assert_int_eq(vips_image_get_orientation(ours), vips_image_get_orientation(theirs));
    g_free(file.data);
}
END_TEST

static const char *corpora(void)
{
    const char *given = getenv("DARKROOM_CORPORA");

    return given ? given : DARKROOM_CORPORA_PATH;
}

/* Some claim sizes that nobody has the memory for. */
static bool is_handy(const struct png_made *file)
{
    enum { WIDTH_AT = 16, HEIGHT_AT = 20, HEADER_END = 33, SIDE_MOST = 5000 };

    return file->size > HEADER_END && png_made_get(file->data + WIDTH_AT) < SIDE_MOST &&
           png_made_get(file->data + HEIGHT_AT) < SIDE_MOST;
}

static void try_corpus_file(const char *path)
{
    struct png_made file;
    gchar *data = NULL;
    _cleanup_(pages_give) struct pages pixels = { 0 };

    ck_assert(g_file_get_contents(path, &data, &file.size, NULL));
    file.data = (uint8_t *)data;
    if (png_decode_pixels(file.data, file.size, &pixels) == 0)
        expect_same_pixels(&file, path);
    if (is_handy(&file))
        expect_as_libpng(&file, VIPS_FAIL_ON_TRUNCATED, path, 0);
    g_free(data);
}

START_TEST(files_of_others_are_as_libpng_has_them)
{
    DIR *directory = opendir(corpora());
    struct dirent *entry;
    char path[PATH_MAX];

    while (directory && (entry = readdir(directory)) != NULL) {
        snprintf(path, sizeof path, "%s/%s", corpora(), entry->d_name);
        /* What is huge in a name are texts, which libpng unpacks for minutes; png_chunks_reduce() takes them away. */
        if (strlen(path) > 4 && strcmp(path + strlen(path) - 4, ".png") == 0 && !strstr(path, "huge"))
            try_corpus_file(path);
    }
    if (directory)
        closedir(directory);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("png_decode");
    TCase *tests = tcase_create("png_decode");
    SRunner *runner = srunner_create(suite);
    int failed;

    suite_add_tcase(suite, tests);
    tcase_set_timeout(tests, UNIT_TIMEOUT_S);
    tcase_add_checked_fixture(tests, picture_start, picture_stop);
    tcase_add_loop_test(tests, pixels_are_those_of_libpng, 0, 6);
    tcase_add_test(tests, a_stream_may_be_split_anywhere);
    tcase_add_test(tests, what_is_cut_off_is_left_to_libpng);
    tcase_add_test(tests, a_changed_bit_is_left_to_libpng);
    tcase_add_loop_test(tests, what_is_odd_is_left_to_libpng, 0, ODDITIES);
    tcase_add_loop_test(tests, files_of_other_kinds_are_left_to_libpng, 0, 4);
    tcase_add_loop_test(tests, the_header_is_that_of_libvips, 1, 5);
    tcase_add_test(tests, files_of_others_are_as_libpng_has_them);

    srunner_run_all(runner, CK_NORMAL);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed > 0;
}
