/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Tests of lib/image/jpeg_segments, whose work libjpeg reads. */
#include "image/jpeg_segments.h"

#include "base/cleanup.h"
#include "unit_main.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <jpeglib.h>

enum { SIDE = 8, PROFILE_BYTES = 200001, SEGMENT_BYTES = 0xffff };

static void encode(bool jfif, unsigned char **ret, unsigned long *ret_size)
{
    struct jpeg_compress_struct coder;
    struct jpeg_error_mgr errors;
    unsigned char row[SIDE] = { 10, 50, 90, 130, 170, 210, 250, 0 };
    unsigned char *rows[1] = { row };

    coder.err = jpeg_std_error(&errors);
    jpeg_create_compress(&coder);
    jpeg_mem_dest(&coder, ret, ret_size);
    coder.image_width = coder.image_height = SIDE;
    coder.input_components = 1;
    coder.in_color_space = JCS_GRAYSCALE;
    jpeg_set_defaults(&coder);
    coder.write_JFIF_header = jfif;
    coder.density_unit = 2;
    coder.X_density = coder.Y_density = 99;
    jpeg_start_compress(&coder, TRUE);
    for (int y = 0; y < SIDE; y++)
        jpeg_write_scanlines(&coder, rows, 1);
    jpeg_finish_compress(&coder);
    jpeg_destroy_compress(&coder);
}

struct decoder {
    struct jpeg_decompress_struct jpeg;
    struct jpeg_error_mgr errors;
    void *file;
};

/* Reads all, too, and libjpeg has nothing to complain of. */
static void decode(bool jfif, const struct attachments *attachments, struct decoder *ret)
{
    unsigned char *plain = NULL, row[SIDE], *rows[1] = { row };
    unsigned long plain_size = 0;
    size_t size;

    encode(jfif, &plain, &plain_size);
    ck_assert_int_eq(jpeg_segments_attach(plain, plain_size, attachments, &ret->file, &size), 0);
    free(plain);

    ret->jpeg.err = jpeg_std_error(&ret->errors);
    jpeg_create_decompress(&ret->jpeg);
    jpeg_mem_src(&ret->jpeg, ret->file, size);
    for (int app = 0; app < 16; app++)
        jpeg_save_markers(&ret->jpeg, JPEG_APP0 + app, SEGMENT_BYTES);
    jpeg_read_header(&ret->jpeg, TRUE);
    jpeg_start_decompress(&ret->jpeg);
    while (ret->jpeg.output_scanline < SIDE)
        jpeg_read_scanlines(&ret->jpeg, rows, 1);
    ck_assert_int_eq(ret->errors.num_warnings, 0);
}

static void decoder_release(struct decoder *decoder)
{
    jpeg_destroy_decompress(&decoder->jpeg);
    free(decoder->file);
}

#define _cleanup_decoder_ _cleanup_(decoder_release)

static const struct jpeg_marker_struct *find(const struct decoder *decoder, int app, const char *signature)
{
    const struct jpeg_marker_struct *marker = decoder->jpeg.marker_list;

    while (marker &&
           (marker->marker != JPEG_APP0 + app || memcmp(marker->data, signature, strlen(signature) + 1) != 0))
        marker = marker->next;
    ck_assert_ptr_nonnull(marker);
    return marker;
}

START_TEST(a_large_profile_takes_several_segments)
{
    _cleanup_free_ uint8_t *profile = malloc(PROFILE_BYTES), *found = NULL;
    const struct attachments attachments = { .icc = { profile, PROFILE_BYTES } };
    _cleanup_decoder_ struct decoder decoder = { 0 };
    unsigned found_size;

    for (size_t i = 0; i < PROFILE_BYTES; i++)
        profile[i] = (uint8_t)(i * 7 + i / 255);
    decode(_i, &attachments, &decoder);
    ck_assert(jpeg_read_icc_profile(&decoder.jpeg, &found, &found_size));
    ck_assert_uint_eq(found_size, PROFILE_BYTES);
    ck_assert_mem_eq(found, profile, PROFILE_BYTES);
}
END_TEST

START_TEST(the_largest_blocks_fit)
{
    static const char full[SEGMENT_BYTES];
    const struct attachments attachments = {
        .exif = { full, JPEG_EXIF_BYTES_MAX },
        .xmp = { full, JPEG_XMP_BYTES_MAX },
        .iptc = { full, JPEG_IPTC_BYTES_MAX },
    };
    _cleanup_decoder_ struct decoder decoder = { 0 };

    decode(_i, &attachments, &decoder);
    ck_assert_uint_eq(find(&decoder, 1, "Exif")->data_length, 6 + JPEG_EXIF_BYTES_MAX);
    ck_assert_uint_eq(find(&decoder, 1, "http://ns.adobe.com/xap/1.0/")->data_length,
                      29 + JPEG_XMP_BYTES_MAX);
    ck_assert_uint_le(find(&decoder, 13, "Photoshop 3.0")->data_length, 65533);
}
END_TEST

START_TEST(a_known_density_makes_a_jfif_header)
{
    const struct attachments attachments = { .dots_per_inch = { 300, 200 } };
    _cleanup_decoder_ struct decoder decoder = { 0 };

    decode(false, &attachments, &decoder);
    ck_assert(decoder.jpeg.saw_JFIF_marker);
    ck_assert_int_eq(decoder.jpeg.density_unit, 1);
    ck_assert_int_eq(decoder.jpeg.X_density, 300);
    ck_assert_int_eq(decoder.jpeg.Y_density, 200);
}
END_TEST

START_TEST(a_jfif_header_that_is_there_stays_in_front)
{
    const struct attachments attachments = { .exif = { "II*", 4 }, .dots_per_inch = { 300, 300 } };
    _cleanup_decoder_ struct decoder decoder = { 0 };

    decode(true, &attachments, &decoder);
    ck_assert_int_eq(decoder.jpeg.X_density, 99);
    ck_assert_int_eq(decoder.jpeg.marker_list->marker, JPEG_APP0);
    ck_assert_int_eq(decoder.jpeg.marker_list->next->marker, JPEG_APP0 + 1);
}
END_TEST

START_TEST(a_profile_that_no_jpeg_can_hold_is_refused)
{
    static const char profile[256 * 65519];
    const struct attachments attachments = { .icc = { profile, sizeof profile } };
    unsigned char *plain = NULL;
    unsigned long size = 0;
    size_t ret_size;
    void *ret = NULL;

    encode(true, &plain, &size);
    ck_assert_int_eq(jpeg_segments_attach(plain, size, &attachments, &ret, &ret_size), -EMSGSIZE);
    ck_assert_ptr_null(ret);
    free(plain);
}
END_TEST

static const int jfif[] = { 0, 1 };

UNIT_MAIN("jpeg_segments", UNIT_ROWS(a_large_profile_takes_several_segments, jfif),
          UNIT_ROWS(the_largest_blocks_fit, jfif), UNIT_TEST(a_known_density_makes_a_jfif_header),
          UNIT_TEST(a_jfif_header_that_is_there_stays_in_front),
          UNIT_TEST(a_profile_that_no_jpeg_can_hold_is_refused))
