/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Tests of each format in and each format out, against programs that are none of ours: pixels, alpha, depth, which way
 * up, frames and how long they stay, and files cut short. */
#include "outside_picture.h"
#include "rendering.h"
#include "unit_main.h"

#include "base/cleanup.h"

#include <stdio.h>

enum { WIDTH = 96, HEIGHT = 64, DEPTH = 16, GOOD_DB = 70 };

/* What a format keeps of a smooth picture, both ways, in dB; the outputs have their usual quality. */
static const struct {
    enum format format;
    bool in, out;
    double in_db, out_db;
} kinds[] = {
    /* clang-format off */
    { FORMAT_JPEG, true, true, 48, 44 },
    { FORMAT_PNG, true, true, GOOD_DB, GOOD_DB },
    { FORMAT_WEBP, true, true, GOOD_DB, 40 },
    { FORMAT_TIFF, true, true, GOOD_DB, GOOD_DB },
    { FORMAT_GIF, true, true, 32, 34 },
    { FORMAT_HEIC, true, false, 44, 0 },
    { FORMAT_AVIF, true, true, 44, 43 },
    { FORMAT_JXL, true, true, GOOD_DB, 42 },
    /* clang-format on */
};

enum { KINDS = ARRAY_SIZE(kinds) };

static const char *name_of(size_t kind)
{
    return format_info(kinds[kind].format)->name;
}

/* How many times larger pictures are that a coder has to have some work with. */
static int larger(void)
{
    return getenv("DARKROOM_FULL") ? 5 : 2;
}

static struct raster paint(int width, int height, bool alpha, raster_painter *painter)
{
    struct raster raster = raster_paint(width, height, RASTER_RGB, alpha, painter);

    raster_quantise(&raster, 8);
    return raster;
}

static double least_db(size_t in, size_t out)
{
    double less = kinds[in].in_db < kinds[out].out_db ? kinds[in].in_db : kinds[out].out_db;

    return less < GOOD_DB ? less - 1 : less; /* two losses are more than one */
}

static struct stored render_to(size_t kind, const char *more, const struct stored *source)
{
    struct rendered rendered;
    struct stored file;
    char text[300];

    snprintf(text, sizeof text, "[Recipe]\n%s[Output a]\nFormat=%s\n", more, name_of(kind));
    rendering_make(text, source, &rendered);
    ck_assert_uint_eq(rendered.output_count, 1);
    file = rendering_file(&rendered, 0);
    ck_assert(format_begins(kinds[kind].format, file.data, file.size));
    rendered_release(&rendered);
    return file;
}

static void expect_db(const struct raster *got, const struct raster *wanted, double least, size_t in,
                      size_t out)
{
    double db = raster_psnr(got, wanted);

    if (rendering_tells_figures())
        printf("%-5s to %-5s %5.1f dB, at least %5.1f\n", name_of(in), name_of(out), db, least);
    ck_assert_msg(db >= least, "%s to %s: %.1f dB", name_of(in), name_of(out), db);
}

static bool is_made(size_t kind, unsigned what)
{
    return kinds[kind].out && (what == 0 || format_holds(kinds[kind].format, what));
}

static void write_recipe(unsigned what, char *text, size_t size)
{
    FILE *stream = fmemopen(text, size, "w");

    fputs("[Output a]\nFormat=", stream);
    for (size_t out = 0; out < KINDS; out++)
        if (is_made(out, what))
            fprintf(stream, "%s ", name_of(out));
    fputc('\n', stream);
    fclose(stream);
}

/* Of @source, at once, the outputs that hold @what (one of FORMAT_HOLDS_*, or 0); the others stay empty. */
static void render_every(const struct stored *source, unsigned what, struct stored made[KINDS])
{
    struct rendered rendered;
    size_t count = 0;
    char text[200];

    write_recipe(what, text, sizeof text);
    rendering_make(text, source, &rendered);
    for (size_t out = 0; out < KINDS; out++)
        if (is_made(out, what)) {
            made[out] = rendering_file(&rendered, count++);
            ck_assert(format_begins(kinds[out].format, made[out].data, made[out].size));
        }
    ck_assert_uint_eq(rendered.output_count, count);
    rendered_release(&rendered);
}

