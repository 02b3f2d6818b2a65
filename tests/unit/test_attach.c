/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Tests of lib/image/attach and what it calls: files with metadata are files to other programs, pixels stay, what was
 * put in is found again, and files that are cut off or lie do no harm. ExifTool's word on the values is in
 * test_fidelity_metadata. */
#include "image/attach.h"

#include "base/cleanup.h"
#include "exif_sample.h"
#include "image/encode.h"
#include "image/exif_value.h"
#include "image/gif_blocks.h"
#include "image/iptc_block.h"
#include "image/jxl_boxes.h"
#include "image/source.h"
#include "image/tiff_tags.h"
#include "image/tiff_tree.h"
#include "outside_picture.h"
#include "pictures.h"
#include "unit_main.h"

enum { SIDE = 16, QUALITY = 80 };

static const char xmp[] = "<x:xmpmeta xmlns:x='adobe:ns:meta/'><rdf:RDF "
                          "xmlns:rdf='http://www.w3.org/1999/02/22-rdf-syntax-ns#'><rdf:Description "
                          "xmlns:dc='http://purl.org/dc/elements/1.1/' dc:rights='r'/></rdf:RDF></x:xmpmeta>";
static const unsigned char iptc[] = { 0x1c, 2, 116, 0, 6, 'n', 'o', 't', 'i', 'c', 'e' };

/* A file as its encoder makes it, in each way that there is. */
enum variant { USUAL, BIG, SWAPPED };

static const struct kind {
    enum format format;
    enum variant variant;
    bool exif, iptc;
} kinds[] = {
    { FORMAT_JPEG, USUAL, true, true },  { FORMAT_PNG, USUAL, true, false },
    { FORMAT_WEBP, USUAL, true, false }, { FORMAT_TIFF, USUAL, true, true },
    { FORMAT_TIFF, BIG, true, true },    { FORMAT_TIFF, SWAPPED, true, true },
    { FORMAT_GIF, USUAL, false, false }, { FORMAT_AVIF, USUAL, true, false },
    { FORMAT_JXL, USUAL, true, false },
};

/* From the first TIFF on no library is asked to write the metadata. */
enum { KINDS = ARRAY_SIZE(kinds), FIRST_TIFF = 3, OURS = FIRST_TIFF, ORDERS = 2 };

static struct exif_sample samples[ORDERS];

static struct attachments attachments_of(size_t order)
{
    return (struct attachments){
        .exif = { samples[order].bytes, EXIF_SAMPLE_BYTES },
        .xmp = { xmp, sizeof xmp - 1 },
        .iptc = { iptc, sizeof iptc },
    };
}

/* Numbers of the other byte order: of 8 bits, so that pixels have none. */
static struct bytes make_swapped(void)
{
    _cleanup_raster_ struct raster raster = raster_paint(SIDE, SIDE, RASTER_RGB, false, raster_slopes);
    _cleanup_stored_ struct stored made = outside_encode_swapped(&raster);
    struct bytes bytes = { g_malloc(made.size), made.size };

    memcpy(bytes.data, made.data, made.size);
    return bytes;
}

static struct bytes make(const struct kind *kind)
{
    _cleanup_image_ VipsImage *image = NULL;
    struct bytes bytes = { NULL, 0 };

    if (kind->variant == SWAPPED)
        return make_swapped();
    image = picture_make(SIDE, SIDE, 3);
    if (kind->variant == BIG)
        vips_must(
            vips_tiffsave_buffer(image, &bytes.data, &bytes.size, "bigtiff", TRUE, "strip", TRUE, NULL));
    else
        vips_must(encode_bytes(image, kind->format, QUALITY, &bytes.data, &bytes.size));
    return bytes;
}

static struct bytes make_with(const struct kind *kind, size_t order)
{
    struct attachments attachments = attachments_of(order);
    struct bytes bytes = make(kind);

    ck_assert_int_eq(attach(kind->format, &attachments, &bytes.data, &bytes.size), 0);
    return bytes;
}

