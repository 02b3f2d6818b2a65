/* SPDX-License-Identifier: GPL-2.0-or-later */
/* magick - see magick.h; MagickCore 6.
 *
 * Decoders are modules. Those that are used here read what they are given and call no other one, and no program; one
 * that does (ICON) is none of them.
 *
 * ImageMagick's pixels have 16 bits and four channels, or five, whatever the file has. They are copied to what the
 * picture needs, and given back at once. */
#include "image/magick.h"

#include "base/cleanup.h"
#include "image/pnm_header.h"

#include <errno.h>
#include <magick/MagickCore.h>
#include <string.h>

#define DOMAIN "magick"

enum {
    SHALLOW_BITS = 8,
    COLOURS_GREY = 1,
    COLOURS_RGB = 3,
    COLOURS_CMYK = 4,
    HELD_PIXEL_BYTES = 32, /* at most: its own pixels, and the decoder's copy of the file's */
    HELD_MORE_BYTES = 16 << 20,
    COUNTED_MORE_BYTES = 1 << 10, /* rows that it writes beyond the last one */
};

static const struct decoder {
    const char *name;
    bool hides_alpha; /* until it decodes */
    bool has_layers;
    bool adds_palette; /* to pixels that it has made before */
    int (*open_header)(const void *data, size_t size, VipsImage **ret); /* where its own is not to be used */
} decoders[FORMAT_COUNT] = {
    [FORMAT_BMP] = { .name = "BMP" },
    [FORMAT_PSD] = { .name = "PSD", .has_layers = true },
    [FORMAT_PNM] = { .name = "PNM", .open_header = pnm_header_open },
    [FORMAT_PCX] = { .name = "PCX", .hides_alpha = true, .adds_palette = true },
    [FORMAT_SGI] = { .name = "SGI" },
    [FORMAT_DDS] = { .name = "DDS" },
    [FORMAT_DPX] = { .name = "DPX", .hides_alpha = true },
    [FORMAT_HDR] = { .name = "HDR" },
};

static const struct {
    const char *name, *field;
} profiles[] = {
    { "icc", VIPS_META_ICC_NAME },
    { "exif", VIPS_META_EXIF_NAME },
    { "xmp", VIPS_META_XMP_NAME },
    { "iptc", VIPS_META_IPTC_NAME },
};

static void cleanup_exception(ExceptionInfo **exception)
{
    DestroyExceptionInfo(*exception);
}

static void cleanup_image(Image **image)
{
    if (*image)
        DestroyImageList(*image);
}

static void cleanup_info(ImageInfo **info)
{
    DestroyImageInfo(*info);
}

#define _cleanup_exception_ __attribute__((cleanup(cleanup_exception)))
#define _cleanup_magick_ __attribute__((cleanup(cleanup_image)))
#define _cleanup_info_ __attribute__((cleanup(cleanup_info)))

/* ---- start and end ---- */

/* Pixels must not go to files, of which a worker can open none, nor be worked on by threads. */
static void set_limits(void)
{
    SetMagickResourceLimit(DiskResource, 0);
    SetMagickResourceLimit(MapResource, 0);
    SetMagickResourceLimit(ThreadResource, 1);
}

static int load_decoder(const char *name, struct error *error)
{
    _cleanup_exception_ ExceptionInfo *exception = AcquireExceptionInfo();
    const MagickInfo *info = GetMagickInfo(name, exception);

    if (!info || !GetImageDecoder(info))
        return error_set(error, ENOSYS, CLASS_ENVIRONMENT, STAGE_NONE,
                         "AllowFormats=magick: ImageMagick has no decoder %s; install one that has", name);
    if (!IsRightsAuthorized(CoderPolicyDomain, ReadPolicyRights, name))
        return error_set(error, ENOSYS, CLASS_ENVIRONMENT, STAGE_NONE,
                         "AllowFormats=magick: the policy.xml of ImageMagick forbids %s; allow it there",
                         name);
    return 0;
}

/* Lists that ImageMagick reads from files when it first needs them: of colours, and of its messages. */
static void load_lists(void)
{
    _cleanup_exception_ ExceptionInfo *exception = AcquireExceptionInfo();
    _cleanup_info_ ImageInfo *info = AcquireImageInfo();
    Image *image = AcquireImage(info);

    ThrowMagickException(exception, GetMagickModule(), CorruptImageError, "ImproperImageHeader", "`%s'", "");
    DestroyImage(image);
}

