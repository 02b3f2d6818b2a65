/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Tests of lib/image/jpeg_header: it says of a JPEG what libvips says, or nothing. tests/fuzz/fuzz_probe.c compares the
 * two over whatever else there is. */
#include "image/jpeg_header.h"

#include "base/cleanup.h"
#include "image/encode.h"
#include "image/metadata.h"
#include "image/source.h"
#include "pictures.h"
#include "unit_main.h"

#include <errno.h>

/* What is before the tables of a JPEG that an encoder of ours wrote. */
static struct bytes with_segment(const struct bytes *jpeg, unsigned marker, const void *data, size_t size)
{
    struct bytes made = { g_malloc(jpeg->size + size + 4), jpeg->size + size + 4 };
    unsigned char *to = made.data;
    size_t length = size + 2;

    memcpy(to, jpeg->data, 2);
    to[2] = 0xff;
    to[3] = (unsigned char)marker;
    to[4] = (unsigned char)(length >> 8);
    to[5] = (unsigned char)length;
    memcpy(to + 6, data, size);
    memcpy(to + 6 + size, (char *)jpeg->data + 2, jpeg->size - 2);
    return made;
}

static struct bytes plain(void)
{
    _cleanup_image_ VipsImage *image = NULL;
    struct bytes bytes;

    picture_start();
    image = picture_make(40, 30, 3);
    vips_must(encode_bytes(image, FORMAT_JPEG, 90, &bytes.data, &bytes.size));
    return bytes;
}

static void expect_libvips_says_so(const struct bytes *file, const struct jpeg_header *ours)
{
    struct source_options options = { .max_pixels = UINT64_MAX };
    _cleanup_image_ VipsImage *header = NULL;
    struct source source;
    struct attachments theirs;
    struct error error;

    ck_assert_int_eq(source_probe(file->data, file->size, &options, &source, &error), 0);
    ck_assert_int_eq(source_decode(&source, 1, &header, &error), 0);
    theirs = metadata_attachments(header);
    ck_assert_int_eq(header->Xsize, (int)ours->extent.width);
    ck_assert_int_eq(header->Ysize, (int)ours->extent.height);
    ck_assert_int_eq(header->Bands, (int)ours->components);
    ck_assert_int_eq(vips_image_get_orientation(header), ours->orientation);
    ck_assert_uint_eq(theirs.dots_per_inch[0], ours->attachments.dots_per_inch[0]);
    ck_assert_uint_eq(theirs.dots_per_inch[1], ours->attachments.dots_per_inch[1]);
    ck_assert_uint_eq(theirs.exif.size, ours->attachments.exif.size);
    image_replace(&header, NULL);
    source_release(&source);
}

static const struct {
    unsigned char unit, across, down; /* of JFIF */
    int result;
    unsigned dots[2];
} densities[] = {
    { 1, 100, 50, 0, { 100, 50 } },   { 2, 100, 50, 0, { 254, 127 } }, { 0, 1, 1, 0, { 0, 0 } },
    { 0, 2, 4, 0, { 72, 36 } },       { 1, 1, 1, 0, { 72, 72 } },      { 1, 72, 72, 0, { 72, 72 } },
    { 3, 100, 100, -ENOTSUP, { 0 } }, { 1, 0, 9, -ENOTSUP, { 0 } },
};

START_TEST(the_density_of_jfif_is_what_libvips_has)
{
    const unsigned char jfif[] = {
        'J', 'F', 'I', 'F', 0, 1, 2, densities[_i].unit, 0, densities[_i].across, 0, densities[_i].down, 0, 0
    };
    struct bytes bare = plain(), file = with_segment(&bare, 0xe0, jfif, sizeof jfif);
    struct jpeg_header header;

    ck_assert_int_eq(jpeg_header_read(file.data, file.size, &header), densities[_i].result);
    if (densities[_i].result == 0) {
        ck_assert_uint_eq(header.attachments.dots_per_inch[0], densities[_i].dots[0]);
        ck_assert_uint_eq(header.attachments.dots_per_inch[1], densities[_i].dots[1]);
        expect_libvips_says_so(&file, &header);
        jpeg_header_release(&header);
    }
    bytes_release(&file);
    bytes_release(&bare);
}
END_TEST

