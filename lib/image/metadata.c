/* SPDX-License-Identifier: GPL-2.0-or-later */
/* metadata - see metadata.h.
 *
 * libvips keeps a parsed field "exif-ifdN-Tag" for each EXIF entry beside the EXIF block itself, and when it
 * saves a picture drops every entry of the block whose field is gone. So the block stays as long as one of its
 * entries does (libvips could write these from the fields, but would make them ASCII), and nothing but the
 * fields named here leaves this file. */
#include "image/metadata.h"

#include "base/cleanup.h"
#include "image/frames.h"

#include <string.h>

/* The fields that may stay, and what for; 0: always. */
static const struct {
    const char *name;
    unsigned wanted_by;
} kept_fields[] = {
    { VIPS_META_ICC_NAME, METADATA_ICC },
    { "exif-ifd0-Copyright", METADATA_COPYRIGHT },
    { "exif-ifd0-Artist", METADATA_COPYRIGHT },
    { VIPS_META_ORIENTATION, 0 },
};

static bool is_kept(const char *name, unsigned keep)
{
    if (frames_is_field(name))
        return true;
    for (size_t i = 0; i < ARRAY_SIZE(kept_fields); i++)
        if (strcmp(name, kept_fields[i].name) == 0)
            return kept_fields[i].wanted_by == 0 || (keep & kept_fields[i].wanted_by);
    return false;
}

static bool has(VipsImage *image, const char *name)
{
    return vips_image_get_typeof(image, name) != 0;
}

static bool needs_exif_block(VipsImage *image, unsigned keep)
{
    return (keep & METADATA_COPYRIGHT) &&
           (has(image, "exif-ifd0-Copyright") || has(image, "exif-ifd0-Artist"));
}

/* Gives @image a block with nothing but the orientation: libvips writes none into a PNG without a block. It
 * parses what it is given, so the value must be in there. */
static void attach_orientation(VipsImage *image, int orientation)
{
    unsigned char exif[] = {
        'E',  'x',  'i', 'f', 0, 0, 'I', 'I', 42, 0, 8, 0, 0, 0, /* little-endian, the directory follows */
        1,    0,                                                 /* one entry: */
        0x12, 0x01, 3,   0,   1, 0, 0,   0,   0,  0, 0, 0,       /* tag 0x0112, one short */
        0,    0,    0,   0,                                      /* no further directory */
    };
    enum { VALUE = 24 };

    exif[VALUE] = (unsigned char)orientation;
    vips_image_set_blob_copy(image, VIPS_META_EXIF_NAME, exif, sizeof exif);
}

/* Upright is what a picture without the tag is. */
static void settle_orientation(VipsImage *image)
{
    int orientation = vips_image_get_orientation(image);

    if (orientation == 1)
        vips_image_remove(image, VIPS_META_ORIENTATION);
    else if (!has(image, VIPS_META_EXIF_NAME))
        attach_orientation(image, orientation);
}

int metadata_reduce(VipsImage *in, unsigned keep, VipsImage **ret)
{
    bool exif_block = needs_exif_block(in, keep);
    gchar **fields;

    if (vips_copy(in, ret, NULL) != 0)
        return -1;

    /* The list has the header's own fields too; those cannot be removed. */
    fields = vips_image_get_fields(*ret);
    for (size_t i = 0; fields[i]; i++)
        if (!is_kept(fields[i], keep) && !(exif_block && strcmp(fields[i], VIPS_META_EXIF_NAME) == 0))
            vips_image_remove(*ret, fields[i]);
    g_strfreev(fields);

    settle_orientation(*ret);
    return 0;
}

bool metadata_is_any(VipsImage *image)
{
    return has(image, VIPS_META_ICC_NAME) || has(image, VIPS_META_EXIF_NAME) ||
           has(image, VIPS_META_ORIENTATION);
}
