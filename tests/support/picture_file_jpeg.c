/* SPDX-License-Identifier: GPL-2.0-or-later */
/* picture_file_jpeg - see picture_file.h. With libjpeg's accurate DCT, which is its default. */
#include "picture_file.h"

#include "base/cleanup.h"

#include <check.h>
#include <jpeglib.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { MAX = 255, APP1 = JPEG_APP0 + 1, APP2 = JPEG_APP0 + 2, BLOCK_MAX = 0xffff, QUALITY_BEST = 100 };

static const char exif_mark[] = "Exif\0",
                  xmp_mark[] = "http://ns.adobe.com/xap/1.0/"; /* each with its last 0 */

static J_COLOR_SPACE space_of(int colours)
{
    switch (colours) {
    case RASTER_GREY:
        return JCS_GRAYSCALE;
    case RASTER_RGB:
        return JCS_RGB;
    case RASTER_CMYK:
        return JCS_CMYK;
    default:
        return JCS_UNKNOWN;
    }
}

/* ---- writing ---- */

static void write_block(struct jpeg_compress_struct *jpeg, const char *mark, size_t mark_size,
                        const struct stored *block)
{
    _cleanup_free_ JOCTET *marked = malloc(mark_size + block->size);

    if (block->size == 0)
        return;
    ck_assert_ptr_nonnull(marked);
    memcpy(marked, mark, mark_size);
    memcpy(marked + mark_size, block->data, block->size);
    jpeg_write_marker(jpeg, APP1, marked, (unsigned)(mark_size + block->size));
}

static void write_blocks(struct jpeg_compress_struct *jpeg, const struct blocks *blocks)
{
    write_block(jpeg, exif_mark, sizeof exif_mark, &blocks->exif);
    write_block(jpeg, xmp_mark, sizeof xmp_mark, &blocks->xmp);
    if (blocks->icc.size > 0)
        jpeg_write_icc_profile(jpeg, blocks->icc.data, (unsigned)blocks->icc.size);
}

static void write_rows(struct jpeg_compress_struct *jpeg, const struct raster *raster, bool inverted)
{
    size_t samples = (size_t)raster->width * (size_t)raster->colours;
    _cleanup_free_ JSAMPLE *row = malloc(samples);
    JSAMPROW rows[1] = { row };

    ck_assert_ptr_nonnull(row);
    for (int y = 0; y < raster->height; y++) {
        for (size_t i = 0; i < samples; i++) {
            double sample = raster_at(raster, 0, y)[i];

            row[i] = (JSAMPLE)lrint(MAX * (inverted ? 1 - sample : sample));
        }
        jpeg_write_scanlines(jpeg, rows, 1);
    }
}

static void set_up(struct jpeg_compress_struct *jpeg, const struct raster *raster,
                   const struct coding *coding)
{
    jpeg->image_width = (JDIMENSION)raster->width;
    jpeg->image_height = (JDIMENSION)raster->height;
    jpeg->input_components = raster->colours;
    jpeg->in_color_space = space_of(raster->colours);
    jpeg_set_defaults(jpeg);
    if (raster->colours == RASTER_CMYK)
        jpeg_set_colorspace(jpeg, coding->ink == INK_YCCK ? JCS_YCCK : JCS_CMYK);

    jpeg_set_quality(jpeg, coding->quality > 0 ? coding->quality : QUALITY_BEST, TRUE);
    if (coding->quality == 0)
        jpeg->comp_info[0].h_samp_factor = jpeg->comp_info[0].v_samp_factor = 1;
    if (coding->sampling.across > 0) {
        jpeg->comp_info[0].h_samp_factor = coding->sampling.across;
        jpeg->comp_info[0].v_samp_factor = coding->sampling.down;
    }
}

/* A scan for each: one can have four. */
static void part_bands(struct jpeg_compress_struct *jpeg, jpeg_scan_info scans[MAX_COMPONENTS])
{
    for (int i = 0; i < jpeg->num_components; i++)
        scans[i] = (jpeg_scan_info){ .comps_in_scan = 1, .component_index = { i }, .Se = DCTSIZE2 - 1 };
    jpeg->scan_info = scans;
    jpeg->num_scans = jpeg->num_components;
}

