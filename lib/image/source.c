/* SPDX-License-Identifier: GPL-2.0-or-later */
/* source - see source.h. The loader is chosen by the file's magic bytes. */
#include "image/source.h"

#include "base/cleanup.h"
#include "image/convert.h"
#include "image/drawing.h"
#include "image/exif_block.h"
#include "image/exr.h"
#include "image/gif_blocks.h"
#include "image/jpeg_segments.h"
#include "image/jxl_boxes.h"
#include "image/loaders.h"
#include "image/metadata.h"
#include "image/png_chunks.h"
#include "image/svg_expansion.h"
#include "image/tiff_tags.h"
#include "image/webp_chunks.h"
#include "image/xmp_packet.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

static const VipsFailOn fail_ons[] = {
    [FAIL_ON_NONE] = VIPS_FAIL_ON_NONE,
    [FAIL_ON_TRUNCATED] = VIPS_FAIL_ON_TRUNCATED,
    [FAIL_ON_ERROR] = VIPS_FAIL_ON_ERROR,
    [FAIL_ON_WARNING] = VIPS_FAIL_ON_WARNING,
};

static int not_a_picture(const struct source *source, struct error *error)
{
    unsigned allowed = source->options.allowed;
    char formats[100], others[100];

    if (source->size == 0)
        return error_set(error, EBADMSG, CLASS_PERMANENT, STAGE_PROBE, "not a picture: the file is empty");
    return error_set(error, EBADMSG, CLASS_PERMANENT, STAGE_PROBE,
                     "not a picture in an enabled format (%s%s%s)",
                     format_list(false, formats, sizeof formats), allowed ? ", " : "",
                     allowance_list(allowed, others, sizeof others));
}

/* The folder may not want the format's reader to meet strangers' files. */
static int check_allowance(const struct source *source, struct error *error)
{
    const struct format_info *info = format_info(source->format);
    char name[32];

    if (!(info->allowance & ~source->options.allowed))
        return 0;
    allowance_list(info->allowance, name, sizeof name);
    return error_set(error, EBADMSG, CLASS_PERMANENT, STAGE_PROBE,
                     "its format is %s, which this folder does not take; AllowFormats=%s would allow it",
                     info->name, name);
}

static int check_limits(const struct source *source, struct error *error)
{
    uint64_t pixels = extent_area(source->shape.extent), max_pixels = source->options.max_pixels;

    if (pixels <= max_pixels)
        return 0;
    return error_set(error, EFBIG, CLASS_PERMANENT, STAGE_LIMITS,
                     "%u × %u are %llu pixels, more than the %llu that MaxPixels= of the folder allows",
                     source->shape.extent.width, source->shape.extent.height, (unsigned long long)pixels,
                     (unsigned long long)max_pixels);
}

static int no_memory(const struct source *source, struct error *error)
{
    return error_set(error, ENOMEM, CLASS_MEMORY, STAGE_PROBE, "no memory for a copy of %zu bytes",
                     source->size);
}

static struct load_options options_of(const struct source *source)
{
    return (struct load_options){
        .shrink = 1,
        .scale = source->scale,
        .density = source->options.density,
        .fail_on = fail_ons[source->options.fail_on],
        .page = (int)source->page - 1,
        .count = 1,
    };
}

/* All of it but the orientation, which is told by the loader, or applied by it. */
static int take_exif(struct source *source, const void *data, size_t size)
{
    static const struct exif_wish all = { .keep = METADATA_ALL, .orientation = 1 };

    return exif_block_reduce(data, size, &all, &source->exif.data, &source->exif.size);
}

/* None, where it is larger than it may be. */
static int take_xmp(struct source *source, const void *data, size_t size)
{
    if (size == 0 || size > XMP_PACKET_BYTES_MAX)
        return 0;
    source->xmp.data = malloc(size);
    if (!source->xmp.data)
        return -ENOMEM;
    memcpy(source->xmp.data, data, size);
    source->xmp.size = size;
    return 0;
}

/* A TIFF is itself what an EXIF block is. */
static int read_tiff_metadata(struct source *source)
{
    int r = take_exif(source, source->data, source->size);

    return r < 0 ? r
                 : tiff_tags_find_iptc(source->data, source->size, &source->iptc.data, &source->iptc.size);
}

static int read_png_metadata(struct source *source)
{
    return png_chunks_find_xmp(source->data, source->size, XMP_PACKET_BYTES_MAX, &source->xmp.data,
                               &source->xmp.size);
}

static int read_gif_metadata(struct source *source)
{
    struct attachment xmp = gif_blocks_find_xmp(source->data, source->size);

    return take_xmp(source, xmp.data, xmp.size);
}

