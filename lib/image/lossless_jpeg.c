/* SPDX-License-Identifier: GPL-2.0-or-later */
/* lossless_jpeg - see lossless_jpeg.h. */
#include "image/lossless_jpeg.h"

#include "base/cleanup.h"
#include "image/attach.h"
#include "image/jpeg_coefficients.h"
#include "image/metadata.h"

#include <errno.h>
#include <stdlib.h>

enum {
    ORIENTATION_UPRIGHT = 1,
    LOOK_SHRINK = 8, /* the most that a decoder can leave out */
    COEFFICIENT_BYTES = 2,
    COEFFICIENT_ARRAYS = 2, /* before a turn and after it */
    BLOCKS_SIDE = 32,       /* pixels, by which sides are rounded up */
    FILES = 4, /* the turned one, the coded one, that while its room doubles, and the sealed one */
    FIXED_BYTES = 16 << 20,
};

/* A file on its way. */
struct file {
    void *data;
    size_t size;
};

static void file_release(struct file *file)
{
    free(file->data);
}

static void file_replace(struct file *file, struct file with)
{
    free(file->data);
    *file = with;
}

/* What the steps do is, all together, what the source's orientation says, or nothing (1); 0: something else. */
static int turn_of(const struct recipe *recipe, const struct source *source)
{
    int turn = ORIENTATION_UPRIGHT;

    for (size_t i = 0; i < recipe->steps.count; i++) {
        if (recipe->steps.list[i].op != OP_AUTO_ORIENT)
            return 0;
        turn = source->shape.orientation;
    }
    return turn;
}

bool lossless_jpeg_can(const struct recipe *recipe, const struct rendition *rendition,
                       const struct source *source)
{
    return rendition->format == FORMAT_JPEG &&
           rendition->encoding.values[ENCODING_LOSSLESS] == LOSSLESS_YES && source->format == FORMAT_JPEG &&
           turn_of(recipe, source) != 0;
}

uint64_t lossless_jpeg_bytes(const struct source *source)
{
    struct extent extent = source->shape.extent;
    uint64_t samples =
        ((uint64_t)extent.width + BLOCKS_SIDE) * ((uint64_t)extent.height + BLOCKS_SIDE) * source->bands;

    return FIXED_BYTES + samples * COEFFICIENT_BYTES * COEFFICIENT_ARRAYS + FILES * (uint64_t)source->size;
}

/* Reads all of the source as every other job does, so that FailOn= means the same; the pixels are not needed. */
static int look(const struct source *source, struct error *error)
{
    _cleanup_image_ VipsImage *small = NULL, *decoded = NULL;
    int r = source_decode(source, LOOK_SHRINK, &small, error);

    if (r < 0)
        return r;
    decoded = vips_image_copy_memory(small);
    if (!decoded)
        return engine_error(error, CLASS_PERMANENT, STAGE_DECODE, "the picture cannot be decoded");
    return 0;
}

/* Turns @source if that is wanted and can be done; tells which orientation is left. */
static struct file turn(const struct recipe *recipe, const struct source *source, int *ret_orientation)
{
    int orientation = turn_of(recipe, source);
    struct file turned = { NULL, 0 };

    *ret_orientation = source->shape.orientation;
    if (orientation == ORIENTATION_UPRIGHT)
        return turned;
    if (jpeg_coefficients_turn(source->data, source->size, orientation, &turned.data, &turned.size) == 0)
        *ret_orientation = ORIENTATION_UPRIGHT;
    else
        vips_error_clear(); /* it is not turned then, but told to be */
    return turned;
}

static int recode(const struct source *source, struct file *file, struct error *error)
{
    struct file coded = { NULL, 0 };

    if (jpeg_coefficients_recode(file->data ?: source->data, file->data ? file->size : source->size,
                                 &coded.data, &coded.size) != 0)
        return engine_error(error, CLASS_PERMANENT, STAGE_ENCODE, "cannot code the JPEG anew");
    file_replace(file, coded);
    return 0;
}

static void copy_blob(VipsImage *from, VipsImage *to, const char *name)
{
    const void *data;
    size_t size;

    if (vips_image_get_typeof(from, name) != 0 && vips_image_get_blob(from, name, &data, &size) == 0)
        vips_image_set_blob_copy(to, name, data, size);
}

/* The header of @file with what the source says beside its pixels, and the orientation that is left. */
static int open_header(const struct source *source, const struct file *file, int orientation, VipsImage **ret)
{
    static const char *const blobs[] = { VIPS_META_ICC_NAME, VIPS_META_EXIF_NAME, VIPS_META_XMP_NAME,
                                         VIPS_META_IPTC_NAME };
    _cleanup_image_ VipsImage *from = NULL, *plain = NULL;

    if (source_open_header(FORMAT_JPEG, file->data, file->size, 1, &plain) != 0 ||
        source_open_header(FORMAT_JPEG, source->data, source->size, 1, &from) != 0 ||
        vips_copy(plain, ret, "xres", from->Xres, "yres", from->Yres, NULL) != 0)
        return -1;
    for (size_t i = 0; i < ARRAY_SIZE(blobs); i++)
        copy_blob(from, *ret, blobs[i]);
    vips_image_set_int(*ret, VIPS_META_ORIENTATION, orientation);
    return 0;
}

static int add_metadata(VipsImage *header, unsigned keep, struct file *file, struct error *error)
{
    const struct metadata_wish wish = { .keep = keep | METADATA_ICC, .format = FORMAT_JPEG };
    _cleanup_image_ VipsImage *reduced = NULL;
    struct attachments attachments;

    if (metadata_reduce(header, &wish, &reduced) != 0)
        return engine_error(error, CLASS_PERMANENT, STAGE_ENCODE, "cannot reduce the metadata");
    attachments = metadata_attachments(reduced);
    if (attach(FORMAT_JPEG, &attachments, &file->data, &file->size) < 0)
        return error_set(error, ENOMEM, CLASS_MEMORY, STAGE_ENCODE, "no memory for the output's metadata");
    return 0;
}

/* Upright sides are the source's, or these swapped. */
static int check_sides(const struct source *source, const VipsImage *header, int orientation,
                       struct error *error)
{
    bool turned = orientation != source->shape.orientation;
    struct extent wanted = turned ? orient_shape(source->shape).extent : source->shape.extent;

    if ((uint32_t)header->Xsize == wanted.width && (uint32_t)header->Ysize == wanted.height)
        return 0;
    return error_set(error, EBADMSG, CLASS_PERMANENT, STAGE_CHECK,
                     "the output reads back as %d × %d instead of %u × %u", header->Xsize, header->Ysize,
                     wanted.width, wanted.height);
}

int lossless_jpeg_make(const struct recipe *recipe, const struct rendition *rendition,
                       const struct source *source, struct encoded *ret, struct error *error)
{
    _cleanup_(file_release) struct file file = { NULL, 0 };
    _cleanup_image_ VipsImage *header = NULL;
    int orientation, r;

    r = look(source, error);
    if (r < 0)
        return r;

    file = turn(recipe, source, &orientation);
    r = recode(source, &file, error);
    if (r < 0)
        return r;

    if (open_header(source, &file, orientation, &header) != 0)
        return engine_error(error, CLASS_PERMANENT, STAGE_CHECK, "the output cannot be read back");
    r = check_sides(source, header, orientation, error);
    if (r == 0)
        r = add_metadata(header, recipe->outputs[rendition->output].metadata, &file, error);
    return r < 0 ? r : encode_seal(header, FORMAT_JPEG, file.data, file.size, ret, error);
}
