/* SPDX-License-Identifier: GPL-2.0-or-later */
/* jpeg_coding - see jpeg_coding.h. */
#include "jpeg_coding.h"

#include <check.h>
#include <jpeglib.h>
#include <string.h>

struct coded {
    struct jpeg_decompress_struct jpeg;
    struct jpeg_error_mgr errors;
    jvirt_barray_ptr *blocks;
};

static void open_coded(struct coded *coded, const struct stored *file)
{
    coded->jpeg.err = jpeg_std_error(&coded->errors); /* which exits, and so ends the test */
    jpeg_create_decompress(&coded->jpeg);
    jpeg_mem_src(&coded->jpeg, file->data, file->size);
    jpeg_read_header(&coded->jpeg, TRUE);
    coded->blocks = jpeg_read_coefficients(&coded->jpeg);
    ck_assert_int_eq(coded->errors.num_warnings, 0);
}

static JBLOCKROW row_of(struct coded *coded, int component, JDIMENSION row)
{
    j_common_ptr common = (j_common_ptr)&coded->jpeg;

    return coded->jpeg.mem->access_virt_barray(common, coded->blocks[component], row, 1, FALSE)[0];
}

static void expect_same_component(const char *what, struct coded *a, struct coded *b, int component)
{
    const jpeg_component_info *one = &a->jpeg.comp_info[component], *other = &b->jpeg.comp_info[component];

    ck_assert_msg(
        one->width_in_blocks == other->width_in_blocks && one->height_in_blocks == other->height_in_blocks,
        "%s: component %d has %u × %u blocks instead of %u × %u", what, component, one->width_in_blocks,
        one->height_in_blocks, other->width_in_blocks, other->height_in_blocks);
    ck_assert_msg(memcmp(one->quant_table->quantval, other->quant_table->quantval,
                         sizeof one->quant_table->quantval) == 0,
                  "%s: component %d is quantised in another way", what, component);
    for (JDIMENSION row = 0; row < one->height_in_blocks; row++)
        ck_assert_msg(memcmp(row_of(a, component, row), row_of(b, component, row),
                             one->width_in_blocks * sizeof(JBLOCK)) == 0,
                      "%s: other coefficients in row %u of component %d", what, row, component);
}

void jpeg_coding_expect_same(const char *what, const struct stored *a, const struct stored *b)
{
    struct coded one, other;

    open_coded(&one, a);
    open_coded(&other, b);
    ck_assert_msg(one.jpeg.image_width == other.jpeg.image_width &&
                      one.jpeg.image_height == other.jpeg.image_height,
                  "%s: %u × %u instead of %u × %u", what, one.jpeg.image_width, one.jpeg.image_height,
                  other.jpeg.image_width, other.jpeg.image_height);
    ck_assert_int_eq(one.jpeg.num_components, other.jpeg.num_components);
    for (int i = 0; i < one.jpeg.num_components; i++)
        expect_same_component(what, &one, &other, i);
    jpeg_destroy_decompress(&one.jpeg);
    jpeg_destroy_decompress(&other.jpeg);
}
