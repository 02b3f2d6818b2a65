/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Tests of what ImageMagick reads for us: pixels that others put into files, or that stand here byte by byte; what is
 * refused; and that none of its other formats is reached. */
#include "colour_reference.h"
#include "outside_picture.h"
#include "rendering.h"
#include "unit_main.h"

#include "base/cleanup.h"
#include "image/magick.h"

#include <stdio.h>
#include <sys/resource.h>

#define AS_IT_IS "[Output a]\nFormat=png\n"
#define BYTES(literal) literal, sizeof(literal) - 1

static int try(const char *recipe_text, const struct stored *source, const struct render_options *more,
               struct rendered *ret, struct error *error)
{
    _cleanup_recipe_ struct recipe *recipe = recipe_of_text(recipe_text);
    struct render_options options = rendering_plenty;

    rendering_start();
    ck_assert_msg(engine_allow(ALLOW_MAGICK, error) == 0, "%s", error->text);
    options.fail_on = more->fail_on;
    options.allowed = more->allowed;
    if (more->max_pixels > 0)
        options.max_pixels = more->max_pixels;
    *ret = (struct rendered){ 0 };
    return render(recipe, source->data, source->size, &options, ret, error);
}

static const struct render_options usual = { .allowed = ALLOW_MAGICK, .fail_on = FAIL_ON_TRUNCATED };
static const struct render_options strict = { .allowed = ALLOW_MAGICK, .fail_on = FAIL_ON_WARNING };

static struct stored make_file(const struct stored *source)
{
    struct rendered rendered;
    struct stored file;
    struct error error;

    ck_assert_msg(try(AS_IT_IS, source, &strict, &rendered, &error) == 0, "%s", error.text);
    ck_assert_uint_eq(rendered.output_count, 1);
    file = rendering_file(&rendered, 0);
    rendered_release(&rendered);
    return file;
}

static struct raster make(const struct stored *source, int *ret_depth)
{
    _cleanup_stored_ struct stored file = make_file(source);

    *ret_depth = picture_png_depth(&file);
    return picture_decode(&file, NULL);
}

static void expect_failure(const struct stored *source, const struct render_options *options,
                           const char *says)
{
    struct rendered rendered;
    struct error error = { 0 };

    ck_assert_msg(try(AS_IT_IS, source, options, &rendered, &error) < 0, "this was taken, not \"%s\"", says);
    ck_assert_int_eq(error.class, CLASS_PERMANENT);
    ck_assert_msg(strstr(error.text, says), "\"%s\" is not in \"%s\"", says, error.text);
    rendered_release(&rendered);
}

/* ---- pixels ---- */

static const struct {
    enum format format;
    int colours;
    bool alpha;
    int depth;
} kept[] = {
    { FORMAT_BMP, RASTER_RGB, false, 8 },   { FORMAT_BMP, RASTER_RGB, true, 8 },
    { FORMAT_PSD, RASTER_RGB, false, 8 },   { FORMAT_PSD, RASTER_RGB, false, 16 },
    { FORMAT_PSD, RASTER_GREY, false, 8 },  { FORMAT_PNM, RASTER_RGB, false, 8 },
    { FORMAT_PNM, RASTER_RGB, false, 16 },  { FORMAT_PNM, RASTER_GREY, false, 8 },
    { FORMAT_PNM, RASTER_GREY, false, 16 }, { FORMAT_PCX, RASTER_RGB, false, 8 },
    { FORMAT_PCX, RASTER_RGB, true, 8 },    { FORMAT_SGI, RASTER_RGB, false, 8 },
    { FORMAT_SGI, RASTER_RGB, true, 8 },    { FORMAT_SGI, RASTER_RGB, false, 16 },
    { FORMAT_SGI, RASTER_RGB, true, 16 },   { FORMAT_DDS, RASTER_RGB, true, 8 },
};