static void setup(void)
{
    picture_start();
    for (size_t i = 0; i < ORDERS; i++)
        samples[i] = exif_sample(i == 1);
}

static VipsImage *decode(const struct bytes *bytes, struct source *source)
{
    static const struct source_options options = { .fail_on = FAIL_ON_WARNING, .max_pixels = UINT64_MAX };
    VipsImage *image = NULL;
    struct error error;

    ck_assert_msg(source_probe(bytes->data, bytes->size, &options, source, &error) == 0, "%s", error.text);
    ck_assert_msg(source_decode(source, 1, &image, &error) == 0, "%s", error.text);
    return image;
}

/* ---- whole files ---- */

static void expect_blob(VipsImage *image, const char *field, const void *wanted, size_t size)
{
    const void *data;
    size_t got;

    ck_assert_msg(vips_image_get_typeof(image, field) == VIPS_TYPE_BLOB, "no %s", field);
    vips_must(vips_image_get_blob(image, field, &data, &got));
    ck_assert_msg(got >= size && memmem(data, got, wanted, size), "%s is another", field);
}

static void expect_value(VipsImage *image, const char *tag, const char *wanted)
{
    _cleanup_free_ char *value = exif_value(image, tag);

    ck_assert_msg(value && strcmp(value, wanted) == 0, "%s is \"%s\"", tag, value ?: "missing");
}

static void expect_all(const struct kind *kind, size_t order)
{
    struct bytes bytes = make_with(kind, order);
    struct source source = { 0 };
    _cleanup_image_ VipsImage *image = decode(&bytes, &source);

    expect_blob(image, VIPS_META_XMP_NAME, xmp, sizeof xmp - 1);
    if (kind->iptc)
        expect_blob(image, VIPS_META_IPTC_NAME, iptc, sizeof iptc);
    if (kind->exif) {
        expect_value(image, "Make", EXIF_SAMPLE_MAKE);
        expect_value(image, "Copyright", EXIF_SAMPLE_COPYRIGHT " (Photographer) - [None] (Editor)");
        expect_value(image, "FNumber", "f/5.6");
        ck_assert_ptr_null(exif_value(image, "Model"));
    } else
        ck_assert(bytes_contain(&bytes, EXIF_SAMPLE_COPYRIGHT));
    image_replace(&image, NULL);
    source_release(&source);
    bytes_release(&bytes);
}

START_TEST(what_was_put_in_is_found_again_and_named)
{
    for (size_t order = 0; order < ORDERS; order++)
        expect_all(&kinds[_i], order);
}
END_TEST

/* To the last one, and ImageMagick has nothing to say against the file. */
START_TEST(other_programs_see_the_same_pixels)
{
    const struct kind *kind = &kinds[_i];
    struct bytes bare = make(kind), full = make_with(kind, 0);
    struct stored bare_file = { bare.data, bare.size }, full_file = { full.data, full.size };
    _cleanup_raster_ struct raster wanted, got;
    _cleanup_free_ char *told = NULL;

    wanted = outside_decode(&bare_file, kind->format, NULL);
    got = outside_decode(&full_file, kind->format, NULL);
    ck_assert_double_eq(raster_difference(&got, &wanted), 0);
    if (kind->format == FORMAT_TIFF || kind->format == FORMAT_GIF) {
        told = outside_told(&full_file, kind->format, "identify");
        ck_assert_msg(!strstr(told, "identify:"), "%s", told); /* how its warnings begin */
    }
    bytes_release(&bare);
    bytes_release(&full);
}
END_TEST

/* Its inside may count from the start of the file. */
START_TEST(a_maker_note_stays_where_it_was)
{
    for (size_t kind = FIRST_TIFF; kinds[kind].format == FORMAT_TIFF; kind++)
        for (size_t order = 0; order < ORDERS; order++) {
            struct bytes bytes = make_with(&kinds[kind], order);

            ck_assert_mem_eq((char *)bytes.data + EXIF_SAMPLE_NOTE_AT, EXIF_SAMPLE_NOTE,
                             sizeof EXIF_SAMPLE_NOTE - 1);
            bytes_release(&bytes);
        }
}
END_TEST

