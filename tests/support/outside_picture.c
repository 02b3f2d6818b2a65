/* SPDX-License-Identifier: GPL-2.0-or-later */
/* outside_picture - see outside_picture.h. Everything goes through PNG, which the programs and we have in common. */
#include "outside_picture.h"

#include "base/cleanup.h"
#include "outside_tool.h"
#include "scratch.h"

#include <string.h>

enum { ARGUMENTS_MAX = 12, PLACE_BYTES = PATH_MAX + 16 };

/* "<" stands for the file to read and ">" for the one to write; what comes before is a prefix. */
static const struct {
    const char *encode[ARGUMENTS_MAX], *decode[ARGUMENTS_MAX];
} programs[FORMAT_COUNT] = {
    [FORMAT_TIFF] = { { "convert", "png:<", "-compress", "LZW", "tiff:>" },
                      { "convert", "tiff:<", "png:>" } },
    /* Without being told how many colours, ImageMagick takes ten times as long. */
    [FORMAT_GIF] = { { "convert", "png:<", "+dither", "-colors", "255", "gif:>" },
                     { "convert", "gif:<[0]", "png:>" } },
    [FORMAT_SVG] = { { NULL }, { "rsvg-convert", "<", "-o", ">" } },
    [FORMAT_JP2] = { { "opj_compress", "-i", "<", "-o", ">" }, { "opj_decompress", "-i", "<", "-o", ">" } },
    [FORMAT_EXR] = { { "convert", "png:<", "-colorspace", "RGB", "-depth", "16", "-compress", "ZIP",
                       "exr:>" },
                     { "convert", "exr:<", "-colorspace", "sRGB", "-depth", "16", "png:>" } },
    [FORMAT_BMP] = { { "convert", "png:<", "bmp:>" }, { "convert", "bmp:<", "png:>" } },
    [FORMAT_PSD] = { { "convert", "<", "psd:>" }, { "convert", "psd:<[0]", "png:>" } },
    [FORMAT_PNM] = { { "convert", "png:<", "pnm:>" }, { "convert", "pnm:<", "png:>" } },
    [FORMAT_PCX] = { { "convert", "png:<", "pcx:>" }, { "convert", "pcx:<", "png:>" } },
    [FORMAT_SGI] = { { "convert", "png:<", "sgi:>" }, { "convert", "sgi:<", "png:>" } },
    [FORMAT_DDS] = { { "convert", "png:<", "-define", "dds:compression=none", "dds:>" },
                     { "convert", "dds:<", "png:>" } },
    [FORMAT_DPX] = { { "convert", "png:<", "-colorspace", "RGB", "dpx:>" },
                     { "convert", "dpx:<", "-colorspace", "sRGB", "-depth", "16", "png:>" } },
    [FORMAT_HDR] = { { "convert", "png:<", "-colorspace", "RGB", "hdr:>" },
                     { "convert", "hdr:<", "-colorspace", "sRGB", "-depth", "16", "png:>" } },
    [FORMAT_JXL] = { { "cjxl", "--quiet", "-d", "0", "<", ">" }, { "djxl", "--quiet", "<", ">" } },
};

/* Puts @place where @argument has its mark. */
static const char *fill_in(const char *argument, const char *in, const char *out, char buffer[PLACE_BYTES])
{
    const char *mark = strpbrk(argument, "<>");

    if (!mark)
        return argument;
    snprintf(buffer, PLACE_BYTES, "%.*s%s%s", (int)(mark - argument), argument, *mark == '<' ? in : out,
             mark + 1);
    return buffer;
}

static void run(const char *const *command, const char *in, const char *out)
{
    char places[ARGUMENTS_MAX][PLACE_BYTES];
    const char *arguments[ARGUMENTS_MAX + 1] = { NULL };
    struct outside_tool tool;

    ck_assert_ptr_nonnull(command[0]);
    for (size_t i = 0; i < ARGUMENTS_MAX && command[i]; i++)
        arguments[i] = fill_in(command[i], in, out, places[i]);
    outside_tool_start(&tool, arguments);
    while (fgetc(tool.output) != EOF)
        ;
    outside_tool_end(&tool, command[0]);
}

/* What @command makes of @file; the names' ends are what some programs tell formats by. */
static struct stored convert(const char *const *command, const struct stored *file, const char *in_name,
                             const char *out_name)
{
    _cleanup_scratch_ struct scratch scratch = scratch_make();
    char in[PATH_MAX], out[PATH_MAX];
    _cleanup_close_ int fd = -1;

    scratch_write(&scratch, in_name, file->data, file->size, in);
    snprintf(out, sizeof out, "%s/%s", scratch.path, out_name);
    run(command, in, out);
    fd = open(out, O_RDONLY | O_CLOEXEC);
    if (fd < 0) { /* some put the extension there themselves */
        snprintf(out, sizeof out, "%s/%s.png", scratch.path, out_name);
        fd = open(out, O_RDONLY | O_CLOEXEC);
    }
    ck_assert_msg(fd >= 0, "%s made no %s", command[0], out_name);
    return stored_read(fd);
}

