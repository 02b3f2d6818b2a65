/* SPDX-License-Identifier: GPL-2.0-or-later */
/* jpeg_header - see jpeg_header.h. libjpeg reads it; what its segments and its EXIF mean is as libvips has it. */
#include "image/jpeg_header.h"

#include "base/cleanup.h"
#include "image/engine.h"
#include "image/exif_tags.h"
#include "image/jpeg_errors.h"
#include "image/jpeg_segments.h"
#include "image/tiff_tree.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { USUAL_DPI = 72, SEGMENT_BYTES_MAX = 0xffff, EXIF_PREFIX_BYTES = 6 };

static const double CM_PER_INCH = 2.54, MM_PER_INCH = 25.4;

/* A header on its way. */
struct reading {
    struct jpeg_decompress_struct libjpeg;
    struct jpeg_errors errors;
    struct jpeg_header header;
    double per_inch[2]; /* dots, across and down */
};

static void reading_release(struct reading *reading)
{
    jpeg_destroy_decompress(&reading->libjpeg);
    jpeg_header_release(&reading->header);
}

/* ---- segments ---- */

static const char exif_signature[] = "Exif\0"; /* with two NULs */
static const char xmp_signature[] = "http://ns.adobe.com/xap/1.0/";
static const char iptc_signature[] = "Photoshop 3.0";

/* Where what begins with a signature goes; and whether the signature comes along, as its readers have it. */
static const struct {
    int marker;
    const char *signature;
    size_t bytes;
    bool whole;
    size_t at;
} kinds[] = {
    { JPEG_APP0 + 1, exif_signature, sizeof exif_signature, true, offsetof(struct attachments, exif) },
    { JPEG_APP0 + 1, xmp_signature, sizeof xmp_signature, false, offsetof(struct attachments, xmp) },
    { JPEG_APP0 + 13, iptc_signature, sizeof iptc_signature, true, offsetof(struct attachments, iptc) },
};

static struct attachment *attachment_at(struct attachments *attachments, size_t at)
{
    return (struct attachment *)((char *)attachments + at);
}

/* -ENOTSUP when there was one of its kind. */
static int take_segment(const struct jpeg_marker_struct *segment, struct attachments *ret)
{
    for (size_t i = 0; i < ARRAY_SIZE(kinds); i++) {
        struct attachment *attachment = attachment_at(ret, kinds[i].at);
        size_t skipped = kinds[i].whole ? 0 : kinds[i].bytes;

        if (segment->marker != kinds[i].marker || segment->data_length <= kinds[i].bytes ||
            memcmp(segment->data, kinds[i].signature, kinds[i].bytes) != 0)
            continue;
        if (attachment->size > 0)
            return -ENOTSUP;
        *attachment = (struct attachment){ segment->data + skipped, segment->data_length - skipped };
    }
    return 0;
}

/* libjpeg's memory ends with it. */
static int own(struct jpeg_header *header)
{
    static const size_t places[] = { offsetof(struct attachments, icc), offsetof(struct attachments, exif),
                                     offsetof(struct attachments, xmp), offsetof(struct attachments, iptc) };
    size_t size = 0;
    char *to;

    for (size_t i = 0; i < ARRAY_SIZE(places); i++)
        size += attachment_at(&header->attachments, places[i])->size;
    if (size == 0)
        return 0;
    to = header->owned = malloc(size);
    if (!to)
        return -ENOMEM;
    for (size_t i = 0; i < ARRAY_SIZE(places); i++) {
        struct attachment *attachment = attachment_at(&header->attachments, places[i]);

        if (attachment->size == 0)
            continue;
        attachment->data = memcpy(to, attachment->data, attachment->size);
        to += attachment->size;
    }
    return 0;
}

static int take_profile(struct reading *reading, JOCTET **ret)
{
    unsigned size = 0;

    if (jpeg_read_icc_profile(&reading->libjpeg, ret, &size))
        reading->header.attachments.icc = (struct attachment){ *ret, size };
    return reading->libjpeg.err->num_warnings > 0 ? -ENOTSUP : 0; /* a piece of it is missing */
}