START_TEST(the_same_metadata_make_the_same_bytes)
{
    for (size_t i = 0; i < KINDS; i++) {
        struct bytes first = make_with(&kinds[i], 0), second = make_with(&kinds[i], 0);

        ck_assert_uint_eq(first.size, second.size);
        ck_assert_mem_eq(first.data, second.data, first.size);
        bytes_release(&first);
        bytes_release(&second);
    }
}
END_TEST

START_TEST(a_profile_comes_through)
{
    static const char profile[3001] = "a profile";
    struct attachments attachments = { .icc = { profile, sizeof profile } };

    for (size_t i = 0; i < KINDS; i++) {
        struct bytes bytes = make(&kinds[i]);

        ck_assert_int_eq(attach(kinds[i].format, &attachments, &bytes.data, &bytes.size), 0);
        if (format_holds(kinds[i].format, FORMAT_HOLDS_PROFILE) && attach_has_profile(kinds[i].format) &&
            kinds[i].format != FORMAT_PNG) /* which compresses it */
            ck_assert_ptr_nonnull(memmem(bytes.data, bytes.size, profile, sizeof profile));
        bytes_release(&bytes);
    }
}
END_TEST

/* A JPEG XL that needs no container has none. An encoder of PNGs writes a density, which stays when it is known. */
START_TEST(a_file_without_metadata_stays_as_it_was)
{
    static const struct attachments nothing, density = { .dots_per_inch = { 72, 72 } };

    for (size_t i = 0; i < KINDS; i++) {
        struct bytes bare = make(&kinds[i]), with = make(&kinds[i]);

        ck_assert_int_eq(attach(kinds[i].format, kinds[i].format == FORMAT_PNG ? &density : &nothing,
                                &with.data, &with.size),
                         0);
        if (kinds[i].format != FORMAT_TIFF && kinds[i].format != FORMAT_WEBP) { /* which are written anew */
            ck_assert_uint_eq(with.size, bare.size);
            ck_assert_mem_eq(with.data, bare.data, bare.size);
        }
        bytes_release(&bare);
        bytes_release(&with);
    }
}
END_TEST

START_TEST(a_container_gets_more_boxes)
{
    const struct attachments attachments = attachments_of(0), more = { .xmp = { xmp, sizeof xmp - 1 } };
    struct bytes bytes = make(&(struct kind){ FORMAT_JXL, USUAL, true, false });
    struct attachments first = attachments;
    struct jxl_boxes boxes;

    first.xmp = (struct attachment){ 0 };
    ck_assert_int_eq(attach(FORMAT_JXL, &first, &bytes.data, &bytes.size), 0);
    ck_assert_int_eq(attach(FORMAT_JXL, &more, &bytes.data, &bytes.size), 0);
    ck_assert_int_eq(jxl_boxes_read(bytes.data, bytes.size, SIZE_MAX, &boxes), 0);
    ck_assert_uint_eq(boxes.exif.size, EXIF_SAMPLE_BYTES);
    ck_assert_mem_eq(boxes.exif.data, samples[0].bytes, EXIF_SAMPLE_BYTES);
    ck_assert_uint_eq(boxes.xmp.size, sizeof xmp - 1);
    jxl_boxes_release(&boxes);
    bytes_release(&bytes);
}
END_TEST

/* Of two packets the first that is not too large. */
static size_t packet_read(size_t first_size, size_t max)
{
    _cleanup_free_ char *text = malloc(first_size);
    const struct attachments first = { .xmp = { text, first_size } },
                             second = { .xmp = { xmp, sizeof xmp - 1 } };
    struct bytes bytes = make(&(struct kind){ FORMAT_JXL, USUAL, true, false });
    struct jxl_boxes boxes;
    size_t size;

    ck_assert_ptr_nonnull(text);
    memset(text, ' ', first_size);
    ck_assert_int_eq(attach(FORMAT_JXL, &second, &bytes.data, &bytes.size), 0);
    ck_assert_int_eq(attach(FORMAT_JXL, &first, &bytes.data, &bytes.size), 0); /* in front of it */
    ck_assert_int_eq(jxl_boxes_read(bytes.data, bytes.size, max, &boxes), 0);
    size = boxes.xmp.size;
    jxl_boxes_release(&boxes);
    bytes_release(&bytes);
    return size;
}