START_TEST(every_pixel_is_kept)
{
    _cleanup_raster_ struct raster raster =
        raster_paint(61, 47, kept[_i].colours, kept[_i].alpha, raster_slopes);
    _cleanup_stored_ struct stored file = { NULL, 0 };
    _cleanup_raster_ struct raster ours = { 0 };
    int depth;

    raster_quantise(&raster, kept[_i].depth);
    file = outside_encode(&raster, kept[_i].format, kept[_i].depth);
    ours = make(&file, &depth);
    ck_assert_int_eq(ours.alpha, kept[_i].alpha);
    ck_assert_int_eq(ours.colours, kept[_i].colours);
    ck_assert_int_eq(depth, kept[_i].depth);
    ck_assert_double_eq(raster_difference(&ours, &raster), 0);
}
END_TEST

static const int psd_depths[] = { 8, 16 };

/* Its colours have white behind them, which is taken out again: of what is as good as clear nothing is left. */
START_TEST(a_transparent_psd_is_as_others_see_it)
{
    _cleanup_raster_ struct raster raster = raster_paint(61, 47, RASTER_RGB, true, raster_slopes);
    _cleanup_stored_ struct stored psd = outside_encode(&raster, FORMAT_PSD, psd_depths[_i]);
    _cleanup_raster_ struct raster theirs = outside_decode(&psd, FORMAT_PSD, NULL), ours = { 0 };
    int depth;

    ours = make(&psd, &depth);
    ck_assert_int_eq(depth, psd_depths[_i]);
    ck_assert_double_le(raster_difference(&ours, &theirs), 1.0 / 255 + 1e-9); /* they round once more */
}
END_TEST

/* A film's numbers are of light, and ImageMagick has no more than 16 bits for that; Radiance has eight, and shares what
 * they are multiplied by. */
static const struct {
    enum format format;
    double alike_db;
} lights[] = { { FORMAT_DPX, 80 }, { FORMAT_HDR, 45 } };

START_TEST(light_is_seen_as_others_see_it)
{
    _cleanup_raster_ struct raster raster = raster_paint(61, 47, RASTER_RGB, false, raster_slopes);
    _cleanup_stored_ struct stored file = outside_encode(&raster, lights[_i].format, 16);
    _cleanup_raster_ struct raster ours = { 0 };
    int depth;

    ours = make(&file, &depth);
    ck_assert_int_eq(depth, 16);
    ck_assert(!ours.alpha);
    ck_assert_double_gt(raster_psnr(&ours, &raster), lights[_i].alike_db);
}
END_TEST

/* Two pixels, red over blue or black over white. */
static const struct {
    const char *name, *bytes;
    size_t size;
    double over[3], below[3];
} written[] = {
    { "P1", BYTES("P1\n1 2\n1 0\n"), { 0 }, { 1 } },
    { "P2", BYTES("P2 1 2\n# by hand\n4\n0 4\n"), { 0 }, { 1 } },
    { "P3", BYTES("P3\n1 2\n9\n9 0 0\n0 0 9\n"), { 1, 0, 0 }, { 0, 0, 1 } },
    { "P4", BYTES("P4\n1 2\n\x80\0"), { 0 }, { 1 } },
    { "P5", BYTES("P5\n1 2\n255\n\0\xFF"), { 0 }, { 1 } },
    { "P5 and a tab", BYTES("P5\t1\t2\t255\t\0\xFF"), { 0 }, { 1 } },
    { "P5 in lines of DOS", BYTES("P5\r\n# by hand\r\n1 2\r\n255\n\0\xFF"), { 0 }, { 1 } },
    { "P5 in lines of old Macintoshes", BYTES("P5\r# by hand\r1 2\r255\r\0\xFF"), { 0 }, { 1 } },
    { "P6", BYTES("P6\n1 2\n255\n\xFF\0\0\0\0\xFF"), { 1, 0, 0 }, { 0, 0, 1 } },
    { "a BMP from below",
      BYTES("BM\x3E\0\0\0\0\0\0\0\x36\0\0\0\x28\0\0\0\1\0\0\0\2\0\0\0\1\0\x18\0\0\0\0\0\x08\0\0\0\0\0\0\0\0\0"
            "\0\0\0\0\0\0\0\0\0\0\xFF\0\0\0\0\0\xFF\0"),
      { 1, 0, 0 },
      { 0, 0, 1 } },
    { "a BMP from above",
      BYTES("BM\x3E\0\0\0\0\0\0\0\x36\0\0\0\x28\0\0\0\1\0\0\0\xFE\xFF\xFF\xFF\1\0\x18\0\0\0\0\0\x08\0\0\0\0\0"
            "\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\xFF\0\xFF\0\0\0"),
      { 1, 0, 0 },
      { 0, 0, 1 } },
    { "a BMP with a palette of OS/2",
      BYTES("BM\x28\0\0\0\0\0\0\0\x20\0\0\0\x0C\0\0\0\1\0\2\0\1\0\1\0\0\0\xFF\xFF\0\0\x80\0\0\0\0\0\0\0"),
      { 1, 0, 0 },
      { 0, 0, 1 } },
};

