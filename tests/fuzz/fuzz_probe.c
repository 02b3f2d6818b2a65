/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Any bytes as a picture's file: its chunks, its header, and, where that claims little, the whole of a job.
 *
 * A header that is accepted is within the limits; a refusal has a reason and is the file's fault; what is made is what
 * the plan said, and can be probed itself. */
#include "base/cleanup.h"
#include "base/fd_io.h"
#include "conf/ini.h"
#include "fuzz.h"
#include "image/engine.h"
#include "image/metadata.h"
#include "image/png_chunks.h"
#include "image/render.h"
#include "image/source.h"
#include "image/webp_chunks.h"

#include <stdbool.h>

enum {
    PIXELS_MAX = 50 * 1000 * 1000,
    DENSITY = 72,
    SMALL_PIXELS = 64 * 64, /* of all frames or pages: what is rendered, so that a minute is many pictures */
    FILE_BYTES_MAX = 1 << 20,
};

static const uint64_t memory_max = 256 << 20;

/* An output of each kind: with and without alpha, lossless and lossy, shrunk, filled, cut, animated and still; and of
 * JPEGs one that is not decoded. */
static const char recipe_text[] =
    "[Recipe]\nStep=auto-orient\n"
    "[Output a]\nName={stem}-{width}{-page}.{ext}\nWidth=5 16\nFormat=jpeg png\n"
    "[Output b]\nName={stem}-b.{ext}\nWidth=7\nHeight=9\nFit=contain\nFormat=webp\n"
    "[Output c]\nName={stem}-c{-page}.{ext}\nFormat=jpeg\nLossless=yes\nStep=crop 70%\nStep=rotate 90\n"
    "[Manifest]\n";

/* From main() on, for good. */
static struct recipe *recipe;

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
    _cleanup_(problems_release) struct problems problems = { 0 };
    _cleanup_(ini_release) struct ini ini = { 0 };
    struct error error;

    (void)argc, (void)argv;
    fuzz_expect(ini_add_text(&ini, "probe", recipe_text, strlen(recipe_text), &problems) == 0 &&
                    recipe_parse(&ini, "probe", NULL, &problems, &recipe) == 0,
                "the recipe is right: %s", problems.count ? problems.list[0].text : "");
    fuzz_expect(engine_start(&error) == 0 && engine_allow(ALLOW_ALL, &error) == 0, "%s", error.text);
    return 0;
}

/* Chunks. */

static void try_chunks(const void *data, size_t size)
{
    _cleanup_free_ void *copy = NULL, *again = NULL;
    size_t copy_size = 0, again_size;

    webp_chunks_is_lossless(data, size);

    fuzz_expect(png_chunks_reduce(data, size, &copy, &copy_size) == 0, "there is memory");
    if (!copy)
        return;
    fuzz_expect(copy_size < size, "%zu bytes were left out", size - copy_size);
    fuzz_expect(png_chunks_reduce(copy, copy_size, &again, &again_size) == 0 && !again,
                "nothing more is left out of what is reduced");
}

/* The header. */

static void expect_error(int result, const struct error *error)
{
    fuzz_expect(error->class == CLASS_PERMANENT || error->class == CLASS_MEMORY, "%d is the file's fault: %s",
                result, error->text);
    fuzz_expect(error->text[0], "there is a reason");
    fuzz_expect_clean(error->text);
}

static void expect_within_limits(const struct source *source)
{
    fuzz_expect(source->shape.extent.width > 0 && source->shape.extent.height > 0 &&
                    extent_area(source->shape.extent) <= PIXELS_MAX,
                "%u × %u is within the limits", source->shape.extent.width, source->shape.extent.height);
    fuzz_expect(source->shape.orientation >= 1 && source->shape.orientation <= 8, "%d is an orientation",
                source->shape.orientation);
    fuzz_expect(source->frames > 0 && source->pages > 0, "%u frames, %u pages", source->frames,
                source->pages);
    fuzz_expect(source->bands > 0 && (source->sample_bytes == 1 || source->sample_bytes == 2),
                "%u bands of %u bytes", source->bands, source->sample_bytes);
}

/* 0 when the header is accepted. */
static int try_probe(const void *data, size_t size, struct source *ret)
{
    struct error error = { 0 };
    static const struct source_options options = {
        .fail_on = FAIL_ON_NONE, .max_pixels = PIXELS_MAX, .allowed = ALLOW_ALL, .density = DENSITY
    };
    int r = source_probe(data, size, &options, ret, &error);

    if (r < 0) {
        expect_error(r, &error);
        return r;
    }
    expect_within_limits(ret);
    fuzz_expect(source_held_bytes(ret) >= size, "%zu bytes are held", size);
    return 0;
}

/* What our own reader takes of a JPEG's header is what libvips takes. */

