/* SPDX-License-Identifier: GPL-2.0-or-later */
/* format - see format.h: the table of formats, and how a file's first bytes tell them apart. */
#include "recipe/format.h"

#include "base/cleanup.h"
#include "conf/extensions.h"
#include "recipe/svg_start.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

static const char *const jpeg_extensions[] = { EXTENSIONS_JPEG, NULL };
static const char *const png_extensions[] = { EXTENSIONS_PNG, NULL };
static const char *const webp_extensions[] = { EXTENSIONS_WEBP, NULL };
static const char *const tiff_extensions[] = { EXTENSIONS_TIFF, NULL };
static const char *const gif_extensions[] = { EXTENSIONS_GIF, NULL };
static const char *const heic_extensions[] = { EXTENSIONS_HEIC, NULL };
static const char *const avif_extensions[] = { EXTENSIONS_AVIF, NULL };
static const char *const jxl_extensions[] = { EXTENSIONS_JXL, NULL };

static const char *const svg_extensions[] = { EXTENSIONS_SVG, NULL };
static const char *const pdf_extensions[] = { EXTENSIONS_PDF, NULL };
static const char *const jp2_extensions[] = { EXTENSIONS_JP2, NULL };
static const char *const exr_extensions[] = { EXTENSIONS_EXR, NULL };
static const char *const bmp_extensions[] = { EXTENSIONS_BMP, NULL };
static const char *const psd_extensions[] = { EXTENSIONS_PSD, NULL };
static const char *const pnm_extensions[] = { EXTENSIONS_PNM, NULL };
static const char *const pcx_extensions[] = { EXTENSIONS_PCX, NULL };
static const char *const sgi_extensions[] = { EXTENSIONS_SGI, NULL };
static const char *const dds_extensions[] = { EXTENSIONS_DDS, NULL };
static const char *const dpx_extensions[] = { EXTENSIONS_DPX, NULL };
static const char *const hdr_extensions[] = { EXTENSIONS_HDR, NULL };

static const char *const no_extensions[] = { NULL };

enum {
    HOLDS_ALL = FORMAT_HOLDS_ALPHA | FORMAT_HOLDS_GREY | FORMAT_HOLDS_DEEP | FORMAT_HOLDS_PROFILE |
                FORMAT_HOLDS_ORIENTATION,
};

#define TILES(layout)                                                                                        \
    {                                                                                                        \
        .name = (layout), .extension = "zip", .extensions = no_extensions, .output = true, .tiles = true,    \
    }

/* Named like its usual extension. */
#define MAGICK(ending, all)                                                                                  \
    {                                                                                                        \
        .name = (ending), .extension = (ending), .extensions = (all), .input = true,                         \
        .allowance = ALLOW_MAGICK,                                                                           \
    }

