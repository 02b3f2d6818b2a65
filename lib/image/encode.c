/* SPDX-License-Identifier: GPL-2.0-or-later */
/* encode - see encode.h. */
#include "image/encode.h"

#include "base/cleanup.h"
#include "base/fd_io.h"
#include "image/attach.h"
#include "image/byte_limit.h"
#include "image/frames.h"
#include "image/jpeg_header.h"
#include "image/jpeg_planes.h"
#include "image/metadata.h"
#include "image/savers.h"
#include "image/source.h"
#include "image/tiles.h"
#include "image/webp_planes.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>

enum { SMALL_BYTES = 256 << 10 };

int encode_check_sides(enum format format, uint32_t width, uint32_t height, struct error *error)
{
    uint32_t max = format_info(format)->side_max;

    if (max == 0 || (width <= max && height <= max))
        return 0;
    return error_set(
        error, EFBIG, CLASS_PERMANENT, STAGE_ENCODE,
        "%s pictures are at most %u pixels wide and high, this one would be %u × %u; give Width= or "
        "Height=, other steps, or another Format=",
        format_info(format)->name, max, width, height);
}

static int encode_error(enum format format, struct error *error)
{
    char what[64];

    snprintf(what, sizeof what, "cannot encode %s", format_info(format)->name);
    return engine_error(error, CLASS_PERMANENT, STAGE_ENCODE, what);
}

/* Moves the bytes to a memory file that cannot change any more. */
static int seal(const void *data, size_t size, int *ret_fd, struct error *error)
{
    _cleanup_close_ int fd = fd_memory("rendition", data, size);
    int r = fd < 0 ? fd : fd_seal(fd);

    if (r < 0)
        return error_set_errno(error, -r, STAGE_ENCODE, "cannot keep an output of %zu bytes in memory", size);
    *ret_fd = take_fd(&fd);
    return 0;
}

static int read_any_shape(enum format format, const void *data, size_t size, bool animated,
                          struct encoded_shape *ret)
{
    _cleanup_image_ VipsImage *header = NULL;

    if (source_open_header(format, data, size, animated ? -1 : 1, &header) != 0)
        return -1;
    *ret = (struct encoded_shape){
        .extent = { (uint32_t)header->Xsize, (uint32_t)vips_image_get_page_height(header) },
        .frames = frames_count(header),
    };
    return 0;
}

/* libvips is asked where our own reader has a doubt. */
static int read_shape(enum format format, const void *data, size_t size, bool animated,
                      struct encoded_shape *ret)
{
    _cleanup_(jpeg_header_release) struct jpeg_header jpeg = { .owned = NULL };

    if (format != FORMAT_JPEG || jpeg_header_read(data, size, &jpeg) < 0)
        return read_any_shape(format, data, size, animated, ret);
    *ret = (struct encoded_shape){ .extent = jpeg.extent, .frames = 1 };
    return 0;
}

/* Of an animation's frames encoders leave out those that are as the one before, which stays longer. */
static int compare_header(const struct encoded_shape *shape, enum format format, const void *data,
                          size_t size, struct error *error)
{
    struct encoded_shape found;

    if (read_shape(format, data, size, shape->frames > 1, &found) != 0)
        return engine_error(error, CLASS_PERMANENT, STAGE_CHECK, "the output cannot be read back");
    if (!extent_equal(found.extent, shape->extent))
        return error_set(error, EBADMSG, CLASS_PERMANENT, STAGE_CHECK,
                         "the output reads back as %u × %u instead of %u × %u", found.extent.width,
                         found.extent.height, shape->extent.width, shape->extent.height);
    if (found.frames > shape->frames)
        return error_set(error, EBADMSG, CLASS_PERMANENT, STAGE_CHECK,
                         "the output reads back with %u frames instead of %u", found.frames, shape->frames);
    return 0;
}

/* A small file is read, which is faster than a mapping is made and taken away. */
static int check_small(const struct encoded_shape *shape, enum format format, int fd, size_t size,
                       struct error *error)
{
    _cleanup_free_ void *data = malloc(size);
    ssize_t n = data ? pread(fd, data, size, 0) : -1;

    if (n < 0)
        return error_set_errno(error, data ? errno : ENOMEM, STAGE_CHECK,
                               "cannot read an output of %zu bytes", size);
    return compare_header(shape, format, data, (size_t)n, error);
}

static int check_large(const struct encoded_shape *shape, enum format format, int fd, size_t size,
                       struct error *error)
{
    void *data = mmap(NULL, size, PROT_READ, MAP_PRIVATE, fd, 0);
    int r;