static void expect_same(const char *what, const struct attachment *a, const struct attachment *b)
{
    fuzz_expect(a->size == b->size && (a->size == 0 || memcmp(a->data, b->data, a->size) == 0),
                "%s is the same: %zu bytes, %zu", what, a->size, b->size);
}

static void try_jpeg_header(const struct source *source)
{
    const struct jpeg_header *ours = &source->jpeg;
    _cleanup_image_ VipsImage *header = NULL;
    struct attachments theirs;
    struct error error;

    if (!source->planar || source_decode(source, 1, &header, &error) < 0)
        return;
    theirs = metadata_attachments(header);
    fuzz_expect(header->Xsize == (int)ours->extent.width && header->Ysize == (int)ours->extent.height &&
                    header->Bands == (int)ours->components,
                "%d × %d × %d is %u × %u × %u", header->Xsize, header->Ysize, header->Bands,
                ours->extent.width, ours->extent.height, ours->components);
    fuzz_expect(vips_image_get_orientation(header) == ours->orientation, "%d is the orientation %d",
                vips_image_get_orientation(header), ours->orientation);
    for (int i = 0; i < 2; i++)
        fuzz_expect(theirs.dots_per_inch[i] == ours->attachments.dots_per_inch[i], "%u dots an inch are %u",
                    theirs.dots_per_inch[i], ours->attachments.dots_per_inch[i]);
    expect_same("the profile", &theirs.icc, &ours->attachments.icc);
    expect_same("EXIF", &theirs.exif, &ours->attachments.exif);
    expect_same("IPTC", &theirs.iptc, &ours->attachments.iptc);
}

/* The whole of a job. */

static bool is_small(const struct source *source)
{
    uint64_t pixels = extent_area(source->shape.extent);

    return pixels * source->frames <= SMALL_PIXELS && pixels * source->pages <= SMALL_PIXELS;
}

static void expect_picture(const struct rendered_output *output)
{
    const struct rendition *rendition = &recipe->renditions[output->rendition];
    static const struct source_options options = { .fail_on = FAIL_ON_WARNING, .max_pixels = PIXELS_MAX };
    struct source source = { 0 };
    struct error error = { 0 };
    _cleanup_free_ char *data = NULL;
    size_t size;

    fuzz_expect(fd_check_sealed(output->encoded.fd, output->encoded.bytes) == 0, "an output is sealed");
    fuzz_expect(lseek(output->encoded.fd, 0, SEEK_SET) == 0 &&
                    fd_read_file(output->encoded.fd, FILE_BYTES_MAX, &data, &size) == 0,
                "an output can be read");
    fuzz_expect(source_probe(data, size, &options, &source, &error) == 0, "%s", error.text);
    fuzz_expect(source.format == rendition->format && source.shape.extent.width == output->encoded.width &&
                    source.shape.extent.height == output->encoded.height,
                "an output is what is said of it");
    source_release(&source);
}

static void expect_as_planned(const struct rendered *planned, const struct rendered *made)
{
    fuzz_expect(planned->output_count == made->output_count, "%zu outputs were planned, %zu made",
                planned->output_count, made->output_count);
    for (size_t i = 0; i < made->output_count; i++) {
        const struct rendered_output *plan = &planned->outputs[i], *output = &made->outputs[i];

        fuzz_expect(plan->rendition == output->rendition && plan->page == output->page,
                    "output %zu is the planned", i);
        fuzz_expect(plan->encoded.width == output->encoded.width &&
                        plan->encoded.height == output->encoded.height,
                    "output %zu was planned as %u × %u, made as %u × %u", i, plan->encoded.width,
                    plan->encoded.height, output->encoded.width, output->encoded.height);
        expect_picture(output);
    }
}

static void try_render(const void *data, size_t size, uint32_t pages)
{
    const struct render_options options = { .fail_on = FAIL_ON_NONE,
                                            .max_pixels = PIXELS_MAX,
                                            .allowed = ALLOW_ALL,
                                            .density = DENSITY,
                                            .max_memory_bytes = memory_max,
                                            .memory_grant_bytes = memory_max,
                                            .pages = pages };
    struct rendered planned = { 0 }, made = { 0 };
    struct error error = { 0 };
    int plan_result, result;

    plan_result = render_plan(recipe, data, size, &options, &planned, &error);
    if (plan_result < 0)
        expect_error(plan_result, &error);

    result = render(recipe, data, size, &options, &made, &error);
    if (result < 0)
        expect_error(result, &error);
    else if (plan_result == 0)
        expect_as_planned(&planned, &made);

    rendered_release(&planned);
    rendered_release(&made);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct source source = { 0 };

    try_chunks(data, size);
    if (try_probe(data, size, &source) == 0) {
        try_jpeg_header(&source);
        if (is_small(&source))
            try_render(data, size, source.pages);
    }
    source_release(&source);
    return 0;
}