static const struct format_info formats[FORMAT_COUNT] = {
    [FORMAT_JPEG] = {
        .name = "jpeg",
        .extension = "jpg",
        .extensions = jpeg_extensions,
        .input = true,
        .output = true,
        .holds = FORMAT_HOLDS_GREY | FORMAT_HOLDS_PROFILE | FORMAT_HOLDS_ORIENTATION,
        .side_max = 65500,
    },
    [FORMAT_PNG] = {
        .name = "png",
        .extension = "png",
        .extensions = png_extensions,
        .input = true,
        .output = true,
        .holds = HOLDS_ALL,
    },
    [FORMAT_WEBP] = {
        .name = "webp",
        .extension = "webp",
        .extensions = webp_extensions,
        .input = true,
        .output = true,
        .holds = FORMAT_HOLDS_ALPHA | FORMAT_HOLDS_PROFILE | FORMAT_HOLDS_ORIENTATION,
        .side_max = 16383,
        .sequence = SEQUENCE_FRAMES,
    },
    [FORMAT_TIFF] = {
        .name = "tiff",
        .extension = "tif",
        .extensions = tiff_extensions,
        .input = true,
        .output = true,
        .holds = HOLDS_ALL,
        .sequence = SEQUENCE_PAGES,
    },
    [FORMAT_DZ] = TILES("dz"),
    [FORMAT_GOOGLE] = TILES("google"),
    [FORMAT_IIIF3] = TILES("iiif3"),
    [FORMAT_GIF] = {
        .name = "gif",
        .extension = "gif",
        .extensions = gif_extensions,
        .input = true,
        .output = true,
        .holds = FORMAT_HOLDS_ALPHA,
        .side_max = 65535,
        .sequence = SEQUENCE_FRAMES,
    },
    [FORMAT_HEIC] = {
        .name = "heic",
        .extension = "heic",
        .extensions = heic_extensions,
        .input = true,
    },
    /* The largest side is what libheif reads. */
    [FORMAT_AVIF] = {
        .name = "avif",
        .extension = "avif",
        .extensions = avif_extensions,
        .input = true,
        .output = true,
        .holds = FORMAT_HOLDS_ALPHA | FORMAT_HOLDS_PROFILE,
        .side_max = 16384,
    },
    [FORMAT_JXL] = {
        .name = "jxl",
        .extension = "jxl",
        .extensions = jxl_extensions,
        .input = true,
        .output = true,
        .holds = FORMAT_HOLDS_ALPHA | FORMAT_HOLDS_GREY | FORMAT_HOLDS_DEEP | FORMAT_HOLDS_PROFILE,
        .side_max = 262144,
    },
    [FORMAT_SVG] = {
        .name = "svg",
        .extension = "svg",
        .extensions = svg_extensions,
        .input = true,
        .allowance = ALLOW_SVG,
        .vector = true,
    },
    [FORMAT_PDF] = {
        .name = "pdf",
        .extension = "pdf",
        .extensions = pdf_extensions,
        .input = true,
        .allowance = ALLOW_PDF,
        .vector = true,
        .sequence = SEQUENCE_PAGES,
    },
    [FORMAT_JP2] = {
        .name = "jp2",
        .extension = "jp2",
        .extensions = jp2_extensions,
        .input = true,
        .allowance = ALLOW_JP2,
    },
    [FORMAT_EXR] = {
        .name = "exr",
        .extension = "exr",
        .extensions = exr_extensions,
        .input = true,
        .allowance = ALLOW_EXR,
    },
    [FORMAT_BMP] = MAGICK("bmp", bmp_extensions),
    [FORMAT_PSD] = MAGICK("psd", psd_extensions),
    [FORMAT_PNM] = MAGICK("pnm", pnm_extensions),
    [FORMAT_PCX] = MAGICK("pcx", pcx_extensions),
    [FORMAT_SGI] = MAGICK("sgi", sgi_extensions),
    [FORMAT_DDS] = MAGICK("dds", dds_extensions),
    [FORMAT_DPX] = MAGICK("dpx", dpx_extensions),
    [FORMAT_HDR] = MAGICK("hdr", hdr_extensions),
};

/* Behind the letter and the digit is a blank of any kind. */
#define PNM_MARK(bytes)                                                                                      \
    {                                                                                                        \
        .format = FORMAT_PNM, .marks = { { 0, (bytes), 3 } }                                                 \
    }
#define PNM_MARKS(kind) PNM_MARK(kind "\n"), PNM_MARK(kind " "), PNM_MARK(kind "\t"), PNM_MARK(kind "\r")

/* A file of @format begins with all @marks of one of its rows. */
static const struct magic {
    enum format format;
    struct mark {
        size_t offset;
        const char *bytes;
        size_t length;
    } marks[2];
} magics[] = {
    { FORMAT_JPEG, { { 0, "\xFF\xD8\xFF", 3 } } },
    { FORMAT_PNG, { { 0, "\x89PNG\r\n\x1A\n", 8 } } },
    { FORMAT_WEBP, { { 0, "RIFF", 4 }, { 8, "WEBP", 4 } } },
    { FORMAT_TIFF, { { 0, "II*\0", 4 } } },
    { FORMAT_TIFF, { { 0, "MM\0*", 4 } } },
    { FORMAT_TIFF, { { 0, "II+\0", 4 } } }, /* with offsets of 64 bits */
    { FORMAT_TIFF, { { 0, "MM\0+", 4 } } },
    { FORMAT_DZ, { { 0, "PK\3\4", 4 } } },
    { FORMAT_GOOGLE, { { 0, "PK\3\4", 4 } } },
    { FORMAT_IIIF3, { { 0, "PK\3\4", 4 } } },
    { FORMAT_GIF, { { 0, "GIF87a", 6 } } },
    { FORMAT_GIF, { { 0, "GIF89a", 6 } } },
    /* The main brand of the file, or one that pictures of either kind may have; both have the same loader. */
    { FORMAT_HEIC, { { 4, "ftyphei", 7 } } },
    { FORMAT_HEIC, { { 4, "ftyphevc", 8 } } },
    { FORMAT_HEIC, { { 4, "ftypmif1", 8 } } },
    { FORMAT_HEIC, { { 4, "ftypmsf1", 8 } } },
    { FORMAT_AVIF, { { 4, "ftypavif", 8 } } },
    { FORMAT_AVIF, { { 4, "ftypavis", 8 } } },
    { FORMAT_JXL, { { 0, "\xFF\x0A", 2 } } },
    { FORMAT_JXL, { { 0, "\0\0\0\x0CJXL \r\n\x87\n", 12 } } },
    { FORMAT_PDF, { { 0, "%PDF-", 5 } } },
    { FORMAT_JP2, { { 0, "\0\0\0\x0CjP  \r\n\x87\n", 12 } } },
    { FORMAT_JP2, { { 0, "\xFF\x4F\xFF\x51", 4 } } }, /* its codes alone */
    { FORMAT_EXR, { { 0, "\x76\x2F\x31\x01", 4 } } },
    /* And a header of less than 256 bytes: two letters are no mark. */
    { FORMAT_BMP, { { 0, "BM", 2 }, { 15, "\0\0\0", 3 } } },
    { FORMAT_PSD, { { 0, "8BPS\0\1", 6 } } },
    { FORMAT_PSD, { { 0, "8BPS\0\2", 6 } } }, /* a PSB */
    PNM_MARKS("P1"),
    PNM_MARKS("P2"),
    PNM_MARKS("P3"),
    PNM_MARKS("P4"),
    PNM_MARKS("P5"),
    PNM_MARKS("P6"),
    { FORMAT_PCX,
      { { 0, "\x0A\0\1", 3 } } }, /* of the programs' versions 2.5, 2.8 with and without a palette, 3 */
    { FORMAT_PCX, { { 0, "\x0A\2\1", 3 } } },
    { FORMAT_PCX, { { 0, "\x0A\3\1", 3 } } },
    { FORMAT_PCX, { { 0, "\x0A\5\1", 3 } } },
    { FORMAT_SGI, { { 0, "\x01\xDA\0\1", 4 } } }, /* as it is or packed, of 8 or 16 bits */
    { FORMAT_SGI, { { 0, "\x01\xDA\1\1", 4 } } },
    { FORMAT_SGI, { { 0, "\x01\xDA\0\2", 4 } } },
    { FORMAT_SGI, { { 0, "\x01\xDA\1\2", 4 } } },
    { FORMAT_DDS, { { 0, "DDS \x7C\0\0\0", 8 } } },
    { FORMAT_DPX, { { 0, "SDPX", 4 } } },
    { FORMAT_DPX, { { 0, "XPDS", 4 } } },
    { FORMAT_HDR, { { 0, "#?RADIANCE\n", 11 } } },
    { FORMAT_HDR, { { 0, "#?RGBE\n", 7 } } },
};