START_TEST(a_file_written_by_hand_is_what_it_says)
{
    _cleanup_stored_ struct stored file = stored_copy(written[_i].bytes, written[_i].size);
    _cleanup_raster_ struct raster ours = { 0 };
    int depth;

    ours = make(&file, &depth);
    ck_assert_msg(ours.width == 1 && ours.height == 2 && !ours.alpha, "%s", written[_i].name);
    for (int band = 0; band < ours.colours; band++) {
        ck_assert_msg(raster_at(&ours, 0, 0)[band] == written[_i].over[band], "%s", written[_i].name);
        ck_assert_msg(raster_at(&ours, 0, 1)[band] == written[_i].below[band], "%s", written[_i].name);
    }
}
END_TEST

START_TEST(inks_are_converted_by_the_profile_in_the_psd)
{
    _cleanup_raster_ struct raster inks = raster_paint(61, 47, RASTER_CMYK, false, raster_slopes);
    _cleanup_blocks_ struct blocks blocks = { .icc = space_profile(SPACE_INKS) };
    _cleanup_stored_ struct stored jpeg =
        picture_encode(&inks, &(struct coding){ .format = FORMAT_JPEG, .blocks = blocks });
    _cleanup_stored_ struct stored psd = outside_from_jpeg(&jpeg, FORMAT_PSD);
    _cleanup_raster_ struct raster wanted = to_srgb(&inks, &blocks.icc), ours = { 0 };
    int depth;

    ours = make(&psd, &depth);
    ck_assert(ours.colours == RASTER_RGB && !ours.alpha);
    ck_assert_double_lt(raster_delta_e(&ours, &wanted, NULL), 1);
}
END_TEST

/* Memory is set aside, and limits are kept, by what the header says. */
static void expect_header_of_enough(enum format format, const struct stored *file)
{
    _cleanup_image_ VipsImage *header = NULL, *decoded = NULL;
    struct error error;

    rendering_start();
    ck_assert_int_eq(engine_allow(ALLOW_MAGICK, &error), 0);
    ck_assert_int_eq(magick_open(format, file->data, file->size, true, VIPS_FAIL_ON_ERROR, &header), 0);
    ck_assert_int_eq(magick_open(format, file->data, file->size, false, VIPS_FAIL_ON_ERROR, &decoded), 0);
    ck_assert(header->Xsize == decoded->Xsize && header->Ysize == decoded->Ysize);
    ck_assert_int_ge(header->Bands, decoded->Bands);
    ck_assert_uint_ge(VIPS_IMAGE_SIZEOF_ELEMENT(header), VIPS_IMAGE_SIZEOF_ELEMENT(decoded));
}

START_TEST(a_header_tells_of_no_less_than_is_decoded)
{
    _cleanup_raster_ struct raster raster =
        raster_paint(61, 47, kept[_i].colours, kept[_i].alpha, raster_slopes);
    _cleanup_stored_ struct stored file = outside_encode(&raster, kept[_i].format, kept[_i].depth);

    expect_header_of_enough(kept[_i].format, &file);
}
END_TEST