struct stored jpeg_encode(const struct raster *raster, const struct coding *coding)
{
    struct jpeg_compress_struct jpeg;
    jpeg_scan_info scans[MAX_COMPONENTS];
    struct jpeg_error_mgr errors;
    struct stored file = { NULL, 0 };
    unsigned long size = 0;

    ck_assert(!raster->alpha);
    jpeg.err = jpeg_std_error(&errors); /* which exits, and so ends the test */
    jpeg_create_compress(&jpeg);
    jpeg_mem_dest(&jpeg, &file.data, &size);
    set_up(&jpeg, raster, coding);
    if (raster->colours > MAX_COMPS_IN_SCAN)
        part_bands(&jpeg, scans);

    jpeg_start_compress(&jpeg, TRUE);
    write_blocks(&jpeg, &coding->blocks);
    write_rows(&jpeg, raster, raster->colours == RASTER_CMYK);
    jpeg_finish_compress(&jpeg);
    jpeg_destroy_compress(&jpeg);
    file.size = size;
    return file;
}

/* ---- reading ---- */

static void keep_block(const struct jpeg_marker_struct *marker, const char *mark, size_t mark_size,
                       struct stored *ret)
{
    if (marker->marker == APP1 && marker->data_length > mark_size &&
        memcmp(marker->data, mark, mark_size) == 0) {
        ck_assert_msg(!ret->data, "two blocks that begin with %s", mark);
        *ret = stored_copy(marker->data + mark_size, marker->data_length - mark_size);
    }
}

static void read_blocks(struct jpeg_decompress_struct *jpeg, struct blocks *ret)
{
    JOCTET *icc = NULL;
    unsigned size = 0;

    for (const struct jpeg_marker_struct *marker = jpeg->marker_list; marker; marker = marker->next) {
        keep_block(marker, exif_mark, sizeof exif_mark, &ret->exif);
        keep_block(marker, xmp_mark, sizeof xmp_mark, &ret->xmp);
    }
    if (jpeg_read_icc_profile(jpeg, &icc, &size))
        ret->icc = (struct stored){ icc, size };
}

static struct raster read_rows(struct jpeg_decompress_struct *jpeg)
{
    struct raster raster =
        raster_make((int)jpeg->output_width, (int)jpeg->output_height, jpeg->output_components, false);
    bool inverted = raster.colours == RASTER_CMYK;
    size_t samples = (size_t)raster.width * (size_t)raster.colours;
    _cleanup_free_ JSAMPLE *row = malloc(samples);
    JSAMPROW rows[1] = { row };

    ck_assert_ptr_nonnull(row);
    for (int y = 0; y < raster.height; y++) {
        jpeg_read_scanlines(jpeg, rows, 1);
        for (size_t i = 0; i < samples; i++)
            raster_at(&raster, 0, y)[i] = (inverted ? MAX - row[i] : row[i]) / (double)MAX;
    }
    return raster;
}

struct raster jpeg_decode(const struct stored *file, struct blocks *ret_blocks)
{
    struct jpeg_decompress_struct jpeg;
    struct jpeg_error_mgr errors;
    struct raster raster;

    jpeg.err = jpeg_std_error(&errors);
    jpeg_create_decompress(&jpeg);
    jpeg_save_markers(&jpeg, APP1, BLOCK_MAX);
    jpeg_save_markers(&jpeg, APP2, BLOCK_MAX);
    jpeg_mem_src(&jpeg, file->data, file->size);
    jpeg_read_header(&jpeg, TRUE);
    read_blocks(&jpeg, ret_blocks);
    if (jpeg.jpeg_color_space == JCS_YCCK)
        jpeg.out_color_space = JCS_CMYK;

    jpeg_start_decompress(&jpeg);
    raster = read_rows(&jpeg);
    jpeg_finish_decompress(&jpeg);
    ck_assert_int_eq(errors.num_warnings, 0);
    jpeg_destroy_decompress(&jpeg);
    return raster;
}