/* Twice as much was read as was allowed, and nothing behind it. */
START_TEST(a_box_that_is_too_large_is_passed_over)
{
    enum { MAX = 5000 };

    ck_assert_uint_eq(packet_read(MAX - 1, MAX), MAX - 1);
    ck_assert_uint_eq(packet_read(MAX, MAX), MAX);
    ck_assert_uint_eq(packet_read(MAX + 1, MAX), sizeof xmp - 1);
    ck_assert_uint_eq(packet_read(MAX * 2, MAX), sizeof xmp - 1);
    ck_assert_uint_eq(packet_read(MAX * 20, MAX), sizeof xmp - 1);
    ck_assert_uint_eq(packet_read(MAX * 20, SIZE_MAX), MAX * 20);
}
END_TEST

/* ---- AVIF ---- */

static void put_length(unsigned char *at, size_t length)
{
    for (size_t i = 0; i < 4; i++, length >>= 8)
        at[3 - i] = (unsigned char)length;
}

static size_t length_at(const unsigned char *at)
{
    return (size_t)at[0] << 24 | (size_t)at[1] << 16 | (size_t)at[2] << 8 | at[3];
}

static unsigned char *box_in(const struct bytes *bytes, const char *type)
{
    unsigned char *at = memmem(bytes->data, bytes->size, type, 4);

    ck_assert_msg(at != NULL, "there is no %s", type);
    return at - 4;
}

/* Puts @copies more of the box behind it; it is in all of @parents. */
static void repeat_box(struct bytes *bytes, const char *type, size_t copies, const char *const *parents)
{
    unsigned char *at = box_in(bytes, type), *to;
    size_t size = length_at(at), end = (size_t)(at - (unsigned char *)bytes->data) + size;

    bytes->data = g_realloc(bytes->data, bytes->size + copies * size);
    to = (unsigned char *)bytes->data + end;
    memmove(to + copies * size, to, bytes->size - end);
    for (size_t i = 0; i < copies; i++)
        memcpy(to + i * size, to - size, size);
    bytes->size += copies * size;
    for (; *parents; parents++) {
        at = box_in(bytes, *parents);
        put_length(at, length_at(at) + copies * size);
    }
}

static size_t count_of(const struct bytes *bytes, const char *word)
{
    const char *at = bytes->data, *end = at + bytes->size;
    size_t count = 0;

    while ((at = memmem(at, (size_t)(end - at), word, strlen(word)))) {
        count++;
        at++;
    }
    return count;
}

/* Room is for one profile; the second was written beyond it. */
START_TEST(a_picture_with_two_colours_gets_one_profile)
{
    static const char *const parents[] = { "meta", "iprp", "ipco", NULL };
    static const char profile[3001] = "a profile";
    const struct attachments attachments = { .icc = { profile, sizeof profile } };
    struct bytes bytes = make(&(struct kind){ FORMAT_AVIF, USUAL, true, false });

    repeat_box(&bytes, "colr", 4, parents);
    ck_assert_int_eq(attach(FORMAT_AVIF, &attachments, &bytes.data, &bytes.size), 0);
    ck_assert_uint_eq(count_of(&bytes, "a profile"), 1);
    ck_assert_uint_eq(count_of(&bytes, "colr"), 1);
    ck_assert_uint_eq(count_of(&bytes, "free"), 4);
    bytes_release(&bytes);
}
END_TEST

