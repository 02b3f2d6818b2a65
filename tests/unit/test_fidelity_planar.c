/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Tests that the short way of a JPEG (planar.h) makes what the long way makes: pictures of the same size that are
 * hardly different, and no worse against a reference; and the same metadata. Two flips, which together do nothing, are
 * what takes a recipe the long way. */
#include "exif_sample.h"
#include "lanczos.h"
#include "rendering.h"
#include "unit_main.h"

#include "base/cleanup.h"
#include "image/attachments.h"
#include "image/jpeg_header.h"
#include "image/planar.h"
#include "image/steps.h"

static const char short_way[] = "[Recipe]\nStep=auto-orient\n", long_way[] = "[Recipe]\nStep=auto-orient\n"
                                                                             "Step=flip\nStep=flip\n";

enum { ORIENTATIONS = 8 };

static const struct {
    int across, down;
} samplings[] = { { 1, 1 }, { 2, 1 }, { 2, 2 }, { 1, 2 } };

/* Odd and even, with and without the decoder's help, and smaller than a block of it. */
static const struct {
    int width, height;
} sizes[] = { { 361, 243 }, { 160, 122 }, { 35, 21 }, { 7, 13 } };

static const char *const outputs[] = {
    "[Output a]\nWidth=31\nFormat=jpeg\nQuality=80\n",
    "[Output a]\nWidth=31\nFormat=jpeg\nQuality=95\n",
    "[Output a]\nWidth=23\nHeight=19\nFit=cover\nGravity=south-east\nFormat=jpeg\nQuality=85\n",
    "[Output a]\nWidth=23\nHeight=19\nFit=fill\nFormat=webp\nQuality=90\n",
    "[Output a]\nWidth=30\nFormat=png\n",
    "[Output a]\nWidth=60 40 20\nFormat=jpeg\nQuality=80\n",
};

enum { CASES = ARRAY_SIZE(outputs) * ARRAY_SIZE(samplings) };

static double smooth(double u, double v, int band)
{
    return 0.5 + 0.35 * raster_slopes(u, v, band) - 0.2 * raster_slopes(v, 1 - u, band);
}

static struct stored source_of(size_t size, size_t sampling, int colours, const struct stored *exif)
{
    _cleanup_raster_ struct raster raster =
        raster_paint(sizes[size].width, sizes[size].height, colours, false, smooth);
    struct coding coding = { .format = FORMAT_JPEG,
                             .quality = 95,
                             .sampling = { samplings[sampling].across, samplings[sampling].down } };

    if (exif)
        coding.blocks.exif = *exif;
    return picture_encode(&raster, &coding);
}

static struct stored exif_of(int orientation)
{
    const uint8_t exif[] = {
        'I', 'I', 42, 0, 8, 0, 0, 0, 1, 0, 0x12, 0x01, 3, 0, 1, 0, 0, 0, (uint8_t)orientation,
        0,   0,   0,  0, 0, 0, 0
    };

    return stored_copy(exif, sizeof exif);
}

static void make(const char *way, const char *output, const struct stored *source, struct rendered *ret)
{
    char text[300];

    snprintf(text, sizeof text, "%s%s", way, output);
    rendering_make(text, source, ret);
}

static bool is_short(const char *way, const char *output, const struct stored *source)
{
    char text[300];
    _cleanup_recipe_ struct recipe *recipe = NULL;
    struct source_options options = { .max_pixels = UINT64_MAX };
    struct planar planar = { .shrink = 0 };
    struct selection selection;
    struct source probed;
    struct error error;
    bool used;

    snprintf(text, sizeof text, "%s%s", way, output);
    recipe = recipe_of_text(text);
    rendering_start();
    ck_assert_int_eq(source_probe(source->data, source->size, &options, &probed, &error), 0);
    selection_make(recipe, steps_shape(&recipe->steps, probed.shape).extent, &selection);
    planar_plan(&planar, recipe, &probed, &selection, false);
    used = planar_is_used(&planar);
    planar_release(&planar);
    source_release(&probed);
    return used;
}

