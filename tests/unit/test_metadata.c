/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Tests of lib/image/metadata, on the bytes of files: what is kept is there, what is not is nowhere in them. */
#include "image/metadata.h"

#include "base/cleanup.h"
#include "image/encode.h"
#include "pictures.h"
#include "unit_main.h"

#include <check.h>
#include <string.h>
#include <unistd.h>

static const char copyright[] = "© Žofie Müller (2024)", artist[] = "Žofie";

/* A TIFF block as a camera writes it, little-endian. Offsets are from its start. */
struct tiff {
    unsigned char bytes[1024];
    size_t used;
};

static void put(struct tiff *tiff, size_t at, uint32_t value, size_t size)
{
    for (size_t i = 0; i < size; i++)
        tiff->bytes[at + i] = (unsigned char)(value >> (8 * i));
}

static void add(struct tiff *tiff, uint32_t value, size_t size)
{
    put(tiff, tiff->used, value, size);
    tiff->used += size;
}

static uint32_t add_data(struct tiff *tiff, size_t *data, const void *bytes, size_t size)
{
    uint32_t at = (uint32_t)*data;

    memcpy(tiff->bytes + at, bytes, size);
    *data += (size + 1) & ~(size_t)1;
    return at;
}

static void add_entry(struct tiff *tiff, uint16_t tag, uint16_t type, uint32_t count, uint32_t value)
{
    add(tiff, tag, 2);
    add(tiff, type, 2);
    add(tiff, count, 4);
    add(tiff, value, 4);
}

static void add_text(struct tiff *tiff, size_t *data, uint16_t tag, const char *text)
{
    size_t size = strlen(text) + 1;

    add_entry(tiff, tag, 2, (uint32_t)size, add_data(tiff, data, text, size));
}

/* IFD0 with texts, a private tag and XP fields; EXIF with a maker note; GPS; IFD1 with a thumbnail. */
static void make_exif(struct tiff *tiff)
{
    enum { IFD0 = 14, EXIF = 150, GPS = 200, IFD1 = 260 };
    size_t data = 320;

    memset(tiff, 0, sizeof *tiff);
    memcpy(tiff->bytes, "II*\0", 4);
    put(tiff, 4, IFD0, 4);

    tiff->used = IFD0;
    add(tiff, 8, 2);
    add_text(tiff, &data, 0x010e, "secret-description");
    add_text(tiff, &data, 0x0110, "secret-camera-model");
    add_text(tiff, &data, 0x013b, artist);
    add_text(tiff, &data, 0x8298, copyright);
    add_entry(tiff, 0x8769, 4, 1, EXIF);
    add_entry(tiff, 0x8825, 4, 1, GPS);
    add_text(tiff, &data, 0xc4a5, "secret-private-tag");
    add_text(tiff, &data, 0xfde8, "secret-unknown-tag");
    add(tiff, IFD1, 4);

    tiff->used = EXIF;
    add(tiff, 2, 2);
    add_text(tiff, &data, 0x9003, "2024:01:02 03:04:05");
    add_entry(tiff, 0x927c, 7, 18, add_data(tiff, &data, "secret-maker-note!", 18));
    add(tiff, 0, 4);

    tiff->used = GPS;
    add(tiff, 2, 2);
    add_entry(tiff, 0x0001, 2, 2, 'N');
    add_text(tiff, &data, 0x0012, "secret-gps-datum");
    add(tiff, 0, 4);

    tiff->used = IFD1;
    add(tiff, 3, 2);
    add_entry(tiff, 0x0103, 3, 1, 6);
    add_entry(tiff, 0x0201, 4, 1, add_data(tiff, &data, "\xff\xd8secret-thumbnail\xff\xd9", 20));
    add_entry(tiff, 0x0202, 4, 1, 20);
    add(tiff, 0, 4);
    tiff->used = data;
}

static void attach(VipsImage *image, const char *name, const void *data, size_t size)
{
    vips_image_set_blob_copy(image, name, data, size);
}

/* @tiff with the header that JPEG gives it, as libvips keeps it. */
static void attach_exif(VipsImage *image)
{
    struct tiff tiff;
    unsigned char block[6 + sizeof tiff.bytes] = "Exif";

    make_exif(&tiff);
    memcpy(block + 6, tiff.bytes, tiff.used);
    attach(image, VIPS_META_EXIF_NAME, block, 6 + tiff.used);
}

