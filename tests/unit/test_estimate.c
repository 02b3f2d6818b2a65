/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a rendering is said to take, and what it takes: each is done in a process of its own, whose peak the kernel
 * tells. */
#include "image/estimate.h"

#include "base/fd_io.h"
#include "exr_file.h"
#include "image/render.h"
#include "pdf.h"
#include "pictures.h"
#include "recipe_text.h"
#include "unit_main.h"

#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

#define RECIPE(outputs) "[Recipe]\nDescription=For tests\nStep=auto-orient\n" outputs
#define UNLIMITED (1ULL << 50)

#ifdef DARKROOM_SANITIZED
enum { IS_SANITIZED = true }; /* memory is taken for every byte, to watch over it */
#else
enum { IS_SANITIZED = false };
#endif

enum {
    MEGABYTE = 1 << 20,
    STEPS_FACTOR = 6,
    PART = 24,
    POINTS_AN_INCH = 72,
    FACTOR = 3,                /* an estimate is at most so many times what was used … */
    SANE_BYTES = 64 * MEGABYTE /* … and this more, for pictures whose files could have been larger */
};

static const char *const recipes[] = {
    RECIPE("[Output a]\nWidth=320 1280\nFormat=jpeg webp\n"),
    RECIPE("[Output a]\nWidth=320\nFormat=jpeg\n"),
    RECIPE("[Output a]\nFormat=jpeg png\nQuality=jpeg:95\n"),
    RECIPE("[Output a]\nFormat=webp\n"),
    RECIPE("[Output a]\nFormat=dz\nTileFormat=png\n"),
    RECIPE("[Output a]\nFormat=iiif3\n[Manifest]\n"),
    RECIPE("[Output a]\nFormat=jpeg\nLossless=yes\n"),
};

/* Of the recipe, and of an output. */
static const char *const step_recipes[] = {
    RECIPE("Step=rotate 10\n[Output a]\nWidth=320 1280\nFormat=jpeg\n"),
    RECIPE("Step=normalise\nStep=trim\nStep=auto-level\n[Output a]\nFormat=jpeg\n"),
    RECIPE("Step=extend 1:1 with=blur\n[Output a]\nWidth=320\nFormat=png\n"),
    RECIPE("Step=blur 1%\nStep=sharpen 2\nStep=median 1\n[Output a]\nWidth=320\nFormat=jpeg\n"),
    RECIPE("Step=mask circle\nStep=frame\nStep=round-corners 5%\n[Output a]\nFormat=webp\n"),
    RECIPE("Step=sepia\nStep=contrast 120\n[Output a]\nWidth=320\nFormat=jpeg\n"),
    RECIPE("[Output a]\nFormat=png\nStep=depth 16\nStep=border 10%\n"),
    RECIPE("Step=depth 16\n[Output a]\nFormat=tiff\nCompression=none\n"),
    RECIPE("Step=tint red\n[Output a]\nFormat=png\n"),
    RECIPE("[Output a]\nWidth=1280\nHeight=1280\nFit=cover\nGravity=attention\nFormat=jpeg\nStep=extend 2:1 "
           "with=mirror\nStep=sharpen\n"),
};

static const int twice_step_recipes[2 * sizeof step_recipes / sizeof step_recipes[0]];

/* Of formats that take long to encode, and of few pictures. */
static const char *const slow_recipes[] = {
    RECIPE("[Output a]\nFormat=tiff\n"),
    RECIPE("[Output a]\nFormat=gif\n"),
    RECIPE("[Output a]\nFormat=avif\n"),
    RECIPE("[Output a]\nFormat=jxl\n"),
    RECIPE("[Output a]\nFormat=png\nPalette=yes\n"),
    RECIPE("[Output a]\nFormat=webp\nLossless=yes\n"),
};