START_TEST(a_psd_of_lab_becomes_as_deep_as_its_header_tells)
{
    _cleanup_stored_ struct stored file =
        stored_copy(BYTES("8BPS\0\1\0\0\0\0\0\0\0\3\0\0\0\1\0\0\0\1\0\x08\0\x09\0\0\0\0\0\0\0\0\0\0\0\0\0\0"
                          "\x80\x80\x80"));

    expect_header_of_enough(FORMAT_PSD, &file);
}
END_TEST

/* ---- refusals ---- */

#define NO_ROWS(name) "cannot be decoded: " name ": truncated: rows of the picture are missing"
#define NO_END "cannot be decoded: magick: truncated: unexpected end-of-file"
#define DAMAGED "cannot be decoded: magick: truncated or damaged: "
#define NO_HEADER                                                                                            \
    "header cannot be read: magick: truncated, damaged, or of a kind that ImageMagick does not read: "       \
    "improper image header"

/* And what is said of one that is cut off before its pixels end, and in its header. */
static const struct {
    enum format format;
    const char *name;
    int depth;
    const char *cut, *beheaded;
} made[] = {
    { FORMAT_BMP, "bmp", 8, "bmp: truncated: 58", "bmp: truncated: 20 of its " },
    { FORMAT_PSD, "psd", 8, NO_ROWS("psd"), NO_HEADER },
    { FORMAT_PSD, "psd", 16, NO_ROWS("psd"), NO_HEADER },
    { FORMAT_PNM, "pnm", 8, DAMAGED "unable to read image data",
      "magick: truncated: insufficient image data in file" },
    { FORMAT_PCX, "pcx", 8, NO_END, DAMAGED "improper image header" },
    { FORMAT_SGI, "sgi", 8, NO_ROWS("sgi"), NO_HEADER },
    { FORMAT_SGI, "sgi", 16, NO_END, NO_HEADER },
    { FORMAT_DDS, "dds", 8, NO_END, NO_HEADER },
    { FORMAT_DPX, "dpx", 16, DAMAGED "unable to read image data", NO_HEADER },
    { FORMAT_HDR, "hdr", 16, NO_END, NO_HEADER },
};

static struct stored make_detail(int index)
{
    _cleanup_raster_ struct raster raster = raster_paint(61, 47, RASTER_RGB, false, raster_detail);

    return outside_encode(&raster, made[index].format, made[index].depth);
}

START_TEST(what_is_not_allowed_too_large_or_cut_short_is_refused)
{
    static const struct render_options others = { .allowed = ALLOW_ALL & ~ALLOW_MAGICK };
    static const struct render_options few = { .allowed = ALLOW_MAGICK, .max_pixels = 61 * 47 - 1 };
    _cleanup_stored_ struct stored file = make_detail(_i);
    char says[100];

    snprintf(says, sizeof says,
             "its format is %s, which this folder does not take; AllowFormats=magick would", made[_i].name);
    expect_failure(&file, &others, says);
    expect_failure(&file, &few, "61 × 47 are 2867 pixels, more than the 2866 that MaxPixels=");
    file.size -= file.size / 3;
    expect_failure(&file, &usual, made[_i].cut);
    file.size = 20;
    expect_failure(&file, &usual, made[_i].beheaded);
}
END_TEST

/* As the manual says. */
START_TEST(of_half_a_file_there_is_a_picture_where_the_decoder_makes_one)
{
    static const struct render_options lenient = { .allowed = ALLOW_MAGICK, .fail_on = FAIL_ON_NONE };
    bool makes_one = made[_i].format == FORMAT_SGI || made[_i].format == FORMAT_HDR;
    _cleanup_stored_ struct stored file = make_detail(_i);
    struct rendered rendered;
    struct error error;

    file.size -= file.size / 3;
    ck_assert_int_eq(try(AS_IT_IS, &file, &lenient, &rendered, &error) == 0, makes_one);
    rendered_release(&rendered);
}
END_TEST