struct stored outside_encode(const struct raster *raster, enum format format, int depth)
{
    _cleanup_stored_ struct stored png =
        picture_encode(raster, &(struct coding){ .format = FORMAT_PNG, .depth = depth });
    char name[32];

    if (!programs[format].encode[0])
        return picture_encode(raster, &(struct coding){ .format = format, .depth = depth });
    snprintf(name, sizeof name, "made.%s", format_info(format)->extension);
    return convert(programs[format].encode, &png, "in.png", name);
}

struct stored outside_encode_swapped(const struct raster *raster)
{
    static const char *const command[ARGUMENTS_MAX] = { "convert", "png:<", "-define", "tiff:endian=msb",
                                                        "tiff:>" };
    _cleanup_stored_ struct stored png = picture_encode(raster, &(struct coding){ .format = FORMAT_PNG });

    return convert(command, &png, "in.png", "made.tif");
}

struct stored outside_from_jpeg(const struct stored *jpeg, enum format format)
{
    char name[32];

    snprintf(name, sizeof name, "made.%s", format_info(format)->extension);
    return convert(programs[format].encode, jpeg, "in.jpg", name);
}

struct raster outside_rgba(const struct raster *raster)
{
    struct raster rgba = raster_make(raster->width, raster->height, RASTER_RGB, true);

    for (int y = 0; y < raster->height; y++)
        for (int x = 0; x < raster->width; x++) {
            const double *from = raster_at(raster, x, y);
            double *to = raster_at(&rgba, x, y);

            for (int band = 0; band < RASTER_RGB; band++)
                to[band] = from[raster->colours == RASTER_GREY ? 0 : band];
            to[RASTER_RGB] = raster->alpha ? from[raster->colours] : 1;
        }
    return rgba;
}

struct raster outside_decode(const struct stored *file, enum format format, int *ret_depth)
{
    _cleanup_stored_ struct stored png = { NULL, 0 };
    _cleanup_raster_ struct raster raster = { 0 };
    char name[32];

    snprintf(name, sizeof name, "in.%s", format_info(format)->extension);
    if (programs[format].decode[0])
        png = convert(programs[format].decode, file, name, "out.png");
    else
        png = stored_copy(file->data, file->size); /* picture_file.h knows the format */
    raster = picture_decode(&png, NULL);
    if (ret_depth)
        *ret_depth = programs[format].decode[0] || format == FORMAT_PNG ? picture_png_depth(&png) : 8;
    return outside_rgba(&raster);
}

struct raster outside_draw_svg(const struct stored *file, int width)
{
    _cleanup_stored_ struct stored png = { NULL, 0 };
    char asked[32];

    snprintf(asked, sizeof asked, "%d", width);
    png = convert((const char *const[ARGUMENTS_MAX]){ "rsvg-convert", "-w", asked, "<", "-o", ">" }, file,
                  "in.svg", "out.png");
    return picture_decode(&png, NULL);
}

struct raster outside_draw_page(const struct stored *pdf, int page, int width)
{
    _cleanup_stored_ struct stored png = { NULL, 0 };
    char number[32], asked[32];

    snprintf(number, sizeof number, "%d", page);
    snprintf(asked, sizeof asked, "%d", width);
    png = convert((const char *const[ARGUMENTS_MAX]){ "pdftocairo", "-png", "-singlefile", "-f", number,
                                                      "-scale-to-x", asked, "-scale-to-y", "-1", "<", ">" },
                  pdf, "in.pdf", "out");
    return picture_decode(&png, NULL);
}

/* Numbered, so that "in-%d.png" means all of them. */
static void write_frames(const struct scratch *scratch, const struct raster *frames, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        _cleanup_stored_ struct stored png =
            picture_encode(&frames[i], &(struct coding){ .format = FORMAT_PNG });
        char name[32], path[PATH_MAX];

        snprintf(name, sizeof name, "in-%zu.png", i);
        scratch_write(scratch, name, png.data, png.size, path);
    }
}