/* libvips would clean the EXIF block of a picture that it saves, so it goes into the JPEG by hand. */
static struct bytes with_exif(struct bytes jpeg)
{
    struct tiff tiff;
    struct bytes bytes;
    unsigned char *to;
    size_t length;

    make_exif(&tiff);
    length = 2 + 6 + tiff.used;
    bytes.size = jpeg.size + 2 + length;
    bytes.data = g_malloc(bytes.size);

    to = bytes.data;
    memcpy(to, jpeg.data, 2);
    to[2] = 0xff;
    to[3] = 0xe1;
    to[4] = (unsigned char)(length >> 8);
    to[5] = (unsigned char)length;
    memcpy(to + 6, "Exif\0\0", 6);
    memcpy(to + 12, tiff.bytes, tiff.used);
    memcpy(to + 12 + tiff.used, (char *)jpeg.data + 2, jpeg.size - 2);
    g_free(jpeg.data);
    return bytes;
}

/* A camera's JPEG: everything that can be known about somebody is in it. */
static struct bytes make_telling(void)
{
    _cleanup_image_ VipsImage *image = picture_make(64, 48, 3);
    struct bytes jpeg = { NULL, 0 };

    attach(image, VIPS_META_XMP_NAME, "http://ns.adobe.com/xap/1.0/\0secret-xmp", 39);
    attach(image, VIPS_META_IPTC_NAME, "Photoshop 3.0\0secret-iptc", 25);
    vips_must(vips_jpegsave_buffer(image, &jpeg.data, &jpeg.size, "profile", "p3", NULL));
    return with_exif(jpeg);
}

enum { OUTPUT_FORMATS = FORMAT_WEBP + 1 };

/* Reduces the telling picture to @keep and encodes it. */
static struct bytes reduce(enum format format, unsigned keep, int orientation)
{
    _cleanup_image_ VipsImage *image = NULL, *loaded = NULL, *reduced = NULL;
    struct bytes telling = make_telling(), bytes;
    struct metadata_wish wish = { 0 };
    struct encoding encoding = encoding_usual(format);
    struct encoded encoded;
    struct error error;

    ck_assert(bytes_contain(&telling, "secret-gps-datum"));
    loaded = picture_open(telling.data, telling.size);
    vips_must(vips_copy(loaded, &image, NULL));
    if (orientation > 0)
        vips_image_set_int(image, VIPS_META_ORIENTATION, orientation);

    wish.keep = keep;
    wish.format = format;
    vips_must(metadata_reduce(image, &wish, &reduced));
    ck_assert_msg(encode(reduced, format, &encoding, 0, &encoded, &error) == 0, "%s", error.text);

    bytes = picture_read(encoded.fd);
    close(encoded.fd);
    image_replace(&reduced, NULL);
    image_replace(&image, NULL);
    image_replace(&loaded, NULL);
    bytes_release(&telling);
    return bytes;
}

static bool has_profile(const struct bytes *bytes)
{
    _cleanup_image_ VipsImage *image = picture_open(bytes->data, bytes->size);

    return vips_image_get_typeof(image, VIPS_META_ICC_NAME) != 0;
}

static int orientation_of(const struct bytes *bytes)
{
    _cleanup_image_ VipsImage *image = picture_open(bytes->data, bytes->size);

    return vips_image_get_orientation(image);
}

START_TEST(the_telling_picture_tells)
{
    struct bytes telling = make_telling();
    _cleanup_image_ VipsImage *image = picture_open(telling.data, telling.size);

    ck_assert_int_ne(vips_image_get_typeof(image, "exif-ifd3-GPSMapDatum"), 0);
    ck_assert_int_ne(vips_image_get_typeof(image, "exif-ifd2-MakerNote"), 0);
    ck_assert_int_ne(vips_image_get_typeof(image, "jpeg-thumbnail-data"), 0);
    ck_assert_int_ne(vips_image_get_typeof(image, VIPS_META_XMP_NAME), 0);
    ck_assert_int_ne(vips_image_get_typeof(image, VIPS_META_IPTC_NAME), 0);
    image_replace(&image, NULL);
    bytes_release(&telling);
}
END_TEST