    if (data == MAP_FAILED)
        return error_set_errno(error, errno, STAGE_CHECK, "cannot map an output of %zu bytes", size);

    r = compare_header(shape, format, data, size, error);
    munmap(data, size);
    return r;
}

/* Reads what will be published, not what it was copied from. */
static int check(const struct encoded_shape *shape, enum format format, int fd, size_t size,
                 struct error *error)
{
    return (size <= SMALL_BYTES ? check_small : check_large)(shape, format, fd, size, error);
}

int encode_seal(const struct encoded_shape *shape, enum format format, const void *data, size_t size,
                struct encoded *ret, struct error *error)
{
    _cleanup_close_ int fd = -1;
    int r;

    r = seal(data, size, &fd, error);
    if (r < 0)
        return r;

    r = check(shape, format, fd, size, error);
    if (r < 0)
        return r;

    *ret = (struct encoded){
        .fd = take_fd(&fd),
        .width = shape->extent.width,
        .height = shape->extent.height,
        .bytes = size,
    };
    return 0;
}

/* Without any of the picture's metadata but @keep (METADATA_ICC or nothing). */
static int save_bare(VipsImage *image, enum format format, const struct encoding *encoding, unsigned keep,
                     void **ret_data, size_t *ret_size)
{
    _cleanup_image_ VipsImage *bare = NULL;

    if (metadata_strip(image, keep, &bare) != 0)
        return -1;
    return saver_save(bare, format, encoding, keep == 0, ret_data, ret_size);
}

/* What is allocated by libvips may be freed with free(). */
static int save(VipsImage *image, enum format format, const struct encoding *encoding, void **ret_data,
                size_t *ret_size)
{
    return save_bare(image, format, encoding, attach_has_profile(format) ? 0 : METADATA_ICC, ret_data,
                     ret_size);
}

static int add_metadata(const struct attachments *attachments, enum format format, void **data, size_t *size,
                        struct error *error)
{
    int r = attach(format, attachments, data, size);

    if (r == -ENOMEM)
        return error_set(error, ENOMEM, CLASS_MEMORY, STAGE_ENCODE, "no memory for the output's metadata");
    if (r == -EBADMSG)
        return error_set(error, EBADMSG, CLASS_PERMANENT, STAGE_ENCODE,
                         "the encoder's %s is not one that metadata can be put into",
                         format_info(format)->name);
    if (r == -EMSGSIZE)
        return error_set(error, -r, CLASS_PERMANENT, STAGE_ENCODE,
                         "%s cannot hold the picture's profile of %zu bytes; take icc out of Metadata=",
                         format_info(format)->name, attachments->icc.size);
    if (r < 0)
        return error_set(
            error, -r, CLASS_PERMANENT, STAGE_ENCODE,
            "with its metadata the %s would be larger than such a file can be; give Metadata=none",
            format_info(format)->name);
    return 0;
}

/* libvips has none for these. */
static int (*const planes_savers[FORMAT_COUNT])(const struct planes *planes, const struct encoding *encoding,
                                                void **ret_data, size_t *ret_size) = {
    [FORMAT_JPEG] = jpeg_planes_encode,
    [FORMAT_WEBP] = webp_planes_encode,
};

bool encode_takes_planes(enum format format)
{
    return planes_savers[format];
}

static int save_planes(const struct planes *planes, enum format format, const struct encoding *encoding,
                       void **ret_data, size_t *ret_size)
{
    int r = planes_savers[format](planes, encoding, ret_data, ret_size);

    if (r == -ENOMEM)
        vips_error("darkroom", "out of memory");
    return r;
}

/* What a file is made of, but for its quality: @image, or @planes. */
struct making {
    VipsImage *image;
    const struct planes *planes;
    struct attachments attachments;
    struct encoded_shape shape;
    enum format format;
    const struct encoding *encoding;
};

static int save_either(const struct making *making, const struct encoding *encoding, struct file_bytes *ret)
{
    return making->planes ? save_planes(making->planes, making->format, encoding, &ret->data, &ret->size)
                          : save(making->image, making->format, encoding, &ret->data, &ret->size);
}

static int make_file(const void *context, unsigned quality, struct file_bytes *ret, struct error *error)
{
    const struct making *making = context;
    struct encoding encoding = *making->encoding;
    int r;

    if (encoding_is_lossy(making->format, making->encoding))
        encoding.values[ENCODING_QUALITY] = (uint8_t)quality;
    if (save_either(making, &encoding, ret) != 0)
        return encode_error(making->format, error);
    r = add_metadata(&making->attachments, making->format, &ret->data, &ret->size, error);
    if (r < 0)
        free(take_ptr(ret->data));
    return r;
}

