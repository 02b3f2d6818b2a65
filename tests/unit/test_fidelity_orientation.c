/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Tests of upright pictures: all eight orientations of EXIF, in every format that has them, pixel by pixel; and that
 * nothing in the file says afterwards that it has still to be turned. */
#include "rendering.h"
#include "unit_main.h"

#include "base/cleanup.h"

enum { WIDTH = 48, HEIGHT = 32, ORIENTATIONS = 8, EXIF_BYTES = 56 };

static const char upright_png[] = "[Recipe]\nStep=auto-orient\n[Output a]\nFormat=png\n";
static const char everywhere[] =
    "[Recipe]\nStep=auto-orient\n[Output a]\nWidth=20\nFormat=jpeg png webp avif\nMetadata=icc copyright\n";

/* JPEG, HEIC and AVIF lose a little of what is painted, even at their best. */
static const struct {
    enum format format;
    double tolerance;
} sources[] = { { FORMAT_JPEG, 0.012 },
                { FORMAT_PNG, 0 },
                { FORMAT_WEBP, 0 },
                { FORMAT_HEIC, 0.03 },
                { FORMAT_AVIF, 0.03 } };

enum { CASES = ARRAY_SIZE(sources) * ORIENTATIONS };

/* A directory with the orientation and a copyright, and one for a thumbnail, which has an orientation, too. */
static struct stored exif_of(int orientation)
{
    const uint8_t exif[EXIF_BYTES] = {
        'I',
        'I',
        42,
        0,
        8,
        0,
        0,
        0,
        2,
        0, /* two entries: */
        0x12,
        0x01,
        3,
        0,
        1,
        0,
        0,
        0,
        (uint8_t)orientation,
        0,
        0,
        0, /* orientation, a short */
        0x98,
        0x82,
        2,
        0,
        4,
        0,
        0,
        0,
        'm',
        'e',
        0,
        0, /* copyright, four letters */
        38,
        0,
        0,
        0, /* the next directory: */
        1,
        0,
        0x12,
        0x01,
        3,
        0,
        1,
        0,
        0,
        0,
        (uint8_t)orientation,
        0,
        0,
        0,
        0,
        0,
        0,
        0,
    };

    return stored_copy(exif, sizeof exif);
}

static struct stored xmp_of(int orientation)
{
    char xmp[300];
    int length = snprintf(xmp, sizeof xmp,
                          "<x:xmpmeta xmlns:x='adobe:ns:meta/'><rdf:RDF xmlns:rdf="
                          "'http://www.w3.org/1999/02/22-rdf-syntax-ns#'><rdf:Description xmlns:tiff="
                          "'http://ns.adobe.com/tiff/1.0/' tiff:Orientation='%d'/></rdf:RDF></x:xmpmeta>",
                          orientation);

    return stored_copy(xmp, (size_t)length);
}

static struct raster paint(void)
{
    struct raster raster = raster_paint(WIDTH, HEIGHT, RASTER_RGB, false, raster_slopes);

    raster_quantise(&raster, 8);
    return raster;
}

/* @upright as a camera that is held as @orientation says would store it. In HEIC and AVIF EXIF does not count, and is
 * there, too. */
static struct stored lay(const struct raster *upright, enum format format, int orientation)
{
    _cleanup_raster_ struct raster laid = raster_laid(upright, orientation);
    _cleanup_blocks_ struct blocks blocks = { .exif = exif_of(orientation), .xmp = xmp_of(orientation) };

    return picture_encode(&laid,
                          &(struct coding){ .format = format, .orientation = orientation, .blocks = blocks });
}

START_TEST(every_orientation_of_every_format_is_made_upright)
{
    size_t source = (size_t)_i / ORIENTATIONS;
    int orientation = 1 + _i % ORIENTATIONS;
    _cleanup_raster_ struct raster wanted = paint(), got = { 0 };
    _cleanup_stored_ struct stored file = lay(&wanted, sources[source].format, orientation);
    double difference;

    got = rendering_single(upright_png, &file);
    difference = raster_difference(&got, &wanted);
    ck_assert_msg(difference <= sources[source].tolerance, "%s, orientation %d: %g",
                  format_info(sources[source].format)->name, orientation, difference);
}
END_TEST

/* Little-endian, as all that is made here; 0 when there is no such entry in any directory. */
static int orientation_in(const struct stored *exif)
{
    for (size_t at = 0; at + 12 <= exif->size; at += 2)
        if (memcmp(exif->data + at, "\x12\x01\x03\0\x01\0\0\0", 8) == 0)
            return exif->data[at + 8];
    return 0;
}

static void expect_no_turn_left(const struct stored *file)
{
    _cleanup_blocks_ struct blocks blocks = { 0 };
    _cleanup_raster_ struct raster raster = picture_decode(file, &blocks);

    ck_assert_int_le(orientation_in(&blocks.exif), 1);
    ck_assert(blocks.exif.size < 2 || memcmp(blocks.exif.data, "MM", 2) != 0);
    ck_assert_ptr_null(memmem(file->data, file->size, "Orientation", strlen("Orientation")));
    ck_assert_ptr_nonnull(memmem(blocks.exif.data, blocks.exif.size, "me", 2)); /* the rest stays */
}

START_TEST(nothing_says_afterwards_that_it_is_to_be_turned)
{
    size_t source = (size_t)_i / ORIENTATIONS;
    _cleanup_raster_ struct raster upright = paint();
    _cleanup_stored_ struct stored file = lay(&upright, sources[source].format, 1 + _i % ORIENTATIONS);
    struct rendered rendered;

    rendering_make(everywhere, &file, &rendered);
    for (size_t i = 0; i < rendered.output_count; i++) {
        _cleanup_stored_ struct stored made = rendering_file(&rendered, i);

        expect_no_turn_left(&made);
    }
    rendered_release(&rendered);
}
END_TEST

int main(void)
{
    const struct unit_test tests[] = {
        { every_orientation_of_every_format_is_made_upright, CASES },
        { nothing_says_afterwards_that_it_is_to_be_turned, CASES },
    };

    return unit_main("fidelity_orientation", tests, ARRAY_SIZE(tests));
}