/* How far from each other they are, at least, in dB. */
static double compare(const char *output, const struct stored *source)
{
    struct rendered ours, theirs;
    double least = INFINITY;

    make(short_way, output, source, &ours);
    make(long_way, output, source, &theirs);
    ck_assert_uint_eq(ours.output_count, theirs.output_count);
    for (size_t i = 0; i < ours.output_count; i++) {
        _cleanup_stored_ struct stored a = rendering_file(&ours, i), b = rendering_file(&theirs, i);
        _cleanup_raster_ struct raster left = picture_decode(&a, NULL), right = picture_decode(&b, NULL);

        ck_assert_int_eq(left.width, right.width);
        ck_assert_int_eq(left.height, right.height);
        ck_assert_int_eq(left.colours, right.colours);
        least = fmin(least, raster_psnr(&left, &right));
    }
    rendered_release(&ours);
    rendered_release(&theirs);
    return least;
}

START_TEST(both_ways_make_the_same_picture)
{
    static const double least_db = 34;
    const char *output = outputs[(size_t)_i % ARRAY_SIZE(outputs)];
    size_t sampling = (size_t)_i / ARRAY_SIZE(outputs);

    for (size_t size = 0; size < ARRAY_SIZE(sizes); size++)
        for (int orientation = 1; orientation <= ORIENTATIONS; orientation++) {
            _cleanup_stored_ struct stored exif = exif_of(orientation);
            _cleanup_stored_ struct stored source = source_of(size, sampling, RASTER_RGB, &exif);
            double db = compare(output, &source);

            ck_assert_msg(db >= least_db, "%s of %d × %d, %d × %d, orientation %d: %.2f dB", output,
                          sizes[size].width, sizes[size].height, samplings[sampling].across,
                          samplings[sampling].down, orientation, db);
        }
}
END_TEST

START_TEST(both_ways_make_the_same_grey_picture)
{
    static const double least_db = 38;

    for (size_t size = 0; size < ARRAY_SIZE(sizes); size++) {
        _cleanup_stored_ struct stored source = source_of(size, 0, RASTER_GREY, NULL);
        double db = compare(outputs[_i], &source);

        ck_assert_msg(db >= least_db, "%s of %d × %d: %.2f dB", outputs[_i], sizes[size].width,
                      sizes[size].height, db);
    }
}
END_TEST

/* Of an odd picture with half the chroma that is turned, the chroma that stands alone is at another edge. */
START_TEST(colours_stay_where_they_are_when_an_odd_picture_is_turned)
{
    static const double least_db = 33;

    for (int orientation = 1; orientation <= ORIENTATIONS; orientation++) {
        _cleanup_stored_ struct stored exif = exif_of(orientation);
        _cleanup_stored_ struct stored source = source_of(1, 0, RASTER_RGB, &exif);
        _cleanup_raster_ struct raster stored = picture_decode(&source, NULL),
                                       upright = raster_upright(&stored, orientation), wanted = { 0 };
        struct rendered rendered;

        make(short_way, "[Output a]\nWidth=9\nHeight=7\nFit=fill\nFormat=jpeg\nQuality=85\n", &source,
             &rendered);
        wanted = lanczos_resize(&upright, 9, 7);
        {
            _cleanup_stored_ struct stored file = rendering_file(&rendered, 0);
            _cleanup_raster_ struct raster got = picture_decode(&file, NULL);

            ck_assert_double_ge(raster_psnr(&got, &wanted), least_db);
        }
        rendered_release(&rendered);
    }
}
END_TEST

static const struct {
    const char *way, *output;
    bool is_short;
} plans[] = {
    { short_way, "[Output a]\nWidth=31\nFormat=jpeg\n", true },
    { short_way, "[Output a]\nWidth=31\nFormat=jpeg webp png avif\nMetadata=none\n", true },
    { short_way, "[Output a]\nWidth=31\nHeight=31\nFit=contain\nFormat=jpeg\n", true },
    { short_way, "[Output a]\nWidth=31\nFormat=jpeg\nStep=sharpen\n", true },
    { short_way, "[Output a]\nFormat=jpeg\n", true },
    { "", "[Output a]\nWidth=31\nFormat=webp\n", true },
    { long_way, "[Output a]\nWidth=31\nFormat=jpeg\n", false },
    { short_way, "[Output a]\nWidth=31\nHeight=20\nFit=cover\nGravity=attention\nFormat=jpeg\n", false },
    { short_way, "[Output a]\nWidth=900\nEnlarge=yes\nFormat=jpeg\n", false },
    { short_way, "[Output a]\nWidth=300\nFormat=png\n", false }, /* its chroma would have to be enlarged */
};