static const struct {
    const char *name;
    int width, height, bands;
    enum format format;
    bool deep, whole, grain;
    int orientation, frames;
} pictures[] = {
    { "JPEG", 2400, 1600, 3, FORMAT_JPEG, .grain = true },
    { "progressive JPEG", 2400, 1600, 3, FORMAT_JPEG, .whole = true },
    { "turned JPEG", 2400, 1600, 3, FORMAT_JPEG, .orientation = 6 },
    { "PNG", 2400, 1600, 3, FORMAT_PNG, .grain = true },
    { "grey PNG", 2400, 1600, 1, FORMAT_PNG, .deep = false },
    { "interlaced PNG", 2400, 1600, 3, FORMAT_PNG, .whole = true },
    { "transparent PNG", 2400, 1600, 4, FORMAT_PNG, .deep = false },
    { "deep PNG", 2000, 1500, 3, FORMAT_PNG, .deep = true },
    { "deep transparent PNG", 2000, 1500, 4, FORMAT_PNG, .deep = true },
    { "wide PNG", 12000, 600, 3, FORMAT_PNG, .deep = false },
    { "high PNG", 600, 12000, 3, FORMAT_PNG, .deep = false },
    { "WebP", 2400, 1600, 3, FORMAT_WEBP, .deep = false },
    { "lossless WebP", 2400, 1600, 3, FORMAT_WEBP, .whole = true },
    { "transparent WebP", 2000, 1500, 4, FORMAT_WEBP, .whole = true },
    { "animation", 480, 360, 3, FORMAT_WEBP, .grain = true, .frames = 60 },
    { "long animation", 200, 100, 3, FORMAT_WEBP, .grain = true, .frames = 300 },
    { "transparent animation", 480, 360, 4, FORMAT_WEBP, .whole = true, .frames = 60 },
    { "GIF", 1200, 900, 3, FORMAT_GIF, .grain = true },
    { "transparent GIF", 1200, 900, 4, FORMAT_GIF, .deep = false },
    { "animated GIF", 320, 240, 3, FORMAT_GIF, .grain = true, .frames = 30 },
    { "TIFF", 2400, 1600, 3, FORMAT_TIFF, .grain = true },
    { "deep TIFF", 2000, 1500, 3, FORMAT_TIFF, .deep = true },
    { "AVIF", 2400, 1600, 3, FORMAT_AVIF, .grain = true },
    { "transparent AVIF", 2000, 1500, 4, FORMAT_AVIF, .deep = false },
    { "deep AVIF", 2000, 1500, 3, FORMAT_AVIF, .deep = true },
    { "HEIC", 1000, 800, 3, FORMAT_HEIC, .grain = true },
    { "JPEG XL", 2400, 1600, 3, FORMAT_JXL, .grain = true },
    { "lossless JPEG XL", 2400, 1600, 3, FORMAT_JXL, .whole = true },
    { "deep transparent JPEG XL", 1000, 800, 4, FORMAT_JXL, .deep = true },
    { "short animation", 240, 180, 3, FORMAT_WEBP, .grain = true, .frames = 8 },
    { "small PNG", 1000, 800, 3, FORMAT_PNG, .grain = true },
    { "small transparent PNG", 1000, 800, 4, FORMAT_PNG, .grain = true },
    { "small grey PNG", 1000, 800, 1, FORMAT_PNG, .grain = true },
    { "small deep PNG", 1000, 800, 4, FORMAT_PNG, .deep = true },
    { "SVG", 2400, 1600, 4, FORMAT_SVG, .deep = false },
    { "SVG with filters", 1200, 800, 4, FORMAT_SVG, .whole = true },
    { "PDF", 2400, 1600, 3, FORMAT_PDF, .deep = false },
    { "JPEG 2000", 2400, 1600, 3, FORMAT_JP2, .grain = true },
    { "deep transparent JPEG 2000", 1000, 800, 4, FORMAT_JP2, .deep = true },
    { "BMP", 2400, 1600, 3, FORMAT_BMP, .grain = true },
    { "deep transparent SGI", 1000, 800, 4, FORMAT_SGI, .deep = true },
    { "PNM", 600, 12000, 1, FORMAT_PNM, .deep = false },
    { "large frames", 1600, 1200, 3, FORMAT_WEBP, .grain = true, .frames = 4 },
    { "OpenEXR", 2000, 1500, 4, FORMAT_EXR, .deep = true },
    { "OpenEXR of many channels", 800, 600, 4, FORMAT_EXR, .deep = true, .whole = true },
};

struct figures {
    uint64_t estimated, used;
    bool failed;
    char text[200];
};