START_TEST(every_format_can_be_made_of_every_other)
{
    size_t in = (size_t)_i;
    _cleanup_raster_ struct raster painted = paint(WIDTH, HEIGHT, false, raster_slopes);
    _cleanup_raster_ struct raster wanted = outside_rgba(&painted);
    _cleanup_stored_ struct stored source = outside_encode(&painted, kinds[in].format, 8);
    struct stored made[KINDS] = { 0 };

    render_every(&source, 0, made);
    for (size_t out = 0; out < KINDS; out++)
        if (kinds[out].out) {
            _cleanup_raster_ struct raster got = outside_decode(&made[out], kinds[out].format, NULL);

            expect_db(&got, &wanted, least_db(in, out), in, out);
            stored_release(&made[out]);
        }
}
END_TEST

/* The left half cannot be seen. */
static double half_seen(double u, double v, int band)
{
    return band == RASTER_RGB ? u > 0.5 : raster_slopes(u, v, band);
}

static void weigh(struct raster *raster)
{
    for (int y = 0; y < raster->height; y++)
        for (int x = 0; x < raster->width; x++)
            for (int band = 0; band < RASTER_RGB; band++)
                raster_at(raster, x, y)[band] *= raster_at(raster, x, y)[RASTER_RGB];
}

START_TEST(what_cannot_be_seen_stays_so)
{
    size_t in = (size_t)_i;
    _cleanup_raster_ struct raster painted = paint(WIDTH, HEIGHT, true, half_seen);
    _cleanup_raster_ struct raster wanted = raster_copy(&painted);
    _cleanup_stored_ struct stored source = { 0 };
    struct stored made[KINDS] = { 0 };

    if (kinds[in].format == FORMAT_JPEG)
        return;
    source = outside_encode(&painted, kinds[in].format, 8);
    render_every(&source, FORMAT_HOLDS_ALPHA, made);
    weigh(&wanted);
    for (size_t out = 0; out < KINDS; out++)
        if (is_made(out, FORMAT_HOLDS_ALPHA)) {
            _cleanup_raster_ struct raster got = outside_decode(&made[out], kinds[out].format, NULL);

            weigh(&got);
            expect_db(&got, &wanted, least_db(in, out), in, out);
            stored_release(&made[out]);
        }
}
END_TEST

START_TEST(sixteen_bits_stay_sixteen)
{
    size_t in = (size_t)_i;
    _cleanup_raster_ struct raster painted = raster_paint(WIDTH, HEIGHT, RASTER_RGB, false, raster_slopes);
    _cleanup_raster_ struct raster wanted = outside_rgba(&painted);
    _cleanup_stored_ struct stored source = { 0 };
    struct stored made[KINDS] = { 0 };

    if (!format_holds(kinds[in].format, FORMAT_HOLDS_DEEP))
        return;
    source = outside_encode(&painted, kinds[in].format, DEPTH);
    render_every(&source, FORMAT_HOLDS_DEEP, made);
    for (size_t out = 0; out < KINDS; out++)
        if (is_made(out, FORMAT_HOLDS_DEEP)) {
            int depth;
            _cleanup_raster_ struct raster got = outside_decode(&made[out], kinds[out].format, &depth);

            ck_assert_int_eq(depth, DEPTH);
            expect_db(&got, &wanted, kinds[out].out_db < GOOD_DB ? least_db(in, out) : 90, in, out);
            stored_release(&made[out]);
        }
}
END_TEST

/* A JPEG that lies on its side, in @format: seen by whoever heeds the tag, and by whoever does not where there can be
 * none. */
START_TEST(a_picture_on_its_side_is_seen_upright)
{
    static const char *const steps[] = { "", "Step=auto-orient\n" };
    static const uint8_t exif[] = { 'I', 'I', 42, 0, 8, 0, 0, 0, 1, 0, 0x12, 1, 3,
                                    0,   1,   0,  0, 0, 6, 0, 0, 0, 0, 0,    0, 0 };
    size_t out = (size_t)_i / ARRAY_SIZE(steps), step = (size_t)_i % ARRAY_SIZE(steps);
    struct coding coding = { .format = FORMAT_JPEG, .blocks.exif = { (uint8_t *)exif, sizeof exif } };
    _cleanup_raster_ struct raster upright = paint(WIDTH, HEIGHT, false, raster_slopes);
    _cleanup_raster_ struct raster laid = raster_laid(&upright, 6), wanted = { 0 }, got = { 0 };
    _cleanup_stored_ struct stored source = picture_encode(&laid, &coding), made = { 0 };
    bool as_stored;

    if (!kinds[out].out)
        return;
    made = render_to(out, steps[step], &source);
    got = outside_decode(&made, kinds[out].format, NULL);
    as_stored = step == 0 && format_holds(kinds[out].format, FORMAT_HOLDS_ORIENTATION);
    wanted = outside_rgba(as_stored ? &laid : &upright);
    expect_db(&got, &wanted, least_db(0, out), 0, out);
}
END_TEST