START_TEST(the_short_way_is_taken_where_it_is_as_good)
{
    _cleanup_stored_ struct stored source = source_of(0, 2, RASTER_RGB, NULL);

    ck_assert_msg(is_short(plans[_i].way, plans[_i].output, &source) == plans[_i].is_short, "%s%s",
                  plans[_i].way, plans[_i].output);
}
END_TEST

/* ---- metadata ---- */

static void expect_same(const char *what, const struct attachment *a, const struct attachment *b)
{
    ck_assert_msg(a->size == b->size && (a->size == 0 || memcmp(a->data, b->data, a->size) == 0),
                  "%s has %zu bytes on the short way, %zu on the long way", what, a->size, b->size);
}

static void expect_same_metadata(const struct stored *ours, const struct stored *theirs)
{
    struct jpeg_header a, b;

    ck_assert_int_eq(jpeg_header_read(ours->data, ours->size, &a), 0);
    ck_assert_int_eq(jpeg_header_read(theirs->data, theirs->size, &b), 0);
    expect_same("the profile", &a.attachments.icc, &b.attachments.icc);
    expect_same("EXIF", &a.attachments.exif, &b.attachments.exif);
    expect_same("XMP", &a.attachments.xmp, &b.attachments.xmp);
    expect_same("IPTC", &a.attachments.iptc, &b.attachments.iptc);
    ck_assert_uint_eq(a.attachments.dots_per_inch[0], b.attachments.dots_per_inch[0]);
    ck_assert_uint_eq(a.attachments.dots_per_inch[1], b.attachments.dots_per_inch[1]);
    ck_assert_int_eq(a.orientation, b.orientation);
    jpeg_header_release(&a);
    jpeg_header_release(&b);
}

static const char *const keeps[] = { "none", "icc", "icc copyright", "all", "exif gps xmp iptc" };

START_TEST(both_ways_keep_the_same_metadata)
{
    static const char xmp[] =
        "<x:xmpmeta xmlns:x=\"adobe:ns:meta/\"><rdf:RDF "
        "xmlns:rdf=\"http://www.w3.org/1999/02/22-rdf-syntax-ns#\">"
        "<rdf:Description xmlns:dc=\"http://purl.org/dc/elements/1.1/\" dc:format=\"image/jpeg\"/></rdf:RDF>"
        "</x:xmpmeta>";
    struct exif_sample sample = exif_sample(_i % 2);
    _cleanup_raster_ struct raster raster = raster_paint(90, 61, RASTER_RGB, false, smooth);
    struct coding coding = {
        .format = FORMAT_JPEG,
        .quality = 90,
        .blocks = { .exif = { sample.bytes, sizeof sample.bytes },
                    .xmp = { (uint8_t *)xmp, sizeof xmp - 1 } },
    };
    _cleanup_stored_ struct stored source = picture_encode(&raster, &coding);
    char output[200];
    struct rendered ours, theirs;

    snprintf(output, sizeof output, "[Output a]\nWidth=30\nFormat=jpeg\nMetadata=%s\n",
             keeps[(size_t)_i % ARRAY_SIZE(keeps)]);
    make(short_way, output, &source, &ours);
    make(long_way, output, &source, &theirs);
    {
        _cleanup_stored_ struct stored a = rendering_file(&ours, 0), b = rendering_file(&theirs, 0);

        expect_same_metadata(&a, &b);
    }
    rendered_release(&ours);
    rendered_release(&theirs);
}
END_TEST

int main(void)
{
    const struct unit_test tests[] = {
        { the_short_way_is_taken_where_it_is_as_good, ARRAY_SIZE(plans) },
        { both_ways_make_the_same_picture, CASES },
        { both_ways_make_the_same_grey_picture, ARRAY_SIZE(outputs) },
        { colours_stay_where_they_are_when_an_odd_picture_is_turned, 1 },
        { both_ways_keep_the_same_metadata, 2 * ARRAY_SIZE(keeps) },
    };

    return unit_main("fidelity_planar", tests, ARRAY_SIZE(tests));
}