static int read_jxl_metadata(struct source *source)
{
    _cleanup_(jxl_boxes_release) struct jxl_boxes boxes = { 0 };
    int r;

    r = jxl_boxes_read(source->data, source->size, XMP_PACKET_BYTES_MAX, &boxes);
    if (r == 0)
        r = take_exif(source, boxes.exif.data, boxes.exif.size);
    if (r == 0)
        source->xmp = (struct source_block){ take_ptr(boxes.xmp.data), boxes.xmp.size };
    return r;
}

/* The XMP of a HEIC or AVIF: libvips numbers what is neither pixels nor EXIF, whatever the file says that it is. */
static struct attachment heif_xmp(VipsImage *image)
{
    static const char *const fields[] = { "heif-mime-0", "heif-mime-1", "heif-mime-2", "heif-mime-3" };
    static const char rdf[] = "http://www.w3.org/1999/02/22-rdf-syntax-ns#";
    struct attachment found;

    for (size_t i = 0; i < ARRAY_SIZE(fields); i++)
        if (vips_image_get_typeof(image, fields[i]) == VIPS_TYPE_BLOB &&
            vips_image_get_blob(image, fields[i], &found.data, &found.size) == 0 &&
            memmem(found.data, found.size, rdf, sizeof rdf - 1))
            return found;
    return (struct attachment){ 0 };
}

/* libvips 8.14 frees what it has read here with its picture, though copies of that name it, too: so it is copied. Where
 * it says nothing, the file is found to be damaged later. */
static int read_heif_metadata(struct source *source)
{
    struct load_options options = options_of(source);
    _cleanup_image_ VipsImage *header = NULL;
    struct attachment exif = { 0 }, xmp;

    if (loader_open(source->format, source->data, source->size, &options, &header) != 0) {
        vips_error_clear();
        return 0;
    }
    xmp = heif_xmp(header);
    if (take_xmp(source, xmp.data, xmp.size) < 0)
        return -ENOMEM;
    if (vips_image_get_typeof(header, VIPS_META_EXIF_NAME) != VIPS_TYPE_BLOB ||
        vips_image_get_blob(header, VIPS_META_EXIF_NAME, &exif.data, &exif.size) != 0)
        return 0;
    return take_exif(source, exif.data, exif.size);
}

/* Where the loader does not tell of all that there is. */
static int (*const metadata_readers[FORMAT_COUNT])(struct source *source) = {
    [FORMAT_TIFF] = read_tiff_metadata, [FORMAT_PNG] = read_png_metadata,   [FORMAT_GIF] = read_gif_metadata,
    [FORMAT_HEIC] = read_heif_metadata, [FORMAT_AVIF] = read_heif_metadata, [FORMAT_JXL] = read_jxl_metadata,
};

static int read_metadata(struct source *source, struct error *error)
{
    int r = metadata_readers[source->format] ? metadata_readers[source->format](source) : 0;

    return r < 0 ? no_memory(source, error) : 0;
}

/* Takes from the file what a decoder must not see. */
static int reduce(struct source *source, struct error *error)
{
    size_t size;

    if (source->format != FORMAT_PNG)
        return 0;
    if (png_chunks_reduce(source->data, source->size, &source->reduced, &size) < 0)
        return no_memory(source, error);
    if (source->reduced) {
        source->data = source->reduced;
        source->reduced_from = source->size;
        source->size = size;
    }
    return 0;
}

static uint64_t content_bytes(const struct source *source, uint64_t elements)
{
    if (source->format == FORMAT_EXR)
        return exr_decoder_bytes(source->data, source->size);
    return drawing_content_bytes(source->format, source->data, source->size, elements);
}

/* What would take much before the header is known. */
static int check_content(struct source *source, struct error *error)
{
    uint64_t elements = 0;
    int r =
        source->format == FORMAT_SVG ? svg_expansion_check(source->data, source->size, &elements, error) : 0;

    source->content_bytes = content_bytes(source, elements);
    source->surfaces = drawing_surfaces(source->format, source->data, source->size);
    return r;
}

static void count_pictures(struct source *source, VipsImage *header)
{
    enum format_sequence sequence = format_info(source->format)->sequence;
    unsigned count = (unsigned)vips_image_get_n_pages(header);

    source->frames = sequence == SEQUENCE_FRAMES ? count : 1;
    source->pages = sequence == SEQUENCE_PAGES ? count : 1;
}

/* A TIFF can have all kinds of numbers for pixels. */
static int check_samples(const VipsImage *header, struct error *error)
{
    if (header->BandFmt == VIPS_FORMAT_UCHAR || header->BandFmt == VIPS_FORMAT_USHORT)
        return 0;
    return error_set(
        error, EBADMSG, CLASS_PERMANENT, STAGE_PROBE,
        "its pixels are numbers of the kind \"%s\"; pictures of 8 or 16 bits a channel can be read",
        vips_enum_nick(VIPS_TYPE_BAND_FORMAT, (int)header->BandFmt));
}