/* libjxl's own program puts what EXIF says where JPEG XL has it, and keeps the EXIF. */
START_TEST(a_jpeg_xl_is_turned_once)
{
    int orientation = 1 + _i;
    const uint8_t exif[] = {
        'I', 'I', 42, 0, 8, 0, 0, 0, 1, 0, 0x12, 1, 3, 0, 1, 0, 0, 0, (uint8_t)orientation,
        0,   0,   0,  0, 0, 0, 0
    };
    struct coding coding = { .format = FORMAT_JPEG, .blocks.exif = { (uint8_t *)exif, sizeof exif } };
    _cleanup_raster_ struct raster upright = paint(WIDTH, HEIGHT, false, raster_slopes);
    _cleanup_raster_ struct raster laid = raster_laid(&upright, orientation), got = { 0 };
    _cleanup_stored_ struct stored jpeg = picture_encode(&laid, &coding);
    _cleanup_stored_ struct stored source = outside_from_jpeg(&jpeg, FORMAT_JXL);

    got = rendering_single(_i % 2 ? "[Output a]\nFormat=png\n"
                                  : "[Recipe]\nStep=auto-orient\n[Output a]\nFormat=png\n",
                           &source);
    ck_assert_double_ge(raster_psnr(&got, &upright), 44);
}
END_TEST

/* Ten bits of a HEIC and twelve of an AVIF are not cut to eight. */
START_TEST(deep_sources_stay_deep)
{
    static const struct coding codings[] = {
        { .format = FORMAT_HEIC, .depth = 10 },
        { .format = FORMAT_AVIF, .depth = 12 },
    };
    _cleanup_raster_ struct raster painted = raster_paint(WIDTH, HEIGHT, RASTER_RGB, false, raster_slopes);
    _cleanup_stored_ struct stored source = picture_encode(&painted, &codings[_i]);
    _cleanup_stored_ struct stored made = render_to(1, "", &source);
    _cleanup_raster_ struct raster got = picture_decode(&made, NULL);

    ck_assert_int_eq(picture_png_depth(&made), DEPTH);
    if (rendering_tells_figures())
        printf("%d bits: %.1f dB\n", codings[_i].depth, raster_psnr(&got, &painted));
    ck_assert_double_ge(raster_psnr(&got, &painted), 56);
}
END_TEST

START_TEST(the_same_picture_makes_the_same_bytes)
{
    _cleanup_raster_ struct raster painted = paint(larger() * WIDTH, larger() * HEIGHT, false, raster_detail);
    _cleanup_stored_ struct stored source =
        picture_encode(&painted, &(struct coding){ .format = FORMAT_PNG });
    _cleanup_stored_ struct stored first = { 0 }, second = { 0 };

    if (!kinds[_i].out)
        return;
    first = render_to((size_t)_i, "", &source);
    second = render_to((size_t)_i, "", &source);
    ck_assert_uint_eq(first.size, second.size);
    ck_assert_mem_eq(first.data, second.data, first.size);
}
END_TEST

/* What is left of a picture when its file is cut in the middle: anything, or a failure, but a picture of the right size
 * only where the folder allows it. */
