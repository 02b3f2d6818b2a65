/* SPDX-License-Identifier: GPL-2.0-or-later */
/* picture_file - see picture_file.h. */
#include "picture_file.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static const struct {
    struct stored (*encode)(const struct raster *raster, const struct coding *coding);
    struct raster (*decode)(const struct stored *file, struct blocks *ret_blocks);
} codecs[FORMAT_COUNT] = {
    [FORMAT_JPEG] = { jpeg_encode, jpeg_decode }, [FORMAT_PNG] = { png_encode, png_decode },
    [FORMAT_WEBP] = { webp_encode, webp_decode }, [FORMAT_HEIC] = { heif_encode, heif_decode },
    [FORMAT_AVIF] = { heif_encode, heif_decode },
};

struct stored picture_encode(const struct raster *raster, const struct coding *coding)
{
    ck_assert_ptr_nonnull(codecs[coding->format].encode);
    return codecs[coding->format].encode(raster, coding);
}

struct raster picture_decode(const struct stored *file, struct blocks *ret_blocks)
{
    struct blocks unwanted = { 0 };
    struct raster raster;
    enum format format;

    ck_assert_int_eq(format_detect(file->data, file->size, &format), 0);
    ck_assert_ptr_nonnull(codecs[format].decode);
    if (ret_blocks)
        *ret_blocks = unwanted;
    raster = codecs[format].decode(file, ret_blocks ? ret_blocks : &unwanted);
    blocks_release(&unwanted);
    return raster;
}

struct stored stored_copy(const void *data, size_t size)
{
    struct stored copy = { malloc(size), size };

    ck_assert_ptr_nonnull(copy.data);
    memcpy(copy.data, data, size);
    return copy;
}

struct stored stored_read(int fd)
{
    struct stored bytes;
    struct stat st;

    ck_assert_msg(fstat(fd, &st) == 0, "%m");
    bytes = (struct stored){ malloc((size_t)st.st_size), (size_t)st.st_size };
    ck_assert_ptr_nonnull(bytes.data);
    ck_assert_int_eq(pread(fd, bytes.data, bytes.size, 0), st.st_size);
    return bytes;
}

void stored_release(struct stored *stored)
{
    free(stored->data);
    *stored = (struct stored){ NULL, 0 };
}

void blocks_release(struct blocks *blocks)
{
    stored_release(&blocks->icc);
    stored_release(&blocks->exif);
    stored_release(&blocks->xmp);
}