static size_t own_metadata_bytes(const struct source *source)
{
    return source->exif.size + source->xmp.size + source->iptc.size;
}

/* A page is paper, though libvips draws it with alpha, which is dropped as soon as it is decoded. */
static bool is_opaque(const struct source *source)
{
    return source->format == FORMAT_PDF;
}

static int read_any_header(struct source *source, struct error *error)
{
    struct load_options options = options_of(source);
    _cleanup_image_ VipsImage *header = NULL;

    options.header = true;
    if (loader_open(source->format, source->data, source->size, &options, &header) != 0)
        return engine_error(error, CLASS_PERMANENT, STAGE_PROBE, "the picture's header cannot be read");

    source->shape.extent.width = (uint32_t)vips_image_get_width(header);
    source->shape.extent.height = (uint32_t)vips_image_get_height(header);
    source->shape.orientation = vips_image_get_orientation(header);
    source->alpha = vips_image_hasalpha(header) && !is_opaque(source);
    source->bands = (unsigned)header->Bands - (vips_image_hasalpha(header) && !source->alpha);
    source->sample_bytes = (unsigned)VIPS_IMAGE_SIZEOF_ELEMENT(header);
    source->metadata_bytes = metadata_bytes(header) + own_metadata_bytes(source);
    source->whole = loader_is_whole(source->format, header, source->data, source->size);
    count_pictures(source, header);
    return check_samples(header, error);
}

/* What libvips would say, too. */
static void take_jpeg_header(struct source *source)
{
    const struct jpeg_header *jpeg = &source->jpeg;
    const struct profile profile = { .data = jpeg->attachments.icc.data, .size = jpeg->attachments.icc.size };

    source->planar = true;
    source->profile = profile.size > 0 && profile_colours(&profile) == jpeg->components;
    source->shape = (struct shape){ jpeg->extent, jpeg->orientation };
    source->bands = jpeg->components;
    source->sample_bytes = 1;
    source->metadata_bytes = attachments_bytes(&jpeg->attachments);
    source->whole = jpeg->multiscan;
    source->frames = source->pages = 1;
}

static int read_header(struct source *source, struct error *error)
{
    int r = source->format == FORMAT_JPEG ? jpeg_header_read(source->data, source->size, &source->jpeg)
                                          : -ENOTSUP;

    if (r == -ENOMEM)
        return no_memory(source, error);
    if (r < 0)
        return read_any_header(source, error);
    take_jpeg_header(source);
    return 0;
}

int source_probe(const void *data, size_t size, const struct source_options *options, struct source *ret,
                 struct error *error)
{
    int r;

    *ret = (struct source){ .data = data, .size = size, .options = *options, .page = 1, .scale = 1 };
    if (format_detect(data, size, &ret->format) < 0)
        return not_a_picture(ret, error);

    r = check_allowance(ret, error);
    if (r == 0)
        r = read_metadata(ret, error);
    if (r == 0)
        r = reduce(ret, error);
    if (r == 0)
        r = check_content(ret, error);
    if (r == 0)
        r = read_header(ret, error);
    if (r < 0)
        return r;

    return check_limits(ret, error);
}

static int read_again(struct source *source, struct error *error)
{
    int r = read_header(source, error);

    return r < 0 ? r : check_limits(source, error);
}

int source_turn_to(struct source *source, unsigned page, struct error *error)
{
    if (page == source->page)
        return 0;
    source->page = page;
    source->scale = 1;
    return read_again(source, error);
}

int source_scale(struct source *source, double scale, struct error *error)
{
    source->scale = scale;
    return read_again(source, error);
}

uint64_t source_held_bytes(const struct source *source)
{
    return (uint64_t)source->size + source->reduced_from + own_metadata_bytes(source) +
           attachments_bytes(&source->jpeg.attachments);
}

void source_release(struct source *source)
{
    free(take_ptr(source->reduced));
    free(take_ptr(source->exif.data));
    free(take_ptr(source->xmp.data));
    free(take_ptr(source->iptc.data));
    jpeg_header_release(&source->jpeg);
}

/* A JPEG has no alpha, and what it has more than colours nobody has said the meaning of; of others that are not opaque
 * the first of these is alpha. */
static unsigned bands_that_count(const struct source *source, const VipsImage *image)
{
    unsigned colours = convert_colours(image), more = (unsigned)image->Bands - colours;

    if (colours == 0)
        return (unsigned)image->Bands;
    return source->format != FORMAT_JPEG && !is_opaque(source) && more > 0 ? colours + 1 : colours;
}

static int drop_surplus(const struct source *source, VipsImage **image)
{
    unsigned bands = bands_that_count(source, *image);
    VipsImage *less = NULL;

    if (bands == (unsigned)(*image)->Bands)
        return 0;
    if (vips_extract_band(*image, &less, 0, "n", (int)bands, NULL) != 0)
        return -1;
    image_replace(image, less);
    return 0;
}

