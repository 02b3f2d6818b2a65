/* SPDX-License-Identifier: GPL-2.0-or-later */
/* lossless_jpeg - see lossless_jpeg.h. */
#include "image/lossless_jpeg.h"

#include "base/cleanup.h"
#include "image/attach.h"
#include "image/jpeg_coefficients.h"
#include "image/metadata.h"
#include "image/steps.h"

#include <errno.h>
#include <stdlib.h>

enum {
    LOOK_SHRINK = 8, /* the most that a decoder can leave out */
    COEFFICIENT_BYTES = 2,
    COEFFICIENT_ARRAYS = 2, /* before a move and after it */
    BLOCKS_SIDE = 32,       /* pixels, by which sides are rounded up */
    FILES = 4, /* the moved one, the coded one, that while its room doubles, and the sealed one */
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

bool lossless_jpeg_can(const struct rendition *rendition, const struct source *source)
{
    return rendition->format == FORMAT_JPEG &&
           rendition->encoding.values[ENCODING_LOSSLESS] == LOSSLESS_YES && source->format == FORMAT_JPEG;
}

uint64_t lossless_jpeg_bytes(const struct source *source)
{
    struct extent extent = source->shape.extent;
    uint64_t samples =
        ((uint64_t)extent.width + BLOCKS_SIDE) * ((uint64_t)extent.height + BLOCKS_SIDE) * source->bands;

    return FIXED_BYTES + samples * COEFFICIENT_BYTES * COEFFICIENT_ARRAYS + FILES * (uint64_t)source->size;
}

/* Reads all of the source as every other job does, so that FailOn= means the same; the pixels are not needed. Of a side
 * that is shorter than that libvips would leave out all. */
static int look(const struct source *source, struct error *error)
{
    struct extent extent = source->shape.extent;
    bool large = extent.width >= LOOK_SHRINK && extent.height >= LOOK_SHRINK;
    _cleanup_image_ VipsImage *small = NULL, *decoded = NULL;
    int r = source_decode(source, large ? LOOK_SHRINK : 1, &small, error);

    if (r < 0)
        return r;
    decoded = vips_image_copy_memory(small);
    if (!decoded)
        return engine_error(error, CLASS_PERMANENT, STAGE_DECODE, "the picture cannot be decoded");
    return 0;
}

/* Without steps nothing has to be known of the coding; else one that cannot be moved is told to be turned. */
static int find_move(const struct recipe *recipe, const struct rendition *rendition,
                     const struct source *source, struct jpeg_move *ret, struct error *error)
{
    struct extent stored = source->shape.extent, block;
    struct move move = move_none(source->shape);

    steps_move(&recipe->steps, &move);
    steps_move(&recipe->outputs[rendition->output].steps, &move);
    if (jpeg_coefficients_block(source->data, source->size, &block) == 0) {
        *ret = jpeg_move_of(&move, stored, block);
        return 0;
    }
    if (!extent_equal(move.part.extent, stored))
        return engine_error(error, CLASS_PERMANENT, STAGE_RENDER,
                            "the JPEG cannot be cut as it is coded; take out Lossless=");
    vips_error_clear();
    *ret = (struct jpeg_move){
        .turn = ORIENTATION_UPRIGHT,
        .part = move.part,
        .orientation = orient_then(move.turn, move.orientation),
    };
    return 0;
}

static int code_error(struct error *error)
{
    return engine_error(error, CLASS_PERMANENT, STAGE_ENCODE, "cannot code the JPEG anew");
}

static int recode(const struct source *source, struct file *file, struct error *error)
{
    struct file coded = { NULL, 0 };

    if (jpeg_coefficients_recode(file->data ?: source->data, file->data ? file->size : source->size,
                                 &coded.data, &coded.size) != 0)
        return code_error(error);
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

    bool dense;

    if (source_open_header(FORMAT_JPEG, file->data, file->size, 1, &plain) != 0 ||
        source_open_header(FORMAT_JPEG, source->data, source->size, 1, &from) != 0)
        return -1;
    dense = source_says_density(source, from);
    if (vips_copy(plain, ret, "xres", dense ? from->Xres : DENSITY_UNKNOWN, "yres",
                  dense ? from->Yres : DENSITY_UNKNOWN, NULL) != 0)
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

static int check_sides(const VipsImage *header, struct extent wanted, struct error *error)
{
    if ((uint32_t)header->Xsize == wanted.width && (uint32_t)header->Ysize == wanted.height)
        return 0;
    return error_set(error, EBADMSG, CLASS_PERMANENT, STAGE_CHECK,
                     "the output reads back as %d × %d instead of %u × %u", header->Xsize, header->Ysize,
                     wanted.width, wanted.height);
}

int lossless_jpeg_foresee(const struct recipe *recipe, const struct rendition *rendition,
                          const struct source *source, struct extent *ret, struct error *error)
{
    struct jpeg_move move;
    int r = find_move(recipe, rendition, source, &move, error);

    if (r == 0)
        *ret = move.part.extent;
    return r;
}

int lossless_jpeg_make(const struct recipe *recipe, const struct rendition *rendition,
                       const struct source *source, struct encoded *ret, struct error *error)
{
    _cleanup_(file_release) struct file file = { NULL, 0 };
    _cleanup_image_ VipsImage *header = NULL;
    struct jpeg_move move;
    int r;

    r = look(source, error);
    if (r < 0)
        return r;

    r = find_move(recipe, rendition, source, &move, error);
    if (r < 0)
        return r;
    if (!jpeg_move_is_none(&move, source->shape.extent) &&
        jpeg_coefficients_move(source->data, source->size, &move, &file.data, &file.size) != 0)
        return code_error(error);
    r = recode(source, &file, error);
    if (r < 0)
        return r;

    if (open_header(source, &file, move.orientation, &header) != 0)
        return engine_error(error, CLASS_PERMANENT, STAGE_CHECK, "the output cannot be read back");
    r = check_sides(header, move.part.extent, error);
    if (r == 0)
        r = add_metadata(header, recipe->outputs[rendition->output].metadata, &file, error);
    return r < 0 ? r
                 : encode_seal(&(struct encoded_shape){ move.part.extent, 1 }, FORMAT_JPEG, file.data,
                               file.size, ret, error);
}