/* Orientation, and a resolution of so many halves across and down. */
static const struct {
    unsigned char orientation, orientation_type, unit, across, down, divisor;
    int result;
    unsigned dots[2];
} exifs[] = {
    { 6, 3, 2, 200, 100, 2, 0, { 100, 50 } },  { 1, 3, 3, 200, 100, 2, 0, { 254, 127 } },
    { 8, 3, 1, 10, 20, 2, 0, { 127, 254 } },   { 0, 3, 2, 200, 100, 2, -ENOTSUP, { 0 } },
    { 9, 3, 2, 200, 100, 2, -ENOTSUP, { 0 } }, { 3, 4, 2, 200, 100, 2, -ENOTSUP, { 0 } },
    { 3, 3, 0, 200, 100, 2, -ENOTSUP, { 0 } }, { 3, 3, 4, 200, 100, 2, -ENOTSUP, { 0 } },
    { 3, 3, 2, 200, 100, 0, -ENOTSUP, { 0 } },
};

START_TEST(what_exif_says_is_what_libvips_has)
{
    const unsigned char exif[] = {
        'E',  'x',
        'i',  'f',
        0,    0,
        'M',  'M',
        0,    42,
        0,    0,
        0,    8,
        0,    4,
        0x01, 0x12,
        0,    exifs[_i].orientation_type,
        0,    0,
        0,    1,
        0,    exifs[_i].orientation,
        0,    0,
        0x01, 0x1a,
        0,    5,
        0,    0,
        0,    1,
        0,    0,
        0,    62,
        0x01, 0x1b,
        0,    5,
        0,    0,
        0,    1,
        0,    0,
        0,    70,
        0x01, 0x28,
        0,    3,
        0,    0,
        0,    1,
        0,    exifs[_i].unit,
        0,    0,
        0,    0,
        0,    0,
        0,    0,
        0,    exifs[_i].across,
        0,    0,
        0,    exifs[_i].divisor,
        0,    0,
        0,    exifs[_i].down,
        0,    0,
        0,    exifs[_i].divisor,
    };
    struct bytes bare = plain(), file = with_segment(&bare, 0xe1, exif, sizeof exif);
    struct jpeg_header header;

    ck_assert_int_eq(jpeg_header_read(file.data, file.size, &header), exifs[_i].result);
    if (exifs[_i].result == 0) {
        ck_assert_int_eq(header.orientation, exifs[_i].orientation);
        ck_assert_uint_eq(header.attachments.dots_per_inch[0], exifs[_i].dots[0]);
        ck_assert_uint_eq(header.attachments.dots_per_inch[1], exifs[_i].dots[1]);
        expect_libvips_says_so(&file, &header);
        jpeg_header_release(&header);
    }
    bytes_release(&file);
    bytes_release(&bare);
}
END_TEST

START_TEST(a_second_segment_of_a_kind_is_unusual)
{
    static const unsigned char exif[] = "Exif\0\0II*\0\x08\0\0\0\0\0\0\0\0\0";
    struct bytes bare = plain(), once = with_segment(&bare, 0xed, "Photoshop 3.0\0more", 18),
                 twice = with_segment(&once, 0xed, "Photoshop 3.0\0else", 18),
                 empty = with_segment(&bare, 0xe1, exif, sizeof exif - 1);
    struct jpeg_header header;

    ck_assert_int_eq(jpeg_header_read(once.data, once.size, &header), 0);
    ck_assert_uint_eq(header.attachments.iptc.size, 18);
    jpeg_header_release(&header);
    ck_assert_int_eq(jpeg_header_read(twice.data, twice.size, &header), -ENOTSUP);
    ck_assert_int_eq(jpeg_header_read(empty.data, empty.size, &header), -ENOTSUP);
    bytes_release(&empty);
    bytes_release(&twice);
    bytes_release(&once);
    bytes_release(&bare);
}
END_TEST

START_TEST(what_ends_in_the_header_is_not_read)
{
    struct bytes file = plain();
    struct jpeg_header header;
    const unsigned char *bytes = file.data;
    size_t scan = 0;

    while (bytes[scan] != 0xff || bytes[scan + 1] != 0xda)
        scan++;
    for (size_t size = 0; size < scan + 2; size++)
        ck_assert_int_eq(jpeg_header_read(file.data, size, &header), -ENOTSUP);
    bytes_release(&file);
}
END_TEST

int main(void)
{
    const struct unit_test tests[] = {
        { the_density_of_jfif_is_what_libvips_has, ARRAY_SIZE(densities) },
        { what_exif_says_is_what_libvips_has, ARRAY_SIZE(exifs) },
        { a_second_segment_of_a_kind_is_unusual, 1 },
        { what_ends_in_the_header_is_not_read, 1 },
    };

    return unit_main("jpeg_header", tests, ARRAY_SIZE(tests));
}