static VipsImage *with_grain(VipsImage *image)
{
    VipsImage *noise = NULL, *mixed = NULL, *cast = NULL;

    vips_must(vips_gaussnoise(&noise, image->Xsize, image->Ysize, "sigma", 60.0, NULL));
    vips_must(vips_add(image, noise, &mixed, NULL));
    vips_must(vips_cast(mixed, &cast, image->BandFmt, NULL));
    g_object_unref(noise);
    g_object_unref(mixed);
    g_object_unref(image);
    return cast;
}

/* Areas over each other, as large as it is. */
static struct bytes draw_svg(size_t index)
{
    int width = pictures[index].width, height = pictures[index].height;
    const char *filter = pictures[index].whole ? "filter=\"url(#f)\"" : "";
    char *text;
    int size = asprintf(
        &text,
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"%d\" height=\"%d\">%s"
        "<g opacity=\"0.5\"><rect %s width=\"100%%\" height=\"90%%\" fill=\"red\"/>"
        "<g opacity=\"0.5\"><circle r=\"%d\"/></g></g></svg>",
        width, height,
        pictures[index].whole ? "<filter id=\"f\"><feGaussianBlur stdDeviation=\"20\"/></filter>" : "",
        filter, height);

    ck_assert_int_gt(size, 0);
    return (struct bytes){ text, (size_t)size };
}

/* A point of it is a pixel. */
static struct bytes draw_pdf(size_t index)
{
    const struct pdf_page page = { pictures[index].width, pictures[index].height };
    struct pdf pdf;

    pdf_make(&pdf, &page, 1, false);
    return (struct bytes){ g_memdup2(pdf.bytes, pdf.size), pdf.size };
}

static void put(uint8_t **at, uint32_t number, int bytes, bool big_end)
{
    for (int i = 0; i < bytes; i++)
        *(*at)++ = (uint8_t)(number >> 8 * (big_end ? bytes - 1 - i : i));
}

/* The same pixels again and again: nothing is packed in these. */
static struct bytes draw_bmp(int width, int height)
{
    const uint32_t header[] = { 0, 0, 54, 40, (uint32_t)width, (uint32_t)height, 1 | 24 << 16, 0, 0,
                                0, 0, 0,  0 };
    size_t row = ((size_t)width * 3 + 3) / 4 * 4, size = 54 + row * (size_t)height;
    uint8_t *file = g_malloc(size), *at = file;

    put(&at, 'B' | 'M' << 8, 2, false);
    for (size_t i = 0; i < sizeof header / sizeof header[0]; i++)
        put(&at, i == 0 ? (uint32_t)size : header[i], 4, false);
    while (at < file + size)
        put(&at, (uint32_t)(at - file) * 2654435761U, 1, false);
    return (struct bytes){ file, size };
}

/* Four channels of 16 bits. */
static struct bytes draw_sgi(int width, int height)
{
    size_t size = 512 + (size_t)width * (size_t)height * 8;
    uint8_t *file = g_malloc0(size), *at = file;

    put(&at, 0x01DA, 2, true);
    put(&at, 0x0002, 2, true);
    put(&at, 3, 2, true);
    put(&at, (uint32_t)width, 2, true);
    put(&at, (uint32_t)height, 2, true);
    put(&at, 4, 2, true);
    put(&at, 0, 4, true);
    put(&at, UINT16_MAX, 4, true);
    for (at = file + 512; at < file + size;)
        put(&at, (uint32_t)(at - file) * 2654435761U, 1, true);
    return (struct bytes){ file, size };
}

static struct bytes draw_pnm(int width, int height)
{
    size_t pixels = (size_t)width * (size_t)height;
    uint8_t *file = g_malloc(pixels + 64), *at;

    at = file + snprintf((char *)file, 64, "P5\n%d %d\n255\n", width, height);
    for (size_t i = 0; i < pixels; i++)
        put(&at, (uint32_t)i * 2654435761U, 1, true);
    return (struct bytes){ file, (size_t)(at - file) };
}

/* One tile; or one with twenty channels that nobody looks at. */
static struct bytes make_exr(size_t index)
{
    bool whole = pictures[index].whole;
    static struct exr_file file;

    exr_make_tile(&file, pictures[index].width, pictures[index].height, whole ? 20 : 0,
                  whole ? EXR_FLOAT : EXR_HALF);
    return (struct bytes){ g_memdup2(file.bytes, file.size), file.size };
}