/* What ImageMagick would make of these by itself, by their names or their beginnings. */
static const struct {
    const char *name, *text;
} others[] = {
    { "MVG",
      "push graphic-context\nviewbox 0 0 9 9\nimage over 0,0 0,0 '/etc/passwd'\npop graphic-context\n" },
    { "MSL", "<?xml version=\"1.0\"?>\n<image><read filename=\"/etc/passwd\"/><write "
             "filename=\"/tmp/x\"/></image>" },
    { "a name", "@/etc/passwd" },
    { "an address", "https://127.0.0.1/a.bmp" },
    { "a prefix", "BMP:/etc/passwd" },
    { "text in two letters", "BM and more text than a header has" },
    { "PostScript", "%!PS-Adobe-3.0\n(/etc/passwd) (r) file\n" },
    { "MIFF",
      "id=ImageMagick version=1.0\nclass=DirectClass\ncolumns=1  rows=1  depth=8\n\n\f\n:\x1A\1\2\3" },
    { "TGA", "\1\1\1" },
};

START_TEST(nothing_else_that_imagemagick_knows_is_read)
{
    _cleanup_stored_ struct stored file = stored_copy(others[_i].text, strlen(others[_i].text));

    expect_failure(&file, &usual, "not a picture in an enabled format");
}
END_TEST

/* Debian's allows 16000 pixels a side. */
START_TEST(what_the_policy_of_imagemagick_does_not_allow_is_named)
{
    _cleanup_stored_ struct stored wide = stored_copy(BYTES("P4\n20000 1\n"));
    _cleanup_stored_ struct stored large = stored_copy(BYTES("P6\n15000 15000\n255\n"));

    expect_failure(&wide, &usual, "its width is 20000 pixels, and the policy.xml of ImageMagick allows");
    expect_failure(&large, &usual,
                   "its need of memory is 1800001024 bytes, and the policy.xml of ImageMagick allows");
}
END_TEST

/* @header, and @more bytes of 0. */
static struct stored stored_zeros(const char *header, size_t size, size_t more)
{
    _cleanup_free_ char *bytes = calloc(1, size + more);

    ck_assert_ptr_nonnull(bytes);
    memcpy(bytes, header, size);
    return stored_copy(bytes, size + more);
}

/* Where ImageMagick gives pixels other colours or a palette it holds them twice, and loses those that there is no
 * memory to do that to. Headers of pictures of 4500 × 4000. */
#define PSD_HEADER(channels, mode)                                                                           \
    BYTES("8BPS\0\1\0\0\0\0\0\0\0" channels "\0\0\x0F\xA0\0\0\x11\x94\0\x08\0" mode                          \
          "\0\0\0\0\0\0\0\0\0\0\0\0\0\0")

enum { MANY_PIXELS = 4500 * 4000, COUNTED_MORE_BYTES = 1024 };

static const struct {
    const char *name, *bytes;
    size_t size;
    size_t pixel_bytes;
} held_twice[] = {
    { "a PGM", BYTES("P5\n4500 4000\n255\n"), 16 },
    { "a Radiance", BYTES("#?RADIANCE\nFORMAT=32-bit_rle_rgbe\n\n-Y 4000 +X 4500\n"), 16 },
    { "a PCX", BYTES("\x0A\5\1\x08\0\0\0\0\x93\x11\x9F\x0F\0\0\0\0"), 18 },
    { "a PSD of greys", PSD_HEADER("\1", "\1"), 20 },
    { "a PSD of inks", PSD_HEADER("\4", "\4"), 18 },
    { "a PSD of Lab", PSD_HEADER("\3", "\x09"), 16 },
};

START_TEST(what_imagemagick_holds_twice_is_refused_before_it_loses_that)
{
    _cleanup_stored_ struct stored file =
        stored_zeros(held_twice[_i].bytes, held_twice[_i].size, MANY_PIXELS);
    _cleanup_raster_ struct raster raster = raster_paint(61, 47, RASTER_RGB, false, raster_slopes);
    _cleanup_stored_ struct stored bmp = outside_encode(&raster, FORMAT_BMP, 8);
    _cleanup_raster_ struct raster ours = { 0 };
    char says[100];
    int depth;

    snprintf(says, sizeof says, "its need of memory is %zu bytes, and the policy.xml",
             held_twice[_i].pixel_bytes * MANY_PIXELS + COUNTED_MORE_BYTES);
    expect_failure(&file, &usual, says);
    ck_assert(!magick_has_lost_memory());
    ours = make(&bmp, &depth);
    ck_assert_int_eq(ours.width, raster.width);
    ck_assert(!magick_has_lost_memory());
}
END_TEST