/* Each of them would get the new items. */
START_TEST(a_picture_with_many_lists_is_not_written_beyond_its_room)
{
    static const char *const parents[] = { "meta", NULL }, *const lists[] = { "iloc", "iinf" };
    const struct attachments attachments = attachments_of(0);

    for (size_t i = 0; i < ARRAY_SIZE(lists); i++) {
        struct bytes bytes = make(&(struct kind){ FORMAT_AVIF, USUAL, true, false });

        repeat_box(&bytes, lists[i], 40, parents);
        ck_assert_int_eq(attach(FORMAT_AVIF, &attachments, &bytes.data, &bytes.size), -EBADMSG);
        bytes_release(&bytes);
    }
}
END_TEST

/* ---- TIFF ---- */

/* libtiff writes it so in files of the other byte order. */
START_TEST(a_record_whose_bytes_were_swapped_is_read)
{
    struct bytes bytes = make_with(&kinds[FIRST_TIFF], 0);
    unsigned char *at = memmem(bytes.data, bytes.size, iptc, sizeof iptc);
    _cleanup_free_ void *record = NULL;
    size_t size;

    ck_assert_ptr_nonnull(at);
    for (size_t i = 0; i < 12; i += 4) {
        unsigned char was[4] = { at[i], at[i + 1], at[i + 2], at[i + 3] };

        for (size_t j = 0; j < 4; j++)
            at[i + j] = was[3 - j];
    }
    ck_assert_int_eq(tiff_tags_find_iptc(bytes.data, bytes.size, &record, &size), 0);
    ck_assert_uint_ge(size, sizeof iptc);
    ck_assert_mem_eq(record, iptc, sizeof iptc);
    bytes_release(&bytes);
}
END_TEST

static bool has_record(size_t record_size)
{
    _cleanup_free_ void *large = calloc(1, record_size), *record = NULL;
    struct attachments attachments = { .iptc = { large, record_size } };
    struct bytes bytes = make(&kinds[FIRST_TIFF]);
    size_t size;

    ck_assert_ptr_nonnull(large);
    ck_assert_int_eq(attach(FORMAT_TIFF, &attachments, &bytes.data, &bytes.size), 0);
    ck_assert_int_eq(tiff_tags_find_iptc(bytes.data, bytes.size, &record, &size), 0);
    ck_assert_uint_eq(size, record ? record_size : 0);
    bytes_release(&bytes);
    return record != NULL;
}

/* It was, before anybody asked how much memory there is. */
START_TEST(a_record_without_end_is_not_copied)
{
    ck_assert(has_record(IPTC_BLOCK_BYTES_MAX));
    ck_assert(!has_record(IPTC_BLOCK_BYTES_MAX + 4));
}
END_TEST

/* Nothing of it is read: offsets are laid out first. A profile is not what is to blame. */
START_TEST(a_file_of_more_than_offsets_count_is_said_to_be_too_large)
{
    struct attachments attachments = { .xmp = { xmp, (size_t)UINT32_MAX } };
    struct bytes bytes = make(&kinds[FIRST_TIFF]);

    ck_assert_int_eq(attach(FORMAT_TIFF, &attachments, &bytes.data, &bytes.size), -EFBIG);
    bytes_release(&bytes);
}
END_TEST

/* ---- files that are not what they should be ---- */

/* Each in memory of its own, so that a sanitizer sees what is read beyond. */
static void *copy_of(const void *data, size_t size)
{
    void *copy = malloc(size > 0 ? size : 1);

    ck_assert_ptr_nonnull(copy);
    memcpy(copy, data, size);
    return copy;
}

/* libjxl tells the terminal what is wrong with a file. */
static void be_quiet(void)
{
    ck_assert_ptr_nonnull(freopen("/dev/null", "w", stderr));
}

/* All that reads and writes such files. */
static void do_all(enum format format, const void *data, size_t size)
{
    struct attachments attachments = attachments_of(0);
    void *copy = copy_of(data, size), *record = NULL;
    struct jxl_boxes boxes = { 0 };
    size_t copy_size = size;
    struct attachment found;
    int r;

    ck_assert_int_eq(tiff_tags_find_iptc(copy, size, &record, &copy_size), 0);
    free(record);
    found = gif_blocks_find_xmp(copy, size);
    ck_assert(found.size == 0 || ((const char *)found.data >= (char *)copy && found.size <= size));
    if (format == FORMAT_JXL)
        ck_assert_int_eq(jxl_boxes_read(copy, size, 1 << 16, &boxes), 0);
    jxl_boxes_release(&boxes);

    copy_size = size;
    r = attach(format, &attachments, &copy, &copy_size);
    ck_assert(r == 0 || r == -EBADMSG || r == -EMSGSIZE || r == -EFBIG || r == -ENOMEM);
    free(copy);
}