static struct bytes paint(size_t index)
{
    int frames = pictures[index].frames > 1 ? pictures[index].frames : 1;
    int width = pictures[index].width, height = frames * pictures[index].height,
        bands = pictures[index].bands;
    _cleanup_image_ VipsImage *image =
        pictures[index].deep ? picture_make_deep(width, height, bands) : picture_make(width, height, bands);
    gboolean whole = pictures[index].whole;
    struct bytes bytes = { NULL, 0 };

    if (pictures[index].format == FORMAT_SVG)
        return draw_svg(index);
    if (pictures[index].format == FORMAT_PDF)
        return draw_pdf(index);
    if (pictures[index].format == FORMAT_BMP)
        return draw_bmp(width, height);
    if (pictures[index].format == FORMAT_SGI)
        return draw_sgi(width, height);
    if (pictures[index].format == FORMAT_PNM)
        return draw_pnm(width, height);
    if (pictures[index].format == FORMAT_EXR)
        return make_exr(index);
    if (pictures[index].grain)
        image = with_grain(image);
    if (frames > 1)
        vips_image_set_int(image, VIPS_META_PAGE_HEIGHT, height / frames);
    if (pictures[index].orientation)
        picture_set_orientation(image, pictures[index].orientation);
    if (pictures[index].format == FORMAT_JPEG)
        vips_must(vips_jpegsave_buffer(image, &bytes.data, &bytes.size, "interlace", whole, NULL));
    else if (pictures[index].format == FORMAT_PNG)
        vips_must(
            vips_pngsave_buffer(image, &bytes.data, &bytes.size, "interlace", whole, "compression", 1, NULL));
    else if (pictures[index].format == FORMAT_TIFF)
        vips_must(vips_tiffsave_buffer(image, &bytes.data, &bytes.size, NULL));
    else if (pictures[index].format == FORMAT_AVIF || pictures[index].format == FORMAT_HEIC)
        vips_must(vips_heifsave_buffer(image, &bytes.data, &bytes.size, "effort", 0, "bitdepth",
                                       pictures[index].deep ? 12 : 8, "compression",
                                       pictures[index].format == FORMAT_AVIF
                                           ? VIPS_FOREIGN_HEIF_COMPRESSION_AV1
                                           : VIPS_FOREIGN_HEIF_COMPRESSION_HEVC,
                                       NULL));
    else if (pictures[index].format == FORMAT_JXL)
        vips_must(vips_jxlsave_buffer(image, &bytes.data, &bytes.size, "effort", 3, "lossless", whole, NULL));
    else if (pictures[index].format == FORMAT_JP2) {
        vips_operation_block_set("VipsForeignSaveJp2kBuffer", FALSE); /* for once */
        vips_must(vips_jp2ksave_buffer(image, &bytes.data, &bytes.size, NULL));
    } else if (pictures[index].format == FORMAT_GIF)
        vips_must(vips_gifsave_buffer(image, &bytes.data, &bytes.size, "effort", 1, NULL));
    else
        vips_must(
            vips_webpsave_buffer(image, &bytes.data, &bytes.size, "lossless", whole, "effort", 0, NULL));
    return bytes;
}

static uint64_t status_bytes(const char *field)
{
    FILE *file = fopen("/proc/self/status", "re");
    unsigned long long kilobytes = 0;
    char line[256];

    while (file && fgets(line, sizeof line, file))
        if (strncmp(line, field, strlen(field)) == 0)
            sscanf(line + strlen(field), ": %llu", &kilobytes);
    if (file)
        fclose(file);
    return kilobytes * 1024;
}

/* From here on VmHWM is counted anew. */
static void forget_peak(void)
{
    FILE *file = fopen("/proc/self/clear_refs", "we");

    if (file) {
        fputs("5", file);
        fclose(file);
    }
}

static uint64_t files_bytes(const struct rendered *rendered)
{
    uint64_t bytes = 0;

    for (size_t i = 0; i < rendered->output_count; i++)
        bytes += rendered->outputs[i].encoded.bytes;
    return bytes;
}