static const unsigned harmless[] = { 0, METADATA_ICC, METADATA_COPYRIGHT, METADATA_ICC | METADATA_COPYRIGHT };

START_TEST(nothing_secret_is_left_of_what_is_not_asked_for)
{
    enum format format = (enum format)(_i % OUTPUT_FORMATS);
    struct bytes bytes = reduce(format, harmless[_i / OUTPUT_FORMATS], 0);

    ck_assert(!bytes_contain(&bytes, "secret"));
    ck_assert(!bytes_contain(&bytes, "2024:01:02"));
    bytes_release(&bytes);
}
END_TEST

START_TEST(copyright_and_artist_stay_byte_for_byte)
{
    struct bytes bytes = reduce((enum format)_i, METADATA_COPYRIGHT, 0);

    ck_assert(bytes_contain(&bytes, copyright));
    ck_assert(bytes_contain(&bytes, artist));
    ck_assert(!has_profile(&bytes));
    bytes_release(&bytes);
}
END_TEST

START_TEST(copyright_goes_unless_it_is_asked_for)
{
    struct bytes bytes = reduce((enum format)_i, METADATA_ICC, 0);

    ck_assert(!bytes_contain(&bytes, artist));
    ck_assert(has_profile(&bytes));
    bytes_release(&bytes);
}
END_TEST

START_TEST(an_orientation_that_was_not_applied_stays)
{
    struct bytes bytes =
        reduce((enum format)(_i % OUTPUT_FORMATS), _i < OUTPUT_FORMATS ? 0 : METADATA_DEFAULT, 8);

    ck_assert_int_eq(orientation_of(&bytes), 8);
    bytes_release(&bytes);
}
END_TEST

/* libvips 8.14 gives WebP an EXIF block of its own making, whatever it is told. */
START_TEST(a_file_with_nothing_to_keep_has_no_exif_at_all)
{
    struct bytes bytes = reduce((enum format)_i, 0, 0);

    ck_assert(!bytes_contain(&bytes, "Exif"));
    ck_assert(!bytes_contain(&bytes, "eXIf"));
    ck_assert(!bytes_contain(&bytes, "EXIF"));
    bytes_release(&bytes);
}
END_TEST

START_TEST(the_picture_it_was_given_keeps_its_own)
{
    _cleanup_image_ VipsImage *image = picture_make(8, 8, 3), *reduced = NULL;

    attach_exif(image);
    vips_must(metadata_reduce(image, &(struct metadata_wish){ .format = FORMAT_PNG }, &reduced));
    ck_assert_int_ne(vips_image_get_typeof(image, VIPS_META_EXIF_NAME), 0);
    ck_assert_int_eq(vips_image_get_typeof(reduced, VIPS_META_EXIF_NAME), 0);
    image_replace(&reduced, NULL);
    image_replace(&image, NULL);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("metadata");
    TCase *tests = tcase_create("metadata");
    SRunner *runner = srunner_create(suite);
    int failed;

    suite_add_tcase(suite, tests);
    tcase_set_timeout(tests, UNIT_TIMEOUT_S);
    tcase_add_checked_fixture(tests, picture_start, picture_stop);
    tcase_add_test(tests, the_telling_picture_tells);
    tcase_add_loop_test(tests, nothing_secret_is_left_of_what_is_not_asked_for, 0, 4 * OUTPUT_FORMATS);
    tcase_add_loop_test(tests, copyright_and_artist_stay_byte_for_byte, 0, OUTPUT_FORMATS);
    tcase_add_loop_test(tests, copyright_goes_unless_it_is_asked_for, 0, OUTPUT_FORMATS);
    tcase_add_loop_test(tests, an_orientation_that_was_not_applied_stays, 0, 2 * OUTPUT_FORMATS);
    tcase_add_loop_test(tests, a_file_with_nothing_to_keep_has_no_exif_at_all, 0, OUTPUT_FORMATS);
    tcase_add_test(tests, the_picture_it_was_given_keeps_its_own);

    srunner_run_all(runner, CK_NORMAL);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed > 0;
}