#ifdef DARKROOM_SANITIZED
enum { CAN_BOUND_MEMORY = false }; /* a sanitizer has its own uses for it */
#else
enum { CAN_BOUND_MEMORY = true };
#endif

/* Private memory that can be written, in pages. */
static rlim_t data_pages(void)
{
    FILE *statm = fopen("/proc/self/statm", "re");
    unsigned long pages;

    ck_assert_ptr_nonnull(statm);
    ck_assert_int_eq(fscanf(statm, "%*u %*u %*u %*u %*u %lu", &pages), 1);
    fclose(statm);
    return pages;
}

/* Returns the bound that there was. */
static struct rlimit bound_memory(size_t more)
{
    struct rlimit before, bound;

    ck_assert_int_eq(getrlimit(RLIMIT_DATA, &before), 0);
    bound = before;
    bound.rlim_cur = data_pages() * (rlim_t)sysconf(_SC_PAGESIZE) + more;
    ck_assert_int_eq(setrlimit(RLIMIT_DATA, &bound), 0);
    return before;
}

/* For its pixels as they are in the file there is room, and half of that for those in the space of grey ones. */
START_TEST(what_imagemagick_has_lost_is_told)
{
    enum { WIDTH = 1000, HEIGHT = 800, PIXEL_BYTES = 8 };
    _cleanup_stored_ struct stored file = stored_zeros(BYTES("P5\n1000 800\n255\n"), (size_t)WIDTH * HEIGHT);
    VipsImage *image = NULL;
    struct rlimit before;
    struct error error;

    if (!CAN_BOUND_MEMORY)
        return;
    ck_assert(!magick_has_lost_memory());
    rendering_start();
    ck_assert_int_eq(engine_allow(ALLOW_MAGICK, &error), 0);
    ck_assert_int_eq(magick_open(FORMAT_PNM, file.data, file.size, false, VIPS_FAIL_ON_ERROR, &image), 0);
    g_object_unref(take_ptr(image));
    ck_assert(!magick_has_lost_memory());
    before = bound_memory((size_t)WIDTH * HEIGHT * PIXEL_BYTES * 3 / 2);
    ck_assert_int_lt(magick_open(FORMAT_PNM, file.data, file.size, false, VIPS_FAIL_ON_ERROR, &image), 0);
    ck_assert_int_eq(setrlimit(RLIMIT_DATA, &before), 0);
    ck_assert(magick_has_lost_memory());
    ck_assert_ptr_nonnull(strstr(vips_error_buffer(), "it needs more memory"));
    ck_assert_ptr_null(strstr(vips_error_buffer(), "truncated"));
}
END_TEST

UNIT_MAIN("magick", UNIT_ROWS(every_pixel_is_kept, kept),
          UNIT_ROWS(a_transparent_psd_is_as_others_see_it, psd_depths),
          UNIT_ROWS(light_is_seen_as_others_see_it, lights),
          UNIT_ROWS(a_file_written_by_hand_is_what_it_says, written),
          UNIT_TEST(inks_are_converted_by_the_profile_in_the_psd),
          UNIT_ROWS(a_header_tells_of_no_less_than_is_decoded, kept),
          UNIT_TEST(a_psd_of_lab_becomes_as_deep_as_its_header_tells),
          UNIT_ROWS(what_is_not_allowed_too_large_or_cut_short_is_refused, made),
          UNIT_ROWS(of_half_a_file_there_is_a_picture_where_the_decoder_makes_one, made),
          UNIT_ROWS(nothing_else_that_imagemagick_knows_is_read, others),
          UNIT_TEST(what_the_policy_of_imagemagick_does_not_allow_is_named),
          UNIT_ROWS(what_imagemagick_holds_twice_is_refused_before_it_loses_that, held_twice),
          UNIT_TEST(what_imagemagick_has_lost_is_told))