static int render_file(const struct recipe *recipe, const struct bytes *file, uint64_t grant,
                       struct rendered *ret, struct error *error)
{
    struct render_options options = {
        .fail_on = FAIL_ON_WARNING,
        .max_pixels = UNLIMITED,
        .allowed = ALLOW_ALL,
        .density = POINTS_AN_INCH,
        .max_memory_bytes = UNLIMITED,
        .memory_grant_bytes = grant,
    };

    *ret = (struct rendered){ 0 };
    return render(recipe, file->data, file->size, &options, ret, error);
}

/* In a process that has done nothing before but a rendering of something small, so that code and tables are there. */
static struct figures measure(const char *recipe_text, const struct bytes *held)
{
    _cleanup_recipe_ struct recipe *recipe = recipe_of_text(recipe_text);
    struct figures figures = { 0 };
    struct bytes small, file = { NULL, held->size };
    struct rendered rendered;
    struct error error = { .class = CLASS_NONE };
    uint64_t before;

    picture_start();
    ck_assert_msg(engine_allow(ALLOW_ALL, &error) == 0, "%s", error.text);
    small = picture_file(40, 30, 3, FORMAT_PNG);
    figures.failed = render_file(recipe, &small, UNLIMITED, &rendered, &error) < 0;
    rendered_release(&rendered);
    before = status_bytes("VmRSS");

    file.data = g_memdup2(held->data, held->size);
    figures.failed |= render_file(recipe, &file, 0, &rendered, &error) < 0 || rendered.output_count > 0;
    figures.estimated = rendered.needs_memory_bytes;

    forget_peak();
    figures.failed |= render_file(recipe, &file, UNLIMITED, &rendered, &error) < 0;
    figures.used = status_bytes("VmHWM") - before + files_bytes(&rendered); /* memory files are no RSS */
    snprintf(figures.text, sizeof figures.text, "%.199s", error.text);
    return figures;
}

/* Runs @work in a child, which writes what it found to a pipe. */
static int fork_reader(pid_t *ret_child)
{
    int ends[2];

    ck_assert_int_eq(pipe(ends), 0);
    *ret_child = fork();
    ck_assert_int_ge(*ret_child, 0);
    if (*ret_child > 0) {
        close(ends[1]);
        return ends[0];
    }
    close(ends[0]);
    return -ends[1];
}

static void put_picture(FILE *stream, size_t index)
{
    struct bytes painted = paint(index);

    ck_assert_uint_eq(fwrite(painted.data, 1, painted.size, stream), painted.size);
    bytes_release(&painted);
}

/* What @make writes, in a child. */
static struct bytes made_apart(void (*make)(FILE *stream, size_t index), size_t index)
{
    struct bytes bytes = { g_malloc(256 * MEGABYTE), 0 };
    pid_t child;
    int fd = fork_reader(&child);
    ssize_t n;

    if (child == 0) {
        FILE *stream = fdopen(-fd, "w");

        picture_start();
        make(stream, index);
        _exit(fclose(stream) != 0);
    }
    n = fd_read_all(fd, bytes.data, 256 * MEGABYTE);
    ck_assert_int_gt(n, 0);
    bytes.size = (size_t)n;
    close(fd);
    waitpid(child, NULL, 0);
    return bytes;
}

static struct figures measure_apart(const char *recipe_text, const struct bytes *file)
{
    struct figures figures;
    pid_t child;
    int fd = fork_reader(&child);

    if (child == 0) {
        figures = measure(recipe_text, file);
        _exit(fd_write_all(-fd, &figures, sizeof figures) < 0);
    }
    ck_assert_int_eq(fd_read_all(fd, &figures, sizeof figures), (ssize_t)sizeof figures);
    close(fd);
    waitpid(child, NULL, 0);
    return figures;
}

