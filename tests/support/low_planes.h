/* SPDX-License-Identifier: GPL-2.0-or-later */
/* low_planes - a JPEG's planes at a quarter, of its lowest frequencies alone, from the coefficients that libjpeg
 * reads. */
#ifndef DARKROOM_TESTS_LOW_PLANES_H
#define DARKROOM_TESTS_LOW_PLANES_H

#include "image/planes.h"

#include <setjmp.h>
#include <stdbool.h>
#include <stdio.h>

#include <jpeglib.h>

struct low_errors {
    struct jpeg_error_mgr manager;
    jmp_buf failed;
};

static inline void low_on_error(j_common_ptr common)
{
    longjmp(((struct low_errors *)common->err)->failed, 1);
}

static inline void low_on_message(j_common_ptr common, int level)
{
    (void)common, (void)level;
}

static inline void low_put(struct plane *plane, JDIMENSION column, JDIMENSION row, int level)
{
    int sample =
        (level >= -4 ? (level + 4) / 8 : -((-level + 3) / 8)) + 128; /* rounded to the nearest, halves up */

    if (column < plane->extent.width && row < plane->extent.height)
        plane->data[row * plane->stride + column] = (unsigned char)(sample < 0           ? 0
                                                                    : sample > UINT8_MAX ? UINT8_MAX
                                                                                         : sample);
}

/* Natural order: DC, across, and in the next row down and both. */
static inline void low_block(const JCOEF *coefficients, const UINT16 *quants, struct plane *plane,
                             JDIMENSION column, JDIMENSION row)
{
    int dc = coefficients[0] * quants[0], across = coefficients[1] * quants[1],
        down = coefficients[DCTSIZE] * quants[DCTSIZE],
        both = coefficients[DCTSIZE + 1] * quants[DCTSIZE + 1];

    low_put(plane, 2 * column, 2 * row, dc + across + down + both);
    low_put(plane, 2 * column + 1, 2 * row, dc - across + down - both);
    low_put(plane, 2 * column, 2 * row + 1, dc + across - down - both);
    low_put(plane, 2 * column + 1, 2 * row + 1, dc - across - down + both);
}

static inline void low_component(struct jpeg_decompress_struct *decoder, jvirt_barray_ptr blocks,
                                 int component, struct plane *plane)
{
    const jpeg_component_info *info = &decoder->comp_info[component];

    for (JDIMENSION row = 0; row < info->height_in_blocks; row++) {
        JBLOCKARRAY rows = decoder->mem->access_virt_barray((j_common_ptr)decoder, blocks, row, 1, FALSE);

        for (JDIMENSION column = 0; column < info->width_in_blocks; column++)
            low_block(rows[0][column], decoder->quant_tbl_ptrs[info->quant_tbl_no]->quantval, plane, column,
                      row);
    }
}

/* Fills @planes, which have room for them. False when libjpeg fails. */
static inline bool low_planes(const void *jpeg, size_t size, struct planes *planes)
{
    struct jpeg_decompress_struct decoder = { .err = NULL };
    struct low_errors errors;
    jvirt_barray_ptr *blocks;

    decoder.err = jpeg_std_error(&errors.manager);
    errors.manager.error_exit = low_on_error;
    errors.manager.emit_message = low_on_message;
    if (setjmp(errors.failed) != 0) {
        jpeg_destroy_decompress(&decoder);
        return false;
    }
    jpeg_create_decompress(&decoder);
    jpeg_mem_src(&decoder, jpeg, size);
    jpeg_read_header(&decoder, TRUE);
    blocks = jpeg_read_coefficients(&decoder);
    for (int i = 0; i < (int)planes->count; i++)
        low_component(&decoder, blocks[i], i, &planes->list[i]);
    jpeg_finish_decompress(&decoder);
    jpeg_destroy_decompress(&decoder);
    return true;
}

#endif