static bool is_heif(const struct source *source)
{
    return source->format == FORMAT_HEIC || source->format == FORMAT_AVIF;
}

static void set_block(VipsImage *image, const char *field, const struct source_block *block)
{
    if (block->data)
        vips_image_set_blob_copy(image, field, block->data, block->size);
}

/* libvips 8.14 frees what it has read from a HEIC or AVIF with the loader's picture, though copies of that name it,
 * too. */
static void keep_own_blocks(VipsImage *image)
{
    const void *data;
    size_t size;

    vips_image_remove(image, VIPS_META_EXIF_NAME);
    if (vips_image_get_typeof(image, VIPS_META_ICC_NAME) == VIPS_TYPE_BLOB &&
        vips_image_get_blob(image, VIPS_META_ICC_NAME, &data, &size) == 0)
        vips_image_set_blob_copy(image, VIPS_META_ICC_NAME, data, size);
}

/* EXIF has to say something, and says 72 dots an inch where it is not known; so does libvips of a JPEG. */
static bool says_more_than_usual(const struct source *source, const VipsImage *header)
{
    enum { USUAL_DPI = 72 };

    (void)source;
    return round(header->Xres * 25.4) != USUAL_DPI || round(header->Yres * 25.4) != USUAL_DPI;
}

static bool jpeg_says(const struct source *source, const VipsImage *header)
{
    return jpeg_segments_say_density(source->data, source->size) || says_more_than_usual(source, header);
}

static bool png_says(const struct source *source, const VipsImage *header)
{
    (void)header;
    return png_chunks_say_density(source->data, source->size);
}

/* Without a unit its numbers tell the shape of a pixel alone. */
static bool tiff_says(const struct source *source, const VipsImage *header)
{
    (void)source;
    return vips_image_get_typeof(header, VIPS_META_RESOLUTION_UNIT) != 0;
}

static bool never(const struct source *source, const VipsImage *header)
{
    (void)source, (void)header;
    return false;
}

/* NULL: libvips knows. */
static bool (*const density_tellers[FORMAT_COUNT])(const struct source *source, const VipsImage *header) = {
    [FORMAT_JPEG] = jpeg_says,
    [FORMAT_PNG] = png_says,
    [FORMAT_TIFF] = tiff_says,
    [FORMAT_WEBP] = says_more_than_usual,
    [FORMAT_HEIC] = says_more_than_usual,
    [FORMAT_AVIF] = says_more_than_usual,
    [FORMAT_JXL] = says_more_than_usual,
    [FORMAT_SVG] = never,
};

bool source_says_density(const struct source *source, const VipsImage *header)
{
    return !density_tellers[source->format] || density_tellers[source->format](source, header);
}

/* A copy has a list of fields of its own. */
static int attach_metadata(const struct source *source, VipsImage **image)
{
    bool dense = source_says_density(source, *image);
    VipsImage *copy = NULL;

    if (vips_copy(*image, &copy, "xres", dense ? (*image)->Xres : DENSITY_UNKNOWN, "yres",
                  dense ? (*image)->Yres : DENSITY_UNKNOWN, NULL) != 0)
        return -1;
    if (is_heif(source))
        keep_own_blocks(copy);
    set_block(copy, VIPS_META_EXIF_NAME, &source->exif);
    set_block(copy, VIPS_META_XMP_NAME, &source->xmp);
    set_block(copy, VIPS_META_IPTC_NAME, &source->iptc);
    image_replace(image, copy);
    return 0;
}

static int decode(const struct source *source, const struct load_options *options, VipsImage **ret,
                  struct error *error)
{
    _cleanup_image_ VipsImage *image = NULL;

    if (loader_open(source->format, source->data, source->size, options, &image) != 0 ||
        drop_surplus(source, &image) != 0 || attach_metadata(source, &image) != 0)
        return engine_error(error, CLASS_PERMANENT, STAGE_DECODE, "the picture cannot be decoded");

    *ret = take_ptr(image);
    return 0;
}

int source_decode(const struct source *source, unsigned shrink, VipsImage **ret, struct error *error)
{
    struct load_options options = options_of(source);

    options.shrink = shrink;
    return decode(source, &options, ret, error);
}

int source_decode_frames(const struct source *source, VipsImage **ret, struct error *error)
{
    struct load_options options = options_of(source);

    options.count = -1;
    return decode(source, &options, ret, error);
}

int source_open_header(enum format format, const void *data, size_t size, int frames, VipsImage **ret)
{
    struct load_options options = {
        .shrink = 1, .scale = 1, .fail_on = VIPS_FAIL_ON_WARNING, .header = true, .count = frames
    };

    return loader_open(format, data, size, &options, ret);
}