/* "convert -loop 3 -delay 4 in-0.png … gif:out", or "img2webp -lossless -loop 3 -d 40 in-0.png … -o out". */
static void run_animator(const struct scratch *scratch, const int *delays_ms, size_t count,
                         enum format format, const char *out)
{
    static const char *const webp_end[] = { "-o", NULL }, *const gif_end[] = { "+dither", "-colors", "255",
                                                                               NULL };
    bool webp = format == FORMAT_WEBP;
    char delays[OUTSIDE_FRAMES_MAX][16], places[OUTSIDE_FRAMES_MAX][PLACE_BYTES], last[PLACE_BYTES],
        loops[16];
    const char *arguments[3 * OUTSIDE_FRAMES_MAX + 12] = { webp ? "img2webp" : "convert", "-loop", loops };
    struct outside_tool tool;
    size_t next = 3;

    snprintf(loops, sizeof loops, "%d", OUTSIDE_LOOPS);
    if (webp)
        arguments[next++] = "-lossless";
    for (size_t i = 0; i < count; i++) {
        snprintf(delays[i], sizeof delays[i], "%d", webp ? delays_ms[i] : delays_ms[i] / 10);
        snprintf(places[i], sizeof places[i], "%s/in-%zu.png", scratch->path, i);
        arguments[next++] = webp ? "-d" : "-delay";
        arguments[next++] = delays[i];
        arguments[next++] = places[i];
    }
    for (const char *const *end = webp ? webp_end : gif_end; *end; end++)
        arguments[next++] = *end;
    snprintf(last, sizeof last, "%s%s", webp ? "" : "gif:", out);
    arguments[next++] = last;
    arguments[next] = NULL;

    outside_tool_start(&tool, arguments);
    while (fgetc(tool.output) != EOF)
        ;
    outside_tool_end(&tool, arguments[0]);
}

struct stored outside_animate(const struct raster *frames, const int *delays_ms, size_t count,
                              enum format format)
{
    _cleanup_scratch_ struct scratch scratch = scratch_make();
    _cleanup_close_ int fd = -1;
    char out[PATH_MAX];

    ck_assert_uint_le(count, OUTSIDE_FRAMES_MAX);
    write_frames(&scratch, frames, count);
    snprintf(out, sizeof out, "%s/out", scratch.path);
    run_animator(&scratch, delays_ms, count, format, out);
    fd = open(out, O_RDONLY | O_CLOEXEC);
    ck_assert_int_ge(fd, 0);
    return stored_read(fd);
}

void outside_decode_frames(const struct stored *file, enum format format, struct raster *ret, size_t count)
{
    _cleanup_scratch_ struct scratch scratch = scratch_make();
    char in[PATH_MAX], name[32], out[PATH_MAX];

    snprintf(name, sizeof name, "in.%s", format_info(format)->extension);
    scratch_write(&scratch, name, file->data, file->size, in);
    snprintf(out, sizeof out, "%s/out-%%d.png", scratch.path);
    run((const char *[ARGUMENTS_MAX]){ "convert", "<", "-coalesce", "+adjoin", ">" }, in, out);
    for (size_t i = 0; i < count; i++) {
        _cleanup_stored_ struct stored png = { NULL, 0 };
        _cleanup_raster_ struct raster raster = { 0 };
        _cleanup_close_ int fd = -1;

        snprintf(out, sizeof out, "%s/out-%zu.png", scratch.path, i);
        fd = open(out, O_RDONLY | O_CLOEXEC);
        ck_assert_msg(fd >= 0, "there is no frame %zu", i);
        png = stored_read(fd);
        raster = picture_decode(&png, NULL);
        ret[i] = outside_rgba(&raster);
    }
}

char *outside_told(const struct stored *file, enum format format, const char *program)
{
    _cleanup_scratch_ struct scratch scratch = scratch_make();
    bool identify = strcmp(program, "identify") == 0;
    char path[PATH_MAX], name[32], *text = NULL;
    struct outside_tool tool;
    size_t room = 0;

    snprintf(name, sizeof name, "in.%s", format_info(format)->extension);
    scratch_write(&scratch, name, file->data, file->size, path);
    outside_tool_start(&tool, identify ? (const char *[]){ program, "-verbose", path, NULL }
                                       : (const char *[]){ program, path, NULL });
    ck_assert_int_gt(getdelim(&text, &room, '\0', tool.output), 0);
    outside_tool_end(&tool, program);
    return text;
}

struct outside_animation outside_animation_of(const struct stored *file, enum format format)
{
    struct outside_animation animation = { 0 };
    char *told = outside_told(file, format, "identify"), *next = told;
    int hundredths;

    for (char *line; (line = strsep(&next, "\n"));) {
        sscanf(line, " Iterations: %d", &animation.loops);
        if (sscanf(line, " Delay: %dx100", &hundredths) != 1)
            continue;
        ck_assert_uint_lt(animation.frames, OUTSIDE_FRAMES_MAX);
        animation.delays_ms[animation.frames++] = 10 * hundredths;
    }
    free(told);
    return animation;
}