int magick_start(struct error *error)
{
    if (IsMagickCoreInstantiated())
        return 0;
    MagickCoreGenesis(NULL, MagickFalse);
    set_limits();
    load_lists();
    for (enum format format = 0; format < FORMAT_COUNT; format++) {
        int r = decoders[format].name ? load_decoder(decoders[format].name, error) : 0;

        if (r < 0)
            return r;
    }
    return 0;
}

void magick_stop(void)
{
    if (IsMagickCoreInstantiated())
        MagickCoreTerminus();
}

static MagickSizeType counted_memory(void)
{
    return GetMagickResource(MemoryResource) + GetMagickResource(MapResource) +
           GetMagickResource(DiskResource);
}

bool magick_has_lost_memory(void)
{
    return IsMagickCoreInstantiated() && counted_memory() > 0;
}

/* ---- decoding ---- */

enum trouble { TROUBLE_OTHER, TROUBLE_FILE, TROUBLE_RESOURCES };

static enum trouble trouble_of(ExceptionType severity)
{
    switch (severity) {
    case CorruptImageWarning:
    case CorruptImageError:
    case CorruptImageFatalError:
    case CoderWarning:
    case CoderError:
    case CoderFatalError:
        return TROUBLE_FILE;
    case ResourceLimitWarning:
    case ResourceLimitError:
    case ResourceLimitFatalError:
    case CacheWarning:
    case CacheError:
    case CacheFatalError:
        return TROUBLE_RESOURCES;
    default:
        return TROUBLE_OTHER;
    }
}

/* Of a file that is cut off decoders say all kinds of things. */
static const char *blame(const char *reason, bool header)
{
    static const char *const ends[] = { "end-of-file", "EndOfFile", "insufficient image data" };

    for (size_t i = 0; i < ARRAY_SIZE(ends); i++)
        if (strstr(reason, ends[i]))
            return "truncated: ";
    return header ? "truncated, damaged, or of a kind that ImageMagick does not read: "
                  : "truncated or damaged: ";
}

/* Up to where its sources are named. */
static void complain(const ExceptionInfo *exception, enum trouble trouble, bool header)
{
    const char *reason = exception->reason ? exception->reason : "";
    const char *end = strstr(reason, " `");

    vips_error(DOMAIN, "%s%.*s%s", trouble == TROUBLE_FILE ? blame(reason, header) : "",
               end ? (int)(end - reason) : (int)strlen(reason), reason,
               trouble == TROUBLE_RESOURCES ? ": it needs more memory than other such pictures, or than the "
                                              "policy.xml of ImageMagick allows"
                                            : "");
}

static ExceptionType least_severity(VipsFailOn fail_on)
{
    if (fail_on == VIPS_FAIL_ON_NONE)
        return FatalErrorException;
    return fail_on == VIPS_FAIL_ON_WARNING ? WarningException : ErrorException;
}

/* Where a PSD has no flattened picture, its layers are what there is; a DDS can be the sides of a cube. */
static int check_count(const struct decoder *decoder, const Image *image)
{
    if (GetImageListLength(image) == 1)
        return 0;
    vips_error(DOMAIN, decoder->has_layers ? "saved without its flattened picture, or damaged"
                                           : "it has several pictures, of which none is the one");
    return -1;
}

/* What is lost was more than there was memory for, whatever the decoder has made of that. */
static enum trouble trouble_with(const Image *image, const ExceptionInfo *exception,
                                 MagickSizeType counted_before)
{
    if (!image && counted_memory() > counted_before)
        return TROUBLE_RESOURCES;
    return trouble_of(exception->severity);
}

static int decode(const struct decoder *decoder, const void *data, size_t size, bool header,
                  VipsFailOn fail_on, Image **ret)
{
    _cleanup_exception_ ExceptionInfo *exception = AcquireExceptionInfo();
    _cleanup_info_ ImageInfo *info = AcquireImageInfo();
    MagickSizeType counted_before = counted_memory();
    _cleanup_magick_ Image *image = NULL;
    enum trouble trouble;

    CopyMagickString(info->magick, decoder->name, sizeof info->magick);
    SetImageInfoBlob(info, data, size);
    info->ping = header ? MagickTrue : MagickFalse;
    info->number_scenes = 1;
    image = GetImageDecoder(GetMagickInfo(decoder->name, exception))(info, exception);
    if (image)
        InheritException(exception, &image->exception);
    trouble = trouble_with(image, exception, counted_before);
    if (!image || exception->severity >= least_severity(fail_on) || trouble == TROUBLE_RESOURCES) {
        complain(exception, trouble, header);
        return -1;
    }
    if (image->columns < 1 || image->rows < 1 || image->columns >= VIPS_MAX_COORD ||
        image->rows >= VIPS_MAX_COORD) {
        vips_error(DOMAIN, "it has no pixels, or more than can be counted");
        return -1;
    }
    if (check_count(decoder, image) != 0)
        return -1;
    *ret = take_ptr(image);
    return 0;
}