static int take_segments(struct reading *reading)
{
    JOCTET *profile = NULL;
    int r = take_profile(reading, &profile);

    for (const struct jpeg_marker_struct *segment = reading->libjpeg.marker_list; r == 0 && segment;
         segment = segment->next)
        r = take_segment(segment, &reading->header.attachments);
    if (r == 0)
        r = own(&reading->header);
    free(profile);
    return r;
}

/* ---- density and orientation ---- */

/* A single whole number. 0, or -ENOTSUP when it is something else. */
static int read_number(const struct tiff_tree *exif, const struct tiff_entry *entry, uint64_t *ret)
{
    if (entry->type != TIFF_SHORT || entry->count != 1)
        return -ENOTSUP;
    *ret = tiff_entry_at(exif, entry, 0);
    return 0;
}

/* Two whole numbers, the second of which divides the first. 0, or -ENOTSUP when it is something else. */
static int read_ratio(const struct tiff_tree *exif, const struct tiff_entry *entry, double *ret)
{
    enum { TIFF_RATIONAL = 5 };
    struct tiff_entry pair = *entry;
    uint64_t divisor;

    if (entry->type != TIFF_RATIONAL || entry->count != 1)
        return -ENOTSUP;
    pair.type = TIFF_LONG;
    pair.count = 2;
    divisor = tiff_entry_at(exif, &pair, 1);
    *ret = divisor == 0 ? 0 : (double)tiff_entry_at(exif, &pair, 0) / (double)divisor;
    return divisor == 0 ? -ENOTSUP : 0;
}

static int read_orientation(const struct tiff_tree *exif, struct reading *reading)
{
    const struct tiff_entry *entry = tiff_directory_find(&exif->places[TIFF_MAIN], TAG_ORIENTATION);
    uint64_t number;

    if (!entry)
        return 0;
    if (read_number(exif, entry, &number) < 0 || number < 1 || number > 8)
        return -ENOTSUP;
    reading->header.orientation = (int)number;
    return 0;
}

/* It counts when all of it is there. */
static int read_resolution(const struct tiff_tree *exif, struct reading *reading)
{
    static const double per_inch[] = { [1] = MM_PER_INCH, [2] = 1, [3] = CM_PER_INCH };
    const struct tiff_directory *main = &exif->places[TIFF_MAIN];
    const struct tiff_entry *across = tiff_directory_find(main, TAG_X_RESOLUTION),
                            *down = tiff_directory_find(main, TAG_Y_RESOLUTION),
                            *unit = tiff_directory_find(main, TAG_RESOLUTION_UNIT);
    double dots[2];
    uint64_t number;

    if (!across || !down || !unit)
        return 0;
    if (read_ratio(exif, across, &dots[0]) < 0 || read_ratio(exif, down, &dots[1]) < 0 ||
        read_number(exif, unit, &number) < 0 || number < 1 || number >= ARRAY_SIZE(per_inch))
        return -ENOTSUP;
    reading->per_inch[0] = dots[0] * per_inch[number];
    reading->per_inch[1] = dots[1] * per_inch[number];
    return 0;
}

static int read_exif(struct reading *reading)
{
    const struct attachment *block = &reading->header.attachments.exif;
    _cleanup_(tiff_tree_release) struct tiff_tree exif = { 0 };
    int r;

    if (block->size == 0)
        return 0;
    r = tiff_tree_read((const char *)block->data + EXIF_PREFIX_BYTES, block->size - EXIF_PREFIX_BYTES, &exif);
    if (r == 0 && exif.places[TIFF_MAIN].count == 0)
        r = -ENOTSUP;
    if (r == 0)
        r = read_orientation(&exif, reading);
    return r == 0 ? read_resolution(&exif, reading) : r;
}

static int read_jfif(struct reading *reading)
{
    static const double per_inch[] = { [1] = 1, [2] = CM_PER_INCH };
    const struct jpeg_decompress_struct *libjpeg = &reading->libjpeg;

    if (!libjpeg->saw_JFIF_marker || libjpeg->X_density == 1 || libjpeg->Y_density == 1)
        return 0;
    if (libjpeg->density_unit >= ARRAY_SIZE(per_inch) || libjpeg->X_density == 0 || libjpeg->Y_density == 0)
        return -ENOTSUP;
    if (libjpeg->density_unit == 0) { /* the shape of a pixel */
        reading->per_inch[1] = (double)USUAL_DPI * libjpeg->X_density / libjpeg->Y_density;
        return 0;
    }
    reading->per_inch[0] = libjpeg->X_density * per_inch[libjpeg->density_unit];
    reading->per_inch[1] = libjpeg->Y_density * per_inch[libjpeg->density_unit];
    return 0;
}