static void compare_named(const char *name, const char *recipe, const struct bytes *file, unsigned factor)
{
    struct figures figures = measure_apart(recipe, file);
    const char *outputs = strstr(recipe, "[Output");

    ck_assert_msg(!figures.failed, "%s: %s", name, figures.text);
    if (getenv("DARKROOM_VERBOSE"))
        printf("%-22s estimated %6.1f MB, used %6.1f MB, %.2f\n%s", name,
               (double)figures.estimated / MEGABYTE, (double)figures.used / MEGABYTE,
               (double)figures.estimated / (double)figures.used, outputs);
    ck_assert_msg(figures.used <= figures.estimated + ESTIMATE_SLACK_BYTES,
                  "%s, %s: %llu bytes were used, but %llu estimated", name, outputs,
                  (unsigned long long)figures.used, (unsigned long long)figures.estimated);
    ck_assert_msg(figures.estimated <= factor * figures.used + SANE_BYTES,
                  "%s, %s: %llu bytes were estimated, but only %llu used", name, outputs,
                  (unsigned long long)figures.estimated, (unsigned long long)figures.used);
}

static void compare(size_t picture, const char *recipe, const struct bytes *file, unsigned factor)
{
    compare_named(pictures[picture].name, recipe, file, factor);
}

/* The short form tries each recipe on one picture of twenty-four, some of every kind; DARKROOM_FULL=1 all on all. */
static size_t recipe_step(void)
{
    return getenv("DARKROOM_FULL") ? 1 : PART;
}

static size_t first_recipe(size_t picture)
{
    return picture % recipe_step();
}

START_TEST(an_estimate_is_never_below_what_is_used_and_not_far_above)
{
    struct bytes file;

    if (IS_SANITIZED || first_recipe((size_t)_i) >= sizeof recipes / sizeof recipes[0])
        return;
    file = made_apart(put_picture, (size_t)_i);
    for (size_t i = first_recipe((size_t)_i); i < sizeof recipes / sizeof recipes[0]; i += recipe_step())
        compare((size_t)_i, recipes[i], &file, FACTOR);
    bytes_release(&file);
}
END_TEST

/* What steps take is told on the large side: what one has done is gone before the next begins, as a rule. */
START_TEST(an_estimate_has_room_for_what_steps_take)
{
    static const size_t some[] = { 0, 8 };
    size_t picture = some[(size_t)_i % 2], recipe = (size_t)_i / 2;
    struct bytes file;

    if (IS_SANITIZED || (!getenv("DARKROOM_FULL") && recipe % 2 != (size_t)_i % 2))
        return;
    file = made_apart(put_picture, picture);
    compare(picture, step_recipes[recipe], &file, STEPS_FACTOR);
    bytes_release(&file);
}
END_TEST

/* Small drawings that have much in them: something many times, or a picture of so many pixels a side, in the format. */
static const struct {
    const char *name, *declaration, *before, *something;
    int times;
    const char *after;
    enum format inner;
    bool progressive;
} full_drawings[] = {
    { "elements", "", "", "<g/>", 100000, .after = "" },
    { "elements apart", "", "", "<rect width=\"3\" height=\"2\"/>\n", 50000, .after = "" },
    { "declared elements", "<!DOCTYPE svg [<!ENTITY a '<g/><g/><g/><g/><g/>'>]>", "", "&a;", 20000,
      .after = "" },
    { "a path", "", "<path d=\"M0 0", "l3 4l-2 1l5-9", 50000, .after = "\"/>" },
    { "a line of text", "", "<text y=\"9\" font-size=\"3\">", "letters", 700, .after = "</text>" },
    { .name = "a PNG", .times = 4000, .inner = FORMAT_PNG },
    { .name = "a JPEG", .times = 4000, .inner = FORMAT_JPEG },
    { .name = "a progressive JPEG", .times = 4000, .inner = FORMAT_JPEG, .progressive = true },
};

static void put_inner(FILE *stream, size_t row)
{
    _cleanup_image_ VipsImage *image = picture_make(full_drawings[row].times, full_drawings[row].times, 3);
    struct bytes file = { NULL, 0 };
    char *base64;

    if (full_drawings[row].inner == FORMAT_PNG)
        vips_must(vips_pngsave_buffer(image, &file.data, &file.size, "compression", 1, NULL));
    else
        vips_must(vips_jpegsave_buffer(image, &file.data, &file.size, "interlace",
                                       (gboolean)full_drawings[row].progressive, NULL));
    base64 = g_base64_encode(file.data, file.size);
    fprintf(stream,
            "<image width=\"90\" height=\"90\" "
            "xmlns:l=\"http://www.w3.org/1999/xlink\" l:href=\"data:image/%s;base64,%s\"/>",
            format_info(full_drawings[row].inner)->name, base64);
    g_free(base64);
    bytes_release(&file);
}