/* ---- what it becomes ---- */

struct layout {
    int bands;
    VipsBandFormat format;
    VipsInterpretation interpretation;
    const char *map; /* ExportImagePixels()' names of the bands */
};

static bool is_common(const Image *image)
{
    return image->colorspace == GRAYColorspace || image->colorspace == sRGBColorspace ||
           image->colorspace == CMYKColorspace;
}

/* As make_common() leaves it. */
static struct layout layout_of(const Image *image, bool alpha)
{
    bool deep = image->depth > SHALLOW_BITS || !is_common(image);
    struct layout layout = { .format = deep ? VIPS_FORMAT_USHORT : VIPS_FORMAT_UCHAR };

    switch (image->colorspace) {
    case GRAYColorspace:
        layout.bands = COLOURS_GREY;
        layout.interpretation = deep ? VIPS_INTERPRETATION_GREY16 : VIPS_INTERPRETATION_B_W;
        layout.map = alpha ? "RA" : "R";
        break;
    case CMYKColorspace:
        layout.bands = COLOURS_CMYK;
        layout.interpretation = VIPS_INTERPRETATION_CMYK;
        layout.map = alpha ? "CMYKA" : "CMYK";
        break;
    default:
        layout.bands = COLOURS_RGB;
        layout.interpretation = deep ? VIPS_INTERPRETATION_RGB16 : VIPS_INTERPRETATION_sRGB;
        layout.map = alpha ? "RGBA" : "RGB";
    }
    layout.bands += alpha;
    return layout;
}

static void describe(const Image *image, bool alpha, VipsImage *ret)
{
    struct layout layout = layout_of(image, alpha);

    vips_image_init_fields(ret, (int)image->columns, (int)image->rows, layout.bands, layout.format,
                           VIPS_CODING_NONE, layout.interpretation, 1, 1);
}

/* Light, Lab and what else there is becomes sRGB, of which a profile of the file does not tell any more. */
static int make_common(Image *image)
{
    if (is_common(image))
        return 0;
    DeleteImageProfile(image, "icc");
    image->depth = MAGICKCORE_QUANTUM_DEPTH;
    if (TransformImageColorspace(image, sRGBColorspace))
        return 0;
    complain(&image->exception, trouble_of(image->exception.severity), false);
    return -1;
}

static void free_pixels(VipsImage *image, void *pixels)
{
    (void)image;
    g_free(pixels);
}

static int take_pixels(const Image *image, VipsImage **ret)
{
    struct layout layout = layout_of(image, image->matte);
    size_t sample = layout.format == VIPS_FORMAT_USHORT ? sizeof(uint16_t) : 1;
    size_t bytes = image->columns * image->rows * (size_t)layout.bands * sample;
    _cleanup_exception_ ExceptionInfo *exception = AcquireExceptionInfo();
    _cleanup_image_ VipsImage *made = NULL;
    void *pixels = g_try_malloc(bytes);

    if (!pixels) {
        vips_error(DOMAIN, "out of memory");
        return -1;
    }
    made = vips_image_new_from_memory(pixels, bytes, (int)image->columns, (int)image->rows, layout.bands,
                                      layout.format);
    if (!made) {
        g_free(pixels);
        return -1;
    }
    g_signal_connect(made, "postclose", G_CALLBACK(free_pixels), pixels);
    made->Type = layout.interpretation;
    if (!ExportImagePixels(image, 0, 0, image->columns, image->rows, layout.map,
                           sample == 1 ? CharPixel : ShortPixel, pixels, exception)) {
        complain(exception, trouble_of(exception->severity), false);
        return -1;
    }
    *ret = take_ptr(made);
    return 0;
}