/* EXIF has to say something, and says what is usual where it is not known. */
static void settle_density(struct reading *reading, const void *data, size_t size)
{
    double across = round(reading->per_inch[0]), down = round(reading->per_inch[1]);
    unsigned *dots = reading->header.attachments.dots_per_inch;

    if (!jpeg_segments_say_density(data, size) && across == USUAL_DPI && down == USUAL_DPI)
        return;
    dots[0] = (unsigned)fmin(across, UINT16_MAX + 1.0);
    dots[1] = (unsigned)fmin(down, UINT16_MAX + 1.0);
}

/* ---- the whole ---- */

static bool is_usual(const struct jpeg_decompress_struct *libjpeg)
{
    return libjpeg->err->num_warnings == 0 && libjpeg->data_precision == 8 && !libjpeg->arith_code &&
           ((libjpeg->num_components == 1 && libjpeg->jpeg_color_space == JCS_GRAYSCALE) ||
            (libjpeg->num_components == 3 && libjpeg->jpeg_color_space == JCS_YCbCr));
}

static unsigned coarseness_of(const struct jpeg_decompress_struct *libjpeg)
{
    int coarsest = 1;

    for (int i = 0; i < libjpeg->num_components; i++) {
        const jpeg_component_info *component = &libjpeg->comp_info[i];
        int across = libjpeg->max_h_samp_factor / component->h_samp_factor,
            down = libjpeg->max_v_samp_factor / component->v_samp_factor;

        coarsest = across > coarsest ? across : coarsest;
        coarsest = down > coarsest ? down : coarsest;
    }
    return (unsigned)coarsest;
}

static int interpret(struct reading *reading, const void *data, size_t size)
{
    struct jpeg_decompress_struct *libjpeg = &reading->libjpeg;
    int r;

    if (!is_usual(libjpeg))
        return -ENOTSUP;
    reading->header.extent = (struct extent){ libjpeg->image_width, libjpeg->image_height };
    reading->header.components = (unsigned)libjpeg->num_components;
    reading->header.coarseness = coarseness_of(libjpeg);
    reading->header.multiscan = jpeg_has_multiple_scans(libjpeg);
    r = take_segments(reading);
    if (r == 0)
        r = read_jfif(reading);
    if (r == 0)
        r = read_exif(reading);
    if (r == 0)
        settle_density(reading, data, size);
    return r;
}

static void read_segments(struct reading *reading, const void *data, size_t size)
{
    static const int kept[] = { JPEG_APP0 + 1, JPEG_APP0 + 2, JPEG_APP0 + 13 };

    jpeg_create_decompress(&reading->libjpeg);
    jpeg_mem_src(&reading->libjpeg, data, size);
    for (size_t i = 0; i < ARRAY_SIZE(kept); i++)
        jpeg_save_markers(&reading->libjpeg, kept[i], SEGMENT_BYTES_MAX);
    jpeg_read_header(&reading->libjpeg, TRUE);
}

int jpeg_header_read(const void *data, size_t size, struct jpeg_header *ret)
{
    _cleanup_(reading_release) struct reading reading = {
        .header.orientation = 1,
        .per_inch = { USUAL_DPI, USUAL_DPI },
    };
    int r;

    reading.libjpeg.err = jpeg_errors_catch(&reading.errors);
    if (setjmp(reading.errors.failed) != 0) {
        vips_error_clear();
        return -ENOTSUP;
    }
    read_segments(&reading, data, size);
    r = interpret(&reading, data, size);
    if (r < 0)
        return r;
    *ret = reading.header;
    reading.header.owned = NULL;
    return 0;
}

void jpeg_header_release(struct jpeg_header *header)
{
    free(take_ptr(header->owned));
}
