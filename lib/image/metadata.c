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

#include <errno.h>
#include <limits.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

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

static int reduce_exif(const struct attachment *exif, const struct metadata_wish *wish,
                       struct metadata_kept *ret)
{
    struct exif_wish exif_wish = {
        .keep = wish->keep,
        .orientation = wish->orientation,
        .width = wish->extent.width,
        .height = wish->extent.height,
        .recoloured = wish->recoloured,
    };

    return exif_block_reduce(exif->data, exif->size, &exif_wish, &ret->exif, &ret->attachments.exif.size);
}

/* Of a packet that is too large for a segment of JPEG the rights may still find room. */
static int reduce_xmp(const struct attachment *xmp, const struct metadata_wish *wish,
                      struct metadata_kept *ret)
{
    size_t max = wish->format == FORMAT_JPEG ? JPEG_XMP_BYTES_MAX : SIZE_MAX;
    unsigned keeps[] = { wish->keep, wish->keep & METADATA_XMP ? METADATA_COPYRIGHT : 0 };

    for (size_t i = 0; i < ARRAY_SIZE(keeps); i++) {
        if (xmp_packet_reduce(xmp->data, xmp->size, keeps[i], &ret->xmp, &ret->attachments.xmp.size) < 0)
            return -ENOMEM;
        if (ret->attachments.xmp.size <= max)
            return 0;
        free(take_ptr(ret->xmp));
    }
    return 0;
}

static int reduce_iptc(const struct attachment *iptc, const struct metadata_wish *wish,
                       struct metadata_kept *ret)
{
    if (iptc_block_reduce(iptc->data, iptc->size, wish->keep, &ret->iptc, &ret->attachments.iptc.size) < 0)
        return -ENOMEM;
    if (wish->format == FORMAT_JPEG && ret->attachments.iptc.size > JPEG_IPTC_BYTES_MAX)
        free(take_ptr(ret->iptc));
    return 0;
}

static void attach_block(void *data, struct attachment *attachment)
{
    attachment->data = data;
    if (!data)
        attachment->size = 0;
}

int metadata_keep(const struct attachments *all, const struct metadata_wish *wish, struct metadata_kept *ret)
{
    *ret = (struct metadata_kept){ .attachments = *all };
    if (reduce_exif(&all->exif, wish, ret) < 0 || reduce_xmp(&all->xmp, wish, ret) < 0 ||
        reduce_iptc(&all->iptc, wish, ret) < 0) {
        metadata_kept_release(ret);
        return -ENOMEM;
    }
    attach_block(ret->exif, &ret->attachments.exif);
    attach_block(ret->xmp, &ret->attachments.xmp);
    attach_block(ret->iptc, &ret->attachments.iptc);
    if (!(wish->keep & METADATA_ICC))
        ret->attachments.icc = (struct attachment){ NULL, 0 };
    return 0;
}

void metadata_kept_release(struct metadata_kept *kept)
{
    free(take_ptr(kept->exif));
    free(take_ptr(kept->xmp));
    free(take_ptr(kept->iptc));
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

static void set_block(VipsImage *image, const char *field, const struct attachment *block)
{
    if (block->data)
        vips_image_set_blob_copy(image, field, block->data, block->size);
}

int metadata_reduce(VipsImage *in, const struct metadata_wish *wish, VipsImage **ret)
{
    _cleanup_(metadata_kept_release) struct metadata_kept kept = { .exif = NULL };
    struct attachments all = metadata_attachments(in);
    struct metadata_wish of_picture = *wish;

    of_picture.orientation = vips_image_get_orientation(in);
    of_picture.extent = (struct extent){ (uint32_t)in->Xsize, (uint32_t)vips_image_get_page_height(in) };
    if (metadata_keep(&all, &of_picture, &kept) < 0) {
        vips_error("darkroom", "no memory for the metadata");
        return -1;
    }
    if (vips_copy(in, ret, NULL) != 0)
        return -1;

    remove_fields(*ret, wish->keep);
    set_block(*ret, VIPS_META_EXIF_NAME, &kept.attachments.exif);
    set_block(*ret, VIPS_META_XMP_NAME, &kept.attachments.xmp);
    set_block(*ret, VIPS_META_IPTC_NAME, &kept.attachments.iptc);
    return 0;
}

/* ---- on the way into a file ---- */

size_t metadata_bytes(VipsImage *image)
{
    struct attachments attachments = metadata_attachments(image);

    return attachments_bytes(&attachments);
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