START_TEST(a_file_cut_short_fails_unless_that_is_allowed)
{
    _cleanup_raster_ struct raster painted = paint(larger() * WIDTH, larger() * HEIGHT, false, raster_detail);
    _cleanup_stored_ struct stored source = { 0 };

    if (!kinds[_i].in)
        return;
    source = outside_encode(&painted, kinds[_i].format, 8);
    for (size_t tenths = 1; tenths < 10; tenths++)
        for (enum fail_on fail_on = FAIL_ON_NONE; fail_on <= FAIL_ON_WARNING; fail_on++) {
            struct stored cut = { source.data, source.size * tenths / 10 };
            struct rendered rendered;
            struct error error;
            int r = rendering_try("[Output a]\nFormat=png\n", &cut, fail_on, &rendered, &error);

            rendered_release(&rendered);
            if (fail_on == FAIL_ON_NONE)
                continue;
            ck_assert_msg(r < 0, "%zu tenths of a %s make a picture", tenths, name_of((size_t)_i));
            ck_assert_int_eq(error.class, CLASS_PERMANENT);
        }
}
END_TEST

/* Frames of one colour each, which differ from their neighbours in every band. */
enum { FRAMES = 5 };

static const int delays_ms[FRAMES] = { 40, 80, 120, 200, 500 };
static double frame_colours[RASTER_RGB];

static double plain(double u, double v, int band)
{
    (void)u, (void)v;
    return frame_colours[band];
}

static struct raster frame_of(int index)
{
    static const double colours[FRAMES][RASTER_RGB] = {
        { 1, 0, 0 }, { 0, 1, 1 }, { 1, 0, 1 }, { 0, 0, 1 }, { 1, 1, 0 },
    };

    memcpy(frame_colours, colours[index], sizeof frame_colours);
    return paint(WIDTH, HEIGHT, false, plain);
}

static const struct {
    enum format in, out;
    double db;
} animations[] = {
    { FORMAT_GIF, FORMAT_GIF, GOOD_DB },
    { FORMAT_GIF, FORMAT_WEBP, 35 },
    { FORMAT_WEBP, FORMAT_GIF, GOOD_DB },
};

START_TEST(an_animation_keeps_its_frames_and_how_long_they_stay)
{
    struct raster frames[FRAMES], got[FRAMES];
    _cleanup_stored_ struct stored source = { 0 }, made = { 0 };
    struct outside_animation told;
    struct rendered rendered;
    char text[100];

    for (int i = 0; i < FRAMES; i++)
        frames[i] = frame_of(i);
    source = outside_animate(frames, delays_ms, FRAMES, animations[_i].in);
    snprintf(text, sizeof text, "[Output a]\nFormat=%s\n", format_info(animations[_i].out)->name);
    rendering_make(text, &source, &rendered);
    made = rendering_file(&rendered, 0);
    rendered_release(&rendered);

    told = outside_animation_of(&made, animations[_i].out);
    ck_assert_uint_eq(told.frames, FRAMES);
    ck_assert_mem_eq(told.delays_ms, delays_ms, sizeof delays_ms);
    ck_assert_int_eq(told.loops, OUTSIDE_LOOPS);
    outside_decode_frames(&made, animations[_i].out, got, FRAMES);
    for (int i = 0; i < FRAMES; i++) {
        _cleanup_raster_ struct raster wanted = outside_rgba(&frames[i]);

        ck_assert_msg(raster_psnr(&got[i], &wanted) >= animations[_i].db, "frame %d: %.1f dB", i,
                      raster_psnr(&got[i], &wanted));
        raster_release(&got[i]);
        raster_release(&frames[i]);
    }
}
END_TEST

START_TEST(of_an_animation_a_format_that_is_none_has_the_first_frame)
{
    struct raster frames[FRAMES];
    _cleanup_raster_ struct raster wanted = { 0 }, got = { 0 };
    _cleanup_stored_ struct stored source = { 0 }, made = { 0 };

    if (!kinds[_i].out || format_info(kinds[_i].format)->sequence == SEQUENCE_FRAMES)
        return;
    for (int i = 0; i < FRAMES; i++)
        frames[i] = frame_of(i);
    source = outside_animate(frames, delays_ms, FRAMES, FORMAT_GIF);
    wanted = outside_rgba(&frames[0]);
    made = render_to((size_t)_i, "", &source);
    got = outside_decode(&made, kinds[_i].format, NULL);
    ck_assert_double_ge(raster_psnr(&got, &wanted), 30);
    for (int i = 0; i < FRAMES; i++)
        raster_release(&frames[i]);
}
END_TEST