const struct format_info *format_info(enum format format)
{
    return &formats[format];
}

bool format_holds(enum format format, unsigned what)
{
    return (formats[format].holds & what) != 0;
}

static bool has_extension(enum format format, const char *extension)
{
    for (const char *const *known = formats[format].extensions; *known; known++)
        if (strcasecmp(*known, extension) == 0)
            return true;
    return false;
}

int format_from_name(const char *name, enum format *ret)
{
    for (enum format format = 0; format < FORMAT_COUNT; format++)
        if (strcasecmp(formats[format].name, name) == 0 || has_extension(format, name)) {
            *ret = format;
            return 0;
        }
    return -ENOENT;
}

static bool has_marks(const struct magic *magic, const char *bytes, size_t size)
{
    for (size_t i = 0; i < ARRAY_SIZE(magic->marks); i++) {
        const struct mark *mark = &magic->marks[i];

        if (mark->length > 0 && (size < mark->offset + mark->length ||
                                 memcmp(bytes + mark->offset, mark->bytes, mark->length) != 0))
            return false;
    }
    return true;
}

bool format_begins(enum format format, const void *bytes, size_t size)
{
    if (format == FORMAT_SVG)
        return svg_start_is(bytes, size);
    for (size_t i = 0; i < ARRAY_SIZE(magics); i++)
        if (magics[i].format == format && has_marks(&magics[i], bytes, size))
            return true;
    return false;
}

int format_detect(const void *bytes, size_t size, enum format *ret)
{
    for (enum format format = 0; format < FORMAT_COUNT; format++)
        if (formats[format].input && format_begins(format, bytes, size)) {
            *ret = format;
            return 0;
        }
    return -ENOENT;
}

const void *format_mark(size_t index, size_t *ret_length)
{
    for (size_t i = 0; i < ARRAY_SIZE(magics); i++)
        for (size_t j = 0; j < ARRAY_SIZE(magics[i].marks) && magics[i].marks[j].length > 0; j++)
            if (index-- == 0) {
                *ret_length = magics[i].marks[j].length;
                return magics[i].marks[j].bytes;
            }
    return NULL;
}

const char *format_list(bool outputs, char *buffer, size_t size)
{
    size_t used = 0;

    buffer[0] = '\0';
    for (enum format format = 0; format < FORMAT_COUNT && used < size; format++)
        if (outputs ? formats[format].output : formats[format].input && !formats[format].allowance)
            used += (size_t)snprintf(buffer + used, size - used, "%s%s", used > 0 ? ", " : "",
                                     formats[format].name);
    return buffer;
}
