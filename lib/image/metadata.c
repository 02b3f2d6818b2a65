/* SPDX-License-Identifier: GPL-2.0-or-later */
/* metadata - see metadata.h.
 *
 * libvips keeps the blocks of a file as fields of its picture, and beside the EXIF block a parsed field for each entry.
 * When it saves a picture itself it makes a new block of the old one and these fields, drops every entry whose field is
 * gone, and makes values ASCII that it has to write; so we put the blocks into the file ourselves (attach.h). */
#include "image/metadata.h"

#include "base/cleanup.h"
#include "image/exif_block.h"
#include "image/frames.h"
#include "image/iptc_block.h"
#include "image/jpeg_segments.h"
#include "image/xmp_packet.h"

#include <limits.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* The blocks, which are reduced and set anew. */
struct block {
    const char *field;
    void *data;
    size_t size;
};

static void block_release(struct block *block)
{
    free(block->data);
}

static bool is_kept(const char *name, unsigned keep)
{
    return frames_is_field(name) || strcmp(name, VIPS_META_ORIENTATION) == 0 ||
           (strcmp(name, VIPS_META_ICC_NAME) == 0 && keep & METADATA_ICC);
}

static struct attachment find(VipsImage *image, const char *name)
{
    struct attachment found = { 0 };

    if (vips_image_get_typeof(image, name) != VIPS_TYPE_BLOB ||
        vips_image_get_blob(image, name, &found.data, &found.size) != 0)
        return (struct attachment){ 0 };
    return found;
}

/* ---- reducing ---- */

static int reduce_exif(VipsImage *in, const struct metadata_wish *wish, struct block *ret)
{
    struct attachment exif = find(in, VIPS_META_EXIF_NAME);
    struct exif_wish exif_wish = {
        .keep = wish->keep,
        .orientation = vips_image_get_orientation(in),
        .width = (uint32_t)in->Xsize,
        .height = (uint32_t)vips_image_get_page_height(in),
        .recoloured = wish->recoloured,
    };

    ret->field = VIPS_META_EXIF_NAME;
    return exif_block_reduce(exif.data, exif.size, &exif_wish, &ret->data, &ret->size);
}

/* Of a packet that is too large for a segment of JPEG the rights may still find room. */
static int reduce_xmp(VipsImage *in, const struct metadata_wish *wish, struct block *ret)
{
    struct attachment xmp = find(in, VIPS_META_XMP_NAME);
    size_t max = wish->format == FORMAT_JPEG ? JPEG_XMP_BYTES_MAX : SIZE_MAX;
    unsigned keeps[] = { wish->keep, wish->keep & METADATA_XMP ? METADATA_COPYRIGHT : 0 };

    ret->field = VIPS_META_XMP_NAME;
    for (size_t i = 0; i < ARRAY_SIZE(keeps); i++) {
        if (xmp_packet_reduce(xmp.data, xmp.size, keeps[i], &ret->data, &ret->size) < 0)
            return -1;
        if (ret->size <= max)
            return 0;
        free(take_ptr(ret->data));
    }
    return 0;
}

static int reduce_iptc(VipsImage *in, const struct metadata_wish *wish, struct block *ret)
{
    struct attachment iptc = find(in, VIPS_META_IPTC_NAME);

    ret->field = VIPS_META_IPTC_NAME;
    if (iptc_block_reduce(iptc.data, iptc.size, wish->keep, &ret->data, &ret->size) < 0)
        return -1;
    if (wish->format == FORMAT_JPEG && ret->size > JPEG_IPTC_BYTES_MAX)
        free(take_ptr(ret->data));
    return 0;
}

/* Header fields are listed too, and cannot be removed. */
static void remove_fields(VipsImage *image, unsigned keep)
{
    gchar **names = vips_image_get_fields(image);

    for (size_t i = 0; names[i]; i++)
        if (!is_kept(names[i], keep))
            vips_image_remove(image, names[i]);
    g_strfreev(names);
}

static void set_block(VipsImage *image, const struct block *block)
{
    if (block->data)
        vips_image_set_blob_copy(image, block->field, block->data, block->size);
}

int metadata_reduce(VipsImage *in, const struct metadata_wish *wish, VipsImage **ret)
{
    _cleanup_(block_release) struct block exif = { 0 }, xmp = { 0 }, iptc = { 0 };

    if (reduce_exif(in, wish, &exif) < 0 || reduce_xmp(in, wish, &xmp) < 0 ||
        reduce_iptc(in, wish, &iptc) < 0) {
        vips_error("darkroom", "no memory for the metadata");
        return -1;
    }
    if (vips_copy(in, ret, NULL) != 0)
        return -1;

    remove_fields(*ret, wish->keep);
    set_block(*ret, &exif);
    set_block(*ret, &xmp);
    set_block(*ret, &iptc);
    return 0;
}

/* ---- on the way into a file ---- */

size_t metadata_bytes(VipsImage *image)
{
    struct attachments attachments = metadata_attachments(image);

    return attachments.icc.size + attachments.exif.size + attachments.xmp.size + attachments.iptc.size;
}

static unsigned dots_per_inch(double per_mm)
{
    double dots = round(per_mm * 25.4);

    return per_mm == DENSITY_UNKNOWN || dots > UINT_MAX ? 0 : (unsigned)dots;
}

struct attachments metadata_attachments(VipsImage *image)
{
    return (struct attachments){
        .icc = find(image, VIPS_META_ICC_NAME),
        .exif = find(image, VIPS_META_EXIF_NAME),
        .xmp = find(image, VIPS_META_XMP_NAME),
        .iptc = find(image, VIPS_META_IPTC_NAME),
        .dots_per_inch = { dots_per_inch(image->Xres), dots_per_inch(image->Yres) },
    };
}

int metadata_strip(VipsImage *in, unsigned keep, VipsImage **ret)
{
    if (vips_copy(in, ret, NULL) != 0)
        return -1;
    remove_fields(*ret, keep);
    vips_image_remove(*ret, VIPS_META_ORIENTATION);
    return 0;
}
