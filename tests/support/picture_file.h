/* SPDX-License-Identifier: GPL-2.0-or-later */
/* picture_file - rasters from and to files, by libjpeg, libpng, libwebp and libheif alone: what our engine makes is not
 * looked at through the library that made it.
 *
 * A failure ends the test. */
#ifndef DARKROOM_TESTS_PICTURE_FILE_H
#define DARKROOM_TESTS_PICTURE_FILE_H

#include "raster.h"
#include "recipe/format.h"

#include <stdint.h>

/* Bytes of the heap, or none. */
struct stored {
    uint8_t *data;
    size_t size;
};

/* What stands in a file beside its pixels. EXIF begins with its TIFF header, in every format. */
struct blocks {
    struct stored icc, exif, xmp;
};

/* How CMYK is put into a JPEG: with Adobe's marker, and 255 for no ink. */
enum ink_coding { INK_CMYK, INK_YCCK };

struct coding {
    enum format format;
    int depth;   /* bits; 0: 8. 16 for PNG only, 10 for HEIC, 12 for AVIF */
    int quality; /* of a JPEG, HEIC or AVIF, 1 to 100; 0: 100, without subsampling. WebP is lossless */
    struct {
        int across, down; /* how many pixels share a colour; 0: as libjpeg does it at that quality */
    } sampling;           /* of a JPEG */
    int orientation;      /* 1 to 8, as EXIF has it, but outside EXIF: HEIC and AVIF; 0: 1 */
    enum ink_coding ink;
    struct blocks blocks; /* stay the caller's */
};

/* The caller releases the file. */
struct stored picture_encode(const struct raster *raster, const struct coding *coding);

/* A file whose format the first bytes tell. @ret_blocks may be NULL; what it gets is the caller's. */
struct raster picture_decode(const struct stored *file, struct blocks *ret_blocks);

/* How many bits a sample of the PNG has. */
int picture_png_depth(const struct stored *file);

/* The bytes of the file that @fd is. */
struct stored stored_read(int fd);

struct stored stored_copy(const void *data, size_t size);
void stored_release(struct stored *stored);
void blocks_release(struct blocks *blocks);

#define _cleanup_stored_ __attribute__((cleanup(stored_release)))
#define _cleanup_blocks_ __attribute__((cleanup(blocks_release)))

/* ---- one pair a format ---- */

struct stored jpeg_encode(const struct raster *raster, const struct coding *coding);
struct raster jpeg_decode(const struct stored *file, struct blocks *ret_blocks);
struct stored png_encode(const struct raster *raster, const struct coding *coding);
struct raster png_decode(const struct stored *file, struct blocks *ret_blocks);
struct stored webp_encode(const struct raster *raster, const struct coding *coding);
struct raster webp_decode(const struct stored *file, struct blocks *ret_blocks);
struct stored heif_encode(const struct raster *raster, const struct coding *coding);
struct raster heif_decode(const struct stored *file, struct blocks *ret_blocks);

#endif