static void put_full_drawing(FILE *stream, size_t row)
{
    fprintf(stream, "%s<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"100\" height=\"100\">%s",
            full_drawings[row].declaration ?: "", full_drawings[row].before ?: "");
    for (int i = 0; full_drawings[row].something && i < full_drawings[row].times; i++)
        fputs(full_drawings[row].something, stream);
    if (!full_drawings[row].something)
        put_inner(stream, row);
    fprintf(stream, "%s</svg>", full_drawings[row].after ?: "");
}

START_TEST(so_it_is_of_drawings_that_have_much_in_them)
{
    struct bytes file;

    if (IS_SANITIZED)
        return;
    file = made_apart(put_full_drawing, (size_t)_i);
    compare_named(full_drawings[_i].name, recipes[1], &file, FACTOR);
    bytes_release(&file);
}
END_TEST

/* A picture with and one without alpha, a deep one, and an animation. */
static const char *const slow_pictures[] = { "small PNG", "small transparent PNG", "small deep PNG",
                                             "small grey PNG", "short animation" };

static size_t find_picture(const char *name)
{
    for (size_t i = 0; i < sizeof pictures / sizeof pictures[0]; i++)
        if (strcmp(pictures[i].name, name) == 0)
            return i;
    ck_abort_msg("there is no %s", name);
}

START_TEST(so_it_is_of_formats_that_take_long)
{
    size_t picture = find_picture(slow_pictures[_i]);
    struct bytes file;

    if (IS_SANITIZED)
        return;
    file = made_apart(put_picture, picture);
    for (size_t i = first_recipe((size_t)_i); i < sizeof slow_recipes / sizeof slow_recipes[0];
         i += recipe_step())
        compare(picture, slow_recipes[i], &file, FACTOR);
    bytes_release(&file);
}
END_TEST

static uint64_t estimate_for(struct workload workload, const char *recipe_text)
{
    _cleanup_recipe_ struct recipe *recipe = recipe_of_text(recipe_text);
    struct selection selection;

    selection_make(recipe, workload.stored.extent, &selection);
    workload.recipe = recipe;
    workload.selection = &selection;
    return estimate_bytes(&workload);
}

START_TEST(what_a_bomb_claims_does_not_overflow)
{
    struct workload bomb = { .format = FORMAT_PNG,
                             .stored = { { UINT32_MAX - 1, UINT32_MAX - 1 }, 1 },
                             .bands = 4,
                             .sample_bytes = 2,
                             .alpha = true,
                             .whole = true,
                             .shrink = 1 };

    ck_assert_uint_eq(estimate_for(bomb, recipes[0]), UINT64_MAX);
}
END_TEST

START_TEST(a_picture_that_is_shrunk_or_streamed_takes_less)
{
    struct workload plain = {
        .format = FORMAT_JPEG, .stored = { { 8000, 6000 }, 1 }, .bands = 3, .sample_bytes = 1, .shrink = 1
    };
    struct workload shrunk = plain, streamed = plain, progressive = plain;

    shrunk.shrink = 8;
    streamed.streamed = true;
    progressive.whole = true;
    ck_assert_uint_gt(estimate_for(plain, recipes[1]), 8000 * 6000 * 3);
    ck_assert_uint_lt(estimate_for(shrunk, recipes[1]), estimate_for(plain, recipes[1]) / 4);
    ck_assert_uint_lt(estimate_for(streamed, recipes[1]), estimate_for(plain, recipes[1]));
    ck_assert_uint_gt(estimate_for(progressive, recipes[1]), estimate_for(plain, recipes[1]));
}
END_TEST

UNIT_MAIN("estimate", UNIT_TEST(what_a_bomb_claims_does_not_overflow),
          UNIT_TEST(a_picture_that_is_shrunk_or_streamed_takes_less),
          UNIT_ROWS(an_estimate_is_never_below_what_is_used_and_not_far_above, pictures),
          UNIT_ROWS(an_estimate_has_room_for_what_steps_take, twice_step_recipes),
          UNIT_ROWS(so_it_is_of_drawings_that_have_much_in_them, full_drawings),
          UNIT_ROWS(so_it_is_of_formats_that_take_long, slow_pictures))