/* Options, and what ImageMagick, or libwebp's webpinfo, says of the file. */
static const struct {
    const char *recipe, *says;
    size_t kind; /* of the output */
    bool alpha, grey;
} options[] = {
    { "Format=jpeg\nProgressive=yes\n", "Interlace: JPEG", 0, false, false },
    { "Format=jpeg\n", "Interlace: None", 0, false, false },
    { "Format=jpeg\nSubsampling=444\n", "jpeg:sampling-factor: 1x1,1x1,1x1", 0, false, false },
    { "Format=jpeg\nSubsampling=420\nQuality=95\n", "jpeg:sampling-factor: 2x2,1x1,1x1", 0, false, false },
    { "Format=png\nProgressive=yes\n", "Interlace: PNG", 1, false, false },
    { "Format=png\nPalette=yes\n", "png:IHDR.color_type: 3 (Indexed)", 1, false, false },
    { "Format=png\nColours=16\n", "png:IHDR.bit-depth-orig: 4", 1, true, false },
    { "Format=png\nColours=2\n", "png:IHDR.bit-depth-orig: 1", 1, false, true },
    { "Format=tiff\nCompression=none\n", "Compression: None", 3, true, false },
    { "Format=tiff\nCompression=lzw\n", "Compression: LZW", 3, true, false },
    { "Format=tiff\nCompression=jpeg\n", "Compression: JPEG", 3, true, false },
    { "Format=tiff\nCompression=jpeg\n", "Compression: JPEG", 3, false, true },
    { "Format=tiff\n", "Compression: Zip", 3, false, true },
    { "Format=gif\nColours=8\nDither=0\n", "Colors: 8\n", 4, false, false },
    { "Format=gif\nProgressive=yes\n", "Interlace: GIF", 4, false, false },
    { "Format=webp\nLossless=yes\n", "Format: Lossless (2)", 2, true, false },
    { "Format=webp\nLossless=near\n", "Format: Lossless (2)", 2, false, false },
    { "Format=webp\n", "Format: Lossy (1)", 2, false, false },
};

START_TEST(options_are_seen_in_the_file)
{
    bool grey = options[_i].grey, webp = kinds[options[_i].kind].format == FORMAT_WEBP;
    _cleanup_raster_ struct raster painted =
        raster_paint(WIDTH, HEIGHT, grey ? RASTER_GREY : RASTER_RGB, options[_i].alpha, raster_slopes);
    _cleanup_stored_ struct stored source =
        picture_encode(&painted, &(struct coding){ .format = FORMAT_PNG, .depth = DEPTH });
    _cleanup_stored_ struct stored made = { 0 };
    struct rendered rendered;
    char text[200], *told;

    snprintf(text, sizeof text, "[Output a]\n%s", options[_i].recipe);
    rendering_make(text, &source, &rendered);
    made = rendering_file(&rendered, 0);
    rendered_release(&rendered);
    told = outside_told(&made, kinds[options[_i].kind].format, webp ? "webpinfo" : "identify");
    ck_assert_msg(strstr(told, options[_i].says), "%s: \"%s\" is not in %s", text, options[_i].says, told);
    free(told);
}
END_TEST

static const struct {
    const char *recipe;
    size_t kind;
} exact[] = { { "Format=webp\nLossless=yes\n", 2 }, { "Format=jxl\nLossless=yes\n", 7 } };

/* Each less than the one before, to the very end of the scale. */
START_TEST(less_quality_is_a_smaller_file)
{
    static const int qualities[] = { 100, 90, 60, 30, 10, 1 };
    _cleanup_raster_ struct raster painted = paint(3 * WIDTH, 3 * HEIGHT, false, raster_detail);
    _cleanup_stored_ struct stored source =
        picture_encode(&painted, &(struct coding){ .format = FORMAT_PNG });
    size_t before = SIZE_MAX;

    if (!kinds[_i].out || !encoding_has(kinds[_i].format, ENCODING_QUALITY) ||
        kinds[_i].format == FORMAT_TIFF)
        return;
    for (size_t i = 0; i < ARRAY_SIZE(qualities); i++) {
        _cleanup_stored_ struct stored made = { 0 };
        struct rendered rendered;
        char text[200];

        snprintf(text, sizeof text, "[Output a]\nFormat=%s\nQuality=%d\n", name_of((size_t)_i), qualities[i]);
        rendering_make(text, &source, &rendered);
        made = rendering_file(&rendered, 0);
        rendered_release(&rendered);
        ck_assert_msg(made.size < before, "%s: %zu bytes at %d, %zu before", name_of((size_t)_i), made.size,
                      qualities[i], before);
        before = made.size;
    }
}
END_TEST