static int refuse_bytes(enum format format, bool lossy, size_t size, uint64_t max_bytes, struct error *error)
{
    return error_set(
        error, EFBIG, CLASS_PERMANENT, STAGE_ENCODE,
        "the %s%s would have %zu bytes, more than the %llu of MaxBytes=; give Width= or Height=, or "
        "another Format=",
        format_info(format)->name, lossy ? " of quality 1" : "", size, (unsigned long long)max_bytes);
}

static int make_limited(const struct making *making, uint64_t max_bytes, struct file_bytes *ret,
                        struct error *error)
{
    bool lossy = encoding_is_lossy(making->format, making->encoding);
    unsigned quality = lossy ? making->encoding->values[ENCODING_QUALITY] : 1;
    int r;

    if (max_bytes == 0)
        return make_file(making, making->encoding->values[ENCODING_QUALITY], ret, error);

    r = byte_limit_search(max_bytes, quality, make_file, making, ret, error);
    return r == -EFBIG ? refuse_bytes(making->format, lossy, ret->size, max_bytes, error) : r;
}

static int make_and_seal(const struct making *making, uint64_t max_bytes, struct encoded *ret,
                         struct error *error)
{
    struct file_bytes file = { NULL, 0 };
    int r;

    r = encode_check_sides(making->format, making->shape.extent.width, making->shape.extent.height, error);
    if (r < 0)
        return r;

    r = make_limited(making, max_bytes, &file, error);
    if (r < 0)
        return r;

    r = encode_seal(&making->shape, making->format, file.data, file.size, ret, error);
    free(file.data);
    return r;
}

int encode(VipsImage *image, enum format format, const struct encoding *encoding, uint64_t max_bytes,
           struct encoded *ret, struct error *error)
{
    const struct making making = {
        .image = image,
        .attachments = metadata_attachments(image),
        .shape = { { (uint32_t)image->Xsize, (uint32_t)vips_image_get_page_height(image) },
                   frames_count(image) },
        .format = format,
        .encoding = encoding,
    };

    return make_and_seal(&making, max_bytes, ret, error);
}

int encode_planes(const struct planes *planes, enum format format, const struct encoding *encoding,
                  uint64_t max_bytes, const struct attachments *attachments, struct encoded *ret,
                  struct error *error)
{
    const struct making making = {
        .planes = planes,
        .attachments = *attachments,
        .shape = { planes->list[0].extent, 1 },
        .format = format,
        .encoding = encoding,
    };

    return make_and_seal(&making, max_bytes, ret, error);
}

int encode_bytes(VipsImage *image, enum format format, unsigned quality, void **ret_data, size_t *ret_size)
{
    struct encoding encoding = encoding_usual(format);

    if (encoding_has(format, ENCODING_QUALITY))
        encoding.values[ENCODING_QUALITY] = (uint8_t)quality;
    return save_bare(image, format, &encoding, 0, ret_data, ret_size);
}

static int check_tiles(const VipsImage *image, enum format format, const struct tile_spec *spec, int fd,
                       size_t size, struct error *error)
{
    void *data = mmap(NULL, size, PROT_READ, MAP_PRIVATE, fd, 0);
    int r;

    if (data == MAP_FAILED)
        return error_set_errno(error, errno, STAGE_CHECK, "cannot map an output of %zu bytes", size);

    r = tiles_check(data, size, format, spec, (uint32_t)image->Xsize, (uint32_t)image->Ysize, error);
    munmap(data, size);
    return r;
}

int encode_tiles(VipsImage *image, enum format format, const struct tile_spec *spec, unsigned quality,
                 struct encoded *ret, struct error *error)
{
    _cleanup_close_ int fd = -1;
    _cleanup_free_ void *data = NULL;
    size_t size;
    int r;

    r = tiles_make(image, format, spec, quality, &data, &size, error);
    if (r == 0)
        r = seal(data, size, &fd, error);
    if (r == 0)
        r = check_tiles(image, format, spec, fd, size, error);
    if (r < 0)
        return r;

    *ret = (struct encoded){
        .fd = take_fd(&fd),
        .width = (uint32_t)image->Xsize,
        .height = (uint32_t)image->Ysize,
        .bytes = size,
    };
    return 0;
}