START_TEST(a_file_cut_anywhere_does_no_harm)
{
    struct bytes bytes;

    be_quiet();
    bytes = make_with(&kinds[_i], 1);
    for (size_t size = 0; size < bytes.size; size++)
        do_all(kinds[_i].format, bytes.data, size);
    bytes_release(&bytes);
}
END_TEST

START_TEST(a_file_that_lies_anywhere_does_no_harm)
{
    static const uint8_t lies[] = { 0, 0x7f, 0xff };
    struct bytes bytes;

    be_quiet();
    bytes = make_with(&kinds[_i], 0);
    for (size_t at = 0; at < bytes.size; at++)
        for (size_t lie = 0; lie < ARRAY_SIZE(lies); lie++) {
            uint8_t *byte = (uint8_t *)bytes.data + at, was = *byte;

            *byte = lies[lie];
            do_all(kinds[_i].format, bytes.data, bytes.size);
            *byte = was;
        }
    bytes_release(&bytes);
}
END_TEST

/* The blocks are reduced ones of our own making; nobody else's bytes get here, but none may do harm. */
START_TEST(a_block_that_lies_anywhere_does_no_harm)
{
    struct bytes bare = make(&kinds[_i]);

    for (size_t at = 0; at < EXIF_SAMPLE_BYTES; at++) {
        struct exif_sample sample = samples[0];
        struct attachments attachments = { .exif = { sample.bytes, EXIF_SAMPLE_BYTES } };
        void *file = copy_of(bare.data, bare.size);
        size_t size = bare.size;
        int r;

        sample.bytes[at] ^= 0xff;
        r = attach(kinds[_i].format, &attachments, &file, &size);
        ck_assert(r == 0 || r == -EMSGSIZE || r == -EFBIG);
        free(file);
    }
    bytes_release(&bare);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("attach");
    TCase *tests = tcase_create("attach");
    SRunner *runner = srunner_create(suite);
    int failed;

    suite_add_tcase(suite, tests);
    tcase_set_timeout(tests, UNIT_TIMEOUT_S);
    tcase_add_checked_fixture(tests, setup, picture_stop);
    tcase_add_loop_test(tests, what_was_put_in_is_found_again_and_named, 0, KINDS);
    tcase_add_loop_test(tests, other_programs_see_the_same_pixels, OURS, KINDS);
    tcase_add_test(tests, a_maker_note_stays_where_it_was);
    tcase_add_test(tests, the_same_metadata_make_the_same_bytes);
    tcase_add_test(tests, a_profile_comes_through);
    tcase_add_test(tests, a_file_without_metadata_stays_as_it_was);
    tcase_add_test(tests, a_container_gets_more_boxes);
    tcase_add_test(tests, a_box_that_is_too_large_is_passed_over);
    tcase_add_test(tests, a_picture_with_two_colours_gets_one_profile);
    tcase_add_test(tests, a_picture_with_many_lists_is_not_written_beyond_its_room);
    tcase_add_test(tests, a_record_whose_bytes_were_swapped_is_read);
    tcase_add_test(tests, a_record_without_end_is_not_copied);
    tcase_add_test(tests, a_file_of_more_than_offsets_count_is_said_to_be_too_large);
    tcase_add_loop_test(tests, a_file_cut_anywhere_does_no_harm, OURS, KINDS);
    tcase_add_loop_test(tests, a_file_that_lies_anywhere_does_no_harm, OURS, KINDS);
    tcase_add_loop_test(tests, a_block_that_lies_anywhere_does_no_harm, OURS, FIRST_TIFF + 4);
    srunner_run_all(runner, CK_NORMAL);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed > 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}