START_TEST(lossless_is_without_any_loss)
{
    _cleanup_raster_ struct raster painted = paint(3 * WIDTH, 3 * HEIGHT, false, raster_detail), got = { 0 };
    _cleanup_raster_ struct raster wanted = outside_rgba(&painted);
    _cleanup_stored_ struct stored source =
        picture_encode(&painted, &(struct coding){ .format = FORMAT_PNG });
    _cleanup_stored_ struct stored made = { 0 };
    struct rendered rendered;
    char text[200];

    snprintf(text, sizeof text, "[Output a]\n%s", exact[_i].recipe);
    rendering_make(text, &source, &rendered);
    made = rendering_file(&rendered, 0);
    rendered_release(&rendered);
    got = outside_decode(&made, kinds[exact[_i].kind].format, NULL);
    ck_assert_double_eq(raster_difference(&got, &wanted), 0);
}
END_TEST

/* Of each lossy format: within the limit, not far below it, and as a picture that can be read. */
START_TEST(a_file_is_as_large_as_it_may_be_and_no_larger)
{
    _cleanup_raster_ struct raster painted = paint(larger() * WIDTH, larger() * HEIGHT, false, raster_detail),
                                   got = { 0 };
    _cleanup_stored_ struct stored source =
        picture_encode(&painted, &(struct coding){ .format = FORMAT_PNG });
    _cleanup_stored_ struct stored best = { 0 }, limited = { 0 };
    struct rendered rendered;
    struct error error;
    char text[200];

    if (!kinds[_i].out || !encoding_has(kinds[_i].format, ENCODING_QUALITY) ||
        kinds[_i].format == FORMAT_TIFF)
        return;
    best = render_to((size_t)_i, "", &source);
    snprintf(text, sizeof text, "[Output a]\nFormat=%s\nMaxBytes=%zu\n", name_of((size_t)_i), best.size / 2);
    rendering_make(text, &source, &rendered);
    limited = rendering_file(&rendered, 0);
    rendered_release(&rendered);
    ck_assert_uint_le(limited.size, best.size / 2);
    ck_assert_uint_ge(limited.size, best.size / 3);
    got = outside_decode(&limited, kinds[_i].format, NULL);
    ck_assert_int_eq(got.width, larger() * WIDTH);

    snprintf(text, sizeof text, "[Output a]\nFormat=%s\nMaxBytes=100\n", name_of((size_t)_i));
    ck_assert_int_eq(rendering_try(text, &source, FAIL_ON_WARNING, &rendered, &error), -EFBIG);
    ck_assert_ptr_nonnull(strstr(error.text, " of quality 1 would have "));
    ck_assert_ptr_nonnull(strstr(error.text, "more than the 100 of MaxBytes=; give Width= or Height="));
    rendered_release(&rendered);
}
END_TEST

int main(void)
{
    const struct unit_test tests[] = {
        { every_format_can_be_made_of_every_other, KINDS },
        { what_cannot_be_seen_stays_so, KINDS },
        { sixteen_bits_stay_sixteen, KINDS },
        { a_picture_on_its_side_is_seen_upright, KINDS * 2 },
        { a_jpeg_xl_is_turned_once, 8 },
        { deep_sources_stay_deep, 2 },
        { the_same_picture_makes_the_same_bytes, KINDS },
        { an_animation_keeps_its_frames_and_how_long_they_stay, ARRAY_SIZE(animations) },
        { of_an_animation_a_format_that_is_none_has_the_first_frame, KINDS },
        { options_are_seen_in_the_file, ARRAY_SIZE(options) },
        { less_quality_is_a_smaller_file, KINDS },
        { lossless_is_without_any_loss, ARRAY_SIZE(exact) },
        { a_file_is_as_large_as_it_may_be_and_no_larger, KINDS },
        { a_file_cut_short_fails_unless_that_is_allowed, KINDS },
    };

    return unit_main("fidelity_formats", tests, ARRAY_SIZE(tests));
}