static void take_profiles(const Image *image, VipsImage *to)
{
    for (size_t i = 0; i < ARRAY_SIZE(profiles); i++) {
        const StringInfo *profile = GetImageProfile(image, profiles[i].name);

        if (profile && GetStringInfoLength(profile) > 0)
            vips_image_set_blob_copy(to, profiles[i].field, GetStringInfoDatum(profile),
                                     GetStringInfoLength(profile));
    }
    if (image->orientation >= TopLeftOrientation && image->orientation <= LeftBottomOrientation)
        vips_image_set_int(to, VIPS_META_ORIENTATION, (int)image->orientation);
}

/* What ImageMagick counts of its memory for a pixel. Where a decoder gives it another space of colours, or
 * make_common() does, or it gets a palette, there are two: the one before, and the one after. */
static size_t counted_bytes(const struct decoder *decoder, const Image *image)
{
    bool palette = image->storage_class == PseudoClass, inks = image->colorspace == CMYKColorspace;
    size_t before = sizeof(PixelPacket) + (palette ? sizeof(IndexPacket) : 0);
    size_t after = sizeof(PixelPacket) + (palette || inks || decoder->adds_palette ? sizeof(IndexPacket) : 0);

    return image->colorspace == sRGBColorspace && !decoder->adds_palette ? before : before + after;
}

/* @ret_counted: bytes a pixel. */
static int open_own_header(const struct decoder *decoder, const void *data, size_t size, VipsImage **ret,
                           size_t *ret_counted)
{
    int r = decoder->open_header(data, size, ret);

    if (r == 0)
        *ret_counted = ((*ret)->Bands < COLOURS_RGB ? 2 : 1) * sizeof(PixelPacket);
    return r;
}

static int open_header(const struct decoder *decoder, const void *data, size_t size, VipsImage **ret,
                       size_t *ret_counted)
{
    _cleanup_magick_ Image *image = NULL;

    if (decoder->open_header)
        return open_own_header(decoder, data, size, ret, ret_counted);
    if (decode(decoder, data, size, true, VIPS_FAIL_ON_ERROR, &image) != 0)
        return -1;
    *ret = vips_image_new();
    describe(image, image->matte || decoder->hides_alpha, *ret);
    take_profiles(image, *ret);
    *ret_counted = counted_bytes(decoder, image);
    return 0;
}

/* Whatever the file may say later on, its header has said how much is to be held; policy.xml may allow less. It is
 * asked before, as ImageMagick loses a picture that it cannot convert for want of memory. */
static int limit(const VipsImage *header, size_t counted)
{
    MagickSizeType width = (MagickSizeType)header->Xsize, height = (MagickSizeType)header->Ysize;
    const struct {
        ResourceType type;
        const char *name, *unit;
        MagickSizeType needed;
    } limits[] = {
        { WidthResource, "width", "pixels", width },
        { HeightResource, "height", "pixels", height },
        { MemoryResource, "need of memory", "bytes", width * height * counted + COUNTED_MORE_BYTES },
    };

    SetMagickResourceLimit(MemoryResource, width * height * HELD_PIXEL_BYTES + HELD_MORE_BYTES);
    for (size_t i = 0; i < ARRAY_SIZE(limits); i++) {
        MagickSizeType allowed = GetMagickResourceLimit(limits[i].type);

        if (allowed < limits[i].needed) {
            vips_error(DOMAIN, "its %s is %llu %s, and the policy.xml of ImageMagick allows %llu: raise that",
                       limits[i].name, (unsigned long long)limits[i].needed, limits[i].unit,
                       (unsigned long long)allowed);
            return -1;
        }
    }
    return 0;
}

/* What was checked is what is taken. */
static int check_size(const Image *image, const VipsImage *header)
{
    if (image->columns == (size_t)header->Xsize && image->rows == (size_t)header->Ysize)
        return 0;
    vips_error(DOMAIN, "it has another size than its header says");
    return -1;
}

int magick_open(enum format format, const void *data, size_t size, bool header, VipsFailOn fail_on,
                VipsImage **ret)
{
    _cleanup_image_ VipsImage *described = NULL, *made = NULL;
    _cleanup_magick_ Image *image = NULL;
    size_t counted;

    if (open_header(&decoders[format], data, size, &described, &counted) != 0 ||
        limit(described, counted) != 0)
        return -1;
    if (header) {
        *ret = take_ptr(described);
        return 0;
    }
    if (decode(&decoders[format], data, size, false, fail_on, &image) != 0 ||
        check_size(image, described) != 0 || make_common(image) != 0 || take_pixels(image, &made) != 0)
        return -1;
    take_profiles(image, made);
    *ret = take_ptr(made);
    return 0;
}
